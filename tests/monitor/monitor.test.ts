import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { driftOf } from '#lanewise/monitor/drift.js';
import { monitor } from '#lanewise/monitor/monitor.js';
import { buildReference, profileColumn } from '#lanewise/monitor/profile.js';
import { concatenate, retrain } from '#lanewise/monitor/retrain.js';
import { type RegisterColumn, readRegister, selectColumns, tableFromRegisters } from '#lanewise/table/columns.js';
import { classTable, lineEstimator, lineTable, meansEstimator } from '../evaluate/estimators.js';

const recipe = lineEstimator({ shrink: 1 });
const train = lineTable(600, { seed: 1 });
const held = lineTable(300, { seed: 2 });

async function deployed() {
  const model = await recipe.fit(train, { target: 'y' });
  const reference = await buildReference(train, { model, target: 'y', heldOut: held, resamples: 200 });
  return { model, reference };
}

test('the reference is plain data of bounded size, without a row of the table', async () => {
  const { reference } = await deployed();
  const text = JSON.stringify(reference);
  expect(JSON.parse(text)).toEqual(reference);
  expect(text.length).toBeLessThan(30_000);
  expect(reference.columns.map(({ name, kind }) => [name, kind])).toEqual([
    ['x', 'number'],
    ['half', 'category'],
  ]);
  expect(reference.error).toMatchObject({ metric: 'neg_root_mean_squared_error', rows: 300 });
  expect(reference.error!.baseline).toBeLessThan(reference.error!.score);
});

