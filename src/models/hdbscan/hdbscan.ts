import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { neighborSearch } from '../../engine/neighbors/index.js';
import type { Points } from '../../engine/neighbors/points.js';
import { spanningTree } from '../../engine/neighbors/spanning-tree.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { type Dendrogram, dendrogramOf } from '../agglomerative/dendrogram.js';
import { coreDistances } from '../clustering/core-distances.js';
import { clusteringModel, labelProgram, NOISE } from '../clustering/labels.js';
import { clusteredPoints, requireRows } from '../clustering/points.js';
import { type CondensedTree, condense } from './condensed-tree.js';
import { type Memberships, membershipsOf } from './memberships.js';
import { type HdbscanParameters, hdbscanParameters } from './parameters.js';
import { clusterNodes, selectClusters } from './selection.js';

export interface HdbscanModel extends Model {
  readonly labels: Int32Array;
  /** By row: how surely it belongs to its cluster, 0 (noise) … 1 (its core). */
  readonly probabilities: Float64Array;
  /** By row: 0 (in the core of its group) … 1 (far from all); GLOSH, Campello and others 2015. */
  readonly outlierScores: Float64Array;
  /** By row: how far its minSamples-th nearest row is. */
  readonly coreDistances: Float64Array;
  readonly condensedTree: CondensedTree;
  /** The hierarchy of mutual reachability that the condensed tree comes from. */
  readonly dendrogram: Dendrogram;
  /** By cluster: the density at which it begins, and how long it lasts. */
  readonly clusters: readonly { readonly birth: number; readonly stability: number; readonly size: number }[];
}

/**
 * Clusters of any form and of differing densities: the hierarchy of dense regions, of which those are taken that last longest
 * as density rises. Campello, Moulavi and Sander, "Density-based clustering based on hierarchical density estimates", 2013.
 * Time grows with rows² (distances are computed twice and not kept), memory with the rows. A new row gets the cluster of the
 * row that it reaches at the least mutual distance, −1 where that is beyond the distance at which the cluster begins.
 */
export class HDBSCAN implements Estimator {
  readonly name = 'hdbscan';
  readonly task = 'clustering';
  readonly declarations = hdbscanParameters;
  readonly parameters: HdbscanParameters;

  constructor(parameters: Partial<HdbscanParameters> = {}) {
    this.parameters = checkParameters('HDBSCAN', hdbscanParameters, parameters);
  }

  with(parameters: Partial<HdbscanParameters>): HDBSCAN {
    return new HDBSCAN({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` for fewer rows than minSamples */
  async fit(table: Table, options: FitOptions = {}): Promise<HdbscanModel> {
    throwIfCancelled(options.signal);
    const { metric, minClusterSize } = this.parameters;
    const minSamples = this.parameters.minSamples ?? minClusterSize;
    const { columns, points } = clusteredPoints('hdbscan', table, options);
    requireRows('hdbscan', points.count, minSamples, 'minSamples');
    const cores = await this.#cores(points, minSamples, options);
    const dendrogram = await this.#hierarchy(points, cores, options);
    const condensedTree = condense(dendrogram, minClusterSize);
    const { clusterSelectionMethod: method, clusterSelectionEpsilon: epsilon } = this.parameters;
    const { allowSingleCluster, maxClusterSize } = this.parameters;
    const nodes = clusterNodes(condensedTree);
    const taken = selectClusters(nodes, { method, epsilon, allowSingleCluster, maxClusterSize });
    const found = membershipsOf(condensedTree, nodes, taken, epsilon);
    const { labels, probabilities, outlierScores } = found;
    const model = clusteringModel({
      estimator: this.name,
      parameters: this.parameters,
      program: labelProgram(columns, {
        points,
        labels,
        metric,
        k: minSamples,
        cores,
        limits: limitsOf(found),
      }),
      labels,
    });
    const clusters = found.clusters.map((cluster) => ({
      birth: nodes.births[cluster]!,
      stability: nodes.stabilities[cluster]!,
      size: labels.reduce((size, label) => size + (found.clusters[label] === cluster ? 1 : 0), 0),
    }));
    return {
      ...model,
      labels,
      probabilities,
      outlierScores,
      coreDistances: cores,
      condensedTree,
      dendrogram,
      clusters,
    };
  }

  async #cores(points: Points, minSamples: number, { signal, onProgress, ...options }: FitOptions) {
    const engine = options.engine ?? (await defaultEngine());
    using search = await neighborSearch(engine, points, { metric: this.parameters.metric, signal });
    return await coreDistances(search, points, minSamples, {
      signal,
      onProgress: (done, total) => onProgress?.({ what: 'core distance', done, total }),
    });
  }

  async #hierarchy(points: Points, cores: Float64Array, { signal, onProgress, ...options }: FitOptions) {
    const engine = options.engine ?? (await defaultEngine());
    const edges = await spanningTree(engine, points, {
      metric: this.parameters.metric,
      cores,
      signal,
      onProgress: (done, total) => onProgress?.({ what: 'edge', done, total }),
    });
    return dendrogramOf(edges);
  }
}

/** By row: the distance at which its cluster begins, beyond which a new row does not belong to it. */
function limitsOf({ labels, densities }: Memberships): Float64Array {
  return Float64Array.from(labels, (label) => {
    const density = label === NOISE ? 0 : densities[label]!;
    return density > 0 ? 1 / density : Number.POSITIVE_INFINITY;
  });
}
