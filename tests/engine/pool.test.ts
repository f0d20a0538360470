import { spawnSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { createEngine, type Engine, type Task } from '#lanewise/engine/engine.js';
import { loadSpawn, Pool, type WorkerStart } from '#lanewise/engine/pool.js';

const engines: Engine[] = [];
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

async function engineOf(backend: 'wasm' | 'reference', threads: number): Promise<Engine> {
  const engine = await createEngine({ backend, threads });
  engines.push(engine);
  return engine;
}

/** Inner products of two columns, over more and more rows. */
function dotTasks({ arena }: Engine, count: number, rows = 4096): Task[] {
  const [x, y] = [arena.allocate('f64', rows), arena.allocate('f64', rows)];
  for (let i = 0; i < rows; i++) [x[i], y[i]] = [1 / (i + 1), (i * 37) % 101];
  return Array.from({ length: count }, (_, index) => ({
    kernel: 'dot_f64',
    values: [x.byteOffset, y.byteOffset, rows - (index % 97)],
  }));
}

/** Runs batches until every worker has started and there is work for it. */
async function warmUp(engine: Engine): Promise<void> {
  const tasks = dotTasks(engine, 200);
  for (let i = 0; i < 200 && engine.describe().workers < engine.threads - 1; i++) await engine.run(tasks);
  await new Promise((resolve) => setTimeout(resolve, 100));
}

test.each(['wasm', 'reference'] as const)('%s gives the same results on 1, 2 and 3 threads', async (backend) => {
  const results: number[][] = [];
  for (const threads of [1, 2, 3]) {
    const engine = await engineOf(backend, threads);
    await warmUp(engine);
    expect(engine.describe().workers).toBe(threads - 1);
    results.push(await engine.run(dotTasks(engine, 500)));
  }
  expect(results[0]).toHaveLength(500);
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('workers do a share of the work', async () => {
  const engine = await engineOf('wasm', 3);
  await warmUp(engine);
  // On this thread alone a replaced kernel would be called every time.
  let here = 0;
  const dot = engine.kernels.dot_f64;
  const counting = {
    ...engine.kernels,
    dot_f64(...values: Parameters<typeof dot>) {
      here++;
      return dot(...values);
    },
  };
  const pool = new Pool(engine.arena, { name: 'reference' }, counting, 3, await loadSpawn());
  const tasks = dotTasks(engine, 300, 20_000);
  let batches = 0;
  for (const begin = performance.now(); here === 300 * batches && performance.now() - begin < 10_000; batches++) {
    await pool.run(tasks);
  }
  expect(here).toBeLessThan(300 * batches);
  await pool.close();
});

test('many small phases, one after another, all come back', async () => {
  const engine = await engineOf('wasm', 3);
  await warmUp(engine);
  const tasks = dotTasks(engine, 4, 200);
  const expected = await engine.run(tasks);
  for (let phase = 0; phase < 3000; phase++) {
    const results = await engine.run(tasks);
    if (results.some((value, index) => value !== expected[index])) expect(results).toEqual(expected);
  }
});

test('batches handed in at once come back in their own order', async () => {
  const engine = await engineOf('wasm', 2);
  const tasks = dotTasks(engine, 40);
  const expected = await engine.run(tasks);
  const all = await Promise.all(tasks.map((_, index) => engine.run(tasks.slice(index))));
  all.forEach((results, index) => {
    expect(results).toEqual(expected.slice(index));
  });
});

test('a batch of many tasks, an empty one and one of a single task', async () => {
  const engine = await engineOf('wasm', 2);
  const tasks = dotTasks(engine, 5000, 128);
  const results = await engine.run(tasks);
  expect(results).toHaveLength(5000);
  expect(await engine.run(tasks.slice(4999))).toEqual([results[4999]]);
  expect(await engine.run([])).toEqual([]);
});

test('memory that grows between batches is seen by every thread', async () => {
  const engine = await engineOf('reference', 3);
  await warmUp(engine);
  for (let round = 0; round < 3; round++) {
    engine.arena.allocate('u8', 8 << 20);
    const tasks = dotTasks(engine, 300);
    const [first, ...others] = await engine.run(tasks);
    expect(others.filter((_, index) => (index + 1) % 97 === 0)).toEqual([first, first, first]);
  }
});

test.each([1, 3])('a call that fails is an error, not a hang, and the engine goes on (%i threads)', async (threads) => {
  // Unchecked: a checked engine refuses the call before it is made.
  const engine = await createEngine({ backend: 'wasm', threads, checked: false });
  await warmUp(engine);
  const tasks = dotTasks(engine, 100);
  const broken = tasks.with(60, { kernel: 'dot_f64', values: [0xfffffff0, 64, 1000] });
  await expect(engine.run(broken)).rejects.toMatchObject({
    name: 'LanewiseError',
    code: 'engine',
    message: expect.stringMatching(/^A kernel call failed on wasm: dot_f64: .*out of bounds/),
  });
  expect(await engine.run(tasks)).toHaveLength(100);
  await engine.close();
});

test.each([1, 2])('a signal stops a batch between tasks and lets the event loop turn (%i threads)', async (threads) => {
  const engine = await engineOf('reference', threads);
  await warmUp(engine);
  const tasks = dotTasks(engine, 20_000, 20_000);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  const begin = performance.now();
  await expect(engine.run(tasks, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
  expect(performance.now() - begin).toBeLessThan(2000);
  await expect(engine.run(tasks, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  expect(await engine.run(tasks.slice(0, 2))).toHaveLength(2);
});

test('the event loop turns while batches follow each other', async () => {
  const engine = await engineOf('wasm', 2);
  await warmUp(engine);
  const tasks = dotTasks(engine, 20);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  for (const begin = performance.now(); performance.now() - begin < 400; ) await engine.run(tasks);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

test('a worker that dies with a task fails the batch; the others go on without it', async () => {
  const engine = await engineOf('wasm', 1);
  // A worker of a fake thread: it says that it has a task, as Queue.runOne does, and dies.
  const RUNNING = 16;
  let started = 0;
  const spawn = (start: WorkerStart, onGone: (why: string) => void) => {
    started++;
    const header = new Int32Array(start.memory.buffer, start.queueOffset, 64);
    setImmediate(() => {
      const next = Atomics.load(header, 0);
      if (Atomics.load(header, 1) - next > 0 && Atomics.compareExchange(header, 0, next, next + 1) === next) {
        Atomics.store(header, RUNNING + start.worker, 1);
      }
      onGone('out of memory');
    });
    return { ref() {}, unref() {}, terminate: async () => {} };
  };
  const pool = new Pool(engine.arena, { name: 'reference' }, engine.kernels, 2, spawn);
  const tasks = dotTasks(engine, 20_000, 20_000);
  await expect(pool.run(tasks)).rejects.toThrow('worker thread 1 ended: out of memory');
  expect(started).toBe(1);
  expect(await pool.run(tasks.slice(0, 50))).toHaveLength(50);
  expect(pool.notes).toEqual([{ what: 'worker thread 1', why: 'out of memory' }]);
  await pool.close();
});

test('workers that cannot be started are noted, and the work is done without them', async () => {
  const engine = await engineOf('wasm', 1);
  const spawn = () => {
    throw new Error('no threads here');
  };
  const pool = new Pool(engine.arena, { name: 'reference' }, engine.kernels, 2, spawn);
  // Workers are wanted only when work has lasted: one batch may be done too soon.
  const tasks = dotTasks(engine, 500, 20_000);
  for (let k = 0; k < 20; k++) expect(await pool.run(tasks)).toHaveLength(500);
  expect(pool.notes).toEqual([{ what: 'worker thread 1', why: 'no threads here' }]);
  await pool.close();
});

test('a closed engine refuses work by name', async () => {
  const engine = await createEngine({ backend: 'wasm', threads: 2 });
  const tasks = dotTasks(engine, 300, 20_000);
  await engine.run(tasks);
  const last = engine.run(tasks);
  await engine.close();
  expect(await last).toHaveLength(300);
  await engine.close();
  await expect(engine.run(tasks)).rejects.toThrow('Expected an open engine but it was closed');
});

test('a process whose engine is not closed ends by itself, and not before its work is done', () => {
  const script = `
    const { createEngine } = await import('#lanewise/engine/engine.js');
    const engine = await createEngine({ backend: 'wasm', threads: 3 });
    const x = engine.arena.allocate('f64', 50000).fill(1);
    const tasks = Array.from({ length: 400 }, () => ({ kernel: 'dot_f64', values: [x.byteOffset, x.byteOffset, 50000] }));
    for (let i = 0; i < 5; i++) await engine.run(tasks);
    const results = await engine.run(tasks);
    console.log(engine.describe().workers, results.length, results[399]);
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(child.stderr).toBe('');
  expect(child.stdout).toBe('2 400 50000\n');
  expect(child.status).toBe(0);
});
