import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { RecordBatchStreamWriter, type Table, tableToIPC } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, test } from 'vitest';
import { readTable } from '#lanewise/collect/index.js';
import { openSource } from '#lanewise/collect/source-node.js';
import { readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { QuarantinedRow, Source } from '#lanewise/table/interfaces.js';
import { columnsOf } from '#lanewise/table/schema.js';

const directory = mkdtempSync(join(tmpdir(), 'source-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** All cells by column, categories as texts. */
function cellsOf(tables: readonly Table[]): Record<string, (number | string | null)[]> {
  const cells: Record<string, (number | string | null)[]> = {};
  for (const table of tables) {
    for (const { name } of columnsOf(table)) {
      const { values, labels } = readRegister(table, name);
      const column = Array.from(values, (value) => (Number.isNaN(value) ? null : (labels?.[value] ?? value)));
      cells[name] = [...(cells[name] ?? []), ...column];
    }
  }
  return cells;
}

async function tablesOf(source: Source): Promise<Table[]> {
  const tables: Table[] = [];
  for await (const table of source.batches()) tables.push(table);
  return tables;
}

const lines = Array.from({ length: 1000 }, (_, i) =>
  i % 7 === 0 ? `${i},"a text\nof two lines, ""${i % 5}""",` : `${i},plain ${i % 9},${i / 8}`,
);

describe('CSV', () => {
  for (const [name, newline, zipped] of [
    ['lines.csv', '\n', false],
    ['returns.csv', '\r\n', false],
    ['zipped.csv.gz', '\n', true],
  ] as const) {
    test(`${name}: blocks hold the same rows as the whole file, wherever they are cut`, async () => {
      const path = join(directory, name);
      const text = ['"i",text,x', ...lines].join(newline) + newline;
      writeFileSync(path, zipped ? gzipSync(text) : text);
      const expected = cellsOf([(await readTable(path)).table]);
      for (const blockBytes of [200, 1021, 30_000, 1 << 24]) {
        const source = await openSource(path, { blockBytes });
        const tables = await tablesOf(source);
        expect(cellsOf(tables)).toEqual(expected);
        // A second pass is the same.
        expect(cellsOf(await tablesOf(source))).toEqual(expected);
        if (blockBytes === 1021) expect(tables.length).toBeGreaterThan(zipped ? 1 : 10);
      }
    });
  }

  test('rows that cannot be read are told with their lines, columns can be left out', async () => {
    const path = join(directory, 'bad.csv');
    const rows = Array.from({ length: 500 }, (_, i) => (i === 3 || i === 400 ? `${i},x,1,2` : `${i},x`));
    writeFileSync(path, ['i,text', ...rows].join('\n'));
    const quarantine: QuarantinedRow[] = [];
    const source = await openSource(path, {
      blockBytes: 600,
      ignore: ['text'],
      onQuarantine: (row) => quarantine.push(row),
    });
    const tables = await tablesOf(source);
    expect(quarantine.map(({ line }) => line)).toEqual([5, 402]);
    expect(cellsOf(tables).i).toHaveLength(498);
    expect(cellsOf(tables).text).toBeUndefined();
  });
});

test('Arrow: one table a record batch, of files and of streams', async () => {
  const table = tableFromRegisters([
    { name: 'x', type: 'number', values: Float64Array.from({ length: 900 }, (_, i) => i / 3) },
    {
      name: 'c',
      type: 'category',
      values: Float64Array.from({ length: 900 }, (_, i) => i % 3),
      labels: ['a', 'b', 'c'],
    },
  ]);
  const parts = [
    takeRows(table, [...Array(500).keys()]),
    takeRows(
      table,
      [...Array(400).keys()].map((i) => 500 + i),
    ),
  ];
  const paths = ['file', 'stream'].map((kind) => join(directory, `${kind}.arrow`));
  writeFileSync(paths[0]!, tableToIPC(parts[0]!.concat(parts[1]!), 'file'));
  writeFileSync(
    paths[1]!,
    await RecordBatchStreamWriter.writeAll(parts.flatMap(({ batches }) => batches)).toUint8Array(),
  );
  for (const path of paths) {
    const tables = await tablesOf(await openSource(path));
    expect(tables.map(({ numRows }) => numRows)).toEqual([500, 400]);
    expect(cellsOf(tables)).toEqual(cellsOf([table]));
  }
});

test('Parquet: one table a row group, missing values and texts included', async () => {
  const file = parquetWriteBuffer({
    columnData: [
      {
        name: 'x',
        data: Array.from({ length: 700 }, (_, i) => (i % 5 === 0 ? null : i / 4)),
        type: 'DOUBLE',
        nullable: true,
      },
      { name: 'n', data: Int32Array.from({ length: 700 }, (_, i) => i), type: 'INT32' },
      {
        name: 'c',
        data: Array.from({ length: 700 }, (_, i) => (i % 7 === 0 ? null : `label ${i % 4}`)),
        type: 'STRING',
        nullable: true,
      },
    ],
    rowGroupSize: 300,
  });
  const path = join(directory, 'groups.parquet');
  writeFileSync(path, new Uint8Array(file));
  const source = await openSource(path);
  expect(source).toMatchObject({ rowCount: 700 });
  const tables = await tablesOf(source);
  expect(tables.map(({ numRows }) => numRows)).toEqual([300, 300, 100]);
  expect(cellsOf(tables)).toEqual(cellsOf([(await readTable(path, { reader: 'plain' })).table]));
});

test('a file that is not there, or damaged, is named', async () => {
  await expect(openSource(join(directory, 'none.csv'))).rejects.toMatchObject({ code: 'file' });
  const path = join(directory, 'damaged.parquet');
  writeFileSync(path, 'PAR1 and nothing else PAR1');
  await expect(openSource(path)).rejects.toMatchObject({ code: 'file', message: expect.stringContaining(path) });
});
