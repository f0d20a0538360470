import { unknownName } from '../../errors.js';
import { treeMetrics } from '../../kernels/kd-tree.js';
import type { Points } from '../distance.js';
import type { Engine } from '../engine.js';
import { BruteSearch } from './brute-search.js';
import { KdTreeSearch } from './kd-tree-search.js';
import { MetricSpace } from './metric-space.js';
import type { DistanceMetric, NeighborSearch, SearchOptions } from './search.js';

export { type PairwiseOptions, pairwiseDistances } from './pairwise.js';
export type {
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

/**
 * Does a tree find neighbours faster than looking at all points? A tree of 2^depth leaves passes points over only where a
 * query's neighbourhood crosses few of its cuts: each coordinate wants some of them. Measured: docs/exact-search.md.
 */
function treeIsFaster(metric: DistanceMetric, { count, dimension }: Points): boolean {
  return treeMetrics.includes(metric) && dimension <= MOST_TREE_DIMENSION && count >= LEAST_TREE_POINTS * dimension;
}

const MOST_TREE_DIMENSION = 8;
const LEAST_TREE_POINTS = 128;
