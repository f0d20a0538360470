import {
  Dictionary,
  Float64,
  Int32,
  makeData,
  makeVector,
  Table,
  Timestamp,
  TimeUnit,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compareUtf8,
  numbersOf,
  type RegisterColumn,
  readNumbers,
  readRegister,
  selectColumns,
  tableFromRegisters,
  takeRows,
} from '#lanewise/table/columns.js';
import { annotate, columnInfo, columnsOf, namesWithRole } from '#lanewise/table/schema.js';

const { NaN: missing } = Number;
const columns: RegisterColumn[] = [
  { name: 'x', type: 'number', values: Float64Array.of(1.5, missing, -0, Number.POSITIVE_INFINITY) },
  { name: 'b', type: 'boolean', values: Float64Array.of(1, 0, missing, 1) },
  { name: 't', type: 'timestamp', values: Float64Array.of(0, -1, 4_102_444_800_000, missing) },
  { name: 'c', type: 'category', values: Float64Array.of(2, missing, 0, 2), labels: ['a', 'é', '😀'] },
];

test('a column of f32 lies as it is until its values are asked for, and is f64 then, for everyone', () => {
  const floats = Float32Array.of(0.1, missing, -0, 3);
  const table = new Table({ x: makeVector(floats) });
  const column = readRegister(table, 'x');
  expect(numbersOf(column).buffer).toBe(floats.buffer);
  expect(column).toEqual({
    name: 'x',
    kind: 'numeric',
    role: 'feature',
    type: 'number',
    values: Float64Array.from(floats),
  });
  expect(readRegister(table, 'x').values).toBe(column.values);
  // A column made of another has values of its own.
  const other = { ...column, values: Float64Array.of(1, 2, 3, 4) };
  expect(numbersOf(other)).toBe(other.values);
  expect(numbersOf({ ...column })).toBe(column.values);
  const rows = takeRows(table, [3, 0]);
  expect([...numbersOf(readRegister(rows, 'x'))]).toEqual([3, Math.fround(0.1)]);
});

test('labels sort as their UTF-8 bytes do', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
    { seed: 1, numRuns: 200 },
  );
  expect(compareUtf8('～', '😀')).toBeLessThan(0);
});

test('registers go into a table and come back, bit for bit', () => {
  const table = tableFromRegisters(columns);
  for (const { name, values } of columns.slice(0, 3))
    expect([...readRegister(table, name).values]).toEqual([...values]);
  const { values, labels } = readRegister(table, 'c');
  expect(labels).toEqual(['a', '😀']);
  expect([...values]).toEqual([1, missing, 0, 1]);
  expect(table.getChild('c')!.toArray()).toEqual(['😀', null, 'a', '😀']);
  expect(table.getChild('b')!.toArray()).toEqual([true, false, null, true]);
  expect(table.getChild('t')!.get(1)).toBe(-1);
});

test('numbers without nulls are not copied', () => {
  expect(readRegister(tableFromRegisters(columns), 'x').values).toBe(columns[0]!.values);
});

test('labels given decide the codes; one that is not among them becomes their number', () => {
  const table = tableFromRegisters(columns);
  expect([...readRegister(table, 'c', ['😀']).values]).toEqual([0, missing, 1, 0]);
  expect([...readRegister(table, 'c', ['a', 'b', '😀']).values]).toEqual([2, missing, 0, 2]);
});

test('a label never seen has no text in a table', () => {
  const table = tableFromRegisters([
    { name: 'c', type: 'category', values: Float64Array.of(0, 2, 1), labels: ['a', 'b'] },
  ]);
  expect(table.getChild('c')!.toArray()).toEqual(['a', null, 'b']);
});

test('rows are taken in the order asked for, labels without rows leave the register', () => {
  const table = takeRows(annotate(tableFromRegisters(columns), { c: { role: 'target' } }), [3, 0, 0]);
  expect([...readRegister(table, 'x').values]).toEqual([Number.POSITIVE_INFINITY, 1.5, 1.5]);
  expect([...readRegister(table, 't').values]).toEqual([missing, 0, 0]);
  expect(readRegister(table, 'c')).toMatchObject({ labels: ['😀'], role: 'target', values: Float64Array.of(0, 0, 0) });
});

test('chunks with dictionaries of their own are unified by text', () => {
  const chunk = (labels: string[], keys: number[]) =>
    makeData({
      type: new Dictionary(new Utf8(), new Int32()),
      length: keys.length,
      data: Int32Array.from(keys),
      dictionary: vectorFromArray(labels, new Utf8()),
    });
  const vector = new Vector([chunk(['b', 'a'], [0, 1]), chunk(['c', 'a', 'unused'], [1, 0, 1])]);
  const { values, labels } = readRegister(new Table({ c: vector }), 'c');
  expect(labels).toEqual(['a', 'b', 'c']);
  expect([...values]).toEqual([1, 0, 0, 2, 0]);
});

test.each([
  ['second', TimeUnit.SECOND, 1e-3],
  ['millisecond', TimeUnit.MILLISECOND, 1],
  ['microsecond', TimeUnit.MICROSECOND, 1e3],
  ['nanosecond', TimeUnit.NANOSECOND, 1e6],
])('timestamps in %ss become whole milliseconds, rounded down', (_, unit, perMillisecond) => {
  const ms = [0, 1_552_900_000_000, -86_400_000];
  const data = BigInt64Array.from(ms, (value) => BigInt(value * perMillisecond));
  const vector = new Vector([makeData({ type: new Timestamp(unit), length: 3, data })]);
  expect([...readNumbers(vector)]).toEqual(ms);
  if (perMillisecond > 1) {
    const fraction = new Vector([makeData({ type: new Timestamp(unit), length: 1, data: BigInt64Array.of(-1n) })]);
    expect([...readNumbers(fraction)]).toEqual([-1]);
  }
});

test('64-bit integers round once', () => {
  const values = [2n ** 53n + 1n, -(2n ** 62n) - 1n, 2n ** 63n - 1n, -1n, 0n];
  const vector = vectorFromArray(values);
  expect([...readNumbers(vector)]).toEqual(values.map(Number));
});

test('null is missing whatever lies under it', () => {
  const data = makeData({
    type: new Float64(),
    length: 3,
    nullCount: 1,
    nullBitmap: Uint8Array.of(0b101),
    data: Float64Array.of(1, 99, 3),
  });
  expect([...readNumbers(new Vector([data]))]).toEqual([1, missing, 3]);
  expect([...readNumbers(new Vector([data]).slice(1, 3))]).toEqual([missing, 3]);
});

test('roles and kinds survive selection and annotation', () => {
  const table = annotate(tableFromRegisters(columns), { x: { role: 'target' }, c: { kind: 'text' } });
  expect(namesWithRole(table, 'target')).toEqual(['x']);
  expect(columnsOf(selectColumns(table, ['c', 'x']))).toEqual([
    { name: 'c', role: 'feature', kind: 'text' },
    { name: 'x', role: 'target', kind: 'numeric' },
  ]);
  expect(() => columnInfo(table, 'y')).toThrow(/column "y"/);
});

test('each of 2,000 columns is found by its name', () => {
  const many = Array.from(
    { length: 2000 },
    (_, i): RegisterColumn => ({ name: `c${i}`, type: 'number', values: Float64Array.of(i) }),
  );
  const table = tableFromRegisters(many);
  expect(many.map(({ name }) => readRegister(table, name).values[0])).toEqual(many.map((_, i) => i));
});
