import { type EvaluationReport, evaluateModel } from '../../evaluate/index.js';
import { formatNumber } from '../../table/format.js';
import { contextOf, testRows, trainRows } from '../recipes.js';
import type { Step } from '../runner.js';
import { need, type RunState } from '../state.js';

/** Step 7: the trained model on rows it never saw: every metric with an interval, residuals or confusion, over-fitting. */
export const evaluate: Step<RunState> = {
  name: 'evaluate',
  settings: () => ({}),
  async run(context) {
    const { workflow, state, write } = context;
    const { name, model } = need(state, 'trained');
    const comparison = need(state, 'comparison');
    const report = await evaluateModel(model, testRows(state), {
      ...contextOf(context),
      target: workflow.target,
      train: trainRows(state),
      validationScore: comparison.candidates.find((candidate) => candidate.name === name)?.score,
    });
    await write('evaluate/report.json', JSON.stringify(report, null, 2));
    return {
      outcome: `${describe(report)}; ${report.diagnosis.sentence}`,
      summary: { name, rows: report.rows, metrics: report.metrics, stages: report.stages, diagnosis: report.diagnosis },
    };
  },
  async restore() {
    // Nothing later reads it.
  },
};

function describe({ metrics }: EvaluationReport): string {
  return metrics
    .slice(0, 4)
    .map(({ label, value, valueLow, valueHigh }) => {
      return `${label} ${formatNumber(value)} [${formatNumber(valueLow)}, ${formatNumber(valueHigh)}]`;
    })
    .join(', ');
}
