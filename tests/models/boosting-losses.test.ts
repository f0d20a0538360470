import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { metricNamed } from '#lanewise/evaluate/metrics.js';
import {
  type CustomLoss,
  GradientBoostingClassifier,
  GradientBoostingRanker,
  GradientBoostingRegressor,
} from '#lanewise/models/gradient-boosting/index.js';
import {
  absoluteLoss,
  huberLoss,
  logLoss,
  multinomialLoss,
  normalizeTask,
  quantileLoss,
  squaredLoss,
  tweedieLoss,
} from '#lanewise/models/gradient-boosting/kernel-losses.js';
import type { KernelLoss } from '#lanewise/models/gradient-boosting/loss.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { golden } from '../agreement/golden.js';
import { labelled, noise, numbers, outputOf } from './tree-data.js';

const expected = golden('boosting-losses');
const column = (name: string, values: number[]) => numbers(name, values.length, (row) => values[row]!);
const features: RegisterColumn[] = expected.x.map((values: number[], j: number) => column(`x${j}`, values));
const weights = column('w', expected.weights);
const lists: RegisterColumn = { ...column('list', expected.groups), role: 'group' };
const tableOf = (target: string, ...more: RegisterColumn[]) =>
  tableFromRegisters([...features, column('y', expected.targets[target]), ...more]);
const easy = { maxIter: 4, maxLeafNodes: 5, minSamplesLeaf: 15, learningRate: 0.3, earlyStopping: 'false' } as const;
const largestGap = (ours: ArrayLike<number>, theirs: readonly number[]) =>
  theirs.reduce((most, value, row) => Math.max(most, Math.abs(ours[row]! - value) / Math.max(1, Math.abs(value))), 0);

describe('equal trees on easy data', () => {
  // Gradients are rounded to f32 here as there, and leaves are summed in another order: six digits.
  const losses: [string, number][] = [
    ['squared_error', 1e-6],
    ['poisson', 1e-6],
    ['gamma', 1e-6],
    ['absolute_error', 1e-6],
    // scikit-learn interpolates between neighbours without weights (NumPy's percentile), Lanewise takes one of them or the
    // middle, with weights or without.
    ['quantile', 0.1],
  ];
  test.each(losses)('%s as scikit-learn', async (loss, tolerance) => {
    const { target, plain, weighted } = expected.losses[loss];
    const estimator = new GradientBoostingRegressor({ ...easy, loss: loss as 'quantile', quantile: 0.8 });
    const alike = await estimator.fit(tableOf(target), { target: 'y' });
    expect(largestGap(await outputOf(alike, tableOf(target)), plain)).toBeLessThan(tolerance);
    const weighed = await estimator.fit(tableOf(target, weights), { target: 'y', weights: 'w' });
    expect(largestGap(await outputOf(weighed, tableOf(target)), weighted)).toBeLessThan(1e-6);
  });

  test('classes as scikit-learn, also balanced', async () => {
    for (const target of ['flag', 'class'] as const) {
      const classes = labelled('y', expected.targets[target].map(String));
      const table = tableFromRegisters([...features, classes]);
      for (const [classWeight, values] of [
        [null, expected[target].plain],
        ['balanced', expected[target].balanced],
      ] as const) {
        const model = await new GradientBoostingClassifier({ ...easy, classWeight }).fit(table, { target: 'y' });
        const last = `probability_${model.classes!.at(-1)}`;
        expect(largestGap(await outputOf(model, table, last), values), `${target} ${classWeight}`).toBeLessThan(1e-5);
      }
    }
  });

  test('tweedie and lambdarank as LightGBM', async () => {
    const tweedie = await new GradientBoostingRegressor({ ...easy, loss: 'tweedie' }).fit(tableOf('amount'), {
      target: 'y',
    });
    expect(largestGap(await outputOf(tweedie, tableOf('amount')), expected.tweedie)).toBeLessThan(1e-5);
    // Two rounds: in the third, two splits gain the same but for the last digits.
    const ranker = new GradientBoostingRanker({ ...easy, maxIter: 2, lambdarankTruncationLevel: 10 });
    const model = await ranker.fit(tableOf('grade', lists), { target: 'y' });
    // LightGBM looks its sigmoid up in a table of a million steps.
    expect(largestGap(await outputOf(model, tableOf('grade', lists)), expected.lambdarank)).toBeLessThan(1e-5);
  });
});

