import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CurveFitOptions, fitCurve } from '#lanewise/models/curve-fit/fit-curve.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import { minimizeResiduals } from '#lanewise/training/levenberg-marquardt.js';
import { curves } from '../../bench/nist/curves.mjs';
import { digits, type NonlinearSet, readStrd } from '../../bench/nist/strd.mjs';

const number = (name: string, values: ArrayLike<number>): RegisterColumn => ({
  name,
  type: 'number',
  values: Float64Array.from(values),
});

function readSet(name: string) {
  const file = join(import.meta.dirname, `../fixtures/nist/${name}.dat`);
  const set = readStrd(readFileSync(file, 'utf8')) as NonlinearSet;
  const names = set.data[0]!.map((_, j) => (j === 0 ? 'y' : set.data[0]!.length === 2 ? 'x' : `x${j}`));
  const response = (value: number) => (name === 'Nelson' ? Math.log(value) : value);
  const table = tableFromRegisters(
    names.map((column, j) =>
      number(
        column,
        set.data.map((row) => (j === 0 ? response(row[0]!) : row[j]!)),
      ),
    ),
  );
  const start = (which: 0 | 1) => Object.fromEntries(set.parameters.map((p) => [p.name, p.starts[which]]));
  return { set, table, start };
}

describe('NIST certified values, from both starts', () => {
  for (const name of ['Misra1a', 'MGH17', 'ENSO', 'Lanczos3', 'Nelson']) {
    const { set, table, start } = readSet(name);
    test.each([0, 1] as const)(`${name}, start %i`, async (which) => {
      const fit = await fitCurve(table, { target: 'y', model: curves[name]!, start: start(which) });
      set.parameters.forEach(({ name: parameter, estimate, error }, j) => {
        expect(digits(fit.parameters[parameter], estimate), parameter).toBeGreaterThan(8.5);
        expect(digits(fit.summary.coefficients[j]!.standardError, error), `error of ${parameter}`).toBeGreaterThan(8.5);
      });
      expect(digits(fit.summary.residualSumOfSquares, set.residualSumOfSquares)).toBeGreaterThan(10);
      expect(fit.training.convergence).toMatchObject({ certificate: 'gauss-newton step', reached: true });
      expect(fit.training.verdict).toMatch(/^converged after/);
      expect(fit.training.history.at(-1)!.loss).toBeCloseTo(set.residualSumOfSquares / 2 / set.data.length, 6);
    });
  }
});

