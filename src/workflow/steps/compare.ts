import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LanewiseError } from '../../errors.js';
import { type Comparison, compare as compareModels, defaultSplitter, metricNamed } from '../../evaluate/index.js';
import { formatNumber } from '../../table/format.js';
import { contextOf, modelsOf, recipeOf, trainRows } from '../recipes.js';
import type { Step } from '../runner.js';
import { need, type RunState } from '../state.js';

const COMPARISON = 'compare/comparison.json';

/** Step 5: every model as a whole recipe, cross-validated on the same folds of the training rows; which to take and why. */
export const compare: Step<RunState> = {
  name: 'compare',
  settings: ({ prepare, features, models, compare }) => ({ prepare, features, models, compare }),
  async run(context) {
    const { workflow, state, write } = context;
    const task = need(state, 'task');
    const entries = modelsOf(workflow, task).map(({ name }) => ({ name, estimator: recipeOf(state, workflow, name) }));
    const { comparison } = await compareModels(entries, trainRows(state), {
      ...contextOf(context),
      target: workflow.target,
      splitter: defaultSplitter(task, workflow.compare.folds, workflow.group),
      ...(workflow.compare.metric && { metrics: [workflow.compare.metric] }),
    });
    if (comparison.candidates.length === 0) {
      const { name, error, hint } = comparison.failed[0]!;
      throw new LanewiseError('data', `No model could be fitted; ${name}: ${error}`, { hint });
    }
    state.comparison = comparison;
    await write(COMPARISON, JSON.stringify(comparison, null, 2));
    return { outcome: describe(comparison), summary: summarize(comparison) };
  },
  async restore({ folder, state }) {
    state.comparison = JSON.parse(readFileSync(join(folder, COMPARISON), 'utf8')) as Comparison;
  },
};

function describe({ candidates, metric, recommended, failed }: Comparison): string {
  const { label, natural } = metricNamed(metric);
  const shown = candidates.map(({ name, score }) => `${name} ${formatNumber(natural(score))}`).join(', ');
  const unfit =
    failed.length > 0 ? `; ${failed.length} could not be fitted (${failed[0]!.name}: ${failed[0]!.error})` : '';
  return `${label}: ${shown}; take ${recommended}${unfit}`;
}

function summarize({ candidates, metric, recommended, reason, failed }: Comparison): Record<string, unknown> {
  const ranking = candidates.map(({ name, rank, score, std, interval }) => ({ name, rank, score, std, interval }));
  return { metric, ranking, recommended, reason, failed };
}
