import type { Scope } from '../../engine/arena.js';
import type { Task } from '../../engine/engine.js';
import { randomKey } from '../../engine/random.js';
import type { RowMatrix } from '../../engine/row-matrix.js';
import { Breather } from '../../engine/turn.js';
import { sgdStateLength } from '../../kernels/stochastic-gradient.js';
import type { Schedule } from '../../training/schedule.js';

export interface SgdSettings {
  /** Its number among `sgdLosses`. */
  readonly loss: number;
  readonly parameter: number;
  readonly l1: number;
  readonly l2: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly averageFrom: number;
  readonly fitIntercept: boolean;
  readonly seed: number;
}

/** What is learnt from; targets are values, or class indices. */
export interface SgdRows {
  readonly matrix: RowMatrix;
  readonly target: Float64Array;
  readonly weights: Float64Array | undefined;
}

/** Values that a kernel call goes through: less than a millisecond. */
const CALL_VALUES = 2 ** 19;
const STEPS = 3;
const LOSSES = 4;

/** Linear functions learnt by stochastic gradient descent, one an output, all over the same rows in the same order. */
export class SgdTrainer implements Disposable {
  readonly #rows: SgdRows;
  readonly #settings: SgdSettings;
  readonly #outputs: readonly number[];
  readonly #order: Int32Array;
  readonly #visited: Uint32Array;
  readonly #rates: Float64Array;
  readonly #target: Float64Array;
  readonly #weights: Float64Array | undefined;
  readonly #updates: Float64Array[];
  readonly #chunk: number;
  readonly #scope: Scope;
  readonly states: readonly Float64Array[];
  /** Epochs made. */
  epochs = 0;

  /**
   * @param outputs the class that is 1 in each output, or −1: targets as they are
   * @param visited the rows that are learnt from
   */
  constructor(rows: SgdRows, visited: Uint32Array, outputs: readonly number[], settings: SgdSettings) {
    const { engine, width } = rows.matrix;
    const { batchSize } = settings;
    this.#rows = rows;
    this.#settings = settings;
    this.#outputs = outputs;
    this.#visited = visited;
    this.#scope = engine.arena.scope();
    const allocate = (length: number) => this.#scope.zeros('f64', length);
    this.#chunk = batchSize * Math.max(1, Math.floor(CALL_VALUES / width / batchSize));
    this.#order = this.#scope.allocate('i32', visited.length);
    this.#order.set(visited);
    this.#rates = allocate(Math.ceil(Math.min(this.#chunk, visited.length) / batchSize));
    this.#target = this.#scope.copy('f64', rows.target);
    this.#weights = rows.weights && this.#scope.copy('f64', rows.weights);
    this.states = outputs.map(() => allocate(sgdStateLength(width)));
    this.#updates = outputs.map(() => allocate(batchSize));
  }

