import type { Points } from '../../engine/distance.js';
import type { NeighborSearch } from '../../engine/neighbors/index.js';
import { queryBlocks } from '../clustering/blocks.js';
import { NOISE } from '../clustering/labels.js';
import { UnionFind } from '../clustering/union-find.js';

export interface DensityOptions {
  readonly eps: number;
  readonly minSamples: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface DensityClusters {
  readonly labels: Int32Array;
  /** Rows with minSamples rows within eps, themselves among them, ascending. */
  readonly coreSampleIndices: Int32Array;
}

/**
 * Clusters of dense rows and what lies within eps of them. Blocks of rows are asked for their neighbours one after the
 * other, and each pair of dense rows is joined when the later of the two is asked; of rows that are not dense, their few
 * neighbours are kept. So memory grows with rows · minSamples, whatever eps is. Clusters are numbered by their first dense
 * row; a row within eps of several belongs to the first of them: as scikit-learn has it.
 */
export async function densityClusters(
  search: NeighborSearch,
  points: Points,
  { eps, minSamples, signal, onProgress }: DensityOptions,
): Promise<DensityClusters> {
  const { count } = points;
  const isCore = new Uint8Array(count);
  const sets = new UnionFind(count);
  const sparse: { row: number; neighbors: Int32Array }[] = [];
  for (const { start, queries } of queryBlocks(points)) {
    const { offsets, indices } = await search.within(queries, eps, { signal });
    const end = start + queries.count;
    for (let i = 0; i < queries.count; i++) isCore[start + i] = offsets[i + 1]! - offsets[i]! >= minSamples ? 1 : 0;
    for (let i = 0; i < queries.count; i++) {
      const row = start + i;
      const neighbors = indices.subarray(offsets[i]!, offsets[i + 1]!);
      if (!isCore[row]) {
        sparse.push({ row, neighbors: neighbors.slice() });
        continue;
      }
      for (const other of neighbors) {
        // Those behind the block find this row when they are asked.
        if (other >= end) break;
        if (isCore[other]) sets.join(row, other);
      }
    }
    onProgress?.(end, count);
  }
  const coreSampleIndices = Int32Array.from({ length: count }, (_, row) => row).filter((row) => isCore[row] === 1);
  const labels = new Int32Array(count).fill(NOISE);
  let clusters = 0;
  for (const row of coreSampleIndices) {
    const first = sets.find(row);
    labels[row] = first === row ? clusters++ : labels[first]!;
  }
  for (const { row, neighbors } of sparse) {
    let least = NOISE;
    for (const other of neighbors) {
      if (isCore[other] && (least === NOISE || labels[other]! < least)) least = labels[other]!;
    }
    labels[row] = least;
  }
  return { labels, coreSampleIndices };
}
