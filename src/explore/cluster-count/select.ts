import type { Table } from 'apache-arrow';
import { ClusteredPoints } from '../../engine/clustering/clustered-points.js';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { pairwiseDistances } from '../../engine/neighbors/index.js';
import type { Points } from '../../engine/neighbors/points.js';
import { randomKey, stream } from '../../engine/random.js';
import { Breather } from '../../engine/turn.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import { sampleRows } from '../../evaluate/clustering.js';
import { log } from '../../kernels/elementary.js';
import { lloyd } from '../../models/k-means/lloyd.js';
import { plusPlusStart } from '../../models/k-means/start.js';
import { readRegister } from '../../table/columns.js';
import type { Context } from '../../table/interfaces.js';
import { columnsOf } from '../../table/schema.js';
import { type Choices, type ClusterFigures, choicesOf, sentenceOf, suggestionOf } from './criteria.js';

export interface ClusterCountOptions extends Context {
  /** The fewest clusters that are tried; default 1, which the gap statistic needs to say that there are none. */
  readonly minClusters?: number;
  /** The most; default 10. Fewer where there are fewer different rows. */
  readonly maxClusters?: number;
  /** Default: every column of numbers with the role feature. */
  readonly columns?: readonly string[];
  /** Columns in units of their deviations; default true. */
  readonly standardize?: boolean;
  /** Starts of k-means for each number; default 5. */
  readonly nInit?: number;
  /** Sets without clusters that the gap statistic compares with; default 10. */
  readonly references?: number;
  /** Rows beyond so many are sampled; default 5,000. */
  readonly sampleSize?: number;
}

export interface ClusterCount {
  /** By number of clusters, ascending. */
  readonly figures: readonly ClusterFigures[];
  readonly choices: Choices;
  /** What most criteria choose; null where none can tell. */
  readonly suggestion: number | null;
  /** The same in words. */
  readonly sentence: string;
  readonly columns: readonly string[];
  readonly rows: number;
  /** Rows that were looked at. */
  readonly sampled: number;
  /** Rows that lack a value, and were left out. */
  readonly incomplete: number;
}

/** Rows whose distances to one another the silhouette is made of: the work grows with their square. */
const SILHOUETTE_ROWS = 2000;
const STARTS_OF_REFERENCES = 2;

/**
 * How many clusters are there? k-means for each number of them, judged by the elbow of the inertia, the silhouette, the gap
 * statistic (its reference sets uniform over the ranges of the columns, one standard error), Calinski–Harabasz and
 * Davies–Bouldin.
 * @throws LanewiseError `data` where no column of numbers or fewer than three complete rows are left; `usage` for numbers
 * of clusters that are no range
 */
export async function selectClusterCount(table: Table, options: ClusterCountOptions = {}): Promise<ClusterCount> {
  const { minClusters = 1, maxClusters = 10, seed = 0, signal, references = 10, nInit = 5 } = options;
  if (!(Number.isInteger(minClusters) && minClusters >= 1))
    throw invalid('minClusters', 'an integer >= 1', minClusters);
  if (!(Number.isInteger(maxClusters) && maxClusters > minClusters)) {
    throw invalid('maxClusters', `an integer > ${minClusters}`, maxClusters);
  }
  if (!(Number.isInteger(references) && references >= 1)) throw invalid('references', 'an integer >= 1', references);
  if (!(Number.isInteger(nInit) && nInit >= 1)) throw invalid('nInit', 'an integer >= 1', nInit);
  const engine = options.engine ?? (await defaultEngine());
  const data = readPoints(table, options);
  const most = Math.min(maxClusters, data.different, data.points.count - 1);
  const last = Math.max(most, minClusters);
  const counts = Array.from({ length: last - minClusters + 1 }, (_, i) => minClusters + i);
  let done = 0;
  const total = counts.length * (1 + references);
  const step = () => options.onProgress?.({ what: 'clustering', done: ++done, total });
  const clusterings = await clusterEach(engine, data.points, counts, { seed, name: 'data', nInit, signal, step });
  const gaps = await gapsOf(engine, data.points, counts, clusterings, { seed, references, signal, step });
  const silhouettes = await silhouettesOf(engine, data.points, clusterings, seed, signal);
  const figures = counts.map((k, i): ClusterFigures => {
    const { labels, inertia } = clusterings[i]!;
    return { k, inertia, silhouette: silhouettes[i]!, ...spreadFigures(data.points, labels), ...gaps[i]! };
  });
  const choices = choicesOf(figures);
  return {
    figures,
    choices,
    suggestion: suggestionOf(choices),
    sentence: sentenceOf(choices, figures),
    columns: data.columns,
    rows: table.numRows,
    sampled: data.points.count,
    incomplete: data.incomplete,
  };
}

interface Data {
  readonly points: Points;
  readonly columns: readonly string[];
  readonly incomplete: number;
  /** Different points, counted no farther than is asked for. */
  readonly different: number;
}

