import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { exp } from './elementary.js';
import { realValues } from './gradient-descent.js';
import { kernelOf, RBF } from './kernel-functions.js';

/**
 * Kernel machines. Numerical policy: f64 throughout, cached rows included: a row in f32 would hold twice as many columns a
 * byte, but its rounding, 6e-8 of the largest kernel value, would be the least violation that can be certified. Squared
 * distances are sums of direct differences in the order of the coordinates, never the expanded form, which cancels on data
 * far from the origin.
 */

/** Points a panel: eight neighbours, coordinate by coordinate. */
export const PANEL_POINTS = 8;

const panelLength = (points: number, dimension: number) => Math.ceil(points / PANEL_POINTS) * PANEL_POINTS * dimension;

/** K(point t of the panels, row q), added up in the order of the coordinates. */
function kernelAt(
  panels: Float64Array,
  t: number,
  rows: Float64Array,
  q: number,
  { kind, gamma, coef0, degree, dimension }: KernelScalars,
): number {
  const at = (t - (t % PANEL_POINTS)) * dimension + (t % PANEL_POINTS);
  let sum = 0;
  for (let j = 0; j < dimension; j++) {
    const [x, s] = [panels[at + j * PANEL_POINTS]!, rows[q * dimension + j]!];
    const difference = x - s;
    sum = (kind === RBF ? difference * difference : x * s) + sum;
  }
  return kernelOf(kind, sum, gamma, coef0, degree);
}

interface KernelScalars {
  readonly kind: number;
  readonly gamma: number;
  readonly coef0: number;
  readonly degree: number;
  readonly dimension: number;
}

