import { describe, expect, test } from 'vitest';
import { Ridge } from '#lanewise/models/linear/linear.js';
import { RidgeCV } from '#lanewise/models/linear/ridge-cv.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import { golden } from '../agreement/golden.js';
import { largestDifference, linearOf } from './linear-data.js';

const { columns, target, weights } = golden('linear-regression') as {
  columns: Record<string, number[]>;
  target: number[];
  weights: number[];
};
const { alphas, ...works } = golden('ridge-cv');

function table(rows = target.length, first = 0) {
  const number = (name: string, values: readonly number[]): RegisterColumn => ({
    name,
    type: 'number',
    values: Float64Array.from(values.slice(first, first + rows)),
  });
  const features = Object.entries(columns).map(([name, values]) => number(name, values));
  return tableFromRegisters([...features, number('y', target), { ...number('w', weights), role: 'ignore' }]);
}

describe("errors and choice are scikit-learn's", () => {
  const settings = {
    plain: [table(), {}, {}],
    weighted: [table(), {}, { weights: 'w' }],
    throughOrigin: [table(), { fitIntercept: false }, {}],
    wide: [table(8), {}, {}],
    wideWeighted: [table(8), {}, { weights: 'w' }],
  } as const;
  for (const [name, [rows, parameters, options]] of Object.entries(settings)) {
    test(name, async () => {
      const expected = works[name];
      const model = await new RidgeCV({ alphas, ...parameters }).fit(rows, { target: 'y', ...options });
      const { search } = model.training;
      expect(search!.alpha).toBe(expected.alpha);
      search!.meanSquaredErrors[0]!.forEach(([error], i) => {
        expect(Math.abs(error! / expected.errors[i] - 1), `alpha ${alphas[i]}`).toBeLessThan(1e-8);
      });
      const { coefficients, intercepts } = linearOf(model);
      expect(largestDifference(coefficients, expected.coefficients)).toBeLessThan(1e-8);
      expect(largestDifference(intercepts, [expected.intercept])).toBeLessThan(1e-8);
    });
  }
});

test('the error of leaving one out is what refitting without each row gives', async () => {
  const rows = 30;
  const { training } = await new RidgeCV({ alphas: [50] }).fit(table(rows), { target: 'y' });
  let squares = 0;
  for (let row = 0; row < rows; row++) {
    const number = (name: string, values: readonly number[]): RegisterColumn => ({
      name,
      type: 'number',
      values: Float64Array.from(values.slice(0, rows).filter((_, i) => i !== row)),
    });
    const features = Object.entries(columns).map(([name, values]) => number(name, values));
    const model = await new Ridge({ alpha: 50 }).fit(tableFromRegisters([...features, number('y', target)]), {
      target: 'y',
    });
    const predicted = (await model.predict(table(1, row))).getChild('prediction')!.get(0) as number;
    squares += (predicted - target[row]!) ** 2;
  }
  expect(training.search!.meanSquaredErrors[0]![0]![0]! / (squares / rows)).toBeCloseTo(1, 9);
});

test('generalized cross-validation takes the mean leverage for each', async () => {
  const one = await new RidgeCV({ alphas, criterion: 'generalized' }).fit(table(), { target: 'y' });
  const other = await new RidgeCV({ alphas }).fit(table(), { target: 'y' });
  expect(one.training.search!.folds).toBe('generalized cross-validation');
  one.training.search!.meanSquaredErrors[0]!.forEach(([error], i) => {
    expect(error! / other.training.search!.meanSquaredErrors[0]![i]![0]!).toBeCloseTo(1, 1);
  });
});

test('is saved as a ridge regression of its own name', async () => {
  const model = await new RidgeCV().fit(table(), { target: 'y' });
  expect(model).toMatchObject({ estimator: 'ridge-cv', parameters: { alphas: [0.1, 1, 10] } });
  expect(() => new RidgeCV({ alphas: [] })).toThrow(/alphas/);
  expect(() => new RidgeCV({ alphas: [0] })).toThrow(/alphas/);
});
