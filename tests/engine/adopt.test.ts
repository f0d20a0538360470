import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Bool,
  Dictionary,
  Float16,
  Float64,
  Int32,
  makeData,
  Table,
  TimestampMillisecond,
  tableFromArrays,
  tableToIPC,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { AdoptedChunk } from '#lanewise/engine/adopt.js';
import { vectorOver } from '#lanewise/engine/adopt.js';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { readIpcFile } from '#lanewise/engine/ipc-node.js';
import { dtypes } from '#lanewise/kernels/contract.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-'));
const engine = await createEngine({ backend: 'reference', threads: 1 });
const strict = await createEngine({ backend: 'reference', threads: 1, strict: true });
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  engine.stats.bytesCopied = 0;
});

/** The rows of a chunk as a kernel sees them: by offsets alone. */
function rowsOf({ arena }: Engine, chunk: AdoptedChunk): (number | bigint | null)[] {
  const { buffer } = arena.memory;
  const values = new (dtypes[chunk.dtype].array as typeof Uint8Array)(buffer, chunk.valuesOffset, chunk.length);
  const bits = new Uint8Array(buffer);
  return Array.from(values, (value, row) => {
    const bit = chunk.validityBit + row;
    const valid = chunk.validityOffset === 0 || (bits[chunk.validityOffset + (bit >> 3)]! >> (bit & 7)) & 1;
    return valid ? value : null;
  });
}

function arenaColumn(values: readonly number[], nulls: readonly number[] = []): Vector {
  const array = engine.arena.allocate('f64', values.length);
  array.set(values);
  if (nulls.length === 0) return vectorOver(array);
  const validity = engine.arena.allocate('u8', Math.ceil(values.length / 8)).fill(0xff);
  for (const row of nulls) validity[row >> 3]! &= ~(1 << (row & 7));
  return vectorOver(array, validity);
}

test('a vector made in the arena is adopted where it lies', () => {
  const vector = arenaColumn([1.5, Number.NaN, -0, 4]);
  using column = engine.adopt(vector);
  expect(column.chunks).toHaveLength(1);
  expect(column.chunks[0]).toMatchObject({ dtype: 'f64', validityOffset: 0, length: 4, copied: false });
  expect(column.chunks[0]!.valuesOffset).toBe(vector.data[0]!.values.byteOffset);
  expect(rowsOf(engine, column.chunks[0]!)).toEqual([1.5, Number.NaN, -0, 4]);
  expect(engine.stats.bytesCopied).toBe(0);
});

test('slices at every offset, with nulls over garbage, are adopted uncopied', () => {
  const values = Array.from({ length: 40 }, (_, row) => row);
  const nulls = [0, 3, 9, 17, 18, 39];
  const vector = arenaColumn(values, nulls);
  for (let start = 0; start < 20; start++) {
    using column = engine.adopt(vector.slice(start, start + 20));
    const expected = values.slice(start, start + 20).map((row) => (nulls.includes(row) ? null : row));
    expect(rowsOf(engine, column.chunks[0]!)).toEqual(expected);
  }
  expect(engine.stats.bytesCopied).toBe(0);
});

test('a column of several batches is adopted batch by batch', () => {
  const [first, second] = [arenaColumn([1, 2, 3], [1]), arenaColumn([4, 5])];
  using column = engine.adopt(new Vector([first.data[0]!, second.data[0]!]));
  expect(column.length).toBe(5);
  expect(column.chunks.map((chunk) => rowsOf(engine, chunk))).toEqual([
    [1, null, 3],
    [4, 5],
  ]);
  expect(engine.stats.bytesCopied).toBe(0);
});

test('an Arrow file read into the arena is adopted uncopied, whatever its columns', () => {
  const path = join(folder, 'table.arrow');
  const n = 1000;
  const table = new Table({
    value: vectorFromArray(Float64Array.from({ length: n }, (_, row) => row / 7)),
    holed: vectorFromArray(
      Array.from({ length: n }, (_, row) => (row % 5 === 0 ? null : row)),
      new Int32(),
    ),
    when: vectorFromArray(
      Array.from({ length: n }, (_, row) => row * 1000),
      new TimestampMillisecond(),
    ),
    colour: vectorFromArray(
      Array.from({ length: n }, (_, row) => ['red', 'green'][row % 2]!),
      new Dictionary(new Utf8(), new Int32()),
    ),
  });
  writeFileSync(path, tableToIPC(table, 'file'));
  const before = engine.arena.bytesUsed;
  const read = readIpcFile(engine, path);
  expect(read.table.numRows).toBe(n);
  const dtypesOf = ['value', 'holed', 'when', 'colour'].map((name) => {
    using column = engine.adopt(read.table.getChild(name)!, name);
    expect(column.length).toBe(n);
    return column.chunks[0]!.dtype;
  });
  expect(dtypesOf).toEqual(['f64', 'i32', 'i64', 'i32']);
  using holed = engine.adopt(read.table.getChild('holed')!);
  expect(rowsOf(engine, holed.chunks[0]!).slice(0, 7)).toEqual([null, 1, 2, 3, 4, null, 6]);
  using matrix = engine.matrix(read.table, ['value']);
  expect(matrix.columns[0]![8]).toBe(8 / 7);
  expect(engine.stats.bytesCopied).toBe(0);
  read[Symbol.dispose]();
  expect(engine.arena.bytesUsed).toBe(before);
});

