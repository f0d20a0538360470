import type { Table } from 'apache-arrow';
import { unknownName } from '../errors.js';
import { type ModelEntry, models } from '../models/index.js';
import type { ParameterValue } from '../parameters.js';
import { readRegister } from '../table/columns.js';
import type { Estimator, TaskKind } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import type { Step } from '../table/steps.js';
import { dropConstant, dropIdentifiers, dropMissing, dropTimestamps } from './drop.js';
import { oneHot, ordinal } from './encode.js';
import { impute } from './impute.js';
import { infinite } from './infinite.js';
import { checkNames } from './pipeline.js';
import { Recipe } from './recipe.js';
import { scale } from './scale.js';
import { tfIdf } from './terms.js';

export interface DefaultRecipeOptions {
  readonly target?: string;
  readonly task: TaskKind;
  /** Name of the model: 'linear', 'gradient-boosting', … */
  readonly model: string;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  /** Steps to run first, on the raw columns: repairs from prepare, then features (src/features). */
  readonly steps?: readonly Step[];
}

/** Trees with native categories hold a node's categories as a bit set; more levels than this become ordinal numbers. */
const MOST_NATIVE_LEVELS = 254;

const common: readonly Step[] = [
  { transformer: dropMissing.create() },
  { transformer: dropTimestamps.create() },
  { transformer: dropConstant.create() },
  { transformer: dropIdentifiers.create() },
];
const imputed: readonly Step[] = [...common, { transformer: infinite.create() }, { transformer: impute.create() }];
/** Models that add up columns or distances need complete numbers on one scale; one-hot columns follow. */
const complete: readonly Step[] = [...imputed, { transformer: scale.create() }];
const within01: readonly Step[] = [...imputed, { transformer: scale.create({ method: 'min_max' }) }];
const stepsOfModel: Readonly<Record<string, readonly Step[]>> = {
  dummy: [{ transformer: dropTimestamps.create() }],
  'gradient-boosting': [...common, { transformer: ordinal.create({ minLevels: MOST_NATIVE_LEVELS }) }],
  'random-forest': [...common, { transformer: impute.create() }, { transformer: ordinal.create() }],
  'extra-trees': [...common, { transformer: impute.create() }, { transformer: ordinal.create() }],
  'isolation-forest': [...common, { transformer: ordinal.create() }],
  'decision-tree': [...common, { transformer: ordinal.create({ minLevels: MOST_NATIVE_LEVELS }) }],
};
/**
 * In the units of the data, and levels against the first: what a table of coefficients is read by, and no column that
 * follows from the others.
 */
const interpretable: readonly string[] = [
  'linear-regression',
  'linear-discriminant-analysis',
  'quadratic-discriminant-analysis',
  'elliptic-envelope',
];

/** One-hot columns take eight bytes a row and level; in all they may take this much. */
const ONE_HOT_BYTES = 2 ** 30;

/** The preparation that suits a model where nothing else is asked for; the setup of the reference scores. */
export function defaultSteps(model: string, table?: Table, task?: TaskKind): readonly Step[] {
  const own = stepsOfModel[model];
  if (own) return own;
  const entry = models.find(({ name }) => name === model);
  const readsTexts = task !== undefined && entry?.sparse?.includes(task) === true;
  const maxCategories = mostCategories(table, readsTexts);
  if (interpretable.includes(model)) {
    return [...imputed, { transformer: oneHot.create({ maxCategories, drop: 'first' }) }];
  }
  return [
    ...(readsTexts ? [{ transformer: tfIdf.create() }] : []),
    ...(entry?.nonNegative ? within01 : complete),
    { transformer: oneHot.create({ maxCategories }) },
  ];
}

/** Null, no limit, unless the levels of all categories would take too much memory: then each column gets its share. */
function mostCategories(table: Table | undefined, readsTexts: boolean): number | null {
  const columns = table ? columnsOf(table).filter(({ kind }) => !(readsTexts && kind === 'text')) : [];
  const levels = columns.map(({ name }) => readRegister(table!, name).labels?.length ?? 0);
  const budget = Math.floor(ONE_HOT_BYTES / (8 * (table?.numRows ?? 1)));
  const total = levels.reduce((sum, count) => sum + count, 0);
  return total <= budget ? null : Math.max(2, Math.floor(budget / levels.filter((count) => count > 0).length));
}

/** @throws LanewiseError `usage` for a model that does not exist, or not for this task. */
export function findModel(name: string, task: TaskKind): ModelEntry {
  const able = models.filter(({ tasks }) => tasks.includes(task));
  const found = able.find((entry) => entry.name === name);
  if (!found)
    throw unknownName(
      `model for ${task}`,
      name,
      able.map((entry) => entry.name),
    );
  return found;
}

/** The model where none is asked for: of nothing but texts only linear ones learn. */
export function defaultModel(table: Table, task: TaskKind, target: string): string {
  const features = columnsOf(table).filter(({ name, role }) => role === 'feature' && name !== target);
  const texts = features.length > 0 && features.every(({ kind }) => kind === 'text');
  return task === 'classification' && texts ? 'linear' : 'gradient-boosting';
}

/** A model with the preparation that suits it, as one estimator on the raw columns of the table. */
export function defaultRecipe(table: Table, options: DefaultRecipeOptions): Recipe {
  const { target, task, model, parameters, steps = [] } = options;
  if (target !== undefined) checkNames(table, [target], 'target column');
  const estimator: Estimator = findModel(model, task).create(task, parameters);
  return new Recipe([...steps, ...defaultSteps(model, table, task)], estimator, { withoutFeatures: model === 'dummy' });
}
