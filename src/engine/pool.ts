import type { Binding, PassedOver } from '../backends/backend.js';
import { isNode } from '../backends/platform.js';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import type { Arena } from './arena.js';
import type { Task } from './engine.js';
import { QUEUE_BYTES, Queue, TASK_LENGTH } from './queue.js';
import { SLICE_MILLISECONDS, turnEventLoop } from './turn.js';

/** What a worker is told when it starts. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  readonly binding: Binding;
  readonly queueOffset: number;
  /** 0 … workers − 1. */
  readonly worker: number;
}

/** A thread, of worker_threads or of the web. */
export interface WorkerHandle {
  /** Keeps the process alive, or lets it end. */
  ref(): void;
  unref(): void;
  terminate(): Promise<void>;
}

/** Starts a thread that holds no process; `onGone` is called when it has ended, with the reason where that was not on purpose. */
export type Spawn = (start: WorkerStart, onGone: (why: string) => void) => WorkerHandle;

/** Starting a worker costs 40–90 ms; work that is done sooner than this does not start any. */
const PATIENCE_MILLISECONDS = 2;
const FIRST_ROOM = 64;

/**
 * The thread pool: one for all backends. Workers bind the same kernels to the same shared memory. They start when the
 * first batch lasts, are kept, park when there is nothing to do, and keep the process alive only while a batch waits.
 */
export class Pool {
  readonly #arena: Arena;
  readonly #binding: Binding;
  readonly #queue: Queue;
  readonly #queueBlock: Uint8Array;
  readonly #spawn: Spawn;
  readonly #workers = new Map<number, WorkerHandle>();
  readonly #notes: PassedOver[] = [];
  #room: Float64Array;
  #wanted: number;
  #spawned = 0;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** Batches handed in and not yet over. */
  #pending = 0;
  #worked = 0;
  #sliceStart = 0;

  constructor(arena: Arena, binding: Binding, functions: object, threads: number, spawn: Spawn) {
    this.#arena = arena;
    this.#binding = binding;
    this.#spawn = spawn;
    this.#wanted = Math.min(threads - 1, Queue.maxWorkers);
    this.#queueBlock = arena.allocate('u8', QUEUE_BYTES).fill(0);
    this.#queue = new Queue(arena.memory, this.#queueBlock.byteOffset, functions);
    this.#room = arena.allocate('f64', FIRST_ROOM * TASK_LENGTH);
  }

  /** Workers that have been started and live. */
  get workers(): number {
    return this.#workers.size;
  }

  /** Workers that are not there, and why. */
  get notes(): readonly PassedOver[] {
    return this.#notes;
  }

