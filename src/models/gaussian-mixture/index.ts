export { GaussianMixture } from './gaussian-mixture.js';
export { type GaussianMixtureParameters, gaussianMixtureParameters } from './parameters.js';
