import { afterAll, expect, test } from 'vitest';
import { loadAddon } from '#lanewise/backends/native/backend-node.js';
import { checkCase, conformanceCases, prepareCase } from '#lanewise/engine/conformance.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { kernels } from '#lanewise/kernels/table.js';

const { isas, fastIsas } = loadAddon({}).addon;
const fast = kernels.filter((kernel) => kernel.fast);
const engines = await Promise.all(
  fastIsas.map((isa) => createEngine({ backend: 'native', numerics: 'fast', threads: 1, native: { isa } })),
);
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

test('every instruction set with fused multiply-add has fast kernels', () => {
  const fusing = ['avx2', 'avx512', 'neon'];
  expect([...fastIsas]).toEqual(isas.filter((isa) => fusing.includes(isa)));
  expect(engines.map((engine) => engine.describe().variant)).toEqual(fastIsas.map((isa) => `${isa}-fast`));
});

test.each(fast.map(({ name }) => name))(
  `%s stays within its bound of the reference on ${fastIsas.join(', ')}`,
  (name) => {
    const kernel = kernels.find((candidate) => candidate.name === name)!;
    for (const engine of engines) {
      let otherBits = 0;
      for (const key of conformanceCases(0)) {
        const prepared = prepareCase(kernel, key);
        expect(checkCase(prepared, engine)).toBeUndefined();
        const { arena } = engine;
        const exact = { backend: 'native', variant: 'held to the exact bits' } as ReturnType<typeof engine.describe>;
        if (checkCase(prepared, { arena, kernels: engine.kernels, describe: () => exact })) otherBits++;
      }
      // Held to the exact bits it must fail somewhere, or nothing was fused.
      expect(otherBits).toBeGreaterThan(10);
    }
  },
);
