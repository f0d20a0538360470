export { LinearDiscriminantAnalysis } from './linear-discriminant.js';
export { linearDiscriminantParameters, quadraticDiscriminantParameters } from './parameters.js';
export { QuadraticDiscriminantAnalysis } from './quadratic-discriminant.js';
