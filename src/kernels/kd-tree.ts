import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { firstOf, joinSets } from './disjoint-sets.js';
import { PANEL, pointValues } from './distance.js';
import { type MetricName, metricCode, reducedDistance } from './metric-distance.js';

/**
 * Neighbours by a k-d tree (Friedman, Bentley, Finkel, "An Algorithm for Finding Best Matches in Logarithmic Expected Time",
 * 1977): all leaves lie at one depth, every node has the box of its points. What a box is away from a query is computed as
 * a point's distance is, coordinate after coordinate; every step of it rounds monotonically, so it is never above the
 * distance of a point in the box, to the last bit, and what is passed over is passed over rightly. So the answer is that of
 * looking at every point, whatever the tree: the reference does just that.
 */

/** Metrics of boxes: sums and maxima over coordinates that grow with each coordinate's difference. */
export const treeMetrics: readonly MetricName[] = ['euclidean', 'sqeuclidean', 'manhattan', 'chebyshev'];

/** Levels of nodes below the root, at most: more points than memory holds. */
const MOST_DEPTH = 26;
/** Numbers of scratch of a search: a place and a distance a level, and eight distances. */
export const TREE_SCRATCH = 72;

/** A tree as kernels read it. */
export interface KdTree {
  readonly depth: number;
  /** The points, leaf after leaf, in panels of eight; NaN where a leaf's last panel has none. */
  readonly panels: Float64Array;
  /** By place: which point it is; −1 where there is none. */
  readonly order: Int32Array;
  /** By node, the children of node i being 2i + 1 and 2i + 2: the smallest coordinates of its points, and the largest. */
  readonly boxes: Float64Array;
  /** By leaf, and behind the last: the first of its panels. */
  readonly leaves: Int32Array;
}

/** How deep a tree is whose leaves hold at most `leafSize` points. */
export function treeDepth(count: number, leafSize: number): number {
  let depth = 0;
  while (depth < MOST_DEPTH && Math.ceil(count / 2 ** depth) > leafSize) depth++;
  return depth;
}

/** The place in the order of a tree's points where those of a node begin, where its right child's do, and where they end. */
function reachOfNode(count: number, node: number): readonly [start: number, middle: number, end: number] {
  const level = 31 - Math.clz32(node + 1);
  const place = node + 1 - 2 ** level;
  // The same cut that the children's own start and end follow from.
  const middle = Math.floor((count * (2 * place + 1)) / 2 ** (level + 1));
  return [Math.floor((count * place) / 2 ** level), middle, Math.floor((count * (place + 1)) / 2 ** level)];
}

/** By leaf, and behind the last: the first of its panels. */
export function firstPanels(count: number, depth: number): Int32Array {
  const leaves = new Int32Array(2 ** depth + 1);
  for (let leaf = 0; leaf < 2 ** depth; leaf++) {
    const [start, , end] = reachOfNode(count, 2 ** depth - 1 + leaf);
    leaves[leaf + 1] = leaves[leaf]! + Math.ceil((end - start) / PANEL);
  }
  return leaves;
}

/** The box of some points; which coordinate is spread most. */
function boxOf(
  values: Float64Array,
  dimension: number,
  order: Int32Array,
  start: number,
  end: number,
  boxes: Float64Array,
  node: number,
): number {
  const low = node * 2 * dimension;
  const high = low + dimension;
  boxes.fill(Number.POSITIVE_INFINITY, low, high);
  boxes.fill(Number.NEGATIVE_INFINITY, high, high + dimension);
  for (let i = start; i < end; i++) {
    const at = order[i]! * dimension;
    for (let j = 0; j < dimension; j++) {
      const value = values[at + j]!;
      if (value < boxes[low + j]!) boxes[low + j] = value;
      if (value > boxes[high + j]!) boxes[high + j] = value;
    }
  }
  let widest = 0;
  for (let j = 1; j < dimension; j++) {
    if (boxes[high + j]! - boxes[low + j]! > boxes[high + widest]! - boxes[low + widest]!) widest = j;
  }
  return widest;
}

