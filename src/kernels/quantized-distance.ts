import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { nearestDirectly, pointValues, squaredDistance } from './distance.js';

/**
 * Nearest points whose candidates are found in whole numbers. A point p is coded as c = round((p − centre)·scale), sixteen
 * bits a coordinate, together with e ≥ |(p − centre)·scale − c|, the length of what rounding took away. By the triangle
 * inequality |q − p|·scale lies within |c_q − c_p| ± (e_q + e_p), and |c_q − c_p|² is an integer, exact and without an order
 * of sums: twice as many products an instruction as f32 has, and the same on every machine. Points whose lower bound is
 * beyond the k-th smallest upper bound are ruled out; what is left is computed directly in f64, so the answer is that of
 * `nearest_points_f64`, bit for bit.
 *
 * What is compared is half of it, so that a tile's sums start at −|c_p|²/2 and end as c_q·c_p − |c_p|²/2: larger is nearer.
 *
 * Eight bits say all there is to say of points whose coordinates are whole numbers, at most 255 apart: pixels, counts, grades.
 * Four products make a sum of 32 bits there, where the queries have no sign: they lie as c_q + 128, and the sums start at
 * −|c_p|²/2 − 128·Σc_p.
 */

/** Points a panel of codes. Four bytes each of sixteen points are 64: [group of coordinates][point][two, or four of eight bits]. */
export const CODE_PANEL = 16;

/** Starts of points that are always candidates: their codes say nothing, because they lie too far out. */
export const ALWAYS = 1_500_000_000;
/** Starts of points that are not there. */
const NEVER = -1_500_000_000;

/** Coordinates in four bytes, whose products are added at once. */
const groupOf = (bits: CodeBits): number => 32 / bits;

export type CodeBits = 8 | 16;

/** Coordinates of a row of codes: whole groups. */
export const codeWidth = (dimension: number, bits: CodeBits): number =>
  Math.ceil(dimension / groupOf(bits)) * groupOf(bits);

/** With so many coordinates sums of eight bits' products could overflow. */
export const MOST_BYTES = 16384;

/** The largest code: a point's squared length stays below 2^29, and a tile's sum, with ALWAYS before it, below 2^31. */
export const largestCode = (dimension: number): number =>
  Math.min(32767, Math.floor(Math.sqrt(536870912 / Math.max(1, dimension))));

/** Points that centre and scale are taken from. */
const SCALE_POINTS = 2048;

const sampleStep = (count: number): number => Math.max(1, Math.floor(count / SCALE_POINTS));

/** The mean of some of the points. Any centre is right; a good one lies amid them. */
export function codeCenter(points: Float64Array, dimension: number): Float64Array {
  const center = new Float64Array(dimension);
  const count = dimension === 0 ? 0 : points.length / dimension;
  const step = sampleStep(count);
  const share = 1 / Math.ceil(count / step);
  for (let i = 0; i < count; i += step) {
    for (let j = 0; j < dimension; j++) center[j] = center[j]! + points[i * dimension + j]! * share;
  }
  for (let j = 0; j < dimension; j++) if (!Number.isFinite(center[j]!)) center[j] = 0;
  return center;
}

/**
 * What the coordinates are multiplied by: all but the outermost points, with a quarter to spare, reach the largest code.
 * Those beyond are candidates always, and so must be few; but one that is far out does not coarsen all the others.
 */
export function codeScale(points: Float64Array, dimension: number, center: Float64Array, largest: number): number {
  const count = dimension === 0 ? 0 : points.length / dimension;
  const step = sampleStep(count);
  const reaches: number[] = [];
  for (let i = 0; i < count; i += step) {
    let reach = 0;
    for (let j = 0; j < dimension; j++) reach = Math.max(reach, Math.abs(points[i * dimension + j]! - center[j]!));
    if (reach < Number.POSITIVE_INFINITY) reaches.push(reach);
  }
  const sorted = Float64Array.from(reaches).sort();
  const range = 1.25 * (sorted[Math.floor(0.995 * (sorted.length - 1))] ?? 0);
  if (!(range > 1e-280)) return range > 0 ? 1e280 : 1;
  return largest / range;
}

/** Rounds to the nearest integer, to the even one of two: the sum has no places behind the point. */
const roundToEven = (value: number): number => value + 6755399441055744 - 6755399441055744;

