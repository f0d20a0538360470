import type { Scope } from '../../engine/arena.js';
import type { Engine } from '../../engine/engine.js';
import { randomKey } from '../../engine/random.js';

/** Rows from which bin edges are found where a column has more distinct values than bins. */
export const SAMPLE_ROWS = 200_000;
/** Words of one kernel call. */
const BLOCK_WORDS = 65_536;

/** Some rows of a table, those that a chunk adds to the samples of its columns. */
export interface SampledRows {
  /** Indices into the chunk's columns, ascending. */
  readonly rows: Uint32Array;
  /** Random word of each, a function of (seed, row of the whole table). */
  readonly words: Uint32Array;
  /** By index into the chunk's columns. */
  readonly weights: Float64Array | undefined;
  /** No row of the chunk with a word as small as this is left out; the size-th smallest, where rows are left out. */
  readonly limit: number;
}

export const LARGEST_WORD = 0xffff_ffff;

/** Rows of a chunk, and those of the smallest words among them: enough for a sample where no value is missing. */
export interface ChunkRows {
  readonly all: Uint32Array;
  readonly likely: SampledRows;
  /** Absent where the likely ones are all that can be wanted. */
  readonly every?: SampledRows;
}

/**
 * Prepares the rows (ascending, into a chunk that begins at `firstRow` of the whole table) for the samples of its columns.
 * `atMost`: rows of larger words are wanted by no column any more.
 */
export function chunkRows(
  engine: Engine,
  seed: number,
  firstRow: number,
  all: Uint32Array,
  weights?: Float64Array,
  size = SAMPLE_ROWS,
  atMost = LARGEST_WORD,
): ChunkRows {
  const words = wordsOf(engine, seed, firstRow, all);
  const limit = all.length > size ? Math.min(atMost, smallest(words, size)) : atMost;
  if (limit === LARGEST_WORD) return { all, likely: { rows: all, words, weights, limit } };
  const rows = new Uint32Array(all.length);
  const kept = new Uint32Array(all.length);
  let count = 0;
  for (let i = 0; i < all.length; i++) {
    if (words[i]! > limit) continue;
    rows[count] = all[i]!;
    kept[count++] = words[i]!;
  }
  const likely = { rows: rows.slice(0, count), words: kept.slice(0, count), weights, limit };
  return limit === atMost ? { all, likely } : { all, likely, every: { rows: all, words, weights, limit: atMost } };
}

/** The random words of some of the rows firstRow … of the whole table. */
function wordsOf(engine: Engine, seed: number, firstRow: number, rows: Uint32Array): Uint32Array {
  const { keyLow, keyHigh } = randomKey(seed, 'bins');
  const words = new Uint32Array(rows.length);
  using scope = engine.arena.scope();
  const block = scope.allocate('u32', BLOCK_WORDS);
  for (let i = 0; i < rows.length; ) {
    const start = rows[i]!;
    const count = Math.min(BLOCK_WORDS, rows.at(-1)! - start + 1);
    engine.kernels.random_words_u32(block.byteOffset, keyLow, keyHigh, firstRow + start, count);
    if (rows[i + count - 1] === start + count - 1) {
      words.set(block.subarray(0, count), i);
      i += count;
    } else for (; i < rows.length && rows[i]! - start < count; i++) words[i] = block[rows[i]! - start]!;
  }
  return words;
}

/**
 * What a sample of one chunk holds, where kernels read it: the values of all rows, where they are few (NaN among them), or
 * of those of the smallest words; undefined where values are missing among these, so that others take their place.
 * @param below values from here on are none
 */
export function placeWhole(
  scope: Scope,
  values: Float64Array | Float32Array,
  { all, likely }: ChunkRows,
  below: number,
): { values: Float64Array; weights: Float64Array | undefined } | undefined {
  const { rows } = likely;
  const out = scope.allocate('f64', rows.length);
  const isPlain = rows === all && rows.length === values.length && Number.isNaN(below);
  if (isPlain) out.set(values);
  else if (takeAt(values, rows, below, out) > 0 && rows !== all) return undefined;
  const weights = likely.weights && scope.allocate('f64', rows.length);
  if (weights) takeAt(likely.weights!, rows, Number.NaN, weights);
  return { values: out, weights };
}

/** Takes the values of some rows, NaN for those from `below` on, and counts what is NaN. */
function takeAt(values: Float64Array | Float32Array, rows: Uint32Array, below: number, out: Float64Array): number {
  let missing = 0;
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i]!]!;
    if (Number.isNaN(value) || value >= below) {
      out[i] = Number.NaN;
      missing++;
    } else out[i] = value;
  }
  return missing;
}

