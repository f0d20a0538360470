import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { neighborSearch } from '../../engine/neighbors/index.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { clusteringModel, labelProgram, NOISE, pick } from '../clustering/labels.js';
import { clusteredPoints } from '../clustering/points.js';
import { densityClusters } from './neighborhoods.js';
import { type DbscanParameters, dbscanParameters } from './parameters.js';

export interface DbscanModel extends Model {
  readonly labels: Int32Array;
  /** Rows with minSamples rows within eps, themselves among them, ascending. */
  readonly coreSampleIndices: Int32Array;
}

/**
 * Clusters of any form: rows with minSamples rows within eps are dense; dense rows within eps of each other are of one
 * cluster; a row that is not dense belongs to a cluster where a dense row of it lies within eps, else to none (−1). Ester,
 * Kriegel, Sander and Xu, 1996. A new row gets the cluster of the nearest dense row, −1 beyond eps. The model keeps the
 * dense rows.
 */
export class DBSCAN implements Estimator {
  readonly name = 'dbscan';
  readonly task = 'clustering';
  readonly declarations = dbscanParameters;
  readonly parameters: DbscanParameters;

  constructor(parameters: Partial<DbscanParameters> = {}) {
    this.parameters = checkParameters('DBSCAN', dbscanParameters, parameters);
  }

  with(parameters: Partial<DbscanParameters>): DBSCAN {
    return new DBSCAN({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<DbscanModel> {
    const { signal } = options;
    throwIfCancelled(signal);
    const { eps, minSamples, metric } = this.parameters;
    const { columns, points } = clusteredPoints('dbscan', table, options);
    const engine = options.engine ?? (await defaultEngine());
    using search = await neighborSearch(engine, points, { metric, signal });
    const { labels, coreSampleIndices } = await densityClusters(search, points, {
      eps,
      minSamples,
      signal,
      onProgress: (done, total) => options.onProgress?.({ what: 'row', done, total }),
    });
    // Where no row is dense, any row stands for there being no cluster.
    const kept = coreSampleIndices.length > 0 ? coreSampleIndices : Int32Array.of(0);
    const stored = pick(points, coreSampleIndices.length > 0 ? labels : new Int32Array(1).fill(NOISE), kept);
    const model = clusteringModel({
      estimator: this.name,
      parameters: this.parameters,
      program: labelProgram(columns, { ...stored, metric, limits: Float64Array.of(eps) }),
      labels,
      training: { verdict: `${coreSampleIndices.length} rows are dense` },
    });
    return { ...model, labels, coreSampleIndices };
  }
}
