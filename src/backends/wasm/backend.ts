import { instantiateSync } from '@assemblyscript/loader';
import type { Backend } from '../backend.js';
import type { KernelFunctions } from '../kernels.gen.js';

/** The builds of the kernels, best first. */
export type WasmBuild = 'simd-threads' | 'simd';

/** Binds a compiled build to a memory; `module` may come from another thread. */
export function createWasmBackend(build: WasmBuild, module: WebAssembly.Module, memory: WebAssembly.Memory): Backend {
  const { exports } = instantiateSync(module, { env: { memory } });
  return { name: 'wasm', variant: build, kernels: exports as unknown as KernelFunctions };
}
