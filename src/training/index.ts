/** Step 6: what training loops are made of: losses, optimisers, schedules, stopping, and what a learning curve says. */

export { checkpointKey, decodeCheckpoint, encodeCheckpoint, fileCheckpoint } from './checkpoint.js';
export { minimizeOrthantWise, minimizeProximalNewton } from './composite.js';
export { Deadline } from './deadline.js';
export { minimizeLbfgs } from './lbfgs.js';
export {
  minimizeResiduals,
  type ResidualMinimum,
  type ResidualOptions,
  type ResidualProblem,
} from './levenberg-marquardt.js';
export { minimizeNewton, minimizeNewtonCg } from './newton.js';
export type { CurvedObjective, DescentState, Evaluation, MinimizeOptions, Minimum, Objective } from './objective.js';
export {
  clipFactor,
  Optimizer,
  type OptimizerMethod,
  type OptimizerOptions,
  type OptimizerState,
  type StepOptions,
} from './optimizer.js';
export { fitPlatt, type PlattScaling, plattProbability } from './platt.js';
export {
  constant,
  cosine,
  inverseScaling,
  inverseTime,
  Plateau,
  type PlateauOptions,
  type PlateauState,
  type Schedule,
  stepwise,
} from './schedule.js';
export { packState, unpackState } from './state.js';
export { Stopping } from './stopping.js';
export { type Curve, certified, convergenceOf, outcomeOf, verdictOf } from './verdict.js';
