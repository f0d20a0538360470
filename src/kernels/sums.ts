/**
 * The one order in which the house adds floating-point numbers. A sum over n elements uses 32 virtual lanes (element i
 * goes to lane i mod 32) and folds them in halves: 16 + 16, 8 + 8, 4 + 4, 2 + 2, 1 + 1. Every instruction set up to
 * 512-bit f32 pairs can keep these lanes in registers, so the bits never depend on the width of the machine.
 */
export const LANES = 32;

/** Matrix products add their terms in blocks of so many, and then the blocks (matrix-product.ts). */
export const DEPTH_BLOCK = 256;

/** Folds 32 lane sums into one, halving. `lanes` is overwritten. */
export function foldLanes(lanes: Float64Array | Float32Array): number {
  for (let width = LANES / 2; width >= 1; width /= 2) {
    for (let lane = 0; lane < width; lane++) lanes[lane] = lanes[lane]! + lanes[lane + width]!;
  }
  return lanes[0]!;
}

/** The lane sum of `term(i)` for i in [start, end); lanes are counted from `start`. */
export function laneSum(start: number, end: number, term: (index: number) => number): number {
  const lanes = new Float64Array(LANES);
  for (let i = start; i < end; i++) lanes[(i - start) & (LANES - 1)]! += term(i);
  return foldLanes(lanes);
}