describe('gradients are the derivatives of what is reported', () => {
  const losses: [string, KernelLoss, number, (row: number) => number][] = [
    // Half the squared error is minimised, and the squared error reported.
    ['squared', squaredLoss, 0.5, (row) => 3 * noise(row, 1)],
    ['absolute', absoluteLoss, 1, (row) => 3 * noise(row, 1)],
    ['quantile', quantileLoss(0.9), 1, (row) => 3 * noise(row, 1)],
    ['huber', huberLoss(0.9), 1, (row) => 3 * noise(row, 1)],
    ['log loss', logLoss, 1, (row) => row % 2],
    ['multinomial', multinomialLoss(3), 1, (row) => row % 3],
    ['poisson', tweedieLoss('poisson', 1), 1, (row) => Math.floor(4 * noise(row, 1))],
    ['gamma', tweedieLoss('gamma', 2), 1, (row) => 0.1 + noise(row, 1)],
    ['tweedie', tweedieLoss('tweedie', 1.5), 1, (row) => Math.max(0, 2 * noise(row, 1) - 0.5)],
  ];
  const hessianIsExact = new Set(['squared', 'log loss', 'multinomial', 'poisson', 'gamma', 'tweedie']);

  test.each(losses)('%s', async (name, loss, share, targetOf) => {
    await using engine = await createEngine({ backend: 'wasm', threads: 1 });
    using scope = engine.arena.scope();
    const rows = 30;
    const raw = scope.copy(
      'f64',
      Float64Array.from({ length: rows * loss.outputs }, (_, i) => 4 * noise(i, 2) - 2),
    );
    const targets = scope.copy(
      'f64',
      Float64Array.from({ length: rows }, (_, row) => targetOf(row)),
    );
    const w = scope.copy(
      'f64',
      Float64Array.from({ length: rows }, (_, row) => 0.5 + noise(row, 3)),
    );
    const [gradients, hessians] = [scope.zeros('f32', rows), scope.zeros('f32', rows)];
    const normalizers = scope.zeros('f64', rows);
    const tile = scope.zeros('f64', 256).byteOffset;
    const block = (row: number, count: number) => ({
      raw: raw.byteOffset + 8 * row,
      stride: rows,
      targets: targets.byteOffset + 8 * row,
      targetStride: 0,
      weights: w.byteOffset + 8 * row,
      normalizers: normalizers.byteOffset + 8 * row,
      rows: count,
    });
    const scales = { gradientScale: 1, hessianScale: 1 };
    const to = { gradients: gradients.byteOffset, hessians: hessians.byteOffset, ...scales };
    const valueAt = async (row: number) => (await engine.run([loss.value(block(row, 1), 0, tile, 0.7)]))[0]!;
    for (let output = 0; output < loss.outputs; output++) {
      if (loss.link === 'softmax') await engine.run([normalizeTask(block(0, rows), loss.outputs)]);
      await engine.run([loss.derivatives(block(0, rows), output, to, 0.7)]);
      for (let row = 0; row < rows; row++) {
        const [at, step] = [output * rows + row, 1e-3];
        const here = raw[at]!;
        const values: number[] = [];
        for (const move of [-step, 0, step]) {
          raw[at] = here + move;
          values.push(await valueAt(row));
        }
        raw[at] = here;
        const [before, now, after] = values as [number, number, number];
        const slope = (share * (after - before)) / (2 * step);
        expect(Math.abs(gradients[row]! - slope), `gradient, row ${row}`).toBeLessThan(2e-5 * (1 + Math.abs(slope)));
        if (!hessianIsExact.has(name)) continue;
        const curve = (share * (after - 2 * now + before)) / (step * step);
        expect(Math.abs(hessians[row]! - curve), `hessian, row ${row}`).toBeLessThan(1e-4 * (1 + Math.abs(curve)));
      }
    }
  });

  test('LambdaRank pulls a pair apart by the NDCG that swapping it changes', async () => {
    const two = tableFromRegisters([
      numbers('x0', 2, (row) => row),
      numbers('y', 2, (row) => 1 - row),
      { ...numbers('list', 2, () => 0), role: 'group' },
    ]);
    const ranker = new GradientBoostingRanker({ maxIter: 1, minSamplesLeaf: 1, learningRate: 1 });
    const [first, second] = await outputOf(await ranker.fit(two, { target: 'y' }), two);
    // One pair of equal scores: lambda is half the change, its curvature a quarter, so each step is 2.
    expect([first, second]).toEqual([expect.closeTo(2, 6), expect.closeTo(-2, 6)]);
  });
});

