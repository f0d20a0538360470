import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { candidateMargin, candidateUnit } from './distance.js';

/**
 * k-means: which centre each point is nearest to, with bounds that save looking, and the sums of clusters. Numerical
 * policy: labels are those of direct f64 differences, added in the order of the dimensions, the first centre of equals,
 * whether bounds are kept or not. Bounds are true of the points themselves: rounded away by 2^-22 whenever they change,
 * which is more than the rounding of any distance of fewer than 2^28 dimensions. They are in units of the frame (see
 * `candidateUnit`), where the points lie within 1 of the centre.
 *
 * Sums of clusters are whole numbers of 128 bits, in two halves, and so have no order: a point that changes its cluster
 * is taken from the one and added to the other, and the sums are those of all points, bit for bit.
 */

/** Centres a panel: the first coordinate of sixteen, then the second of all sixteen, … */
export const CENTER_PANEL = 16;

/** Centres, rounded up to whole panels. */
export const centerLine = (centers: number): number => Math.ceil(centers / CENTER_PANEL) * CENTER_PANEL;

const WIDER = 1 + 2 ** -22;
const NARROWER = 1 - 2 ** -22;
/** What underflow may add to a squared length in the frame; see candidateRows. */
const UNDERFLOW = 2 ** -90;
const FAR = 2 ** 100;
/** Added and taken away again, it rounds to a whole number; its bits less those of the sum are that number. */
const WHOLE = 1.5 * 2 ** 52;

/** A bound from above, wider by a little, as f32. */
export const wider = (value: number): number => Math.fround(value * WIDER);
/** A bound from below, narrower by a little, as f32; not below 0. */
export const narrower = (value: number): number => Math.fround(Math.max(0, value) * NARROWER);

function squaredDistance(a: Float64Array, i: number, b: Float64Array, k: number, dimension: number): number {
  let sum = 0;
  for (let j = 0; j < dimension; j++) {
    const difference = a[i * dimension + j]! - b[k * dimension + j]!;
    sum += difference * difference;
  }
  return sum;
}

/** Centres as the kernels want them: in panels, in the frame. */
export interface OfferedCenters {
  /** Behind the last centre: 0. */
  readonly panels: Float32Array;
  /** Lower bounds of the squared lengths, Infinity behind the last. */
  readonly bounds: Float32Array;
  /** What the distance of the candidate form may lack because of the centres: 2·margin·|c|² of the longest and a little. */
  readonly slack: number;
}

/** Centres, row-major, less the frame's centre, times its unit, in panels of sixteen. */
export function offerCenters(
  centers: Float64Array,
  dimension: number,
  center: Float64Array,
  unit: number,
): OfferedCenters {
  const count = dimension === 0 ? 0 : centers.length / dimension;
  const panels = new Float32Array(centerLine(count) * dimension);
  const bounds = new Float32Array(centerLine(count)).fill(Number.POSITIVE_INFINITY);
  const margin = candidateMargin(dimension);
  let longest = 0;
  for (let k = 0; k < count; k++) {
    let length = 0;
    for (let j = 0; j < dimension; j++) {
      const value = (centers[k * dimension + j]! - center[j]!) * unit;
      panels[placeOf(k, j, dimension)] = value;
      length += value * value;
    }
    bounds[k] = length < FAR ? length * (1 - margin) - UNDERFLOW : Number.NEGATIVE_INFINITY;
    if (length > longest) longest = length;
  }
  return { panels, bounds, slack: 2 * margin * longest + 8 * UNDERFLOW };
}

const placeOf = (k: number, j: number, dimension: number): number =>
  (k - (k % CENTER_PANEL)) * dimension + j * CENTER_PANEL + (k % CENTER_PANEL);

/** The candidate form of the distance between a point and a centre, less the point's length: in f32, in order. */
function candidateValue(
  rows: Float32Array,
  i: number,
  panels: Float32Array,
  bounds: Float32Array,
  k: number,
  dimension: number,
): number {
  let dot = 0;
  for (let j = 0; j < dimension; j++) {
    dot = Math.fround(dot + Math.fround(rows[i * dimension + j]! * panels[placeOf(k, j, dimension)]!));
  }
  return Math.fround(bounds[k]! - Math.fround(2 * dot));
}

