import { type Activation, activations } from '../../kernels/activations.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { MatrixProduct, type ProductUpdate } from '../matrix-product.js';
import { randomKey } from '../random.js';

/** A dense layer: outputs = activation(inputs·weights + bias), between them batch normalisation where wanted. */
export interface LayerPlan {
  readonly inputs: number;
  readonly units: number;
  readonly activation: Activation;
  /** Batch normalisation of the weighted sums; the bias is then its shift. */
  readonly normalized: boolean;
  /** Share of the outputs that training drops. */
  readonly dropout: number;
}

export type NetworkLoss = 'softmax' | 'logistic' | 'squared';

/** Rows to learn from or to be judged by, in the engine's memory. */
export interface NetworkBatch {
  /** rows × inputs, row-major. */
  readonly input: Float32Array;
  /** A class index or a value a row. */
  readonly target: Float32Array;
  readonly weights?: Float32Array;
  readonly rows: number;
}

/** Share of the running mean and variance that stays at each batch. */
const RUNNING_KEPT = 0.9;
export const NORM_EPSILON = 1e-5;
const FLOAT_BYTES = 4;
/** Elements a task of a sum of squares. */
const SQUARES = 32_768;

/** The places of one layer. */
interface Layer {
  readonly plan: LayerPlan;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly gamma: Float32Array;
  readonly weightGradient: Float32Array;
  readonly biasGradient: Float32Array;
  readonly gammaGradient: Float32Array;
  readonly runningMean: Float32Array;
  readonly runningVariance: Float32Array;
  readonly sums: Float32Array;
  readonly outputs: Float32Array;
  /** What the next layer learns from: the outputs, or those that were not dropped. */
  readonly fed: Float32Array;
  readonly delta: Float32Array;
  readonly unit: Float32Array;
  readonly inverse: Float32Array;
}

/** The products of one layer for one number of rows. */
interface LayerProducts {
  readonly forward: MatrixProduct;
  readonly weightGradient: MatrixProduct;
  readonly biasGradient: MatrixProduct;
  readonly inputGradient: MatrixProduct | undefined;
}

/**
 * A network of dense layers in the engine's memory, f32: forward, loss and backward over batches, on all threads. The
 * order of every sum is that of the kernels (matrix-product.ts, network.ts), so the bits depend on the batch alone.
 *
 * `parameters`: the weights of all layers (inputs × units, row-major), then each layer's bias and, where it is normalised,
 * its gamma; `gradient` is laid out alike; `running` has a mean and a variance for each normalised unit.
 */
export class Network implements Disposable {
  readonly engine: Engine;
  readonly plans: readonly LayerPlan[];
  readonly parameters: Float32Array;
  readonly gradient: Float32Array;
  readonly running: Float32Array;
  /** Weights, which stand before everything else. */
  readonly weightCount: number;
  readonly #loss: NetworkLoss;
  readonly #scope: Scope;
  readonly #products = new Map<number, readonly LayerProducts[]>();
  readonly #layers: readonly Layer[];
  readonly #ones: Float32Array;
  readonly #losses: Float64Array;
  readonly #parts: Float64Array;
  readonly #words: Uint32Array;
  readonly #sums: Float64Array;

  /** @param mostRows rows of a batch at most */
  constructor(engine: Engine, plans: readonly LayerPlan[], loss: NetworkLoss, mostRows: number) {
    this.engine = engine;
    this.plans = plans;
    this.#loss = loss;
    this.#scope = engine.arena.scope();
    const widest = Math.max(...plans.map(({ units }) => units));
    this.weightCount = plans.reduce((sum, { inputs, units }) => sum + inputs * units, 0);
    const rest = plans.reduce((sum, { units, normalized }) => sum + (normalized ? 2 : 1) * units, 0);
    const normalized = plans.reduce((sum, plan) => sum + (plan.normalized ? plan.units : 0), 0);
    this.parameters = this.#scope.zeros('f32', this.weightCount + rest);
    this.gradient = this.#scope.zeros('f32', this.weightCount + rest);
    this.running = this.#scope.zeros('f32', 2 * normalized);
    this.#ones = this.#scope.allocate('f32', mostRows).fill(1);
    this.#losses = this.#scope.allocate('f64', mostRows);
    this.#parts = this.#scope.allocate('f64', widest + 8);
    this.#sums = this.#scope.allocate('f64', 2 * widest);
    this.#words = this.#scope.allocate('u32', 64);
    this.#layers = this.#place(mostRows);
  }

  /** The weights of a layer, inputs × units, row-major. */
  weights(layer: number): Float32Array {
    return this.#layers[layer]!.weights;
  }

  bias(layer: number): Float32Array {
    return this.#layers[layer]!.bias;
  }

  /** Of a normalised layer: factors, running mean and running variance. */
  normalization(layer: number): { gamma: Float32Array; mean: Float32Array; variance: Float32Array } {
    const { gamma, runningMean, runningVariance } = this.#layers[layer]!;
    return { gamma, mean: runningMean, variance: runningVariance };
  }