/**
 * The values of the `size` rows with the smallest words among the rows that have a value (all whose word is no larger than
 * the size-th smallest, should words be equal): the same whatever the chunks and the order in which they come.
 */
export class BottomSample {
  readonly #size: number;
  #words: Uint32Array;
  #values: Float64Array;
  #weights: Float64Array | undefined;
  #count = 0;
  /** Larger words are out. */
  #limit = LARGEST_WORD;

  constructor(size: number = SAMPLE_ROWS) {
    this.#size = size;
    this.#words = new Uint32Array(0);
    this.#values = new Float64Array(0);
  }

  /** Words above this are not taken any more. */
  get limit(): number {
    return this.#limit;
  }

  /** Adds the values of a chunk; NaN is no value, nor is what reaches `below`. */
  add(values: Float64Array | Float32Array, { likely, every }: ChunkRows, below = Number.NaN): void {
    const before = this.#count;
    this.#take(values, likely, below);
    if (every && this.#count - before < likely.rows.length) {
      // Values are missing, and others take their place.
      this.#count = before;
      this.#take(values, every, below);
    } else if (before === 0 && this.#count === this.#size) this.#limit = Math.min(this.#limit, likely.limit);
    if (this.#count > 1.25 * this.#size || likely.limit < LARGEST_WORD) this.#cut();
  }

  #take(values: Float64Array | Float32Array, { rows, words, weights }: SampledRows, below: number): void {
    this.#makeRoom(rows.length, weights !== undefined);
    const [kept, keptWords, keptWeights, limit] = [this.#values, this.#words, this.#weights, this.#limit];
    let count = this.#count;
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i]!]!;
      if (words[i]! > limit || Number.isNaN(value) || value >= below) continue;
      kept[count] = value;
      keptWords[count] = words[i]!;
      if (keptWeights) keptWeights[count] = weights![rows[i]!]!;
      count++;
    }
    this.#count = count;
  }

  /** Adds the sample of later rows. */
  merge(other: BottomSample): void {
    this.#makeRoom(other.#count, other.#weights !== undefined);
    this.#values.set(other.#values.subarray(0, other.#count), this.#count);
    this.#words.set(other.#words.subarray(0, other.#count), this.#count);
    if (other.#weights) this.#weights!.set(other.#weights.subarray(0, other.#count), this.#count);
    this.#count += other.#count;
    this.#cut();
  }

  /** What was sampled, in the order of the rows. */
  finish(): { values: Float64Array; weights: Float64Array | undefined } {
    this.#cut();
    return { values: this.#values.subarray(0, this.#count), weights: this.#weights?.subarray(0, this.#count) };
  }

  /** Leaves out what is not among the smallest. */
  #cut(): void {
    if (this.#count < this.#size || (this.#count === this.#size && this.#limit < LARGEST_WORD)) return;
    const [values, words, weights] = [this.#values, this.#words, this.#weights];
    const limit = smallest(words.subarray(0, this.#count), this.#size);
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      if (words[i]! > limit) continue;
      values[kept] = values[i]!;
      words[kept] = words[i]!;
      if (weights) weights[kept] = weights[i]!;
      kept++;
    }
    this.#count = kept;
    this.#limit = Math.min(this.#limit, limit);
  }

  #makeRoom(more: number, weighted: boolean): void {
    const needed = this.#count + more;
    if (weighted && !this.#weights) this.#weights = new Float64Array(this.#values.length).fill(1);
    if (needed <= this.#values.length) return;
    this.#values = enlarged(this.#values, needed);
    this.#words = enlarged(this.#words, needed);
    if (this.#weights) this.#weights = enlarged(this.#weights, needed);
  }
}

/** Exactly enough at first, an eighth more each time after that. */
function enlarged<A extends Float64Array | Uint32Array>(array: A, length: number): A {
  const out = new (array.constructor as new (length: number) => A)(Math.max(length, Math.ceil(array.length * 1.125)));
  out.set(array);
  return out;
}

/** The size-th smallest of the words (counted from 1), or the largest word there can be where there are fewer. */
export function smallest(words: Uint32Array, size: number): number {
  if (words.length < size) return LARGEST_WORD;
  const counts = new Uint32Array(65_536);
  for (let i = 0; i < words.length; i++) counts[words[i]! >>> 16]!++;
  let [high, rest] = [0, size];
  while (counts[high]! < rest) rest -= counts[high++]!;
  counts.fill(0);
  for (let i = 0; i < words.length; i++) if (words[i]! >>> 16 === high) counts[words[i]! & 0xffff]!++;
  let low = 0;
  while (counts[low]! < rest) rest -= counts[low++]!;
  return high * 65_536 + low;
}
