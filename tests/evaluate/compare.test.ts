import { expect, test } from 'vitest';
import { LanewiseError } from '#lanewise/errors.js';
import { compare } from '#lanewise/evaluate/compare.js';
import { measureLatency, programBytes, rowsOf } from '#lanewise/evaluate/cost.js';
import { kFold } from '#lanewise/evaluate/splitter.js';
import { DummyRegressor } from '#lanewise/models/dummy/dummy.js';
import type { Estimator } from '#lanewise/table/interfaces.js';
import { lineEstimator, lineTable } from './estimators.js';

const table = lineTable(120);
const options = { target: 'y', seed: 1, resamples: 200 };

const entries = [
  { name: 'dummy', estimator: new DummyRegressor() },
  { name: 'weak', estimator: lineEstimator({ shrink: 0.5 }) },
  { name: 'line', estimator: lineEstimator({ shrink: 1 }) },
];

/** The same estimator with a model that is harder to read. */
function opaque(estimator: Estimator): Estimator {
  return {
    ...estimator,
    fit: async (rows, fitOptions) => ({ ...(await estimator.fit(rows, fitOptions)), interpretability: 'low' as const }),
  };
}

test('models are ranked on the same folds, with interval, cost and the test against the best', async () => {
  const { comparison, crossValidations } = await compare(entries, table, options);
  expect(comparison.candidates.map(({ name, rank }) => [name, rank])).toEqual([
    ['line', 1],
    ['weak', 2],
    ['dummy', 3],
  ]);
  for (const candidate of comparison.candidates) {
    expect(candidate.interval.low).toBeLessThan(candidate.score);
    expect(candidate.interval.high).toBeGreaterThan(candidate.score);
    expect(candidate.foldScores.length).toBe(5);
    expect(candidate.fitSeconds).toBeGreaterThan(0);
    expect(candidate.latencyMicroseconds).toBeGreaterThan(0);
    expect(candidate.modelBytes).toBeGreaterThan(20);
  }
  expect(comparison.candidates[0]!.againstBest).toBeUndefined();
  expect(comparison.candidates[2]!.againstBest).toMatchObject({ worse: true });
  expect(comparison.candidates[2]!.againstBest!.p).toBeLessThan(0.05);
  expect(comparison.recommended).toBe('line');
  expect(comparison.reason).toMatch(/^Take line: RMSE 1\.\d+.*surely better than weak/);
  expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison);
  expect(Object.keys(crossValidations)).toEqual(['dummy', 'weak', 'line']);
});

test('the same seed gives the same comparison, but for the times', async () => {
  const withoutTimes = async () => {
    const { comparison } = await compare(entries, table, options);
    return comparison.candidates.map(({ fitSeconds: _, latencyMicroseconds: __, ...rest }) => rest);
  };
  expect(await withoutTimes()).toEqual(await withoutTimes());
});

test('a model that is easier to read is taken where it is not surely worse', async () => {
  const pair = [
    { name: 'forest', estimator: opaque(lineEstimator({ shrink: 1 })) },
    { name: 'line', estimator: lineEstimator({ shrink: 0.98 }) },
  ];
  const { comparison } = await compare(pair, table, options);
  expect(comparison.recommended).toBe('line');
  expect(comparison.reason).toMatch(/is not surely worse than that of forest.*easier to follow/);
});

test('two folds prove nothing by themselves, but the rows do', async () => {
  const { comparison } = await compare(entries, table, { ...options, splitter: kFold({ folds: 2 }) });
  const dummy = comparison.candidates.find(({ name }) => name === 'dummy')!;
  expect(dummy.againstBest!.p).toBeGreaterThan(0.05);
  expect(dummy.againstBest!.interval.high).toBeLessThan(0);
  expect(dummy.againstBest!.worse).toBe(true);
});

test('where nothing beats the dummy, that is said', async () => {
  const noise = lineTable(80, { slope: 0, seed: 4 });
  const { comparison } = await compare(entries, noise, options);
  expect(comparison.recommended).toBe('dummy');
  expect(comparison.reason).toMatch(/^No model is surely better than dummy/);
  // Even where another model, as easy to follow, has the better score by chance.
  const lucky = lineTable(60, { slope: 0.25, seed: 8 });
  const { comparison: second } = await compare(entries, lucky, options);
  expect(second.candidates[0]!.name).not.toBe('dummy');
  expect(second.recommended).toBe('dummy');
});

test('a model that cannot be fitted is reported beside the others', async () => {
  const broken: Estimator = {
    ...lineEstimator(),
    fit: async () => {
      throw new LanewiseError('data', 'Expected numbers', { hint: 'Encode them.' });
    },
  };
  const { comparison } = await compare([...entries, { name: 'broken', estimator: broken }], table, options);
  expect(comparison.candidates.length).toBe(3);
  expect(comparison.failed).toEqual([{ name: 'broken', error: 'Expected numbers', hint: 'Encode them.' }]);
  await expect(compare([{ name: 'broken', estimator: broken }], table, options)).rejects.toThrow(
    /None of the 1 models/,
  );
});

test('nothing to compare, or a name twice, is refused', async () => {
  await expect(compare([], table, options)).rejects.toThrow(/at least one/);
  await expect(compare([entries[1]!, entries[1]!], table, options)).rejects.toThrow(/each name once/);
});

test('size counts the arrays of the program as they lie', async () => {
  const model = await lineEstimator().fit(table, { target: 'y' });
  const larger = {
    ...model.program,
    operations: [...model.program.operations, { op: 'bin' as const, in: 0, out: 2, edges: new Float64Array(1000) }],
  };
  const added = programBytes(larger) - programBytes(model.program);
  expect(added).toBeGreaterThanOrEqual(8000);
  expect(added).toBeLessThan(8100);
});

test('latency is that of rows as their owner writes them', async () => {
  const model = await lineEstimator().fit(table, { target: 'y' });
  expect(Object.keys(rowsOf(table, model.program, [0])[0]!)).toEqual(['x']);
  const latency = await measureLatency(model, table);
  expect(latency.calls).toBeGreaterThanOrEqual(3);
  expect(latency.p95Microseconds).toBeGreaterThanOrEqual(latency.medianMicroseconds);
});
