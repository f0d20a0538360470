// Language-neutral cases of every kernel: inputs, and what the reference makes of them, as JSON (one file a kernel, a line
// a case). `node .ci/generate-cases.mjs FOLDER` writes the many that the native driver runs under the sanitizers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conformanceCases, prepareCase } from '../dist/engine/conformance.js';
import { isBuffer } from '../dist/kernels/contract.js';
import { kernels } from '../dist/kernels/table.js';

/** JSON has no NaN, no infinities and no −0: those are strings. */
function numberOf(value) {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

const base64Of = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

/**
 * One case: `arguments` in the contract's order, a number for a scalar, null for an absent buffer, else
 * `{ dtype, role, length, before?, after? }` with the elements' little-endian bytes in base64. `out` buffers have no
 * before, `in` buffers no after (they stay as they were), scratch neither.
 */
export function caseLine(kernel, key) {
  const { scalars, before, after, result } = prepareCase(kernel, key);
  const described = kernel.arguments.map((argument) => {
    if (!isBuffer(argument)) return numberOf(scalars[argument.name]);
    const { name, dtype, role } = argument;
    const contents = before.get(name);
    if (contents === null) return null;
    return {
      dtype,
      role,
      length: contents.length,
      ...(role === 'in' || role === 'inout' ? { before: base64Of(contents) } : {}),
      ...(role === 'out' || role === 'inout' ? { after: base64Of(after.get(name)) } : {}),
    };
  });
  const name = `size ${key.size}, ${key.flavour}, seed ${key.seed}`;
  return JSON.stringify({
    name,
    arguments: described,
    ...(kernel.returns === 'void' ? {} : { result: numberOf(result) }),
  });
}

/** The cases file of a kernel. */
export function casesFile(kernel, keys) {
  const lines = keys.map((key) => `    ${caseLine(kernel, key)}`);
  return `{\n  "kernel": ${JSON.stringify(kernel.name)},\n  "cases": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? 'build/cases');
  mkdirSync(folder, { recursive: true });
  const keys = [...conformanceCases(1)];
  for (const kernel of kernels) writeFileSync(join(folder, `${kernel.name}.json`), casesFile(kernel, keys));
}
