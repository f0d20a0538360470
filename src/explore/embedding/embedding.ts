import type { Table } from 'apache-arrow';
import type { Neighbors } from '../../engine/neighbors/points.js';
import { type Points, pointsOf } from '../../engine/neighbors/points.js';
import { LanewiseError } from '../../errors.js';
import { featureColumns, requireFinite } from '../../models/features.js';
import { tableFromRegisters } from '../../table/columns.js';
import type { Context, HistoryPoint, TrainingWarning } from '../../table/interfaces.js';

/** Rows as two or three coordinates, for the eye. */
export interface Embedding {
  readonly method: 't-sne' | 'umap';
  readonly rows: number;
  /** Coordinates of a row. */
  readonly nComponents: number;
  /** rows × nComponents, row-major. */
  readonly coordinates: Float64Array;
  /** Iterations or epochs that were done. */
  readonly iterations: number;
  /** Plain language: why it ended. */
  readonly verdict: string;
  readonly warnings: readonly TrainingWarning[];
  /** t-SNE: the Kullback-Leibler divergence in nats, without exaggeration. */
  readonly klDivergence?: number;
  /** t-SNE: the divergence at every fiftieth iteration. */
  readonly history?: readonly HistoryPoint[];
}

export interface EmbeddingOptions extends Context {
  /** Seconds, greater than 0: at their end what there is so far is the result, and the verdict says so. */
  readonly timeBudget?: number;
}

/**
 * The numeric features of a table as points, or points as they are.
 * @throws LanewiseError `data` for categories, missing and infinite values, and for too few rows.
 */
export function pointsToEmbed(method: string, data: Table | Points, least = 2): Points {
  const points = 'dimension' in data ? checkedPoints(method, data) : pointsOfTable(method, data);
  if (points.count >= least) return points;
  const wanted = least === 1 ? 'one row' : 'two rows';
  throw new LanewiseError('data', `Expected at least ${wanted} for ${method} but received ${points.count}`, {
    hint: 'A picture shows how rows lie to each other: one alone has no neighbours.',
  });
}

function pointsOfTable(method: string, table: Table): Points {
  const columns = featureColumns(table);
  requireFinite(method, columns);
  return pointsOf(columns.map(({ values }) => values));
}

function checkedPoints(method: string, points: Points): Points {
  const { values, count, dimension } = points;
  if (values.length !== count * dimension || dimension < 1) {
    const shape = `${count} points of ${dimension}`;
    throw new LanewiseError('usage', `Expected ${count * dimension} values for ${shape} but received ${values.length}`);
  }
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return points;
  const row = Math.floor(at / dimension) + 1;
  const found = `value ${(at % dimension) + 1} of point ${row} is ${values[at]}`;
  throw new LanewiseError('data', `Expected finite numbers for ${method} but ${found}`, { row });
}

/** @throws LanewiseError `data` where a distance is beyond the range of numbers. */
export function requireNear(method: string, { indices, distances }: Neighbors): void {
  if (indices.every((index) => index >= 0) && distances.every(Number.isFinite)) return;
  throw new LanewiseError(
    'data',
    `Expected distances within the range of numbers for ${method} but some are infinite`,
    {
      hint: 'Scale the columns first.',
    },
  );
}

/** The coordinates as a table: tsne_1, tsne_2 or umap_1, umap_2 (and _3), a row a row. */
export function embeddingTable({ method, rows, nComponents, coordinates }: Embedding): Table {
  const prefix = method === 't-sne' ? 'tsne' : 'umap';
  const columns = Array.from({ length: nComponents }, (_, c) => ({
    name: `${prefix}_${c + 1}`,
    type: 'number' as const,
    values: Float64Array.from({ length: rows }, (_, i) => coordinates[i * nComponents + c]!),
  }));
  return tableFromRegisters(columns, rows);
}
