import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { stream } from '#lanewise/engine/random.js';
import { GaussianMixture } from '#lanewise/models/gaussian-mixture/index.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';

const golden = JSON.parse(readFileSync(new URL('../fixtures/gaussian-mixture.json', import.meta.url), 'utf8'));

const tableOf = (columns: readonly ArrayLike<number>[]) =>
  tableFromRegisters(
    columns.map((values, j) => ({ name: `x${j}`, type: 'number' as const, values: Float64Array.from(values) })),
  );

const largest = (a: ArrayLike<number>, b: readonly number[]) =>
  b.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i]!)), 0);

for (const name of ['iris', 'wine']) {
  test.each(['full', 'tied', 'diag', 'spherical'] as const)(
    `from the same clusters, %s components of ${name} are those of scikit-learn`,
    async (covarianceType) => {
      const { columns, start, mixtures } = golden.sets[name];
      const expected = mixtures[covarianceType];
      const table = tableOf(columns);
      const initialCenters = start.flatMap((row: number) => columns.map((column: number[]) => column[row]!));
      const parameters = { nComponents: 3, covarianceType, initialCenters, tol: 1e-6, maxIter: 200 };
      const model = await new GaussianMixture(parameters).fit(table);
      const mixture = model.mixture!;
      expect(mixture.converged).toBe(expected.converged);
      expect(model.training.iterations).toBe(expected.iterations);
      expect(Math.abs(mixture.meanLogLikelihood - expected.score)).toBeLessThan(1e-8);
      expect(Math.abs(mixture.bic / expected.bic - 1)).toBeLessThan(1e-9);
      expect(Math.abs(mixture.aic / expected.aic - 1)).toBeLessThan(1e-9);
      expect(largest(mixture.weights, expected.weights)).toBeLessThan(1e-7);
      expect(largest(mixture.means, expected.means)).toBeLessThan(1e-6);
      expect(largest(mixture.covariances, expected.covariances)).toBeLessThan(1e-6);
      expect([...model.labels!]).toEqual(expected.labels);
      const out = await model.predict(table);
      expect([...readRegister(out, 'prediction').values]).toEqual(expected.labels);
      expect(largest(readRegister(out, 'log_density').values, expected.samples)).toBeLessThan(1e-6);
      for (let k = 0; k < 3; k++) {
        const column = expected.probabilities.map((row: number[]) => row[k]!);
        expect(largest(readRegister(out, `probability_${k}`).values, column)).toBeLessThan(1e-6);
      }
    },
  );
}

/** Long groups that cross the blocks of rows. */
function groups(count: number) {
  const random = stream(5, 'groups');
  const columns = [0, 1, 2].map(() => new Float64Array(count));
  for (let i = 0; i < count; i++) {
    const [along, side] = [3 * random.normal(), 0.3 * random.normal()];
    const second = random.integer(3) === 0;
    columns[0]![i] = along + (second ? 2 : 0);
    columns[1]![i] = (second ? -along : along) + side;
    columns[2]![i] = random.normal();
  }
  return columns;
}

test('the likelihood never falls, and the mixture is the same bits on every backend and thread count', async () => {
  const table = tableOf(groups(20_000));
  const found = [];
  for (const [backend, threads] of [
    ['wasm', 1],
    ['wasm', 2],
  ] as const) {
    await using engine = await createEngine({ backend, threads });
    const model = await new GaussianMixture({ nComponents: 2, maxIter: 12 }).fit(table, { engine, seed: 3 });
    const bounds = model.mixture!.lowerBounds;
    expect(bounds.every((bound, i) => i === 0 || bound >= bounds[i - 1]! - 1e-12)).toBe(true);
    found.push({ mixture: model.mixture, labels: model.labels });
  }
  expect(found[1]).toEqual(found[0]);
  expect(found[0]!.mixture!.weights.some((weight) => Math.abs(weight - 1 / 3) < 0.05)).toBe(true);
});

test('the reference finds what WebAssembly finds', async () => {
  const table = tableOf(groups(600));
  const fits = ['reference', 'wasm'].map(async (backend) => {
    await using engine = await createEngine({ backend: backend as 'wasm', threads: 1 });
    const { mixture, labels } = await new GaussianMixture({ nComponents: 3, initParams: 'random', maxIter: 8 }).fit(
      table,
      { engine },
    );
    return { mixture, labels };
  });
  const [law, other] = await Promise.all(fits);
  expect(other).toEqual(law);
});

test('weights count as so many rows', async () => {
  const columns = groups(200);
  const weights = Float64Array.from({ length: 200 }, (_, i) => i % 3);
  const repeated = [...weights.keys()].flatMap((i) => Array.from({ length: weights[i]! }, () => i));
  const initialCenters = [1, 2].flatMap((row) => columns.map((column) => column[row]!));
  const estimator = new GaussianMixture({ nComponents: 2, initialCenters, maxIter: 20 });
  const weighted = await estimator.fit(tableOf([...columns, weights]), { weights: 'x3' });
  const many = await estimator.fit(tableOf(columns.map((column) => repeated.map((i) => column[i]!))));
  expect(Math.abs(weighted.mixture!.meanLogLikelihood - many.mixture!.meanLogLikelihood)).toBeLessThan(1e-10);
  expect(largest(weighted.mixture!.means, many.mixture!.means)).toBeLessThan(1e-9);
  expect(Math.abs(weighted.mixture!.bic / many.mixture!.bic - 1)).toBeLessThan(1e-10);
});

test('hostile rows have the right answer or an error that names them', async () => {
  const mixed = (columns: readonly number[][], parameters = {}) =>
    new GaussianMixture({ nComponents: 2, ...parameters }).fit(tableOf(columns));
  const far = await mixed([[1e9, 1e9 + 1, 1e9 + 2, 1e9 + 50, 1e9 + 51, 1e9 + 52]], { nInit: 3 });
  expect(new Set(far.labels!.subarray(0, 3)).size + new Set(far.labels!.subarray(3)).size).toBe(2);
  const sorted = [...far.mixture!.means].sort((a, b) => a - b);
  expect(sorted[0]).toBeCloseTo(1e9 + 1, 4);
  expect(sorted[1]).toBeCloseTo(1e9 + 51, 4);
  const same = await mixed([[2, 2, 2, 2]], { nComponents: 1 });
  // Its loss is below 0, and does not fall.
  expect(same.training.verdict).not.toContain('diverged');
  expect(same.mixture!.meanLogLikelihood).toBeGreaterThan(0);
  expect(same.mixture!.covariances[0]).toBeCloseTo(1e-6, 12);
  await expect(mixed([[2, 2, 2, 2]], { regCovar: 0 })).rejects.toThrow(/component 0 is singular/);
  await expect(mixed([[1]])).rejects.toThrow(/at least 2 rows/);
  await expect(mixed([[1, Number.NaN, 3]])).rejects.toThrow(/"x0" lacks 1/);
  await expect(mixed([[1, Infinity, 3]])).rejects.toThrow(/1 infinite/);
  await expect(mixed([[1, 2, 1e200]])).rejects.toThrow(/±1e150/);
  await expect(mixed([[1, 2, 3]], { initialCenters: [1] })).rejects.toThrow(/Expected 2 numbers in initialCenters/);
});
