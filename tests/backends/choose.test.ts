import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { chooseBackend } from '#lanewise/backends/choose.js';
import { createEngine, type EngineOptions } from '#lanewise/engine/engine.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-'));
const broken = join(folder, 'broken.node');
writeFileSync(broken, 'this is no shared library');
afterAll(() => rmSync(folder, { recursive: true }));

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

/** An engine that finds no addon, whatever is built or installed here. */
async function describe(options: EngineOptions = {}) {
  await using engine = await createEngine({ native: { addon: join(folder, 'absent.node') }, ...options });
  const x = engine.arena.allocate('f64', 3).fill(2);
  expect(engine.kernels.dot_f64(x.byteOffset, x.byteOffset, 3)).toBe(12);
  return engine.describe();
}

const wasmFile = (build: string) => readFile(new URL(`../../dist/wasm/${build}.wasm`, import.meta.url));

test('without an addon WebAssembly runs, and the description says why', async () => {
  const { backend, variant, sharedMemory, memoryLimit, passedOver } = await describe();
  expect({ backend, variant, sharedMemory, memoryLimit }).toEqual({
    backend: 'wasm',
    variant: 'simd-threads',
    sharedMemory: true,
    memoryLimit: 2 ** 32,
  });
  expect(passedOver).toEqual([{ what: 'native', why: expect.stringContaining('absent.node') }]);
});

test('a broken addon is passed over with its reason', async () => {
  const { backend, passedOver } = await describe({ native: { addon: broken } });
  expect(backend).toBe('wasm');
  expect(passedOver[0]!.what).toBe('native');
  expect(passedOver[0]!.why).toMatch(/broken\.node: it cannot be loaded/);
});

test('without shared memory one thread runs the build without threads', async () => {
  const { backend, variant, threads, sharedMemory, passedOver } = await describe({ sharedMemory: false, threads: 4 });
  expect({ backend, variant, threads, sharedMemory }).toEqual({
    backend: 'wasm',
    variant: 'simd',
    threads: 1,
    sharedMemory: false,
  });
  expect(passedOver.map(({ what }) => what)).toEqual(['shared memory', 'native', 'wasm simd-threads']);
});

test('a build that is missing, damaged or of another table gives way to the next', async () => {
  const missing = await describe({
    wasm: (build) => (build === 'simd-threads' ? Promise.reject(new Error('404')) : wasmFile(build)),
  });
  expect(missing).toMatchObject({ backend: 'wasm', variant: 'simd', threads: 1 });
  expect(missing.passedOver).toContainEqual({ what: 'wasm simd-threads', why: '404' });

  const damaged = await describe({ wasm: async (build) => (await wasmFile(build)).subarray(0, 100) });
  expect(damaged).toMatchObject({ backend: 'reference', variant: 'typescript', sharedMemory: true });
  expect(damaged.passedOver.map(({ what }) => what)).toEqual(['native', 'wasm simd-threads', 'wasm simd']);

  const empty = await describe({ wasm: () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0) });
  expect(empty.backend).toBe('reference');
  expect(empty.passedOver[1]!.why).toMatch(/was built from another kernel table: it lacks or differs in .*dot_f64/);
});

test('LANEWISE_BACKEND and LANEWISE_THREADS override the choice, and options override them', async () => {
  process.env['LANEWISE_BACKEND'] = 'reference';
  process.env['LANEWISE_THREADS'] = '3';
  expect(await describe()).toMatchObject({ backend: 'reference', threads: 3, passedOver: [] });
  expect(await describe({ backend: 'wasm', threads: 2 })).toMatchObject({ backend: 'wasm', threads: 2 });
  expect(await describe({ backend: 'auto' })).toMatchObject({ backend: 'reference' });
  process.env['LANEWISE_BACKEND'] = '';
  process.env['LANEWISE_THREADS'] = '';
  expect(await describe()).toMatchObject({ backend: 'wasm' });
});

test('a backend that is asked for and cannot be had is an error that says why', async () => {
  const native = { addon: broken };
  await expect(createEngine({ backend: 'native', native })).rejects.toMatchObject({
    name: 'LanewiseError',
    code: 'engine',
    message: expect.stringMatching(
      /^Expected the native backend, as the option `backend` asks, but it cannot be had: .*broken\.node/,
    ),
  });
  process.env['LANEWISE_BACKEND'] = 'native';
  await expect(createEngine({ native })).rejects.toThrow('as LANEWISE_BACKEND asks');
});

test('a backend or a number of threads that cannot be is a wrong usage', async () => {
  const wrong = (options: object) => createEngine(options as EngineOptions);
  await expect(wrong({ backend: 'gpu' })).rejects.toMatchObject({
    code: 'usage',
    message: 'Expected one of auto, native, wasm, reference for backend but received "gpu" of type string',
  });
  await expect(wrong({ threads: 0 })).rejects.toThrow('Expected an integer in [1, 49] for threads but received 0');
  process.env['LANEWISE_THREADS'] = 'many';
  await expect(wrong({})).rejects.toThrow('for LANEWISE_THREADS but received "many"');
});

test('the reference runs with and without shared memory', async () => {
  expect(await describe({ backend: 'reference', sharedMemory: false })).toMatchObject({
    sharedMemory: false,
    threads: 1,
  });
  const { binding } = await chooseBackend({ backend: 'reference' });
  expect(structuredClone(binding)).toEqual({ name: 'reference' });
});

/** WebAssembly.Memory as a platform has it that refuses some memories. */
function refuseMemory(refused: (descriptor: WebAssembly.MemoryDescriptor) => boolean): () => void {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      if (refused(descriptor)) throw new RangeError(`could not allocate ${descriptor.maximum} pages`);
      super(descriptor);
    }
  } as typeof Memory;
  return () => {
    WebAssembly.Memory = Memory;
  };
}

test('where 4 GiB of shared memory are refused, 1 GiB is taken, and said', async () => {
  const restore = refuseMemory(({ shared, maximum }) => shared === true && maximum! > 16_384);
  try {
    const { variant, memoryLimit, passedOver } = await describe();
    expect({ variant, memoryLimit }).toEqual({ variant: 'simd-threads', memoryLimit: 2 ** 30 });
    expect(passedOver[0]).toEqual({
      what: 'shared memory of up to 65536 pages',
      why: 'could not allocate 65536 pages',
    });
  } finally {
    restore();
  }
});

test('where shared memory is refused at all, one thread runs on a memory of fixed size, halved until it is granted', async () => {
  const restore = refuseMemory(({ shared, maximum }) => shared === true || maximum! > 2048);
  try {
    const { variant, threads, memoryLimit, passedOver } = await describe({ threads: 2 });
    expect({ variant, threads, memoryLimit }).toEqual({ variant: 'simd', threads: 1, memoryLimit: 2048 * 65_536 });
    expect(passedOver.map(({ what }) => what)).toContain('shared memory');
  } finally {
    restore();
  }
});
