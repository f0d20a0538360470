import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { SpillFile } from '#lanewise/engine/trees/spill-file-node.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { bytesOf } from '#lanewise/models/gradient-boosting/out-of-core/fit-stream.js';
import { type RegisterColumn, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { FitOptions, Source } from '#lanewise/table/interfaces.js';
import { bits, chunked } from './stream-data.js';
import { labelled, noise, numbers } from './tree-data.js';

const ROWS = 40_000;
const directory = mkdtempSync(join(tmpdir(), 'out-of-core-'));
let engines: Engine[] = [];
beforeAll(async () => {
  engines = await Promise.all([1, 2].map((threads) => createEngine({ threads })));
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(directory, { recursive: true });
});

/** Numbers with gaps, few distinct numbers, categories of which some are rare, a flag, weights, three kinds of target. */
function columns(rows: number): RegisterColumn[] {
  const x0 = numbers('x0', rows, (row) => (noise(row, 0) < 0.1 ? Number.NaN : noise(row, 0)));
  const x1 = numbers('x1', rows, (row) => Math.floor(12 * noise(row, 1)));
  const shops = Array.from({ length: rows }, (_, row) =>
    noise(row, 2) < 0.05 ? undefined : `shop ${Math.floor(300 * noise(row, 3) ** 2)}`,
  );
  const open: RegisterColumn = { ...numbers('open', rows, (row) => Number(noise(row, 4) < 0.3)), type: 'boolean' };
  const w = numbers('w', rows, (row) => (noise(row, 5) < 0.02 ? 0 : 0.5 + noise(row, 5)));
  const signal = (row: number) =>
    (noise(row, 0) > 0.5 ? 3 : 0) + x1.values[row]! / 6 + 2 * noise(row, 3) + open.values[row]! + noise(row, 6);
  const y = numbers('y', rows, signal);
  const late = labelled(
    'late',
    Array.from({ length: rows }, (_, row) => (signal(row) > 4 ? 'yes' : 'no')),
  );
  const size = labelled(
    'size',
    Array.from({ length: rows }, (_, row) => (signal(row) > 5 ? 'large' : signal(row) > 3 ? 'middle' : 'small')),
  );
  return [labelled('shop', shops), x1, x0, open, w, y, late, size];
}

const all = columns(ROWS);
const only = (...names: string[]) => tableFromRegisters(all.filter(({ name }) => names.includes(name)));
const features = ['shop', 'x0', 'x1', 'open'];

const small = { maxIter: 4, maxLeafNodes: 12 };

describe('the model is that of memory, to the bit', () => {
  const cases: [string, GradientBoostingRegressor | GradientBoostingClassifier, string[], FitOptions][] = [
    ['regression', new GradientBoostingRegressor({ ...small, earlyStopping: 'false' }), ['y'], { target: 'y' }],
    [
      'two classes, weights, a share held out',
      new GradientBoostingClassifier({ ...small, l2Regularization: 1 }),
      ['late', 'w'],
      { target: 'late', weights: 'w' },
    ],
    [
      'three classes, depth-wise',
      new GradientBoostingClassifier({ ...small, growPolicy: 'depthwise', colsampleBynode: 0.6 }),
      ['size'],
      { target: 'size' },
    ],
    [
      'a validation table, monotone',
      new GradientBoostingRegressor({ ...small, monotonicCst: { x1: 1 } as never, binning: 'uniform' }),
      ['y'],
      {
        target: 'y',
        validation: takeRows(
          only(...features, 'y'),
          Uint32Array.from({ length: 500 }, (_, i) => 7 * i),
        ),
      },
    ],
    [
      'bags of rows for two trees each, columns by tree',
      new GradientBoostingRegressor({ ...small, subsample: 0.4, baggingFreq: 2, colsampleBytree: 0.5 }),
      ['y'],
      { target: 'y' },
    ],
    [
      'rows chosen by their gradients, weights, a share held out',
      new GradientBoostingClassifier({ ...small, dataSampleStrategy: 'goss', learningRate: 0.6, topRate: 0.1 }),
      ['size', 'w'],
      { target: 'size', weights: 'w' },
    ],
    [
      'classes that count alike',
      new GradientBoostingClassifier({ ...small, classWeight: 'balanced' }),
      ['size'],
      { target: 'size' },
    ],
    [
      'classes with factors and weights, a validation table',
      new GradientBoostingClassifier({ ...small, classWeight: { yes: 3, no: 0.5 } as never }),
      ['late', 'w'],
      {
        target: 'late',
        weights: 'w',
        validation: takeRows(
          only(...features, 'late', 'w'),
          Uint32Array.from({ length: 500 }, (_, i) => 7 * i),
        ),
      },
    ],
  ];
  for (const [name, estimator, others, options] of cases) {
    test(name, async () => {
      const table = only(...features, ...others);
      const expected = bits(await estimator.fit(table, { ...options, engine: engines[1] }));
      for (const [length, memory, threads] of [
        [7919, '12MB', 2],
        [40_000, '4MB', 1],
      ] as const) {
        const engine = engines[threads - 1]!;
        const model = await estimator.fitStream(chunked(table, length), { ...options, engine, memory, directory });
        expect(bits(model)).toBe(expected);
      }
      expect(readdirSync(directory)).toEqual([]);
    });
  }
});

describe('what goes wrong', () => {
  const table = only(...features, 'y');
  const estimator = new GradientBoostingRegressor({ ...small, earlyStopping: 'false' });
  const train = (source: Source, options: object = {}) =>
    estimator.fitStream(source, { target: 'y', engine: engines[1], memory: '4MB', directory, ...options });

  test('a loss of one’s own that starts from all targets at once is refused by name', async () => {
    const own = {
      name: 'own',
      derivatives: (raw: Float64Array) => ({ gradient: raw, hessian: raw }),
      loss: (raw: Float64Array) => raw,
      base: (target: Float64Array) => target[0]!,
    };
    const fitting = new GradientBoostingRegressor({ ...small, loss: own }).fitStream(chunked(table, 10_000), {
      target: 'y',
      directory,
      engine: engines[1],
    });
    await expect(fitting).rejects.toThrow(
      'Expected no function base for rows beyond memory but the loss "own" has one',
    );
  });

  test('cancelling, at any time, leaves no file and no memory', async () => {
    const before = engines[1]!.arena.bytesUsed;
    for (const stage of ['row surveyed', 'row', 'tree']) {
      const controller = new AbortController();
      const onProgress = ({ what, done }: { what: string; done: number }) => {
        if (what === stage && (stage !== 'tree' || done === 2)) controller.abort();
      };
      const fitting = train(chunked(table, 10_000), { signal: controller.signal, onProgress });
      await expect(fitting).rejects.toMatchObject({ code: 'cancelled' });
    }
    expect(readdirSync(directory)).toEqual([]);
    expect(engines[1]!.arena.bytesUsed).toBe(before);
  });

  test('a full disk is called so', async () => {
    await using file = SpillFile.onto('/dev/full');
    await expect(file.write(new Uint8Array(1 << 20), 0)).rejects.toMatchObject({
      code: 'file',
      message: 'Expected room for 2 MB of spilled rows in /dev/full but the disk is full',
    });
    await using other = SpillFile.create(directory);
    await expect(other.reserve(1e18)).rejects.toThrow(/Expected room for 1000000000000 MB .* but only \d+ MB are free/);
  });

  test('a directory that cannot be written to, or a budget that cannot be, is named', async () => {
    await expect(train(chunked(table, 10_000), { directory: join(directory, 'none') })).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('nothing can be written to'),
    });
    await expect(train(chunked(table, 10_000), { memory: 'much' })).rejects.toThrow(/Expected at least 1 MB/);
    expect(['1GB', '512 MB', 5e6].map(bytesOf)).toEqual([1e9, 512e6, 5e6]);
  });

  test('rows that change between the passes, or within a column, are refused', async () => {
    let passes = 0;
    const growing: Source = {
      description: 'a growing file',
      batches: () =>
        chunked(
          takeRows(
            table,
            Uint32Array.from({ length: 1000 * ++passes }, (_, i) => i),
          ),
          700,
        ).batches(),
    };
    await expect(train(growing)).rejects.toThrow(/Expected the same rows from the source in every pass/);
    const texts = tableFromRegisters([
      labelled('x1', ['a', 'b', 'c']),
      ...['y', 'x0'].map((name) => numbers(name, 3, (row) => row)),
    ]);
    const mixed: Source = {
      description: 'two files',
      async *batches() {
        yield takeRows(only('x0', 'x1', 'y'), [0, 1, 2]);
        yield texts;
      },
    };
    await expect(train(mixed)).rejects.toThrow(
      /Expected "x1" to hold values of type number .* received category from row 4 on/,
    );
  });

  test('targets that cannot be learnt are told with their count', async () => {
    const gaps = tableFromRegisters([
      all[1]!,
      { ...all[5]!, values: all[5]!.values.map((y, row) => (row % 8 === 0 ? Number.NaN : y)) },
    ]);
    await expect(train(chunked(gaps, 9000))).rejects.toThrow(
      'Expected target "y" in every row but 5000 of 40000 lack it',
    );
    const same = tableFromRegisters([all[1]!, { ...all[5]!, values: new Float64Array(ROWS).fill(3) }]);
    await expect(train(chunked(same, 9000))).rejects.toThrow(
      /at least two values in target "y" but every row has the same/,
    );
    await expect(train({ description: 'nothing', async *batches() {} })).rejects.toThrow(
      'Expected rows from nothing but there are none',
    );
  });
});
