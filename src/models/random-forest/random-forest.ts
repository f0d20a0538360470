import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { type ForestTree, growForest } from '../../engine/forest.js';
import { BinnedRows } from '../../engine/trees.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { classificationOutputs, featureColumns, inputsOf, type Target, targetOf, weightsOf } from '../features.js';
import { columnToBin, type FeatureBins, findBins } from '../gradient-boosting/binning.js';
import { makeModel } from '../model.js';
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
  const nodes = trees.reduce((sum, tree) => sum + tree.feature.length, 0);
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
      lossName: target.classes ? 'Gini impurity' : 'squared error',
      history: [],
      verdict: `${trees.length} trees of ${Math.round((nodes / trees.length + 1) / 2)} leaves on average; a forest does not over-fit by more trees`,
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
  const { maxBins, nEstimators, randomState: seed, maxDepth } = parameters;
  const rows = Uint32Array.from(target.values, (_, row) => row).filter((row) => !weights || weights[row]! > 0);
  const bins = await findBins(features, rows, { maxBins, seed, categories: 'ordered' }, signal);
  using data = new BinnedRows(engine, target.values.length, features.length);
  await data.encode(
    features.map((column, index) => columnToBin(column, bins[index]!)),
    0,
    signal,
  );
  const classes = target.classes?.length ?? 0;
  // Centred targets keep the digits that count; two classes are a number, whose variance is the Gini impurity.
  const shift = classes > 0 ? 0 : meanOf(target.values);
  const targets = classes > 0 ? target.values : target.values.map((value) => value - shift);
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
  const onTree = (tree: ForestTree, importances: Float64Array) => {
    trees.push(tree);
    // Each tree's gains count alike, as in scikit-learn.
    const total = importances.reduce((sum, gain) => sum + gain, 0);
    if (total > 0) for (let i = 0; i < gains.length; i++) gains[i]! += importances[i]! / total;
    onProgress?.({ what: 'tree', done: trees.length, total: nEstimators });
  };
  await growForest(engine, data, targets, weights, forest, onTree, signal);
  return { trees, bins, gains, shift };
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

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function shares(gains: Float64Array, bins: readonly FeatureBins[]): Record<string, number> {
  const total = gains.reduce((sum, gain) => sum + gain, 0);
  return Object.fromEntries(bins.map(({ name }, index) => [name, total > 0 ? gains[index]! / total : 0]));
}
