/** Linear algebra on the engine, one file a thing; and what linear models are made of. */
export { BLOCK_ROWS, blockSum, mergePartials } from './block-sums.js';
export { DesignMatrix, type Scaling } from './descent/design-matrix.js';
export { type LinearLossName, LinearProblem } from './descent/linear-problem.js';
export { type Cholesky, cholesky, choleskySolve, choleskySolveMany } from './linear-algebra/cholesky.js';
export { gramMatrix } from './linear-algebra/gram.js';
export { type QR, qr } from './linear-algebra/qr.js';
export { type RandomizedOptions, randomizedSvd } from './linear-algebra/randomized-svd.js';
export { flipSigns, leadsNegative, type Svd, svd } from './linear-algebra/svd.js';
export { type SymmetricEigen, solveSemidefinite, symmetricEigen } from './linear-algebra/symmetric-eigen.js';
export { solveTriangular, type Triangle } from './linear-algebra/triangular.js';
export { scoreLinearOn } from './scoring/linear-scores.js';
