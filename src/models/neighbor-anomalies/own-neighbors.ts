import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { neighborSearch } from '../../engine/neighbors/index.js';
import { type Neighbors, type Points, pointsOf } from '../../engine/neighbors/points.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { NeighborScoreOperation, Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FitOptions, Training, TrainingWarning } from '../../table/interfaces.js';
import { anomalyProgram, refuseWeights } from '../anomalies.js';
import { featureColumns, inputsOf, requireFinite } from '../features.js';

/** Training rows and the neighbours of each among the others. */
export interface OwnNeighbors {
  readonly columns: readonly RegisterColumn[];
  readonly points: Points;
  readonly neighbors: Neighbors;
  /** Neighbours of each row: nNeighbors, or all others. */
  readonly k: number;
}

/**
 * Every training row's k nearest among the others.
 * @throws LanewiseError `data` for fewer than two rows and for features that are no finite numbers; `unsupported` for weights
 */
export async function ownNeighbors(
  model: string,
  table: Table,
  options: FitOptions,
  { nNeighbors, metric }: { nNeighbors: number; metric: NeighborScoreOperation['metric'] },
): Promise<OwnNeighbors> {
  throwIfCancelled(options.signal);
  const columns = featureColumns(table, options);
  refuseWeights(model, table, options);
  requireFinite(model, columns);
  if (table.numRows < 2) {
    throw new LanewiseError('data', `Expected two rows or more for ${model} but received ${table.numRows}`);
  }
  const { signal, onProgress } = options;
  const engine = options.engine ?? (await defaultEngine());
  const points = pointsOf(columns.map((column) => column.values));
  const k = Math.min(nNeighbors, table.numRows - 1);
  using search = await neighborSearch(engine, points, { metric, signal });
  const neighbors = await search.nearest(points, k, { excludeSelf: true, signal, onProgress });
  onProgress?.({ what: 'model', done: 1, total: 1 });
  return { columns, points, neighbors, k };
}

/** The program that scores new rows by their nearest training rows. */
export function neighborProgram(
  { columns, points, k }: OwnNeighbors,
  operation: Pick<NeighborScoreOperation, 'metric' | 'score' | 'reaches' | 'densities'>,
  threshold: number,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = columns.map((_, j) => j);
  const score = builder.add({ op: 'neighborScore', inputs, k, points: points.values, ...operation });
  return anomalyProgram(builder, score, threshold);
}

export function stored(
  { points, k }: OwnNeighbors,
  nNeighbors: number,
  threshold: number,
  others: readonly TrainingWarning[] = [],
): Training {
  const fewer = `there are ${points.count} rows: each is compared with the ${k} others, not with ${nNeighbors}`;
  const warnings = [...(k < nNeighbors ? [{ name: 'few-neighbors', message: fewer }] : []), ...others];
  return {
    rows: points.count,
    iterations: 1,
    bestIteration: 1,
    lossName: 'none',
    history: [],
    verdict: `keeps its ${points.count} rows; a row is an anomaly above a score of ${Number(threshold.toPrecision(4))}`,
    ...(warnings.length > 0 && { warnings }),
  };
}
