// The law is src/kernels/sparse-neighbors.ts.
import { isSeen, offerScore } from './inline/ranked-list';

// Adds a row of the product to `sums`; returns how many columns have any term. `counts` counts a column's terms.
// @ts-ignore: decorator
@inline
function gatherRow(
  offset: usize, indices: usize, values: usize, otherOffsets: usize, otherIndices: usize, otherValues: usize,
  sums: usize, counts: usize, touched: usize,
): i32 {
  let found = 0;
  const last = load<i32>(offset, 4);
  for (let e = load<i32>(offset); e < last; e++) {
    const value = load<f64>(values + (<usize>e << 3));
    const row = otherOffsets + (<usize>load<i32>(indices + (<usize>e << 2)) << 2);
    const end = load<i32>(row, 4);
    for (let o = load<i32>(row); o < end; o++) {
      const column = load<i32>(otherIndices + (<usize>o << 2));
      const term = value * load<f64>(otherValues + (<usize>o << 3));
      const sum = sums + (<usize>column << 3), count = counts + (<usize>column << 2);
      const before = load<i32>(count);
      if (before == 0) {
        store<i32>(touched + (<usize>found << 2), column);
        found++;
        store<f64>(sum, term + 0);
      } else store<f64>(sum, term + load<f64>(sum));
      store<i32>(count, before + 1);
    }
  }
  return found;
}

export function sparse_similar_rows_f64(
  offsets: usize, indices: usize, values: usize, otherOffsets: usize, otherIndices: usize, otherValues: usize, norms: usize,
  scores: usize, neighbors: usize, sums: usize, counts: usize, touched: usize,
  rowCount: i32, entryCount: i32, innerCount: i32, otherEntryCount: i32, columnCount: i32, firstRow: i32, k: i32, shrinkage: f64,
): void {
  memory.fill(counts, 0, <usize>columnCount << 2);
  memory.fill(scores, 0, <usize>(rowCount * k) << 3);
  memory.fill(neighbors, 255, <usize>(rowCount * k) << 2);
  for (let row = 0; row < rowCount; row++, offsets += 4, scores += <usize>k << 3, neighbors += <usize>k << 2) {
    const found = gatherRow(offsets, indices, values, otherOffsets, otherIndices, otherValues, sums, counts, touched);
    const self = firstRow + row;
    for (let t = 0; t < found; t++) {
      const column = load<i32>(touched + (<usize>t << 2));
      const count = <f64>load<i32>(counts + (<usize>column << 2));
      store<i32>(counts + (<usize>column << 2), 0);
      const lengths = load<f64>(norms + (<usize>self << 3)) * load<f64>(norms + (<usize>column << 3));
      if (column == self || !(lengths > 0)) continue;
      const score = (load<f64>(sums + (<usize>column << 3)) / lengths) * (count / (count + shrinkage));
      if (score > 0) offerScore(scores, neighbors, k, score, column);
    }
  }
}

export function sparse_top_f64(
  offsets: usize, indices: usize, values: usize, otherOffsets: usize, otherIndices: usize, otherValues: usize,
  seenOffsets: usize, seenItems: usize, allowed: usize, scores: usize, items: usize, sums: usize, counts: usize, touched: usize,
  rowCount: i32, entryCount: i32, innerCount: i32, otherEntryCount: i32, columnCount: i32, seenCount: i32, n: i32,
): void {
  memory.fill(counts, 0, <usize>columnCount << 2);
  for (let i = 0; i < rowCount * n; i++) store<f64>(scores + (<usize>i << 3), -Infinity);
  memory.fill(items, 255, <usize>(rowCount * n) << 2);
  for (let row = 0; row < rowCount; row++, offsets += 4, scores += <usize>n << 3, items += <usize>n << 2) {
    const found = gatherRow(offsets, indices, values, otherOffsets, otherIndices, otherValues, sums, counts, touched);
    const seen = seenOffsets + (<usize>row << 2);
    const start = load<i32>(seen), end = load<i32>(seen, 4);
    for (let t = 0; t < found; t++) {
      const column = load<i32>(touched + (<usize>t << 2));
      store<i32>(counts + (<usize>column << 2), 0);
      const score = load<f64>(sums + (<usize>column << 3));
      if (!(score > 0) || (allowed && load<u8>(allowed + column) == 0)) continue;
      if (isSeen(seenItems, start, end, column)) continue;
      offerScore(scores, items, n, score, column);
    }
  }
}
