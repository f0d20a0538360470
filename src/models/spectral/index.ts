export { type SpectralParameters, spectralParameters } from './parameters.js';
export { SpectralClustering, type SpectralModel } from './spectral.js';
