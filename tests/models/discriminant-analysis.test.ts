import type { Table } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import {
  LinearDiscriminantAnalysis,
  QuadraticDiscriminantAnalysis,
} from '#lanewise/models/discriminant-analysis/index.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Estimator, Model } from '#lanewise/table/interfaces.js';
import { golden } from '../agreement/golden.js';
import { dice } from '../scoring/programs.js';
import { largestDifference, linearOf } from './linear-data.js';

interface Expected {
  coefficients: number[][];
  intercepts: number[];
  probabilities: number[][];
}
interface Work {
  columns: Record<string, number[]>;
  target: number[];
  priors: number[];
  linear: Record<string, Expected>;
  quadratic: Record<string, Pick<Expected, 'probabilities'>>;
}
const works = golden('discriminant-analysis') as Record<string, Work>;

const number = (name: string, values: ArrayLike<number>): RegisterColumn => ({
  name,
  type: 'number',
  values: Float64Array.from(values),
});
const classes = (values: ArrayLike<number>, labels: readonly string[]): RegisterColumn => ({
  name: 'class',
  type: 'category',
  labels,
  values: Float64Array.from(values),
});
const labelsOf = (count: number) => Array.from({ length: count }, (_, k) => `class ${k}`);

function tableOf({ columns, target, priors }: Work, more: RegisterColumn[] = []): Table {
  const features = Object.entries(columns).map(([name, values]) => number(name, values));
  return tableFromRegisters([...features, ...more, classes(target, labelsOf(priors.length))]);
}

/** Probabilities of every seventh row, by row. */
async function probabilitiesOf(model: Model, table: Table): Promise<number[][]> {
  const predicted = await model.predict(table);
  const columns = model.classes!.map((label) => predicted.getChild(`probability_${label}`)!);
  const rows = Array.from({ length: Math.ceil(table.numRows / 7) }, (_, i) => i * 7);
  return rows.map((row) => columns.map((column) => column.get(row) as number));
}

const fitted = (estimator: Estimator, table: Table) => estimator.fit(table, { target: 'class' });

for (const [name, work] of Object.entries(works)) {
  describe(`${name}: scikit-learn's`, () => {
    const { priors } = work;
    const sum = work.columns['x0']!.map((value, row) => value + work.columns['x1']![row]!);
    const linear: Record<string, object> = {
      svd: {},
      'svd, priors': { priors },
      'svd, collinear': {},
      lsqr: { solver: 'lsqr' },
      'lsqr, auto': { solver: 'lsqr', shrinkage: 'auto' },
      'lsqr, 0.3': { solver: 'lsqr', shrinkage: 0.3 },
      'eigen, auto, priors': { solver: 'eigen', shrinkage: 'auto', priors },
    };
    for (const [parameters, expected] of Object.entries(work.linear)) {
      test(`linear discriminants, ${parameters}`, async () => {
        const collinear = parameters.endsWith('collinear');
        const table = tableOf(work, collinear ? [number('sum', sum)] : []);
        const model = await fitted(new LinearDiscriminantAnalysis(linear[parameters]), table);
        const { coefficients } = linearOf(model);
        // scikit-learn leaves scores of more than two classes open by a common linear function with lsqr and eigen.
        const differences = (rows: number[][]) =>
          rows.length === 1 ? rows[0]! : rows.flatMap((row) => row.map((value, j) => value - rows[0]![j]!));
        const count = Object.keys(work.columns).length + (collinear ? 1 : 0);
        const found = Array.from({ length: coefficients.length / count }, (_, k) => [
          ...coefficients.slice(k * count, (k + 1) * count),
        ]);
        const wanted = differences(expected.coefficients);
        expect(largestDifference(differences(found), wanted)).toBeLessThan(1e-8);
        const probabilities = (await probabilitiesOf(model, table)).flat();
        expect(largestDifference(probabilities, expected.probabilities.flat())).toBeLessThan(1e-8);
        expect(model.training.warnings?.[0]?.name).toBe(collinear ? 'singular-covariance' : undefined);
      });
    }
    const quadratic: Record<string, object> = {
      plain: {},
      priors: { priors },
      'regParam 0.1': { regParam: 0.1 },
      auto: { shrinkage: 'auto' },
      '0.3': { shrinkage: 0.3 },
    };
    for (const [parameters, expected] of Object.entries(work.quadratic)) {
      test(`quadratic discriminants, ${parameters}`, async () => {
        const table = tableOf(work);
        const model = await fitted(new QuadraticDiscriminantAnalysis(quadratic[parameters]), table);
        const probabilities = (await probabilitiesOf(model, table)).flat();
        expect(largestDifference(probabilities, expected.probabilities.flat())).toBeLessThan(1e-8);
        expect(model.training.warnings).toBeUndefined();
      });
    }
  });
}

