import { expect, test } from 'vitest';
import { learningCurve } from '#lanewise/evaluate/learning-curve.js';
import { chooseThreshold } from '#lanewise/evaluate/threshold.js';
import type { Scored } from '#lanewise/table/interfaces.js';
import { lineEstimator, lineTable } from './estimators.js';

test('a learning curve learns from growing parts of the same rows', async () => {
  const options = { target: 'y', seed: 2, metrics: ['neg_root_mean_squared_error'] };
  const curve = await learningCurve(lineEstimator({ shrink: 1 }), lineTable(200), {
    ...options,
    shares: [0.05, 0.5, 1],
  });
  expect(curve.points.map(({ trainRows }) => trainRows)).toEqual([8, 80, 160]);
  const [small, , large] = curve.points;
  expect(large!.validation.mean).toBeGreaterThan(small!.validation.mean);
  expect(small!.train.mean).toBeGreaterThan(small!.validation.mean);
  expect(curve.verdict).toMatch(/levelled off: RMSE .* with 80 rows, RMSE .* with 160/);
  await expect(learningCurve(lineEstimator(), lineTable(50), { ...options, shares: [0, 1] })).rejects.toThrow(
    /\(0, 1\]/,
  );
});

// Probabilities 0.9, 0.8, 0.7, 0.6, 0.3 of which the first, second and fourth are positive.
const scored: Scored = {
  target: Float64Array.of(1, 1, 0, 1, 0),
  prediction: Float64Array.of(1, 1, 1, 1, 0),
  probabilities: [Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.7), Float64Array.of(0.9, 0.8, 0.7, 0.6, 0.3)],
};

test('a threshold for a recall is the highest that reaches it', () => {
  expect(chooseThreshold(scored, { recall: 0.6 })).toMatchObject({ threshold: 0.8, precision: 1 });
  expect(chooseThreshold(scored, { recall: 1 })).toMatchObject({ threshold: 0.6, precision: 0.75, recall: 1 });
  expect(() => chooseThreshold(scored, { recall: 1.2 })).toThrow(/recall in \(0, 1\]/);
});

test('a threshold by cost weighs false alarms against misses', () => {
  expect(chooseThreshold(scored, { falsePositive: 10, falseNegative: 1 })).toMatchObject({ threshold: 0.8, cost: 0.2 });
  expect(chooseThreshold(scored, { falsePositive: 1, falseNegative: 10 })).toMatchObject({ threshold: 0.6, cost: 0.2 });
  expect(() => chooseThreshold(scored, { falsePositive: -1, falseNegative: 1 })).toThrow(/costs >= 0/);
});
