import type { Points } from '../distance.js';
import type { Engine } from '../engine.js';
import type { DistanceBlocks } from './distance-blocks.js';
import { MetricSpace } from './metric-space.js';
import { PlacedPanels } from './placed-panels.js';
import { ProductDistances } from './product-distances.js';
import type { DistanceMetric, GowerOptions, QueryOptions } from './search.js';

export interface PairwiseOptions extends Omit<QueryOptions, 'excludeSelf'> {
  readonly gower?: GowerOptions;
}

/** Bytes of distances that are computed at a time, while those before them are copied out. */
const BLOCK_BYTES = 8_388_608;

/**
 * Distances of every point of `a` to every point of `b`, a.count × b.count, row-major; see `DistanceMetric`. The ranges of
 * gower are, where not given, those of both together. On an engine of `numerics: 'fast'` euclidean, sqeuclidean, cosine and dot
 * of eight coordinates and more come from products of matrices: see `ProductDistances` for how near they are.
 * @throws LanewiseError `usage` for points of different dimensions, `data` for NaN and infinite numbers
 */
export async function pairwiseDistances(
  engine: Engine,
  a: Points,
  b: Points,
  metric: DistanceMetric,
  { gower, signal, onProgress }: PairwiseOptions = {},
): Promise<Float64Array> {
  const space = MetricSpace.of(metric, gower, [a, b]);
  const way = ProductDistances.fits(engine, space) ? ProductDistances : PlacedPanels;
  using blocks: DistanceBlocks = await way.place(engine, b, space, signal);
  const { line } = blocks;
  const all = new Float64Array(a.count * b.count);
  const step = Math.max(1, Math.min(a.count, Math.floor(BLOCK_BYTES / 8 / Math.max(1, line))));
  using room = engine.arena.scope();
  const buffers = Array.from({ length: a.count > step ? 2 : 1 }, () => room.allocate('f64', step * line));
  // This thread copies a block out while the others begin the next.
  let copying: (() => void) | undefined;
  for (let start = 0, place = 0; start < a.count; start += step, place = 1 - place) {
    const count = Math.min(step, a.count - start);
    const out = buffers[place]!;
    using scope = engine.arena.scope();
    const values = a.values.subarray(start * a.dimension, (start + count) * a.dimension);
    const [first, ...others] = await blocks.tasks(scope, { values, count, dimension: a.dimension }, out, signal);
    await engine.run(first, signal, copying);
    for (const tasks of others) await engine.run(tasks, signal);
    copying = () => copyRows(out, line, all.subarray(start * b.count, (start + count) * b.count), b.count);
    onProgress?.({ what: 'rows', done: start + count, total: a.count });
  }
  copying?.();
  return all;
}

/** Rows of `width` values out of rows of `line`. */
function copyRows(from: Float64Array, line: number, to: Float64Array, width: number): void {
  if (line === width) return to.set(from.subarray(0, to.length));
  for (let at = 0, start = 0; at < to.length; at += width, start += line)
    to.set(from.subarray(start, start + width), at);
}
