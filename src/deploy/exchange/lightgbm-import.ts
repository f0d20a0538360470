import { compareUtf8 } from '../../table/columns.js';
import { previousF64 } from './float32.js';
import {
  BitBudget,
  checkLabelCount,
  damaged,
  type ExchangeFeature,
  type ExchangeForest,
  type ExchangeTree,
  type ForeignNode,
  type Link,
  orderTree,
  setBit,
  unsupported,
} from './forest.js';
import type { Foreign, ImportOptions } from './imported.js';
import {
  countOf,
  type Fields,
  integersOf,
  type LightGbmText,
  numbersOf,
  parseLightGbm,
  shorten,
  wordsOf,
} from './lightgbm-text.js';
import { ZERO } from './lower.js';

/** Bits of LightGBM's decision_type. */
const CATEGORICAL = 1;
const DEFAULT_LEFT = 2;
const missingTypes = ['none', 'zero', 'nan'] as const;

const MOST_TREES = 10_000_000;
const MOST_LEAVES = 1 << 24;

/**
 * LightGBM's text format (model.txt, versions v3 and v4). A number is compared in f64, as LightGBM does; a category's code
 * becomes its label: of pandas_categorical, or else the code as text.
 * @throws LanewiseError `file` where it is damaged, `unsupported` for linear leaves and objectives not known.
 */
export function importLightGbm(text: string, options: ImportOptions = {}): Foreign {
  const parsed = parseLightGbm(text);
  const { header, parameters } = parsed;
  const outputs = countOf(header, 'num_tree_per_iteration', 'the header', 1, MOST_TREES);
  const names = wordsOf(header, 'feature_names');
  const featureCount = countOf(header, 'max_feature_idx', 'the header', 0, MOST_TREES) + 1;
  if (names.length !== featureCount || new Set(names).size !== featureCount) {
    throw damaged(`Expected ${featureCount} distinct feature_names but received ${names.length}`);
  }
  const columns = readColumns(parsed, names, options);
  const trees = parsed.trees.map((fields, tree) => readTree(fields, `tree ${tree}`, columns));
  if (trees.length === 0 || trees.length % outputs !== 0) {
    throw damaged(`Expected trees for ${outputs} outputs but the file has ${trees.length}`);
  }
  const objective = objectiveOf(header.get('objective') ?? '', outputs, options);
  const forest: ExchangeForest = {
    features: columns.features,
    trees,
    outputs,
    leafWidth: 1,
    base: new Float64Array(outputs),
    average: header.has('average_output'),
    link: objective.link,
    classes: objective.classes,
  };
  return {
    library: 'lightgbm',
    version: header.get('version') ?? 'unknown',
    objective: objective.name,
    ranking: objective.ranking,
    boosting: parameters.get('boosting') ?? (forest.average ? 'rf' : 'gbdt'),
    rows: trees[0]!.cover.length > 0 ? rowsOf(parsed.trees[0]!) : 0,
    iterations: trees.length / outputs,
    forest,
    notes: columns.notes,
  };
}

/** Rows of the first tree: all that were trained on, unless bagging took some. */
function rowsOf(tree: Fields): number {
  return wordsOf(tree, 'leaf_count').reduce((sum, word) => sum + (Number(word) || 0), 0);
}

/** The features of the file, and the inputs of the trees as they turn up. */
interface Columns {
  readonly features: ExchangeFeature[];
  readonly count: number;
  readonly notes: string[];
  /** By feature: the label's place for each code; undefined: a number. */
  readonly codes: readonly (ReadonlyMap<number, number> | undefined)[];
  /** By feature: the input with zeros as missing, where a tree wants one. */
  readonly zeros: Map<number, number>;
  readonly bits: BitBudget;
}

function readColumns(parsed: LightGbmText, names: readonly string[], options: ImportOptions): Columns {
  const categorical = categoricalFeatures(parsed, names.length);
  const labels = labelsOf(parsed, categorical, names, options);
  const codes: (ReadonlyMap<number, number> | undefined)[] = names.map(() => undefined);
  const features = names.map((name, index): ExchangeFeature => {
    const texts = labels.get(index);
    if (!texts) return { name, type: 'number' };
    checkLabelCount(name, texts.size);
    const sorted = [...texts.values()].sort(compareUtf8);
    if (new Set(sorted).size !== sorted.length) throw damaged(`Expected distinct categories of "${name}"`);
    const places = new Map(sorted.map((label, place) => [label, place]));
    codes[index] = new Map([...texts].map(([code, label]) => [code, places.get(label)!]));
    return { name, type: 'category', labels: sorted };
  });
  return { features, count: names.length, notes: [], codes, zeros: new Map(), bits: new BitBudget() };
}

