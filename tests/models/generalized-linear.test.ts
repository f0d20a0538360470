import { readFileSync } from 'node:fs';
import type { Table } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import {
  GammaRegressor,
  PoissonRegressor,
  TweedieRegressor,
} from '#lanewise/models/generalized-linear/generalized-linear.js';
import { HuberRegressor } from '#lanewise/models/huber/huber.js';
import { LogisticRegression } from '#lanewise/models/logistic-regression/logistic-regression.js';
import { QuantileRegressor } from '#lanewise/models/quantile/quantile.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { largestDifference, linearOf } from './linear-data.js';

// Coefficients and objectives of scikit-learn (tests/agreement/generalized-linear.py): never a worse objective, and where
// the optimum is one, the same coefficients.

interface Data {
  readonly columns: number[][];
  readonly target: number[];
  readonly weights: number[];
}
const golden = JSON.parse(readFileSync(new URL('../fixtures/generalized-linear.json', import.meta.url), 'utf8'));
const tables = golden.tables as Readonly<Record<string, Data>>;

/** Columns less their mean by their deviation, as the script has them. */
function standardised(data: Data): Float64Array[] {
  return data.columns.map((column) => {
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length);
    return Float64Array.from(column, (value) => (value - mean) / (deviation || 1));
  });
}

function tableOf(columns: Float64Array[], target: ArrayLike<number>, weights?: number[]): Table {
  return tableFromRegisters([
    ...columns.map((values, j) => ({ name: `x${j}`, type: 'number' as const, values })),
    { name: 'y', type: 'number', values: Float64Array.from(target) },
    ...(weights
      ? [{ name: 'w', type: 'number' as const, role: 'ignore' as const, values: Float64Array.from(weights) }]
      : []),
  ]);
}

const optionsOf = (weighted: boolean) => ({ target: 'y', ...(weighted && { weights: 'w' }) });
const sum = (values: ArrayLike<number>, term: (value: number, i: number) => number) => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += term(values[i]!, i);
  return total;
};

/** Scores of a linear operation, row by row. */
function scoresOf(model: Model, columns: Float64Array[], output = 0): number[] {
  const { coefficients, intercepts } = linearOf(model);
  const count = columns.length;
  return Array.from(columns[0]!, (_, row) =>
    columns.reduce((total, column, j) => total + coefficients[output * count + j]! * column[row]!, intercepts[output]!),
  );
}

for (const wanted of golden.logistic) {
  const { data, penalty, C, l1Ratio, weighted, balanced } = wanted;
  test(`logistic regression, ${data}, ${penalty}, C ${C}${weighted ? ', weighted' : ''}`, async () => {
    const { target, weights } = tables[data]!;
    const columns = standardised(tables[data]!);
    const model = await new LogisticRegression({
      C,
      penalty,
      tol: 1e-9,
      classWeight: balanced ? 'balanced' : null,
      ...(l1Ratio !== null && { l1Ratio }),
    }).fit(tableOf(columns, target, weights), optionsOf(weighted));
    const { coefficients } = linearOf(model);
    const classes = new Set(target).size;
    const outputs = classes === 2 ? 1 : classes;
    const margins = Array.from({ length: outputs }, (_, k) => scoresOf(model, columns, k));
    const counts = target.map((own) => target.filter((other) => other === own).length);
    const loss = sum(target, (own, row) => {
      const scores = outputs === 1 ? [0, margins[0]![row]!] : margins.map((scores) => scores[row]!);
      const top = Math.max(...scores);
      const rest = top + Math.log(sum(scores, (score) => Math.exp(score - top))) - scores[own]!;
      return rest * (weighted ? weights[row]! : 1) * (balanced ? target.length / (classes * counts[row]!) : 1);
    });
    const share = { none: 0, l1: 1, l2: 0, elasticnet: l1Ratio }[penalty as string] as number;
    const size = sum(coefficients, Math.abs);
    const squares = sum(coefficients, (value) => value * value) / 2;
    const objective = loss + (penalty === 'none' ? 0 : (share * size + (1 - share) * squares) / C);
    expect(objective).toBeLessThan(wanted.objective * (1 + 1e-10));
    expect(model.training.convergence).toMatchObject({ reached: true, tolerance: 1e-9 });
    if (share > 0) {
      // The same features are left out.
      expect(model.training.convergence!.certificate).toBe('subgradient norm');
      const expected = wanted.coefficients.flat() as number[];
      expect(expected.filter((value, i) => (value === 0) !== (coefficients[i] === 0)).length).toBeLessThan(3);
    }
    expect(largestDifference(coefficients, wanted.coefficients.flat())).toBeLessThan(share > 0 ? 2e-3 : 1e-5);
  });
}

