import { log } from '../../kernels/elementary.js';
import { thresholdFromF32 } from './float32.js';
import {
  type BitBudget,
  constantTree,
  damaged,
  type ExchangeForest,
  type ExchangeTree,
  type ForeignNode,
  type Link,
  orderTree,
  unsupported,
} from './forest.js';
import type { Foreign, ImportOptions } from './imported.js';
import { at, type Json, listAt, numberAt, numbersAt, recordAt, textAt } from './json-fields.js';
import { categorySets, miscountedNotes, readColumns, type XgboostColumns } from './xgboost-columns.js';

const MOST = 1 << 24;

/**
 * XGBoost's model, from JSON or UBJSON (versions 1.0 to 3.2). XGBoost compares f32(x) < threshold; the thresholds made of it
 * part every f64 in the same way (float32.ts). Sums are f64 here and f32 there.
 * @throws LanewiseError `file` where it is damaged, `unsupported` for gblinear and objectives not known.
 */
export function importXgboost(root: Json, options: ImportOptions = {}): Foreign {
  const learner = recordAt(root, 'learner', 'the model');
  const settings = recordAt(learner, 'learner_model_param', 'learner');
  const featureCount = numberAt(settings, 'num_feature', 'learner_model_param', [0, MOST]);
  const outputs = Math.max(
    1,
    numberAt(settings, 'num_class', 'learner_model_param', [0, MOST]),
    at(settings, 'num_target') === undefined ? 1 : numberAt(settings, 'num_target', 'learner_model_param', [0, MOST]),
  );
  const booster = recordAt(learner, 'gradient_booster', 'learner');
  const boosting = textAt(booster, 'name', 'gradient_booster');
  if (boosting !== 'gbtree' && boosting !== 'dart') {
    throw unsupported(`The booster "${boosting.slice(0, 40)}" has no trees`, 'Lanewise imports gbtree and dart.');
  }
  const model = recordAt(boosting === 'dart' ? recordAt(booster, 'gbtree', 'dart') : booster, 'model', boosting);
  const columns = readColumns(learner, model, featureCount, options);
  const grown = readTrees(model, columns, boosting === 'dart' ? numbersAt(booster, 'weight_drop', 'dart') : undefined);
  const { trees, iterations } = keptTrees(learner, model, grown, outputs, options);
  const all = grown.length / treesPerIteration(model, outputs);
  const objective = objectiveOf(recordAt(learner, 'objective', 'learner'), outputs, options);
  const forest: ExchangeForest = {
    features: columns.features,
    outputs,
    base: baseOf(textAt(settings, 'base_score', 'learner_model_param'), outputs, objective.margin),
    average: false,
    link: objective.link,
    classes: objective.classes,
    ...byOutput(trees, outputs),
  };
  return {
    library: 'xgboost',
    version: versionOf(root),
    objective: objective.name,
    ranking: objective.name.startsWith('rank:'),
    boosting,
    rows: 0,
    iterations,
    forest,
    notes: [
      ...miscountedNotes(columns.features, options),
      ...(iterations < all ? [`Kept the best ${iterations} of ${all} iterations.`] : []),
    ],
  };
}

function versionOf(root: Json): string {
  const version = at(root, 'version');
  return Array.isArray(version) || version instanceof Float64Array
    ? Array.from(version).slice(0, 3).join('.')
    : 'unknown';
}

/** A tree and the output that it adds to. */
interface GrownTree {
  readonly tree: ExchangeTree;
  readonly group: number;
  readonly leafWidth: number;
}

function readTrees(model: Json, columns: XgboostColumns, weights: Float64Array | undefined): GrownTree[] {
  const trees = listAt(model, 'trees', 'model');
  const groups = numbersAt(model, 'tree_info', 'model', trees.length);
  if (weights && weights.length !== trees.length) {
    throw damaged(`Expected ${trees.length} weights of dart but received ${weights.length}`);
  }
  return trees.map((tree, index) => {
    const parameters = recordAt(tree, 'tree_param', `tree ${index}`);
    const width = at(parameters, 'size_leaf_vector');
    const leafWidth =
      width === undefined ? 1 : Math.max(1, numberAt(parameters, 'size_leaf_vector', `tree ${index}`, [0, MOST]));
    const nodes = numberAt(parameters, 'num_nodes', `tree ${index}`, [1, MOST]);
    const read = readTree(tree, nodes, leafWidth, weights?.[index] ?? 1, `tree ${index}`, columns);
    return { tree: read, group: groups[index]!, leafWidth };
  });
}

