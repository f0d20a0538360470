/** The place of each value from 0, equal values sharing the mean of their places. */
export function rankValues(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]! || a - b);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let place = start; place < end; place++) ranks[order[place]!] = 0.5 * (start + end - 1);
    start = end;
  }
  return ranks;
}
