import { expect, test } from 'vitest';
import { loadNativeBackend } from '#lanewise/backends/native/backend.js';
import { loadAddon } from '#lanewise/backends/native/backend-node.js';
import { createReferenceBackend } from '#lanewise/backends/reference/backend.js';
import { stream } from '#lanewise/engine/random.js';
import { type AnyArray, dtypes, flavours, isBuffer, type Kernel } from '#lanewise/kernels/contract.js';
import { kernels } from '#lanewise/kernels/table.js';

const GUARD = 0xa5;
const START = 65_536;
const END = START + 512 * 1024;
const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200, 511, 700];
const memory = new WebAssembly.Memory({ initial: 256, maximum: 65_536, shared: true });
const reference = createReferenceBackend(memory);

/** Lays a case out with guard bytes round every buffer, and gives the call's values. */
function layOut(kernel: Kernel, size: number, flavour: (typeof flavours)[number], seed: number): number[] {
  const inputs = kernel.inputs(size, stream(seed, kernel.name, size), flavour);
  let offset = START;
  new Uint8Array(memory.buffer).fill(GUARD, 0, END);
  return kernel.arguments.map((argument) => {
    if (!isBuffer(argument)) return inputs.scalars[argument.name]!;
    const length = argument.length(inputs.scalars);
    const values = inputs.buffers[argument.name];
    if (argument.optional && (values === undefined || values === null)) return 0;
    const at = offset;
    offset += Math.ceil((length * dtypes[argument.dtype].bytes + 128) / 64) * 64;
    if (offset > END) throw new Error(`${kernel.name} needs more room than the test has`);
    const view = new dtypes[argument.dtype].array(memory.buffer, at, length) as AnyArray;
    if (values) (view as Float64Array).set(values as Float64Array);
    return at;
  });
}

/** The memory after the call, with every NaN of a float buffer as one NaN, and scratch left out; and the result. */
function outcome(kernel: Kernel, values: number[], call: (...values: number[]) => number | void) {
  const result = call(...values);
  const scalars = Object.fromEntries(kernel.arguments.map((argument, i) => [argument.name, values[i]!]));
  kernel.arguments.forEach((argument, i) => {
    if (!isBuffer(argument) || (argument.optional && values[i] === 0)) return;
    const view = new dtypes[argument.dtype].array(memory.buffer, values[i]!, argument.length(scalars));
    if (argument.role === 'scratch') (view as Float64Array).fill(0 as never);
    else if (argument.dtype === 'f32' || argument.dtype === 'f64')
      view.forEach((value, j) => {
        if (Number.isNaN(value)) view[j] = Number.NaN;
      });
  });
  return {
    result: kernel.returns === 'void' ? 0 : result,
    bytes: Buffer.from(new Uint8Array(memory.buffer).slice(0, END)),
  };
}

const isas = loadAddon({}).addon.isas;

for (const kernel of kernels) {
  test(`${kernel.name} gives the reference's bits on ${isas.join(', ')}`, async () => {
    const backends = await Promise.all(isas.map((isa) => loadNativeBackend(memory, { isa })));
    for (const size of sizes) {
      for (const flavour of flavours) {
        const values = layOut(kernel, size, flavour, size);
        const before = Buffer.from(new Uint8Array(memory.buffer).slice(0, END));
        const expected = outcome(kernel, values, reference.kernels[kernel.name as never] as never);
        for (const backend of backends) {
          new Uint8Array(memory.buffer).set(before);
          const got = outcome(kernel, values, backend.kernels[kernel.name as never] as never);
          const where = `${kernel.name} ${backend.variant} size ${size} ${flavour}`;
          expect(Object.is(got.result, expected.result), `${where}: ${got.result}, not ${expected.result}`).toBe(true);
          expect(got.bytes.equals(expected.bytes), `${where}: memory differs`).toBe(true);
        }
      }
    }
  });
}
