import type { Table } from 'apache-arrow';
import { type Interval, scoreIntervals } from '../evaluate/bootstrap.js';
import type { Scorer } from '../evaluate/metric.js';
import { scoreModel } from '../evaluate/report.js';
import { takeScored } from '../evaluate/target.js';
import { daysFromCivil, MS_PER_DAY } from '../scoring/calendar.js';
import { readRegister } from '../table/columns.js';
import type { Context, Model } from '../table/interfaces.js';
import { pageHinkley, pageHinkleyAlarms } from './page-hinkley.js';
import type { ErrorReference } from './profile.js';

/** How wrong the model has been, once the truth is known. */
export interface RealisedError extends Interval {
  readonly metric: string;
  readonly metricLabel: string;
  /** scikit-learn's sign. */
  readonly score: number;
  readonly rows: number;
  readonly reference: ErrorReference;
  /**
   * By how much it is worse: of an error, the relative rise; of a score, the share of the advantage over the baseline that
   * is lost. Below 0 it is better.
   */
  readonly worsening: number;
  /** The difference exceeds what chance gives (two-sided, 5 %). */
  readonly beyondChance: boolean;
  readonly periods: readonly PeriodError[];
  readonly period: 'day' | 'week' | 'month' | 'none';
  /** Start of the periods in which the Page–Hinkley detector called over the rows in their order of time. */
  readonly alarms: readonly string[];
}

export interface PeriodError extends Interval {
  /** First day of the period, 2019-03-25. */
  readonly start: string;
  readonly rows: number;
  readonly score: number;
  /** The interval lies wholly on the worse side of the reference score. */
  readonly worse: boolean;
}

export interface RealisedErrorOptions extends Context {
  readonly time?: string;
  readonly resamples?: number;
}

const MOST_PERIODS = 62;
const PERIOD_RESAMPLES = 300;

/**
 * The error of a model on rows whose target has become known, as a whole and by period, against that at deployment.
 * @throws LanewiseError `data` where a column or the target is missing.
 */
export async function realisedError(
  model: Model,
  table: Table,
  target: string,
  scorer: Scorer,
  reference: ErrorReference,
  options: RealisedErrorOptions = {},
): Promise<RealisedError> {
  const { rows, scored } = await scoreModel(model, table, target, options);
  const [overall] = await scoreIntervals([scorer], [scored], options);
  const { score, low, high, level } = overall!;
  const times = options.time === undefined ? undefined : readRegister(table, options.time).values;
  const { period, groups } = times ? periodsOf(rows, times) : { period: 'none' as const, groups: [] };
  const periods: PeriodError[] = [];
  for (const { start, places } of groups) {
    const resamples = Math.min(options.resamples ?? PERIOD_RESAMPLES, PERIOD_RESAMPLES);
    const part = takeScored(scored, places);
    const [interval] = await scoreIntervals([scorer], [part], { ...options, resamples });
    if (Number.isNaN(interval!.score)) continue;
    periods.push({
      start,
      rows: places.length,
      score: interval!.score,
      low: interval!.low,
      high: interval!.high,
      level: interval!.level,
      worse: interval!.high < reference.score,
    });
  }
  return {
    metric: scorer.name,
    metricLabel: scorer.label,
    score,
    low,
    high,
    level,
    rows: rows.length,
    reference,
    worsening: worseningOf(scorer, score, reference),
    beyondChance: differsBeyondChance({ score, low, high }, reference),
    periods,
    period,
    alarms: alarmsOf(periods, reference),
  };
}

function worseningOf(scorer: Scorer, score: number, reference: ErrorReference): number {
  if (scorer.name.startsWith('neg_')) return reference.score === 0 ? 0 : score / reference.score - 1;
  const advantage = reference.score - reference.baseline;
  return advantage > 0 ? (reference.score - score) / advantage : 0;
}

/** Two independent scores with their intervals: the difference against the root of both variances. */
function differsBeyondChance(current: Omit<Interval, 'level'> & { score: number }, reference: ErrorReference): boolean {
  const half = (interval: Omit<Interval, 'level'>) => 0.5 * (interval.high - interval.low);
  const [a, b] = [half(current), half(reference)];
  return Math.abs(current.score - reference.score) > Math.sqrt(a * a + b * b);
}

interface Period {
  readonly start: string;
  /** Places in `rows`. */
  readonly places: number[];
}

/** Days, or where they are too many for a picture weeks, or else months. */
function periodsOf(
  rows: Uint32Array,
  times: Float64Array,
): { period: RealisedError['period']; groups: readonly Period[] } {
  for (const period of ['day', 'week', 'month'] as const) {
    const groups = new Map<number, number[]>();
    rows.forEach((row, place) => {
      if (Number.isNaN(times[row]!)) return;
      const start = startOf(Math.floor(times[row]! / MS_PER_DAY), period);
      const list = groups.get(start);
      if (list) list.push(place);
      else groups.set(start, [place]);
    });
    if (groups.size > MOST_PERIODS && period !== 'month') continue;
    const sorted = [...groups].sort(([a], [b]) => a - b);
    return { period, groups: sorted.map(([start, places]) => ({ start: isoDay(start), places })) };
  }
  return { period: 'none', groups: [] };
}

/** First day (days since 1970) of the day's period; weeks start on Monday. */
function startOf(day: number, period: 'day' | 'week' | 'month'): number {
  if (period === 'day') return day;
  if (period === 'week') return day - ((((day + 3) % 7) + 7) % 7);
  const date = new Date(day * MS_PER_DAY);
  return daysFromCivil(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

function isoDay(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** Periods that the error at deployment counts as: what was known about the mean before the first one. */
const KNOWN_PERIODS = 30;

/**
 * Page–Hinkley over the periods. What is watched is how far a period lies on the worse side of the reference, in
 * half-widths of its own interval, so that one setting fits every metric and every number of rows.
 */
function alarmsOf(periods: readonly PeriodError[], reference: ErrorReference): string[] {
  const watched = periods.filter(({ low, high }) => high > low);
  const values = watched.map(({ score, low, high }) => (reference.score - score) / (0.5 * (high - low)));
  const start = pageHinkley({ minSamples: 1, delta: 0.5, threshold: 3, alpha: 1 }, { samples: KNOWN_PERIODS, mean: 0 });
  return pageHinkleyAlarms(values, start).map((place) => watched[place]!.start);
}
