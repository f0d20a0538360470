import { randomKey } from '../engine/random.js';
import { Breather } from '../engine/turn.js';
import { invalid, throwIfCancelled } from '../errors.js';
import { philoxBlock } from '../kernels/random.js';
import type { Scored } from '../table/interfaces.js';
import { quantileOfSorted, sortedPresent } from '../table/statistics.js';
import { normalCdf, normalQuantile } from './distributions.js';
import { listsOf } from './lists.js';
import type { Scorer } from './metric.js';

/**
 * Bootstrap intervals (Efron and Tibshirani 1993). Rows are resampled within groups (the folds, or all test rows as one
 * group), and a statistic is a function of how often each row was drawn: the mean over folds that is reported and the
 * mean over folds that is resampled are the same figure. Draws are keyed by (seed, resample, group), so everything that
 * is resampled with one seed is paired, row by row.
 */

/** counts[group][row] = how often the row was drawn. */
export type Statistic = (counts: readonly Float64Array[]) => number;

export interface BootstrapOptions {
  /** Default: 1,000, fewer (at least 200) where rows are so many that they would take minutes. */
  readonly resamples?: number;
  /** Default 0.95. */
  readonly level?: number;
  /** Default 'percentile'; 'bca' corrects for bias and skew. */
  readonly method?: 'percentile' | 'bca';
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Share of resamples that the interval holds: 0.95. */
  readonly level: number;
}

const DEFAULT_RESAMPLES = 1000;
const FEWEST_RESAMPLES = 200;
const MOST_DRAWS = 2e7;
const JACKKNIFE_GROUPS = 200;

/** What `resamples` defaults to for so many rows. */
export function defaultResamples(rowCount: number): number {
  const affordable = Math.floor(MOST_DRAWS / Math.max(1, rowCount));
  return Math.min(DEFAULT_RESAMPLES, Math.max(FEWEST_RESAMPLES, affordable));
}

/**
 * samples[statistic][resample]; every statistic sees the same draws. `lists`: of each group, the list of each row; lists
 * are then drawn as a whole.
 */
export async function resample(
  statistics: readonly Statistic[],
  groupSizes: readonly number[],
  { resamples, seed = 0, signal }: BootstrapOptions = {},
  lists?: readonly (Float64Array | undefined)[],
): Promise<Float64Array[]> {
  const times = resamples ?? defaultResamples(groupSizes.reduce((sum, size) => sum + size, 0));
  if (!Number.isInteger(times) || times < 2) throw invalid('resamples', 'an integer >= 2', times);
  const samples = statistics.map(() => new Float64Array(times));
  const counts = groupSizes.map((size) => new Float64Array(size));
  const members = groupSizes.map((_, index) => lists?.[index] && listsOf(lists[index]));
  const breather = new Breather();
  for (let b = 0; b < times; b++) {
    throwIfCancelled(signal);
    counts.forEach((group, index) => {
      const drawn = members[index];
      if (drawn) drawLists(group, drawn, seed, b, index);
      else drawCounts(group, seed, b, index);
    });
    for (const [index, statistic] of statistics.entries()) {
      samples[index]![b] = statistic(counts);
      await breather.breathe();
    }
  }
  return samples;
}

/** Four draws a block of the generator; a row's share is off by less than rows/2³². */
function drawCounts(counts: Float64Array, seed: number, b: number, group: number): void {
  counts.fill(0);
  const { keyLow, keyHigh } = randomKey(seed, 'bootstrap', b, group);
  const scale = counts.length / 4_294_967_296;
  for (let i = 0; i < counts.length; i++) {
    if ((i & 3) === 0) philoxBlock(words, keyLow, keyHigh, i >>> 2);
    counts[Math.floor(words[i & 3]! * scale)]!++;
  }
}

/** Draws lists, and counts each as often for all its rows. */
function drawLists(counts: Float64Array, lists: readonly Uint32Array[], seed: number, b: number, group: number): void {
  const drawn = new Float64Array(lists.length);
  drawCounts(drawn, seed, b, group);
  for (const [list, rows] of lists.entries()) for (const row of rows) counts[row] = drawn[list]!;
}

const words = new Uint32Array(4);

/** The middle `level` of the samples; undefined ones (NaN) are left out. */
export function percentileInterval(samples: Float64Array, level = 0.95): Interval {
  const sorted = sortedPresent(samples);
  const tail = 0.5 * (1 - level);
  return { low: quantileOfSorted(sorted, tail), high: quantileOfSorted(sorted, 1 - tail), level };
}

/**
 * Bias-corrected and accelerated (Efron 1987). `jackknife` holds the statistic with rows, or groups of rows, left out.
 */
