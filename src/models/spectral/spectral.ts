import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { largestEigenvectors } from '../../engine/linear-algebra/largest-eigenvectors.js';
import type { Points } from '../../engine/neighbors/points.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '../../table/columns.js';
import type { Estimator, FitOptions, Model, TrainingWarning } from '../../table/interfaces.js';
import { clusteringModel, labelProgram, numberedByFirstRow } from '../clustering/labels.js';
import { type Clustered, clusteredPoints, requireRows } from '../clustering/points.js';
import { inputsOf } from '../features.js';
import { KMeans } from '../k-means/k-means.js';
import { givenAffinity, givenNeighborAffinity, neighborAffinity, rbfAffinity } from './affinity.js';
import { clustersByDiscretizing, clustersByQr } from './assign.js';
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
    if (affinity.endsWith('nearest_neighbors')) requireRows('spectral', points.count, nNeighbors, 'nNeighbors');
    const engine = options.engine ?? (await defaultEngine());
    const { embedding, eigenvalues } = await this.#embed(engine, { columns, points }, options);
    options.onProgress?.({ what: 'eigenvectors', done: 1, total: 1 });
    const labels = await this.#cluster(engine, embedding, options);
    const program = affinity.startsWith('precomputed')
      ? likestRowProgram(columns, labels, affinity === 'precomputed' ? 1 : -1)
      : labelProgram(columns, { points, labels, metric: 'euclidean' });
    const warnings = alikeWarnings(points, nClusters);
    const model = clusteringModel({
      estimator: this.name,
      parameters: this.parameters,
      program,
      labels,
      ...(warnings.length > 0 && { training: { warnings } }),
    });
    return { ...model, labels, eigenvalues };
  }

  /** A column a cluster. */
  async #embed(engine: Engine, { columns, points }: Clustered, { signal, seed = 0 }: FitOptions) {
    const { nClusters, affinity, gamma, nNeighbors } = this.parameters;
    using scope = engine.arena.scope();
    const operators = {
      rbf: () => rbfAffinity(engine, scope, points, gamma, signal),
      nearest_neighbors: () => neighborAffinity(engine, points, nNeighbors, signal),
      precomputed: () => givenAffinity(engine, scope, columns, signal),
      precomputed_nearest_neighbors: () => givenNeighborAffinity(columns, nNeighbors),
    };
    const operator = await operators[affinity]();
    const { values, vectors } = await largestEigenvectors(engine, operator, { count: nClusters, seed, signal });
    const embedding = Array.from({ length: nClusters }, (_, k) =>
      vectors.slice(k * points.count, (k + 1) * points.count).map((value, row) => value / operator.roots[row]!),
    );
    return { embedding, eigenvalues: values.map((value) => 1 - value) };
  }

  async #cluster(engine: Engine, embedding: Float64Array[], { signal, seed, onProgress }: FitOptions) {
    const { nClusters, nInit, assignLabels } = this.parameters;
    if (assignLabels === 'cluster_qr') return numberedByFirstRow(await clustersByQr(engine, embedding, signal));
    if (assignLabels === 'discretize') {
      return numberedByFirstRow(await clustersByDiscretizing(engine, embedding, seed ?? 0, signal));
    }
    const table = tableFromRegisters(
      embedding.map((values, k) => ({ name: `v${k}`, type: 'number' as const, values })),
    );
    const model = await new KMeans({ nClusters, nInit }).fit(table, { engine, signal, seed, onProgress });
    const predicted = await model.predict(table, { engine, signal });
    return numberedByFirstRow(readRegister(predicted, 'prediction').values);
  }
}

/** The label of the training row that a row is likest to: `sign` is 1 where columns are affinities, −1 for distances. */
function likestRowProgram(columns: readonly RegisterColumn[], labels: Int32Array, sign: 1 | -1): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = columns.map((_, j) => (sign === 1 ? j : builder.add({ op: 'affine', in: j, shift: 0, scale: sign })));
  const row = builder.add({ op: 'argmax', inputs });
  const table = Float64Array.from(labels);
  const out = builder.add({ op: 'lookup', in: row, table, missing: Number.NaN, unseen: Number.NaN });
  return builder.build([{ name: 'prediction', register: out, type: 'number' }]);
}

/** Rows that are alike hold together as any others: more clusters than different rows must part some of them. */
function alikeWarnings({ values, count, dimension }: Points, nClusters: number): TrainingWarning[] {
  const different = new Set<string>();
  for (let row = 0; row < count; row++) {
    different.add(values.subarray(row * dimension, (row + 1) * dimension).join());
    if (different.size >= nClusters) return [];
  }
  const message = `there are ${different.size} different rows and ${nClusters} clusters: rows that are alike were parted`;
  return [{ name: 'fewer-different-rows', message }];
}
