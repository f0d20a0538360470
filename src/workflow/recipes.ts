import type { Table } from 'apache-arrow';
import { unknownName } from '../errors.js';
import { metricNamed } from '../evaluate/index.js';
import { defaultFeatures, featuresFromConfig } from '../features/index.js';
import { comparedModels, models } from '../models/index.js';
import type { ParameterValue } from '../parameters.js';
import {
  defaultRecipe,
  defaultRepairs,
  prepareFromConfig,
  type Recipe,
  type RecipeModel,
  type Step,
} from '../prepare/index.js';
import { takeRows } from '../table/columns.js';
import type { Context, TaskKind } from '../table/interfaces.js';
import { fitWithValidation } from './held-out.js';
import type { StepContext } from './runner.js';
import type { RunState } from './state.js';
import { need } from './state.js';
import type { Workflow } from './workflow-file.js';

/** The workflow's own steps, repairs before features; what suits the model follows (defaultRecipe). */
export function ownSteps(workflow: Workflow): Step[] {
  return [...repairsOf(workflow), ...(workflow.features ? featuresFromConfig(workflow.features) : defaultFeatures())];
}

/** The repairs that the workflow asks for, else those that suit any table. */
export function repairsOf({ prepare }: Workflow): Step[] {
  return prepare ? prepareFromConfig(prepare) : defaultRepairs();
}

/** A model of the list with the workflow's preparation and features, as one estimator on the raw columns. */
export function recipeOf(
  state: RunState,
  workflow: Workflow,
  name: string,
  parameters: Readonly<Record<string, ParameterValue>> = {},
): Recipe {
  const chosen = modelsOf(workflow, need(state, 'task')).find((entry) => entry.name === name);
  return defaultRecipe(need(state, 'table'), {
    target: workflow.target,
    task: need(state, 'task'),
    model: name,
    parameters: { ...chosen?.parameters, ...parameters },
    steps: ownSteps(workflow),
  });
}

export interface ChosenModel {
  readonly name: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** The models that the workflow names, else one or two of each kind that can do the task. */
export function modelsOf(workflow: Workflow, task: TaskKind): ChosenModel[] {
  if (workflow.models === undefined) {
    return comparedModels(task).map(({ name }) => ({ name, parameters: {} }));
  }
  return workflow.models.map((entry) => {
    const [name, settings] = typeof entry === 'string' ? [entry, {}] : Object.entries(entry)[0]!;
    const given = Object.entries((settings ?? {}) as Record<string, ParameterValue>);
    return { name, parameters: Object.fromEntries(given.map(([key, value]) => [camelCase(key), value])) };
  });
}

/**
 * Every name that a workflow file gives is checked before the first row is read.
 * @throws LanewiseError `usage` naming the step, model, parameter or metric that cannot be, with the nearest that can.
 */
export function checkNames(workflow: Workflow): void {
  ownSteps(workflow);
  const tasks: readonly TaskKind[] = workflow.task ? [workflow.task] : ['regression', 'classification'];
  const known = models.filter((entry) => entry.tasks.some((task) => tasks.includes(task)));
  const tuned = workflow.tune.model === undefined ? [] : [workflow.tune.model];
  for (const name of [...modelsOf(workflow, tasks[0]!).map((model) => model.name), ...tuned]) {
    if (!known.some((entry) => entry.name === name))
      throw unknownName(
        'model',
        name,
        known.map((entry) => entry.name),
      );
  }
  if (workflow.compare.metric !== undefined) metricNamed(workflow.compare.metric);
}

/** learning_rate → learningRate: snake_case in YAML, camelCase in TypeScript. */
export const camelCase = (key: string) => key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** What every long call of a step is handed. */
export function contextOf({ state, workflow, signal, onProgress }: StepContext<RunState>): Context {
  return { engine: state.engine, seed: workflow.seed, signal, onProgress };
}

/** The rows to learn from, compare and tune on. */
export function trainRows(state: RunState): Table {
  return takeRows(need(state, 'table'), need(state, 'split').train);
}

/** The rows that only score. */
export function testRows(state: RunState): Table {
  return takeRows(need(state, 'table'), need(state, 'split').test);
}

/** The rows that came in later. */
export function liveRows(state: RunState): Table {
  return takeRows(need(state, 'table'), need(state, 'split').live);
}

/** A model fitted on the training rows, a share of them kept aside to stop it and to draw its loss curve. */
export async function fitOnTrain(
  context: StepContext<RunState>,
  name: string,
  parameters: Readonly<Record<string, ParameterValue>> = {},
): Promise<RecipeModel> {
  const { workflow, state } = context;
  const { target, train } = workflow;
  const recipe = recipeOf(state, workflow, name, parameters);
  return await fitWithValidation(recipe, trainRows(state), {
    ...contextOf(context),
    target,
    validation: train.validation,
  });
}
