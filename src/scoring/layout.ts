import { activations } from '../kernels/activations.js';
import { kernelKinds } from '../kernels/kernel-functions.js';
import { metricNames } from '../kernels/metric-distance.js';
import { neighborAlgorithms } from './metric-neighbors.js';
import { labelMetrics } from './nearest-label.js';
import type { BinaryOperator, CalendarPart, Operation, UnaryFunction } from './program.js';
import { analyzers, norms } from './terms.js';

/**
 * What a field of an operation is. From this table follow the JSON form (serialize.ts), the structural checks
 * (validate.ts) and the binary form inside the stand-alone `.wasm` (embed.ts), so a new operation is: its type in
 * program.ts, its meaning in interpreter.ts, its line here, and its case in assembly/predict/.
 *
 *   read, write      a register             number, numbers   f64, and a list of them
 *   reads, writes    a list of registers    integer           a count ≥ 0
 *   f64 f32 i32 u32 u8   a typed array      flag              a boolean
 *   a list of texts  one of them            texts             a list of texts
 */
export type FieldKind =
  | 'read'
  | 'write'
  | 'reads'
  | 'writes'
  | 'number'
  | 'numbers'
  | 'integer'
  | 'flag'
  | 'texts'
  | ArrayKind
  | readonly string[];

/** Element types of the typed arrays in a program. */
export type ArrayKind = 'f64' | 'f32' | 'i32' | 'u32' | 'u8';

export const arrayTypes = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
} as const;

export type ProgramArray = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

export function isArrayKind(kind: FieldKind): kind is ArrayKind {
  return typeof kind === 'string' && kind in arrayTypes;
}

/** Fields that an operation may lack. */
type Annotations<O> = { [F in keyof O]-?: object extends Pick<O, F> ? F : never }[keyof O];
type Fields<O> = { readonly [F in Exclude<keyof O, 'op' | Annotations<O>>]: FieldKind };
type Layout = { readonly [N in Operation['op']]: Fields<Extract<Operation, { readonly op: N }>> };

/** In the order of the stand-alone module's parts (assembly/predict/calendar.ts). */
export const calendarParts: readonly CalendarPart[] = [
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'dayOfYear',
  'weekday',
  'hour',
  'minute',
  'season',
  'weekend',
];

/** In the order of assembly/predict/elementwise.ts, as are the next two. */
export const unaryFunctions: readonly UnaryFunction[] = [
  'log',
  'log1p',
  'exp',
  'expm1',
  'sqrt',
  'abs',
  'sigmoid',
  'tanh',
  'negate',
];
export const binaryOperators: readonly BinaryOperator[] = [
  'add',
  'subtract',
  'multiply',
  'divide',
  'minimum',
  'maximum',
];
const waves = ['sin', 'cos'] as const;
const covariances = ['full', 'diagonal'] as const;
const neighborWeights = ['uniform', 'distance'] as const;
const scoreMetrics = ['euclidean', 'manhattan', 'chebyshev', 'cosine'] as const;
const neighborScores = ['largest', 'mean', 'median', 'outlierFactor'] as const;

