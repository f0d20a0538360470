export { labelsAt, type Valley } from './extraction.js';
export { OPTICS, type OpticsModel } from './optics.js';
export type { Reachability } from './ordering.js';
export { type OpticsParameters, opticsParameters } from './parameters.js';
