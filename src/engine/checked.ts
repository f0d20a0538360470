import type { KernelName } from '../backends/backend.js';
import type { KernelFunctions } from '../backends/kernels.gen.js';
import { LanewiseError } from '../errors.js';
import { dtypes, isBuffer, type Kernel, lengthText } from '../kernels/contract.js';
import { kernels } from '../kernels/table.js';
import type { Arena } from './arena.js';

const kernelOf: ReadonlyMap<string, Kernel> = new Map(kernels.map((kernel) => [kernel.name, kernel]));

/**
 * Does a call keep to memory that is allocated? Every buffer must lie, with the length that its entry in the table gives,
 * within one block of the arena.
 * @throws LanewiseError `internal` naming the kernel, the buffer, and how many bytes it has and wants.
 */
export function checkCall(arena: Arena, name: KernelName, values: readonly number[]): void {
  const kernel = kernelOf.get(name)!;
  const scalars = Object.fromEntries(kernel.arguments.map((argument, i) => [argument.name, values[i]!]));
  kernel.arguments.forEach((argument, i) => {
    if (!isBuffer(argument) || (argument.optional && values[i] === 0)) return;
    const wanted = argument.length(scalars) * dtypes[argument.dtype].bytes;
    const there = arena.bytesFrom(values[i]!);
    if (wanted <= there) return;
    throw new LanewiseError(
      'internal',
      `Expected ${wanted} bytes (${lengthText(argument)}) for ${argument.name} of ${name} but ${there} are allocated there`,
    );
  });
}

/** The kernels, each call checked first. */
export function checkedKernels(arena: Arena, functions: KernelFunctions): KernelFunctions {
  const entries = Object.entries(functions).map(([name, call]) => {
    const checked = (...values: number[]) => {
      checkCall(arena, name as KernelName, values);
      return (call as (...values: number[]) => number | void)(...values);
    };
    return [name, checked];
  });
  return Object.fromEntries(entries) as unknown as KernelFunctions;
}
