import type { Table } from 'apache-arrow';
import type { ColumnRange, ColumnRanges } from '../scoring/golden.js';
import type { Program } from '../scoring/program.js';
import { readNumbers } from '../table/columns.js';
import { column } from '../table/schema.js';

/** Least and greatest finite value of each number and timestamp that a program reads. */
export function columnRanges(program: Program, table: Table): ColumnRanges {
  const ranges: Record<string, ColumnRange> = {};
  for (const { name, type } of program.inputs) {
    if (type !== 'number' && type !== 'timestamp') continue;
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of readNumbers(column(table, name))) {
      if (!Number.isFinite(value)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (min <= max) ranges[name] = { min, max };
  }
  return ranges;
}