/** What a squared distance in the frame is at most, where the candidate form of it is `value`. */
function highest(value: number, rowBound: number, slack: number, dimension: number): number {
  return value + rowBound + (4 * candidateMargin(dimension) * (rowBound + UNDERFLOW) + slack);
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Points of a flavour and centres amid them, in the frame of the points. */
function caseOf(size: number, random: CaseRandom, flavour: Flavour) {
  const special = [0, -0, 5e-324, 2.2250738585072014e-308, 1e-30, 1e30, -1e40];
  const dimension = size >= 8192 ? 32 : 1 + random.integer(6);
  const centerCount = size >= 8192 ? 48 : 1 + random.integer(36);
  const value = () => {
    if (flavour === 'special' && random.integer(16) === 0) return special[random.integer(special.length)]!;
    if (flavour === 'ties' || flavour === 'one-bin') return random.integer(3);
    if (flavour === 'constant') return 0.75;
    if (flavour === 'skewed') return 1e6 + random.normal() * 1e-3;
    return random.normal();
  };
  const points = Float64Array.from({ length: size * dimension }, value);
  const centers = Float64Array.from({ length: centerCount * dimension }, (_, at) =>
    size > 0 && random.integer(2) === 0 ? points[at % points.length]! : flavour === 'special' ? 0.5 : value(),
  );
  const center = Float64Array.from({ length: dimension }, (_, j) => centers[j]!);
  const unit = candidateUnit(joined(points, centers), dimension, center);
  const rows = new Float32Array(points.length);
  const bounds = new Float64Array(size);
  candidate_rows_f64.reference(points, center, rows, new Float32Array(size), bounds, size, dimension, unit);
  const offered = offerCenters(centers, dimension, center, unit);
  return { dimension, centerCount, points, centers, center, unit, rows, bounds, offered };
}

const points = {
  name: 'points',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.pointCount! * s.dimension!,
  meaning: 'points, row-major',
} as const;
const centers = {
  name: 'centers',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.centerCount! * s.dimension!,
  meaning: 'centres, row-major',
} as const;
const rows = {
  name: 'rows',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => s.pointCount! * s.dimension!,
  meaning: 'the points in the frame (candidate_rows_f64)',
} as const;
const rowBounds = {
  name: 'rowBounds',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.pointCount!,
  meaning: 'lower bounds of the squared lengths of the rows',
} as const;
const panels = {
  name: 'panels',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => Math.ceil(s.centerCount! / 16) * 16 * s.dimension!,
  meaning: 'the centres in the frame, in panels of sixteen (offerCenters)',
} as const;
const panelBounds = {
  name: 'panelBounds',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => Math.ceil(s.centerCount! / 16) * 16,
  meaning: 'lower bounds of the centres’ squared lengths, Infinity behind the last',
} as const;
const moves = {
  name: 'moves',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => Math.ceil(s.centerCount! / 16) * 16,
  meaning: 'how far each centre has moved at most since the bounds were true; 0 behind the last',
} as const;
const halves = {
  name: 'halves',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => s.centerCount!,
  meaning: 'half the distance from each centre to the nearest other, at least; 0 where that is not known',
} as const;
const labels = {
  name: 'labels',
  role: 'inout',
  dtype: 'i32',
  length: (s: Scalars) => s.pointCount!,
  meaning: 'the centre of each point; −1: not known yet, or none at a finite distance',
} as const;
const uppers = {
  name: 'uppers',
  role: 'inout',
  dtype: 'f32',
  length: (s: Scalars) => s.pointCount!,
  meaning: 'how far each point is from its centre at most',
} as const;
const pointCount = { name: 'pointCount', dtype: 'i32', meaning: 'points' } as const;
const centerCount = { name: 'centerCount', dtype: 'i32', meaning: 'centres' } as const;
const dimension = { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point' } as const;
const unit = { name: 'unit', dtype: 'f64', meaning: 'the power of two of the frame' } as const;
const slack = { name: 'slack', dtype: 'f64', meaning: 'of the centres: see offerCenters' } as const;

export const candidate_rows_f64 = defineKernel({
  name: 'candidate_rows_f64',
  family: 'distance',
  summary:
    'Points in a frame, where candidates are found: less its centre, times its unit, in f32, with their lengths.',
  arguments: [
    points,
    { name: 'center', role: 'in', dtype: 'f64', length: (s) => s.dimension!, meaning: 'the frame’s centre' },
    { ...rows, role: 'out', meaning: 'the points in the frame, row-major' },
    { name: 'lengths', role: 'out', dtype: 'f32', length: (s) => s.pointCount!, meaning: 'their squared lengths' },
    { ...rowBounds, role: 'out', meaning: 'lower bounds of them; −Infinity where a point is too far out' },
    pointCount,
    dimension,
    unit,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, center, out, lengths, bounds, count, width, scale) => {
    const margin = candidateMargin(width);
    for (let i = 0; i < count; i++) {
      let length = 0;
      for (let j = 0; j < width; j++) {
        const value = (values[i * width + j]! - center[j]!) * scale;
        out[i * width + j] = value;
        length += value * value;
      }
      lengths[i] = length;
      bounds[i] = length < FAR ? length * (1 - margin) - UNDERFLOW : Number.NEGATIVE_INFINITY;
    }
  },
  inputs: (size, random, flavour) => {
    const width = size >= 8192 ? 32 : random.integer(7);
    const special = [0, -0, 5e-324, 1e-300, 1e30, -1e200, Number.POSITIVE_INFINITY];
    const value = () =>
      flavour === 'special' && random.integer(12) === 0 ? special[random.integer(7)]! : random.normal();
    return {
      scalars: { pointCount: size, dimension: width, unit: 2 ** (random.integer(9) - 4) },
      buffers: {
        points: Float64Array.from({ length: size * width }, value),
        center: Float64Array.from({ length: width }, () => random.normal()),
      },
    };
  },
  work: (s) => ({ elements: s.pointCount! * s.dimension!, flops: 4 * s.pointCount! * s.dimension! }),
});

export const point_extents_f64 = defineKernel({
  name: 'point_extents_f64',
  family: 'distance',
  summary:
    'By coordinate of some points: the least, the greatest, Σ(x − shift) and Σ(x − shift)², in the order of points.',
  arguments: [
    points,
    { name: 'shifts', role: 'in', dtype: 'f64', length: (s) => s.dimension!, meaning: 'what is taken off first' },
    {
      name: 'extents',
      role: 'out',
      dtype: 'f64',
      length: (s) => 4 * s.dimension!,
      meaning: 'least (Infinity of none), greatest, sums, sums of squares: 4 × dimension',
    },
    pointCount,
    dimension,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, shifts, extents, count, width) => {
    extents.fill(Number.POSITIVE_INFINITY, 0, width);
    extents.fill(Number.NEGATIVE_INFINITY, width, 2 * width);
    extents.fill(0, 2 * width, 4 * width);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < width; j++) {
        const value = values[i * width + j]!;
        const difference = value - shifts[j]!;
        if (value < extents[j]!) extents[j] = value;
        if (value > extents[width + j]!) extents[width + j] = value;
        extents[2 * width + j] = extents[2 * width + j]! + difference;
        extents[3 * width + j] = extents[3 * width + j]! + difference * difference;
      }
    }
  },
  inputs: (size, random, flavour) => {
    const width = size >= 8192 ? 32 : random.integer(7);
    const special = [0, 5e-324, 1e-300, 1e30, -1e100];
    const value = () =>
      flavour === 'special' && random.integer(12) === 0
        ? special[random.integer(5)]!
        : flavour === 'constant'
          ? 0.75
          : random.normal();
    return {
      scalars: { pointCount: size, dimension: width },
      buffers: {
        points: Float64Array.from({ length: size * width }, value),
        shifts: Float64Array.from({ length: width }, () => random.normal()),
      },
    };
  },
  work: (s) => ({ elements: s.pointCount! * s.dimension!, flops: 4 * s.pointCount! * s.dimension! }),
});