/** Columns with a categorical node, or that the header or the parameters call categorical; with the codes they name. */
function categoricalFeatures({ header, trees, parameters }: LightGbmText, count: number): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>();
  const codesOf = (feature: number): Set<number> => {
    const known = found.get(feature);
    if (known) return known;
    const codes = new Set<number>();
    found.set(feature, codes);
    return codes;
  };
  for (const word of (parameters.get('categorical_feature') ?? '').split(',')) {
    if (/^\d+$/.test(word) && Number(word) < count) codesOf(Number(word));
  }
  wordsOf(header, 'feature_infos').forEach((info, feature) => {
    // [least:greatest] of numbers; code:code:… of categories, −1 for missing; none where nothing was there.
    if (feature >= count || !/^-?\d+(:-?\d+)*$/.test(info)) return;
    for (const code of info.split(':').map(Number)) if (code >= 0) codesOf(feature).add(code);
  });
  trees.forEach((fields, tree) => {
    const split = wordsOf(fields, 'split_feature');
    const sets = categorySets(fields, `tree ${tree}`);
    const thresholds = sets.length > 0 ? wordsOf(fields, 'threshold') : [];
    wordsOf(fields, 'decision_type').forEach((type, node) => {
      const feature = Number(split[node]);
      if ((Number(type) & CATEGORICAL) === 0 || !(feature >= 0 && feature < count)) return;
      for (const code of sets[Number(thresholds[node])] ?? []) codesOf(feature).add(code);
    });
  });
  return found;
}

/** The labels of each categorical feature by code. */
function labelsOf(
  { pandasCategorical }: LightGbmText,
  categorical: Map<number, Set<number>>,
  names: readonly string[],
  options: ImportOptions,
): Map<number, Map<number, string>> {
  const features = [...categorical.keys()].sort((a, b) => a - b);
  const frames = Array.isArray(pandasCategorical) ? pandasCategorical : [];
  const given = options.categories ?? {};
  const labels = new Map<number, Map<number, string>>();
  features.forEach((feature, place) => {
    const own = Object.hasOwn(given, names[feature]!) ? given[names[feature]!] : undefined;
    const list: unknown = own ?? (frames.length === features.length ? frames[place] : undefined);
    if (list === undefined && frames.length > 0) {
      const what = `${frames.length} lists of pandas_categorical for ${features.length} categorical features`;
      throw unsupported(
        `The file has ${what}, so which is whose cannot be told`,
        'Name them: import with `categories`.',
      );
    }
    if (list !== undefined && !Array.isArray(list)) throw damaged('Expected lists of categories in pandas_categorical');
    const entries = list
      ? (list as unknown[]).map((label, code) => [code, String(label)] as const)
      : [...categorical.get(feature)!].sort((a, b) => a - b).map((code) => [code, String(code)] as const);
    labels.set(feature, new Map(entries));
  });
  return labels;
}

/** The codes that go left, of each categorical node of a tree. */
function categorySets(fields: Fields, where: string): number[][] {
  const count = fields.has('num_cat') ? countOf(fields, 'num_cat', where, 0, MOST_LEAVES) : 0;
  if (count === 0) return [];
  const words = wordsOf(fields, 'cat_threshold');
  const boundaries = integersOf(fields, 'cat_boundaries', count + 1, where, [0, words.length]);
  return Array.from({ length: count }, (_, index) => {
    const [begin, end] = [boundaries[index]!, boundaries[index + 1]!];
    if (begin > end) throw damaged(`cat_boundaries of ${where} do not ascend`);
    const codes: number[] = [];
    for (let word = begin; word < end; word++) {
      const bits = Number(words[word]);
      if (!(Number.isInteger(bits) && bits >= 0 && bits < 2 ** 32))
        throw damaged(`cat_threshold of ${where} is no bit set`);
      for (let bit = 0; bit < 32; bit++) if ((bits >>> bit) & 1) codes.push(32 * (word - begin) + bit);
    }
    return codes;
  });
}

function readTree(fields: Fields, where: string, columns: Columns): ExchangeTree {
  const leaves = countOf(fields, 'num_leaves', where, 1, MOST_LEAVES);
  const inner = leaves - 1;
  const values = leafValues(fields, leaves, where);
  const child: readonly [number, number] = [-leaves, inner - 1];
  const left = integersOf(fields, 'left_child', inner, where, child);
  const right = integersOf(fields, 'right_child', inner, where, child);
  const feature = integersOf(fields, 'split_feature', inner, where, [0, columns.count - 1]);
  const threshold = numbersOf(fields, 'threshold', inner, where);
  const decision = fields.has('decision_type')
    ? integersOf(fields, 'decision_type', inner, where, [-128, 127])
    : new Float64Array(inner);
  const optional = (name: string, count: number) =>
    wordsOf(fields, name).length === count ? numbersOf(fields, name, count, where) : undefined;
  // Counts, as LightGBM's own TreeSHAP takes them.
  const leafCover = optional('leaf_count', leaves) ?? optional('leaf_weight', leaves);
  const innerCover = optional('internal_count', inner) ?? optional('internal_weight', inner);
  const gain = optional('split_gain', inner);
  const sets = categorySets(fields, where);
  const indexOf = (childIndex: number) => (childIndex < 0 ? inner - 1 - childIndex : childIndex);
  return orderTree(
    inner + leaves,
    (index): ForeignNode => {
      if (index >= inner) return { values: [values[index - inner]!], cover: leafCover?.[index - inner] ?? 0 };
      const split = splitOf(columns, sets, feature[index]!, threshold[index]!, decision[index]! & 255, where);
      const [to, other] = [indexOf(left[index]!), indexOf(right[index]!)];
      return { ...split, left: to, right: other, cover: innerCover?.[index] ?? 0, gain: gain?.[index] ?? 0 };
    },
    1,
    where,
  );
}

