import type { DesignProducts } from '../../engine/descent/design-products.js';
import { cholesky, choleskySolve } from '../../engine/linear-algebra.js';
import { turnEventLoop } from '../../engine/turn.js';
import { throwIfCancelled } from '../../errors.js';

/**
 * min Σ above·max(0, r) + below·max(0, −r), r = y − x·u, over the rows of x and, behind them, a row for each coefficient
 * with a penalty: its column's unit vector, with y = 0.
 */
export interface LinearProgram {
  readonly products: DesignProducts;
  readonly target: Float64Array;
  /** What a unit of residual costs, a row each, all > 0. */
  readonly above: Float64Array;
  readonly below: Float64Array;
  /** The columns of the rows behind. */
  readonly penalized: readonly number[];
  readonly fitIntercept: boolean;
}

export interface LinearSolution {
  /** One a column, then the intercept. */
  readonly coefficients: Float64Array;
  readonly objective: number;
  /** The objective less what no solution can be below, as a share of it. */
  readonly gap: number;
  readonly iterations: number;
}

interface InteriorOptions {
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly signal?: AbortSignal;
  readonly onIteration: (iteration: number, solution: LinearSolution) => Promise<boolean> | boolean;
}

/** Steps stop this share of the way to the boundary. */
const SHORT = 0.99995;

/**
 * The primal-dual interior-point method with Mehrotra's predictor and corrector on the dual, max y·d with xᵀ·d = 0 and
 * −below ≤ d ≤ above: Portnoy and Koenker, "The Gaussian hare and the Laplacian tortoise", 1997.
 */
export async function solveInterior(program: LinearProgram, options: InteriorOptions): Promise<LinearSolution> {
  const state = new Interior(program, options.signal);
  await state.start();
  let solution = await state.solution(0);
  for (let iteration = 1; iteration <= options.maxIterations && solution.gap > options.tolerance; iteration++) {
    if (!(await state.step())) break;
    const next = await state.solution(iteration);
    if (!Number.isFinite(next.objective)) break;
    solution =
      next.objective <= solution.objective || next.gap < solution.gap ? next : { ...solution, iterations: iteration };
    if (await options.onIteration(iteration, solution)) break;
  }
  const vertex = await state.vertex();
  if (!vertex) return solution;
  const objective = await state.objectiveOf(vertex);
  if (!(objective <= solution.objective * (1 + 1e-15))) return solution;
  const gap = Math.max(0, solution.gap - (solution.objective - objective) / Math.max(objective, 1e-300));
  return { ...solution, coefficients: vertex, objective, gap };
}

class Interior {
  readonly #program: LinearProgram;
  readonly #signal: AbortSignal | undefined;
  /** Rows of x and rows behind. */
  readonly #rows: number;
  readonly #count: number;
  /** The dual d, and what the residual is above and below 0. */
  readonly #d: Float64Array;
  readonly #up: Float64Array;
  readonly #down: Float64Array;
  #u: Float64Array;

  constructor(program: LinearProgram, signal: AbortSignal | undefined) {
    this.#program = program;
    this.#signal = signal;
    this.#rows = program.above.length;
    this.#count = program.products.design.columnCount;
    this.#d = new Float64Array(this.#rows);
    this.#up = new Float64Array(this.#rows);
    this.#down = new Float64Array(this.#rows);
    this.#u = new Float64Array(this.#count + 1);
  }

