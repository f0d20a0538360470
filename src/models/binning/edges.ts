/** A threshold t with a ≤ t < b, halfway where that can be represented. */
export function between(a: number, b: number): number {
  const middle = a + (b - a) / 2;
  return middle >= a && middle < b ? middle : a;
}

/** A threshold between every two neighbours of distinct ascending values. */
export function midpoints(distinct: Float64Array): Float64Array {
  const edges = new Float64Array(Math.max(0, distinct.length - 1));
  for (let i = 0; i < edges.length; i++) edges[i] = between(distinct[i]!, distinct[i + 1]!);
  return edges;
}

/**
 * Edges that give each bin about as much weight as the bins still to fill need, where a value too heavy for that has a
 * bin to itself. Where the values cross 0, one edge is 0: signs matter, and it costs nothing. Values ascend; without
 * `weights` each weighs 1, and a whole weight counts as so many equal values do.
 */
export function quantileEdges(sorted: Float64Array, maxBins: number, weights?: Float64Array): Float64Array {
  const rows = sorted.length;
  let total = rows;
  if (weights) {
    total = 0;
    for (let i = 0; i < rows; i++) total += weights[i]!;
  }
  const heavy = total / maxBins;
  const edges: number[] = [];
  /** Weight of the bins that are full, of the open one, and what the open one wants. */
  let [before, inBin, wanted] = [0, 0, heavy];
  let end = 0;
  while (end < rows && edges.length < maxBins - 1) {
    const start = end;
    const value = sorted[start]!;
    while (end < rows && sorted[end] === value) end++;
    let weight = end - start;
    if (weights) {
      weight = 0;
      for (let i = start; i < end; i++) weight += weights[i]!;
    }
    const full = start > 0 && (inBin >= wanted || (weight >= heavy && inBin >= wanted / 2));
    if (full) {
      edges.push(between(sorted[start - 1]!, value));
      before += inBin;
      inBin = 0;
      wanted = (total - before) / (maxBins - edges.length);
    }
    inBin += weight;
  }
  const first = edges.findIndex((edge) => edge >= 0);
  if (first > 0 && sorted[0]! < 0 && edges[first]! > 0) edges[first] = 0;
  return Float64Array.from(edges);
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
