import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Table, tableFromArrays, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, test } from 'vitest';
import { loadDuckdb } from '#lanewise/collect/duckdb-node.js';
import { readTable } from '#lanewise/collect/index.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { readRegister } from '#lanewise/table/columns.js';
import { columnsOf } from '#lanewise/table/schema.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-binary-'));
afterAll(() => rmSync(folder, { recursive: true }));
const readers: ('plain' | 'duckdb')[] = (await loadDuckdb()) ? ['plain', 'duckdb'] : ['plain'];

function write(name: string, content: Uint8Array | ArrayBuffer): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(content));
  return path;
}

const noise = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => (i * 197 + (i >> 3) * 31 + 89) & 255);

const parquet = () =>
  parquetWriteBuffer({
    columnData: [
      { name: 'whole', data: [1, 2, null, 4], type: 'INT32' },
      { name: 'long', data: [1n, 2n ** 40n, null, -5n], type: 'INT64' },
      { name: 'real', data: [0.5, null, -2.25, 1e300], type: 'DOUBLE' },
      { name: 'flag', data: [true, false, null, true], type: 'BOOLEAN' },
      { name: 'label', data: ['b', 'a', null, 'b'], type: 'STRING' },
      { name: 'empty', data: [null, null, null, null], type: 'STRING' },
      { name: 'when', data: [0, 1e12, null, -1].map((ms) => (ms === null ? null : new Date(ms))), type: 'TIMESTAMP' },
      { name: 'nested', data: [{ a: 1 }, { a: 2 }, null, { a: 3 }], type: 'JSON' },
    ],
  });

describe.each(readers)('the %s reader', (reader) => {
  test('reads the types of Parquet, missing values included', async () => {
    const { table, notes } = await readTable(write('types.parquet', parquet()), { reader });
    const read = Object.fromEntries(
      columnsOf(table).map(({ name, kind }) => [name, [kind, Array.from(readRegister(table, name).values)]]),
    );
    expect(read).toMatchObject({
      whole: ['numeric', [1, 2, Number.NaN, 4]],
      long: ['numeric', [1, 2 ** 40, Number.NaN, -5]],
      real: ['numeric', [0.5, Number.NaN, -2.25, 1e300]],
      flag: ['boolean', [1, 0, Number.NaN, 1]],
      label: ['categorical', [1, 0, Number.NaN, 1]],
      empty: ['categorical', [Number.NaN, Number.NaN, Number.NaN, Number.NaN]],
      when: ['timestamp', [0, 1e12, Number.NaN, -1]],
    });
    expect(notes!.join()).not.toContain('label');
  });

  test('refuses noise and a file that was cut, naming it', async () => {
    const cut = write('cut.parquet', new Uint8Array(parquet()).subarray(0, 300));
    await expect(readTable(cut, { reader })).rejects.toMatchObject({ code: 'file', message: /cut\.parquet/ });
    const path = write('noise.parquet', noise(400));
    await expect(readTable(path, { reader })).rejects.toMatchObject({ code: 'file', message: /noise\.parquet/ });
  });
});

const arrow = () =>
  new Table({
    x: vectorFromArray([1.5, null, 3, Number.NaN]),
    n: tableFromArrays({ n: Int32Array.of(1, 2, 3, 4) }).getChild('n')!,
    label: vectorFromArray(['b', null, 'a', 'b']),
    note: vectorFromArray(
      ['a remark that is long enough', 'another remark that is long', 'and one more long remark here', null],
      new Utf8(),
    ),
    when: vectorFromArray([new Date(0), new Date(1e12), null, new Date(5)]),
    list: vectorFromArray([[1], [2], [3], [4]]),
  });

describe.each(['file', 'stream'] as const)('an Arrow IPC %s', (format) => {
  test('is read with kinds, and what is no feature is left out by name', async () => {
    const { table, notes } = await readTable(write(`table-${format}.arrow`, tableToIPC(arrow(), format)));
    expect(columnsOf(table).map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
      'x: numeric',
      'n: numeric',
      'label: categorical',
      'note: text',
      'when: timestamp',
    ]);
    expect([...readRegister(table, 'x').values]).toEqual([1.5, Number.NaN, 3, Number.NaN]);
    expect([...readRegister(table, 'when').values]).toEqual([0, 1e12, Number.NaN, 5]);
    expect(notes!.join()).toContain('"list"');
  });

  test('is decoded where it lies in the engine memory, without a copy', async () => {
    await using engine = await createEngine({ threads: 1 });
    const columns = { a: Float64Array.of(1, 2, 3), b: Float64Array.of(4, 5, 6) };
    const path = write(`plain-${format}.arrow`, tableToIPC(tableFromArrays(columns), format));
    const { table } = await readTable(path, { engine });
    expect(engine.arena.holds(readRegister(table, 'b').values)).toBe(true);
    expect(engine.stats.bytesCopied).toBe(0);
  });

  test('that was cut anywhere is refused by name, or read as far as it is whole', async () => {
    const whole = tableToIPC(tableFromArrays({ a: Float64Array.from({ length: 500 }, (_, i) => i) }), format);
    for (let length = 1; length < whole.length; length += 97) {
      const path = write('cut.arrow', whole.subarray(0, length));
      const outcome = await readTable(path).then(
        ({ table }) => table.numRows,
        (error) => error,
      );
      if (outcome === 500) continue;
      expect(outcome).toMatchObject({ name: 'LanewiseError', message: expect.stringContaining('cut.arrow') });
    }
  });
});

test('refuses noise under an Arrow name, naming it', async () => {
  const path = write('noise.arrow', noise(400));
  await expect(readTable(path)).rejects.toMatchObject({ code: 'file', message: /noise\.arrow/ });
});

test('knows formats by their first bytes, whatever the name says', async () => {
  const path = write('table.csv', tableToIPC(tableFromArrays({ a: Float64Array.of(1, 2) }), 'file'));
  expect((await readTable(path)).reader).toBe('apache-arrow');
});
