import type { NeighborSearch } from '../../engine/neighbors/index.js';
import { KdTreeSearch } from '../../engine/neighbors/kd-tree-search.js';
import type { Points } from '../../engine/neighbors/points.js';
import { firstOf, joinSets } from '../../kernels/disjoint-sets.js';
import { queryBlocks } from '../clustering/blocks.js';
import { NOISE, pick } from '../clustering/labels.js';

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

/** By row: the first dense row of its cluster, −1 where it is in none; and which rows are dense. */
interface Joined {
  readonly firsts: Int32Array;
  readonly isCore: Uint8Array;
}

/**
 * Clusters of dense rows and what lies within eps of them, numbered by their first dense row; a row within eps of several
 * belongs to the first of them: as scikit-learn has it. A k-d tree counts rows and joins them without listing who is whose
 * neighbour; else neighbours are listed, by blocks of rows.
 */
export async function densityClusters(
  search: NeighborSearch,
  points: Points,
  options: DensityOptions,
): Promise<DensityClusters> {
  const { count } = points;
  const { firsts, isCore } =
    search instanceof KdTreeSearch
      ? await joinedByTree(search, points, options)
      : await joinedByLists(search, points, options);
  const coreSampleIndices = Int32Array.from({ length: count }, (_, row) => row).filter((row) => isCore[row] === 1);
  const numbers = new Int32Array(count);
  let clusters = 0;
  for (const row of coreSampleIndices) if (firsts[row] === row) numbers[row] = clusters++;
  return { labels: firsts.map((first) => (first < 0 ? NOISE : numbers[first]!)), coreSampleIndices };
}

/** Memory grows with rows; time hardly with eps, as a node of the tree that is of one cluster is passed over. */
async function joinedByTree(
  search: KdTreeSearch,
  points: Points,
  { eps, minSamples, signal, onProgress }: DensityOptions,
): Promise<Joined> {
  const { count } = points;
  const counts = await search.countWithin(points, eps, { enough: minSamples, signal });
  const isCore = Uint8Array.from(counts, (near) => (near >= minSamples ? 1 : 0));
  const firsts = await search.joinWithin(isCore, eps, signal);
  const sparse = Int32Array.from({ length: count }, (_, row) => row).filter((row) => isCore[row] === 0);
  onProgress?.(count - sparse.length, count);
  const asked = pick(points, firsts, sparse).points;
  for (const { start, queries } of queryBlocks(asked, Math.min(count, minSamples))) {
    const { offsets, indices } = await search.within(queries, eps, { signal });
    for (let i = 0; i < queries.count; i++) {
      firsts[sparse[start + i]!] = leastOf(indices.subarray(offsets[i]!, offsets[i + 1]!), isCore, firsts);
    }
    onProgress?.(count - sparse.length + start + queries.count, count);
  }
  return { firsts, isCore };
}

/**
 * Blocks of rows are asked for their neighbours one after the other, and each pair of dense rows is joined when the later of
 * the two is asked; of rows that are not dense, their few neighbours are kept. So memory grows with rows · minSamples,
 * whatever eps is.
 */
async function joinedByLists(
  search: NeighborSearch,
  points: Points,
  { eps, minSamples, signal, onProgress }: DensityOptions,
): Promise<Joined> {
  const { count } = points;
  const isCore = new Uint8Array(count);
  const firsts = Int32Array.from({ length: count }, (_, row) => row);
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
        if (isCore[other]) joinSets(firsts, row, other);
      }
    }
    onProgress?.(end, count);
  }
  for (let row = 0; row < count; row++) if (isCore[row]) firsts[row] = firstOf(firsts, row);
  for (const { row, neighbors } of sparse) firsts[row] = leastOf(neighbors, isCore, firsts);
  return { firsts, isCore };
}

/** The first dense row of the first cluster that one of the neighbours is a dense row of; −1: none is. */
function leastOf(neighbors: Int32Array, isCore: Uint8Array, firsts: Int32Array): number {
  let least = -1;
  for (const other of neighbors) {
    if (isCore[other] && (least < 0 || firsts[other]! < least)) least = firsts[other]!;
  }
  return least;
}
