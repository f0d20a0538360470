import type { Table } from 'apache-arrow';
import { checkParameters } from '../../parameters.js';
import { scoreOfNeighbors } from '../../scoring/neighbor-score.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { contaminationThreshold } from '../anomalies.js';
import { makeModel } from '../model.js';
import { neighborProgram, ownNeighbors, stored } from './own-neighbors.js';
import { type NeighborDistanceParameters, neighborDistanceParameters } from './parameters.js';

/**
 * Finds anomalies: rows far from their neighbours (Ramaswamy, Rastogi and Shim, "Efficient algorithms for mining outliers from
 * large data sets", 2000; the mean: Angiulli and Pizzuti 2002). `score` is the distance to the k-th nearest training row, or
 * the mean or median of the k distances; `prediction` is 1 above the threshold that leaves the share `contamination` of the
 * training rows outside, each scored among the others (`Model.scores`). Distances are those of the columns as they are: bring
 * them to one scale first.
 */
export class NeighborDistance implements Estimator {
  readonly name = 'knn-distance';
  readonly task = 'anomaly-detection';
  readonly declarations = neighborDistanceParameters;
  readonly parameters: NeighborDistanceParameters;

  constructor(parameters: Partial<NeighborDistanceParameters> = {}) {
    this.parameters = checkParameters('NeighborDistance', neighborDistanceParameters, parameters);
  }

  with(parameters: Partial<NeighborDistanceParameters>): NeighborDistance {
    return new NeighborDistance({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `ownNeighbors` */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { nNeighbors, method, metric, contamination } = this.parameters;
    const own = await ownNeighbors(this.name, table, options, this.parameters);
    const none = new Float64Array(0);
    const operation = { metric, score: method, reaches: none, densities: none } as const;
    const { distances, indices } = own.neighbors;
    const scores = new Float64Array(table.numRows);
    for (let row = 0; row < scores.length; row++) {
      scores[row] = scoreOfNeighbors({ k: own.k, ...operation }, distances, indices, row * own.k);
    }
    const threshold = contaminationThreshold(scores, contamination);
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      program: neighborProgram(own, operation, threshold),
      training: stored(own, nNeighbors, threshold),
      scores,
      interpretability: 'medium',
    });
  }
}
