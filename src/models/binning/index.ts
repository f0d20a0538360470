export { columnToBin, type FeatureBins } from './bins.js';
export { type BinningOptions, findBins } from './find-bins.js';
