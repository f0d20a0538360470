import { Breather } from '../turn.js';

/** A weighted directed graph by compressed rows: the entries of row i are offsets[i] … offsets[i + 1] − 1, by neighbour ascending. */
export interface SparseGraph {
  readonly offsets: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

/** Rows between two looks at the clock. */
const ROWS = 1024;

/** The rows of k neighbours each, among `columnCount` points, as a graph, less what weighs nothing. */
export async function graphOfNeighbors(
  indices: Int32Array,
  weights: Float64Array,
  rowCount: number,
  signal?: AbortSignal,
  columnCount = rowCount,
): Promise<SparseGraph> {
  const k = rowCount === 0 ? 0 : indices.length / rowCount;
  const offsets = new Int32Array(rowCount + 1);
  const kept = new Int32Array(indices.length);
  const values = new Float64Array(indices.length);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    for (let at = row * k; at < (row + 1) * k; at++) {
      if (!(weights[at]! > 0)) continue;
      kept[count] = indices[at]!;
      values[count++] = weights[at]!;
    }
    offsets[row + 1] = count;
  }
  const unsorted = { offsets, indices: kept.subarray(0, count), values: values.subarray(0, count) };
  // A transposition sorts the entries of its rows.
  return transposed(await transposed(unsorted, signal, columnCount), signal, rowCount);
}

/** The same edges the other way round; @param columnCount where it is not that of the rows */
async function transposed(
  graph: SparseGraph,
  signal?: AbortSignal,
  columnCount = graph.offsets.length - 1,
): Promise<SparseGraph> {
  const rowCount = graph.offsets.length - 1;
  const breather = new Breather();
  const offsets = new Int32Array(columnCount + 1);
  for (const column of graph.indices) offsets[column + 1]!++;
  for (let row = 0; row < columnCount; row++) offsets[row + 1]! += offsets[row]!;
  const places = offsets.slice();
  const indices = new Int32Array(graph.indices.length);
  const values = new Float64Array(graph.indices.length);
  for (let row = 0; row < rowCount; row++) {
    if (row % ROWS === 0) await breather.breathe(signal);
    for (let e = graph.offsets[row]!; e < graph.offsets[row + 1]!; e++) {
      const place = places[graph.indices[e]!]!++;
      indices[place] = row;
      values[place] = graph.values[e]!;
    }
  }
  return { offsets, indices, values };
}

/** The edges of a graph and of its transpose, of `join(there, back)` each; where one of the two is missing it counts as 0. */
export async function symmetrized(
  graph: SparseGraph,
  join: (there: number, back: number) => number,
  signal?: AbortSignal,
): Promise<SparseGraph> {
  const back = await transposed(graph, signal);
  const rowCount = graph.offsets.length - 1;
  const breather = new Breather();
  const offsets = new Int32Array(rowCount + 1);
  const indices = new Int32Array(2 * graph.indices.length);
  const values = new Float64Array(2 * graph.indices.length);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    if (row % ROWS === 0) await breather.breathe(signal);
    let [a, b] = [graph.offsets[row]!, back.offsets[row]!];
    const [aEnd, bEnd] = [graph.offsets[row + 1]!, back.offsets[row + 1]!];
    while (a < aEnd || b < bEnd) {
      const first = a < aEnd ? graph.indices[a]! : rowCount;
      const second = b < bEnd ? back.indices[b]! : rowCount;
      indices[count] = Math.min(first, second);
      const there = first <= second ? graph.values[a++]! : 0;
      values[count++] = join(there, second <= first ? back.values[b++]! : 0);
    }
    offsets[row + 1] = count;
  }
  return { offsets, indices: indices.slice(0, count), values: values.slice(0, count) };
}

/** The edges that `keep` says yes to. */
export function filtered(graph: SparseGraph, keep: (value: number) => boolean): SparseGraph {
  const offsets = new Int32Array(graph.offsets.length);
  const indices = new Int32Array(graph.indices.length);
  const values = new Float64Array(graph.indices.length);
  let count = 0;
  for (let row = 0; row + 1 < offsets.length; row++) {
    for (let e = graph.offsets[row]!; e < graph.offsets[row + 1]!; e++) {
      if (!keep(graph.values[e]!)) continue;
      indices[count] = graph.indices[e]!;
      values[count++] = graph.values[e]!;
    }
    offsets[row + 1] = count;
  }
  return { offsets, indices: indices.slice(0, count), values: values.slice(0, count) };
}

/** By point, which part of a symmetric graph it is in, numbered by their first points; no edge joins two parts. */
export function componentsOf({ offsets, indices }: SparseGraph): Int32Array {
  const components = new Int32Array(offsets.length - 1).fill(-1);
  const waiting: number[] = [];
  let parts = 0;
  for (let start = 0; start < components.length; start++) {
    if (components[start]! >= 0) continue;
    components[start] = parts;
    waiting.push(start);
    for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        const next = indices[e]!;
        if (components[next]! >= 0) continue;
        components[next] = parts;
        waiting.push(next);
      }
    }
    parts++;
  }
  return components;
}

/** The part of a symmetric graph that consists of these points, ascending, numbered anew; no edge leads out of it. */
export function graphOfComponent(graph: SparseGraph, rows: Int32Array): SparseGraph {
  const places = new Map<number, number>();
  rows.forEach((row, place) => places.set(row, place));
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, place) => {
    offsets[place + 1] = offsets[place]! + graph.offsets[row + 1]! - graph.offsets[row]!;
  });
  const indices = new Int32Array(offsets.at(-1)!);
  const values = new Float64Array(indices.length);
  rows.forEach((row, place) => {
    const [from, end] = [graph.offsets[row]!, graph.offsets[row + 1]!];
    values.set(graph.values.subarray(from, end), offsets[place]!);
    for (let e = from; e < end; e++) indices[offsets[place]! + e - from] = places.get(graph.indices[e]!)!;
  });
  return { offsets, indices, values };
}
