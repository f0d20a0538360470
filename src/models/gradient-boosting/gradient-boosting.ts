import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { BinnedRows, evenLayout } from '../../engine/trees.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model, Source, Training } from '../../table/interfaces.js';
import { columnToBin, type FeatureBins, findBins } from '../binning/index.js';
import { classificationOutputs, featureColumns, inputsOf, type Target, targetOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { seedOf } from '../seed.js';
import { joined, readValidation } from '../validation.js';
import { type Boosted, type BoostingData, boost } from './boosting.js';
import { constraintsOf } from './constraints.js';
import type { GrownNode } from './grower.js';
import { holdOut } from './hold-out.js';
import { type BoostingLoss, logLoss, multinomialLoss, squaredLoss } from './loss.js';
import { lowerTrees } from './lower.js';
import type { StreamOptions } from './out-of-core/fit-stream.js';
import { type GradientBoostingParameters, gradientBoostingParameters } from './parameters.js';

/** Above so many rows `earlyStopping: 'auto'` holds some out. */
export const AUTO_STOPPING_ROWS = 10_000;

/**
 * Boosted trees on histograms for numbers: squared error. Missing values and categories are taken as they are.
 * Parameters as scikit-learn's HistGradientBoostingRegressor.
 */
export class GradientBoostingRegressor implements Estimator {
  readonly name = 'gradient-boosting';
  readonly task = 'regression';
  readonly declarations = gradientBoostingParameters;
  readonly parameters: GradientBoostingParameters;

  constructor(parameters: Partial<GradientBoostingParameters> = {}) {
    this.parameters = checkParameters('GradientBoostingRegressor', gradientBoostingParameters, parameters);
  }

  with(parameters: Partial<GradientBoostingParameters>): GradientBoostingRegressor {
    return new GradientBoostingRegressor({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitBoosting(this, table, options);
  }

  /** Fits rows that need not fit into memory, to the same bits; see `StreamOptions`. Node only. */
  async fitStream(source: Source, options: StreamOptions = {}): Promise<Model> {
    const { fitStream } = await import('./out-of-core/fit-stream.js');
    return fitStream(this, source, options);
  }
}

/**
 * Boosted trees on histograms for classes: log loss, with one tree a round for two classes and one a class for more.
 * Missing values and categories are taken as they are. Parameters as scikit-learn's HistGradientBoostingClassifier.
 */
export class GradientBoostingClassifier implements Estimator {
  readonly name = 'gradient-boosting';
  readonly task = 'classification';
  readonly declarations = gradientBoostingParameters;
  readonly parameters: GradientBoostingParameters;

  constructor(parameters: Partial<GradientBoostingParameters> = {}) {
    this.parameters = checkParameters('GradientBoostingClassifier', gradientBoostingParameters, parameters);
  }

  with(parameters: Partial<GradientBoostingParameters>): GradientBoostingClassifier {
    return new GradientBoostingClassifier({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitBoosting(this, table, options);
  }

  /** Fits rows that need not fit into memory, to the same bits; see `StreamOptions`. Node only. */
  async fitStream(source: Source, options: StreamOptions = {}): Promise<Model> {
    const { fitStream } = await import('./out-of-core/fit-stream.js');
    return fitStream(this, source, options);
  }
}

export type BoostingEstimator = GradientBoostingRegressor | GradientBoostingClassifier;

async function fitBoosting(estimator: BoostingEstimator, table: Table, options: FitOptions): Promise<Model> {
  throwIfCancelled(options.signal);
  const engine = options.engine ?? (await defaultEngine());
  const { parameters, task } = estimator;
  const columns = featureColumns(table, options);
  // Ties between features fall to the first by name, so the order of the table's columns does not matter.
  const features = columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const target = targetOf(table, options, task);
  const loss = lossFor(target);
  const constraints = constraintsOf(parameters, columns, features, loss.outputs);
  const rows = splitRows(parameters, target, options, weightsOf(table, options));
  const seed = seedOf(parameters.randomState, options);
  const { maxBins, binning } = parameters;
  const how = { engine, maxBins, binning, seed, categories: 'native' as const, weights: rows.weights };
  const bins = await findBins(features, rows.training, how, options.signal);
  const data = await binnedData(engine, features, bins, target, rows, options);
  using _bins = data.rows;
  const { signal, onProgress } = options;
  onProgress?.({ what: 'column', done: columns.length, total: columns.length });
  const boosted = await boost(engine, data, loss, { ...parameters, constraints, seed, signal, onProgress });
  return boostedModel(estimator, { columns, features, bins, boosted, target, loss, rows: rows.training.length });
}

/** What boosting was done on, however it was done. */
export interface Fitted {
  /** In the order of the table. */
  readonly columns: readonly Omit<RegisterColumn, 'values'>[];
  /** Ascending by name. */
  readonly features: readonly Omit<RegisterColumn, 'values'>[];
  readonly bins: readonly FeatureBins[];
  readonly boosted: Boosted;
  readonly target: Omit<Target, 'values'>;
  readonly loss: BoostingLoss;
  /** Rows learnt from. */
  readonly rows: number;
}

/** The model of boosted trees. */
export function boostedModel({ name, task, parameters }: BoostingEstimator, fitted: Fitted): Model {
  const { columns, features, bins, boosted, target, loss, rows } = fitted;
  return makeModel({
    estimator: name,
    task,
    parameters,
    target: target.name,
    classes: target.classes,
    program: lower(columns, features, bins, boosted, target),
    training: describeTraining(boosted, loss, rows, parameters),
    importances: importances(boosted.trees, bins),
    interpretability: 'low',
  });
}

export function lossFor(target: Omit<Target, 'values'>): BoostingLoss {
  if (!target.classes) return squaredLoss;
  return target.classes.length === 2 ? logLoss : multinomialLoss(target.classes.length);
}

interface Rows {
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
  readonly weights: Float64Array | undefined;
}

/** Rows of weight 0 are as if they were not there. Validation rows of a table of their own are added by `binnedData`. */
function splitRows(
  parameters: GradientBoostingParameters,
  target: Target,
  options: FitOptions,
  weights: Float64Array | undefined,
): Rows {
  const all = Uint32Array.from(target.values, (_, row) => row).filter((row) => !weights || weights[row]! > 0);
  const none = new Uint32Array(0);
  const { earlyStopping, validationFraction, randomState } = parameters;
  const seed = seedOf(randomState, options);
  const stops = earlyStopping === 'true' || (earlyStopping === 'auto' && all.length > AUTO_STOPPING_ROWS);
  if (!stops || options.validation || all.length < 2) return { training: all, validation: none, weights };
  const classOf = target.classes && ((row: number) => target.values[row]!);
  return { ...holdOut(all, validationFraction, seed, classOf), weights };
}

/** Bins the table's rows and, behind them, those of the validation table. */
async function binnedData(
  engine: Engine,
  features: readonly RegisterColumn[],
  bins: readonly FeatureBins[],
  target: Target,
  rows: Rows,
  options: FitOptions,
): Promise<BoostingData> {
  const rowCount = target.values.length;
  const { validation } = options;
  const added =
    validation && validation.numRows > 0 ? readValidation(validation, features, target, options) : undefined;
  const extra = added?.target.length ?? 0;
  const binned = new BinnedRows(engine, rowCount + extra, features.length, evenLayout(features.length));
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
  const { training, weights } = rows;
  if (!added) return { rows: binned, bins, targets: target.values, weights, training, validation: rows.validation };
  return {
    rows: binned,
    bins,
    targets: joined(target.values, added.target),
    weights: weights && joined(weights, added.weights ?? new Float64Array(extra).fill(1)),
    training,
    validation: Uint32Array.from({ length: extra }, (_, i) => rowCount + i),
  };
}

function lower(
  columns: readonly Omit<RegisterColumn, 'values'>[],
  features: readonly Omit<RegisterColumn, 'values'>[],
  bins: readonly FeatureBins[],
  boosted: Boosted,
  target: Omit<Target, 'values'>,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = features.map(({ name }) => builder.columns.get(name)!.register);
  const labelCounts = features.map(({ labels }) => labels?.length ?? 0);
  const first = builder.reserve(boosted.base.length);
  const raw = Array.from(boosted.base, (_, output) => first + output);
  builder.emit({ op: 'ensemble', inputs, outputs: raw, ...lowerTrees(boosted.trees, bins, labelCounts, boosted.base) });
  const { classes } = target;
  if (!classes) return builder.build([{ name: 'prediction', register: first, type: 'number' }]);
  if (classes.length === 2) {
    const positive = builder.add({ op: 'unary', in: first, function: 'sigmoid' });
    const one = builder.add({ op: 'constant', value: 1 });
    const negative = builder.add({ op: 'binary', left: one, right: positive, operator: 'subtract' });
    return builder.build(classificationOutputs(builder, [negative, positive], classes));
  }
  const probability = builder.reserve(classes.length);
  const outputs = classes.map((_, k) => probability + k);
  builder.emit({ op: 'softmax', inputs: raw, outputs });
  return builder.build(classificationOutputs(builder, outputs, classes));
}

/** The share of all gain that each feature's splits brought. */
function importances(trees: readonly GrownNode[], bins: readonly FeatureBins[]): Record<string, number> {
  const gains = new Float64Array(bins.length);
  const visit = [...trees];
  let total = 0;
  while (visit.length > 0) {
    const node = visit.pop()!;
    if (!node.split) continue;
    gains[node.split.feature]! += node.split.gain;
    total += node.split.gain;
    visit.push(node.left!, node.right!);
  }
  return Object.fromEntries(bins.map(({ name }, index) => [name, total > 0 ? gains[index]! / total : 0]));
}

function describeTraining(
  boosted: Boosted,
  loss: BoostingLoss,
  rows: number,
  parameters: GradientBoostingParameters,
): Training {
  const { history, bestIteration } = boosted;
  return {
    rows,
    iterations: Math.max(1, history.length),
    bestIteration: Math.max(1, bestIteration),
    lossName: loss.name,
    history,
    verdict: verdictOf(boosted, parameters),
  };
}

/** What the curve says, in a sentence. */
function verdictOf({ history, bestIteration, stopped }: Boosted, parameters: GradientBoostingParameters): string {
  const rounds = history.length;
  const last = history.at(-1);
  if (!last) return 'nothing to learn: no split was allowed, every row gets the same prediction';
  const shown = (value: number) => Number(value.toPrecision(4));
  if (stopped === 'converged') return `converged: after ${rounds} rounds no split gains anything more`;
  const best = history[bestIteration - 1]!;
  if (stopped === 'no improvement') {
    const gap = best.validationLoss! > 2 * best.loss ? '; it fits training rows far better than new ones' : '';
    return (
      `stopped early: validation loss was least (${shown(best.validationLoss!)}) at round ${bestIteration} and did not ` +
      `improve in the ${parameters.nIterNoChange} rounds after it, so later trees only over-fit${gap}`
    );
  }
  if (last.validationLoss === undefined) {
    return `used all ${rounds} rounds; training loss ${shown(last.loss)}, and no validation rows to tell whether it over-fits`;
  }
  if (bestIteration === rounds) {
    return `still improving at the last of ${rounds} rounds (validation loss ${shown(last.validationLoss)}): more may help`;
  }
  return `used all ${rounds} rounds; validation loss was least (${shown(best.validationLoss!)}) at round ${bestIteration}`;
}
