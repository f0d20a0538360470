import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { calibrationCurve, rankingCurves, residualReport, thresholdTable, wilson } from '#lanewise/evaluate/curves.js';
import { diagnose } from '#lanewise/evaluate/diagnosis.js';
import { metricNamed } from '#lanewise/evaluate/metrics.js';
import { evaluateClustering, evaluateModel } from '#lanewise/evaluate/report.js';
import { makeModel } from '#lanewise/models/model.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import type { Scored } from '#lanewise/table/interfaces.js';
import { classTable, lineEstimator, lineTable, meansEstimator } from './estimators.js';

test('a regression is evaluated with intervals, residuals, slices and a verdict, as plain data', async () => {
  const train = lineTable(300, { seed: 1 });
  const test = lineTable(200, { seed: 2, missingEvery: 50 });
  const model = await lineEstimator({ shrink: 1 }).fit(train, { target: 'y' });
  const report = await evaluateModel(model, test, { train, slices: ['half', 'x'], resamples: 200 });
  expect(report).toMatchObject({ target: 'y', rows: 196, excludedRows: 4, task: 'regression' });
  const rmse = report.metrics.find(({ label }) => label === 'RMSE')!;
  expect(rmse.value).toBe(-rmse.score);
  expect(rmse.valueLow).toBeLessThan(rmse.value);
  expect(rmse.valueHigh).toBeGreaterThan(rmse.value);
  expect(rmse.value).toBeGreaterThan(0.85);
  expect(rmse.value).toBeLessThan(1.15);
  expect(report.metrics.map(({ label }) => label)).toEqual(expect.arrayContaining(['MSE', 'MAE', 'R²']));
  expect(report.regression!.histogram.counts.reduce((a, b) => a + b)).toBe(196);
  expect(report.diagnosis.verdict).toBe('good');
  expect(report.diagnosis.sentence).toMatch(/^No over-fit: RMSE .* on training rows against .* on rows it never saw/);
  expect(report.slices.filter(({ column }) => column === 'half').map(({ value }) => value)).toEqual(['left', 'right']);
  expect(report.slices.filter(({ column }) => column === 'x').length).toBe(4);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('a classification is evaluated with confusion matrix, curves and calibration', async () => {
  const train = classTable(200, ['no', 'yes'], 1);
  const test = classTable(150, ['no', 'yes'], 2);
  const model = await meansEstimator().fit(train, { target: 'kind' });
  const report = await evaluateModel(model, test, { train, resamples: 200 });
  const { confusion, perClass, curves, calibration, thresholds } = report.classification!;
  expect(confusion.flat().reduce((a, b) => a + b)).toBe(150);
  expect(confusion[0]!.reduce((a, b) => a + b)).toBe(75);
  const accuracy = report.metrics.find(({ metric }) => metric === 'accuracy')!;
  expect((confusion[0]![0]! + confusion[1]![1]!) / 150).toBeCloseTo(accuracy.score, 12);
  expect(perClass[1]).toMatchObject({ label: 'yes', rows: 75 });
  expect(perClass[1]!.recall).toBeCloseTo(confusion[1]![1]! / 75, 12);
  expect(curves.length).toBe(1);
  expect(curves[0]!.area).toBeCloseTo(report.metrics.find(({ metric }) => metric === 'roc_auc')!.score, 12);
  expect(curves[0]!.roc.at(0)).toMatchObject({ x: 0, y: 0 });
  expect(curves[0]!.roc.at(-1)).toMatchObject({ x: 1, y: 1 });
  expect(calibration.reduce((sum, bin) => sum + bin.rows, 0)).toBe(150);
  expect(thresholds.find(({ threshold }) => threshold === 0.5)!.recall).toBeCloseTo(perClass[1]!.recall, 12);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('a class that the model was never shown is left out and counted', async () => {
  const model = await meansEstimator().fit(classTable(60, ['a', 'b']), { target: 'kind' });
  const report = await evaluateModel(model, classTable(90, ['a', 'b', 'c']), { resamples: 50 });
  expect(report).toMatchObject({ rows: 60, excludedRows: 30 });
});

test('a slice on which the model is worse is marked', async () => {
  const model = await lineEstimator({ shrink: 1 }).fit(lineTable(300), { target: 'y' });
  const calm = lineTable(400, { seed: 3, noise: 0.5 });
  const x = calm.getChild('x')!.toArray() as Float64Array;
  const y = calm.getChild('y')!.toArray() as Float64Array;
  const site = y.map((_, row) => row % 2);
  const noisy = y.map((value, row) => (site[row] === 1 ? value + (row % 4 === 1 ? 4 : -4) : value));
  const table = tableFromRegisters([
    { name: 'x', type: 'number', values: Float64Array.from(x) },
    { name: 'y', type: 'number', values: noisy },
    { name: 'site', type: 'category', labels: ['calm', 'noisy'], values: site },
  ]);
  const report = await evaluateModel(model, table, { slices: ['site'], resamples: 200 });
  expect(report.slices.map(({ value, worse }) => [value, worse])).toEqual([
    ['calm', false],
    ['noisy', true],
  ]);
});

const rmse = metricNamed('neg_root_mean_squared_error');

test.each([
  ['good', { train: -1, test: -1.02, baseline: -4 }],
  ['slight-over-fit', { train: -1, test: -1.4, baseline: -4 }],
  ['over-fit', { train: -0.1, test: -2, baseline: -4 }],
  ['under-fit', { train: -3.5, test: -3.6, baseline: -4 }],
  ['useless', { train: -0.1, test: -4.1, baseline: -4 }],
  ['shift', { train: -1, validation: -1.1, test: -2, testLow: -2.2, testHigh: -1.8, baseline: -4 }],
  ['unknown', { test: -2 }],
] as const)('the verdict is %s', (verdict, stages) => {
  const diagnosis = diagnose(rmse, stages);
  expect(diagnosis.verdict).toBe(verdict);
  expect(diagnosis.sentence).toMatch(/\.$/);
});

test('a test score is held against what validation promised', () => {
  const stages = { train: -1, test: -2, testLow: -2.2, testHigh: -1.8, baseline: -4 };
  expect(diagnose(rmse, { ...stages, validation: -2.1 }).sentence).toMatch(/keeps what the 2.1 of validation promised/);
  expect(diagnose(rmse, { ...stages, validation: -3 }).sentence).toMatch(/better than the 3 of validation/);
});

test('a clustering is evaluated on its points and against known groups', async () => {
  const table = classTable(90, ['a', 'b', 'c'], 1, 12);
  const model = makeModel({
    estimator: 'centres',
    task: 'clustering',
    parameters: {},
    program: {
      inputs: [{ name: 'x', type: 'number' }],
      operations: [{ op: 'centroids', inputs: [0], out: 1, distances: [2, 3, 4], centers: Float64Array.of(0, 12, 24) }],
      outputs: [{ name: 'prediction', register: 1, type: 'number' }],
      registerCount: 5,
    },
    training: { rows: 90, iterations: 1, bestIteration: 1, lossName: 'inertia', history: [], verdict: '' },
    interpretability: 'medium',
  });
  const report = await evaluateClustering(model, table, { target: 'kind' });
  expect(report).toMatchObject({ clusters: 3, rows: 90, sizes: [30, 30, 30] });
  expect(report.agreement!['adjusted_rand_score']).toBe(1);
  expect(report.silhouette).toBeGreaterThan(0.7);
  // Noise is counted, and left out of the figures.
  const { program } = model;
  const near = {
    op: 'nearestLabel',
    inputs: [0],
    out: 1,
    metric: 'euclidean',
    k: 0,
    points: Float64Array.of(0, 12, 24),
    labels: Int32Array.of(0, -1, 1),
    limits: new Float64Array(0),
    cores: new Float64Array(0),
  } as const;
  const noisy = makeModel({ ...model, program: { ...program, operations: [near], registerCount: 2 } });
  const rest = await evaluateClustering(noisy, table);
  expect(rest).toMatchObject({ clusters: 2, rows: 60, noise: 30, sizes: [30, 30] });
  expect(rest.silhouette).toBeGreaterThan(report.silhouette);
  await expect(evaluateModel(model, table, { target: 'kind' })).rejects.toThrow(/evaluateClustering|no target/);
});

/** Probabilities of which `share(p)` come true. */
function binaryScored(rows: number, share: (p: number) => number): Scored {
  const random = stream(1, 'binary');
  const positive = Float64Array.from({ length: rows }, () => random.uniform());
  return {
    target: positive.map((p) => Number(random.uniform() < share(p))),
    prediction: positive.map((p) => Number(p >= 0.5)),
    probabilities: [positive.map((p) => 1 - p), positive],
  };
}

test('calibrated probabilities lie within their intervals, and wrong ones do not', () => {
  const inside = (scored: Scored) =>
    calibrationCurve(scored).filter(({ predicted, low, high }) => predicted >= low && predicted <= high).length;
  expect(inside(binaryScored(4000, (p) => p))).toBeGreaterThanOrEqual(8);
  expect(inside(binaryScored(4000, (p) => p * p))).toBeLessThanOrEqual(5);
  const error = metricNamed('neg_expected_calibration_error');
  expect(error.natural(error.score(binaryScored(4000, (p) => p)))).toBeLessThan(0.03);
  expect(error.natural(error.score(binaryScored(4000, (p) => p * p)))).toBeGreaterThan(0.1);
});

test('curves of many rows are thinned to what a picture shows, ends kept', () => {
  const [curve] = rankingCurves(
    binaryScored(5000, (p) => p),
    ['no', 'yes'],
  );
  expect(curve!.roc.length).toBe(200);
  expect(curve!.roc.at(-1)).toMatchObject({ x: 1, y: 1 });
  expect(curve!.lift.at(-1)!.y).toBeCloseTo(1, 12);
  expect(curve!.precisionRecall.at(-1)!.x).toBe(1);
});

test('a higher threshold calls fewer rows positive', () => {
  const rows = thresholdTable(binaryScored(500, (p) => p));
  for (let i = 1; i < rows.length; i++) expect(rows[i]!.positiveShare).toBeLessThanOrEqual(rows[i - 1]!.positiveShare);
});

test('residuals of a biased model show the bias', () => {
  const target = Float64Array.from({ length: 300 }, (_, row) => row);
  const report = residualReport({ target, prediction: target.map((value) => value * 0.5) });
  expect(report.mean).toBeCloseTo(74.75, 9);
  expect(report.byPrediction[0]!.mean).toBeLessThan(report.byPrediction.at(-1)!.mean);
  expect(report.byPrediction.reduce((sum, { rows }) => sum + rows, 0)).toBe(300);
  expect(report.points.length).toBe(300);
});

test("Wilson's interval stays within 0 … 1 and holds the share", () => {
  expect(wilson(0, 20)).toMatchObject({ low: 0 });
  const { low, high } = wilson(8, 10);
  expect(low).toBeCloseTo(0.4902, 4);
  expect(high).toBeCloseTo(0.9433, 4);
});
