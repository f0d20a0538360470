import { Breather } from '../turn.js';

/** Two clusters that became one, each named by one of its points. */
export interface Merges {
  /** By merge: a point of each of the two clusters. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** By merge: how far apart they were. */
  readonly distances: Float64Array;
}

/** Clusters that are merged, each at a place of its own; at first every point is one. */
export interface ChainedClusters {
  lives(place: number): boolean;
  /** The nearest living cluster: `previous` (−1: none) wins over equals, then the first. */
  nearest(place: number, previous: number): number;
  /** Makes two clusters one, in the place of the second; how far apart they were. */
  merge(first: number, second: number): number;
  /** Moves what lives to the front, in its order, so that scans are short; which place each came from. */
  compact(breather: Breather, signal: AbortSignal | undefined): Promise<Int32Array>;
}

export interface ChainOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Steps of the chain between two looks at the clock. */
const LOOK_STEPS = 32;
/** Merges between two tellings of progress. */
const TOLD_MERGES = 512;
/** Fewer clusters are not worth moving together. */
const LEAST_COMPACTED = 256;

/**
 * All merges of a hierarchy, by nearest-neighbour chains: from a cluster to its nearest, from there to its nearest, until two
 * are each other's nearest, which are merged (Murtagh, 1983; Müllner, "Modern hierarchical, agglomerative clustering
 * algorithms", 2011). Ties are settled as scipy.cluster.hierarchy settles them: a chain begins at the first living cluster;
 * the cluster that it came from wins over equally near ones, then the first; the union takes the place of the later of the
 * two. Merges come in the order of the chain, not of their distances. All distances are finite; the clusters are used up.
 */
export async function mergeChain(
  clusters: ChainedClusters,
  count: number,
  { signal, onProgress }: ChainOptions,
): Promise<Merges> {
  const merges = {
    left: new Int32Array(count - 1),
    right: new Int32Array(count - 1),
    distances: new Float64Array(count - 1),
  };
  const breather = new Breather();
  /** Which point stands for the cluster at each place. */
  let names = Int32Array.from({ length: count }, (_, place) => place);
  let chain: number[] = [];
  let first = 0;
  for (let merged = 0, step = 0; merged < count - 1; step++) {
    if (chain.length === 0) {
      while (!clusters.lives(first)) first++;
      chain.push(first);
    }
    const tip = chain.at(-1)!;
    const before = chain.at(-2) ?? -1;
    const nearest = clusters.nearest(tip, before);
    if (step % LOOK_STEPS === 0) await breather.breathe(signal);
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    const low = Math.min(tip, before);
    const high = Math.max(tip, before);
    merges.left[merged] = names[low]!;
    merges.right[merged] = names[high]!;
    merges.distances[merged] = clusters.merge(low, high);
    // Rounding may have led the chain around: it ends before the first of the two.
    chain.length = chain.findIndex((place) => place === low || place === high);
    merged++;
    if (merged % TOLD_MERGES === 0) onProgress?.(merged, count - 1);
    if (2 * (count - merged) <= names.length && names.length > LEAST_COMPACTED) {
      const moved = await clusters.compact(breather, signal);
      chain = chain.map((place) => moved.indexOf(place));
      names = Int32Array.from(moved, (place) => names[place]!);
      first = 0;
    }
  }
  return merges;
}
