import type { Units } from '../../engine/trees/tree-workspace.js';
import { LanewiseError } from '../../errors.js';
import type { Link } from './loss.js';

/** What derivatives are multiplied by before they become f32: powers of two, 1 unless targets or weights are extreme. */
export interface Scales {
  readonly gradientScale: number;
  readonly hessianScale: number;
}

/** Derivatives up to here, and down to its inverse, are stored as they are: f32 holds them, their sums and products. */
const LARGEST = 2 ** 64;

/** The scales for the largest target (by size) and the largest weight. @throws LanewiseError `data` where they overflow. */
export function scalesFor(link: Link, largestTarget: number, largestWeight: number): Scales {
  const slope = (link === 'identity' || link === 'log' ? largestTarget : 1) * largestWeight;
  const curvature = (link === 'log' ? largestTarget : 1) * largestWeight;
  return { gradientScale: scaleFor(slope), hessianScale: scaleFor(curvature) };
}

function scaleFor(size: number): number {
  if (size === Number.POSITIVE_INFINITY) {
    throw new LanewiseError('data', 'Expected weights and targets whose products are finite', {
      hint: 'Divide the weights, or the target, by a large number.',
    });
  }
  let scale = 1;
  while (size * scale > LARGEST) scale /= LARGEST;
  while (size > 0 && size * scale < 1 / LARGEST && scale < 2 ** 960) scale *= LARGEST;
  return scale;
}

/** What quantised levels are worth in derivatives as they are. */
export function unscaledUnits({ gradient, hessian }: Units, { gradientScale, hessianScale }: Scales): Units {
  return { gradient: gradient / gradientScale, hessian: hessian / hessianScale };
}

/** Sums of gradients and hessians, one behind the other, as they are. */
export function unscaledSums(sums: Float64Array, { gradientScale, hessianScale }: Scales): Float64Array {
  return sums.map((sum, index) => sum / (index % 2 === 0 ? gradientScale : hessianScale));
}
