export { GammaRegressor, PoissonRegressor, TweedieRegressor } from './generalized-linear.js';
export {
  type GammaParameters,
  gammaParameters,
  type PoissonParameters,
  poissonParameters,
  type TweedieParameters,
  tweedieParameters,
} from './parameters.js';
