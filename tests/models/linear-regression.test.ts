import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { saveArtefact } from '#lanewise/deploy/artefact.js';
import { checkManifest } from '#lanewise/deploy/manifest.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { LinearRegression } from '#lanewise/models/linear-regression/linear-regression.js';
import { regressionTable } from '#lanewise/models/linear-regression/regression-table.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import type { CoefficientSummary, RegressionSummary } from '#lanewise/table/interfaces.js';
import { univariate } from '#lanewise/table/univariate.js';
import { digits, readStrd } from '../../bench/nist/strd.mjs';
import { golden } from '../agreement/golden.js';
import { dice } from '../scoring/programs.js';

interface Figures extends Record<Exclude<keyof CoefficientSummary, 'name'>, number[]> {
  whole: { [F in keyof Omit<RegressionSummary, 'coefficients' | 'confidence'>]: number };
}
interface Golden extends Record<'ordinary' | 'throughOrigin' | 'weighted' | 'cubicOfBmi', Figures> {
  columns: Record<string, number[]>;
  target: number[];
  weights: number[];
}
const { columns, target, weights, ...fits } = golden('linear-regression') as Golden;

const number = (name: string, values: ArrayLike<number>): RegisterColumn => ({
  name,
  type: 'number',
  values: Float64Array.from(values),
});
const features = Object.entries(columns).map(([name, values]) => number(name, values));
const diabetes = tableFromRegisters([...features, number('y', target), { ...number('w', weights), role: 'ignore' }]);

/** Every figure of a summary within a relative tolerance. */
function expectFigures(summary: RegressionSummary, expected: Figures): void {
  const close = (found: number | null, wanted: number, what: string) =>
    expect(Math.abs(found! - wanted) / Math.max(Math.abs(wanted), 1e-300), `${what}: ${found}, ${wanted}`).toBeLessThan(
      1e-8,
    );
  const { whole, ...byCoefficient } = expected;
  for (const [name, wanted] of Object.entries(whole)) close(summary[name as keyof typeof whole], wanted, name);
  for (const [name, list] of Object.entries(byCoefficient)) {
    list.forEach((wanted, j) => {
      const entry = summary.coefficients[j]!;
      close(entry[name as 'estimate'], wanted, `${name} of ${entry.name}`);
    });
  }
}

describe('statistics are those of statsmodels', () => {
  const summaryOf = async (parameters: object, options: object = {}, table = diabetes) =>
    (await new LinearRegression(parameters).fit(table, { target: 'y', ...options })).summary!;

  test('ordinary least squares', async () => {
    const summary = await summaryOf({});
    expectFigures(summary, fits.ordinary);
    expect(summary.coefficients.map(({ name }) => name)).toEqual(['(intercept)', ...Object.keys(columns)]);
  });

  test('through the origin', async () => expectFigures(await summaryOf({ fitIntercept: false }), fits.throughOrigin));

  test('weighted', async () => expectFigures(await summaryOf({}, { weights: 'w' }), fits.weighted));

  test('a polynomial', async () => {
    const bmi = tableFromRegisters([number('x2', columns['x2']!), number('y', target)]);
    const summary = await summaryOf({ degree: 3 }, {}, bmi);
    expectFigures(summary, fits.cubicOfBmi);
    expect(summary.coefficients.map(({ name }) => name)).toEqual(['(intercept)', 'x2', 'x2^2', 'x2^3']);
  });
});

describe('NIST certified values', () => {
  const folder = join(import.meta.dirname, '../fixtures/nist');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.dat'))) {
    const set = readStrd(readFileSync(join(folder, file), 'utf8'))!;
    if (set.kind === 'nonlinear') continue;
    test(set.name, async () => {
      if ('mean' in set) {
        const found = univariate(Float64Array.from(set.data, ([value]) => value!));
        expect(digits(found.mean, set.mean)).toBeGreaterThan(12);
        // 10000000.1 is no double: the stored numbers hold no more of the deviation than this.
        expect(digits(found.standardDeviation, set.deviation)).toBeGreaterThan(8.2);
        expect(digits(found.autocorrelation, set.autocorrelation)).toBeGreaterThan(10.9);
      } else if ('degree' in set) {
        const table = tableFromRegisters(
          set.data[0]!.map((_, j) =>
            number(
              j === 0 ? 'y' : `x${j}`,
              set.data.map((row) => row[j]!),
            ),
          ),
        );
        const estimator = new LinearRegression({ degree: set.degree, fitIntercept: set.intercept });
        const model = await estimator.fit(table, { target: 'y' });
        const { coefficients, rSquared, residualStandardError, residualSumOfSquares } = model.summary!;
        set.parameters.forEach(({ name, estimate, error }, j) => {
          expect(digits(coefficients[j]!.estimate, estimate), name).toBeGreaterThan(12);
          expect(digits(coefficients[j]!.standardError, error), `error of ${name}`).toBeGreaterThan(12);
        });
        expect(digits(rSquared, set.rSquared)).toBeGreaterThan(12);
        expect(digits(residualStandardError, set.residualDeviation)).toBeGreaterThan(12);
        // What is predicted is as good: the residuals of the program are those of the fit.
        const predicted = (await model.predict(table)).getChild('prediction')!;
        const squares = set.data.reduce((sum, [y], row) => sum + (y! - (predicted.get(row) as number)) ** 2, 0);
        expect(Math.abs(squares - residualSumOfSquares!)).toBeLessThan(1e-11 * residualSumOfSquares! + 1e-24);
      }
    });
  }
});

