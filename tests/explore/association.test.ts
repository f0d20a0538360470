import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { correlationRatio, cramersV, pearsonMatrix, spearmanMatrix } from '#lanewise/explore/association.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'reference', threads: 1 });
});
afterAll(() => engine.close());

const column = (name: string, values: number[], labelCount?: number) => ({
  name,
  values: Float64Array.from(values),
  labelCount,
});

test("Pearson's r of known columns", () => {
  const a = column('a', [1, 2, 3, 4, 5]);
  const { values } = pearsonMatrix(
    [a, column('b', [2, 4, 6, 8, 10]), column('c', [5, 4, 3, 2, 1]), column('d', [1, 3, 2, 5, 4])],
    engine,
  );
  expect(values[0]![1]).toBeCloseTo(1, 12);
  expect(values[0]![2]).toBeCloseTo(-1, 12);
  expect(values[0]![3]).toBeCloseTo(0.8, 12); // Σdx·dy = 8, Σdx² = Σdy² = 10
  expect(values[3]![0]).toBe(values[0]![3]);
});

test('a pair with missing values counts the rows that have both', () => {
  const a = column('a', [1, 2, 3, 4, Number.NaN, 100]);
  const b = column('b', [1, 3, 2, 4, 7, Number.NaN]);
  expect(pearsonMatrix([a, b], engine).values[0]![1]).toBeCloseTo(0.8, 12); // of [1,2,3,4] and [1,3,2,4]
});

test('a constant column has no correlation', () => {
  const { values } = pearsonMatrix([column('a', [1, 2, 3]), column('k', [4, 4, 4])], engine);
  expect(values[0]![1]).toBeNaN();
  expect(values[1]![1]).toBeNaN();
});

test("Spearman's rho sees any rising curve as 1", () => {
  const { values } = spearmanMatrix([column('a', [1, 2, 3, 4]), column('b', [1, 10, 100, 1000])], engine);
  expect(values[0]![1]).toBeCloseTo(1, 12);
});

test("Cramér's V of known tables", () => {
  const a = column('a', [0, 0, 1, 1], 2);
  expect(cramersV(a, column('b', [1, 1, 0, 0], 2))).toBe(1);
  expect(cramersV(a, column('b', [0, 1, 0, 1], 2))).toBe(0);
  // [[3, 1], [1, 3]]: χ² = 8·(9−1)²/4⁴ = 2, V = √(2/8)
  const rows = column('r', [0, 0, 0, 0, 1, 1, 1, 1], 2);
  expect(cramersV(rows, column('c', [0, 0, 0, 1, 0, 1, 1, 1], 2))).toBeCloseTo(0.5, 12);
  expect(cramersV(a, column('k', [0, 0, 0, 0], 1))).toBeNaN();
});

test('the correlation ratio is the share of variance between groups', () => {
  const groups = column('g', [0, 0, 1, 1], 2);
  expect(correlationRatio(groups, Float64Array.of(1, 1, 3, 3))).toBe(1);
  expect(correlationRatio(groups, Float64Array.of(1, 3, 1, 3))).toBe(0);
  // means 2 and 4 about 3: between 4, total 1+1+0... = values 1,3,3,5: total 8
  expect(correlationRatio(groups, Float64Array.of(1, 3, 3, 5))).toBeCloseTo(Math.SQRT1_2, 12);
});
