import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { loadDuckdb } from '#lanewise/collect/duckdb-node.js';
import { missingTokens, readTable } from '#lanewise/collect/index.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { readRegister } from '#lanewise/table/columns.js';
import { columnsOf } from '#lanewise/table/schema.js';

interface Expected {
  columns: { name: string; kind: string; labels?: string[]; cells: (number | string | null)[] }[];
  quarantine: { line: number; reason: string }[];
  sourceRows?: number[];
  notes: string[];
}

const fixtures = join(import.meta.dirname, '../fixtures/csv');
const names = readdirSync(fixtures)
  .filter((file) => file.endsWith('.csv'))
  .map((file) => file.slice(0, -4));
// DuckDB is an optional dependency: where it is not installed, papaparse is all there is to test.
const readers: ('plain' | 'duckdb')[] = (await loadDuckdb()) ? ['plain', 'duckdb'] : ['plain'];
const folder = mkdtempSync(join(tmpdir(), 'lanewise-csv-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, reader: 'plain' | 'duckdb' | 'auto') {
  const collected = await readTable(path, { reader });
  const columns = columnsOf(collected.table).map(({ name, kind }) => {
    const { values, labels } = readRegister(collected.table, name);
    const cell = (value: number) => (Number.isNaN(value) ? null : labels ? labels[value]! : jsonNumber(value));
    return { name, kind, labels, cells: Array.from(values, cell) };
  });
  return { ...collected, columns };
}

const jsonNumber = (value: number) => (Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value));

describe.each(readers)('the %s reader', (reader) => {
  test.each(names)('reads the case %s as described', async (name) => {
    const path = join(fixtures, `${name}.csv`);
    const expected: Expected = JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8'));
    const found = await read(path, reader);
    expect(found.reader).toBe(reader === 'duckdb' ? 'duckdb' : 'papaparse');
    expect(found.columns.map(({ labels: _, ...column }) => column)).toEqual(
      expected.columns.map(({ labels: _, ...column }) => column),
    );
    for (const { name: column, labels } of expected.columns) {
      if (labels) expect(found.columns.find((other) => other.name === column)!.labels).toEqual(labels);
    }
    expect(found.quarantine.map(({ line, reason }) => ({ line, reason }))).toEqual(expected.quarantine);
    for (const row of found.quarantine) expect(row.file).toBe(path);
    expect(found.sourceRows && [...found.sourceRows]).toEqual(expected.sourceRows);
    expect(found.notes).toEqual(expected.notes);
  });

  test('takes a column as text when a late cell is one', async () => {
    const rows = Array.from({ length: 5000 }, (_, row) => `${row},${row}`);
    const path = write('late.csv', `a,b\n${rows.join('\n')}\nx,5000\n`);
    const { columns } = await read(path, reader);
    expect(columns.map(({ kind }) => kind)).toEqual(['categorical', 'numeric']);
    expect(columns[0]!.cells[4999]).toBe('4999');
  });

  test('takes further texts for missing where it is told to', async () => {
    const path = write('marks.csv', 'a,b\n1,x\n?, ? \n3,y\n');
    const { table } = await readTable(path, { reader, missing: ['?'] });
    expect([...readRegister(table, 'a').values]).toEqual([1, Number.NaN, 3]);
    expect(readRegister(table, 'b').labels).toEqual(['x', 'y']);
  });

  test('rounds decimal numbers correctly', async () => {
    const texts = [
      '0.1',
      '1.7976931348623157e308',
      '5e-324',
      '2.4703282292062328e-324',
      '9007199254740993',
      '0.30000000000000004',
    ];
    const { columns } = await read(write('numbers.csv', `x\n${texts.join('\n')}\n`), reader);
    expect(columns[0]!.cells).toEqual(texts.map((text) => jsonNumber(Number(text))));
  });

  test('reads very many columns', async () => {
    const count = reader === 'duckdb' ? 300 : 2000;
    const header = Array.from({ length: count }, (_, i) => `c${i}`);
    const path = write(
      'wide.csv',
      `${header.join(',')}\n${header.map((_, i) => i).join(',')}\n${header.map(() => '').join(',')}\n`,
    );
    const { columns } = await read(path, reader);
    expect(columns).toHaveLength(count);
    expect(columns[count - 1]!.cells).toEqual([count - 1, null]);
  });

  test('reads gzipped text, and text of many parts', async () => {
    const rows = Array.from(
      { length: 60_000 },
      (_, row) =>
        `${row},${row % 7 === 0 ? '' : `"label ${row % 50}, with a comma and some length to it, so that parts are cut"`}`,
    );
    const path = write('many.csv.gz', gzipSync(`a,b\n${rows.join('\n')}\n`));
    const { columns } = await read(path, reader);
    expect(columns[0]!.cells).toEqual(rows.map((_, row) => row));
    expect(columns[1]!.cells[59_999]).toBe(
      `label ${59_999 % 50}, with a comma and some length to it, so that parts are cut`,
    );
    expect(columns[1]!.cells[7]).toBe(null);
  });

  test('puts numbers into the engine memory where it is DuckDB that reads', async () => {
    await using engine = await createEngine({ threads: 1 });
    const { table } = await readTable(join(fixtures, 'ragged.csv'), { reader, engine });
    expect(engine.arena.holds(readRegister(table, 'a').values)).toBe(reader === 'duckdb');
  });
});

