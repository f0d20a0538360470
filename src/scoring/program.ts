import type { Activation } from '../kernels/activations.js';
import type { MetricName } from '../kernels/metric-distance.js';
import type { LabelMetric } from './nearest-label.js';

/**
 * A scoring program: what a fitted pipeline, a fitted model, or both together, compute for a row. It is plain data, so
 * one definition serves training, batch prediction, one row in the host language, the artefact and the stand-alone
 * `.wasm`; and all of them give the same bits, because the interpreter is the definition.
 *
 * A program works on registers. A register holds one f64 a row; registers 0 … inputs.length − 1 are the inputs, every
 * operation writes registers that no other operation writes. Sums run in the order of the operands, without fused
 * multiply-add.
 *
 * How an input lies in its register:
 *   number      the value; missing = NaN
 *   boolean     0 or 1; missing = NaN
 *   timestamp   milliseconds since 1970-01-01T00:00Z; missing = NaN
 *   category    index into `labels`; missing = NaN; a label never seen = labels.length
 *   text        index into a list of texts that goes along with the rows (`Texts`); missing = NaN
 */
export interface Program {
  readonly inputs: readonly ProgramInput[];
  readonly operations: readonly Operation[];
  readonly outputs: readonly ProgramOutput[];
  /** Registers in all, inputs included. */
  readonly registerCount: number;
}

export type InputType = 'number' | 'boolean' | 'timestamp' | 'category' | 'text';

/** By input: what the codes of a text's register stand for in the rows at hand; undefined for other types. */
export type Texts = readonly (readonly string[] | undefined)[];

export interface ProgramInput {
  readonly name: string;
  readonly type: InputType;
  /** Of a category: distinct, sorted by UTF-8 bytes. */
  readonly labels?: readonly string[];
}

export interface ProgramOutput {
  readonly name: string;
  readonly register: number;
  /** What the register means; a category's value is an index into `labels`. */
  readonly type: InputType;
  readonly labels?: readonly string[];
  /** Of a text on its way through a pipeline: how its terms are read, once a step has learnt it. Never saved. */
  readonly reading?: TextReading;
}

export type CalendarPart =
  | 'year'
  | 'quarter'
  | 'month' // 1 … 12
  | 'week' // ISO 8601, 1 … 53
  | 'day' // of the month, 1 … 31
  | 'dayOfYear' // 1 … 366
  | 'weekday' // 0 = Monday … 6 = Sunday (ISO 8601 less one)
  | 'hour' // 0 … 23
  | 'minute'
  | 'season' // northern meteorological: 0 = Dec–Feb, 1 = Mar–May, 2 = Jun–Aug, 3 = Sep–Nov
  | 'weekend'; // 1 on Saturday and Sunday

export type UnaryFunction = 'log' | 'log1p' | 'exp' | 'expm1' | 'sqrt' | 'abs' | 'sigmoid' | 'tanh' | 'negate';
export type BinaryOperator = 'add' | 'subtract' | 'multiply' | 'divide' | 'minimum' | 'maximum';

