import { cholesky, choleskySolve, type LinearProblem, solveSemidefinite } from '../../engine/linear-algebra.js';

/** Coefficients in the units of the design matrix, and how they were found. */
export interface Solution {
  readonly coefficients: Float64Array;
  readonly singular: boolean;
  /** Half the mean squared error that is left. */
  readonly loss: number;
}

/**
 * Least squares with an L2 penalty: (xᵀ·W·x + penalty)·u = xᵀ·W·y by Cholesky on the Gram matrix, then refined against
 * the residuals of the data, which gives back what forming the Gram matrix lost. A singular system gets the shortest
 * solution.
 */
export async function solveLeastSquares(
  problem: LinearProblem,
  penalties: Float64Array,
  totalWeight: number,
  signal?: AbortSignal,
): Promise<Solution> {
  const { columnCount, engine } = problem.design;
  const gram = await problem.gram('weights', false, signal);
  for (let j = 0; j < columnCount; j++) {
    gram[j * columnCount + j]! += penalties[j]!;
    // A constant column has no weight at all: any coefficient would do, 0 is the shortest.
    if (gram[j * columnCount + j] === 0) gram[j * columnCount + j] = 1;
  }
  const factor = await cholesky(engine, gram, columnCount, { signal });
  const solve = (right: Float64Array): Float64Array | Promise<Float64Array> =>
    factor ? choleskySolve(factor, right) : solveSemidefinite(engine, gram, columnCount, right, signal);
  let coefficients: Float64Array = new Float64Array(columnCount + 1);
  let loss = 0;
  for (let round = 0; round < 3; round++) {
    const evaluation = await problem.evaluate(coefficients, signal);
    loss = evaluation.loss;
    if (round === 2) break;
    const right = new Float64Array(columnCount);
    for (let j = 0; j < columnCount; j++) right[j] = -evaluation.gradient[j]! - penalties[j]! * coefficients[j]!;
    const correction = await solve(right);
    coefficients = coefficients.map((value, j) => (j < columnCount ? value + correction[j]! : 0));
  }
  return { coefficients: coefficients.subarray(0, columnCount), singular: !factor, loss: loss / totalWeight };
}
