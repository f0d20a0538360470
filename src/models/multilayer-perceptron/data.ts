import type { Scope } from '../../engine/arena.js';
import { blockSum } from '../../engine/block-sums.js';
import type { Engine } from '../../engine/engine.js';
import type { NetworkBatch } from '../../engine/network.js';
import { Breather } from '../../engine/turn.js';

import type { RegisterColumn } from '../../table/columns.js';

/** How a column enters the network: (value − shift)/scale. */
export interface InputScale {
  readonly shift: number;
  readonly scale: number;
}

/** Columns whose values are larger are brought onto the scale of the others: f32 sums and the first weights want that. */
const LARGEST = 100;
const SMALLEST = 1e-4;

/** No change for a column that lies well; centred and scaled, where it is far out. Undefined where a value is not finite. */
export function inputScaleOf(values: Float64Array): InputScale | undefined {
  let largest = 0;
  for (let row = 0; row < values.length; row++) {
    const size = Math.abs(values[row]!);
    // One comparison a value, which NaN fails too.
    if (size <= largest) continue;
    if (!(size < Number.POSITIVE_INFINITY)) return undefined;
    largest = size;
  }
  if (largest === 0 || (largest <= LARGEST && largest >= SMALLEST)) return { shift: 0, scale: 1 };
  // Of scaled values: squares of 1e300 would overflow.
  const count = values.length;
  const mean = blockSum(count, (row) => values[row]! / largest) / count;
  const variance = blockSum(count, (row) => (values[row]! / largest - mean) ** 2) / count;
  const spread = Math.sqrt(variance);
  return { shift: mean * largest, scale: spread > 1e-12 ? spread * largest : largest };
}

const COLUMNS = 16;
const ROWS = 256;

/** Columns as one row-major f32 matrix in the engine's memory, of the rows wanted. */
export async function packInputs(
  scope: Scope,
  columns: readonly RegisterColumn[],
  scales: readonly InputScale[],
  rows: Uint32Array,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const width = columns.length;
  const out = scope.allocate('f32', rows.length * width);
  const breather = new Breather();
  // A few columns by a few rows at a time: what is read and what is written stay in the cache.
  for (let first = 0; first < width; first += COLUMNS) {
    const last = Math.min(width, first + COLUMNS);
    for (let start = 0; start < rows.length; start += ROWS) {
      const end = Math.min(rows.length, start + ROWS);
      for (let j = first; j < last; j++) {
        packColumn(out, width, j, columns[j]!.values, rows, start, end, scales[j]!);
      }
    }
    await breather.breathe(signal);
  }
  return out;
}

function packColumn(
  out: Float32Array,
  width: number,
  column: number,
  values: Float64Array,
  rows: Uint32Array,
  start: number,
  end: number,
  { shift, scale }: InputScale,
): void {
  let at = start * width + column;
  if (shift !== 0 || scale !== 1) {
    for (let i = start; i < end; i++, at += width) out[at] = (values[rows[i]!]! - shift) / scale;
  } else if (rows.length === values.length) {
    for (let i = start; i < end; i++, at += width) out[at] = values[i]!;
  } else for (let i = start; i < end; i++, at += width) out[at] = values[rows[i]!]!;
}

/** Rows in the engine's memory, and batches of them. */
export class NetworkData implements Disposable {
  readonly rows: number;
  readonly inputs: number;
  readonly #engine: Engine;
  readonly #input: Float32Array;
  readonly #target: Float32Array;
  readonly #weights: Float32Array | undefined;
  readonly #scope: Scope;
  #batch: { input: Float32Array; target: Float32Array; weights?: Float32Array; indices: Uint32Array } | undefined;

  private constructor(
    engine: Engine,
    scope: Scope,
    inputs: number,
    input: Float32Array,
    target: Float32Array,
    weights: Float32Array | undefined,
  ) {
    this.#engine = engine;
    this.#scope = scope;
    this.rows = target.length;
    this.inputs = inputs;
    this.#input = input;
    this.#target = target;
    this.#weights = weights;
  }

  static async of(
    engine: Engine,
    columns: readonly RegisterColumn[],
    scales: readonly InputScale[],
    parts: { rows: Uint32Array; target: Float64Array; weights: Float64Array | undefined },
    signal?: AbortSignal,
  ): Promise<NetworkData> {
    const { rows, target, weights } = parts;
    const scope = engine.arena.scope();
    try {
      const input = await packInputs(scope, columns, scales, rows, signal);
      const take = (values: Float64Array): Float32Array => {
        const out = scope.allocate('f32', rows.length);
        for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
        return out;
      };
      return new NetworkData(engine, scope, columns.length, input, take(target), weights && take(weights));
    } catch (error) {
      scope[Symbol.dispose]();
      throw error;
    }
  }

  /** The weight of rows `order[start … end − 1]`, or of all. */
  weightOf(order?: Uint32Array, start = 0, end = this.rows): number {
    const weights = this.#weights;
    if (!weights) return end - start;
    let sum = 0;
    for (let i = start; i < end; i++) sum += weights[order ? order[i]! : i]!;
    return sum;
  }

  /** Neighbouring rows, where they lie. */
  slice(start: number, end: number): NetworkBatch {
    return {
      input: this.#input.subarray(start * this.inputs, end * this.inputs),
      target: this.#target.subarray(start, end),
      ...(this.#weights && { weights: this.#weights.subarray(start, end) }),
      rows: end - start,
    };
  }

  /** Rows `order[start … end − 1]`, gathered into a place that the next call overwrites. */
  gather(order: Uint32Array, start: number, end: number): NetworkBatch {
    const rows = end - start;
    if (!this.#batch || this.#batch.indices.length < rows) {
      this.#batch = {
        input: this.#scope.allocate('f32', rows * this.inputs),
        target: this.#scope.allocate('f32', rows),
        ...(this.#weights && { weights: this.#scope.allocate('f32', rows) }),
        indices: this.#scope.allocate('u32', rows),
      };
    }
    const { input, target, weights, indices } = this.#batch;
    for (let i = 0; i < rows; i++) {
      const row = order[start + i]!;
      indices[i] = row;
      target[i] = this.#target[row]!;
      if (weights) weights[i] = this.#weights![row]!;
    }
    const at = [this.#input.byteOffset, indices.byteOffset, input.byteOffset];
    this.#engine.kernels.gather_rows_f32(at[0]!, at[1]!, at[2]!, rows, this.inputs, this.rows);
    return { input, target, ...(weights && { weights }), rows };
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
