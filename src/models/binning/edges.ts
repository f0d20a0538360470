import { between } from '../../kernels/tree-binning.js';

/** A threshold between every two neighbours of distinct ascending values. */
export function midpoints(distinct: Float64Array): Float64Array {
  const edges = new Float64Array(Math.max(0, distinct.length - 1));
  for (let i = 0; i < edges.length; i++) edges[i] = between(distinct[i]!, distinct[i + 1]!);
  return edges;
}

/** Edges that part the range into bins of equal width; fewer where numbers lie too close together for so many. */
export function uniformEdges(least: number, largest: number, maxBins: number): Float64Array {
  const edges: number[] = [];
  for (let i = 1; i < maxBins; i++) {
    // A weighted mean, because the width itself may overflow.
    const edge = least * (1 - i / maxBins) + largest * (i / maxBins);
    if (edge >= least && edge < largest && edge > (edges.at(-1) ?? Number.NEGATIVE_INFINITY)) edges.push(edge);
  }
  return Float64Array.from(edges);
}
