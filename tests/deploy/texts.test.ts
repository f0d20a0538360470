// A model on texts and numbers, on every way that rows take to it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Artefact, loadArtefact, saveArtefact } from '#lanewise/deploy/artefact.js';
import { startServer } from '#lanewise/deploy/server.js';
import { exportArtefact } from '#lanewise/deploy/wasm.js';
import { explain, featureImportances, partialDependence } from '#lanewise/explain/index.js';
import { termWeights } from '#lanewise/models/texts.js';
import { defaultRecipe, type RecipeModel } from '#lanewise/prepare/index.js';
import { loadModel, type RuntimeModel } from '#lanewise/runtime.js';
import type { Program, TermsOperation } from '#lanewise/scoring/program.js';
import { decodeProgram, encodeProgram } from '#lanewise/scoring/serialize.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { bitsOf } from '../scoring/programs.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-texts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function labelled(name: string, texts: readonly (string | null)[], kind: 'text' | 'categorical'): RegisterColumn {
  const labels = [...new Set(texts.filter((text) => text !== null))].sort();
  const values = Float64Array.from(texts, (text) => (text === null ? Number.NaN : labels.indexOf(text)));
  return { name, type: 'category', kind, labels, values };
}

const rows = [
  { note: 'free prize, call now', length: 20, label: 'spam' },
  { note: 'lunch at noon?', length: 14, label: 'ham' },
  { note: 'WINNER! free entry, call 0800', length: 30, label: 'spam' },
  { note: 'see you at the station', length: 22, label: 'ham' },
  { note: null, length: 0, label: 'ham' },
  { note: 'call me when you are free', length: 25, label: 'ham' },
  { note: 'claim your prize now 😀', length: 23, label: 'spam' },
];
const fresh = [
  { note: 'Prize prize PRIZE', length: 17 },
  { note: '', length: 0 },
  { note: null, length: 3 },
  { note: 'Ünseen wörds', length: null },
  { note: 'lunch at the station', length: 20 },
  { note: '12', length: 2 },
];
const tableOf = (from: readonly { note: string | null; length: number | null; label?: string }[]) =>
  tableFromRegisters([
    labelled(
      'note',
      from.map(({ note }) => note),
      'text',
    ),
    { name: 'length', type: 'number', values: Float64Array.from(from, ({ length }) => length ?? Number.NaN) },
    ...(from[0]!.label
      ? [
          labelled(
            'label',
            from.map(({ label }) => label!),
            'categorical',
          ),
        ]
      : []),
  ]);
const [training, unseen] = [tableOf(rows), tableOf(fresh)];

let model: RecipeModel;
let artefact: Artefact;
let runtime: RuntimeModel;
let wanted: string[][];

beforeAll(async () => {
  const recipe = defaultRecipe(training, { target: 'label', task: 'classification', model: 'multinomial-naive-bayes' });
  model = await recipe.fit(training, { target: 'label' });
  const path = join(folder, 'model');
  artefact = await saveArtefact(path, { model });
  runtime = loadModel({
    manifest: JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')),
    buffers: new Uint8Array(readFileSync(join(path, 'buffers.bin'))),
  });
  const predicted = await model.predict(unseen);
  wanted = model.program.outputs.map(({ name, labels }) => bitsOf(readRegister(predicted, name, labels).values));
});

test('table, row, scorer, artefact and runtime give the same bits', async () => {
  const loaded = await loadArtefact(join(folder, 'model'));
  const again = await loaded.model.predict(unseen);
  expect(model.program.outputs.map(({ name, labels }) => bitsOf(readRegister(again, name, labels).values))).toEqual(
    wanted,
  );

  const columns = runtime.predictColumns({
    note: fresh.map(({ note }) => note),
    length: Float64Array.from(fresh, ({ length }) => length ?? Number.NaN),
  });
  expect(model.program.outputs.map(({ name }) => bitsOf(columns[name]!.values))).toEqual(wanted);

  const twice = [runtime.predictRows(fresh), runtime.predictRows(fresh)];
  expect(twice[1]).toEqual(twice[0]);
  fresh.forEach((row, at) => {
    const alone = runtime.predictRow(row);
    expect(alone).toEqual(twice[0]![at]);
    expect(model.predictSync(row)).toBe(alone['prediction']);
    expect(bitsOf(Float64Array.of(alone['probability_spam'] as number))[0]).toBe(wanted[2]![at]);
  });
  expect(() => runtime.predictRow({ note: { a: 1 } })).toThrow(/a text for column "note"/);
});

