import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { neighborSearch } from '../../engine/neighbors/index.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { coreDistances } from '../clustering/core-distances.js';
import { clusteringModel, labelProgram, NOISE } from '../clustering/labels.js';
import { type Clustered, clusteredPoints, requireRows } from '../clustering/points.js';
import { labelsAt, labelsOfValleys, type Valley, xiValleys } from './extraction.js';
import { orderByReachability, type Reachability } from './ordering.js';
import { type OpticsParameters, opticsParameters } from './parameters.js';

export interface OpticsModel extends Model, Reachability {
  readonly labels: Int32Array;
  /** Method xi: the valleys of the plot, first and last place in the ordering; smaller ones before those around them. */
  readonly clusterHierarchy: readonly Valley[];
}

/**
 * Orders rows so that those of a dense region are neighbours, with how far each is from those before: a plot whose valleys
 * are clusters, of any density, one within the other. Ankerst, Breunig, Kriegel and Sander, 1999. Time grows with rows²,
 * memory with the rows. A new row gets the cluster of the nearest row, −1 where that row is noise or the new row is farther
 * from it than the row's own reachability and core distance.
 */
export class OPTICS implements Estimator {
  readonly name = 'optics';
  readonly task = 'clustering';
  readonly declarations = opticsParameters;
  readonly parameters: OpticsParameters;

  constructor(parameters: Partial<OpticsParameters> = {}) {
    this.parameters = checkParameters('OPTICS', opticsParameters, parameters);
  }

  with(parameters: Partial<OpticsParameters>): OPTICS {
    return new OPTICS({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` for fewer rows than minSamples or minClusterSize */
  async fit(table: Table, options: FitOptions = {}): Promise<OpticsModel> {
    throwIfCancelled(options.signal);
    const { metric, minSamples } = this.parameters;
    const minClusterSize = this.parameters.minClusterSize ?? minSamples;
    const clustered = clusteredPoints('optics', table, options);
    requireRows('optics', clustered.points.count, minSamples, 'minSamples');
    requireRows('optics', clustered.points.count, minClusterSize, 'minClusterSize');
    const graph = await this.#reachability(clustered, options);
    const { labels, valleys } = this.#extract(graph, minClusterSize);
    const limits = Float64Array.from(labels, (label, row) => {
      if (label === NOISE) return Number.POSITIVE_INFINITY;
      const reached = graph.reachability[row]!;
      const core = graph.coreDistances[row]!;
      return Math.max(Number.isFinite(reached) ? reached : 0, Number.isFinite(core) ? core : 0);
    });
    const model = clusteringModel({
      estimator: this.name,
      parameters: this.parameters,
      program: labelProgram(clustered.columns, { points: clustered.points, labels, metric, limits }),
      labels,
    });
    return { ...model, ...graph, labels, clusterHierarchy: valleys };
  }

  async #reachability({ points }: Clustered, { signal, onProgress, ...options }: FitOptions): Promise<Reachability> {
    const { metric, minSamples } = this.parameters;
    const maxEps = this.parameters.maxEps ?? Number.POSITIVE_INFINITY;
    const engine = options.engine ?? (await defaultEngine());
    using search = await neighborSearch(engine, points, { metric, signal });
    const cores = await coreDistances(search, points, minSamples, {
      signal,
      onProgress: (done, total) => onProgress?.({ what: 'core distance', done, total }),
    });
    const near = cores.map((core) => (core <= maxEps ? core : Number.POSITIVE_INFINITY));
    return await orderByReachability(engine, points, near, {
      metric,
      maxEps,
      signal,
      onProgress: (done, total) => onProgress?.({ what: 'row', done, total }),
    });
  }

  #extract(graph: Reachability, minClusterSize: number): { labels: Int32Array; valleys: Valley[] } {
    const { clusterMethod, eps, maxEps, xi, minSamples, predecessorCorrection } = this.parameters;
    if (clusterMethod === 'dbscan') {
      return { labels: labelsAt(graph, eps ?? maxEps ?? Number.POSITIVE_INFINITY), valleys: [] };
    }
    const valleys = xiValleys(graph, { xi, minSamples, minClusterSize, predecessorCorrection });
    return { labels: labelsOfValleys(graph.ordering, valleys), valleys };
  }
}
