import type { Backend, BackendName, KernelName } from '../backends/backend.js';
import type { KernelFunctions } from '../backends/kernels.gen.js';
import { createReferenceBackend } from '../backends/reference/backend.js';
import { throwIfCancelled } from '../errors.js';
import { Arena } from './arena.js';

export interface EngineOptions {
  /** Default 'auto': native, else wasm, else reference. */
  readonly backend?: BackendName | 'auto';
  /** Threads, the calling one included; default: the machine's cores. */
  readonly threads?: number;
  /** true: anything copied where zero-copy was possible throws. */
  readonly strict?: boolean;
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
  readonly sharedMemory: boolean;
  /** Backends and builds that were passed over, with the reason. */
  readonly passedOver: readonly { readonly what: string; readonly why: string }[];
}

/** Memory, kernels and threads. Create one with `createEngine`, or use the process's `defaultEngine()`. */
export class Engine {
  readonly arena: Arena;
  readonly kernels: KernelFunctions;
  readonly threads: number;
  readonly strict: boolean;
  readonly stats: EngineStats = { bytesCopied: 0, kernelCalls: 0 };
  readonly #backend: Backend;

  constructor(backend: Backend, arena: Arena, options: EngineOptions = {}) {
    this.#backend = backend;
    this.arena = arena;
    this.kernels = backend.kernels;
    this.threads = options.threads ?? 1;
    this.strict = options.strict ?? false;
  }

  /**
   * Runs independent calls, on every thread, and returns what each returned (0 for void), in order. Tasks must write to
   * places of their own. Between tasks the event loop turns and the signal is looked at.
   */
  async run(tasks: readonly Task[], signal?: AbortSignal): Promise<number[]> {
    const results: number[] = [];
    for (const { kernel, values } of tasks) {
      throwIfCancelled(signal);
      const call = this.kernels[kernel] as (...values: number[]) => number | void;
      results.push(call(...values) ?? 0);
    }
    return results;
  }

  describe(): EngineDescription {
    return {
      backend: this.#backend.name,
      variant: this.#backend.variant,
      threads: this.threads,
      sharedMemory: this.arena.shared,
      passedOver: [],
    };
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65_536, shared: true });
  return new Engine(createReferenceBackend(memory), new Arena(memory, true), options);
}

let shared: Promise<Engine> | undefined;

/** The process's engine, made at first use. */
export function defaultEngine(): Promise<Engine> {
  shared ??= createEngine();
  return shared;
}
