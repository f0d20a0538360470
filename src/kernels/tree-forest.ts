import { type Argument, type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { type GrowingTree, growTree } from './forest-growth.js';

/**
 * Numerical policy: a tree of a forest is grown whole by one call after the other on one thread, so its f64 sums have one
 * order (code by code, rows ascending) on every backend and with any number of threads. No fused multiply-add.
 *
 * Columns of codes lie one behind the other: a tree looks at one feature at a time, so a column of a byte a row stays in
 * the cache, and neighbouring rows share its lines. Codes of u16 hold every distinct value of up to 65,535: exact splits.
 */

/** Open nodes at most, depth first: the smaller child is always grown first, so there is one for every halving of the rows. */
export const FOREST_STACK = 64;
/** Words of `state`: 0 started, 1 nodes, 2 open nodes. */
export const FOREST_STATE = 8;
/** Added to a split where missing values go left. */
export const FOREST_MISSING_LEFT = 65_536;
/** Words of 32 codes that a node's categories take. */
export const CATEGORY_WORDS = 8;
/** Numbers of `work` beyond those that depend on the classes. */
export const FOREST_WORK = 640;

const growArguments = (dtype: 'u8' | 'u16') =>
  [
    {
      name: 'codes',
      role: 'in',
      dtype,
      length: (s: Scalars) => s.featureCount! * s.dataRows!,
      meaning: 'by feature, then row; the largest code of the type is missing',
    },
    { name: 'offsets', role: 'in', dtype: 'i32', length: (s: Scalars) => s.featureCount! + 1, meaning: 'of `lows`' },
    {
      name: 'lows',
      role: 'in',
      dtype: 'f64',
      length: (s: Scalars) => s.codeCount!,
      meaning: 'least value of each code of each feature',
    },
    { name: 'highs', role: 'in', dtype: 'f64', length: (s: Scalars) => s.codeCount!, meaning: 'its largest value' },
    {
      name: 'categorical',
      role: 'in',
      dtype: 'u8',
      length: (s: Scalars) => s.featureCount!,
      meaning: '1: codes (at most 255) have no order',
    },
    {
      name: 'targets',
      role: 'in',
      dtype: 'f64',
      length: (s: Scalars) => s.targetCount! * s.dataRows!,
      meaning: 'by target, then row: numbers, or class indices, those of the second target behind those of the first',
    },
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s: Scalars) => s.dataRows!,
      meaning: '≥ 0; absent: 1',
      optional: true,
    },
    { name: 'state', role: 'inout', dtype: 'i32', length: () => 8, meaning: 'zeros at the start of a tree' },
    {
      name: 'rows',
      role: 'inout',
      dtype: 'u32',
      length: (s: Scalars) => s.dataRows!,
      meaning: 'rows in the bag, node by node',
    },
    {
      name: 'bagWeights',
      role: 'inout',
      dtype: 'f64',
      length: (s: Scalars) => s.dataRows!,
      meaning: 'weight · times drawn',
    },
    {
      name: 'open',
      role: 'inout',
      dtype: 'i32',
      length: (s: Scalars) => 4 * Math.max(64, s.maxLeafNodes!),
      meaning: 'node, start, end, depth of each open node',
    },
    {
      name: 'feature',
      role: 'inout',
      dtype: 'i32',
      length: (s: Scalars) => s.maxNodes!,
      meaning: 'by node; −1 a leaf',
    },
    {
      name: 'split',
      role: 'inout',
      dtype: 'i32',
      length: (s: Scalars) => s.maxNodes!,
      meaning: 'last code that goes left, + 65,536 where missing values go left',
    },
    {
      name: 'threshold',
      role: 'inout',
      dtype: 'f64',
      length: (s: Scalars) => s.maxNodes!,
      meaning: 'the value of numbers up to which they go left',
    },
    {
      name: 'categories',
      role: 'inout',
      dtype: 'u32',
      length: (s: Scalars) => 8 * s.hasCategories! * s.maxNodes!,
      meaning: 'a bit for each code that goes left',
    },
    {
      name: 'child',
      role: 'inout',
      dtype: 'i32',
      length: (s: Scalars) => s.maxNodes!,
      meaning: 'left child; right is next',
    },
    {
      name: 'values',
      role: 'inout',
      dtype: 'f64',
      length: (s: Scalars) => s.maxNodes! * Math.max(s.classCount!, s.targetCount!),
      meaning: 'mean of each target in a node, or the share of each class',
    },
    { name: 'cover', role: 'inout', dtype: 'f64', length: (s: Scalars) => s.maxNodes!, meaning: 'weight of a node' },
    { name: 'samples', role: 'inout', dtype: 'i32', length: (s: Scalars) => s.maxNodes!, meaning: 'rows of a node' },
    {
      name: 'gain',
      role: 'inout',
      dtype: 'f64',
      length: (s: Scalars) => s.maxNodes!,
      meaning: 'what its split takes from weight · impurity, added over the targets; 0 in leaves',
    },
    {
      name: 'nodeTargets',
      role: 'scratch',
      dtype: 'f64',
      length: (s: Scalars) => s.targetCount! * s.dataRows!,
      meaning: 'of a node',
    },
    { name: 'nodeWeights', role: 'scratch', dtype: 'f64', length: (s: Scalars) => s.dataRows!, meaning: 'of a node' },
    {
      name: 'order',
      role: 'scratch',
      dtype: 'u32',
      length: (s: Scalars) => 2 * s.dataRows!,
      meaning: 'places by code',
    },
    { name: 'runs', role: 'scratch', dtype: 'i32', length: (s: Scalars) => 4 * s.maxRuns!, meaning: 'codes of a node' },
    {
      name: 'sums',
      role: 'scratch',
      dtype: 'f64',
      length: (s: Scalars) => s.maxRuns! * (2 + Math.max(s.classCount!, s.targetCount!)),
      meaning: 'of the rows of a code',
    },
    {
      name: 'work',
      role: 'scratch',
      dtype: 'f64',
      length: (s: Scalars) => 640 + 8 * Math.max(s.classCount!, s.targetCount!),
      meaning: 'totals',
    },
    {
      name: 'features',
      role: 'scratch',
      dtype: 'i32',
      length: (s: Scalars) => s.featureCount! + 8,
      meaning: 'drawn so far',
    },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' },
    { name: 'featureCount', dtype: 'i32', meaning: 'features' },
    { name: 'codeCount', dtype: 'i32', meaning: 'codes of all features, missing apart' },
    { name: 'targetCount', dtype: 'i32', meaning: 'targets' },
    { name: 'classCount', dtype: 'i32', meaning: 'classes of all targets; 0: the targets are numbers' },
    {
      name: 'logarithmic',
      dtype: 'i32',
      meaning: '0: squared error, or the Gini impurity; 1: Poisson deviance, or entropy',
    },
    { name: 'randomSplits', dtype: 'i32', meaning: '1: one random threshold a feature, as extremely randomised trees' },
    { name: 'hasCategories', dtype: 'i32', meaning: '1: some feature is categorical' },
    { name: 'bootstrap', dtype: 'i32', meaning: '0: all rows once; 1: drawn with, 2 without replacement' },
    { name: 'sampleCount', dtype: 'i32', meaning: 'rows drawn' },
    { name: 'balanced', dtype: 'i32', meaning: '1: classes of the bag weigh alike' },
    { name: 'bagKeyLow', dtype: 'i32', meaning: 'random key of the draw of rows' },
    { name: 'bagKeyHigh', dtype: 'i32', meaning: 'its high word' },
    { name: 'featureKeyLow', dtype: 'i32', meaning: 'random key of the draw of features and thresholds' },
    { name: 'featureKeyHigh', dtype: 'i32', meaning: 'its high word' },
    { name: 'maxFeatures', dtype: 'i32', meaning: 'features tried at a node, more only while all are constant' },
    { name: 'maxDepth', dtype: 'i32', meaning: 'edges from the root to a leaf at most' },
    { name: 'minSamplesSplit', dtype: 'i32', meaning: 'rows of a node that is split at least' },
    { name: 'minSamplesLeaf', dtype: 'i32', meaning: 'rows of a leaf at least' },
    { name: 'minWeightFraction', dtype: 'f64', meaning: 'share of the weight in a leaf at least' },
    { name: 'minGain', dtype: 'f64', meaning: 'gain at least, as a share of the weight' },
    { name: 'maxLeafNodes', dtype: 'i32', meaning: 'leaves at most, the best split first; 0: no limit, depth first' },
    { name: 'maxNodes', dtype: 'i32', meaning: 'room for nodes: twice the rows suffice' },
    { name: 'maxRuns', dtype: 'i32', meaning: 'codes of a feature at most, missing included; 256 for bytes' },
    { name: 'budget', dtype: 'i32', meaning: 'row visits after which the call returns' },
  ] as const satisfies readonly Argument[];

