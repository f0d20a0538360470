export { IsolationForest } from './isolation-forest.js';
export { type IsolationForestParameters, isolationForestParameters } from './parameters.js';
