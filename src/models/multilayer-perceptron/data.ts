import type { Scope } from '../../engine/arena.js';
import { blockSum } from '../../engine/block-sums.js';
import type { NetworkBatch } from '../../engine/descent/network.js';
import type { Engine, Task } from '../../engine/engine.js';
import { Breather } from '../../engine/turn.js';
import type { RegisterColumn } from '../../table/columns.js';
import { requireFinite } from '../features.js';

/** How a column enters the network: (value − shift)/scale. */
export interface InputScale {
  readonly shift: number;
  readonly scale: number;
}

/** Columns whose values are larger are brought onto the scale of the others: f32 sums and the first weights want that. */
const LARGEST = 100;
const SMALLEST = 1e-4;

/** No change for a column that lies well; centred and scaled, where it is far out. Undefined where a value is not finite. */
export function inputScaleOf(values: Float64Array, largest: number = largestSize(values)): InputScale | undefined {
  if (!(largest < Number.POSITIVE_INFINITY)) return undefined;
  if (largest === 0 || (largest <= LARGEST && largest >= SMALLEST)) return { shift: 0, scale: 1 };
  // Of scaled values: squares of 1e300 would overflow.
  const count = values.length;
  const mean = blockSum(count, (row) => values[row]! / largest) / count;
  const variance = blockSum(count, (row) => (values[row]! / largest - mean) ** 2) / count;
  const spread = Math.sqrt(variance);
  return { shift: mean * largest, scale: spread > 1e-12 ? spread * largest : largest };
}

/** Infinity where a value is not finite. */
function largestSize(values: Float64Array): number {
  let largest = 0;
  for (let row = 0; row < values.length; row++) {
    const size = Math.abs(values[row]!);
    if (!(size <= largest)) largest = size < Number.POSITIVE_INFINITY ? size : Number.POSITIVE_INFINITY;
  }
  return largest;
}

const COLUMNS = 96;
const ROWS = 16;

interface PackedInputs {
  /** rows × columns, row-major. */
  readonly input: Float32Array;
  readonly scales: readonly InputScale[];
}

/**
 * Columns as one row-major f32 matrix in the engine's memory, of the rows wanted.
 * @param scales how each column enters; undefined: as all its values, of rows not wanted too, ask for
 * @throws LanewiseError `data` where a value is not finite
 */
export async function packInputs(
  scope: Scope,
  columns: readonly RegisterColumn[],
  scales: readonly InputScale[] | undefined,
  rows: Uint32Array,
  signal?: AbortSignal,
): Promise<PackedInputs> {
  const input = scope.allocate('f32', rows.length * columns.length);
  const values = columns.map((column) => column.values);
  const whole = rows.length === values[0]!.length;
  if (scales || !whole) {
    const wanted =
      scales ??
      requireScales(
        columns,
        values.map((column) => inputScaleOf(column)),
      );
    await inTiles(columns.length, rows.length, signal, (tile) =>
      packScaled(input, values, tile, whole ? undefined : rows, wanted),
    );
    return { input, scales: wanted };
  }
  // Most columns lie well: they are packed as they are, and what shows whether they do is seen in the same pass.
  const largest = new Float64Array(columns.length);
  await inTiles(columns.length, rows.length, signal, (tile) => packPlain(input, values, tile, largest));
  const found = requireScales(
    columns,
    values.map((column, j) => inputScaleOf(column, largest[j])),
  );
  if (found.some(isScaled)) {
    await inTiles(columns.length, rows.length, signal, (tile) => packScaled(input, values, tile, undefined, found));
  }
  return { input, scales: found };
}

function requireScales(
  columns: readonly RegisterColumn[],
  scales: readonly (InputScale | undefined)[],
): readonly InputScale[] {
  if (scales.includes(undefined)) requireFinite('multilayer-perceptron', columns);
  return scales as readonly InputScale[];
}

/** Columns [first, last) of rows [start, end). */
interface Tile {
  readonly first: number;
  readonly last: number;
  readonly start: number;
  readonly end: number;
}

/** Some columns by a few rows at a time: a tile of the matrix is in few pages, and what is read stays in the cache. */
async function inTiles(
  columns: number,
  rows: number,
  signal: AbortSignal | undefined,
  work: (tile: Tile) => void,
): Promise<void> {
  const breather = new Breather();
  for (let first = 0; first < columns; first += COLUMNS) {
    const last = Math.min(columns, first + COLUMNS);
    for (let start = 0; start < rows; start += ROWS) {
      work({ first, last, start, end: Math.min(rows, start + ROWS) });
      if (breather.due) await breather.breathe(signal);
    }
  }
}

