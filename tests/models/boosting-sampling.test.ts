import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { randomKey } from '#lanewise/engine/random.js';
import { RowSampler } from '#lanewise/engine/trees/row-sampling.js';
import { MemoryRows } from '#lanewise/engine/trees/row-store.js';
import { BinnedRows } from '#lanewise/engine/trees/trees.js';
import { droppedRounds } from '#lanewise/models/gradient-boosting/dart.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers, outputOf, rootMeanSquare } from './tree-data.js';

const target = 'y';
const rows = 2000;
const features = Array.from({ length: 6 }, (_, k) =>
  numbers(`x${k}`, rows, (row) => (noise(row, 50 + k) < 0.05 ? Number.NaN : noise(row, k))),
);
const colour = labelled(
  'colour',
  Array.from({ length: rows }, (_, row) => `c${Math.floor(6 * noise(row, 20))}`),
);
const value = (row: number) => {
  const x = features.map(({ values }) => (Number.isNaN(values[row]!) ? 0.3 : values[row]!));
  return 3 * x[0]! + Math.sin(9 * x[1]!) * x[2]! + (colour.values[row]! % 2) + noise(row, 9);
};
const y = numbers('y', rows, value);
const table = tableFromRegisters([...features, colour, y]);
const several = tableFromRegisters([
  ...features,
  colour,
  labelled(
    'y',
    Array.from(y.values, (v) => ['low', 'middle', 'high'][Math.max(0, Math.min(2, Math.floor(v / 1.5)))]),
  ),
]);
const upTo = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i);
const [learnt, held] = [takeRows(table, upTo(0, 1400)), takeRows(table, upTo(1400, rows))];

const ensembleOf = (model: Model) => model.program.operations.find((o): o is EnsembleOperation => o.op === 'ensemble')!;
/** A hash of arrays: comparing large ones element by element takes seconds. */
const bitsOf = (arrays: unknown) => {
  const hash = createHash('sha256');
  for (const array of Object.values(arrays as Record<string, Uint32Array>)) hash.update(new Uint8Array(array.buffer));
  return hash.digest('hex');
};
const settings = { maxIter: 20, learningRate: 0.2, maxLeafNodes: 15 };

let engines: Engine[];
beforeAll(async () => {
  engines = await Promise.all(
    [
      { backend: 'wasm', threads: 1 } as const,
      { backend: 'wasm', threads: 3 } as const,
      { backend: 'reference', threads: 1 } as const,
    ].map((options) => createEngine(options)),
  );
});
afterAll(async () => {
  for (const engine of engines) await engine.close();
});

describe('drawing rows', () => {
  const count = 70_000;
  const training = upTo(0, count).filter((row) => row % 7 !== 3);
  const validation = upTo(0, count).filter((row) => row % 7 === 3);

  async function drawn(engine: Engine, draw: (sampler: RowSampler, store: MemoryRows) => Promise<unknown>) {
    using data = new BinnedRows(engine, count, 1);
    using store = new MemoryRows(engine, data);
    for (const row of training) {
      store.gradients.values[row] = noise(row, 1) ** 4 - 0.1;
      store.hessians.values[row] = 1;
    }
    using sampler = new RowSampler(engine, store, training, validation);
    return await draw(sampler, store);
  }

  const copied = async (bag: ReturnType<RowSampler['draw']>) => {
    const { training: drawnRows, following } = await bag;
    return { training: drawnRows.slice(), following: following.slice() };
  };

  test('a bag holds about its share; every other row follows, all in order, on every engine alike', async () => {
    const key = randomKey(3, 'test');
    const [first, ...others] = await Promise.all(
      engines.map((engine) => drawn(engine, (s) => copied(s.draw(0.3, key)))),
    );
    const bag = first as { training: Uint32Array; following: Uint32Array };
    expect(others.map(bitsOf)).toEqual([bitsOf(first), bitsOf(first)]);
    expect(bag.training.length / training.length).toBeCloseTo(0.3, 2);
    const known = new Set(training);
    expect(bag.training.every((row, i) => known.has(row) && (i === 0 || row > bag.training[i - 1]!))).toBe(true);
    expect(bag.following.every((row, i) => i === 0 || row > bag.following[i - 1]!)).toBe(true);
    expect(new Set([...bag.training, ...bag.following]).size).toBe(count);
  });

  test('one-side sampling keeps large gradients, weighs the others up, and keeps the sum of gradients', async () => {
    const key = randomKey(4, 'test');
    const results = await Promise.all(
      engines.map((engine) =>
        drawn(engine, async (sampler, store) => {
          const before = store.gradients.values.slice();
          const bag = await copied(sampler.drawOneSide(0.2, 0.1, key));
          return { ...bag, before, after: store.gradients.values.slice() };
        }),
      ),
    );
    const [first, ...others] = results as { training: Uint32Array; before: Float32Array; after: Float32Array }[];
    expect(others.map(bitsOf)).toEqual([bitsOf(first), bitsOf(first)]);
    const { training: bag, before, after } = first!;
    expect(bag.length / training.length).toBeCloseTo(0.3, 2);
    const size = (row: number) => Math.abs(before[row]!);
    const isKept = new Set(bag);
    const kept = bag.filter((row) => after[row] === before[row]);
    const least = Math.min(...[...kept].map(size));
    // At most the top fifth stands as it is, and no row larger than any of these is left out.
    expect(kept.length).toBeLessThanOrEqual(0.2 * training.length);
    expect(kept.length).toBeGreaterThan(0.18 * training.length);
    expect(training.filter((row) => size(row) > least && !isKept.has(row))).toHaveLength(0);
    const sum = (of: Float32Array, over: Uint32Array) => over.reduce((total, row) => total + of[row]!, 0);
    const whole = sum(before, training);
    expect(Math.abs(sum(after, bag) - whole) / Math.abs(whole)).toBeLessThan(0.02);
  });
});

