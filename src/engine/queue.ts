import { kernels } from '../kernels/table.js';
import type { Task } from './engine.js';

/**
 * The task queue: a block of shared memory that the driver and the workers read and write without locks.
 *
 * NEXT, LIMIT and DONE only ever count up (modulo 2^32). A batch of n tasks moves LIMIT n ahead; whoever moves NEXT by
 * one, by compare and exchange while it is behind LIMIT, owns that task; each finished task moves DONE by one. The batch
 * is over when DONE = LIMIT, so a thread that wakes late can neither run a task twice nor run one of an old batch.
 *
 *   bytes 0 …      header of i32 words, below
 *   256 …          text of the first error, UTF-8
 *   1024 …         tasks: kernel index, number of values, result, values …, each an f64
 */
const NEXT = 0;
const LIMIT = 1;
const DONE = 2;
/** LIMIT before the batch: the number of its first task. */
const BASE = 3;
/** Counts batches; parked workers wait on it. */
const WAKE = 4;
const PARKED = 5;
/** Not 0: tasks that nobody has begun are passed over. 1: cancelled. 2: a task failed. */
const STOP = 6;
const ERROR_BYTES = 7;
/** Not 0: the workers end. */
const CLOSED = 8;
/** Byte offset of the tasks, which move when a batch needs more room. */
const TASKS = 9;
/** Word RUNNING + w is 1 while worker w has a task. */
const RUNNING = 16;
const MAX_WORKERS = 48;

const ERROR_OFFSET = 256;
const ERROR_ROOM = 768;
export const QUEUE_BYTES = ERROR_OFFSET + ERROR_ROOM;

const maxValues = Math.max(...kernels.map((kernel) => kernel.arguments.length));
/** f64 elements a task. */
export const TASK_LENGTH = 3 + maxValues;
const indexOfKernel = new Map(kernels.map((kernel, index) => [kernel.name, index]));

/** About 50 µs: parking and waking a thread costs 20. */
const SPINS = 4_000;

type KernelFunction = (...values: number[]) => number | void;

export class Queue {
  readonly #memory: WebAssembly.Memory;
  readonly #offset: number;
  readonly #header: Int32Array;
  readonly #functions: readonly KernelFunction[];
  #tasks: Float64Array;

  /** @param offset of QUEUE_BYTES zeroed bytes in the memory */
  constructor(memory: WebAssembly.Memory, offset: number, functions: object) {
    this.#memory = memory;
    this.#offset = offset;
    this.#header = new Int32Array(memory.buffer, offset, ERROR_OFFSET / 4);
    this.#functions = kernels.map(({ name }) => (functions as Record<string, KernelFunction>)[name]!);
    this.#tasks = new Float64Array(0);
  }

  static readonly maxWorkers = MAX_WORKERS;

  // What the driver does.

  /** Puts a batch on offer. The one before must be over; `tasks` lie at `room`, which has TASK_LENGTH a task. */
  offer(tasks: readonly Task[], room: Float64Array): void {
    tasks.forEach(({ kernel, values }, index) => {
      const at = index * TASK_LENGTH;
      room[at] = indexOfKernel.get(kernel)!;
      room[at + 1] = values.length;
      room[at + 2] = 0;
      for (let i = 0; i < values.length; i++) room[at + 3 + i] = values[i]!;
    });
    const header = this.#header;
    this.#tasks = room;
    Atomics.store(header, TASKS, room.byteOffset);
    Atomics.store(header, STOP, 0);
    Atomics.store(header, BASE, header[LIMIT]!);
    Atomics.add(header, LIMIT, tasks.length);
    Atomics.add(header, WAKE, 1);
    const parked = Atomics.load(header, PARKED);
    if (parked > 0) Atomics.notify(header, WAKE, Math.min(parked, tasks.length - 1));
  }

