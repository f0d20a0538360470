import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';

const engines: Engine[] = [];
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

async function engineOf(threads: number, checked = true): Promise<Engine> {
  const engine = await createEngine({ backend: 'wasm', threads, checked });
  engines.push(engine);
  return engine;
}

describe.each([1, 2])('a checked engine on %i threads', (threads) => {
  test('runs calls that keep to their memory', async () => {
    const engine = await engineOf(threads);
    const x = engine.arena.allocate('f64', 10).fill(2);
    const task = { kernel: 'dot_f64' as const, values: [x.byteOffset, x.byteOffset + 8, 9] };
    expect(await engine.run([task, task])).toEqual([36, 36]);
    expect(engine.kernels.dot_f64(x.byteOffset, x.byteOffset, 10)).toBe(40);
  });

  test('refuses a call beyond a block, into memory given back, and on a number that is no offset', async () => {
    const engine = await engineOf(threads);
    const x = engine.arena.allocate('f64', 10).fill(1);
    const gone = engine.arena.allocate('f64', 10);
    engine.arena.free(gone);
    const wrong = [
      [x.byteOffset, x.byteOffset, 11],
      [x.byteOffset + 8, x.byteOffset, 10],
      [gone.byteOffset, x.byteOffset, 10],
      [0, x.byteOffset, 10],
    ];
    for (const values of wrong) {
      const task = { kernel: 'dot_f64' as const, values };
      await expect(engine.run([task])).rejects.toThrow(/Expected \d+ bytes \(rowCount\) for [xy] of dot_f64 but/);
      await expect(engine.run([task, task])).rejects.toThrow(/of dot_f64 but/);
      expect(() => engine.kernels.dot_f64(...(values as [number, number, number]))).toThrow(/of dot_f64 but/);
    }
  });
});

test('without the option nothing is checked', async () => {
  const engine = await engineOf(1, false);
  const x = engine.arena.allocate('f64', 10).fill(0);
  expect(engine.kernels.dot_f64(x.byteOffset, x.byteOffset, 11)).toBeTypeOf('number');
});
