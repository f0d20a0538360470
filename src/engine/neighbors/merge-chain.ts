import { condensedIndex, type Linkage, linkages } from '../../kernels/linkage.js';
import type { Engine } from '../engine.js';
import { Breather } from '../turn.js';

/** Two clusters that became one, each named by one of its points. */
export interface Merges {
  /** By merge: a point of each of the two clusters. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** By merge: how far apart they were. */
  readonly distances: Float64Array;
}

export interface ChainOptions {
  readonly linkage: Linkage;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Steps of the chain between two looks at the clock. */
const LOOK_STEPS = 32;
/** Merges between two tellings of progress. */
const TOLD_MERGES = 512;
/** A matrix of fewer clusters is not worth making smaller. */
const LEAST_COMPACTED = 256;

/**
 * All merges of a hierarchy, by nearest-neighbour chains: from a cluster to its nearest, from there to its nearest, until two
 * are each other's nearest, which are merged (Murtagh, 1983; Müllner, "Modern hierarchical, agglomerative clustering
 * algorithms", 2011). Ties are settled as scipy.cluster.hierarchy settles them: a chain begins at the first living cluster;
 * the cluster that it came from wins over equally near ones, then the first; the union takes the place of the later of the
 * two. Merges come in the order of the chain, not of their distances. All distances are finite; `matrix` is overwritten.
 */
export async function mergeChain(
  engine: Engine,
  matrix: Float64Array,
  count: number,
  { linkage, signal, onProgress }: ChainOptions,
): Promise<Merges> {
  using scope = engine.arena.scope();
  const merges = {
    left: new Int32Array(count - 1),
    right: new Int32Array(count - 1),
    distances: new Float64Array(count - 1),
  };
  const breather = new Breather();
  const code = linkages.indexOf(linkage);
  const sizes = scope.allocate('i32', count).fill(1);
  /** Which point stands for the cluster at each place. */
  let names = Int32Array.from({ length: count }, (_, place) => place);
  let chain: number[] = [];
  let places = count;
  let first = 0;
  for (let merged = 0, step = 0; merged < count - 1; step++) {
    if (chain.length === 0) {
      while (sizes[first] === 0) first++;
      chain.push(first);
    }
    const tip = chain.at(-1)!;
    const before = chain.at(-2) ?? -1;
    const nearest = engine.kernels.nearest_condensed_f64(matrix.byteOffset, sizes.byteOffset, places, tip, before);
    if (step % LOOK_STEPS === 0) await breather.breathe(signal);
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    const low = Math.min(tip, before);
    const high = Math.max(tip, before);
    merges.left[merged] = names[low]!;
    merges.right[merged] = names[high]!;
    merges.distances[merged] = matrix[condensedIndex(places, low, high)]!;
    engine.kernels.merge_condensed_f64(matrix.byteOffset, sizes.byteOffset, places, low, high, code);
    sizes[high] = sizes[high]! + sizes[low]!;
    sizes[low] = 0;
    chain.length -= 2;
    merged++;
    if (merged % TOLD_MERGES === 0) onProgress?.(merged, count - 1);
    if (2 * (count - merged) <= places && places > LEAST_COMPACTED) {
      const moved = await compact(matrix, sizes, places, breather, signal);
      chain = chain.map((place) => moved.indexOf(place));
      names = Int32Array.from(moved, (place) => names[place]!);
      places = moved.length;
      first = 0;
    }
  }
  return merges;
}

/** Moves what lives to the front, in its order, so that scans are short; tells which place each came from. */
async function compact(
  matrix: Float64Array,
  sizes: Int32Array,
  places: number,
  breather: Breather,
  signal: AbortSignal | undefined,
): Promise<Int32Array> {
  const living = Int32Array.from({ length: places }, (_, place) => place).filter((place) => sizes[place]! > 0);
  let to = 0;
  for (let i = 0; i < living.length; i++) {
    const base = condensedIndex(places, living[i]!, 0);
    for (let k = i + 1; k < living.length; k++) matrix[to++] = matrix[base + living[k]!]!;
    await breather.breathe(signal);
  }
  living.forEach((place, index) => {
    sizes[index] = sizes[place]!;
  });
  return living;
}
