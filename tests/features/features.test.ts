import { expect, test } from 'vitest';
import { defaultFeatures, expressionColumn, featuresFromConfig } from '#lanewise/features/index.js';
import { Pipeline } from '#lanewise/prepare/index.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { columnsOf } from '#lanewise/table/schema.js';

const { NaN: missing } = Number;
const number = (name: string, ...values: number[]): RegisterColumn => ({
  name,
  type: 'number',
  values: Float64Array.from(values),
});
const time = (name: string, ...texts: (string | null)[]): RegisterColumn => ({
  name,
  type: 'timestamp',
  values: Float64Array.from(texts, (text) => (text === null ? missing : Date.parse(text))),
});

async function make(config: unknown, columns: RegisterColumn[], target?: string) {
  const { fitted, table } = await new Pipeline(featuresFromConfig(config)).fit(tableFromRegisters(columns), { target });
  const names = columnsOf(table)
    .map(({ name }) => name)
    .filter((name) => name !== target);
  const features = Object.fromEntries(names.map((name) => [name, [...readRegister(table, name).values]]));
  return { features, names, report: fitted.report, lineage: fitted.lineage };
}

test('a timestamp becomes its parts, in UTC', async () => {
  const all = {
    year: true,
    quarter: true,
    week: true,
    day: true,
    dayOfYear: true,
    weekend: true,
    minute: true,
    cyclic: false,
  };
  const { features } = await make(
    [{ calendar: all }],
    [time('t', '2019-03-03T23:59:59.999Z', '2024-12-30T00:00:00Z', '1969-12-31T12:30:00Z', null)],
  );
  expect(features).toEqual({
    t_year: [2019, 2024, 1969, missing],
    t_quarter: [1, 4, 4, missing],
    t_month: [3, 12, 12, missing],
    t_week: [9, 1, 1, missing],
    t_day: [3, 30, 31, missing],
    t_dayOfYear: [62, 365, 365, missing],
    t_weekday: [6, 0, 2, missing],
    t_weekend: [1, 0, 0, missing],
    t_hour: [23, 0, 12, missing],
    t_minute: [59, 0, 30, missing],
    t_season: [1, 0, 0, missing],
  });
});

test('parts that come round have sine and cosine, so that the last lies next to the first', async () => {
  const { features } = await make(
    ['calendar'],
    [time('t', '2019-03-04T00:00:00Z', '2019-03-04T23:00:00Z', '2019-03-04T12:00:00Z')],
  );
  expect(Object.keys(features)).toEqual(
    ['month', 'weekday', 'hour', 'season'].flatMap((part) => [`t_${part}`, `t_${part}_sin`, `t_${part}_cos`]),
  );
  const point = (row: number) => [features['t_hour_sin']![row]!, features['t_hour_cos']![row]!];
  const apart = (a: number, b: number) => Math.hypot(point(a)[0]! - point(b)[0]!, point(a)[1]! - point(b)[1]!);
  expect(apart(0, 1)).toBeCloseTo(2 * Math.sin(Math.PI / 24), 12);
  expect(apart(0, 2)).toBeCloseTo(2, 12);
});

test('the default features are the parts of every timestamp', async () => {
  const { fitted } = await new Pipeline(defaultFeatures()).fit(
    tableFromRegisters([time('t', '2019-03-04T00:00:00Z'), number('x', 1)]),
  );
  expect(fitted.program.outputs.map(({ name }) => name)).toContain('t_hour');
  expect(fitted.program.outputs.map(({ name }) => name)).not.toContain('t');
});

test('products of the chosen columns tell where they come from', async () => {
  const config = ['calendar', { product: { columns: ['miles', 't_hour'] } }];
  const { features, lineage } = await make(config, [
    number('miles', 2, 3),
    time('t', '2019-03-04T05:00:00Z', '2019-03-04T07:00:00Z'),
  ]);
  expect(features['miles*t_hour']).toEqual([10, 21]);
  expect(lineage.find(({ feature }) => feature === 'miles*t_hour')).toEqual({
    feature: 'miles*t_hour',
    columns: ['miles', 't'],
    operations: ['hour', 'binary'],
  });
});

