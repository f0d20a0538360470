import type { Table } from 'apache-arrow';
import { metricNamed } from '../evaluate/metrics.js';
import { readRegister } from '../table/columns.js';
import { formatNumber } from '../table/format.js';
import type { Context, Model } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { type ColumnDrift, type DriftThresholds, driftOf, driftThresholds } from './drift.js';
import { predictionColumn, type ReferenceProfile } from './profile.js';
import { type RealisedError, realisedError } from './realised-error.js';

export interface MonitorOptions extends Context {
  readonly model?: Model;
  /** Default: the model's. Absent from the table, there is no realised error yet. */
  readonly target?: string;
  /** The column that says when a row came in. */
  readonly time?: string;
  readonly thresholds?: DriftThresholds;
  /** Rise of the error from which to watch and from which to retrain; default 0.05 and 0.2. */
  readonly errorThresholds?: readonly [watch: number, retrain: number];
  readonly resamples?: number;
}

export interface MonitorReport {
  readonly verdict: 'stable' | 'watch' | 'retrain';
  /** verdict = 'retrain'. */
  readonly retrain: boolean;
  /** One sentence each, the weightiest first. */
  readonly reasons: readonly string[];
  readonly rows: number;
  readonly referenceRows: number;
  readonly columns: readonly ColumnDrift[];
  readonly target?: ColumnDrift;
  readonly prediction?: ColumnDrift;
  readonly error?: RealisedError;
  /** Columns of the reference that the data does not have. */
  readonly absentColumns: readonly string[];
}

/** Compares data with the reference, and says whether to retrain. */
export async function monitor(
  reference: ReferenceProfile,
  table: Table,
  options: MonitorOptions = {},
): Promise<MonitorReport> {
  const { model, thresholds = driftThresholds } = options;
  const present = new Set(columnsOf(table).map(({ name }) => name));
  const watched = reference.columns.filter(({ name }) => present.has(name));
  const columns = driftOf(
    watched.map((profile) => ({ profile, column: readRegister(table, profile.name) })),
    thresholds,
  );
  const target = options.target ?? model?.target ?? reference.target?.name;
  const hasTarget = target !== undefined && present.has(target);
  const targetDrift =
    hasTarget && reference.target
      ? driftOf([{ profile: reference.target, column: readRegister(table, target) }], thresholds)[0]
      : undefined;
  const prediction =
    model && reference.prediction
      ? driftOf(
          [{ profile: reference.prediction, column: await predictionColumn(model, table, options) }],
          thresholds,
        )[0]
      : undefined;
  const error =
    model && hasTarget && reference.error && hasValues(table, target)
      ? await realisedError(model, table, target, metricNamed(reference.error.metric), reference.error, options)
      : undefined;
  const found = { columns, target: targetDrift, prediction, error };
  const absentColumns = reference.columns.filter(({ name }) => !present.has(name)).map(({ name }) => name);
  return {
    ...decide(found, absentColumns, options),
    rows: table.numRows,
    referenceRows: reference.rows,
    columns,
    ...(targetDrift && { target: targetDrift }),
    ...(prediction && { prediction }),
    ...(error && { error }),
    absentColumns,
  };
}

function hasValues(table: Table, name: string): boolean {
  return readRegister(table, name).values.some((value) => !Number.isNaN(value));
}

type Found = Pick<MonitorReport, 'columns' | 'target' | 'prediction' | 'error'>;

/** Share of the columns that must have drifted far before, without labels, retraining is advised. */
const MANY = 0.3;

/**
 * What the error says weighs most, because drift that does no harm is no reason to retrain. While there are no labels,
 * predictions and many columns that moved far together are.
 */
function decide(
  { columns, target, prediction, error }: Found,
  absentColumns: readonly string[],
  { errorThresholds = [0.05, 0.2] }: MonitorOptions,
): Pick<MonitorReport, 'verdict' | 'retrain' | 'reasons'> {
  const reasons: string[] = [];
  let level = 0;
  const say = (weight: number, sentence: string) => {
    level = Math.max(level, weight);
    reasons.push(sentence);
  };
  if (absentColumns.length > 0) say(1, `Columns of the reference are absent: ${absentColumns.join(', ')}.`);
  if (error) {
    const harm = error.beyondChance && error.worsening >= errorThresholds[0];
    say(harm ? (error.worsening >= errorThresholds[1] ? 2 : 1) : 0, errorSentence(error, harm));
  }
  if (target && target.drift !== 'none')
    say(error ? 1 : target.drift === 'large' ? 2 : 1, driftSentence('The target', target));
  if (prediction && prediction.drift !== 'none') say(1, driftSentence('The predictions', prediction));
  const drifted = columns.filter(({ drift }) => drift !== 'none');
  const far = drifted.filter(({ drift }) => drift === 'large');
  if (drifted.length > 0) say(1, columnsSentence(drifted, columns.length));
  if (!error && far.length >= MANY * columns.length && prediction?.drift === 'large') {
    say(
      2,
      'Labels are not known yet, but so many columns and the predictions have moved that the error will have too.',
    );
  }
  if (level === 0) reasons.push(`None of ${columns.length} columns has drifted by an effect that matters.`);
  const verdict = (['stable', 'watch', 'retrain'] as const)[level]!;
  return { verdict, retrain: verdict === 'retrain', reasons };
}

function errorSentence(
  { metric, metricLabel, score, reference, worsening, beyondChance }: RealisedError,
  harm: boolean,
): string {
  const natural = metricNamed(metric).natural;
  if (Number.isNaN(score)) return `The realised ${metricLabel} is undefined on these rows: they hold one class only.`;
  const now = formatNumber(natural(score));
  const then = formatNumber(natural(reference.score));
  const percent = Math.round(Math.abs(worsening) * 100);
  const scores = `the realised ${metricLabel} is ${now} against ${then} at deployment`;
  if (harm) return `The model has become worse: ${scores} (${percent} % worse, beyond chance).`;
  if (beyondChance && worsening < 0) return `The model has not become worse: ${scores}.`;
  return `The model holds: ${scores}${beyondChance ? ` (${percent} % worse, too little to matter)` : ', within chance'}.`;
}

function driftSentence(what: string, { drift, psi, p }: ColumnDrift): string {
  const size = psi === null ? `p = ${formatNumber(p ?? 1)}` : `PSI ${formatNumber(psi)}`;
  return `${what} ${what.endsWith('s') ? 'have' : 'has'} drifted ${drift === 'large' ? 'far' : 'moderately'} (${size}).`;
}

const MOST_NAMED = 5;

function columnsSentence(drifted: readonly ColumnDrift[], all: number): string {
  const size = (column: ColumnDrift) => column.psi ?? column.ks?.statistic ?? 0;
  const sorted = [...drifted].sort((a, b) => size(b) - size(a));
  const named = sorted.slice(0, MOST_NAMED).map((column) => {
    const figure =
      column.psi === null ? `KS ${formatNumber(column.ks?.statistic ?? 0)}` : `PSI ${formatNumber(column.psi)}`;
    return `${column.name} (${figure}${column.drift === 'large' ? ', far' : ''})`;
  });
  const more = sorted.length > MOST_NAMED ? ` and ${sorted.length - MOST_NAMED} more` : '';
  return `${drifted.length} of ${all} columns ${drifted.length === 1 ? 'has' : 'have'} drifted: ${named.join(', ')}${more}.`;
}
