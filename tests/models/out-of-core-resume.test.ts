import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { SpillFile } from '#lanewise/engine/trees/spill-file-node.js';
import {
  GradientBoostingClassifier,
  GradientBoostingRanker,
  GradientBoostingRegressor,
} from '#lanewise/models/gradient-boosting/index.js';
import { tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Checkpoint, CheckpointState } from '#lanewise/table/interfaces.js';
import { fileCheckpoint } from '#lanewise/training/checkpoint.js';
import { bits, chunked, someRows, streamColumns, streamTable } from './stream-data.js';
import { numbers } from './tree-data.js';

const ROWS = 34_000;
const directory = mkdtempSync(join(tmpdir(), 'out-of-core-resume-'));
let engines: Engine[] = [];
beforeAll(async () => {
  engines = await Promise.all([1, 2].map((threads) => createEngine({ threads })));
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(directory, { recursive: true });
});

const all = streamColumns(ROWS);
const small = { maxIter: 4, maxLeafNodes: 6 };
const chunks = [
  { length: 7919, memory: '8MB', engine: () => engines[1]! },
  { length: ROWS, memory: '1MB', engine: () => engines[0]! },
];

test('a model that is gone on from, with labels that it does not know, gives that of memory', async () => {
  const table = streamTable(all, 'y');
  const validation = takeRows(
    table,
    Uint32Array.from({ length: 300 }, (_, i) => 5 * i),
  );
  const estimator = new GradientBoostingRegressor({ ...small, loss: 'huber' });
  const first = all.map((column) => ({ ...column, values: column.values.subarray(0, 200) }));
  const warmStart = await estimator
    .with({ maxIter: 2 })
    .fit(streamTable(first, 'y'), { target: 'y', engine: engines[0] });
  const options = { target: 'y', warmStart, validation };
  const expected = bits(await estimator.fit(table, { ...options, engine: engines[0] }));
  for (const { length, memory, engine } of chunks) {
    const source = chunked(table, length);
    const model = await estimator.fitStream(source, { ...options, memory, directory, engine: engine() });
    expect(bits(model)).toBe(expected);
  }
  await expect(
    estimator.with({ maxIter: 1 }).fitStream(chunked(table, ROWS), { ...options, directory, engine: engines[0] }),
  ).rejects.toThrow("Expected maxIter of at least the model's 2 rounds but received 1");
  await expect(
    estimator.with({ loss: 'quantile' }).fitStream(chunked(table, ROWS), { ...options, directory, engine: engines[0] }),
  ).rejects.toThrow("Expected the model's loss (Huber loss) for warmStart but received pinball loss (0.5)");
});

/** A checkpoint in memory, that ends the fit behind the second save. */
class Interrupting implements Checkpoint {
  readonly due = true;
  kept: { key: string; state: CheckpointState } | undefined;
  saves = 0;

  async load(key: string): Promise<CheckpointState | undefined> {
    if (this.kept && this.kept.key !== key) throw new Error('another key');
    return this.kept?.state;
  }

  async save(key: string, state: CheckpointState): Promise<void> {
    this.kept = { key, state };
    if (++this.saves === 2) throw new Error('power cut');
  }

  async clear(): Promise<void> {
    this.kept = undefined;
  }
}

test('an interrupted fit goes on from its checkpoint, in other chunks, to the bits of memory', async () => {
  const table = streamTable(all, 'size', 'w');
  const estimator = new GradientBoostingClassifier({ ...small, subsample: 0.7 });
  const options = { target: 'size', weights: 'w', directory };
  const expected = bits(await estimator.fit(table, { target: 'size', weights: 'w', engine: engines[1] }));
  const checkpoint = new Interrupting();
  const [first, second] = chunks;
  const train = (from: (typeof chunks)[0], given = options) =>
    estimator.fitStream(chunked(table, from!.length), {
      ...given,
      memory: from!.memory,
      engine: from!.engine(),
      checkpoint,
    });
  await expect(train(first!)).rejects.toThrow('power cut');
  expect(checkpoint.kept).toBeDefined();
  await expect(train(first!, { ...options, weights: 'x' })).rejects.toThrow();
  await expect(
    estimator
      .with({ learningRate: 0.2 })
      .fitStream(chunked(table, 9000), { ...options, checkpoint, engine: engines[0] }),
  ).rejects.toThrow('another key');
  expect(bits(await train(second!))).toBe(expected);
  expect(checkpoint).toMatchObject({ kept: undefined, saves: 4 });
});

test('an interrupted fit by DART does so too', async () => {
  const table = streamTable(all, 'z');
  const dart = { boostingType: 'dart', dropRate: 0.6, skipDrop: 0 } as const;
  const estimator = new GradientBoostingRegressor({ ...small, ...dart, maxIter: 5 });
  const expected = bits(await estimator.fit(table, { target: 'z', engine: engines[1] }));
  const checkpoint = new Interrupting();
  const train = ({ length, memory, engine }: (typeof chunks)[0]) =>
    estimator.fitStream(chunked(table, length), { target: 'z', directory, memory, engine: engine(), checkpoint });
  await expect(train(chunks[1]!)).rejects.toThrow('power cut');
  expect(bits(await train(chunks[0]!))).toBe(expected);
});