/** A heavy right tail that two numbers explain in part. */
function skewed(rows: number, spread = 2): RegisterColumn[] {
  const [x0, x1] = [0, 1].map((j) => numbers(`x${j}`, rows, (row) => noise(row, j)));
  const y = (row: number) => 10 ** (spread * (noise(row, 0) + noise(row, 1) - 1)) * (0.5 + noise(row, 7)) ** 3;
  return [x0!, x1!, numbers('y', rows, y)];
}

describe('weights', () => {
  test.each(['absolute_error', 'quantile', 'huber', 'poisson', 'gamma', 'tweedie'] as const)(
    'a row of weight 2 counts as two rows, %s',
    async (loss) => {
      const columns = skewed(160);
      const weight = numbers('w', 160, (row) => 1 + (row % 2));
      const twice = [...Array(160).keys()].flatMap((row) => (row % 2 === 1 ? [row, row] : [row]));
      const repeated = columns.map((own) => ({ ...own, values: Float64Array.from(twice, (row) => own.values[row]!) }));
      const estimator = new GradientBoostingRegressor({
        loss,
        quantile: 0.7,
        maxIter: 1,
        minSamplesLeaf: 1,
        maxLeafNodes: 4,
      });
      const table = tableFromRegisters([...columns, weight]);
      const weighted = await estimator.fit(table, { target: 'y', weights: 'w' });
      const doubled = await estimator.fit(tableFromRegisters(repeated), { target: 'y' });
      const [a, b] = [await outputOf(weighted, table), await outputOf(doubled, table)];
      // Gradients are rounded row by row, so that of two splits that gain nearly the same, another one may be taken.
      expect(largestGap(a, [...b])).toBeLessThan(loss === 'gamma' ? 0.1 : 1e-6);
    },
  );

  test('classWeight is the weight of the rows of a class, and its labels are checked', async () => {
    const y = labelled(
      'y',
      Array.from({ length: 200 }, (_, row) => (noise(row, 1) + noise(row, 2) > 1.2 ? 'yes' : 'no')),
    );
    const w = numbers('w', 200, (row) => (y.values[row] === 1 ? 3 : 1));
    const table = tableFromRegisters([numbers('x', 200, (row) => noise(row, 1)), y, { ...w, role: 'weight' }]);
    const bare = tableFromRegisters([numbers('x', 200, (row) => noise(row, 1)), y]);
    const byClass = await new GradientBoostingClassifier({ maxIter: 5, classWeight: { yes: 3 } }).fit(bare, {
      target: 'y',
    });
    const byRow = await new GradientBoostingClassifier({ maxIter: 5 }).fit(table, { target: 'y' });
    expect(await outputOf(byClass, bare, 'probability_yes')).toEqual(await outputOf(byRow, bare, 'probability_yes'));
    const misspelt = new GradientBoostingClassifier({ classWeight: { yess: 2 } });
    await expect(misspelt.fit(bare, { target: 'y' })).rejects.toThrow(
      /class of classWeight "yess": did you mean "yes"/,
    );
    expect(() => new GradientBoostingClassifier({ classWeight: { yes: -1 } })).toThrow(/classWeight/);
  });
});