describe('both analyses', () => {
  const random = dice(7);
  const normal = () => random.uniform() + random.uniform() + random.uniform() - 1.5;
  const rows = 90;
  const codes = Array.from({ length: rows }, (_, row) => row % 3);
  const x = codes.map((code) => normal() + code);
  const y = codes.map((code, row) => normal() * (1 + code) - x[row]! / 2);
  const features = [number('x', x), number('y', y)];
  const table = tableFromRegisters([...features, classes(codes, labelsOf(3))]);
  const estimators = [new LinearDiscriminantAnalysis(), new QuadraticDiscriminantAnalysis()];

  for (const estimator of estimators) {
    test(`${estimator.name}: weights are rows told apart by their number`, async () => {
      const twice = codes.map((_, row) => (row % 4 === 0 ? 2 : row % 4 === 1 ? 0 : 1));
      const weighted = tableFromRegisters([
        ...features,
        classes(codes, labelsOf(3)),
        { ...number('w', twice), role: 'weight' },
      ]);
      const repeated = codes.flatMap((_, row) => Array.from({ length: twice[row]! }, () => row));
      const pick = (values: readonly number[]) => repeated.map((row) => values[row]!);
      const rowsThemselves = tableFromRegisters([
        number('x', pick(x)),
        number('y', pick(y)),
        classes(pick(codes), labelsOf(3)),
      ]);
      const [a, b] = [await fitted(estimator, weighted), await fitted(estimator, rowsThemselves)];
      const [found, wanted] = [await probabilitiesOf(a, table), await probabilitiesOf(b, table)];
      expect(largestDifference(found.flat(), wanted.flat())).toBeLessThan(1e-12);
    });

    test(`${estimator.name}: units do not matter, from 1e-300 to 1e300`, async () => {
      const wanted = (await probabilitiesOf(await fitted(estimator, table), table)).flat();
      for (const size of [1e-290, 1e290]) {
        const scaled = tableFromRegisters([
          number(
            'x',
            x.map((value) => value * size),
          ),
          number(
            'y',
            y.map((value) => value + 1e9),
          ),
          classes(codes, labelsOf(3)),
        ]);
        const found = (await probabilitiesOf(await fitted(estimator, scaled), scaled)).flat();
        expect(largestDifference(found, wanted)).toBeLessThan(1e-5);
      }
    });

    test(`${estimator.name}: a class whose rows weigh nothing has probability 0, constant columns do nothing`, async () => {
      const gap = tableFromRegisters([
        ...features,
        number('constant', new Float64Array(rows).fill(0.1)),
        classes(codes, labelsOf(3)),
        {
          ...number(
            'w',
            codes.map((code) => (code === 1 ? 0 : 1)),
          ),
          role: 'weight',
        },
      ]);
      const found = await probabilitiesOf(await fitted(estimator, gap), gap);
      expect(found.every((row) => row[1] === 0)).toBe(true);
      const kept = codes.flatMap((code, row) => (code === 1 ? [] : [row]));
      const pick = (values: readonly number[]) => kept.map((row) => values[row]!);
      const without = tableFromRegisters([
        number('x', pick(x)),
        number('y', pick(y)),
        classes(pick(codes), labelsOf(3)),
      ]);
      const wanted = await probabilitiesOf(await fitted(estimator, without), table);
      expect(
        largestDifference(
          found.flatMap(([a, , c]) => [a!, c!]),
          wanted.flat(),
        ),
      ).toBeLessThan(1e-10);
    });

    test(`${estimator.name}: priors must be one a class`, async () => {
      await expect(fitted(estimator.with({ priors: [0.5, 0.5] }), table)).rejects.toThrow(/Expected 3 priors/);
      await expect(fitted(estimator.with({ priors: [0, 0, 0] }), table)).rejects.toThrow(/Expected 3 priors/);
    });

    test(`${estimator.name}: the learning curve has the log loss, of held-out rows too`, async () => {
      const { training } = await estimator.fit(table, { target: 'class', validation: table });
      expect(training.history).toHaveLength(1);
      expect(training.history[0]!.validationLoss).toBeCloseTo(training.history[0]!.loss, 12);
      expect(training.history[0]!.loss).toBeLessThan(1.05);
    });
  }

  test('a class of one row has no covariance of its own', async () => {
    const single = tableFromRegisters([
      ...features,
      classes(
        codes.map((_, row) => (row === 5 ? 1 : 0)),
        labelsOf(2),
      ),
    ]);
    await expect(fitted(new QuadraticDiscriminantAnalysis(), single)).rejects.toThrow(/class "class 1" has one/);
    await expect(fitted(new LinearDiscriminantAnalysis(), single)).resolves.toBeDefined();
  });

  test('a singular covariance is shrunk with a warning, or refused where a solver was asked for', async () => {
    const sum = number(
      'sum',
      x.map((value, row) => value - y[row]!),
    );
    const collinear = tableFromRegisters([...features, sum, classes(codes, labelsOf(3))]);
    const { training } = await fitted(new QuadraticDiscriminantAnalysis(), collinear);
    expect(training.warnings![0]!.message).toContain('"class 0", "class 1", "class 2" is singular');
    const eigen = new LinearDiscriminantAnalysis({ solver: 'eigen' });
    await expect(fitted(eigen, collinear)).rejects.toThrow(/can be inverted/);
    expect(() => new LinearDiscriminantAnalysis({ shrinkage: 'auto' })).toThrow(/no shrinkage with solver svd/);
    expect(() => new QuadraticDiscriminantAnalysis({ shrinkage: 'auto', regParam: 0.5 })).toThrow(/or shrinkage/);
  });

  test('more columns than rows: the linear one by the rows, the quadratic one by variances', async () => {
    const wide = Array.from({ length: 40 }, (_, j) =>
      number(
        `x${j}`,
        Array.from({ length: 24 }, (_, row) => random.uniform() + (j < 3 ? row % 2 : 0)),
      ),
    );
    const short = tableFromRegisters([
      ...wide,
      classes(
        Array.from({ length: 24 }, (_, row) => row % 2),
        labelsOf(2),
      ),
    ]);
    for (const estimator of estimators) {
      const model = await fitted(estimator, short);
      expect(model.training.warnings![0]!.name).toBe('singular-covariance');
      expect(model.training.history[0]!.loss).toBeLessThan(0.2);
    }
  });
});