  /** Steps made. */
  get steps(): number {
    return this.states[0]![3 * this.#rows.matrix.width + STEPS]!;
  }

  /** Numbers of all states. */
  get stateLength(): number {
    return this.#outputs.length * sgdStateLength(this.#rows.matrix.width);
  }

  save(): Float64Array {
    const all = new Float64Array(this.stateLength);
    this.states.forEach((state, k) => {
      all.set(state, k * state.length);
    });
    return all;
  }

  restore(all: Float64Array): void {
    this.states.forEach((state, k) => {
      state.set(all.subarray(k * state.length, (k + 1) * state.length));
    });
  }

  /** One pass over the rows. Returns the mean loss, each row's as it was before its step. */
  async epoch(rateOf: Schedule, signal?: AbortSignal): Promise<number> {
    if (this.#settings.shuffle) await this.#shuffle(signal);
    const before = this.steps;
    const loss = await this.#pass(this.states, (batch) => rateOf(before + batch), signal);
    this.epochs++;
    return loss;
  }

  /** The mean loss of the functions as they are (of the averages, where there are any). */
  async loss(signal?: AbortSignal): Promise<number> {
    using scope = this.#rows.matrix.engine.arena.scope();
    const states = this.states.map((state, k) => {
      const copy = scope.copy('f64', state);
      const { coefficients, intercept } = this.solution(k);
      copy.set(coefficients);
      copy[3 * coefficients.length] = intercept;
      return copy;
    });
    return await this.#pass(states, () => 0, signal);
  }

  /** Coefficients (padded) and intercept of an output: the averages, where averaging has begun. */
  solution(output: number): { coefficients: Float64Array; intercept: number } {
    const { width } = this.#rows.matrix;
    const { averageFrom } = this.#settings;
    const state = this.states[output]!;
    const averaged = averageFrom > 0 && this.steps >= averageFrom;
    const start = averaged ? width : 0;
    return { coefficients: state.slice(start, start + width), intercept: state[3 * width + (averaged ? 1 : 0)]! };
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  /** Sum of the weights of the rows that are learnt from. */
  get #total(): number {
    const { weights } = this.#rows;
    if (!weights) return this.#visited.length;
    let total = 0;
    for (const row of this.#visited) total += weights[row]!;
    return total;
  }

  async #pass(states: readonly Float64Array[], rateOf: Schedule, signal?: AbortSignal): Promise<number> {
    const { batchSize } = this.#settings;
    const { engine, width } = this.#rows.matrix;
    const losses = 3 * width + LOSSES;
    for (const state of states) state[losses] = 0;
    for (let start = 0; start < this.#order.length; start += this.#chunk) {
      const count = Math.min(this.#chunk, this.#order.length - start);
      const batches = Math.ceil(count / batchSize);
      for (let batch = 0; batch < batches; batch++) this.#rates[batch] = rateOf(start / batchSize + batch);
      const tasks = states.map((state, k) => this.#task(state, k, start, count));
      await engine.run(tasks, signal);
    }
    return states.reduce((sum, state) => sum + state[losses]!, 0) / (this.#total * states.length);
  }

  #task(state: Float64Array, k: number, start: number, count: number): Task {
    const { matrix } = this.#rows;
    const { batchSize, loss, parameter, l1, l2, averageFrom, fitIntercept } = this.#settings;
    return {
      kernel: 'sgd_steps_f64',
      values: [
        matrix.values.byteOffset,
        this.#target.byteOffset,
        this.#weights?.byteOffset ?? 0,
        this.#order.byteOffset + 4 * start,
        this.#rates.byteOffset,
        state.byteOffset,
        this.#updates[k]!.byteOffset,
        ...[matrix.width, matrix.rowCount, count, batchSize, loss, parameter, this.#outputs[k]!],
        ...[l1, l2, averageFrom, fitIntercept ? 1 : 0],
      ],
    };
  }

  /** The rows in the order of this epoch: Fisher and Yates, of words that are a function of (seed, epoch, place). */
  async #shuffle(signal?: AbortSignal): Promise<void> {
    const { engine } = this.#rows.matrix;
    const { keyLow, keyHigh } = randomKey(this.#settings.seed, 'sgd', this.epochs);
    this.#order.set(this.#visited);
    using scope = engine.arena.scope();
    const size = Math.min(65_536, this.#order.length);
    const words = scope.allocate('u32', size);
    const breather = new Breather();
    for (let end = this.#order.length; end > 1; end -= size) {
      const count = Math.min(size, end);
      engine.kernels.random_words_u32(words.byteOffset, keyLow, keyHigh, this.#order.length - end, count);
      for (let k = 0; k < count; k++) {
        const place = end - 1 - k;
        const other = Math.floor((words[k]! / 4_294_967_296) * (place + 1));
        const row = this.#order[place]!;
        this.#order[place] = this.#order[other]!;
        this.#order[other] = row;
      }
      await breather.breathe(signal);
    }
  }
}