test('a fit in memory goes on from the checkpoint of one beyond it, and the other way round', async () => {
  const some = streamColumns(3000);
  const lists = { target: 'grade', group: 'query', weights: 'w', validation: someRows(some, 'grade', 'query', 'w') };
  const ranker = new GradientBoostingRanker(small);
  const cases = [
    [new GradientBoostingClassifier(small), streamTable(some, 'size', 'w'), { target: 'size', weights: 'w' }],
    [new GradientBoostingClassifier(small), streamTable(some, 'even'), { target: 'even' }],
    [new GradientBoostingRegressor(small), streamTable(some, 'y', 'z'), { targets: ['y', 'z'] }],
    [ranker, streamTable(some, 'grade', 'query', 'w'), lists],
  ] as const;
  for (const [estimator, table, given] of cases) {
    const options = { ...given, engine: engines[0], directory };
    const expected = bits(await estimator.fit(table, options));
    const ways = [
      (checkpoint: Checkpoint) => estimator.fit(table, { ...options, checkpoint }),
      (checkpoint: Checkpoint) => estimator.fitStream(chunked(table, 999), { ...options, checkpoint }),
    ] as const;
    for (const [begun, continued] of [ways, ways.toReversed()]) {
      const checkpoint = new Interrupting();
      await expect(begun!(checkpoint)).rejects.toThrow('power cut');
      expect(bits(await continued!(checkpoint))).toBe(expected);
      expect(checkpoint.saves).toBe(4);
    }
  }
});

test('a killed fit leaves its checkpoint and nothing else, and the next goes on from it', async () => {
  const place = join(directory, 'killed');
  mkdirSync(place);
  const path = join(place, 'kept.checkpoint');
  const rows = 20_000;
  const columns = ['x0', 'x1'].map((name, column) => numbers(name, rows, (row) => Math.sin(row * (column + 1))));
  const table = tableFromRegisters([...columns, numbers('y', rows, (row) => 2 * Math.sin(row) + Math.cos(row))]);
  const estimator = new GradientBoostingRegressor({ maxIter: 5, maxLeafNodes: 6, loss: 'absolute_error' });
  const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
  // It never ends by itself: behind the third round it waits for ever.
  const script = `
    import { GradientBoostingRegressor, tableFromRegisters } from ${JSON.stringify(`${dist}index.js`)};
    import { fileCheckpoint } from ${JSON.stringify(`${dist}training/checkpoint.js`)};
    const numbers = (name, value) => ({ name, type: 'number', values: Float64Array.from({ length: ${rows} }, (_, row) => value(row)) });
    const columns = ['x0', 'x1'].map((name, column) => numbers(name, (row) => Math.sin(row * (column + 1))));
    const table = tableFromRegisters([...columns, numbers('y', (row) => 2 * Math.sin(row) + Math.cos(row))]);
    const kept = await fileCheckpoint(${JSON.stringify(path)}, { every: 0 });
    let saves = 0;
    const checkpoint = {
      due: true, load: (key) => kept.load(key), clear: () => kept.clear(),
      async save(key, state) {
        await kept.save(key, state);
        if (++saves < 3) return;
        console.log('saved');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      },
    };
    const estimator = new GradientBoostingRegressor({ maxIter: 5, maxLeafNodes: 6, loss: 'absolute_error' });
    const source = { description: 'rows', async *batches() { yield table; } };
    await estimator.fitStream(source, { target: 'y', directory: ${JSON.stringify(place)}, memory: '1MB', checkpoint });`;
  writeFileSync(join(directory, 'killed.mjs'), script);
  const child = spawn(process.execPath, [join(directory, 'killed.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(readdirSync(place)).toEqual(['kept.checkpoint']);
  const rounds: number[] = [];
  const model = await estimator.fitStream(chunked(table, 7000), {
    target: 'y',
    directory: place,
    engine: engines[1],
    checkpoint: await fileCheckpoint(path),
    onProgress: ({ what, done }) => what === 'tree' && rounds.push(done),
  });
  expect(rounds[0]).toBe(4);
  expect(bits(model)).toBe(bits(await estimator.fit(table, { target: 'y', engine: engines[1] })));
  expect(readdirSync(place)).toEqual([]);
});

test('what a killed process could not remove is removed by the next', async () => {
  const ended = spawn(process.execPath, ['-e', '']);
  await once(ended, 'exit');
  const host = hostname().replace(/[^A-Za-z0-9]/g, '');
  const names = [
    `lanewise-${ended.pid}-${host}-abcdef`,
    `lanewise-${process.pid}-${host}-abcdef`,
    `lanewise-${ended.pid}-another-abcdef`,
    'lanewise-notes',
  ];
  for (const name of names) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'rows'), 'rows');
  }
  await using _ = SpillFile.create(directory);
  expect(names.map((name) => existsSync(join(directory, name)))).toEqual([false, true, true, true]);
});
