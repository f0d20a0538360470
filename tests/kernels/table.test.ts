import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { dtypes, isBuffer, type Kernel, lengthText } from '#lanewise/kernels/contract.js';
import { kernels } from '#lanewise/kernels/table.js';

const root = resolve(import.meta.dirname, '../..');

/** The kernels that a module of src/kernels defines, by stem. */
async function kernelsByStem(): Promise<Map<string, Kernel[]>> {
  const files = readdirSync(join(root, 'src/kernels')).filter((file) => file.endsWith('.ts'));
  const found = new Map<string, Kernel[]>();
  for (const file of files.filter((name) => name !== 'table.ts')) {
    const stem = file.replace('.ts', '');
    const module = await import(pathToFileURL(join(root, `dist/kernels/${stem}.js`)).href);
    const own = kernels.filter((kernel) => Object.values(module).includes(kernel));
    const defined = Object.values(module).filter(
      (entry) => entry !== null && typeof entry === 'object' && 'reference' in entry,
    );
    expect(own.length, `every kernel of src/kernels/${file} is in the table`).toBe(defined.length);
    if (own.length > 0) found.set(stem, own);
  }
  return found;
}

test('names are unique, in snake case, and end in a dtype', () => {
  const names = kernels.map((kernel) => kernel.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) {
    expect(name).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/);
    expect(Object.keys(dtypes), name).toContain(name.split('_').at(-1));
  }
});

test('a kernel has the same stem in TypeScript, WebAssembly and C++', async () => {
  const stems = await kernelsByStem();
  expect([...stems.values()].flat()).toHaveLength(kernels.length);
  const entry = readFileSync(join(root, 'assembly/index.ts'), 'utf8');
  for (const [stem, own] of stems) {
    expect(entry).toContain(`export * from './${stem}';`);
    const [assembly, native] = [join(root, `assembly/${stem}.ts`), join(root, `native/${stem}.cpp`)];
    // Its definitions are checked by the linker: every declared kernel must be there.
    expect(existsSync(native), native).toBe(true);
    for (const { name } of own) {
      expect(readFileSync(assembly, 'utf8'), assembly).toContain(`export function ${name}(`);
    }
  }
});

test('every argument says what it means, and lengths can be read', () => {
  for (const kernel of kernels) {
    expect(new Set(kernel.arguments.map(({ name }) => name)).size).toBe(kernel.arguments.length);
    expect(kernel.summary, kernel.name).toMatch(/\.$/);
    for (const argument of kernel.arguments) {
      expect(argument.name, kernel.name).toMatch(/^[a-z][a-zA-Z0-9]*$/);
      expect(argument.meaning, `${kernel.name}.${argument.name}`).not.toBe('');
      if (isBuffer(argument)) expect(lengthText(argument), `${kernel.name}.${argument.name}`).not.toMatch(/=>|\bs\.|!/);
    }
  }
});

test('a kernel whose backends may differ says by how much and why', () => {
  for (const { name, agreement } of kernels) {
    if (agreement !== 'exact') expect(agreement.reason.length, name).toBeGreaterThan(10);
  }
});
