// Writes the files that derive from the kernel table (src/kernels/table.ts, as built). CI runs it and compares.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuffer } from '../dist/kernels/contract.js';
import { kernels } from '../dist/kernels/table.js';
import { fewCases } from './generate-cases.mjs';
import { kernelsJson, kernelsMarkdown } from './generate-docs.mjs';
import { kernelsHash, nativeHeader, nativeList, nativeSources } from './generate-native.mjs';
import { workflowJsonSchema, workflowMarkdown } from './generate-workflow.mjs';

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
  `// ${head}

/** The kernels, as every backend offers them. */
export interface KernelFunctions {
${functions.join('\n')}
}

/** Of names and signatures: an addon built from another table is refused. */
export const kernelsHash = '${kernelsHash(kernels)}';
`,
);
write('native/kernels.gen.h', nativeHeader(kernels, head));
write('native/binding/kernels.gen.inc', nativeList(kernels, head));
const { sources, fast, fastStems } = await nativeSources(head);
write('native/simd/sources.gen.h', sources);
write('native/simd/fast.gen.h', fast);
write('assembly/fast.gen.ts', `// ${head}\n${fastStems.map((stem) => `export * from './${stem}';`).join('\n')}\n`);
write('bindings/kernels.gen.json', kernelsJson(kernels, head));
write('docs/kernels.gen.md', kernelsMarkdown(kernels, head));
write('docs/workflow.schema.gen.json', workflowJsonSchema());
write('docs/workflow.gen.md', workflowMarkdown(head.replace('the kernel table', 'what checks workflow files')));
for (const kernel of kernels) write(`bindings/cases/${kernel.name}.gen.json`, fewCases(kernel));
