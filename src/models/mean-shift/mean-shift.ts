import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { neighborSearch } from '../../engine/neighbors/index.js';
import type { Points } from '../../engine/neighbors/points.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { clusteringModel, labelProgram, NOISE } from '../clustering/labels.js';
import { clusteredPoints } from '../clustering/points.js';
import { estimateBandwidth } from './bandwidth.js';
import { binSeeds, climb, distinctPeaks, type Peaks } from './climb.js';
import { type MeanShiftParameters, meanShiftParameters } from './parameters.js';

export interface MeanShiftModel extends Model {
  readonly labels: Int32Array;
  /** The peaks of density; cluster k has centre k. */
  readonly clusterCenters: Points;
  readonly bandwidth: number;
}

/**
 * Clusters around the peaks of density: from every row (or every filled cell of a grid) a centre climbs to the mean of the
 * rows within the bandwidth, and again, until it rests. Time grows with seeds · rows · steps. New rows get the nearest centre.
 */
export class MeanShift implements Estimator {
  readonly name = 'mean-shift';
  readonly task = 'clustering';
  readonly declarations = meanShiftParameters;
  readonly parameters: MeanShiftParameters;

  constructor(parameters: Partial<MeanShiftParameters> = {}) {
    this.parameters = checkParameters('MeanShift', meanShiftParameters, parameters);
  }

  with(parameters: Partial<MeanShiftParameters>): MeanShift {
    return new MeanShift({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` where all rows are equal and no bandwidth is given */
  async fit(table: Table, options: FitOptions = {}): Promise<MeanShiftModel> {
    throwIfCancelled(options.signal);
    const { columns, points } = clusteredPoints('mean-shift', table, options);
    const engine = options.engine ?? (await defaultEngine());
    const bandwidth =
      this.parameters.bandwidth ?? (await estimateBandwidth(engine, points, { signal: options.signal }));
    if (!(bandwidth > 0)) {
      throw new LanewiseError(
        'data',
        'Expected rows that differ, to estimate the bandwidth of mean-shift from, but most are equal to each other',
        { hint: 'Give a bandwidth above 0.' },
      );
    }
    const peaks = await this.#climb(engine, points, bandwidth, options);
    const clusterCenters = await distinctPeaks(peaks, bandwidth);
    if (clusterCenters.count === 0) {
      throw new LanewiseError('data', `Expected a row within the bandwidth ${bandwidth} of a seed but there is none`, {
        hint: 'Ask for a larger bandwidth, a smaller minBinFreq, or leave binSeeding.',
      });
    }
    const labels = await this.#assign(engine, points, clusterCenters, bandwidth, options.signal);
    const model = clusteringModel({
      estimator: this.name,
      parameters: this.parameters,
      program: labelProgram(columns, {
        points: clusterCenters,
        labels: Int32Array.from({ length: clusterCenters.count }, (_, k) => k),
        metric: 'euclidean',
        ...(!this.parameters.clusterAll && { limits: Float64Array.of(bandwidth) }),
      }),
      labels,
      training: { iterations: peaks.iterations, bestIteration: peaks.iterations, verdict: `bandwidth ${bandwidth}` },
    });
    return { ...model, labels, clusterCenters, bandwidth };
  }

  async #climb(engine: Engine, points: Points, bandwidth: number, options: FitOptions): Promise<Peaks> {
    const { binSeeding, minBinFreq, maxIter } = this.parameters;
    const seeds = binSeeding ? binSeeds(points, bandwidth, minBinFreq) : points;
    if (seeds.count === 0) return { centers: seeds, rows: new Int32Array(0), iterations: 1 };
    using search = await neighborSearch(engine, points, { signal: options.signal });
    return await climb(search, seeds, {
      bandwidth,
      maxIter,
      signal: options.signal,
      onProgress: (done, total) => options.onProgress?.({ what: 'centre', done: Math.max(1, done), total }),
    });
  }

  async #assign(engine: Engine, points: Points, centers: Points, bandwidth: number, signal: AbortSignal | undefined) {
    using search = await neighborSearch(engine, centers, { signal });
    const { indices, distances } = await search.nearest(points, 1, { signal });
    const { clusterAll } = this.parameters;
    return indices.map((center, row) => (clusterAll || distances[row]! <= bandwidth ? center : NOISE));
  }
}