/**
 * A centre from which all of the sampled points, if they are whole numbers at most 255 apart, are codes of eight bits at scale 1;
 * undefined where there is none.
 */
export function wholeCenter(points: Float64Array, dimension: number): Float64Array | undefined {
  const count = dimension === 0 ? 0 : points.length / dimension;
  if (count === 0 || dimension > MOST_BYTES) return undefined;
  const step = sampleStep(count);
  const least = points.slice(0, dimension);
  const most = points.slice(0, dimension);
  for (let i = 0; i < count; i += step) {
    for (let j = 0; j < dimension; j++) {
      const value = points[i * dimension + j]!;
      if (!Number.isInteger(value)) return undefined;
      if (value < least[j]!) least[j] = value;
      if (value > most[j]!) most[j] = value;
    }
  }
  // One range for all columns where it serves: a sample may not have seen all that a column holds.
  const [lowest, highest] = [least.reduce((a, b) => Math.min(a, b)), most.reduce((a, b) => Math.max(a, b))];
  if (highest - lowest <= 255) {
    least.fill(lowest);
    most.fill(highest);
  }
  if (!least.every((low, j) => most[j]! - low <= 255 && Number.isSafeInteger(low))) return undefined;
  return least.map((low, j) => low + Math.ceil((most[j]! - low) / 2));
}

/** Which codes, and from where they are counted. */
export interface Coding {
  readonly bits: CodeBits;
  readonly scale: number;
  /** Of 16 bits: where they are cut off; those of 8 are at −128 and 127. */
  readonly largest: number;
}

export interface Codes {
  readonly codes: Int16Array | Uint8Array;
  readonly starts: Int32Array;
  readonly errors: Float64Array;
}

/** Codes of points in panels of `panel` points: 1 gives rows, as queries are. */
export function codesOf(
  points: Float64Array,
  dimension: number,
  center: Float64Array,
  panel: number,
  coding: Coding,
): Codes {
  const count = dimension === 0 ? 0 : points.length / dimension;
  const padded = Math.ceil(count / panel) * panel;
  const size = padded * codeWidth(dimension, coding.bits);
  const codes = coding.bits === 8 ? new Uint8Array(size) : new Int16Array(size);
  const starts = new Int32Array(padded);
  const errors = new Float64Array(count);
  codePoints(points, center, codes, starts, errors, count, dimension, panel, coding);
  return { codes, starts, errors };
}

function codePoints(
  points: Float64Array,
  center: Float64Array,
  codes: Int16Array | Uint8Array,
  starts: Int32Array,
  errors: Float64Array,
  count: number,
  dimension: number,
  panel: number,
  { bits, scale, largest }: Coding,
): void {
  const group = groupOf(bits);
  const least = bits === 8 ? -128 : -largest;
  const most = bits === 8 ? 127 : largest;
  // What is added to codes, and how often the sum of codes is taken from the start.
  const shift = bits === 8 && panel === 1 ? 128 : 0;
  const weight = bits === 8 && panel > 1 ? 128 : 0;
  codes.fill(0);
  starts.fill(NEVER);
  for (let i = 0; i < count; i++) {
    const first = (i - (i % panel)) * codeWidth(dimension, bits) + (i % panel) * group;
    let length = 0;
    let sum = 0;
    let error = 0;
    for (let j = 0; j < dimension; j++) {
      const value = (points[i * dimension + j]! - center[j]!) * scale;
      const low = value > least ? value : least;
      const code = roundToEven(low < most ? low : most);
      codes[first + Math.floor(j / group) * group * panel + (j % group)] = code + shift;
      length += code * code;
      sum += code;
      const lost = value - code;
      error += lost * lost;
    }
    starts[i] = -Math.floor(length / 2) - weight * sum;
    errors[i] = Math.sqrt(error);
  }
}

/** What rounding alone may take away from a point, and a trifle. */
export const roundingError = (dimension: number): number => Math.sqrt(dimension) * 0.5000001;

/** Makes points that were cut off candidates always. Returns the largest error of the others and how many were cut off. */
export function openFarPoints(starts: Int32Array, errors: Float64Array, dimension: number) {
  const most = roundingError(dimension);
  let error = 0;
  let far = 0;
  for (let i = 0; i < errors.length; i++) {
    if (!(errors[i]! <= most)) {
      starts[i] = ALWAYS;
      far++;
    } else if (errors[i]! > error) error = errors[i]!;
  }
  return { error, far };
}

