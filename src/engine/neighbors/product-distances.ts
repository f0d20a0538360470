import { metricCode } from '../../kernels/metric-distance.js';
import { type ProductMetric, productMetrics, squaredLengths } from '../../kernels/metrics.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { MatrixProduct } from '../matrix-product.js';
import type { DistanceBlocks } from './distance-blocks.js';
import type { MetricSpace } from './metric-space.js';
import type { Points } from './points.js';

/** Of fewer coordinates direct differences are as fast. */
const LEAST_DIMENSION = 8;
/** Points that the centre is the mean of: it need not be exact, only amid the points. */
const CENTER_POINTS = 4_096;

/**
 * Distances of queries to points by products of matrices, for `numerics: 'fast'`. Euclidean: |q|² + |p|² − 2·q·p of points
 * less their centre c. It is off by at most (D + 8)·2^−53·(|q − c| + |p − c|)² (products of D terms: Higham, "Accuracy and
 * Stability of Numerical Algorithms", 3.1; centring: half a last place a coordinate), and where it has cancelled to less than a
 * 1024th of |q − c|² + |p − c|², direct differences take its place. So every distance is within (D + 8)·2^−43 of its own size,
 * and equal points are 0 apart. Cosine and dot are products anyway; they are off by the rounding of products alone.
 */
export class ProductDistances implements DistanceBlocks {
  readonly line: number;
  readonly groups = 2;
  readonly #engine: Engine;
  readonly #space: MetricSpace;
  readonly #scope: Scope;
  readonly #count: number;
  readonly #center: Float64Array | undefined;
  /** As they are given, for direct differences. */
  readonly #values: Float64Array | undefined;
  /** Less the centre. */
  readonly #rows: Float64Array;
  readonly #lengths: Float64Array | undefined;
  #product: { readonly rows: number; readonly product: MatrixProduct } | undefined;

  /** Is this the way to compute such distances on such an engine? */
  static fits(engine: Engine, { metric, dimension }: MetricSpace): boolean {
    return (
      engine.numerics === 'fast' && dimension >= LEAST_DIMENSION && productMetrics.includes(metric as ProductMetric)
    );
  }

  private constructor(engine: Engine, space: MetricSpace, placed: Float64Array) {
    this.#engine = engine;
    this.#space = space;
    this.#count = placed.length / space.dimension;
    this.line = this.#count;
    this.#scope = engine.arena.scope();
    const squares = space.metric === 'euclidean' || space.metric === 'sqeuclidean';
    this.#center = squares ? centerOf(placed, space.dimension) : undefined;
    this.#values = squares ? this.#scope.copy('f64', placed) : undefined;
    this.#rows = this.#scope.copy('f64', centred(placed, this.#center));
    if (space.metric !== 'dot') this.#lengths = this.#scope.copy('f64', squaredLengths(this.#rows, space.dimension));
  }

  static async place(engine: Engine, points: Points, space: MetricSpace, signal?: AbortSignal) {
    return new ProductDistances(engine, space, await space.place(points, 'the points', signal));
  }

  async tasks(scope: Scope, queries: Points, out: Float64Array, signal?: AbortSignal): Promise<Task[][]> {
    const placed = await this.#space.place(queries, 'the queries', signal);
    const values = this.#values && scope.copy('f64', placed);
    const rows = scope.copy('f64', centred(placed, this.#center));
    const lengths = this.#lengths && scope.copy('f64', squaredLengths(rows, this.#space.dimension));
    const products = this.#productOf(queries.count).tasks(rows, this.#rows, out);
    return [products, this.#finishing({ values, lengths }, queries.count, out)];
  }

  /** Makes distances of products. */
  #finishing(
    { values, lengths }: { values: Float64Array | undefined; lengths: Float64Array | undefined },
    queryCount: number,
    out: Float64Array,
  ): Task[] {
    const { dimension, metric } = this.#space;
    const each = Math.ceil(queryCount / (4 * this.#engine.threads));
    const tasks: Task[] = [];
    for (let start = 0; start < queryCount; start += each) {
      const offsets = [
        values ? values.byteOffset + 8 * start * dimension : 0,
        this.#values?.byteOffset ?? 0,
        lengths ? lengths.byteOffset + 8 * start : 0,
        this.#lengths?.byteOffset ?? 0,
        out.byteOffset + 8 * start * this.line,
      ];
      const shape = [Math.min(each, queryCount - start), this.#count, dimension, this.line, metricCode(metric)];
      tasks.push({ kernel: 'product_distances_f64', values: [...offsets, ...shape] });
    }
    return tasks;
  }

  #productOf(rows: number): MatrixProduct {
    if (this.#product?.rows !== rows) {
      this.#product?.product[Symbol.dispose]();
      const shape = { rows, columns: this.#count, depth: this.#space.dimension, form: 'right' } as const;
      this.#product = { rows, product: new MatrixProduct(this.#engine, 'f64', shape) };
    }
    return this.#product.product;
  }

  [Symbol.dispose](): void {
    this.#product?.product[Symbol.dispose]();
    this.#scope[Symbol.dispose]();
  }
}

/** The mean of some of the points, evenly chosen. */
function centerOf(values: Float64Array, dimension: number): Float64Array {
  const count = values.length / dimension;
  const step = Math.max(1, Math.ceil(count / CENTER_POINTS));
  const chosen = Math.ceil(count / step);
  const center = new Float64Array(dimension);
  for (let i = 0; i < count; i += step) {
    for (let j = 0; j < dimension; j++) center[j]! += values[i * dimension + j]! / chosen;
  }
  return center;
}

function centred(values: Float64Array, center: Float64Array | undefined): Float64Array {
  if (!center) return values;
  const moved = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += center.length) {
    for (let j = 0; j < center.length; j++) moved[i + j] = values[i + j]! - center[j]!;
  }
  return moved;
}
