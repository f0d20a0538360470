import { instantiateSync } from '@assemblyscript/loader';
import { LanewiseError } from '../../errors.js';
import { kernels } from '../../kernels/table.js';
import type { Backend, WasmBuild } from '../backend.js';
import type { KernelFunctions } from '../kernels.gen.js';

/**
 * Binds a compiled build to a memory, with the kernels of `fast` in the place of its own; modules may come from another thread.
 * @throws LanewiseError `engine` where the build lacks a kernel of the table, or has it with other arguments.
 */
export function createWasmBackend(
  build: WasmBuild,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  fast?: WebAssembly.Module,
): Backend {
  const exports: Record<string, unknown> = { ...instantiateSync(module, { env: { memory } }).exports };
  if (fast) Object.assign(exports, fastKernels(fast, memory));
  const functions = Object.fromEntries(kernels.map(({ name }) => [name, unwrapped(exports[name])]));
  const unfit = kernels.filter(({ name, arguments: { length } }) => functions[name]?.length !== length);
  if (unfit.length > 0) {
    const names = unfit.map(({ name }) => name).join(', ');
    throw new LanewiseError(
      'engine',
      `${build}.wasm was built from another kernel table: it lacks or differs in ${names}`,
      {
        hint: '`npm run build` builds it again',
      },
    );
  }
  return { name: 'wasm', variant: fast ? `${build}-fast` : build, kernels: functions as unknown as KernelFunctions };
}

/** Of what the fast build exports, the kernels that are meant to be replaced. */
function fastKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Record<string, unknown> {
  const exports: Record<string, unknown> = instantiateSync(module, { env: { memory } }).exports;
  const wanted = kernels.filter((kernel) => kernel.fast !== undefined);
  return Object.fromEntries(wanted.map(({ name }) => [name, exports[name]]));
}

/** The loader's wrapper counts optional arguments; kernels have none, and a call through it costs several times more. */
function unwrapped(exported: unknown): { readonly length: number } | undefined {
  const found = (exported as { original?: unknown } | undefined)?.original ?? exported;
  return typeof found === 'function' ? found : undefined;
}