const source =
  'Random forests: Breiman 2001; extremely randomised trees: Geurts, Ernst and Wehenkel 2006; categories: Coppersmith, Hong and Hosking 1999';

export const forest_grow_u8 = defineKernel({
  name: 'forest_grow_u8',
  family: 'tree-building',
  summary:
    'Grows one decision tree, or goes on growing it: returns 1 while nodes are open and the budget is spent, 0 when done.',
  source,
  arguments: growArguments('u8'),
  returns: 'i32',
  agreement: 'exact',
  reference: (...values) => growTree(named(values, 'u8')),
  inputs: (size, random, flavour) => forestCase('u8', size, random, flavour),
  work: (s) => ({ elements: s.dataRows! * s.maxFeatures! }),
  benchSize: 4096,
});

export const forest_grow_u16 = defineKernel({
  name: 'forest_grow_u16',
  family: 'tree-building',
  summary: 'forest_grow_u8 for up to 65,535 codes a feature: rows are sorted by code, not counted out.',
  source,
  arguments: growArguments('u16'),
  returns: 'i32',
  agreement: 'exact',
  reference: (...values) => growTree(named(values, 'u16')),
  inputs: (size, random, flavour) => forestCase('u16', size, random, flavour),
  work: (s) => ({ elements: s.dataRows! * s.maxFeatures! }),
  benchSize: 4096,
});

