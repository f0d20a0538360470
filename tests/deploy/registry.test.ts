import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { loadArtefact, saveArtefact } from '#lanewise/deploy/artefact.js';
import { isRecommender, loadRecommender, saveRecommender } from '#lanewise/deploy/recommender-artefact.js';
import { Registry } from '#lanewise/deploy/registry.js';
import { ItemKNN } from '#lanewise/models/recommendation/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { openModel } from '#lanewise/workflow/open-model.js';
import { classifier, regressor } from './sample.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-registry-'));
let registry: Registry;
let count = 0;
beforeEach(() => {
  registry = new Registry(join(folder, `r${count++}`));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('versions count up, and the champion is found by name, alias, version and path', async () => {
  const first = await registry.register('fare', { model: regressor(1) }, { alias: 'champion', note: 'the first' });
  const second = await registry.register('fare', { model: regressor(2) }, { alias: 'challenger' });
  expect([first.version, second.version]).toEqual([1, 2]);
  expect(await registry.aliases('fare')).toEqual({ champion: 1, challenger: 2 });
  expect(await registry.resolve('fare@champion')).toBe(first.path);
  expect(await registry.resolve('fare')).toBe(first.path);
  expect(await registry.resolve('fare/2')).toBe(second.path);
  expect(await registry.names()).toEqual(['fare']);
});

test('a promotion can be rolled back, and the audit log tells all of it', async () => {
  for (const seed of [1, 2, 3]) await registry.register('fare', { model: regressor(seed) });
  await registry.promote('fare', 1);
  await registry.promote('fare', 3, 'challenger');
  await registry.promote('fare', 'challenger', 'champion', 'won by 3 %');
  expect(await registry.aliases('fare')).toEqual({ champion: 3, challenger: 3 });
  expect((await registry.rollback('fare', 'champion', 'errors rose')).version).toBe(1);
  await expect(registry.rollback('fare')).rejects.toThrow(/earlier champion of fare/);
  await expect(registry.rollback('fare', 'champoin')).rejects.toThrow(/did you mean "champion"/);
  const log = await registry.audit('fare');
  expect(
    log.map(({ action, version, alias, from, note }) => ({ action, version, alias, from, note })).slice(3),
  ).toEqual([
    { action: 'promote', version: 1, alias: 'champion' },
    { action: 'promote', version: 3, alias: 'challenger' },
    { action: 'promote', version: 3, alias: 'champion', from: 1, note: 'won by 3 %' },
    { action: 'rollback', version: 1, alias: 'champion', from: 3, note: 'errors rose' },
  ]);
  expect(log[0]!.digest).toMatch(/^[0-9a-f]{64}$/);
});

test('an artefact on disk is copied in, and a damaged one is neither taken nor promoted', async () => {
  const loose = join(folder, 'loose');
  const saved = await saveArtefact(loose, { model: classifier() });
  const taken = await registry.register('payment', { artefact: loose });
  expect((await loadArtefact(taken.path)).digest).toBe(saved.digest);
  truncateSync(join(loose, 'buffers.bin'), 10);
  await expect(registry.register('payment', { artefact: loose })).rejects.toMatchObject({ code: 'artefact' });
  truncateSync(join(taken.path, 'buffers.bin'), 10);
  await expect(registry.promote('payment', 1)).rejects.toMatchObject({ code: 'artefact' });
  expect(await registry.aliases('payment')).toEqual({});
  expect(readdirSync(join(registry.root, 'payment')).sort()).toEqual(['1', 'aliases.json', 'audit.jsonl']);
});

test('what is not there is named, with the nearest that is', async () => {
  await registry.register('fare', { model: regressor() });
  await expect(registry.resolve('fair@champion')).rejects.toThrow(/"fair": did you mean "fare"/);
  await expect(registry.resolve('fare@champion')).rejects.toThrow(/alias of fare "champion"/);
  await expect(registry.resolve('fare/7')).rejects.toThrow(/version of fare "7"/);
  await expect(registry.resolve('fare/x')).rejects.toThrow(/whole number/);
});

test('recommenders are versions like any other, with what was noted beside them', async () => {
  const events = tableFromRegisters([
    { name: 'who', type: 'number', values: Float64Array.of(1, 1, 2, 2, 3) },
    { name: 'what', type: 'number', values: Float64Array.of(7, 8, 7, 9, 8) },
  ]);
  const fitted = async (k: number) => await new ItemKNN({ k }).fit(events, { user: 'who', item: 'what' });
  const metadata = { data: { sha256: 'abc' }, scores: [{ ndcg: 0.5 }] };
  await registry.register('shop', { recommender: await fitted(1), metadata }, { alias: 'champion' });
  const loose = join(folder, 'loose-recommender');
  const { digest } = await saveRecommender(loose, await fitted(2));
  await registry.register('shop', { artefact: loose }, { alias: 'challenger' });
  await registry.register('shop', { model: regressor() });
  const listed = await registry.list('shop');
  expect(listed.map(({ version, estimator, task, aliases }) => [version, estimator, task, aliases])).toEqual([
    [1, 'item-knn', 'recommendation', ['champion']],
    [2, 'item-knn', 'recommendation', ['challenger']],
    [3, regressor().estimator, 'regression', []],
  ]);
  expect([listed[0]!.metadata, listed[1]!.digest]).toEqual([metadata, digest]);
  expect((await registry.promote('shop', 'challenger')).digest).toBe(digest);
  expect((await registry.rollback('shop')).version).toBe(1);
  truncateSync(join(registry.root, 'shop', '2', 'buffers.bin'), 10);
  await expect(registry.promote('shop', 2)).rejects.toMatchObject({ code: 'artefact' });
  const copied = await loadRecommender(await registry.resolve('shop@champion'));
  expect((await copied.model.recommend([2], { n: 1 })).list(0)[0]!.item).toBe(8);
});

test('names never leave their folder', async () => {
  for (const name of ['../up', '..', '.', 'a/b', 'a\\b', '', '.hidden', 'a..b', 'a\0b', 'x'.repeat(65), '/etc']) {
    await expect(registry.register(name, { model: regressor() })).rejects.toMatchObject({ code: 'usage' });
    await expect(registry.resolve(`${name}@champion`)).rejects.toMatchObject({
      code: expect.stringMatching(/usage|file/),
    });
  }
  await registry.register('fare', { model: regressor() });
  await expect(registry.register('fare', { model: regressor() }, { alias: '../x' })).rejects.toMatchObject({
    code: 'usage',
  });
  await expect(registry.resolve('fare@../../x')).rejects.toMatchObject({ code: 'usage' });
  await expect(registry.resolve('fare/../../x')).rejects.toMatchObject({ code: 'usage' });
  expect(readdirSync(registry.root)).toEqual(['fare']);
  expect(existsSync(join(folder, 'up'))).toBe(false);
});

test('processes that register at once get a version each', async () => {
  const loose = join(folder, 'shared');
  await saveArtefact(loose, { model: regressor() });
  const module = new URL('../../dist/deploy/registry.js', import.meta.url).href;
  const code = `import { Registry } from ${JSON.stringify(module)};
    const registry = new Registry(${JSON.stringify(registry.root)});
    for (let i = 0; i < 3; i++) await registry.register('fare', { artefact: ${JSON.stringify(loose)} }, { alias: 'champion' });`;
  const run = () =>
    new Promise<number | null>((resolve) => {
      spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' }).on('exit', resolve);
    });
  expect(await Promise.all([run(), run(), run()])).toEqual([0, 0, 0]);
  expect(await registry.versions('fare')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await registry.aliases('fare')).toEqual({ champion: 9 });
  expect((await registry.audit('fare')).filter((entry) => entry.action === 'register')).toHaveLength(9);
});

test('aliases that are damaged are named and not written over', async () => {
  await registry.register('fare', { model: regressor() }, { alias: 'champion' });
  const file = join(registry.root, 'fare', 'aliases.json');
  writeFileSync(file, '{"format": 1');
  await expect(registry.resolve('fare')).rejects.toThrow(/aliases\.json/);
  await expect(registry.promote('fare', 1)).rejects.toThrow(/aliases\.json/);
  expect(readFileSync(file, 'utf8')).toBe('{"format": 1');
});

test('what the system does not let be read is told as such, and not taken for nothing', async () => {
  const refused = { code: 'file', message: expect.stringMatching(/loop\S* but the system refused it: ELOOP/) };
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  const { path } = await registry.register('fare', { model: regressor(1) }, { alias: 'champion' });
  await expect(new Registry(loop).names()).rejects.toMatchObject(refused);
  await expect(new Registry(loop).resolve('fare')).rejects.toMatchObject(refused);
  for (const read of [loadArtefact, loadRecommender, isRecommender, openModel]) {
    await expect(read(loop)).rejects.toMatchObject(refused);
  }
  await expect(saveArtefact(loop, { model: regressor(1) })).rejects.toMatchObject(refused);
  for (const [file, read] of [
    ['aliases.json', () => registry.resolve('fare')],
    ['audit.jsonl', () => registry.audit('fare')],
  ] as const) {
    rmSync(join(path, '..', file));
    symlinkSync(loop, join(path, '..', file));
    await expect(read()).rejects.toMatchObject({ code: 'file', message: expect.stringMatching(`${file}.*ELOOP`) });
  }
});