function readPoints(table: Table, options: ClusterCountOptions): Data {
  const { sampleSize = 5000, standardize = true, seed = 0, maxClusters = 10 } = options;
  const numeric = columnsOf(table).filter(({ kind, role }) => kind === 'numeric' && role === 'feature');
  const columns = options.columns ?? numeric.map(({ name }) => name);
  const registers = columns.map((name) => readRegister(table, name));
  const wrong = registers.find(({ type }) => type === 'category' || type === 'text');
  if (wrong) {
    throw new LanewiseError('data', `Expected numbers in column "${wrong.name}" but it holds texts`, {
      column: wrong.name,
      hint: 'Leave it out, or encode it first.',
    });
  }
  const values = registers.map((register) => register.values);
  const complete = Uint32Array.from({ length: table.numRows }, (_, row) => row).filter((row) =>
    values.every((column) => Number.isFinite(column[row])),
  );
  if (columns.length === 0 || complete.length < 3) {
    throw new LanewiseError(
      'data',
      `Expected a column of numbers and three complete rows to find clusters in but received ${columns.length} columns and ${complete.length} rows`,
      { hint: 'Impute missing values first.' },
    );
  }
  const sample = sampleRows(complete.length, sampleSize, seed);
  const rows = Uint32Array.from(sample, (index) => complete[index]!);
  const dimension = columns.length;
  const points = new Float64Array(rows.length * dimension);
  values.forEach((column, j) => {
    const own = Float64Array.from(rows, (row) => column[row]!);
    const mean = own.reduce((sum, value) => sum + value / own.length, 0);
    const deviation = Math.sqrt(own.reduce((sum, value) => sum + ((value - mean) / own.length) * (value - mean), 0));
    const scale = standardize && deviation > 0 && deviation < Number.POSITIVE_INFINITY ? deviation : 1;
    for (let i = 0; i < own.length; i++) points[i * dimension + j] = (own[i]! - mean) / scale;
  });
  const different = new Set<string>();
  for (let i = 0; i < rows.length && different.size < maxClusters; i++) {
    different.add(points.subarray(i * dimension, (i + 1) * dimension).join());
  }
  return {
    points: { values: points, count: rows.length, dimension },
    columns,
    incomplete: table.numRows - complete.length,
    different: different.size,
  };
}

interface Clustered {
  readonly labels: Int32Array;
  readonly inertia: number;
}

async function clusterEach(
  engine: Engine,
  points: Points,
  counts: readonly number[],
  options: {
    readonly seed: number;
    readonly name: string;
    readonly nInit: number;
    readonly signal: AbortSignal | undefined;
    readonly step: () => void;
  },
): Promise<Clustered[]> {
  const { seed, name, nInit, signal, step } = options;
  using placed = await ClusteredPoints.of(engine, points, { signal });
  const found: Clustered[] = [];
  for (const k of counts) {
    let best: Clustered | undefined;
    for (let run = 0; run < (k === 1 ? 1 : nInit); run++) {
      throwIfCancelled(signal);
      const key = randomKey(seed, 'cluster-count', name, k, run);
      const start = placed.pick(await plusPlusStart(placed, k, key, { signal }));
      const { labels, inertia } = await lloyd(placed, start, { maxIterations: 300, tolerance: 0, signal });
      if (!best || inertia < best.inertia) best = { labels, inertia };
    }
    found.push(best!);
    step();
  }
  return found;
}

/** By number of clusters: the gap and its standard error. */
async function gapsOf(
  engine: Engine,
  points: Points,
  counts: readonly number[],
  clusterings: readonly Clustered[],
  options: {
    readonly seed: number;
    readonly references: number;
    readonly signal: AbortSignal | undefined;
    readonly step: () => void;
  },
): Promise<Pick<ClusterFigures, 'gap' | 'gapError'>[]> {
  const { seed, references, signal, step } = options;
  const logs: number[][] = [];
  for (let reference = 0; reference < references; reference++) {
    const uniform = uniformPoints(points, seed, reference);
    const name = `reference-${reference}`;
    const found = await clusterEach(engine, uniform, counts, { seed, name, nInit: STARTS_OF_REFERENCES, signal, step });
    logs.push(found.map(({ inertia }) => log(inertia)));
  }
  return counts.map((_, i) => {
    const { inertia } = clusterings[i]!;
    const own = logs.map((each) => each[i]!);
    if (!(inertia > 0) || !own.every(Number.isFinite)) return { gap: null, gapError: null };
    const mean = own.reduce((sum, value) => sum + value, 0) / references;
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / references;
    return { gap: mean - log(inertia), gapError: Math.sqrt(variance * (1 + 1 / references)) };
  });
}

