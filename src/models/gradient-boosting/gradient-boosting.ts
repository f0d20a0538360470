import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { treeThreads } from '../../engine/trees/tree-threads.js';
import { BinnedRows, evenLayout } from '../../engine/trees/trees.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model, Source } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { columnToBin, type FeatureBins, findBins, findBundles } from '../binning/index.js';
import { featureColumns, inputsOf, type Target } from '../features.js';
import { makeModel } from '../model.js';
import { weighingRows } from '../rows.js';
import { seedOf } from '../seed.js';
import { outputsOf, targetFacts } from '../targets.js';
import { joined } from '../validation.js';
import { type Boosted, type BoostingData, boost } from './boosting.js';
import { constraintsOf } from './constraints.js';
import { fittedTreesOf, inputColumns, predictionsOfTables, requireSameSubject } from './continuation.js';
import type { CustomLoss } from './custom-loss.js';
import { describeTraining, importances } from './describe.js';
import { firstTrees, joinEnsembles, weighLastTrees } from './ensembles.js';
import { keyOfTable } from './fit-key.js';
import { holdOut } from './hold-out.js';
import { holdOutLists } from './lists.js';
import type { BoostingLoss } from './loss.js';
import {
  type BoostingClassifierParameters,
  type BoostingRankerParameters,
  type BoostingRegressorParameters,
  boostingClassifierParameters,
  boostingRankerParameters,
  boostingRegressorParameters,
} from './loss-parameters.js';
import { type EnsembleArrays, lowerTrees } from './lower.js';
import type { StreamOptions } from './out-of-core/fit-stream.js';
import type { GradientBoostingParameters } from './parameters.js';
import { type RefitOptions, refitTrees } from './refit.js';
import { BoostingCheckpoint, behindOf } from './resumption.js';
import { classificationSubject, rankingSubject, regressionSubject, type Subject } from './subject.js';

/** Above so many rows `earlyStopping: 'auto'` holds some out. */
export const AUTO_STOPPING_ROWS = 10_000;

/** A loss by name, or functions of one's own. */
type WithCustomLoss<P extends { readonly loss: string }> = Partial<
  Omit<P, 'loss'> & { readonly loss: P['loss'] | CustomLoss }
>;

/** The parameters, with 'custom' for a loss that is functions, and these. */
function takeCustomLoss(parameters: { readonly loss?: string | CustomLoss }): [Record<string, unknown>, CustomLoss?] {
  const { loss } = parameters;
  return typeof loss === 'object' ? [{ ...parameters, loss: 'custom' }, loss] : [{ ...parameters }];
}

/**
 * Boosted trees on histograms for numbers. Missing values and categories are taken as they are. Parameters as
 * scikit-learn's HistGradientBoostingRegressor; losses besides are its GradientBoostingRegressor's and LightGBM's.
 */
export class GradientBoostingRegressor implements Estimator {
  readonly name = 'gradient-boosting';
  readonly task = 'regression';
  readonly declarations = boostingRegressorParameters;
  readonly parameters: BoostingRegressorParameters;
  /** Where the loss is functions. */
  readonly customLoss: CustomLoss | undefined;

  constructor(parameters: WithCustomLoss<BoostingRegressorParameters> = {}) {
    const [named, custom] = takeCustomLoss(parameters);
    this.parameters = checkParameters('GradientBoostingRegressor', boostingRegressorParameters, named);
    this.customLoss = custom;
  }

