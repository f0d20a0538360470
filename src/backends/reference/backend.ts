import { type AnyArray, dtypes, isBuffer, type Kernel } from '../../kernels/contract.js';
import { kernels } from '../../kernels/table.js';
import type { Backend } from '../backend.js';
import type { KernelFunctions } from '../kernels.gen.js';

/** The readable TypeScript references, called as the compiled kernels are: with byte offsets into the memory. */
export function createReferenceBackend(memory: WebAssembly.Memory): Backend {
  const functions = Object.fromEntries(kernels.map((kernel) => [kernel.name, bind(kernel, memory)]));
  return { name: 'reference', variant: 'typescript', kernels: functions as unknown as KernelFunctions };
}

function bind(kernel: Kernel, memory: WebAssembly.Memory): (...values: number[]) => number | void {
  return (...values) => {
    const scalars: Record<string, number> = {};
    kernel.arguments.forEach((argument, index) => {
      if (!isBuffer(argument)) scalars[argument.name] = values[index]!;
    });
    return kernel.reference(
      ...kernel.arguments.map((argument, index) => {
        if (!isBuffer(argument)) return values[index]!;
        return argument.optional && values[index] === 0
          ? null
          : view(memory, argument.dtype, values[index]!, argument.length(scalars));
      }),
    );
  };
}

function view(memory: WebAssembly.Memory, dtype: keyof typeof dtypes, offset: number, length: number): AnyArray {
  const { array, bytes } = dtypes[dtype];
  // Another thread may have grown the memory; growing by nothing shows its new length here.
  if (offset + length * bytes > memory.buffer.byteLength) memory.grow(0);
  return new array(memory.buffer, offset, length);
}
