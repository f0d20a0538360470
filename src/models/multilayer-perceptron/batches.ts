import { permutation } from '../../engine/random.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { clipFactor, Optimizer, type OptimizerMethod } from '../../training/optimizer.js';
import { constant, cosine, inverseScaling, Plateau, type Schedule, stepwise } from '../../training/schedule.js';
import { Stopping } from '../../training/stopping.js';
import type { NetworkData } from './data.js';
import type { PerceptronRegressorParameters } from './parameters.js';
import { type Curve, type Fitting, meanLoss, type NetworkState, penaltyOf, snapshot } from './state.js';

/**
 * Training in batches: an epoch goes over all rows once, in an order keyed by (seed, epoch). The state at the end of an
 * epoch is all that the next one depends on, so a run that is taken up again ends in the same bits.
 */
export class BatchTraining implements Disposable {
  readonly #fitting: Fitting;
  readonly #optimizer: Optimizer;
  readonly #schedule: Schedule;
  readonly #plateau: Plateau;
  readonly #batchRows: number;
  #epoch = 0;
  #step = 0;
  #best: NetworkState | undefined;

  constructor(fitting: Fitting) {
    const { network, parameters, training } = fitting;
    this.#fitting = fitting;
    const { weightCount, parameters: values } = network;
    const options = { dtype: 'f32', length: values.length, decayed: weightCount } as const;
    this.#optimizer = new Optimizer(network.engine, methodOf(parameters), options);
    const { learningRateInit, nIterNoChange, tol } = parameters;
    this.#plateau = new Plateau(learningRateInit, { patience: nIterNoChange, tolerance: tol });
    this.#schedule = scheduleOf(parameters, training.rows);
    this.#batchRows = Math.min(parameters.batchSize ?? 200, training.rows);
  }

  /** Goes on from a state, its optimiser's included. */
  resume(state: NetworkState): void {
    const { network } = this.#fitting;
    network.parameters.set(state.parameters);
    network.running.set(state.running);
    if (state.optimizer) this.#optimizer.restore(state.optimizer);
    this.#epoch = state.epoch;
    this.#step = state.step;
    this.#best = state.best;
  }