describe('columns that depend on one another', () => {
  const x = Float64Array.from({ length: 40 }, (_, i) => Math.sqrt(i) - 3);
  const z = Float64Array.from({ length: 40 }, (_, i) => (i * 7) % 11);
  const y = x.map((value, i) => 2 * value - z[i]! + ((i * 13) % 5));

  test('are named, and the coefficients that they leave open have no error', async () => {
    const table = tableFromRegisters([
      number('x', x),
      number('z', z),
      number(
        'sum',
        x.map((value, i) => value + 2 * z[i]! - 1),
      ),
      number('five', new Float64Array(40).fill(5)),
      number(
        'free',
        x.map((value) => value * value),
      ),
      number('y', y),
    ]);
    const { summary, training } = await new LinearRegression().fit(table, { target: 'y' });
    expect(training.warnings).toEqual([
      {
        name: 'collinear',
        message: '"sum" follows from the intercept, "x", "z"; "five" is 0 everywhere',
      },
    ]);
    const known = Object.fromEntries(
      summary!.coefficients.map(({ name, standardError }) => [name, standardError !== null]),
    );
    expect(known).toEqual({ '(intercept)': false, x: false, z: false, sum: false, five: false, free: true });
    expect(summary!.modelDegreesOfFreedom).toBe(3);
    expect(summary!.conditionNumber).toBeNull();
  });

  test('rounding in a computed column with a large offset is no information', async () => {
    const far = x.map((value) => value + 1e6);
    const table = tableFromRegisters([
      number('far', far),
      number('near', z),
      number(
        'both',
        far.map((v, i) => v + z[i]!),
      ),
      number('y', y),
    ]);
    const { training } = await new LinearRegression().fit(table, { target: 'y' });
    expect(training.warnings?.[0]?.message).toBe('"both" follows from "far", "near"');
  });

  test('more columns than rows: the fit is exact and has no errors', async () => {
    const random = dice(4);
    const wide = Array.from({ length: 9 }, (_, j) =>
      number(
        `x${j}`,
        Array.from({ length: 5 }, () => random.uniform()),
      ),
    );
    const table = tableFromRegisters([...wide, number('y', [3, 1, 4, 1, 5])]);
    const model = await new LinearRegression().fit(table, { target: 'y' });
    expect(model.summary).toMatchObject({ residualDegreesOfFreedom: 0, residualStandardError: null, fStatistic: null });
    const predicted = (await model.predict(table)).getChild('prediction')!;
    [3, 1, 4, 1, 5].forEach((value, row) => expect(predicted.get(row)).toBeCloseTo(value, 10));
  });
});

test('many rows are solved in doubles and refined: the same coefficients and errors', async () => {
  const random = dice(9);
  const rows = 140_000;
  const base = Array.from({ length: 7 }, () => Float64Array.from({ length: rows }, () => random.uniform()));
  const mixed = base.map((values, j) =>
    j === 0 ? values : values.map((value, i) => base[0]![i]! + 1e-3 * value + 100),
  );
  const y = mixed[0]!.map((_, i) => mixed.reduce((sum, values, j) => sum + (j + 1) * values[i]!, random.uniform()));
  const weight = Float64Array.from({ length: rows }, (_, i) => (i < 100 ? 1 : 0));
  const columns = [...mixed.map((values, j) => number(`x${j}`, values)), number('y', y)];
  for (const backend of ['wasm', 'reference'] as const) {
    await using engine = await createEngine({ backend, threads: 1 });
    const { summary } = await new LinearRegression().fit(tableFromRegisters(columns), { target: 'y', engine });
    summary!.coefficients.slice(1).forEach(({ estimate, low, high, standardError }, j) => {
      expect(low! < j + 1 && j + 1 < high!, `${estimate} ± ${standardError}`).toBe(true);
    });
    // The first hundred rows alone, by weights of 0: a small problem, which double-doubles solve.
    const few = tableFromRegisters([...columns, { ...number('w', weight), role: 'weight' }]);
    const head = tableFromRegisters(columns.map((column) => ({ ...column, values: column.values.slice(0, 100) })));
    const [zeros, alone] = await Promise.all(
      [few, head].map((table) => new LinearRegression().fit(table, { target: 'y', engine })),
    );
    expect(zeros!.summary).toEqual(alone!.summary);
  }
});

