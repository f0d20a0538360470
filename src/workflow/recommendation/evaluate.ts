import { evaluateRecommender } from '../../evaluate/recommendation/index.js';
import { worseThanPopularity } from '../../models/recommendation/index.js';
import { formatCount, formatNumber, formatShare } from '../../table/format.js';
import { testRows, trainRows } from '../recipes.js';
import type { Step } from '../runner.js';
import { need, type RunState } from '../state.js';
import { fitOn, metricsOf, scorerOf, scoringOf } from './interactions.js';

/** The trained recommender on rows it never saw, beside popularity: lists, coverage, novelty, and ratings where there are any. */
export const evaluate: Step<RunState> = {
  name: 'evaluate',
  settings: ({ lists, compare }) => ({ lists, metric: compare.metric }),
  async run(context) {
    const { workflow, state, write } = context;
    const { name, model } = need(state, 'recommender');
    const [test, scoring] = [testRows(state), scoringOf(context)];
    const own = await evaluateRecommender(model, test, scoring);
    const baseline = await evaluateRecommender(await fitOn(context, 'popularity', trainRows(state)), test, scoring);
    const metrics = metricsOf(own, scorerOf(workflow));
    await write('evaluate/lists.json', JSON.stringify({ name, metrics, evaluation: own, baseline }, null, 2));
    const figures = metrics.map(({ label, value, valueLow, valueHigh }) => {
      return `${label} ${formatNumber(value)} [${formatNumber(valueLow)}, ${formatNumber(valueHigh)}]`;
    });
    const ratings = own.ratings ? `, RMSE of ratings ${formatNumber(own.ratings.rmse)}` : '';
    const warning = worseThanPopularity(model, [own, baseline]);
    return {
      outcome: `${figures.join(', ')}, coverage ${formatShare(own.coverage)}, novelty ${formatNumber(own.novelty)} bits${ratings}; \
${formatCount(own.users)} users scored, ${formatCount(own.unknownUsers)} of them unknown${warning ? `; ${warning}` : ''}`,
      summary: { name, metrics, evaluation: own, baseline },
    };
  },
  async restore() {
    // Nothing later reads it.
  },
};
