import { LanewiseError, unknownName } from '../../errors.js';
import type { Points } from '../distance.js';
import type { Engine } from '../engine.js';
import { BruteSearch } from './brute-search.js';
import { MetricSpace } from './metric-space.js';
import type { NeighborSearch, SearchOptions } from './search.js';

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
    case 'brute':
      return BruteSearch.place(engine, points, space, signal);
    case 'kd-tree':
      throw new LanewiseError('unsupported', `Expected the algorithm brute or auto but received ${algorithm}`);
    default:
      throw unknownName('algorithm', algorithm, ['auto', 'brute', 'kd-tree']);
  }
}
