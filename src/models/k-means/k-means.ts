import type { Table } from 'apache-arrow';
import { frameOf, PlacedPoints, type Points, pointsOf } from '../../engine/distance.js';
import { defaultEngine } from '../../engine/engine.js';
import { randomKey } from '../../engine/random.js';
import { turnEventLoop } from '../../engine/turn.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { verdictOf } from '../../training/verdict.js';
import { featureColumns, inputsOf, requireFinite, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { type Clustering, lloyd } from './lloyd.js';
import { type KMeansParameters, kMeansParameters } from './parameters.js';
import { pickPoints, plusPlusStart, randomStart } from './start.js';

/** Clusters around means: every point belongs to the nearest of nClusters centres. */
export class KMeans implements Estimator {
  readonly name = 'k-means';
  readonly task = 'clustering';
  readonly declarations = kMeansParameters;
  readonly parameters: KMeansParameters;

  constructor(parameters: Partial<KMeansParameters> = {}) {
    this.parameters = checkParameters('KMeans', kMeansParameters, parameters);
  }

  with(parameters: Partial<KMeansParameters>): KMeans {
    return new KMeans({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const deadline = new Deadline(options.timeBudget);
    const columns = featureColumns(table, options);
    const weights = weightsOf(table, options);
    requireFinite('k-means', columns);
    const { nClusters } = this.parameters;
    if (table.numRows < nClusters) {
      const message = `Expected at least ${nClusters} rows for ${nClusters} clusters but received ${table.numRows}`;
      throw new LanewiseError('data', message, { hint: 'Ask for fewer clusters: nClusters.' });
    }
    const points = pointsOf(columns.map((column) => column.values));
    const { best, history } = await this.#cluster(points, weights, options, deadline);
    const converged = best.converged;
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      program: lower(columns, best.centers),
      interpretability: 'medium',
      training: {
        rows: table.numRows,
        iterations: best.iterations,
        bestIteration: best.iterations,
        lossName: 'inertia',
        history,
        verdict: [
          verdictOf({ history, converged, bestIteration: best.iterations }),
          ...(deadline.passed ? [`time budget of ${deadline.seconds} s used up`] : []),
        ].join('; '),
      },
    });
  }

  async #cluster(
    points: Points,
    weights: Float64Array | undefined,
    options: FitOptions,
    deadline: Deadline,
  ): Promise<{ best: Clustering; history: readonly HistoryPoint[] }> {
    const { nClusters, nInit, maxIter, tol, init } = this.parameters;
    const engine = options.engine ?? (await defaultEngine());
    const tolerance = tol * meanVariance(points);
    await turnEventLoop();
    const frame = frameOf(points);
    await turnEventLoop();
    using placed = await PlacedPoints.place(engine, points, frame);
    let best: { best: Clustering; history: readonly HistoryPoint[] } | undefined;
    for (let run = 0; run < nInit && !(run > 0 && deadline.passed); run++) {
      const key = randomKey(options.seed ?? 0, 'k-means', run);
      const start =
        init === 'random'
          ? randomStart(points, nClusters, key)
          : await plusPlusStart(placed, nClusters, key, { weights, signal: options.signal });
      const history: HistoryPoint[] = [];
      const clustering = await lloyd(placed, pickPoints(points, start), {
        maxIterations: maxIter,
        tolerance,
        weights,
        signal: options.signal,
        stop: () => deadline.passed,
        onIteration(iteration, inertia) {
          history.push({ iteration, loss: inertia });
          const done = run * maxIter + iteration;
          options.onProgress?.({ what: 'iteration', done, total: nInit * maxIter, metrics: { inertia } });
        },
      });
      if (!best || clustering.inertia < best.best.inertia) best = { best: clustering, history };
    }
    return best!;
  }
}

/** The mean over the dimensions of their variances: what `tol` is a share of. */
function meanVariance({ values, count, dimension }: Points): number {
  const means = new Float64Array(dimension);
  for (let i = 0, at = 0; i < count; i++) for (let j = 0; j < dimension; j++, at++) means[j]! += values[at]!;
  for (let j = 0; j < dimension; j++) means[j]! /= count;
  let squares = 0;
  for (let i = 0, at = 0; i < count; i++) {
    for (let j = 0; j < dimension; j++, at++) squares += (values[at]! - means[j]!) * (values[at]! - means[j]!);
  }
  return squares / (count * dimension);
}

function lower(columns: readonly RegisterColumn[], centers: Points) {
  const builder = new ProgramBuilder(inputsOf(columns));
  const out = builder.reserve();
  const first = builder.reserve(centers.count);
  const distances = Array.from({ length: centers.count }, (_, k) => first + k);
  builder.emit({ op: 'centroids', inputs: columns.map((_, j) => j), out, distances, centers: centers.values });
  return builder.build([
    { name: 'prediction', register: out, type: 'number' },
    ...distances.map((register, k) => ({ name: `distance_${k}`, register, type: 'number' as const })),
  ]);
}