describe('predictions have the meaning of the loss', () => {
  test('quantiles are above their share of the targets', async () => {
    const columns = skewed(1500);
    for (const quantile of [0.1, 0.5, 0.9]) {
      const model = await new GradientBoostingRegressor({ loss: 'quantile', quantile, maxIter: 60 }).fit(
        tableFromRegisters(columns),
        { target: 'y' },
      );
      const predicted = await outputOf(model, tableFromRegisters(columns));
      const above = predicted.filter((value, row) => columns[2]!.values[row]! <= value).length / 1500;
      expect(Math.abs(above - quantile), String(quantile)).toBeLessThan(0.03);
    }
  });

  test('a loss under the log link predicts the mean, in its own unit, and above 0', async () => {
    const table = tableFromRegisters(skewed(1500));
    for (const loss of ['poisson', 'gamma', 'tweedie'] as const) {
      const model = await new GradientBoostingRegressor({ loss, maxIter: 60 }).fit(table, { target: 'y' });
      const predicted = await outputOf(model, table);
      const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / 1500;
      expect(Math.min(...predicted)).toBeGreaterThan(0);
      expect(Math.abs(mean(predicted) / mean(skewed(1500)[2]!.values) - 1)).toBeLessThan(0.15);
      expect(
        model.program.operations.some((operation) => operation.op === 'unary' && operation.function === 'exp'),
      ).toBe(true);
    }
  });

  test('huber is not moved by a few wild targets', async () => {
    const columns = [numbers('x', 600, (row) => noise(row, 1)), numbers('y', 600, (row) => 5 * noise(row, 1))];
    columns[1] = numbers('y', 600, (row) => (row % 50 === 0 ? 1e5 : 5 * noise(row, 1)));
    const errorOf = async (loss: 'huber' | 'squared_error') => {
      const model = await new GradientBoostingRegressor({ loss, maxIter: 50 }).fit(tableFromRegisters(columns), {
        target: 'y',
      });
      const predicted = await outputOf(model, tableFromRegisters(columns));
      return Array.from(predicted, (value, row) => Math.abs(value - 5 * noise(row, 1))).sort((a, b) => a - b)[300]!;
    };
    expect(await errorOf('huber')).toBeLessThan(0.5);
    expect(await errorOf('squared_error')).toBeGreaterThan(5);
  });

  test('huber has a delta for each of several targets', async () => {
    const wild = numbers('y', 600, (row) => (row % 50 === 0 ? 1e5 : 5 * noise(row, 1)));
    const large = numbers('large', 600, (row) => 1e7 * noise(row, 2));
    const table = tableFromRegisters([numbers('x', 600, (row) => noise(row, 1)), wild, large]);
    const estimator = new GradientBoostingRegressor({ loss: 'huber', maxIter: 50 });
    const both = await estimator.fit(table, { targets: ['large', 'y'] });
    const predicted = await outputOf(both, table, 'prediction_y');
    const errors = predicted.map((value, row) => Math.abs(value - 5 * noise(row, 1))).sort();
    expect(errors[300]).toBeLessThan(0.5);
    // What is reported is the mean over the targets, each measured by its own delta.
    const alone = await Promise.all(
      ['large', 'y'].map(async (target) => {
        const columns = [numbers('x', 600, (row) => noise(row, 1)), target === 'y' ? wild : large];
        return (await estimator.fit(tableFromRegisters(columns), { target })).training.history[0]!.loss;
      }),
    );
    expect(both.training.history[0]!.loss / (0.5 * alone[0]! + 0.5 * alone[1]!)).toBeCloseTo(1, 3);
  });

  test('baseScore is where rows start from, in the unit of the prediction', async () => {
    const table = tableFromRegisters(skewed(30));
    const started = new GradientBoostingRegressor({ loss: 'gamma', baseScore: 5, minSamplesLeaf: 30 });
    expect((await outputOf(await started.fit(table, { target: 'y' }), table))[0]).toBeCloseTo(5, 12);
    await expect(started.with({ baseScore: -1 }).fit(table, { target: 'y' })).rejects.toThrow(/> 0 .*as baseScore/);
  });

  test.each([
    ['poisson', -1, /targets >= 0 for the loss poisson/],
    ['tweedie', -1, /targets >= 0 for the loss tweedie/],
    ['gamma', 0, /targets > 0 for the loss gamma/],
  ] as const)('%s refuses a target of %d by name, in training and in validation', async (loss, bad, message) => {
    const [x0, x1, y] = skewed(60);
    const spoilt = tableFromRegisters([x0!, x1!, { ...y!, values: y!.values.map((v, row) => (row === 40 ? bad : v)) }]);
    const estimator = new GradientBoostingRegressor({ loss });
    await expect(estimator.fit(spoilt, { target: 'y' })).rejects.toMatchObject({
      code: 'data',
      message: expect.stringMatching(message),
      place: { column: 'y', row: 41 },
    });
    const validation = spoilt;
    await expect(estimator.fit(tableFromRegisters([x0!, x1!, y!]), { target: 'y', validation })).rejects.toThrow(
      /of the validation table/,
    );
  });
});

