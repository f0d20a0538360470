import { Pipeline } from '../../prepare/index.js';
import { contextOf, ownSteps, trainRows } from '../recipes.js';
import type { Step } from '../runner.js';
import type { RunState } from '../state.js';

/** Step 4: what is made of the columns, with the lineage of each feature; handed on as part of the recipe. */
export const features: Step<RunState> = {
  name: 'features',
  settings: ({ prepare, features }) => ({ prepare, features }),
  async run(context) {
    const { workflow, state, write } = context;
    const train = trainRows(state);
    const { fitted } = await new Pipeline(ownSteps(workflow)).fit(train, {
      ...contextOf(context),
      target: workflow.target,
    });
    const made = fitted.lineage.filter(({ operations }) => operations.length > 0);
    const names = made.map(({ feature }) => feature);
    await write('features/features.json', JSON.stringify({ lineage: fitted.lineage, report: fitted.report }, null, 2));
    const shown = names.length > 8 ? `${names.slice(0, 8).join(', ')}, …` : names.join(', ') || 'none';
    return {
      outcome: `${names.length} made (${shown}); ${fitted.lineage.length} in all`,
      summary: { made: names, features: fitted.lineage.length, report: fitted.report },
    };
  },
  async restore() {
    // Part of the recipe, which is rebuilt from the workflow file.
  },
};
