import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { CodedRows } from '../../engine/trees/codes.js';
import { ANY_DEPTH, type ForestOptions, type ForestTree, growForest } from '../../engine/trees/forest.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { cutShort, Deadline } from '../../training/deadline.js';
import type { FeatureBins } from '../binning/index.js';
import { type ClassWeights, classFactors, weighClasses } from '../class-weights.js';
import { featureColumns, type Target, targetsOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { weighingRows } from '../rows.js';
import { seedOf } from '../seed.js';
import { targetFacts } from '../targets.js';
import { readValidation } from '../validation.js';
import { columnToCode, findCodes } from './coding.js';
import { lowerTrees } from './lower.js';
import { ForestCurve, type VotedRows } from './out-of-bag.js';
import { type OutOfBag, outOfBagOf } from './out-of-bag-score.js';
import { featuresTried, type MaxFeatures } from './parameters.js';
import { prune } from './pruning.js';
import { type CodedTargets, type Criterion, codeMore, codeTargets } from './targets.js';

/** What a decision tree, a random forest and extremely randomised trees differ in. */
export interface TreeSettings {
  readonly criterion: Criterion;
  readonly splitter: 'best' | 'random';
  readonly nEstimators: number;
  readonly bootstrap: boolean;
  readonly maxSamples: number | null;
  readonly oobScore: boolean;
  readonly classWeight: ClassWeights | 'balanced_subsample';
  readonly maxDepth: number | null;
  readonly minSamplesSplit: number;
  readonly minSamplesLeaf: number;
  readonly minWeightFractionLeaf: number;
  readonly maxFeatures: MaxFeatures;
  readonly maxLeafNodes: number | null;
  readonly minImpurityDecrease: number;
  readonly ccpAlpha: number;
  readonly maxBins: number | null;
  readonly binning: 'quantile' | 'uniform';
  readonly categories: 'native' | 'ordered';
  readonly randomState: number;
}

/** A model of trees. */
export interface TreeModel extends Model {
  /** Where `oobScore` asked for it. */
  readonly outOfBag?: OutOfBag;
}

/** What trees grow from. */
export interface TreeData extends Disposable {
  /** In the table's order; `features` are the same by name, so that draws do not depend on the order of the columns. */
  readonly columns: readonly RegisterColumn[];
  readonly features: readonly RegisterColumn[];
  readonly targets: readonly Target[];
  readonly coded: CodedTargets;
  readonly weights: Float64Array | undefined;
  /** Rows that weigh something. */
  readonly rows: Uint32Array;
  readonly bins: readonly FeatureBins[];
  readonly data: CodedRows;
  readonly seed: number;
}

/** Reads and codes a table. The caller disposes of it. */
export async function readTreeData(
  engine: Engine,
  estimator: Pick<Estimator, 'task'>,
  settings: TreeSettings,
  table: Table,
  options: FitOptions,
): Promise<TreeData> {
  const columns = featureColumns(table, options);
  const features = columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const targets = targetsOf(table, options, estimator.task);
  const coded = codeTargets(targets, settings.criterion);
  const given = weightsOf(table, options);
  const weights = weighTargets(settings.classWeight, targets, given);
  const rows = weighingRows(table.numRows, weights);
  const seed = seedOf(settings.randomState, options);
  const bins = await findCodes(features, rows, { ...settings, engine, weights, seed }, options.signal);
  const data = new CodedRows(
    engine,
    features.map((column, index) => columnToCode(column, bins[index]!)),
  );
  const read = { columns, features, targets, coded, weights, rows, bins, data, seed };
  try {
    await data.encode(options.signal);
  } catch (error) {
    data[Symbol.dispose]();
    throw error;
  }
  return { ...read, [Symbol.dispose]: () => data[Symbol.dispose]() };
}

/** The rows' weights times the factors of their classes, multiplied over the targets. */
function weighTargets(
  classWeight: TreeSettings['classWeight'],
  targets: readonly Target[],
  given: Float64Array | undefined,
): Float64Array | undefined {
  if (classWeight === 'balanced_subsample' || classWeight === null) return given;
  const rows = weighingRows(targets[0]!.values.length, given);
  let weights = given;
  for (const { values, classes } of targets) {
    const factors = classFactors(classWeight, { targets: values, classes: classes!, rows });
    weights = weighClasses(values, factors, weights);
  }
  if (weights?.some((weight) => weight > 0) === false) {
    throw new LanewiseError('usage', 'Expected a classWeight above 0 for some class that there is but all are 0');
  }
  return weights;
}

/** The kernel's options. */
export function forestOptions(settings: TreeSettings, { data, coded, seed }: TreeData): ForestOptions {
  const { bootstrap, maxDepth, maxFeatures, classWeight, minImpurityDecrease } = settings;
  return {
    classCount: coded.classCount,
    logarithmic: coded.logarithmic,
    randomSplits: settings.splitter === 'random',
    bootstrap: bootstrap ? 'with-replacement' : 'none',
    sampleCount: sampleCount(settings.maxSamples, data.rowCount),
    balanced: classWeight === 'balanced_subsample',
    maxFeatures: featuresTried(maxFeatures, data.featureCount),
    maxDepth: maxDepth ?? ANY_DEPTH,
    minSamplesSplit: settings.minSamplesSplit,
    minSamplesLeaf: settings.minSamplesLeaf,
    minWeightFraction: settings.minWeightFractionLeaf,
    minGain: minImpurityDecrease > 0 ? minImpurityDecrease / coded.gainScale : 0,
    maxLeafNodes: settings.maxLeafNodes ?? undefined,
    treeCount: settings.nEstimators,
    seed,
  };
}

/** Fits the trees of an estimator. */
export async function fitTrees(
  estimator: Estimator,
  settings: TreeSettings,
  table: Table,
  options: FitOptions,
): Promise<TreeModel> {
  throwIfCancelled(options.signal);
  const deadline = new Deadline(options.timeBudget);
  const engine = options.engine ?? (await defaultEngine());
  using read = await readTreeData(engine, estimator, settings, table, options);
  const { columns, features, targets, coded, bins } = read;
  const { trees, gains, curve } = await grow(engine, read, settings, options, deadline);
  const program = lowerTrees(columns, features, bins, trees, targets, coded);
  const single = settings.nEstimators === 1;
  const model = makeModel({
    estimator: estimator.name,
    task: estimator.task,
    parameters: estimator.parameters,
    ...targetFacts(targets),
    program,
    training: {
      rows: table.numRows,
      iterations: trees.length,
      bestIteration: trees.length,
      lossName: targets[0]!.classes ? 'Brier score' : 'squared error',
      history: curve.history,
      verdict: `${verdictOf(trees, curve, settings.bootstrap)}${cutShort(trees.length, settings.nEstimators, deadline)}`,
    },
    importances: shares(gains, bins),
    interpretability: single ? 'medium' : 'low',
  });
  if (!settings.oobScore || !settings.bootstrap) return model;
  return { ...model, outOfBag: outOfBagOf(curve.votes, table.numRows, targets, coded) };
}

async function grow(
  engine: Engine,
  read: TreeData,
  settings: TreeSettings,
  { signal, onProgress, ...options }: FitOptions,
  deadline: Deadline,
) {
  const { features, targets, coded, bins, data, rows } = read;
  const columns = features.map((column, index) => columnToCode(column, bins[index]!));
  const validation = validationRows(read, options);
  const curve = new ForestCurve({ columns, targets: coded, rows }, validation, settings.nEstimators, settings.oobScore);
  const trees: ForestTree[] = [];
  const gains = new Float64Array(features.length);
  const onTree = (grown: ForestTree, bagWeights: Float64Array) => {
    const tree = prune(grown, settings.ccpAlpha, coded.gainScale);
    trees.push(tree);
    addGains(gains, tree);
    const metrics = curve.add(tree, settings.bootstrap ? bagWeights : undefined);
    onProgress?.({ what: 'tree', done: trees.length, total: settings.nEstimators, ...(metrics && { metrics }) });
    return !deadline.passed;
  };
  const given = { values: coded.values, count: targets.length, weights: read.weights };
  await growForest(engine, data, given, forestOptions(settings, read), onTree, signal);
  return { trees, gains, curve };
}

function validationRows({ features, targets, coded, bins }: TreeData, options: FitOptions): VotedRows | undefined {
  const { validation } = options;
  if (!validation || validation.numRows === 0) return undefined;
  const read = targets.map((target) => readValidation(validation, features, target, options));
  const columns = read[0]!.columns.map((column, index) => columnToCode(column, bins[index]!));
  const known = targets.map((target, t) => ({ ...target, values: read[t]!.target }));
  return {
    columns,
    targets: codeMore(coded, known),
    rows: weighingRows(validation.numRows, undefined),
  };
}

/** Rows drawn for a tree. */
function sampleCount(maxSamples: number | null, rows: number): number {
  if (maxSamples === null) return rows;
  if (maxSamples <= 1) return Math.max(1, Math.round(maxSamples * rows));
  if (!Number.isInteger(maxSamples) || maxSamples > rows) {
    throw invalid('maxSamples', `a share in (0, 1] or a whole number up to the ${rows} rows`, maxSamples);
  }
  return maxSamples;
}

/** Each tree's gains count alike, as in scikit-learn. */
function addGains(gains: Float64Array, tree: ForestTree): void {
  const total = tree.gain.reduce((sum, gain) => sum + gain, 0);
  if (!(total > 0)) return;
  tree.feature.forEach((feature, node) => {
    if (feature >= 0) gains[feature]! += tree.gain[node]! / total;
  });
}

function shares(gains: Float64Array, bins: readonly FeatureBins[]): Record<string, number> {
  const total = gains.reduce((sum, gain) => sum + gain, 0);
  return Object.fromEntries(bins.map(({ name }, index) => [name, total > 0 ? gains[index]! / total : 0]));
}

function verdictOf(trees: readonly ForestTree[], { history }: ForestCurve, bootstrap: boolean): string {
  const leaves = trees.map((tree) => (tree.feature.length + 1) / 2);
  if (trees.length === 1) return `one tree of ${leaves[0]} leaves, ${depthOf(trees[0]!)} deep`;
  const mean = Math.round(leaves.reduce((sum, count) => sum + count, 0) / trees.length);
  const size = `${trees.length} trees of ${mean} leaves on average`;
  const [last, half] = [history.at(-1), history[Math.floor(history.length / 2)]];
  if (!last || !half) return size;
  const gain = 1 - last.loss / half.loss;
  const more = gain > 0.01 ? 'more trees may help' : 'more trees would change little';
  const rows = bootstrap ? 'rows out of the bag' : 'training rows';
  return `${size}; loss on ${rows} ${Number(last.loss.toPrecision(4))}, ${more}`;
}

function depthOf({ feature, child }: ForestTree): number {
  const depths = new Int32Array(feature.length);
  feature.forEach((of, node) => {
    if (of < 0) return;
    depths[child[node]!] = depths[node]! + 1;
    depths[child[node]! + 1] = depths[node]! + 1;
  });
  return depths.reduce((deepest, depth) => Math.max(deepest, depth), 0);
}
