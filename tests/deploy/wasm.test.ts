import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportWasm } from '#lanewise/deploy/wasm.js';
import { instantiateModel } from '#lanewise/deploy/wasm-host.js';
import { extendModule } from '#lanewise/deploy/wasm-module.js';
import { makeModel } from '#lanewise/models/model.js';
import { ProgramBuilder } from '#lanewise/scoring/builder.js';
import { calendarPart } from '#lanewise/scoring/calendar.js';
import { embedProgram } from '#lanewise/scoring/embed.js';
import { bitsOfNumber, goldenRowObjects } from '#lanewise/scoring/golden.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import { calendarParts } from '#lanewise/scoring/layout.js';
import type { Program } from '#lanewise/scoring/program.js';
import { RowEncoder } from '#lanewise/scoring/rows.js';
import { bitsOf, columns, dice, everyOperation } from '../scoring/programs.js';
import { classifier, ranges, regressor } from './sample.js';

const modelOf = (program: Program) => makeModel({ ...regressor(), program });
const moduleOf = async (program: Program) => instantiateModel(await exportWasm(modelOf(program)));

const predictFile = new URL('../../dist/wasm/predict.wasm', import.meta.url);

describe('the stand-alone module gives the bits of the interpreter', () => {
  test('for random programs of every operation, at row counts around the block of 64', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const program = everyOperation(seed);
      const module = await moduleOf(program);
      for (const rowCount of [0, 1, 63, 64, 65, 200]) {
        const data = columns(dice(seed * 7 + rowCount), rowCount);
        const [want, have] = [runProgram(program, data, rowCount), module.predict(data, rowCount)];
        expect(have.map(bitsOf), `seed ${seed}, rows ${rowCount}`).toEqual(want.map(bitsOf));
      }
    }
  });

  test('for calendar parts of odd timestamps', async () => {
    const builder = new ProgramBuilder([
      { name: 'when', type: 'timestamp' },
      { name: 'x', type: 'number' },
    ]);
    const parts = calendarParts.flatMap((part) =>
      [0, 1].map((input) => ({ part, register: builder.add({ op: 'calendar', in: input, part }) })),
    );
    const outputs = parts.map(({ register }, k) => ({ name: `p${k}`, register, type: 'number' }) as const);
    const program = builder.build(outputs);
    const odd = [
      0,
      -1,
      1e300,
      -1e300,
      Number.POSITIVE_INFINITY,
      0.5,
      -0,
      951_782_399_999,
      951_782_400_000,
      -62_135_596_800_000,
      4_102_444_800_000,
      Number.NaN,
    ];
    const days = Array.from({ length: 800 }, (_, k) => Date.UTC(2019, 11, 20) + k * 43_200_000 - 1);
    const numbers = Float64Array.from([...odd, ...days]);
    const whole = numbers.map((value) => (Number.isSafeInteger(value) ? value : 7));
    const have = (await moduleOf(program)).predict([whole, numbers], numbers.length);
    runProgram(program, [whole, numbers], numbers.length).forEach((values, k) => {
      expect(bitsOf(have[k]!), parts[k]!.part).toEqual(bitsOf(values));
    });
    expect(calendarPart(Date.UTC(2020, 11, 31, 23, 59), 'week')).toBe(53);
  });

  test('for the golden rows that it carries', async () => {
    for (const model of [regressor(), classifier(['a', 'b', '日本'])]) {
      const module = await instantiateModel(await exportWasm(model, { ranges, name: 'fare', version: '2' }));
      const { golden, inputs } = module.schema;
      const encoder = new RowEncoder(model.program);
      const registers = inputs.map(() => new Float64Array(golden.rowCount));
      goldenRowObjects(golden).forEach((row, at) => {
        encoder.encode(row, registers, at);
      });
      module.predict(registers, golden.rowCount).forEach((values, k) => {
        expect(Array.from(values, bitsOfNumber)).toEqual(golden.outputs[k]!.bits);
      });
    }
  });

  test('when the model is larger than one page, and when more memory is needed again and again', async () => {
    const builder = new ProgramBuilder([{ name: 'x', type: 'number' }]);
    const table = Float64Array.from({ length: 50_000 }, (_, k) => k / 3);
    const register = builder.add({ op: 'lookup', in: 0, table, missing: -1, unseen: -2 });
    const program = builder.build([{ name: 'y', register, type: 'number' }]);
    const module = await moduleOf(program);
    for (const rowCount of [10, 50_000, 300_000, 5]) {
      const x = Float64Array.from({ length: rowCount }, (_, row) => (row * 7919) % 60_000);
      expect(bitsOf(module.predict([x], rowCount)[0]!)).toEqual(bitsOf(runProgram(program, [x], rowCount)[0]!));
    }
  });
});

test('the module imports nothing, is small, and tells columns, labels and units', async () => {
  const bytes = await exportWasm(regressor(), { ranges, name: 'fare', version: '2' });
  const module = new WebAssembly.Module(bytes);
  expect(WebAssembly.Module.imports(module)).toEqual([]);
  expect(
    WebAssembly.Module.exports(module)
      .map((entry) => entry.name)
      .sort(),
  ).toEqual(['lanewise_abi', 'lanewise_alloc', 'lanewise_predict', 'lanewise_reset', 'memory']);
  expect(readFileSync(predictFile).length).toBeLessThan(20_000);
  const { schema } = await instantiateModel(bytes);
  expect(schema).toMatchObject({
    format: 'lanewise.schema',
    abi: 1,
    name: 'fare',
    version: '2',
    model: { task: 'regression', target: 'fare' },
  });
  expect(schema.inputs[3]).toEqual({
    name: 'pickup',
    type: 'timestamp',
    storage: 'i64',
    unit: 'milliseconds since 1970-01-01T00:00Z',
  });
  expect(schema.inputs[4]).toMatchObject({
    storage: 'i32',
    labels: ['Bronx', 'Brooklyn', 'Queens', '<script>', 'Île'],
  });
  expect(schema.outputs).toEqual([{ name: 'prediction', type: 'number', storage: 'f64' }]);
  expect(await exportWasm(regressor(), { ranges, name: 'fare', version: '2' })).toEqual(bytes);
});

