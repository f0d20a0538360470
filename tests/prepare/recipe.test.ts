import { expect, test } from 'vitest';
import { defaultFeatures } from '#lanewise/features/index.js';
import { models } from '#lanewise/models/index.js';
import { defaultRecipe, Pipeline, Recipe, transformTable } from '#lanewise/prepare/index.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import { type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Estimator, FitOptions } from '#lanewise/table/interfaces.js';
import { annotate, columnsOf } from '#lanewise/table/schema.js';

const { NaN: missing } = Number;
const rows = 120;
const each = (value: (row: number) => number) => Float64Array.from({ length: rows }, (_, row) => value(row));
const columns: RegisterColumn[] = [
  { name: 'when', type: 'timestamp', values: each((row) => row * 3_600_000) },
  { name: 'size', type: 'number', values: each((row) => (row % 13 === 0 ? missing : (row * 7919) % 97)) },
  { name: 'flat', type: 'number', values: each(() => 1) },
  {
    name: 'label',
    type: 'category',
    values: each((row) => (row % 10 === 0 ? missing : row % 3)),
    labels: ['a', 'b', 'c'],
  },
  { name: 'flag', type: 'boolean', values: each((row) => row % 2) },
  { name: 'price', type: 'number', values: each((row) => ((row * 7919) % 97) + (row % 3) * 5) },
  { name: 'class', type: 'category', values: each((row) => ((row * 7919) % 97 > 48 ? 1 : 0)), labels: ['high', 'low'] },
];
const table = tableFromRegisters(columns);
const without = (name: string) => annotate(table, { [name]: { role: 'ignore' } });

/** An estimator that keeps what it was given and hands it to the dummy. */
function spy(): { estimator: Estimator; seen: { columns: string[]; rows: number; options: FitOptions }[] } {
  const seen: { columns: string[]; rows: number; options: FitOptions }[] = [];
  const dummy = models.find(({ name }) => name === 'dummy')!.create('regression');
  const estimator: Estimator = {
    ...dummy,
    name: 'spy',
    task: 'regression',
    declarations: dummy.declarations,
    parameters: dummy.parameters,
    with: () => estimator,
    fit(given, options = {}) {
      seen.push({
        columns: columnsOf(given).map(({ name, role }) => `${name}: ${role}`),
        rows: given.numRows,
        options,
      });
      return dummy.fit(given, options);
    },
  };
  return { estimator, seen };
}

test.each(['linear', 'gradient-boosting', 'random-forest', 'k-nearest-neighbors', 'dummy'])(
  'the default recipe of %s learns from any table and predicts from raw rows, in blocks and one by one alike',
  async (model) => {
    for (const [task, target, other] of [
      ['regression', 'price', 'class'],
      ['classification', 'class', 'price'],
    ] as const) {
      const recipe = defaultRecipe(without(other), { target, task, model, steps: defaultFeatures() });
      const fitted = await recipe.fit(without(other), { target });
      const predicted = readRegister(await fitted.predict(table), 'prediction');
      expect(predicted.values).toHaveLength(rows);
      expect(predicted.values.some(Number.isNaN)).toBe(false);
      const inputs = fitted.program.inputs.map(({ name }) => name);
      expect(inputs.includes('flat')).toBe(model === 'dummy');
      const cell = { size: 5, label: 'never seen', flag: true, when: '1970-01-02 03:00' };
      expect(fitted.predictSync(cell)).not.toBe(null);
      for (const row of [0, 7, 13]) {
        const values = Object.fromEntries(
          columns.map(({ name, values, labels }) => [
            name,
            Number.isNaN(values[row]) ? null : (labels?.[values[row]!] ?? values[row]),
          ]),
        );
        const shown = predicted.labels ? predicted.labels[predicted.values[row]!] : predicted.values[row];
        expect(fitted.predictSync(values)).toBe(shown);
      }
    }
  },
);

test('a pipeline is a step of another: on its own columns, with the program of its steps', async () => {
  const steps = defaultRecipe(table, { task: 'regression', model: 'linear' }).pipeline.steps;
  const inner = new Pipeline(steps).asTransformer();
  const outer = new Pipeline([{ transformer: inner, columns: { names: ['size', 'label'] } }]);
  const { fitted } = await outer.fit(table, { target: 'price' });
  expect(fitted.program.outputs.map(({ name }) => name)).toEqual([
    'when',
    'size',
    'flat',
    'flag',
    'class',
    'label=a',
    'label=b',
    'label=c',
    'label=(missing)',
  ]);
  const alone = await new Pipeline(steps).fit(table, { target: 'price' });
  const values = (of: typeof fitted, name: string) => [...readRegister(transformTable(of, table), name).values];
  for (const name of ['size', 'label=b']) expect(values(fitted, name)).toEqual(values(alone.fitted, name));
});

test('one-hot columns are limited where all levels together would take too much memory', () => {
  const count = 200_000;
  const labels = Array.from({ length: 5000 }, (_, k) => `l${String(k).padStart(4, '0')}`);
  const values = Float64Array.from({ length: count }, (_, row) => row % 5000);
  const wide = tableFromRegisters([{ name: 'c', type: 'category', values, labels }]);
  const last = defaultRecipe(wide, { task: 'regression', model: 'linear' }).pipeline.steps.at(-1)!.transformer;
  expect(last.parameters).toMatchObject({ minFrequency: 1, maxCategories: Math.floor(2 ** 30 / 8 / count) });
});

