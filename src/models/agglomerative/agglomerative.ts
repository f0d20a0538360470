import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import {
  CondensedClusters,
  condensedDistances,
  condensedFits,
  requireCondensedRoom,
} from '../../engine/neighbors/condensed.js';
import { type Merges, mergeChain } from '../../engine/neighbors/merge-chain.js';
import type { Points } from '../../engine/neighbors/points.js';
import { spanningTree } from '../../engine/neighbors/spanning-tree.js';
import { WardCenters } from '../../engine/neighbors/ward-centers.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { clusteringModel, labelProgram } from '../clustering/labels.js';
import { clusteredPoints, requireRows } from '../clustering/points.js';
import { cutAt, cutInto, type Dendrogram, dendrogramOf } from './dendrogram.js';
import { type AgglomerativeParameters, agglomerativeParameters } from './parameters.js';

/** A hierarchical clustering, with its whole tree. */
export interface AgglomerativeModel extends Model {
  readonly labels: Int32Array;
  readonly dendrogram: Dendrogram;
}

/**
 * Merges the two nearest clusters, beginning with single rows, until all are one; the tree of merges is cut where there are
 * nClusters, or at distanceThreshold. New rows get the cluster of the nearest training row. Memory: 4·rows² bytes, checked
 * beforehand; linkage single, and ward of few columns, need no more than the rows. Time grows with rows².
 */
export class AgglomerativeClustering implements Estimator {
  readonly name = 'agglomerative';
  readonly task = 'clustering';
  readonly declarations = agglomerativeParameters;
  readonly parameters: AgglomerativeParameters;

  constructor(parameters: Partial<AgglomerativeParameters> = {}) {
    const byDistance = parameters.distanceThreshold !== undefined && parameters.distanceThreshold !== null;
    const given = byDistance && parameters.nClusters === undefined ? { ...parameters, nClusters: null } : parameters;
    this.parameters = checkParameters('AgglomerativeClustering', agglomerativeParameters, given);
    const { nClusters, distanceThreshold, linkage, metric } = this.parameters;
    if ((nClusters === null) === (distanceThreshold === null)) {
      const received = nClusters === null ? 'neither' : 'both';
      throw new LanewiseError(
        'usage',
        `Expected either nClusters or distanceThreshold for AgglomerativeClustering but received ${received}`,
        { hint: 'Set the other one to null.' },
      );
    }
    if (linkage === 'ward' && metric !== 'euclidean') {
      throw new LanewiseError('usage', `Expected metric euclidean for linkage ward but received ${metric}`, {
        hint: 'Linkages complete, average and single take every metric.',
      });
    }
  }

  with(parameters: Partial<AgglomerativeParameters>): AgglomerativeClustering {
    return new AgglomerativeClustering({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` for fewer rows than clusters, `engine` where the distances do not fit into memory. */
  async fit(table: Table, options: FitOptions = {}): Promise<AgglomerativeModel> {
    throwIfCancelled(options.signal);
    const { nClusters, distanceThreshold, metric } = this.parameters;
    const { columns, points } = clusteredPoints('agglomerative', table, options);
    if (nClusters !== null) requireRows('agglomerative', points.count, nClusters, 'nClusters');
    const dendrogram = await this.#dendrogram(points, options);
    const labels = nClusters === null ? cutAt(dendrogram, distanceThreshold!) : cutInto(dendrogram, nClusters);
    const model = clusteringModel({
      estimator: this.name,
      parameters: this.parameters,
      program: labelProgram(columns, { points, labels, metric }),
      labels,
    });
    return { ...model, labels, dendrogram };
  }

  async #dendrogram(points: Points, options: FitOptions): Promise<Dendrogram> {
    const engine = options.engine ?? (await defaultEngine());
    const merges = await merge(engine, points, this.parameters, options);
    options.onProgress?.({ what: 'merge', done: Math.max(1, points.count - 1), total: Math.max(1, points.count - 1) });
    return dendrogramOf(merges);
  }
}

/** Columns up to which ward goes by centres even where all distances fit into memory: measured, docs/clustering.md. */
const MOST_CENTER_COLUMNS = 8;

async function merge(
  engine: Engine,
  points: Points,
  { linkage, metric }: AgglomerativeParameters,
  { signal, onProgress }: FitOptions,
): Promise<Merges> {
  const told = (done: number, total: number) => onProgress?.({ what: 'merge', done, total });
  if (linkage === 'single') return spanningTree(engine, points, { metric, signal, onProgress: told });
  using scope = engine.arena.scope();
  if (linkage === 'ward' && (points.dimension <= MOST_CENTER_COLUMNS || !condensedFits(engine, points.count))) {
    return await mergeChain(new WardCenters(engine, scope, points), points.count, { signal, onProgress: told });
  }
  requireCondensedRoom(engine, points.count, `linkage ${linkage}`);
  const matrix = await condensedDistances(engine, scope, points, {
    metric,
    signal,
    onProgress: (done, total) => onProgress?.({ what: 'distances', done, total }),
  });
  const clusters = new CondensedClusters(engine, scope, matrix, points.count, linkage);
  return await mergeChain(clusters, points.count, { signal, onProgress: told });
}
