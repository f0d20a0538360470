import type { Engine } from '../../engine/engine.js';
import type { Scaling } from '../../engine/linear-algebra.js';
import { shuffle, stream } from '../../engine/random.js';
import { RowMatrix } from '../../engine/row-matrix.js';
import { Breather } from '../../engine/turn.js';
import { sgdStateLength } from '../../kernels/stochastic-gradient.js';

/** ½·|w|² + Σ costs·loss(w·x + b) */
export interface DualProblem {
  readonly columns: readonly Float64Array[];
  /** Values, or −1 and 1. */
  readonly target: Float64Array;
  /** What each row's loss is multiplied by; rows of 0 are not looked at. */
  readonly costs: Float64Array;
  /** 'hinge' and 'squared_hinge' of −1 and 1; the others of values. */
  readonly loss: 'hinge' | 'squared_hinge' | 'epsilon_insensitive' | 'squared_epsilon_insensitive';
  readonly epsilon: number;
  /** null: no intercept; 'free': one without a penalty; a number: the coefficient of a column of that number, penalised. */
  readonly intercept: null | 'free' | number;
}

export interface DualOptions {
  readonly tolerance: number;
  readonly maxPasses: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Called after every round; true ends training there. */
  readonly onRound?: (state: { passes: number; objective: number; gap: number }) => boolean | void;
}

export interface DualSolution {
  readonly coefficients: Float64Array;
  readonly intercept: number;
  readonly objective: number;
  /** As a share of the objective. */
  readonly gap: number;
  readonly passes: number;
}

/** Values that a kernel call goes through: a millisecond or two. */
const CALL_VALUES = 2 ** 19;
/** Numbers of losses, among `sgdLosses`, and their parameter. */
const lossNumbers = { hinge: 0, squared_hinge: 3, epsilon_insensitive: 6, squared_epsilon_insensitive: 7 } as const;
const BATCH_ROWS = 65_536;

/**
 * Dual coordinate descent with shrinking: Hsieh et al., 2008; Ho and Lin, 2012. A penalised intercept is one more column. A
 * free one is found by the proximal point method: the penalty on it pulls towards where it was in the round before, so that
 * in the end it does not pull at all; in the dual, this adds Σ duals to it, round by round, until that is 0.
 */
export async function solveDual(
  engine: Engine,
  problem: DualProblem,
  scaling: Scaling,
  options: DualOptions,
): Promise<DualSolution> {
  using descent = await DualDescent.of(engine, problem, scaling, options);
  let limit = 0.1;
  for (;;) {
    await descent.descend(limit);
    descent.recentre();
    const { objective, gap } = await descent.measure();
    const stop = options.onRound?.({ passes: descent.passes, objective, gap }) ?? false;
    const done = gap <= options.tolerance || descent.passes >= options.maxPasses || limit < 1e-15;
    if (done || stop) return { ...descent.solution(), objective, gap, passes: descent.passes };
    limit *= 0.3;
  }
}

class DualDescent implements Disposable {
  passes = 0;
  readonly #problem: DualProblem;
  readonly #options: DualOptions;
  readonly #matrix: RowMatrix;
  readonly #scope;
  readonly #scaling: Scaling;
  readonly #constant: number;
  /** Violations are measured in this unit: the target's. */
  readonly #unit: number;
  readonly #visited: Int32Array;
  readonly #order: Int32Array;
  readonly #buffers;