function readTree(
  tree: Json,
  nodes: number,
  leafWidth: number,
  weight: number,
  where: string,
  columns: XgboostColumns,
): ExchangeTree {
  const numbers = (name: string) => numbersAt(tree, name, where, nodes);
  const [left, right] = [numbers('left_children'), numbers('right_children')];
  const [splits, conditions] = [numbers('split_indices'), numbers('split_conditions')];
  const defaultLeft = numbers('default_left');
  const optional = (name: string) => (at(tree, name) === undefined ? undefined : numbers(name));
  const [types, hessians, gains] = [optional('split_type'), optional('sum_hessian'), optional('loss_changes')];
  const sets = categorySets(tree, where);
  const leaves = leafWidth === 1 ? undefined : numbersAt(tree, 'leaf_weights', where);
  const valuesAt = (node: number): number[] => {
    if (!leaves) return [finite(Math.fround(conditions[node]!) * weight, where)];
    // A leaf of several values: its place in leaf_weights stands where the right child would.
    const first = right[node]! * leafWidth;
    if (!(first >= 0 && first + leafWidth <= leaves.length))
      throw damaged(`Leaf ${right[node]} of ${where} is missing`);
    return Array.from(leaves.subarray(first, first + leafWidth), (value) => finite(Math.fround(value) * weight, where));
  };
  const nodeAt = (node: number): ForeignNode => {
    const cover = hessians ? Math.fround(hessians[node]!) : 0;
    if (left[node] === -1) return { values: valuesAt(node), cover };
    const feature = splits[node]!;
    if (!(feature >= 0 && feature < columns.features.length)) {
      throw damaged(`Node ${node} of ${where} splits on feature ${feature} of ${columns.features.length}`);
    }
    const common = {
      feature,
      missingLeft: defaultLeft[node] === 1,
      left: left[node]!,
      right: right[node]!,
      cover,
      gain: gains ? Math.fround(gains[node]!) : 0,
    };
    const codes = columns.codes[feature];
    if (types?.[node] === 1) {
      return {
        ...common,
        threshold: 0,
        labelsLeft: labelsLeft(codes!, sets.get(node), columns.bits, `node ${node} of ${where}`),
      };
    }
    if (codes) throw damaged(`Feature "${columns.features[feature]!.name}" is a category and a number`);
    const threshold = thresholdFromF32(Math.fround(finiteOrInfinite(conditions[node]!, where)));
    if (threshold !== undefined) return { ...common, threshold };
    // Nothing is below −Infinity: everything goes right, which is left of the other way round.
    return {
      ...common,
      threshold: Infinity,
      left: common.right,
      right: common.left,
      missingLeft: !common.missingLeft,
    };
  };
  return orderTree(nodes, nodeAt, leafWidth, where);
}

/** XGBoost's sets go right; labels never seen go left, whatever the default. */
function labelsLeft(
  codes: ReadonlyMap<number, number>,
  set: Float64Array | undefined,
  bits: BitBudget,
  where: string,
): Uint32Array {
  if (!set || !codes) throw damaged(`Expected categories of ${where}`);
  const words = bits.take(codes.size).fill(0xffffffff);
  for (const code of set) {
    const place = codes.get(code);
    if (place !== undefined) words[place >>> 5]! &= ~(1 << (place & 31));
  }
  return words;
}

function finite(value: number, where: string): number {
  if (!Number.isFinite(value)) throw damaged(`Expected finite leaves in ${where} but received ${value}`);
  return value;
}

function finiteOrInfinite(value: number, where: string): number {
  if (Number.isNaN(value)) throw damaged(`Expected thresholds in ${where} but one is not a number`);
  return value;
}

function treesPerIteration(model: Json, outputs: number): number {
  const settings = at(model, 'gbtree_model_param');
  const parallel =
    at(settings, 'num_parallel_tree') === undefined
      ? 1
      : numberAt(settings!, 'num_parallel_tree', 'gbtree_model_param', [0, MOST]);
  const vectors = listAt(model, 'trees', 'model').some(
    (tree) => Number(at(at(tree, 'tree_param'), 'size_leaf_vector')) > 1,
  );
  return Math.max(1, parallel) * (vectors ? 1 : outputs);
}

/** The trees up to the best iteration, where early stopping noted one. */
function keptTrees(
  learner: Json,
  model: Json,
  grown: readonly GrownTree[],
  outputs: number,
  options: ImportOptions,
): { trees: readonly GrownTree[]; iterations: number } {
  const perIteration = treesPerIteration(model, outputs);
  const all = { trees: grown, iterations: Math.ceil(grown.length / perIteration) };
  const noted = at(at(learner, 'attributes'), 'best_iteration');
  if (noted === undefined || options.iterations === 'all') return all;
  const best = Number(noted);
  if (!Number.isInteger(best) || best < 0)
    throw damaged(`Expected a best_iteration but received ${String(noted).slice(0, 40)}`);
  if (best + 1 >= all.iterations) return all;
  return { trees: grown.slice(0, (best + 1) * perIteration), iterations: best + 1 };
}

