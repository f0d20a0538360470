import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { Factorization } from '../../engine/recommendation/factors.js';
import { PairwiseRanking } from '../../engine/recommendation/pairwise-ranking.js';
import { similarRows } from '../../engine/recommendation/sparse-neighbors.js';
import { type SparseRows, transposeRows } from '../../engine/sparse-matrix.js';
import { turnEventLoop } from '../../engine/turn.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters, type ParameterDeclarations, type ParameterValue } from '../../parameters.js';
import type { HistoryPoint, Training } from '../../table/interfaces.js';
import type { Recommender, RecommenderFitOptions } from '../../table/recommendation.js';
import { Deadline } from '../../training/deadline.js';
import { verdictOf } from '../../training/verdict.js';
import { confidenceOf, fitBaseline, residuals } from './baseline.js';
import { type Interactions, readInteractions } from './interactions.js';
import { confidencesOf, FittedRecommender, noBaseline, ratingsOf, solveOptions } from './model.js';
import {
  type AlsParameters,
  alsParameters,
  type BprParameters,
  bprParameters,
  type ImplicitAlsParameters,
  implicitAlsParameters,
  itemKnnParameters,
  type NeighborhoodParameters,
  type PopularityParameters,
  popularityParameters,
  userKnnParameters,
} from './parameters.js';
import type { Scoring } from './state.js';

/** What all of them are: a name, checked parameters, and a fit of what was read. */
abstract class InteractionModel<P extends Readonly<Record<string, ParameterValue>>> implements Recommender {
  readonly task = 'recommendation';
  abstract readonly name: string;
  abstract readonly declarations: ParameterDeclarations;
  readonly parameters: P;

  constructor(parameters: P) {
    this.parameters = parameters;
  }

  abstract with(parameters: Readonly<Record<string, ParameterValue>>): Recommender;
  abstract fit(table: Table, options?: RecommenderFitOptions): Promise<FittedRecommender>;

  protected async read(
    table: Table,
    options: RecommenderFitOptions,
    feedback: 'explicit' | 'implicit' | undefined,
  ): Promise<Interactions> {
    throwIfCancelled(options.signal);
    const positiveFrom = (this.parameters['positiveFrom'] ?? null) as number | null;
    const interactions = await readInteractions(table, { ...options, positiveFrom, ...(feedback && { feedback }) });
    if (interactions.feedback === 'explicit' && interactions.columns.weight !== undefined) {
      throw new LanewiseError('unsupported', `A model of ratings (${this.name}) does not take weights`, {
        hint: 'Leave weight out, or take a model of implicit feedback.',
      });
    }
    await turnEventLoop();
    throwIfCancelled(options.signal);
    return interactions;
  }

  protected fitted(
    { columns, feedback, users, items, rows, facts }: Interactions,
    baseline: FittedRecommender['state']['baseline'],
    scoring: Scoring,
    training: Training,
  ): FittedRecommender {
    const scale = feedback === 'explicit' ? { scale: rangeOf(rows.values) } : {};
    const { name: estimator, parameters } = this;
    return new FittedRecommender({
      estimator,
      parameters,
      columns,
      feedback,
      ...scale,
      users,
      items,
      rows,
      baseline,
      scoring,
      facts,
      training,
    });
  }
}

/**
 * Ratings as mean + biases of user and item + product of two rows of factors, which are found by alternating least squares on
 * what the biases leave (Koren, Bell, Volinsky: Matrix factorization techniques, 2009; Zhou et al. 2008).
 */
export class ALS extends InteractionModel<AlsParameters> {
  readonly name = 'als';
  readonly declarations = alsParameters;

  constructor(parameters: Partial<AlsParameters> = {}) {
    super(checkParameters('ALS', alsParameters, parameters));
  }

