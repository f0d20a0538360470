import type { KernelFunctions } from './kernels.gen.js';

export type BackendName = 'native' | 'wasm' | 'reference';

/** Who computes: the kernels, bound to one memory on one thread. */
export interface Backend {
  readonly name: BackendName;
  /** The build or instruction set in use: 'simd-threads', 'simd', 'avx512', 'typescript', … */
  readonly variant: string;
  readonly kernels: KernelFunctions;
}

export type KernelName = keyof KernelFunctions;
