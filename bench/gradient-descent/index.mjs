// The bench of gradient descent and linear algebra: Lanewise (native and WASM) beside its peers, same data, same problem,
// same threads, one process a measurement, in turns. `npm run bench -- gradient-descent --help`.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../../dist/engine/machine-node.js';
import { nodePeers } from '../peers/node.mjs';
import { cache, peersPython } from '../peers/python.mjs';
import { child, inTurns, list, median, ours, usableBackends } from '../suite.mjs';
import { formatReport, writeDocs } from './report.mjs';
import { works } from './works/index.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const names = Object.keys(works);

const help = `npm run bench -- gradient-descent [--works a,b] [--runs n] [--threads 1,2] [--engines a,b] [--small] [--json] [--docs]
  --works    of ${names.join(', ')}; default: all
  --runs     processes of each engine, taken in turns; the fastest counts, the median is kept beside it (default 3)
  --engines  of native, wasm and the peers of each work
  --small    few rows: shows that everything runs, measures nothing
  --docs     writes docs/bench-gradient-descent.{md,json,svg}; works measured there before and not now are kept`;

const { values: flags } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== 'gradient-descent'),
  options: {
    works: { type: 'string' },
    runs: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1,2' },
    engines: { type: 'string' },
    small: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (flags.help) {
  console.log(help);
  process.exit(0);
}
const chosen = list(flags.works) ?? names;
const unknown = chosen.find((name) => !works[name]);
if (unknown) throw new Error(`Expected --works among ${names.join(', ')} but received ${unknown}`);
const backends = await usableBackends();
const runs = Number(flags.runs);

async function dataOf(work) {
  const set = flags.small ? `${work.data}-small` : work.data;
  const folder = join(cache, 'gradient-descent', set);
  if (!existsSync(join(folder, 'meta.json'))) {
    mkdirSync(folder, { recursive: true });
    await child(peersPython(), [join(here, 'sets.py'), set, folder, shared]);
  }
  return folder;
}

async function measure(engine, name, folder, threads) {
  const job = JSON.stringify({ work: name, engine, folder, threads, small: flags.small });
  const peer = works[name].peers[engine];
  const line =
    peer === 'python'
      ? await child(peersPython(), [join(here, 'peers.py'), job])
      : await child(process.execPath, [join(here, peer ? 'node-peer.mjs' : 'lanewise.mjs'), job], {
          env: { ...process.env, ...(peer && { LANEWISE_NODE_PEERS: nodePeers() }) },
        });
  return JSON.parse(line.trim().split('\n').at(-1));
}

/** One work on a number of threads: of each phase the fastest and the median run. */
async function timeWork(name, threads) {
  const folder = await dataOf(works[name]);
  const all = [...backends, ...Object.keys(works[name].peers)];
  const engines = flags.engines ? all.filter((engine) => list(flags.engines).includes(engine)) : all;
  const title = `${name}, ${threads} thread${threads > 1 ? 's' : ''}`;
  const found = await inTurns(engines, runs, async (engine, run) => {
    const measured = await measure(engine, name, folder, threads);
    const times = Object.entries(measured.seconds).map(([phase, value]) => `${phase} ${value.toPrecision(3)} s`);
    console.error(`  ${title}, run ${run + 1}: ${engine} ${times.join(', ')}`);
    return measured;
  });
  return engines.map((engine) => {
    const all = found.get(engine);
    const over = (choose) =>
      Object.fromEntries(
        Object.keys(all[0].seconds).map((phase) => [phase, choose(all.map((one) => one.seconds[phase]))]),
      );
    const { version, quality, flops } = all[0];
    const memory = Math.min(...all.map((one) => one.memory));
    const [least, middle] = [over((values) => Math.min(...values)), over(median)];
    return {
      work: name,
      title: works[name].title,
      threads,
      engine,
      version,
      least,
      median: middle,
      quality,
      flops,
      memory,
    };
  });
}

const report = {
  machine: describeMachine(),
  command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
  runs,
  small: flags.small,
  timed: [],
};
for (const name of chosen) {
  for (const threads of list(flags.threads).map(Number)) report.timed.push(...(await timeWork(name, threads)));
}
report.loadAtEnd = describeMachine().loadAverage;
const worse = report.timed.filter((row) => ours(row.engine)).flatMap((row) => worseThanPeers(row, report.timed));
if (flags.docs) await writeDocs(report, join(here, '../../docs'));
console.log(flags.json ? JSON.stringify(report) : formatReport(report));
for (const line of worse) console.error(`worse than a peer: ${line}`);
process.exit(worse.length > 0 ? 1 : 0);

/** A faster run of lower quality does not count: whatever is worse than every peer by more than the work allows is told. */
function worseThanPeers({ work, threads, engine, quality }, rows) {
  const peers = rows.filter((row) => row.work === work && row.threads === threads && !ours(row.engine));
  const { tolerance = {} } = works[work];
  return Object.entries(tolerance).flatMap(([name, allowed]) => {
    const known = peers.map((row) => row.quality[name]).filter((value) => value !== undefined);
    // Errors on few rows differ by chance.
    const bar = Math.min(...known) + (flags.small ? 5 : 1) * allowed;
    if (known.length === 0 || quality[name] <= bar) return [];
    return [`${engine}, ${work}: ${name} ${quality[name]} is above ${bar}`];
  });
}
