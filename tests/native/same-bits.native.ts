import { expect, test } from 'vitest';
import { loadAddon } from '#lanewise/backends/native/backend-node.js';
import type { EngineOptions } from '#lanewise/engine/engine.js';

// The fit of every model, hashed; written in JavaScript because Chromium runs it too.
const { fitAll } = (await import('../browser/same-bits-models.mjs' as string)) as {
  fitAll(options: EngineOptions): Promise<Record<string, string>>;
};
const { isas } = loadAddon({}).addon;
const expected = await fitAll({ backend: 'reference', threads: 1 });

test('there are models to compare', () => {
  expect(Object.keys(expected).length).toBeGreaterThan(3);
});

test.each([1, 2, 3])(
  'every model has the same bits on the addon with %i threads as on the reference',
  async (threads) => {
    expect(await fitAll({ backend: 'native', threads })).toEqual(expected);
  },
);

test.each([...isas])('every model has the same bits on %s as on the reference', async (isa) => {
  expect(await fitAll({ backend: 'native', threads: 1, native: { isa } })).toEqual(expected);
});