for (const solver of ['lbfgs', 'newton-cholesky', 'newton-cg'] as const) {
  for (const [data, penalty] of [
    ['breast', 'l2'],
    ['breast', 'l1'],
    ['few', 'none'],
    ['digits', 'l2'],
  ] as const) {
    if (solver === 'newton-cg' && penalty === 'l1') continue;
    test(`${solver} ends where the solver of choice ends: ${data}, ${penalty}`, async () => {
      const table = tableOf(standardised(tables[data]!), tables[data]!.target);
      const run = (chosen: 'auto' | typeof solver) =>
        new LogisticRegression({ C: 0.1, penalty, solver: chosen, tol: 1e-7 }).fit(table, { target: 'y' });
      const [one, other] = [await run(solver), await run('auto')];
      expect(one.training.convergence!.reached).toBe(true);
      expect(largestDifference(linearOf(one).coefficients, linearOf(other).coefficients)).toBeLessThan(1e-4);
    });
  }
}

test('newton-cg has no L1 penalty, and says so', async () => {
  const table = tableOf(standardised(tables['few']!), tables['few']!.target);
  const fit = new LogisticRegression({ penalty: 'l1', solver: 'newton-cg' }).fit(table, { target: 'y' });
  await expect(fit).rejects.toThrow(/solver.*newton-cg/);
});

/** Mean half deviance, as scikit-learn has it. */
function halfDeviance(power: number, y: number, mean: number): number {
  if (power === 0) return (y - mean) ** 2 / 2;
  if (power === 1) return (y > 0 ? y * Math.log(y / mean) : 0) - y + mean;
  if (power === 2) return Math.log(mean / y) + y / mean - 1;
  const [one, two] = [1 - power, 2 - power];
  return Math.max(y, 0) ** two / (one * two) - (y * mean ** one) / one + mean ** two / two;
}

for (const wanted of golden.tweedie) {
  const { power, link, alpha, weighted } = wanted;
  test(`Tweedie of power ${power}, link ${link}, alpha ${alpha}${weighted ? ', weighted' : ''}`, async () => {
    const { target, weights } = tables['diabetes']!;
    const columns = standardised(tables['diabetes']!);
    const settings = { alpha, tol: 1e-10 };
    const estimator =
      power === 1
        ? new PoissonRegressor(settings)
        : power === 2
          ? new GammaRegressor(settings)
          : new TweedieRegressor({ ...settings, power, link });
    const model = await estimator.fit(tableOf(columns, target, weights), optionsOf(weighted));
    const { coefficients, intercepts } = linearOf(model);
    const means = scoresOf(model, columns).map((score) => (link === 'log' ? Math.exp(score) : score));
    const weight = (row: number) => (weighted ? weights[row]! : 1);
    const loss =
      sum(target, (y, row) => weight(row) * halfDeviance(power, y, means[row]!)) / sum(target, (_, row) => weight(row));
    const objective = loss + (alpha / 2) * sum(coefficients, (value) => value * value);
    expect(objective).toBeLessThan(wanted.objective * (1 + 1e-10));
    expect(largestDifference(coefficients, wanted.coefficients)).toBeLessThan(2e-5);
    expect(largestDifference(intercepts, [wanted.intercept])).toBeLessThan(2e-5);
    expect(model.training.convergence).toMatchObject({ certificate: 'gradient norm', reached: true });
    const predicted = readRegister(await model.predict(tableOf(columns, target)), 'prediction').values;
    expect(largestDifference(predicted, means)).toBeLessThan(1e-12);
  });
}

