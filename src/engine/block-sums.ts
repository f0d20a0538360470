/** Rows a block: the unit that threads share out. A function of the row index alone, so sums have one order. */
export const BLOCK_ROWS = 16_384;

/**
 * Joins partial results pairwise, neighbours first, whoever computed them: the one tree. partials[0] receives what all give
 * together; by default their sum.
 */
export function mergePartials(partials: readonly Float64Array[], join = addTo): Float64Array {
  for (let distance = 1; distance < partials.length; distance *= 2) {
    for (let i = 0; i + distance < partials.length; i += 2 * distance) join(partials[i]!, partials[i + distance]!);
  }
  return partials[0]!;
}

function addTo(into: Float64Array, from: Float64Array): void {
  for (let k = 0; k < into.length; k++) into[k]! += from[k]!;
}

/** The sum of values, in blocks that merge in the one tree. */
export function blockSum(length: number, term: (index: number) => number): number {
  const partials: Float64Array[] = [];
  for (let start = 0; start < length || start === 0; start += BLOCK_ROWS) {
    let sum = 0;
    const end = Math.min(length, start + BLOCK_ROWS);
    for (let i = start; i < end; i++) sum += term(i);
    partials.push(Float64Array.of(sum));
  }
  return mergePartials(partials)[0]!;
}
