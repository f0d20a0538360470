import type { Table } from 'apache-arrow';
import { checkParameters } from '../../parameters.js';
import { LEAST_REACH, scoreOfNeighbors } from '../../scoring/neighbor-score.js';
import type { Estimator, FitOptions, Model, TrainingWarning } from '../../table/interfaces.js';
import { contaminationThreshold } from '../anomalies.js';
import { makeModel } from '../model.js';
import { neighborProgram, type OwnNeighbors, ownNeighbors, stored } from './own-neighbors.js';
import { type LocalOutlierFactorParameters, localOutlierFactorParameters } from './parameters.js';

/** Rows of a larger factor are anomalies where no share of them is given; as in scikit-learn. */
const AUTO_THRESHOLD = 1.5;
/** Factors that only duplicates give: so many that a row's neighbours lie all on one spot. */
const DUPLICATES = 1e7;

/**
 * Finds anomalies: rows in a place where density is lower than around their neighbours (Breunig, Kriegel, Ng and Sander, "LOF:
 * identifying density-based local outliers", 2000). `score` is the local outlier factor, about 1 where a row lies as dense as
 * its neighbours; `prediction` is 1 above the threshold. New rows are scored against the training rows, as scikit-learn's
 * LocalOutlierFactor with novelty does; `Model.scores` are the factors of the training rows among each other
 * (negative_outlier_factor_, negated), to which `contamination` refers.
 */
export class LocalOutlierFactor implements Estimator {
  readonly name = 'local-outlier-factor';
  readonly task = 'anomaly-detection';
  readonly declarations = localOutlierFactorParameters;
  readonly parameters: LocalOutlierFactorParameters;

  constructor(parameters: Partial<LocalOutlierFactorParameters> = {}) {
    this.parameters = checkParameters('LocalOutlierFactor', localOutlierFactorParameters, parameters);
  }

  with(parameters: Partial<LocalOutlierFactorParameters>): LocalOutlierFactor {
    return new LocalOutlierFactor({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `ownNeighbors` */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { nNeighbors, metric, contamination } = this.parameters;
    const own = await ownNeighbors(this.name, table, options, this.parameters);
    const { reaches, densities } = densitiesOf(own);
    const operation = { metric, score: 'outlierFactor', reaches, densities } as const;
    const { distances, indices } = own.neighbors;
    const scores = reaches.map((_, row) =>
      scoreOfNeighbors({ k: own.k, ...operation }, distances, indices, row * own.k),
    );
    const threshold = contamination === null ? AUTO_THRESHOLD : contaminationThreshold(scores, contamination);
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      program: neighborProgram(own, operation, threshold),
      training: stored(own, nNeighbors, threshold, warningOf(scores)),
      scores,
      interpretability: 'medium',
    });
  }
}

/** By row: how far its k-th neighbour is, and its local reachability density. */
function densitiesOf({ neighbors: { distances, indices }, points, k }: OwnNeighbors) {
  const reaches = new Float64Array(points.count);
  for (let row = 0; row < points.count; row++) reaches[row] = distances[row * k + k - 1]!;
  const densities = new Float64Array(points.count);
  for (let row = 0; row < points.count; row++) {
    let sum = 0;
    for (let i = row * k; i < row * k + k; i++) sum += Math.max(distances[i]!, reaches[indices[i]!]!);
    densities[row] = 1 / (sum / k + LEAST_REACH);
  }
  return { reaches, densities };
}

function warningOf(scores: Float64Array): TrainingWarning[] {
  if (scores.every((score) => score <= DUPLICATES)) return [];
  const message =
    'some rows lie next to more duplicates of one row than they have neighbours: raise nNeighbors above their number';
  return [{ name: 'duplicates', message }];
}