const pointCount = { name: 'pointCount', dtype: 'i32', meaning: 'points in the panels' } as const;
const dimension = { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point' } as const;
const outStride = {
  name: 'outStride',
  dtype: 'i32',
  meaning: 'elements between rows of out, at least pointCount rounded up to eight',
} as const;
const kernelScalars = [
  { name: 'kind', dtype: 'i32', meaning: '0 linear, 1 poly, 2 rbf, 3 sigmoid' },
  { name: 'gamma', dtype: 'f64', meaning: 'factor of poly, rbf and sigmoid' },
  { name: 'coef0', dtype: 'f64', meaning: 'constant of poly and sigmoid' },
  { name: 'degree', dtype: 'i32', meaning: 'power of poly, at least 0' },
] as const;
const panels = {
  name: 'panels',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => Math.ceil(s.pointCount! / 8) * 8 * s.dimension!,
  meaning: 'points in panels of eight, each coordinate by coordinate; the last panel is filled up with 0',
} as const;

/** Points in panels and a few rows, and a kernel function that keeps their values in range. */
function kernelInputs(size: number, random: CaseRandom, flavour: Flavour, few: number) {
  const width = size >= 8192 ? 28 : random.integer(6);
  const shape = {
    pointCount: size,
    dimension: width,
    outStride: Math.ceil(size / 8) * 8 + 8 * random.integer(2),
    kind: size >= 8192 ? 2 : random.integer(4),
    gamma: size >= 8192 ? 1 / 28 : 0.3,
    coef0: 0.25,
    degree: random.integer(5),
  };
  return {
    scalars: shape,
    panels: realValues(panelLength(size, width), random, flavour),
    rows: realValues(few * width, random, flavour),
  };
}

export const kernel_rows_f64 = defineKernel({
  name: 'kernel_rows_f64',
  family: 'gradient-descent',
  summary: 'Rows of a kernel matrix: K(query, point) of every query and every point.',
  arguments: [
    panels,
    {
      name: 'queries',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.queryCount! * s.dimension!,
      meaning: 'queries, row-major',
    },
    {
      name: 'out',
      role: 'out',
      dtype: 'f64',
      length: (s) => (s.queryCount! === 0 ? 0 : (s.queryCount! - 1) * s.outStride! + Math.ceil(s.pointCount! / 8) * 8),
      meaning: 'a row a query, up to the end of the last panel; what lies between rows is kept',
    },
    pointCount,
    { name: 'queryCount', dtype: 'i32', meaning: 'queries' },
    dimension,
    outStride,
    ...kernelScalars,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (points, queries, out, count, queryCount, width, stride, kind, gamma, coef0, degree) => {
    const scalars = { kind, gamma, coef0, degree, dimension: width };
    const padded = Math.ceil(count / PANEL_POINTS) * PANEL_POINTS;
    for (let q = 0; q < queryCount; q++) {
      for (let t = 0; t < padded; t++) out[q * stride + t] = kernelAt(points, t, queries, q, scalars);
    }
  },
  inputs: (size, random, flavour) => {
    const queryCount = size >= 8192 ? 4 : random.integer(7);
    const { scalars, panels: points, rows } = kernelInputs(size, random, flavour, queryCount);
    const stride = Math.ceil(size / 8) * 8;
    return { scalars: { ...scalars, queryCount, outStride: stride }, buffers: { panels: points, queries: rows } };
  },
  work: (s) => ({
    elements: s.pointCount! * s.queryCount!,
    flops: 3 * s.pointCount! * s.queryCount! * s.dimension!,
  }),
});

export const kernel_expand_f64 = defineKernel({
  name: 'kernel_expand_f64',
  family: 'gradient-descent',
  summary: 'Kernel expansions: out = intercept, + coefficient·K(point, support) for each support in order.',
  arguments: [
    panels,
    {
      name: 'supports',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.supportCount! * s.dimension!,
      meaning: 'support vectors, row-major',
    },
    {
      name: 'coefficients',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.outputCount! * s.supportCount!,
      meaning: 'one an output and support, output by output',
    },
    { name: 'intercepts', role: 'in', dtype: 'f64', length: (s) => s.outputCount!, meaning: 'one an output' },
    {
      name: 'out',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.outputCount! * Math.ceil(s.pointCount! / 8) * 8,
      meaning: 'outputCount × points, rounded up to eight',
    },
    {
      name: 'values',
      role: 'scratch',
      dtype: 'f64',
      length: () => 2048,
      meaning: 'kernel values of 32 points with up to 64 supports',
    },
    pointCount,
    { name: 'supportCount', dtype: 'i32', meaning: 'support vectors' },
    dimension,
    { name: 'outputCount', dtype: 'i32', meaning: 'outputs' },
    ...kernelScalars,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    points,
    supports,
    coefficients,
    intercepts,
    out,
    _values,
    count,
    supportCount,
    width,
    outputCount,
    ...[kind, gamma, coef0, degree]
  ) => {
    const scalars = { kind, gamma, coef0, degree, dimension: width };
    const padded = Math.ceil(count / PANEL_POINTS) * PANEL_POINTS;
    for (let t = 0; t < padded; t++) {
      for (let k = 0; k < outputCount; k++) out[k * padded + t] = intercepts[k]!;
      for (let i = 0; i < supportCount; i++) {
        const value = kernelAt(points, t, supports, i, scalars);
        for (let k = 0; k < outputCount; k++) {
          out[k * padded + t] = coefficients[k * supportCount + i]! * value + out[k * padded + t]!;
        }
      }
    }
  },
  inputs: (size, random, flavour) => {
    const supportCount = size >= 8192 ? 64 : random.integer(7);
    const outputCount = size >= 8192 ? 1 : 1 + random.integer(4);
    const { scalars, panels: points, rows } = kernelInputs(size, random, flavour, supportCount);
    const { outStride: _, ...shape } = scalars;
    return {
      scalars: { ...shape, supportCount, outputCount },
      buffers: {
        panels: points,
        supports: rows,
        coefficients: realValues(outputCount * supportCount, random, flavour === 'special' ? 'plain' : flavour),
        intercepts: realValues(outputCount, random, 'plain'),
      },
    };
  },
  work: (s) => ({
    elements: s.pointCount! * s.supportCount!,
    flops: 3 * s.pointCount! * s.supportCount! * s.dimension!,
  }),
});

/** How `smo_steps_f64` ended. */
export const SMO_CONVERGED = 0;
export const SMO_ITERATIONS = 1;
export const SMO_ROW_MISSING = 2;
/** Rounding allows no more: a step changed nothing, or values left the range of f64. */
export const SMO_STALLED = 3;

/** Elements of `state`, by number. */
export const SMO_STATE = { iterations: 0, highest: 1, lowest: 2, missing: 3, objective: 4 } as const;
export const SMO_STATE_LENGTH = 8;

/** In place of a curvature that is not above 0, as LIBSVM has it. */
const TAU = 1e-12;

interface SmoVectors {
  readonly beta: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly raise: Float64Array;
  readonly fall: Float64Array;
}

/** What a variable's score is lessened by where it would rise, and where it would fall: ±epsilon by its side of 0. */
function setShifts({ beta, lower, upper, raise, fall }: SmoVectors, t: number, epsilon: number): void {
  const value = beta[t]!;
  raise[t] = value < upper[t]! ? (value >= 0 ? epsilon : -epsilon) : Number.POSITIVE_INFINITY;
  fall[t] = value > lower[t]! ? (value > 0 ? epsilon : -epsilon) : Number.NEGATIVE_INFINITY;
}

/** The first variable that gains most from rising, and the least score of those that can fall. */
function extremes(scores: Float64Array, raise: Float64Array, fall: Float64Array, count: number) {
  let [first, highest, lowest] = [-1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let t = 0; t < count; t++) {
    const up = scores[t]! - raise[t]!;
    const down = scores[t]! - fall[t]!;
    if (up > highest) [highest, first] = [up, t];
    if (down < lowest) lowest = down;
  }
  return { first, highest, lowest };
}

/** The partner of `first` whose pair lowers the objective most, to second order; −1 where none does. */
function partner(
  scores: Float64Array,
  fall: Float64Array,
  diagonal: Float64Array,
  row: { values: Float64Array; at: number; own: number },
  highest: number,
  count: number,
): number {
  let [second, best] = [-1, Number.NEGATIVE_INFINITY];
  for (let t = 0; t < count; t++) {
    const violation = highest - (scores[t]! - fall[t]!);
    if (!(violation > 0)) continue;
    const curvature = row.own + diagonal[t]! - 2 * row.values[row.at + t]!;
    const gain = (violation * violation) / (curvature > 0 ? curvature : TAU);
    if (gain > best) [best, second] = [gain, t];
  }
  return second;
}

const perVariable = (s: Scalars) => s.count!;

export const smo_steps_f64 = defineKernel({
  name: 'smo_steps_f64',
  family: 'gradient-descent',
  summary:
    'Sequential minimal optimisation of ½·βᵀKβ − pᵀβ + epsilon·Σ|β|, lower ≤ β ≤ upper, Σβ constant: pairs by second order, until the largest violation is at most the tolerance, the iterations are used up, or a row of K is missing.',
  source:
    'Fan, Chen and Lin, "Working set selection using second order information for training support vector machines", 2005; in the form of Bottou and Lin, "Support vector machine solvers", 2007',
  arguments: [
    {
      name: 'rows',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.slotCount! * s.stride!,
      meaning: 'cached rows of K, a slot each',
    },
    {
      name: 'slots',
      role: 'in',
      dtype: 'i32',
      length: perVariable,
      meaning: 'slot of a variable’s row; −1: not cached',
    },
    {
      name: 'stamps',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.slotCount!,
      meaning: 'iteration in which a slot was last read',
    },
    { name: 'diagonal', role: 'in', dtype: 'f64', length: perVariable, meaning: 'diagonal of K' },
    { name: 'lower', role: 'in', dtype: 'f64', length: perVariable, meaning: 'lower bounds, at most 0' },
    { name: 'upper', role: 'in', dtype: 'f64', length: perVariable, meaning: 'upper bounds, at least 0' },
    { name: 'beta', role: 'inout', dtype: 'f64', length: perVariable, meaning: 'variables, within their bounds' },
    { name: 'scores', role: 'inout', dtype: 'f64', length: perVariable, meaning: 'p − Kβ' },
    { name: 'raise', role: 'scratch', dtype: 'f64', length: perVariable, meaning: 'shifts of scores that would rise' },
    { name: 'fall', role: 'scratch', dtype: 'f64', length: perVariable, meaning: 'shifts of scores that would fall' },
    {
      name: 'state',
      role: 'inout',
      dtype: 'f64',
      length: () => 8,
      meaning:
        'iterations so far, highest score that can rise, lowest that can fall, the variable whose row is missing, objective',
    },
    { name: 'count', dtype: 'i32', meaning: 'variables' },
    { name: 'stride', dtype: 'i32', meaning: 'elements between cached rows, at least count' },
    { name: 'slotCount', dtype: 'i32', meaning: 'slots' },
    { name: 'maxIterations', dtype: 'i32', meaning: 'iterations at which to stop, counted as in state' },
    { name: 'epsilon', dtype: 'f64', meaning: 'width of the tube, 0 where there is none' },
    { name: 'tolerance', dtype: 'f64', meaning: 'largest violation that counts as none' },
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (
    ...[
      rows,
      slots,
      stamps,
      diagonal,
      lower,
      upper,
      beta,
      scores,
      raise,
      fall,
      state,
      count,
      stride,
      ,
      limit,
      epsilon,
      tol,
    ]
  ) => {
    const vectors = { beta, lower, upper, raise, fall };
    for (let t = 0; t < count; t++) setShifts(vectors, t, epsilon);
    for (;;) {
      const { first, highest, lowest } = extremes(scores, raise, fall, count);
      state[1] = highest;
      state[2] = lowest;
      if (!(highest - lowest > tol)) return SMO_CONVERGED;
      if (state[0]! >= limit) return SMO_ITERATIONS;
      state[3] = first;
      if (slots[first]! < 0) return SMO_ROW_MISSING;
      stamps[slots[first]!] = state[0]!;
      const at = slots[first]! * stride;
      const row = { values: rows, at, own: diagonal[first]! };
      const second = partner(scores, fall, diagonal, row, highest, count);
      if (second < 0) return SMO_STALLED;
      state[3] = second;
      if (slots[second]! < 0) return SMO_ROW_MISSING;
      stamps[slots[second]!] = state[0]!;
      const other = slots[second]! * stride;

      const violation = highest - (scores[second]! - fall[second]!);
      const found = diagonal[first]! + diagonal[second]! - 2 * rows[at + second]!;
      const curvature = found > 0 ? found : TAU;
      // A variable stops at 0 too, where the slope of epsilon·|β| changes.
      const ceiling = beta[first]! < 0 ? 0 : upper[first]!;
      const floor = beta[second]! > 0 ? 0 : lower[second]!;
      const [room, otherRoom] = [ceiling - beta[first]!, beta[second]! - floor];
      let step = violation / curvature;
      if (room < step) step = room;
      if (otherRoom < step) step = otherRoom;
      const risen = step === room ? ceiling : beta[first]! + step;
      const fallen = step === otherRoom ? floor : beta[second]! - step;
      if (!(step > 0) || (risen === beta[first] && fallen === beta[second])) return SMO_STALLED;
      beta[first] = risen;
      beta[second] = fallen;
      setShifts(vectors, first, epsilon);
      setShifts(vectors, second, epsilon);
      state[4] = state[4]! - (step * violation - 0.5 * step * step * curvature);
      state[0] = state[0]! + 1;
      for (let t = 0; t < count; t++) scores[t] = scores[t]! - step * (rows[at + t]! - rows[other + t]!);
    }
  },
  inputs: (size, random, flavour) => smoInputs(size, random, flavour),
  work: (s) => ({ elements: s.count! }),
});

/** A small dual problem, some of whose rows may be missing; a large one repeats a few rows. */
function smoInputs(size: number, random: CaseRandom, flavour: Flavour) {
  const large = size > 256;
  const stride = size + random.integer(4);
  const slotCount = large ? 8 : size;
  const points = realValues(size * 2, random, flavour === 'special' ? 'plain' : flavour);
  const rows = new Float64Array(slotCount * stride);
  const value = (i: number, t: number) => {
    const [x, y] = [points[2 * i]! - points[2 * t]!, points[2 * i + 1]! - points[2 * t + 1]!];
    return exp(-0.5 * (x * x + y * y));
  };
  for (let i = 0; i < slotCount; i++) for (let t = 0; t < size; t++) rows[i * stride + t] = value(i, t);
  const tube = random.integer(2) === 0;
  const sides = Float64Array.from({ length: size }, () => (random.integer(2) === 0 ? 1 : -1));
  const gaps = random.integer(3) === 0;
  const scores = tube ? realValues(size, random, flavour) : sides.slice();
  return {
    scalars: {
      count: size,
      stride,
      slotCount,
      maxIterations: size >= 8192 ? 0 : 1 + random.integer(60), // 0: a look at all, which a bench can repeat
      epsilon: tube ? 0.1 : 0,
      tolerance: 1e-3,
    },
    buffers: {
      rows,
      slots: Int32Array.from({ length: size }, (_, t) =>
        large ? t % slotCount : gaps && random.integer(10) === 0 ? -1 : t,
      ),
      stamps: new Int32Array(slotCount),
      diagonal: new Float64Array(size).fill(1),
      lower: sides.map((side) => (tube || side < 0 ? -1 : 0)),
      upper: sides.map((side) => (tube || side > 0 ? 1 : 0)),
      beta: new Float64Array(size),
      scores,
      state: new Float64Array(SMO_STATE_LENGTH),
    },
  };
}
