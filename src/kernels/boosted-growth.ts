import {
  BINS,
  HISTOGRAM_STRIDE,
  histogram_build_u8,
  histogram_subtract_f64,
  MISSING_BIN,
  MISSING_LEFT,
  rows_partition_u8,
} from './tree-building.js';
import {
  BUNDLE_WORDS,
  GROWING_STATE,
  GROWN_NODE,
  NODE_BIN,
  NODE_CHILD,
  NODE_DEPTH,
  NODE_FEATURE,
  NODE_GAIN,
  NODE_HISTOGRAM,
  NODE_LEFT_ROWS,
  NODE_MISSING_LEFT,
  NODE_OPEN,
  NODE_ROWS,
} from './tree-growing.js';
import { category_scan_f64, SET_WORDS, split_scan_f64 } from './tree-splitting.js';

/** The law of tree_grow_u8 (src/kernels/tree-growing.ts): its arguments by name. */
export interface GrowingBoostedTree {
  readonly bins: Uint8Array;
  readonly packed: Int32Array;
  readonly rows: Uint32Array;
  readonly ranges: Int32Array;
  readonly histograms: Float64Array;
  readonly nodes: Float64Array;
  readonly sets: Uint32Array;
  readonly state: Int32Array;
  readonly team: Int32Array;
  readonly liveBins: Int32Array;
  readonly binCounts: Int32Array;
  readonly categoryCounts: Int32Array | null;
  readonly allowed: Uint8Array | null;
  readonly bundles: Int32Array | null;
  readonly gradientUnit: number;
  readonly hessianUnit: number;
  readonly l1: number;
  readonly l2: number;
  readonly maxDeltaStep: number;
  readonly minHessian: number;
  readonly minSamples: number;
  readonly minGain: number;
  readonly smooth: number;
  readonly setL2: number;
  readonly maxThreshold: number;
  readonly minPerGroup: number;
  readonly maxToOnehot: number;
  readonly maxDepth: number;
  readonly budget: number;
  readonly maxLeaves: number;
  readonly depthwise: number;
  readonly follows: number;
  readonly everyRow: number;
  readonly dataRows: number;
  readonly rowBytes: number;
  readonly groupBytes: number;
  readonly groupFeatures: number;
  readonly columnCount: number;
  readonly featureCount: number;
  readonly segments: number;
  readonly segmentRows: number;
  readonly histogramCount: number;
  readonly member: number;
}

const BUILD_SCRATCH = new Uint8Array(0);

/** Grows the tree until it is done (0) or the budget is spent (1). */
export function growBoostedTree(tree: GrowingBoostedTree): number {
  if (tree.member > 0) return 0;
  const { state, team, maxLeaves, budget, columnCount } = tree;
  let work = 0;
  if (state[0] === 0) {
    beginTree(tree);
    work += countOf(tree, 0) * columnCount;
  }
  let best = state[1]! < maxLeaves ? firstOpen(tree) : -1;
  while (best >= 0 && work < budget) {
    work += countOf(tree, best) * columnCount;
    splitNode(tree, best);
    best = state[1]! < maxLeaves ? firstOpen(tree) : -1;
  }
  team.fill(0);
  team[0] = -1;
  return best < 0 ? 0 : 1;
}

function beginTree(tree: GrowingBoostedTree): void {
  const { state, histogramCount, ranges, segments, maxLeaves } = tree;
  let rows = 0;
  for (let i = 0; i < 2 * segments; i += 2) rows += ranges[i + 1]! - ranges[i]!;
  state.set([1, 1, histogramCount], 0);
  for (let i = 0; i < histogramCount; i++) state[GROWING_STATE + i] = histogramCount - 1 - i;
  makeLeaf(tree, 0, 0, rows);
  if (maxLeaves < 2 || !splittable(tree, 0)) return;
  const histogram = takeHistogram(tree);
  build(tree, 0, histogram);
  consider(tree, 0, histogram);
}

function makeLeaf({ nodes, sets }: GrowingBoostedTree, node: number, depth: number, rows: number): void {
  nodes.fill(0, node * GROWN_NODE, (node + 1) * GROWN_NODE);
  sets.fill(0, node * SET_WORDS, (node + 1) * SET_WORDS);
  put(nodes, node, NODE_DEPTH, depth);
  put(nodes, node, NODE_ROWS, rows);
  put(nodes, node, NODE_HISTOGRAM, -1);
  put(nodes, node, NODE_GAIN, Number.NEGATIVE_INFINITY);
}

