import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../errors.js';
import { readInput } from '../../table/inputs.js';
import { nextF32, thresholdToF32 } from './float32.js';
import { type ExchangeForest, type ExchangeTree, hasBit, isAscii } from './forest.js';
import { type ExportedFile, innerMeans, noLink, singleOutputs, withBase } from './lightgbm-export.js';
import { type Writable, writeUbjson } from './ubjson.js';

export interface XgboostOptions {
  /** Rows whose way through the trees must stay the same; without them, thresholds that cannot be told apart are refused. */
  readonly rows?: Table;
  /** Write the file even if rows change sides; how many, the notes say. */
  readonly lossy?: boolean;
}

/** The version that the file claims: one base_score for all outputs, categories by code. */
const VERSION = [2, 1, 4];

/**
 * XGBoost's model as JSON or UBJSON. Thresholds and leaves are rounded to f32: the thresholds so that every value that is an
 * f32 keeps its side. Other values may change sides between a threshold and the f32 boundary next to it.
 * @throws LanewiseError `data` where rows, or two thresholds of a column, do change sides or fall together, and not `lossy`.
 */
export function exportXgboost(
  forest: ExchangeForest,
  format: 'json' | 'ubj',
  options: XgboostOptions = {},
): ExportedFile {
  const notes = [...routingNotes(forest, options), ...unseenNotes(forest)];
  const zeros = forest.features.find(({ zeroIsMissing }) => zeroIsMissing);
  if (zeros) {
    const message = `Column "${zeros.name}" takes zeros for missing at some splits, which XGBoost cannot say`;
    throw new LanewiseError('unsupported', message, { hint: 'Export it as LightGBM or JSON.' });
  }
  const { trees, leafError } = scaledTrees(forest);
  notes.push(
    `Leaves are f32 there and sums too: leaves alone move a prediction's sum by ${leafError.toPrecision(2)} at most.`,
  );
  if (foreignLabels(forest.features)) {
    notes.push(
      'Labels beyond ASCII are not written: give XGBoost these categories by code, in the order of the labels.',
    );
  }
  if (forest.classes && forest.link.kind === 'identity')
    notes.push('Leaves hold probabilities: predict() gives them as they are.');
  const document = documentOf(forest, trees);
  const bytes = format === 'ubj' ? writeUbjson(document) : new TextEncoder().encode(toJson(document));
  return { bytes, notes };
}

/** The trees with everything that XGBoost has no word for worked into the leaves: base, average, the slope of a sigmoid. */
function scaledTrees(forest: ExchangeForest): { trees: readonly ExchangeTree[]; leafError: number } {
  const single = withBase(singleOutputs(forest), forest);
  const share = forest.average ? forest.outputs / single.length : 1;
  const slope = 'slope' in forest.link ? forest.link.slope : 1;
  const errors = new Float64Array(forest.outputs);
  const trees = single.map((tree, index): ExchangeTree => {
    const values = tree.values.map((value) => value * share * slope);
    let error = 0;
    for (const value of values) {
      if (Math.abs(value) > 3.4e38) throw tooLarge('A leaf', value);
      error = Math.max(error, Math.abs(value - Math.fround(value)));
    }
    errors[index % forest.outputs]! += error;
    return { ...tree, values };
  });
  return { trees, leafError: errors.reduce((most, error) => Math.max(most, error), 0) };
}

function tooLarge(what: string, value: number): LanewiseError {
  return new LanewiseError('unsupported', `${what} of ${value} is beyond the numbers that XGBoost holds`, {
    hint: 'Export it as LightGBM or JSON.',
  });
}