  private constructor(
    problem: DualProblem,
    matrix: RowMatrix,
    constant: number,
    scaling: Scaling,
    options: DualOptions,
  ) {
    const { costs, target, loss } = problem;
    const { engine, width, rowCount } = matrix;
    this.#problem = problem;
    this.#options = options;
    this.#matrix = matrix;
    this.#constant = constant;
    this.#scaling = scaling;
    const scope = engine.arena.scope();
    this.#scope = scope;
    this.#visited = Int32Array.from(costs.keys()).filter((row) => costs[row]! > 0);
    this.#unit = this.#visited.reduce((most, row) => Math.max(most, Math.abs(target[row]!)), 0) || 1;
    const squared = loss.startsWith('squared');
    this.#order = scope.allocate('i32', this.#visited.length);
    this.#buffers = {
      target: scope.copy('f64', target),
      upper: scope.copy(
        'f64',
        costs.map((cost) => (squared ? Number.POSITIVE_INFINITY : cost)),
      ),
      diagonal: scope.copy(
        'f64',
        costs.map((cost) => (squared ? 1 / (2 * cost) : 0)),
      ),
      squares: scope.allocate('f64', rowCount),
      duals: scope.zeros('f64', rowCount),
      state: scope.zeros('f64', sgdStateLength(width)),
      largest: scope.zeros('f64', 1),
      costs: scope.copy('f64', costs),
      rates: scope.zeros('f64', Math.ceil(rowCount / BATCH_ROWS)),
      updates: scope.allocate('f64', Math.min(rowCount, BATCH_ROWS)),
      all: scope.copy('i32', this.#visited),
    };
  }

  static async of(engine: Engine, problem: DualProblem, scaling: Scaling, options: DualOptions): Promise<DualDescent> {
    const { intercept, columns } = problem;
    const { signal } = options;
    const constant =
      intercept === null ? undefined : intercept === 'free' ? await typicalLength(columns, scaling, signal) : intercept;
    const matrix = await RowMatrix.of(engine, columns, { scaling, constant, signal });
    try {
      const descent = new DualDescent(problem, matrix, constant ?? 0, scaling, options);
      await descent.#measureRows(signal);
      return descent;
    } catch (error) {
      matrix[Symbol.dispose]();
      throw error;
    }
  }

