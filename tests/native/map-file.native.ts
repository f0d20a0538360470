import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { stream } from '#lanewise/engine/random.js';
import { HnswIndex } from '#lanewise/models/hnsw/index.js';

// A file mapped into the engine's memory: read where it lies by every thread, never written, given back.
test('an index is mapped, searched by all threads, changed in memory alone, and given back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanewise-map-'));
  const engine = await createEngine({ backend: 'native', threads: 2 });
  try {
    const random = stream(1, 'mapped');
    const points = Float32Array.from({ length: 3000 * 20 }, () => random.normal());
    const path = join(folder, 'index');
    using index = new HnswIndex({ dimension: 20, engine, efConstruction: 60 });
    await index.add(points);
    await index.save(path);
    const bytes = readFileSync(path);
    const used = engine.arena.bytesUsed;
    const mapped = await HnswIndex.load(path, { engine });
    const read = await HnswIndex.load(path, { engine, mmap: false });
    const queries = points.slice(0, 500 * 20);
    const answers = await index.search(queries, 10);
    expect(await mapped.search(queries, 10)).toEqual(answers);
    expect(await read.search(queries, 10)).toEqual(answers);
    for (const one of [mapped, read]) {
      await one.delete(Array.from({ length: 900 }, (_, row) => 3 * row));
      await one.add(points.slice(0, 100 * 20));
      await one.save(join(folder, one === mapped ? 'mapped' : 'read'));
    }
    expect(readFileSync(join(folder, 'mapped')).equals(readFileSync(join(folder, 'read')))).toBe(true);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    // Saving over the file that is mapped renames another into its place.
    await mapped.save(path);
    expect((await mapped.search(queries, 1)).length).toBe(500);
    mapped[Symbol.dispose]();
    read[Symbol.dispose]();
    expect(engine.arena.bytesUsed).toBe(used);
    // What was mapped is ordinary memory again.
    const block = engine.arena.allocate('u8', 4 * bytes.length).fill(7);
    expect(block.every((byte) => byte === 7)).toBe(true);
    engine.arena.free(block);
    expect(readFileSync(join(folder, 'mapped')).equals(readFileSync(join(folder, 'read')))).toBe(true);
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a file that cannot be mapped is not', async () => {
  const engine = await createEngine({ backend: 'native', threads: 1 });
  const used = engine.arena.bytesUsed;
  expect(engine.mapFile(987_654, 4096)).toBeUndefined();
  expect(engine.arena.bytesUsed).toBe(used);
  await engine.close();
});
