import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { loadArtefact, saveArtefact, sha256 } from '#lanewise/deploy/artefact.js';
import { columnRanges } from '#lanewise/deploy/ranges.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { classifier, ranges, regressor, rows } from './sample.js';

const root = mkdtempSync(join(tmpdir(), 'lanewise-artefact-'));
let place = '';
let count = 0;
beforeEach(() => {
  place = join(root, `a${count++}`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('an artefact that was saved and loaded is the same model', async () => {
  const model = regressor();
  const metadata = { data: 'abc', 10: 'ten', 9: undefined };
  const saved = await saveArtefact(place, { model, ranges, reference: { columns: [1, 2] }, metadata });
  const loaded = await loadArtefact(place);
  expect(loaded.digest).toBe(saved.digest);
  expect(rows.map((row) => loaded.model.predictSync(row))).toEqual(rows.map((row) => model.predictSync(row)));
  expect(loaded.model).toMatchObject({
    estimator: 'gradient-boosting',
    target: 'fare',
    training: { bestIteration: 8 },
  });
  expect(loaded.model.importances).toEqual({ distance: 0.75, pickup: 0.25 });
  expect(loaded.reference).toEqual({ columns: [1, 2] });
  expect(loaded.manifest.metadata).toEqual({ data: 'abc', 10: 'ten' });
  expect((await loadArtefact(join(place, 'manifest.json'))).digest).toBe(saved.digest);
});

test('two artefacts of the same parts have the same bytes', async () => {
  await saveArtefact(place, { model: classifier(), ranges });
  await saveArtefact(`${place}-again`, { model: classifier(), ranges });
  for (const name of ['manifest.json', 'buffers.bin']) {
    expect(sha256(readFileSync(join(place, name)))).toBe(sha256(readFileSync(join(`${place}-again`, name))));
  }
});

test('an artefact of format version 1, as it was first written, still loads and answers alike', async () => {
  const { model, manifest, reference } = await loadArtefact(join(import.meta.dirname, '../fixtures/artefact-v1'));
  expect(manifest.version).toBe(1);
  expect(reference).toEqual({ made: 'by hand' });
  expect(rows.map((row) => model.predictSync(row))).toEqual(rows.map((row) => regressor().predictSync(row)));
});

test('golden rows stay within the ranges, hold missing and unseen values, and only columns that are read', async () => {
  const { manifest } = await saveArtefact(place, { model: regressor(), ranges });
  const column = (name: string) => manifest.golden.inputs.find((input) => input.name === name)!.values;
  const distances = column('distance').filter((value) => value !== null) as number[];
  expect([Math.min(...distances), Math.max(...distances)]).toEqual([0, 36.7]);
  expect(column('distance')).toContain(null);
  expect(column('borough')).toEqual(expect.arrayContaining([null, 'unseen', 'Bronx', 'Île']));
  expect(column('airport')).toEqual(expect.arrayContaining([null, true, false]));
  expect(new Set(manifest.golden.outputs[0]!.bits).size).toBeGreaterThan(5);
  expect(Object.keys(manifest.ranges).sort()).toEqual(['distance', 'pickup', 'tip <b>']);
});

test('a threshold decides from which probability the positive class is predicted', async () => {
  const model = classifier();
  const table = tableFromRegisters([{ name: 'distance', type: 'number', values: Float64Array.of(1) }]);
  expect(columnRanges({ ...model.program, inputs: [{ name: 'distance', type: 'number' }] }, table)).toEqual({
    distance: { min: 1, max: 1 },
  });
  const always = await saveArtefact(place, { model, threshold: 0 });
  const never = await saveArtefact(`${place}-never`, { model, threshold: 1 });
  expect(rows.map((row) => always.model.predictSync(row))).toEqual(rows.map(() => 'cash'));
  expect(rows.map((row) => never.model.predictSync(row))).toEqual(rows.map(() => 'card'));
  expect((await loadArtefact(place)).manifest.threshold).toBe(0);
  await expect(saveArtefact(`${place}-x`, { model: regressor(), threshold: 0.5 })).rejects.toThrow(/two classes/);
  await expect(saveArtefact(`${place}-x`, { model, threshold: 2 })).rejects.toThrow(/\[0, 1\]/);
  expect(readdirSync(root).filter((name) => name.includes('-x'))).toEqual([]);
});

test('saving replaces an artefact, takes an empty directory, and leaves other things alone', async () => {
  await saveArtefact(place, { model: regressor(1) });
  const second = await saveArtefact(place, { model: regressor(2), reference: 1 });
  expect((await loadArtefact(place)).digest).toBe(second.digest);
  mkdirSync(`${place}-empty`);
  await saveArtefact(`${place}-empty`, { model: regressor() });
  mkdirSync(`${place}-taken`);
  writeFileSync(join(`${place}-taken`, 'thesis.doc'), 'years of work');
  await expect(saveArtefact(`${place}-taken`, { model: regressor() })).rejects.toThrow(/other things are there/);
  expect(readFileSync(join(`${place}-taken`, 'thesis.doc'), 'utf8')).toBe('years of work');
  expect(readdirSync(root).filter((name) => /partial|old/.test(name))).toEqual([]);
});

describe('an artefact that is damaged is refused, and the file and the reason named', () => {
  const damaged = async (damage: (path: string) => void, message: RegExp) => {
    await saveArtefact(place, { model: regressor(), ranges, reference: { a: 1 } });
    damage(place);
    const failure = await loadArtefact(place).then(
      () => undefined,
      (error) => error,
    );
    expect(failure).toMatchObject({ code: 'artefact' });
    expect(failure.message).toMatch(message);
  };
  /** Rewrites the manifest with its digest made right again, as one who tampers would. */
  // biome-ignore lint/suspicious/noExplicitAny: what is changed is wrong on purpose
  const forge = (change: (manifest: any) => void) => (path: string) => {
    const file = join(path, 'manifest.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    change(manifest);
    manifest.digest = sha256(JSON.stringify({ ...manifest, digest: '' }));
    writeFileSync(file, JSON.stringify(manifest));
  };
  /** Changes bytes of the buffers, and the hash and digest with them. */
  const forgeBuffers = (change: (buffers: Buffer) => Buffer) => (path: string) => {
    const buffers = change(readFileSync(join(path, 'buffers.bin')));
    writeFileSync(join(path, 'buffers.bin'), buffers);
    forge((manifest) => {
      Object.assign(manifest.files[0], { bytes: buffers.length, sha256: sha256(buffers) });
    })(path);
  };
  const flip = (name: string) => (path: string) => {
    const bytes = readFileSync(join(path, name));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(path, name), bytes);
  };

  test('buffers with one bit changed', () => damaged(flip('buffers.bin'), /buffers\.bin .*SHA-256/));
  test('a drift reference with one bit changed', () => damaged(flip('reference.json'), /reference\.json .*SHA-256/));
  test('buffers cut short', () =>
    damaged((path) => truncateSync(join(path, 'buffers.bin'), 100), /buffers\.bin .*100 bytes/));
  test('no buffers', () => damaged((path) => rmSync(join(path, 'buffers.bin')), /buffers\.bin .*missing/));
  test('no drift reference', () =>
    damaged((path) => rmSync(join(path, 'reference.json')), /reference\.json .*missing/));
  test('no manifest', () => damaged((path) => rmSync(join(path, 'manifest.json')), /manifest\.json .*missing/));
  test('a manifest cut short', () =>
    damaged((path) => truncateSync(join(path, 'manifest.json'), 500), /manifest\.json .*JSON/));
  test('an empty manifest', () =>
    damaged((path) => truncateSync(join(path, 'manifest.json'), 0), /manifest\.json .*JSON/));
  test('a manifest changed by hand', () =>
    damaged((path) => {
      const file = join(path, 'manifest.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace('"target": "fare"', '"target": "fire"'));
    }, /manifest\.json .*digest/));
  test('another version', () =>
    damaged(
      forge((m) => (m.version = 99)),
      /manifest\.json .*version 99/,
    ));
  test('another format', () =>
    damaged(
      forge((m) => (m.format = 'onnx')),
      /not a Lanewise artefact/,
    ));
  test('no training facts', () =>
    damaged(
      forge((m) => delete m.model.training),
      /"model\.training"/,
    ));
  test('a task that does not exist', () =>
    damaged(
      forge((m) => (m.model.task = 'divination')),
      /"model\.task"/,
    ));
  test('a threshold beyond 1', () =>
    damaged(
      forge((m) => (m.threshold = 7)),
      /"threshold"/,
    ));
  test('an operation that does not exist', () =>
    damaged(
      forge((m) => (m.program.operations[0].op = 'eval')),
      /manifest\.json .*unknown kind "eval"/,
    ));
  test('a flag of the program changed', () =>
    damaged(
      forge((m) => {
        const trees = m.program.operations.find((operation: { op: string }) => operation.op === 'ensemble');
        trees.average = !trees.average;
      }),
      /manifest\.json .*golden row \d+ gives/,
    ));
  test('a child index of a tree beyond its nodes, hashes made right', () =>
    damaged(
      forgeBuffers((buffers) => {
        const manifestLeft = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')).program.operations.find(
          (operation: { op: string }) => operation.op === 'ensemble',
        ).left;
        for (let node = 0; node < manifestLeft.length; node++)
          buffers.writeInt32LE(1 << 30, manifestLeft.offset + 4 * node);
        return buffers;
      }),
      /node \d+ of operation/,
    ));
  test('buffers cut short, hashes made right', () =>
    damaged(
      forgeBuffers((buffers) => buffers.subarray(0, 64)),
      /outside the buffers/,
    ));
  test('golden rows of other bits', () =>
    damaged(
      forge((m) => (m.golden.outputs[0].bits[4] = '3ff0000000000000')),
      /golden row 5 gives/,
    ));
  test('golden rows taken away', () =>
    damaged(
      forge((m) => delete m.golden),
      /golden rows/,
    ));
  test('golden rows of wrong types', () =>
    damaged(
      forge((m) => (m.golden.inputs[0].values[3] = 'many')),
      /golden row 4/,
    ));
});

test('a path that is no artefact is named', async () => {
  await expect(loadArtefact(join(root, 'nosuch'))).rejects.toMatchObject({ code: 'file', message: /nosuch/ });
  const file = join(root, 'model.json');
  writeFileSync(file, '{"manifest": 1}');
  await expect(loadArtefact(file)).rejects.toMatchObject({ code: 'artefact', message: /model\.json/ });
  mkdirSync(place);
  await expect(loadArtefact(place)).rejects.toMatchObject({ code: 'artefact', message: /manifest\.json/ });
});
