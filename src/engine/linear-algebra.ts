/** Linear algebra on the engine, one file a thing; and what linear models are made of. */
export { BLOCK_ROWS, blockSum, mergePartials } from './block-sums.js';
export { DesignMatrix, type Scaling } from './design-matrix.js';
export { type Cholesky, cholesky, choleskySolve } from './linear-algebra/cholesky.js';
export { solveSemidefinite, symmetricEigen } from './linear-algebra/symmetric-eigen.js';
export { type LinearLossName, LinearProblem } from './linear-problem.js';
export { scoreLinearOn } from './linear-scores.js';
