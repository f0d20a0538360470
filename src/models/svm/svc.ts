import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { fitPlatt, type PlattScaling } from '../../training/platt.js';
import { classFactors } from '../class-weights.js';
import { featureColumns, inputsOf, type Target, targetOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { weighingRows } from '../rows.js';
import { seedOf } from '../seed.js';
import { heldOutDecisions } from './calibration.js';
import { Course } from './course.js';
import { type KernelData, kernelData } from './kernel.js';
import { emitMachines, type Machine, machineOf } from './machine.js';
import { type Pair, pairForm, pairsOf } from './pairs.js';
import { type SvcParameters, svcParameters } from './parameters.js';
import { emitClasses } from './votes.js';

/** Folds of `probability: true`. */
const FOLDS = 5;

/**
 * Support vector classification: the widest margin between two classes under a kernel, between every pair of several, and
 * the class with the most votes. Solves LIBSVM's C-SVC, to scikit-learn's parameters. Probabilities are sigmoids of the
 * pairs' decision values, coupled (Wu, Lin and Weng 2004); the sigmoids are fitted to decision values of cross-validation
 * with `probability`, else to those of the training rows, which is cheap and too sure. As in LIBSVM the predicted class
 * goes by votes and need not be the one with the highest probability.
 */
export class SVC implements Estimator {
  readonly name = 'svm';
  readonly task = 'classification';
  readonly declarations = svcParameters;
  readonly parameters: SvcParameters;

  constructor(parameters: Partial<SvcParameters> = {}) {
    this.parameters = checkParameters('SVC', svcParameters, parameters);
  }

  with(parameters: Partial<SvcParameters>): SVC {
    return new SVC({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` for features that are no finite numbers, and where fewer than two classes weigh anything. */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'classification');
    const engine = options.engine ?? (await defaultEngine());
    const data = kernelData('svm', engine, columns, this.parameters);
    const costs = this.#costs(target, weightsOf(table, options));
    const pairs = pairsOf(target, costs);
    if (pairs.length === 0) {
      throw new LanewiseError('data', `Expected rows of two classes of "${target.name}" that weigh something`, {
        column: target.name,
      });
    }
    const { probability, kernel } = this.parameters;
    const course = await Course.start({
      engine,
      estimator: this.name,
      parameters: this.parameters,
      columns,
      others: [target.values, costs],
      options,
      problems: pairs.length * (probability ? FOLDS + 1 : 1),
    });
    const parts: { machine: Machine; platt: PlattScaling }[] = [];
    for (const pair of pairs) parts.push(await this.#fitPair(data, pair, costs, course, options));
    const supportCount = new Set(parts.flatMap(({ machine }) => [...machine.rows])).size;
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      classes: target.classes!,
      program: this.#lower(columns, data, target.classes!, pairs, parts),
      interpretability: kernel === 'linear' ? 'high' : 'low',
      training: await course.finish(
        table.numRows,
        supportCount,
        probability
          ? undefined
          : 'probabilities are fitted to the training rows; probability: true cross-validates them',
      ),
    });
  }

  /** What each row may cost: C times its weight times its class's. */
  #costs(target: Target, weights: Float64Array | undefined): Float64Array {
    const rows = weighingRows(target.values.length, weights);
    const classes = target.classes!;
    const factors = classFactors(this.parameters.classWeight, { targets: target.values, classes, rows });
    return target.values.map(
      (k, row) => this.parameters.C * (weights ? weights[row]! : 1) * (factors ? factors[k]! : 1),
    );
  }

  async #fitPair(data: KernelData, pair: Pair, costs: Float64Array, course: Course, options: FitOptions) {
    const form = pairForm(data, pair.rows, pair.sides, costs);
    const solution = await course.solve(form);
    const { scores, intercept } = solution;
    const positive = pair.sides.map((side) => (side > 0 ? 1 : 0));
    // By the optimality conditions, a row's decision is its side, less its score, plus the intercept.
    const decisions = this.parameters.probability
      ? await heldOutDecisions(data, pair, costs, course, {
          folds: FOLDS,
          seed: seedOf(this.parameters.randomState, options),
          signal: options.signal,
        })
      : pair.sides.map((side, i) => side - scores[i]! + intercept);
    return { machine: machineOf(solution, pair.rows), platt: fitPlatt(decisions, positive) };
  }

  #lower(
    columns: readonly RegisterColumn[],
    data: KernelData,
    classes: readonly string[],
    pairs: readonly Pair[],
    parts: readonly { machine: Machine; platt: PlattScaling }[],
  ) {
    const builder = new ProgramBuilder(inputsOf(columns));
    const machines = parts.map(({ machine }) => machine);
    const decisions = emitMachines(builder, columns, data, machines);
    const scalings = parts.map(({ platt }) => platt);
    return builder.build(
      emitClasses(builder, { classes, pairs, decisions, scalings, breakTies: this.parameters.breakTies }),
    );
  }
}