/** `in` and `out` are registers. NaN goes through arithmetic as NaN unless an operation says otherwise. */
export type Operation =
  /** out = value */
  | { readonly op: 'constant'; readonly out: number; readonly value: number }
  /** out = in, or value where in is NaN */
  | { readonly op: 'impute'; readonly in: number; readonly out: number; readonly value: number }
  /** out = 1 where in is NaN, else 0 */
  | { readonly op: 'indicator'; readonly in: number; readonly out: number }
  /** out = (in − shift) / scale */
  | { readonly op: 'affine'; readonly in: number; readonly out: number; readonly shift: number; readonly scale: number }
  /** out = in held to [low, high]; NaN stays */
  | { readonly op: 'clip'; readonly in: number; readonly out: number; readonly low: number; readonly high: number }
  /** out = to where in is one of from, else in */
  | {
      readonly op: 'replace';
      readonly in: number;
      readonly out: number;
      readonly from: readonly number[];
      readonly to: number;
    }
  /** out + k = 1 where in equals values[k], else 0; with `missing`, one more register: 1 where in is NaN */
  | {
      readonly op: 'oneHot';
      readonly in: number;
      readonly out: number;
      readonly values: readonly number[];
      readonly missing: boolean;
    }
  /** out = table[in] where in is an integer in [0, table.length), `missing` where in is NaN, else `unseen` */
  | {
      readonly op: 'lookup';
      readonly in: number;
      readonly out: number;
      readonly table: Float64Array;
      readonly missing: number;
      readonly unseen: number;
    }
  /** out = number of edges < in (edges ascend); NaN stays */
  | { readonly op: 'bin'; readonly in: number; readonly out: number; readonly edges: Float64Array }
  /** out = a part of the timestamp, in UTC */
  | { readonly op: 'calendar'; readonly in: number; readonly out: number; readonly part: CalendarPart }
  /** out = sin or cos of 2π·in/period */
  | {
      readonly op: 'wave';
      readonly in: number;
      readonly out: number;
      readonly wave: 'sin' | 'cos';
      readonly period: number;
    }
  | { readonly op: 'unary'; readonly in: number; readonly out: number; readonly function: UnaryFunction }
  | {
      readonly op: 'binary';
      readonly left: number;
      readonly right: number;
      readonly out: number;
      readonly operator: BinaryOperator;
    }
  | LinearOperation
  | EnsembleOperation
  | NeighborsOperation
  | NeighborScoreOperation
  | MetricNeighborsOperation
  | ImputeNeighborsOperation
  | CentroidsOperation
  | NearestLabelOperation
  | GaussianOperation
  | KernelExpansionOperation
  | PairwiseCouplingOperation
  | TermsOperation
  | DenseOperation
  /** outputs = exp(inputs − max) / Σ */
  | { readonly op: 'softmax'; readonly inputs: readonly number[]; readonly outputs: readonly number[] }
  /** outputs = inputs / Σ inputs (all equal where the sum is 0) */
  | { readonly op: 'normalize'; readonly inputs: readonly number[]; readonly outputs: readonly number[] }
  /** out = index of the largest input, the first of equals; NaN where any input is NaN */
  | { readonly op: 'argmax'; readonly inputs: readonly number[]; readonly out: number }
  /** out = 1 where in ≥ value, else 0; NaN stays */
  | { readonly op: 'threshold'; readonly in: number; readonly out: number; readonly value: number };

/** outputs[k] = intercepts[k], then + coefficients[k·n + j]·inputs[j] for j = 0 … n − 1. */
export interface LinearOperation {
  readonly op: 'linear';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
}

/**
 * Decision trees, added in order: outputs[k] = base[k] + Σ leaf values, divided by the number of trees where `average`.
 * With leafWidth 1, tree t adds to output t mod outputs.length; else a leaf holds leafWidth = outputs.length values.
 *
 * Node arrays are indexed by node; roots holds the first node of each tree. feature −1 marks a leaf, whose `left` is its
 * row in leafValues. A numeric node (categoryOffset −1) goes left where input ≤ threshold, a categorical one where bit
 * `input` of the words from categoryOffset (categoryWords of them, 32 categories each, lowest bit first) is set. NaN, and
 * a category beyond the words, goes left where missingGoesLeft is 1.
 */
export interface EnsembleOperation {
  readonly op: 'ensemble';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly base: Float64Array;
  readonly average: boolean;
  readonly leafWidth: number;
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingGoesLeft: Uint8Array;
  readonly categoryOffset: Int32Array;
  readonly categoryWords: Int32Array;
  readonly categories: Uint32Array;
  readonly leafValues: Float64Array;
  /**
   * By node: how many training rows came through it, weighted (LightGBM's internal_count and leaf_count; XGBoost's
   * sum_hess is the same where hessians are weights). Explanations need it. Scoring ignores it, and it may be absent.
   */
  readonly cover?: Float64Array;
  /** By node: how much its split lessened the training loss, in the units of the algorithm; 0 at leaves. May be absent. */
  readonly gain?: Float64Array;
}

/**
 * The k nearest of the stored points by squared L2 distance (added over the inputs in order), the lower index first
 * among equals. outputs = Σ weight·targets / Σ weight, where targets has outputs.length values a point. Weights are 1
 * ('uniform') or 1/distance ('distance'; points at distance 0, where there are any, count alone).
 */
export interface NeighborsOperation {
  readonly op: 'neighbors';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly k: number;
  readonly weights: 'uniform' | 'distance';
  /** rows × inputs.length, row-major. */
  readonly points: Float64Array;
  /** rows × outputs.length, row-major. */
  readonly targets: Float64Array;
}

