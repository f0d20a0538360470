import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';

const script = join(import.meta.dirname, 'fast-conformance.mjs');
const run = (...flags: string[]) =>
  JSON.parse(execFileSync(process.execPath, [...flags, script], { encoding: 'utf8' })) as {
    variant: string;
    passedOver: { what: string; why: string }[];
    checked: number;
    otherBits: number;
    wrong: string[];
  };

test('fast WebAssembly kernels stay within their bound of the reference, and are not the reproducible ones', () => {
  const plain = run();
  const found = plain.variant.endsWith('-fast') ? plain : run('--experimental-wasm-relaxed-simd');
  expect(found.variant).toBe('simd-threads-fast');
  expect(found.wrong).toEqual([]);
  expect(found.checked).toBeGreaterThan(100);
  expect(found.otherBits).toBeGreaterThan(10);
});

test('where the host has no relaxed SIMD, the reproducible kernels serve and the engine says why', async () => {
  await using engine = await createEngine({ backend: 'wasm', numerics: 'fast', threads: 1 });
  const { variant, passedOver } = engine.describe();
  const noted = passedOver.some(({ what }) => what === 'fast kernels');
  expect(noted).toBe(!variant.endsWith('-fast'));
});

test('fast is never the default, and the reference has no fast kernels', async () => {
  await using usual = await createEngine({ threads: 1 });
  expect(usual.describe().variant).not.toContain('fast');
  await using reference = await createEngine({ backend: 'reference', numerics: 'fast', threads: 1 });
  expect(reference.describe().passedOver).toContainEqual(expect.objectContaining({ what: 'fast kernels' }));
  const wrong = createEngine({ numerics: 'sloppy' as 'fast' });
  await expect(wrong).rejects.toThrow(/Expected 'reproducible' or 'fast' for numerics/);
});
