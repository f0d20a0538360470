import { defaultEngine, type Engine, type Task } from '../../engine/engine.js';
import { Breather } from '../../engine/turn.js';
import { SORT_COUNTERS } from '../../kernels/statistics.js';
import type { RegisterColumn } from '../../table/columns.js';
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
const COLUMNS_AT_ONCE = 4;

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
  const step = COLUMNS_AT_ONCE * engine.threads;
  for (let first = 0; first < columns.length; first += step) {
    const some = columns.slice(first, first + step);
    const summaries: (NumericSummary | CategorySummary)[] = [];
    for (const column of some) {
      summaries.push(summaryOf(column, chunk, options));
      await breather.breathe(signal);
    }
    const numeric = summaries.filter((summary) => summary instanceof NumericSummary);
    const bins = (await numericBins(engine, numeric, signal)).values();
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
  summary.add(column, chunk, true);
  return summary;
}

/** The bins of some columns, whose samples are sorted on all threads. */
export async function numericBins(
  engine: Engine,
  summaries: readonly NumericSummary[],
  signal?: AbortSignal,
): Promise<FeatureBins[]> {
  using scope = engine.arena.scope();
  const tasks: Task[] = [];
  const samples = summaries.map((summary) => {
    if (!summary.needsSorting) return undefined;
    const sample = summary.sample.finish();
    const values = scope.copy('f64', sample.values);
    const weights = sample.weights && scope.copy('f64', sample.weights);
    const scratch = scope.allocate('f64', 2 * values.length + SORT_COUNTERS);
    const offsets = [values.byteOffset, weights?.byteOffset ?? 0, scratch.byteOffset];
    tasks.push({ kernel: 'values_sort_f64', values: [...offsets, values.length] });
    return { values, weights };
  });
  await engine.run(tasks, signal);
  return summaries.map((summary, index) => summary.bins(samples[index]));
}
