import type { Table } from 'apache-arrow';
import type { Points } from '../../engine/distance.js';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { largestEigenvectors } from '../../engine/linear-algebra/largest-eigenvectors.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { readRegister, tableFromRegisters } from '../../table/columns.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { clusteringModel, labelProgram, numberedByFirstRow } from '../clustering/labels.js';
import { clusteredPoints, requireRows } from '../clustering/points.js';
import { KMeans } from '../k-means/k-means.js';
import { neighborAffinity, rbfAffinity } from './affinity.js';
import { type SpectralParameters, spectralParameters } from './parameters.js';

export interface SpectralModel extends Model {
  readonly labels: Int32Array;
  /** By cluster: the eigenvalue of the normalised Laplacian, ascending; as many are 0 as there are separate parts. */
  readonly eigenvalues: Float64Array;
}

/**
 * Cuts the graph of affinities where it is thinnest: k-means on the first eigenvectors of its normalised Laplacian. Ng, Jordan
 * and Weiss, "On spectral clustering", 2001; von Luxburg, "A tutorial on spectral clustering", 2007. New rows get the cluster
 * of the nearest training row.
 */
export class SpectralClustering implements Estimator {
  readonly name = 'spectral';
  readonly task = 'clustering';
  readonly declarations = spectralParameters;
  readonly parameters: SpectralParameters;

  constructor(parameters: Partial<SpectralParameters> = {}) {
    this.parameters = checkParameters('SpectralClustering', spectralParameters, parameters);
  }

  with(parameters: Partial<SpectralParameters>): SpectralClustering {
    return new SpectralClustering({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` for fewer rows than clusters or neighbours, `engine` where rbf does not fit into memory */
  async fit(table: Table, options: FitOptions = {}): Promise<SpectralModel> {
    throwIfCancelled(options.signal);
    const { nClusters, affinity, nNeighbors } = this.parameters;
    const { columns, points } = clusteredPoints('spectral', table, options);
    requireRows('spectral', points.count, nClusters, 'nClusters');
    if (affinity === 'nearest_neighbors') requireRows('spectral', points.count, nNeighbors, 'nNeighbors');
    const engine = options.engine ?? (await defaultEngine());
    const { embedding, eigenvalues } = await this.#embed(engine, points, options);
    options.onProgress?.({ what: 'eigenvectors', done: 1, total: 1 });
    const labels = await this.#cluster(engine, embedding, options);
    const program = labelProgram(columns, { points, labels, metric: 'euclidean' });
    const model = clusteringModel({ estimator: this.name, parameters: this.parameters, program, labels });
    return { ...model, labels, eigenvalues };
  }

  /** A column a cluster. */
  async #embed(engine: Engine, points: Points, { signal, seed = 0 }: FitOptions) {
    const { nClusters, affinity, gamma, nNeighbors } = this.parameters;
    using scope = engine.arena.scope();
    const operator =
      affinity === 'rbf'
        ? await rbfAffinity(engine, scope, points, gamma, signal)
        : await neighborAffinity(engine, points, nNeighbors, signal);
    const { values, vectors } = await largestEigenvectors(engine, operator, { count: nClusters, seed, signal });
    const embedding = Array.from({ length: nClusters }, (_, k) =>
      vectors.slice(k * points.count, (k + 1) * points.count).map((value, row) => value / operator.roots[row]!),
    );
    return { embedding, eigenvalues: values.map((value) => 1 - value) };
  }

  async #cluster(engine: Engine, embedding: Float64Array[], { signal, seed, onProgress }: FitOptions) {
    const { nClusters, nInit } = this.parameters;
    const table = tableFromRegisters(
      embedding.map((values, k) => ({ name: `v${k}`, type: 'number' as const, values })),
    );
    const model = await new KMeans({ nClusters, nInit }).fit(table, { engine, signal, seed, onProgress });
    const predicted = await model.predict(table, { engine, signal });
    return numberedByFirstRow(readRegister(predicted, 'prediction').values);
  }
}