for (const wanted of golden.huber) {
  const { epsilon, alpha, weighted } = wanted;
  test(`Huber, epsilon ${epsilon}, alpha ${alpha}${weighted ? ', weighted' : ''}`, async () => {
    const { target, weights } = tables['diabetes']!;
    const columns = standardised(tables['diabetes']!);
    const stained = target.map((y, row) => y + (row % 11 === 3 ? 400 : 0));
    const model = await new HuberRegressor({ epsilon, alpha }).fit(
      tableOf(columns, stained, weights),
      optionsOf(weighted),
    );
    const { coefficients, intercepts } = linearOf(model);
    const scores = scoresOf(model, columns);
    const scale = Number(/scale ([\d.]+)/.exec(model.training.verdict)![1]);
    expect(Math.abs(scale / wanted.scale - 1)).toBeLessThan(1e-3);
    const objective = sum(stained, (y, row) => {
      const z = Math.abs(y - scores[row]!) / wanted.scale;
      const loss = z <= epsilon ? z * z : 2 * epsilon * z - epsilon ** 2;
      return (weighted ? weights[row]! : 1) * wanted.scale * (1 + loss);
    });
    expect(objective + alpha * sum(coefficients, (value) => value * value)).toBeLessThan(wanted.objective * (1 + 1e-9));
    expect(largestDifference(coefficients, wanted.coefficients)).toBeLessThan(1e-3);
    expect(largestDifference(intercepts, [wanted.intercept])).toBeLessThan(1e-3);
    expect(model.training.convergence!.reached).toBe(true);
  });
}

for (const wanted of golden.quantile) {
  const { quantile, alpha, weighted, fitIntercept } = wanted;
  test(`quantile ${quantile}, alpha ${alpha}${weighted ? ', weighted' : ''}: the linear program's optimum`, async () => {
    const { target, weights } = tables['diabetes']!;
    const columns = standardised(tables['diabetes']!);
    const model = await new QuantileRegressor({ quantile, alpha, fitIntercept }).fit(
      tableOf(columns, target, weights),
      optionsOf(weighted),
    );
    const { coefficients } = linearOf(model);
    const scores = scoresOf(model, columns);
    const weight = (row: number) => (weighted ? weights[row]! : 1);
    const loss = sum(target, (y, row) => {
      const rest = y - scores[row]!;
      return weight(row) * Math.max(quantile * rest, (quantile - 1) * rest);
    });
    const objective = loss / sum(target, (_, row) => weight(row)) + alpha * sum(coefficients, Math.abs);
    expect(objective).toBeLessThan(wanted.objective * (1 + 1e-10));
    expect(objective).toBeGreaterThan(wanted.objective * (1 - 1e-8));
    expect(model.training.convergence).toMatchObject({ certificate: 'duality gap', reached: true });
    // A corner: as many residuals are 0 as there are coefficients that are not.
    const met = target.filter((y, row) => Math.abs(y - scores[row]!) < 1e-9 * (1 + Math.abs(y))).length;
    const free = sum(coefficients, (value) => (value === 0 ? 0 : 1)) + (fitIntercept ? 1 : 0);
    expect(met).toBeGreaterThanOrEqual(free);
  });
}