/** Integers of scratch a query: a limit, two counts, and candidates that are held back before they are looked at, with values. */
export const codeScratch = (k: number): number => 3 + 32 * (Math.floor(k / 4) + 5);

/** Integers of scratch of a search within a radius. */
export const radiusScratch = (queryCount: number): number => 3 * queryCount + 16;

function inputsOf(size: number, random: CaseRandom, flavour: Flavour, few: number, bits: CodeBits = 16) {
  const dimension = size >= 8192 ? 64 : 1 + random.integer(9);
  const queries = pointValues(few * dimension, random, flavour);
  const points = pointValues(size * dimension, random, flavour);
  const center = Float64Array.from({ length: dimension }, (_, j) => points[j] ?? 0);
  const largest = bits === 8 ? 127 : largestCode(dimension);
  const scale = codeScale(points, dimension, center, largest);
  const coding = { bits, scale, largest };
  const asked = codesOf(queries, dimension, center, 1, coding);
  const offered = codesOf(points, dimension, center, CODE_PANEL, coding);
  const { error } = openFarPoints(offered.starts, offered.errors, dimension);
  return { dimension, queries, points, center, scale, largest, asked, offered, error };
}

const scalarsOf = ({ dimension, scale, error }: ReturnType<typeof inputsOf>, few: number, size: number) => ({
  queryCount: few,
  pointCount: size,
  dimension,
  scale,
  error,
});

const buffersOf = ({ queries, points, asked, offered }: ReturnType<typeof inputsOf>) => ({
  queries,
  points,
  queryCodes: asked.codes,
  queryStarts: asked.starts,
  queryErrors: asked.errors,
  panels: offered.codes,
  panelStarts: offered.starts,
});