/** Orders the trees as an ensemble adds them: in turn to each output. Outputs with fewer trees get empty ones. */
function byOutput(grown: readonly GrownTree[], outputs: number): Pick<ExchangeForest, 'trees' | 'leafWidth'> {
  const leafWidth = grown[0]?.leafWidth ?? 1;
  if (grown.some((tree) => tree.leafWidth !== leafWidth) || (leafWidth !== 1 && leafWidth !== outputs)) {
    throw damaged(`Expected leaves of 1 or ${outputs} values`);
  }
  if (leafWidth > 1) return { trees: grown.map(({ tree }) => tree), leafWidth };
  const groups: ExchangeTree[][] = Array.from({ length: outputs }, () => []);
  for (const { tree, group } of grown) {
    const trees = groups[group];
    if (!trees) throw damaged(`Expected tree_info in [0, ${outputs}) but received ${group}`);
    trees.push(tree);
  }
  const most = groups.reduce((longest, trees) => Math.max(longest, trees.length), 0);
  const trees: ExchangeTree[] = [];
  for (let i = 0; i < most; i++) for (const group of groups) trees.push(group[i] ?? constantTree([0]));
  return { trees, leafWidth };
}

/** '5E-1' up to version 3.0; '[6.8E-1]', one an output, from 3.1 on. */
function baseOf(text: string, outputs: number, margin: (score: number) => number): Float64Array {
  const words = text.replace(/^\[(.*)\]$/s, '$1').split(',');
  const scores = words.map((word) => (word.trim() === '' ? Number.NaN : Math.fround(Number(word))));
  if ((scores.length !== 1 && scores.length !== outputs) || scores.some((score) => !Number.isFinite(score))) {
    throw damaged(`Expected base_score to be 1 or ${outputs} numbers but received "${text.slice(0, 40)}"`);
  }
  const base = Float64Array.from({ length: outputs }, (_, k) => margin(scores.length === 1 ? scores[0]! : scores[k]!));
  if (base.some((value) => !Number.isFinite(value)))
    throw damaged(`The base_score "${text.slice(0, 40)}" has no margin`);
  return base;
}

interface Objective {
  readonly name: string;
  readonly link: Link;
  /** From base_score, which is a prediction, to a sum of trees. */
  readonly margin: (score: number) => number;
  readonly classes?: readonly string[];
}

function objectiveOf(objective: Json, outputs: number, options: ImportOptions): Objective {
  const name = textAt(objective, 'name', 'objective');
  const classes = () => options.classes ?? Array.from({ length: Math.max(2, outputs) }, (_, k) => String(k));
  const same = (score: number) => score;
  const logit = (score: number) => -log(1 / score - 1);
  switch (name) {
    case 'reg:squarederror':
    case 'reg:linear':
    case 'reg:squaredlogerror':
    case 'reg:pseudohubererror':
    case 'reg:absoluteerror':
    case 'reg:quantileerror':
    case 'reg:expectileerror':
    // Its base_score is a margin since XGBoost 1.3.
    case 'binary:logitraw':
    case 'rank:pairwise':
    case 'rank:ndcg':
    case 'rank:map':
      return { name, link: { kind: 'identity' }, margin: same };
    case 'reg:logistic':
      return { name, link: { kind: 'sigmoid', slope: 1 }, margin: logit };
    case 'binary:logistic':
      return outputs === 1
        ? { name, link: { kind: 'sigmoid', slope: 1 }, margin: logit, classes: classes() }
        : { name, link: { kind: 'sigmoids', slope: 1 }, margin: logit };
    case 'binary:hinge':
      return { name, link: { kind: 'step' }, margin: same, ...(outputs === 1 && { classes: classes() }) };
    case 'multi:softmax':
    case 'multi:softprob':
      return { name, link: { kind: 'softmax' }, margin: same, classes: classes() };
    case 'count:poisson':
    case 'reg:gamma':
    case 'reg:tweedie':
    case 'survival:cox':
    case 'survival:aft':
      return { name, link: { kind: 'exp' }, margin: log };
    default:
      throw unsupported(
        `The objective "${name.slice(0, 40)}" is none that Lanewise knows`,
        'Is the file of a newer XGBoost?',
      );
  }
}
