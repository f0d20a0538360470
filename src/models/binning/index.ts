export { binnedCategories, columnToBin, type FeatureBins } from './bins.js';
export { findBundles } from './bundling.js';
export { type BinningOptions, findBins } from './find-bins.js';