/**
 * What the k nearest of the stored points say of a row, the lower index first among equals (euclidean: equals before the root
 * is taken). With their distances d, nearest first: `largest` d[k − 1], `mean` Σd/k, `median`; `outlierFactor` the local
 * outlier factor, Σ(density[i]/own)/k, where own = 1/(Σ max(d, reach[i])/k + 1e-10) and i goes over the neighbours (Breunig,
 * Kriegel, Ng and Sander 2000). Metrics as in src/kernels/metrics.ts; a zero vector lies at cosine distance 1 from all.
 */
export interface NeighborScoreOperation {
  readonly op: 'neighborScore';
  readonly inputs: readonly number[];
  readonly out: number;
  /** At most the number of points. */
  readonly k: number;
  readonly metric: 'euclidean' | 'manhattan' | 'chebyshev' | 'cosine';
  readonly score: 'largest' | 'mean' | 'median' | 'outlierFactor';
  /** rows × inputs.length, row-major. */
  readonly points: Float64Array;
  /** By point: the distance to its own k-th neighbour, and its density. Empty but for `outlierFactor`. */
  readonly reaches: Float64Array;
  readonly densities: Float64Array;
}

/**
 * As `neighbors`, by any metric (src/kernels/metric-distance.ts), of the k nearest or, where k is 0, of all points at most
 * `radius` away, in their order. Ranked by the reduced distance, weighed by the distance. outputs = Σ weight·targets /
 * Σ weight; where there is no neighbour, `otherwise`, or NaN where that is empty. A row with a NaN input gets NaN, but by
 * gower and nan-euclidean, to which it is missing.
 */
export interface MetricNeighborsOperation {
  readonly op: 'metricNeighbors';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly metric: MetricName;
  readonly k: number;
  readonly radius: number;
  readonly weights: 'uniform' | 'distance';
  /** How a backend is to search; the answer is the same. */
  readonly algorithm: 'auto' | 'brute' | 'kd-tree';
  /** rows × inputs.length, row-major. */
  readonly points: Float64Array;
  /** Gower's ranges and weights, inputs.length each; empty for other metrics. */
  readonly columns: Float64Array;
  /** rows × outputs.length, row-major. */
  readonly targets: Float64Array;
  /** outputs.length, or none. */
  readonly otherwise: Float64Array;
}

/**
 * outputs[j] = inputs[j], or, where that is NaN, the mean of column j over the k nearest points that have a value there, by
 * the distance nan-euclidean, weighed by 1 ('uniform') or 1/distance ('distance'; points at distance 0, where there are any,
 * count alone); where no point has both a value there and a column in common with the row, fallback[j].
 */
export interface ImputeNeighborsOperation {
  readonly op: 'imputeNeighbors';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly k: number;
  readonly weights: 'uniform' | 'distance';
  /** rows × inputs.length, row-major, NaN where missing. */
  readonly points: Float64Array;
  readonly fallback: Float64Array;
}

/** out = the nearest centre by squared L2 distance, the first of equals; distances[k] = the distance to centre k. */
export interface CentroidsOperation {
  readonly op: 'centroids';
  readonly inputs: readonly number[];
  readonly out: number;
  readonly distances: readonly number[];
  /** clusters × inputs.length, row-major. */
  readonly centers: Float64Array;
}

/**
 * The label of the nearest stored point, −1 (of no cluster) beyond that point's limit or where none lies at a finite
 * distance. With `cores` and k, distances are those of mutual reachability: no less than the point's core, nor than the
 * distance from the row to its own k-th nearest point. Of equally reachable points the nearest counts, then the first.
 * Terms are added in the order of the inputs; cosine distance to or from a vector of zeros is 1.
 */
export interface NearestLabelOperation {
  readonly op: 'nearestLabel';
  readonly inputs: readonly number[];
  readonly out: number;
  readonly metric: LabelMetric;
  /** Which nearest point's distance is the row's own core, at most the points; 0: it has none. */
  readonly k: number;
  /** rows × inputs.length, row-major. */
  readonly points: Float64Array;
  /** One a point. */
  readonly labels: Int32Array;
  /** The largest distance at which a point's label still counts: one a point, one for all, or none. */
  readonly limits: Float64Array;
  /** Core distances, one a point, or none. */
  readonly cores: Float64Array;
}

