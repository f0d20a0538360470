// A suite of works: Lanewise (native and WASM) beside its peers, same data, same problem, same threads, one process a
// measurement, in turns. A suite is a folder with sets.py, which writes its data, and works/: one work a file, WORK.mjs, with
//   title; data, a set of sets.py; peers, name → 'python' (works/WORK.py) or 'node' (works/WORK.peers.mjs);
//   tolerance, how much worse than the best peer's a quality may be, by its name (lower is better);
//   measure({ data, engine, small, fastest }) → { seconds by phase, quality by name, flops of the first phase, growth: what
//   grows → [[size, seconds], …] }.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../../dist/engine/machine-node.js';
import { nodePeers } from '../peers/node.mjs';
import { cache, peersPython } from '../peers/python.mjs';
import { child, inTurns, list, median, ours, usableBackends } from '../suite.mjs';
import { formatReport, writeDocs } from './report.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const docs = fileURLToPath(new URL('../../docs', import.meta.url));

/**
 * Measures the works of a suite as the command line asks, prints the report, and exits: with 1 where Lanewise's quality is
 * worse than every peer's.
 * @param folder the suite's; its name is the suite's name
 * @param page title and text of the page under docs/
 */
export async function runSuite(folder, page) {
  const name = basename(folder);
  const works = await worksOf(folder);
  const flags = readFlags(name, Object.keys(works));
  const chosen = list(flags.works) ?? Object.keys(works);
  const unknown = chosen.find((work) => !works[work]);
  if (unknown) throw new Error(`Expected --works among ${Object.keys(works).join(', ')} but received ${unknown}`);
  const suite = { name, folder, works, flags, backends: await usableBackends() };
  const report = {
    machine: describeMachine(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    runs: Number(flags.runs),
    small: flags.small,
    limits: await limitsOf(flags),
    timed: [],
  };
  for (const work of chosen) {
    for (const threads of list(flags.threads).map(Number)) report.timed.push(...(await timeWork(suite, work, threads)));
  }
  report.loadAtEnd = describeMachine().loadAverage;
  const worse = report.timed
    .filter((row) => ours(row.engine))
    .flatMap((row) => worseThanPeers(suite, row, report.timed));
  if (flags.docs) await writeDocs(report, docs, { name: `bench-${name}`, ...page });
  console.log(flags.json ? JSON.stringify(report) : formatReport(report));
  for (const line of worse) console.error(`worse than a peer: ${line}`);
  process.exit(worse.length > 0 ? 1 : 0);
}

/** The works of a suite by name, in the order of their names. */
export async function worksOf(folder) {
  const names = readdirSync(join(folder, 'works'))
    .filter((file) => file.endsWith('.mjs') && !file.endsWith('.peers.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
    .sort();
  const loaded = names.map(async (name) => [name, await import(pathToFileURL(join(folder, 'works', `${name}.mjs`)))]);
  return Object.fromEntries(await Promise.all(loaded));
}

function readFlags(suite, names) {
  const { values: flags } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== suite),
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
  if (!flags.help) return flags;
  console.log(`npm run bench -- ${suite} [--works a,b] [--runs n] [--threads 1,2] [--engines a,b] [--small] [--json] [--docs]
  --works    of ${names.join(', ')}; default: all
  --runs     processes of each engine, taken in turns; the fastest counts, the median is kept beside it (default 3)
  --engines  of native, wasm and the peers of each work
  --small    few rows: shows that everything runs, measures nothing
  --docs     writes docs/bench-${suite}.{md,json,svg}; works measured there before and not now are kept`);
  process.exit(0);
}

/** GFLOP/s of a matrix product by BLAS at each number of threads: what the rates of the works are held against. */
async function limitsOf({ threads }) {
  const limits = {};
  for (const count of list(threads))
    limits[count] = JSON.parse(await child(peersPython(), [join(here, 'limit.py'), count]));
  return limits;
}

async function dataOf({ name, folder, flags }, work) {
  const set = flags.small ? `${work.data}-small` : work.data;
  const data = join(cache, name, set);
  if (!existsSync(join(data, 'meta.json'))) {
    mkdirSync(data, { recursive: true });
    await child(peersPython(), [join(folder, 'sets.py'), set, data, shared]);
  }
  return data;
}

async function measure({ folder, works, flags }, engine, work, data, threads) {
  const job = JSON.stringify({ suite: folder, work, engine, folder: data, threads, small: flags.small });
  const peer = works[work].peers[engine];
  const line =
    peer === 'python'
      ? await child(peersPython(), [join(here, 'peers.py'), job])
      : await child(process.execPath, [join(here, peer ? 'node-peer.mjs' : 'lanewise.mjs'), job], {
          env: { ...process.env, ...(peer && { LANEWISE_NODE_PEERS: nodePeers() }) },
        });
  return JSON.parse(line.trim().split('\n').at(-1));
}

/** One work on a number of threads: of each phase the fastest and the median run. */
async function timeWork(suite, name, threads) {
  const { works, flags, backends } = suite;
  const data = await dataOf(suite, works[name]);
  const all = [...backends, ...Object.keys(works[name].peers)];
  const engines = flags.engines ? all.filter((engine) => list(flags.engines).includes(engine)) : all;
  const title = `${name}, ${threads} thread${threads > 1 ? 's' : ''}`;
  const found = await inTurns(engines, Number(flags.runs), async (engine, run) => {
    const measured = await measure(suite, engine, name, data, threads);
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
    const growth = leastGrowth(all.map((one) => one.growth));
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
      growth,
      memory,
    };
  });
}

/** Of each size the fastest run. */
function leastGrowth([first, ...others]) {
  if (!first) return undefined;
  const least = (what, place) => Math.min(...[first, ...others].map((one) => one[what][place][1]));
  return Object.fromEntries(
    Object.entries(first).map(([what, points]) => [what, points.map(([size], place) => [size, least(what, place)])]),
  );
}

/** A faster run of lower quality does not count: whatever is worse than every peer by more than the work allows is told. */
function worseThanPeers({ works, flags }, { work, threads, engine, quality }, rows) {
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
