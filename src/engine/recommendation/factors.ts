import { throwIfCancelled } from '../../errors.js';
import { ITEM_PANEL } from '../../kernels/factorization.js';
import type { Scope } from '../arena.js';
import { mergePartials } from '../block-sums.js';
import type { Engine, Task } from '../engine.js';
import { type RandomKey, randomKey } from '../random.js';

/** What was observed of each row, by compressed rows: entries of row i are offsets[i] … offsets[i + 1] − 1. */
export interface Observations {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly offsets: Int32Array;
  /** The other side of each entry, ascending within a row. */
  readonly indices: Int32Array;
  /** w ≥ 0 of each entry. */
  readonly weights: Float64Array;
  /** w times the value that the product of both rows is to have. */
  readonly targets: Float64Array;
}

export interface SolveOptions {
  readonly ridge: number;
  /** Added once for each entry of a row (Zhou et al. 2008, weighted-λ regularisation). */
  readonly ridgePerEntry?: number;
  /** Pairs that have no entry weigh 1 and aim at 0. */
  readonly implicit: boolean;
  /** Steps of conjugate gradients from the rows as they are; absent: an exact solution by Cholesky. */
  readonly steps?: number;
  readonly signal?: AbortSignal;
}

/** Floating-point operations of a task: some milliseconds. */
const TASK_FLOPS = 4e6;
const MOST_TASKS = 256;
const GRAM_ROWS = 4096;
const BYTES = 8;

/** One side's observations in the engine's memory, and its rows. */
interface Side {
  readonly observations: Observations;
  readonly factors: Float64Array;
}

/** A factorisation in the engine's memory: observations by user and by item, and the rows of both. */
export class Factorization implements Disposable {
  readonly rank: number;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #users: Side;
  readonly #items: Side;

  constructor(engine: Engine, byUser: Observations, byItem: Observations, rank: number) {
    this.rank = rank;
    this.#engine = engine;
    this.#scope = engine.arena.scope();
    this.#users = this.#place(byUser);
    this.#items = this.#place(byItem);
  }

  /** Views: they change with every step, and are gone with the factorisation. */
  get userFactors(): Float64Array {
    return this.#users.factors;
  }

  get itemFactors(): Float64Array {
    return this.#items.factors;
  }