const encodeArguments = (dtype: 'u8' | 'u16') =>
  [
    { name: 'values', role: 'in', dtype: 'f64', length: (s: Scalars) => s.rowCount!, meaning: 'NaN: missing' },
    { name: 'edges', role: 'in', dtype: 'f64', length: (s: Scalars) => s.edgeCount!, meaning: 'ascending, different' },
    { name: 'codes', role: 'out', dtype, length: (s: Scalars) => s.rowCount!, meaning: 'of each value' },
    { name: 'edgeCount', dtype: 'i32', meaning: 'at most two fewer than the type has codes' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ] as const satisfies readonly Argument[];

/** Codes are the number of edges below a value. */
function encode(values: Float64Array, edges: Float64Array, codes: Uint8Array | Uint16Array): void {
  const missing = codes instanceof Uint8Array ? 255 : 65_535;
  values.forEach((value, row) => {
    const at = edges.findIndex((edge) => edge >= value);
    codes[row] = Number.isNaN(value) ? missing : at < 0 ? edges.length : at;
  });
}

export const codes_encode_u8 = defineKernel({
  name: 'codes_encode_u8',
  family: 'tree-building',
  summary: 'The number of edges below each value; 255 where it is missing.',
  arguments: encodeArguments('u8'),
  returns: 'void',
  agreement: 'exact',
  reference: (values, edges, codes) => encode(values, edges, codes),
  inputs: (size, random, flavour) => encodeCase(254, size, random, flavour),
  work: (s) => ({ elements: s.rowCount! }),
});

export const codes_encode_u16 = defineKernel({
  name: 'codes_encode_u16',
  family: 'tree-building',
  summary: 'The number of edges below each value; 65,535 where it is missing.',
  arguments: encodeArguments('u16'),
  returns: 'void',
  agreement: 'exact',
  reference: (values, edges, codes) => encode(values, edges, codes),
  inputs: (size, random, flavour) => encodeCase(1000, size, random, flavour),
  work: (s) => ({ elements: s.rowCount! }),
});

function encodeCase(mostEdges: number, size: number, random: CaseRandom, flavour: Flavour) {
  const special = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, -0, 0, 5e-324];
  const value = () => {
    if (flavour === 'constant') return 1;
    if (flavour === 'special' && random.integer(4) === 0) return special[random.integer(6)]!;
    return flavour === 'ties' ? random.integer(4) : random.normal();
  };
  const edgeCount = flavour === 'one-bin' ? 0 : random.integer(mostEdges + 1);
  const edges = Float64Array.from(new Set(Array.from({ length: edgeCount }, () => value() + 0))).filter(
    (edge) => !Number.isNaN(edge),
  );
  return {
    scalars: { edgeCount: edges.length, rowCount: size },
    buffers: { values: Float64Array.from({ length: size }, value), edges: edges.sort() },
  };
}

/** The call's arguments by their names. */
function named(values: readonly unknown[], dtype: 'u8' | 'u16'): GrowingTree {
  const list = growArguments(dtype).map(({ name }, index) => [name, values[index]]);
  return { ...Object.fromEntries(list), missing: dtype === 'u8' ? 255 : 65_535 } as GrowingTree;
}

