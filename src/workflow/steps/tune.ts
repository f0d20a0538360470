import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadArtefact, saveArtefact } from '../../deploy/artefact.js';
import { columnRanges } from '../../deploy/ranges.js';
import { makeFolder } from '../../engine/file-system-node.js';
import { LanewiseError } from '../../errors.js';
import { defaultSplitter, evaluateModel, metricNamed, scoreModel } from '../../evaluate/index.js';
import { type GateResult, gate, type TuneResult, tune as tuneModel } from '../../tune/index.js';
import { overrideSpace } from '../../tune/space.js';
import { contextOf, fitOnTrain, recipeOf, testRows, trainRows } from '../recipes.js';
import type { Step, StepContext, StepResult } from '../runner.js';
import { type Fitted, need, type RunState } from '../state.js';
import type { Workflow } from '../workflow-file.js';
import { ARTEFACT_FILES } from './train.js';

const ARTEFACT = 'tune/model';
const RESULT = 'tune/tune.json';

/**
 * Step 8: random search by cross-validation on the training rows (a study on disk that resumes), then the default and
 * the tuned model on the same test rows, paired; the gate picks the champion.
 */
export const tune: Step<RunState> = {
  name: 'tune',
  settings: ({ tune, gate }) => ({ tune, gate }),
  async run(context) {
    const { workflow, state, folder, write, wrote } = context;
    const recommended = need(state, 'comparison').recommended;
    const name = workflow.tune.model ?? tunable(state, workflow, recommended);
    if (name === undefined) return keepTrained(context);
    const result = await search(context, name);
    const defaults = await defaultModel(context, workflow.tune.model ?? recommended);
    const tuned = { name, model: await fitOnTrain(context, name, result.best.parameters) };
    const decision = await decide(context, defaults, tuned);
    const champion = decision.passed ? tuned : defaults;
    const { metric } = decision;
    requireMinimum(metric, decision.passed ? decision.challengerScore : decision.championScore, context);
    state.champion = champion;
    const instead = name === defaults.name ? '' : ` (${defaults.name} has nothing to tune)`;
    const ranges = columnRanges(champion.model.program, trainRows(state));
    await saveArtefact(join(folder, ARTEFACT), { model: champion.model, ranges });
    for (const file of ARTEFACT_FILES) wrote(`${ARTEFACT}/${file}`);
    const onTest = await evaluateModel(champion.model, testRows(state), {
      ...contextOf(context),
      target: workflow.target,
    });
    await write(
      RESULT,
      JSON.stringify({ name: champion.name, tuning: result, gate: decision, metrics: onTest.metrics }, null, 2),
    );
    return {
      outcome: `${result.history.length} trials of ${name}${instead}; ${decision.reasons.join(' ')}`,
      summary: {
        name: champion.name,
        tuned: name,
        metric: result.metric,
        trials: result.history.length,
        resumed: result.resumed,
        best: result.best,
        verdict: result.verdict,
        gate: decision,
        metrics: onTest.metrics,
        artefact: ARTEFACT,
      },
    };
  },
  async restore({ folder, state }) {
    const { name } = JSON.parse(readFileSync(join(folder, RESULT), 'utf8')) as { name: string };
    const { model } = await loadArtefact(join(folder, ARTEFACT));
    state.champion = { name, model };
  },
};

/** The model to search: the recommended one, or the best after it that has parameters to search. The baseline has none. */
function tunable(state: RunState, workflow: Workflow, recommended: string): string | undefined {
  const ranked = need(state, 'comparison').candidates.map(({ name }) => name);
  return [recommended, ...ranked].find(
    (name) => overrideSpace(recipeOf(state, workflow, name).declarations).length > 0,
  );
}

/** Where no model has anything to tune, the trained one is the champion. */
async function keepTrained(context: StepContext<RunState>): Promise<StepResult> {
  const { state, folder, write, wrote, workflow } = context;
  const champion = need(state, 'trained');
  const { target } = workflow;
  const { metrics } = await evaluateModel(champion.model, testRows(state), { ...contextOf(context), target });
  requireMinimum(metrics[0]!.metric, metrics[0]!.score, context);
  state.champion = champion;
  const ranges = columnRanges(champion.model.program, trainRows(state));
  await saveArtefact(join(folder, ARTEFACT), { model: champion.model, ranges });
  for (const file of ARTEFACT_FILES) wrote(`${ARTEFACT}/${file}`);
  await write(RESULT, JSON.stringify({ name: champion.name, metrics }, null, 2));
  return {
    outcome: `0 trials: no model that could be fitted has a parameter to tune; ${champion.name} stays`,
    summary: { name: champion.name, trials: 0, metrics, artefact: ARTEFACT },
  };
}

/** @throws LanewiseError `gate` (exit code 3) where even the better of the two misses the score that is asked for. */
function requireMinimum(metric: string, score: number, { workflow }: StepContext<RunState>): void {
  const { minimum_score: minimumScore } = workflow.gate;
  if (minimumScore === undefined || score >= minimumScore) return;
  throw new LanewiseError(
    'gate',
    `Expected a score of at least ${minimumScore} (${metric}) on the test rows but the champion has ${score}`,
    {
      hint: 'Nothing was deployed. Lower gate.minimum_score, or give the models more to learn from.',
    },
  );
}

async function search(context: StepContext<RunState>, name: string): Promise<TuneResult> {
  const { workflow, state, folder, key, wrote } = context;
  // Named by what the study reads, so that a run with other settings starts another one.
  const journal = `tune/study-${key.slice(0, 12)}.ndjson`;
  makeFolder(dirname(join(folder, journal)));
  const result = await tuneModel((parameters) => recipeOf(state, workflow, name, parameters), trainRows(state), {
    ...contextOf(context),
    target: workflow.target,
    metric: need(state, 'comparison').metric,
    trials: workflow.tune.trials,
    splitter: defaultSplitter(need(state, 'task'), workflow.tune.folds, workflow.group),
    journal: join(folder, journal),
  });
  wrote(journal);
  return result;
}

/** The model of step 6, or the named model with its defaults where tuning is asked for another. */
async function defaultModel(context: StepContext<RunState>, name: string): Promise<Fitted> {
  const trained = need(context.state, 'trained');
  return trained.name === name ? trained : { name, model: await fitOnTrain(context, name) };
}

async function decide(context: StepContext<RunState>, defaults: Fitted, tuned: Fitted): Promise<GateResult> {
  const { workflow, state } = context;
  const test = testRows(state);
  const scored = async ({ model }: Fitted) =>
    (await scoreModel(model, test, workflow.target, contextOf(context))).scored;
  return gate(
    { name: 'default', scored: await scored(defaults) },
    { name: 'tuned', scored: await scored(tuned) },
    { metric: metricNamed(need(state, 'comparison').metric), seed: workflow.seed, rule: workflow.gate.rule },
  );
}
