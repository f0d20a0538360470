import { join } from 'node:path';
import { loadArtefact, saveArtefact } from '../../deploy/artefact.js';
import { columnRanges } from '../../deploy/ranges.js';
import { formatFigure } from '../../evaluate/index.js';
import type { Training } from '../../table/interfaces.js';
import { fitOnTrain, trainRows } from '../recipes.js';
import type { Step } from '../runner.js';
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
    await write(
      'train/training.json',
      JSON.stringify({ name, ...model.training, importances: model.importances }, null, 2),
    );
    const { history, ...training } = model.training;
    return {
      outcome: `${name} on ${model.training.rows.toLocaleString('en-US')} rows: ${describe(model.training)}`,
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

function describe({ history, lossName, bestIteration, verdict }: Training): string {
  const best = history.find(({ iteration }) => iteration === bestIteration);
  if (!best) return verdict;
  const validation = best.validationLoss === undefined ? '' : `, validation ${formatFigure(best.validationLoss)}`;
  return `${lossName} ${formatFigure(best.loss)}${validation} at iteration ${bestIteration}; ${verdict}`;
}
