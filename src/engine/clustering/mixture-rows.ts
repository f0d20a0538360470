import { type MomentKind, momentKinds, momentLength } from '../../kernels/mixture.js';
import type { Scope } from '../arena.js';
import { BLOCK_ROWS, blockSum, mergePartials } from '../block-sums.js';
import type { Engine, Task } from '../engine.js';

/** Normal densities, as kernels take them. */
export interface Densities {
  readonly count: number;
  /** components × dimension. */
  readonly means: Float64Array;
  /** Inverse Cholesky factors: triangles where full, else diagonals. */
  readonly factors: Float64Array;
  readonly full: boolean;
  /** log weight + log determinant of the factor − dimension/2 · log 2π. */
  readonly offsets: Float64Array;
}

/** Rows of a task: blocks of the global row index, by columns within each. */
interface Block {
  readonly start: number;
  readonly rows: number;
  readonly columns: Float64Array;
  readonly shares: Float64Array;
}

/** Rows that a mixture is fitted to, in the engine's memory, and the share that each component has in each. */
export class MixtureRows implements Disposable {
  readonly count: number;
  readonly dimension: number;
  readonly weights: Float64Array | undefined;
  /** Σ of the weights. */
  readonly total: number;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #blocks: readonly Block[];
  readonly #logs: Float64Array;
  readonly #components: number;

  /** Columns less their shifts. */
  constructor(
    engine: Engine,
    columns: readonly Float64Array[],
    shifts: Float64Array,
    components: number,
    weights?: Float64Array,
  ) {
    this.count = columns[0]!.length;
    this.dimension = columns.length;
    this.#components = components;
    this.#engine = engine;
    const scope = engine.arena.scope();
    this.#scope = scope;
    this.weights = weights && scope.copy('f64', weights);
    this.total = weights ? blockSum(this.count, (i) => weights[i]!) : this.count;
    this.#logs = scope.allocate('f64', this.count);
    const blocks: Block[] = [];
    for (let start = 0; start < this.count; start += BLOCK_ROWS) {
      const rows = Math.min(BLOCK_ROWS, this.count - start);
      const placed = scope.allocate('f64', rows * this.dimension);
      columns.forEach((column, j) => {
        for (let i = 0; i < rows; i++) placed[j * rows + i] = column[start + i]! - shifts[j]!;
      });
      blocks.push({ start, rows, columns: placed, shares: scope.allocate('f64', rows * components) });
    }
    this.#blocks = blocks;
  }

  /** The share of a component in a row, to begin with. */
  setShares(share: (component: number, row: number) => number): void {
    for (const { start, rows, shares } of this.#blocks) {
      for (let c = 0; c < this.#components; c++) {
        for (let i = 0; i < rows; i++) shares[c * rows + i] = share(c, start + i);
      }
    }
  }

  /** Fills the shares and returns the weighted mean log-likelihood of the rows. */
  async expect(densities: Densities, signal?: AbortSignal): Promise<number> {
    using scope = this.#engine.arena.scope();
    const shared = [densities.means, densities.factors, densities.offsets].map(
      (array) => scope.copy('f64', array).byteOffset,
    );
    const tasks = this.#blocks.map(
      ({ start, rows, columns, shares }): Task => ({
        kernel: 'mixture_expect_f64',
        values: [
          columns.byteOffset,
          ...shared,
          shares.byteOffset,
          this.#logs.byteOffset + 8 * start,
          scope.allocate('f64', 16 * this.dimension).byteOffset,
          rows,
          densities.count,
          this.dimension,
          densities.full ? 1 : 0,
        ],
      }),
    );
    await this.#engine.run(tasks, signal);
    const { weights } = this;
    return blockSum(this.count, (i) => (weights ? weights[i]! : 1) * this.#logs[i]!) / this.total;
  }

  /** Moments by component, blocks merged in the one tree. */
  async moments(kind: MomentKind, centers: Float64Array | undefined, signal?: AbortSignal): Promise<Float64Array> {
    using scope = this.#engine.arena.scope();
    const about = centers ? scope.copy('f64', centers).byteOffset : 0;
    const partials: Float64Array[] = [];
    const tasks = this.#blocks.map(({ start, rows, columns, shares }): Task => {
      const partial = scope.allocate('f64', this.#components * momentLength(kind, this.dimension));
      partials.push(partial);
      return {
        kernel: 'mixture_moments_f64',
        values: [
          columns.byteOffset,
          shares.byteOffset,
          this.weights ? this.weights.byteOffset + 8 * start : 0,
          about,
          partial.byteOffset,
          scope.allocate('f64', 256 * (2 * this.dimension + 1)).byteOffset,
          rows,
          this.#components,
          this.dimension,
          momentKinds.indexOf(kind),
        ],
      };
    });
    await this.#engine.run(tasks, signal);
    return mergePartials(partials).slice();
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