describe('sampled boosting', () => {
  const ways = {
    bagging: { subsample: 0.4 },
    'bagging every third round': { subsample: 0.4, baggingFreq: 3 },
    goss: { dataSampleStrategy: 'goss' },
    dart: { boostingType: 'dart', dropRate: 0.3, skipDrop: 0.2 },
    'dart of bags and sampled columns': { boostingType: 'dart', subsample: 0.5, colsampleBynode: 0.5 },
  } as const;

  for (const [name, way] of Object.entries(ways)) {
    test(`has the same bits on every backend and with any threads: ${name}`, async () => {
      const models = await Promise.all(
        engines.map((engine) =>
          new GradientBoostingRegressor({ ...settings, ...way }).fit(learnt, { target, engine, validation: held }),
        ),
      );
      const [first, ...others] = models.map(ensembleOf);
      expect(others).toEqual([first, first]);
      const plain = ensembleOf(await new GradientBoostingRegressor(settings).fit(learnt, { target, validation: held }));
      expect(first!.leafValues).not.toEqual(plain.leafValues);
      const error = rootMeanSquare((await outputOf(models[0]!, held)).map((p, i) => p - y.values[1400 + i]!));
      // Rounds of dart count less, so that twenty of them go less far.
      expect(error).toBeLessThan('boostingType' in way ? 0.7 : 0.45);
    });

    test(`adds up to what training measured, rows out of the bag and of validation included: ${name}`, async () => {
      const model = await new GradientBoostingRegressor({ ...settings, ...way, nIterNoChange: 3, maxIter: 80 }).fit(
        learnt,
        { target, validation: held },
      );
      const { history, bestIteration } = model.training;
      expect(ensembleOf(model).roots).toHaveLength(bestIteration);
      const meanSquare = async (of: typeof table, first: number) =>
        rootMeanSquare((await outputOf(model, of)).map((p, i) => p - y.values[first + i]!)) ** 2;
      const best = history[bestIteration - 1]!;
      expect(await meanSquare(held, 1400)).toBeCloseTo(best.validationLoss!, 10);
      expect(await meanSquare(learnt, 0)).toBeCloseTo(best.loss, 10);
    });
  }

  test('of three classes works as well', async () => {
    for (const way of Object.values(ways)) {
      const model = await new GradientBoostingClassifier({ ...settings, ...way }).fit(several, { target });
      const predicted = await outputOf(model, several);
      const labels = several.getChild('y')!.toArray();
      const right = [...predicted].filter(
        (code, row) => model.classes![code] === String(labels[row] ?? several.get(row)!['y']),
      ).length;
      expect(right / rows).toBeGreaterThan(0.8);
    }
  });

  test('refuses shares that are more than all rows', async () => {
    const fit = new GradientBoostingRegressor({ dataSampleStrategy: 'goss', topRate: 0.7, otherRate: 0.4 });
    await expect(fit.fit(table, { target })).rejects.toThrow(/at most 1 for topRate \+ otherRate/);
  });
});

describe('dropouts', () => {
  test('are drawn at the rate, or not at all, and no more than asked for', () => {
    const parameters = { dropRate: 0.2, maxDrop: 1000, skipDrop: 0.4, seed: 1 };
    const counts = Array.from({ length: 1000 }, (_, i) => droppedRounds(100, i, parameters).length);
    expect(counts.filter((count) => count === 0).length / 1000).toBeCloseTo(0.4, 1);
    const some = counts.filter((count) => count > 0);
    expect(some.reduce((a, b) => a + b, 0) / some.length / 100).toBeCloseTo(0.2, 1);
    expect(droppedRounds(100, 3, { ...parameters, dropRate: 1, skipDrop: 0, maxDrop: 7 }).length).toBeLessThanOrEqual(
      7,
    );
    expect(droppedRounds(0, 1, { ...parameters, skipDrop: 0 })).toEqual([]);
  });

  test('make trees count less: with every round dropped, each counts the same share', async () => {
    const one = { maxIter: 1, learningRate: 1, boostingType: 'dart', dropRate: 1, skipDrop: 0 } as const;
    const fit = (maxIter: number) => new GradientBoostingRegressor({ ...one, maxIter }).fit(table, { target });
    const [single, double] = [ensembleOf(await fit(1)), ensembleOf(await fit(2))];
    // The second round sees what the first saw, for the first was dropped: both count a half.
    const first = double.leafValues.subarray(0, single.leafValues.length);
    expect([...first]).toEqual([...single.leafValues].map((leaf) => leaf * 0.5));
    expect(double.leafValues.length).toBeGreaterThan(single.leafValues.length);
  });
});
