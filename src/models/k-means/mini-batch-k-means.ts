import type { Table } from 'apache-arrow';
import { BatchAssigner } from '../../engine/clustering/batch-assigner.js';
import { ClusteredPoints } from '../../engine/clustering/clustered-points.js';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import type { Points } from '../../engine/neighbors/points.js';
import { type RandomKey, randomKey, streamOf } from '../../engine/random.js';
import { Breather } from '../../engine/turn.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import type { RegisterColumn } from '../../table/columns.js';
import { readInput } from '../../table/inputs.js';
import type { Estimator, FitOptions, HistoryPoint, Model } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { packState, unpackState } from '../../training/state.js';
import { verdictOf } from '../../training/verdict.js';
import { featureColumns, requireFinite, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { clusterWarnings, givenCenters, lowerCenters, refuseFewRows } from './centers.js';
import {
  type Batch,
  MiniBatchConvergence,
  type MiniBatchState,
  miniBatchStep,
  movementOf,
  pointsOfCenters,
} from './mini-batch.js';
import { type MiniBatchKMeansParameters, miniBatchKMeansParameters } from './parameters.js';
import { plusPlusStart, randomStart } from './start.js';

/** Rows that are learnt from, in the engine's memory. */
interface Rows {
  readonly engine: Engine;
  readonly columns: readonly RegisterColumn[];
  readonly points: ClusteredPoints;
  readonly start: Points | undefined;
}

/**
 * k-means by small batches of rows, drawn with replacement and keyed by (seed, step): for more rows than Lloyd's passes
 * have time for, and for rows that come bit by bit. Sculley 2010.
 */
export class MiniBatchKMeans implements Estimator {
  readonly name = 'mini-batch-k-means';
  readonly task = 'clustering';
  readonly declarations = miniBatchKMeansParameters;
  readonly parameters: MiniBatchKMeansParameters;

  constructor(parameters: Partial<MiniBatchKMeansParameters> = {}) {
    this.parameters = checkParameters('MiniBatchKMeans', miniBatchKMeansParameters, parameters);
  }

  with(parameters: Partial<MiniBatchKMeansParameters>): MiniBatchKMeans {
    return new MiniBatchKMeans({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `KMeans` does */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const deadline = new Deadline(options.timeBudget);
    const columns = featureColumns(table, options);
    using given = await this.#place(table, columns, options);
    const { rows } = given;
    const { points, engine } = rows;
    const { maxIter, nClusters, tol, maxNoImprovement } = this.parameters;
    const batchSize = Math.min(this.parameters.batchSize, points.count);
    const seed = options.seed ?? 0;
    const state = await this.#start(rows, options);
    using assigner = new BatchAssigner(engine, points.frame, batchSize, points.dimension, nClusters);
    const convergence = new MiniBatchConvergence(batchSize, points.count, tol * points.meanVariance, maxNoImprovement);
    const steps = Math.max(1, Math.floor((maxIter * points.count) / batchSize));
    const breather = new Breather();
    const history: HistoryPoint[] = [];
    let converged = false;
    while (state.steps < steps && !converged && !(state.steps > 0 && deadline.passed)) {
      const step = state.steps;
      const batch = drawBatch(assigner, points, batchSize, randomKey(seed, this.name, 'batch', step));
      const before = state.centers.slice();
      const inertia = this.#step(assigner, batch, state, seed);
      converged = convergence.reached(step + 1, inertia, movementOf(state.centers, before));
      if (convergence.smoothed !== undefined) history.push({ iteration: step + 1, loss: convergence.smoothed });
      options.onProgress?.({ what: 'step', done: step + 1, total: steps, metrics: { inertia } });
      await breather.breathe(options.signal);
    }
    const verdict = verdictOf({ history, converged, bestIteration: state.steps, unit: 'step' });
    return await this.#finish(rows, state, {
      history,
      options,
      converged,
      verdict: deadline.passed ? `${verdict}; time budget of ${deadline.seconds} s used up` : verdict,
    });
  }

  /**
   * One step over all of these rows; with `warmStart`, from that model on, saved or not.
   * @throws LanewiseError `usage` for a model of another kind or of other clusters
   */
  async partialFit(table: Table, options: Omit<FitOptions, 'timeBudget' | 'checkpoint'> = {}): Promise<Model> {
    const { warmStart, ...others } = options;
    throwIfCancelled(options.signal);
    const memory = warmStart && this.#memoryOf(warmStart);
    const columns = warmStart
      ? warmStart.program.inputs.map((input) => ({ ...input, values: readInput(table, input) }))
      : featureColumns(table, others);
    using given = await this.#place(table, columns, others, memory !== undefined);
    const { rows } = given;
    const { points, engine } = rows;
    const seed = options.seed ?? 0;
    const state = memory ?? (await this.#start(rows, others));
    const { nClusters } = this.parameters;
    using assigner = new BatchAssigner(engine, points.frame, points.count, points.dimension, nClusters);
    assigner.values.set(points.values);
    const inertia = this.#step(assigner, { count: points.count, weights: points.weights }, state, seed);
    const earlier = warmStart?.training.history ?? [];
    const history = [...earlier, { iteration: state.steps, loss: inertia }];
    options.onProgress?.({ what: 'step', done: 1, total: 1, metrics: { inertia } });
    const verdict = `${state.steps} ${state.steps === 1 ? 'step' : 'steps'} made; partialFit goes on`;
    return await this.#finish(rows, state, { history, options: others, converged: true, verdict, part: true });
  }

  #step(assigner: BatchAssigner, batch: Batch, state: MiniBatchState, seed: number): number {
    const { reassignmentRatio } = this.parameters;
    return miniBatchStep(assigner, batch, state, {
      reassignmentRatio,
      key: randomKey(seed, this.name, 'reassign', state.steps),
    });
  }

  async #place(table: Table, columns: readonly RegisterColumn[], options: FitOptions, goesOn = false) {
    const weights = weightsOf(table, options);
    requireFinite(this.name, columns);
    const { nClusters, initialCenters } = this.parameters;
    if (!goesOn) refuseFewRows(table.numRows, nClusters);
    const start = goesOn ? undefined : givenCenters(initialCenters, nClusters, columns);
    const engine = options.engine ?? (await defaultEngine());
    const values = columns.map((column) => column.values);
    const points = await ClusteredPoints.ofColumns(engine, values, { weights, signal: options.signal });
    const rows: Rows = { engine, columns, points, start };
    return { rows, [Symbol.dispose]: () => points[Symbol.dispose]() };
  }

  /** First centres: the best of several, chosen from and judged by some rows. */
  async #start({ engine, points, start }: Rows, { seed = 0, signal }: FitOptions): Promise<MiniBatchState> {
    const { nClusters, init, nInit, nLocalTrials, batchSize, initSize } = this.parameters;
    let best = start;
    const size = Math.max(nClusters, Math.min(points.count, initSize ?? Math.max(3 * batchSize, 3 * nClusters)));
    if (!best) {
      const all = size >= points.count;
      const drawn = all ? undefined : sampleOf(points.count, size, randomKey(seed, this.name, 'sample'));
      const some = drawn
        ? points.pick(drawn)
        : { values: points.values, count: points.count, dimension: points.dimension };
      const weights =
        points.weights && drawn ? Float64Array.from(drawn, (row) => points.weights![row]!) : points.weights;
      using sample = await ClusteredPoints.of(engine, some, { weights, signal });
      let least = Number.POSITIVE_INFINITY;
      for (let run = 0; run < nInit; run++) {
        const key = randomKey(seed, this.name, 'start', run);
        const rows =
          init === 'random'
            ? randomStart(sample, nClusters, key)
            : await plusPlusStart(sample, nClusters, key, { trials: nLocalTrials, signal });
        const centers = sample.pick(rows);
        await sample.assign(centers, 'lloyd', signal);
        const inertia = await sample.inertia(centers, signal);
        if (inertia < least) [best, least] = [centers, inertia];
      }
    }
    const counts = new Float64Array(nClusters);
    return { centers: Float64Array.from(best!.values), counts, sinceReassigned: 0, steps: 0 };
  }

  #memoryOf(model: Model): MiniBatchState {
    const { state } = model.training;
    const { nClusters } = this.parameters;
    if (model.estimator !== this.name || !state) {
      throw new LanewiseError(
        'usage',
        `Expected a model of ${this.name} to go on from but received ${model.estimator}`,
        {
          hint: 'Of a recipe’s model take `inner`, and give it the features that it was fitted with.',
        },
      );
    }
    const found = model.program.outputs.length - 1;
    if (found !== nClusters) {
      throw new LanewiseError('usage', `Expected a model of ${nClusters} clusters to go on from but it has ${found}`, {
        hint: 'Take the parameters of the model: nClusters.',
      });
    }
    const counts = unpackState(state, 'counts', nClusters);
    const centers = unpackState(state, 'centers', nClusters * model.program.inputs.length);
    const { steps, sinceReassigned } = state.values as { steps?: unknown; sinceReassigned?: unknown };
    const usable = centers.every(Number.isFinite) && counts.every((count) => count >= 0 && count < Infinity);
    if (!usable || !Number.isSafeInteger(steps) || typeof sinceReassigned !== 'number') {
      throw new LanewiseError('artefact', 'Expected centres and counts in the model’s state but they are damaged');
    }
    return { centers, counts, steps: steps as number, sinceReassigned };
  }

  async #finish(
    { points, columns }: Rows,
    state: MiniBatchState,
    found: {
      readonly history: readonly HistoryPoint[];
      readonly options: FitOptions;
      readonly converged: boolean;
      readonly verdict: string;
      /** Rows of partialFit: there are more. */
      readonly part?: boolean;
    },
  ): Promise<Model> {
    const { history, options, converged, verdict } = found;
    const centers = pointsOfCenters(state);
    await points.assign(centers, 'lloyd', options.signal);
    const labels = points.labels.slice();
    const warnings = clusterWarnings({ labels, converged, iterations: state.steps }, centers.count).filter(
      // The rows of partialFit need not be of every cluster.
      ({ name }) => !(found.part && name === 'fewer-clusters'),
    );
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      program: lowerCenters(columns, centers),
      labels,
      interpretability: 'medium',
      training: {
        rows: points.count,
        iterations: state.steps,
        bestIteration: state.steps,
        lossName: 'mean squared distance',
        history,
        verdict,
        ...(warnings.length > 0 && { warnings }),
        state: packState(
          { steps: state.steps, sinceReassigned: state.sinceReassigned },
          { centers: state.centers, counts: state.counts },
        ),
      },
    });
  }
}

/** Rows drawn with replacement, put where the assigner wants them. */
function drawBatch(assigner: BatchAssigner, points: ClusteredPoints, size: number, key: RandomKey): Batch {
  const random = streamOf(key);
  const weights = points.weights && new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const row = random.integer(points.count);
    const from = row * points.dimension;
    assigner.values.set(points.values.subarray(from, from + points.dimension), i * points.dimension);
    if (weights) weights[i] = points.weights![row]!;
  }
  return { count: size, weights };
}

/** Different rows, ascending. */
function sampleOf(count: number, size: number, key: RandomKey): number[] {
  const random = streamOf(key);
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  for (let i = 0; i < size; i++) {
    const other = i + random.integer(count - i);
    [rows[i], rows[other]] = [rows[other]!, rows[i]!];
  }
  return [...rows.subarray(0, size).sort()];
}