export function bcaInterval(samples: Float64Array, estimate: number, jackknife: Float64Array, level = 0.95): Interval {
  const sorted = sortedPresent(samples);
  const below = sorted.reduce((count, value) => count + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0);
  const bias = normalQuantile(below / sorted.length);
  // All samples on one side: nothing to correct with.
  if (!Number.isFinite(bias)) return percentileInterval(samples, level);
  const acceleration = accelerationOf(jackknife);
  const at = (z: number) => normalCdf(bias + (bias + z) / (1 - acceleration * (bias + z)));
  const z = normalQuantile(0.5 * (1 + level));
  return { low: quantileOfSorted(sorted, at(-z)), high: quantileOfSorted(sorted, at(z)), level };
}

function accelerationOf(jackknife: Float64Array): number {
  const mean = jackknife.reduce((sum, value) => sum + value, 0) / jackknife.length;
  let [cubes, squares] = [0, 0];
  for (const value of jackknife) {
    const difference = mean - value;
    cubes += difference * difference * difference;
    squares += difference * difference;
  }
  return squares === 0 ? 0 : cubes / (6 * squares * Math.sqrt(squares));
}

/**
 * The statistic without each row; above 200 rows, without each of 200 sets of rows (delete-a-group: the sets' influences
 * add up to the rows', so the acceleration estimates the same).
 */
export function jackknife(statistic: Statistic, groupSizes: readonly number[]): Float64Array {
  const rowCount = groupSizes.reduce((sum, size) => sum + size, 0);
  const sets = Math.min(rowCount, JACKKNIFE_GROUPS);
  const counts = groupSizes.map((size) => new Float64Array(size));
  return Float64Array.from({ length: sets }, (_, set) => {
    let place = 0;
    for (const group of counts)
      for (let row = 0; row < group.length; row++) group[row] = place++ % sets === set ? 0 : 1;
    return statistic(counts);
  });
}

/** The mean over groups of a metric, as a statistic. Weights of the rows count as well as the draws. */
export function meanOverGroups(scorer: Scorer, groups: readonly Scored[]): Statistic {
  const prepared = groups.map((scored) => ({ score: scorer.prepare(scored), weights: scored.weights }));
  return (counts) =>
    meanDefined(
      prepared.map(({ score, weights }, index) =>
        score(weights ? weights.map((weight, row) => weight * counts[index]![row]!) : counts[index]!),
      ),
    );
}

/** The mean of the values that are numbers; NaN where none is. */
export function meanDefined(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

/** The lists of rankings, group by group. */
export function listsIn(groups: readonly Scored[]): readonly (Float64Array | undefined)[] {
  return groups.map((scored) => scored.groups);
}

export interface ScoreInterval extends Interval {
  readonly metric: string;
  /** The score on the rows themselves: the mean over groups. */
  readonly score: number;
  readonly resamples: number;
}

/** Scores with their intervals: every metric on the same draws. */
export async function scoreIntervals(
  scorers: readonly Scorer[],
  groups: readonly Scored[],
  options: BootstrapOptions = {},
): Promise<ScoreInterval[]> {
  const sizes = groups.map((scored) => scored.target.length);
  const statistics = scorers.map((scorer) => meanOverGroups(scorer, groups));
  const samples = await resample(statistics, sizes, options, listsIn(groups));
  return scorers.map((scorer, index) => {
    const score = meanDefined(groups.map((scored) => scorer.score(scored)));
    const interval =
      options.method === 'bca'
        ? bcaInterval(samples[index]!, score, jackknife(statistics[index]!, sizes), options.level)
        : percentileInterval(samples[index]!, options.level);
    return { metric: scorer.name, score, ...interval, resamples: samples[index]!.length };
  });
}

export interface PairedDifference extends Interval {
  readonly metric: string;
  /** Score of the first less score of the second: above 0, the first is better. */
  readonly difference: number;
  /** Share of resamples in which the first is no better: small where the first is surely better. */
  readonly shareNotBetter: number;
}

/** The difference of two models on the same rows, with the interval over rows that both were scored on. */
export async function pairedDifference(
  scorer: Scorer,
  first: readonly Scored[],
  second: readonly Scored[],
  options: BootstrapOptions = {},
): Promise<PairedDifference> {
  const sizes = first.map((scored) => scored.target.length);
  if (sizes.length !== second.length || sizes.some((size, index) => size !== second[index]!.target.length)) {
    throw invalid('the second model', 'predictions for the very rows of the first', 'other rows');
  }
  const [a, b] = [meanOverGroups(scorer, first), meanOverGroups(scorer, second)];
  const [samples] = await resample([(counts) => a(counts) - b(counts)], sizes, options, listsIn(first));
  const difference =
    meanDefined(first.map((scored) => scorer.score(scored))) -
    meanDefined(second.map((scored) => scorer.score(scored)));
  return { metric: scorer.name, difference, ...percentileInterval(samples!, options.level), ...notBetter(samples!) };
}

function notBetter(samples: Float64Array): { shareNotBetter: number } {
  return { shareNotBetter: samples.reduce((count, value) => count + Number(!(value > 0)), 0) / samples.length };
}