describe('a custom loss', () => {
  const half: CustomLoss = {
    name: 'half the squared error',
    derivatives: (raw, target) => ({ gradient: raw.map((z, i) => z - target[i]!), hessian: raw.map(() => 1) }),
    loss: (raw, target) => raw.map((z, i) => (z - target[i]!) ** 2),
    base: (target) => target.reduce((sum, value) => sum + value, 0) / target.length,
  };
  const table = tableFromRegisters(skewed(300));

  test('that is the squared error gives the trees of the squared error', async () => {
    const own = await new GradientBoostingRegressor({ loss: half, maxIter: 10 }).fit(table, { target: 'y' });
    const named = await new GradientBoostingRegressor({ maxIter: 10 }).fit(table, { target: 'y' });
    expect(largestGap(await outputOf(own, table), [...(await outputOf(named, table))])).toBeLessThan(1e-9);
    expect(own.training.lossName).toBe('half the squared error');
    expect(own.training.history.at(-1)!.loss).toBeCloseTo(named.training.history.at(-1)!.loss, 9);
  });

  test('keeps its functions through `with`, and its link in the program', async () => {
    const estimator = new GradientBoostingRegressor({ loss: { ...half, link: 'log' }, maxIter: 2 }).with({
      maxIter: 3,
    });
    const model: Model = await estimator.fit(table, { target: 'y' });
    expect(model.training.iterations).toBe(3);
    expect(model.program.operations.at(-1)).toMatchObject({ op: 'unary', function: 'exp' });
    await expect(new GradientBoostingRegressor({ loss: 'custom' }).fit(table, { target: 'y' })).rejects.toThrow(
      /functions of a custom loss/,
    );
  });

  test.each([
    [
      'too few gradients',
      { derivatives: () => ({ gradient: [1], hessian: [1] }) },
      /300 numbers of gradient.* received 1/,
    ],
    [
      'NaN',
      { derivatives: (raw: Float64Array) => ({ gradient: raw.map(() => Number.NaN), hessian: raw }) },
      /finite numbers of gradient.*NaN, row 1/,
    ],
    [
      'a hessian below 0',
      { derivatives: (raw: Float64Array) => ({ gradient: raw, hessian: raw.map((_, i) => (i === 7 ? -1 : 1)) }) },
      /numbers >= 0 of hessian.*-1, row 8/,
    ],
    [
      'losses that are no numbers',
      { loss: () => new Float64Array(300).fill(Number.POSITIVE_INFINITY) },
      /finite numbers of loss/,
    ],
    ['no functions', { loss: undefined }, /a function loss\(raw, target\)/],
  ])('with %s is refused by name', async (_, parts, message) => {
    const loss = { ...half, ...parts } as CustomLoss;
    await expect(new GradientBoostingRegressor({ loss }).fit(table, { target: 'y' })).rejects.toThrow(message);
  });
});

