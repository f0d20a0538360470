import { PANEL, panelCount } from '../../kernels/distance.js';
import type { Points } from '../distance.js';
import type { Engine } from '../engine.js';
import { MetricSpace } from './metric-space.js';
import { PlacedPanels } from './placed-panels.js';
import type { DistanceMetric, GowerOptions, QueryOptions } from './search.js';

export interface PairwiseOptions extends Omit<QueryOptions, 'excludeSelf'> {
  readonly gower?: GowerOptions;
}

/**
 * Distances of every point of `a` to every point of `b`, a.count × b.count, row-major; see `DistanceMetric`. The ranges of
 * gower are, where not given, those of both together.
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
  using panels = await PlacedPanels.place(engine, b, space, signal);
  const all = new Float64Array(a.count * b.count);
  const line = panelCount(b.count) * PANEL;
  const batch = panels.batchRows(8 * line);
  for (let start = 0; start < a.count; start += batch) {
    const count = Math.min(batch, a.count - start);
    using scope = panels.scope();
    const values = a.values.subarray(start * a.dimension, (start + count) * a.dimension);
    const asked = await panels.queries(scope, { values, count, dimension: a.dimension }, signal);
    const out = scope.allocate('f64', count * line);
    const tasks = panels
      .rowsOfTasks(count)
      .map((rows) => asked.call('metric_block_f64', rows, [out.byteOffset + 8 * rows.start * line], []));
    await panels.run(tasks, signal);
    for (let i = 0; i < count; i++) all.set(out.subarray(i * line, i * line + b.count), (start + i) * b.count);
    onProgress?.({ what: 'rows', done: start + count, total: a.count });
  }
  return all;
}
