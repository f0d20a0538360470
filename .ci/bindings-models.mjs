// Writes stand-alone models for the bindings' checks into a folder: `node .ci/bindings-models.mjs FOLDER`. They are those of
// the tests: inputs of every type, and between them every operation of the scoring program. The regressor is written as an
// artefact too: tests/fixtures/artefact-v1 is a copy of it, made when the format was new.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { saveArtefact } from '../dist/deploy/artefact.js';
import { exportWasm } from '../dist/deploy/wasm.js';
import { makeModel } from '../dist/models/model.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2];
const bundle = join(root, 'dist/.bindings/models.mjs');
const contents = "export * from './deploy/sample.ts'; export { everyOperation } from './scoring/programs.ts';";
await build({
  stdin: { contents, resolveDir: join(root, 'tests'), loader: 'ts' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  external: ['#lanewise/*'],
  outfile: bundle,
});
const { classifier, regressor, ranges, everyOperation } = await import(pathToFileURL(bundle).href);

mkdirSync(folder, { recursive: true });
const constant = {
  inputs: [],
  operations: [{ op: 'constant', out: 0, value: 2.5 }],
  outputs: [{ name: 'prediction', register: 0, type: 'number' }],
  registerCount: 1,
};
const models = {
  'no-columns': makeModel({ ...regressor(), program: constant }),
  regressor: regressor(),
  classifier: classifier(['card', 'cash', '現金']),
  ...Object.fromEntries(
    [1, 2, 3].map((seed) => [`every-operation-${seed}`, makeModel({ ...regressor(), program: everyOperation(seed) })]),
  ),
};
for (const [name, model] of Object.entries(models)) {
  writeFileSync(join(folder, `${name}.wasm`), await exportWasm(model, { ranges, name }));
}
await saveArtefact(join(folder, 'regressor'), { model: models.regressor, ranges, reference: { made: 'by hand' } });
console.log(`${Object.keys(models).length} models written`);
