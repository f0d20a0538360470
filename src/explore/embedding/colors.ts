import type { RegisterColumn } from '../../table/columns.js';
import { formatMoment, formatNumber } from '../../table/format.js';
import { quantileOfSorted } from '../../table/statistics.js';

/** Rows in groups by the values of a column, a colour a group. */
export interface EmbeddingColors {
  readonly column: string;
  readonly groups: readonly string[];
  /** By row, its place among the groups. */
  readonly codes: Uint8Array;
  /** true: the groups are ranges of numbers, ascending. */
  readonly ordered: boolean;
  /** The groups, from this one on, that have no colour of their own: other labels, missing values. */
  readonly plainFrom: number;
}

const MOST_GROUPS = 10;
const RANGES = 8;

/** Labels and few whole numbers have a colour each, the rarest share one; many numbers fall into eight ranges. */
export function embeddingColors({ name, type, values, labels }: RegisterColumn): EmbeddingColors {
  const known = values.filter((value) => !Number.isNaN(value));
  const distinct = [...new Set(known)].sort((a, b) => a - b);
  const isLabelled = type === 'category' || type === 'boolean' || type === 'text';
  const isFew = distinct.length <= MOST_GROUPS && distinct.every(Number.isInteger);
  if (!isLabelled && !(type === 'number' && isFew)) return byRanges(name, type === 'timestamp', values, known);
  const counts = new Map<number, number>();
  for (const value of known) counts.set(value, (counts.get(value) ?? 0) + 1);
  const isAll = distinct.length <= MOST_GROUPS;
  const frequent = isAll
    ? distinct
    : [...counts]
        .sort((a, b) => b[1] - a[1] || a[0] - b[0])
        .slice(0, MOST_GROUPS - 1)
        .map(([value]) => value);
  const textOf = (value: number) => (type === 'boolean' ? String(value === 1) : (labels?.[value] ?? String(value)));
  const groups = frequent.map(textOf);
  const places = new Map(frequent.map((value, place) => [value, place]));
  const plainFrom = groups.length;
  const others = isAll ? -1 : groups.push(`${distinct.length - frequent.length} others`) - 1;
  const missing = known.length < values.length ? groups.push('missing') - 1 : -1;
  const codes = Uint8Array.from(values, (value) => (Number.isNaN(value) ? missing : (places.get(value) ?? others)));
  return { column: name, groups, codes, ordered: false, plainFrom };
}

function byRanges(column: string, isTime: boolean, values: Float64Array, known: Float64Array): EmbeddingColors {
  const sorted = known.filter(Number.isFinite).sort();
  const cuts = Array.from({ length: RANGES - 1 }, (_, i) => quantileOfSorted(sorted, (i + 1) / RANGES));
  const bounds = [...new Set(cuts)].filter((cut) => cut > sorted[0]!);
  const text = (value: number) => (isTime ? formatMoment(value) : formatNumber(value));
  const edges = [sorted[0]!, ...bounds, sorted.at(-1)!];
  const groups: string[] =
    sorted.length === 0 ? [] : edges.slice(1).map((edge, i) => `${text(edges[i]!)} – ${text(edge)}`);
  const plainFrom = groups.length;
  const missing = sorted.length < values.length ? groups.push('missing') - 1 : -1;
  const codes = Uint8Array.from(values, (value) => {
    if (!Number.isFinite(value)) return missing;
    const place = bounds.findIndex((bound) => value < bound);
    return place < 0 ? plainFrom - 1 : place;
  });
  return { column, groups, codes, ordered: true, plainFrom };
}
