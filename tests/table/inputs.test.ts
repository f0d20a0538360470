import { expect, test } from 'vitest';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import { readInput } from '#lanewise/table/inputs.js';

const { NaN: missing } = Number;
const column = (type: RegisterColumn['type'], values: number[], labels?: string[]) =>
  tableFromRegisters([{ name: 'x', type, values: Float64Array.from(values), labels }]);

test.each([
  [
    'labels that are digits, read as numbers',
    column('number', [2, missing, 10, 3]),
    'category',
    ['1', '10', '2'],
    [2, missing, 1, 3],
  ],
  [
    'labels that are true and false, read as booleans',
    column('boolean', [1, 0]),
    'category',
    ['false', 'true'],
    [1, 0],
  ],
  ['labels in another order', column('category', [0, 1], ['a', 'b']), 'category', ['b', 'c'], [2, 0]],
  ['a column without a value', column('number', [missing, missing]), 'category', ['a'], [missing, missing]],
  ['a column without a value', column('number', [missing]), 'timestamp', undefined, [missing]],
  ['a column without a value', column('category', [missing], []), 'number', undefined, [missing]],
  ['booleans', column('boolean', [1, 0, missing]), 'number', undefined, [1, 0, missing]],
  ['numbers that are 0 and 1', column('number', [1, 0, missing]), 'boolean', undefined, [1, 0, missing]],
  [
    'the texts true and False',
    column('category', [1, 0, missing], ['False', 'true']),
    'boolean',
    undefined,
    [1, 0, missing],
  ],
  ['milliseconds', column('number', [5]), 'timestamp', undefined, [5]],
] as const)('%s are taken where the model wants a %#', (_, table, type, labels, expected) => {
  expect([...readInput(table, { name: 'x', type, labels })]).toEqual(expected);
});

test.each([
  [column('category', [0], ['cheap']), 'number', /numbers in column "x" but it holds texts such as "cheap"/],
  [column('timestamp', [0]), 'number', /numbers in column "x" but it holds timestamps/],
  [column('number', [2]), 'boolean', /true or false in column "x" but it holds numbers/],
  [column('category', [0], ['yes']), 'boolean', /true or false in column "x" but it holds texts such as "yes"/],
  [column('category', [0], ['soon']), 'timestamp', /timestamps in column "x" but it holds texts such as "soon"/],
  [column('timestamp', [0]), 'category', /labels in column "x" but it holds timestamps/],
] as const)('a column of another kind is refused by name: %#', (table, type, message) => {
  expect(() => readInput(table, { name: 'x', type, labels: type === 'category' ? ['a'] : undefined })).toThrow(message);
});

test('a column that the table lacks is named as the model knows it, with the nearest that is there', () => {
  const table = tableFromRegisters([{ name: 'distanse', type: 'number', values: Float64Array.of(1) }]);
  expect(() => readInput(table, { name: 'distance', type: 'number' })).toThrow(
    'Expected the column "distance", which the model was fitted with, but the table lacks it; is it "distanse"?',
  );
});
