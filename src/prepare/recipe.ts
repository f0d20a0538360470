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
import { isSupervised } from '../table/tasks.js';
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
    const targets = isSupervised(this.task) ? targetNames(table, options) : [];
    const carried: Carried = {
      targets,
      weights: options.weights ?? namesWithRole(table, 'weight')[0],
      group: this.task === 'ranking' ? (options.group ?? namesWithRole(table, 'group')[0]) : undefined,
    };
    const carry = namesOf(carried);
    const { rows, report } = trainingRows(table, targets);
    // Steps that look at the target (encodings) look at the first.
    const { fitted, table: features } = await this.pipeline.fit(rows, { ...options, target: targets[0], carry });
    if (this.#minColumns > 0) requireFeatures(fitted);
    const validation = options.validation && validationRows(fitted, options.validation, carried);
    const inner = await this.estimator.fit(withRoles(features, carried), {
      ...options,
      ...(options.warmStart && { warmStart: innerOf(options.warmStart) }),
      target: targets[0],
      targets: targets.length > 1 ? targets : undefined,
      weights: carried.weights,
      group: carried.group,
      validation,
    });
    return recipeModel(fitted, inner, [...report, ...fitted.report]);
  }
}

/** The estimator's own model, of a recipe's. */
function innerOf(model: Model): Model {
  return 'inner' in model ? (model as RecipeModel).inner : model;
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

function targetNames(table: Table, { target, targets }: FitOptions): string[] {
  return targets ? targets.map((name) => targetOf(table, name)) : [targetOf(table, target)];
}

/** The rows with a value of every target. */
function trainingRows(table: Table, targets: readonly string[]): { rows: Table; report: Repair[] } {
  if (targets.length === 0) return { rows: requireRows(table, 1), report: [] };
  const columns = targets.map((target) => ({ target, ...readRegister(table, target) }));
  const report = columns.flatMap(({ target, values }) => {
    const missing = countMissing(values);
    if (missing === values.length && missing > 0) {
      const message = `Expected values in the target column "${target}" but all ${missing} rows are missing`;
      throw new LanewiseError('data', message, { column: target });
    }
    const what = 'dropped from training: the target is missing';
    return missing > 0 ? [{ what, column: target, rows: missing }] : [];
  });
  const kept = knownRows(table, targets);
  const rows = requireRows(kept.length < table.numRows ? takeRows(table, kept) : table, 2);
  for (const { target, values } of columns) {
    if (varies(values)) continue;
    throw new LanewiseError(
      'data',
      `Expected at least two different values in the target column "${target}" but it has one in all ${kept.length} rows`,
      { column: target, hint: 'There is nothing to learn where every answer is the same' },
    );
  }
  return { rows, report };
}

function knownRows(table: Table, targets: readonly string[]): Uint32Array {
  const columns = targets.map((target) => readRegister(table, target).values);
  return Uint32Array.from({ length: table.numRows }, (_, row) => row).filter((row) =>
    columns.every((values) => !Number.isNaN(values[row])),
  );
}

function requireRows(table: Table, least: number): Table {
  if (table.numRows >= least) return table;
  const were = `${table.numRows === 1 ? 'is' : 'are'} ${table.numRows}`;
  throw new LanewiseError('data', `Expected at least ${least} rows to learn from but there ${were} (with a target)`);
}

/** The columns that go round the steps. */
interface Carried {
  readonly targets: readonly string[];
  readonly weights: string | undefined;
  readonly group: string | undefined;
}

function namesOf({ targets, weights, group }: Carried): string[] {
  return [...targets, weights, group].filter((name) => name !== undefined);
}

function validationRows(fitted: FittedPipeline, validation: Table, carried: Carried): Table {
  const kept = knownRows(validation, carried.targets);
  const rows = kept.length < validation.numRows ? takeRows(validation, kept) : validation;
  return withRoles(transformTable(fitted, rows, namesOf(carried)), carried);
}

function withRoles(table: Table, { targets, weights, group }: Carried): Table {
  return annotate(table, {
    ...Object.fromEntries(targets.map((target) => [target, { role: 'target' as const }])),
    ...(weights !== undefined && { [weights]: { role: 'weight' } }),
    ...(group !== undefined && { [group]: { role: 'group' } }),
  });
}
