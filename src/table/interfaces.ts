import type { Table } from 'apache-arrow';
import type { Engine } from '../engine/engine.js';
import type { ParameterDeclarations, ParameterValue } from '../parameters.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import type { Program } from '../scoring/program.js';
import type { Scorer } from '../scoring/scorer.js';

/** What long work is told and tells. */
export interface Context {
  /** Default: `defaultEngine()`. */
  readonly engine?: Engine;
  /** Default 0. Every random stream is keyed by it. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** What is being done: 'tree', 'fold', 'trial', 'row', … */
  readonly what: string;
  readonly done: number;
  readonly total: number;
  /** Figures as of now: { loss: 0.31, validationLoss: 0.33 }. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** One line of a step's report: what was found or done, where, how often. */
export interface Repair {
  readonly what: string;
  readonly column?: string;
  readonly rows: number;
  readonly detail?: string;
}

/** An unfitted step of a pipeline. */
export interface Transformer {
  readonly name: string;
  readonly parameters: Readonly<Record<string, ParameterValue | readonly ParameterValue[]>>;
  /** true: it is given columns as texts (by name, else those of kind text), which the steps before it then leave alone. */
  readonly readsTexts?: boolean;
  /** Learns from training rows; `table` holds the columns as the steps before left them, target included if known. */
  fit(table: Table, context: TransformerContext): Promise<FittedTransformer>;
}

export interface TransformerContext extends Context {
  readonly target?: string;
  /** The columns the step is to act on; chosen by the pipeline. */
  readonly columns: readonly string[];
}

export interface FittedTransformer {
  readonly name: string;
  /** Appends the step's operations: replaces, adds or drops the builder's columns. This is all that happens to new rows. */
  lower(builder: ProgramBuilder): void;
  /** Training rows to keep (indices, ascending), for steps that drop rows. New rows are never dropped. */
  readonly keptRows?: Uint32Array;
  readonly report: readonly Repair[];
}

export type TaskKind =
  | 'classification'
  | 'regression'
  | 'ranking'
  | 'clustering'
  | 'anomaly-detection'
  | 'recommendation';

export interface FitOptions extends Context {
  /** Overrides the schema's role. Clustering and anomaly detection have none. */
  readonly target?: string;
  /** Several targets, learnt together by models that can; overrides `target`. */
  readonly targets?: readonly string[];
  /** A column of weights ≥ 0; overrides the schema's role. */
  readonly weights?: string;
  /** Ranking: the column whose values are the lists; overrides the schema's role. No model learns from it. */
  readonly group?: string;
  /** Rows for early stopping and the loss curve, never learnt from. */
  readonly validation?: Table;
  /**
   * A fitted model to go on from: gradient boosting adds rounds to it until there are maxIter. On the same table the result
   * is that of a fit without the pause; so do the epochs of stochastic gradient descent. Other estimators refuse it.
   */
  readonly warmStart?: Model;
  /**
   * Seconds of training, greater than 0. At their end the iteration at hand is finished, the best state so far is kept, and
   * the verdict says so. How far that is depends on the machine: with a budget the same seed need not give the same bits.
   */
  readonly timeBudget?: number;
  /** Keeps the state of a long fit, so that the same fit goes on from it after a kill, to the same final bits. */
  readonly checkpoint?: Checkpoint;
}

export type CheckpointArray = Uint8Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/** What a trainer needs to go on. Numbers that may be NaN, infinite or −0 belong into the arrays: JSON has none. */
export interface CheckpointState {
  readonly values: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, CheckpointArray>>;
}

/** Where a fit keeps its state: `fileCheckpoint` in Node, or one's own. A fit asks for it under a key of data and settings. */
export interface Checkpoint {
  /** Is it time to save again? Asked after each iteration. */
  readonly due: boolean;
  /**
   * What was saved last, undefined where nothing was.
   * @throws LanewiseError `file` where it is damaged or belongs to another fit.
   */
  load(key: string): Promise<CheckpointState | undefined>;
  /** Replaces what was saved, wholly or not at all. */
  save(key: string, state: CheckpointState): Promise<void>;
  /** The fit is done: nothing is kept. */
  clear(): Promise<void>;
}

/** Checked parameters that can be fitted; fitting gives another type, so "not fitted" cannot be written. */
export interface Estimator {
  /** 'gradient-boosting', … : the name on the command line. */
  readonly name: string;
  readonly task: TaskKind;
  readonly declarations: ParameterDeclarations;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** The same estimator with some parameters changed. */
  with(parameters: Readonly<Record<string, ParameterValue>>): Estimator;
  fit(table: Table, options?: FitOptions): Promise<Model>;
}

/** The loss at one iteration of training. */
export interface HistoryPoint {
  readonly iteration: number;
  readonly loss: number;
  readonly validationLoss?: number;
}

/** Proof of an iterative fit: a number that is 0 at the optimum. */
export interface Convergence {
  /** What was measured: 'gradient norm', 'duality gap', 'subgradient norm', … */
  readonly certificate: string;
  readonly value: number;
  /** What `value` was to fall to. */
  readonly tolerance: number;
  readonly reached: boolean;
}

/** Something about a fit that whoever uses the model should know, with a name that a program can look for. */
export interface TrainingWarning {
  /** 'not-converged', 'separable', 'collinear', … */
  readonly name: string;
  readonly message: string;
}

/** What training goes on from, as JSON keeps it. */
export interface TrainingState {
  readonly values: Readonly<Record<string, unknown>>;
  /** By name: f64, little-endian, in base64. */
  readonly arrays: Readonly<Record<string, string>>;
}

/** How a penalty was chosen by cross-validation along its path. */
export interface PenaltySearch {
  readonly alpha: number;
  readonly l1Ratio: number;
  /** The splitter. */
  readonly folds: string;
  readonly l1Ratios: readonly number[];
  /** By l1Ratio: the penalties tried, the strongest first. */
  readonly alphas: readonly (readonly number[])[];
  /** By l1Ratio, alpha and fold: the mean squared error on the rows held out. */
  readonly meanSquaredErrors: readonly (readonly (readonly number[])[])[];
}

export interface Training {
  readonly rows: number;
  readonly iterations: number;
  /** The iteration whose state was kept; equals `iterations` where nothing stopped early. */
  readonly bestIteration: number;
  readonly lossName: string;
  readonly history: readonly HistoryPoint[];
  /** Plain language: why it stopped and whether it converged. */
  readonly verdict: string;
  /** Iterative fits of convex problems: how near the optimum they ended. */
  readonly convergence?: Convergence;
  /** Absent where there is nothing to warn of. */
  readonly warnings?: readonly TrainingWarning[];
  /** Linear models that choose their own penalty: what was tried. */
  readonly search?: PenaltySearch;
  /** Models that learn on: `fit` with `warmStart`, and `partialFit`, go on from it. */
  readonly state?: TrainingState;
}

/** A coefficient and how well the data know it; what they cannot tell is null. */
export interface CoefficientSummary {
  /** The feature, `feature^2` of a power, '(intercept)'. */
  readonly name: string;
  readonly estimate: number | null;
  readonly standardError: number | null;
  /** estimate / standardError */
  readonly t: number | null;
  /** P(|T| ≥ |t|) where the true coefficient is 0. */
  readonly p: number | null;
  /** The confidence interval's ends. */
  readonly low: number | null;
  readonly high: number | null;
}

/** What statistics say of a linear regression, in the units of the data; what cannot be told is null. */
export interface RegressionSummary {
  /** The intercept first, where there is one. */
  readonly coefficients: readonly CoefficientSummary[];
  /** Of the intervals: 0.95. */
  readonly confidence: number;
  /** Rows that weigh something. */
  readonly observations: number;
  /** Of the fit, without the intercept. */
  readonly modelDegreesOfFreedom: number;
  readonly residualDegreesOfFreedom: number;
  /** Weighted, as all below. */
  readonly residualSumOfSquares: number | null;
  readonly residualStandardError: number | null;
  /** About the mean; about 0 where there is no intercept. */
  readonly rSquared: number | null;
  readonly adjustedRSquared: number | null;
  readonly fStatistic: number | null;
  /** P(F ≥ fStatistic) where every true coefficient but the intercept is 0. */
  readonly fPValue: number | null;
  readonly logLikelihood: number | null;
  /** −2·logLikelihood + 2·coefficients, the variance not counted (as statsmodels has it; R counts it). */
  readonly aic: number | null;
  readonly bic: number | null;
  /** Largest over smallest singular value of the terms as they are, the ones of the intercept among them. */
  readonly conditionNumber: number | null;
}

/** A mixture of normal densities, in the units of the data. */
export interface MixtureSummary {
  /** By component; sum to 1. */
  readonly weights: readonly number[];
  /** components × features, component by component. */
  readonly means: readonly number[];
  /** full: components × features × features; tied: features × features; diag: components × features; spherical: components. */
  readonly covariances: readonly number[];
  readonly covarianceType: 'full' | 'tied' | 'diag' | 'spherical';
  /** Of the training rows: nats a row. */
  readonly meanLogLikelihood: number;
  /** The mean log-likelihood by iteration, before that iteration's step. */
  readonly lowerBounds: readonly number[];
  readonly converged: boolean;
  /** Bayesian and Akaike information criteria of the training rows: lower is better. */
  readonly bic: number;
  readonly aic: number;
}

/** One of several targets of a model. */
export interface ModelTarget {
  readonly name: string;
  /** As `Model.classes`. */
  readonly classes?: readonly string[];
}

/**
 * A fitted model. Its program's outputs are: regression `prediction` (number); classification `prediction` (category,
 * with the classes as labels) and `probability_<label>` for each class in order; ranking `prediction` (number: the rows of
 * a list are ordered by it); clustering `prediction` (number, the cluster; −1: none) and `distance_<k>`
 * or, of a mixture, `probability_<k>` and `log_density`; anomaly detection
 * `prediction` (1 an anomaly, 0 not) and `score` (higher: more anomalous). Several targets have `prediction_<target>` each
 * and, after all of these, `probability_<target>_<label>`.
 */
export interface Model {
  readonly estimator: string;
  readonly task: TaskKind;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly target?: string;
  /** Where there are several targets, in the order of the outputs; `target` and `classes` are then absent. */
  readonly targets?: readonly ModelTarget[];
  /** Labels of the classes, sorted by UTF-8 bytes (numbers by value); the positive class of two is the last. */
  readonly classes?: readonly string[];
  readonly program: Program;
  readonly training: Training;
  /** Share of the model's work that each feature does, by name; sums to 1 where any feature works at all. */
  readonly importances?: Readonly<Record<string, number>>;
  /** Linear regression: coefficients with their errors, tests and intervals. */
  readonly summary?: RegressionSummary;
  /** Clustering: the cluster of each training row, from 0; −1: of none (noise). Of a loaded artefact: absent. */
  readonly labels?: Int32Array;
  /** Gaussian mixtures: their components, and how likely they make the training rows. Of a loaded artefact: absent. */
  readonly mixture?: MixtureSummary;
  /**
   * Anomaly detection by neighbours: the score of each training row among the others (`predict` finds each row itself among
   * them). Of a loaded artefact: absent.
   */
  readonly scores?: Float64Array;
  /** How far a person can follow it: 'high' (coefficients), 'medium' (neighbours, one tree), 'low' (ensembles). */
  readonly interpretability: 'high' | 'medium' | 'low';
  /** Columns: as the program's outputs. */
  predict(table: Table, context?: Context): Promise<Table>;
  /**
   * Prediction for one row, as the row has it: numbers, texts, booleans, dates; absent and null are missing. Of several
   * targets, the first one's: `scorer` gives all.
   */
  predictSync(row: Readonly<Record<string, unknown>>): number | string | null;
  /** A scorer of its own: `into(input, output)` on encoded rows (src/scoring/program.ts), allocating nothing. */
  scorer(): Scorer;
}

/** Rows by index into the table that was split: training rows and test rows of one fold. */
export interface Fold {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

export interface Splitter {
  readonly name: string;
  split(table: Table, options: { target?: string; seed?: number }): readonly Fold[];
}

/** What a metric is computed from. */
export interface Scored {
  /** Regression: targets. Classification: class indices. Ranking: grades of relevance. */
  readonly target: Float64Array;
  /** Regression: predictions. Classification: predicted class indices. Ranking: scores. */
  readonly prediction: Float64Array;
  /** Classification: probabilities[class][row]. */
  readonly probabilities?: readonly Float64Array[];
  readonly weights?: Float64Array;
  /** Ranking: the list of each row; equal numbers are one list. */
  readonly groups?: Float64Array;
}

export interface Metric {
  /** scikit-learn's scorer name: 'neg_root_mean_squared_error', 'roc_auc', … */
  readonly name: string;
  readonly task: TaskKind;
  /** Always "greater is better", as scikit-learn's scorers are. */
  score(scored: Scored): number;
}

/** Where rows come from that need not fit into memory. */
export interface Source {
  /** 'the file trips.parquet': stands in messages. */
  readonly description: string;
  /** Where it is known beforehand, or guessed, for progress. */
  readonly rowCount?: number;
  /**
   * All rows, in tables of any size with the same columns. Called several times (training passes over the rows twice or
   * more); each time from the start, and the same rows in the same order.
   */
  batches(context?: Context): AsyncIterable<Table>;
}

/** A row's number from 0, and the line on which it begins less that number. */
export type LineOffset = readonly [row: number, offset: number];

/** A row that could not be taken in, kept aside with the reason. `line` counts from 1, the header included. */
export interface QuarantinedRow {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly text: string;
}

export interface Collected {
  readonly table: Table;
  readonly quarantine: readonly QuarantinedRow[];
  /** SHA-256 of the source's bytes. */
  readonly hash: string;
  /** 'duckdb', 'papaparse', 'hyparquet', 'apache-arrow'. */
  readonly reader: string;
  /** Number (from 0) of each row among all rows of the source, quarantined ones included; absent where none was. */
  readonly sourceRows?: Uint32Array;
  /** What was handled on the way and is worth knowing: renamed columns, transcoded text. */
  readonly notes?: readonly string[];
  /** Of a text: from which of all its rows on the line is by how much more than the row's number (from 0); before, by 2. */
  readonly lineOffsets?: readonly LineOffset[];
}