export const assign_hamerly_f64 = defineKernel({
  name: 'assign_hamerly_f64',
  family: 'distance',
  summary:
    'The nearest centre of every point whose bounds do not show that it is the one it had, the first of equals. Returns how many were looked at.',
  source: 'Hamerly, "Making k-means even faster", 2010; one bound a point for all other centres.',
  arguments: [
    points,
    centers,
    rows,
    rowBounds,
    panels,
    panelBounds,
    moves,
    halves,
    labels,
    uppers,
    {
      name: 'lowers',
      role: 'inout',
      dtype: 'f32',
      length: (s) => s.pointCount!,
      meaning: 'how far each point is from every other centre at least',
    },
    {
      name: 'values',
      role: 'scratch',
      dtype: 'f32',
      length: (s) => 8 * Math.ceil(s.centerCount! / 16) * 16,
      meaning: 'candidate values of eight points',
    },
    pointCount,
    centerCount,
    dimension,
    unit,
    slack,
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (
    values,
    middles,
    places,
    lengths,
    offered,
    bounds,
    moved,
    half,
    label,
    upper,
    lower,
    _scratch,
    n,
    k,
    width,
    scale,
    lack,
  ) => {
    const { first, most, second } = farthestMoves(moved, k);
    const candidates = new Float32Array(k);
    let looked = 0;
    for (let i = 0; i < n; i++) {
      const old = label[i]!;
      if (old >= 0) {
        const above = wider(upper[i]! + moved[old]!);
        const below = narrower(lower[i]! - (old === first ? second : most));
        if (above < Math.max(below, half[old]!)) {
          [upper[i], lower[i]] = [above, below];
          continue;
        }
      }
      looked++;
      for (let c = 0; c < k; c++) candidates[c] = candidateValue(places, i, offered, bounds, c, width);
      let found = 0;
      for (let c = 1; c < k; c++) if (candidates[c]! < candidates[found]!) found = c;
      const most2 = highest(candidates[found]!, lengths[i]!, lack, width);
      let above = wider(Math.sqrt(Math.max(0, most2)));
      if (!(smallestOther(candidates, found) + lengths[i]! > most2)) {
        const nearest = nearestOf(values, i, middles, k, width);
        found = nearest.label;
        above = wider(Math.sqrt(nearest.distance) * scale);
      }
      label[i] = found;
      upper[i] = above;
      lower[i] = narrower(Math.sqrt(Math.max(0, smallestOther(candidates, found) + lengths[i]!)));
    }
    return looked;
  },
  inputs: (size, random, flavour) => {
    const made = caseOf(size, random, flavour);
    const line = centerLine(made.centerCount);
    const fresh = flavour === 'plain' && random.integer(2) === 0;
    return {
      scalars: {
        pointCount: size,
        centerCount: made.centerCount,
        dimension: made.dimension,
        unit: made.unit,
        slack: made.offered.slack,
      },
      buffers: {
        points: made.points,
        centers: made.centers,
        rows: made.rows,
        rowBounds: made.bounds,
        panels: made.offered.panels,
        panelBounds: made.offered.bounds,
        moves: Float32Array.from({ length: line }, () => random.uniform() * 0.2),
        halves: Float32Array.from({ length: made.centerCount }, () => random.uniform() * 0.3),
        labels: Int32Array.from({ length: size }, () => (fresh ? -1 : random.integer(made.centerCount + 1) - 1)),
        uppers: Float32Array.from({ length: size }, () => random.uniform()),
        lowers: Float32Array.from({ length: size }, () => random.uniform()),
      },
    };
  },
  work: (s) => ({
    elements: s.pointCount! * s.centerCount!,
    flops: 2 * s.pointCount! * s.centerCount! * s.dimension!,
  }),
});

/** The centre that moved farthest, how far it moved, and the second-farthest movement. */
function farthestMoves(moved: Float32Array, count: number) {
  let [first, most, second] = [0, 0, 0];
  for (let c = 0; c < count; c++) {
    if (moved[c]! > most) [first, most, second] = [c, moved[c]!, most];
    else if (moved[c]! > second) second = moved[c]!;
  }
  return { first, most, second };
}

function smallestOther(values: Float32Array, label: number): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let c = 0; c < values.length; c++) if (c !== label && values[c]! < smallest) smallest = values[c]!;
  return smallest;
}

