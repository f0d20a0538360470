import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { GradientBoostingClassifier } from '#lanewise/models/gradient-boosting/index.js';
import { domainDrift } from '#lanewise/monitor/domain-classifier.js';
import { kolmogorovSmirnov } from '#lanewise/monitor/kolmogorov-smirnov.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';

/** Two columns that move together, or with `sign` −1 against each other; each by itself is the same. */
function pairTable(rows: number, seed: number, sign: 1 | -1) {
  const random = stream(seed, 'pair');
  const a = Float64Array.from({ length: rows }, () => random.normal());
  return tableFromRegisters([
    { name: 'a', type: 'number', values: a },
    { name: 'b', type: 'number', values: a.map((value) => sign * value + 0.3 * random.normal()) },
  ]);
}

const classifier = new GradientBoostingClassifier({ maxIter: 20 });
const reference = pairTable(400, 1, 1);

test('rows of one kind cannot be told apart', async () => {
  const drift = await domainDrift(classifier, reference, pairTable(300, 2, 1), { resamples: 200 });
  expect(drift.drift).toBe('none');
  expect(drift.area).toBeLessThan(0.6);
  expect(drift).toMatchObject({ referenceRows: 400, currentRows: 300 });
});

test('a change of how columns move together is seen, though each by itself has not changed', async () => {
  const turned = pairTable(300, 2, -1);
  for (const name of ['a', 'b']) {
    const { p } = kolmogorovSmirnov(readRegister(reference, name).values, readRegister(turned, name).values);
    expect(p).toBeGreaterThan(0.01);
  }
  const drift = await domainDrift(classifier, reference, turned, { resamples: 200 });
  expect(drift.drift).toBe('large');
  expect(drift.low).toBeGreaterThan(0.75);
  expect(drift.columns.map(({ name }) => name).sort()).toEqual(['a', 'b']);
});
