import { expect, test } from 'vitest';
import { Pipeline, prepareFromConfig, transformTable, withFeatures } from '#lanewise/prepare/index.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { columnsOf } from '#lanewise/table/schema.js';

const { NaN: missing } = Number;
const number = (name: string, ...values: number[]): RegisterColumn => ({
  name,
  type: 'number',
  values: Float64Array.from(values),
});
function category(name: string, ...cells: (string | null)[]): RegisterColumn {
  const labels = [...new Set(cells.filter((cell) => cell !== null))].sort();
  const values = Float64Array.from(cells, (cell) => (cell === null ? missing : labels.indexOf(cell)));
  return { name, type: 'category', values, labels };
}

/** Fits the steps of a workflow file's section and shows the features. */
async function prepare(config: unknown, columns: RegisterColumn[], target?: string) {
  const { fitted, table, keptRows } = await new Pipeline(prepareFromConfig(config)).fit(tableFromRegisters(columns), {
    target,
  });
  const shown = columnsOf(table)
    .filter(({ name }) => name !== target)
    .map(({ name }) => {
      const { values, labels } = readRegister(table, name);
      return [name, Array.from(values, (value) => (labels && !Number.isNaN(value) ? labels[value] : value))];
    });
  const apply = (more: RegisterColumn[]) => {
    const out = transformTable(fitted, tableFromRegisters(more));
    return Object.fromEntries(columnsOf(out).map(({ name }) => [name, [...readRegister(out, name).values]]));
  };
  return { features: Object.fromEntries(shown), report: fitted.report, keptRows, apply, lineage: fitted.lineage };
}

test('missing numbers get the median, the mean, the most frequent or a constant', async () => {
  const x = number('x', 1, missing, 2, 2, 10, missing);
  const filled = async (strategy: string) => (await prepare([{ impute: { strategy, fill_value: -5 } }], [x])).features;
  expect(await filled('median')).toEqual({ x: [1, 2, 2, 2, 10, 2] });
  expect(await filled('mean')).toEqual({ x: [1, 3.75, 2, 2, 10, 3.75] });
  expect(await filled('most_frequent')).toEqual({ x: [1, 2, 2, 2, 10, 2] });
  expect(await filled('constant')).toEqual({ x: [1, -5, 2, 2, 10, -5] });
});

test('an indicator remembers where the value was missing', async () => {
  const { features, report } = await prepare(
    [{ impute: { add_indicator: true } }],
    [number('x', 1, missing, 3), number('y', 1, 2, 3)],
  );
  expect(features).toEqual({ x: [1, 2, 3], y: [1, 2, 3], x_missing: [0, 1, 0] });
  expect(report).toEqual([{ what: 'missing values filled', column: 'x', rows: 1, detail: 'median: 2' }]);
});

test('one-hot gives a column a level, one for missing where training had it, and zeros to labels never seen', async () => {
  const { features, apply } = await prepare(['one_hot'], [category('c', 'b', 'a', null, 'b')]);
  expect(features).toEqual({ 'c=a': [0, 1, 0, 0], 'c=b': [1, 0, 0, 1], 'c=(missing)': [0, 0, 1, 0] });
  expect(apply([category('c', 'z', 'b', null)])).toEqual({
    'c=a': [0, 0, 0],
    'c=b': [0, 1, 0],
    'c=(missing)': [0, 0, 1],
  });
});

test('one-hot can leave out the first level, with which the others are compared', async () => {
  const { features, apply } = await prepare([{ one_hot: { drop: 'first' } }], [category('c', 'b', 'a', null, 'd')]);
  expect(features).toEqual({ 'c=b': [1, 0, 0, 0], 'c=d': [0, 0, 0, 1], 'c=(missing)': [0, 0, 1, 0] });
  expect(apply([category('c', 'a', 'z', 'd')])['c=d']).toEqual([0, 0, 1]);
});

test('one-hot puts rare levels, and later those never seen, into one column', async () => {
  const column = category('c', 'a', 'a', 'a', 'b', 'b', 'x', 'y');
  const { features, apply } = await prepare([{ one_hot: { min_frequency: 2 } }], [column]);
  expect(Object.keys(features)).toEqual(['c=a', 'c=b', 'c=(infrequent)']);
  expect(features['c=(infrequent)']).toEqual([0, 0, 0, 0, 0, 1, 1]);
  expect(apply([category('c', 'never', 'a')])['c=(infrequent)']).toEqual([1, 0]);
  const few = await prepare([{ one_hot: { max_categories: 2 } }], [column]);
  expect(Object.keys(few.features)).toEqual(['c=a', 'c=(infrequent)']);
});