/** Rearranges points so that those before `middle` are not behind those from it on (Hoare's selection). */
function halve(
  values: Float64Array,
  dimension: number,
  column: number,
  order: Int32Array,
  keys: Float64Array,
  start: number,
  middle: number,
  end: number,
): void {
  for (let i = start; i < end; i++) keys[i] = values[order[i]! * dimension + column]!;
  let [low, high] = [start, end - 1];
  while (low < high) {
    const pivot = medianOfThree(keys[low]!, keys[(low + high) >> 1]!, keys[high]!);
    let [i, j] = [low, high];
    while (i <= j) {
      while (keys[i]! < pivot) i++;
      while (keys[j]! > pivot) j--;
      if (i > j) break;
      const [key, index] = [keys[i]!, order[i]!];
      keys[i] = keys[j]!;
      order[i] = order[j]!;
      keys[j] = key;
      order[j] = index;
      i++;
      j--;
    }
    if (middle <= j) high = j;
    else if (middle >= i) low = i;
    else return;
  }
}

const medianOfThree = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

/**
 * A tree of points, all in one go: its nodes' points are halved at the median of the coordinate that is spread most, then
 * the leaves laid out. Points are finite.
 */
export function kdTreeOf(values: Float64Array, dimension: number, leafSize: number): KdTree {
  const count = dimension === 0 ? 0 : values.length / dimension;
  const depth = treeDepth(count, leafSize);
  const leafCount = 2 ** depth;
  const sorted = Int32Array.from({ length: count }, (_, i) => i);
  const boxes = new Float64Array((2 * leafCount - 1) * 2 * dimension);
  const keys = new Float64Array(count);
  kd_tree_split_f64.reference(values, sorted, boxes, keys, count, dimension, depth, 0, 2 * leafCount - 1);
  const leaves = firstPanels(count, depth);
  const places = leaves[leafCount]! * PANEL;
  const panels = new Float64Array(places * dimension);
  const order = new Int32Array(places);
  kd_tree_lay_f64.reference(
    values,
    sorted,
    leaves,
    panels,
    order,
    count,
    dimension,
    depth,
    places / PANEL,
    0,
    leafCount,
  );
  return { depth, boxes, panels, order, leaves };
}

const pointCount = { name: 'pointCount', dtype: 'i32', meaning: 'points' } as const;
const values = {
  name: 'values',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.pointCount! * s.dimension!,
  meaning: 'points, row-major, finite',
} as const;

