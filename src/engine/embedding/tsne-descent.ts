import { TREE_GROUP } from '../../kernels/embedding.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import type { SparseGraph } from './sparse-graph.js';

/** Rows of a task: a multiple of a group's. */
const TASK_ROWS = 512;
/** The kernel's scratch. */
const ENTRIES = 4160;

/** The positions of t-SNE with what moves them: gradients of the Kullback-Leibler divergence by the tree of Barnes and Hut. */
export class TsneDescent implements Disposable {
  readonly count: number;
  readonly dimension: number;
  /** count × dimension, row-major; to be changed at will. */
  readonly positions: Float64Array;
  /** As of the last `gradient`, of the divergence by positions. */
  readonly gradients: Float64Array;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #graph: SparseGraph;
  readonly #attraction: Float64Array;
  readonly #repulsion: Float64Array;
  readonly #similarities: Float64Array;
  readonly #ranges: Int32Array;
  readonly #tree: Task;
  readonly #pulling: readonly Task[];
  readonly #pushing: (nodeCount: number) => Task[];
  #logarithms: Float64Array | undefined;

  /** @param graph the joint probabilities of pairs, summing to 1 */
  constructor(engine: Engine, graph: SparseGraph, dimension: number, angle: number) {
    const count = graph.offsets.length - 1;
    const scope = engine.arena.scope();
    this.#engine = engine;
    this.#scope = scope;
    this.count = count;
    this.dimension = dimension;
    this.#graph = {
      offsets: scope.copy('i32', graph.offsets),
      indices: scope.copy('i32', graph.indices),
      values: scope.copy('f64', graph.values),
    };
    this.positions = scope.allocate('f64', count * dimension);
    this.gradients = new Float64Array(count * dimension);
    this.#attraction = scope.allocate('f64', count * dimension);
    this.#repulsion = scope.allocate('f64', count * dimension);
    this.#similarities = scope.allocate('f64', count);
    const order = scope.allocate('i32', count);
    const sorted = scope.allocate('f64', count * dimension);
    this.#ranges = scope.allocate('i32', 6 * count);
    const masses = scope.allocate('f64', 2 * (dimension + 1) * count);
    const building = [this.positions, order, sorted, this.#ranges, masses];
    building.push(
      scope.allocate('f64', 4 * dimension * count),
      scope.allocate('u32', 2 * count) as never,
      scope.allocate('i32', count),
    );
    const offsetsOf = (arrays: readonly { readonly byteOffset: number }[]) =>
      arrays.map(({ byteOffset }) => byteOffset);
    this.#tree = { kernel: 'point_tree_f64', values: [...offsetsOf(building), count, dimension] };
    this.#pulling = this.#pullTasks();
    const walked = offsetsOf([order, sorted, this.#ranges, masses, this.#repulsion, this.#similarities]);
    const groups = Math.ceil(count / TREE_GROUP);
    const starts = Array.from({ length: Math.ceil(count / TASK_ROWS) }, (_, i) => (i * TASK_ROWS) / TREE_GROUP);
    const rooms = starts.map(() => scope.allocate('f64', ENTRIES).byteOffset);
    this.#pushing = (nodeCount) =>
      starts.map((start, i) => {
        const end = Math.min(groups, start + TASK_ROWS / TREE_GROUP);
        const values = [...walked, rooms[i]!, start, end, count, nodeCount, dimension, angle];
        return { kernel: 'tree_repulsion_f64', values };
      });
  }

  /** Fills `gradients`; every p counts `exaggeration` times. Returns Σ q, the normaliser of the similarities. */
  async gradient(exaggeration: number, signal?: AbortSignal): Promise<number> {
    const [nodes] = await this.#engine.run([this.#tree], signal);
    await this.#engine.run([...this.#pushing(nodes!), ...this.#pulling], signal);
    let normalizer = 0;
    for (let i = 0; i < this.count; i++) normalizer += this.#similarities[i]!;
    // Where all other points are infinitely far away there is nothing to be pushed off.
    const share = normalizer > 0 ? 1 / normalizer : 0;
    const { gradients } = this;
    const [pulls, pushes] = [this.#attraction, this.#repulsion];
    for (let i = 0; i < gradients.length; i++) gradients[i] = 4 * (exaggeration * pulls[i]! - pushes[i]! * share);
    return normalizer;
  }

  /** The Kullback-Leibler divergence in nats at the positions of the last `gradient`, whose normaliser this is. */
  async divergence(normalizer: number, signal?: AbortSignal): Promise<number> {
    const { offsets, indices, values } = this.#graph;
    const { positions, dimension, count } = this;
    this.#logarithms ??= this.#scope.allocate('f64', 2 * values.length);
    const [ratios, logs] = [this.#logarithms.subarray(0, values.length), this.#logarithms.subarray(values.length)];
    for (let row = 0; row < count; row++) {
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        const other = indices[e]! * dimension;
        let square = 1;
        for (let c = 0; c < dimension; c++) {
          const difference = positions[row * dimension + c]! - positions[other + c]!;
          square += difference * difference;
        }
        ratios[e] = values[e]! * square * normalizer;
      }
    }
    const tasks: Task[] = [];
    for (let start = 0; start < values.length; start += 65_536) {
      const rows = Math.min(65_536, values.length - start);
      tasks.push({ kernel: 'log_f64', values: [ratios.byteOffset + 8 * start, logs.byteOffset + 8 * start, rows] });
    }
    await this.#engine.run(tasks, signal);
    let sum = 0;
    for (let e = 0; e < values.length; e++) sum += values[e]! * logs[e]!;
    return sum;
  }

  #pullTasks(): Task[] {
    const { offsets, indices, values } = this.#graph;
    const { count, dimension } = this;
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += TASK_ROWS) {
      const places = [
        offsets.byteOffset + 4 * start,
        indices.byteOffset,
        values.byteOffset,
        this.positions.byteOffset,
        this.#attraction.byteOffset + 8 * start * dimension,
      ];
      const rows = Math.min(TASK_ROWS, count - start);
      tasks.push({ kernel: 'graph_attraction_f64', values: [...places, start, rows, values.length, count, dimension] });
    }
    return tasks;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** Gaussian weights of neighbours at a perplexity, row by row: `squares` are squared distances, k a row. */
export async function perplexityWeights(
  engine: Engine,
  squares: Float64Array,
  rowCount: number,
  perplexity: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  using scope = engine.arena.scope();
  const k = squares.length / rowCount;
  const given = scope.copy('f64', squares);
  const weights = scope.allocate('f64', squares.length);
  const tasks: Task[] = [];
  for (let start = 0; start < rowCount; start += TASK_ROWS) {
    const at = 8 * start * k;
    const rows = Math.min(TASK_ROWS, rowCount - start);
    const values = [given.byteOffset + at, weights.byteOffset + at, rows, k, perplexity];
    tasks.push({ kernel: 'perplexity_search_f64', values });
  }
  await engine.run(tasks, signal);
  return weights.slice();
}