test('a served model takes texts, as rows and as tensors, and describes them', async () => {
  const log = join(folder, 'requests.jsonl');
  const server = await startServer({ artefact, name: 'spam', requestLog: log });
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  };
  const { predictions } = await post('/predict', { rows: fresh });
  expect(predictions).toEqual(runtime.predictRows(fresh));
  const { outputs } = await post('/v2/models/spam/infer', {
    inputs: [
      { name: 'note', datatype: 'BYTES', shape: [6], data: fresh.map(({ note }) => note) },
      { name: 'length', datatype: 'FP64', shape: [6], data: fresh.map(({ length }) => length) },
    ],
  });
  expect(bitsOf(Float64Array.from(outputs[2].data))).toEqual(wanted[2]);
  const schema = await (await fetch(`${server.url}/openapi.json`)).text();
  expect(schema).toContain('Any text.');
  await server.close();
  const lines = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).inputs);
  expect(lines.slice(0, 6)).toEqual(fresh);
});

test('the stand-alone .wasm refuses texts by name', async () => {
  await expect(exportArtefact(artefact)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/Column "note" holds texts/),
    hint: expect.stringMatching(/artefact/),
  });
});

test('what a term weighs can be read off; importance by shuffling works; explanations row by row refuse by name', async () => {
  const weights = termWeights(model);
  const of = (term: string) => weights.find((entry) => entry.term === term)!.weights;
  expect(of('prize')[1]).toBeGreaterThan(of('prize')[0]!);
  expect(of('station')[0]).toBeGreaterThan(of('station')[1]!);
  const { features } = await featureImportances(model, { table: training, target: 'label', repeats: 2 });
  expect(features.map(({ feature }) => feature)).toContain('note');
  await expect(explain(model, training)).rejects.toThrow(/no texts for an explanation row by row but column "note"/);
  await expect(partialDependence(model, training, 'note')).rejects.toThrow(/no texts for partial dependence/);
  const { mean } = await partialDependence(model, training, 'length');
  expect(mean.every(Number.isFinite)).toBe(true);
});

test('a program with texts that does not hold together is refused, whatever is wrong with it', () => {
  const { program: json, buffers } = encodeProgram(model.program);
  const broken = (change: (program: Program, terms: TermsOperation & Record<string, unknown>) => void) => {
    const copy = structuredClone(json) as Program;
    change(copy, copy.operations.find(({ op }) => op === 'terms') as TermsOperation & Record<string, unknown>);
    return () => decodeProgram(copy, buffers);
  };
  expect(broken(() => undefined)).not.toThrow();
  const set = (name: string, value: unknown) => broken((_, terms) => void Object.assign(terms, { [name]: value }));
  for (const [name, value, message] of [
    ['in', 1, /register 1, which is no text/],
    ['in', 99, /register 99/],
    ['analyzer', 'sentence', /analyzer/],
    ['norm', 'l3', /norm/],
    ['ngramMin', 0, /terms of 0 to 1/],
    ['ngramMax', 1e9, /terms of 1 to 1000000000/],
    ['buckets', 5, /both buckets and a vocabulary/],
    ['buckets', 2 ** 40, /buckets/],
    ['vocabulary', ['one', 'one'], /term twice/],
    ['vocabulary', ['one'], /weights|coefficients/],
    ['vocabulary', [1], /vocabulary .* is not a list of texts/],
    ['stopWords', 'the', /stopWords .* is not a list of texts/],
    ['lowercase', 1, /lowercase/],
  ] as const) {
    expect(set(name, value), `${name} ${String(value)}`).toThrow(message);
  }
  expect(broken(({ inputs }) => void Object.assign(inputs[0]!, { type: 'number' }))).toThrow(/which is no text/);
  expect(broken(({ inputs }) => void Object.assign(inputs[1]!, { type: 'text' }))).toThrow(
    /register 1, which is a text/,
  );
  expect(
    broken((program) => void Object.assign(program.outputs[0]!, { type: 'text', register: 0, labels: undefined })),
  ).toThrow(/output "prediction" is a text/);
});
