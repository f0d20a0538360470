import { join } from 'node:path';
import { loadRecommender, saveRecommender } from '../../deploy/recommender-artefact.js';
import { formatCount } from '../../table/format.js';
import { trainRows } from '../recipes.js';
import type { Step } from '../runner.js';
import { need, type RunState } from '../state.js';
import { ARTEFACT_FILES } from '../steps/train.js';
import { fitOn } from './interactions.js';

const ARTEFACT = 'train/model';

/** The recommender that the comparison takes, with its default parameters, on the training rows; what it learnt from. */
export const train: Step<RunState> = {
  name: 'train',
  settings: ({ models, lists }) => ({ models, lists }),
  async run(context) {
    const { state, folder, write, wrote } = context;
    const name = need(state, 'ranked').recommended;
    const model = await fitOn(context, name, trainRows(state));
    state.recommender = { name, model };
    await saveRecommender(join(folder, ARTEFACT), model);
    for (const file of ARTEFACT_FILES) wrote(`${ARTEFACT}/${file}`);
    const { facts, training, feedback, parameters } = model;
    await write('train/training.json', JSON.stringify({ name, ...training, facts }, null, 2));
    const left = facts.leftOut.map(({ reason, rows }) => `; ${formatCount(rows)} rows left out (${reason})`).join('');
    return {
      outcome: `${name} on ${formatCount(facts.pairs)} pairs of ${formatCount(facts.users)} users and ${formatCount(facts.items)} items${left}; ${training.verdict}`,
      summary: { name, feedback, facts, parameters, verdict: training.verdict, artefact: ARTEFACT },
    };
  },
  async restore({ folder, state }, summary) {
    const { model } = await loadRecommender(join(folder, ARTEFACT));
    state.recommender = { name: String(summary['name']), model };
  },
};