/** What rounding to f32 does to the ways of rows. */
function routingNotes(forest: ExchangeForest, { rows, lossy = false }: XgboostOptions): string[] {
  const thresholds = thresholdsByFeature(forest);
  let [together, changed] = [0, 0];
  let where: string | undefined;
  for (const [feature, sorted] of thresholds) {
    const { name, type, labels } = forest.features[feature]!;
    const rounded = sorted.map(thresholdToF32);
    for (let i = 1; i < sorted.length; i++) if (rounded[i] === rounded[i - 1]) [together, where] = [together + 1, name];
    if (!rows) continue;
    const values = readInput(rows, { name, type, ...(labels && { labels }) });
    for (const value of values) {
      if (Number.isNaN(value)) continue;
      const below = countWhere(sorted, (threshold) => threshold < value);
      const belowThere = countWhere(rounded, (threshold) => threshold <= Math.fround(value));
      if (below !== belowThere) [changed, where] = [changed + 1, name];
    }
  }
  const trouble =
    changed > 0
      ? `${changed} values, in column "${where}" among others, change sides of a threshold in f32`
      : together > 0 && !rows
        ? `${together} thresholds, of column "${where}" among others, fall together in f32`
        : undefined;
  if (trouble && !lossy) {
    throw new LanewiseError('data', `XGBoost compares in f32, where rows would take other ways: ${trouble}`, {
      hint: 'Export it as LightGBM, round the column before fitting, or accept it with `lossy`.',
    });
  }
  if (trouble) return [`${trouble}: accepted as lossy.`];
  if (rows) return [`None of the ${rows.numRows} rows changes sides of a threshold in f32.`];
  return [
    'Values that are f32 keep their sides; others may change them close to a threshold. Rows to check tell which do.',
  ];
}

function thresholdsByFeature({ trees }: ExchangeForest): Map<number, number[]> {
  const found = new Map<number, Set<number>>();
  for (const tree of trees) {
    tree.feature.forEach((feature, node) => {
      if (feature < 0 || tree.labelsLeft[node]) return;
      const known = found.get(feature) ?? new Set();
      found.set(feature, known.add(tree.threshold[node]!));
    });
  }
  return new Map([...found].map(([feature, values]) => [feature, [...values].sort((a, b) => a - b)]));
}