const at = (nodes: Float64Array, node: number, field: number): number => nodes[node * GROWN_NODE + field]!;
const countOf = ({ nodes }: GrowingBoostedTree, node: number): number => at(nodes, node, NODE_ROWS);

function put(nodes: Float64Array, node: number, field: number, value: number): void {
  nodes[node * GROWN_NODE + field] = value;
}

function splittable({ nodes, maxDepth, minSamples }: GrowingBoostedTree, node: number): boolean {
  return at(nodes, node, NODE_DEPTH) < maxDepth && at(nodes, node, NODE_ROWS) >= 2 * minSamples;
}

/** The open node that comes first, the older among equals; −1: there is none. */
function firstOpen({ nodes, state, depthwise }: GrowingBoostedTree): number {
  let best = -1;
  for (let node = 0; node < state[0]!; node++) {
    if (at(nodes, node, NODE_OPEN) === 0) continue;
    if (best < 0) best = node;
    else if (depthwise === 1 && at(nodes, node, NODE_DEPTH) !== at(nodes, best, NODE_DEPTH)) {
      if (at(nodes, node, NODE_DEPTH) < at(nodes, best, NODE_DEPTH)) best = node;
    } else if (at(nodes, node, NODE_GAIN) > at(nodes, best, NODE_GAIN)) best = node;
  }
  return best;
}

function takeHistogram({ nodes, state }: GrowingBoostedTree): number {
  if (state[2] === 0) {
    // Of the open node that is least likely to need it, the older among equals.
    let owner = -1;
    for (let node = 0; node < state[0]!; node++) {
      if (at(nodes, node, NODE_OPEN) === 0 || at(nodes, node, NODE_HISTOGRAM) < 0) continue;
      if (owner < 0 || at(nodes, node, NODE_GAIN) < at(nodes, owner, NODE_GAIN)) owner = node;
    }
    const taken = at(nodes, owner, NODE_HISTOGRAM);
    put(nodes, owner, NODE_HISTOGRAM, -1);
    return taken;
  }
  return state[GROWING_STATE + --state[2]!]!;
}

function giveHistogram({ state }: GrowingBoostedTree, histogram: number): void {
  if (histogram >= 0) state[GROWING_STATE + state[2]!++] = histogram;
}

function splitNode(tree: GrowingBoostedTree, node: number): void {
  const { nodes, state, maxLeaves } = tree;
  const left = state[0]!;
  const right = left + 1;
  const rows = at(nodes, node, NODE_ROWS);
  const leftRows = at(nodes, node, NODE_LEFT_ROWS);
  const depth = at(nodes, node, NODE_DEPTH) + 1;
  let rest = at(nodes, node, NODE_HISTOGRAM);
  put(nodes, node, NODE_OPEN, 0);
  put(nodes, node, NODE_CHILD, left);
  put(nodes, node, NODE_HISTOGRAM, -1);
  makeLeaf(tree, left, depth, leftRows);
  makeLeaf(tree, right, depth, rows - leftRows);
  state[0]! += 2;
  state[1]!++;
  part(tree, node, left);
  const more = state[1]! < maxLeaves;
  const [first, second] = [more && splittable(tree, left), more && splittable(tree, right)];
  if (!first && !second) return giveHistogram(tree, rest);
  const smaller = leftRows <= rows - leftRows ? left : right;
  const larger = smaller === left ? right : left;
  const built = takeHistogram(tree);
  build(tree, smaller, built);
  if (rest >= 0) subtract(tree, rest, built);
  else {
    rest = takeHistogram(tree);
    build(tree, larger, rest);
  }
  const [ofLeft, ofRight] = smaller === left ? [built, rest] : [rest, built];
  if (first) consider(tree, left, ofLeft);
  else giveHistogram(tree, ofLeft);
  if (second) consider(tree, right, ofRight);
  else giveHistogram(tree, ofRight);
}

const rangesOf = ({ ranges, segments }: GrowingBoostedTree, node: number, part: number): Int32Array =>
  ranges.subarray((4 * node + 2 * part) * segments, (4 * node + 2 * part + 2) * segments);