  with(parameters: WithCustomLoss<BoostingRegressorParameters>): GradientBoostingRegressor {
    const loss = (this.parameters.loss === 'custom' && this.customLoss) || this.parameters.loss;
    return new GradientBoostingRegressor({ ...this.parameters, loss, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitBoosting(this, table, options, () => regressionSubject(table, options, this.parameters, this.customLoss));
  }

  /** Fits rows that need not fit into memory, to the same bits; see `StreamOptions`. Node only. */
  async fitStream(source: Source, options: StreamOptions = {}): Promise<Model> {
    const { fitStream } = await import('./out-of-core/fit-stream.js');
    return fitStream(this, source, options);
  }

  /** New leaf values for the trees of a model: see refitTrees. */
  async refit(model: Model, table: Table, options: RefitOptions = {}): Promise<Model> {
    const subject = () => regressionSubject(table, options, this.parameters, this.customLoss);
    return refitTrees(this, model, table, options, subject);
  }
}

/**
 * Boosted trees on histograms for classes: log loss, with one tree a round for two classes and one a class for more.
 * Missing values and categories are taken as they are. Parameters as scikit-learn's HistGradientBoostingClassifier.
 */
export class GradientBoostingClassifier implements Estimator {
  readonly name = 'gradient-boosting';
  readonly task = 'classification';
  readonly declarations = boostingClassifierParameters;
  readonly parameters: BoostingClassifierParameters;
  /** Where the loss is functions. */
  readonly customLoss: CustomLoss | undefined;

  constructor(parameters: WithCustomLoss<BoostingClassifierParameters> = {}) {
    const [named, custom] = takeCustomLoss(parameters);
    this.parameters = checkParameters('GradientBoostingClassifier', boostingClassifierParameters, named);
    this.customLoss = custom;
  }

  with(parameters: WithCustomLoss<BoostingClassifierParameters>): GradientBoostingClassifier {
    const loss = (this.parameters.loss === 'custom' && this.customLoss) || this.parameters.loss;
    return new GradientBoostingClassifier({ ...this.parameters, loss, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitBoosting(this, table, options, () =>
      classificationSubject(table, options, this.parameters, this.customLoss),
    );
  }

  /** Fits rows that need not fit into memory, to the same bits; see `StreamOptions`. Node only. */
  async fitStream(source: Source, options: StreamOptions = {}): Promise<Model> {
    const { fitStream } = await import('./out-of-core/fit-stream.js');
    return fitStream(this, source, options);
  }

  /** New leaf values for the trees of a model: see refitTrees. */
  async refit(model: Model, table: Table, options: RefitOptions = {}): Promise<Model> {
    const subject = () => classificationSubject(table, options, this.parameters, this.customLoss);
    return refitTrees(this, model, table, options, subject);
  }
}

/**
 * Boosted trees on histograms that order the rows of lists (queries, sessions): LambdaRank (Burges 2010). The target holds
 * whole grades from 0; `group` says which rows are a list. Parameters as LightGBM's LGBMRanker, in scikit-learn's names.
 */
export class GradientBoostingRanker implements Estimator {
  readonly name = 'gradient-boosting';
  readonly task = 'ranking';
  readonly declarations = boostingRankerParameters;
  readonly parameters: BoostingRankerParameters;

  constructor(parameters: Partial<BoostingRankerParameters> = {}) {
    this.parameters = checkParameters('GradientBoostingRanker', boostingRankerParameters, parameters);
  }

  with(parameters: Partial<BoostingRankerParameters>): GradientBoostingRanker {
    return new GradientBoostingRanker({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitBoosting(this, table, options, () => rankingSubject(table, options, this.parameters));
  }

  /** Fits rows that need not fit into memory, to the same bits; see `StreamOptions`. Node only. */
  async fitStream(source: Source, options: StreamOptions = {}): Promise<Model> {
    const { fitStream } = await import('./out-of-core/fit-stream.js');
    return fitStream(this, source, options);
  }

  /** New leaf values for the trees of a model: see refitTrees. */
  async refit(model: Model, table: Table, options: RefitOptions = {}): Promise<Model> {
    const subject = () => rankingSubject(table, options, this.parameters);
    return refitTrees(this, model, table, options, subject);
  }
}

export type BoostingEstimator = GradientBoostingRegressor | GradientBoostingClassifier | GradientBoostingRanker;

async function fitBoosting(
  estimator: BoostingEstimator,
  table: Table,
  options: FitOptions,
  subjectOf: () => Subject,
): Promise<Model> {
  throwIfCancelled(options.signal);
  const deadline = new Deadline(options.timeBudget);
  const engine = options.engine ?? (await defaultEngine());
  const { parameters, task } = estimator;
  const previous = options.warmStart && fittedTreesOf(options.warmStart, task, 'warmStart');
  const columns = previous ? inputColumns(previous, table) : featureColumns(table, options);
  if (treeThreads(engine.threads, table.numRows, columns.length) > 1) engine.startThreads();
  // Ties between features fall to the first by name, so the order of the table's columns does not matter.
  const features = columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const subject = subjectOf();
  const { loss, base, targets } = subject;
  if (previous) requireSameSubject(previous, subject, 'warmStart');
  if (previous) requireMoreRounds(previous.rounds, parameters.maxIter);
  const constraints = constraintsOf(parameters, columns, features, loss.outputs);
  const rows = splitRows(parameters, subject, options);
  const seed = seedOf(parameters.randomState, options);
  const { maxBins, binning } = parameters;
  const how = { engine, maxBins, binning, seed, categories: 'native' as const, weights: subject.rowWeights };
  const bins = await findBins(features, rows.training, how, options.signal);
  const data = await binnedData(engine, features, bins, subject, rows, parameters.enableBundle, options);
  using _bins = data.rows;
  const { signal, onProgress } = options;
  onProgress?.({ what: 'column', done: columns.length, total: columns.length });
  const tables = options.validation && options.validation.numRows > 0 ? [table, options.validation] : [table];
  const keyed = { estimator, seed, features, previous };
  const checkpoint = await BoostingCheckpoint.of(options, () => keyOfTable(keyed, subject, table, features, options));
  const resumed = await checkpoint?.load();
  const behind = behindOf(engine, estimator, { previous, resumed }, { bins, seed, signal });
  const start = behind && {
    ...behind.start,
    raw: await predictionsOfTables(behind.trees, behind.predict, tables),
  };
  const before = behind?.trees.operation;
  const facts = { columns, features, bins, targets, loss, rows: rows.training.length, previous: before };
  const boosted = await boost(engine, data, loss, {
    ...parameters,
    constraints,
    seed,
    base,
    start,
    signal,
    onProgress,
    deadline,
    onRound: async (soFar) => {
      await checkpoint?.saveDue(() => boostedModel(estimator, { ...facts, boosted: soFar }).program, soFar);
    },
  });
  const model = boostedModel(estimator, { ...facts, boosted });
  // With more time the same fit goes on.
  if (boosted.stopped !== 'time used up') await checkpoint?.clear();
  return model;
}

/** What boosting was done on, however it was done. */
export interface Fitted {
  /** In the order of the table. */
  readonly columns: readonly Omit<RegisterColumn, 'values'>[];
  /** Ascending by name. */
  readonly features: readonly Omit<RegisterColumn, 'values'>[];
  readonly bins: readonly FeatureBins[];
  readonly boosted: Boosted;
  readonly targets: readonly Omit<Target, 'values'>[];
  readonly loss: BoostingLoss;
  /** Rows learnt from. */
  readonly rows: number;
  /** The trees that were gone on from. */
  readonly previous?: EnsembleArrays;
}

/** Rounds are counted with those that a model has: as many as it has leave it as it is. */
export function requireMoreRounds(rounds: number, maxIter: number): void {
  if (maxIter >= rounds) return;
  throw new LanewiseError(
    'usage',
    `Expected maxIter of at least the model's ${rounds} rounds but received ${maxIter}`,
    {
      hint: 'With warmStart, maxIter counts the rounds that the model has.',
    },
  );
}

/** The model of boosted trees. */
export function boostedModel({ name, task, parameters }: BoostingEstimator, fitted: Fitted): Model {
  const { features, bins, boosted, targets, loss, rows, previous } = fitted;
  const labelCounts = features.map(({ labels }) => labels?.length ?? 0);
  const grown = lowerTrees(boosted.trees, bins, labelCounts, boosted.base);
  // Trees that were there before may be more than the best round wants.
  const { earlierWeights = [] } = boosted;
  const first = previous && firstTrees(previous, boosted.bestIteration * loss.outputs);
  const kept = first && weighLastTrees(first, earlierWeights, loss.outputs);
  const ensemble = kept ? joinEnsembles(kept, grown) : grown;
  return makeModel({
    estimator: name,
    task,
    parameters,
    ...targetFacts(targets),
    program: lower(fitted, ensemble),
    training: describeTraining(boosted, loss, rows, parameters),
    importances: importances(ensemble, features),
    interpretability: 'low',
  });
}

interface Rows {
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
}

/** Rows of weight 0 are as if they were not there. Validation rows of a table of their own are added by `binnedData`. */
function splitRows(parameters: GradientBoostingParameters, subject: Subject, options: FitOptions): Rows {
  const { weights, groups, targets } = subject;
  const target = targets[0]!;
  const all = weighingRows(target.values.length, weights);
  const none = new Uint32Array(0);
  const { earlyStopping, validationFraction, randomState } = parameters;
  const seed = seedOf(randomState, options);
  const stops = earlyStopping === 'true' || (earlyStopping === 'auto' && all.length > AUTO_STOPPING_ROWS);
  if (!stops || options.validation || all.length < 2) return { training: all, validation: none };
  if (groups) return holdOutLists(all, groups, validationFraction, seed);
  const classOf = target.classes && ((row: number) => target.values[row]!);
  return holdOut(all, validationFraction, seed, classOf);
}

/** Bins the table's rows and, behind them, those of the validation table. */
async function binnedData(
  engine: Engine,
  features: readonly RegisterColumn[],
  bins: readonly FeatureBins[],
  subject: Subject,
  rows: Rows,
  bundled: boolean,
  options: FitOptions,
): Promise<BoostingData> {
  const rowCount = subject.values[0]!.length;
  const { validation } = options;
  const added = validation && validation.numRows > 0 ? subject.validation(validation, features) : undefined;
  const extra = added ? added.values[0]!.length : 0;
  const parts = added ? [features, added.columns] : [features];
  const bundles = bundled ? await findBundles(parts, bins, options.signal) : undefined;
  const binned = new BinnedRows(engine, rowCount + extra, features.length, evenLayout(features.length, bundles));
  try {
    const encode = (columns: readonly RegisterColumn[], firstRow: number) =>
      binned.encode(
        columns.map((column, index) => columnToBin(column, bins[index]!)),
        firstRow,
        options.signal,
      );
    await encode(features, 0);
    if (added) await encode(added.columns, rowCount);
  } catch (error) {
    binned[Symbol.dispose]();
    throw error;
  }
  const { values, weights, groups } = subject;
  const ones = (count: number) => new Float64Array(count).fill(1);
  const weighted = weights !== undefined || added?.weights !== undefined;
  const allWeights = weighted && joined(weights ?? ones(rowCount), added?.weights ?? ones(extra));
  return {
    rows: binned,
    bins,
    targets: joined(...values.flatMap((own, t) => (added ? [own, added.values[t]!] : [own]))),
    ...(allWeights && { weights: allWeights }),
    ...(groups && { groups: added ? joined(groups, added.groups!) : groups }),
    training: rows.training,
    validation: added ? Uint32Array.from({ length: extra }, (_, i) => rowCount + i) : rows.validation,
  };
}

function lower({ columns, features, targets, loss }: Fitted, ensemble: EnsembleArrays): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = features.map(({ name }) => builder.columns.get(name)!.register);
  const first = builder.reserve(ensemble.base.length);
  const raw = Array.from(ensemble.base, (_, output) => first + output);
  builder.emit({ ...ensemble, op: 'ensemble', inputs, outputs: raw });
  const { classes } = targets[0]!;
  const registers = classes
    ? [probabilitiesOf(builder, raw, classes)]
    : raw.map((register) => [predictionOf(builder, register, loss.link)]);
  return builder.build(outputsOf(builder, targets, registers));
}

/** The probability of each class, of log odds for two and of log probabilities for more. */
function probabilitiesOf(builder: ProgramBuilder, raw: readonly number[], classes: readonly string[]): number[] {
  if (classes.length === 2) {
    const positive = builder.add({ op: 'unary', in: raw[0]!, function: 'sigmoid' });
    const one = builder.add({ op: 'constant', value: 1 });
    return [builder.add({ op: 'binary', left: one, right: positive, operator: 'subtract' }), positive];
  }
  const probability = builder.reserve(classes.length);
  const outputs = classes.map((_, k) => probability + k);
  builder.emit({ op: 'softmax', inputs: raw, outputs });
  return outputs;
}

/** What a raw prediction predicts, by the inverse of the loss's link. */
function predictionOf(builder: ProgramBuilder, raw: number, link: BoostingLoss['link']): number {
  if (link === 'log') return builder.add({ op: 'unary', in: raw, function: 'exp' });
  return link === 'logit' ? builder.add({ op: 'unary', in: raw, function: 'sigmoid' }) : raw;
}