test('the same kind of rows is stable, and says so', async () => {
  const { model, reference } = await deployed();
  const report = await monitor(reference, lineTable(400, { seed: 9 }), { model, time: 'when', resamples: 200 });
  expect(report.verdict).toBe('stable');
  expect(report.retrain).toBe(false);
  expect(report.reasons.join(' ')).toMatch(/The model holds.*None of 2 columns has drifted/);
  expect(report.error!.period).toBe('day');
  expect(report.error!.periods.length).toBe(7);
  expect(report.error!.periods.reduce((sum, { rows }) => sum + rows, 0)).toBe(400);
  expect(report.error!.periods[0]!.start).toBe('2024-01-01');
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('a model that has become worse is retrained, though no feature has drifted', async () => {
  const { model, reference } = await deployed();
  const report = await monitor(reference, lineTable(400, { seed: 9, slope: 4 }), {
    model,
    time: 'when',
    resamples: 200,
  });
  expect(report.verdict).toBe('retrain');
  expect(report.reasons[0]).toMatch(
    /^The model has become worse: the realised RMSE is .* \(\d+ % worse, beyond chance\)/,
  );
  expect(report.columns.every(({ drift }) => drift === 'none')).toBe(true);
  expect(report.error!.periods.every(({ worse }) => worse)).toBe(true);
  expect(report.error!.alarms.length).toBeGreaterThan(0);
});

const shifted = (table: ReturnType<typeof lineTable>, by: number) => {
  const columns = ['x', 'y', 'half', 'when'].map((name): RegisterColumn => readRegister(table, name));
  return tableFromRegisters(
    columns.map((column) => (column.name === 'x' ? { ...column, values: column.values.map((x) => x + by) } : column)),
  );
};

test('drift without labels is watched; far and wide, with the predictions, it asks for retraining', async () => {
  const { model, reference } = await deployed();
  const mild = selectColumns(shifted(lineTable(900, { seed: 9 }), 0.4), ['x', 'half']);
  const watch = await monitor(reference, mild, { model });
  expect(watch.error).toBeUndefined();
  expect(watch.verdict).toBe('watch');
  const far = await monitor(reference, selectColumns(shifted(lineTable(900, { seed: 9 }), 3), ['x', 'half']), {
    model,
  });
  expect(far.columns[0]).toMatchObject({ name: 'x', drift: 'large' });
  expect(far.prediction!.drift).toBe('large');
  expect(far.verdict).toBe('retrain');
});

test('significance alone is no drift: many rows make a tiny shift significant', () => {
  const random = stream(1, 'many');
  const column = (shift: number): RegisterColumn => ({
    name: 'x',
    type: 'number',
    values: Float64Array.from({ length: 40_000 }, () => shift + random.normal()),
  });
  const [drift] = driftOf([{ profile: profileColumn(column(0)), column: column(0.05) }]);
  expect(drift!.adjustedP).toBeLessThan(0.001);
  expect(drift!.drift).toBe('none');
});

test('an effect that chance may have made is no drift: few rows', () => {
  const random = stream(2, 'few');
  const column = (rows: number): RegisterColumn => ({
    name: 'x',
    type: 'number',
    values: Float64Array.from({ length: rows }, () => random.normal()),
  });
  const profile = profileColumn(column(1000));
  const levels = Array.from({ length: 50 }, () => driftOf([{ profile, column: column(25) }])[0]!.drift);
  expect(levels.filter((level) => level !== 'none').length).toBeLessThanOrEqual(1);
});

test('a column of many labels drifts by what exceeds the noise of so many bins', () => {
  const labels = Array.from({ length: 200 }, (_, i) => `zone ${String(i).padStart(3, '0')}`);
  const random = stream(5, 'zones');
  // The second has a little more of the first hundred zones: surely, but not by much.
  const column = (rows: number, share: number): RegisterColumn => ({
    name: 'zone',
    type: 'category',
    labels,
    values: Float64Array.from({ length: rows }, () => (random.uniform() < share ? 0 : 100) + random.integer(100)),
  });
  const [drift] = driftOf([{ profile: profileColumn(column(4000, 0.5)), column: column(1500, 0.63) }]);
  expect(drift!.adjustedP).toBeLessThan(0.01);
  expect(drift!.psi).toBeGreaterThan(0.1);
  expect(drift!.drift).toBe('none');
});

test('new labels, lost columns and missing values are reported', async () => {
  const random = stream(3, 'labels');
  const column = (labels: string[], missing = 0): RegisterColumn => ({
    name: 'zone',
    type: 'category',
    labels,
    values: Float64Array.from({ length: 500 }, () =>
      random.uniform() < missing ? Number.NaN : random.integer(labels.length),
    ),
  });
  const [drift] = driftOf([{ profile: profileColumn(column(['a', 'b'])), column: column(['a', 'b', 'c', 'd']) }]);
  expect(drift).toMatchObject({ drift: 'large' });
  expect(drift!.unseen).toBeCloseTo(0.5, 1);
  const [gaps] = driftOf([{ profile: profileColumn(column(['a', 'b'])), column: column(['a', 'b'], 0.3) }]);
  expect(gaps).toMatchObject({ drift: 'large', unseen: 0 });
  expect(gaps!.missing).toBeCloseTo(0.3, 1);
  const { reference } = await deployed();
  const report = await monitor(reference, selectColumns(lineTable(100), ['x']));
  expect(report.absentColumns).toEqual(['half']);
  expect(report.verdict).toBe('watch');
});

test('a column that was constant and no longer is, and one without values, are handled', () => {
  const constant: RegisterColumn = { name: 'k', type: 'number', values: new Float64Array(200).fill(4) };
  const moved: RegisterColumn = { name: 'k', type: 'number', values: Float64Array.from({ length: 200 }, (_, i) => i) };
  const empty: RegisterColumn = { name: 'k', type: 'number', values: new Float64Array(200).fill(Number.NaN) };
  expect(driftOf([{ profile: profileColumn(constant), column: constant }])[0]).toMatchObject({
    drift: 'none',
    psi: null,
  });
  expect(driftOf([{ profile: profileColumn(constant), column: moved }])[0]).toMatchObject({ drift: 'large' });
  expect(driftOf([{ profile: profileColumn(constant), column: empty }])[0]).toMatchObject({ drift: 'large', p: null });
  expect(driftOf([{ profile: profileColumn(empty), column: empty }])[0]).toMatchObject({ drift: 'none', psi: null });
});

test('a column of few values has a bin for each, and texts that are their rows’ own and running numbers are not watched', async () => {
  const flags: RegisterColumn = {
    name: 'flag',
    type: 'number',
    values: Float64Array.from({ length: 100 }, (_, i) => Number(i < 5)),
  };
  const profile = profileColumn(flags);
  expect(profile).toMatchObject({ edges: [1], counts: [95, 5] });
  const [drift] = driftOf([{ profile, column: { ...flags, values: flags.values.map((_, i) => Number(i < 60)) } }]);
  expect(drift).toMatchObject({ drift: 'large' });
  const labels = Array.from({ length: 100 }, (_, i) => `person ${String(i).padStart(3, '0')}`);
  const names: RegisterColumn = { name: 'name', type: 'category', labels, values: flags.values.map((_, i) => i) };
  const counter: RegisterColumn = { name: 'id', type: 'number', values: flags.values.map((_, i) => 7 + 3 * i) };
  const reference = await buildReference(tableFromRegisters([flags, names, counter]));
  expect(reference.columns.map(({ name }) => name)).toEqual(['flag']);
  expect(JSON.stringify(reference)).not.toContain('person');
});

test('a live set of one class has no ranking error, and says so', async () => {
  const table = classTable(300, ['no', 'yes']);
  const model = await meansEstimator().fit(table, { target: 'kind' });
  const reference = await buildReference(table, {
    model,
    target: 'kind',
    heldOut: classTable(100, ['no', 'yes'], 2),
    resamples: 50,
  });
  const report = await monitor(reference, classTable(40, ['no']), { model, resamples: 50 });
  expect(report.reasons[0]).toMatch(/The realised ROC AUC is undefined on these rows/);
});

test('classes are watched by their shares and the positive probability', async () => {
  const table = classTable(300, ['no', 'yes']);
  const model = await meansEstimator().fit(table, { target: 'kind' });
  const reference = await buildReference(table, {
    model,
    target: 'kind',
    heldOut: classTable(200, ['no', 'yes'], 2),
    resamples: 200,
  });
  expect(reference.error).toMatchObject({ metric: 'roc_auc', baseline: 0.5 });
  expect(reference.target).toMatchObject({ kind: 'category', labels: ['no', 'yes'] });
  expect(reference.prediction).toMatchObject({ kind: 'number' });
  const report = await monitor(reference, classTable(300, ['no', 'yes'], 5, 0), { model, resamples: 200 });
  expect(report.error!.worsening).toBeGreaterThan(0.8);
  expect(report.verdict).toBe('retrain');
});

test('retraining on recent rows brings a challenger that wins on rows neither has seen', async () => {
  const changed = lineTable(500, { seed: 9, slope: 4 });
  const result = await retrain({
    recipe,
    oldTable: train,
    newTable: changed,
    target: 'y',
    time: 'when',
    resamples: 200,
  });
  expect(result).toMatchObject({ trainRows: 350, testRows: 150 });
  expect(result.gate).toMatchObject({ passed: true, champion: 'challenger' });
  expect(result.winner).toBe(result.challenger);
  expect(result.gate.challengerScore).toBeGreaterThan(result.gate.championScore + 0.5);
  expect(result.use).toBe('recent');
  expect(result.choice!.recent).toBeGreaterThan(result.choice!.both);
});

test('where little is recent and nothing has changed, old rows are learnt from too', async () => {
  const result = await retrain({
    recipe,
    oldTable: train,
    newTable: lineTable(24, { seed: 11 }),
    target: 'y',
    resamples: 50,
  });
  expect(result.use).toBe('both');
  expect(result.trainRows).toBe(600 + 17);
});

test('where nothing has changed the champion stays', async () => {
  const model = await recipe.fit(train, { target: 'y' });
  const result = await retrain({
    recipe,
    champion: model,
    newTable: lineTable(200, { seed: 5, missingEvery: 20 }),
    target: 'y',
    resamples: 200,
  });
  expect(result.gate.passed).toBe(false);
  expect(result.winner).toBe(model);
  expect(result.trainRows + result.testRows).toBe(190);
});

test('old and new rows are joined by column and label', async () => {
  const [first, second] = [classTable(4, ['b', 'c']), classTable(3, ['a', 'b', 'c'])];
  const both = concatenate(first, second);
  expect(Array.from(both.getChild('kind')!)).toEqual(['b', 'c', 'b', 'c', 'a', 'b', 'c']);
  const result = await retrain({
    recipe,
    oldTable: train,
    newTable: lineTable(100, { seed: 3 }),
    target: 'y',
    use: 'both',
    resamples: 50,
  });
  expect(result.trainRows).toBe(670);
  await expect(retrain({ recipe, newTable: train, target: 'y' })).rejects.toThrow(/Expected a champion/);
});

test('no rows, numbers that come as texts and texts that come as numbers are reported, not thrown', async () => {
  const { model, reference } = await deployed();
  const empty = await monitor(reference, lineTable(0), { model });
  expect(empty).toMatchObject({ rows: 0, retrain: false });
  const live = lineTable(100, { seed: 4 });
  const swapped = tableFromRegisters([
    { ...readRegister(live, 'half'), name: 'x' },
    { ...readRegister(live, 'x'), name: 'half' },
  ]);
  const report = await monitor(reference, swapped);
  expect(report.columns).toMatchObject([
    { name: 'x', missing: 1, drift: 'large' },
    { name: 'half', unseen: 1, drift: 'large' },
  ]);
});