const isScaled = ({ shift, scale }: InputScale): boolean => shift !== 0 || scale !== 1;

/** Values as they are; the largest size of each column so far goes on in `largest`. */
function packPlain(
  out: Float32Array,
  columns: readonly Float64Array[],
  { first, last, start, end }: Tile,
  largest: Float64Array,
): void {
  const width = columns.length;
  for (let j = first; j < last; j++) {
    const values = columns[j]!;
    let most = largest[j]!;
    for (let i = start, at = start * width + j; i < end; i++, at += width) {
      const value = values[i]!;
      out[at] = value;
      const size = Math.abs(value);
      // One comparison a value, which NaN fails too; Infinity stays, whatever comes.
      if (!(size <= most)) most = size < Number.POSITIVE_INFINITY ? size : Number.POSITIVE_INFINITY;
    }
    largest[j] = most;
  }
}

/** @param rows undefined: all, in order */
function packScaled(
  out: Float32Array,
  columns: readonly Float64Array[],
  { first, last, start, end }: Tile,
  rows: Uint32Array | undefined,
  scales: readonly InputScale[],
): void {
  const width = columns.length;
  for (let j = first; j < last; j++) {
    const values = columns[j]!;
    const { shift, scale } = scales[j]!;
    for (let i = start, at = start * width + j; i < end; i++, at += width) {
      out[at] = (values[rows ? rows[i]! : i]! - shift) / scale;
    }
  }
}

/** Values that a task gathers. */
const GATHERED = 16_384;

/** Rows in the engine's memory, and batches of them. */
export class NetworkData implements Disposable {
  readonly rows: number;
  readonly inputs: number;
  /** How each column entered. */
  readonly scales: readonly InputScale[];
  readonly #engine: Engine;
  readonly #input: Float32Array;
  readonly #target: Float32Array;
  readonly #weights: Float32Array | undefined;
  readonly #scope: Scope;
  #batch: { input: Float32Array; target: Float32Array; weights?: Float32Array; indices: Uint32Array } | undefined;

  private constructor(
    engine: Engine,
    scope: Scope,
    { input, scales }: PackedInputs,
    target: Float32Array,
    weights: Float32Array | undefined,
  ) {
    this.#engine = engine;
    this.#scope = scope;
    this.rows = target.length;
    this.inputs = scales.length;
    this.scales = scales;
    this.#input = input;
    this.#target = target;
    this.#weights = weights;
  }

  /** @throws LanewiseError `data` where a value is not finite. */
  static async of(
    engine: Engine,
    columns: readonly RegisterColumn[],
    scales: readonly InputScale[] | undefined,
    parts: { rows: Uint32Array; target: Float64Array; weights: Float64Array | undefined },
    signal?: AbortSignal,
  ): Promise<NetworkData> {
    const { rows, target, weights } = parts;
    const scope = engine.arena.scope();
    try {
      const packed = await packInputs(scope, columns, scales, rows, signal);
      const take = (values: Float64Array): Float32Array => {
        const out = scope.allocate('f32', rows.length);
        for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
        return out;
      };
      return new NetworkData(engine, scope, packed, take(target), weights && take(weights));
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

  /** Rows `order[start … end − 1]`, gathered on all threads into a place that the next call overwrites. */
  async gather(order: Uint32Array, start: number, end: number): Promise<NetworkBatch> {
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
    const wait = this.#engine.runNow(this.#gathering(indices, input, rows));
    if (wait) await wait;
    return { input, target, ...(weights && { weights }), rows };
  }

  #gathering(indices: Uint32Array, out: Float32Array, rows: number): Task[] {
    const step = Math.max(1, Math.ceil(GATHERED / this.inputs));
    const tasks: Task[] = [];
    for (let first = 0; first < rows; first += step) {
      const places = [this.#input.byteOffset, indices.byteOffset + 4 * first, out.byteOffset + 4 * first * this.inputs];
      tasks.push({
        kernel: 'gather_rows_f32',
        values: [...places, Math.min(step, rows - first), this.inputs, this.rows],
      });
    }
    return tasks;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
