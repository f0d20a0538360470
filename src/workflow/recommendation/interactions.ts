import type { Table } from 'apache-arrow';
import { readTable } from '../../collect/index.js';
import { LanewiseError } from '../../errors.js';
import {
  type ListScorer,
  listScorer,
  type RecommenderContestant,
  type RecommenderEvaluation,
  type RecommenderEvaluationOptions,
  recommendationSplitter,
} from '../../evaluate/recommendation/index.js';
import {
  columnsFor,
  type FittedRecommender,
  recommenderNamed,
  recommenders,
} from '../../models/recommendation/index.js';
import type { ParameterValue } from '../../parameters.js';
import { readRegister, takeRows } from '../../table/columns.js';
import type { Splitter } from '../../table/interfaces.js';
import type { InteractionColumns } from '../../table/recommendation.js';
import { columnInfo, columnsOf } from '../../table/schema.js';
import type { ParameterSet } from '../../tune/index.js';
import { type ChosenModel, contextOf, modelsOf } from '../recipes.js';
import type { StepContext } from '../runner.js';
import type { Split } from '../split.js';
import { need, type RunState } from '../state.js';
import type { Workflow } from '../workflow-file.js';

export type NamedColumns = InteractionColumns & { readonly user: string; readonly item: string };

/** The columns that the workflow names. */
export function interactionColumnsOf({ user, item, rating, weight, time }: Workflow): NamedColumns {
  return {
    user: user!,
    item: item!,
    ...(rating !== undefined && { rating }),
    ...(weight !== undefined && { weight }),
    ...(time !== undefined && { time }),
  };
}

/** @throws LanewiseError with the nearest name where a column is not there. */
export function requireColumns(table: Table, workflow: Workflow): void {
  for (const name of Object.values(interactionColumnsOf(workflow))) columnInfo(table, name);
}

/** The baseline, and the recommenders that the workflow names; else those that can read its columns. */
export function recommendersOf(workflow: Workflow): ChosenModel[] {
  const chosen =
    workflow.models === undefined
      ? recommenders
          .filter(({ feedback }) => workflow.rating !== undefined || feedback !== 'explicit')
          .map(({ name }) => ({ name, parameters: {} }))
      : modelsOf(workflow, 'recommendation');
  return chosen.some(({ name }) => name === 'popularity')
    ? chosen
    : [{ name: 'popularity', parameters: {} }, ...chosen];
}

/** A recommender with the parameters that the workflow gives it, and with those that are searched. */
export function contestantOf(workflow: Workflow, name: string, parameters: ParameterSet = {}): RecommenderContestant {
  const entry = recommenderNamed(name);
  const given: Readonly<Record<string, ParameterValue>> =
    recommendersOf(workflow).find((model) => model.name === name)?.parameters ?? {};
  const recommender = entry.create({ ...given, ...parameters });
  return { name, recommender, columns: columnsFor(entry, interactionColumnsOf(workflow)) };
}

/** Every name and parameter is checked before the first row is read. */
export function checkRecommenders(workflow: Workflow): void {
  const tuned = workflow.tune.model === undefined ? [] : [workflow.tune.model];
  for (const name of [...recommendersOf(workflow).map((model) => model.name), ...tuned]) contestantOf(workflow, name);
  scorerOf(workflow);
  if (workflow.split.folds !== undefined) return;
  recommendationSplitter(interactionColumnsOf(workflow), workflow.split.by);
}

/** What ranks: NDCG of lists of the length that is asked for, where nothing else is said. */
export function scorerOf({ compare, lists }: Workflow): ListScorer {
  return listScorer(compare.metric ?? 'ndcg', lists.k);
}

/** How lists are scored, with the engine, the seed and the signal. */
export function scoringOf(context: StepContext<RunState>): RecommenderEvaluationOptions {
  const { k, relevant_from: relevantFrom } = context.workflow.lists;
  return { ...contextOf(context), k, ...(relevantFrom !== undefined && { relevantFrom }) };
}

/** Splits the training rows once more: what is compared and tuned on never sees the test rows. */
export function innerSplitter(workflow: Workflow): Splitter {
  return recommendationSplitter(interactionColumnsOf(workflow), workflow.split.by);
}

