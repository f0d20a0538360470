import { defaultSteps, Pipeline } from '../../prepare/index.js';
import { formatCount } from '../../table/format.js';
import type { Repair } from '../../table/interfaces.js';
import { contextOf, repairsOf, trainRows } from '../recipes.js';
import type { Step } from '../runner.js';
import type { RunState } from '../state.js';

/** The model whose preparation shows the most: complete numbers, one-hot, one scale. */
const SHOWN = 'linear';

/**
 * Step 2: the repairs, encodings and scalings as an unfitted pipeline. It is fitted here on the training rows only to
 * report what it finds; every fold and every model refits it.
 */
export const prepare: Step<RunState> = {
  name: 'prepare',
  settings: ({ prepare }) => ({ prepare }),
  async run(context) {
    const { workflow, state, write } = context;
    const train = trainRows(state);
    const steps = [...repairsOf(workflow), ...defaultSteps(SHOWN)];
    const { fitted, keptRows } = await new Pipeline(steps).fit(train, {
      ...contextOf(context),
      target: workflow.target,
    });
    const kept = keptRows?.length ?? train.numRows;
    const pipeline = steps.map(({ transformer, columns }) => {
      return { name: transformer.name, parameters: transformer.parameters, columns: columns ?? 'all' };
    });
    await write('prepare/pipeline.json', JSON.stringify(pipeline, null, 2));
    await write('prepare/report.json', JSON.stringify({ report: fitted.report, lineage: fitted.lineage }, null, 2));
    const features = fitted.program.outputs.length;
    return {
      outcome: `${steps.length} steps; ${describeRepairs(fitted.report)}; ${fitted.program.inputs.length} columns become ${features}`,
      summary: {
        steps: pipeline.map(({ name }) => name),
        rows: train.numRows,
        rowsKept: kept,
        columns: fitted.program.inputs.length,
        features,
        report: fitted.report,
      },
    };
  },
  async restore() {
    // The recipe is rebuilt from the workflow file wherever it is needed: nothing is handed on in memory.
  },
};

function describeRepairs(report: readonly Repair[]): string {
  if (report.length === 0) return 'nothing to repair';
  const rows = report.reduce((sum, repair) => sum + repair.rows, 0);
  return `${report.length} ${report.length === 1 ? 'finding' : 'findings'} in ${formatCount(rows)} cells or rows`;
}
