import { describe, expect, test } from 'vitest';
import {
  GradientBoostingClassifier,
  type GradientBoostingRanker,
  GradientBoostingRegressor,
} from '#lanewise/models/gradient-boosting/index.js';
import { RandomForestRegressor } from '#lanewise/models/random-forest/index.js';
import { defaultRecipe } from '#lanewise/prepare/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers, outputOf, rootMeanSquare } from './tree-data.js';

const target = 'y';
const rows = 1200;
const features = Array.from({ length: 4 }, (_, k) =>
  numbers(`x${k}`, rows, (row) => (noise(row, 50 + k) < 0.05 ? Number.NaN : noise(row, k))),
);
const colour = labelled(
  'colour',
  Array.from({ length: rows }, (_, row) => `c${Math.floor(6 * noise(row, 20))}`),
);
const y = numbers('y', rows, (row) => {
  const x = features.map(({ values }) => (Number.isNaN(values[row]!) ? 0.3 : values[row]!));
  return 3 * x[0]! + Math.sin(9 * x[1]!) + (colour.values[row]! % 2) + noise(row, 9);
});
const table = tableFromRegisters([...features, colour, y]);
const classesOf = (labels: readonly string[]) =>
  tableFromRegisters([
    ...features,
    colour,
    labelled(
      'y',
      Array.from(y.values, (value) => labels[Math.max(0, Math.min(labels.length - 1, Math.floor(value / 1.7)))]),
    ),
  ]);
const upTo = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i);

const ensembleOf = (model: Model) => model.program.operations.find((o): o is EnsembleOperation => o.op === 'ensemble')!;
const settings = { maxIter: 20, learningRate: 0.2, maxLeafNodes: 15 };
type Estimator = GradientBoostingRegressor | GradientBoostingClassifier | GradientBoostingRanker;

describe('warm start', () => {
  const cases: Record<string, [Estimator, typeof table]> = {
    regression: [new GradientBoostingRegressor(settings), table],
    'a loss whose leaves are renewed': [new GradientBoostingRegressor({ ...settings, loss: 'absolute_error' }), table],
    'a loss with a link': [
      new GradientBoostingRegressor({ ...settings, loss: 'poisson' }),
      tableFromRegisters([...features, colour, numbers('y', rows, (row) => Math.abs(y.values[row]!))]),
    ],
    'two classes': [new GradientBoostingClassifier(settings), classesOf(['a', 'b'])],
    'three classes': [new GradientBoostingClassifier(settings), classesOf(['a', 'b', 'c'])],
    'bags and sampled columns': [
      new GradientBoostingRegressor({ ...settings, subsample: 0.5, baggingFreq: 3, colsampleBynode: 0.5 }),
      table,
    ],
    'one-side sampling': [new GradientBoostingRegressor({ ...settings, dataSampleStrategy: 'goss' }), table],
  };
  for (const [name, [estimator, data]] of Object.entries(cases)) {
    test(`8 rounds and 12 more are 20 rounds, to the bit: ${name}`, async () => {
      const whole = await estimator.fit(data, { target });
      const part = await estimator.with({ maxIter: 8 }).fit(data, { target });
      const continued = await estimator.fit(data, { target, warmStart: part });
      expect(ensembleOf(part).roots).toHaveLength(8 * ensembleOf(whole).outputs.length);
      expect(continued.program).toEqual(whole.program);
      expect(continued.training).toEqual(whole.training);
      expect(continued.importances).toEqual(whole.importances);
    });
  }

  test('early stopping goes on counting where it was', async () => {
    const estimator = new GradientBoostingRegressor({ ...settings, maxIter: 400, nIterNoChange: 4 });
    const [learnt, validation] = [takeRows(table, upTo(0, 700)), takeRows(table, upTo(700, rows))];
    const whole = await estimator.fit(learnt, { target, validation });
    expect(whole.training.verdict).toContain('stopped early');
    const part = await estimator.with({ maxIter: 10 }).fit(learnt, { target, validation });
    const continued = await estimator.fit(learnt, { target, validation, warmStart: part });
    expect(continued.program).toEqual(whole.program);
    expect(continued.training).toEqual(whole.training);
    // A model that has stopped has nothing to gain: it is kept.
    const again = await estimator.fit(learnt, { target, validation, warmStart: whole });
    expect(ensembleOf(again)).toEqual(ensembleOf(whole));
  });

  test('takes other rows, with labels that the model does not know, and improves on them', async () => {
    const [first, later] = [takeRows(table, upTo(0, 600)), takeRows(table, upTo(600, rows))];
    const model = await new GradientBoostingRegressor({ ...settings, maxIter: 5 }).fit(first, { target });
    const other = labelled(
      'colour',
      Array.from({ length: rows }, (_, row) => (row % 3 ? colour.labels![colour.values[row]!] : 'new')),
    );
    const renamed = takeRows(tableFromRegisters([...features, other, y]), upTo(600, rows));
    const error = async (of: Model, data: typeof table) =>
      rootMeanSquare((await outputOf(of, data)).map((p, i) => p - y.values[600 + i]!));
    for (const data of [later, renamed]) {
      const continued = await new GradientBoostingRegressor(settings).fit(data, { target, warmStart: model });
      expect(ensembleOf(continued).roots).toHaveLength(20);
      expect(await error(continued, data)).toBeLessThan(0.7 * (await error(model, data)));
    }
  });

  test('DART goes on as well: rounds that were there before are not dropped', async () => {
    const dart = new GradientBoostingRegressor({ ...settings, boostingType: 'dart', dropRate: 0.5, skipDrop: 0 });
    const part = await dart.with({ maxIter: 8 }).fit(table, { target });
    const continued = await dart.fit(table, { target, warmStart: part });
    const before = ensembleOf(part).leafValues;
    expect(ensembleOf(continued).leafValues.subarray(0, before.length)).toEqual(before);
    const error = rootMeanSquare((await outputOf(continued, table)).map((p, i) => p - y.values[i]!)) ** 2;
    expect(error).toBeCloseTo(continued.training.history.at(-1)!.loss, 10);
  });

  test('goes through a recipe', async () => {
    const recipe = (maxIter: number) =>
      defaultRecipe(table, { target, task: 'regression', model: 'gradient-boosting', parameters: { maxIter } });
    const part = await recipe(4).fit(table, { target });
    const [continued, whole] = [
      await recipe(9).fit(table, { target, warmStart: part }),
      await recipe(9).fit(table, { target }),
    ];
    expect(continued.program).toEqual(whole.program);
  });

  test('refuses what it cannot go on from, by name', async () => {
    const model = await new GradientBoostingRegressor(settings).fit(table, { target });
    const go = (options: { estimator?: Estimator; data?: typeof table; warmStart?: Model }) =>
      (options.estimator ?? new GradientBoostingRegressor(settings)).fit(options.data ?? table, {
        target,
        warmStart: options.warmStart ?? model,
      });
    await expect(go({ estimator: new GradientBoostingRegressor({ maxIter: 19 }) })).rejects.toThrow(
      /maxIter of at least the model's 20 rounds/,
    );
    await expect(go({ estimator: new GradientBoostingRegressor({ loss: 'absolute_error' }) })).rejects.toThrow(
      /loss \(squared error\)/,
    );
    await expect(go({ estimator: new GradientBoostingClassifier(), data: classesOf(['a', 'b']) })).rejects.toThrow(
      /for classification/,
    );
    await expect(go({ data: tableFromRegisters([features[0]!, y]) })).rejects.toThrow(/column "x1"/);
    const forest = await new RandomForestRegressor({ nEstimators: 3 }).fit(table, { target });
    await expect(go({ warmStart: forest })).rejects.toThrow(
      /model of gradient boosting for warmStart but received random-forest/,
    );
    await expect(new RandomForestRegressor().fit(table, { target, warmStart: model })).rejects.toThrow(/no warmStart/);
    const two = await new GradientBoostingClassifier(settings).fit(classesOf(['a', 'b']), { target });
    const three = new GradientBoostingClassifier(settings);
    await expect(go({ estimator: three, data: classesOf(['a', 'b', 'c']), warmStart: two })).rejects.toThrow(
      /classes \(a, b\)/,
    );
  });
});