/**
 * Log densities, up to what they have in common: outputs[k] = offsets[k] − ½·Σ z², where z = W·(x − means[k]) and W is
 * the k-th of the factors, a square root of an inverse covariance. A full W is inputs × inputs, row-major; of a diagonal
 * one only the diagonal is stored. z and Σ are added in the order of the inputs.
 */
export interface GaussianOperation {
  readonly op: 'gaussian';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly covariance: 'full' | 'diagonal';
  readonly offsets: Float64Array;
  /** outputs × inputs, row-major. */
  readonly means: Float64Array;
  /** outputs × inputs × inputs where full, outputs × inputs where diagonal. */
  readonly factors: Float64Array;
}

/**
 * A kernel machine: outputs[k] = intercepts[k], then + coefficients[k·n + i]·K(inputs, supports[i]) for i = 0 … n − 1. Where u
 * is the inner product (added over the inputs in order) and d the squared L2 distance, K is: linear u; poly
 * (gamma·u + coef0)^degree, by squaring; rbf e^(−gamma·d); sigmoid tanh(gamma·u + coef0).
 */
export interface KernelExpansionOperation {
  readonly op: 'kernelExpansion';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly kernel: 'linear' | 'poly' | 'rbf' | 'sigmoid';
  readonly gamma: number;
  readonly coef0: number;
  readonly degree: number;
  /** supports × inputs.length, row-major. */
  readonly supports: Float64Array;
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
}

/**
 * Probabilities of classes from those of pairs: inputs are P(a | a or b) for the pairs (a, b) = (0, 1), (0, 2) … (1, 2) …,
 * held to [1e-7, 1 − 1e-7]; outputs, one a class, sum to 1. Wu, Lin and Weng, "Probability estimates for multi-class
 * classification by pairwise coupling", 2004, the second method, iterated as LIBSVM does. NaN where any input is NaN.
 */
export interface PairwiseCouplingOperation {
  readonly op: 'pairwiseCoupling';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** How texts become sparse vectors of terms; src/scoring/terms.ts says what each part means. */
export interface TextReading {
  readonly analyzer: 'word' | 'char' | 'char_wb';
  readonly ngramMin: number;
  readonly ngramMax: number;
  readonly lowercase: boolean;
  readonly stopWords: readonly string[];
  /** Columns that terms are hashed to; 0: terms are those of the vocabulary, in its order. */
  readonly buckets: number;
  readonly alternateSign: boolean;
  readonly binary: boolean;
  readonly sublinear: boolean;
  readonly norm: 'none' | 'l1' | 'l2';
  readonly vocabulary: readonly string[];
  /** A factor a term; empty: all 1. */
  readonly weights: Float64Array;
}

/**
 * A text's terms, weighed and added up: outputs[k] = intercepts[k], then + value·coefficients[term · outputs + k] over the
 * text's terms by column, ascending. A missing text has no terms. `in` is an input of type text.
 */
export interface TermsOperation extends TextReading {
  readonly op: 'terms';
  readonly in: number;
  readonly outputs: readonly number[];
  /** terms × outputs, row-major. */
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
}

/**
 * A layer of a network, in f32 as it was trained: inputs, products and sums are rounded to it. An output's sum begins at 0;
 * blocks of 256 inputs, added in order from 0 each, are added to it in order; then its bias; then the activation, computed in
 * f64 and rounded once (src/kernels/activations.ts). Batch normalisation is worked into weights and biases.
 */
export interface DenseOperation {
  readonly op: 'dense';
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** inputs × outputs, row-major. */
  readonly weights: Float32Array;
  readonly biases: Float32Array;
  readonly activation: Activation;
}

/** The registers an operation reads, in order. */
export function readRegisters(operation: Operation): readonly number[] {
  if ('inputs' in operation) return operation.inputs;
  if (operation.op === 'binary') return [operation.left, operation.right];
  return operation.op === 'constant' ? [] : [operation.in];
}

/** The registers an operation writes. */
export function writtenRegisters(operation: Operation): readonly number[] {
  if (operation.op === 'centroids') return [operation.out, ...operation.distances];
  if ('outputs' in operation) return operation.outputs;
  if (operation.op === 'oneHot') {
    return Array.from({ length: operation.values.length + (operation.missing ? 1 : 0) }, (_, k) => operation.out + k);
  }
  return [operation.out];
}
