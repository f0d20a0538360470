import type { Table } from 'apache-arrow';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import { type RegisterColumn, tableFromRegisters, takeRows } from '../table/columns.js';
import type { Context, Estimator, Fold, Model, Scored, Splitter } from '../table/interfaces.js';
import { isSupervised } from '../table/tasks.js';
import { meanDefined } from './bootstrap.js';
import { requireTwoClasses, type Scorer } from './metric.js';
import { defaultMetrics, metricNamed, metricOfLoss } from './metrics.js';
import { defaultSplitter } from './splitter.js';
import { groupName, readPredictions, readTruth, type Truth, targetName } from './target.js';

export interface CrossValidateOptions extends Context {
  readonly target?: string;
  /** A column of weights for fitting; scores are not weighted. */
  readonly weights?: string;
  /** Default: 5-fold by group where a column has that role, stratified for classes, else plain. */
  readonly splitter?: Splitter;
  /** Names or metrics; default: `defaultMetrics`, after the one of the estimator's loss. */
  readonly metrics?: readonly (string | Scorer)[];
  /** Score the training rows too, for the over-fitting verdict; default false. */
  readonly trainScores?: boolean;
  /** Called with each fold's model, before it is dropped. */
  readonly onModel?: (model: Model, fold: number) => void;
}

export interface FoldScores {
  readonly fold: number;
  readonly trainRows: number;
  readonly testRows: number;
  readonly scores: Readonly<Record<string, number>>;
  readonly trainScores?: Readonly<Record<string, number>>;
  readonly fitSeconds: number;
  readonly predictSeconds: number;
}

export interface ScoreSummary {
  /** Over the folds in which the metric is defined. */
  readonly mean: number;
  /** Over the same folds; population, as the reference scores of the field are given. */
  readonly std: number;
  readonly values: readonly number[];
  /** Folds in which the metric is undefined (a class without rows, say). */
  readonly undefinedFolds: number;
}

/** Predictions of the rows of one fold, by a model that never saw them. */
export interface FoldPredictions {
  /** Indices into the table that was given, ascending. */
  readonly rows: Uint32Array;
  readonly scored: Scored;
}

export interface CrossValidation {
  readonly estimator: string;
  readonly task: Estimator['task'];
  readonly target: string;
  readonly classes?: readonly string[];
  readonly splitter: string;
  readonly metrics: Readonly<Record<string, ScoreSummary>>;
  readonly folds: readonly FoldScores[];
  /** Rows of the table in which the target is missing (or not finite): in no fold. */
  readonly excludedRows: Uint32Array;
  readonly outOfFold: readonly FoldPredictions[];
  readonly seconds: number;
}

/** Folds with the rows that can be learnt from and scored, and what else scoring needs. */
export interface Plan {
  readonly target: string;
  readonly truth: Truth;
  readonly folds: readonly Fold[];
  readonly scorers: readonly Scorer[];
  readonly splitter: string;
  readonly excludedRows: Uint32Array;
}

/**
 * Splits, once. Folds index the table's rows, those without a target included, so that folds given from outside keep
 * their meaning; such rows are then taken out of both sides.
 */
export function planFolds(task: Estimator['task'], table: Table, options: CrossValidateOptions = {}): Plan {
  if (!isSupervised(task)) {
    throw new LanewiseError('unsupported', `There is no target of ${task} to cross-validate against`, {
      hint:
        task === 'clustering' ? 'Use evaluateClustering(model, table).' : 'Compare the scores with known anomalies.',
    });
  }
  const target = targetName(table, options.target);
  const truth = readTruth(table, target, task);
  if (truth.classes && truth.classes.length < 2) {
    const shown = truth.classes.length === 1 ? `every row has "${truth.classes[0]}"` : 'no row has one';
    throw new LanewiseError('data', `Expected at least two classes in target "${target}" but ${shown}`, {
      column: target,
    });
  }
  const splitter = options.splitter ?? defaultSplitter(task, 5, groupName(table));
  const isKnown = (row: number) => !Number.isNaN(truth.values[row]);
  const folds = splitter.split(table, { target, seed: options.seed }).map(({ train, test }) => ({
    train: train.filter(isKnown),
    test: test.filter(isKnown),
  }));
  folds.forEach(({ train, test }, fold) => {
    for (const [part, rows] of [['training', train] as const, ['test', test] as const]) {
      if (rows.length > 0) continue;
      throw new LanewiseError('data', `Expected ${part} rows in fold ${fold} but there are none with a target`);
    }
  });
  return {
    target,
    truth,
    folds,
    scorers: resolveMetrics(options.metrics, task, truth.classes?.length),
    splitter: splitter.name,
    excludedRows: Uint32Array.from({ length: table.numRows }, (_, row) => row).filter((row) => !isKnown(row)),
  };
}

