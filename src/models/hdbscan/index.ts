export type { CondensedTree } from './condensed-tree.js';
export { HDBSCAN, type HdbscanModel } from './hdbscan.js';
export { type HdbscanParameters, hdbscanParameters } from './parameters.js';
