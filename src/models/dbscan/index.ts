export { DBSCAN, type DbscanModel } from './dbscan.js';
export { type DbscanParameters, dbscanParameters } from './parameters.js';
