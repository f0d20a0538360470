import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
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

/**
 * Grows a tree: a node's points are halved at the median of the coordinate that is spread most, equal ones by their
 * indices. Yields now and then, so that others have their turn. Points are finite.
 */
export function* growKdTree(values: Float64Array, dimension: number, leafSize: number): Generator<void, KdTree> {
  const count = dimension === 0 ? 0 : values.length / dimension;
  const depth = treeDepth(count, leafSize);
  const leafCount = 2 ** depth;
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const boxes = new Float64Array((2 * leafCount - 1) * 2 * dimension);
  const starts = new Int32Array(leafCount + 1);
  const keys = new Float64Array(count);
  let done = 0;
  for (let node = 0; node < 2 * leafCount - 1; node++) {
    const level = 31 - Math.clz32(node + 1);
    const place = node + 1 - 2 ** level;
    const start = Math.floor((count * place) / 2 ** level);
    const end = Math.floor((count * (place + 1)) / 2 ** level);
    const widest = boxOf(values, dimension, order, start, end, boxes, node);
    if (level === depth) starts[place + 1] = end;
    // The same cut that the children's own start and end follow from.
    else
      halve(
        values,
        dimension,
        widest,
        order,
        keys,
        start,
        Math.floor((count * (2 * place + 1)) / 2 ** (level + 1)),
        end,
      );
    done += end - start;
    if (done > 65_536) {
      done = 0;
      yield;
    }
  }
  return { depth, boxes, ...layOut(values, dimension, order, starts) };
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

/** Points as panels, leaf after leaf, those of a leaf in the order of their indices. */
function layOut(values: Float64Array, dimension: number, sorted: Int32Array, starts: Int32Array) {
  const leafCount = starts.length - 1;
  const leaves = new Int32Array(leafCount + 1);
  for (let leaf = 0; leaf < leafCount; leaf++) {
    leaves[leaf + 1] = leaves[leaf]! + Math.ceil((starts[leaf + 1]! - starts[leaf]!) / PANEL);
  }
  const places = leaves[leafCount]! * PANEL;
  const panels = new Float64Array(places * dimension).fill(Number.NaN);
  const order = new Int32Array(places).fill(-1);
  for (let leaf = 0; leaf < leafCount; leaf++) {
    const own = sorted.subarray(starts[leaf]!, starts[leaf + 1]!).sort();
    for (let i = 0; i < own.length; i++) {
      const place = leaves[leaf]! * PANEL + i;
      order[place] = own[i]!;
      const to = (place - (place % PANEL)) * dimension + (place % PANEL);
      for (let j = 0; j < dimension; j++) panels[to + j * PANEL] = values[own[i]! * dimension + j]!;
    }
  }
  return { panels, order, leaves };
}

/** `growKdTree` to its end. */
export function kdTreeOf(values: Float64Array, dimension: number, leafSize: number): KdTree {
  const growing = growKdTree(values, dimension, leafSize);
  for (;;) {
    const step = growing.next();
    if (step.done) return step.value;
  }
}

const buffers = [
  {
    name: 'queries',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.queryCount! * s.dimension!,
    meaning: 'queries, row-major',
  },
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
    { name: 'counts', role: 'out', dtype: 'i32', length: (s) => s.queryCount!, meaning: 'points within the radius' },
    scratch,
    ...shape,
    limit,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (queries, panels, order, _b, _l, counts, _s, count, _p, dimension, _d, metric, self, limit) => {
    for (let i = 0; i < count; i++) {
      const all = allDistances(queries, panels, order, i, dimension, metric, self);
      counts[i] = all.filter(({ distance }) => distance <= limit).length;
    }
  },
  inputs: (size, random, flavour) => {
    const made = treeInputs(size, random, flavour);
    return { ...made, scalars: { ...made.scalars, limit: size >= 8192 ? 0.01 : someLimit(made, random) } };
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
