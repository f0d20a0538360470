// Language-neutral cases of every kernel: inputs, and what the reference makes of them, as JSON. `node
// .ci/generate-cases.mjs FOLDER` writes the many cases that the native driver runs under the sanitizers;
// `npm run generate` writes a few into bindings/cases.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stream } from '../dist/engine/random.js';
import { dtypes, flavours, isBuffer } from '../dist/kernels/contract.js';
import { kernels } from '../dist/kernels/table.js';

/** JSON has no NaN, no infinities and no −0: those are strings. */
const numberOf = (value) =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
const base64Of = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

/** A buffer of a case, as the reference receives it; null where an optional one is absent. */
function bufferOf(argument, inputs) {
  const { array } = dtypes[argument.dtype];
  const length = argument.length(inputs.scalars);
  const values = inputs.buffers[argument.name];
  if (!values) return argument.optional ? null : new array(length);
  if (values.length > length) throw new Error(`${argument.name}: ${values.length} elements for a buffer of ${length}`);
  const buffer = new array(length);
  buffer.set(values);
  return buffer;
}

/**
 * One case: `arguments` in the contract's order, a number for a scalar, null for an absent buffer, else
 * `{ dtype, role, length, before?, after? }` with the elements' little-endian bytes in base64. `out` buffers have no
 * before, `in` buffers no after (they stay as they were), scratch neither.
 */
function caseOf(kernel, size, flavour, seed) {
  const inputs = kernel.inputs(size, stream(seed, kernel.name, size, flavour), flavour);
  const values = kernel.arguments.map((argument) =>
    isBuffer(argument) ? bufferOf(argument, inputs) : inputs.scalars[argument.name],
  );
  const described = kernel.arguments.map((argument, index) => {
    const value = values[index];
    if (!isBuffer(argument)) return numberOf(value);
    if (value === null) return null;
    const { dtype, role } = argument;
    const before = role === 'in' || role === 'inout' ? { before: base64Of(value) } : {};
    return { dtype, role, length: value.length, ...before };
  });
  const result = kernel.reference(...values);
  kernel.arguments.forEach((argument, index) => {
    if (isBuffer(argument) && values[index] && (argument.role === 'out' || argument.role === 'inout'))
      described[index].after = base64Of(values[index]);
  });
  const name = `size ${size}, ${flavour}`;
  return { name, arguments: described, ...(kernel.returns === 'void' ? {} : { result: numberOf(result) }) };
}

/** The cases file of a kernel. */
export function casesFile(kernel, sizes, wanted) {
  const cases = sizes.flatMap((size) => wanted.map((flavour) => caseOf(kernel, size, flavour, 1)));
  const lines = cases.map((entry) => `    ${JSON.stringify(entry)}`);
  return `{\n  "kernel": ${JSON.stringify(kernel.name)},\n  "cases": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? 'build/cases');
  mkdirSync(folder, { recursive: true });
  const sizes = [...Array(71).keys(), 127, 128, 129, 255, 256, 257, 300, 513];
  for (const kernel of kernels) {
    const text = casesFile(kernel, sizes, flavours);
    writeFileSync(join(folder, `${kernel.name}.json`), text);
  }
}