  /**
   * The loss of a batch, summed over its rows (weighted), and the gradient of `scale` times that loss.
   * @param step keys the random numbers of dropout; undefined: nothing is dropped
   * @param add adds to the gradient that is there
   */
  async learn(
    batch: NetworkBatch,
    scale: number,
    options: { seed?: number; step?: number; add?: boolean; signal?: AbortSignal } = {},
  ): Promise<number> {
    const { seed = 0, step, add = false, signal } = options;
    const { rows } = batch;
    const products = this.#productsOf(rows);
    for (let l = 0; l < this.#layers.length; l++) {
      const { plan, weights, sums, fed, outputs } = this.#layers[l]!;
      const input = l === 0 ? batch.input : this.#layers[l - 1]!.fed;
      const wait = this.engine.runNow(products[l]!.forward.tasks(input, weights, sums), signal);
      if (wait) await wait;
      if (plan.normalized) this.engine.runHere([this.#normalize(l, rows)]);
      this.engine.runHere([this.#activate(l, rows)]);
      if (plan.dropout === 0) continue;
      fed.set(outputs.subarray(0, rows * plan.units));
      this.engine.runHere(this.#drop(l, rows, seed, step, fed));
    }
    const [loss] = await this.engine.run([this.#lossTask(batch, scale)], signal);
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      if (l < this.#layers.length - 1) {
        const { delta } = this.#layers[l]!;
        this.engine.runHere([...this.#drop(l, rows, seed, step, delta), this.#deactivate(l, rows)]);
      }
      const wait = this.engine.runNow(this.#backward(l, products[l]!, batch, add ? 'add' : 'set'), signal);
      if (wait) await wait;
    }
    return loss!;
  }

  /** The summed loss of rows as the fitted network sees them: nothing is dropped, running figures normalise. */
  async judge(batch: NetworkBatch, signal?: AbortSignal): Promise<number> {
    const products = this.#productsOf(batch.rows);
    for (let l = 0; l < this.#layers.length; l++) {
      const { plan, weights, sums } = this.#layers[l]!;
      const input = l === 0 ? batch.input : this.#layers[l - 1]!.outputs;
      const wait = this.engine.runNow(products[l]!.forward.tasks(input, weights, sums), signal);
      if (wait) await wait;
      if (plan.normalized) this.#applyRunning(l, batch.rows);
      this.engine.runHere([this.#activate(l, batch.rows)]);
    }
    const [loss] = await this.engine.run([this.#lossTask(batch, 0)], signal);
    return loss!;
  }

  /** Σ value² of the first `count` parameters or derivatives. */
  sumOfSquares(values: Float32Array, count = values.length): number {
    let sum = 0;
    for (let start = 0; start < count; start += SQUARES) {
      const at = values.byteOffset + FLOAT_BYTES * start;
      sum += this.engine.kernels.sum_of_squares_f32(at, this.#losses.byteOffset, Math.min(SQUARES, count - start));
    }
    return sum;
  }

  [Symbol.dispose](): void {
    for (const layers of this.#products.values()) {
      for (const products of layers) for (const product of Object.values(products)) product?.[Symbol.dispose]();
    }
    this.#scope[Symbol.dispose]();
  }

  #place(mostRows: number): Layer[] {
    let [weightsAt, restAt, runningAt] = [0, this.weightCount, 0];
    const none = new Float32Array(0);
    return this.plans.map((plan): Layer => {
      const { inputs, units, normalized } = plan;
      const matrix = () => this.#scope.allocate('f32', mostRows * units);
      const [weights, bias, gamma] = [weightsAt, restAt, restAt + units];
      weightsAt += inputs * units;
      restAt += (normalized ? 2 : 1) * units;
      const mean = runningAt;
      if (normalized) runningAt += 2 * units;
      const part = (from: Float32Array, at: number, length: number) => from.subarray(at, at + length);
      const [outputs, wide] = [matrix(), normalized ? units : 0];
      return {
        plan,
        weights: part(this.parameters, weights, inputs * units),
        bias: part(this.parameters, bias, units),
        gamma: part(this.parameters, gamma, wide),
        weightGradient: part(this.gradient, weights, inputs * units),
        biasGradient: part(this.gradient, bias, units),
        gammaGradient: part(this.gradient, gamma, wide),
        runningMean: part(this.running, mean, wide),
        runningVariance: part(this.running, mean + wide, wide),
        sums: matrix(),
        outputs,
        fed: plan.dropout > 0 ? matrix() : outputs,
        // The loss turns the last layer's outputs into its derivatives, in place.
        delta: weightsAt === this.weightCount ? outputs : matrix(),
        unit: normalized ? matrix() : none,
        inverse: normalized ? this.#scope.allocate('f32', units) : none,
      };
    });
  }

  #productsOf(rows: number): readonly LayerProducts[] {
    const known = this.#products.get(rows);
    if (known) return known;
    const product = (shape: ConstructorParameters<typeof MatrixProduct>[2]) =>
      new MatrixProduct(this.engine, 'f32', shape);
    const made = this.plans.map(({ inputs, units }, l) => ({
      forward: product({ rows, columns: units, depth: inputs }),
      weightGradient: product({ rows: inputs, columns: units, depth: rows, form: 'left' }),
      biasGradient: product({ rows: 1, columns: units, depth: rows }),
      inputGradient: l === 0 ? undefined : product({ rows, columns: inputs, depth: units, form: 'right' }),
    }));
    this.#products.set(rows, made);
    return made;
  }

  #activate(layer: number, rows: number): Task {
    const { plan, sums, bias, outputs } = this.#layers[layer]!;
    const code = activations.indexOf(plan.activation);
    const values = [sums.byteOffset, bias.byteOffset, outputs.byteOffset, code, rows, plan.units];
    return { kernel: 'layer_forward_f32', values };
  }

  #deactivate(layer: number, rows: number): Task {
    const { plan, sums, outputs, delta } = this.#layers[layer]!;
    const code = activations.indexOf(plan.activation);
    const values = [sums.byteOffset, outputs.byteOffset, delta.byteOffset, code, rows, plan.units];
    return { kernel: 'layer_backward_f32', values };
  }

  #drop(layer: number, rows: number, seed: number, step: number | undefined, values: Float32Array): Task[] {
    const { plan } = this.#layers[layer]!;
    if (plan.dropout === 0 || step === undefined) return [];
    const { keyLow, keyHigh } = randomKey(seed, 'dropout', layer, step);
    const bound = Math.round(plan.dropout * 2 ** 32);
    const numbers = [keyLow, keyHigh, 0, bound, 1 / (1 - plan.dropout), rows * plan.units];
    return [{ kernel: 'dropout_f32', values: [values.byteOffset, this.#words.byteOffset, ...numbers] }];
  }

  #normalize(layer: number, rows: number): Task {
    const { plan, sums, unit, gamma, inverse, runningMean, runningVariance } = this.#layers[layer]!;
    const buffers = [sums, unit, gamma, inverse, runningMean, runningVariance, this.#sums];
    const numbers = [RUNNING_KEPT, NORM_EPSILON, rows, plan.units];
    return { kernel: 'batch_norm_forward_f32', values: [...buffers.map((buffer) => buffer.byteOffset), ...numbers] };
  }

  #applyRunning(layer: number, rows: number): void {
    const { plan, sums, gamma, runningMean, runningVariance } = this.#layers[layer]!;
    for (let j = 0; j < plan.units; j++) {
      const factor = gamma[j]! / Math.sqrt(runningVariance[j]! + NORM_EPSILON);
      const shift = runningMean[j]!;
      for (let row = 0; row < rows; row++) {
        sums[row * plan.units + j] = (sums[row * plan.units + j]! - shift) * factor;
      }
    }
  }

  #lossTask({ target, weights, rows }: NetworkBatch, scale: number): Task {
    const { outputs, plan } = this.#layers.at(-1)!;
    const buffers = [outputs.byteOffset, target.byteOffset, weights?.byteOffset ?? 0, this.#losses.byteOffset];
    if (this.#loss === 'logistic') return { kernel: 'logistic_loss_f32', values: [...buffers, scale, rows] };
    if (this.#loss === 'squared') return { kernel: 'squared_loss_f32', values: [...buffers, scale, rows] };
    return { kernel: 'softmax_loss_f32', values: [...buffers, this.#parts.byteOffset, scale, rows, plan.units] };
  }

  /** The derivatives by a layer's parameters and inputs, from those by its sums: calls that do not meet. */
  #backward(layer: number, products: LayerProducts, batch: NetworkBatch, update: ProductUpdate): Task[] {
    const { plan, delta, weights, weightGradient, biasGradient } = this.#layers[layer]!;
    const bias = products.biasGradient.tasks(this.#ones, delta, biasGradient, update);
    if (plan.normalized) {
      this.engine.runHere([...bias, this.#denormalize(layer, batch.rows)]);
      bias.length = 0;
    }
    const input = layer === 0 ? batch.input : this.#layers[layer - 1]!.fed;
    const own = products.weightGradient.tasks(input, delta, weightGradient, update);
    const before = products.inputGradient?.tasks(delta, weights, this.#layers[layer - 1]!.delta) ?? [];
    return [...own, ...before, ...bias];
  }

  #denormalize(layer: number, rows: number): Task {
    const { plan, delta, unit, gamma, inverse, gammaGradient } = this.#layers[layer]!;
    const buffers = [delta, unit, gamma, inverse, gammaGradient, this.#sums];
    return {
      kernel: 'batch_norm_backward_f32',
      values: [...buffers.map((buffer) => buffer.byteOffset), rows, plan.units],
    };
  }
}
