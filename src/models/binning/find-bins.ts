import { defaultEngine, type Engine, type Task } from '../../engine/engine.js';
import { treeThreads } from '../../engine/trees/tree-threads.js';
import { Breather } from '../../engine/turn.js';
import { EDGE_COUNTERS } from '../../kernels/tree-binning.js';
import { numbersOf, type RegisterColumn } from '../../table/columns.js';
import type { FeatureBins } from './bins.js';
import { type ChunkRows, chunkRows } from './sample.js';
import { type Binning, CategorySummary, NumericSummary } from './summary.js';

export interface BinningOptions {
  readonly maxBins: number;
  readonly seed: number;
  /** Categories keep bins of their own ('native') or are numbers by their code ('ordered'). */
  readonly categories: 'native' | 'ordered';
  /** Default 'quantile'. */
  readonly binning?: Binning;
  /** By row, ≥ 0; default: each row weighs 1. */
  readonly weights?: Float64Array;
  /** Default: `defaultEngine()`. */
  readonly engine?: Engine;
}

/** Columns whose samples are in memory at once, a thread. */
const COLUMNS_AT_ONCE = 2;

/** Finds the bins of every column from the rows given (ascending indices). */
export async function findBins(
  columns: readonly RegisterColumn[],
  rows: Uint32Array,
  options: BinningOptions,
  signal?: AbortSignal,
): Promise<FeatureBins[]> {
  const engine = options.engine ?? (await defaultEngine());
  const breather = new Breather();
  const chunk = chunkRows(engine, options.seed, 0, rows, options.weights);
  const found: FeatureBins[] = [];
  const threads = treeThreads(engine.threads, rows.length, columns.length);
  const step = COLUMNS_AT_ONCE * threads;
  for (let first = 0; first < columns.length; first += step) {
    const some = columns.slice(first, first + step);
    const summaries: (NumericSummary | CategorySummary)[] = [];
    for (const column of some) {
      summaries.push(summaryOf(column, chunk, options));
      await breather.breathe(signal);
    }
    const numeric = summaries.filter((summary) => summary instanceof NumericSummary);
    const bins = (await numericBins(engine, numeric, threads, signal)).values();
    summaries.forEach((summary, index) => {
      const labels = some[index]!.labels?.length ?? 0;
      found.push(summary instanceof NumericSummary ? bins.next().value! : summary.bins(labels));
    });
    await breather.breathe(signal);
  }
  return found;
}

function summaryOf(
  column: RegisterColumn,
  chunk: ChunkRows,
  options: BinningOptions,
): NumericSummary | CategorySummary {
  if (column.type === 'category' && options.categories === 'native') {
    const summary = new CategorySummary(column.name);
    summary.add(column.values, chunk.all, column.labels?.length ?? 0, options.weights);
    return summary;
  }
  const summary = new NumericSummary(column.name, options.binning ?? 'quantile', options.maxBins);
  summary.add({ type: column.type, labels: column.labels, values: numbersOf(column) }, chunk, true);
  return summary;
}

/** The bins of some columns; edges of equal weight are found on all threads, or, for less work, on one. */
export async function numericBins(
  engine: Engine,
  summaries: readonly NumericSummary[],
  threads = engine.threads,
  signal?: AbortSignal,
): Promise<FeatureBins[]> {
  using scope = engine.arena.scope();
  const tasks: Task[] = [];
  const places = summaries.map((summary) => {
    if (!summary.needsSample) return undefined;
    const { maxBins } = summary;
    const { values, weights } = summary.placeSample(scope);
    const scratch = scope.allocate('f64', 4 * values.length + EDGE_COUNTERS);
    const edges = scope.allocate('f64', maxBins);
    const offsets = [values, weights, edges, scratch].map((array) => array?.byteOffset ?? 0);
    tasks.push({ kernel: 'bin_edges_f64', values: [...offsets, maxBins, values.length] });
    return edges.byteOffset;
  });
  const run = await (threads > 1 ? engine.run(tasks, signal) : engine.runAlone(tasks, signal));
  const counts = run.values();
  return summaries.map((summary, index) => {
    const place = places[index];
    if (place === undefined) return summary.bins();
    const found = new Float64Array(engine.arena.memory.buffer, place, counts.next().value!);
    return summary.bins(Float64Array.from(found));
  });
}
