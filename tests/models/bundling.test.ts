import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { BinnedRows, evenLayout } from '#lanewise/engine/trees/trees.js';
import { columnToBin, findBins, findBundles } from '#lanewise/models/binning/index.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { type RegisterColumn, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers } from './tree-data.js';

const ROWS = 3000;
const kind = (row: number) => Math.floor(20 * noise(row, 0) ** 1.5);

/** One column a label, numbers that are mostly 0 where the labels are few, gaps, a rare category, and dense columns. */
function sparseColumns(rows: number): RegisterColumn[] {
  const hot = Array.from({ length: 20 }, (_, label) =>
    numbers(`is ${label}`, rows, (row) => (kind(row) === label ? 1 : 0)),
  );
  const amounts = [0, 1].map((j) =>
    numbers(`amount ${j}`, rows, (row) => (row % 8 === j ? Math.round(40 * noise(row, 3 + j)) - 20 : 0)),
  );
  const gaps = numbers('gaps', rows, (row) => (row % 8 === 2 ? Number.NaN : row % 8 === 3 ? -1 : 5));
  const rare = labelled(
    'rare',
    Array.from({ length: rows }, (_, row) => (row % 8 === 4 ? `r${row % 3}` : row % 16 === 5 ? undefined : 'usual')),
  );
  const dense = numbers('dense', rows, (row) => noise(row, 9));
  return [...hot, ...amounts, gaps, rare, dense];
}

const columns = sparseColumns(ROWS);
const signal = (row: number) =>
  (kind(row) % 3) +
  0.2 * columns[20]!.values[row]! +
  (row % 8 === 2 ? 2 : 0) +
  (row % 8 === 4 ? (row % 3) - 1 : 0) +
  noise(row, 9);
const y = numbers('y', ROWS, signal);
const late = labelled(
  'late',
  Array.from({ length: ROWS }, (_, row) => (signal(row) > 1.5 ? 'yes' : 'no')),
);
const all = Uint32Array.from({ length: ROWS }, (_, row) => row);

test('rows keep their bins, in far fewer columns', async () => {
  await using engine = await createEngine({ threads: 2 });
  const bins = await findBins(columns, all, { maxBins: 255, seed: 0, categories: 'native', engine });
  const bundles = await findBundles([columns], bins);
  expect(bundles!.columnCount).toBeLessThan(6);
  expect(bundles!.features[24]).toMatchObject({ first: 0 });
  const toBin = columns.map((column, index) => columnToBin(column, bins[index]!));
  using plain = new BinnedRows(engine, ROWS, columns.length);
  using bundled = new BinnedRows(engine, ROWS, columns.length, evenLayout(columns.length, bundles));
  await plain.encode(toBin, 0);
  await bundled.encode(toBin, 0);
  for (let feature = 0; feature < columns.length; feature++) {
    for (let row = 0; row < ROWS; row++) {
      if (bundled.binAt(row, feature) !== plain.binAt(row, feature)) expect([row, feature]).toEqual([]);
    }
  }
});

test('features that meet in one row, be it of the validation table, are kept apart', async () => {
  await using engine = await createEngine({ threads: 1 });
  const [a, b] = [0, 1].map((j) => numbers(`x${j}`, 320, (row) => Number(row % 16 === j)));
  const bins = await findBins([a!, b!], all.slice(0, 320), { maxBins: 255, seed: 0, categories: 'native', engine });
  expect((await findBundles([[a!, b!]], bins))!.columnCount).toBe(1);
  const met = [a!, b!].map((column) => ({ ...column, values: Float64Array.of(0, 1) }));
  expect(await findBundles([[a!, b!], met], bins)).toBeUndefined();
});

describe('the model is the same without bundles, to the bit', () => {
  const bits = ({ program, training, importances }: Model) =>
    JSON.stringify({ program, training, importances }, (_, value) =>
      ArrayBuffer.isView(value) ? Array.from(value as Float64Array, String) : value,
    );
  const small = { maxIter: 8, maxLeafNodes: 12 };
  for (const [name, estimator, target] of [
    ['regression', new GradientBoostingRegressor({ ...small, monotonicCst: { 'amount 0': 1 } }), y],
    ['classes', new GradientBoostingClassifier({ ...small, colsampleBynode: 0.7 }), late],
  ] as const) {
    test(name, async () => {
      const table = tableFromRegisters([...columns, target]);
      const validation = takeRows(table, all.slice(0, 400));
      for (const threads of [1, 2]) {
        await using engine = await createEngine({ threads });
        const options = { target: target.name, validation, engine };
        const without = await estimator.with({ enableBundle: false } as never).fit(table, options);
        expect(bits(await estimator.fit(table, options))).toBe(bits(without));
      }
    });
  }
});
