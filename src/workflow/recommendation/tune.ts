import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LanewiseError } from '../../errors.js';
import { evaluateRecommender, pairedScores } from '../../evaluate/recommendation/index.js';
import { gate, overrideSpace, type ParameterSet, type TuneResult, tuneRecommender } from '../../tune/index.js';
import { contextOf, testRows, trainRows } from '../recipes.js';
import type { Step, StepContext, StepResult } from '../runner.js';
import { need, type RunState } from '../state.js';
import {
  contestantOf,
  fitOn,
  innerSplitter,
  interactionColumnsOf,
  metricsOf,
  scorerOf,
  scoringOf,
} from './interactions.js';

const RESULT = 'tune/tune.json';

/**
 * Random search on splits of the training rows (a study on disk that resumes), then the default and the tuned recommender on
 * the same test users, paired; the gate picks the champion's parameters.
 */
export const tune: Step<RunState> = {
  name: 'tune',
  settings: ({ tune, gate }) => ({ tune, gate }),
  async run(context) {
    const { workflow, state } = context;
    const name = workflow.tune.model ?? need(state, 'ranked').recommended;
    if (overrideSpace(contestantOf(workflow, name).recommender.declarations).length === 0)
      return finish(context, { name, parameters: {}, outcome: `0 trials: ${name} has no parameter to tune` });
    const tuning = await search(context, name);
    const best = tuning.best.trial === 0 ? {} : tuning.best.parameters;
    const decision = await decide(context, name, best);
    const parameters = decision.passed ? best : {};
    const outcome = `${tuning.history.length} trials of ${name}; ${decision.reasons.join(' ')}`;
    return finish(context, { name, parameters, outcome, tuning, gate: decision });
  },
  async restore({ folder, state }) {
    state.chosen = JSON.parse(readFileSync(join(folder, RESULT), 'utf8')) as { name: string; parameters: ParameterSet };
  },
};

interface Outcome {
  readonly name: string;
  readonly parameters: ParameterSet;
  readonly outcome: string;
  readonly tuning?: TuneResult;
  readonly gate?: Awaited<ReturnType<typeof gate>>;
}

/** Scores the champion on the test rows once more. @throws LanewiseError `gate` (exit code 3) below the score that is asked for. */
async function finish(context: StepContext<RunState>, { outcome, ...found }: Outcome): Promise<StepResult> {
  const { workflow, state, write } = context;
  const { name, parameters, tuning } = found;
  const champion = await fitOn(context, name, trainRows(state), parameters);
  const evaluation = await evaluateRecommender(champion, testRows(state), scoringOf(context));
  const metrics = metricsOf(evaluation, scorerOf(workflow));
  const { minimum_score: minimum } = workflow.gate;
  if (minimum !== undefined && !(metrics[0]!.score >= minimum)) {
    throw new LanewiseError(
      'gate',
      `Expected a score of at least ${minimum} (${metrics[0]!.metric}) on the test rows but the champion has ${metrics[0]!.score}`,
      { hint: 'Nothing was deployed. Lower gate.minimum_score, or give the models more to learn from.' },
    );
  }
  state.chosen = { name, parameters };
  await write(RESULT, JSON.stringify({ ...found, metrics }, null, 2));
  const summary = { ...found, metrics, trials: tuning?.history.length ?? 0, tuning: undefined, best: tuning?.best };
  return { outcome, summary };
}

async function search(context: StepContext<RunState>, name: string): Promise<TuneResult> {
  const { workflow, state, folder, key, wrote } = context;
  // Named by what the study reads, so that a run with other settings starts another one.
  const journal = `tune/study-${key.slice(0, 12)}.ndjson`;
  await mkdir(dirname(join(folder, journal)), { recursive: true });
  const { columns } = contestantOf(workflow, name);
  const result = await tuneRecommender(
    (parameters) => contestantOf(workflow, name, parameters).recommender,
    trainRows(state),
    {
      ...scoringOf(context),
      columns: { ...interactionColumnsOf(workflow), ...columns },
      metric: scorerOf(workflow).name,
      trials: workflow.tune.trials,
      folds: workflow.tune.folds,
      splitter: innerSplitter(workflow),
      journal: join(folder, journal),
    },
  );
  wrote(journal);
  return result;
}

async function decide(context: StepContext<RunState>, name: string, best: ParameterSet) {
  const { workflow, state } = context;
  const scorer = scorerOf(workflow);
  const scored = async (parameters: ParameterSet) =>
    evaluateRecommender(await fitOn(context, name, trainRows(state), parameters), testRows(state), scoringOf(context));
  const [defaults, tuned] = pairedScores(scorer, await scored({}), await scored(best));
  const { seed, signal } = contextOf(context);
  return gate(
    { name: 'default', scored: defaults },
    { name: 'tuned', scored: tuned },
    { metric: scorer, rule: workflow.gate.rule, ...(seed !== undefined && { seed }), ...(signal && { signal }) },
  );
}
