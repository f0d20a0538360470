import { expect, test } from 'vitest';
import { logisticLoss, squaredLoss } from '#lanewise/training/loss.js';

for (const loss of [squaredLoss, logisticLoss]) {
  test(`the derivatives of the ${loss.name} loss are those of its values`, () => {
    for (const target of [0, 1]) {
      for (const score of [-4, -0.3, 0, 0.7, 5]) {
        const step = 1e-5;
        const slope = (loss.value(score + step, target) - loss.value(score - step, target)) / (2 * step);
        const bend = (loss.gradient(score + step, target) - loss.gradient(score - step, target)) / (2 * step);
        expect(loss.gradient(score, target)).toBeCloseTo(slope, 8);
        expect(loss.curvature(score, target)).toBeCloseTo(bend, 8);
      }
    }
  });
}

test('the log loss of a hopeless score is the score itself, not infinity', () => {
  expect(logisticLoss.value(-1000, 1)).toBe(1000);
  expect(logisticLoss.value(1000, 1)).toBe(0);
});
