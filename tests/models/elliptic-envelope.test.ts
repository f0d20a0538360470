import { describe, expect, test } from 'vitest';
import { defaultEngine } from '#lanewise/engine/engine.js';
import { chiSquaredQuantile } from '#lanewise/evaluate/distributions.js';
import { minimumCovarianceDeterminant } from '#lanewise/models/elliptic-envelope/fast-mcd.js';
import { EllipticEnvelope } from '#lanewise/models/elliptic-envelope/index.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { FitOptions } from '#lanewise/table/interfaces.js';
import { Deadline } from '#lanewise/training/deadline.js';
import { golden, relativeError } from '../agreement/golden.js';
import { noise, numbers } from './tree-data.js';

const { sets, tight, given } = golden('anomalies') as {
  sets: Record<string, number[][]>;
  tight: Golden[];
  given: Golden[];
};
interface Golden {
  readonly set: string;
  readonly parameters: { support_fraction?: number; contamination?: number; assume_centered?: boolean };
  readonly logDeterminant: number;
  readonly score: readonly number[];
  readonly prediction: readonly number[];
}

const tableOf = (rows: readonly (readonly number[])[]) =>
  tableFromRegisters(rows[0]!.map((_, k) => numbers(`x${k}`, rows.length, (row) => rows[row]![k]!)));
const columnsOf = (rows: readonly (readonly number[])[]) =>
  rows[0]!.map((_, k) => Float64Array.from(rows, (row) => row[k]!));
const parametersOf = ({ parameters }: Golden) => ({
  supportFraction: parameters.support_fraction ?? null,
  contamination: parameters.contamination ?? 0.1,
  assumeCentered: parameters.assume_centered ?? false,
});
async function scored(rows: readonly (readonly number[])[], parameters: object = {}, options: FitOptions = {}) {
  const table = tableOf(rows);
  const model = await new EllipticEnvelope(parameters).fit(table, options);
  const predicted = await model.predict(table);
  return {
    model,
    score: readRegister(predicted, 'score').values,
    prediction: readRegister(predicted, 'prediction').values,
  };
}
/** Normal enough: sums of uniform numbers. */
const bell = (row: number, column: number) => {
  let sum = -6;
  for (let k = 0; k < 12; k++) sum += noise(row, 100 * column + k);
  return sum;
};

describe('scikit-learn’s envelope', () => {
  const named = [...tight, ...given].map((one) => ({ name: `${one.set} ${JSON.stringify(one.parameters)}`, one }));
  test.each(named)('$name: scores to 1e-9, and who lies outside', async ({ one }) => {
    const { score, prediction } = await scored(sets[one.set]!, parametersOf(one));
    const worst = Math.max(...one.score.map((expected, row) => relativeError(score[row]!, expected)));
    expect(worst).toBeLessThan(1e-9);
    expect([...prediction]).toEqual(one.prediction);
  });

  test.each(['clean', 'setosa', 'cancer'])(
    '%s: no smaller determinant was found by 40 of its searches',
    async (name) => {
      const rows = sets[name]!;
      const { logDeterminant } = tight.find(
        ({ set, parameters }) => set === name && Object.keys(parameters).length === 0,
      )!;
      const support = Math.ceil(0.5 * (rows.length + rows[0]!.length + 1));
      const options = { seed: 0, deadline: new Deadline(undefined) };
      const found = await minimumCovarianceDeterminant(await defaultEngine(), columnsOf(rows), support, options);
      expect(found.scatter.logDeterminant).toBeLessThanOrEqual(logDeterminant + 1e-9);
      expect(found.rows.length).toBe(support);
    },
  );

  test('the quantiles of the chi-squared distribution (scipy 1.17)', () => {
    expect(chiSquaredQuantile(0.975, 1)).toBeCloseTo(5.023886187314888, 12);
    expect(chiSquaredQuantile(0.5, 6)).toBeCloseTo(5.348120627447122, 12);
    expect([chiSquaredQuantile(0, 3), chiSquaredQuantile(1, 3), chiSquaredQuantile(2, 3)]).toEqual([0, Infinity, NaN]);
  });
});