function part(tree: GrowingBoostedTree, node: number, left: number): void {
  const { bins, rows, nodes, groupBytes, groupFeatures, rowBytes, dataRows, segmentRows, segments, follows } = tree;
  const feature = at(nodes, node, NODE_FEATURE);
  const column = tree.bundles === null ? feature : tree.bundles[BUNDLE_WORDS * feature]!;
  const group = bins.subarray(Math.floor(column / groupFeatures) * groupBytes);
  const table = columnGoesLeft(tree, node, feature);
  const parted = new Uint32Array(segmentRows + 16);
  for (let stretch = 0; stretch <= follows; stretch++) {
    const [whole, first, second] = [node, left, left + 1].map((one) => rangesOf(tree, one, stretch));
    const sizes = [dataRows, rowBytes, column % groupFeatures, segmentRows, segments] as const;
    rows_partition_u8.reference(group, table, rows, whole!, first!, second!, parted, ...sizes);
  }
}

function goesLeft({ nodes, sets }: GrowingBoostedTree, node: number): Uint8Array {
  const last = at(nodes, node, NODE_BIN);
  const table = Uint8Array.from({ length: BINS }, (_, bin) =>
    last < 0 ? (sets[SET_WORDS * node + (bin >> 5)]! >>> (bin & 31)) & 1 : Number(bin <= last),
  );
  if (last >= 0) table[MISSING_BIN] = at(nodes, node, NODE_MISSING_LEFT);
  return table;
}

/** By bin of the feature's column: every bin of another feature says that this one has its usual bin. */
function columnGoesLeft(tree: GrowingBoostedTree, node: number, feature: number): Uint8Array {
  const table = goesLeft(tree, node);
  if (tree.bundles === null) return table;
  const [, first, binCount, usual] = tree.bundles.subarray(BUNDLE_WORDS * feature, BUNDLE_WORDS * (feature + 1));
  if (first === 0) return table;
  const out = new Uint8Array(BINS).fill(table[usual!]!);
  for (let i = 0; i < binCount! - 1; i++) out[first! + i] = table[i < usual! ? i : i + 1]!;
  out[first! + binCount! - 1] = table[MISSING_BIN]!;
  return out;
}

function histogramAt({ histograms, columnCount }: GrowingBoostedTree, index: number): Float64Array {
  const length = columnCount * HISTOGRAM_STRIDE;
  return histograms.subarray(index * length, (index + 1) * length);
}

function build(tree: GrowingBoostedTree, node: number, histogram: number): void {
  const { bins, packed, dataRows, rowBytes, groupBytes, groupFeatures, columnCount, segments, liveBins } = tree;
  const sums = histogramAt(tree, histogram);
  const sizes = [dataRows, rowBytes, groupBytes, groupFeatures, columnCount, segments, 1] as const;
  const ranges = rangesOf(tree, node, 0);
  histogram_build_u8.reference(bins, packed, tree.rows, ranges, sums, liveBins, BUILD_SCRATCH, ...sizes);
}

function subtract(tree: GrowingBoostedTree, parent: number, child: number): void {
  const rest = histogramAt(tree, parent);
  histogram_subtract_f64.reference(rest, histogramAt(tree, child), rest, tree.liveBins, tree.columnCount);
}

/** Opens a node where a split saves enough, else gives its histogram back. */
function consider(tree: GrowingBoostedTree, node: number, histogram: number): void {
  const { nodes, sets, featureCount, minGain, bundles } = tree;
  const columns = histogramAt(tree, histogram);
  const planes = bundles === null ? columns : featurePlanes(tree, columns);
  const { gains, splits, setGains, foundSets } = scan(tree, planes);
  let [best, gain] = [-1, minGain];
  for (let feature = 0; feature < featureCount; feature++) {
    const own = Math.max(gains[feature]!, setGains[feature]!);
    if (own > gain) [best, gain] = [feature, own];
  }
  if (best < 0) return giveHistogram(tree, histogram);
  const bySet = setGains[best]! > gains[best]!;
  if (bySet) sets.set(foundSets.subarray(SET_WORDS * best, SET_WORDS * (best + 1)), SET_WORDS * node);
  put(nodes, node, NODE_HISTOGRAM, histogram);
  put(nodes, node, NODE_GAIN, gain);
  put(nodes, node, NODE_FEATURE, best);
  put(nodes, node, NODE_BIN, bySet ? -1 : splits[best]! % MISSING_LEFT);
  put(nodes, node, NODE_OPEN, 1);
  const counts = planes.subarray(best * HISTOGRAM_STRIDE + 2 * BINS, (best + 1) * HISTOGRAM_STRIDE);
  completeSplit(tree, node, counts, bySet ? sets[SET_WORDS * node + 7]! >>> 31 : Number(splits[best]! >= MISSING_LEFT));
}