/** Fields in the order of the binary form: append to it, never change what is there. */
export const layout: Layout = {
  constant: { out: 'write', value: 'number' },
  impute: { in: 'read', out: 'write', value: 'number' },
  indicator: { in: 'read', out: 'write' },
  affine: { in: 'read', out: 'write', shift: 'number', scale: 'number' },
  clip: { in: 'read', out: 'write', low: 'number', high: 'number' },
  replace: { in: 'read', out: 'write', from: 'numbers', to: 'number' },
  oneHot: { in: 'read', out: 'write', values: 'numbers', missing: 'flag' },
  lookup: { in: 'read', out: 'write', table: 'f64', missing: 'number', unseen: 'number' },
  bin: { in: 'read', out: 'write', edges: 'f64' },
  calendar: { in: 'read', out: 'write', part: calendarParts },
  wave: { in: 'read', out: 'write', wave: waves, period: 'number' },
  unary: { in: 'read', out: 'write', function: unaryFunctions },
  binary: { left: 'read', right: 'read', out: 'write', operator: binaryOperators },
  linear: { inputs: 'reads', outputs: 'writes', coefficients: 'f64', intercepts: 'f64' },
  ensemble: {
    inputs: 'reads',
    outputs: 'writes',
    base: 'f64',
    average: 'flag',
    leafWidth: 'integer',
    roots: 'i32',
    feature: 'i32',
    threshold: 'f64',
    left: 'i32',
    right: 'i32',
    missingGoesLeft: 'u8',
    categoryOffset: 'i32',
    categoryWords: 'i32',
    categories: 'u32',
    leafValues: 'f64',
  },
  neighbors: {
    inputs: 'reads',
    outputs: 'writes',
    k: 'integer',
    weights: neighborWeights,
    points: 'f64',
    targets: 'f64',
  },
  metricNeighbors: {
    inputs: 'reads',
    outputs: 'writes',
    metric: metricNames,
    k: 'integer',
    radius: 'number',
    weights: neighborWeights,
    algorithm: neighborAlgorithms,
    points: 'f64',
    columns: 'f64',
    targets: 'f64',
    otherwise: 'f64',
  },
  imputeNeighbors: {
    inputs: 'reads',
    outputs: 'writes',
    k: 'integer',
    weights: neighborWeights,
    points: 'f64',
    fallback: 'f64',
  },
  centroids: { inputs: 'reads', out: 'write', distances: 'writes', centers: 'f64' },
  terms: {
    in: 'read',
    outputs: 'writes',
    analyzer: analyzers,
    ngramMin: 'integer',
    ngramMax: 'integer',
    lowercase: 'flag',
    stopWords: 'texts',
    buckets: 'integer',
    alternateSign: 'flag',
    binary: 'flag',
    sublinear: 'flag',
    norm: norms,
    vocabulary: 'texts',
    weights: 'f64',
    coefficients: 'f64',
    intercepts: 'f64',
  },
  softmax: { inputs: 'reads', outputs: 'writes' },
  normalize: { inputs: 'reads', outputs: 'writes' },
  argmax: { inputs: 'reads', out: 'write' },
  threshold: { in: 'read', out: 'write', value: 'number' },
  gaussian: {
    inputs: 'reads',
    outputs: 'writes',
    covariance: covariances,
    offsets: 'f64',
    means: 'f64',
    factors: 'f64',
  },
  kernelExpansion: {
    inputs: 'reads',
    outputs: 'writes',
    kernel: kernelKinds,
    gamma: 'number',
    coef0: 'number',
    degree: 'integer',
    supports: 'f64',
    coefficients: 'f64',
    intercepts: 'f64',
  },
  pairwiseCoupling: { inputs: 'reads', outputs: 'writes' },
  dense: { inputs: 'reads', outputs: 'writes', weights: 'f32', biases: 'f32', activation: activations },
  nearestLabel: {
    inputs: 'reads',
    out: 'write',
    metric: labelMetrics,
    k: 'integer',
    points: 'f64',
    labels: 'i32',
    limits: 'f64',
    cores: 'f64',
  },
  neighborScore: {
    inputs: 'reads',
    out: 'write',
    k: 'integer',
    metric: scoreMetrics,
    score: neighborScores,
    points: 'f64',
    reaches: 'f64',
    densities: 'f64',
  },
};

/**
 * What operations may carry besides, for explanations: saved and checked where it is there, never needed for scoring, and
 * left out of the binary form.
 */
const annotations: {
  readonly [N in Operation['op']]?: {
    readonly [F in Annotations<Extract<Operation, { readonly op: N }>>]: ArrayKind;
  };
} = { ensemble: { cover: 'f64', gain: 'f64' } };

/** The annotations of an operation by its name; of most there are none. */
export function annotationsOf(op: string): readonly (readonly [name: string, kind: ArrayKind])[] {
  return Object.hasOwn(annotations, op) ? Object.entries(annotations[op as 'ensemble']!) : [];
}

/** The fields of an operation by its name, or undefined where there is no such operation. */
export function fieldsOf(op: string): readonly (readonly [name: string, kind: FieldKind])[] | undefined {
  return Object.hasOwn(layout, op) ? Object.entries(layout[op as Operation['op']]) : undefined;
}
