import {
  constantTree,
  type ExchangeFeature,
  type ExchangeForest,
  type ExchangeTree,
  hasBit,
  type Link,
  unsupported,
} from './forest.js';

/** A file to be written, and what its reader should know. */
export interface ExportedFile {
  readonly bytes: Uint8Array;
  readonly notes: readonly string[];
}

const ZERO_MISSING = 4;
const NAN_MISSING = 8;
const DEFAULT_LEFT = 2;
const CATEGORICAL = 1;

/**
 * LightGBM's model.txt (v4). Thresholds and leaves are f64 there too, and the sums run in the same order: raw predictions are
 * the same bits. Categories are numbered as the labels are, and pandas_categorical names them; where every label of every
 * category is a whole number, these are the codes.
 */
export function exportLightGbm(forest: ExchangeForest): ExportedFile {
  const columns = columnsOf(forest);
  const split = singleOutputs(forest);
  const trees = withBase(split, forest).map((tree, index) => treeText(tree, index, forest, columns));
  const encoder = new TextEncoder();
  const { objective, notes } = objectiveOf(forest);
  const header = [
    'tree',
    'version=v4',
    `num_class=${forest.outputs}`,
    `num_tree_per_iteration=${forest.outputs}`,
    'label_index=0',
    `max_feature_idx=${columns.names.length - 1}`,
    ...(objective ? [`objective=${objective}`] : []),
    ...(forest.average ? ['average_output'] : []),
    `feature_names=${columns.names.join(' ')}`,
    `feature_infos=${columns.infos.join(' ')}`,
    `tree_sizes=${trees.map((text) => encoder.encode(text).length).join(' ')}`,
    '',
    '',
  ];
  const gains = importanceLines(forest, columns);
  const text = `${header.join('\n')}${trees.join('')}end of trees\n\nfeature_importances:\n${gains}\nparameters:\n\nend of parameters\n\npandas_categorical:${columns.pandas}\n`;
  return { bytes: encoder.encode(text), notes: [...columns.notes, ...notes, ...unseenNotes(forest)] };
}

/** A label never seen is NaN in LightGBM, and goes with the missing ones. */
function unseenNotes({ features, trees }: ExchangeForest): string[] {
  let others = 0;
  for (const { labelsLeft, feature, missingLeft } of trees) {
    labelsLeft.forEach((words, node) => {
      const unseen = words && hasBit(words, features[feature[node]!]!.labels!.length);
      if (unseen !== undefined && unseen !== (missingLeft[node] === 1)) others++;
    });
  }
  if (others === 0) return [];
  return [
    `Labels never seen go with the missing ones in LightGBM; at ${others} splits this model sends them the other way.`,
  ];
}

interface Columns {
  readonly names: readonly string[];
  readonly infos: readonly string[];
  /** By feature of the forest: its column. */
  readonly places: readonly number[];
  /** By feature of the forest: the code of each label. */
  readonly codes: readonly (readonly number[] | undefined)[];
  readonly pandas: string;
  readonly notes: readonly string[];
}

const MOST_CODE = 65_536;

