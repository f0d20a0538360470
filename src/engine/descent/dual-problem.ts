import {
  SMO_CONVERGED,
  SMO_ITERATIONS,
  SMO_ROW_MISSING,
  SMO_STALLED,
  SMO_STATE,
  SMO_STATE_LENGTH,
} from '../../kernels/support-vectors.js';
import type { Scope } from '../arena.js';
import type { Engine } from '../engine.js';
import { panelled } from '../scoring/kernel-expansion.js';
import { Breather } from '../turn.js';
import type { KernelRows } from './kernel-rows.js';

/** ½·βᵀKβ − linearᵀβ + epsilon·Σ|β|, to be made small within lower ≤ 0 ≤ upper; Σβ stays what it is at the start. */
export interface DualForm {
  readonly rows: KernelRows;
  readonly linear: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly epsilon: number;
  /** Where to start; all 0 where it is absent. */
  readonly start?: Float64Array;
}

/** All that a problem needs to go on, to the same bits. What is cached is not a part of it. */
export interface DualState {
  /** The rows of the active variables, by position. */
  readonly order: Int32Array;
  /** By row; the scores of variables that are set aside are stale. */
  readonly beta: Float64Array;
  readonly scores: Float64Array;
  /** As SMO_STATE names them. */
  readonly state: Float64Array;
}

/** A solution, by row: β, the scores linear − Kβ, and how far from optimal the worst pair is. */
export interface DualPoint {
  readonly beta: Float64Array;
  readonly scores: Float64Array;
  /** The highest score (less its shift) of a variable that can rise, and the lowest of one that can fall. */
  readonly highest: number;
  readonly lowest: number;
}

export type SmoEnd = 'converged' | 'iterations' | 'stalled';

/** Variables times iterations that one call of the kernel may take: some milliseconds. */
const SLICE_ELEMENTS = 1e6;
/** A removal pays where it takes this share of the variables. */
const WORTH_REMOVING = 0.1;

/**
 * The dual problem of a kernel machine, with its cache of kernel rows: at most so many bytes, the least recently read row
 * giving way. Variables that stay at their bounds can be set aside; their scores are then stale until `restore`.
 * What is cached changes no bit of the result.
 */
export class DualProblem implements Disposable {
  readonly #engine: Engine;
  readonly #form: DualForm;
  readonly #scope: Scope;
  readonly #stride: number;
  readonly #slotCount: number;
  // By row: of variables that are set aside, the truth.
  readonly #beta: Float64Array;
  readonly #scores: Float64Array;
  readonly #kernelDiagonal: Float64Array;
  // By position: of active variables, the truth.
  #order: Int32Array<ArrayBuffer>;
  readonly #rows: Float64Array;
  readonly #slots: Int32Array;
  readonly #stamps: Int32Array;
  readonly #vectors: Readonly<
    Record<'diagonal' | 'lower' | 'upper' | 'beta' | 'scores' | 'raise' | 'fall', Float64Array>
  >;
  readonly #state: Float64Array;
  /** By slot: the row that it holds, −1 where none, and how many positions of it. */
  readonly #held: Int32Array;
  readonly #lengths: Int32Array;
  /** By row: its slot, −1 where none. */
  readonly #slotOf: Int32Array;
  #freshSlots = 0;

