import type { Scope } from '../engine/arena.js';
import type { Engine, Task } from '../engine/engine.js';

/** How parameters move against a gradient. Unset numbers have the defaults that the papers and libraries agree on. */
export type OptimizerMethod =
  /** Momentum 0.9, of Nesterov's kind where `nesterov`. */
  | { readonly method: 'sgd'; readonly momentum?: number; readonly nesterov?: boolean }
  /** With `weightDecay`: AdamW. */
  | {
      readonly method: 'adam';
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
      readonly weightDecay?: number;
    }
  | { readonly method: 'adagrad'; readonly epsilon?: number }
  | { readonly method: 'rmsprop'; readonly rho?: number; readonly epsilon?: number };

export interface OptimizerOptions {
  readonly dtype: 'f32' | 'f64';
  /** Parameters. */
  readonly length: number;
  /** The first so many parameters feel `decay` and `weightDecay`; default: all. Biases are put behind them. */
  readonly decayed?: number;
}

/** One step, besides parameters and gradient. */
export interface StepOptions {
  readonly rate: number;
  /** L2 penalty, added to the gradient times the parameter; default 0. */
  readonly decay?: number;
  /** Factor of the gradient: 1 over the batch, or what clipping by norm asks for; default 1. */
  readonly gradientScale?: number;
  /** Clipping by value, after the scale; default none. */
  readonly gradientLimit?: number;
}

/** What an optimiser remembers, as plain data: with it and the parameters a run goes on as if it had never stopped. */
export interface OptimizerState {
  readonly steps: number;
  /** Powers of Adam's betas. */
  readonly powers: readonly [number, number];
  readonly arrays: readonly (Float32Array | Float64Array)[];
}

/** Elements a task: what threads share out. Elements do not meet, so the bits do not depend on it. */
const TASK_ELEMENTS = 32_768;

const BYTES = { f32: 4, f64: 8 } as const;

/** Arrays that a method remembers, each as long as the parameters. */
function stateCount(options: OptimizerMethod): number {
  if (options.method === 'adam') return 2;
  return options.method === 'sgd' && (options.momentum ?? 0.9) === 0 ? 0 : 1;
}

/**
 * An optimiser over buffers in the engine's memory: parameters, gradient and state are gone over once a step
 * (src/kernels/optimizers.ts).
 */
export class Optimizer implements Disposable {
  readonly #engine: Engine;
  readonly #method: OptimizerMethod;
  readonly #options: OptimizerOptions;
  readonly #scope: Scope;
  readonly #state: (Float32Array | Float64Array)[] = [];
  #steps = 0;
  #powers: [number, number] = [1, 1];

  constructor(engine: Engine, method: OptimizerMethod, options: OptimizerOptions) {
    this.#engine = engine;
    this.#method = method;
    this.#options = options;
    this.#scope = engine.arena.scope();
    for (let i = 0; i < stateCount(method); i++) this.#state.push(this.#scope.zeros(options.dtype, options.length));
  }

  /**
   * Moves `parameters` a step against `gradient`: arrays of the options' dtype and length in the engine's memory.
   * Returns undefined where that is done at once.
   */
  step(
    parameters: Float32Array | Float64Array,
    gradient: Float32Array | Float64Array,
    options: StepOptions,
    signal?: AbortSignal,
  ): Promise<unknown> | undefined {
    this.#steps++;
    if (this.#method.method === 'adam') {
      this.#powers[0] *= this.#method.beta1 ?? 0.9;
      this.#powers[1] *= this.#method.beta2 ?? 0.999;
    }
    const { length, decayed = length } = this.#options;
    const tasks: Task[] = [];
    for (const [begin, end, feels] of [
      [0, decayed, true],
      [decayed, length, false],
    ] as const) {
      for (let start = begin; start < end; start += TASK_ELEMENTS) {
        const count = Math.min(TASK_ELEMENTS, end - start);
        tasks.push(this.#task(parameters.byteOffset, gradient.byteOffset, start, count, options, feels));
      }
    }
    return this.#engine.runNow(tasks, signal);
  }

  /** A copy of what is remembered. */
  save(): OptimizerState {
    return { steps: this.#steps, powers: [...this.#powers], arrays: this.#state.map((array) => array.slice()) };
  }

  /** Takes up what `save` of an optimiser with the same method and length gave. */
  restore({ steps, powers, arrays }: OptimizerState): void {
    this.#steps = steps;
    this.#powers = [powers[0], powers[1]];
    this.#state.forEach((array, i) => {
      array.set(arrays[i]!);
    });
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  #task(
    parameters: number,
    gradient: number,
    start: number,
    count: number,
    { rate, decay = 0, gradientScale = 1, gradientLimit = Number.POSITIVE_INFINITY }: StepOptions,
    feels: boolean,
  ): Task {
    const { dtype } = this.#options;
    const at = start * BYTES[dtype];
    const buffers = [parameters + at, gradient + at, ...this.#state.map((array) => array.byteOffset + at)];
    const common = [gradientScale, gradientLimit, feels ? decay : 0, count];
    const own = this.#method;
    switch (own.method) {
      case 'sgd': {
        const velocity = this.#state.length === 0 ? [0] : [];
        const scalars = [rate, own.momentum ?? 0.9, own.nesterov ? 1 : 0];
        return { kernel: `update_sgd_${dtype}`, values: [...buffers, ...velocity, ...scalars, ...common] };
      }
      case 'adam': {
        const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = own;
        const [first, second] = this.#powers;
        const scalars = [rate / (1 - first), beta1, beta2, epsilon, 1 / Math.sqrt(1 - second)];
        const shrink = feels ? 1 - rate * weightDecay : 1;
        return { kernel: `update_adam_${dtype}`, values: [...buffers, ...scalars, shrink, ...common] };
      }
      case 'adagrad':
        return { kernel: `update_adagrad_${dtype}`, values: [...buffers, rate, own.epsilon ?? 1e-10, ...common] };
      case 'rmsprop': {
        const scalars = [rate, own.rho ?? 0.99, own.epsilon ?? 1e-8];
        return { kernel: `update_rmsprop_${dtype}`, values: [...buffers, ...scalars, ...common] };
      }
    }
  }
}

/** What the gradient is multiplied by, so that its L2 norm is `limit` at most (Pascanu, Mikolov and Bengio, 2013). */
export function clipFactor(norm: number, limit: number): number {
  return norm > limit ? limit / norm : 1;
}
