import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { batchEnd } from '#lanewise/engine/graph-index/insert.js';
import { stream } from '#lanewise/engine/random.js';
import { type HnswAnswer, HnswIndex, type HnswOptions, type RowId } from '#lanewise/models/hnsw/index.js';

// An index of approximate neighbours: beside exact ones, through deletions, filters, files and cancellations.
const folder = mkdtempSync(join(tmpdir(), 'lanewise-hnsw-'));
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'wasm', threads: 2 });
});
afterAll(async () => {
  whole[Symbol.dispose]();
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const DIMENSION = 24;

/** Points around 40 centres. */
function makePoints(count: number, key: string, dimension = DIMENSION): Float32Array {
  const centers = stream(5, 'centers');
  const middle = Float32Array.from({ length: 40 * dimension }, () => 2 * centers.normal());
  const random = stream(5, key);
  const points = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const center = random.integer(40);
    for (let j = 0; j < dimension; j++) points[i * dimension + j] = middle[center * dimension + j]! + random.normal();
  }
  return points;
}

const rowAt = (points: Float32Array, row: number, dimension = DIMENSION) =>
  points.subarray(row * dimension, (row + 1) * dimension);

const measures: Record<string, (a: Float32Array, b: Float32Array) => number> = {
  euclidean: (a, b) => Math.sqrt(measures['sqeuclidean']!(a, b)),
  sqeuclidean: (a, b) => a.reduce((sum, value, j) => sum + (value - b[j]!) ** 2, 0),
  dot: (a, b) => -a.reduce((sum, value, j) => sum + value * b[j]!, 0),
  cosine: (a, b) => 1 + measures['dot']!(a, b) / Math.sqrt(measures['dot']!(a, a) * measures['dot']!(b, b)),
};

function exact(points: Float32Array, query: Float32Array, k: number, metric: string, rows?: readonly number[]) {
  const all = rows ?? Array.from({ length: points.length / query.length }, (_, row) => row);
  const found = all.map((row) => ({ row, distance: measures[metric]!(query, rowAt(points, row, query.length)) }));
  return found.sort((a, b) => a.distance - b.distance || a.row - b.row).slice(0, k);
}

/** Share of the exact k nearest that were found; every distance is held to the exact one. */
function recall(
  points: Float32Array,
  queries: Float32Array,
  answers: readonly HnswAnswer[],
  k: number,
  { metric = 'euclidean', rows }: { metric?: string; rows?: readonly number[] } = {},
): number {
  let hits = 0;
  answers.forEach(({ ids, distances }, index) => {
    const query = rowAt(queries, index);
    const wanted = new Set(exact(points, query, k, metric, rows).map(({ row }) => row));
    ids.forEach((id, place) => {
      if (wanted.has(Number(id))) hits++;
      const distance = measures[metric]!(query, rowAt(points, Number(id)));
      expect(Math.abs(distances[place]! - distance)).toBeLessThan(1e-4 * Math.max(1, Math.abs(distance)));
      if (place > 0) expect(distances[place]!).toBeGreaterThanOrEqual(distances[place - 1]!);
    });
  });
  return hits / (k * answers.length);
}

const points = makePoints(2000, 'points');
const queries = makePoints(60, 'queries');

async function build(options: Partial<HnswOptions> = {}, rows = points): Promise<HnswIndex> {
  const index = new HnswIndex({ dimension: DIMENSION, M: 8, efConstruction: 60, engine, ...options });
  await index.add(rows);
  return index;
}

/** One that is only asked. */
let whole: HnswIndex;
beforeAll(async () => {
  whole = await build();
});

const hashOf = async (index: HnswIndex): Promise<string> => {
  const path = join(folder, 'hashed');
  await index.save(path);
  return createHash('sha256').update(readFileSync(path)).digest('hex');
};

describe('answers', () => {
  for (const metric of ['sqeuclidean', 'cosine', 'dot'] as const) {
    test(`most of the exact nearest by ${metric}, with their distances`, async () => {
      using index = await build({ metric });
      const answers = await index.search(queries, 10, { efSearch: 60 });
      expect(recall(points, queries, answers, 10, { metric })).toBeGreaterThan(0.97);
    });
  }

  test('a wider search finds more', async () => {
    const [narrow, wide] = await Promise.all([10, 200].map((efSearch) => whole.search(queries, 10, { efSearch })));
    expect(recall(points, queries, wide!, 10)).toBeGreaterThan(0.99);
    expect(recall(points, queries, wide!, 10)).toBeGreaterThan(recall(points, queries, narrow!, 10));
  });

  test('an empty index, one row, k above the number of rows', async () => {
    using index = new HnswIndex({ dimension: 3, engine });
    expect(await index.search([[1, 2, 3]], 5)).toEqual([{ ids: [], distances: new Float64Array(0) }]);
    expect(await index.search([], 5)).toEqual([]);
    await index.add([[1, 2, 3]]);
    expect(await index.search([[1, 2, 5]], 5)).toEqual([{ ids: [0], distances: Float64Array.of(2) }]);
    await index.add([
      [1, 2, 4],
      [0, 0, 0],
    ]);
    expect((await index.search([[1, 2, 5]], 100))[0]!.ids).toEqual([1, 0, 2]);
  });

  test('a crowd of duplicates neither hides itself nor the others', async () => {
    const same = new Float32Array(700 * DIMENSION).fill(30);
    using index = await build({}, same);
    const others = makePoints(700, 'others');
    await index.add(others);
    const [first] = await index.search(rowAt(same, 0).slice(), 700);
    expect(first!.distances.filter((distance) => distance === 0).length).toBe(700);
    const answers = await index.search(queries, 10, { efSearch: 80 });
    const shifted = answers.map(({ ids, distances }) => ({ ids: ids.map((id) => Number(id) - 700), distances }));
    expect(recall(others, queries, shifted, 10)).toBeGreaterThan(0.95);
  });

  test('rows that are all equal', async () => {
    using index = await build({ metric: 'cosine' }, new Float32Array(300 * DIMENSION).fill(2));
    const [answer] = await index.search(new Float32Array(DIMENSION).fill(7), 3);
    expect(answer!.distances).toEqual(new Float64Array(3));
    expect(new Set(answer!.ids).size).toBe(3);
  });
});

describe('rows that come and go', () => {
  test('deleted rows are never answers, and the others are still found', async () => {
    using index = await build();
    const random = stream(1, 'deleted');
    const gone = new Set<number>();
    for (const share of [0.02, 0.1, 0.5]) {
      const ids = Array.from({ length: 2000 }, (_, id) => id).filter((id) => !gone.has(id) && random.uniform() < share);
      await index.delete(ids);
      for (const id of ids) gone.add(id);
      const rows = Array.from({ length: 2000 }, (_, id) => id).filter((id) => !gone.has(id));
      expect(index.size).toBe(rows.length);
      const answers = await index.search(queries, 10, { efSearch: 80 });
      for (const { ids: found } of answers) for (const id of found) expect(gone.has(Number(id))).toBe(false);
      expect(recall(points, queries, answers, 10, { rows })).toBeGreaterThan(0.95);
    }
  });

  test('places of deleted rows are filled again, and all of it comes out of a file', async () => {
    using index = await build();
    const before = index.bytes;
    await index.delete(Array.from({ length: 1000 }, (_, id) => 2 * id));
    await index.add(
      rowsOf(points, (row) => row % 2 === 0),
      { ids: Array.from({ length: 1000 }, (_, id) => 2 * id) },
    );
    expect(index.bytes).toBe(before);
    const answers = await index.search(queries, 10, { efSearch: 80 });
    expect(recall(points, queries, answers, 10)).toBeGreaterThan(0.95);
    await index.delete([0, 5, 7]);
    const path = join(folder, 'refilled');
    await index.save(path);
    using loaded = await HnswIndex.load(path, { engine });
    expect(loaded.size).toBe(1997);
    expect(await loaded.search(queries, 10)).toEqual(await index.search(queries, 10));
    await Promise.all([index, loaded].map((one) => one.add(rowAt(points, 0).slice(), { ids: [0] })));
    expect(await hashOf(loaded)).toBe(await hashOf(index));
  });

  test('all rows deleted one by one, and new ones added', async () => {
    using index = await build({}, points.slice(0, 200 * DIMENSION));
    for (let id = 0; id < 200; id++) {
      await index.delete([id]);
      const [answer] = await index.search(rowAt(points, id).slice(), 3);
      expect(answer!.ids).not.toContain(id);
      expect(answer!.ids.length).toBe(Math.min(3, 199 - id));
    }
    await index.add(points.slice(0, 200 * DIMENSION));
    expect((await index.search(rowAt(points, 17).slice(), 1))[0]!.ids).toEqual([217]);
  });

  test('texts as ids', async () => {
    using index = new HnswIndex({ dimension: 2, engine });
    await index.add(
      [
        [0, 0],
        [1, 0],
        [5, 5],
      ],
      { ids: ['zürich', '𝄞', ''] },
    );
    expect((await index.search([[0.9, 0]], 3))[0]!.ids).toEqual(['𝄞', 'zürich', '']);
    await index.delete(['𝄞']);
    const path = join(folder, 'texts');
    await index.save(path);
    using loaded = await HnswIndex.load(path, { engine });
    expect((await loaded.search([[0.9, 0]], 3))[0]!.ids).toEqual(['zürich', '']);
    await expect(loaded.add([[1, 1]], { ids: [4] })).rejects.toThrow(
      'Expected texts for ids but received 4 at place 1',
    );
  });

  test('ids that cannot be are refused by name, and nothing is added', async () => {
    using index = new HnswIndex({ dimension: 1, engine });
    await index.add([[1], [2]], { ids: ['a', 'b'] });
    const refused = (ids: RowId[], message: string) =>
      expect(
        index.add(
          ids.map(() => [3]),
          { ids },
        ),
      ).rejects.toThrow(message);
    await refused(['c', 'b'], 'Expected new ids but "b", at place 2, is in the index already');
    await refused(['c', 'c'], 'Expected new ids but "c", at place 2, is given twice');
    await refused([Number.NaN], 'Expected texts for ids but received NaN');
    await refused(['\ud800'], 'Expected texts for ids');
    await expect(index.add([[1]], { ids: [] })).rejects.toThrow('Expected 1 ids, one a row, but received 0');
    await expect(index.delete(['a', 'x'])).rejects.toThrow(
      'Expected ids of rows to delete but "x" is not in the index',
    );
    await expect(index.delete(['a', 'a'])).rejects.toThrow('is given twice');
    expect([index.size, index.has('a'), index.has('c')]).toEqual([2, true, false]);
  });
});

function rowsOf(from: Float32Array, keep: (row: number) => boolean): Float32Array[] {
  return Array.from({ length: from.length / DIMENSION }, (_, row) => row)
    .filter(keep)
    .map((row) => rowAt(from, row));
}

describe('filters', () => {
  for (const one of [2, 7, 40, 500]) {
    test(`one row of ${one}: found as well as without a filter`, async () => {
      const rows = Array.from({ length: 2000 }, (_, row) => row).filter((row) => row % one === 1);
      const answers = await whole.search(queries, 5, { efSearch: 50, filter: (id) => Number(id) % one === 1 });
      for (const { ids } of answers) for (const id of ids) expect(Number(id) % one).toBe(1);
      expect(answers[0]!.ids.length).toBe(Math.min(5, rows.length));
      const wanted = Math.min(5, rows.length);
      expect(recall(points, queries, answers, wanted, { rows })).toBeGreaterThan(0.96);
    });
  }

  test('a filter that keeps only what is far away', async () => {
    const query = rowAt(points, 0).slice();
    const far = exact(points, query, 3000, 'euclidean')
      .slice(800)
      .map(({ row }) => row);
    const bits = new Uint8Array(Math.ceil(2000 / 8));
    for (const row of far) bits[whole.rowOf(row)! >> 3]! |= 1 << (whole.rowOf(row)! & 7);
    const answers = await whole.search(query, 10, { efSearch: 100, filter: bits });
    expect(recall(points, query, answers, 10, { rows: far })).toBeGreaterThan(0.8);
  });

  test('a bitmap and a function say the same; none passes; a wrong one is refused', async () => {
    const bits = new Uint8Array(250).fill(0b00010001);
    const byBits = await whole.search(queries, 5, { filter: bits });
    expect(byBits).toEqual(await whole.search(queries, 5, { filter: (id) => Number(id) % 4 === 0 }));
    expect((await whole.search(queries, 5, { filter: () => false }))[3]!.ids).toEqual([]);
    await expect(whole.search(queries, 5, { filter: new Uint8Array(3) })).rejects.toThrow('250 bytes');
    await expect(whole.search(queries, 5, { filter: 'all' as never })).rejects.toThrow('a function of ids');
  });
});

describe('numbers that cannot be', () => {
  test('are refused by name, in rows and in queries', async () => {
    using index = new HnswIndex({ dimension: 2, metric: 'cosine', engine });
    await index.add([[1, 0]]);
    const refused = async (row: number[], message: string) => {
      await expect(index.add([[1, 1], row])).rejects.toThrow(message);
      await expect(index.search([[1, 1], row], 1)).rejects.toThrow(message);
      expect(index.size).toBe(1);
    };
    await refused([0, Number.NaN], 'but row 2 has NaN at place 2');
    await refused([Number.NEGATIVE_INFINITY, 1], 'but row 2 has -Infinity at place 1');
    await refused([0, 0], 'Expected rows that are not zero, for cosine,');
    await refused([1], 'Expected 2 numbers for row 2');
    await expect(index.add(new Float32Array(3))).rejects.toThrow('Expected a multiple of 2 numbers for vectors');
    using plain = new HnswIndex({ dimension: 1, engine });
    await expect(plain.add([[1e20]])).rejects.toThrow('Expected rows shorter than 1.15e18');
    await plain.add([[1e18], [0]]);
    expect((await plain.search([[-1e18]], 2))[0]!.ids).toEqual([1, 0]);
  });

  test('parameters and arguments', async () => {
    expect(() => new HnswIndex({ dimension: 0 })).toThrow('HnswIndex.dimension');
    expect(() => new HnswIndex({ dimension: 2, M: 1 })).toThrow('Expected an integer in [2, 128] for HnswIndex.M');
    expect(() => new HnswIndex({ dimension: 2, metric: 'hamming' as never })).toThrow('HnswIndex.metric');
    expect(() => new HnswIndex({ dimension: 2, ef: 3 } as never)).toThrow('Unknown parameter of HnswIndex "ef"');
    using index = new HnswIndex({ dimension: 2, engine });
    await expect(index.search([[1, 2]], 0)).rejects.toThrow('Expected an integer >= 1 for k');
    await expect(index.search([[1, 2]], 1, { efSearch: 0.5 })).rejects.toThrow('efSearch');
    index[Symbol.dispose]();
    await expect(index.add([[1, 2]])).rejects.toThrow('Expected an open index');
  });
});

describe('the same bits', () => {
  const few = makePoints(700, 'few');

  async function graphOn(options: { backend: 'reference' | 'wasm' | 'native'; threads: number }): Promise<string> {
    const own = await createEngine(options);
    try {
      using index = new HnswIndex({ dimension: DIMENSION, M: 5, efConstruction: 20, seed: 3, engine: own });
      await index.add(few.slice(0, 600 * DIMENSION));
      await index.delete(Array.from({ length: 80 }, (_, id) => 7 * id));
      await index.add(few.slice(600 * DIMENSION));
      const answers = await index.search(queries, 4, { efSearch: 12, filter: (id) => Number(id) % 3 > 0 });
      return `${await hashOf(index)} ${createHash('sha256').update(JSON.stringify(answers)).digest('hex')}`;
    } finally {
      await own.close();
    }
  }

  test('on every backend and number of threads', async () => {
    const hashes: string[] = [];
    for (const backend of ['reference', 'wasm', 'native'] as const) {
      for (const threads of backend === 'reference' ? [1, 3] : [1, 2, 3]) {
        try {
          hashes.push(await graphOn({ backend, threads }));
        } catch (error) {
          // The addon is built only where there is a compiler.
          if (backend !== 'native' || process.env['LANEWISE_ADDON']) throw error;
        }
      }
    }
    expect(new Set(hashes).size).toBe(1);
    expect(hashes.length).toBeGreaterThanOrEqual(5);
  });

  test('rows added in parts that end where batches do are one build; another seed is another graph', async () => {
    using parts = await build({}, points.slice(0, 1024 * DIMENSION));
    expect(batchEnd(1023)).toBe(1024);
    await parts.save(join(folder, 'part'));
    using loaded = await HnswIndex.load(join(folder, 'part'), { engine });
    await loaded.add(points.slice(1024 * DIMENSION));
    expect(await hashOf(loaded)).toBe(await hashOf(whole));
    using other = await build({ seed: 1 });
    expect(await hashOf(other)).not.toBe(await hashOf(whole));
  });
});

describe('files', () => {
  const path = join(folder, 'index');
  let bytes: Buffer;
  beforeAll(async () => {
    using index = new HnswIndex({ dimension: 5, M: 3, efConstruction: 20, metric: 'cosine', engine });
    const some = makePoints(90, 'file', 5);
    await index.add(some, { ids: Array.from({ length: 90 }, (_, row) => `row ${row}`) });
    await index.delete(['row 3', 'row 50']);
    await index.save(path);
    bytes = readFileSync(path);
  });
  const probe = makePoints(3, 'probe', 5);

  test('saved and loaded, the answers are the same, and nothing else is left in the folder', async () => {
    await whole.save(join(folder, 'whole'));
    for (const mmap of [true, false]) {
      using loaded = await HnswIndex.load(join(folder, 'whole'), { engine, mmap });
      expect(loaded.parameters).toEqual(whole.parameters);
      expect(await loaded.search(queries, 10)).toEqual(await whole.search(queries, 10));
      expect(await hashOf(loaded)).toBe(await hashOf(whole));
    }
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
    using empty = new HnswIndex({ dimension: 2, engine });
    await empty.save(join(folder, 'empty'));
    using again = await HnswIndex.load(join(folder, 'empty'), { engine });
    await again.add([[1, 2]]);
    expect((await again.search([[1, 2]], 1))[0]!.ids).toEqual([0]);
  });

  test('that are not there, no index, of another version, or cut short are refused', async () => {
    await expect(HnswIndex.load(join(folder, 'missing'), { engine })).rejects.toMatchObject({ code: 'file' });
    const refused = async (content: Buffer, message: string) => {
      writeFileSync(path, content);
      const error = await HnswIndex.load(path, { engine }).catch((caught) => caught);
      expect(error).toMatchObject({ code: 'artefact' });
      expect(error.message).toContain(message);
    };
    await refused(Buffer.alloc(0), 'it has 0 bytes');
    await refused(Buffer.from('no index at all'.repeat(30)), 'SHA-256');
    await refused(rehashed(Buffer.from('no index at all'.repeat(30))), 'it is no index of Lanewise');
    for (const length of [10, 48, 256, 1000, bytes.length - 1]) await refused(bytes.subarray(0, length), 'index');
    await refused(rehashed(bytes.subarray(0, bytes.length - 64)), 'cut short or changed');
    const version = Buffer.from(bytes);
    version[8] = 9;
    await refused(rehashed(version), 'it has version 9');
    await expect(HnswIndex.load(folder, { engine })).rejects.toMatchObject({ code: 'file' });
    using index = new HnswIndex({ dimension: 2, engine });
    await expect(index.save(join(folder, 'no', 'such', 'folder'))).rejects.toMatchObject({ code: 'file' });
  });

  test('with any byte changed are refused; changed and signed anew they are refused or harmless', async () => {
    const random = stream(2, 'flips');
    const before = engine.arena.bytesUsed;
    let harmless = 0;
    for (let round = 0; round < 300; round++) {
      const changed = Buffer.from(bytes);
      const at = random.integer(round % 2 === 0 ? 400 : changed.length);
      changed[at]! ^= 1 << random.integer(8);
      if (round % 4 === 0) changed.fill(255, at, Math.min(changed.length, at + 8));
      writeFileSync(path, changed);
      await expect(HnswIndex.load(path, { engine, mmap: false })).rejects.toMatchObject({ code: 'artefact' });
      writeFileSync(path, rehashed(changed));
      const loaded = await HnswIndex.load(path, { engine, mmap: false }).catch((error) => {
        expect(error).toMatchObject({ code: 'artefact' });
        return undefined;
      });
      if (!loaded) continue;
      harmless++;
      // Whatever was changed, every index stays within the arrays: checked calls, answers that exist.
      if (loaded.dimension === 5) {
        for (const { ids } of await loaded.search(probe, 4)) for (const id of ids) expect(loaded.has(id)).toBe(true);
        await loaded.add(probe, { ids: ['new 1', 'new 2', 'new 3'] });
        await loaded.delete(['new 2']);
      }
      loaded[Symbol.dispose]();
    }
    expect(harmless).toBeGreaterThan(20);
    expect(engine.arena.bytesUsed).toBe(before);
  });
});

/** With the SHA-256 that the content asks for: what a forger would write. */
function rehashed(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  createHash('sha256').update(copy.subarray(0, 16)).update(copy.subarray(48)).digest().copy(copy, 16);
  return copy;
}

describe('cancellation', () => {
  test('leaves the index as it was', async () => {
    using index = await build({}, points.slice(0, 1000 * DIMENSION));
    await index.delete(Array.from({ length: 300 }, (_, id) => 3 * id));
    const before = await hashOf(index);
    const used = engine.arena.bytesUsed;
    const controller = new AbortController();
    let seen = 0;
    const adding = index.add(points.slice(1000 * DIMENSION), {
      signal: controller.signal,
      onProgress: (done, total) => {
        expect(total).toBe(1000);
        seen = done;
        if (done > 600) controller.abort();
      },
    });
    await expect(adding).rejects.toMatchObject({ code: 'cancelled' });
    expect(seen).toBeGreaterThan(600);
    expect(index.size).toBe(700);
    expect(await hashOf(index)).toBe(before);
    await index.add(points.slice(1000 * DIMENSION));
    expect(index.size).toBe(1700);
    expect(engine.arena.bytesUsed).toBeGreaterThan(used);
    const searching = index.search(queries, 3, { signal: AbortSignal.abort() });
    await expect(searching).rejects.toMatchObject({ code: 'cancelled' });
    expect(existsSync(join(folder, 'hashed'))).toBe(true);
  });
});
