import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { type ForestTree, growForest } from '../../engine/forest.js';
import { BinnedRows } from '../../engine/trees.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { columnToBin, type FeatureBins, findBins } from '../binning/index.js';
import { classificationOutputs, featureColumns, inputsOf, type Target, targetOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { seedOf } from '../seed.js';
import { joined, readValidation } from '../validation.js';
import { ForestCurve } from './curve.js';
import { lowerForest } from './lower.js';
import {
  featuresTried,
  forestClassifierParameters,
  forestRegressorParameters,
  type RandomForestParameters,
} from './parameters.js';

const NO_LIMIT = 2 ** 30;

/**
 * A forest of trees for numbers: squared error, the mean of the trees. Missing values go to the better side, categories
 * are ordered by their labels. Parameters as scikit-learn's RandomForestRegressor.
 */
export class RandomForestRegressor implements Estimator {
  readonly name = 'random-forest';
  readonly task = 'regression';
  readonly declarations = forestRegressorParameters;
  readonly parameters: RandomForestParameters;

  constructor(parameters: Partial<RandomForestParameters> = {}) {
    this.parameters = checkParameters('RandomForestRegressor', forestRegressorParameters, parameters);
  }

  with(parameters: Partial<RandomForestParameters>): RandomForestRegressor {
    return new RandomForestRegressor({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitForest(this, table, options);
  }
}

/**
 * A forest of trees for classes: the Gini criterion, and the mean of the trees' shares of classes. Missing values go to
 * the better side, categories are ordered by their labels. Parameters as scikit-learn's RandomForestClassifier.
 */
export class RandomForestClassifier implements Estimator {
  readonly name = 'random-forest';
  readonly task = 'classification';
  readonly declarations = forestClassifierParameters;
  readonly parameters: RandomForestParameters;

  constructor(parameters: Partial<RandomForestParameters> = {}) {
    this.parameters = checkParameters('RandomForestClassifier', forestClassifierParameters, parameters);
  }

  with(parameters: Partial<RandomForestParameters>): RandomForestClassifier {
    return new RandomForestClassifier({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return fitForest(this, table, options);
  }
}

interface Grown {
  readonly trees: readonly ForestTree[];
  readonly bins: readonly FeatureBins[];
  readonly gains: Float64Array;
  /** Subtracted from the targets before growing. */
  readonly shift: number;
  readonly history: readonly HistoryPoint[];
}

async function fitForest(
  estimator: RandomForestRegressor | RandomForestClassifier,
  table: Table,
  options: FitOptions,
): Promise<Model> {
  throwIfCancelled(options.signal);
  const engine = options.engine ?? (await defaultEngine());
  const columns = featureColumns(table, options);
  // In the order of their names, so that the draw of features does not depend on the order of the table's columns.
  const features = columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const target = targetOf(table, options, estimator.task);
  const grown = await grow(engine, features, target, weightsOf(table, options), estimator.parameters, options);
  const { trees } = grown;
  return makeModel({
    estimator: estimator.name,
    task: estimator.task,
    parameters: estimator.parameters,
    target: target.name,
    classes: target.classes,
    program: lower(columns, features, grown, target),
    training: {
      rows: target.values.length,
      iterations: trees.length,
      bestIteration: trees.length,
      lossName: target.classes ? 'Brier score' : 'squared error',
      history: grown.history,
      verdict: verdictOf(grown, estimator.parameters.bootstrap),
    },
    importances: shares(grown.gains, grown.bins),
    interpretability: 'low',
  });
}

async function grow(
  engine: Engine,
  features: readonly RegisterColumn[],
  target: Target,
  weights: Float64Array | undefined,
  parameters: RandomForestParameters,
  options: FitOptions,
): Promise<Grown> {
  const { signal, onProgress } = options;
  const { maxBins, binning, nEstimators, randomState, maxDepth } = parameters;
  const seed = seedOf(randomState, options);
  const rows = Uint32Array.from(target.values, (_, row) => row).filter((row) => !weights || weights[row]! > 0);
  const how = { engine, maxBins, binning, seed, categories: 'ordered' as const, weights };
  const bins = await findBins(features, rows, how, signal);
  const { validation } = options;
  const added =
    validation && validation.numRows > 0 ? readValidation(validation, features, target, options) : undefined;
  const [trainingRows, extra] = [target.values.length, added?.target.length ?? 0];
  using data = new BinnedRows(engine, trainingRows + extra, features.length);
  const encode = (columns: readonly RegisterColumn[], firstRow: number) =>
    data.encode(
      columns.map((column, index) => columnToBin(column, bins[index]!)),
      firstRow,
      signal,
    );
  await encode(features, 0);
  if (added) await encode(added.columns, trainingRows);
  const classes = target.classes?.length ?? 0;
  // Centred targets keep the digits that count; two classes are a number, whose variance is the Gini impurity.
  const shift = classes > 0 ? 0 : coarseMean(target.values);
  const all = added ? joined(target.values, added.target) : target.values;
  const targets = shift === 0 ? all : all.map((value) => value - shift);
  // Validation rows weigh nothing, so no tree ever sees them.
  const learnt = added ? joined(weights ?? new Float64Array(trainingRows).fill(1), new Float64Array(extra)) : weights;
  const trees: ForestTree[] = [];
  const gains = new Float64Array(features.length);
  const forest = {
    ...parameters,
    classCount: classes > 2 ? classes : 0,
    maxFeatures: featuresTried(parameters.maxFeatures, features.length),
    maxDepth: maxDepth ?? NO_LIMIT,
    treeCount: nEstimators,
    seed,
  };
  const validationRows = Uint32Array.from({ length: extra }, (_, i) => trainingRows + i);
  const curve = new ForestCurve(data, targets, classes, { training: rows, validation: validationRows }, nEstimators);
  const onTree = (tree: ForestTree, importances: Float64Array, bagWeights: Float64Array) => {
    trees.push(tree);
    // Each tree's gains count alike, as in scikit-learn.
    const total = importances.reduce((sum, gain) => sum + gain, 0);
    if (total > 0) for (let i = 0; i < gains.length; i++) gains[i]! += importances[i]! / total;
    const metrics = curve.add(tree, parameters.bootstrap ? bagWeights : undefined);
    onProgress?.({ what: 'tree', done: trees.length, total: nEstimators, ...(metrics && { metrics }) });
  };
  await growForest(engine, data, targets, learnt, forest, onTree, signal);
  return { trees, bins, gains, shift, history: curve.history };
}

function verdictOf({ trees, history }: Grown, bootstrap: boolean): string {
  const nodes = trees.reduce((sum, tree) => sum + tree.feature.length, 0);
  const size = `${trees.length} trees of ${Math.round((nodes / trees.length + 1) / 2)} leaves on average`;
  const [last, half] = [history.at(-1), history[Math.floor(history.length / 2)]];
  if (!last || !half) return size;
  const gain = 1 - last.loss / half.loss;
  const more = gain > 0.01 ? 'more trees may help' : 'more trees would change little';
  const rows = bootstrap ? 'rows out of the bag' : 'training rows';
  return `${size}; loss on ${rows} ${Number(last.loss.toPrecision(4))}, ${more}`;
}

function lower(
  columns: readonly RegisterColumn[],
  features: readonly RegisterColumn[],
  grown: Grown,
  { classes }: Target,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = features.map(({ name, labels }) => {
    const { register } = builder.columns.get(name)!;
    if (!labels) return register;
    // A label never seen is as good as missing.
    const table = Float64Array.from(labels, (_, code) => code);
    return builder.add({ op: 'lookup', in: register, table, missing: Number.NaN, unseen: Number.NaN });
  });
  const width = classes && classes.length > 2 ? classes.length : 1;
  const first = builder.reserve(width);
  const outputs = Array.from({ length: width }, (_, k) => first + k);
  builder.emit({ op: 'ensemble', inputs, outputs, ...lowerForest(grown.trees, grown.bins, width, grown.shift) });
  if (!classes) return builder.build([{ name: 'prediction', register: first, type: 'number' }]);
  if (width > 1) return builder.build(classificationOutputs(builder, outputs, classes));
  const one = builder.add({ op: 'constant', value: 1 });
  const negative = builder.add({ op: 'binary', left: one, right: first, operator: 'subtract' });
  return builder.build(classificationOutputs(builder, [negative, first], classes));
}

/** About the mean, but a multiple of a power of two: taking it away and adding it again leaves whole numbers whole. */
function coarseMean(values: Float64Array): number {
  let [sum, least, most] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    sum += value;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  let grid = 1;
  while (grid > (most - least) / 64) grid /= 2;
  while (grid < (most - least) / 128) grid *= 2;
  const mean = Math.round(sum / values.length / grid) * grid;
  return Number.isFinite(mean) ? mean : 0;
}

function shares(gains: Float64Array, bins: readonly FeatureBins[]): Record<string, number> {
  const total = gains.reduce((sum, gain) => sum + gain, 0);
  return Object.fromEntries(bins.map(({ name }, index) => [name, total > 0 ? gains[index]! / total : 0]));
}
