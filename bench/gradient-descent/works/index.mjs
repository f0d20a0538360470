// The works of this bench, in the order of the report. A work: title, data (sets.py), peers (name → 'python' or 'node'), the
// names of quality that may not be worse than the best peer's by more than `tolerance` (lower is better), and `measure`.
import * as lassoPath from './lasso-path.mjs';
import * as leastSquares from './least-squares.mjs';
import * as linearSvm from './linear-svm.mjs';
import * as logistic from './logistic.mjs';
import * as matrixProduct from './matrix-product.mjs';
import * as network from './network.mjs';
import * as pca from './pca.mjs';
import * as poisson from './poisson.mjs';
import * as ridge from './ridge.mjs';
import * as sgd from './sgd.mjs';
import * as svm from './svm.mjs';
import * as text from './text.mjs';

export const works = {
  'lasso-path': lassoPath,
  'least-squares': leastSquares,
  'linear-svm': linearSvm,
  logistic,
  'matrix-product': matrixProduct,
  pca,
  network,
  poisson,
  ridge,
  sgd,
  svm,
  text,
};