describe('refit', () => {
  const estimator = new GradientBoostingRegressor(settings);

  test('with a decay rate of 1 changes no leaf, with 0 gives the leaves that the same rows gave', async () => {
    for (const [own, data] of [
      [estimator, table],
      [
        new GradientBoostingClassifier({ ...settings, l1Regularization: 0.5, l2Regularization: 1 }),
        classesOf(['a', 'b', 'c']),
      ],
    ] as const) {
      const model = await own.fit(data, { target });
      expect((await own.refit(model, data, { target, decayRate: 1 })).program).toEqual(model.program);
      const again = ensembleOf(await own.refit(model, data, { target, decayRate: 0 })).leafValues;
      // The same sums in another order.
      for (const [i, leaf] of ensembleOf(model).leafValues.entries()) expect(again[i]).toBeCloseTo(leaf, 6);
      const half = ensembleOf(await own.refit(model, data, { target, decayRate: 0.5 })).leafValues;
      expect(half.every((leaf) => Number.isFinite(leaf))).toBe(true);
    }
  });

  test('moves the leaves towards new rows, by as much as is asked for, and keeps the trees', async () => {
    const model = await estimator.fit(table, { target });
    const shifted = tableFromRegisters([...features, colour, numbers('y', rows, (row) => y.values[row]! + 5)]);
    const mean = async (of: Model) => (await outputOf(of, shifted)).reduce((sum, p) => sum + p, 0) / rows;
    const before = await mean(model);
    const moves: number[] = [];
    for (const decayRate of [0.9, 0.5, 0]) {
      const refitted = await estimator.refit(model, shifted, { target, decayRate });
      expect({ ...ensembleOf(refitted), leafValues: undefined }).toEqual({
        ...ensembleOf(model),
        leafValues: undefined,
      });
      moves.push((await mean(refitted)) - before);
    }
    expect(moves).toEqual(moves.toSorted((a, b) => a - b));
    expect(moves[0]).toBeGreaterThan(0.5);
    expect(moves[2]).toBeGreaterThan(4.5);
  });

  test('keeps the value of leaves without rows, and refuses losses without a hessian', async () => {
    const model = await estimator.fit(table, { target });
    const few = takeRows(table, Uint32Array.of(1, 5));
    const [before, after] = [
      ensembleOf(model),
      ensembleOf(await estimator.refit(model, few, { target, decayRate: 0 })),
    ];
    const changed = [...after.leafValues].filter((leaf, i) => leaf !== before.leafValues[i]);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThanOrEqual(2 * before.roots.length);
    await expect(estimator.refit(model, table, { target, decayRate: 2 })).rejects.toThrow(
      /number in \[0, 1\] for decayRate/,
    );
    const medians = new GradientBoostingRegressor({ ...settings, loss: 'absolute_error' });
    const ofMedians = await medians.fit(table, { target });
    await expect(medians.refit(ofMedians, table, { target })).rejects.toThrow(/hessian for refit/);
  });
});
