import type { Table, Vector } from 'apache-arrow';
import type { BackendName, KernelName, Numerics, PassedOver } from '../backends/backend.js';
import { type Choice, type ChoiceOptions, chooseBackend } from '../backends/choose.js';
import type { KernelFunctions } from '../backends/kernels.gen.js';
import { environment, isNode } from '../backends/platform.js';
import { invalid, LanewiseError, throwIfCancelled } from '../errors.js';
import { type AdoptedColumn, adoptVector } from './adopt.js';
import { Arena } from './arena.js';
import { checkCall, checkedKernels } from './checked.js';
import { type Matrix, matrixOfArrays, matrixOfTable } from './matrix.js';
import { loadSpawn, Pool, type Spawn } from './pool.js';
import { SLICE_MILLISECONDS, turnEventLoop } from './turn.js';

export interface EngineOptions extends ChoiceOptions {
  /** Threads, the calling one included; default: LANEWISE_THREADS, else the machine's cores. */
  readonly threads?: number;
  /** true: anything copied where zero-copy was possible throws. */
  readonly strict?: boolean;
  /**
   * true: every buffer of every kernel call is held to the block that was allocated for it, at the cost of time; default:
   * LANEWISE_CHECKED. For tests: a call that reaches beyond its memory is an error instead of a wrong number elsewhere.
   */
  readonly checked?: boolean;
}

/** One kernel call: its name and its numbers, in the contract's order. */
export interface Task {
  readonly kernel: KernelName;
  readonly values: readonly number[];
}

export interface EngineStats {
  /** Bytes copied into the arena because they did not lie there already. */
  bytesCopied: number;
  kernelCalls: number;
}

/** What runs, and why nothing better does. */
export interface EngineDescription {
  readonly backend: BackendName;
  readonly variant: string;
  readonly threads: number;
  /** Threads that have been started so far, beside the calling one; they start when work lasts. */
  readonly workers: number;
  readonly sharedMemory: boolean;
  /** Bytes that the memory can grow to. */
  readonly memoryLimit: number;
  /** Backends, builds and threads that were passed over, with the reason. */
  readonly passedOver: readonly PassedOver[];
}

const MAX_THREADS = 49;
/** The largest page of any system. */
const MAP_ALIGNMENT = 65_536;

/** Memory, kernels and threads. Create one with `createEngine`, or use the process's `defaultEngine()`. */
export class Engine {
  readonly arena: Arena;
  /** The kernels on this thread, at once: for calls too small to share out. */
  readonly kernels: KernelFunctions;
  readonly threads: number;
  readonly strict: boolean;
  /** What was asked for, whether or not this processor fuses products and sums. */
  readonly numerics: Numerics;
  readonly stats: EngineStats = { bytesCopied: 0, kernelCalls: 0 };
  readonly #choice: Choice;
  readonly #pool: Pool | undefined;
  readonly #checked: boolean;
  #sliceStart = 0;

  constructor(
    choice: Choice,
    options: { threads: number; strict: boolean; checked: boolean; numerics: Numerics; spawn: Spawn },
  ) {
    this.#choice = choice;
    this.arena = new Arena(choice.memory, choice.shared);
    this.#checked = options.checked;
    this.kernels = options.checked ? checkedKernels(this.arena, choice.backend.kernels) : choice.backend.kernels;
    this.threads = choice.shared ? options.threads : 1;
    this.strict = options.strict;
    this.numerics = options.numerics;
    if (this.threads > 1) {
      this.#pool = new Pool(this.arena, choice.binding, this.kernels, this.threads, options.spawn);
    }
  }

  /**
   * Runs independent calls, on every thread, and returns what each returned (0 for void), in order. Tasks must write to
   * places of their own. Between tasks the event loop turns (every 20 ms) and the signal is looked at. One task, or one
   * thread, runs at once, without any handing over.
   * @param meanwhile what this thread does before it takes part, while the others begin; it must not throw
   * @throws LanewiseError `cancelled` by the signal; `engine` where a call failed. No task runs on after that.
   */
  async run(tasks: readonly Task[], signal?: AbortSignal, meanwhile?: () => void): Promise<number[]> {
    if (tasks.length > 1 && this.#pool) {
      this.stats.kernelCalls += tasks.length;
      this.#check(tasks);
      return this.#pool.run(tasks, signal, meanwhile);
    }
    meanwhile?.();
    return this.runAlone(tasks, signal);
  }

