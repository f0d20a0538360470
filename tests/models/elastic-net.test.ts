import { describe, expect, test } from 'vitest';
import { ElasticNet, ElasticNetCV, Lasso, LassoCV } from '#lanewise/models/elastic-net/elastic-net.js';
import { enetPath, lassoPath } from '#lanewise/models/elastic-net/path.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { golden } from '../agreement/golden.js';

// scikit-learn's answers: tests/agreement/elastic-net.py

const answers = golden('elastic-net');
type SetName = 'diabetes' | 'wine' | 'wide';
const tight = { tol: 4e-15, maxIter: 1_000_000 };

interface Rows {
  columns: number[][];
  target: number[];
  weights?: number[];
}

function rowsOf(name: SetName): Rows {
  const { columns, target, weights } = answers[name];
  return { columns: Object.values(columns), target, weights };
}

function tableOf({ columns, target, weights }: Rows) {
  const registers: RegisterColumn[] = columns.map((values, j) => ({
    name: `x${j}`,
    type: 'number',
    values: Float64Array.from(values),
  }));
  registers.push({ name: 'y', type: 'number', values: Float64Array.from(target) });
  if (weights) registers.push({ name: 'w', type: 'number', role: 'ignore', values: Float64Array.from(weights) });
  return tableFromRegisters(registers);
}

/** All coefficients, the zeros that the program leaves out included. */
function functionOf({ program }: Model) {
  const operation = program.operations.find(({ op }) => op === 'linear');
  if (operation?.op !== 'linear') throw new Error('no linear operation');
  const coefficients = new Float64Array(program.inputs.length);
  operation.inputs.forEach((register, k) => {
    coefficients[register] = operation.coefficients[k]!;
  });
  return { coefficients, intercept: operation.intercepts[0]! };
}

/** scikit-learn's objective. */
function objectiveOf({ columns, target, weights }: Rows, model: Model, alpha: number, ratio: number): number {
  const { coefficients, intercept } = functionOf(model);
  let [loss, total, penalty] = [0, 0, 0];
  target.forEach((y, row) => {
    const weight = weights?.[row] ?? 1;
    let rest = y - intercept;
    columns.forEach((column, j) => {
      rest -= column[row]! * coefficients[j]!;
    });
    loss += weight * rest * rest;
    total += weight;
  });
  for (const w of coefficients) penalty += ratio * Math.abs(w) + 0.5 * (1 - ratio) * w * w;
  return (0.5 * loss) / total + alpha * penalty;
}

/** Largest difference as a share of the largest coefficient. */
function difference(found: ArrayLike<number>, wanted: readonly number[]): number {
  const unit = Math.max(...wanted.map(Math.abs), 1e-12);
  return Math.max(...wanted.map((value, j) => Math.abs(found[j]! - value))) / unit;
}

describe.each(['diabetes', 'wine', 'wide'] as const)('on %s', (name) => {
  const table = tableOf({ ...rowsOf(name), weights: undefined });

  test('coefficients are those of scikit-learn, and the objective is never above theirs', async () => {
    for (const { alpha, l1Ratio, coefficients, intercept, objective } of answers.fits[name]) {
      const estimator = l1Ratio === 1 ? new Lasso({ alpha, ...tight }) : new ElasticNet({ alpha, l1Ratio, ...tight });
      const model = await estimator.fit(table, { target: 'y' });
      const found = functionOf(model);
      const what = `alpha ${alpha}, l1Ratio ${l1Ratio}`;
      expect(difference(found.coefficients, coefficients), what).toBeLessThan(1e-6);
      expect(Math.abs(found.intercept - intercept), what).toBeLessThan(1e-6 * Math.max(1, Math.abs(intercept)));
      const own = objectiveOf({ ...rowsOf(name), weights: undefined }, model, alpha, l1Ratio);
      expect(own, what).toBeLessThanOrEqual(objective * (1 + 1e-12));
      expect(model.training.convergence).toMatchObject({ certificate: 'duality gap', reached: true });
      expect(model.training.history.at(-1)!.loss).toBeCloseTo(own, 9);
    }
  });

  test('the path has the penalties and the coefficients of scikit-learn', async () => {
    for (const { l1Ratio, alphas, coefficients } of answers.paths[name]) {
      const options = { target: 'y', nAlphas: alphas.length, ...tight };
      const path = await (l1Ratio === 1 ? lassoPath(table, options) : enetPath(table, { ...options, l1Ratio }));
      expect(difference(path.alphas, alphas)).toBeLessThan(1e-12);
      path.coefficients.forEach((found, k) => {
        expect(difference(found, coefficients[k]), `alpha ${alphas[k]}`).toBeLessThan(1e-6);
      });
      expect(path.coefficients[0]!.every((value) => Math.abs(value) < 1e-9)).toBe(true);
      expect(Math.max(...path.gaps)).toBeLessThanOrEqual(tight.tol);
    }
  });
});

test('weights, a line through the origin and coefficients of one sign are those of scikit-learn', async () => {
  const rows = rowsOf('diabetes');
  const table = tableOf(rows);
  const cases = [
    { answer: answers.weighted, parameters: {}, options: { weights: 'w' } },
    { answer: answers.origin, parameters: { fitIntercept: false }, options: {} },
    { answer: answers.positive, parameters: { positive: true }, options: {} },
  ];
  for (const { answer, parameters, options } of cases) {
    const estimator = new ElasticNet({ alpha: answer.alpha, l1Ratio: answer.l1Ratio, ...tight, ...parameters });
    const model = await estimator.fit(table, { target: 'y', ...options });
    const found = functionOf(model);
    expect(difference(found.coefficients, answer.coefficients), JSON.stringify(parameters)).toBeLessThan(1e-6);
    expect(found.intercept).toBeCloseTo(answer.intercept, 5);
    const weighed = { ...rows, weights: 'weights' in options ? rows.weights : undefined };
    expect(objectiveOf(weighed, model, answer.alpha, answer.l1Ratio)).toBeLessThanOrEqual(
      answer.objective * (1 + 1e-12),
    );
  }
});

