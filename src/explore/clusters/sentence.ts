import { formatMoment, formatNumber, formatShare } from '../../table/format.js';
import type { Trait } from './traits.js';

/** Differences below are not worth a word; from the second on they are plain, from the third on great. */
export const SMALL = 0.2;
const PLAIN = 0.5;
const GREAT = 1.2;
const MOST_PHRASES = 4;

/** `cluster 2 (18 %): much higher alcohol (+1.9 sd), mostly region = north (71 % against 22 %)` */
export function sentenceOf(name: string, share: number, traits: readonly Trait[]): string {
  const head = `${name} (${formatShare(share)})`;
  const named = new Set<string>();
  const phrases: string[] = [];
  for (const trait of traits) {
    if (phrases.length === MOST_PHRASES || trait.effect === null || Math.abs(trait.effect) < SMALL) break;
    if (named.has(trait.column)) continue;
    named.add(trait.column);
    phrases.push(phraseOf(trait, trait.effect));
  }
  if (traits.every(({ effect }) => effect === null)) return `${head}: there are no other rows to compare it with`;
  return `${head}: ${phrases.join(', ') || 'like the other rows in every column'}`;
}

function phraseOf(trait: Trait, effect: number): string {
  const size = Math.abs(effect) >= GREAT ? 'much ' : Math.abs(effect) < PLAIN ? 'a little ' : '';
  if (trait.kind !== 'level') {
    const words = trait.kind === 'timestamp' ? ['later', 'earlier'] : ['higher', 'lower'];
    return `${size}${effect > 0 ? words[0] : words[1]} ${trait.column} (${effectText(effect)})`;
  }
  const { column, level, share, restShare } = trait;
  const what = level === null ? `no ${column}` : `${column} = ${level}`;
  const shares = `${formatShare(share)} against ${formatShare(restShare)}`;
  if (effect > 0) return `${share >= 0.5 ? 'mostly' : `${size}more often`} ${what} (${shares})`;
  return `${share === 0 ? 'never' : `${size}less often`} ${what} (${shares})`;
}

/** `+1.9 sd` */
export function effectText(effect: number | null): string {
  if (effect === null) return '';
  return `${effect >= 0 ? '+' : '−'}${formatNumber(Math.abs(effect), 2)} sd`;
}

/** What a trait says in figures: of the cluster, and of the other rows. */
export function figuresOf(trait: Trait): readonly [string, string] {
  if (trait.kind === 'level') {
    const { count, share, restCount, restShare } = trait;
    return [`${formatShare(share)} (${count})`, `${formatShare(restShare)} (${restCount})`];
  }
  const text =
    trait.kind === 'timestamp' ? (value: number) => formatMoment(value) : (value: number) => formatNumber(value);
  const side = (mean: number, middle: number) => (Number.isNaN(mean) ? '–' : `${text(mean)}, median ${text(middle)}`);
  return [side(trait.mean, trait.median), side(trait.restMean, trait.restMedian)];
}
