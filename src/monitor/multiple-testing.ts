/**
 * Adjusted p-values of Benjamini and Hochberg (1995): calling those below α significant keeps the expected share of false
 * alarms among the alarms below α. NaN stays and is not counted as a test.
 */
export function benjaminiHochberg(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).filter((index) => !Number.isNaN(values[index]));
  order.sort((a, b) => values[b]! - values[a]!);
  const adjusted = values.map(() => Number.NaN);
  let smallest = 1;
  order.forEach((index, place) => {
    smallest = Math.min(smallest, (values[index]! * order.length) / (order.length - place));
    adjusted[index] = smallest;
  });
  return adjusted;
}
