import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { featureColumns, inputsOf, targetOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { weighingRows } from '../rows.js';
import { Course } from './course.js';
import { kernelData } from './kernel.js';
import { emitMachines, machineOf } from './machine.js';
import { type SvrParameters, svrParameters } from './parameters.js';

/**
 * Support vector regression: the flattest function under a kernel that misses as few rows as pays by more than epsilon.
 * Solves LIBSVM's epsilon-SVR, to scikit-learn's parameters; C and epsilon are in the units of the target.
 */
export class SVR implements Estimator {
  readonly name = 'svm';
  readonly task = 'regression';
  readonly declarations = svrParameters;
  readonly parameters: SvrParameters;

  constructor(parameters: Partial<SvrParameters> = {}) {
    this.parameters = checkParameters('SVR', svrParameters, parameters);
  }

  with(parameters: Partial<SvrParameters>): SVR {
    return new SVR({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` for features that are no finite numbers, and where no row weighs anything. */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'regression');
    const weights = weightsOf(table, options);
    const engine = options.engine ?? (await defaultEngine());
    const data = kernelData('svm', engine, columns, this.parameters);
    const { C, epsilon, kernel } = this.parameters;
    const rows = weighingRows(table.numRows, weights);
    if (rows.length === 0) throw new LanewiseError('data', 'Expected a row that weighs something but there is none');
    const course = await Course.start({
      engine,
      estimator: this.name,
      parameters: this.parameters,
      columns,
      others: [target.values, weights],
      options,
      problems: 1,
    });
    const upper = Float64Array.from(rows, (row) => C * (weights ? weights[row]! : 1));
    const linear = Float64Array.from(rows, (row) => target.values[row]!);
    const form = { rows: data.select(rows), linear, lower: upper.map((cost) => -cost), upper, epsilon };
    const solution = await course.solve(form);
    const machine = machineOf(solution, rows);
    const builder = new ProgramBuilder(inputsOf(columns));
    const [register] = emitMachines(builder, columns, data, [machine]);
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      program: builder.build([{ name: 'prediction', register: register!, type: 'number' }]),
      interpretability: kernel === 'linear' ? 'high' : 'low',
      training: await course.finish(table.numRows, machine.rows.length),
    });
  }
}
