import { basename } from 'node:path';
import { packageVersion } from '../../deploy/version.js';
import { renderProfilePage } from '../../explore/page/profile-page.js';
import { profileTable } from '../../explore/profile.js';
import { contextOf } from '../recipes.js';
import type { Step } from '../runner.js';
import { need, type RunState } from '../state.js';

/** Step 3: every column, associations, the target against each, alerts: one offline page and its JSON. */
export const explore: Step<RunState> = {
  name: 'explore',
  settings: () => ({}),
  async run(context) {
    const { workflow, state, write } = context;
    const profile = await profileTable(need(state, 'table'), {
      ...contextOf(context),
      // Ids have no profile as a target: of a recommendation the columns alone are shown.
      ...(state.task !== 'recommendation' && { target: workflow.target, task: state.task }),
    });
    await write('explore/profile.json', JSON.stringify(profile));
    await write(
      'explore/profile.html',
      renderProfilePage(profile, { source: basename(workflow.data), version: packageVersion }),
    );
    const leaks = profile.alerts.filter(({ kind }) => kind === 'suspected-leakage');
    return {
      outcome: `${profile.alerts.length} alerts${leaks.length > 0 ? `, ${describeLeaks(leaks, workflow.ignore)}` : ''}; explore/profile.html`,
      summary: {
        rows: profile.rows,
        duplicates: profile.duplicates,
        missingCells: profile.missingCells,
        alerts: profile.alerts,
      },
    };
  },
  async restore() {
    // The page and its JSON are the whole outcome.
  },
};

/** Columns that give the target away: already ignored, or still in use. */
function describeLeaks(leaks: readonly { columns: readonly string[] }[], ignore: readonly string[]): string {
  const columns = [...new Set(leaks.flatMap((leak) => leak.columns))];
  const ignored = columns.filter((name) => ignore.includes(name));
  const open = columns.filter((name) => !ignore.includes(name));
  const parts = [];
  if (ignored.length > 0) parts.push(`ignored, as giving the target away: ${ignored.join(', ')}`);
  if (open.length > 0)
    parts.push(`perhaps giving the target away, so to be ignored if not known in time: ${open.join(', ')}`);
  return parts.join('; ');
}
