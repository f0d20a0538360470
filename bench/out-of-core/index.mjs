// Rows beyond memory: HIGGS-like tables of 28 columns, generated chunk by chunk and never held, each fitted in a process of
// its own. Prints rows, seconds, what one pass and one tree cost, peak resident memory, and bytes of the spill file.
//   npm run bench -- out-of-core [--rows 1e6,5e6] [--loss log_loss] [--trees 3] [--leaves 31] [--memory 512MB] [--directory DIR]
//     [--json]
// A loss but log_loss is one of regression, and learns the number whose sign is the class; lambdarank ranks lists of about 40
// rows, which lie anywhere.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '1e6,5e6' },
    loss: { type: 'string', default: 'log_loss' },
    trees: { type: 'string', default: '3' },
    leaves: { type: 'string', default: '31' },
    memory: { type: 'string', default: '512MB' },
    directory: { type: 'string' },
    json: { type: 'boolean', default: false },
    child: { type: 'boolean', default: false },
  },
});

const COLUMNS = 28;
const classes = options.loss === 'log_loss';
const ranks = options.loss === 'lambdarank';
const LIST_ROWS = 40;
const CHUNK = 262_144;

/** Sums of three uniform numbers, of which some columns carry the signal; a function of the row alone. */
function* chunks(rows, tableFromRegisters) {
  for (let first = 0; first < rows; first += CHUNK) {
    const count = Math.min(CHUNK, rows - first);
    const columns = Array.from({ length: COLUMNS }, (_, column) => {
      const values = new Float64Array(count);
      let state = Math.imul(first + 1, 0x9e3779b1) ^ Math.imul(column + 1, 0x85ebca6b);
      const uniform = () => {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        return (state >>> 0) / 4294967296;
      };
      for (let i = 0; i < count; i++) values[i] = Math.fround(uniform() + uniform() + uniform() - 1.5);
      return { name: `x${String(column).padStart(2, '0')}`, type: 'number', values };
    });
    const [a, b, c, d, noise] = columns.map(({ values }) => values);
    const y = new Float64Array(count);
    for (let i = 0; i < count; i++) y[i] = a[i] * b[i] + 0.6 * c[i] - 0.4 * d[i] * d[i] + 0.5 * noise[i];
    if (classes) for (let i = 0; i < count; i++) y[i] = Number(y[i] > 0);
    if (ranks) {
      const lists = Math.ceil(rows / LIST_ROWS);
      const values = Float64Array.from({ length: count }, (_, i) => ((first + i) * 7919) % lists);
      columns.push({ name: 'list', type: 'number', values });
      for (let i = 0; i < count; i++) y[i] = Math.min(3, Math.max(0, Math.floor(2 * y[i] + 1)));
    }
    yield tableFromRegisters([...columns, { name: 'y', type: classes ? 'boolean' : 'number', values: y }], count);
  }
}

/** Kilobytes that were resident at most, as the kernel counted them. */
function peakMemory() {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)[1]) * 1024;
}

async function fitOnce(rows) {
  const { createEngine, GradientBoostingClassifier, GradientBoostingRanker, GradientBoostingRegressor } = await import(
    '../../dist/index.js'
  );
  const { tableFromRegisters } = await import('../../dist/table/columns.js');
  const { SpilledRows } = await import('../../dist/engine/trees/spilled-rows.js');
  const engine = await createEngine();
  const source = {
    description: 'generated rows',
    rowCount: rows,
    batches: async function* () {
      yield* chunks(rows, tableFromRegisters);
    },
  };
  // What the passes over the source cost is mostly the making of its rows: told apart, but where that takes minutes.
  const begin = performance.now();
  if (rows <= 20e6) for await (const _ of source.batches());
  const generating = (performance.now() - begin) / 1000;
  let bytes = 0;
  const described = Object.getOwnPropertyDescriptor(SpilledRows.prototype, 'fileBytes').get;
  Object.defineProperty(SpilledRows.prototype, 'fileBytes', {
    get() {
      return (bytes = described.call(this));
    },
  });
  const marks = new Map();
  const onProgress = ({ what }) => marks.set(what, (performance.now() - start) / 1000);
  const start = performance.now();
  const Estimator = classes ? GradientBoostingClassifier : ranks ? GradientBoostingRanker : GradientBoostingRegressor;
  const estimator = new Estimator({
    ...(!ranks && { loss: options.loss }),
    maxIter: Number(options.trees),
    maxLeafNodes: Number(options.leaves),
    earlyStopping: 'false',
  });
  const { memory, directory } = options;
  const model = await estimator.fitStream(source, {
    target: 'y',
    ...(ranks && { group: 'list' }),
    engine,
    memory,
    directory,
    onProgress,
  });
  const seconds = (performance.now() - start) / 1000;
  const [surveyed, spilled] = [marks.get('row surveyed'), marks.get('column')];
  const { backend, threads } = engine.describe();
  await engine.close();
  return {
    rows,
    backend,
    threads,
    seconds,
    survey: surveyed - generating,
    spill: spilled - surveyed - generating,
    tree: (seconds - spilled) / Number(options.trees),
    peak: peakMemory(),
    bytes,
    loss: model.training.history.at(-1).loss,
  };
}

if (options.child) process.stdout.write(JSON.stringify(await fitOnce(Number(options.rows))));
else {
  const results = options.rows.split(',').map((rows) => {
    const given = process.argv.slice(2).filter((argument) => argument !== '--json');
    const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...given, '--rows', rows, '--child'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.status !== 0) process.exit(1);
    const result = JSON.parse(child.stdout);
    if (!options.json) {
      const megabytes = (count) => `${Math.round(count / 1e6)} MB`;
      const seconds = (time) => `${time.toFixed(1)} s`;
      const { survey, spill, tree } = result;
      process.stdout.write(
        `${(result.rows / 1e6).toFixed(0)}M rows: ${seconds(result.seconds)} (survey ${seconds(survey)}, spill ${seconds(spill)}, a tree ${seconds(tree)}), ` +
          `peak ${megabytes(result.peak)}, file ${megabytes(result.bytes)}, loss ${result.loss.toFixed(4)}, ${result.backend} on ${result.threads} threads\n`,
      );
    }
    return result;
  });
  if (options.json) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
}
