import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { loadNativeBackend } from '#lanewise/backends/native/backend.js';
import { loadAddon } from '#lanewise/backends/native/backend-node.js';

const dist = resolve(import.meta.dirname, '../../dist');
const sharedMemory = () => new WebAssembly.Memory({ initial: 16, maximum: 65_536, shared: true });

type Call = (...values: unknown[]) => number;

test('every instruction set of this processor can be asked for, and the best is the default', async () => {
  const { addon } = loadAddon({});
  expect(addon.isas.length).toBeGreaterThan(0);
  for (const isa of addon.isas)
    expect(await loadNativeBackend(sharedMemory(), { isa })).toMatchObject({ name: 'native', variant: isa });
  if (process.env.LANEWISE_ISA === undefined)
    expect(await loadNativeBackend(sharedMemory())).toMatchObject({ variant: addon.isas.at(-1) });
});

test('several memories are attached side by side, and each kernel sees its own', async () => {
  const memories = [sharedMemory(), sharedMemory()];
  const backends = await Promise.all(memories.map((memory) => loadNativeBackend(memory)));
  memories.forEach((memory, k) => {
    new Float64Array(memory.buffer, 65_536, 4).fill(k + 1);
  });
  expect(backends.map(({ kernels }) => kernels.dot_f64(65_536, 65_536, 4))).toEqual([4, 16]);
});

test('a memory that grew after it was attached is still read and written', async () => {
  const memory = sharedMemory();
  const { kernels } = await loadNativeBackend(memory);
  memory.grow(1000);
  const offset = memory.buffer.byteLength - 64;
  new Float64Array(memory.buffer, offset, 8).fill(3);
  kernels.axpy_f64(offset, offset, 1, 8);
  expect([...new Float64Array(memory.buffer, offset, 8)]).toEqual(Array(8).fill(6));
});

test('a typed array that lies elsewhere is read and written in place', async () => {
  const { kernels } = await loadNativeBackend(sharedMemory());
  const [x, y] = [Float64Array.of(9, 1, 2, 3).subarray(1), Float64Array.of(9, 10, 20, 30).subarray(1)];
  expect((kernels.dot_f64 as Call)(x, y, 3)).toBe(140);
  (kernels.axpy_f64 as Call)(x, y, 2, 3);
  expect([...y]).toEqual([12, 24, 36]);
});

test('a wrong count or kind of argument throws and computes nothing', async () => {
  const { kernels } = await loadNativeBackend(sharedMemory());
  const dot = kernels.dot_f64 as Call;
  expect(() => dot(65_536, 65_536)).toThrow('Expected 3 arguments for dot_f64 but received 2');
  expect(() => dot(65_536, 65_536, 1, 1)).toThrow('Expected 3 arguments for dot_f64 but received 4');
  for (const wrong of ['65536', undefined, null, {}, -8])
    expect(() => dot(wrong, 65_536, 1)).toThrow('for the arguments of dot_f64');
  expect(() => dot(65_536, 65_536, '1')).toThrow('for the arguments of dot_f64');
});

test('the memory stays while a kernel of it can be called', async () => {
  const kernel = await (async () => {
    const memory = sharedMemory();
    new Float64Array(memory.buffer, 65_536, 4).fill(2);
    return (await loadNativeBackend(memory)).kernels.dot_f64;
  })();
  for (let round = 0; round < 20; round++) {
    new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
    await new Promise((resolve) => setImmediate(resolve));
  }
  (globalThis as unknown as { gc(): void }).gc();
  expect(kernel(65_536, 65_536, 4)).toBe(16);
});

test('worker threads attach the same memory and write to it at the same time', async () => {
  const memory = sharedMemory();
  const length = 4096;
  new Float64Array(memory.buffer, 65_536, length).fill(1);
  const script = `
    const { workerData, parentPort } = require('node:worker_threads');
    const { memory, thread, length, url } = workerData;
    import(url).then(async ({ loadNativeBackend }) => {
      const { kernels } = await loadNativeBackend(memory);
      const target = 131072 + thread * length * 8;
      for (let round = 0; round < 200; round++) kernels.axpy_f64(65536, target, thread + 1, length);
      parentPort.postMessage(kernels.dot_f64(65536, target, length));
    });`;
  const url = `file://${join(dist, 'backends/native/backend.js')}`;
  const workers = [0, 1, 2, 3].map(
    (thread) => new Worker(script, { eval: true, workerData: { memory, thread, length, url } }),
  );
  const sums = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
  expect(sums).toEqual([1, 2, 3, 4].map((factor) => 200 * factor * length));
  await Promise.all(workers.map((worker) => worker.terminate()));
});
