import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { makeModel } from '../models/model.js';
import type { ParameterDeclarations, ParameterValue } from '../parameters.js';
import { compose } from '../scoring/builder.js';
import { readRegister, takeRows } from '../table/columns.js';
import type { Estimator, FitOptions, Model, Repair, TaskKind } from '../table/interfaces.js';
import { annotate, columnInfo, columnsOf, namesWithRole } from '../table/schema.js';
import { countMissing, varies } from '../table/statistics.js';
import type { Step } from '../table/steps.js';
import { type FittedPipeline, type Lineage, Pipeline, requireFeatures, transformTable } from './pipeline.js';

/** A recipe's model: the estimator's, with the pipeline inside its program. */
export interface RecipeModel extends Model {
  /** What the steps found and did on the training rows. */
  readonly report: readonly Repair[];
  /** Where each of the estimator's features comes from. */
  readonly lineage: readonly Lineage[];
  readonly pipeline: FittedPipeline;
  /** The estimator's own model, on the pipeline's features. */
  readonly inner: Model;
}

/**
 * An unfitted pipeline and an estimator; itself an estimator on raw columns. Whoever refits it in a fold refits every
 * step, so nothing leaks. Rows whose target is missing are dropped, in training only; so are those a step drops.
 */
export class Recipe implements Estimator {
  readonly pipeline: Pipeline;
  readonly estimator: Estimator;
  readonly #minColumns: number;

  constructor(steps: readonly Step[], estimator: Estimator, options: { withoutFeatures?: boolean } = {}) {
    this.pipeline = new Pipeline(steps);
    this.estimator = estimator;
    this.#minColumns = options.withoutFeatures ? 0 : 1;
  }

  get name(): string {
    return this.estimator.name;
  }

  get task(): TaskKind {
    return this.estimator.task;
  }

  get declarations(): ParameterDeclarations {
    return this.estimator.declarations;
  }

  get parameters(): Readonly<Record<string, ParameterValue>> {
    return this.estimator.parameters;
  }

  with(parameters: Readonly<Record<string, ParameterValue>>): Recipe {
    return new Recipe(this.pipeline.steps, this.estimator.with(parameters), {
      withoutFeatures: this.#minColumns === 0,
    });
  }

  /** @throws LanewiseError `data` for a target that is not there, missing everywhere, or of one value. */
  async fit(table: Table, options: FitOptions = {}): Promise<RecipeModel> {
    const target = this.task === 'clustering' ? undefined : targetOf(table, options.target);
    const weights = options.weights ?? namesWithRole(table, 'weight')[0];
    const carry = [target, weights].filter((name) => name !== undefined);
    const { rows, report } = trainingRows(table, target);
    const { fitted, table: features } = await this.pipeline.fit(rows, { ...options, target, carry });
    if (this.#minColumns > 0) requireFeatures(fitted);
    const validation = options.validation && validationRows(fitted, options.validation, target, carry);
    const inner = await this.estimator.fit(withRoles(features, target, weights), {
      ...options,
      target,
      weights,
      validation,
    });
    return recipeModel(fitted, inner, [...report, ...fitted.report]);
  }
}

/** A model whose program is the pipeline's, then the inner model's. */
export function recipeModel(fitted: FittedPipeline, inner: Model, report: readonly Repair[]): RecipeModel {
  const model = makeModel({ ...inner, program: compose(fitted.program, inner.program) });
  return { ...model, report, lineage: fitted.lineage, pipeline: fitted, inner };
}

/** The target's name: as given, else the column of that role. */
export function targetOf(table: Table, given: string | undefined): string {
  const name = given ?? namesWithRole(table, 'target')[0];
  if (name === undefined) {
    throw new LanewiseError('usage', 'Expected the name of the target column but received none', {
      hint: `The columns are: ${columnsOf(table)
        .slice(0, 20)
        .map((column) => column.name)
        .join(', ')}`,
    });
  }
  return columnInfo(table, name).name;
}

function trainingRows(table: Table, target: string | undefined): { rows: Table; report: Repair[] } {
  if (target === undefined) return { rows: requireRows(table, 1), report: [] };
  const { values } = readRegister(table, target);
  const missing = countMissing(values);
  if (missing === values.length && missing > 0) {
    throw new LanewiseError(
      'data',
      `Expected values in the target column "${target}" but all ${missing} rows are missing`,
      {
        column: target,
      },
    );
  }
  const kept = Uint32Array.from({ length: values.length }, (_, row) => row).filter((row) => !Number.isNaN(values[row]));
  const rows = requireRows(missing > 0 ? takeRows(table, kept) : table, 2);
  if (!varies(values)) {
    throw new LanewiseError(
      'data',
      `Expected at least two different values in the target column "${target}" but it has one in all ${kept.length} rows`,
      { column: target, hint: 'There is nothing to learn where every answer is the same' },
    );
  }
  const what = 'dropped from training: the target is missing';
  return { rows, report: missing > 0 ? [{ what, column: target, rows: missing }] : [] };
}

function requireRows(table: Table, least: number): Table {
  if (table.numRows >= least) return table;
  const were = `${table.numRows === 1 ? 'is' : 'are'} ${table.numRows}`;
  throw new LanewiseError('data', `Expected at least ${least} rows to learn from but there ${were} (with a target)`);
}

function validationRows(
  fitted: FittedPipeline,
  validation: Table,
  target: string | undefined,
  carry: readonly string[],
): Table {
  const { values } = target === undefined ? { values: new Float64Array(0) } : readRegister(validation, target);
  const kept = Uint32Array.from({ length: values.length }, (_, row) => row).filter((row) => !Number.isNaN(values[row]));
  const rows = kept.length < values.length ? takeRows(validation, kept) : validation;
  return withRoles(
    transformTable(fitted, rows, carry),
    target,
    carry.find((name) => name !== target),
  );
}

function withRoles(table: Table, target: string | undefined, weights: string | undefined): Table {
  return annotate(table, {
    ...(target !== undefined && { [target]: { role: 'target' } }),
    ...(weights !== undefined && { [weights]: { role: 'weight' } }),
  });
}