/** How many rows go left, and where missing values go: where none is seen, with the many. */
function completeSplit(tree: GrowingBoostedTree, node: number, counts: Float64Array, missingLeft: number): void {
  const { nodes, sets } = tree;
  put(nodes, node, NODE_MISSING_LEFT, missingLeft);
  const table = goesLeft(tree, node);
  let left = 0;
  for (let bin = 0; bin < BINS; bin++) if (table[bin] === 1) left += counts[bin]!;
  put(nodes, node, NODE_LEFT_ROWS, left);
  if (counts[MISSING_BIN] === 0) put(nodes, node, NODE_MISSING_LEFT, Number(left > at(nodes, node, NODE_ROWS) - left));
  if (at(nodes, node, NODE_BIN) >= 0) return;
  const word = SET_WORDS * node + 7;
  sets[word] = (sets[word]! & 0x7fffffff) | (at(nodes, node, NODE_MISSING_LEFT) << 31);
}

function scan(tree: GrowingBoostedTree, planes: Float64Array) {
  const { binCounts, categoryCounts, allowed, featureCount } = tree;
  const [gains, setGains] = [new Float64Array(featureCount), new Float64Array(featureCount)];
  const splits = new Int32Array(featureCount);
  const foundSets = new Uint32Array(SET_WORDS * featureCount);
  const { gradientUnit, hessianUnit, l1, l2, maxDeltaStep, minHessian, minSamples } = tree;
  const limits = [gradientUnit, hessianUnit, l1, l2, maxDeltaStep, minHessian, minSamples] as const;
  const bounds = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  split_scan_f64.reference(planes, binCounts, allowed, null, gains, splits, ...limits, ...bounds, featureCount);
  setGains.fill(Number.NEGATIVE_INFINITY);
  if (categoryCounts !== null) {
    const { smooth, setL2, maxThreshold, minPerGroup, maxToOnehot } = tree;
    const rules = [smooth, setL2, maxThreshold, minPerGroup, maxToOnehot] as const;
    const scratch = new Float64Array(0);
    const found = [setGains, foundSets, scratch] as const;
    category_scan_f64.reference(
      planes,
      categoryCounts,
      allowed,
      ...found,
      ...limits,
      ...bounds,
      ...rules,
      featureCount,
    );
  }
  return { gains, splits, setGains, foundSets };
}

/** The histograms of features, of those of the columns. What a shared column does not say of one is what is left of the node. */
function featurePlanes(
  { bundles, featureCount, columnCount }: GrowingBoostedTree,
  columns: Float64Array,
): Float64Array {
  const out = new Float64Array(featureCount * HISTOGRAM_STRIDE);
  for (let plane = 0; plane < HISTOGRAM_STRIDE; plane += BINS) {
    const totals = columnCount > 0 ? columns.subarray(plane, plane + BINS) : columns;
    const total = totals.reduce((sum, value) => sum + value, 0);
    for (let feature = 0; feature < featureCount; feature++) {
      const [column, first, binCount, usual] = bundles!.subarray(BUNDLE_WORDS * feature, BUNDLE_WORDS * (feature + 1));
      const from = columns.subarray(column! * HISTOGRAM_STRIDE + plane, column! * HISTOGRAM_STRIDE + plane + BINS);
      const to = out.subarray(feature * HISTOGRAM_STRIDE + plane, feature * HISTOGRAM_STRIDE + plane + BINS);
      if (first === 0) to.set(from);
      else {
        let rest = total;
        for (let i = 0; i < binCount!; i++) {
          const bin = i === binCount! - 1 ? MISSING_BIN : i < usual! ? i : i + 1;
          to[bin] = from[first! + i]!;
          rest -= to[bin]!;
        }
        to[usual!] = rest;
      }
    }
  }
  return out;
}