describe('a curve', () => {
  const x = Float64Array.from({ length: 40 }, (_, i) => i / 4);
  const y = x.map((value, i) => 7 * (1 - Math.exp(-0.4 * value)) + 0.1 * Math.sin(i * i));
  const table = tableFromRegisters([number('x', x), number('y', y)]);
  const growth: CurveFitOptions = {
    target: 'y',
    model: ({ x }, { limit, rate }) => limit! * (1 - Math.exp(-rate! * x!)),
    start: { limit: 1, rate: 1 },
  };

  test('has the same parameters with derivatives given as with differences', async () => {
    const plain = await fitCurve(table, growth);
    const given = await fitCurve(table, {
      ...growth,
      derivatives: ({ x }, { limit, rate }) => ({
        limit: 1 - Math.exp(-rate! * x!),
        rate: limit! * x! * Math.exp(-rate! * x!),
      }),
    });
    for (const name of ['limit', 'rate'])
      expect(digits(given.parameters[name], plain.parameters[name]!)).toBeGreaterThan(11);
    given.summary.coefficients.forEach(({ standardError, p }, j) => {
      expect(digits(plain.summary.coefficients[j]!.standardError, standardError!)).toBeGreaterThan(9);
      expect(p).toBeLessThan(1e-15);
    });
    const predicted = given.predict(tableFromRegisters([number('x', [0, 1e9])]));
    expect([...predicted]).toEqual([0, given.parameters['limit']]);
  });

  test('counts rows by their weights: those of weight 0 not at all', async () => {
    const spoilt = y.map((value, i) => (i % 3 === 0 ? 100 : value));
    const weighted = tableFromRegisters([
      number('x', x),
      number('y', spoilt),
      {
        ...number(
          'w',
          x.map((_, i) => (i % 3 === 0 ? 0 : 2)),
        ),
        role: 'weight',
      },
    ]);
    const kept = [...x.keys()].filter((i) => i % 3 > 0);
    const rest = tableFromRegisters([
      number(
        'x',
        kept.map((i) => x[i]!),
      ),
      number(
        'y',
        kept.map((i) => y[i]!),
      ),
    ]);
    const [a, b] = [await fitCurve(weighted, growth), await fitCurve(rest, growth)];
    expect(digits(a.parameters['rate'], b.parameters['rate']!)).toBeGreaterThan(10);
    expect(a.summary.observations).toBe(kept.length);
    expect(digits(a.summary.coefficients[0]!.standardError, b.summary.coefficients[0]!.standardError!)).toBeGreaterThan(
      10,
    );
  });

  test('that the data do not determine converges nowhere and has no errors', async () => {
    const { summary, training } = await fitCurve(table, {
      target: 'y',
      model: ({ x }, { a, b }) => (a! + b!) * x!,
      start: { a: 1, b: 1 },
      maxIter: 20,
    });
    expect(summary.coefficients.map(({ standardError }) => standardError)).toEqual([null, null]);
    expect(training.convergence!.reached).toBe(false);
    expect(training.warnings![0]!.name).toBe('not-converged');
  });

  test('that fits exactly ends at once', async () => {
    const exact = tableFromRegisters([number('x', [0, 1, 2]), number('y', [1, 3, 5])]);
    const fit = await fitCurve(exact, { target: 'y', model: ({ x }, { a, b }) => a! + b! * x!, start: { a: 0, b: 0 } });
    expect(fit.parameters['a']).toBeCloseTo(1, 14);
    expect(fit.training.convergence!.reached).toBe(true);
  });

  test('reports every iteration, ends at a time budget, and when it is cancelled', async () => {
    const { set, table: slow, start } = readSet('MGH17');
    const seen: number[] = [];
    const model = curves[set.name]!;
    const fit = await fitCurve(slow, {
      target: 'y',
      model,
      start: start(0),
      timeBudget: 1e-6,
      onProgress: ({ done, metrics }) => {
        seen.push(done);
        expect(metrics!['loss']).toBeGreaterThan(0);
      },
    });
    expect(seen).toEqual([1]);
    expect(fit.training.verdict).toMatch(/^time budget of 0\.000001 s used up/);
    const controller = new AbortController();
    const stopped = fitCurve(slow, {
      target: 'y',
      model: (features, parameters) => {
        const until = performance.now() + 0.2;
        while (performance.now() < until);
        return model(features, parameters);
      },
      start: start(0),
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('names what is wrong with the start and the data', async () => {
    await expect(fitCurve(table, { ...growth, start: {} })).rejects.toThrow(/parameters of the curve/);
    await expect(fitCurve(table, { ...growth, start: { limit: 1, rate: -1e6 } })).rejects.toThrow(/finite number/);
    const short = tableFromRegisters([number('x', [1, 2]), number('y', [1, 2])]);
    const three: CurveFitOptions = {
      target: 'y',
      model: (_, { a, b, c }) => a! + b! + c!,
      start: { a: 1, b: 1, c: 1 },
    };
    await expect(fitCurve(short, three)).rejects.toThrow(/at least 3 rows/);
  });
});

test('Rosenbrock’s valley, Powell’s singular function and a helix are descended from far off', async () => {
  const problems = [
    {
      // Rosenbrock 1960
      residualCount: 2,
      parameterCount: 2,
      residuals: (p: Float64Array, out: Float64Array) => {
        out[0] = 10 * (p[1]! - p[0]! * p[0]!);
        out[1] = 1 - p[0]!;
      },
      start: [-120, 100],
      solution: [1, 1],
    },
    {
      // Fletcher and Powell's helical valley, 1963
      residualCount: 3,
      parameterCount: 3,
      residuals: (p: Float64Array, out: Float64Array) => {
        const theta = Math.atan2(p[1]!, p[0]!) / (2 * Math.PI);
        out[0] = 10 * (p[2]! - 10 * theta);
        out[1] = 10 * (Math.hypot(p[0]!, p[1]!) - 1);
        out[2] = p[2]!;
      },
      start: [-1, 0.1, 0],
      solution: [1, 0, 0],
    },
  ];
  for (const { start, solution, ...problem } of problems) {
    const options = { maxIterations: 500, tolerance: 1e-10 };
    const found = await minimizeResiduals(problem, Float64Array.from(start), options);
    solution.forEach((value, j) => expect(found.point[j]).toBeCloseTo(value, 8));
  }
  const singular = {
    residualCount: 4,
    parameterCount: 4,
    residuals: (p: Float64Array, out: Float64Array) => {
      out[0] = p[0]! + 10 * p[1]!;
      out[1] = Math.sqrt(5) * (p[2]! - p[3]!);
      out[2] = (p[1]! - 2 * p[2]!) ** 2;
      out[3] = Math.sqrt(10) * (p[0]! - p[3]!) ** 2;
    },
  };
  const found = await minimizeResiduals(singular, Float64Array.of(300, -100, 0, 100), {
    maxIterations: 500,
    tolerance: 1e-10,
  });
  expect(found.squares).toBeLessThan(1e-20);
});
