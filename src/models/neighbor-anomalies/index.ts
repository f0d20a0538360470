export { LocalOutlierFactor } from './local-outlier-factor.js';
export { NeighborDistance } from './neighbor-distance.js';
export {
  type LocalOutlierFactorParameters,
  localOutlierFactorParameters,
  type NeighborDistanceParameters,
  neighborDistanceParameters,
} from './parameters.js';
