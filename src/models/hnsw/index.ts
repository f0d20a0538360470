export {
  type AddOptions,
  type HnswAnswer,
  HnswIndex,
  type HnswOptions,
  type HnswSearchOptions,
} from './hnsw-index.js';
export type { RowId } from './ids.js';
export type { Vectors } from './vectors.js';