  /** As `run`, on this thread alone. */
  async runAlone(tasks: readonly Task[], signal?: AbortSignal): Promise<number[]> {
    this.stats.kernelCalls += tasks.length;
    const results: number[] = [];
    for (const task of tasks) {
      throwIfCancelled(signal);
      if (performance.now() - this.#sliceStart > SLICE_MILLISECONDS) {
        await turnEventLoop();
        this.#sliceStart = performance.now();
        throwIfCancelled(signal);
      }
      results.push(this.#call(task));
    }
    return results;
  }

  /**
   * As `run`, for loops of short batches: where the batch is done at once there is no promise, undefined is returned. The
   * event loop does not turn meanwhile; the caller sees to it between batches.
   */
  runNow(tasks: readonly Task[], signal?: AbortSignal): Promise<unknown> | undefined {
    if (tasks.length === 1 || !this.#pool) return this.runHere(tasks);
    this.stats.kernelCalls += tasks.length;
    this.#check(tasks);
    return this.#pool.runNow(tasks, signal);
  }

  /** Starts the threads, which takes tens of milliseconds, for work that is known to come and to last. */
  startThreads(): void {
    this.#pool?.start();
  }

  /** Runs calls on this thread, at once, one after the other. */
  runHere(tasks: readonly Task[]): undefined {
    this.stats.kernelCalls += tasks.length;
    for (const task of tasks) this.#call(task);
    return undefined;
  }

  /** Makes an Arrow column readable for kernels; see `adoptVector`. */
  adopt(vector: Vector, name?: string): AdoptedColumn {
    return adoptVector(this, vector, name);
  }

  /** Numeric columns of a table as f64 in the arena; see `matrixOfTable`. */
  matrix(table: Table, names: readonly string[]): Matrix {
    return matrixOfTable(this, table, names);
  }

  /** Arrays as a matrix in the arena; see `matrixOfArrays`. */
  matrixOf(arrays: readonly Float64Array[], names?: readonly string[]): Matrix {
    return matrixOfArrays(this, arrays, names);
  }

  /**
   * A file mapped into the memory, where the backend is native and the system allows it: its pages are read when they are first
   * needed, and written ones become this process's own. Who shortens the file meanwhile ends the process; replacing it by
   * renaming another is safe.
   * @param file an open file's number
   */
  mapFile(file: number, size: number): { readonly bytes: Uint8Array; readonly memory: Disposable } | undefined {
    const { mapFile } = this.#choice.backend;
    if (!mapFile) return undefined;
    const block = this.arena.allocate('u8', size + 2 * MAP_ALIGNMENT);
    const offset = Math.ceil(block.byteOffset / MAP_ALIGNMENT) * MAP_ALIGNMENT;
    if (!mapFile(offset, size, file)) {
      this.arena.free(block);
      return undefined;
    }
    const unmap = () => {
      mapFile(offset, size, -1);
      this.arena.free(block);
    };
    return { bytes: new Uint8Array(this.arena.memory.buffer, offset, size), memory: { [Symbol.dispose]: unmap } };
  }

  describe(): EngineDescription {
    const { backend, shared, memoryLimit, passedOver } = this.#choice;
    return {
      backend: backend.name,
      variant: backend.variant,
      threads: this.threads,
      workers: this.#pool?.workers ?? 0,
      sharedMemory: shared,
      memoryLimit,
      passedOver: [...passedOver, ...(this.#pool?.notes ?? [])],
    };
  }

  /** Ends the threads. The memory lives on as long as something holds it. */
  async close(): Promise<void> {
    await this.#pool?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Those that other threads may take. What this thread runs is checked by its kernels. */
  #check(tasks: readonly Task[]): void {
    if (!this.#checked) return;
    for (const { kernel, values } of tasks) checkCall(this.arena, kernel, values);
  }

  #call({ kernel, values }: Task): number {
    const call = this.kernels[kernel] as (...values: number[]) => number | void;
    try {
      return call(...values) ?? 0;
    } catch (cause) {
      if (cause instanceof LanewiseError) throw cause;
      throw new LanewiseError('engine', `A kernel call failed on ${this.#choice.backend.name}: ${kernel}: ${cause}`, {
        cause,
      });
    }
  }
}

/**
 * An engine on the best backend that there is here, or on the one that is asked for.
 * @throws LanewiseError `usage` for an option that cannot be, `engine` for a backend that cannot be had.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const threads = await threadCount(options.threads);
  const choice = await chooseBackend(options);
  const checked = options.checked ?? environment('LANEWISE_CHECKED') === '1';
  const { strict = false, numerics = 'reproducible' } = options;
  return new Engine(choice, { threads, strict, checked, numerics, spawn: await loadSpawn() });
}

let shared: Promise<Engine> | undefined;

/** The process's engine, made at first use. */
export function defaultEngine(): Promise<Engine> {
  shared ??= createEngine();
  return shared;
}

async function threadCount(option: number | undefined): Promise<number> {
  const given = option ?? environment('LANEWISE_THREADS');
  if (given === undefined) return Math.min(MAX_THREADS, await coreCount());
  const threads = Number(given);
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads;
  throw invalid(option === undefined ? 'LANEWISE_THREADS' : 'threads', `an integer in [1, ${MAX_THREADS}]`, given);
}

async function coreCount(): Promise<number> {
  if (!isNode()) return navigator.hardwareConcurrency || 1;
  const { availableParallelism } = await import('./cores-node.js');
  return availableParallelism();
}