test('an operation that cannot be embedded is refused by name', async () => {
  const program = everyOperation(1);
  const strange = { ...program, operations: [{ op: 'quantum', in: 0, out: 5 }] } as unknown as Program;
  expect(() => embedProgram(strange)).toThrow(
    expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('"quantum"') }),
  );
});

test('bytes that are no such module are refused', async () => {
  await expect(instantiateModel(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'artefact' });
  await expect(instantiateModel(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).rejects.toThrow(/lanewise\.schema/);
  const bytes = await exportWasm(regressor());
  await expect(instantiateModel(bytes.slice(0, bytes.length - 300))).rejects.toMatchObject({ code: 'artefact' });
  expect(() => extendModule(bytes, { data: bytes, offset: 0, customName: 'x', customText: '' })).toThrow(/static data/);
});

describe('wrong calls give a status, not a trap', () => {
  let exports: Record<string, (...values: number[]) => number>;
  let memory: WebAssembly.Memory;
  let columnsAt: number;
  let outAt: number;
  const [DONE, BAD_ROWS, BAD_POINTER, NO_MEMORY, NO_PROGRAM] = [0, 1, 2, 3, 4];

  beforeAll(async () => {
    const builder = new ProgramBuilder([{ name: 'x', type: 'number' }]);
    const register = builder.add({ op: 'affine', in: 0, shift: 1, scale: 2 });
    const bytes = await exportWasm(modelOf(builder.build([{ name: 'y', register, type: 'number' }])));
    const instance = await WebAssembly.instantiate(await WebAssembly.compile(bytes));
    exports = instance.exports as typeof exports;
    memory = (instance.exports as unknown as { memory: WebAssembly.Memory }).memory;
  });
  const point = (rows: number) => {
    exports['lanewise_reset']!();
    const [x, y] = [exports['lanewise_alloc']!(rows * 8), exports['lanewise_alloc']!(rows * 8)];
    [columnsAt, outAt] = [exports['lanewise_alloc']!(4), exports['lanewise_alloc']!(4)];
    new Uint32Array(memory.buffer, columnsAt, 1)[0] = x!;
    new Uint32Array(memory.buffer, outAt, 1)[0] = y!;
    return { x: new Float64Array(memory.buffer, x, rows), y: new Float64Array(memory.buffer, y, rows) };
  };

  test('good calls are done, no rows included', () => {
    const { x, y } = point(3);
    x.set([3, Number.NaN, 7]);
    expect(exports['lanewise_predict']!(columnsAt, 3, outAt)).toBe(DONE);
    expect([...y]).toEqual([1, Number.NaN, 3]);
    expect(exports['lanewise_predict']!(columnsAt, 0, outAt)).toBe(DONE);
  });

  test('negative rows', () => {
    point(1);
    expect(exports['lanewise_predict']!(columnsAt, -1, outAt)).toBe(BAD_ROWS);
    expect(exports['lanewise_predict']!(columnsAt, -2_147_483_648, outAt)).toBe(BAD_ROWS);
  });

  test('pointers that are null, in the program, or beyond the memory', () => {
    point(4);
    const call = (a: number, rows: number, b: number) => exports['lanewise_predict']!(a, rows, b);
    for (const wrong of [0, 64, 100, memory.buffer.byteLength - 2, -4, -1]) {
      expect(call(wrong, 4, outAt)).toBe(BAD_POINTER);
      expect(call(columnsAt, 4, wrong)).toBe(BAD_POINTER);
      new Uint32Array(memory.buffer, columnsAt, 1)[0] = wrong;
      expect(call(columnsAt, 4, outAt)).toBe(BAD_POINTER);
      point(4);
    }
    expect(call(columnsAt, 2_147_483_647, outAt)).toBe(BAD_POINTER);
    expect(call(columnsAt, 4, outAt)).toBe(DONE);
  });

  test('more memory than there is', () => {
    expect(exports['lanewise_alloc']!(-1)).toBe(0);
    exports['lanewise_reset']!();
    let given = 0;
    while (given < 4 && exports['lanewise_alloc']!(2_000_000_000) !== 0) given++;
    expect(given).toBeLessThan(3);
    expect(NO_MEMORY).toBe(3);
    exports['lanewise_reset']!();
    expect(exports['lanewise_alloc']!(64)).toBeGreaterThan(0);
  });

  test('a module without a program', async () => {
    const bare = await WebAssembly.instantiate(new WebAssembly.Module(readFileSync(predictFile)));
    const calls = bare.exports as typeof exports;
    expect(calls['lanewise_predict']!(1000, 1, 1000)).toBe(NO_PROGRAM);
    expect(calls['lanewise_alloc']!(8)).toBe(0);
    expect(calls['lanewise_abi']!()).toBe(1);
  });
});
