import { afterAll, expect, test } from 'vitest';
import { loadAddon } from '#lanewise/backends/native/backend-node.js';
import { checkCase, conformanceCases, prepareCase } from '#lanewise/engine/conformance.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { kernels } from '#lanewise/kernels/table.js';

// Every kernel, on every instruction set that this processor runs. Even seeds lay buffers on 64-byte boundaries, odd ones
// shift them by an element.
const seeds = Array.from({ length: Number(process.env['LANEWISE_SEEDS'] ?? 2) }, (_, seed) => seed);
// One seed is for the sanitizers, beside every flavour of every size on exact buffers (.ci/native.sh): sizes in two flavours.
const thinned = seeds.length === 1;
const { isas } = loadAddon({}).addon;
const engines = await Promise.all(isas.map((isa) => createEngine({ backend: 'native', threads: 1, native: { isa } })));
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

test.each(kernels.map((kernel) => kernel.name))(`%s has the reference's bits on ${isas.join(', ')}`, (name) => {
  const kernel = kernels.find((candidate) => candidate.name === name)!;
  for (const seed of seeds) {
    for (const key of conformanceCases(seed, thinned)) {
      const prepared = prepareCase(kernel, key);
      for (const engine of engines) expect(checkCase(prepared, engine)).toBeUndefined();
    }
  }
});
