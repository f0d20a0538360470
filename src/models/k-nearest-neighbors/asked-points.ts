import type { Table } from 'apache-arrow';
import { MetricSpace } from '../../engine/neighbors/metric-space.js';
import { pointsOf } from '../../engine/neighbors/points.js';
import { invalid, LanewiseError } from '../../errors.js';
import { treeMetrics } from '../../kernels/kd-tree.js';
import type { MetricName } from '../../kernels/metric-distance.js';
import type { ProgramBuilder } from '../../scoring/builder.js';
import type { MetricNeighborsOperation } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FitOptions } from '../../table/interfaces.js';
import { featureColumns, requireFinite, weightsOf } from '../features.js';

/** How neighbours are asked: so many (k > 0), or all within a radius (k = 0). */
export interface Asking {
  readonly k: number;
  readonly radius: number;
  readonly weights: 'uniform' | 'distance';
  readonly metric: MetricName;
  readonly algorithm: 'auto' | 'brute' | 'kd-tree';
}

/** The rows that may be asked. */
export interface AskedPoints {
  readonly columns: readonly RegisterColumn[];
  /** Rows of the table: those whose weight is above 0. */
  readonly rows: Int32Array;
  readonly points: Float64Array;
  /** Gower's ranges and weights. */
  readonly gower: Float64Array;
  /** Weight by kept row; undefined where all weigh alike. */
  readonly weights: Float64Array | undefined;
}

/**
 * Features and weights of a table, checked for a metric.
 * @throws LanewiseError `data` for values that the metric cannot take, `usage` for settings that do not go together
 */
export function askedPoints(model: string, table: Table, options: FitOptions, asking: Asking): AskedPoints {
  const { metric, weights: weighing } = asking;
  if (metric === 'dot' && weighing === 'distance') {
    throw invalid('weights', '"uniform" for the metric dot, a similarity,', weighing);
  }
  if (asking.algorithm === 'kd-tree' && !treeMetrics.includes(metric)) {
    throw invalid('algorithm', `"auto" or "brute" for the metric ${metric}`, 'kd_tree');
  }
  const columns = featureColumns(table, options);
  requireUsable(model, columns, metric);
  const weights = weightsOf(table, options);
  const rows = Int32Array.from({ length: table.numRows }, (_, row) => row).filter(
    (row) => !weights || weights[row]! > 0,
  );
  if (rows.length === 0) {
    throw new LanewiseError('data', `Expected a row with a weight above 0 for ${model} but there is none`);
  }
  const kept = columns.map(({ values }) => (rows.length === values.length ? values : takeValues(values, rows)));
  const points = pointsOf(kept);
  const kinds = columns.map(({ type }) => (type === 'category' || type === 'boolean' ? 'categorical' : 'numeric'));
  // Refuses what the metric has no use for, as another number of coordinates than two for haversine.
  const space = MetricSpace.of(metric, { kinds }, [points]);
  return {
    columns,
    rows,
    points: points.values,
    gower: space.columns ?? new Float64Array(0),
    weights: weights && takeValues(weights, rows),
  };
}

export function takeValues(values: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]!);
}

function requireUsable(model: string, columns: readonly RegisterColumn[], metric: MetricName): void {
  if (metric !== 'gower' && metric !== 'nan-euclidean') return requireFinite(model, columns);
  // Missing values are taken; nothing else that is no number is.
  const shown = columns
    .filter(({ type }) => metric !== 'gower' || type !== 'category')
    .map((column) => ({ ...column, values: column.values.filter((value) => !Number.isNaN(value)) }));
  requireFinite(model, shown);
}

/** Emits the search: the registers of the weighted means of `targets`, `width` a kept row. */
export function emitNeighbors(
  builder: ProgramBuilder,
  { columns, points, gower }: AskedPoints,
  asking: Asking,
  targets: Float64Array,
  width: number,
  otherwise: Float64Array = new Float64Array(0),
): number[] {
  const first = builder.reserve(width);
  const outputs = Array.from({ length: width }, (_, k) => first + k);
  const inputs = columns.map((_, j) => j);
  const { k, radius, weights, metric, algorithm } = asking;
  if (k > 0 && metric === 'euclidean' && algorithm === 'auto') {
    builder.emit({ op: 'neighbors', inputs, outputs, k, weights, points, targets });
  } else {
    const operation: Omit<MetricNeighborsOperation, 'op'> = {
      ...{ inputs, outputs, metric, k, radius, weights, algorithm, points },
      ...{ columns: gower, targets, otherwise },
    };
    builder.emit({ op: 'metricNeighbors', ...operation });
  }
  return outputs;
}

/**
 * The shares of the classes among the neighbours, as registers.
 * @param codes classes by kept row
 * @param otherwise shares where there is no neighbour; empty: missing
 */
export function emitVotes(
  builder: ProgramBuilder,
  asked: AskedPoints,
  asking: Asking,
  codes: Float64Array,
  classCount: number,
  otherwise?: Float64Array,
): number[] {
  const votes = new Float64Array(codes.length * classCount);
  codes.forEach((code, row) => {
    votes[row * classCount + code] = asked.weights ? asked.weights[row]! : 1;
  });
  const shares = emitNeighbors(builder, asked, asking, votes, classCount, otherwise);
  if (!asked.weights) return shares;
  const first = builder.reserve(classCount);
  const outputs = shares.map((_, k) => first + k);
  builder.emit({ op: 'normalize', inputs: shares, outputs });
  return outputs;
}

/** The mean of the neighbours' values, as a register. */
export function emitMean(builder: ProgramBuilder, asked: AskedPoints, asking: Asking, values: Float64Array): number {
  const { weights } = asked;
  if (!weights) return emitNeighbors(builder, asked, asking, values, 1)[0]!;
  const products = new Float64Array(2 * values.length);
  values.forEach((value, row) => {
    products[2 * row] = weights[row]! * value;
    products[2 * row + 1] = weights[row]!;
  });
  const [left, right] = emitNeighbors(builder, asked, asking, products, 2);
  return builder.add({ op: 'binary', operator: 'divide', left: left!, right: right! });
}
