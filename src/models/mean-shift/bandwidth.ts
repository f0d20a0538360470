import type { Engine } from '../../engine/engine.js';
import { neighborSearch } from '../../engine/neighbors/index.js';
import type { Points } from '../../engine/neighbors/points.js';
import { invalid } from '../../errors.js';
import { queryBlocks } from '../clustering/blocks.js';

export interface BandwidthOptions {
  /** The share of all rows that lies within the bandwidth, on average; default 0.3. */
  readonly quantile?: number;
  readonly signal?: AbortSignal;
}

/** A bandwidth for mean shift: the mean distance of rows to their nearest ⌊quantile · rows⌋-th row, themselves counted. */
export async function estimateBandwidth(
  engine: Engine,
  points: Points,
  { quantile = 0.3, signal }: BandwidthOptions = {},
): Promise<number> {
  if (!(quantile >= 0 && quantile <= 1)) throw invalid('quantile', 'a number from 0 to 1', quantile);
  const k = Math.max(1, Math.floor(points.count * quantile));
  using search = await neighborSearch(engine, points, { signal });
  let sum = 0;
  for (const { queries } of queryBlocks(points, k)) {
    const { distances } = await search.nearest(queries, k, { signal });
    for (let i = 0; i < queries.count; i++) sum += distances[i * k + k - 1]!;
  }
  return sum / points.count;
}