/** How many of the ascending values hold, all of which come first. */
function countWhere(ascending: readonly number[], holds: (value: number) => boolean): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(ascending[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A label never seen goes left in XGBoost. */
function unseenNotes({ features, trees }: ExchangeForest): string[] {
  const right = trees.reduce((sum, { labelsLeft, feature }) => {
    const others = labelsLeft.filter(
      (words, node) => words && !hasBit(words, features[feature[node]!]!.labels!.length),
    );
    return sum + others.length;
  }, 0);
  return right === 0 ? [] : [`Labels never seen go left in XGBoost; at ${right} splits this model sends them right.`];
}

function documentOf(forest: ExchangeForest, trees: readonly ExchangeTree[]): { readonly [key: string]: Writable } {
  const { features, outputs } = forest;
  const { name, baseScore, multiclass, parameters } = objectiveOf(forest);
  const perIteration = outputs;
  const iterations = trees.length / perIteration;
  return {
    version: VERSION,
    learner: {
      attributes: {},
      feature_names: features.map((feature) => feature.name),
      feature_types: features.map(({ type }) => (type === 'category' ? 'c' : type === 'boolean' ? 'i' : 'float')),
      learner_model_param: {
        base_score: baseScore,
        boost_from_average: '0',
        num_class: multiclass ? String(outputs) : '0',
        num_feature: String(features.length),
        num_target: multiclass ? '1' : String(outputs),
      },
      objective: { name, ...parameters },
      gradient_booster: {
        name: 'gbtree',
        model: {
          cats: categoriesOf(forest),
          gbtree_model_param: { num_parallel_tree: '1', num_trees: String(trees.length) },
          iteration_indptr: Array.from({ length: iterations + 1 }, (_, i) => i * perIteration),
          tree_info: trees.map((_, index) => index % outputs),
          trees: trees.map((tree, index) => treeOf(tree, index, forest)),
        },
      },
    },
  };
}

/** The labels, by which XGBoost from 3.1 on renumbers the categories of a data frame. */
function categoriesOf({ features }: ExchangeForest): Writable {
  const none = { enc: [], feature_segments: new Int32Array(0), sorted_idx: new Int32Array(0) };
  if (!features.some(({ labels }) => labels) || foreignLabels(features)) return none;
  const encoder = new TextEncoder();
  let total = 0;
  const segments = [0];
  const enc = features.map(({ labels = [] }): Writable => {
    const texts = labels.map((label) => encoder.encode(label));
    const offsets = [0];
    for (const text of texts) offsets.push(offsets.at(-1)! + text.length);
    segments.push((total += labels.length));
    const values = Uint8Array.from(texts.flatMap((text) => [...text]));
    return {
      offsets: labels.length > 0 ? Int32Array.from(offsets) : new Int32Array(0),
      values: new Int8Array(values.buffer),
    };
  });
  // ASCII ascends by bytes in every reading, and so do our labels.
  const sorted = features.flatMap(({ labels = [] }) => labels.map((_, index) => index));
  return { enc, feature_segments: Int32Array.from(segments), sorted_idx: Int32Array.from(sorted) };
}

/** Labels beyond ASCII, which XGBoost's Python package miscounts (3.2: characters for bytes), so that it finds others. */
function foreignLabels(features: ExchangeForest['features']): boolean {
  return features.some(({ labels }) => labels?.some((label) => !isAscii(label)));
}

interface ObjectiveDocument {
  readonly name: string;
  /** The prediction of a sum of 0. */
  readonly baseScore: string;
  readonly multiclass: boolean;
  readonly parameters: { readonly [key: string]: Writable };
}

function objectiveOf({ link, classes, outputs }: ExchangeForest): ObjectiveDocument {
  const regression = { reg_loss_param: { scale_pos_weight: '1' } };
  switch (link.kind) {
    case 'identity':
      return { name: 'reg:squarederror', baseScore: '0E0', multiclass: false, parameters: regression };
    case 'exp':
      return {
        name: 'count:poisson',
        baseScore: '1E0',
        multiclass: false,
        parameters: { poisson_regression_param: { max_delta_step: '0.7' } },
      };
    case 'sigmoid':
    case 'sigmoids': {
      const name = classes ? 'binary:logistic' : 'reg:logistic';
      return { name, baseScore: '5E-1', multiclass: false, parameters: regression };
    }
    case 'softmax':
      return {
        name: 'multi:softprob',
        baseScore: '0E0',
        multiclass: true,
        parameters: { softmax_multiclass_param: { num_class: String(outputs) } },
      };
    case 'step':
      return { name: 'binary:hinge', baseScore: '0E0', multiclass: false, parameters: {} };
    default:
      throw noLink(link, 'XGBoost');
  }
}

const NO_PARENT = 2_147_483_647;

function treeOf(tree: ExchangeTree, index: number, { features }: ExchangeForest): Writable {
  const count = tree.feature.length;
  const parents = new Int32Array(count).fill(NO_PARENT);
  const conditions = new Float32Array(count);
  const nodes: number[] = [];
  const sets: number[][] = [];
  tree.feature.forEach((feature, node) => {
    if (feature < 0) {
      conditions[node] = tree.values[node]!;
      return;
    }
    parents[tree.left[node]!] = node;
    parents[tree.right[node]!] = node;
    const words = tree.labelsLeft[node];
    if (!words) {
      conditions[node] = tree.threshold[node] === Infinity ? Infinity : thresholdToF32(tree.threshold[node]!);
      return;
    }
    nodes.push(node);
    sets.push(features[feature]!.labels!.flatMap((_, label) => (hasBit(words, label) ? [] : [label])));
    conditions[node] = nextF32(0);
  });
  const begins: bigint[] = [];
  let total = 0;
  for (const set of sets) {
    begins.push(BigInt(total));
    total += set.length;
  }
  return {
    base_weights: Float32Array.from(innerMeans(tree)),
    categories: Int32Array.from(sets.flat()),
    categories_nodes: Int32Array.from(nodes),
    categories_segments: BigInt64Array.from(begins),
    categories_sizes: BigInt64Array.from(sets, (set) => BigInt(set.length)),
    default_left: tree.missingLeft,
    id: index,
    left_children: tree.left,
    loss_changes: Float32Array.from(tree.gain),
    parents,
    right_children: tree.right,
    split_conditions: conditions,
    split_indices: Int32Array.from(tree.feature, (feature) => Math.max(0, feature)),
    split_type: Uint8Array.from(tree.feature, (feature, node) => (feature >= 0 && tree.labelsLeft[node] ? 1 : 0)),
    sum_hessian: Float32Array.from(tree.cover),
    tree_param: {
      num_deleted: '0',
      num_feature: String(features.length),
      num_nodes: String(count),
      size_leaf_vector: '1',
    },
  };
}

/** JSON in which an f32 is the shortest decimal that rounds to it, and infinities are bare, as XGBoost writes them. */
function toJson(value: Writable): string {
  if (value instanceof Float32Array) return `[${Array.from(value, f32Text).join(',')}]`;
  if (ArrayBuffer.isView(value)) return `[${(value as Int32Array).join(',')}]`;
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}:${toJson(entry as Writable)}`);
  return `{${members.join(',')}}`;
}

/** With an exponent always: XGBoost takes a number without point or exponent for an integer. */
function f32Text(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return Number(text).toExponential();
  }
  return Number(value.toPrecision(9)).toExponential();
}
