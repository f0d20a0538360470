import { cos, sin } from './elementary.js';
import type { MetricName } from './metric-distance.js';

/** Coordinates of a point as kernels want them: haversine has two, and three on the sphere. */
export const placedDimension = (metric: MetricName, dimension: number): number =>
  metric === 'haversine' ? 3 : dimension;

/** Beyond these sizes squares overflow or vanish. */
const LARGE = 1e140;
const SMALL = 1e-140;

/**
 * Points as a metric's kernel wants them, written to `placed`: jaccard's as 0 and 1, haversine's (latitude, longitude) on
 * the unit sphere, cosine's times a power of two where their squares would overflow or vanish, all others as they are.
 */
export function placeCoordinates(
  metric: MetricName,
  values: Float64Array,
  dimension: number,
  placed: Float64Array,
): void {
  if (metric === 'haversine') {
    for (let i = 0; i < values.length / 2; i++) {
      const [latitude, longitude] = [values[2 * i]!, values[2 * i + 1]!];
      const across = cos(latitude);
      placed[3 * i] = across * cos(longitude);
      placed[3 * i + 1] = across * sin(longitude);
      placed[3 * i + 2] = sin(latitude);
    }
  } else if (metric === 'jaccard') {
    for (let i = 0; i < values.length; i++) placed[i] = values[i] === 0 ? 0 : 1;
  } else {
    placed.set(values);
    if (metric === 'cosine') holdSizes(placed, dimension);
  }
}

/** Brings points of extreme sizes near 1, by powers of two, which keep every angle. */
function holdSizes(placed: Float64Array, dimension: number): void {
  for (let start = 0; start < placed.length; start += dimension) {
    let largest = 0;
    for (let j = start; j < start + dimension; j++) largest = Math.max(largest, Math.abs(placed[j]!));
    if (!(largest > 0) || (largest > SMALL && largest < LARGE)) continue;
    let scale = 1;
    while (largest * scale >= 2) scale /= 2;
    // A subnormal number wants more than the largest power of two.
    while (largest * scale < 1 && scale < 8.98846567431158e307) scale *= 2;
    for (let j = start; j < start + dimension; j++) placed[j] = placed[j]! * scale;
  }
}
