export { AgglomerativeClustering, type AgglomerativeModel } from './agglomerative.js';
export { cutAt, cutInto, type Dendrogram } from './dendrogram.js';
export { type AgglomerativeParameters, agglomerativeParameters } from './parameters.js';
