// Writes stand-alone models for the bindings' checks into a folder: `node .ci/bindings-models.mjs FOLDER`. Those of the tests
// hold every operation of the scoring program between them; those trained on the taxi trips are every estimator as it comes
// out of a recipe. The regressor is written as an artefact too: tests/fixtures/artefact-v1 is a copy of it, made when the
// format was new.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { readTable } from '../dist/collect/index.js';
import { saveArtefact } from '../dist/deploy/artefact.js';
import { columnRanges } from '../dist/deploy/ranges.js';
import { exportWasm } from '../dist/deploy/wasm.js';
import { defaultEngine } from '../dist/engine/engine.js';
import { defaultFeatures } from '../dist/features/index.js';
import { models } from '../dist/models/index.js';
import { makeModel } from '../dist/models/model.js';
import { defaultRecipe, defaultRepairs } from '../dist/prepare/index.js';
import { selectColumns, takeRows } from '../dist/table/columns.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
let count = 0;

async function write(name, model, ranges) {
  writeFileSync(join(folder, `${name}.wasm`), await exportWasm(model, { ranges, name }));
  count++;
}

/** The models of the tests, which are TypeScript: bundled first. */
async function handMade() {
  const bundle = join(root, '.cache/bindings/models.mjs');
  const contents = "export * from './deploy/sample.ts'; export { everyOperation } from './scoring/programs.ts';";
  await build({
    stdin: { contents, resolveDir: join(root, 'tests'), loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['#lanewise/*'],
    outfile: bundle,
  });
  return import(pathToFileURL(bundle).href);
}

const { classifier, regressor, ranges, everyOperation } = await handMade();
const constant = {
  inputs: [],
  operations: [{ op: 'constant', out: 0, value: 2.5 }],
  outputs: [{ name: 'prediction', register: 0, type: 'number' }],
  registerCount: 1,
};
const programs = { 'no-columns': constant };
for (const seed of [1, 2, 3]) programs[`every-operation-${seed}`] = everyOperation(seed);
for (const [name, program] of Object.entries(programs))
  await write(name, makeModel({ ...regressor(), program }), ranges);
await write('regressor', regressor(), ranges);
await write('classifier', classifier(['card', 'cash', '現金']), ranges);
await saveArtefact(join(folder, 'regressor'), { model: regressor(), ranges, reference: { made: 'by hand' } });

const { table } = await readTable(join(root, 'examples/nyc-taxi/data/taxis.csv'));
const trips = takeRows(
  table,
  Uint32Array.from({ length: 1500 }, (_, row) => row * 4),
);
const known = ['pickup', 'passengers', 'distance', 'color', 'pickup_borough', 'dropoff_borough'];
const small = {
  'gradient-boosting': { maxIter: 20 },
  'random-forest': { nEstimators: 10 },
  'extra-trees': { nEstimators: 10 },
  'isolation-forest': { nEstimators: 10 },
};
for (const { name, tasks } of models) {
  for (const task of tasks) {
    const target = { regression: 'fare', classification: 'payment', ranking: 'passengers' }[task];
    // The taxis' colours are two lists, whose trips are ranked by how many ride along.
    const group = task === 'ranking' ? 'color' : undefined;
    const features = known.filter((name) => name !== target);
    const data = selectColumns(trips, target ? [...features, target] : features);
    const steps = [...defaultRepairs(), ...defaultFeatures()];
    const recipe = defaultRecipe(data, { target, task, model: name, parameters: small[name], steps });
    const model = await recipe.fit(data, { target, group });
    await write(`taxi-${name}-${task}`, model, columnRanges(model.program, data));
  }
}
console.log(`${count} models written`);
await (await defaultEngine()).close();