export const kd_tree_split_f64 = defineKernel({
  name: 'kd_tree_split_f64',
  family: 'distance',
  summary:
    'The boxes of some nodes of a k-d tree; those above the leaves have their points halved at the median of the widest coordinate.',
  source: 'Friedman, Bentley, Finkel 1977; the median by Hoare’s selection (1961), pivots the median of three',
  arguments: [
    values,
    {
      name: 'order',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.pointCount!,
      meaning: 'which points they are, node after node',
    },
    {
      name: 'boxes',
      role: 'inout',
      dtype: 'f64',
      length: (s) => (2 ** (s.depth! + 1) - 1) * 2 * s.dimension!,
      meaning: 'by node: smallest and largest coordinates',
    },
    {
      name: 'keys',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'coordinates that are halved',
    },
    pointCount,
    { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point, at least 1' },
    { name: 'depth', dtype: 'i32', meaning: 'levels below the root, at most 26' },
    { name: 'nodeStart', dtype: 'i32', meaning: 'first node; the nodes above it have been halved' },
    { name: 'nodeEnd', dtype: 'i32', meaning: 'one behind the last node' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, order, boxes, keys, count, dimension, depth, nodeStart, nodeEnd) => {
    for (let node = nodeStart; node < nodeEnd; node++) {
      const [start, middle, end] = reachOfNode(count, node);
      const widest = boxOf(values, dimension, order, start, end, boxes, node);
      if (node < 2 ** depth - 1) halve(values, dimension, widest, order, keys, start, middle, end);
    }
  },
  inputs: (size, random, flavour) => {
    const { values, dimension, depth } = grownFor(size, random, flavour);
    const order = Int32Array.from({ length: size }, (_, i) => i);
    const nodes = 2 ** (depth + 1) - 1;
    return {
      scalars: {
        pointCount: size,
        dimension,
        depth,
        nodeStart: 0,
        nodeEnd: size >= 8192 ? nodes : random.integer(nodes) + 1,
      },
      buffers: { values, order, boxes: new Float64Array(2 * nodes * dimension) },
    };
  },
  work: (s) => ({ elements: s.pointCount! * s.depth! }),
});

export const kd_tree_lay_f64 = defineKernel({
  name: 'kd_tree_lay_f64',
  family: 'distance',
  summary: 'Some leaves of a k-d tree laid out: their points by index, in panels of eight.',
  arguments: [
    values,
    {
      name: 'sorted',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.pointCount!,
      meaning: 'which points they are, leaf after leaf; those of the leaves come by index',
    },
    {
      name: 'leaves',
      role: 'in',
      dtype: 'i32',
      length: (s) => 2 ** s.depth! + 1,
      meaning: 'by leaf: the first of its panels',
    },
    {
      name: 'panels',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.panelCount! * 8 * s.dimension!,
      meaning: 'the points, leaf after leaf, in panels of eight; NaN where a leaf’s last panel has none',
    },
    {
      name: 'order',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.panelCount! * 8,
      meaning: 'which points they are; −1 where there is none',
    },
    pointCount,
    { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point, at least 1' },
    { name: 'depth', dtype: 'i32', meaning: 'levels below the root, at most 26' },
    { name: 'panelCount', dtype: 'i32', meaning: 'panels of all leaves' },
    { name: 'leafStart', dtype: 'i32', meaning: 'first leaf' },
    { name: 'leafEnd', dtype: 'i32', meaning: 'one behind the last leaf' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, sorted, leaves, panels, order, count, dimension, depth, _p, leafStart, leafEnd) => {
    for (let leaf = leafStart; leaf < leafEnd; leaf++) {
      const [start, , end] = reachOfNode(count, 2 ** depth - 1 + leaf);
      const own = sorted.subarray(start, end).sort();
      for (let place = leaves[leaf]! * PANEL; place < leaves[leaf + 1]! * PANEL; place++) {
        const index = own[place - leaves[leaf]! * PANEL] ?? -1;
        order[place] = index;
        const to = (place - (place % PANEL)) * dimension + (place % PANEL);
        for (let j = 0; j < dimension; j++) {
          panels[to + j * PANEL] = index < 0 ? Number.NaN : values[index * dimension + j]!;
        }
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { values, dimension, depth } = grownFor(size, random, flavour);
    const leaves = firstPanels(size, depth);
    const panelCount = leaves[2 ** depth]!;
    const sorted = Int32Array.from({ length: size }, (_, i) => i);
    for (let i = size - 1; i > 0; i--) {
      const other = random.integer(i + 1);
      [sorted[i], sorted[other]] = [sorted[other]!, sorted[i]!];
    }
    const leafStart = size >= 8192 ? 0 : random.integer(2 ** depth);
    return {
      scalars: {
        pointCount: size,
        dimension,
        depth,
        panelCount,
        leafStart,
        leafEnd: size >= 8192 ? 2 ** depth : leafStart + random.integer(2 ** depth - leafStart + 1),
      },
      buffers: {
        values,
        sorted,
        leaves,
        panels: new Float64Array(panelCount * PANEL * dimension),
        order: new Int32Array(panelCount * PANEL),
      },
    };
  },
  work: (s) => ({ elements: s.pointCount! }),
});

function grownFor(size: number, random: CaseRandom, flavour: Flavour) {
  const dimension = size >= 8192 ? 3 : 1 + random.integer(5);
  const depth = treeDepth(size, size >= 8192 ? 32 : 1 + random.integer(40));
  return { values: pointValues(size * dimension, random, flavour), dimension, depth };
}

const placedTree = [
  {
    name: 'panels',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.panelCount! * 8 * s.dimension!,
    meaning: 'the points, leaf after leaf, in panels of eight; NaN where a leaf’s last panel has none',
  },
  {
    name: 'order',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.panelCount! * 8,
    meaning: 'which points they are; −1 where there is none',
  },
  {
    name: 'boxes',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => (2 ** (s.depth! + 1) - 1) * 2 * s.dimension!,
    meaning: 'by node, the children of i being 2i + 1 and 2i + 2: smallest and largest coordinates',
  },
  {
    name: 'leaves',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => 2 ** s.depth! + 1,
    meaning: 'by leaf: the first of its panels',
  },
] as const;

const buffers = [
  {
    name: 'queries',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.queryCount! * s.dimension!,
    meaning: 'queries, row-major',
  },
  ...placedTree,
] as const;

const scratch = {
  name: 'scratch',
  role: 'scratch',
  dtype: 'f64',
  length: () => 72,
  meaning: 'nodes to be looked at, and how far away they are',
} as const;

const shape = [
  { name: 'queryCount', dtype: 'i32', meaning: 'queries' },
  { name: 'panelCount', dtype: 'i32', meaning: 'panels of all leaves' },
  { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point' },
  { name: 'depth', dtype: 'i32', meaning: 'levels below the root, at most 26: there are 2^depth leaves' },
  {
    name: 'metric',
    dtype: 'i32',
    meaning: '0, 1: Σ(x−y)²; 4: Σ|x−y|; 5: max |x−y|',
  },
  { name: 'self', dtype: 'i32', meaning: 'the point that query 0 is, and so on; −1: queries are no points' },
] as const;

const names = new Map(treeMetrics.map((metric) => [metricCode(metric), metric]));

/** Every point and its reduced distance from a query, in the order of the points' indices. */
function allDistances(
  queries: Float64Array,
  panels: Float64Array,
  order: Int32Array,
  query: number,
  dimension: number,
  metric: number,
  self: number,
): { index: number; distance: number }[] {
  const found: { index: number; distance: number }[] = [];
  order.forEach((index, place) => {
    if (index < 0 || (self >= 0 && index === self + query)) return;
    const at = (place - (place % PANEL)) * dimension + (place % PANEL);
    const name = names.get(metric)!;
    const distance = reducedDistance(name, queries, query * dimension, panels, at, PANEL, dimension, 0);
    found.push({ index, distance });
  });
  return found.sort((a, b) => a.index - b.index);
}

function treeInputs(size: number, random: CaseRandom, flavour: Flavour) {
  const large = size >= 8192;
  const dimension = large ? 3 : 1 + random.integer(5);
  const few = large ? 256 : random.integer(10);
  const points = pointValues(size * dimension, random, flavour);
  const tree = kdTreeOf(points, dimension, large ? 32 : 1 + random.integer(20));
  const self = !large && size >= few && random.integer(2) === 0 ? random.integer(size - few + 1) : -1;
  const queries =
    self < 0 ? pointValues(few * dimension, random, flavour) : points.slice(self * dimension, (self + few) * dimension);
  const metric = metricCode(large ? 'euclidean' : treeMetrics[random.integer(treeMetrics.length)]!);
  return {
    scalars: {
      queryCount: few,
      panelCount: tree.order.length / PANEL,
      dimension,
      depth: tree.depth,
      metric,
      self,
    },
    buffers: { queries, panels: tree.panels, order: tree.order, boxes: tree.boxes, leaves: tree.leaves },
  };
}

/** A radius that takes in some of the points. */
function someLimit({ scalars, buffers }: ReturnType<typeof treeInputs>, random: CaseRandom): number {
  if (scalars.queryCount === 0) return 1;
  const { queries, panels, order } = buffers;
  const all = allDistances(queries, panels, order, 0, scalars.dimension, scalars.metric, scalars.self);
  const sorted = all.map(({ distance }) => distance).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, random.integer(40))] ?? 1;
}

const work = (s: Scalars) => ({ elements: s.queryCount! });

export const kd_tree_nearest_f64 = defineKernel({
  name: 'kd_tree_nearest_f64',
  family: 'distance',
  summary: 'The k nearest points of every query, nearest first, the lower index first among equals, by a k-d tree.',
  source: 'Friedman, Bentley, Finkel 1977',
  arguments: [
    ...buffers,
    {
      name: 'distances',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.queryCount! * s.k!,
      meaning: 'reduced distances; Infinity where fewer than k points lie at a finite distance',
    },
    {
      name: 'indices',
      role: 'out',
      dtype: 'i32',
      length: (s) => s.queryCount! * s.k!,
      meaning: 'indices of the points; −1 where there is none',
    },
    scratch,
    ...shape,
    { name: 'k', dtype: 'i32', meaning: 'neighbours wanted, at least 1' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (queries, panels, order, _b, _l, distances, indices, _s, count, _p, dimension, _d, metric, self, k) => {
    distances.fill(Number.POSITIVE_INFINITY);
    indices.fill(-1);
    for (let i = 0; i < count; i++) {
      allDistances(queries, panels, order, i, dimension, metric, self)
        .filter(({ distance }) => distance < Number.POSITIVE_INFINITY)
        .sort((a, b) => a.distance - b.distance || a.index - b.index)
        .slice(0, k)
        .forEach(({ index, distance }, place) => {
          distances[i * k + place] = distance;
          indices[i * k + place] = index;
        });
    }
  },
  inputs: (size, random, flavour) => {
    const made = treeInputs(size, random, flavour);
    const k = size >= 8192 ? 10 : 1 + random.integer(7);
    return { ...made, scalars: { ...made.scalars, k } };
  },
  work,
});

const limit = {
  name: 'limit',
  dtype: 'f64',
  meaning: 'reduced distances that count: at most this, and finite',
} as const;

export const kd_tree_count_f64 = defineKernel({
  name: 'kd_tree_count_f64',
  family: 'distance',
  summary: 'How many points lie within a radius of every query, by a k-d tree.',
  arguments: [
    ...buffers,
    {
      name: 'counts',
      role: 'out',
      dtype: 'i32',
      length: (s) => s.queryCount!,
      meaning: 'points within the radius, at most enough',
    },
    scratch,
    ...shape,
    limit,
    {
      name: 'enough',
      dtype: 'i32',
      meaning: 'as many points as need be counted, at least 1: higher counts are told as this',
    },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (queries, panels, order, _b, _l, counts, _s, count, _p, dimension, _d, metric, self, limit, enough) => {
    for (let i = 0; i < count; i++) {
      const all = allDistances(queries, panels, order, i, dimension, metric, self);
      counts[i] = Math.min(enough, all.filter(({ distance }) => distance <= limit).length);
    }
  },
  inputs: (size, random, flavour) => {
    const made = treeInputs(size, random, flavour);
    const limit = size >= 8192 ? 0.01 : someLimit(made, random);
    const enough = size >= 8192 || random.integer(2) === 0 ? 2_147_483_647 : 1 + random.integer(12);
    return { ...made, scalars: { ...made.scalars, limit, enough } };
  },
  work,
});

export const kd_tree_within_f64 = defineKernel({
  name: 'kd_tree_within_f64',
  family: 'distance',
  summary: 'The points within a radius of every query, their indices ascending, by a k-d tree; counted before.',
  arguments: [
    ...buffers,
    {
      name: 'offsets',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.queryCount!,
      meaning: 'where each query’s points begin in what follows',
    },
    { name: 'indices', role: 'out', dtype: 'i32', length: (s) => s.found!, meaning: 'indices of points, by query' },
    { name: 'distances', role: 'out', dtype: 'f64', length: (s) => s.found!, meaning: 'reduced distances' },
    scratch,
    ...shape,
    limit,
    { name: 'found', dtype: 'i32', meaning: 'points of all queries together' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    ...[queries, panels, order, _b, _l, offsets, indices, distances, _s, count, _p, dimension, _d, metric, self, limit]
  ) => {
    for (let i = 0; i < count; i++) {
      allDistances(queries, panels, order, i, dimension, metric, self)
        .filter(({ distance }) => distance <= limit)
        .forEach(({ index, distance }, place) => {
          indices[offsets[i]! + place] = index;
          distances[offsets[i]! + place] = distance;
        });
    }
  },
  inputs: (size, random, flavour) => {
    const made = treeInputs(size, random, flavour);
    const limit = size >= 8192 ? 0.01 : someLimit(made, random);
    const { queryCount, dimension, metric, self } = made.scalars;
    const { queries, panels, order } = made.buffers;
    const offsets = new Int32Array(queryCount);
    let found = 0;
    for (let i = 0; i < queryCount; i++) {
      offsets[i] = found;
      const all = allDistances(queries, panels, order, i, dimension, metric, self);
      found += all.filter(({ distance }) => distance <= limit).length;
    }
    return { scalars: { ...made.scalars, limit, found }, buffers: { ...made.buffers, offsets } };
  },
  work,
});

export const kd_tree_join_f64 = defineKernel({
  name: 'kd_tree_join_f64',
  family: 'distance',
  summary:
    'Joins the dense points of some leaves with all dense points within a radius of them; nodes that are of one set already are passed over.',
  source: 'Disjoint sets (Galler and Fischer, 1964) over the graph of DBSCAN (Ester, Kriegel, Sander and Xu, 1996)',
  arguments: [
    ...placedTree,
    {
      name: 'parents',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.pointCount!,
      meaning:
        'by point: one of its set, not behind it, the set’s first its own; afterwards the first of the set; −1: not dense, in no set',
    },
    {
      name: 'groups',
      role: 'scratch',
      dtype: 'i32',
      length: (s) => 2 ** (s.depth! + 1) - 1,
      meaning: 'by node: a dense point of the one set of all its dense points, where that is known',
    },
    {
      name: 'scratch',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => 72 + s.dimension!,
      meaning: 'nodes to be looked at, how far away they are, and a point',
    },
    pointCount,
    { name: 'panelCount', dtype: 'i32', meaning: 'panels of all leaves' },
    { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point' },
    { name: 'depth', dtype: 'i32', meaning: 'levels below the root, at most 26: there are 2^depth leaves' },
    { name: 'metric', dtype: 'i32', meaning: '0, 1: Σ(x−y)²; 4: Σ|x−y|; 5: max |x−y|' },
    limit,
    { name: 'leafStart', dtype: 'i32', meaning: 'first leaf whose points are joined with others' },
    { name: 'leafEnd', dtype: 'i32', meaning: 'one behind the last of them' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    ...[panels, order, _b, leaves, parents, _g, _s, count, _p, dimension, _d, metric, limit, leafStart, leafEnd]
  ) => {
    const point = new Float64Array(dimension);
    for (let place = leaves[leafStart]! * PANEL; place < leaves[leafEnd]! * PANEL; place++) {
      const own = order[place]!;
      if (own < 0 || parents[own]! < 0) continue;
      const at = (place - (place % PANEL)) * dimension + (place % PANEL);
      for (let j = 0; j < dimension; j++) point[j] = panels[at + j * PANEL]!;
      for (const { index, distance } of allDistances(point, panels, order, 0, dimension, metric, -1)) {
        if (distance <= limit && parents[index]! >= 0) joinSets(parents, own, index);
      }
    }
    for (let i = 0; i < count; i++) if (parents[i]! >= 0) parents[i] = firstOf(parents, i);
  },
  inputs: (size, random, flavour) => {
    const made = treeInputs(size, random, flavour);
    const { queries: _, ...buffers } = made.buffers;
    const { panelCount, dimension, depth, metric } = made.scalars;
    const few = 2 + random.integer(8);
    const parents = Int32Array.from({ length: size }, (_, i) => (random.integer(few) === 0 ? -1 : i));
    // Some are joined already, as by the calls before.
    for (let i = 1; i < size; i++) {
      const other = random.integer(i);
      if (random.integer(few) === 0 && parents[i]! >= 0 && parents[other]! >= 0) parents[i] = other;
    }
    const large = size >= 8192;
    const leafStart = large ? 0 : random.integer(2 ** depth);
    const leafEnd = large ? 2 ** Math.min(1, depth) : leafStart + random.integer(2 ** depth - leafStart + 1);
    const limit = large ? 0.01 : someLimit(made, random);
    return {
      scalars: { pointCount: size, panelCount, dimension, depth, metric, limit, leafStart, leafEnd },
      buffers: { ...buffers, parents },
    };
  },
  work: (s) => ({ elements: s.pointCount! }),
});
