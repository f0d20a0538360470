import type { SparseRows } from '../../engine/sparse-matrix.js';
import type { ParameterValue } from '../../parameters.js';
import type { Training } from '../../table/interfaces.js';
import type { IdList, InteractionFacts } from '../../table/recommendation.js';
import type { Baseline } from './baseline.js';
import type { NamedColumns } from './interactions.js';

/** Users and items as rows of factors; a score is a bias plus the product of two rows. */
export interface FactorScoring {
  readonly kind: 'factors';
  readonly rank: number;
  /** users × rank and items × rank, row-major. */
  readonly userFactors: Float64Array;
  readonly itemFactors: Float64Array;
}

/** Whose likes follow from whose: of each row its k most alike rows, −1 where there are fewer. */
export interface NeighborScoring {
  readonly kind: 'neighbors';
  readonly side: 'users' | 'items';
  readonly k: number;
  readonly neighbors: Int32Array;
  readonly likenesses: Float64Array;
}

export interface PopularityScoring {
  readonly kind: 'popularity';
}

export type Scoring = FactorScoring | NeighborScoring | PopularityScoring;

/** All that a fitted recommender is: plain data, what an artefact keeps. */
export interface RecommenderState {
  readonly estimator: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly columns: NamedColumns;
  readonly feedback: 'explicit' | 'implicit';
  readonly scale?: readonly [low: number, high: number];
  readonly users: IdList;
  readonly items: IdList;
  /** Users by items: ratings, or weights. */
  readonly rows: SparseRows;
  /** explicit: mean and biases. implicit: zeros, but for the biases of the items that ranking learnt. */
  readonly baseline: Baseline;
  readonly scoring: Scoring;
  readonly facts: InteractionFacts;
  readonly training: Training;
}
