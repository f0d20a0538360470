import type { LinkageMetric } from '../../kernels/linkage.js';
import type { Points } from './points.js';

/**
 * Points coordinate by coordinate, as the kernels of hierarchies read them. Those that are compared by cosine are brought to
 * length 1; one of zeros stays, and lies at distance 1 from all.
 */
export function coordinatesOf({ values, count, dimension }: Points, metric: LinkageMetric, out: Float64Array): void {
  for (let i = 0; i < count; i++) {
    const at = i * dimension;
    let unit = 1;
    if (metric === 'cosine') {
      let length = 0;
      for (let j = at; j < at + dimension; j++) length += values[j]! * values[j]!;
      unit = length > 0 ? Math.sqrt(length) : 1;
    }
    for (let j = 0; j < dimension; j++) out[j * count + i] = values[at + j]! / unit;
  }
}