test('many rows have the figures of the few that they repeat, by products of columns and by QR', async () => {
  const times = 160;
  const repeated = (values: ArrayLike<number>) =>
    Float64Array.from({ length: values.length * times }, (_, i) => values[i % values.length]!);
  const near = columns['x2']!.map((value, i) => value + 1e-4 * ((i * 7) % 11));
  for (const [more, options] of [
    [[], {}],
    [[], { weights: 'w' }],
    [[number('near', near)], {}],
  ] as const) {
    const few = [...features, ...more, number('y', target), { ...number('w', weights), role: 'ignore' as const }];
    const many = few.map((column) => ({ ...column, values: repeated(column.values) }));
    const fitOf = async (all: RegisterColumn[]) =>
      (await new LinearRegression().fit(tableFromRegisters(all), { target: 'y', ...options })).summary!;
    const [small, large] = [await fitOf(few), await fitOf(many)];
    const freedom = Math.sqrt(small.residualDegreesOfFreedom / large.residualDegreesOfFreedom);
    large.coefficients.forEach(({ name, estimate, standardError }, j) => {
      const expected = small.coefficients[j]!;
      expect(digits(estimate, expected.estimate!), name).toBeGreaterThan(12);
      expect(digits(standardError, expected.standardError! * freedom), `error of ${name}`).toBeGreaterThan(9);
    });
    expect(digits(large.rSquared, small.rSquared!)).toBeGreaterThan(11);
    expect(digits(large.residualSumOfSquares! / times, small.residualSumOfSquares!)).toBeGreaterThan(12);
    expect(digits(large.fStatistic! * freedom ** 2, small.fStatistic!)).toBeGreaterThan(11);
  }
});

test('sizes from 1e-300 to 1e300 keep their coefficients', async () => {
  const x = Float64Array.from({ length: 30 }, (_, i) => ((i * 7) % 30) - 12);
  const y = x.map((value, i) => 3 * value + 1 + ((i * 11) % 7) / 10);
  const reference = await new LinearRegression().fit(tableFromRegisters([number('x', x), number('y', y)]), {
    target: 'y',
  });
  for (const size of [2 ** -900, 2 ** 900]) {
    const scaled = tableFromRegisters([
      number(
        'x',
        x.map((value) => value * size),
      ),
      number('y', y),
    ]);
    const { summary } = await new LinearRegression().fit(scaled, { target: 'y' });
    const [, slope] = summary!.coefficients;
    expect(slope!.estimate! * size).toBe(reference.summary!.coefficients[1]!.estimate);
    expect(slope!.t).toBe(reference.summary!.coefficients[1]!.t);
  }
  const tiny = tableFromRegisters([
    number(
      'x',
      x.map((value) => value * 1e-300),
    ),
    number(
      'y',
      y.map((value) => value * 1e50),
    ),
  ]);
  await expect(new LinearRegression().fit(tiny, { target: 'y' })).rejects.toThrow(/coefficients within the range/);
});

test('the summary is saved with the model, and a summary that is none is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanewise-regression-'));
  try {
    const model = await new LinearRegression().fit(diabetes, { target: 'y' });
    const { manifest, model: loaded } = await saveArtefact(join(folder, 'model'), { model });
    expect(loaded.summary).toEqual(model.summary);
    const buffers = readFileSync(join(folder, 'model', 'buffers.bin'));
    const [first] = model.summary!.coefficients;
    for (const wrong of [
      'text',
      { ...model.summary, coefficients: 'none' },
      { ...model.summary, rSquared: '<script>' },
      { ...model.summary, coefficients: [{ ...first, name: 3 }] },
      { ...model.summary, coefficients: [{ ...first, estimate: 'many' }] },
      { ...model.summary, coefficients: [{ name: 'x' }] },
    ]) {
      const changed = { ...manifest, model: { ...manifest.model, summary: wrong } };
      expect(() => checkManifest(changed, buffers)).toThrow(/model\.summary/);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the table of coefficients is text', async () => {
  const { summary } = await new LinearRegression().fit(diabetes, { target: 'y' });
  const text = regressionTable(summary!);
  expect(text.split('\n')[0]).toMatch(/estimate +std\. error +t +p +95 % from +to$/);
  expect(text).toMatch(/^ {2}x8 +68\.483 +15\.67 +4\.37 /m);
  expect(text).toContain('R² 0.51775, adjusted 0.50656; F(10, 431) 46.272, p < 1e−15');
  expect(text).toContain('442 observations, 431 degrees of freedom left');
});