const dimension = { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point' } as const;
const pointCount = { name: 'pointCount', dtype: 'i32', meaning: 'points' } as const;
const points = {
  name: 'points',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.pointCount! * s.dimension!,
  meaning: 'points, row-major',
} as const;

export const quantize_points_i16 = defineKernel({
  name: 'quantize_points_i16',
  family: 'distance',
  summary: 'Codes of points: round((p − centre)·scale), cut off at ±largest, in panels, with what that took away.',
  arguments: [
    points,
    {
      name: 'center',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.dimension!,
      meaning: 'what is taken from every point',
    },
    {
      name: 'codes',
      role: 'out',
      dtype: 'i16',
      length: (s) => Math.ceil(s.pointCount! / s.panel!) * s.panel! * Math.ceil(s.dimension! / 2) * 2,
      meaning: 'by panel: pairs of coordinates, of each its points, of each two codes; 0 where there is none',
    },
    {
      name: 'starts',
      role: 'out',
      dtype: 'i32',
      length: (s) => Math.ceil(s.pointCount! / s.panel!) * s.panel!,
      meaning: '−⌊squared length of the codes / 2⌋; −1,500,000,000 behind the last point',
    },
    {
      name: 'errors',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'distance of the scaled point from its codes',
    },
    pointCount,
    dimension,
    { name: 'panel', dtype: 'i32', meaning: 'points a panel: 16, or 1 for rows' },
    { name: 'scale', dtype: 'f64', meaning: 'what coordinates are multiplied by' },
    { name: 'largest', dtype: 'f64', meaning: 'the largest code, at most 32,767 and √(2^29 / dimension)' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (points, center, codes, starts, errors, count, width, panel, scale, largest) =>
    codePoints(points, center, codes, starts, errors, count, width, panel, { bits: 16, scale, largest }),
  inputs: (size, random, flavour) => {
    const made = inputsOf(size, random, flavour, 0);
    const panel = size >= 8192 || random.integer(2) === 0 ? CODE_PANEL : 1;
    const { dimension, scale, largest } = made;
    return {
      scalars: { pointCount: size, dimension, panel, scale, largest },
      buffers: { points: made.points, center: made.center },
    };
  },
  work: (s) => ({ elements: s.pointCount! * s.dimension!, bytes: 10 * s.pointCount! * s.dimension! }),
});

export const quantize_points_i8 = defineKernel({
  name: 'quantize_points_i8',
  family: 'distance',
  summary:
    'Codes of eight bits: round((p − centre)·scale), cut off at −128 and 127, in panels (queries: in rows), with what that took away.',
  arguments: [
    points,
    {
      name: 'center',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.dimension!,
      meaning: 'what is taken from every point',
    },
    {
      name: 'codes',
      role: 'out',
      dtype: 'u8',
      length: (s) => Math.ceil(s.pointCount! / s.panel!) * s.panel! * Math.ceil(s.dimension! / 4) * 4,
      meaning:
        'by panel: fours of coordinates, of each its points, of each four codes, two’s complement; in rows: codes + 128; 0 where there is none',
    },
    {
      name: 'starts',
      role: 'out',
      dtype: 'i32',
      length: (s) => Math.ceil(s.pointCount! / s.panel!) * s.panel!,
      meaning: '−⌊squared length of the codes / 2⌋, in panels less 128·their sum; −1,500,000,000 behind the last point',
    },
    {
      name: 'errors',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'distance of the scaled point from its codes',
    },
    pointCount,
    dimension,
    { name: 'panel', dtype: 'i32', meaning: 'points a panel: 16, or 1 for rows' },
    { name: 'scale', dtype: 'f64', meaning: 'what coordinates are multiplied by' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (points, center, codes, starts, errors, count, width, panel, scale) =>
    codePoints(points, center, codes, starts, errors, count, width, panel, { bits: 8, scale, largest: 127 }),
  inputs: (size, random, flavour) => {
    const made = inputsOf(size, random, flavour, 0, 8);
    const panel = size >= 8192 || random.integer(2) === 0 ? CODE_PANEL : 1;
    const { dimension, scale } = made;
    return {
      scalars: { pointCount: size, dimension, panel, scale },
      buffers: { points: made.points, center: made.center },
    };
  },
  work: (s) => ({ elements: s.pointCount! * s.dimension!, bytes: 9 * s.pointCount! * s.dimension! }),
});

/** Queries and points, as they are and as codes. */
const coded = [
  {
    name: 'queries',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.queryCount! * s.dimension!,
    meaning: 'queries, row-major',
  },
  points,
  {
    name: 'queryCodes',
    role: 'in',
    dtype: 'i16',
    length: (s: Scalars) => s.queryCount! * Math.ceil(s.dimension! / 2) * 2,
    meaning: 'codes of the queries, in rows',
  },
  {
    name: 'queryStarts',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.queryCount!,
    meaning: '−⌊squared length / 2⌋ of them',
  },
  {
    name: 'queryErrors',
    role: 'in',
    dtype: 'f64',
    length: (s: Scalars) => s.queryCount!,
    meaning: 'distances of the scaled queries from their codes',
  },
  {
    name: 'panels',
    role: 'in',
    dtype: 'i16',
    length: (s: Scalars) => Math.ceil(s.pointCount! / 16) * 16 * Math.ceil(s.dimension! / 2) * 2,
    meaning: 'codes of the points, in panels of sixteen',
  },
  {
    name: 'panelStarts',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => Math.ceil(s.pointCount! / 16) * 16,
    meaning: '−⌊squared length / 2⌋ of them; 1,500,000,000: always a candidate, −1,500,000,000: behind the last',
  },
] as const;

/** The same with codes of eight bits. */
const codedBytes = [
  coded[0],
  coded[1],
  {
    ...coded[2],
    dtype: 'u8',
    length: (s: Scalars) => s.queryCount! * Math.ceil(s.dimension! / 4) * 4,
    meaning: 'codes of the queries + 128, in rows',
  },
  coded[3],
  coded[4],
  {
    ...coded[5],
    dtype: 'u8',
    length: (s: Scalars) => Math.ceil(s.pointCount! / 16) * 16 * Math.ceil(s.dimension! / 4) * 4,
    meaning: 'codes of the points, in panels of sixteen',
  },
  { ...coded[6], meaning: `${coded[6].meaning}; where there is a point, less 128·the sum of its codes` },
] as const;

const scale = { name: 'scale', dtype: 'f64', meaning: 'the scale of the codes' } as const;
const error = {
  name: 'error',
  dtype: 'f64',
  meaning: 'the largest error of a point that is not always a candidate',
} as const;
const queryCount = { name: 'queryCount', dtype: 'i32', meaning: 'queries' } as const;

/** What a search for the nearest gives, and what it is told beside the points, whatever the width of its codes. */
const nearestAnswers = [
  {
    name: 'distances',
    role: 'out',
    dtype: 'f64',
    length: (s: Scalars) => s.queryCount! * s.k!,
    meaning: 'squared distances; Infinity where fewer than k points lie at a finite distance',
  },
  {
    name: 'indices',
    role: 'out',
    dtype: 'i32',
    length: (s: Scalars) => s.queryCount! * s.k!,
    meaning: 'indices of the points; −1 where there is none',
  },
  {
    name: 'scratch',
    role: 'scratch',
    dtype: 'i32',
    length: (s: Scalars) => s.queryCount! * (3 + 32 * (Math.floor(s.k! / 4) + 5)),
    meaning: 'by query: what a value must reach, how many wait, how many may; candidates that wait, with their values',
  },
  queryCount,
  pointCount,
  dimension,
  { name: 'k', dtype: 'i32', meaning: 'neighbours wanted, at least 1' },
  scale,
  error,
] as const;

export const nearest_codes_i16 = defineKernel({
  name: 'nearest_codes_i16',
  family: 'distance',
  summary:
    'The k nearest points of every query, as nearest_points_f64 gives them, with candidates found in products of integers.',
  arguments: [...coded, ...nearestAnswers],
  returns: 'void',
  agreement: 'exact',
  reference: (
    asked,
    offered,
    _codes,
    _starts,
    _errors,
    _panels,
    _panelStarts,
    distances,
    indices,
    _scratch,
    q,
    p,
    width,
    k,
  ) => nearestDirectly(asked, offered, distances, indices, q, p, width, k),
  inputs: (size, random, flavour) => {
    const few = size >= 8192 ? 120 : random.integer(10);
    const made = inputsOf(size, random, flavour, few);
    const k = size >= 8192 ? 10 : 1 + random.integer(Math.max(1, Math.min(size, random.integer(4) === 0 ? 70 : 7)));
    return { scalars: { ...scalarsOf(made, few, size), k }, buffers: buffersOf(made) };
  },
  work: (s) => ({
    elements: s.queryCount! * s.pointCount!,
    flops: 2 * s.queryCount! * s.pointCount! * s.dimension!,
  }),
});

export const nearest_codes_i8 = defineKernel({
  name: 'nearest_codes_i8',
  family: 'distance',
  summary: 'As nearest_codes_i16, with codes of eight bits, for at most 16,384 coordinates.',
  arguments: [...codedBytes, ...nearestAnswers],
  returns: 'void',
  agreement: 'exact',
  reference: (
    asked,
    offered,
    _codes,
    _starts,
    _errors,
    _panels,
    _panelStarts,
    distances,
    indices,
    _scratch,
    q,
    p,
    width,
    k,
  ) => nearestDirectly(asked, offered, distances, indices, q, p, width, k),
  inputs: (size, random, flavour) => {
    const few = size >= 8192 ? 120 : random.integer(10);
    const made = inputsOf(size, random, flavour, few, 8);
    const k = size >= 8192 ? 10 : 1 + random.integer(Math.max(1, Math.min(size, random.integer(4) === 0 ? 70 : 7)));
    return { scalars: { ...scalarsOf(made, few, size), k }, buffers: buffersOf(made) };
  },
  work: (s) => ({
    elements: s.queryCount! * s.pointCount!,
    flops: 2 * s.queryCount! * s.pointCount! * s.dimension!,
  }),
});

const limit = { name: 'limit', dtype: 'f64', meaning: 'the squared radius: what lies on it counts' } as const;
const self = {
  name: 'self',
  dtype: 'i32',
  meaning: 'the point that query 0 is, and so on: left out of its own; −1: queries are no points',
} as const;

/** Points at most a squared radius from a query, with their squared distances, in the order of their indices. */
function withinDirectly(queries: Float64Array, points: Float64Array, query: number, s: Scalars) {
  const found: { index: number; distance: number }[] = [];
  for (let index = 0; index < s.pointCount!; index++) {
    if (s.self! >= 0 && index === s.self! + query) continue;
    const distance = squaredDistance(queries, query, points, index, s.dimension!);
    if (distance <= s.limit!) found.push({ index, distance });
  }
  return found;
}

/** Inputs with a radius that takes in some points, one of them just so. */
function radiusInputs(size: number, random: CaseRandom, flavour: Flavour) {
  const few = size >= 8192 ? 120 : random.integer(10);
  const made = inputsOf(size, random, flavour, few);
  const near = size >= 8192 ? 3 : random.integer(Math.max(1, size));
  const limit = few > 0 && size > 0 ? squaredDistance(made.queries, 0, made.points, near, made.dimension) : 1;
  const self = size > few && random.integer(2) === 0 ? random.integer(size - few) : -1;
  // A radius is finite, even where a distance is not.
  return {
    scalars: { ...scalarsOf(made, few, size), limit: Math.min(limit, Number.MAX_VALUE), self },
    buffers: buffersOf(made),
  };
}

export const count_codes_i16 = defineKernel({
  name: 'count_codes_i16',
  family: 'distance',
  summary: 'How many points lie within a radius of every query, by codes where these tell, else by direct differences.',
  arguments: [
    ...coded,
    { name: 'counts', role: 'out', dtype: 'i32', length: (s) => s.queryCount!, meaning: 'points within the radius' },
    {
      name: 'scratch',
      role: 'scratch',
      dtype: 'i32',
      length: (s) => 3 * s.queryCount! + 16,
      meaning: 'by query: what values must reach for their points to be looked at, and to lie within surely',
    },
    queryCount,
    pointCount,
    dimension,
    scale,
    error,
    limit,
    self,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    ...[queries, points, _c, _s, _e, _p, _t, counts, _x, queryCount, pointCount, dimension, , , limit, self]
  ) => {
    for (let i = 0; i < queryCount; i++) {
      counts[i] = withinDirectly(queries, points, i, { pointCount, dimension, limit, self }).length;
    }
  },
  inputs: radiusInputs,
  work: (s) => ({
    elements: s.queryCount! * s.pointCount!,
    flops: 2 * s.queryCount! * s.pointCount! * s.dimension!,
  }),
});

export const within_codes_i16 = defineKernel({
  name: 'within_codes_i16',
  family: 'distance',
  summary: 'The points within a radius of every query, their indices ascending, found by codes; counted before.',
  arguments: [
    ...coded,
    {
      name: 'offsets',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.queryCount!,
      meaning: 'where each query’s points begin in what follows',
    },
    { name: 'indices', role: 'out', dtype: 'i32', length: (s) => s.found!, meaning: 'indices of points, by query' },
    { name: 'distances', role: 'out', dtype: 'f64', length: (s) => s.found!, meaning: 'their squared distances' },
    {
      name: 'scratch',
      role: 'scratch',
      dtype: 'i32',
      length: (s) => 3 * s.queryCount! + 16,
      meaning: 'by query: what values must reach for their points to be looked at, and how many were found',
    },
    queryCount,
    pointCount,
    dimension,
    scale,
    error,
    limit,
    self,
    { name: 'found', dtype: 'i32', meaning: 'points of all queries together' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    ...[
      queries,
      points,
      _c,
      _s,
      _e,
      _p,
      _t,
      offsets,
      indices,
      distances,
      _x,
      count,
      pointCount,
      dimension,
      ,
      ,
      limit,
      self,
    ]
  ) => {
    for (let i = 0; i < count; i++) {
      withinDirectly(queries, points, i, { pointCount, dimension, limit, self }).forEach(
        ({ index, distance }, place) => {
          indices[offsets[i]! + place] = index;
          distances[offsets[i]! + place] = distance;
        },
      );
    }
  },
  inputs: (size, random, flavour) => {
    const made = radiusInputs(size, random, flavour);
    const { queryCount } = made.scalars;
    const { queries, points } = made.buffers;
    const offsets = new Int32Array(queryCount);
    let found = 0;
    for (let i = 0; i < queryCount; i++) {
      offsets[i] = found;
      found += withinDirectly(queries, points, i, made.scalars).length;
    }
    return { scalars: { ...made.scalars, found }, buffers: { ...made.buffers, offsets } };
  },
  work: (s) => ({
    elements: s.queryCount! * s.pointCount!,
    flops: 2 * s.queryCount! * s.pointCount! * s.dimension!,
  }),
});
