// The tree bench: Lanewise (native and WASM) beside LightGBM, XGBoost, scikit-learn and CatBoost, same data, same
// hyper-parameters, same threads, one process a training, in turns. `npm run bench -- trees --help`; `--accuracy` compares
// scores alone, for which a machine need not be quiet.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../../dist/engine/machine-node.js';
import { metricNamed } from '../../dist/index.js';
import { cache, peersPython } from '../peers/python.mjs';
import { child, inTurns, list, median, usableBackends } from '../suite.mjs';
import { formatReport, writeDocs } from './report.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** What is trained on, on how many threads, and what judges it (larger is better where `larger`). */
const sets = {
  'higgs-100k': { threads: [1, 2], metrics: ['roc_auc', 'neg_log_loss'] },
  'higgs-1m': { threads: [1, 2], metrics: ['roc_auc', 'neg_log_loss'] },
  adult: { threads: [1, 2], metrics: ['roc_auc', 'neg_log_loss'], shared: true },
  higgs_sample: { threads: [1, 2], metrics: ['roc_auc', 'neg_log_loss'], shared: true },
  letter: { threads: [1, 2], metrics: ['accuracy', 'neg_log_loss'], shared: true },
  flights: { threads: [1, 2], metrics: ['neg_root_mean_squared_error'], shared: true },
  'higgs-10k': { threads: [1], metrics: ['roc_auc', 'neg_log_loss'], small: true },
  'flights-375k': { threads: [1], metrics: ['neg_root_mean_squared_error'], shared: true, small: true },
};

const peers = ['LightGBM', 'XGBoost', 'scikit-learn', 'CatBoost'];

const smallSets = Object.keys(sets).filter((name) => sets[name].small);
const help = `npm run bench -- trees [--sets a,b] [--runs n] [--seeds n] [--threads 1,2] [--engines a,b] [--accuracy] [--json] [--docs]
  --sets     of ${Object.keys(sets).join(', ')}; default: all but ${smallSets.join(' and ')}
  --runs     trainings of each engine, taken in turns; the fastest counts, the median is kept beside it (default 3)
  --seeds    further draws or splits on which only scores are compared (default 8, the first is that of the runs; 0: nothing but times)
  --engines  of native, wasm, ${peers.join(', ')}
  --accuracy only scores, over the seeds; nothing is timed, so that other work may run beside it
  --docs     writes docs/bench-trees.{md,json,svg}; sets measured there before and not now are kept`;

const { values: flags } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== 'trees'),
  options: {
    sets: { type: 'string' },
    runs: { type: 'string', default: '3' },
    seeds: { type: 'string', default: '8' },
    threads: { type: 'string' },
    engines: { type: 'string' },
    accuracy: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (flags.help) {
  console.log(help);
  process.exit(0);
}

const python = peersPython();
const chosenSets = list(flags.sets) ?? Object.keys(sets).filter((name) => !sets[name].small);
for (const name of chosenSets) {
  if (!sets[name]) throw new Error(`Expected --sets among ${Object.keys(sets).join(', ')} but received ${name}`);
  if (sets[name].shared && !existsSync(shared)) throw new Error(`Expected the real data in ../shared/data for ${name}`);
}
const backends = await usableBackends();
const engines = [...backends, ...peers].filter((name) => !flags.engines || list(flags.engines).includes(name));
if (engines.length === 0) throw new Error(`Expected --engines among native, wasm, ${peers.join(', ')}`);
const [runs, seeds] = [Number(flags.runs), Number(flags.seeds)];
const scoreThreads = Number(list(flags.threads)?.at(-1) ?? 2);

const folderOf = (set, seed) => join(cache, 'trees', `${set}-${seed}`);

async function makeData(set, seed) {
  const folder = folderOf(set, seed);
  if (existsSync(join(folder, 'meta.json'))) return;
  mkdirSync(folder, { recursive: true });
  await child(python, [join(here, 'sets.py'), set, String(seed), folder, shared]);
}

/** `scoresOnly`: neither warmed up nor asked row by row. */
async function train(engine, set, seed, threads, scoresOnly = false) {
  const predictions = join(cache, 'trees', `predictions-${process.pid}.bin`);
  const job = { folder: folderOf(set, seed), threads, predictions, scoresOnly };
  const line = peers.includes(engine)
    ? await child(python, [join(here, 'peers.py'), JSON.stringify({ ...job, peer: engine })])
    : await child(process.execPath, [join(here, 'lanewise.mjs'), JSON.stringify({ ...job, backend: engine })]);
  const found = JSON.parse(line.trim().split('\n').at(-1));
  found.scores = judge(set, seed, predictions);
  rmSync(predictions);
  return found;
}

/** One judge for all: Lanewise's metrics, which agree with scikit-learn's by test. */
function judge(set, seed, file) {
  const meta = JSON.parse(readFileSync(join(folderOf(set, seed), 'meta.json'), 'utf8'));
  const numbers = (path) => {
    const bytes = readFileSync(path);
    return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  };
  const target = numbers(join(folderOf(set, seed), 'target.bin')).subarray(meta.train);
  const values = numbers(file);
  const scored = scoredOf(meta, target, values);
  return Object.fromEntries(sets[set].metrics.map((name) => [name, metricNamed(name).score(scored)]));
}

function scoredOf({ classes }, target, values) {
  if (classes === 0) return { target, prediction: values };
  const rows = target.length;
  const probabilities =
    classes === 2
      ? [values.map((share) => 1 - share), values]
      : Array.from({ length: classes }, (_, k) => values.filter((_, i) => i % classes === k));
  const prediction = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let k = 1; k < classes; k++) {
      if (probabilities[k][row] > probabilities[prediction[row]][row]) prediction[row] = k;
    }
  }
  return { target, prediction, probabilities };
}

