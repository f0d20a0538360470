import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { applyContract, contractFromYaml, contractToYaml, inferContract, readTable } from '#lanewise/collect/index.js';
import { readRegister } from '#lanewise/table/columns.js';
import { columnsOf } from '#lanewise/table/schema.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = Array.from(
  { length: 30 },
  (_, i) => `${i},${20 + (i % 5)},${i % 2 ? 'red' : 'blue'},2019-03-0${1 + (i % 9)},${i % 3 ? i : ''}`,
);

async function table(lines: readonly string[]) {
  const path = join(folder, 'table.csv');
  writeFileSync(path, `id,celsius,colour,day,gap\n${lines.join('\n')}\n`);
  return readTable(path);
}

test('a contract is inferred, written as YAML and read back the same', async () => {
  const contract = inferContract((await table(rows)).table);
  expect(contract.columns).toEqual({
    id: { kind: 'numeric', nullable: false, min: 0, max: 58, unique: true },
    celsius: { kind: 'numeric', nullable: false, min: 0, max: 28 },
    colour: { kind: 'categorical', nullable: false, values: ['blue', 'red'] },
    day: { kind: 'timestamp', nullable: false },
    gap: { kind: 'numeric', nullable: true, min: 0, max: 57 },
  });
  expect(contractFromYaml(contractToYaml(contract), 'contract.yaml')).toEqual(contract);
});

test('what a table suggests, the table keeps', async () => {
  const collected = await table(rows);
  expect(applyContract(collected, inferContract(collected.table), 'table.csv')).toBe(collected);
});

test('rows that break a condition go to quarantine, with the line and the reason', async () => {
  const contract = contractFromYaml(
    'version: 1\ncolumns:\n  id: { kind: numeric, unique: true }\n  celsius: { kind: numeric, min: -30, max: 50, nullable: false }\n  colour: { kind: categorical, values: [red, blue] }\n  day: { kind: timestamp, min: 2019-03-01 }\n',
    'contract.yaml',
  );
  const broken = [
    '0,999,red,2019-03-02,1',
    '31,,red,2019-03-02,1',
    '32,20,green,2019-03-02,1',
    '33,20,red,2018-01-01,1',
    '5,5',
    '34,20,red,2019-03-02,2',
  ];
  const collected = applyContract(await table([...rows, ...broken]), contract, 'table.csv');
  expect(collected.quarantine.map(({ line, reason }) => [line, reason])).toEqual([
    [32, 'id repeats 0'],
    [33, 'celsius is missing'],
    [34, 'colour is "green", which the contract does not name'],
    [35, 'day is 2018-01-01T00:00:00.000Z, below 2019-03-01T00:00:00.000Z'],
    [36, 'expected 5 cells as in the header but found 2'],
  ]);
  expect(collected.table.numRows).toBe(31);
  expect(readRegister(collected.table, 'id').values[30]).toBe(34);
  expect(collected.sourceRows![30]).toBe(35);
});

test('the line of a row is where it begins, whatever line ends stand in quotes and blank lines before it', async () => {
  const contract = contractFromYaml('version: 1\ncolumns:\n  celsius: { kind: numeric, max: 50 }\n', 'contract.yaml');
  const lines = [
    '1,51,red,,',
    '2,20,"a\nb\r\nc",,',
    '3,52,red,,',
    '',
    '4,20',
    '5,53,"d\n",,',
    '6,20,"e\n",,',
    '7,54,red,,',
  ];
  const { quarantine } = applyContract(await table(lines), contract, 'table.csv');
  expect(quarantine.map(({ line, text }) => [line, text.slice(0, 4)])).toEqual([
    [2, 'id=1'],
    [6, 'id=3'],
    [8, '4,20'],
    [9, 'id=5'],
    [13, 'id=7'],
  ]);
});

test.each([
  ['version: 2\ncolumns: {}', /Expected 1 for version in c\.yaml/],
  ['version: 1\ncolums: {}', /key in c\.yaml "colums": did you mean "columns"/],
  ['version: 1\ncolumns: { a: { kind: number } }', /columns\.a in c\.yaml: kind/],
  ['version: 1\ncolumns: { a: { kind: numeric, maxi: 3 } }', /"maxi": did you mean "max"/],
  ['version: 1\ncolumns: [', /YAML in c\.yaml/],
])('a contract that cannot be is refused by name: %j', (text, message) => {
  expect(() => contractFromYaml(text, 'c.yaml')).toThrow(message);
});

test('a column that is not there, or of another kind, is an error and no quarantine', async () => {
  const collected = await table(rows);
  const contract = (columns: string) => contractFromYaml(`version: 1\ncolumns: ${columns}`, 'c.yaml');
  expect(() => applyContract(collected, contract('{ color: { kind: categorical } }'), 't.csv')).toThrow(
    /"color": did you mean "colour"/,
  );
  expect(() => applyContract(collected, contract('{ colour: { kind: numeric } }'), 't.csv')).toThrow(
    /"colour" of t\.csv to be numeric/,
  );
  expect(() => applyContract(collected, contract('{ id: { kind: numeric, min: 100 } }'), 't.csv')).toThrow(
    /all 30 of t\.csv break it/,
  );
});

test('the trips of the taxi example keep their contract', async () => {
  const example = join(import.meta.dirname, '../../examples/nyc-taxi');
  const contract = contractFromYaml(readFileSync(join(example, 'contract.yaml'), 'utf8'), 'contract.yaml');
  const collected = await readTable(join(example, 'data/taxis.csv'));
  expect(applyContract(collected, contract, 'taxis.csv').quarantine).toEqual([]);
  expect(Object.keys(contract.columns)).toEqual(columnsOf(collected.table).map(({ name }) => name));
});
