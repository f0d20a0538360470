import { growBoostedTree } from './boosted-growth.js';
import { type Argument, type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import {
  BINS,
  GRADIENT_LEVELS,
  GROUP_FEATURES,
  HESSIAN_LEVELS,
  HISTOGRAM_SCRATCH,
  HISTOGRAM_STRIDE,
  MISSING_BIN,
  ROW_BYTES,
} from './tree-building.js';
import { CATEGORY_SCRATCH, setArguments, sideArguments } from './tree-splitting.js';

/**
 * Numerical policy: that of tree-building. A boosted tree is grown whole by kernels that stand there and in tree-splitting,
 * so that nothing but they takes time. Several threads may call at once, each as a member of a team: member 0 grows the
 * tree and offers large pieces of the work (parts of rows, groups, features); the others take what is on offer. A member
 * that comes late, leaves early or never comes changes nothing but the time, since all sums are whole numbers.
 */

/** Numbers of `nodes` a node, and what each is. */
export const GROWN_NODE = 10;
/** Left child (the right one is next); 0: a leaf. */
export const NODE_CHILD = 0;
export const NODE_DEPTH = 1;
/** Rows that are learnt from. */
export const NODE_ROWS = 2;
/** Its histogram; −1: none. */
export const NODE_HISTOGRAM = 3;
/** What its split saves; −∞ where there is none. */
export const NODE_GAIN = 4;
export const NODE_FEATURE = 5;
/** Last bin that goes left; −1: a set of categories. */
export const NODE_BIN = 6;
export const NODE_MISSING_LEFT = 7;
/** Rows that go left. */
export const NODE_LEFT_ROWS = 8;
/** 1: it waits to be split. */
export const NODE_OPEN = 9;

/** Words of `state` before the list of free histograms: 0 nodes (0: not begun), 1 leaves, 2 free histograms. */
export const GROWING_STATE = 8;
/** Words that the members of a team share: the first is 0 before a call, and −1 when member 0 has done. */
export const TEAM_WORDS = 128;
/** Bytes of scratch memory a member: of a histogram, of sets of categories, of one feature's bins, of which bins go left. */
export const GROWING_SCRATCH = HISTOGRAM_SCRATCH + 8 * CATEGORY_SCRATCH + 8 * HISTOGRAM_STRIDE + BINS;
/** Numbers that say of a feature where its bins stand: column, first bin there (0: all of it), bins, usual bin. */
export const BUNDLE_WORDS = 4;

const growArguments = [
  {
    name: 'bins',
    role: 'in',
    dtype: 'u8',
    length: (s: Scalars) => s.groupBytes! * Math.ceil(s.columnCount! / s.groupFeatures!),
    meaning: 'rows of the groups',
  },
  {
    name: 'packed',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => 2 * s.dataRows!,
    meaning: 'of gradients_quantise_f32',
  },
  {
    name: 'rows',
    role: 'inout',
    dtype: 'u32',
    length: (s: Scalars) => s.dataRows!,
    meaning: 'permutation of the rows',
  },
  {
    name: 'ranges',
    role: 'inout',
    dtype: 'i32',
    length: (s: Scalars) => 4 * s.segments! * s.maxNodes!,
    meaning:
      'of `rows`, by node: start and end in each segment of the rows learnt from, then of those that only follow',
  },
  {
    name: 'histograms',
    role: 'inout',
    dtype: 'f64',
    length: (s: Scalars) => 768 * s.columnCount! * s.histogramCount!,
    meaning: 'as of histogram_build_u8, of so many nodes; bins that a column does not have are 0',
  },
  {
    name: 'nodes',
    role: 'inout',
    dtype: 'f64',
    length: (s: Scalars) => 10 * s.maxNodes!,
    meaning: 'by node: left child, depth, rows, histogram, gain, feature, bin, missing left, rows left, open',
  },
  {
    name: 'sets',
    role: 'inout',
    dtype: 'u32',
    length: (s: Scalars) => 8 * s.maxNodes!,
    meaning: 'by node: bins that go left, a bit each, where it is split by a set of categories',
  },
  {
    name: 'state',
    role: 'inout',
    dtype: 'i32',
    length: (s: Scalars) => 8 + s.histogramCount!,
    meaning: 'zeros at the start of a tree',
  },
  {
    name: 'team',
    role: 'inout',
    dtype: 'i32',
    length: () => 128,
    meaning: 'zeros before a call of all members; what they tell each other',
  },
  {
    name: 'liveBins',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.columnCount!,
    meaning: 'bins of a column that are not missing',
  },
  {
    name: 'binCounts',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.featureCount!,
    meaning: 'bins of a numeric feature, at most 255; 0: it is none',
  },
  {
    name: 'categoryCounts',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.featureCount!,
    meaning: 'categories of a categorical feature, at most 255; 0: it is none; absent: none is',
    optional: true,
  },
  {
    name: 'allowed',
    role: 'in',
    dtype: 'u8',
    length: (s: Scalars) => s.featureCount!,
    meaning: '0: leave this feature out in this tree; absent: none',
    optional: true,
  },
  {
    name: 'bundles',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => 4 * s.featureCount!,
    meaning:
      'of each feature its column, its first bin there (0: all are its own), its bins, the bin not written; absent: a column each',
    optional: true,
  },
  {
    name: 'partials',
    role: 'scratch',
    dtype: 'f64',
    length: (s: Scalars) => 768 * s.columnCount! * (s.members! - 1),
    meaning: 'histograms of the other members',
  },
  {
    name: 'gains',
    role: 'scratch',
    dtype: 'f64',
    length: (s: Scalars) => 4 * s.featureCount!,
    meaning: 'of both children: of each feature by a threshold, then by a set',
  },
  {
    name: 'splits',
    role: 'scratch',
    dtype: 'i32',
    length: (s: Scalars) => 2 * s.featureCount!,
    meaning: 'best thresholds of both children',
  },
  {
    name: 'foundSets',
    role: 'scratch',
    dtype: 'u32',
    length: (s: Scalars) => 16 * s.featureCount!,
    meaning: 'best sets of both children',
  },
  {
    name: 'scratch',
    role: 'scratch',
    dtype: 'u8',
    length: (s: Scalars) => 138368 * s.members!,
    meaning: 'of each member: for histograms, sets, one feature, which bins go left',
  },
  {
    name: 'parted',
    role: 'scratch',
    dtype: 'u32',
    length: (s: Scalars) => (s.segmentRows! + 16) * s.members!,
    meaning: 'of each member: rows that go right',
  },
  ...sideArguments,
  { name: 'minGain', dtype: 'f64', meaning: 'a split is made where it saves more' },
  ...setArguments,
  { name: 'maxDepth', dtype: 'f64', meaning: 'splits from the root to a leaf at most; ∞: no limit' },
  { name: 'budget', dtype: 'f64', meaning: 'rows · columns of nodes after which it returns, to be called again' },
  { name: 'maxLeaves', dtype: 'i32', meaning: 'leaves of the tree at most, (maxNodes + 1) / 2 at most' },
  {
    name: 'depthwise',
    dtype: 'i32',
    meaning: '1: of the open nodes that of the least depth first; 0: of the largest gain',
  },
  { name: 'follows', dtype: 'i32', meaning: '1: there are rows that only follow' },
  { name: 'everyRow', dtype: 'i32', meaning: '1: the root has every row, in order' },
  { name: 'dataRows', dtype: 'i32', meaning: 'rows' },
  { name: 'rowBytes', dtype: 'i32', meaning: 'bytes of a row of a group, groupFeatures … 16' },
  { name: 'groupBytes', dtype: 'i32', meaning: 'bytes from one group to the next' },
  { name: 'groupFeatures', dtype: 'i32', meaning: 'columns of each group but the last, at most 14' },
  { name: 'columnCount', dtype: 'i32', meaning: 'columns of all groups' },
  { name: 'featureCount', dtype: 'i32', meaning: 'features' },
  { name: 'segments', dtype: 'i32', meaning: 'segments of rows' },
  { name: 'segmentRows', dtype: 'i32', meaning: 'rows of a segment at most' },
  { name: 'maxNodes', dtype: 'i32', meaning: 'nodes that there is room for' },
  { name: 'histogramCount', dtype: 'i32', meaning: 'histograms that there is room for, at least 3; 1 for two leaves' },
  { name: 'member', dtype: 'i32', meaning: 'which of the team calls; 0 grows the tree' },
  { name: 'members', dtype: 'i32', meaning: 'of the team, at most 49' },
  { name: 'waits', dtype: 'i32', meaning: '1: a thread that has nothing to do may wait (that of a page may not)' },
] as const satisfies readonly Argument[];

export const tree_grow_u8 = defineKernel({
  name: 'tree_grow_u8',
  family: 'tree-building',
  summary:
    'Grows a boosted tree from the binned rows of its root; returns 0 when it is done, 1 where the budget is spent.',
  source: 'Leaf by leaf, the sibling by subtraction: Ke et al., LightGBM, NeurIPS 2017',
  arguments: growArguments,
  returns: 'i32',
  agreement: 'exact',
  reference: (...values) => {
    const named = Object.fromEntries(growArguments.map(({ name }, index) => [name, values[index]]));
    return growBoostedTree(named as unknown as Parameters<typeof growBoostedTree>[0]);
  },
  inputs: (size, random, flavour) => treeOfCase(size, random, flavour),
  work: (s) => ({ elements: s.dataRows! * s.columnCount!, bytes: 24 * s.dataRows! }),
});

/** Columns of a case: of features of their own, and a shared one. */
function columnsOfCase(size: number, random: CaseRandom, flavour: Flavour) {
  // Few rows, few columns: such cases are written out for other languages.
  const bundled = size > 40 && (flavour === 'skewed' || flavour === 'ties') ? 1 + random.integer(3) : 0;
  const own = size > 40 ? 1 + random.integer(5) : 1;
  const bins = flavour === 'one-bin' ? 1 : flavour === 'ties' ? 3 : 1 + random.integer(MISSING_BIN);
  const features: number[] = [];
  const counts: number[] = [];
  for (let column = 0; column < own; column++) {
    features.push(column, 0, bins, 0);
    counts.push(bins);
  }
  let first = 1;
  for (let index = 0; index < bundled; index++) {
    const binCount = 1 + random.integer(9);
    features.push(own, first, binCount, random.integer(binCount));
    counts.push(binCount);
    first += binCount;
  }
  const liveBins = [...Array.from({ length: own }, () => bins), ...(bundled > 0 ? [first] : [])];
  return { liveBins, counts, bundles: bundled > 0 ? Int32Array.from(features) : null };
}

/** Rows of the root and rows that follow, segment by segment. */
function rangesOfRoot(size: number, segments: number, segmentRows: number, follows: (row: number) => boolean) {
  const rows = new Uint32Array(size);
  const ranges = new Int32Array(4 * segments);
  for (let segment = 0, at = 0; segment < segments; segment++) {
    const [start, end] = [segment, segment + 1].map((s) => Math.min(size, s * segmentRows));
    const members = Array.from({ length: end! - start! }, (_, index) => start! + index);
    const learnt = members.filter((row) => !follows(row));
    rows.set([...learnt, ...members.filter(follows)], at);
    ranges.set([at, at + learnt.length], 2 * segment);
    ranges.set([at + learnt.length, end!], 2 * (segments + segment));
    at = end!;
  }
  return { rows, ranges };
}

function treeOfCase(size: number, random: CaseRandom, flavour: Flavour) {
  const { liveBins, counts, bundles } = columnsOfCase(size, random, flavour);
  const [columnCount, featureCount] = [liveBins.length, counts.length];
  const groupFeatures = Math.min(columnCount, 1 + random.integer(GROUP_FEATURES));
  const rowBytes = groupFeatures + random.integer(ROW_BYTES - groupFeatures + 1);
  const groupBytes = rowBytes * (size + random.integer(3));
  const groups = Math.ceil(columnCount / groupFeatures);
  const bins = Uint8Array.from({ length: groups * groupBytes }, (_, at) => {
    const column = Math.floor(at / groupBytes) * groupFeatures + ((at % groupBytes) % rowBytes);
    const shared = bundles !== null && column === columnCount - 1;
    if (!shared && flavour === 'nulls' && random.integer(3) === 0) return MISSING_BIN;
    return column < columnCount ? random.integer(liveBins[column]!) : random.integer(BINS);
  });
  const followed = flavour === 'plain' || flavour === 'nulls';
  const segments = size < 8 ? 1 : 1 + random.integer(3);
  const segmentRows = Math.ceil(size / segments);
  const { rows, ranges } = rangesOfRoot(size, segments, segmentRows, (row) => followed && row % 3 === 1);
  const maxLeaves = 2 + (size > 40 ? random.integer(8) : 0);
  const maxNodes = 2 * maxLeaves;
  const categorical = counts.map((count) => count < MISSING_BIN && random.integer(3) === 0);
  const histogramCount = size > 40 ? 3 + random.integer(maxLeaves) : 1;
  const everyGradient =
    flavour === 'constant' ? () => 700 : () => random.integer(2 * GRADIENT_LEVELS + 1) - GRADIENT_LEVELS;
  const packed = new Int32Array(2 * size);
  for (let row = 0; row < size; row++) {
    packed[2 * row] = ((1 + random.integer(HESSIAN_LEVELS)) << 12) | 1;
    packed[2 * row + 1] = everyGradient() << 4;
  }
  const placed = new Int32Array(4 * segments * maxNodes);
  placed.set(ranges);
  return {
    scalars: {
      gradientUnit: 1 / GRADIENT_LEVELS,
      hessianUnit: 1 / HESSIAN_LEVELS,
      l1: random.integer(4) === 0 ? 0.1 : 0,
      l2: random.integer(2),
      maxDeltaStep: 0,
      minHessian: 0.001,
      minSamples: 1 + random.integer(4),
      minGain: 0,
      smooth: random.integer(2),
      setL2: random.integer(2) * 10,
      maxThreshold: 32,
      minPerGroup: 1 + random.integer(3),
      maxToOnehot: 4,
      maxDepth: random.integer(3) === 0 ? 2 : Number.POSITIVE_INFINITY,
      budget: random.integer(3) === 0 ? size * columnCount : Number.POSITIVE_INFINITY,
      maxLeaves,
      depthwise: random.integer(2),
      follows: followed ? 1 : 0,
      everyRow: followed ? 0 : 1,
      dataRows: size,
      rowBytes,
      groupBytes,
      groupFeatures,
      columnCount,
      featureCount,
      segments,
      segmentRows,
      maxNodes,
      histogramCount,
      member: flavour === 'special' ? 1 : 0,
      members: 1 + (flavour === 'special' ? 1 : random.integer(3)),
      waits: 1,
    },
    buffers: {
      bins,
      packed,
      rows,
      ranges: placed,
      histograms: new Float64Array(HISTOGRAM_STRIDE * columnCount * histogramCount),
      nodes: new Float64Array(GROWN_NODE * maxNodes),
      sets: new Uint32Array(8 * maxNodes),
      state: new Int32Array(GROWING_STATE + histogramCount),
      team: new Int32Array(TEAM_WORDS).fill(flavour === 'special' ? -1 : 0, 0, 1),
      liveBins: Int32Array.from(liveBins),
      binCounts: Int32Array.from(counts, (count, index) => (categorical[index] ? 0 : count)),
      categoryCounts: categorical.some(Boolean)
        ? Int32Array.from(counts, (count, index) => (categorical[index] ? count : 0))
        : null,
      allowed: random.integer(3) === 0 ? Uint8Array.from(counts, () => random.integer(3) && 1) : null,
      bundles,
    },
  };
}
