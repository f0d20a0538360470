import type { Engine, Task } from '../engine.js';
import { ArenaBlock } from './trees.js';

/** Rows of one task: at most this many, so that the event loop turns often. */
const BLOCK_ROWS = 65_536;

/** A column to code: a code is the number of edges (ascending) below the value; NaN is missing. */
export interface ColumnToCode {
  readonly values: Float64Array;
  readonly edges: Float64Array;
  /** Codes have no order (at most 255 of them). */
  readonly categorical: boolean;
}

/**
 * Features as codes, a column behind the other: of one byte where no feature has more than 254 edges, else of two. With
 * them the least and the largest value of each code, from which thresholds are made.
 */
export class CodedRows implements Disposable {
  readonly rowCount: number;
  readonly featureCount: number;
  readonly bytes: 1 | 2;
  /** Codes of all features, missing apart. */
  readonly codeCount: number;
  readonly hasCategories: boolean;
  /** Different codes of one feature at most, missing included. */
  readonly maxRuns: number;
  readonly #columns: readonly ColumnToCode[];
  readonly #codes: ArenaBlock<'u8' | 'u16'>;
  readonly #firsts: ArenaBlock<'i32'>;
  readonly #lows: ArenaBlock<'f64'>;
  readonly #highs: ArenaBlock<'f64'>;
  readonly #categorical: ArenaBlock<'u8'>;
  readonly #engine: Engine;

  constructor(engine: Engine, columns: readonly ColumnToCode[]) {
    this.#engine = engine;
    this.#columns = columns;
    this.rowCount = columns[0]!.values.length;
    this.featureCount = columns.length;
    this.bytes = columns.every(({ edges }) => edges.length <= 254) ? 1 : 2;
    this.maxRuns = this.bytes === 1 ? 256 : Math.min(this.rowCount, 65_535) + 1;
    this.hasCategories = columns.some(({ categorical }) => categorical);
    const { arena } = engine;
    this.#firsts = new ArenaBlock(arena, 'i32', columns.length + 1);
    this.#categorical = new ArenaBlock(arena, 'u8', columns.length);
    let first = 0;
    columns.forEach(({ edges, categorical }, feature) => {
      this.#firsts.values[feature] = first;
      this.#categorical.values[feature] = categorical ? 1 : 0;
      first += edges.length + 1;
    });
    this.#firsts.values[columns.length] = first;
    this.codeCount = first;
    this.#lows = new ArenaBlock(arena, 'f64', first);
    this.#highs = new ArenaBlock(arena, 'f64', first);
    this.#codes = new ArenaBlock(arena, this.bytes === 1 ? 'u8' : 'u16', columns.length * this.rowCount);
  }

  /** Offsets of the kernel's first arguments: codes, where each feature's values begin, lows, highs, categorical. */
  get offsets(): readonly number[] {
    return [this.#codes, this.#firsts, this.#lows, this.#highs, this.#categorical].map((block) => block.offset);
  }

  /** Codes every column. */
  async encode(signal?: AbortSignal): Promise<void> {
    this.#lows.values.fill(Number.POSITIVE_INFINITY);
    this.#highs.values.fill(Number.NEGATIVE_INFINITY);
    for (let feature = 0; feature < this.featureCount; feature++) await this.#encodeColumn(feature, signal);
  }

  async #encodeColumn(feature: number, signal?: AbortSignal): Promise<void> {
    const { values, edges } = this.#columns[feature]!;
    const { arena } = this.#engine;
    using scope = arena.scope();
    const column = arena.holds(values) ? values : scope.copy('f64', values);
    const bounds = scope.copy('f64', edges);
    const first = this.#codes.offset + feature * this.rowCount * this.bytes;
    const tasks: Task[] = [];
    for (let start = 0; start < this.rowCount; start += BLOCK_ROWS) {
      const rows = Math.min(BLOCK_ROWS, this.rowCount - start);
      const offsets = [column.byteOffset + 8 * start, bounds.byteOffset, first + start * this.bytes];
      const kernel = this.bytes === 1 ? 'codes_encode_u8' : 'codes_encode_u16';
      tasks.push({ kernel, values: [...offsets, edges.length, rows] });
    }
    await this.#engine.run(tasks, signal);
    this.#findSpans(feature);
  }

  #findSpans(feature: number): void {
    const { values } = this.#columns[feature]!;
    const codes = this.#codes.values;
    const [lows, highs] = [this.#lows.values, this.#highs.values];
    const [begin, first] = [feature * this.rowCount, this.#firsts.values[feature]!];
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!;
      if (Number.isNaN(value)) continue;
      const at = first + codes[begin + row]!;
      if (value < lows[at]!) lows[at] = value;
      if (value > highs[at]!) highs[at] = value;
    }
  }

  [Symbol.dispose](): void {
    for (const block of [this.#codes, this.#firsts, this.#lows, this.#highs, this.#categorical])
      block[Symbol.dispose]();
  }
}