  /** d = 0 is within its bounds; u is the solution of least squares, which parts the residuals. */
  async start(): Promise<void> {
    const weights = this.#program.above.map((value, i) => value + this.#program.below[i]!);
    const right = await this.#transposed(this.#program.target.map((value, i) => value * weights[i]!));
    const solve = await this.#factor(weights);
    this.#u = solve(right);
    const rest = await this.#residuals(this.#u);
    let size = 0;
    for (let i = 0; i < this.#rows; i++) size += Math.abs(rest[i]!);
    const room = Math.max(1e-3 * (size / this.#rows), 1e-300);
    for (let i = 0; i < this.#rows; i++) {
      this.#up[i] = Math.max(rest[i]!, 0) + room;
      this.#down[i] = Math.max(-rest[i]!, 0) + room;
    }
  }

  /** One predictor and corrector; false where the numbers give no more. */
  async step(): Promise<boolean> {
    const { above, below } = this.#program;
    const [d, up, down, rows] = [this.#d, this.#up, this.#down, this.#rows];
    throwIfCancelled(this.#signal);
    await turnEventLoop();
    const rest = await this.#residuals(this.#u);
    const weights = new Float64Array(rows);
    const missing = new Float64Array(rows);
    let complementarity = 0;
    for (let i = 0; i < rows; i++) {
      const [s, t] = [above[i]! - d[i]!, below[i]! + d[i]!];
      weights[i] = 1 / (up[i]! / s + down[i]! / t);
      missing[i] = rest[i]! - up[i]! + down[i]!;
      complementarity += up[i]! * s + down[i]! * t;
    }
    const infeasible = (await this.#transposed(d)).map((value) => -value);
    const solve = await this.#factor(weights);
    const none = new Float64Array(rows);
    const affine = await this.#direction(solve, weights, missing, infeasible, 0, none, none);
    const [primal, dual] = this.#lengths(affine);
    let ahead = 0;
    for (let i = 0; i < rows; i++) {
      const to = d[i]! + dual * affine.d[i]!;
      ahead +=
        (up[i]! + primal * affine.up[i]!) * (above[i]! - to) + (down[i]! + primal * affine.down[i]!) * (below[i]! + to);
    }
    const share = ahead / complementarity;
    const mu = (share * share * ahead) / (2 * rows);
    const crossUp = affine.up.map((value, i) => -value * affine.d[i]!);
    const crossDown = affine.down.map((value, i) => value * affine.d[i]!);
    const move = await this.#direction(solve, weights, missing, infeasible, mu, crossUp, crossDown);
    return this.#move(move);
  }

  #move(move: Direction): boolean {
    const [primal, dual] = this.#lengths(move).map((length) => Math.min(1, SHORT * length)) as [number, number];
    if (!(primal > 1e-12 || dual > 1e-12)) return false;
    for (let i = 0; i < this.#rows; i++) {
      this.#d[i]! += dual * move.d[i]!;
      this.#up[i]! += primal * move.up[i]!;
      this.#down[i]! += primal * move.down[i]!;
    }
    this.#u = this.#u.map((value, j) => value + primal * move.u[j]!);
    return this.#u.every(Number.isFinite);
  }

  async #direction(
    solve: (right: Float64Array) => Float64Array,
    weights: Float64Array,
    missing: Float64Array,
    infeasible: Float64Array,
    mu: number,
    crossUp: Float64Array,
    crossDown: Float64Array,
  ): Promise<Direction> {
    const { above, below } = this.#program;
    const [d, up, down, rows] = [this.#d, this.#up, this.#down, this.#rows];
    const h = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const [s, t] = [above[i]! - d[i]!, below[i]! + d[i]!];
      h[i] = weights[i]! * (missing[i]! - (mu - crossUp[i]!) / s + up[i]! + (mu - crossDown[i]!) / t - down[i]!);
    }
    const right = (await this.#transposed(h)).map((value, j) => value - infeasible[j]!);
    const u = solve(right);
    const along = await this.#scores(u);
    const move: Direction = { u, d: h, up: new Float64Array(rows), down: new Float64Array(rows) };
    for (let i = 0; i < rows; i++) {
      const step = h[i]! - weights[i]! * along[i]!;
      const [s, t] = [above[i]! - d[i]!, below[i]! + d[i]!];
      move.d[i] = step;
      move.up[i] = (mu - crossUp[i]! - up[i]! * s + up[i]! * step) / s;
      move.down[i] = (mu - crossDown[i]! - down[i]! * t - down[i]! * step) / t;
    }
    return move;
  }

  /** How far both sides can go before a bound is met. */
  #lengths(move: Direction): [number, number] {
    const { above, below } = this.#program;
    let [primal, dual] = [1 / SHORT, 1 / SHORT];
    for (let i = 0; i < this.#rows; i++) {
      const step = move.d[i]!;
      if (step > 0) dual = Math.min(dual, (above[i]! - this.#d[i]!) / step);
      else if (step < 0) dual = Math.min(dual, (below[i]! + this.#d[i]!) / -step);
      if (move.up[i]! < 0) primal = Math.min(primal, this.#up[i]! / -move.up[i]!);
      if (move.down[i]! < 0) primal = Math.min(primal, this.#down[i]! / -move.down[i]!);
    }
    return [primal, dual];
  }

  async solution(iterations: number): Promise<LinearSolution> {
    const objective = await this.objectiveOf(this.#u);
    const { target } = this.#program;
    let bound = 0;
    for (let i = 0; i < target.length; i++) bound += target[i]! * this.#d[i]!;
    // The dual's equations hold to rounding only; what they miss, the coefficients turn into cost.
    const missed = await this.#transposed(this.#d);
    for (let j = 0; j < missed.length; j++) bound -= Math.abs(missed[j]! * this.#u[j]!);
    const gap = objective > 0 ? Math.abs(objective - bound) / objective : 0;
    return { coefficients: this.#u.slice(), objective, gap, iterations };
  }

  async objectiveOf(u: Float64Array): Promise<number> {
    const { above, below } = this.#program;
    const rest = await this.#residuals(u);
    let sum = 0;
    for (let i = 0; i < this.#rows; i++) sum += rest[i]! > 0 ? above[i]! * rest[i]! : -below[i]! * rest[i]!;
    return sum;
  }

  /**
   * The corner of the solutions: as many rows as there are coefficients are met exactly, those whose duals lie furthest
   * within their bounds. Undefined where they do not determine it.
   */
  async vertex(): Promise<Float64Array | undefined> {
    const { above, below, target, penalized, products, fitIntercept } = this.#program;
    const size = this.#count + (fitIntercept ? 1 : 0);
    const rank = new Float64Array(this.#rows);
    for (let i = 0; i < this.#rows; i++) {
      const inside = Math.min(above[i]! - this.#d[i]!, below[i]! + this.#d[i]!) / (above[i]! + below[i]!);
      rank[i] = (this.#up[i]! + this.#down[i]!) / Math.max(inside, 1e-300);
    }
    const order = smallest(rank, 8 * size + 32);
    const { values, rowCount } = products.design;
    const lineOf = (row: number) =>
      Float64Array.from({ length: size + 1 }, (_, j) => {
        if (row >= rowCount) return penalized[row - rowCount] === j && j < this.#count ? 1 : 0;
        if (j === size) return target[row]!;
        return j === this.#count ? 1 : values[j * rowCount + row]!;
      });
    const { lines, pivots, rows } = eliminate(order, lineOf, size);
    if (lines.length < size) return undefined;
    const u = new Float64Array(this.#count + 1);
    lines.forEach((line, k) => {
      u[pivots[k]!] = line[size]!;
    });
    // Coefficients whose own row is met are 0, not nearly so.
    for (const row of rows) if (row >= rowCount) u[penalized[row - rowCount]!] = 0;
    return u;
  }

  async #residuals(u: Float64Array): Promise<Float64Array> {
    const scores = await this.#scores(u);
    return this.#program.target.map((value, i) => value - scores[i]!);
  }

  async #scores(u: Float64Array): Promise<Float64Array> {
    const { products, penalized } = this.#program;
    const out = new Float64Array(this.#rows);
    const { rowCount } = products.design;
    out.set(await products.scores(u, this.#signal));
    penalized.forEach((j, k) => {
      out[rowCount + k] = u[j]!;
    });
    return out;
  }

  async #transposed(v: Float64Array): Promise<Float64Array> {
    const { products, penalized, fitIntercept } = this.#program;
    const { rowCount } = products.design;
    const sums = await products.transposed(v.subarray(0, rowCount), this.#signal);
    penalized.forEach((j, k) => {
      sums[j]! += v[rowCount + k]!;
    });
    if (!fitIntercept) sums[this.#count] = 0;
    return sums;
  }

  /** Solves xᵀ·diag(weights)·x·u = right; directions of no weight stay 0. */
  async #factor(weights: Float64Array): Promise<(right: Float64Array) => Float64Array> {
    const { products, penalized, fitIntercept } = this.#program;
    const size = this.#count + 1;
    const { rowCount, engine } = products.design;
    const gram = await products.gram(weights.subarray(0, rowCount), this.#signal);
    penalized.forEach((j, k) => {
      gram[j * size + j]! += weights[rowCount + k]!;
    });
    if (!fitIntercept) for (let j = 0; j < size; j++) gram[j * size + this.#count] = gram[this.#count * size + j] = 0;
    for (let i = 0; i < size; i++) if (!(gram[i * size + i]! > 0)) gram[i * size + i] = 1;
    for (let raised = 0; raised < 1; raised = Math.max(1e-13, 10 * raised)) {
      const matrix = gram.slice();
      for (let i = 0; i < size; i++) matrix[i * size + i]! *= 1 + raised;
      const factor = await cholesky(engine, matrix, size, { tolerance: 1e-15, signal: this.#signal });
      if (factor) return (right) => choleskySolve(factor, right);
    }
    return (right) => right.map(() => 0);
  }
}

interface Direction {
  readonly u: Float64Array;
  readonly d: Float64Array;
  readonly up: Float64Array;
  readonly down: Float64Array;
}

/** The indices of the `count` smallest numbers, ascending. */
function smallest(numbers: Float64Array, count: number): number[] {
  const wanted = Math.min(count, numbers.length);
  const limit = numbers.slice().sort()[wanted - 1]!;
  const chosen: number[] = [];
  numbers.forEach((value, index) => {
    if (value <= limit) chosen.push(index);
  });
  return chosen.sort((a, b) => numbers[a]! - numbers[b]! || a - b).slice(0, wanted);
}

interface Elimination {
  readonly lines: Float64Array[];
  readonly pivots: number[];
  readonly rows: number[];
}

/** Gauss and Jordan: takes the rows in order, those that say something new. */
function eliminate(order: readonly number[], lineOf: (row: number) => Float64Array, size: number): Elimination {
  const found: Elimination = { lines: [], pivots: [], rows: [] };
  for (const row of order) {
    if (found.lines.length === size) break;
    const line = lineOf(row);
    const before = Math.max(...line.subarray(0, size).map(Math.abs));
    found.lines.forEach((other, k) => subtract(line, other, line[found.pivots[k]!]!));
    let pivot = 0;
    for (let j = 1; j < size; j++) if (Math.abs(line[j]!) > Math.abs(line[pivot]!)) pivot = j;
    if (!(Math.abs(line[pivot]!) > 1e-9 * before)) continue;
    const by = line[pivot]!;
    for (let j = 0; j <= size; j++) line[j]! /= by;
    for (const other of found.lines) subtract(other, line, other[pivot]!);
    found.lines.push(line);
    found.pivots.push(pivot);
    found.rows.push(row);
  }
  return found;
}

function subtract(from: Float64Array, line: Float64Array, factor: number): void {
  if (factor === 0) return;
  for (let j = 0; j < from.length; j++) from[j]! -= factor * line[j]!;
}
