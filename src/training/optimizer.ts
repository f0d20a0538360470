import type { Schedule } from './schedule.js';

/** Moves parameters a step against a gradient; for objectives that are seen a batch at a time. */
export interface Optimizer {
  /** Changes `parameters` in place. */
  step(parameters: Float64Array, gradient: Float64Array): void;
}

/** Stochastic gradient descent, with momentum, also Nesterov's (Sutskever et al., 2013). */
export class Sgd implements Optimizer {
  readonly #schedule: Schedule;
  readonly #momentum: number;
  readonly #nesterov: boolean;
  #velocity = new Float64Array(0);
  #steps = 0;

  constructor(schedule: Schedule, options: { momentum?: number; nesterov?: boolean } = {}) {
    this.#schedule = schedule;
    this.#momentum = options.momentum ?? 0;
    this.#nesterov = options.nesterov ?? false;
  }

  step(parameters: Float64Array, gradient: Float64Array): void {
    const rate = this.#schedule(this.#steps++);
    const [momentum, nesterov] = [this.#momentum, this.#nesterov];
    if (this.#velocity.length === 0) this.#velocity = new Float64Array(parameters.length);
    for (let i = 0; i < parameters.length; i++) {
      const velocity = momentum * this.#velocity[i]! - rate * gradient[i]!;
      this.#velocity[i] = velocity;
      parameters[i]! += nesterov ? momentum * velocity - rate * gradient[i]! : velocity;
    }
  }
}

/** Adam (Kingma and Ba, 2015). */
export class Adam implements Optimizer {
  readonly #schedule: Schedule;
  readonly #decays: readonly [number, number];
  readonly #epsilon: number;
  #mean = new Float64Array(0);
  #square = new Float64Array(0);
  #shares: [number, number] = [1, 1];
  #steps = 0;

  constructor(schedule: Schedule, options: { beta1?: number; beta2?: number; epsilon?: number } = {}) {
    this.#schedule = schedule;
    this.#decays = [options.beta1 ?? 0.9, options.beta2 ?? 0.999];
    this.#epsilon = options.epsilon ?? 1e-8;
  }

  step(parameters: Float64Array, gradient: Float64Array): void {
    const rate = this.#schedule(this.#steps++);
    const [first, second] = this.#decays;
    if (this.#mean.length === 0) {
      this.#mean = new Float64Array(parameters.length);
      this.#square = new Float64Array(parameters.length);
    }
    this.#shares = [this.#shares[0] * first, this.#shares[1] * second];
    for (let i = 0; i < parameters.length; i++) {
      const derivative = gradient[i]!;
      this.#mean[i] = first * this.#mean[i]! + (1 - first) * derivative;
      this.#square[i] = second * this.#square[i]! + (1 - second) * derivative * derivative;
      const mean = this.#mean[i]! / (1 - this.#shares[0]);
      const square = this.#square[i]! / (1 - this.#shares[1]);
      parameters[i]! -= (rate * mean) / (Math.sqrt(square) + this.#epsilon);
    }
  }
}
