// `lanewise/runtime`, bundled, in Chromium: artefacts and stand-alone modules load there (so their golden rows come out bit for
// bit) and answer rows as they do here. `node .ci/runtime-browser.mjs FOLDER`, where .ci/bindings-models.mjs wrote its models.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { loadModel, loadWasm } from '../dist/runtime.js';

const { chromium } = createRequire(new URL('../bench/package.json', import.meta.url))('playwright-core');
const folder = process.argv[2];
const bundled = await build({
  entryPoints: [fileURLToPath(new URL('../dist/runtime.js', import.meta.url))],
  bundle: true,
  format: 'iife',
  globalName: 'lanewise',
  platform: 'browser',
  write: false,
});
const read = (...path) => readFileSync(join(folder, ...path));
const isArtefact = (name) => existsSync(join(folder, name, 'manifest.json'));

/** What every model answers to rows of its own golden inputs, here. */
async function answersHere(name) {
  const manifest = isArtefact(name) ? JSON.parse(read(name, 'manifest.json')) : undefined;
  const model = manifest
    ? loadModel({ manifest, buffers: new Uint8Array(read(name, 'buffers.bin')) })
    : await loadWasm(read(name));
  return model.predictRows(rowsFor(model));
}

/** Rows that any model takes: the first and the last label, numbers, missing values. Runs here and in the page. */
function rowsFor(model) {
  const value = ({ type, labels }, row) => {
    if (row % 5 === 4) return null;
    if (type === 'category') return [labels[0], labels.at(-1), 'never seen'][row % 3] ?? null;
    return { number: row * 1.7, boolean: row % 2 === 0, timestamp: 1_553_372_469_500 + row * 86_400_123 }[type];
  };
  return Array.from({ length: 30 }, (_, row) =>
    Object.fromEntries(model.inputs.map((input, k) => [input.name, value(input, row + k)])),
  );
}

/** The same in the page; bytes come as base64. */
async function answersThere([rowsForText, manifest, base64]) {
  const rowsForThere = new Function(`return ${rowsForText}`)();
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const { loadModel: load, loadWasm: loadModule } = globalThis.lanewise;
  const model = manifest ? load({ manifest: JSON.parse(manifest), buffers: bytes }) : await loadModule(bytes);
  return model.predictRows(rowsForThere(model));
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage();
  await page.addScriptTag({ content: `${bundled.outputFiles[0].text}; globalThis.lanewise = lanewise;` });
  const names = readdirSync(folder).filter((name) => isArtefact(name) || name.endsWith('.wasm'));
  for (const name of names) {
    const manifest = isArtefact(name) ? read(name, 'manifest.json').toString() : null;
    const bytes = manifest ? read(name, 'buffers.bin') : read(name);
    const there = await page.evaluate(answersThere, [String(rowsFor), manifest, bytes.toString('base64')]);
    assert.deepEqual(there, await answersHere(name), name);
  }
  assert.ok(names.some(isArtefact) && names.length > 1);
  console.log(`lanewise/runtime in Chromium: ${names.length} passed, 0 failed`);
} finally {
  await browser.close();
}
