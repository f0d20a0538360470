import { instantiateSync } from '@assemblyscript/loader';
import { LanewiseError } from '../../errors.js';
import { kernels } from '../../kernels/table.js';
import type { Backend, WasmBuild } from '../backend.js';
import type { KernelFunctions } from '../kernels.gen.js';

/**
 * Binds a compiled build to a memory; `module` may come from another thread.
 * @throws LanewiseError `engine` where the build lacks a kernel of the table.
 */
export function createWasmBackend(build: WasmBuild, module: WebAssembly.Module, memory: WebAssembly.Memory): Backend {
  const exports: Record<string, unknown> = instantiateSync(module, { env: { memory } }).exports;
  const functions = Object.fromEntries(kernels.map(({ name }) => [name, unwrapped(exports[name])]));
  const missing = kernels.filter(({ name }) => typeof functions[name] !== 'function').map(({ name }) => name);
  if (missing.length > 0) {
    throw new LanewiseError(
      'engine',
      `${build}.wasm was built from another kernel table: it lacks ${missing.join(', ')}`,
    );
  }
  return { name: 'wasm', variant: build, kernels: functions as unknown as KernelFunctions };
}

/** The loader's wrapper counts optional arguments; kernels have none, and a call through it costs several times more. */
function unwrapped(exported: unknown): unknown {
  return (exported as { original?: unknown } | undefined)?.original ?? exported;
}