function forestCase(dtype: 'u8' | 'u16', size: number, random: CaseRandom, flavour: Flavour) {
  // The reference takes its time: one flavour is grown large.
  const rows = Math.max(1, Math.min(size, flavour === 'plain' ? 1500 : 200));
  const featureCount = 1 + random.integer(8);
  const [missing, mostCodes] = dtype === 'u8' ? [255, 254] : [65_535, Math.min(900, 2 * rows)];
  const codesOf = Array.from({ length: featureCount }, () =>
    flavour === 'ties' ? 2 + random.integer(3) : flavour === 'constant' ? 1 : 1 + random.integer(mostCodes),
  );
  const categorical = Uint8Array.from(codesOf, (codes) => (codes <= 255 && random.integer(3) === 0 ? 1 : 0));
  const absent = flavour === 'plain' || flavour === 'constant' ? 0 : 0.2;
  const codes = new (dtype === 'u8' ? Uint8Array : Uint16Array)(featureCount * rows);
  for (let i = 0; i < codes.length; i++) {
    const count = codesOf[Math.floor(i / rows)]!;
    const drawn = flavour === 'skewed' && random.integer(8) > 0 ? count - 1 : random.integer(count);
    codes[i] = random.uniform() < absent ? missing : drawn;
  }
  const offsets = Int32Array.from({ length: featureCount + 1 }, (_, f) =>
    codesOf.slice(0, f).reduce((sum, count) => sum + count, 0),
  );
  const codeCount = offsets[featureCount]!;
  const lows = Float64Array.from({ length: codeCount }, (_, i) => i + random.uniform() / 4);
  const highs = lows.map((low) => low + (random.integer(2) === 0 ? 0 : random.uniform() / 2));
  if (flavour === 'special') highs[codeCount - 1] = Number.POSITIVE_INFINITY;
  const classes = [0, 2, 3, 5][random.integer(4)]!;
  const targetCount = 1 + (random.integer(2) === 0 ? 0 : random.integer(3));
  const logarithmic = random.integer(2);
  const number = () =>
    flavour === 'ties' ? random.integer(2) : logarithmic ? random.integer(5) : 1e3 * random.normal();
  const targets = Float64Array.from({ length: targetCount * rows }, (_, i) =>
    classes > 0 ? Math.floor(i / rows) * classes + random.integer(classes) : number(),
  );
  const maxLeafNodes = random.integer(3) === 0 ? 2 + random.integer(12) : 0;
  const maxNodes = 2 * rows;
  const width = Math.max(classes * targetCount, targetCount);
  const zeros = { i32: (n: number) => new Int32Array(n), f64: (n: number) => new Float64Array(n) };
  const key = () => random.integer(2 ** 32) | 0;
  const hasCategories = categorical.includes(1) ? 1 : 0;
  return {
    scalars: {
      ...{ dataRows: rows, featureCount, codeCount, targetCount, classCount: classes * targetCount, logarithmic },
      ...{ randomSplits: random.integer(2), hasCategories, bootstrap: random.integer(3) },
      ...{ sampleCount: 1 + random.integer(rows), balanced: classes > 0 ? random.integer(2) : 0 },
      ...{ bagKeyLow: key(), bagKeyHigh: key(), featureKeyLow: key(), featureKeyHigh: key() },
      maxFeatures: 1 + random.integer(featureCount),
      maxDepth: flavour === 'ties' ? 6 : 1 << 30,
      minSamplesSplit: 2,
      minSamplesLeaf: flavour === 'nulls' ? 5 : 1,
      minWeightFraction: flavour === 'skewed' ? 0.05 : 0,
      minGain: flavour === 'special' ? 0.01 : 0,
      maxLeafNodes,
      maxNodes,
      maxRuns: dtype === 'u8' ? 256 : Math.min(rows, 65_535) + 1,
      budget: flavour === 'ties' ? 3 * rows : 2 ** 31 - 1,
    },
    buffers: {
      ...{ codes, offsets, lows, highs, categorical, targets },
      weights:
        flavour === 'nulls' || flavour === 'skewed'
          ? Float64Array.from({ length: rows }, () => random.integer(3) / 3)
          : null,
      state: zeros.i32(FOREST_STATE),
      rows: new Uint32Array(rows),
      bagWeights: zeros.f64(rows),
      open: zeros.i32(4 * Math.max(FOREST_STACK, maxLeafNodes)),
      ...{ feature: zeros.i32(maxNodes), split: zeros.i32(maxNodes), threshold: zeros.f64(maxNodes) },
      categories: new Uint32Array(CATEGORY_WORDS * hasCategories * maxNodes),
      ...{ child: zeros.i32(maxNodes), values: zeros.f64(maxNodes * width), cover: zeros.f64(maxNodes) },
      ...{ samples: zeros.i32(maxNodes), gain: zeros.f64(maxNodes) },
    },
  };
}