function columnsOf({ features }: ExchangeForest): Columns {
  const own = features.filter(({ zeroIsMissing }) => !zeroIsMissing);
  const names = distinctNames(own.map(({ name }) => name.replaceAll(/[\s",:[\]{}]/g, '_')));
  const places = features.map(({ name }) => own.findIndex((feature) => feature.name === name));
  const labelled = own.filter(({ labels }) => labels !== undefined);
  const numbered = labelled.every(({ labels }) =>
    labels!.every((label) => /^(0|[1-9]\d{0,4})$/.test(label) && Number(label) < MOST_CODE),
  );
  const codesOf = ({ labels }: ExchangeFeature) => labels?.map((label, index) => (numbered ? Number(label) : index));
  const renamed = own.flatMap(({ name }, i) => (names[i] === name ? [] : [`"${name}" is written as "${names[i]}"`]));
  return {
    names,
    places,
    infos: own.map((feature) => codesOf(feature)?.join(':') || 'none'),
    codes: features.map(codesOf),
    pandas: labelled.length > 0 && !numbered ? asciiJson(labelled.map(({ labels }) => labels!)) : 'null',
    notes: renamed.length > 0 ? [`LightGBM takes no blanks or ",:[]{} in names: ${renamed.join(', ')}.`] : [],
  };
}

function distinctNames(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.map((name) => {
    let distinct = name;
    for (let i = 2; seen.has(distinct); i++) distinct = `${name}_${i}`;
    seen.add(distinct);
    return distinct;
  });
}

/** JSON in ASCII, as Python writes it: LightGBM looks for the line's end by bytes. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Trees of one value a leaf, output by output. */
export function singleOutputs({ trees, leafWidth }: ExchangeForest): readonly ExchangeTree[] {
  if (leafWidth === 1) return trees;
  return trees.flatMap((tree) =>
    Array.from({ length: leafWidth }, (_, k) => ({
      ...tree,
      values: tree.values.filter((_value, i) => i % leafWidth === k),
    })),
  );
}

/** The base in the first tree of each output, where addition begins in the same order; without a tree, it is one. */
export function withBase(trees: readonly ExchangeTree[], { base, outputs }: ExchangeForest): readonly ExchangeTree[] {
  if (trees.length === 0) return Array.from(base, (value) => constantTree([value]));
  return trees.map((tree, index) => {
    const begin = base[index]!;
    if (index >= outputs || begin === 0) return tree;
    return { ...tree, values: tree.values.map((value, node) => (tree.feature[node]! < 0 ? begin + value : value)) };
  });
}

function objectiveOf({ link, classes, outputs }: ExchangeForest): { objective?: string; notes: readonly string[] } {
  switch (link.kind) {
    case 'identity': {
      if (!classes) return outputs === 1 ? { objective: 'regression', notes: [] } : { notes: [] };
      const what = outputs === 1 ? `the probability of "${classes.at(-1)}"` : 'the probabilities of the classes';
      return { notes: [`Leaves hold probabilities, so the file names no objective: predict() gives ${what}.`] };
    }
    case 'exp':
      return { objective: 'poisson', notes: [] };
    case 'signed square':
      return { objective: 'regression sqrt', notes: [] };
    case 'softplus':
      return { objective: 'cross_entropy_lambda', notes: [] };
    case 'sigmoid':
      if (classes) return { objective: `binary sigmoid:${link.slope}`, notes: [] };
      if (link.slope === 1) return { objective: 'cross_entropy', notes: [] };
      break;
    case 'sigmoids':
      return { objective: `multiclassova num_class:${outputs} sigmoid:${link.slope}`, notes: [] };
    case 'softmax':
      return { objective: `multiclass num_class:${outputs}`, notes: [] };
  }
  throw noLink(link, 'LightGBM');
}

export function noLink(link: Link, library: string) {
  return unsupported(
    `${library} has no objective whose predictions are the ${link.kind} of the sums`,
    'Export it as JSON.',
  );
}

function treeText(tree: ExchangeTree, index: number, forest: ExchangeForest, columns: Columns): string {
  const inner = [...tree.feature.keys()].filter((node) => tree.feature[node]! >= 0);
  const leaves = [...tree.feature.keys()].filter((node) => tree.feature[node]! < 0);
  const places = new Int32Array(tree.feature.length);
  inner.forEach((node, place) => {
    places[node] = place;
  });
  leaves.forEach((node, place) => {
    places[node] = -place - 1;
  });
  const sets: number[][] = [];
  const nodes = inner.map((node) => {
    const words = tree.labelsLeft[node];
    const [left, right] = [places[tree.left[node]!]!, places[tree.right[node]!]!];
    const feature = columns.places[tree.feature[node]!]!;
    if (!words) {
      const missing = forest.features[tree.feature[node]!]!.zeroIsMissing ? ZERO_MISSING : NAN_MISSING;
      const decision = missing + (tree.missingLeft[node] === 1 ? DEFAULT_LEFT : 0);
      return { feature, left, right, decision, threshold: tree.threshold[node]! };
    }
    // What the set lacks goes right there, missing values too; where they go left here, the node is turned round.
    const turned = tree.missingLeft[node] === 1;
    const codes = columns.codes[tree.feature[node]!]!;
    const threshold = sets.push(codes.filter((_, label) => hasBit(words, label) !== turned)) - 1;
    return { feature, left: turned ? right : left, right: turned ? left : right, decision: CATEGORICAL, threshold };
  });
  const bitsets = sets.map(bitset);
  const boundaries = [0];
  for (const words of bitsets) boundaries.push(boundaries.at(-1)! + words.length);
  const means = innerMeans(tree);
  const line = (name: string, values: readonly (number | string)[]) => `${name}=${values.join(' ')}`;
  const count = (node: number) => Math.round(tree.cover[node]!);
  const lines = [
    `Tree=${index}`,
    `num_leaves=${leaves.length}`,
    `num_cat=${sets.length}`,
    line(
      'split_feature',
      nodes.map(({ feature }) => feature),
    ),
    line(
      'split_gain',
      inner.map((node) => tree.gain[node]!),
    ),
    line(
      'threshold',
      nodes.map(({ threshold }) => numberText(threshold)),
    ),
    line(
      'decision_type',
      nodes.map(({ decision }) => decision),
    ),
    line(
      'left_child',
      nodes.map(({ left }) => left),
    ),
    line(
      'right_child',
      nodes.map(({ right }) => right),
    ),
    line(
      'leaf_value',
      leaves.map((node) => numberText(tree.values[node]!)),
    ),
    line(
      'leaf_weight',
      leaves.map((node) => tree.cover[node]!),
    ),
    line('leaf_count', leaves.map(count)),
    line(
      'internal_value',
      inner.map((node) => means[node]!),
    ),
    line(
      'internal_weight',
      inner.map((node) => tree.cover[node]!),
    ),
    line('internal_count', inner.map(count)),
    ...(sets.length > 0
      ? [
          line('cat_boundaries', boundaries),
          line(
            'cat_threshold',
            bitsets.flatMap((words) => [...words]),
          ),
        ]
      : []),
    'is_linear=0',
    'shrinkage=1',
    '',
    '',
    '',
  ];
  return lines.join('\n');
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
}

function bitset(codes: readonly number[]): Uint32Array {
  const words = new Uint32Array(Math.floor(codes.reduce((most, code) => Math.max(most, code), 0) / 32) + 1);
  for (const code of codes) words[code >>> 5]! |= 1 << (code & 31);
  return words;
}

/** By node: the mean of the leaves below it by cover; children come after their parents. */
export function innerMeans(tree: ExchangeTree): Float64Array {
  const means = tree.values.slice();
  for (let node = tree.feature.length - 1; node >= 0; node--) {
    if (tree.feature[node]! < 0) continue;
    const [left, right] = [tree.left[node]!, tree.right[node]!];
    const total = tree.cover[left]! + tree.cover[right]!;
    const share = total > 0 ? tree.cover[left]! / total : 0.5;
    means[node] = share * means[left]! + (1 - share) * means[right]!;
  }
  return means;
}

/** How often each column splits, as LightGBM writes it at the end; it counts anew when it loads. */
function importanceLines({ trees }: ExchangeForest, columns: Columns): string {
  const counts = new Map<string, number>();
  for (const tree of trees)
    for (const feature of tree.feature) {
      if (feature < 0) continue;
      const name = columns.names[columns.places[feature]!]!;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.map(([name, count]) => `${name}=${count}\n`).join('');
}