  private constructor(engine: Engine, form: DualForm, cacheBytes: number) {
    const { count } = form.rows;
    this.#engine = engine;
    this.#form = form;
    this.#scope = engine.arena.scope();
    this.#stride = panelled(count);
    this.#slotCount = Math.max(2, Math.min(count, Math.floor(cacheBytes / (8 * this.#stride))));
    this.#beta = form.start?.slice() ?? new Float64Array(count);
    this.#scores = form.linear.slice();
    this.#kernelDiagonal = form.rows.diagonal();
    this.#order = Int32Array.from({ length: count }, (_, row) => row);
    this.#rows = this.#scope.allocate('f64', this.#slotCount * this.#stride);
    this.#slots = this.#scope.allocate('i32', count);
    this.#stamps = this.#scope.zeros('i32', this.#slotCount);
    this.#state = this.#scope.zeros('f64', SMO_STATE_LENGTH);
    const vector = () => this.#scope.allocate('f64', count);
    this.#vectors = {
      diagonal: vector(),
      lower: vector(),
      upper: vector(),
      beta: vector(),
      scores: vector(),
      raise: vector(),
      fall: vector(),
    };
    this.#held = new Int32Array(this.#slotCount).fill(-1);
    this.#lengths = new Int32Array(this.#slotCount);
    this.#slotOf = new Int32Array(count).fill(-1);
  }

  /** @param cacheBytes room for kernel rows; there are always two */
  static async create(
    engine: Engine,
    form: DualForm,
    cacheBytes: number,
    { resume, signal }: { resume?: DualState; signal?: AbortSignal } = {},
  ): Promise<DualProblem> {
    const problem = new DualProblem(engine, form, cacheBytes);
    try {
      if (resume) problem.#resume(resume);
      else if (form.start) {
        const { sums } = await problem.#expansions(problem.#order, signal);
        for (let row = 0; row < sums.length; row++) problem.#scores[row] = form.linear[row]! + sums[row]!;
        problem.#state[SMO_STATE.objective] = problem.#startObjective();
      }
      problem.#load(0);
      form.rows.place(problem.#order);
      return problem;
    } catch (error) {
      problem[Symbol.dispose]();
      throw error;
    }
  }

  /** The state between two calls of `advance`. */
  snapshot(): DualState {
    this.#store();
    return {
      order: this.#order.slice(),
      beta: this.#beta.slice(),
      scores: this.#scores.slice(),
      state: Float64Array.from(this.#state),
    };
  }

  #resume({ order, beta, scores, state }: DualState): void {
    this.#order = Int32Array.from(order);
    this.#beta.set(beta);
    this.#scores.set(scores);
    this.#state.set(state);
  }

  get iterations(): number {
    return this.#state[SMO_STATE.iterations]!;
  }

  /** The objective: exact up to rounding, whatever is set aside. */
  get objective(): number {
    return this.#state[SMO_STATE.objective]!;
  }

  /** The largest violation among the active variables. */
  get violation(): number {
    return this.#state[SMO_STATE.highest]! - this.#state[SMO_STATE.lowest]!;
  }

  get activeCount(): number {
    return this.#order.length;
  }

  /** Goes on until the active variables are optimal to `tolerance`, or so many iterations are done in all. */
  async advance(maxIterations: number, tolerance: number, signal?: AbortSignal): Promise<SmoEnd> {
    const breather = new Breather();
    const slice = Math.max(1, Math.floor(SLICE_ELEMENTS / this.#order.length));
    for (;;) {
      const end = this.#steps(Math.min(maxIterations, this.iterations + slice), tolerance);
      if (end === SMO_CONVERGED) return 'converged';
      if (end === SMO_STALLED) return 'stalled';
      if (end === SMO_ITERATIONS && this.iterations >= maxIterations) return 'iterations';
      if (end === SMO_ROW_MISSING) {
        const filling = this.#fetch(this.#state[SMO_STATE.missing]!);
        if (filling) await filling;
      }
      await breather.breathe(signal);
    }
  }

  #steps(maxIterations: number, tolerance: number): number {
    const { diagonal, lower, upper, beta, scores, raise, fall } = this.#vectors;
    const arrays = [
      this.#rows,
      this.#slots,
      this.#stamps,
      diagonal,
      lower,
      upper,
      beta,
      scores,
      raise,
      fall,
      this.#state,
    ];
    const shape = [this.#order.length, this.#stride, this.#slotCount, maxIterations, this.#form.epsilon, tolerance];
    const values = [...arrays.map((array) => array.byteOffset), ...shape];
    return this.#engine.kernels.smo_steps_f64(...(values as Parameters<Engine['kernels']['smo_steps_f64']>));
  }

  /** Brings the row of an active variable into the cache; `SMO_ROW_MISSING` asked for it. */
  #fetch(position: number): Promise<unknown> | undefined {
    const row = this.#order[position]!;
    let slot = this.#slotOf[row]!;
    if (slot < 0) {
      slot = this.#vacate();
      this.#held[slot] = row;
      this.#lengths[slot] = 0;
      this.#slotOf[row] = slot;
    }
    this.#stamps[slot] = this.iterations;
    this.#slots[position] = slot;
    const start = this.#lengths[slot]!;
    this.#lengths[slot] = this.#order.length;
    const out = this.#rows.subarray(slot * this.#stride, (slot + 1) * this.#stride);
    return this.#form.rows.fill(row, out, start, this.#order.length);
  }

  /** A slot that is free, or that of the least recently read row. */
  #vacate(): number {
    if (this.#freshSlots < this.#slotCount) return this.#freshSlots++;
    let oldest = 0;
    for (let slot = 1; slot < this.#slotCount; slot++) {
      if (this.#stamps[slot]! < this.#stamps[oldest]!) oldest = slot;
    }
    const row = this.#held[oldest]!;
    if (row >= 0) {
      this.#slotOf[row] = -1;
      const position = this.#order.indexOf(row);
      if (position >= 0) this.#slots[position] = -1;
    }
    return oldest;
  }

  /**
   * Sets aside the variables that are at a bound and that no violating pair would take from it, where they are many: Joachims,
   * "Making large-scale SVM learning practical", 1999. To be asked right after `advance`.
   */
  async shrink(signal?: AbortSignal): Promise<void> {
    const [highest, lowest] = [this.#state[SMO_STATE.highest]!, this.#state[SMO_STATE.lowest]!];
    const { scores, raise, fall } = this.#vectors;
    const places = numbersWhere(this.#order.length, (p) => {
      const [up, down] = [scores[p]! - raise[p]!, scores[p]! - fall[p]!];
      return !(up < lowest && down > highest);
    });
    if (this.#order.length - places.length < WORTH_REMOVING * this.#order.length) return;
    this.#store();
    const breather = new Breather();
    for (let slot = 0; slot < this.#slotCount; slot++) {
      this.#compact(slot, places);
      await breather.breathe(signal);
    }
    this.#order = places.map((position) => this.#order[position]!);
    this.#load(0);
    this.#form.rows.place(this.#order);
  }

  /** Keeps these positions of a cached row, as far as it goes. */
  #compact(slot: number, places: Int32Array): void {
    if (this.#held[slot]! < 0) return;
    const row = this.#rows.subarray(slot * this.#stride, (slot + 1) * this.#stride);
    const length = this.#lengths[slot]!;
    let count = 0;
    for (; count < places.length && places[count]! < length; count++) row[count] = row[places[count]!]!;
    this.#lengths[slot] = count;
  }

  /**
   * Brings the scores of all variables up to date and takes those back that violate optimality by more than `tolerance`.
   * Returns how many these are: 0 where the point is optimal for all.
   */
  async restore(tolerance: number, signal?: AbortSignal): Promise<number> {
    const aside = this.#aside();
    if (aside.length === 0) return 0;
    this.#store();
    const { sums } = await this.#expansions(aside, signal);
    aside.forEach((row, i) => {
      this.#scores[row] = this.#form.linear[row]! + sums[i]!;
    });
    const { highest, lowest } = this.#extremes();
    this.#state[SMO_STATE.highest] = highest;
    this.#state[SMO_STATE.lowest] = lowest;
    if (!(highest - lowest > tolerance)) return 0;
    const back = aside.filter((row) => {
      const { up, down } = this.#shifted(row);
      return up - lowest > tolerance || highest - down > tolerance;
    });
    const before = this.#order.length;
    const order = new Int32Array(before + back.length);
    order.set(this.#order);
    order.set(back, before);
    this.#order = order;
    this.#load(before);
    this.#form.rows.place(this.#order);
    return back.length;
  }

  /** The point as it stands; scores are up to date after `restore`. */
  point(): DualPoint {
    this.#store();
    return { beta: this.#beta.slice(), scores: this.#scores.slice(), ...this.#extremes() };
  }

  #aside(): Int32Array<ArrayBuffer> {
    const active = new Uint8Array(this.#form.rows.count);
    for (const row of this.#order) active[row] = 1;
    return numbersWhere(active.length, (row) => active[row] === 0);
  }

  #shifted(row: number): { up: number; down: number } {
    const { lower, upper, epsilon } = this.#form;
    const [beta, score] = [this.#beta[row]!, this.#scores[row]!];
    return {
      up: beta < upper[row]! ? score - (beta >= 0 ? epsilon : -epsilon) : Number.NEGATIVE_INFINITY,
      down: beta > lower[row]! ? score - (beta > 0 ? epsilon : -epsilon) : Number.POSITIVE_INFINITY,
    };
  }

  #extremes(): { highest: number; lowest: number } {
    let [highest, lowest] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let row = 0; row < this.#form.rows.count; row++) {
      const { up, down } = this.#shifted(row);
      if (up > highest) highest = up;
      if (down < lowest) lowest = down;
    }
    return { highest, lowest };
  }

  /** −Kβ for some rows. */
  async #expansions(rows: Int32Array, signal?: AbortSignal): Promise<{ sums: Float64Array }> {
    const supports = numbersWhere(this.#beta.length, (row) => this.#beta[row] !== 0);
    const coefficients = Float64Array.from(supports, (row) => -this.#beta[row]!);
    return { sums: await this.#form.rows.expand(rows, supports, coefficients, signal) };
  }

  #startObjective(): number {
    const { linear, epsilon } = this.#form;
    let sum = 0;
    for (let row = 0; row < linear.length; row++) {
      const beta = this.#beta[row]!;
      sum += epsilon * Math.abs(beta) - 0.5 * beta * (linear[row]! + this.#scores[row]!);
    }
    return sum;
  }

  /** From positions to rows. */
  #store(): void {
    const { beta, scores } = this.#vectors;
    this.#order.forEach((row, position) => {
      this.#beta[row] = beta[position]!;
      this.#scores[row] = scores[position]!;
    });
  }

  /** From rows to positions, from one position on; rows whose cached part is too short count as missing. */
  #load(from: number): void {
    const { diagonal, lower, upper, beta, scores } = this.#vectors;
    const count = this.#order.length;
    for (let position = from; position < count; position++) {
      const row = this.#order[position]!;
      diagonal[position] = this.#kernelDiagonal[row]!;
      lower[position] = this.#form.lower[row]!;
      upper[position] = this.#form.upper[row]!;
      beta[position] = this.#beta[row]!;
      scores[position] = this.#scores[row]!;
    }
    for (let position = 0; position < count; position++) {
      const slot = this.#slotOf[this.#order[position]!]!;
      this.#slots[position] = slot >= 0 && this.#lengths[slot] === count ? slot : -1;
    }
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
    this.#form.rows[Symbol.dispose]();
  }
}

function numbersWhere(count: number, matches: (index: number) => boolean): Int32Array<ArrayBuffer> {
  const found = new Int32Array(count);
  let length = 0;
  for (let index = 0; index < count; index++) if (matches(index)) found[length++] = index;
  return found.slice(0, length);
}
