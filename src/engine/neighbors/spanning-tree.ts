import type { Engine } from '../engine.js';
import { Breather } from '../turn.js';
import type { Merges } from './merge-chain.js';
import type { Points } from './points.js';
import { type GrowthOptions, TreeGrowth } from './tree-growth.js';

export interface SpanningTreeOptions extends GrowthOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Edges between two tellings of progress. */
const TOLD_EDGES = 512;

/**
 * The edges of a minimum spanning tree, from point 0 on, in the order in which points come inside: `left` is the point inside,
 * `right` the new one. With cores, distances are those of mutual reachability: no less than either point's core.
 */
export async function spanningTree(
  engine: Engine,
  points: Points,
  { signal, onProgress, ...options }: SpanningTreeOptions,
): Promise<Merges> {
  const { count } = points;
  const edges = {
    left: new Int32Array(count - 1),
    right: new Int32Array(count - 1),
    distances: new Float64Array(count - 1),
  };
  using growth = new TreeGrowth(engine, points, options);
  const breather = new Breather();
  growth.take(0);
  let current = 0;
  for (let edge = 0; edge < count - 1; edge++) {
    current = await growth.reachOver(current, { core: options.cores?.[current] });
    const { distance, source } = growth.reached(current);
    edges.left[edge] = source;
    edges.right[edge] = current;
    edges.distances[edge] = distance;
    growth.take(current);
    if (edge % TOLD_EDGES === 0) onProgress?.(edge + 1, count - 1);
    await breather.breathe(signal);
  }
  return edges;
}