/**
 * The metrics for a loss that is not the task's usual one: its own first, then the usual. Undefined where no estimator has
 * such a loss.
 */
export function lossMetrics(estimators: readonly Pick<Estimator, 'task' | 'parameters'>[]): string[] | undefined {
  for (const { task, parameters } of estimators) {
    const own = metricOfLoss(parameters);
    if (own) return [...new Set([own, ...defaultMetrics(task).map(({ name }) => name)])];
  }
  return undefined;
}

/** Metrics by name or as they are; none: those that suit the task. @throws LanewiseError `usage` with the nearest name. */
export function resolveMetrics(
  wanted: readonly (string | Scorer)[] | undefined,
  task: Estimator['task'],
  classCount?: number,
): readonly Scorer[] {
  if (wanted === undefined || wanted.length === 0) return defaultMetrics(task, classCount);
  const scorers = wanted.map((metric) => (typeof metric === 'string' ? metricNamed(metric, task) : metric));
  // Said now rather than after the first fit.
  const binary = scorers.find(({ classes }) => classes === 'binary');
  if (binary && classCount !== undefined && classCount !== 2) requireTwoClasses(binary.name, classCount);
  return scorers;
}

/**
 * Fits on each fold's training rows and scores on its test rows. A recipe is refitted whole, so nothing leaks.
 * Progress: `{ what: 'fold', done, total, metrics }`.
 */
export async function crossValidate(
  estimator: Estimator,
  table: Table,
  options: CrossValidateOptions = {},
  plan: Plan = planFolds(estimator.task, table, { ...options, metrics: options.metrics ?? lossMetrics([estimator]) }),
): Promise<CrossValidation> {
  const begin = performance.now();
  const results: { scores: FoldScores; predictions: FoldPredictions }[] = [];
  for (const [fold, rows] of plan.folds.entries()) {
    throwIfCancelled(options.signal);
    const result = await runFold(estimator, table, options, plan, fold, rows);
    results.push(result);
    const { scores } = result.scores;
    options.onProgress?.({ what: 'fold', done: fold + 1, total: plan.folds.length, metrics: scores });
  }
  return {
    estimator: estimator.name,
    task: estimator.task,
    target: plan.target,
    classes: plan.truth.classes,
    splitter: plan.splitter,
    metrics: Object.fromEntries(
      plan.scorers.map(({ name }) => [name, summarize(results.map(({ scores }) => scores.scores[name]!))]),
    ),
    folds: results.map(({ scores }) => scores),
    excludedRows: plan.excludedRows,
    outOfFold: results.map(({ predictions }) => predictions),
    seconds: (performance.now() - begin) / 1000,
  };
}

