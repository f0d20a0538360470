import { LanewiseError } from '../errors.js';

/** Squares of errors, weighted (`MOST_WEIGHT`) and added over any number of rows, stay finite below this. */
const MOST_TARGET = 1e100;
/** Weights add to no more: products with gradients are f32. */
const MOST_WEIGHT = 1e38;
/** With a largest weight below this, products with gradients vanish in f32. */
const LEAST_WEIGHT = 1e-30;

/**
 * What learns a number and what measures it refuse the same targets: infinite ones, and those whose squares overflow. Missing
 * values are for the caller.
 * @throws LanewiseError `data` with the count.
 */
export function requireUsableTarget(name: string, values: Float64Array): void {
  let [infinite, large] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    const size = Math.abs(values[row]!);
    if (size === Infinity) infinite++;
    else if (size > MOST_TARGET) large++;
  }
  if (infinite > 0) {
    throw new LanewiseError('data', `Expected finite numbers in target "${name}" but ${infinite} are infinite`, {
      column: name,
      hint: 'Leave these rows out, or write what is unknown as an empty cell: rows without a target are not learnt from.',
    });
  }
  if (large > 0) {
    throw new LanewiseError(
      'data',
      `Expected numbers within ±${MOST_TARGET} in target "${name}" but ${large} are beyond`,
      {
        column: name,
        hint: 'Their squares overflow: divide the column by a common factor, or take its logarithm.',
      },
    );
  }
}

/**
 * Weights ≥ 0 whose sum a model can compute with.
 * @throws LanewiseError `data` naming the row, or the sum.
 */
export function requireUsableWeights(name: string, values: Float64Array): void {
  let [sum, largest] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    const weight = values[row]!;
    if (!(weight >= 0) || weight === Number.POSITIVE_INFINITY) {
      const message = `Expected finite weights >= 0 in column "${name}" but received ${weight}`;
      throw new LanewiseError('data', message, { column: name, row: row + 1 });
    }
    sum += weight;
    if (weight > largest) largest = weight;
  }
  if (sum === 0) {
    throw new LanewiseError('data', `Expected a weight above 0 in column "${name}" but all are 0`, { column: name });
  }
  if (sum <= MOST_WEIGHT && largest >= LEAST_WEIGHT) return;
  const wrong = sum > MOST_WEIGHT ? `they add to ${sum}` : `the largest is ${largest}`;
  const message = `Expected weights of at least ${LEAST_WEIGHT} somewhere that add to at most ${MOST_WEIGHT} in column "${name}" but ${wrong}`;
  throw new LanewiseError('data', message, {
    column: name,
    hint: 'Only their proportions count: multiply or divide them all by a common factor.',
  });
}