test('finds in any text what was written, and both readers the same', async () => {
  const cell = fc.oneof(
    fc.constantFrom('', 'NA', '1', '-2.5', ' 3 ', 'x', '"', ',', ';', '\n', '\r\n', 'true', '2019-03-01', '007'),
    fc.string({ maxLength: 5, unit: fc.constantFrom('a', '"', ',', ' ', '\n', '\r', 'é', '😀', '|', '\t', '0', '.') }),
  );
  const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n'), fc.boolean(), async (cells, newline, last) => {
      const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const written = (text: string) => (/[",;|\t\r\n]/.test(text) || text === '' ? quoted(text) : text);
      const lines = ['a,b,c', ...cells.map((row) => row.map(written).join(','))];
      const path = write('any.csv', lines.join(newline) + (last ? newline : ''));
      const found = await Promise.all(readers.map((reader) => read(path, reader)));
      for (const { columns, quarantine } of found) {
        expect(quarantine).toEqual([]);
        expect(columns).toEqual(found[0]!.columns);
        columns.forEach(({ kind, cells: column }, place) => {
          if (kind !== 'categorical' && kind !== 'text') return;
          const texts = cells.map((row) =>
            missingTokens.includes(row[place]!.replace(/^[\s]+|[\s]+$/g, '')) ? null : row[place]!,
          );
          expect(column).toEqual(texts);
        });
      }
    }),
    { seed: 11, numRuns: 25 },
  );
});

test('leaves few rows of very many columns to papaparse', async () => {
  const header = Array.from({ length: 300 }, (_, i) => `column_${i}`);
  const row = header.map((_, i) => i / 7).join(',');
  const path = write('wide.csv', `${header.join(',')}\n${`${row}\n`.repeat(80)}`);
  const { reader, notes, table } = await readTable(path);
  expect([reader, notes, table.numRows]).toEqual(['papaparse', [], 80]);
});

test('says so where papaparse had to read in the place of DuckDB', async () => {
  const path = write('packed', gzipSync('a\n1\n2\n'));
  const { table, notes } = await readTable(path, { reader: readers.at(-1) });
  expect([...readRegister(table, 'a').values]).toEqual([1, 2]);
  if (readers.length > 1) expect(notes!.join()).toMatch(/^duckdb did not read it, papaparse did: /);
});

test('refuses a delimiter that is none', async () => {
  await expect(readTable(write('d.csv', 'a\n1\n'), { delimiter: '::' })).rejects.toThrow(
    /one ASCII character for delimiter/,
  );
});

test('hashes the bytes of the file as it lies', async () => {
  const { hash } = await readTable(write('hash.csv', 'a\n1\n'));
  expect(hash).toBe('309b0e45a73d3fc5325e2b6ed0a01ef8b9cde6b05a5633c1f893f970d52bfddc');
});

test.each([
  ['empty.csv', '', /empty\.csv but the file is empty/],
  ['header.csv', 'a,b\n', /rows below the header of .*header\.csv/],
  ['ragged.csv', 'a,b\n1\n2\n', /ragged\.csv but none can be read: line 2: expected 2 cells/],
  ['cut.csv.gz', gzipSync('a,b\n1,2\n').subarray(0, 20), /gzip data in .*cut\.csv\.gz/],
  ['latin1.csv', Buffer.from('ann\xe9e,b\n1,2\n', 'latin1'), /header of .*latin1\.csv .* UTF-8/],
])('refuses %s, naming it', async (name, content, message) => {
  await expect(readTable(write(name, content))).rejects.toThrow(message);
});

test('refuses a file that is not there and a folder, naming them', async () => {
  await expect(readTable(join(folder, 'nosuch.csv'))).rejects.toMatchObject({
    code: 'file',
    message: /nosuch\.csv does not exist/,
  });
  await expect(readTable(folder)).rejects.toMatchObject({ code: 'file', message: /is a directory/ });
});
