import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRecommender, loadRecommender, saveRecommender } from '#lanewise/deploy/recommender-artefact.js';
import { type FittedRecommender, recommenders } from '#lanewise/models/recommendation/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { temporaryFolder } from '../cli/helpers.js';

const folder = temporaryFolder();
const labels = ['Ann', 'Bo', 'Çelik', '楓', '🦊'];
const rows = Array.from({ length: 120 }, (_, i) => [i % 5, (i * 7) % 23, 1 + ((i * 3) % 9) / 2]);
const table = tableFromRegisters([
  { name: 'who', type: 'category', values: Float64Array.from(rows, ([user]) => user!), labels },
  { name: 'what', type: 'number', values: Float64Array.from(rows, ([, item]) => item!) },
  { name: 'stars', type: 'number', values: Float64Array.from(rows, ([, , stars]) => stars!) },
]);
const columns = { user: 'who', item: 'what', rating: 'stars' };

async function fitted(name = 'als'): Promise<FittedRecommender> {
  const entry = recommenders.find((each) => each.name === name)!;
  const given = entry.feedback === 'implicit' ? { user: 'who', item: 'what' } : columns;
  const small: Record<string, number> = ['als', 'implicit-als', 'bpr'].includes(name)
    ? { nFactors: 3, maxIter: 3 }
    : {};
  return (await entry.create(small).fit(table, given)) as FittedRecommender;
}

test.each(recommenders.map(({ name }) => name))('%s: saved and loaded, it says the same', async (name) => {
  const model = await fitted(name);
  const saved = await saveRecommender(join(folder, name), model, { note: 'kept' });
  const { model: loaded, digest, metadata } = await loadRecommender(join(folder, name));
  expect(digest).toBe(saved.digest);
  expect(metadata).toEqual({ note: 'kept' });
  expect(await isRecommender(join(folder, name))).toBe(true);
  const options = { n: 4, filterSeen: false };
  const [before, after] = [await model.recommend('all', options), await loaded.recommend('all', options)];
  expect(after.users).toEqual(labels);
  expect([...after.items]).toEqual([...before.items]);
  expect([...after.scores]).toEqual([...before.scores]);
  expect(loaded.training).toEqual(JSON.parse(JSON.stringify(model.training)));
  expect(loaded.facts).toEqual(model.facts);
  const again = await saveRecommender(join(folder, `${name}-again`), model, { note: 'kept' });
  expect(again.digest).toBe(digest);
});

test('whatever was changed is found out', async () => {
  let path = join(folder, 'changed');
  const model = await fitted('item-knn');
  let manifestPath = join(path, 'manifest.json');
  const spoil = async (change: (manifest: Record<string, never>) => void, why: RegExp) => {
    await saveRecommender(path, model);
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
    change(manifest);
    writeFileSync(manifestPath, JSON.stringify(manifest));
    await expect(loadRecommender(path)).rejects.toThrow(why);
  };
  await spoil((manifest) => Object.assign(manifest['model'], { estimator: 'als' }), /its digest does not match/);
  await spoil((manifest) => Object.assign(manifest, { version: 2 }), /format version 2/);
  await spoil((manifest) => Object.assign(manifest, { format: 'other' }), /not a recommender/);
  path = join(folder, 'changed again');
  manifestPath = join(path, 'manifest.json');
  await saveRecommender(path, model);
  const buffersPath = join(path, 'buffers.bin');
  const bytes = readFileSync(buffersPath);
  bytes[40]! ^= 1;
  writeFileSync(buffersPath, bytes);
  await expect(loadRecommender(path)).rejects.toThrow(/buffers\.bin .*SHA-256 does not match/);
  writeFileSync(buffersPath, bytes.subarray(0, 100));
  await expect(loadRecommender(path)).rejects.toThrow(/cut short/);
  writeFileSync(manifestPath, '{"format": "lanewise-recommender"');
  await expect(loadRecommender(path)).rejects.toThrow(/not JSON/);
});

test('a manifest that is sealed anew still has to be true', async () => {
  const path = join(folder, 'sealed');
  const { sha256 } = await import('#lanewise/deploy/artefact.js');
  const reseal = async (change: (manifest: ReturnType<typeof JSON.parse>) => void, why: RegExp) => {
    await saveRecommender(path, await fitted('item-knn'));
    const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8'));
    change(manifest);
    const digest = sha256(JSON.stringify({ ...manifest, digest: '' }));
    writeFileSync(join(path, 'manifest.json'), JSON.stringify({ ...manifest, digest }));
    await expect(loadRecommender(path)).rejects.toThrow(why);
  };
  await reseal((manifest) => (manifest.golden[3][2] += 1), /golden scores/);
  await reseal((manifest) => (manifest.golden[0][0] = 9), /"golden"/);
  await reseal((manifest) => (manifest.arrays.indices.offset = 64_000_000), /"arrays.indices"/);
  await reseal((manifest) => (manifest.arrays.indices.offset = 0), /"indices"/);
  await reseal((manifest) => (manifest.arrays.values.offset += 8), /"arrays.values"/);
  await reseal((manifest) => (manifest.arrays.values.offset = manifest.files[0].bytes - 64), /"arrays.values"/);
  await reseal((manifest) => (manifest.scoring.k = 1e9), /"scoring"/);
  await reseal((manifest) => (manifest.model.users.count = 4), /is not what it should be/);
  await reseal((manifest) => delete manifest.arrays.likenesses, /"arrays.likenesses"/);
  await reseal((manifest) => (manifest.model.columns.user = 3), /"model.columns"/);
});

test('nothing else is overwritten, and nothing is found where nothing is', async () => {
  mkdirSync(join(folder, 'taken'));
  writeFileSync(join(folder, 'taken', 'diary.txt'), 'mine');
  await expect(saveRecommender(join(folder, 'taken'), await fitted())).rejects.toThrow(/other things are there/);
  await expect(loadRecommender(join(folder, 'nowhere'))).rejects.toThrow(/no recommender at/);
});
