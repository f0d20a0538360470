// The compiled kernels' one entry: re-exports only. The contract of each stands in src/kernels/<stem>.ts.
export * from './distance';
export * from './elementary';
export * from './gradient-descent';
export * from './limits';
export * from './random';
export * from './statistics';
export * from './tree-background';
export * from './tree-building';
export * from './tree-forest';
export * from './tree-losses';
export * from './tree-ranking';
export * from './tree-ranks';
export * from './tree-renewal';
export * from './tree-sampling';
export * from './tree-scoring';
export * from './tree-shap';
export * from './tree-splitting';
