import type { Table } from 'apache-arrow';
import { ClusteredPoints } from '../../engine/clustering/clustered-points.js';
import { type Densities, MixtureRows } from '../../engine/clustering/mixture-rows.js';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { blockSum } from '../../engine/linear-algebra.js';
import { randomKey, stream } from '../../engine/random.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, MixtureSummary, Model } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { verdictOf } from '../../training/verdict.js';
import { runProgramOn } from '../execute.js';
import { featureColumns, inputsOf, requireFinite, weightsOf } from '../features.js';
import { givenCenters, refuseFewRows } from '../k-means/centers.js';
import { lloyd } from '../k-means/lloyd.js';
import { plusPlusStart } from '../k-means/start.js';
import { makeModel } from '../model.js';
import { densitiesOf, freeParameters, type Mixture, maximize } from './estimate.js';
import { type GaussianMixtureParameters, gaussianMixtureParameters } from './parameters.js';

interface Run {
  readonly mixture: Mixture;
  readonly densities: Densities;
  /** Mean log-likelihood by iteration: each of the mixture before that iteration's step. */
  readonly bounds: readonly number[];
  readonly converged: boolean;
}

interface Rows {
  readonly rows: MixtureRows;
  readonly columns: readonly RegisterColumn[];
  readonly weights: Float64Array | undefined;
  readonly engine: Engine;
}

/**
 * A mixture of normal densities, fitted by expectation and maximisation (Dempster, Laird and Rubin 1977): soft clusters,
 * of any extent and direction, with probabilities. Predicts the likeliest component, the probability of each, and the
 * logarithm of the density, by which rows that are unlike all others are found.
 */
export class GaussianMixture implements Estimator {
  readonly name = 'gaussian-mixture';
  readonly task = 'clustering';
  readonly declarations = gaussianMixtureParameters;
  readonly parameters: GaussianMixtureParameters;

  constructor(parameters: Partial<GaussianMixtureParameters> = {}) {
    this.parameters = checkParameters('GaussianMixture', gaussianMixtureParameters, parameters);
  }

  with(parameters: Partial<GaussianMixtureParameters>): GaussianMixture {
    return new GaussianMixture({ ...this.parameters, ...parameters });
  }