async function runFold(
  estimator: Estimator,
  table: Table,
  options: CrossValidateOptions,
  plan: Plan,
  fold: number,
  { train, test }: Fold,
): Promise<{ scores: FoldScores; predictions: FoldPredictions }> {
  const { engine, seed, signal, weights } = options;
  const trainTable = takeRows(table, train);
  const start = performance.now();
  const model = await estimator.fit(trainTable, { target: plan.target, weights, engine, seed, signal });
  const fitted = performance.now();
  const predictions = await model.predict(takeRows(table, test), { engine, signal });
  const predicted = performance.now();
  const scored = scoredOf(plan.truth, test, predictions);
  const trainScores =
    options.trainScores &&
    scoreAll(plan.scorers, scoredOf(plan.truth, train, await model.predict(trainTable, { engine, signal })));
  options.onModel?.(model, fold);
  return {
    scores: {
      fold,
      trainRows: train.length,
      testRows: test.length,
      scores: scoreAll(plan.scorers, scored),
      ...(trainScores && { trainScores }),
      fitSeconds: (fitted - start) / 1000,
      predictSeconds: (predicted - fitted) / 1000,
    },
    predictions: { rows: test, scored },
  };
}

/** Truth and predictions of these rows, with classes in the order of the whole table. */
export function scoredOf(truth: Truth, rows: Uint32Array, predictions: Table): Scored {
  const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  const groups = truth.groups && { groups: take(truth.groups) };
  return { target: take(truth.values), ...readPredictions(predictions, truth.classes), ...groups };
}

/** Each metric's score, higher is better, by the metric's name. */
export function scoreAll(scorers: readonly Scorer[], scored: Scored): Record<string, number> {
  return Object.fromEntries(scorers.map((scorer) => [scorer.name, scorer.score(scored)]));
}

/** Mean and population standard deviation over folds; NaN ones, where a metric is not defined, are counted and left out. */
export function summarize(values: readonly number[]): ScoreSummary {
  const mean = meanDefined(values);
  const variance = meanDefined(values.map((value) => (value - mean) * (value - mean)));
  const undefinedFolds = values.filter((value) => Number.isNaN(value)).length;
  return { mean, std: Math.sqrt(variance), values, undefinedFolds };
}

/**
 * All out-of-fold predictions as a table, by row (a row that is tested more than once stands more than once): `row`,
 * `fold`, `target`, `prediction`, and `probability_<label>` for classes.
 */
export function outOfFoldTable({ outOfFold, classes }: Pick<CrossValidation, 'outOfFold' | 'classes'>): Table {
  const places = outOfFold.flatMap(({ rows }, fold) => Array.from(rows, (row, at) => ({ row, fold, at })));
  places.sort((a, b) => a.row - b.row || a.fold - b.fold);
  const read = (of: (scored: Scored) => Float64Array) => {
    const columns = outOfFold.map(({ scored }) => of(scored));
    return Float64Array.from(places, ({ fold, at }) => columns[fold]![at]!);
  };
  const value = classes ? { type: 'category' as const, labels: classes } : { type: 'number' as const };
  const columns: RegisterColumn[] = [
    { name: 'row', type: 'number', values: Float64Array.from(places, ({ row }) => row) },
    { name: 'fold', type: 'number', values: Float64Array.from(places, ({ fold }) => fold) },
    { name: 'target', ...value, values: read((scored) => scored.target) },
    { name: 'prediction', ...value, values: read((scored) => scored.prediction) },
  ];
  if (classes && outOfFold[0]!.scored.probabilities) {
    for (const [k, label] of classes.entries()) {
      columns.push({
        name: `probability_${label}`,
        type: 'number',
        values: read((scored) => scored.probabilities![k]!),
      });
    }
  }
  return tableFromRegisters(columns);
}

/** One fold's or all folds' rows as one: for curves and confusion matrices over the whole data. */
export function pooled(groups: readonly Scored[]): Scored {
  const join = (of: (scored: Scored) => Float64Array) => {
    const all = new Float64Array(groups.reduce((sum, scored) => sum + scored.target.length, 0));
    let at = 0;
    for (const scored of groups) {
      all.set(of(scored), at);
      at += scored.target.length;
    }
    return all;
  };
  const classes = groups[0]?.probabilities?.length;
  return {
    target: join((scored) => scored.target),
    prediction: join((scored) => scored.prediction),
    ...(classes !== undefined && {
      probabilities: Array.from({ length: classes }, (_, k) => join((scored) => scored.probabilities![k]!)),
    }),
  };
}
