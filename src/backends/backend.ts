import type { KernelFunctions } from './kernels.gen.js';
import type { NativeOptions } from './native/backend.js';

export type BackendName = 'native' | 'wasm' | 'reference';

/** The compiled builds of the WebAssembly kernels, best first. */
export type WasmBuild = 'simd-threads' | 'simd';

/**
 * reproducible: the same bits on every backend, thread count and chunking. fast: kernels that say so (`fast` in their entry)
 * round a product and the sum it goes into once, where the machine can: faster, and the bits are this machine's.
 */
export type Numerics = 'reproducible' | 'fast';

/** Who computes: the kernels, bound to one memory on one thread. */
export interface Backend {
  readonly name: BackendName;
  /** The build or instruction set in use: 'simd-threads', 'simd', 'avx512', 'typescript', …; with '-fast' behind it. */
  readonly variant: string;
  readonly kernels: KernelFunctions;
  /** Where the system maps files into the memory. */
  readonly mapFile?: MapFile | undefined;
}

/**
 * Puts a file's first bytes (fresh pages, where `file` is below 0) in place of what lies at an offset of the memory, a multiple
 * of 64 KiB; false where the system refuses. Changes stay with this process.
 */
export type MapFile = (offset: number, bytes: number, file: number) => boolean;

export type KernelName = keyof KernelFunctions;

/** Which backend to bind, as plain data that a message carries to another thread. */
export type Binding =
  | { readonly name: 'reference' }
  | {
      readonly name: 'wasm';
      readonly build: WasmBuild;
      readonly module: WebAssembly.Module;
      /** The kernels that `numerics: 'fast'` replaces. */
      readonly fast?: WebAssembly.Module;
    }
  | { readonly name: 'native'; readonly options: NativeOptions };

/** A backend or build that is not used, and why. */
export interface PassedOver {
  readonly what: string;
  readonly why: string;
}