export async function fitOn(
  context: StepContext<RunState>,
  name: string,
  table: Table,
  parameters: ParameterSet = {},
): Promise<FittedRecommender> {
  const { recommender, columns } = contestantOf(context.workflow, name, parameters);
  return (await recommender.fit(table, { ...columns, ...contextOf(context) })) as FittedRecommender;
}

/** The rows that were learnt from and tested on: what a deployed recommender has to know. */
export function seenRows(state: RunState): Table {
  const { train, test } = need(state, 'split');
  return takeRows(need(state, 'table'), Uint32Array.from([...train, ...test]).sort());
}

/** Rows to learn from, to test on, and those that came later. @throws LanewiseError where one would be empty. */
export async function splitInteractions(table: Table, workflow: Workflow): Promise<Split> {
  const { split, seed, time } = workflow;
  if (split.folds !== undefined) return givenSplit(table, split.folds);
  for (const part of [split.train, split.test, split.live]) {
    if (typeof part !== 'string') continue;
    throw new LanewiseError(
      'usage',
      `Expected a share for the parts of a recommendation but received the day ${part}`,
      {
        file: workflow.file,
        hint: 'split: { by: latest, test: 0.2, live: 0.1 } takes the latest rows by time.',
      },
    );
  }
  const all = Uint32Array.from({ length: table.numRows }, (_, row) => row);
  const share = split.live as number;
  const columns = interactionColumnsOf(workflow);
  const later =
    share === 0 ? undefined : recommendationSplitter(columns, time === undefined ? 'random' : 'latest', share);
  const [outer] = later ? later.split(table, { seed }) : [{ train: all, test: all.subarray(0, 0) }];
  const seen = outer!.train;
  const inner = recommendationSplitter(columns, split.by, Math.min(0.9, (split.test as number) / (1 - share)));
  const [fold] = inner.split(takeRows(table, seen), { seed });
  const live = later ? `; live: the ${time === undefined ? 'rows drawn' : 'latest'} ${Math.round(100 * share)} %` : '';
  return {
    train: fold!.train.map((row) => seen[row]!),
    test: fold!.test.map((row) => seen[row]!),
    live: outer!.test,
    description: `${inner.name}${live}`,
  };
}

/** A split that somebody else has made: a column `test`, a line a data row. */
async function givenSplit(table: Table, path: string): Promise<Split> {
  const { table: folds } = await readTable(path);
  const names = columnsOf(folds).map(({ name }) => name);
  if (!names.includes('test') || folds.numRows !== table.numRows) {
    const received = names.includes('test') ? `${folds.numRows} rows` : `columns ${names.slice(0, 8).join(', ')}`;
    throw new LanewiseError(
      'data',
      `Expected a column "test" with ${table.numRows} rows in ${path} but it has ${received}`,
      {
        file: path,
        hint: 'Its header is `test`; each line below is 1 where the data row tests, else 0.',
      },
    );
  }
  const isTest = readRegister(folds, 'test').values;
  const rows = Uint32Array.from({ length: table.numRows }, (_, row) => row);
  const [train, test] = [rows.filter((row) => isTest[row] === 0), rows.filter((row) => isTest[row] === 1)];
  for (const [name, part] of Object.entries({ train, test }))
    if (part.length === 0)
      throw new LanewiseError('data', `Expected rows in the ${name} part of ${path} but it has none`);
  return { train, test, live: rows.subarray(0, 0), description: 'as given by a file' };
}

/** The measures of an evaluation as a run's report shows them, the one that ranks first. */
export function metricsOf({ metrics, k }: RecommenderEvaluation, first: ListScorer) {
  const names = [first.name, ...['ndcg', 'map', 'mrr', 'recall', 'hit_rate'].filter((name) => name !== first.name)];
  return names.map((name) => {
    const { of, label, meaning } = listScorer(name, k);
    const { value, low, high } = metrics[of];
    return { metric: name, label, meaning, score: value, value, valueLow: low, valueHigh: high };
  });
}
