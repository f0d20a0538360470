import type { Table } from 'apache-arrow';
import { type Points, pointsOf } from '../../engine/neighbors/points.js';
import { LanewiseError } from '../../errors.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FitOptions } from '../../table/interfaces.js';
import { namesWithRole } from '../../table/schema.js';
import { featureColumns, requireFinite } from '../features.js';

/** Squares of distances above this could not be added up any more. */
const FARTHEST_SQUARE = 1e300;

/** The rows that a clustering forms clusters of. */
export interface Clustered {
  readonly columns: readonly RegisterColumn[];
  readonly points: Points;
}

/**
 * The features of a table as points.
 * @throws LanewiseError `data` for categories, missing and infinite values, no rows, and values so far apart that distances
 * overflow; `unsupported` for row weights.
 */
export function clusteredPoints(name: string, table: Table, options: FitOptions): Clustered {
  const weights = options.weights ?? namesWithRole(table, 'weight')[0];
  if (weights !== undefined) {
    throw new LanewiseError('unsupported', `Expected no row weights for ${name} but received "${weights}"`, {
      column: weights,
      hint: 'Give the column the role ignore, or use k-means, which weighs rows.',
    });
  }
  const columns = featureColumns(table, options);
  requireFinite(name, columns);
  let square = 0;
  for (const { name: column, values } of columns) {
    let [least, greatest] = [values[0]!, values[0]!];
    for (let row = 1; row < values.length; row++) {
      if (values[row]! < least) least = values[row]!;
      if (values[row]! > greatest) greatest = values[row]!;
    }
    square += (greatest - least) * (greatest - least) + Math.max(least * least, greatest * greatest);
    if (!(square < FARTHEST_SQUARE)) {
      throw new LanewiseError(
        'data',
        `Expected values whose squared distances are below ${FARTHEST_SQUARE} for ${name}, but column "${column}" spans ${least} to ${greatest}`,
        { column, hint: 'Scale the columns first.' },
      );
    }
  }
  return { columns, points: pointsOf(columns.map((column) => column.values)) };
}

/** @throws LanewiseError `data` where there are fewer rows than `least`, which a parameter asks for. */
export function requireRows(name: string, rows: number, least: number, parameter: string): void {
  if (rows >= least) return;
  throw new LanewiseError(
    'data',
    `Expected at least ${least} rows for ${name} with ${parameter} = ${least} but received ${rows}`,
    { hint: `Ask for less: ${parameter}.` },
  );
}