  with(parameters: Partial<AlsParameters>): ALS {
    return new ALS({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: RecommenderFitOptions = {}): Promise<FittedRecommender> {
    const deadline = new Deadline(options.timeBudget);
    const interactions = await this.read(table, options, 'explicit');
    const { nFactors, maxIter, biasShrinkage } = this.parameters;
    const baseline = fitBaseline(interactions.rows, biasShrinkage);
    const rest = residuals(interactions.rows, baseline);
    const engine = options.engine ?? (await defaultEngine());
    using factors = new Factorization(engine, ratingsOf(rest), ratingsOf(transposeRows(rest)), nFactors);
    factors.randomize(options.seed ?? 0, this.name, 0.02);
    const solve = { ...solveOptions(this.parameters, 'explicit'), ...(options.signal && { signal: options.signal }) };
    const total = rest.values.reduce((sum, value) => sum + value * value, 0);
    const { values } = rest;
    const training = await alternate(options, maxIter, deadline, values.length, 'RMSE', async () => {
      await factors.solveItems(solve);
      await factors.solveUsers(solve);
      return Math.sqrt(Math.max(0, total + (await factors.loss(false, options.signal))) / values.length);
    });
    return this.fitted(interactions, baseline, factorScoring(factors), training);
  }
}

/**
 * Who met what, as products of two rows of factors: every pair aims at 1 where it was observed and at 0 where not, the first
 * with more confidence (Hu, Koren, Volinsky 2008), by conjugate gradients (Takács, Pilászy, Tikk 2011) or exactly.
 */
export class ImplicitALS extends InteractionModel<ImplicitAlsParameters> {
  readonly name = 'implicit-als';
  readonly declarations = implicitAlsParameters;

  constructor(parameters: Partial<ImplicitAlsParameters> = {}) {
    super(checkParameters('ImplicitALS', implicitAlsParameters, parameters));
  }

  with(parameters: Partial<ImplicitAlsParameters>): ImplicitALS {
    return new ImplicitALS({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: RecommenderFitOptions = {}): Promise<FittedRecommender> {
    const deadline = new Deadline(options.timeBudget);
    const interactions = await this.read(table, options, 'implicit');
    const { nFactors, maxIter, alpha, confidence, solver, cgSteps } = this.parameters;
    const { rows } = interactions;
    const counted = { ...rows, values: rows.values.map((weight) => confidenceOf(weight, confidence)) };
    const engine = options.engine ?? (await defaultEngine());
    const observed = confidencesOf(counted, alpha);
    using factors = new Factorization(engine, observed, confidencesOf(transposeRows(counted), alpha), nFactors);
    factors.randomize(options.seed ?? 0, this.name, 0.01);
    const solve = {
      ...solveOptions(this.parameters, 'implicit'),
      ...(solver === 'cholesky' ? {} : { steps: cgSteps }),
      ...(options.signal && { signal: options.signal }),
    };
    const total = observed.targets.reduce((sum, target) => sum + target, 0);
    const pairs = rows.rowCount * rows.columnCount;
    const training = await alternate(
      options,
      maxIter,
      deadline,
      rows.values.length,
      'weighted squared error a pair',
      async () => {
        await factors.solveItems(solve);
        await factors.solveUsers(solve);
        return Math.max(0, total + (await factors.loss(true, options.signal))) / pairs;
      },
    );
    return this.fitted(interactions, noBaseline(rows.rowCount, rows.columnCount), factorScoring(factors), training);
  }
}

/**
 * Bayesian personalised ranking (Rendle et al. 2009): what a user met is to score higher than what they did not. Weights do not
 * matter, only who met what.
 */
export class BPR extends InteractionModel<BprParameters> {
  readonly name = 'bpr';
  readonly declarations = bprParameters;

  constructor(parameters: Partial<BprParameters> = {}) {
    super(checkParameters('BPR', bprParameters, parameters));
  }

  with(parameters: Partial<BprParameters>): BPR {
    return new BPR({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: RecommenderFitOptions = {}): Promise<FittedRecommender> {
    const deadline = new Deadline(options.timeBudget);
    const interactions = await this.read(table, options, 'implicit');
    const { nFactors, maxIter, learningRate, regularization } = this.parameters;
    const { rows } = interactions;
    const { seed = 0, signal } = options;
    const engine = options.engine ?? (await defaultEngine());
    using ranking = new PairwiseRanking(engine, rows, nFactors);
    ranking.randomize(seed, 0.5 / nFactors);
    const training = await alternate(
      options,
      maxIter,
      deadline,
      rows.values.length,
      'pairs in the wrong order',
      async (epoch) => {
        const { steps, right } = await ranking.epoch({
          seed,
          epoch,
          learningRate,
          regularization,
          ...(signal && { signal }),
        });
        return steps === 0 ? 0 : 1 - right / steps;
      },
    );
    const baseline = { ...noBaseline(rows.rowCount, rows.columnCount), itemBiases: ranking.itemBiases.slice() };
    return this.fitted(interactions, baseline, factorScoring(ranking), training);
  }
}

/** Items that are alike by who met them, or by how ratings depart from what is usual (Sarwar et al. 2001; Deshpande and Karypis 2004). */
export class ItemKNN extends InteractionModel<NeighborhoodParameters> {
  readonly name = 'item-knn';
  readonly declarations = itemKnnParameters;

  constructor(parameters: Partial<NeighborhoodParameters> = {}) {
    super(checkParameters('ItemKNN', itemKnnParameters, parameters));
  }

  with(parameters: Partial<NeighborhoodParameters>): ItemKNN {
    return new ItemKNN({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: RecommenderFitOptions = {}): Promise<FittedRecommender> {
    const { interactions, values, baseline } = await readNeighborhood(
      this,
      await this.read(table, options, feedbackOf(this)),
    );
    const scoring = await neighborScoring('items', transposeRows(values), this.parameters, options);
    return this.fitted(interactions, baseline, scoring, solvedDirectly(interactions));
  }
}

/** Users that are alike by what they met, or by how their ratings depart from what is usual (Herlocker et al. 1999). */
export class UserKNN extends InteractionModel<NeighborhoodParameters> {
  readonly name = 'user-knn';
  readonly declarations = userKnnParameters;

  constructor(parameters: Partial<NeighborhoodParameters> = {}) {
    super(checkParameters('UserKNN', userKnnParameters, parameters));
  }

  with(parameters: Partial<NeighborhoodParameters>): UserKNN {
    return new UserKNN({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: RecommenderFitOptions = {}): Promise<FittedRecommender> {
    const { interactions, values, baseline } = await readNeighborhood(
      this,
      await this.read(table, options, feedbackOf(this)),
    );
    const scoring = await neighborScoring('users', values, this.parameters, options);
    return this.fitted(interactions, baseline, scoring, solvedDirectly(interactions));
  }
}

/** What most users met, and ratings by the biases alone: what every other model has to beat. */
export class Popularity extends InteractionModel<PopularityParameters> {
  readonly name = 'popularity';
  readonly declarations = popularityParameters;

  constructor(parameters: Partial<PopularityParameters> = {}) {
    super(checkParameters('Popularity', popularityParameters, parameters));
  }

  with(parameters: Partial<PopularityParameters>): Popularity {
    return new Popularity({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: RecommenderFitOptions = {}): Promise<FittedRecommender> {
    const { positiveFrom, biasShrinkage } = this.parameters;
    const interactions = await this.read(table, options, positiveFrom === null ? undefined : 'implicit');
    const { rows, feedback } = interactions;
    const baseline =
      feedback === 'explicit' ? fitBaseline(rows, biasShrinkage) : noBaseline(rows.rowCount, rows.columnCount);
    return this.fitted(interactions, baseline, { kind: 'popularity' }, solvedDirectly(interactions));
  }
}

function feedbackOf({ parameters }: { parameters: NeighborhoodParameters }): 'explicit' | 'implicit' | undefined {
  if (parameters.feedback !== 'auto') return parameters.feedback;
  return parameters.positiveFrom === null ? undefined : 'implicit';
}

/** What likeness is made of: ratings less what is usual, or what the weights count. */
async function readNeighborhood({ parameters }: { parameters: NeighborhoodParameters }, interactions: Interactions) {
  const { rows, feedback } = interactions;
  if (feedback === 'explicit') {
    const baseline = fitBaseline(rows, parameters.biasShrinkage);
    return { interactions, baseline, values: residuals(rows, baseline) };
  }
  const values: SparseRows = {
    ...rows,
    values: rows.values.map((weight) => confidenceOf(weight, parameters.confidence)),
  };
  return { interactions, baseline: noBaseline(rows.rowCount, rows.columnCount), values };
}

async function neighborScoring(
  side: 'users' | 'items',
  rows: SparseRows,
  { k: wanted, shrinkage }: NeighborhoodParameters,
  { engine, signal, onProgress }: RecommenderFitOptions,
): Promise<Scoring> {
  const k = Math.max(1, Math.min(wanted, rows.rowCount - 1));
  const found = await similarRows(engine ?? (await defaultEngine()), rows, k, shrinkage, signal);
  onProgress?.({ what: side, done: rows.rowCount, total: rows.rowCount });
  return { kind: 'neighbors', side, k, neighbors: found.neighbors, likenesses: found.scores };
}

function factorScoring(factors: { rank: number; userFactors: Float64Array; itemFactors: Float64Array }): Scoring {
  const { rank, userFactors, itemFactors } = factors;
  return { kind: 'factors', rank, userFactors: userFactors.slice(), itemFactors: itemFactors.slice() };
}

/** Passes until there are enough or time is up; a pass returns its loss. */
async function alternate(
  { signal, onProgress }: RecommenderFitOptions,
  maxIter: number,
  deadline: Deadline,
  rows: number,
  lossName: string,
  pass: (iteration: number) => Promise<number>,
): Promise<Training> {
  const history: HistoryPoint[] = [];
  for (let iteration = 1; iteration <= maxIter && !(iteration > 1 && deadline.passed); iteration++) {
    throwIfCancelled(signal);
    const loss = await pass(iteration);
    history.push({ iteration, loss });
    onProgress?.({ what: 'iteration', done: iteration, total: maxIter, metrics: { loss } });
  }
  const iterations = history.length;
  const verdict = [
    verdictOf({ history, bestIteration: iterations }),
    ...(iterations < maxIter ? [`time budget of ${deadline.seconds} s used up`] : []),
  ].join('; ');
  return { rows, iterations, bestIteration: iterations, lossName, history, verdict };
}

function solvedDirectly({ facts }: Interactions): Training {
  return {
    rows: facts.pairs,
    iterations: 1,
    bestIteration: 1,
    lossName: 'none',
    history: [],
    verdict: verdictOf({ history: [], bestIteration: 1 }),
  };
}

function rangeOf(values: Float64Array): readonly [number, number] {
  let [low, high] = [values[0]!, values[0]!];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