/** All engines in turns, `runs` times; the order is turned round every time. */
async function timeSet(set, threads) {
  const title = `${set}, ${threads} thread${threads > 1 ? 's' : ''}`;
  const found = await inTurns(engines, runs, async (engine, run) => {
    const trained = await train(engine, set, 0, threads);
    console.error(`  ${title}, run ${run + 1}: ${engine} ${trained.fit.toFixed(3)} s`);
    return trained;
  });
  return engines.map((engine) => {
    const all = found.get(engine);
    const least = (key) => (all[0][key] == null ? null : Math.min(...all.map((one) => one[key])));
    const fit = all.map((one) => one.fit);
    const { version, scores } = all[0];
    return {
      set,
      threads,
      engine,
      version,
      scores,
      fit: Math.min(...fit),
      fitMedian: median(fit),
      binning: least('binning'),
      boosting: least('boosting'),
      predict: least('predict'),
      one: least('one'),
      memory: least('memory'),
      memoryAdded: least('memoryAdded'),
    };
  });
}

/** Scores over the seeds; Lanewise's backends give the same bits, so one of them stands for both. */
async function scoreSet(set, timed) {
  const judged = engines.filter((engine) => engine !== 'wasm' || !engines.includes('native'));
  const found = new Map(judged.map((engine) => [engine, timed.filter((row) => row.engine === engine).slice(0, 1)]));
  for (let seed = timed.length > 0 ? 1 : 0; seed < seeds; seed++) {
    await makeData(set, seed);
    for (const engine of judged) found.get(engine).push(await train(engine, set, seed, scoreThreads, true));
    if (seed > 0) rmSync(folderOf(set, seed), { recursive: true });
    console.error(`  ${set}, scores of seed ${seed}`);
  }
  return judged.map((engine) => {
    const scores = found.get(engine).map((one) => one.scores);
    return { set, engine, seeds, version: found.get(engine)[0].version, scores };
  });
}

/** All numbers of threads in turns, on the first draw. */
async function timeAll(set) {
  await makeData(set, 0);
  const rows = [];
  for (const threads of list(flags.threads)?.map(Number) ?? sets[set].threads)
    rows.push(...(await timeSet(set, threads)));
  return rows;
}

const report = {
  machine: describeMachine(),
  command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
  runs,
  seeds,
  timed: [],
  scored: [],
};
for (const set of chosenSets) {
  const rows = flags.accuracy ? [] : await timeAll(set);
  report.timed.push(...rows);
  if (seeds > 0) report.scored.push(...(await scoreSet(set, rows)));
}
report.loadAtEnd = describeMachine().loadAverage;
if (flags.docs) await writeDocs(report, join(here, '../../docs'));
if (flags.json) console.log(JSON.stringify(report));
else console.log(formatReport(report));