describe('ranking', () => {
  const rows = 1200;
  const relevance = (row: number) => noise(row, 1) + 0.5 * noise(row, 2) + 0.3 * noise(row, 5);
  const ranked = (seed: number) =>
    tableFromRegisters([
      numbers('x0', rows, (row) => noise(row + seed, 1) + 3 * noise(Math.floor(row / 12), 9)),
      numbers('x1', rows, (row) => noise(row + seed, 2)),
      numbers('grade', rows, (row) => Math.floor(2.2 * relevance(row + seed))),
      { ...numbers('list', rows, (row) => Math.floor(row / 12)), role: 'group' as const },
    ]);

  test('early stopping watches NDCG on whole lists, and the model ranks new ones', async () => {
    const estimator = new GradientBoostingRanker({
      maxIter: 60,
      earlyStopping: 'true',
      validationFraction: 0.25,
      evalAt: 5,
    });
    const model = await estimator.fit(ranked(0), { target: 'grade' });
    expect(model.training.rows).toBe(900);
    const { history, bestIteration, lossName } = model.training;
    expect(lossName).toBe('1 − NDCG@5');
    expect(history[bestIteration - 1]!.validationLoss).toBe(Math.min(...history.map((point) => point.validationLoss!)));
    const fresh = ranked(50_000);
    const scored = (prediction: Float64Array) => ({
      target: Float64Array.from({ length: rows }, (_, row) => Math.floor(2.2 * relevance(row + 50_000))),
      prediction,
      groups: Float64Array.from({ length: rows }, (_, row) => Math.floor(row / 12)),
    });
    const metric = metricNamed('ndcg@5');
    const ours = metric.score(scored(await outputOf(model, fresh)));
    expect(ours).toBeGreaterThan(metric.score(scored(new Float64Array(rows))) + 0.15);
  });

  test('the validation loss is 1 less the metric of evaluate', async () => {
    const validation = ranked(9_000);
    const model = await new GradientBoostingRanker({ maxIter: 3, evalAt: 4 }).fit(ranked(0), {
      target: 'grade',
      validation,
    });
    const scored = {
      target: Float64Array.from({ length: rows }, (_, row) => Math.floor(2.2 * relevance(row + 9_000))),
      prediction: Float64Array.from(await outputOf(model, validation)),
      groups: Float64Array.from({ length: rows }, (_, row) => Math.floor(row / 12)),
    };
    const { history, bestIteration } = model.training;
    expect(1 - history[bestIteration - 1]!.validationLoss!).toBeCloseTo(metricNamed('ndcg@4').score(scored), 10);
  });

  test('grades and groups that cannot be are named', async () => {
    const estimator = new GradientBoostingRanker();
    const bare = ranked(0).select(['x0', 'x1', 'grade']);
    await expect(estimator.fit(bare, { target: 'grade' })).rejects.toThrow(/column of groups for ranking/);
    await expect(estimator.fit(ranked(0), { target: 'x0' })).rejects.toThrow(/whole grades from 0 to 31/);
  });
});

test('several targets are learnt together, each as it would be alone', async () => {
  const [x0, x1, y] = skewed(300);
  const z = numbers('z', 300, (row) => 5 - 3 * noise(row, 1) + noise(row, 8));
  const table = tableFromRegisters([x0!, x1!, y!, z]);
  for (const loss of ['squared_error', 'absolute_error', 'poisson'] as const) {
    const estimator = new GradientBoostingRegressor({ maxIter: 8, loss });
    const both = await estimator.fit(table, { targets: ['y', 'z'] });
    expect(both.program.outputs.map(({ name }) => name)).toEqual(['prediction_y', 'prediction_z']);
    const alone = await estimator.fit(tableFromRegisters([x0!, x1!, y!]), { target: 'y' });
    // The rounding of gradients is keyed by the output, so only the first target's trees are the same to the bit.
    expect(await outputOf(both, table, 'prediction_y'), loss).toEqual(await outputOf(alone, table));
    const other = await estimator.fit(tableFromRegisters([x0!, x1!, z]), { target: 'z' });
    expect(largestGap(await outputOf(both, table, 'prediction_z'), [...(await outputOf(other, table))])).toBeLessThan(
      0.1,
    );
  }
});
