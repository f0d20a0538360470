import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { type KernelFunctions, kernelsHash } from '#lanewise/backends/kernels.gen.js';
import {
  createNativeBackend,
  loadNativeBackend,
  type NativeAddon,
  platformPackage,
} from '#lanewise/backends/native/backend.js';

// How the loader behaves where there is no addon, or a bad one: it runs on bare Node. What the addon computes is tested
// in tests/native, on machines with a compiler.
const folder = mkdtempSync(join(tmpdir(), 'lanewise-native-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sharedMemory = () => new WebAssembly.Memory({ initial: 2, maximum: 4, shared: true });

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** An addon's shape in JavaScript: what it was attached to can be read back. */
const pretended = (hash: string) =>
  `exports.hash = '${hash}'; exports.isas = ['plain', 'best']; exports.fastIsas = ['best'];
   exports.attach = (memory, isa, fast) => ({ kernels: { memory, fast } });`;

test('a missing addon is an error that says so, and how to build it', async () => {
  const addon = join(folder, 'missing.node');
  const error = await loadNativeBackend(sharedMemory(), { addon }).catch((caught) => caught);
  expect(error).toMatchObject({ code: 'engine', hint: expect.stringContaining('npm run build:native') });
  expect(error.message).toContain(`${addon}: there is no such file`);
});

test('a damaged addon is an error that names the file', async () => {
  const addon = file('damaged.node', 'this is no shared library');
  const error = await loadNativeBackend(sharedMemory(), { addon }).catch((caught) => caught);
  expect(error).toMatchObject({ code: 'engine' });
  expect(error.message).toMatch(/damaged\.node: it cannot be loaded \(.+\)/);
});

test('a module that is no addon is refused', async () => {
  const addon = file('other.cjs', 'exports.greet = () => 1;');
  await expect(loadNativeBackend(sharedMemory(), { addon })).rejects.toThrow('it is no Lanewise addon');
});

test('an addon built from another kernel table is refused', async () => {
  const addon = file('stale.cjs', pretended('0123456789abcdef'));
  await expect(loadNativeBackend(sharedMemory(), { addon })).rejects.toThrow(
    `it was built from another kernel table (0123456789abcdef, expected ${kernelsHash})`,
  );
});

test('an addon of this kernel table is attached to the whole memory', async () => {
  const memory = sharedMemory();
  const backend = await loadNativeBackend(memory, { addon: file('good.cjs', pretended(kernelsHash)), isa: 'plain' });
  expect(backend).toMatchObject({ name: 'native', variant: 'plain' });
  const attached = (backend.kernels as unknown as { memory: Uint8Array }).memory;
  expect(attached.buffer).toBe(memory.buffer);
  expect([attached.byteOffset, attached.byteLength]).toEqual([0, 2 * 65_536]);
});

test('an unshared memory and an instruction set that is not there are refused', () => {
  const addon: NativeAddon = {
    hash: kernelsHash,
    isas: ['sse2'],
    fastIsas: [],
    attach: () => ({ kernels: {} as KernelFunctions }),
  };
  expect(() => createNativeBackend(addon, new WebAssembly.Memory({ initial: 1 }))).toThrow('not shared');
  expect(() => createNativeBackend(addon, sharedMemory(), 'avx9')).toThrow('no build "avx9"');
});

test('an installed package without a local build looks for the platform package, and uses it', async () => {
  const dist = resolve(import.meta.dirname, '../../dist');
  const copy = join(folder, 'installed');
  for (const path of ['errors.js', 'backends/kernels.gen.js', 'backends/native']) {
    cpSync(join(dist, path), join(copy, 'dist', path), { recursive: true });
  }
  writeFileSync(join(copy, 'package.json'), '{ "type": "module" }');
  const load = async (): Promise<{ variant: string }> => {
    const module = await import(pathToFileURL(join(copy, 'dist/backends/native/backend.js')).href);
    return module.loadNativeBackend(sharedMemory());
  };
  const name = platformPackage(process.platform, process.arch);
  expect(name).toBe(`@lanewise/${process.platform}-${process.arch}`);
  await expect(load()).rejects.toThrow(`${name}: not installed`);

  const installed = join(copy, 'node_modules', name);
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, 'package.json'), '{ "main": "addon.cjs" }');
  writeFileSync(join(installed, 'addon.cjs'), pretended(kernelsHash));
  expect(await load()).toMatchObject({ variant: 'best' });
});