  /** Are all tasks of the batch done? */
  get over(): boolean {
    return Atomics.load(this.#header, DONE) === Atomics.load(this.#header, LIMIT);
  }

  get stopped(): 'no' | 'cancelled' | 'failed' {
    return (['no', 'cancelled', 'failed'] as const)[Atomics.load(this.#header, STOP)]!;
  }

  /** What the task at `index` of the batch returned; 0 for void. */
  result(index: number): number {
    return this.#tasks[index * TASK_LENGTH + 2]!;
  }

  /** The batch's tasks that nobody has begun are passed over. */
  cancel(): void {
    Atomics.compareExchange(this.#header, STOP, 0, 1);
  }

  /** The first error of a failed batch, as the thread that met it told it. */
  get error(): string {
    const length = Atomics.load(this.#header, ERROR_BYTES);
    // A copy: browsers' TextDecoder refuses shared memory.
    return new TextDecoder().decode(new Uint8Array(this.#memory.buffer, this.#offset + ERROR_OFFSET, length).slice());
  }

  /** Waits a moment, then gives up: whether the batch is over. */
  spinUntilOver(): boolean {
    for (let i = 0; i < SPINS; i++) if (this.over) return true;
    return false;
  }

  /** Resolves when DONE has moved or, where the platform has no waitAsync, when the event loop has turned. */
  async progress(turn: () => Promise<void>): Promise<void> {
    const done = Atomics.load(this.#header, DONE);
    if (done === Atomics.load(this.#header, LIMIT)) return;
    if (typeof Atomics.waitAsync !== 'function') return turn();
    const waiting = Atomics.waitAsync(this.#header, DONE, done);
    if (waiting.async) await waiting.value;
  }

  /** Worker `worker` is gone; a task that it had counts as done and failed. Whether it had one. */
  bury(worker: number, why: string): boolean {
    if (Atomics.exchange(this.#header, RUNNING + worker, 0) === 0) return false;
    this.#fail(why);
    this.#finishOne();
    return true;
  }

  close(): void {
    Atomics.store(this.#header, CLOSED, 1);
    Atomics.add(this.#header, WAKE, 1);
    Atomics.notify(this.#header, WAKE);
  }

  // What every thread does.

  /** Runs one task of the batch, if there is one that nobody has begun. `worker` is −1 for the driver. */
  runOne(worker: number): boolean {
    const header = this.#header;
    let next = Atomics.load(header, NEXT);
    for (;;) {
      if (((Atomics.load(header, LIMIT) - next) | 0) <= 0) return false;
      // Said before the claim, so that a worker that dies with a task is never taken for an idle one.
      if (worker >= 0) Atomics.store(header, RUNNING + worker, 1);
      const found = Atomics.compareExchange(header, NEXT, next, (next + 1) | 0);
      if (found === next) break;
      if (worker >= 0) Atomics.store(header, RUNNING + worker, 0);
      next = found;
    }
    if (Atomics.load(header, STOP) === 0) this.#call((next - Atomics.load(header, BASE)) | 0);
    if (worker >= 0) Atomics.store(header, RUNNING + worker, 0);
    this.#finishOne();
    return true;
  }

  /** A worker's life: runs tasks, spins briefly, parks. */
  work(worker: number): void {
    const header = this.#header;
    while (Atomics.load(header, CLOSED) === 0) {
      const wake = Atomics.load(header, WAKE);
      while (this.runOne(worker));
      for (let i = 0; i < SPINS && Atomics.load(header, WAKE) === wake; i++);
      if (Atomics.load(header, WAKE) !== wake) continue;
      Atomics.add(header, PARKED, 1);
      Atomics.wait(header, WAKE, wake);
      Atomics.sub(header, PARKED, 1);
    }
  }

  #call(index: number): void {
    const tasks = this.#currentTasks();
    const at = index * TASK_LENGTH;
    const values: number[] = [];
    for (let i = 0; i < tasks[at + 1]!; i++) values.push(tasks[at + 3 + i]!);
    try {
      tasks[at + 2] = this.#functions[tasks[at]!]!(...values) ?? 0;
    } catch (error) {
      this.#fail(`${kernels[tasks[at]!]!.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #currentTasks(): Float64Array {
    const offset = Atomics.load(this.#header, TASKS) >>> 0;
    if (this.#tasks.byteOffset === offset && this.#tasks.length > 0) return this.#tasks;
    // The driver may have grown the memory; growing by nothing shows its new length here.
    if (offset >= this.#memory.buffer.byteLength) this.#memory.grow(0);
    this.#tasks = new Float64Array(
      this.#memory.buffer,
      offset,
      Math.floor((this.#memory.buffer.byteLength - offset) / 8),
    );
    return this.#tasks;
  }

  #finishOne(): void {
    const done = (Atomics.add(this.#header, DONE, 1) + 1) | 0;
    if (done === Atomics.load(this.#header, LIMIT)) Atomics.notify(this.#header, DONE);
  }

  #fail(message: string): void {
    if (Atomics.exchange(this.#header, STOP, 2) === 2) return;
    const bytes = new TextEncoder().encode(message).subarray(0, ERROR_ROOM);
    new Uint8Array(this.#memory.buffer, this.#offset + ERROR_OFFSET, bytes.length).set(bytes);
    Atomics.store(this.#header, ERROR_BYTES, bytes.length);
  }
}
