import { join } from 'node:path';
import type { Table } from 'apache-arrow';
import { loadRecommender } from '../../deploy/recommender-artefact.js';
import { evaluateRecommender, pairedScores } from '../../evaluate/recommendation/index.js';
import { holdOut, latestHoldOut } from '../../evaluate/splitter.js';
import type { FittedRecommender } from '../../models/recommendation/index.js';
import { monitorRecommender } from '../../monitor/index.js';
import { takeRows } from '../../table/columns.js';
import { formatCount, formatShare } from '../../table/format.js';
import { gate } from '../../tune/index.js';
import { liveRows } from '../recipes.js';
import type { Step, StepContext } from '../runner.js';
import { need, type RunState } from '../state.js';
import { register } from './deploy.js';
import { fitOn, scorerOf, scoringOf } from './interactions.js';

/**
 * The live rows against what the deployed recommender learnt from: who and what is unknown, how popular what is met and recommended
 * is, what the lists found beside popularity. Where it says so, a challenger learns from the first half of the live rows too, and
 * takes over if the gate lets it on the second.
 */
export const monitor: Step<RunState> = {
  name: 'monitor',
  settings: ({ monitor, gate, time }) => ({ monitor, gate, time }),
  async run(context) {
    const { workflow, state, write } = context;
    const live = liveRows(state);
    if (live.numRows === 0) {
      await write('monitor/report.json', JSON.stringify({ rows: 0 }));
      return { outcome: 'no live rows: the split leaves none', summary: { rows: 0 } };
    }
    const { registry, name, version } = need(state, 'deployed');
    const { model } = await loadRecommender(join(registry, name, String(version)));
    const report = await monitorRecommender(model, live, {
      ...scoringOf(context),
      metric: scorerOf(workflow).name,
      psi: [0.4 * workflow.monitor.psi, workflow.monitor.psi],
    });
    const retrained = report.retrain ? await retrainOn(context, model, live) : undefined;
    await write('monitor/report.json', JSON.stringify({ ...report, retrained }, null, 2));
    const { verdict, reasons, unknownUsers, unknownItems } = report;
    const unknown = `${formatShare(unknownUsers.shareOfRows)} of unknown users, ${formatShare(unknownItems.shareOfRows)} of unknown items`;
    return {
      outcome: [`${formatCount(report.rows)} live rows (${unknown}): ${verdict}`, ...reasons, retrained?.sentence]
        .filter((part) => part !== undefined)
        .join('; '),
      summary: {
        verdict,
        reasons,
        rows: report.rows,
        unknownUsers,
        unknownItems,
        lists: report.lists,
        retrain: retrained,
      },
    };
  },
  async restore() {
    // The last step.
  },
};

/** Everything but the last half of the live rows is learnt from; that half decides. */
async function retrainOn(context: StepContext<RunState>, champion: FittedRecommender, live: Table) {
  const { workflow, state } = context;
  const { time, seed } = workflow;
  const chosen = need(state, 'chosen');
  const splitter = time === undefined ? holdOut({ testFraction: 0.5 }) : latestHoldOut({ time, testFraction: 0.5 });
  const [fold] = splitter.split(live, { seed });
  const { train, test, live: liveIndices } = need(state, 'split');
  const known = Uint32Array.from([...train, ...test, ...fold!.train.map((row) => liveIndices[row]!)]).sort();
  const challenger = await fitOn(context, chosen.name, takeRows(need(state, 'table'), known), chosen.parameters);
  const later = takeRows(live, fold!.test);
  const scorer = scorerOf(workflow);
  const [before, after] = pairedScores(
    scorer,
    await evaluateRecommender(champion, later, scoringOf(context)),
    await evaluateRecommender(challenger, later, scoringOf(context)),
  );
  const contestants = [
    { name: 'champion', scored: before },
    { name: 'challenger', scored: after },
  ] as const;
  const decision = await gate(...contestants, { metric: scorer, seed, rule: workflow.gate.rule });
  const { name } = need(state, 'deployed');
  const version = decision.passed
    ? (await register(context, name, challenger, 'retrained on live rows')).version
    : undefined;
  const became = version === undefined ? 'the champion stays' : `version ${version} takes over as champion`;
  return {
    sentence: `retrained; ${decision.reasons.join(' ')} ${became}`,
    promoted: decision.passed,
    version,
    gate: decision,
  };
}