  /** Numbers of ±scale, keyed: the rows to start from. */
  randomize(seed: number, name: string, scale: number): void {
    fillUniform(this.#engine, this.#users.factors, randomKey(seed, name, 'users'), scale);
    fillUniform(this.#engine, this.#items.factors, randomKey(seed, name, 'items'), scale);
  }

  async solveUsers(options: SolveOptions): Promise<void> {
    await solveSide(this.#engine, this.#users, this.#items.factors, this.rank, options);
  }

  async solveItems(options: SolveOptions): Promise<void> {
    await solveSide(this.#engine, this.#items, this.#users.factors, this.rank, options);
  }

  /** The weighted squared error, but for what does not depend on the factors (Σ targets²/weights). */
  async loss(implicit: boolean, signal?: AbortSignal): Promise<number> {
    const { observations, factors } = this.#users;
    const { rank } = this;
    using scope = this.#engine.arena.scope();
    const others = this.#items.factors;
    const gram = implicit ? await gramMatrix(this.#engine, scope, others, rank, signal) : 0;
    const out = scope.allocate('f64', observations.rowCount);
    const tasks = rangesOf(observations, 2 * rank, implicit ? 2 * rank * rank : 0).map(([start, end]): Task => {
      const values = [
        ...offsetsOf(observations, start),
        others.byteOffset,
        gram,
        factors.byteOffset + BYTES * start * rank,
        out.byteOffset + BYTES * start,
        scope.allocate('f64', rank).byteOffset,
      ];
      const shape = [end - start, observations.indices.length, observations.columnCount, rank];
      return { kernel: 'factor_losses_f64', values: [...values, ...shape] };
    });
    await this.#engine.run(tasks, signal);
    let sum = 0;
    for (const loss of out) sum += loss;
    return sum;
  }

  #place(observations: Observations): Side {
    const { rowCount } = observations;
    return {
      observations: placeObservations(this.#scope, observations),
      factors: this.#scope.zeros('f64', rowCount * this.rank),
    };
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** Rows of one side from what was observed of them and the other side's rows: fold-in. Row-major. */
export async function solveRows(
  engine: Engine,
  observations: Observations,
  others: Float64Array,
  rank: number,
  options: SolveOptions,
): Promise<Float64Array> {
  using scope = engine.arena.scope();
  const factors = scope.zeros('f64', observations.rowCount * rank);
  const placed = engine.arena.holds(others) ? others : scope.copy('f64', others);
  const side = { observations: placeObservations(scope, observations), factors };
  await solveSide(engine, side, placed, rank, options);
  return factors.slice();
}

async function solveSide(
  engine: Engine,
  { observations, factors }: Side,
  others: Float64Array,
  rank: number,
  { ridge, ridgePerEntry = 0, implicit, steps, signal }: SolveOptions,
): Promise<void> {
  using scope = engine.arena.scope();
  const gram = implicit ? await gramMatrix(engine, scope, others, rank, signal) : 0;
  const direct = steps === undefined;
  const entryFlops = direct ? rank * (rank + 3) : 4 * rank * (steps + 1);
  const rowFlops = direct ? rank ** 3 / 3 : (implicit ? 2 * rank * rank : 8 * rank) * (steps + 1);
  const tasks = rangesOf(observations, entryFlops, rowFlops).map(([start, end]): Task => {
    const values = [
      ...offsetsOf(observations, start),
      others.byteOffset,
      gram,
      factors.byteOffset + BYTES * start * rank,
      scope.allocate('f64', direct ? rank * (rank + 2) : 3 * rank).byteOffset,
      end - start,
      observations.indices.length,
      observations.columnCount,
      rank,
      ridge,
      ridgePerEntry,
    ];
    if (direct) return { kernel: 'factor_solve_rows_f64', values };
    return { kernel: 'factor_conjugate_rows_f64', values: [...values, steps] };
  });
  await engine.run(tasks, signal);
}

/** Σ x·xᵀ of all rows, in blocks that merge in the one tree; its offset. */
async function gramMatrix(
  engine: Engine,
  scope: Scope,
  rows: Float64Array,
  rank: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const rowCount = rows.length / rank;
  const partials: Float64Array[] = [];
  const tasks: Task[] = [];
  for (let start = 0; start < rowCount || start === 0; start += GRAM_ROWS) {
    const partial = scope.allocate('f64', rank * rank);
    partials.push(partial);
    const count = Math.min(GRAM_ROWS, rowCount - start);
    const values = [rows.byteOffset + BYTES * start * rank, partial.byteOffset, count, rank];
    tasks.push({ kernel: 'factor_gram_f64', values });
  }
  await engine.run(tasks, signal);
  return mergePartials(partials).byteOffset;
}

function placeObservations(scope: Scope, observations: Observations): Observations {
  return {
    ...observations,
    offsets: scope.copy('i32', observations.offsets),
    indices: scope.copy('i32', observations.indices),
    weights: scope.copy('f64', observations.weights),
    targets: scope.copy('f64', observations.targets),
  };
}

/** The kernels' first arguments, from a row on. */
function offsetsOf({ offsets, indices, weights, targets }: Observations, start: number): number[] {
  return [offsets.byteOffset + 4 * start, indices.byteOffset, weights.byteOffset, targets.byteOffset];
}

/** Neighbouring rows of about as much work each; a function of the rows alone. */
export function rangesOf(
  { rowCount, offsets }: { readonly rowCount: number; readonly offsets: Int32Array | Float64Array },
  entryFlops: number,
  rowFlops: number,
): (readonly [start: number, end: number])[] {
  const cost = (start: number, end: number) =>
    (offsets[end]! - offsets[start]!) * entryFlops + (end - start) * rowFlops;
  const most = Math.max(TASK_FLOPS, cost(0, rowCount) / MOST_TASKS);
  const ranges: (readonly [number, number])[] = [];
  let start = 0;
  for (let end = 1; end <= rowCount; end++) {
    if (cost(start, end) < most && end < rowCount) continue;
    ranges.push([start, end]);
    start = end;
  }
  return ranges;
}

/** Uniform numbers in ±scale, a function of the key and the place alone. `into` lies in the engine's memory. */
export function fillUniform(engine: Engine, into: Float64Array, { keyLow, keyHigh }: RandomKey, scale: number): void {
  engine.kernels.random_uniform_f64(into.byteOffset, keyLow, keyHigh, 0, into.length);
  for (let i = 0; i < into.length; i++) into[i] = (2 * into[i]! - 1) * scale;
}

/** What must not be offered, and what may be. */
export interface TopOptions {
  readonly n: number;
  /** By user: ascending items that are left out. */
  readonly seenOffsets: Int32Array;
  readonly seenItems: Int32Array;
  /** 0: never offered. Absent: all are. */
  readonly allowed?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** For each user n items, the best first; −1 with −Infinity where there are fewer. */
export interface TopLists {
  readonly items: Int32Array;
  readonly scores: Float64Array;
}

/** Items by their factors, laid out for scoring: asked as often as wanted. */
export class ItemPanels implements Disposable {
  readonly itemCount: number;
  readonly rank: number;
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #panels: Float64Array;
  readonly #biases: Float64Array;

  constructor(engine: Engine, factors: Float64Array, biases: Float64Array | undefined, rank: number) {
    this.itemCount = factors.length / rank;
    this.rank = rank;
    this.#engine = engine;
    this.#scope = engine.arena.scope();
    const padded = ITEM_PANEL * Math.ceil(this.itemCount / ITEM_PANEL);
    this.#panels = this.#scope.zeros('f64', padded * rank);
    this.#biases = this.#scope.zeros('f64', padded);
    if (biases) this.#biases.set(biases);
    for (let item = 0; item < this.itemCount; item++) {
      const at = Math.floor(item / ITEM_PANEL) * rank * ITEM_PANEL + (item % ITEM_PANEL);
      for (let j = 0; j < rank; j++) this.#panels[at + j * ITEM_PANEL] = factors[item * rank + j]!;
    }
  }

  /** The n items of the highest bias + x·y for each of the users' rows x. */
  async top(users: Float64Array, { n, seenOffsets, seenItems, allowed, signal }: TopOptions): Promise<TopLists> {
    const { rank, itemCount } = this;
    const userCount = users.length / rank;
    using scope = this.#engine.arena.scope();
    const rows = this.#engine.arena.holds(users) ? users : scope.copy('f64', users);
    const offsets = scope.copy('i32', seenOffsets);
    const seen = scope.copy('i32', seenItems);
    const may = allowed && scope.copy('u8', allowed);
    const scores = scope.allocate('f64', userCount * n);
    const items = scope.allocate('i32', userCount * n);
    const step = Math.max(4, Math.min(512, 4 * Math.floor(TASK_FLOPS / Math.max(1, 8 * itemCount * rank))));
    const tasks: Task[] = [];
    for (let start = 0; start < userCount; start += step) {
      const count = Math.min(step, userCount - start);
      const values = [
        rows.byteOffset + BYTES * start * rank,
        this.#panels.byteOffset,
        this.#biases.byteOffset,
        offsets.byteOffset + 4 * start,
        seen.byteOffset,
        may?.byteOffset ?? 0,
        scores.byteOffset + BYTES * start * n,
        items.byteOffset + 4 * start * n,
      ];
      tasks.push({ kernel: 'factor_top_f64', values: [...values, count, itemCount, seenItems.length, rank, n] });
    }
    throwIfCancelled(signal);
    await this.#engine.run(tasks, signal);
    return { items: items.slice(), scores: scores.slice() };
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
