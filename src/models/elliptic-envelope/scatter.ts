import type { Scope } from '../../engine/arena.js';
import type { Engine, Task } from '../../engine/engine.js';
import { BLOCK_ROWS, gramMatrix } from '../../engine/linear-algebra.js';
import { sortNumbers } from '../../engine/sort.js';
import { Breather } from '../../engine/turn.js';
import { log } from '../../kernels/elementary.js';
import { productScratch } from '../../kernels/matrix-product.js';

/** The least share of a column's variance that the columns before it must leave: below, it depends on them. */
const SINGULAR = 1e-12;
/** Rows that are handled at once on this thread. */
const FEW_ROWS = 4096;

/** Mean and covariance of some rows, and a square root of the inverse of the covariance. */
export interface Scatter {
  readonly location: Float64Array;
  /** Of the rows, divided by their number; size × size. */
  readonly covariance: Float64Array;
  /** Lower triangular W with Wᵀ·W the inverse; rows and columns of dependent columns are 0. */
  readonly root: Float64Array;
  /** Columns that depend linearly on those before them in these rows. */
  readonly dependent: readonly number[];
  /** Of the covariance; −∞ where a column depends on others. */
  readonly logDeterminant: number;
}

/** Rows in the engine's memory, by columns, asked for the scatter of some of them and for distances to it. */
export class ScatterRows implements Disposable {
  readonly count: number;
  readonly size: number;
  readonly columns: readonly Float64Array[];
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #centred: Float64Array;
  readonly #weights: Float64Array;
  readonly #z: Float64Array;
  readonly #panels: Float64Array;
  readonly #gram: Float64Array;

  constructor(engine: Engine, columns: readonly Float64Array[]) {
    this.columns = columns;
    this.count = columns[0]!.length;
    this.size = columns.length;
    this.#engine = engine;
    this.#scope = engine.arena.scope();
    this.#centred = this.#scope.allocate('f64', this.count * this.size);
    this.#weights = this.#scope.allocate('f64', this.count);
    this.#z = this.#scope.allocate('f64', this.count);
    this.#panels = this.#scope.allocate('f64', productScratch(this.size, 256));
    this.#gram = this.#scope.allocate('f64', this.size * this.size);
  }

  /** @param about the centre, where it is not the mean of the rows */
  async scatter(rows: Uint32Array, about?: Float64Array, signal?: AbortSignal): Promise<Scatter> {
    const location = about ?? Float64Array.from(this.columns, (values) => meanOf(values, rows));
    await this.#centre(location, signal);
    this.#weights.fill(0);
    for (let i = 0; i < rows.length; i++) this.#weights[rows[i]!] = 1;
    const gram = await this.#products(signal);
    const covariance = gram.map((sum) => sum / rows.length);
    return { location, covariance, ...(await inverseRoot(covariance, this.size, signal)) };
  }

  /** Squared Mahalanobis distances of all rows. */
  async distances({ location, root }: Scatter, signal?: AbortSignal): Promise<Float64Array> {
    const { count, size } = this;
    await this.#centre(location, signal);
    const sums = new Float64Array(count);
    using scope = this.#engine.arena.scope();
    const factor = scope.allocate('f64', size + 1);
    const breather = new Breather();
    for (let i = 0; i < size; i++) {
      if (root[i * size + i] === 0) continue;
      factor.set(root.subarray(i * size, i * size + i + 1));
      factor[i + 1] = 0;
      await this.#linear(factor, i + 1, signal);
      for (let row = 0; row < count; row++) sums[row]! += this.#z[row]! * this.#z[row]!;
      await breather.breathe(signal);
    }
    // Differences of values at the ends of the range of numbers: as far away as can be.
    for (let row = 0; row < count; row++) if (Number.isNaN(sums[row]!)) sums[row] = Number.POSITIVE_INFINITY;
    return sums;
  }

