import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { IsolationForest } from '#lanewise/models/isolation-forest/index.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { areaUnderCurve, labelled, noise, numbers, outputOf } from './tree-data.js';

// tests/agreement/decision-trees.py made it: scikit-learn's scores of malignant tumours among benign ones.
const { breast_cancer: golden } = JSON.parse(
  readFileSync(new URL('../fixtures/decision-trees.json', import.meta.url), 'utf8'),
).anomalies as {
  breast_cancer: { x: number[][]; label: number[]; areas: number[]; score: number[]; spread: number; offset: number[] };
};
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values: ArrayLike<number>) =>
  Math.sqrt(mean(Array.from(values, (value) => (value - mean(values)) ** 2)));
const tumours = () =>
  tableFromRegisters(golden.x[0]!.map((_, k) => numbers(`x${k}`, golden.x.length, (row) => golden.x[row]![k]!)));

describe('the scores of scikit-learn', () => {
  const seeds = Array.from({ length: 10 }, (_, seed) => seed);
  test('their mean over seeds, row by row, and the area under the curve', async () => {
    const scores = await Promise.all(
      seeds.map(async (randomState) =>
        outputOf(await new IsolationForest({ randomState }).fit(tumours()), tumours(), 'score'),
      ),
    );
    const areas = scores.map((score) => areaUnderCurve(Float64Array.from(golden.label), score));
    // Means of 10 and 20 draws: they differ by less than four of their standard errors.
    const error = Math.hypot(spread(areas) / Math.sqrt(10), spread(golden.areas) / Math.sqrt(20));
    expect(Math.abs(mean(areas) - mean(golden.areas))).toBeLessThan(4 * error);
    const differences = golden.score.map((score, row) => mean(scores.map((one) => one[row]!)) - score);
    expect(Math.abs(mean(differences))).toBeLessThan(0.002);
    expect(Math.max(...differences.map(Math.abs))).toBeLessThan(6 * golden.spread * Math.sqrt(1 / 10 + 1 / 20));
  });

  test('contamination puts the threshold where theirs is', async () => {
    const thresholds = await Promise.all(
      seeds.map(async (randomState) => {
        const model = await new IsolationForest({ randomState, contamination: 0.1 }).fit(tumours());
        const predicted = await model.predict(tumours());
        const flags = readRegister(predicted, 'prediction').values;
        expect(flags.reduce((sum, flag) => sum + flag, 0)).toBe(36);
        const score = readRegister(predicted, 'score').values;
        return Math.min(...score.filter((_, row) => flags[row] === 1));
      }),
    );
    expect(mean(thresholds)).toBeCloseTo(mean(golden.offset), 2);
  });
});

describe('what an isolation forest promises', () => {
  const rows = 400;
  const x = numbers('x', rows, (row) => (row === 7 ? 9 : noise(row, 1)));
  const y = numbers('y', rows, (row) => (row === 8 ? -5 : noise(row, 2)));

  test('what lies apart is found, above 0.5', async () => {
    const table = tableFromRegisters([x, y]);
    const model = await new IsolationForest().fit(table);
    expect(model).toMatchObject({ task: 'anomaly-detection', estimator: 'isolation-forest' });
    const score = await outputOf(model, table, 'score');
    const order = [...score.keys()].sort((a, b) => score[b]! - score[a]!);
    expect(order.slice(0, 2).toSorted()).toEqual([7, 8]);
    expect([model.predictSync({ x: 9, y: 0.5 }), model.predictSync({ x: 0.5, y: 0.5 })]).toEqual([1, 0]);
    expect(Math.min(...score)).toBeGreaterThan(0);
    expect(Math.max(...score)).toBeLessThanOrEqual(1);
  });

  test('missing and infinite values and categories are taken; a missing value where few are is odd', async () => {
    const gaps = numbers('x', rows, (row) =>
      row === 3 ? Number.NaN : row === 4 ? Number.NEGATIVE_INFINITY : noise(row, 1),
    );
    const colour = labelled(
      'colour',
      Array.from({ length: rows }, (_, row) => (row % 2 ? 'red' : 'blue')),
    );
    const model = await new IsolationForest({ maxSamples: 1 }).fit(tableFromRegisters([gaps, colour]));
    const score = await outputOf(model, tableFromRegisters([gaps, colour]), 'score');
    expect(score.every((value) => value > 0 && value <= 1)).toBe(true);
    expect(score[4]).toBeGreaterThan(mean(score) + 2 * spread(score));
    expect(() => model.predictSync({ x: null, colour: 'green' })).not.toThrow();
  });

  test('one row, and columns of one value, make every row equally odd', async () => {
    for (const count of [1, 50]) {
      const model = await new IsolationForest().fit(tableFromRegisters([numbers('x', count, () => 3)]));
      const score = await outputOf(model, tableFromRegisters([numbers('x', 2, (row) => row)]), 'score');
      expect(score[0]).toBe(score[1]);
    }
  });

  test('rows of weight 0 are never drawn, and too many samples or features are named', async () => {
    const weight = numbers('w', rows, (row) => (row === 7 ? 0 : 1));
    const table = tableFromRegisters([x, y, weight]);
    const without = tableFromRegisters([
      numbers('x', rows - 1, (row) => x.values[row < 7 ? row : row + 1]!),
      numbers('y', rows - 1, (row) => y.values[row < 7 ? row : row + 1]!),
    ]);
    const [a, b] = [await new IsolationForest().fit(table, { weights: 'w' }), await new IsolationForest().fit(without)];
    expect(a.program.operations).toEqual(b.program.operations);
    await expect(new IsolationForest({ maxSamples: 500 }).fit(table)).rejects.toThrow(/up to 400.*maxSamples/);
    await expect(new IsolationForest({ maxFeatures: 5 }).fit(tableFromRegisters([x]))).rejects.toThrow(/maxFeatures/);
  });
});
