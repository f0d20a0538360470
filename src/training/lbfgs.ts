import { searchLine } from './line-search.js';
import {
  Descent,
  type DescentState,
  innerProduct,
  largestOf,
  type MinimizeOptions,
  type Minimum,
  type Objective,
  type Place,
} from './objective.js';

const MEMORY = 10;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

/** What L-BFGS remembers of the curvature: the last ten steps, and how the gradient changed along them. */
export class Memory {
  readonly #pairs: Pair[] = [];
  readonly #metric: ((vector: Float64Array) => Float64Array) | undefined;
  readonly #diagonal: Float64Array | undefined;

  /**
   * @param metric an approximate inverse of the Hessian, where one is known: it takes the place of a multiple of 1
   * @param diagonal an estimate of the Hessian's diagonal up to a factor: its inverse takes that place
   * @param resume whose pairs are remembered from the start
   */
  constructor(metric?: (vector: Float64Array) => Float64Array, diagonal?: Float64Array, resume?: DescentState) {
    this.#metric = metric;
    this.#diagonal = diagonal;
    if (!resume) return;
    const { pairs, point } = resume;
    const size = point.length;
    for (let at = 0; at < pairs.length; at += 2 * size) {
      const [step, change] = [pairs.slice(at, at + size), pairs.slice(at + size, at + 2 * size)];
      this.#pairs.push({ step, change, curvature: innerProduct(step, change) });
    }
  }

  /** As `DescentState.pairs`. */
  save(): Float64Array {
    const size = this.#pairs[0]?.step.length ?? 0;
    const all = new Float64Array(2 * size * this.#pairs.length);
    this.#pairs.forEach(({ step, change }, k) => {
      all.set(step, 2 * size * k);
      all.set(change, 2 * size * k + size);
    });
    return all;
  }

  get empty(): boolean {
    return this.#pairs.length === 0;
  }

  clear(): void {
    this.#pairs.length = 0;
  }

  remember(from: Place, to: Place): void {
    const step = to.point.map((value, i) => value - from.point[i]!);
    const change = to.gradient.map((value, i) => value - from.gradient[i]!);
    const curvature = innerProduct(step, change);
    if (!(curvature > 1e-16 * innerProduct(change, change))) return;
    this.#pairs.push({ step, change, curvature });
    if (this.#pairs.length > MEMORY) this.#pairs.shift();
  }

  /** Minus the inverse Hessian, as far as known, times the gradient: the two loops. */
  descentDirection(gradient: Float64Array): Float64Array {
    let direction: Float64Array = gradient.map((value) => -value);
    const shares: number[] = [];
    for (const { step, change, curvature } of this.#pairs.toReversed()) {
      const share = innerProduct(step, direction) / curvature;
      shares.push(share);
      for (let i = 0; i < direction.length; i++) direction[i]! -= share * change[i]!;
    }
    const last = this.#pairs.at(-1);
    if (this.#metric) direction = this.#metric(direction);
    else {
      const scale = last ? last.curvature / innerProduct(last.change, this.#divided(last.change)) : 1;
      direction = this.#divided(direction).map((value) => scale * value);
    }
    for (const { step, change, curvature } of this.#pairs) {
      const share = shares.pop()! - innerProduct(change, direction) / curvature;
      for (let i = 0; i < direction.length; i++) direction[i]! += share * step[i]!;
    }
    return direction;
  }

  #divided(vector: Float64Array): Float64Array {
    const diagonal = this.#diagonal;
    return diagonal ? vector.map((value, i) => value / diagonal[i]!) : vector;
  }
}

/**
 * Limited-memory BFGS: gradients alone, ten pairs remembered.
 * Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.
 */
export async function minimizeLbfgs(
  objective: Objective,
  start: Float64Array,
  options: MinimizeOptions & { metric?: ((vector: Float64Array) => Float64Array) | undefined },
): Promise<Minimum> {
  const memory = new Memory(options.metric, options.diagonal, options.resume);
  const descent = new Descent(options);
  const first = options.resume?.point ?? start;
  let current: Place = { point: first, ...(await objective.evaluate(first)) };
  while (descent.goesOn(largestOf(current.gradient))) {
    const direction = memory.descentDirection(current.gradient);
    const known = options.metric ?? options.diagonal;
    const firstStep = memory.empty && !known ? Math.min(1, 1 / largestOf(current.gradient)) : 1;
    const next = await searchLine(objective, current, direction, { firstStep });
    if (!next) {
      if (memory.empty) break;
      memory.clear(); // the remembered curvature misled: once more, from the steepest descent
      continue;
    }
    memory.remember(current, next);
    const gained = current.value - next.value;
    current = next;
    await descent.stepped(current, gained, largestOf(current.gradient), () => memory.save());
  }
  return descent.end(current, largestOf(current.gradient));
}