test('ordinal and frequency encode levels by place and by share', async () => {
  const column = category('c', 'b', 'a', null, 'b');
  const coded = await prepare(['ordinal'], [column]);
  expect(coded.features).toEqual({ c: [1, 0, -1, 1] });
  expect(coded.apply([category('c', 'z', null, 'b')])).toEqual({ c: [-1, -1, 1] });
  const shares = await prepare(['frequency'], [column]);
  expect(shares.features).toEqual({ c: [0.5, 0.25, 0.25, 0.5] });
  expect(shares.apply([category('c', 'z')])).toEqual({ c: [0] });
});

test('scaling is by mean and population deviation, by range, or by median and quartiles', async () => {
  const x = number('x', 1, 2, 3, 4, 10);
  const scaled = async (method: string) => (await prepare([{ scale: { method } }], [x])).features['x'];
  const deviation = Math.sqrt((9 + 4 + 1 + 0 + 36) / 5);
  expect(await scaled('standard')).toEqual([1, 2, 3, 4, 10].map((value) => (value - 4) / deviation));
  expect(await scaled('min_max')).toEqual([1, 2, 3, 4, 10].map((value) => (value - 1) / 9));
  expect(await scaled('robust')).toEqual([1, 2, 3, 4, 10].map((value) => (value - 3) / 2));
});

test('scaling a constant centres it and divides by 1', async () => {
  expect((await prepare(['scale'], [number('x', 0.1, 0.1, 0.1)])).features).toEqual({ x: [0, 0, 0] });
});

test('repeated training rows go, target included in the comparison; missing equals missing', async () => {
  const columns = [number('x', 1, 1, 1, missing, missing, 0, -0), number('y', 5, 5, 6, 7, 7, 1, 1)];
  const { features, keptRows, report } = await prepare(['duplicates'], columns, 'y');
  expect(features).toEqual({ x: [1, 1, missing, 0] });
  expect([...keptRows!]).toEqual([0, 2, 3, 5]);
  expect(report).toEqual([{ what: 'dropped from training: repeats of an earlier row', rows: 3 }]);
});

test('labels that differ in white space or case become the most frequent way of writing; ? becomes missing', async () => {
  const column = category('c', 'Steak', 'steak ', 'Steak', ' Fish', '?', 'n/a', 'Fish  and chips', 'fish and  Chips');
  const { features, report, apply } = await prepare(['inconsistencies'], [column]);
  expect(features['c']).toEqual([
    'Steak',
    'Steak',
    'Steak',
    ' Fish',
    missing,
    missing,
    'Fish  and chips',
    'Fish  and chips',
  ]);
  expect(report.map(({ what, rows }) => [what, rows])).toEqual([
    ['ways of writing one label merged', 2],
    ['ways of writing one label merged', 3],
    ['sentinels made missing', 2],
  ]);
  expect(apply([category('c', '?', 'steak ', 'Steak')])['c']).toEqual([missing, 0, 0]);
});

test('a number far from all others that stands for missing becomes missing; the same number among others stays', async () => {
  const { features } = await prepare(
    ['inconsistencies'],
    [number('x', -999, 3, 4, -999, 5), number('y', -999, -800, 200, -999, -400)],
  );
  expect(features).toEqual({ x: [missing, 3, 4, missing, 5], y: [-999, -800, 200, -999, -400] });
});

test('outliers are reported, flagged or clipped at the fences', async () => {
  const x = number('x', 1, 2, 3, 4, 5, 6, 7, 8, 100, missing);
  const reported = await prepare(['outliers'], [x]);
  expect(reported.report[0]).toMatchObject({ what: 'outliers found', column: 'x', rows: 1 });
  expect(reported.features['x']).toEqual([...x.values]);
  const flagged = await prepare([{ outliers: { action: 'flag' } }], [x]);
  expect(flagged.features['x_outlier']).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  expect(flagged.apply([number('x', -50, 7, missing, 13)])['x_outlier']).toEqual([1, 0, 0, 0]);
  const clipped = await prepare([{ outliers: { action: 'clip' } }], [x]);
  expect(clipped.features['x']).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 13, missing]);
});

