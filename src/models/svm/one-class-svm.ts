import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { featureColumns, inputsOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { weighingRows } from '../rows.js';
import { Course } from './course.js';
import { kernelData } from './kernel.js';
import { emitMachines, machineOf } from './machine.js';
import { type OneClassSvmParameters, oneClassSvmParameters } from './parameters.js';

/**
 * Finds anomalies: rows outside the region, under a kernel, that holds all but a share nu of the training rows (Schölkopf,
 * Platt, Shawe-Taylor, Smola and Williamson, "Estimating the support of a high-dimensional distribution", 2001). `score` is
 * scikit-learn's decision_function negated: how far outside, in kernel values; `prediction` is 1 from a score of 0 on.
 */
export class OneClassSVM implements Estimator {
  readonly name = 'one-class-svm';
  readonly task = 'anomaly-detection';
  readonly declarations = oneClassSvmParameters;
  readonly parameters: OneClassSvmParameters;

  constructor(parameters: Partial<OneClassSvmParameters> = {}) {
    this.parameters = checkParameters('OneClassSVM', oneClassSvmParameters, parameters);
  }

  with(parameters: Partial<OneClassSvmParameters>): OneClassSVM {
    return new OneClassSVM({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` for features that are no finite numbers, and where no row weighs anything. */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const weights = weightsOf(table, options);
    const engine = options.engine ?? (await defaultEngine());
    const data = kernelData(this.name, engine, columns, this.parameters);
    const rows = weighingRows(table.numRows, weights);
    if (rows.length === 0) throw new LanewiseError('data', 'Expected a row that weighs something but there is none');
    const course = await Course.start({
      engine,
      estimator: this.name,
      parameters: this.parameters,
      columns,
      others: [weights],
      options,
      problems: 1,
    });
    const upper = Float64Array.from(rows, (row) => (weights ? weights[row]! : 1));
    const none = new Float64Array(rows.length);
    const start = filled(upper, this.parameters.nu);
    const form = { rows: data.select(rows), linear: none, lower: none, upper, epsilon: 0, start };
    const solution = await course.solve(form);
    const machine = machineOf(solution, rows);
    const builder = new ProgramBuilder(inputsOf(columns));
    const [inside] = emitMachines(builder, columns, data, [machine]);
    const score = builder.add({ op: 'unary', in: inside!, function: 'negate' });
    const prediction = builder.add({ op: 'threshold', in: score, value: 0 });
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      program: builder.build([
        { name: 'prediction', register: prediction, type: 'number' },
        { name: 'score', register: score, type: 'number' },
      ]),
      interpretability: 'low',
      training: await course.finish(table.numRows, machine.rows.length),
    });
  }
}

/** Variables that sum to a share nu of their bounds: the first ones at their bounds. */
function filled(upper: Float64Array, nu: number): Float64Array {
  let left = 0;
  for (let row = 0; row < upper.length; row++) left += upper[row]! * nu;
  return upper.map((bound) => {
    const value = Math.min(bound, Math.max(0, left));
    left -= value;
    return value;
  });
}
