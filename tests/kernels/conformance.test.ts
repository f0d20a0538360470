import { afterAll, expect, test } from 'vitest';
import { checkCase, conformanceCases, prepareCase } from '#lanewise/engine/conformance.js';
import { createEngine, type Engine, type EngineOptions } from '#lanewise/engine/engine.js';
import { kernels } from '#lanewise/kernels/table.js';

// Every kernel of the table, on every backend that is built here, against its reference. LANEWISE_SEEDS asks for the long
// run: so many seeds, every size in every flavour. Odd seeds shift every buffer by one element.
const long = process.env['LANEWISE_SEEDS'];
const seeds = Number(long ?? 2);

async function engineOrNone(options: EngineOptions): Promise<Engine[]> {
  try {
    return [await createEngine({ ...options, threads: 1 })];
  } catch (error) {
    if (options.backend === 'native' && !process.env['LANEWISE_ADDON']) return [];
    throw error;
  }
}

const engines = [
  ...(await engineOrNone({ backend: 'wasm' })),
  ...(await engineOrNone({ backend: 'wasm', sharedMemory: false })),
  ...(await engineOrNone({ backend: 'native' })),
];

afterAll(async () => {
  for (const engine of engines) await engine.close();
});

test('both WebAssembly builds are among the backends that are held to the reference', () => {
  expect(engines.map((engine) => engine.describe().variant)).toEqual(expect.arrayContaining(['simd-threads', 'simd']));
});

test.each(kernels.map((kernel) => [kernel.name, kernel] as const))('%s agrees with its reference', (_, kernel) => {
  const wrong: string[] = [];
  for (let seed = 0; seed < seeds && wrong.length === 0; seed++) {
    for (const key of conformanceCases(seed, !long)) {
      const prepared = prepareCase(kernel, key);
      for (const engine of engines) {
        const found = checkCase(prepared, engine);
        if (found) wrong.push(found);
      }
      if (wrong.length >= 3) break;
    }
  }
  expect(wrong).toEqual([]);
});

// A field of the packed sums holds 4,095 rows of a bin, which no other case has.
test.each(['skewed', 'constant', 'ties', 'plain'] as const)('histograms of many rows of a bin agree: %s', (flavour) => {
  const kernel = kernels.find(({ name }) => name === 'histogram_build_u8')!;
  const prepared = prepareCase(kernel, { size: 15_000, flavour, seed: 1 });
  expect(engines.map((engine) => checkCase(prepared, engine))).toEqual(engines.map(() => undefined));
});