  /**
   * @throws LanewiseError `data`: fewer rows than components, missing or infinite values, texts, a singular covariance;
   * `usage`: initialCenters that are not nComponents × features
   */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    const { signal } = options;
    throwIfCancelled(signal);
    const deadline = new Deadline(options.timeBudget);
    const columns = featureColumns(table, options);
    const weights = weightsOf(table, options);
    requireFinite(this.name, columns);
    const { nComponents, covarianceType } = this.parameters;
    refuseFewRows(table.numRows, nComponents);
    refuseHuge(columns);
    const engine = options.engine ?? (await defaultEngine());
    const values = columns.map((column) => column.values);
    // Sums of squares about the middle do not cancel, wherever the rows lie.
    const shifts = Float64Array.from(values, (column) => blockSum(column.length, (i) => column[i]!) / column.length);
    using rows = new MixtureRows(engine, values, shifts, nComponents, weights);
    const best = await this.#likeliest({ rows, columns, weights, engine }, options, deadline);
    const means = best.mixture.means.map((mean, at) => mean + shifts[at % columns.length]!);
    const program = lower(columns, { ...best.densities, means });
    const found = await runProgramOn(engine, program, values, table.numRows, signal);
    const logs = found.at(-1)!;
    const likelihood = blockSum(logs.length, (i) => (weights ? weights[i]! : 1) * logs[i]!);
    const free = freeParameters(covarianceType, nComponents, columns.length);
    const mixture: MixtureSummary = {
      weights: [...best.mixture.weights],
      means: [...means],
      covariances: [...best.mixture.covariances],
      covarianceType,
      meanLogLikelihood: likelihood / rows.total,
      lowerBounds: best.bounds,
      converged: best.converged,
      bic: free * log(rows.total) - 2 * likelihood,
      aic: 2 * free - 2 * likelihood,
    };
    const history = best.bounds.map((bound, i): HistoryPoint => ({ iteration: i + 1, loss: -bound }));
    const iterations = history.length;
    const verdict = verdictOf({ history, converged: best.converged, bestIteration: iterations });
    const message = `the log-likelihood still rose after ${iterations} iterations: maxIter`;
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      program,
      labels: Int32Array.from(found[0]!),
      mixture,
      interpretability: 'medium',
      training: {
        rows: table.numRows,
        iterations,
        bestIteration: iterations,
        lossName: 'negative mean log-likelihood',
        history,
        verdict: deadline.passed ? `${verdict}; time budget of ${deadline.seconds} s used up` : verdict,
        ...(!best.converged && { warnings: [{ name: 'not-converged', message }] }),
      },
    });
  }

  async #likeliest(given: Rows, options: FitOptions, deadline: Deadline): Promise<Run> {
    const nInit = this.parameters.initialCenters ? 1 : this.parameters.nInit;
    let best: Run | undefined;
    for (let run = 0; run < nInit && !(run > 0 && deadline.passed); run++) {
      await this.#start(given, run, options);
      const found = await this.#iterate(given, run, options, deadline);
      if (!best || found.bounds.at(-1)! > best.bounds.at(-1)!) best = found;
    }
    return best!;
  }

  /** The first shares. */
  async #start({ rows, columns, weights, engine }: Rows, run: number, { seed = 0, signal }: FitOptions): Promise<void> {
    const { nComponents, initParams, initialCenters } = this.parameters;
    if (initParams === 'random' && !initialCenters) {
      const random = stream(seed, 'gaussian-mixture', run);
      const shares = Float64Array.from({ length: rows.count * nComponents }, () => random.uniform());
      for (let row = 0; row < rows.count; row++) {
        const own = shares.subarray(row * nComponents, (row + 1) * nComponents);
        const sum = own.reduce((total, share) => total + share, 0);
        for (let c = 0; c < nComponents; c++) own[c] = sum > 0 ? own[c]! / sum : 1 / nComponents;
      }
      rows.setShares((component, row) => shares[row * nComponents + component]!);
      return;
    }
    const values = columns.map((column) => column.values);
    using points = await ClusteredPoints.ofColumns(engine, values, { weights, signal });
    const key = randomKey(seed, 'gaussian-mixture', run);
    const start =
      givenCenters(initialCenters, nComponents, columns) ??
      points.pick(await plusPlusStart(points, nComponents, key, { signal }));
    const tolerance = 1e-4 * points.meanVariance;
    const { labels } = await lloyd(points, start, { maxIterations: 300, tolerance, signal });
    rows.setShares((component, row) => (labels[row] === component ? 1 : 0));
  }

  async #iterate(
    { rows, engine }: Rows,
    run: number,
    { signal, onProgress }: FitOptions,
    deadline: Deadline,
  ): Promise<Run> {
    const { nComponents, covarianceType, maxIter, tol, nInit } = this.parameters;
    const bounds: number[] = [];
    let mixture = await maximize(rows, nComponents, this.parameters, signal);
    let densities = await densitiesOf(engine, mixture, covarianceType, signal);
    let converged = false;
    while (bounds.length < maxIter && !converged && !(bounds.length > 0 && deadline.passed)) {
      throwIfCancelled(signal);
      const bound = await rows.expect(densities, signal);
      mixture = await maximize(rows, nComponents, this.parameters, signal);
      densities = await densitiesOf(engine, mixture, covarianceType, signal);
      converged = bounds.length > 0 && Math.abs(bound - bounds.at(-1)!) < tol;
      bounds.push(bound);
      const done = run * maxIter + bounds.length;
      onProgress?.({ what: 'iteration', done, total: nInit * maxIter, metrics: { logLikelihood: bound } });
    }
    return { mixture, densities, bounds, converged };
  }
}

const MOST = 1e150;

function refuseHuge(columns: readonly RegisterColumn[]): void {
  for (const { name, values } of columns) {
    let most = 0;
    for (let row = 0; row < values.length; row++) most = Math.max(most, Math.abs(values[row]!));
    if (most <= MOST) continue;
    throw new LanewiseError('data', `Expected numbers within ±1e150 in column "${name}" but there are larger ones`, {
      column: name,
      hint: 'Measure the column in other units, or clip it.',
    });
  }
}

/** The likeliest component, the probability of each, and the log density: log Σ exp, less the greatest. */
function lower(columns: readonly RegisterColumn[], { means, factors, full, offsets, count }: Densities): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const first = builder.reserve(count);
  const densities = Array.from({ length: count }, (_, k) => first + k);
  builder.emit({
    op: 'gaussian',
    inputs: columns.map((_, j) => j),
    outputs: densities,
    covariance: full ? 'full' : 'diagonal',
    offsets,
    means,
    factors,
  });
  const shares = builder.reserve(count);
  const probabilities = Array.from({ length: count }, (_, k) => shares + k);
  builder.emit({ op: 'softmax', inputs: densities, outputs: probabilities });
  const prediction = builder.add({ op: 'argmax', inputs: densities });
  const join = (left: number, right: number, operator: 'maximum' | 'add' | 'subtract') =>
    builder.add({ op: 'binary', left, right, operator });
  const most = densities.reduce((left, right) => join(left, right, 'maximum'));
  const parts = densities.map((density) =>
    builder.add({ op: 'unary', in: join(density, most, 'subtract'), function: 'exp' }),
  );
  const sum = parts.reduce((left, right) => join(left, right, 'add'));
  const logDensity = join(most, builder.add({ op: 'unary', in: sum, function: 'log' }), 'add');
  return builder.build([
    { name: 'prediction', register: prediction, type: 'number' },
    ...probabilities.map((register, k) => ({ name: `probability_${k}`, register, type: 'number' as const })),
    { name: 'log_density', register: logDensity, type: 'number' },
  ]);
}
