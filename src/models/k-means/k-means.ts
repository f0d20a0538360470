import type { Table } from 'apache-arrow';
import { type AssignmentAlgorithm, ClusteredPoints } from '../../engine/clustering/clustered-points.js';
import { defaultEngine } from '../../engine/engine.js';
import type { Points } from '../../engine/neighbors/points.js';
import { randomKey } from '../../engine/random.js';
import { throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { verdictOf } from '../../training/verdict.js';
import { featureColumns, requireFinite, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { clusterWarnings, givenCenters, lowerCenters, refuseFewRows } from './centers.js';
import { type Clustering, lloyd } from './lloyd.js';
import { type KMeansParameters, kMeansParameters } from './parameters.js';
import { plusPlusStart, randomStart } from './start.js';

interface Run {
  readonly best: Clustering;
  readonly history: readonly HistoryPoint[];
}

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

  /**
   * @throws LanewiseError `data`: fewer rows than clusters, missing or infinite values, texts, numbers that differ by more
   * than 1e150; `usage`: initialCenters that are not nClusters × features
   */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const deadline = new Deadline(options.timeBudget);
    const columns = featureColumns(table, options);
    const weights = weightsOf(table, options);
    requireFinite('k-means', columns);
    const { nClusters, initialCenters } = this.parameters;
    refuseFewRows(table.numRows, nClusters);
    const start = givenCenters(initialCenters, nClusters, columns);
    const engine = options.engine ?? (await defaultEngine());
    const { signal } = options;
    const values = columns.map((column) => column.values);
    using points = await ClusteredPoints.ofColumns(engine, values, { weights, signal });
    const { best, history } = await this.#cluster(points, start, options, deadline);
    const { converged, iterations, labels } = best;
    const warnings = clusterWarnings(best, nClusters);
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      program: lowerCenters(columns, best.centers),
      labels,
      interpretability: 'medium',
      training: {
        rows: table.numRows,
        iterations,
        bestIteration: iterations,
        lossName: 'inertia',
        history,
        verdict: [
          verdictOf({ history, converged, bestIteration: iterations }),
          ...(deadline.passed ? [`time budget of ${deadline.seconds} s used up`] : []),
        ].join('; '),
        ...(warnings.length > 0 && { warnings }),
      },
    });
  }

  async #cluster(
    points: ClusteredPoints,
    given: Points | undefined,
    options: FitOptions,
    deadline: Deadline,
  ): Promise<Run> {
    const { maxIter, tol } = this.parameters;
    const nInit = given ? 1 : this.parameters.nInit;
    let best: Run | undefined;
    for (let run = 0; run < nInit && !(run > 0 && deadline.passed); run++) {
      const history: HistoryPoint[] = [];
      const clustering = await lloyd(points, given ?? (await this.#start(points, run, options)), {
        maxIterations: maxIter,
        tolerance: tol * points.meanVariance,
        algorithm: this.#algorithm(),
        signal: options.signal,
        stop: () => deadline.passed,
        onIteration(iteration, inertia) {
          history.push({ iteration, loss: inertia });
          const done = run * maxIter + iteration;
          options.onProgress?.({ what: 'iteration', done, total: nInit * maxIter, metrics: { inertia } });
        },
      });
      // The last figure is that of the centres as they are, from the distances themselves.
      history[history.length - 1] = { iteration: clustering.iterations, loss: clustering.inertia };
      if (!best || clustering.inertia < best.best.inertia) best = { best: clustering, history };
    }
    return best!;
  }

  async #start(points: ClusteredPoints, run: number, { seed, signal }: FitOptions): Promise<Points> {
    const { nClusters, init, nLocalTrials } = this.parameters;
    const key = randomKey(seed ?? 0, 'k-means', run);
    if (init === 'random') return points.pick(randomStart(points, nClusters, key));
    return points.pick(await plusPlusStart(points, nClusters, key, { trials: nLocalTrials, signal }));
  }

  #algorithm(): AssignmentAlgorithm {
    const { algorithm } = this.parameters;
    return algorithm === 'auto' ? 'hamerly' : algorithm;
  }
}
