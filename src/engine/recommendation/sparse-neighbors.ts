import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { type SparseRows, transposeRows } from '../sparse-matrix.js';
import { rangesOf, type TopLists, type TopOptions } from './factors.js';

/** By row: its k most alike rows, the most alike first; −1 with 0 where there are fewer. */
export interface SimilarRows {
  readonly neighbors: Int32Array;
  readonly scores: Float64Array;
}

/** Rows by cosine, times c / (c + shrinkage), c being the columns that both have. Only likenesses above 0. */
export async function similarRows(
  engine: Engine,
  rows: SparseRows,
  k: number,
  shrinkage: number,
  signal?: AbortSignal,
): Promise<SimilarRows> {
  const { rowCount } = rows;
  using scope = engine.arena.scope();
  const columns = transposeRows(rows);
  const norms = scope.allocate('f64', rowCount);
  for (let row = 0; row < rowCount; row++) {
    let square = 0;
    for (let e = rows.offsets[row]!; e < rows.offsets[row + 1]!; e++) square += rows.values[e]! * rows.values[e]!;
    norms[row] = Math.sqrt(square);
  }
  const left = place(scope, rows);
  const right = place(scope, columns);
  const scores = scope.allocate('f64', rowCount * k);
  const neighbors = scope.allocate('i32', rowCount * k);
  // A row costs what the columns it has are long.
  const reach = new Float64Array(rowCount + 1);
  for (let row = 0; row < rowCount; row++) {
    let cost = rowCount >> 4;
    for (let e = rows.offsets[row]!; e < rows.offsets[row + 1]!; e++) {
      const column = rows.indices[e]!;
      cost += columns.offsets[column + 1]! - columns.offsets[column]!;
    }
    reach[row + 1] = reach[row]! + cost;
  }
  const tasks = rangesOf({ rowCount, offsets: reach }, 4, 0).map(([start, end]): Task => {
    const values = [
      left.offsets.byteOffset + 4 * start,
      left.indices.byteOffset,
      left.values.byteOffset,
      ...offsetsOf(right),
      norms.byteOffset,
      scores.byteOffset + 8 * start * k,
      neighbors.byteOffset + 4 * start * k,
      ...scratchOf(scope, rowCount),
    ];
    const entries = rows.indices.length;
    const shape = [end - start, entries, rows.columnCount, entries, rowCount, start, k, shrinkage];
    return { kernel: 'sparse_similar_rows_f64', values: [...values, ...shape] };
  });
  await engine.run(tasks, signal);
  return { neighbors: neighbors.slice(), scores: scores.slice() };
}

/** The n largest numbers above 0 of each row of left · right, and their columns. */
export async function sparseTop(
  engine: Engine,
  left: SparseRows,
  right: SparseRows,
  { n, seenOffsets, seenItems, allowed, signal }: TopOptions,
): Promise<TopLists> {
  using scope = engine.arena.scope();
  const [a, b] = [place(scope, left), place(scope, right)];
  const offsets = scope.copy('i32', seenOffsets);
  const seen = scope.copy('i32', seenItems);
  const may = allowed && scope.copy('u8', allowed);
  const scores = scope.allocate('f64', left.rowCount * n);
  const items = scope.allocate('i32', left.rowCount * n);
  const perEntry = 4 * Math.max(1, right.indices.length / Math.max(1, right.rowCount));
  const tasks = rangesOf(left, perEntry, right.columnCount / 8).map(([start, end]): Task => {
    const values = [
      a.offsets.byteOffset + 4 * start,
      a.indices.byteOffset,
      a.values.byteOffset,
      ...offsetsOf(b),
      offsets.byteOffset + 4 * start,
      seen.byteOffset,
      may?.byteOffset ?? 0,
      scores.byteOffset + 8 * start * n,
      items.byteOffset + 4 * start * n,
      ...scratchOf(scope, right.columnCount),
    ];
    const inner = [left.indices.length, right.rowCount, right.indices.length, right.columnCount];
    return { kernel: 'sparse_top_f64', values: [...values, end - start, ...inner, seenItems.length, n] };
  });
  await engine.run(tasks, signal);
  return { items: items.slice(), scores: scores.slice() };
}

function place(scope: Scope, rows: SparseRows): SparseRows {
  return {
    ...rows,
    offsets: scope.copy('i32', rows.offsets),
    indices: scope.copy('i32', rows.indices),
    values: scope.copy('f64', rows.values),
  };
}

function offsetsOf({ offsets, indices, values }: SparseRows): number[] {
  return [offsets.byteOffset, indices.byteOffset, values.byteOffset];
}

function scratchOf(scope: Scope, columnCount: number): number[] {
  const [sums, counts, touched] = [
    scope.allocate('f64', columnCount),
    scope.allocate('i32', columnCount),
    scope.allocate('i32', columnCount),
  ];
  return [sums.byteOffset, counts.byteOffset, touched.byteOffset];
}