test('columns without values, of one value, or timestamps are dropped with the reason', async () => {
  const columns = [
    number('void', missing, missing),
    number('flat', 2, 2),
    number('half', 2, missing),
    { name: 'when', type: 'timestamp' as const, values: Float64Array.of(1, 2) },
    number('x', 1, 2),
  ];
  const { features, report } = await prepare(['drop_missing', 'drop_constant', 'drop_timestamps'], columns);
  expect(Object.keys(features)).toEqual(['half', 'x']);
  expect(report.map(({ column, what }) => `${column}: ${what}`)).toEqual([
    'void: dropped: all values are missing',
    'flat: dropped: one value in every row',
    'when: dropped: a timestamp, of which only parts (hour, weekday, …) can be learnt from',
  ]);
});

test('labels that nearly never recur are dropped, others stay', async () => {
  const cells = (label: (row: number) => string) => category('', ...Array.from({ length: 40 }, (_, row) => label(row)));
  const { features, report } = await prepare(
    ['drop_identifiers'],
    [
      { ...cells((row) => `ticket ${row}`), name: 'ticket' },
      { ...cells((row) => `zone ${row % 30}`), name: 'zone' },
    ],
  );
  expect(Object.keys(features)).toEqual(['zone']);
  expect(report).toEqual([{ what: 'dropped: 40 distinct labels in 40 rows', column: 'ticket', rows: 40 }]);
});

test('the leakage guard names a column that gives the target away, and sums that add up to it', async () => {
  const rows = Array.from({ length: 400 }, (_, row) => row);
  const columns = [
    number('copy', ...rows.map((row) => 2 * row + 1)),
    number('noise', ...rows.map((row) => (row * 7919) % 400)),
    number('part', ...rows.map((row) => (row * 31) % 17)),
    number('rest', ...rows.map((row) => row - ((row * 31) % 17))),
    number('y', ...rows),
  ];
  const { report } = await prepare(['leakage'], columns, 'y');
  const found = report.map(({ column }) => column);
  expect(found).toContain('copy');
  expect(found).toContain('part, rest');
  expect(found).not.toContain('noise');
  await expect(prepare([{ leakage: { action: 'refuse' } }], columns, 'y')).rejects.toThrow(
    /known before "y" is.*copy/s,
  );
  const { features } = await prepare([{ leakage: { action: 'drop' } }], columns, 'y');
  expect(Object.keys(features)).toEqual(['noise']);
});

test('the leakage guard sees classes given away by a category, not by one that is nearly an identifier', async () => {
  const rows = Array.from({ length: 400 }, (_, row) => row);
  const columns = [
    category('outcome', ...rows.map((row) => (row % 2 ? 'paid' : 'open'))),
    category('id', ...rows.map((row) => `id ${row}`)),
    category('y', ...rows.map((row) => (row % 2 ? 'yes' : 'no'))),
  ];
  const { report } = await prepare(['leakage'], columns, 'y');
  expect(report.map(({ column }) => column)).toEqual(['outcome']);
});

test('a step acts on the columns it is given: by name or by kind', async () => {
  const columns = [number('x', 1, missing), number('y', missing, 2), category('c', 'a', null)];
  const byName = await prepare([{ impute: { strategy: 'constant', columns: ['y'] } }], columns);
  expect(byName.features).toEqual({ x: [1, missing], y: [0, 2], c: ['a', missing] });
  const byKind = await prepare([{ impute: { strategy: 'most_frequent', columns: 'categorical' } }], columns);
  expect(byKind.features).toEqual({ x: [1, missing], y: [missing, 2], c: ['a', 'a'] });
  await expect(prepare([{ impute: { columns: ['z'] } }], columns)).rejects.toThrow(/column for impute "z"/);
});

test.each([
  [['impue'], /step of prepare "impue": did you mean "impute"/],
  [[{ impute: { stratgy: 'mean' } }], /"stratgy": did you mean "strategy"/],
  [[{ impute: { strategy: 'middle' } }], /one of median, mean, most_frequent, constant/],
  [[{ impute: { columns: 'nummeric' } }], /"nummeric": did you mean "numeric"/],
  [[{ impute: {}, scale: {} }], /one name with its parameters/],
  [[3], /a step by name/],
])('a section that cannot be is refused by name: %j', (config, message) => {
  expect(() => prepareFromConfig(config)).toThrow(message);
});

test('features go between repairs and encoders', () => {
  const steps = prepareFromConfig(['duplicates', 'impute', 'scale', 'one_hot']);
  const features = prepareFromConfig(['frequency']);
  const names = withFeatures(steps, features).map(({ transformer }) => transformer.name);
  expect(names).toEqual(['duplicates', 'impute', 'frequency', 'scale', 'one-hot']);
});
