import type { SgdLoss } from '../../kernels/stochastic-gradient.js';
import type { Estimator } from '../../table/interfaces.js';
import type { ClassWeights } from '../class-weights.js';

/** Parameters of either estimator, and what they mean to the trainer. */
export interface SgdSubject {
  readonly estimator: Estimator;
  readonly task: 'classification' | 'regression';
  readonly lossName: string;
  readonly loss: SgdLoss;
  /** Of the loss: threshold or width. */
  readonly parameter: number;
  readonly penalty: 'l2' | 'l1' | 'elasticnet' | 'none';
  readonly alpha: number;
  readonly l1Ratio: number;
  readonly fitIntercept: boolean;
  readonly standardize: boolean;
  readonly learningRate: 'optimal' | 'constant' | 'invscaling' | 'adaptive';
  readonly eta0: number;
  readonly powerT: number;
  readonly maxIter: number;
  readonly tol: number | null;
  readonly nIterNoChange: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly average: number;
  readonly earlyStopping: boolean;
  readonly validationFraction: number;
  readonly randomState: number;
  readonly classWeight: ClassWeights;
  readonly probability: boolean;
}
