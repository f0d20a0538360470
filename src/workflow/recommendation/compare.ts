import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareRecommenders, listScorer, type RecommenderComparison } from '../../evaluate/recommendation/index.js';
import { formatNumber } from '../../table/format.js';
import { trainRows } from '../recipes.js';
import type { Step } from '../runner.js';
import type { RunState } from '../state.js';
import { contestantOf, innerSplitter, recommendersOf, scorerOf, scoringOf } from './interactions.js';

const COMPARISON = 'compare/comparison.json';

/** Every recommender on one split of the training rows, the baseline among them; which to take and why. */
export const compare: Step<RunState> = {
  name: 'compare',
  settings: ({ models, compare, lists, split }) => ({ models, compare, lists, split }),
  async run(context) {
    const { workflow, state, write } = context;
    const train = trainRows(state);
    const entries = recommendersOf(workflow).map(({ name }) => contestantOf(workflow, name));
    const splitter = innerSplitter(workflow);
    const [fold] = splitter.split(train, { seed: workflow.seed });
    const metric = scorerOf(workflow).name;
    const { comparison } = await compareRecommenders(entries, train, fold!, { ...scoringOf(context), metric });
    state.ranked = comparison;
    await write(COMPARISON, JSON.stringify({ ...comparison, splitter: splitter.name }, null, 2));
    return { outcome: describe(comparison), summary: summarize(comparison) };
  },
  async restore({ folder, state }) {
    state.ranked = JSON.parse(readFileSync(join(folder, COMPARISON), 'utf8')) as RecommenderComparison;
  },
};

function figures({ candidates, metric }: RecommenderComparison) {
  const { of } = listScorer(metric, candidates[0]!.evaluation.k);
  return candidates.map(({ name, evaluation }) => ({ name, ...evaluation.metrics[of] }));
}

function describe(comparison: RecommenderComparison): string {
  const shown = figures(comparison).map(({ name, value }) => `${name} ${formatNumber(value)}`);
  const unfit = comparison.failed.map(({ name, error }) => `; ${name} could not be fitted: ${error}`).join('');
  return `${comparison.metricLabel}: ${shown.join(', ')}; take ${comparison.recommended}${unfit}`;
}

function summarize(comparison: RecommenderComparison): Record<string, unknown> {
  const { metric, recommended, reason, failed } = comparison;
  return { metric, ranking: figures(comparison), recommended, reason, failed };
}
