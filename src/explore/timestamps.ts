import { calendarPart } from '../scoring/calendar.js';

/** Rows by period: how many fall at or after `start` and before the next. */
export interface PeriodCount {
  readonly start: number;
  readonly count: number;
}

/** A column of timestamps (UTC, milliseconds) in figures. */
export interface TimestampProfile {
  readonly kind: 'timestamp';
  readonly distinct: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly period: 'hour' | 'day' | 'week' | 'month' | 'year';
  readonly periods: readonly PeriodCount[];
  /** Periods between the first and the last that hold no row. */
  readonly emptyPeriods: number;
  readonly ascending: boolean;
  /** counts[h], h = 0 … 23. */
  readonly hours: readonly number[];
  /** counts[d], 0 = Monday … 6 = Sunday. */
  readonly weekdays: readonly number[];
  /** counts[m], 0 = January … 11 = December. */
  readonly months: readonly number[];
  /** counts[s], 0 = December to February, 1 = March to May, 2 = June to August, 3 = September to November. */
  readonly seasons: readonly number[];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MONDAY = 4 * DAY; // 1970-01-05
const MOST_PERIODS = 120;

/** Everything about a column of timestamps; NaN is missing. */
export function profileTimestamps(values: Float64Array): TimestampProfile {
  const present = values.filter((value) => !Number.isNaN(value));
  const sorted = present.toSorted();
  const [minimum, maximum] = [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
  const period = periodFor(maximum - minimum);
  const periods = countPeriods(sorted, period);
  return {
    kind: 'timestamp',
    distinct: sorted.reduce((count, value, i) => count + (i === 0 || value !== sorted[i - 1] ? 1 : 0), 0),
    minimum,
    maximum,
    period,
    periods,
    emptyPeriods: periods.filter(({ count }) => count === 0).length,
    ascending: present.every((value, i) => i === 0 || value >= present[i - 1]!),
    hours: countParts(present, 24, (value) => calendarPart(value, 'hour')),
    weekdays: countParts(present, 7, (value) => calendarPart(value, 'weekday')),
    months: countParts(present, 12, (value) => calendarPart(value, 'month') - 1),
    seasons: countParts(present, 4, (value) => calendarPart(value, 'season')),
  };
}

function countParts(values: Float64Array, size: number, part: (value: number) => number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const value of values) counts[part(value)]!++;
  return counts;
}

/** The finest period of which the span holds at most 120. */
function periodFor(span: number): TimestampProfile['period'] {
  if (!(span / HOUR > MOST_PERIODS / 2)) return 'hour';
  if (span / DAY <= MOST_PERIODS) return 'day';
  if (span / (7 * DAY) <= MOST_PERIODS) return 'week';
  return span / (30.4 * DAY) <= MOST_PERIODS ? 'month' : 'year';
}

/** The start of the period that holds this moment. */
export function periodStart(value: number, period: TimestampProfile['period']): number {
  if (period === 'hour') return Math.floor(value / HOUR) * HOUR;
  if (period === 'day') return Math.floor(value / DAY) * DAY;
  if (period === 'week') return Math.floor((value - MONDAY) / (7 * DAY)) * 7 * DAY + MONDAY;
  const [year, month] = [calendarPart(value, 'year'), calendarPart(value, 'month')];
  return Date.UTC(year, period === 'month' ? month - 1 : 0, 1);
}

function nextPeriod(start: number, period: TimestampProfile['period']): number {
  // A day in the next period, wherever in the present one it starts.
  const ahead = { hour: HOUR, day: DAY, week: 7 * DAY, month: 31 * DAY, year: 366 * DAY }[period];
  return periodStart(start + ahead, period);
}

function countPeriods(sorted: Float64Array, period: TimestampProfile['period']): PeriodCount[] {
  if (sorted.length === 0) return [];
  const counts = new Map<number, number>();
  for (const value of sorted) {
    const start = periodStart(value, period);
    counts.set(start, (counts.get(start) ?? 0) + 1);
  }
  const periods: PeriodCount[] = [];
  const end = sorted.at(-1)!;
  for (let start = periodStart(sorted[0]!, period); start <= end; start = nextPeriod(start, period)) {
    periods.push({ start, count: counts.get(start) ?? 0 });
    if (periods.length > 4000) break; // centuries by year: a typing error in the data, shown as far as it goes
  }
  return periods;
}
