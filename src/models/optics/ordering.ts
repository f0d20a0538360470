import type { Engine } from '../../engine/engine.js';
import type { Points } from '../../engine/neighbors/points.js';
import { TreeGrowth } from '../../engine/neighbors/tree-growth.js';
import { Breather } from '../../engine/turn.js';
import type { LinkageMetric } from '../../kernels/linkage.js';

/** Rows in the order of their density, so that those of a cluster are neighbours. */
export interface Reachability {
  /** Rows, in order. */
  readonly ordering: Int32Array;
  /** By row: how far it was when its turn came; Infinity: it was not reached. */
  readonly reachability: Float64Array;
  /** By row: over which row it was reached; −1: over none. */
  readonly predecessor: Int32Array;
  /** By row: how far its minSamples-th nearest row is; Infinity beyond maxEps. */
  readonly coreDistances: Float64Array;
}

export interface OrderingOptions {
  readonly metric: LinkageMetric;
  readonly maxEps: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Rows between two tellings of progress. */
const TOLD_ROWS = 512;

/**
 * From the first row on, always the row that is nearest to those before, the first of equals; where none is reached, the
 * first that is left. A row is reached over a dense one at their distance, but no nearer than the dense one's core. Ankerst,
 * Breunig, Kriegel and Sander, "OPTICS: ordering points to identify the clustering structure", 1999.
 */
export async function orderByReachability(
  engine: Engine,
  points: Points,
  coreDistances: Float64Array,
  { metric, maxEps, signal, onProgress }: OrderingOptions,
): Promise<Reachability> {
  const { count } = points;
  const ordering = new Int32Array(count);
  const reachability = new Float64Array(count);
  const predecessor = new Int32Array(count);
  const isDone = new Uint8Array(count);
  using growth = new TreeGrowth(engine, points, { metric });
  const breather = new Breather();
  let [next, first] = [-1, 0];
  for (let at = 0; at < count; at++) {
    while (first < count && isDone[first]) first++;
    const row: number = next < 0 ? first : next;
    const { distance, source } = growth.reached(row);
    ordering[at] = row;
    reachability[row] = distance;
    predecessor[row] = source;
    isDone[row] = 1;
    growth.take(row);
    const core = coreDistances[row]!;
    // What is not dense reaches nothing, but tells which row is next.
    const reaching = core < Number.POSITIVE_INFINITY ? { core, limit: maxEps } : { core: 0, limit: -1 };
    next = await growth.reachOver(row, reaching);
    if (at % TOLD_ROWS === 0) onProgress?.(at + 1, count);
    await breather.breathe(signal);
  }
  return { ordering, reachability, predecessor, coreDistances };
}
