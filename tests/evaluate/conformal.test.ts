import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { conformalClassification, conformalRegression, conformalSet } from '#lanewise/evaluate/conformal.js';
import type { Scored } from '#lanewise/table/interfaces.js';

function regression(rows: number, seed: number): Scored {
  const random = stream(seed, 'conformal');
  const prediction = Float64Array.from({ length: rows }, () => random.normal());
  return { prediction, target: prediction.map((value) => value + random.normal() * (1 + Math.abs(value))) };
}

test('an interval holds its share of new rows, on average over calibrations, and little more', () => {
  let held = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { radius } = conformalRegression(regression(50, 2 * seed), 0.9);
    const fresh = regression(50, 2 * seed + 1);
    for (let row = 0; row < 50; row++) if (Math.abs(fresh.target[row]! - fresh.prediction[row]!) <= radius) held++;
  }
  expect(held / 10_000).toBeGreaterThan(0.89);
  expect(held / 10_000).toBeLessThan(0.935);
});

test('with too few rows for the level the interval is everything, not too narrow', () => {
  expect(conformalRegression(regression(8, 1), 0.9).radius).toBe(Number.POSITIVE_INFINITY);
  expect(conformalRegression(regression(9, 1), 0.9).radius).toBeLessThan(Number.POSITIVE_INFINITY);
  expect(() => conformalRegression(regression(9, 1), 1)).toThrow(/\(0, 1\)/);
});

/** Three classes, whose probabilities are true. */
function classification(rows: number, seed: number): Scored {
  const random = stream(seed, 'classes');
  const probabilities = [0, 1, 2].map(() => new Float64Array(rows));
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const raw = [random.uniform(), random.uniform(), random.uniform()];
    const sum = raw[0]! + raw[1]! + raw[2]!;
    raw.forEach((value, k) => {
      probabilities[k]![row] = value / sum;
    });
    const u = random.uniform() * sum;
    return u < raw[0]! ? 0 : u < raw[0]! + raw[1]! ? 1 : 2;
  });
  return { target, prediction: target, probabilities };
}

test('a set holds the true class in its share of rows', () => {
  const conformal = conformalClassification(classification(2000, 1), 0.8);
  const fresh = classification(2000, 2);
  let held = 0;
  for (let row = 0; row < 2000; row++) {
    const set = conformalSet(
      conformal,
      fresh.probabilities!.map((column) => column[row]!),
    );
    if (set.includes(fresh.target[row]!)) held++;
  }
  expect(held / 2000).toBeGreaterThan(0.77);
  expect(held / 2000).toBeLessThan(0.84);
});

test('a set is never empty', () => {
  expect(conformalSet({ level: 0.5, rows: 9, radius: 0.1 }, [0.2, 0.5, 0.3])).toEqual([1]);
  expect(conformalSet({ level: 0.9, rows: 9, radius: 0.75 }, [0.2, 0.5, 0.3])).toEqual([1, 2]);
});
