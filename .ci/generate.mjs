// Writes the files that derive from the kernel table (src/kernels/table.ts, as built). CI runs it and compares.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuffer } from '../dist/kernels/contract.js';
import { kernels } from '../dist/kernels/table.js';

const root = new URL('..', import.meta.url);
const write = (path, text) => {
  const file = fileURLToPath(new URL(path, root));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};

const head = 'Derived from the kernel table by `npm run generate`; do not edit.';
const results = { void: 'void', i32: 'number', f64: 'number' };
const parameter = (argument) => (isBuffer(argument) ? `${argument.name}Offset` : argument.name);

const functions = kernels.map((kernel) => {
  const parameters = kernel.arguments.map((argument) => `${parameter(argument)}: number`).join(', ');
  return `  /** ${kernel.summary} */\n  ${kernel.name}(${parameters}): ${results[kernel.returns]};`;
});
write(
  'src/backends/kernels.gen.ts',
  `// ${head}\n\n/** The kernels, as every backend offers them. */\nexport interface KernelFunctions {\n${functions.join('\n')}\n}\n`,
);
