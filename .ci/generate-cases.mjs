// Language-neutral cases of every kernel: inputs, and what the reference makes of them, as JSON (one file a kernel, a line
// a case; bindings/cases/README.md has the format). `npm run generate` writes a few into bindings/cases; `node
// .ci/generate-cases.mjs FOLDER` writes the many that the native driver runs under the sanitizers.
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

/** One case: the call's arguments in the contract's order, and what they and the result must be. */
function caseLine(kernel, key) {
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

function casesFile(kernel, lines) {
  return `{\n  "kernel": ${JSON.stringify(kernel.name)},\n  "cases": [\n${lines.map((line) => `    ${line}`).join(',\n')}\n  ]\n}\n`;
}

const FEW = [
  { size: 3, flavour: 'plain' },
  { size: 37, flavour: 'special' },
  { size: 37, flavour: 'nulls' },
];
const MOST_CHARACTERS = 36_000;
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

/** A few cases of a kernel that are small enough to be kept: of each kind, the first seed's that is. */
export function fewCases(kernel) {
  const lines = FEW.map((kind) => {
    for (const seed of SEEDS) {
      const line = caseLine(kernel, { ...kind, seed });
      if (line.length <= MOST_CHARACTERS) return line;
    }
    throw new Error(`${kernel.name} has no case of ${kind.size} rows below ${MOST_CHARACTERS} characters`);
  });
  return casesFile(kernel, lines);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? 'build/cases');
  mkdirSync(folder, { recursive: true });
  const keys = [...conformanceCases(1)];
  for (const kernel of kernels) {
    const lines = keys.map((key) => caseLine(kernel, key));
    writeFileSync(join(folder, `${kernel.name}.json`), casesFile(kernel, lines));
  }
}