describe('the search', () => {
  /** Two of five rows lie apart, in a cloud of their own: means and variances of all rows say nothing. */
  const cloud = (count: number) =>
    Array.from({ length: count }, (_, row) =>
      row % 5 < 2
        ? [30 + bell(row, 1), -20 + bell(row, 2), 9 + bell(row, 3)]
        : [bell(row, 1), bell(row, 2), bell(row, 3)],
    );

  test.each([200, 7_000])('of %i rows, two fifths of them elsewhere, it finds the bulk', async (count) => {
    const { score } = await scored(cloud(count), { contamination: 0.4 });
    const scores = (apart: boolean) => score.filter((_, row) => row % 5 < 2 === apart);
    expect(Math.min(...scores(true))).toBeGreaterThan(100);
    // Three normal columns: the mean squared distance is 3.
    const inner = scores(false);
    expect(inner.reduce((sum, value) => sum + value, 0) / inner.length).toBeCloseTo(3, 0);
  });

  test('of one column it is exact: no window of neighbours varies less', async () => {
    const values = Float64Array.from({ length: 301 }, (_, row) => bell(row, 1) ** 3 + (row % 7 === 0 ? 1e9 : 0));
    const options = { seed: 0, deadline: new Deadline(undefined) };
    const { rows } = await minimumCovarianceDeterminant(await defaultEngine(), [values], 152, options);
    const variance = (window: Float64Array) => {
      const mean = window.reduce((sum, value) => sum + value, 0) / window.length;
      return window.reduce((sum, value) => sum + (value - mean) ** 2, 0) / window.length;
    };
    const sorted = values.toSorted();
    const windows = Array.from({ length: 301 - 152 + 1 }, (_, start) => variance(sorted.subarray(start, start + 152)));
    expect(variance(Float64Array.from(rows, (row) => values[row]!))).toBeCloseTo(Math.min(...windows), 12);
  });

  test('columns in other units, even far ones, change scores by rounding only', async () => {
    const rows = cloud(400);
    const plain = await scored(rows);
    const other = await scored(rows.map(([a, b, c]) => [1e150 * a!, 1e-150 * b! + 1e-148, c! + 1e6]));
    const worst = Math.max(...plain.score.map((value, row) => relativeError(other.score[row]!, value)));
    expect(worst).toBeLessThan(1e-6);
  });

  test('a time budget ends the starts', async () => {
    const { model } = await scored(cloud(400), {}, { timeBudget: 1e-9 });
    expect(model.training.verdict).toMatch(/of 1 random starts/);
  });
});

describe('what cannot be inverted', () => {
  const plain = Array.from({ length: 90 }, (_, row) => [bell(row, 1), bell(row, 2)]);

  test('a column that does not vary, or follows from others, is left out, and told', async () => {
    const { model, score } = await scored(plain.map(([a, b]) => [a!, 5, b!, a! - 2 * b!]));
    expect(model.training.warnings).toEqual([
      {
        name: 'singular-covariance',
        message: expect.stringMatching(/^column "x1", "x3" depends on columns before it/),
      },
    ]);
    const without = await scored(plain);
    expect(Math.max(...score.map((value, row) => relativeError(value, without.score[row]!)))).toBeLessThan(1e-9);
  });

  test('more than half of the rows in a plane: they are the inner rows, and it is told', async () => {
    const { model, prediction } = await scored(
      plain.map(([a, b], row) => [a!, b!, row % 3 === 0 ? 4 + b! : 1]),
      {
        contamination: 0.2,
      },
    );
    expect(model.training.warnings![0]).toMatchObject({ name: 'singular-covariance', message: /"x2" does not vary/ });
    expect(prediction.reduce((sum, flag) => sum + flag, 0)).toBeGreaterThan(0);
  });

  test('rows that are all alike are all in the centre', async () => {
    const { model, score, prediction } = await scored(Array.from({ length: 9 }, () => [3, 4]));
    expect([...score, ...prediction].every((value) => value === 0)).toBe(true);
    expect(model.training.verdict).toBe('no column varies: every row lies in the centre');
  });

  test('one row, too small a share, weights and missing values are refused by name', async () => {
    await expect(scored([[1, 2]])).rejects.toMatchObject({ code: 'data', message: /two rows or more.*received 1/ });
    await expect(scored(plain, { supportFraction: 0.02 })).rejects.toMatchObject({
      code: 'usage',
      message: /supportFraction.*more of them than the 2 features/s,
    });
    const weighted = tableFromRegisters([
      numbers('x', 9, (row) => row),
      { ...numbers('w', 9, () => 1), role: 'weight' },
    ]);
    await expect(new EllipticEnvelope().fit(weighted)).rejects.toMatchObject({
      code: 'unsupported',
      place: { column: 'w' },
    });
    await expect(
      scored([
        [1, 2],
        [3, Number.NaN],
        [4, 5],
      ]),
    ).rejects.toMatchObject({ code: 'data', place: { column: 'x1' } });
  });
});

test('the seed decides, and nothing else', async () => {
  const rows = Array.from({ length: 300 }, (_, row) => [
    noise(row, 1),
    noise(row, 2) ** 2,
    noise(row, 3),
    noise(row, 4),
  ]);
  const image = async (randomState: number) => programImage((await scored(rows, { randomState })).model.program);
  expect(await image(1)).toEqual(await image(1));
});
