import type { KernelFunctions } from './kernels.gen.js';
import type { NativeOptions } from './native/backend.js';

export type BackendName = 'native' | 'wasm' | 'reference';

/** The compiled builds of the WebAssembly kernels, best first. */
export type WasmBuild = 'simd-threads' | 'simd';

/** Who computes: the kernels, bound to one memory on one thread. */
export interface Backend {
  readonly name: BackendName;
  /** The build or instruction set in use: 'simd-threads', 'simd', 'avx512', 'typescript', … */
  readonly variant: string;
  readonly kernels: KernelFunctions;
}

export type KernelName = keyof KernelFunctions;

/** Which backend to bind, as plain data that a message carries to another thread. */
export type Binding =
  | { readonly name: 'reference' }
  | { readonly name: 'wasm'; readonly build: WasmBuild; readonly module: WebAssembly.Module }
  | { readonly name: 'native'; readonly options: NativeOptions };

/** A backend or build that is not used, and why. */
export interface PassedOver {
  readonly what: string;
  readonly why: string;
}