  async #centre(location: Float64Array, signal?: AbortSignal): Promise<void> {
    const breather = new Breather();
    for (let j = 0; j < this.size; j++) {
      const [values, center, start] = [this.columns[j]!, location[j]!, j * this.count];
      for (let row = 0; row < this.count; row++) this.#centred[start + row] = values[row]! - center;
      if (this.count > FEW_ROWS) await breather.breathe(signal);
    }
  }

  async #products(signal?: AbortSignal): Promise<Float64Array> {
    const { count, size } = this;
    if (count > FEW_ROWS) {
      return gramMatrix(this.#engine, this.#centred, count, size, { weights: this.#weights, signal });
    }
    const offsets = [this.#centred, this.#weights, this.#gram, this.#panels].map(({ byteOffset }) => byteOffset);
    const [x, weights, gram, panels] = offsets as [number, number, number, number];
    this.#engine.kernels.gram_f64(x, weights, gram, panels, count, size, count);
    return this.#gram;
  }

  /** z = the centred columns, the first `columns` of them, times the factor. */
  async #linear(factor: Float64Array, columns: number, signal?: AbortSignal): Promise<void> {
    const { count } = this;
    const valuesOf = (start: number) =>
      [
        this.#centred.byteOffset + 8 * start,
        factor.byteOffset,
        this.#z.byteOffset + 8 * start,
        Math.min(BLOCK_ROWS, count - start),
        columns,
        count,
      ] as const;
    if (count <= FEW_ROWS) return this.#engine.kernels.linear_scores_f64(...valuesOf(0));
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += BLOCK_ROWS) {
      tasks.push({ kernel: 'linear_scores_f64', values: [...valuesOf(start)] });
    }
    await this.#engine.run(tasks, signal);
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** The rows of the `count` least distances, ascending; of equal distances the first rows. */
export function nearestRows(distances: Float64Array, count: number): Uint32Array {
  const limit = sortNumbers(distances.slice())[count - 1]!;
  let nearer = 0;
  for (let row = 0; row < distances.length; row++) if (distances[row]! < limit) nearer++;
  const rows = new Uint32Array(count);
  let [found, equal] = [0, count - nearer];
  for (let row = 0; row < distances.length && found < count; row++) {
    const distance = distances[row]!;
    if (distance < limit || (distance === limit && equal-- > 0)) rows[found++] = row;
  }
  return rows;
}

function meanOf(values: Float64Array, rows: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum += values[rows[i]!]!;
  return sum / rows.length;
}

/** Cholesky's factorisation, in which dependent columns are passed by, and the inverse of its factor. */
async function inverseRoot(
  covariance: Float64Array,
  size: number,
  signal?: AbortSignal,
): Promise<Pick<Scatter, 'root' | 'dependent' | 'logDeterminant'>> {
  const breather = new Breather();
  const lower = new Float64Array(size * size);
  const kept: number[] = [];
  const dependent: number[] = [];
  let logDeterminant = 0;
  for (let i = 0; i < size; i++) {
    const own = i * size;
    let pivot = covariance[own + i]!;
    for (let at = 0; at < kept.length; at++) {
      const j = kept[at]!;
      let sum = covariance[own + j]!;
      for (let before = 0; before < at; before++) {
        const k = kept[before]!;
        sum -= lower[own + k]! * lower[j * size + k]!;
      }
      const element = sum / lower[j * size + j]!;
      lower[own + j] = element;
      pivot -= element * element;
    }
    if (pivot > SINGULAR * covariance[own + i]! && pivot > 0) {
      lower[own + i] = Math.sqrt(pivot);
      logDeterminant += log(pivot);
      kept.push(i);
    } else {
      lower.fill(0, own, own + size);
      dependent.push(i);
    }
    if (size > 64) await breather.breathe(signal);
  }
  const root = new Float64Array(size * size);
  for (const [at, i] of kept.entries()) {
    const diagonal = lower[i * size + i]!;
    for (let before = 0; before < at; before++) {
      const k = kept[before]!;
      const share = lower[i * size + k]! / diagonal;
      for (let j = 0; j <= k; j++) root[i * size + j]! -= share * root[k * size + j]!;
    }
    root[i * size + i] = 1 / diagonal;
    if (size > 64) await breather.breathe(signal);
  }
  return { root, dependent, logDeterminant: dependent.length > 0 ? Number.NEGATIVE_INFINITY : logDeterminant };
}