test('a regression table is in the units of the data, levels against the first', async () => {
  const codes = Float64Array.from({ length: 60 }, (_, row) => row % 3);
  const size = Float64Array.from({ length: 60 }, (_, row) => ((row * 7) % 13) * 100);
  const price = size.map((value, row) => 2 * value + [0, 5, -3][codes[row]!]! + (row % 2) * 1e-3);
  const shop = tableFromRegisters([
    { name: 'size', type: 'number', values: size },
    { name: 'colour', type: 'category', values: codes, labels: ['blue', 'green', 'red'] },
    { name: 'price', type: 'number', values: price },
  ]);
  const recipe = defaultRecipe(shop, { task: 'regression', model: 'linear-regression', target: 'price' });
  const { summary } = await recipe.fit(shop, { target: 'price' });
  const estimates = summary!.coefficients.map(({ name, estimate }) => [name, Math.round(estimate! * 100) / 100]);
  expect(estimates).toEqual([
    ['(intercept)', 0],
    ['size', 2],
    ['colour=green', 5],
    ['colour=red', -3],
  ]);
});

test('the program of a recipe is the pipeline and the model in one, on the columns that are needed', async () => {
  const recipe = defaultRecipe(without('class'), { target: 'price', task: 'regression', model: 'dummy' });
  const fitted = await recipe.fit(without('class'), { target: 'price' });
  const inputs = fitted.program.inputs.map(({ name }) => readRegister(table, name).values);
  expect([...runProgram(fitted.program, inputs, rows)[0]!]).toEqual([
    ...readRegister(await fitted.predict(table), 'prediction').values,
  ]);
});

test('rows without a target are dropped, in training only, and reported', async () => {
  const { estimator, seen } = spy();
  const holes = columns.map((column) =>
    column.name === 'price'
      ? { ...column, values: column.values.map((value, row) => (row < 20 ? missing : value)) }
      : column,
  );
  const fitted = await new Recipe([], estimator).fit(tableFromRegisters(holes), { target: 'price' });
  expect(seen[0]!.rows).toBe(100);
  expect(fitted.report).toEqual([{ what: 'dropped from training: the target is missing', column: 'price', rows: 20 }]);
  expect((await fitted.predict(table)).numRows).toBe(rows);
});

test('a validation table goes through the fitted steps, and target and weights keep their roles', async () => {
  const { estimator, seen } = spy();
  const weighted = tableFromRegisters([...columns, { name: 'w', type: 'number', values: each((row) => row) }]);
  const [train, validation] = [takeRows(weighted, [...Array(80).keys()]), takeRows(weighted, [100, 101, 102])];
  const steps = defaultRecipe(table, { target: 'price', task: 'regression', model: 'linear' }).pipeline.steps;
  await new Recipe(steps, estimator).fit(train, { target: 'price', weights: 'w', validation });
  const { options, columns: given } = seen[0]!;
  expect(given.slice(-2)).toEqual(['price: target', 'w: weight']);
  expect(columnsOf(options.validation!).map(({ name, role }) => `${name}: ${role}`)).toEqual(given);
  expect(options.validation!.numRows).toBe(3);
  const size = (await new Pipeline(steps).fit(train, { target: 'price', carry: ['w'] })).fitted;
  const expected = readRegister(transformTable(size, validation), 'size').values;
  expect([...readRegister(options.validation!, 'size').values]).toEqual([...expected]);
});

test('what is learnt from training rows alone does not change with the rows held out', async () => {
  const steps = defaultRecipe(table, { target: 'price', task: 'regression', model: 'linear' }).pipeline.steps;
  const train = takeRows(table, [...Array(60).keys()]);
  const wild = columns.map((column) => ({
    ...column,
    values: column.values.map((value, row) => (row < 60 ? value : column.type === 'number' ? 1e6 : value)),
  }));
  const same = takeRows(tableFromRegisters(wild), [...Array(60).keys()]);
  const [a, b] = [await new Pipeline(steps).fit(train), await new Pipeline(steps).fit(same)];
  expect(a.fitted.program).toEqual(b.fitted.program);
});

test.each([
  ['regression', 'prce', /column "prce": did you mean "price"/],
  ['regression', 'flat', /two different values in the target column "flat" but it has one in all 120 rows/],
] as const)('refuses %s of %s by name', async (task, target, message) => {
  await expect(defaultFit(task, target)).rejects.toThrow(message);
});

async function defaultFit(task: 'regression' | 'classification', target: string) {
  return defaultRecipe(table, { target, task, model: 'dummy' }).fit(table, { target });
}

test('refuses tables of one row, targets without values, and tables that leave no feature', async () => {
  const recipe = new Recipe(
    defaultRecipe(table, { target: 'price', task: 'regression', model: 'linear' }).pipeline.steps,
    spy().estimator,
  );
  await expect(recipe.fit(takeRows(table, [3]), { target: 'price' })).rejects.toThrow(/at least 2 rows/);
  const lost = tableFromRegisters([
    { name: 'a', type: 'number', values: Float64Array.of(missing, missing, missing) },
    { name: 'y', type: 'number', values: Float64Array.of(1, 2, 3) },
  ]);
  await expect(recipe.fit(lost, { target: 'y' })).rejects.toThrow(
    /none is left: a \(dropped: all values are missing\)/,
  );
  await expect(recipe.fit(lost, { target: 'a' })).rejects.toThrow(/target column "a" but all 3 rows are missing/);
  await expect(recipe.fit(lost, {})).rejects.toThrow(/name of the target column/);
});
