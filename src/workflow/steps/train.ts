import { join } from 'node:path';
import { loadArtefact, saveArtefact } from '../../deploy/artefact.js';
import { columnRanges } from '../../deploy/ranges.js';
import { formatCount, formatNumber } from '../../table/format.js';
import type { Training } from '../../table/interfaces.js';
import { fitOnTrain, recipeOf, trainRows } from '../recipes.js';
import type { Step, StepContext } from '../runner.js';
import { need, type RunState } from '../state.js';

const ARTEFACT = 'train/model';
export const ARTEFACT_FILES = ['manifest.json', 'buffers.bin'];

/** Step 6: the recommended model with its default parameters, stopped by a validation set; its loss curve and verdict. */
export const train: Step<RunState> = {
  name: 'train',
  settings: ({ prepare, features, models, train }) => ({ prepare, features, models, train }),
  async run(context) {
    const { state, folder, write, wrote } = context;
    const name = need(state, 'comparison').recommended;
    const model = await fitOnTrain(context, name);
    state.trained = { name, model };
    await saveArtefact(join(folder, ARTEFACT), { model, ranges: columnRanges(model.program, trainRows(state)) });
    for (const file of ARTEFACT_FILES) wrote(`${ARTEFACT}/${file}`);
    const beside = model.training.history.length < 2 ? await trainBeside(context, name) : undefined;
    await write(
      'train/training.json',
      JSON.stringify({ name, ...model.training, importances: model.importances, beside }, null, 2),
    );
    const { history, ...training } = model.training;
    const besides = beside ? `; ${beside.name} beside it: ${describe(beside)}` : '';
    return {
      outcome: `${name} on ${formatCount(model.training.rows)} rows: ${describe(model.training)}${besides}`,
      summary: {
        name,
        ...training,
        parameters: model.parameters,
        importances: model.importances,
        artefact: ARTEFACT,
      },
    };
  },
  async restore({ folder, state }, summary) {
    const { model } = await loadArtefact(join(folder, ARTEFACT));
    state.trained = { name: String(summary['name']), model };
  },
};

/**
 * The best of the models that learn step by step, those first that a validation set can stop, where the one that is taken
 * is solved at once: its loss curve and its stopping show what training on these rows is like. It goes no further.
 */
async function trainBeside(
  context: StepContext<RunState>,
  taken: string,
): Promise<(Training & { name: string }) | undefined> {
  const { state, workflow } = context;
  const others = need(state, 'comparison').candidates.filter(
    ({ name, estimator }) => name !== taken && estimator !== 'dummy',
  );
  const stops = ({ name }: { name: string }) => Number('earlyStopping' in recipeOf(state, workflow, name).declarations);
  for (const { name } of others.toSorted((a, b) => stops(b) - stops(a))) {
    const { training } = await fitOnTrain(context, name);
    if (training.history.length > 1) return { name, ...training };
  }
  return undefined;
}

function describe({ history, lossName, bestIteration, verdict }: Training): string {
  const best = history.find(({ iteration }) => iteration === bestIteration);
  if (!best) return verdict;
  const validation = best.validationLoss === undefined ? '' : `, validation ${formatNumber(best.validationLoss)}`;
  return `${lossName} ${formatNumber(best.loss)}${validation} at iteration ${bestIteration}; ${verdict}`;
}
