import type { Engine } from '../../engine/engine.js';
import { randomKey } from '../../engine/random.js';
import { type Bag, RowSampler } from '../../engine/trees/row-sampling.js';
import type { RowStore } from '../../engine/trees/row-store.js';
import { invalid } from '../../errors.js';
import type { GradientBoostingParameters } from './parameters.js';

export type SamplingParameters = Pick<
  GradientBoostingParameters,
  'dataSampleStrategy' | 'subsample' | 'baggingFreq' | 'topRate' | 'otherRate' | 'learningRate'
>;

/** true: the trees do not all see the same rows. */
export function samplesRows({ dataSampleStrategy, subsample }: SamplingParameters): boolean {
  return dataSampleStrategy === 'goss' || subsample < 1;
}

/** @throws LanewiseError `usage` for rates of one-side sampling that are more than all rows. */
export function checkSampling({ dataSampleStrategy, topRate, otherRate }: SamplingParameters): void {
  if (dataSampleStrategy === 'goss' && topRate + otherRate > 1) {
    throw invalid('topRate + otherRate', 'at most 1', topRate + otherRate, 'They are shares of the same rows.');
  }
}

/** As in LightGBM the first rounds see all rows: before anything is learnt, gradients do not tell rows apart. */
export function seesAllRows({ dataSampleStrategy, learningRate }: SamplingParameters, iteration: number): boolean {
  return dataSampleStrategy === 'goss' && iteration <= 1 / learningRate;
}

export type DrawParameters = SamplingParameters &
  Pick<GradientBoostingParameters, 'colsampleBytree' | 'colsampleBylevel' | 'colsampleBynode'>;

/** true: trees are not all grown from the same rows and features. */
export function drawsAnew(parameters: DrawParameters): boolean {
  const { colsampleBytree, colsampleBylevel, colsampleBynode } = parameters;
  return samplesRows(parameters) || Math.min(colsampleBytree, colsampleBylevel, colsampleBynode) < 1;
}

/** The rows that each tree is grown from: all, a bag of them, or those that gradients choose. */
export class RowSampling implements Disposable {
  readonly #parameters: SamplingParameters;
  readonly #seed: number;
  readonly #all: Bag;
  readonly #sampler: RowSampler | undefined;
  #bag: { readonly index: number; readonly rows: Bag } | undefined;

  constructor(
    engine: Engine,
    store: RowStore,
    rows: { readonly training: Uint32Array; readonly validation: Uint32Array },
    parameters: SamplingParameters & { readonly seed: number },
  ) {
    checkSampling(parameters);
    this.#parameters = parameters;
    this.#seed = parameters.seed;
    this.#all = { training: rows.training, following: rows.validation };
    if (samplesRows(parameters)) this.#sampler = new RowSampler(engine, store, rows.training, rows.validation);
  }

  /** Rows for a tree (rounds count from 1). One-side sampling multiplies the gradients of the rows it draws. */
  async rowsFor(iteration: number, output: number, signal?: AbortSignal): Promise<Bag> {
    const { dataSampleStrategy, subsample, baggingFreq, topRate, otherRate } = this.#parameters;
    if (!this.#sampler) return this.#all;
    if (dataSampleStrategy === 'goss') {
      if (seesAllRows(this.#parameters, iteration)) return this.#all;
      const key = randomKey(this.#seed, 'one-side sampling', iteration, output);
      return await this.#sampler.drawOneSide(topRate, otherRate, key, signal);
    }
    const index = Math.floor((iteration - 1) / baggingFreq);
    if (this.#bag?.index !== index) {
      const rows = await this.#sampler.draw(subsample, randomKey(this.#seed, 'bagging', index), signal);
      this.#bag = { index, rows };
    }
    return this.#bag.rows;
  }

  [Symbol.dispose](): void {
    this.#sampler?.[Symbol.dispose]();
  }
}
