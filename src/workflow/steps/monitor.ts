import { join } from 'node:path';
import { loadArtefact } from '../../deploy/artefact.js';
import { columnRanges } from '../../deploy/ranges.js';
import { Registry } from '../../deploy/registry.js';
import { metricNamed } from '../../evaluate/index.js';
import {
  buildReference,
  driftThresholds,
  type MonitorReport,
  monitor as monitorTable,
  type ReferenceProfile,
  type RetrainResult,
  retrain,
} from '../../monitor/index.js';
import { formatCount, formatNumber } from '../../table/format.js';
import { contextOf, liveRows, recipeOf, trainRows } from '../recipes.js';
import type { Step, StepContext } from '../runner.js';
import { need, type RunState } from '../state.js';
import { ARTEFACT_FILES } from './train.js';

/**
 * Step 10: the live rows against the reference that lies in the artefact: drift, realised error by day, a verdict. Where
 * it says so, a challenger is fitted on the live rows and, if the gate lets it, takes over in the registry.
 */
export const monitor: Step<RunState> = {
  name: 'monitor',
  settings: ({ monitor, gate, time }) => ({ monitor, gate, time }),
  async run(context) {
    const { workflow, state, write } = context;
    const { registry, name, version } = need(state, 'deployed');
    const { model, reference } = await loadArtefact(join(registry, name, String(version)));
    const live = liveRows(state);
    const report = await monitorTable(reference as ReferenceProfile, live, {
      ...contextOf(context),
      model,
      target: workflow.target,
      time: workflow.time,
      thresholds: {
        ...driftThresholds,
        psi: [0.4 * workflow.monitor.psi, workflow.monitor.psi],
        alpha: workflow.monitor.alpha,
      },
    });
    const retrained = report.retrain ? await retrainOn(context) : undefined;
    await write('monitor/report.json', JSON.stringify({ ...report, retrained }, null, 2));
    return {
      outcome: [`${formatCount(report.rows)} live rows: ${report.verdict}`, ...report.reasons, retrained?.sentence]
        .filter((part) => part !== undefined)
        .join('; '),
      summary: summarize(report, retrained),
    };
  },
  async restore() {
    // The last step.
  },
};

interface Retrained {
  readonly sentence: string;
  readonly metric: string;
  /** The natural value of the metric (an error is positive) on live rows that neither model saw. */
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly promoted: boolean;
  readonly version?: number;
  readonly gate: RetrainResult['gate'];
}

async function retrainOn(context: StepContext<RunState>): Promise<Retrained> {
  const { workflow, state } = context;
  const champion = need(state, 'champion');
  const result = await retrain({
    ...contextOf(context),
    recipe: recipeOf(state, workflow, champion.name, champion.model.parameters),
    champion: champion.model,
    oldTable: trainRows(state),
    newTable: liveRows(state),
    target: workflow.target,
    time: workflow.time,
    rule: workflow.gate.rule,
  });
  const { gate } = result;
  const metric = metricNamed(gate.metric);
  const [errorBefore, errorAfter] = [metric.natural(gate.championScore), metric.natural(gate.challengerScore)];
  const version = gate.passed ? await promote(context, result) : undefined;
  const became = version === undefined ? 'the champion stays' : `version ${version} takes over as champion`;
  const sentence = `retrained with ${formatCount(result.trainRows)} rows: ${metric.label} on ${formatCount(result.testRows)} \
unseen live rows ${formatNumber(errorBefore)} before, ${formatNumber(errorAfter)} after; ${became}`;
  return { sentence, metric: gate.metric, errorBefore, errorAfter, promoted: gate.passed, version, gate };
}

async function promote(context: StepContext<RunState>, { winner, train, test }: RetrainResult): Promise<number> {
  const { workflow, state, wrote } = context;
  const { registry, name } = need(state, 'deployed');
  const reference = await buildReference(train, {
    ...contextOf(context),
    target: workflow.target,
    model: winner,
    heldOut: test,
  });
  const parts = { model: winner, reference, ranges: columnRanges(winner.program, train) };
  const { version } = await new Registry(registry).register(name, parts, {
    alias: 'champion',
    note: 'retrained on live rows',
  });
  for (const file of [...ARTEFACT_FILES, 'reference.json']) wrote(`deploy/registry/${name}/${version}/${file}`);
  return version;
}

function summarize(report: MonitorReport, retrained: Retrained | undefined): Record<string, unknown> {
  const columns = [...report.columns, report.target, report.prediction].filter((column) => column !== undefined);
  return {
    verdict: report.verdict,
    reasons: report.reasons,
    rows: report.rows,
    drifted: columns.filter(({ drift }) => drift !== 'none').map(({ name }) => name),
    error: report.error && {
      metric: report.error.metric,
      score: report.error.score,
      worsening: report.error.worsening,
    },
    retrain: retrained,
  };
}