test('a stream is read as a file is, and several batches stay several chunks', () => {
  const path = join(folder, 'table.arrows');
  const half = tableFromArrays({ x: Float64Array.of(1, 2) });
  writeFileSync(path, tableToIPC(half.concat(tableFromArrays({ x: Float64Array.of(3) })), 'stream'));
  using read = readIpcFile(engine, path);
  using column = engine.adopt(read.table.getChild('x')!);
  expect(column.chunks.map((chunk) => rowsOf(engine, chunk))).toEqual([[1, 2], [3]]);
  expect(engine.stats.bytesCopied).toBe(0);
});

test('what does not lie in the arena is copied, counted and given back', () => {
  const before = engine.arena.bytesUsed;
  const column = engine.adopt(vectorFromArray([1, null, 3], new Float64()));
  expect(rowsOf(engine, column.chunks[0]!)).toEqual([1, null, 3]);
  expect(column.chunks[0]!.copied).toBe(true);
  expect(engine.stats.bytesCopied).toBe(3 * 8 + 1);
  column[Symbol.dispose]();
  expect(engine.arena.bytesUsed).toBe(before);
});

test('booleans become bytes, half floats doubles, and both are counted', () => {
  using flags = engine.adopt(vectorFromArray([true, false, null], new Bool()).slice(1));
  expect(rowsOf(engine, flags.chunks[0]!)).toEqual([0, null]);
  const halves = new Vector([makeData({ type: new Float16(), length: 2, data: Uint16Array.of(0x3c00, 0xc000) })]);
  using half = engine.adopt(halves);
  expect(rowsOf(engine, half.chunks[0]!)).toEqual([1, -2]);
  expect(engine.stats.bytesCopied).toBe(2 + 1 + 16);
});

test('strict mode refuses to copy, and adopts what lies in the arena', () => {
  expect(() => strict.adopt(vectorFromArray([1, 2], new Float64()), 'column "age"')).toThrow(
    /Expected column "age" to lie in the engine's memory .* 16 bytes of it would be copied/,
  );
  expect(() => strict.matrixOf([Float64Array.of(1)], ['x'])).toThrow('column "x"');
  const array = strict.arena.allocate('f64', 2).fill(3);
  using column = strict.adopt(vectorOver(array));
  expect(column.chunks[0]!.copied).toBe(false);
  expect(strict.stats.bytesCopied).toBe(0);
});

test('texts are refused by name', () => {
  expect(() => engine.adopt(vectorFromArray(['a', 'b'], new Utf8()), 'column "city"')).toThrow(
    'Expected numbers for column "city" but it is of type Utf8',
  );
});

test('a matrix uses plain columns where they lie and copies the others once', () => {
  const plain = arenaColumn([1, 2, 3]);
  const table = new Table({
    plain,
    holed: arenaColumn([4, 5, 6], [1]),
    whole: vectorFromArray([7, 8, 9], new Int32()),
    flag: vectorFromArray([true, null, false], new Bool()),
  });
  const before = engine.arena.bytesUsed;
  const matrix = engine.matrix(table, ['plain', 'holed', 'whole', 'flag']);
  expect(matrix.rowCount).toBe(3);
  expect(matrix.columns.map((column) => [...column])).toEqual([
    [1, 2, 3],
    [4, Number.NaN, 6],
    [7, 8, 9],
    [1, Number.NaN, 0],
  ]);
  expect(matrix.columns[0]!.byteOffset).toBe(plain.data[0]!.values.byteOffset);
  expect(matrix.columns.every((column) => engine.arena.holds(column))).toBe(true);
  expect(engine.stats.bytesCopied).toBe(3 * 3 * 8);
  matrix[Symbol.dispose]();
  expect(engine.arena.bytesUsed).toBe(before);
  expect(() => engine.matrix(table, ['plane'])).toThrow('Unknown column "plane": did you mean "plain"?');
});

test('a file that is missing, empty, truncated or something else is refused by name, and nothing stays in the arena', () => {
  const before = engine.arena.bytesUsed;
  const file = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const whole = tableToIPC(tableFromArrays({ x: Float64Array.of(1, 2, 3) }), 'file');
  expect(() => readIpcFile(engine, join(folder, 'absent.arrow'))).toThrow(/absent\.arrow but it cannot be opened/);
  expect(() => readIpcFile(engine, file('empty.arrow', ''))).toThrow('it is empty');
  expect(() => readIpcFile(engine, folder)).toThrow('cannot be read');
  for (const length of [8, 20, 100, whole.length - 1]) {
    expect(() => readIpcFile(engine, file('cut.arrow', whole.subarray(0, length)))).toThrow('it is truncated');
  }
  expect(() => readIpcFile(engine, file('text.arrow', 'id,age\n1,2\n3,4\n'))).toThrow(/text\.arrow/);
  expect(engine.arena.bytesUsed).toBe(before);
});
