import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';

test('a fit on small data starts no thread, so that two are not slower than one', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 2 });
  const rows = 40_000;
  const columns = Array.from({ length: 8 }, (_, feature) => {
    const values = Float64Array.from({ length: rows }, (_, row) => (row * (7919 + 2 * feature)) % 251);
    return { name: `x${feature}`, type: 'number' as const, values };
  });
  const y = columns[0]!.values.map((value, row) => value + columns[1]!.values[row]!);
  const table = tableFromRegisters([...columns, { name: 'y', type: 'number', values: y }]);
  await new GradientBoostingRegressor({ maxIter: 5, earlyStopping: 'false' }).fit(table, { target: 'y', engine });
  expect(engine.describe().workers).toBe(0);
  for (const loss of ['absolute_error', 'huber', 'quantile'] as const) {
    await new GradientBoostingRegressor({ maxIter: 2, loss, earlyStopping: 'false' }).fit(table, {
      target: 'y',
      engine,
    });
  }
  expect(engine.describe().workers).toBe(0);
  // A round of several classes has a tree each, enough to go round.
  const kind = { name: 'y', type: 'number' as const, values: y.map((value) => value % 9) };
  await new GradientBoostingClassifier({ maxIter: 2, earlyStopping: 'false' }).fit(
    tableFromRegisters([...columns, kind]),
    { target: 'y', engine },
  );
  expect(engine.describe().workers).toBe(1);
});