  /** Passes until no row violates optimality by more than the limit. */
  async descend(limit: number): Promise<void> {
    const { maxPasses, seed } = this.#options;
    let threshold = Number.POSITIVE_INFINITY;
    let active = this.#visited.length;
    this.#order.set(this.#visited);
    while (this.passes < maxPasses) {
      shuffle(this.#order.subarray(0, active), stream(seed, 'dual', this.passes));
      const { kept, largest } = await this.#pass(active, threshold);
      this.passes++;
      const shrunk = kept < this.#visited.length;
      active = kept;
      if (largest > limit * this.#unit) {
        threshold = largest;
        continue;
      }
      if (!shrunk) return;
      // At rest without the rows that were taken out: once more with them.
      this.#order.set(this.#visited);
      active = this.#visited.length;
      threshold = Number.POSITIVE_INFINITY;
    }
  }

  /** One proximal step of a free intercept. */
  recentre(): void {
    if (this.#problem.intercept !== 'free') return;
    this.#buffers.state[this.#matrix.columnCount - 1]! += this.#constant * this.#dualSum;
  }

  async measure(): Promise<{ objective: number; gap: number }> {
    const { state, duals, diagonal } = this.#buffers;
    const { target, epsilon, intercept } = this.#problem;
    const counted = this.#matrix.columnCount - (intercept === 'free' ? 1 : 0);
    let size = 0;
    for (let j = 0; j < counted; j++) size += 0.5 * state[j]! * state[j]!;
    const objective = size + (await this.#losses());
    let dual = -size;
    for (const row of this.#visited) {
      const value = duals[row]!;
      dual += target[row]! * value - epsilon * Math.abs(value) - 0.5 * diagonal[row]! * value * value;
    }
    // Of a free intercept, the dual is a bound where the dual variables add up to 0.
    const missing = intercept === 'free' ? Math.abs(this.#dualSum * this.#intercept) : 0;
    const gap = Math.max(0, objective - dual) + missing;
    return { objective, gap: objective > 0 ? gap / objective : 0 };
  }

  solution(): { coefficients: Float64Array; intercept: number } {
    const { shifts, scales } = this.#scaling;
    const coefficients = shifts.map((_, j) => this.#buffers.state[j]! / scales[j]!);
    const intercept = coefficients.reduce((sum, value, j) => sum - value * shifts[j]!, this.#intercept);
    return { coefficients, intercept };
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
    this.#matrix[Symbol.dispose]();
  }

  async #measureRows(signal: AbortSignal | undefined): Promise<void> {
    const { engine, width, rowCount, values } = this.#matrix;
    const breather = new Breather();
    for (let row = 0; row < rowCount; row++) {
      const at = values.byteOffset + 8 * row * width;
      this.#buffers.squares[row] = engine.kernels.dot_f64(at, at, width);
      if (row % 4096 === 4095) await breather.breathe(signal);
    }
  }

  get #intercept(): number {
    const { intercept } = this.#problem;
    return intercept === null ? 0 : this.#constant * this.#buffers.state[this.#matrix.columnCount - 1]!;
  }

  get #dualSum(): number {
    let sum = 0;
    for (const row of this.#visited) sum += this.#buffers.duals[row]!;
    return sum;
  }

  async #pass(active: number, threshold: number): Promise<{ kept: number; largest: number }> {
    const { engine, width, rowCount, values } = this.#matrix;
    const { target, upper, diagonal, squares, duals, state, largest } = this.#buffers;
    const { epsilon, loss } = this.#problem;
    const head = [values, target, upper, diagonal, squares].map(({ byteOffset }) => byteOffset);
    const tail = [duals, state, largest].map(({ byteOffset }) => byteOffset);
    const step = Math.max(1, Math.floor(CALL_VALUES / width));
    let [kept, most] = [0, 0];
    for (let start = 0; start < active; start += step) {
      const count = Math.min(step, active - start);
      const order = this.#order.byteOffset + 4 * start;
      const shape = [width, rowCount, count, epsilon, loss.endsWith('hinge') ? 1 : 0, threshold];
      const task = { kernel: 'dual_coordinate_steps_f64', values: [...head, order, ...tail, ...shape] } as const;
      const [left] = await engine.run([task], this.#options.signal);
      this.#order.copyWithin(kept, start, start + left!);
      kept += left!;
      if (largest[0]! > most) most = largest[0]!;
    }
    return { kept, largest: most };
  }

  /** Σ costs·loss: steps of length 0. */
  async #losses(): Promise<number> {
    const { engine, width, rowCount, values, columnCount } = this.#matrix;
    const { target, costs, all, rates, state, updates } = this.#buffers;
    const { loss, epsilon } = this.#problem;
    const scalars = 3 * width;
    state.fill(0, columnCount);
    const rows = Math.max(1, Math.min(BATCH_ROWS, Math.floor(CALL_VALUES / width)));
    const parameter = loss === 'hinge' ? 1 : epsilon;
    for (let start = 0; start < all.length; start += rows) {
      const count = Math.min(rows, all.length - start);
      const head = [values, target, costs].map(({ byteOffset }) => byteOffset);
      const middle = [all.byteOffset + 4 * start, rates.byteOffset, state.byteOffset, updates.byteOffset];
      const shape = [width, rowCount, count, count, lossNumbers[loss], parameter, -1, 0, 0, 0, 0];
      await engine.run([{ kernel: 'sgd_steps_f64', values: [...head, ...middle, ...shape] }], this.#options.signal);
    }
    return state[scalars + 4]!;
  }
}

/** The root of the mean squared length of the scaled rows: a constant of this size weighs as much as the columns do. */
async function typicalLength(
  columns: readonly Float64Array[],
  { shifts, scales }: Scaling,
  signal: AbortSignal | undefined,
): Promise<number> {
  const rows = columns[0]!.length;
  const breather = new Breather();
  let sum = 0;
  for (const [j, column] of columns.entries()) {
    for (let row = 0; row < rows; row++) {
      const value = (column[row]! - shifts[j]!) / scales[j]!;
      sum += value * value;
    }
    await breather.breathe(signal);
  }
  const length = Math.sqrt(sum / rows);
  return length > 0 && length < Number.POSITIVE_INFINITY ? length : 1;
}