test('cross-validation tries what scikit-learn tries, with its errors, and chooses what it chooses', async () => {
  const table = tableOf({ ...rowsOf('diabetes'), weights: undefined });
  const shared = { cv: 4, shuffle: false, ...tight };
  const cases = [
    { answer: answers.lassoCv, estimator: new LassoCV({ ...shared, nAlphas: 15 }) },
    { answer: answers.elasticNetCv, estimator: new ElasticNetCV({ ...shared, nAlphas: 8, l1Ratio: [0.2, 0.9] }) },
  ];
  for (const { answer, estimator } of cases) {
    const model = await estimator.fit(table, { target: 'y' });
    const search = model.training.search!;
    expect(search.alpha / answer.alpha).toBeCloseTo(1, 10);
    expect(search.l1Ratio).toBe(answer.l1Ratio);
    search.meanSquaredErrors.forEach((byAlpha, r) => {
      byAlpha.forEach((errors, k) => {
        expect(difference(errors, answer.errors[r][k]), `ratio ${r}, alpha ${k}`).toBeLessThan(1e-6);
      });
    });
    expect(difference(functionOf(model).coefficients, answer.coefficients)).toBeLessThan(1e-6);
  }
});

test('both ways of keeping the residual give one solution, also of twins, constants and far scales', async () => {
  const rows = rowsOf('diabetes');
  const [first] = rows.columns;
  const columns = [
    ...rows.columns.slice(0, 6),
    first!,
    first!.map(() => 3),
    first!.map((value) => 1e7 * value + 1e5),
    first!.map((value, row) => 1e-9 * (value + rows.columns[3]![row]!)),
  ];
  // More columns than xᵀ·x is formed for: the same ones, and constants.
  const many = [...columns, ...Array.from({ length: 600 }, () => first!.map(() => 1))];
  const fitted = async (given: number[][]) => {
    const table = tableOf({ columns: given, target: rows.target });
    const estimator = new ElasticNet({ alpha: 0.5, l1Ratio: 0.9, tol: 1e-14, standardize: true });
    return estimator.fit(table, { target: 'y' });
  };
  const [gram, residual] = [await fitted(columns), await fitted(many)];
  const found = functionOf(gram).coefficients;
  expect(found.every(Number.isFinite)).toBe(true);
  expect(found[7]).toBe(0);
  expect(gram.training.convergence!.reached && residual.training.convergence!.reached).toBe(true);
  expect(difference(functionOf(residual).coefficients, [...found])).toBeLessThan(1e-5);
  // An L2 part treats twins alike.
  expect(found[0]! / found[6]!).toBeCloseTo(1, 4);
});

test('the program computes with the columns of a coefficient alone, and still takes all of them', async () => {
  const table = tableOf(rowsOf('wide'));
  const model = await new Lasso({ alpha: 0.5 }).fit(table, { target: 'y' });
  const [operation] = model.program.operations;
  expect(operation).toMatchObject({ op: 'linear' });
  expect(model.program.inputs).toHaveLength(60);
  expect(operation!.op === 'linear' && operation.inputs.length).toBeLessThan(12);
  const nothing = await new Lasso({ alpha: 1e9 }).fit(table, { target: 'y' });
  const mean = answers.wide.target.reduce((sum: number, y: number) => sum + y, 0) / 20;
  expect(nothing.predictSync(Object.fromEntries(nothing.program.inputs.map(({ name }) => [name, 1])))).toBeCloseTo(
    mean,
    12,
  );
  expect(nothing.training.verdict).toMatch(/0 of 60 coefficients/);
  expect(nothing.importances).toBeUndefined();
});

test('passes that do not suffice are named, and so are numbers that are too large', async () => {
  const table = tableOf(rowsOf('diabetes'));
  const short = await new Lasso({ alpha: 1e-4, maxIter: 1, tol: 1e-12 }).fit(table, { target: 'y' });
  expect(short.training.convergence!.reached).toBe(false);
  expect(short.training.warnings).toMatchObject([{ name: 'not-converged' }]);
  const rows = rowsOf('diabetes');
  const huge = tableOf({ ...rows, target: rows.target.map((value) => value * 1e200) });
  await expect(new Lasso().fit(huge, { target: 'y' })).rejects.toMatchObject({ code: 'data' });
  const tiny = tableOf({ ...rows, target: rows.target.map((value) => value * 1e-200) });
  const small = functionOf(await new Lasso({ alpha: 2e-201, ...tight }).fit(tiny, { target: 'y' }));
  const whole = functionOf(await new Lasso({ alpha: 0.2, ...tight }).fit(table, { target: 'y' }));
  expect(
    difference(
      small.coefficients.map((value) => value * 1e200),
      [...whole.coefficients],
    ),
  ).toBeLessThan(2);
});

test('a time budget ends the passes, and random visits end at the same place', async () => {
  const table = tableOf(rowsOf('wide'));
  const cyclic = await new Lasso({ alpha: 0.05, ...tight }).fit(table, { target: 'y' });
  const random = await new Lasso({ alpha: 0.05, ...tight, selection: 'random' }).fit(table, { target: 'y' });
  expect(difference(functionOf(random).coefficients, [...functionOf(cyclic).coefficients])).toBeLessThan(1e-6);
  const ended = await new Lasso({ alpha: 1e-6, ...tight }).fit(table, { target: 'y', timeBudget: 1e-9 });
  expect(ended.training.verdict).toMatch(/time budget of 1e-9 s used up/);
});