function nearestOf(values: Float64Array, i: number, middles: Float64Array, k: number, width: number) {
  let [label, distance] = [-1, Number.POSITIVE_INFINITY];
  for (let c = 0; c < k; c++) {
    const other = squaredDistance(values, i, middles, c, width);
    if (other < distance) [label, distance] = [c, other];
  }
  return { label, distance };
}

export const assign_elkan_f64 = defineKernel({
  name: 'assign_elkan_f64',
  family: 'distance',
  summary:
    'The nearest centre of every point, with a bound for every centre: whole panels whose bounds rule them out are not looked at. Returns how many were.',
  source: 'Elkan, "Using the triangle inequality to accelerate k-means", 2003.',
  arguments: [
    points,
    centers,
    rows,
    rowBounds,
    panels,
    panelBounds,
    moves,
    halves,
    labels,
    uppers,
    {
      name: 'lowers',
      role: 'inout',
      dtype: 'f32',
      length: (s) => s.pointCount! * Math.ceil(s.centerCount! / 16) * 16,
      meaning: 'how far each point is from each centre at least: pointCount × centres, rounded up to sixteen',
    },
    {
      name: 'values',
      role: 'scratch',
      dtype: 'f32',
      length: (s) => Math.ceil(s.centerCount! / 16) * 16,
      meaning: 'candidate values of a point',
    },
    pointCount,
    centerCount,
    dimension,
    unit,
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (
    values,
    middles,
    places,
    lengths,
    offered,
    bounds,
    moved,
    half,
    label,
    upper,
    lower,
    _scratch,
    n,
    k,
    width,
    scale,
  ) => {
    const line = centerLine(k);
    let looked = 0;
    for (let i = 0; i < n; i++) {
      const own = lower.subarray(i * line, (i + 1) * line);
      const old = label[i]!;
      let above = old >= 0 ? wider(upper[i]! + moved[old]!) : Number.POSITIVE_INFINITY;
      for (let c = 0; c < line; c++) {
        own[c] = old >= 0 ? Math.fround(Math.max(0, Math.fround(own[c]! - moved[c]!)) * NARROWER) : 0;
      }
      let open = above < (half[old] ?? 0) ? [] : openPanels(own, above, old, k);
      let [found, distance] = [-1, Number.POSITIVE_INFINITY];
      if (open.length > 0 && old >= 0) {
        distance = squaredDistance(values, i, middles, old, width);
        if (distance < Number.POSITIVE_INFINITY) found = old;
        above = Math.min(above, wider(Math.sqrt(distance) * scale));
        open = openPanels(own, above, old, k);
      } else if (old >= 0) found = old;
      const bound = Math.fround(lengths[i]!);
      const least = bound > lengths[i]! ? Math.fround(bound - Math.abs(bound) * 2 ** -22) : bound;
      for (const panel of open) {
        looked++;
        for (let c = panel; c < panel + CENTER_PANEL; c++) {
          const value = candidateValue(places, i, offered, bounds, c, width);
          own[c] = Math.fround(Math.fround(Math.sqrt(Math.max(0, Math.fround(value + least)))) * NARROWER);
          if (c >= k || c === old) continue;
          const other = squaredDistance(values, i, middles, c, width);
          if (other < distance || (other === distance && c < found)) [found, distance] = [c, other];
        }
      }
      if (open.length > 0) above = wider(Math.sqrt(distance) * scale);
      label[i] = found;
      upper[i] = above;
    }
    return looked;
  },
  inputs: (size, random, flavour) => {
    const made = caseOf(size, random, flavour);
    const line = centerLine(made.centerCount);
    const fresh = flavour === 'plain' && random.integer(2) === 0;
    return {
      scalars: {
        pointCount: size,
        centerCount: made.centerCount,
        dimension: made.dimension,
        unit: made.unit,
      },
      buffers: {
        points: made.points,
        centers: made.centers,
        rows: made.rows,
        rowBounds: made.bounds,
        panels: made.offered.panels,
        panelBounds: made.offered.bounds,
        moves: Float32Array.from({ length: line }, (_, c) => (c < made.centerCount ? random.uniform() * 0.2 : 0)),
        halves: Float32Array.from({ length: made.centerCount }, () => random.uniform() * 0.3),
        labels: Int32Array.from({ length: size }, () => (fresh ? -1 : random.integer(made.centerCount + 1) - 1)),
        uppers: Float32Array.from({ length: size }, () => random.uniform()),
        lowers: Float32Array.from({ length: size * line }, () => random.uniform()),
      },
    };
  },
  work: (s) => ({
    elements: s.pointCount! * s.centerCount!,
    flops: 2 * s.pointCount! * s.centerCount! * s.dimension!,
  }),
});

/** First centres of the panels with a centre, other than the point's own, that its bound does not rule out. */
function openPanels(own: Float32Array, above: number, label: number, count: number): number[] {
  const open: number[] = [];
  for (let panel = 0; panel < count; panel += CENTER_PANEL) {
    for (let c = panel; c < Math.min(count, panel + CENTER_PANEL); c++) {
      if (c === label || above < own[c]!) continue;
      open.push(panel);
      break;
    }
  }
  return open;
}

export const label_distances_f64 = defineKernel({
  name: 'label_distances_f64',
  family: 'distance',
  summary: 'The squared L2 distance of every point to the centre of its label; Infinity where it has none.',
  arguments: [
    points,
    centers,
    { ...labels, role: 'in' },
    { name: 'distances', role: 'out', dtype: 'f64', length: (s) => s.pointCount!, meaning: 'squared distances' },
    pointCount,
    centerCount,
    dimension,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, middles, label, distances, n, _k, width) => {
    for (let i = 0; i < n; i++) {
      distances[i] = label[i]! < 0 ? Number.POSITIVE_INFINITY : squaredDistance(values, i, middles, label[i]!, width);
    }
  },
  inputs: (size, random, flavour) => {
    const { points: values, centers: middles, centerCount: k, dimension: width } = caseOf(size, random, flavour);
    return {
      scalars: { pointCount: size, centerCount: k, dimension: width },
      buffers: {
        points: values,
        centers: middles,
        labels: Int32Array.from({ length: size }, () => random.integer(k + 1) - 1),
      },
    };
  },
  work: (s) => ({ elements: s.pointCount! * s.dimension!, flops: 3 * s.pointCount! * s.dimension! }),
});

export const cluster_changes_i64 = defineKernel({
  name: 'cluster_changes_i64',
  family: 'distance',
  summary:
    'Moves the points whose label has changed from the sum of their old cluster to that of the new one, in whole numbers. Returns how many.',
  arguments: [
    points,
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'weight of each point; absent: 1',
      optional: true,
    },
    { ...labels, role: 'in', meaning: 'cluster of each point; below 0: none' },
    { ...labels, name: 'counted', meaning: 'the cluster whose sum each point is in; becomes the label' },
    {
      name: 'scales',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.dimension! + 1,
      meaning: 'powers of two: |weight·coordinate·scale| ≤ 2^51, and of the weight itself, last',
    },
    {
      name: 'sums',
      role: 'inout',
      dtype: 'i64',
      length: (s) => 2 * s.centerCount! * (s.dimension! + 1),
      meaning:
        'by cluster: high halves of the sums of the coordinates and of the weight, then low halves, in units of 1/lowScale',
    },
    pointCount,
    dimension,
    { ...centerCount, meaning: 'clusters' },
    { name: 'lowScale', dtype: 'f64', meaning: 'the power of two, at most 2^51, that low halves are counted in' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (values, weights, label, counted, scales, sums, n, width, _k, lowScale) => {
    const length = width + 1;
    let changed = 0;
    const add = (cluster: number, i: number, sign: bigint) => {
      if (cluster < 0) return;
      const weight = weights ? weights[i]! : 1;
      const at = 2 * cluster * length;
      for (let j = 0; j < length; j++) {
        const scaled = (j < width ? weight * values[i * width + j]! : weight) * scales[j]!;
        const high = scaled + WHOLE - WHOLE;
        const low = (scaled - high) * lowScale + WHOLE - WHOLE;
        sums[at + j] = sums[at + j]! + sign * BigInt(high);
        sums[at + length + j] = sums[at + length + j]! + sign * BigInt(low);
      }
    };
    for (let i = 0; i < n; i++) {
      if (label[i] === counted[i]) continue;
      add(counted[i]!, i, -1n);
      add(label[i]!, i, 1n);
      counted[i] = label[i]!;
      changed++;
    }
    return changed;
  },
  inputs: (size, random, flavour) => {
    const width = size >= 8192 ? 32 : random.integer(7);
    const clusters = size >= 8192 ? 48 : 1 + random.integer(6);
    const weighted = random.integer(2) === 0;
    const special = [0, -0, 5e-324, 1, -1, 2 ** -40];
    const value = () =>
      flavour === 'special' && random.integer(8) === 0 ? special[random.integer(6)]! : 2 * random.uniform() - 1;
    const label = () => random.integer(clusters + 1) - 1;
    return {
      scalars: { pointCount: size, dimension: width, centerCount: clusters, lowScale: 2 ** 45 },
      buffers: {
        points: Float64Array.from({ length: size * width }, value),
        weights: weighted ? Float64Array.from({ length: size }, () => random.uniform()) : null,
        labels: Int32Array.from({ length: size }, label),
        counted: Int32Array.from({ length: size }, () => (flavour === 'plain' ? -1 : label())),
        scales: Float64Array.from({ length: width + 1 }, () => 2 ** (40 + random.integer(6))),
        sums: BigInt64Array.from({ length: 2 * clusters * (width + 1) }, () => BigInt(random.integer(1000) - 500)),
      },
    };
  },
  work: (s) => ({ elements: s.pointCount! * s.dimension!, flops: 6 * s.pointCount! * s.dimension! }),
});

export const sums_merge_i64 = defineKernel({
  name: 'sums_merge_i64',
  family: 'distance',
  summary: 'Adds parts, one behind the other, to a total, in whole numbers, and empties them.',
  arguments: [
    { name: 'total', role: 'inout', dtype: 'i64', length: (s) => s.length!, meaning: 'what is added to' },
    { name: 'parts', role: 'inout', dtype: 'i64', length: (s) => s.partCount! * s.length!, meaning: 'become 0' },
    { name: 'partCount', dtype: 'i32', meaning: 'parts' },
    { name: 'length', dtype: 'i32', meaning: 'numbers of a part' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (total, parts, count, length) => {
    for (let at = 0; at < count * length; at++) {
      total[at % length] = total[at % length]! + parts[at]!;
      parts[at] = 0n;
    }
  },
  inputs: (size, random) => {
    const partCount = random.integer(4);
    const whole = () => BigInt(random.integer(2 ** 31)) * BigInt(random.integer(2 ** 31)) - 2n ** 61n;
    return {
      scalars: { partCount, length: size },
      buffers: {
        total: BigInt64Array.from({ length: size }, whole),
        parts: BigInt64Array.from({ length: partCount * size }, whole),
      },
    };
  },
  work: (s) => ({ elements: s.partCount! * s.length! }),
});

const roughDistances = {
  name: 'distances',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => s.pointCount! * s.stride!,
  meaning: 'points × stride: squared distances to drawn points (l2_block_f32); those below 0 count as 0',
} as const;
const nearestSquares = {
  name: 'nearest',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => s.pointCount!,
  meaning: 'squared distance of each point to the nearest centre so far',
} as const;
const stride = { name: 'stride', dtype: 'i32', meaning: 'numbers a point in distances' } as const;

/** The squared distance to the nearest centre, were the drawn point one: rounding may have made it less than 0. */
function lowered(distance: number, nearest: number): number {
  return Math.min(Math.max(distance, 0), nearest);
}

function seedCase(size: number, random: CaseRandom, flavour: Flavour) {
  const drawnCount = 1 + random.integer(12);
  const stride = Math.ceil(drawnCount / 8) * 8;
  const special = [0, -0, 1e-45, -1e-7, 3e38, Number.POSITIVE_INFINITY];
  const square = () => {
    if (flavour === 'special' && random.integer(8) === 0) return special[random.integer(special.length)]!;
    return flavour === 'constant' ? 0.75 : flavour === 'ties' ? random.integer(3) : random.uniform() * 2 - 0.1;
  };
  return {
    drawnCount,
    stride,
    distances: Float32Array.from({ length: size * stride }, square),
    nearest: Float32Array.from({ length: size }, () => Math.max(0, square())),
  };
}

export const seed_potentials_f32 = defineKernel({
  name: 'seed_potentials_f32',
  family: 'distance',
  summary:
    'k-means++: by drawn point, Σ weight·squared distance to the nearest centre, were that point one; in the order of points.',
  arguments: [
    roughDistances,
    nearestSquares,
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'weight of each point; absent: 1',
      optional: true,
    },
    { name: 'potentials', role: 'out', dtype: 'f64', length: (s) => s.drawnCount!, meaning: 'sums' },
    pointCount,
    { name: 'drawnCount', dtype: 'i32', meaning: 'drawn points' },
    stride,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (distances, nearest, weights, potentials, n, drawn, line) => {
    potentials.fill(0);
    for (let i = 0; i < n; i++) {
      const weight = weights ? weights[i]! : 1;
      for (let t = 0; t < drawn; t++) {
        potentials[t] = potentials[t]! + weight * lowered(distances[i * line + t]!, nearest[i]!);
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { drawnCount, stride, distances, nearest } = seedCase(size, random, flavour);
    const weights = random.integer(2) === 0 ? Float64Array.from({ length: size }, () => random.uniform()) : null;
    return { scalars: { pointCount: size, drawnCount, stride }, buffers: { distances, nearest, weights } };
  },
  work: (s) => ({ elements: s.pointCount! * s.drawnCount!, flops: 2 * s.pointCount! * s.drawnCount! }),
});

export const seed_lower_f32 = defineKernel({
  name: 'seed_lower_f32',
  family: 'distance',
  summary: 'k-means++: squared distances to the nearest centre, lowered by those to one that was drawn.',
  arguments: [
    roughDistances,
    { ...nearestSquares, role: 'inout' },
    pointCount,
    stride,
    { name: 'chosen', dtype: 'i32', meaning: 'place of the centre among the drawn points' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (distances, nearest, n, line, chosen) => {
    for (let i = 0; i < n; i++) nearest[i] = lowered(distances[i * line + chosen]!, nearest[i]!);
  },
  inputs: (size, random, flavour) => {
    const { drawnCount, stride, distances, nearest } = seedCase(size, random, flavour);
    return {
      scalars: { pointCount: size, stride, chosen: random.integer(drawnCount) },
      buffers: { distances, nearest },
    };
  },
  work: (s) => ({ elements: s.pointCount! }),
});

export const center_distances_f64 = defineKernel({
  name: 'center_distances_f64',
  family: 'scoring',
  summary: 'L2 distances of rows, given by columns, to every centre, and the nearest centre, the first of equals.',
  arguments: [
    {
      name: 'columns',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount! * s.dimension!,
      meaning: 'dimension × rows: a column behind the other',
    },
    centers,
    {
      name: 'distances',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.centerCount! * s.rowCount!,
      meaning: 'centres × rows; NaN where a coordinate is',
    },
    {
      name: 'nearest',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'index of the centre; NaN where none lies at a finite distance',
    },
    { name: 'least', role: 'scratch', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'squared distance to it' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
    centerCount,
    dimension,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (columns, middles, distances, nearest, least, n, k, width) => {
    nearest.fill(Number.NaN);
    least.fill(Number.POSITIVE_INFINITY);
    for (let c = 0; c < k; c++) {
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < width; j++) {
          const difference = columns[j * n + i]! - middles[c * width + j]!;
          sum += difference * difference;
        }
        distances[c * n + i] = Math.sqrt(sum);
        if (sum < least[i]!) [least[i], nearest[i]] = [sum, c];
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { points: values, centers: middles, centerCount: k, dimension: width } = caseOf(size, random, flavour);
    if (flavour === 'special') {
      for (let i = 0; i < values.length; i += 7) values[i] = i % 2 === 0 ? Number.NaN : Number.POSITIVE_INFINITY;
    }
    return {
      scalars: { rowCount: size, centerCount: k, dimension: width },
      buffers: { columns: values, centers: middles },
    };
  },
  work: (s) => ({ elements: s.rowCount! * s.centerCount!, flops: 3 * s.rowCount! * s.centerCount! * s.dimension! }),
});