/** As many points, uniform over the ranges of the coordinates. */
function uniformPoints({ values, count, dimension }: Points, seed: number, reference: number): Points {
  const random = stream(seed, 'cluster-count', 'uniform', reference);
  const [low, high] = [new Float64Array(dimension).fill(Infinity), new Float64Array(dimension).fill(-Infinity)];
  for (let at = 0; at < values.length; at++) {
    const j = at % dimension;
    low[j] = Math.min(low[j]!, values[at]!);
    high[j] = Math.max(high[j]!, values[at]!);
  }
  const drawn = values.map(
    (_, at) => low[at % dimension]! + random.uniform() * (high[at % dimension]! - low[at % dimension]!),
  );
  return { values: drawn, count, dimension };
}

/** Silhouettes of several clusterings, on the same rows: their distances are computed once. */
async function silhouettesOf(
  engine: Engine,
  points: Points,
  clusterings: readonly Clustered[],
  seed: number,
  signal: AbortSignal | undefined,
): Promise<(number | null)[]> {
  const rows = sampleRows(points.count, SILHOUETTE_ROWS, seed);
  const { dimension } = points;
  const values = new Float64Array(rows.length * dimension);
  rows.forEach((row, i) => {
    values.set(points.values.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  const sample = { values, count: rows.length, dimension };
  const distances = await pairwiseDistances(engine, sample, sample, 'euclidean', { ...(signal && { signal }) });
  const breather = new Breather();
  const found: (number | null)[] = [];
  for (const { labels } of clusterings) {
    const own = Int32Array.from(rows, (row) => labels[row]!);
    const sizes = new Float64Array(own.reduce((most, label) => Math.max(most, label), 0) + 1);
    for (const label of own) sizes[label]!++;
    const used = sizes.filter((size) => size > 0).length;
    if (used < 2 || used >= rows.length) {
      found.push(null);
      continue;
    }
    let total = 0;
    const sums = new Float64Array(sizes.length);
    for (let i = 0; i < rows.length; i++) {
      if (i % 256 === 0) await breather.breathe(signal);
      total += silhouetteOf(distances.subarray(i * rows.length, (i + 1) * rows.length), own, own[i]!, sizes, sums);
    }
    found.push(total / rows.length);
  }
  return found;
}

function silhouetteOf(
  distances: Float64Array,
  labels: Int32Array,
  own: number,
  sizes: Float64Array,
  sums: Float64Array,
): number {
  if (sizes[own] === 1) return 0; // alone in its cluster: 0 by definition
  sums.fill(0);
  for (let j = 0; j < labels.length; j++) sums[labels[j]!]! += distances[j]!;
  const within = sums[own]! / (sizes[own]! - 1);
  let nearest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < sizes.length; k++) {
    if (k !== own && sizes[k]! > 0) nearest = Math.min(nearest, sums[k]! / sizes[k]!);
  }
  const wider = Math.max(within, nearest);
  return wider === 0 ? 0 : (nearest - within) / wider;
}

/** Calinski–Harabasz and Davies–Bouldin, null where there is one cluster, or as many as points. */
function spreadFigures(
  { values, count, dimension }: Points,
  labels: Int32Array,
): Pick<ClusterFigures, 'calinskiHarabasz' | 'daviesBouldin'> {
  const clusters = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const sizes = new Float64Array(clusters);
  const centers = new Float64Array(clusters * dimension);
  const middle = new Float64Array(dimension);
  for (let i = 0; i < count; i++) {
    sizes[labels[i]!]!++;
    for (let j = 0; j < dimension; j++) {
      centers[labels[i]! * dimension + j]! += values[i * dimension + j]!;
      middle[j]! += values[i * dimension + j]! / count;
    }
  }
  const used = Array.from(sizes.keys()).filter((k) => sizes[k]! > 0);
  if (used.length < 2 || used.length >= count) return { calinskiHarabasz: null, daviesBouldin: null };
  for (const k of used) for (let j = 0; j < dimension; j++) centers[k * dimension + j]! /= sizes[k]!;
  const apart = (a: Float64Array, i: number, b: Float64Array, k: number) => {
    let sum = 0;
    for (let j = 0; j < dimension; j++) sum += (a[i * dimension + j]! - b[k * dimension + j]!) ** 2;
    return sum;
  };
  let [between, within] = [0, 0];
  const spreads = new Float64Array(clusters);
  for (let i = 0; i < count; i++) {
    const square = apart(values, i, centers, labels[i]!);
    within += square;
    spreads[labels[i]!]! += Math.sqrt(square) / sizes[labels[i]!]!;
  }
  for (const k of used) between += sizes[k]! * apart(centers, k, middle, 0);
  let bouldin = 0;
  for (const a of used) {
    let worst = 0;
    for (const b of used) {
      const distance = a === b ? 0 : Math.sqrt(apart(centers, a, centers, b));
      if (distance > 0) worst = Math.max(worst, (spreads[a]! + spreads[b]!) / distance);
    }
    bouldin += worst / used.length;
  }
  const harabasz = within === 0 ? 1 : (between * (count - used.length)) / (within * (used.length - 1));
  return { calinskiHarabasz: harabasz, daviesBouldin: bouldin };
}
