export { type Components, FittedDecomposition } from './components.js';
export { IncrementalPCA, type IncrementalPCAParameters, incrementalPca } from './incremental-pca.js';
export { PCA, type PCAParameters, pca } from './pca.js';
export { TruncatedSVD, type TruncatedSVDParameters, truncatedSvd } from './truncated-svd.js';