  /** Starts the workers before the first batch lasts: for work that is known to come. */
  start(): void {
    if (!this.#closed) this.#startWorkers();
  }

  /** Runs a batch; batches that are handed in meanwhile come after it. See Engine.run. */
  run(tasks: readonly Task[], signal?: AbortSignal, meanwhile?: () => void): Promise<number[]> {
    if (this.#closed) {
      return Promise.reject(new LanewiseError('engine', 'Expected an open engine but it was closed'));
    }
    return this.#enqueue(() => this.#runBatch(tasks, signal, meanwhile));
  }

  /** Runs a batch at once where none is before it and it is over soon; then there is nothing to wait for. */
  runNow(tasks: readonly Task[], signal?: AbortSignal): Promise<unknown> | undefined {
    if (this.#closed || this.#pending > 0) return this.run(tasks, signal);
    throwIfCancelled(signal);
    this.#makeRoom(tasks.length);
    this.#queue.offer(tasks, this.#room);
    const begin = performance.now();
    while (this.#queue.runOne(-1));
    this.#worked += performance.now() - begin;
    if (this.#spawned < this.#wanted && this.#worked > PATIENCE_MILLISECONDS) this.#startWorkers();
    if (!this.#queue.spinUntilOver()) {
      return this.#enqueue(async () => {
        await this.#waitForOthers(signal);
        this.#throwIfFailed(signal);
      });
    }
    this.#throwIfFailed(signal);
    return undefined;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    this.#pending++;
    const turn = this.#last.then(work).finally(() => this.#pending--);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Ends the workers. A batch that is being run ends first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    this.#queue.close();
    await Promise.all([...this.#workers.values()].map((worker) => worker.terminate()));
    this.#workers.clear();
    this.#arena.free(this.#room);
    this.#arena.free(this.#queueBlock);
  }

  async #runBatch(tasks: readonly Task[], signal?: AbortSignal, meanwhile?: () => void): Promise<number[]> {
    throwIfCancelled(signal);
    this.#makeRoom(tasks.length);
    this.#queue.offer(tasks, this.#room);
    meanwhile?.();
    await this.#takePart(signal);
    await this.#waitForOthers(signal);
    this.#throwIfFailed(signal);
    return tasks.map((_, index) => this.#queue.result(index));
  }

  #throwIfFailed(signal: AbortSignal | undefined): void {
    if (this.#queue.stopped === 'failed') {
      throw new LanewiseError('engine', `A kernel call failed on ${this.#binding.name}: ${this.#queue.error}`);
    }
    throwIfCancelled(signal);
  }

  /** This thread's share, in slices. Nothing may be thrown before the batch is over: its memory is still in use. */
  async #takePart(signal: AbortSignal | undefined): Promise<void> {
    const begin = performance.now();
    if (begin - this.#sliceStart > 1_000) this.#sliceStart = begin;
    while (this.#queue.runOne(-1)) {
      const now = performance.now();
      if (this.#spawned < this.#wanted && this.#worked + now - begin > PATIENCE_MILLISECONDS) this.#startWorkers();
      if (now - this.#sliceStart > SLICE_MILLISECONDS) await this.#turn();
      if (signal?.aborted) this.#queue.cancel();
    }
    this.#worked += performance.now() - begin;
  }

  async #turn(): Promise<void> {
    await turnEventLoop();
    this.#sliceStart = performance.now();
  }

  async #waitForOthers(signal: AbortSignal | undefined): Promise<void> {
    if (this.#queue.spinUntilOver()) return;
    const cancel = () => this.#queue.cancel();
    signal?.addEventListener('abort', cancel);
    // waitAsync alone does not keep Node alive.
    for (const worker of this.#workers.values()) worker.ref();
    while (!this.#queue.over) await this.#queue.progress(turnEventLoop);
    for (const worker of this.#workers.values()) worker.unref();
    signal?.removeEventListener('abort', cancel);
    this.#sliceStart = performance.now();
  }

  #makeRoom(taskCount: number): void {
    const needed = taskCount * TASK_LENGTH;
    if (needed <= this.#room.length) return;
    this.#arena.free(this.#room);
    this.#room = this.#arena.allocate('f64', Math.max(needed, 2 * this.#room.length));
  }

  #startWorkers(): void {
    while (this.#spawned < this.#wanted) {
      const worker = this.#spawned++;
      const start = {
        memory: this.#arena.memory,
        binding: this.#binding,
        queueOffset: this.#queueBlock.byteOffset,
        worker,
      };
      try {
        this.#workers.set(
          worker,
          this.#spawn(start, (why) => this.#gone(worker, why)),
        );
      } catch (error) {
        this.#gone(worker, error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** A worker ended by itself. The task that it had has failed; the others and this thread go on. */
  #gone(worker: number, why: string): void {
    this.#workers.delete(worker);
    if (this.#closed) return;
    this.#notes.push({ what: `worker thread ${worker + 1}`, why });
    this.#queue.bury(worker, `worker thread ${worker + 1} ended: ${why}`);
  }
}

/** How threads are started here; loaded before the first batch, so that a batch can start them at once. */
export async function loadSpawn(): Promise<Spawn> {
  return isNode() ? (await import('./spawn-node.js')).spawnNode : (await import('./spawn-web.js')).spawnWeb;
}
