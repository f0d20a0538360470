import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import { applyContract, contractFromYaml, type ReadOptions, readTable } from '../../collect/index.js';
import { formatCount } from '../../table/format.js';
import type { Collected } from '../../table/interfaces.js';
import { columnsOf } from '../../table/schema.js';
import { withRoles } from '../data.js';
import { requireColumns, splitInteractions } from '../recommendation/interactions.js';
import { hashFile } from '../record.js';
import type { Step } from '../runner.js';
import { splitRows } from '../split.js';
import { need, type RunState } from '../state.js';
import { chooseTask } from '../task.js';
import type { Workflow } from '../workflow-file.js';

const TABLE = 'collect/table.arrow';

/** Step 1: the source into one Arrow table in engine memory; rows that cannot be taken in are kept aside. */
export const collect: Step<RunState> = {
  name: 'collect',
  async settings({ data, target, task, group, ignore, time, split, contract, user, item, rating, weight }) {
    const hashes = {
      data: await hashIfThere(data),
      contract: contract && (await hashIfThere(contract)),
      folds: split.folds && (await hashIfThere(split.folds)),
    };
    return { hashes, target, task, group, ignore, time, split, user, item, rating, weight };
  },
  async run({ workflow, state, signal, write }) {
    const { engine } = state;
    const before = engine.stats.bytesCopied;
    const collected = await readHeld(workflow, { engine, signal });
    await takeIn(collected.table, workflow, state);
    const split = need(state, 'split');
    await write(TABLE, tableToIPC(need(state, 'table'), 'file'));
    await write('collect/quarantine.json', JSON.stringify(collected.quarantine, null, 2));
    const { numRows, numCols } = collected.table;
    const parts = { train: split.train.length, test: split.test.length, live: split.live.length };
    const { ignore, contract } = workflow;
    const checked = contract === undefined ? '' : ', contract checked';
    const ignored = ignore.length > 0 ? `; ignored, as not known in time: ${ignore.join(', ')}` : '';
    return {
      outcome: `${formatCount(numRows)} rows × ${numCols} columns by ${collected.reader}${checked}, ${formatCount(collected.quarantine.length)} quarantined; \
${formatCount(parts.train)} train, ${formatCount(parts.test)} test, ${formatCount(parts.live)} live${ignored}`,
      summary: {
        source: workflow.data,
        sha256: collected.hash,
        reader: collected.reader,
        rows: numRows,
        columns: columnsOf(need(state, 'table')),
        quarantined: collected.quarantine.length,
        bytesCopied: engine.stats.bytesCopied - before,
        task: state.task,
        split: { ...parts, description: split.description },
      },
    };
  },
  async restore({ folder, workflow, state }) {
    await takeIn(tableFromIPC(readFileSync(join(folder, TABLE))), workflow, state);
  },
};

/** Reads the source; rows that break the contract, where there is one, join the quarantine. */
async function readHeld({ data, contract }: Workflow, options: ReadOptions): Promise<Collected> {
  const collected = await readTable(data, options);
  if (contract === undefined) return collected;
  return applyContract(collected, contractFromYaml(await readFile(contract, 'utf8'), contract), data);
}

async function takeIn(table: Table, workflow: Workflow, state: RunState): Promise<void> {
  if (workflow.task === 'recommendation') {
    requireColumns(table, workflow);
    state.table = withRoles(table, { ignore: workflow.ignore });
    state.split = await splitInteractions(state.table, workflow);
    state.task = workflow.task;
    return;
  }
  state.table = withRoles(table, workflow);
  state.split = splitRows(state.table, workflow);
  state.task = chooseTask(state.table, workflow.target, workflow.task).task;
}

/** A file that cannot be read has no hash; reading it then says why. */
async function hashIfThere(path: string): Promise<string | undefined> {
  return hashFile(path).catch(() => undefined);
}