test.each([
  ['1 + 2 * 3 - -4 / 2', [9, 9, 9]],
  ['(1 + 2) * 3', [9, 9, 9]],
  ['8 / 4 / 2 - 1 - 1', [-1, -1, -1]],
  ['a / b', [0.5, 1, missing]],
  ['-a + `the b`', [1.5, -1, missing]],
  ['max(a, b) + min(a, b)', [3, 4, missing]],
  ['a < b', [1, 0, missing]],
  ['a <= b', [1, 1, missing]],
  ['a > b', [0, 0, missing]],
  ['a >= b', [0, 1, missing]],
  ['b < a', [0, 0, missing]],
  ['if(a < b, 10, 20)', [10, 20, missing]],
  ['fill(b, 7) * missing(b)', [0, 0, 7]],
  ['abs(0 - a) + sqrt(4)', [3, 4, 5]],
  ['log(exp(a))', [1, 2, 3]],
  ['hour(t) + weekday(t)', [5, missing, 8]],
  ['(t - t) + 1.5e1 + .5', [15.5, missing, 15.5]],
])('the expression %s', async (text, expected) => {
  const columns = [
    number('a', 1, 2, 3),
    number('b', 2, 2, missing),
    number('the b', 2.5, 1, missing),
    time('t', '2019-03-04T05:00:00Z', null, '2019-03-05T07:00:00Z'),
  ];
  const { features } = await make([{ expression: { name: 'made', value: text } }], columns);
  features['made']!.forEach((value, row) => {
    if (Number.isNaN(expected[row])) expect(value).toBeNaN();
    else expect(value).toBeCloseTo(expected[row]!, 14);
  });
});

test.each([
  ['', /a number, a column, a function or \(.*the end/],
  ['a +', /the end/],
  ['a b', /an operator or the end.*"b"/],
  ['(a', /"\)"/],
  ['a $ b', /an operator, a number or a name.*\$/],
  ['sine(a)', /function "sine"/],
  ['log(a, b)', /1 arguments for log/],
  ['constructor(a)', /function "constructor"/],
  [`${'('.repeat(200)}a${')'.repeat(200)}`, /levels of parentheses/],
])('the text %j is refused as an expression', (text, message) => {
  expect(() => expressionColumn('x', text)).toThrow(message);
});

test('an expression over a column that is not there, or of texts, is refused by name', async () => {
  const label: RegisterColumn = { name: 'label', type: 'category', values: Float64Array.of(0), labels: ['a'] };
  const wrong = (value: string) => make([{ expression: { name: 'x', value } }], [number('miles', 1), label]);
  await expect(wrong('mile * 2')).rejects.toThrow(/column "mile": did you mean "miles"/);
  await expect(wrong('label * 2')).rejects.toThrow(/numbers in column "label"/);
  await expect(wrong('hour(miles)')).rejects.toThrow(/timestamp column for hour\(\)/);
});

const rows = 600;
const spread = (factor: number, modulus: number) => Array.from({ length: rows }, (_, row) => (row * factor) % modulus);
const informative = spread(7919, 97);
const selection = [
  number('flat', ...spread(0, 2)),
  number('signal', ...informative),
  number('echo', ...informative.map((value) => 3 * value - 1)),
  number('noise', ...spread(31, 89)),
  {
    name: 'group',
    type: 'category' as const,
    values: Float64Array.from(informative, (value) => (value > 60 ? 2 : value > 30 ? 1 : 0)),
    labels: ['a', 'b', 'c'],
  },
  {
    name: 'id',
    type: 'category' as const,
    values: Float64Array.from({ length: rows }, (_, row) => row),
    labels: Array.from({ length: rows }, (_, row) => `row ${String(row).padStart(3, '0')}`),
  },
];
const target = number('y', ...informative.map((value, row) => value + (row % 5)));

test('selection drops what does not vary and what repeats an earlier column', async () => {
  const { names, report } = await make(['select_by_variance', 'select_by_correlation'], selection);
  expect(names).toEqual(['signal', 'noise', 'group', 'id']);
  expect(report.map(({ column }) => column)).toEqual(['flat', 'echo']);
});

test.each(['mutual_information', 'f'])('selection by %s keeps what tells most of a number', async (score) => {
  const { names } = await make([{ select_best: { k: 3, score } }], [...selection, target], 'y');
  expect(names).toEqual(score === 'f' ? ['signal', 'echo', 'group'] : ['signal', 'echo', 'group']);
});

test('selection keeps what tells most of a class', async () => {
  const classes: RegisterColumn = {
    name: 'y',
    type: 'category',
    values: Float64Array.from(informative, (value) => Number(value > 50)),
    labels: ['no', 'yes'],
  };
  for (const score of ['mutual_information', 'f']) {
    const { names } = await make([{ select_best: { k: 2, score } }], [...selection, classes], 'y');
    expect(names).toEqual(['signal', 'echo']);
  }
});
