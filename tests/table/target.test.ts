import { describe, expect, test } from 'vitest';
import { crossValidate } from '#lanewise/evaluate/cross-validate.js';
import { models } from '#lanewise/models/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { requireUsableTarget, requireUsableWeights } from '#lanewise/table/target.js';

const column = (name: string, values: readonly number[]) => ({
  name,
  type: 'number' as const,
  values: Float64Array.from(values),
});

describe('learning and comparing refuse the same targets', () => {
  const wrong: [string, number, RegExp][] = [
    ['infinite', Infinity, /Expected finite numbers in target "y" but 1 are infinite/],
    ['too large to square', -1e300, /Expected numbers within ±1e\+100 in target "y" but 1 are beyond/],
  ];
  const regressors = models.filter(({ tasks }) => tasks.includes('regression'));
  for (const [what, value, message] of wrong) {
    const y = Array.from({ length: 40 }, (_, row) => (row === 7 ? value : row % 5));
    const table = tableFromRegisters([column('x', [...y.keys()]), column('y', y)]);
    test.each(regressors)(`$name, ${what}`, async ({ create }) => {
      const estimator = create('regression');
      const failure = {
        code: 'data',
        message: expect.stringMatching(message),
        place: expect.objectContaining({ column: 'y' }),
      };
      await expect(estimator.fit(table, { target: 'y' })).rejects.toMatchObject(failure);
      await expect(crossValidate(estimator, table, { target: 'y' })).rejects.toMatchObject(failure);
    });
  }
});

test('missing targets are the business of others', () => {
  expect(() => requireUsableTarget('y', Float64Array.of(1, Number.NaN, -1e100))).not.toThrow();
});

test('weights that no model could compute with are refused', () => {
  const weights =
    (...values: number[]) =>
    () =>
      requireUsableWeights('w', Float64Array.from(values));
  expect(weights(0, 1e-300, 1)).not.toThrow();
  expect(weights(1e38)).not.toThrow();
  expect(weights(1, -1)).toThrow(/Expected finite weights >= 0 in column "w" but received -1/);
  expect(weights(1, Number.NaN)).toThrow(/received NaN/);
  expect(weights(0, 0)).toThrow(/all are 0/);
  expect(weights(9e37, 9e37)).toThrow(/they add to 1\.8e\+38/);
  expect(weights(1e-31, 0)).toThrow(/the largest is 1e-31/);
});

test('boosting learns targets far beyond f32, in which its gradients are kept', async () => {
  const table = (size: number) => {
    const y = Array.from({ length: 60 }, (_, row) => (row < 30 ? 0 : size));
    return tableFromRegisters([column('x', [...y.keys()]), column('y', y)]);
  };
  const boosting = models.find(({ name }) => name === 'gradient-boosting')!.create('regression');
  for (const size of [1, 1e99]) {
    const model = await boosting.fit(table(size), { target: 'y' });
    expect((model.predictSync({ x: 50 }) as number) / size).toBeCloseTo(1, 3);
    expect((model.predictSync({ x: 5 }) as number) / size).toBeCloseTo(0, 3);
  }
});