function leafValues(fields: Fields, leaves: number, where: string): Float64Array {
  if (fields.get('is_linear')?.trim() !== '1') return numbersOf(fields, 'leaf_value', leaves, where);
  if (wordsOf(fields, 'num_features').some((count) => count !== '0')) {
    throw unsupported(`${where} has linear leaves, which Lanewise has not`, 'Train it without linear_tree.');
  }
  return numbersOf(fields, 'leaf_const', leaves, where);
}

function splitOf(
  columns: Columns,
  sets: readonly (readonly number[])[],
  feature: number,
  threshold: number,
  decision: number,
  where: string,
): { feature: number; threshold: number; missingLeft: boolean; labelsLeft?: Uint32Array } {
  const codes = columns.codes[feature];
  if ((decision & CATEGORICAL) !== 0) {
    const set = sets[threshold];
    if (!set || !codes)
      throw damaged(`Expected one of ${sets.length} sets of categories in ${where} but received ${threshold}`);
    // Missing values, and codes that the set lacks, go right, whatever the default.
    const labelsLeft = columns.bits.take(codes.size);
    for (const code of set) {
      const place = codes.get(code);
      if (place !== undefined) setBit(labelsLeft, place);
    }
    return { feature, threshold: 0, missingLeft: false, labelsLeft };
  }
  if (codes) throw damaged(`Feature "${columns.features[feature]!.name}" is a category and a number`);
  const missing = missingTypes[(decision >>> 2) & 3];
  if (missing === undefined)
    throw damaged(`Expected decision_type of ${where} to name a missing type but it is ${decision}`);
  const missingLeft = missing === 'none' ? 0 <= threshold : (decision & DEFAULT_LEFT) !== 0;
  if (missing === 'zero') return { feature: zeroInput(columns, feature), threshold, missingLeft };
  return { feature, threshold: besideZero(threshold), missingLeft };
}

/** LightGBM reads values within ±ZERO as 0: they all go to the side of 0. */
function besideZero(threshold: number): number {
  if (threshold < -ZERO || threshold >= ZERO) return threshold;
  return threshold >= 0 ? ZERO : previousF64(-ZERO);
}

/** The input of this feature with zeros as missing. */
function zeroInput(columns: Columns, feature: number): number {
  const known = columns.zeros.get(feature);
  if (known !== undefined) return known;
  const index = columns.features.push({ ...columns.features[feature]!, zeroIsMissing: true }) - 1;
  columns.zeros.set(feature, index);
  return index;
}

interface Objective {
  readonly name: string;
  readonly link: Link;
  readonly classes?: readonly string[];
  readonly ranking?: boolean;
}

/** From the words of the objective line, such as `binary sigmoid:1`. */
function objectiveOf(line: string, outputs: number, options: ImportOptions): Objective {
  const [name = '', ...words] = line.trim().split(/\s+/);
  const setting = (key: string) => {
    const word = words.find((text) => text.startsWith(`${key}:`));
    return word === undefined ? undefined : Number(word.slice(key.length + 1));
  };
  const slope = setting('sigmoid') ?? 1;
  if (!(slope > 0 && slope < Infinity)) throw damaged(`Expected a sigmoid above 0 but received ${slope}`);
  const classes = (count: number) => options.classes ?? Array.from({ length: count }, (_, k) => String(k));
  switch (name) {
    case 'regression':
      return { name, link: { kind: words.includes('sqrt') ? 'signed square' : 'identity' } };
    case '':
    case 'custom':
    case 'none':
    case 'regression_l1':
    case 'huber':
    case 'fair':
    case 'quantile':
    case 'mape':
      return { name: name || 'none', link: { kind: 'identity' } };
    case 'poisson':
    case 'gamma':
    case 'tweedie':
      return { name, link: { kind: 'exp' } };
    case 'cross_entropy':
      return { name, link: { kind: 'sigmoid', slope: 1 } };
    case 'cross_entropy_lambda':
      return { name, link: { kind: 'softplus' } };
    case 'lambdarank':
    case 'rank_xendcg':
      return { name, link: { kind: 'identity' }, ranking: true };
    case 'binary':
      return { name, link: { kind: 'sigmoid', slope }, classes: classes(2) };
    case 'multiclass':
      return { name, link: { kind: 'softmax' }, classes: classes(outputs) };
    case 'multiclassova':
      return { name, link: { kind: 'sigmoids', slope }, classes: classes(outputs) };
    default:
      throw unsupported(
        `The objective "${shorten(name)}" is none that Lanewise knows`,
        'Is the file of a newer LightGBM?',
      );
  }
}