  /**
   * Epochs until there are maxIter, the loss no longer falls, or time is used up.
   * @param history of the epochs that the state resumed from has behind it
   */
  async run(history: Curve['history']): Promise<Curve> {
    const { parameters, validation, options, deadline, save } = this.#fitting;
    const watchesRows = parameters.earlyStopping && validation !== undefined;
    const stopping = new Stopping({ patience: parameters.nIterNoChange, tolerance: parameters.tol });
    const points = [...history];
    let outcome: ReturnType<Stopping['next']> = 'continue';
    for (const point of points) {
      this.#plateau.next(point.loss);
      outcome = stopping.next(watchesRows ? point.validationLoss! : point.loss);
    }
    let ended = outcome === 'stop' && parameters.learningRate !== 'adaptive';
    while (points.length < parameters.maxIter && !ended && !(points.length > 0 && deadline.passed)) {
      const loss = await this.#runEpoch();
      const validationLoss = validation && (await meanLoss(this.#fitting, validation));
      const point = { iteration: points.length + 1, loss, ...(validationLoss !== undefined && { validationLoss }) };
      points.push(point);
      const { iteration: done, ...metrics } = point;
      this.#plateau.next(loss);
      outcome = stopping.next(watchesRows ? validationLoss! : loss);
      if (watchesRows && outcome === 'best') this.#best = snapshot(this.#fitting.network, this.#epoch, this.#step);
      ended = parameters.learningRate === 'adaptive' && !watchesRows ? this.#plateau.spent : outcome === 'stop';
      options.onProgress?.({ what: 'epoch', done, total: parameters.maxIter, metrics });
      throwIfCancelled(options.signal);
      if (options.checkpoint?.due) await save?.(this.state(), points);
    }
    const final = this.state();
    return {
      history: points,
      converged: ended && !watchesRows,
      stoppedEarly: ended && watchesRows,
      outOfTime: points.length < parameters.maxIter && !ended,
      bestIteration: watchesRows ? stopping.bestIteration : points.length,
      final,
      kept: this.#best ?? final,
    };
  }

  state(): NetworkState {
    const best = this.#best && { best: this.#best };
    return { ...snapshot(this.#fitting.network, this.#epoch, this.#step), optimizer: this.#optimizer.save(), ...best };
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
  }

  /** The mean loss over the epoch's batches, each as it was when its turn came, with the penalty as it is at the end. */
  async #runEpoch(): Promise<number> {
    const { parameters, training, seed } = this.#fitting;
    const order = parameters.shuffle
      ? permutation(seed, ['epoch', this.#epoch], training.rows)
      : Uint32Array.from({ length: training.rows }, (_, row) => row);
    const schedule = parameters.learningRate === 'adaptive' ? this.#plateau.rate : this.#schedule(this.#epoch);
    let loss = 0;
    for (let start = 0; start < training.rows; start += this.#batchRows) {
      loss += await this.#runBatch(training, order, start, schedule);
    }
    this.#epoch++;
    const mean = loss / training.weightOf() + penaltyOf(this.#fitting, this.#batchRows);
    if (Number.isFinite(mean)) return mean;
    throw this.#diverged();
  }

  async #runBatch(training: NetworkData, order: Uint32Array, start: number, rate: number): Promise<number> {
    const { network, parameters, seed, options } = this.#fitting;
    const end = Math.min(training.rows, start + this.#batchRows);
    const scale = 1 / training.weightOf(order, start, end);
    const step = this.#step++;
    const batch = await training.gather(order, start, end);
    const loss = await network.learn(batch, scale, { seed, step, signal: options.signal });
    if (!Number.isFinite(loss)) throw this.#diverged();
    const { alpha, clipNorm, clipValue, solver } = parameters;
    const gradientScale =
      clipNorm === null ? 1 : clipFactor(Math.sqrt(network.sumOfSquares(network.gradient)), clipNorm);
    const wait = this.#optimizer.step(network.parameters, network.gradient, {
      rate,
      decay: solver === 'adamw' ? 0 : alpha * scale,
      gradientScale,
      ...(clipValue !== null && { gradientLimit: clipValue }),
    });
    if (wait) await wait;
    return loss;
  }

  #diverged(): LanewiseError {
    const { learningRateInit } = this.#fitting.parameters;
    return new LanewiseError(
      'data',
      `Expected a loss that falls, for multilayer-perceptron, but it is no longer a number in epoch ${this.#epoch + 1}: training diverged`,
      {
        hint: `Lower learningRateInit (now ${learningRateInit}), clip the gradient (clipNorm 1), or bring the features onto one scale.`,
      },
    );
  }
}

function methodOf(parameters: PerceptronRegressorParameters): OptimizerMethod {
  const { solver, momentum, nesterovsMomentum, beta1, beta2, epsilon, alpha } = parameters;
  switch (solver) {
    case 'sgd':
      return { method: 'sgd', momentum, nesterov: nesterovsMomentum };
    case 'adagrad':
      return { method: 'adagrad', epsilon };
    case 'rmsprop':
      return { method: 'rmsprop', epsilon };
    default:
      return { method: 'adam', beta1, beta2, epsilon, weightDecay: solver === 'adamw' ? alpha : 0 };
  }
}

/** The rate by epoch; that of 'adaptive' follows the loss. */
function scheduleOf(parameters: PerceptronRegressorParameters, rows: number): Schedule {
  const { learningRate, learningRateInit, powerT, stepSize, maxIter } = parameters;
  if (learningRate === 'step') return stepwise(learningRateInit, stepSize);
  if (learningRate === 'cosine') return cosine(learningRateInit, maxIter);
  if (learningRate !== 'invscaling') return constant(learningRateInit);
  const bySample = inverseScaling(learningRateInit, powerT);
  return (epoch) => bySample(epoch * rows);
}