describe('tables that are not as they should be', () => {
  const x = Float64Array.from({ length: 40 }, (_, row) => ((row * 7) % 40) - 20);
  const z = Float64Array.from({ length: 40 }, (_, row) => Math.sin(row));
  const counts = Float64Array.from(x, (value, row) => Math.round(Math.exp(0.05 * value + 1 + Math.cos(row))));
  const linear = Float64Array.from(x, (value, row) => 3 + 2 * value + Math.cos(3 * row));
  const names = (model: Model) => (model.training.warnings ?? []).map(({ name }) => name);

  test('classes that a line parts: without a penalty a warning by name, with one none', async () => {
    const table = tableOf(
      [x, z],
      x.map((value) => (value > 0 ? 1 : 0)),
    );
    const free = await new LogisticRegression({ penalty: 'none' }).fit(table, { target: 'y' });
    expect(names(free)).toContain('separable');
    expect(free.training.verdict).toMatch(/the classes are separable/);
    const held = await new LogisticRegression().fit(table, { target: 'y' });
    expect(names(held)).toEqual([]);
    // All but the rows on the boundary itself.
    const touching = tableOf(
      [x],
      x.map((value, row) => (value > 0 || (value === 0 && row % 2 === 0) ? 1 : 0)),
    );
    expect(names(await new LogisticRegression({ penalty: 'none' }).fit(touching, { target: 'y' }))).toContain(
      'separable',
    );
    const apart = x.map((value) => (value > 8 ? 2 : value > -8 ? 1 : 0));
    const three = await new LogisticRegression({ penalty: 'none' }).fit(tableOf([x, z], apart), { target: 'y' });
    expect(names(three)).toContain('separable');
  });

  test('classes that overlap, however far apart columns are in scale, are not separable', async () => {
    const target = x.map((value, row) => (value + 25 * Math.cos(row) > 0 ? 1 : 0));
    for (const scale of [1, 1e150, 1e-150]) {
      const table = tableOf([x.map((value) => value * scale), z], target);
      const model = await new LogisticRegression({ penalty: 'none', tol: 1e-8 }).fit(table, { target: 'y' });
      expect(names(model)).toEqual([]);
      const plain = await new LogisticRegression({ penalty: 'none', tol: 1e-8 }).fit(tableOf([x, z], target), {
        target: 'y',
      });
      const scaled = linearOf(model).coefficients.map((value, j) => (j === 0 ? value * scale : value));
      expect(largestDifference(scaled, linearOf(plain).coefficients)).toBeLessThan(1e-6);
    }
  });

  test('collinear columns: a warning by name, and both share the work', async () => {
    const target = x.map((value, row) => (value + 25 * Math.cos(row) > 0 ? 1 : 0));
    const table = tableOf([x, x.map((value) => 2 * value), z], target);
    const model = await new LogisticRegression({ penalty: 'none' }).fit(table, { target: 'y' });
    expect(names(model)).toEqual(['collinear']);
    const { coefficients } = linearOf(model);
    expect(coefficients[0]).toBeCloseTo(2 * coefficients[1]!, 6);
    const poisson = await new PoissonRegressor({ alpha: 0 }).fit(tableOf([x, x, z], counts), { target: 'y' });
    expect(names(poisson)).toEqual(['collinear']);
  });

  test('a class whose rows weigh nothing is named', async () => {
    const target = x.map((_, row) => row % 2);
    const fit = new LogisticRegression().fit(tableOf([x], target, [...target]), { target: 'y', weights: 'w' });
    await expect(fit).rejects.toThrow(/every class of "y" with a weight above 0 but "0" has none/);
    const byClass = new LogisticRegression({ classWeight: { 1: 0 } }).fit(tableOf([x], target), { target: 'y' });
    await expect(byClass).rejects.toThrow(/"1" has none/);
  });

  test('targets that a distribution cannot have are refused with the row', async () => {
    const fitted = (estimator: PoissonRegressor | GammaRegressor | TweedieRegressor, value: number) =>
      estimator.fit(
        tableOf(
          [x],
          counts.map((count, row) => (row === 4 ? value : count + 1)),
        ),
        { target: 'y' },
      );
    await expect(fitted(new PoissonRegressor(), -1)).rejects.toThrow(/at least 0 for poisson.*-1/);
    await expect(fitted(new GammaRegressor(), 0)).rejects.toThrow(/above 0 for gamma/);
    await expect(fitted(new TweedieRegressor({ power: 3 }), 0)).rejects.toThrow(/above 0 for tweedie \(power 3\)/);
    expect(() => new TweedieRegressor({ power: 0.5 })).toThrow(/not between 0 and 1/);
    expect(() => new QuantileRegressor({ quantile: 1 })).toThrow(/below 1/);
  });

  for (const scale of [1e90, 1e-90]) {
    test(`targets and columns of the scale ${scale}: the same function, scaled`, async () => {
      const table = tableOf([x, z], linear);
      const scaled = tableOf(
        [x.map((value) => value * scale), z],
        linear.map((value) => value * scale),
      );
      for (const estimator of [
        new HuberRegressor({ alpha: 0 }),
        new QuantileRegressor({ alpha: 0 }),
        new TweedieRegressor({ alpha: 0 }),
      ]) {
        const [one, other] = [
          await estimator.fit(table, { target: 'y' }),
          await estimator.fit(scaled, { target: 'y' }),
        ];
        const back = linearOf(other).coefficients.map((value, j) => (j === 0 ? value : value / scale));
        expect(largestDifference(back, linearOf(one).coefficients)).toBeLessThan(1e-6);
      }
      const positive = tableOf(
        [x, z],
        counts.map((count) => (count + 1) * scale),
      );
      const small = tableOf(
        [x, z],
        counts.map((count) => count + 1),
      );
      for (const estimator of [new PoissonRegressor({ alpha: 0 }), new GammaRegressor({ alpha: 0.1 })]) {
        const [one, other] = [
          await estimator.fit(small, { target: 'y' }),
          await estimator.fit(positive, { target: 'y' }),
        ];
        expect(largestDifference(linearOf(other).coefficients, linearOf(one).coefficients)).toBeLessThan(1e-6);
      }
    });
  }

  test('rows that lie on a plane: every robust fit finds it, outliers or not', async () => {
    const exact = x.map((value, row) => 3 + 2 * value - z[row]! + (row % 9 === 0 ? 100 : 0));
    for (const estimator of [new HuberRegressor({ alpha: 0 }), new QuantileRegressor({ alpha: 0 })]) {
      const { coefficients, intercepts } = linearOf(await estimator.fit(tableOf([x, z], exact), { target: 'y' }));
      expect(largestDifference([...coefficients, ...intercepts], [2, -1, 3])).toBeLessThan(1e-5);
    }
  });

  test('too few steps: a certificate that was not reached, and a warning by that name', async () => {
    for (const estimator of [
      new LogisticRegression({ maxIter: 1 }),
      new LogisticRegression({ maxIter: 1, penalty: 'l1' }),
      new PoissonRegressor({ maxIter: 1 }),
      new HuberRegressor({ maxIter: 1 }),
      new QuantileRegressor({ maxIter: 1 }),
    ]) {
      const target =
        estimator.task === 'classification' ? x.map((value, row) => (value > 20 * z[row]! ? 1 : 0)) : counts;
      const { training } = await estimator.fit(tableOf([x, z], target), { target: 'y' });
      expect(training.convergence!.reached).toBe(false);
      expect(training.warnings!.map(({ name }) => name)).toContain('not-converged');
      expect(training.verdict).toMatch(/^not converged after 1 iteration/);
    }
  });

  test('a time budget ends a fit, and the verdict says so', async () => {
    const wide = Array.from({ length: 60 }, (_, j) =>
      Float64Array.from({ length: 4000 }, (_, row) => Math.sin(row * (j + 1.3))),
    );
    const target = wide[0]!.map((value, row) => (value + Math.cos(row * 0.7) > 0 ? 1 : 0));
    const model = await new LogisticRegression({ solver: 'lbfgs', tol: 1e-14 }).fit(tableOf(wide, target), {
      target: 'y',
      timeBudget: 1e-6,
    });
    expect(model.training.iterations).toBe(1);
    expect(model.training.verdict).toMatch(/time budget of 0.000001 s used up/);
  });
});

test('large fits start from a sample of their rows, and end where small steps end', async () => {
  const rows = 530_000;
  const noise = (row: number, j: number) => Math.sin(12.9898 * row + 78.233 * j + row * row * 1e-3);
  const columns = [0, 1, 2].map((j) => Float64Array.from({ length: rows }, (_, row) => noise(row, j) + j));
  // Sorted by class, so that the first rows alone would tell nothing.
  const target = Float64Array.from({ length: rows }, (_, row) => (row < rows / 3 ? 0 : 1));
  for (let row = 0; row < rows; row++) columns[0]![row]! += target[row]! * 0.7;
  const table = tableOf(columns, target);
  const sampled = await new LogisticRegression({ tol: 1e-9 }).fit(table, { target: 'y' });
  const newton = await new LogisticRegression({ tol: 1e-9, solver: 'newton-cholesky' }).fit(table, { target: 'y' });
  expect(sampled.training.convergence!.reached).toBe(true);
  expect(sampled.training.history[0]!.loss).toBeLessThan(newton.training.history[0]!.loss);
  expect(largestDifference(linearOf(sampled).coefficients, linearOf(newton).coefficients)).toBeLessThan(5e-6);
});
