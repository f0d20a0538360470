import { unknownName } from '../../errors.js';
import { treeMetrics } from '../../kernels/kd-tree.js';
import type { Engine } from '../engine.js';
import { BruteSearch } from './brute-search.js';
import { KdTreeSearch } from './kd-tree-search.js';
import { MetricSpace } from './metric-space.js';
import type { Points } from './points.js';
import type { DistanceMetric, NeighborSearch, SearchOptions } from './search.js';

export { type PairwiseOptions, pairwiseDistances } from './pairwise.js';
export type {
  CountOptions,
  DistanceMetric,
  GowerOptions,
  NeighborSearch,
  QueryOptions,
  SearchAlgorithm,
  SearchOptions,
  Within,
} from './search.js';

/**
 * Lays points out to be searched. Every algorithm gives the same answer.
 * @throws LanewiseError `usage` for options that cannot be, `data` for NaN and infinite numbers
 */
export async function neighborSearch(
  engine: Engine,
  points: Points,
  { metric = 'euclidean', algorithm = 'auto', gower, signal }: SearchOptions = {},
): Promise<NeighborSearch> {
  const space = MetricSpace.of(metric, gower, [points]);
  switch (algorithm) {
    case 'auto':
      return (treeIsFaster(metric, points) ? KdTreeSearch : BruteSearch).place(engine, points, space, signal);
    case 'brute':
      return BruteSearch.place(engine, points, space, signal);
    case 'kd-tree':
      return KdTreeSearch.place(engine, points, space, signal);
    default:
      throw unknownName('algorithm', algorithm, ['auto', 'brute', 'kd-tree']);
  }
}

/** Points of one column from which on a tree is worth while: by L2, where whole numbers find candidates, and otherwise. */
const LEAST_TREE_POINTS = { codes: 16, values: 4 };

/**
 * Does a tree find neighbours faster than looking at all points? It passes points over where a query's neighbourhood crosses
 * few of its cuts, and each further column wants four times as many points for that. Measured: docs/exact-search.md.
 */
export function treeIsFaster(metric: DistanceMetric, { count, dimension }: Points): boolean {
  if (!treeMetrics.includes(metric)) return false;
  const byCodes = metric === 'euclidean' || metric === 'sqeuclidean';
  return count >= (byCodes ? LEAST_TREE_POINTS.codes : LEAST_TREE_POINTS.values) * 4 ** dimension;
}
