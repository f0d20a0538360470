import { randomKey } from '../../engine/random.js';
import { philoxBlock } from '../../kernels/random.js';

/** Up to so many rows exactly the share asked for is held out; beyond, each row with that probability. */
export const EXACT_ROWS = 2 ** 20;
const WORDS = 2 ** 32;

/** The random words that decide who is held out, a function of (seed, row): of the rows `first` … `first + count − 1`. */
export function holdOutWords(seed: number, first: number, count: number): Uint32Array {
  const { keyLow, keyHigh } = randomKey(seed, 'validation');
  const out = new Uint32Array(count);
  const words = new Uint32Array(4);
  let block = -1;
  for (let i = 0; i < count; i++) {
    const row = first + i;
    if (Math.floor(row / 4) !== block) philoxBlock(words, keyLow, keyHigh, (block = Math.floor(row / 4)));
    out[i] = words[row % 4]!;
  }
  return out;
}

/**
 * Which rows are held out for validation: those of the smallest random words, class by class where there are classes, at
 * least one row. `add` sees the rows in any chunks; only then is it known whom it `takes`.
 */
export class HoldOut {
  readonly #fraction: number;
  readonly #byClass: boolean;
  #count = 0;
  #words: Uint32Array[] | undefined = [];
  #classes: Float64Array[] = [];
  #limits: Map<number, number> | undefined;

  constructor(fraction: number, byClass: boolean) {
    this.#fraction = fraction;
    this.#byClass = byClass;
  }

  /** `words` and `classes` of some rows, in the same order. */
  add(words: Uint32Array, classes: Float64Array): void {
    this.#count += words.length;
    if (this.#count > EXACT_ROWS) {
      this.#words = undefined;
      this.#classes = [];
      return;
    }
    this.#words?.push(words);
    this.#classes.push(classes);
  }

  takes(word: number, classOf: number): boolean {
    if (!this.#words) return word < this.#fraction * WORDS;
    this.#limits ??= this.#findLimits(this.#words);
    return word <= this.#limits.get(this.#byClass ? classOf : 0)!;
  }

  #findLimits(chunks: readonly Uint32Array[]): Map<number, number> {
    const groups = new Map<number, number[]>();
    chunks.forEach((words, chunk) => {
      words.forEach((word, i) => {
        const group = this.#byClass ? this.#classes[chunk]![i]! : 0;
        const members = groups.get(group);
        if (members) members.push(word);
        else groups.set(group, [word]);
      });
    });
    return new Map([...groups].map(([group, members]) => [group, this.#limitOf(members)]));
  }

  #limitOf(words: readonly number[]): number {
    const least = this.#byClass ? 0 : 1;
    // A class of one row stays in training.
    const count = Math.min(words.length - 1, Math.max(least, Math.round(words.length * this.#fraction)));
    return count > 0 ? Uint32Array.from(words).sort()[count - 1]! : -1;
  }
}

/** Puts a share of the rows aside for validation. Both parts ascend. */
export function holdOut(
  rows: Uint32Array,
  fraction: number,
  seed: number,
  classOf?: (row: number) => number,
): { training: Uint32Array; validation: Uint32Array } {
  const all = holdOutWords(seed, 0, (rows.at(-1) ?? -1) + 1);
  const words = Uint32Array.from(rows, (row) => all[row]!);
  const classes = Float64Array.from(rows, (row) => classOf?.(row) ?? 0);
  const held = new HoldOut(fraction, classOf !== undefined);
  held.add(words, classes);
  const isHeld = Uint8Array.from(rows, (_, i) => (held.takes(words[i]!, classes[i]!) ? 1 : 0));
  return {
    training: rows.filter((_, i) => isHeld[i] === 0),
    validation: rows.filter((_, i) => isHeld[i] === 1),
  };
}
