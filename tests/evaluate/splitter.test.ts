import { describe, expect, test } from 'vitest';
import {
  givenFolds,
  groupKFold,
  holdOut,
  kFold,
  latestHoldOut,
  repeated,
  rowsInRange,
  stratifiedKFold,
  timeHoldOut,
  timeSeriesSplit,
} from '#lanewise/evaluate/splitter.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { golden } from '../agreement/golden.js';

const DAY = 86_400_000;
const START = Date.UTC(2019, 2, 1);

function tableOf(rows: number) {
  return tableFromRegisters([
    { name: 'x', type: 'number', values: Float64Array.from({ length: rows }, (_, i) => i) },
    {
      name: 'class',
      type: 'category',
      labels: ['a', 'b', 'c'],
      values: Float64Array.from({ length: rows }, (_, i) => (i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2)),
    },
    { name: 'customer', type: 'number', values: Float64Array.from({ length: rows }, (_, i) => Math.floor(i / 4)) },
    // Days run backwards, so that order in time is not order in the file.
    {
      name: 'when',
      type: 'timestamp',
      values: Float64Array.from({ length: rows }, (_, i) => START + (rows - 1 - i) * DAY),
    },
  ]);
}

const table = tableOf(53);
const options = { target: 'class', seed: 7 };

describe.each([kFold(), stratifiedKFold(), groupKFold({ group: 'customer' }), kFold({ folds: 7, shuffle: false })])(
  '$name',
  (splitter) => {
    const folds = splitter.split(table, options);

    test('tests every row once, and never what it trains on', () => {
      const tested = folds.flatMap((fold) => Array.from(fold.test));
      expect(tested.sort((a, b) => a - b)).toEqual(Array.from({ length: 53 }, (_, row) => row));
      for (const { train, test: own } of folds) {
        expect(train.length + own.length).toBe(53);
        expect(Array.from(own).some((row) => train.includes(row))).toBe(false);
      }
    });

    test('gives the same folds for the same seed', () => {
      expect(splitter.split(table, options)).toEqual(folds);
    });
  },
);

// What every splitter keeps to, whatever it is for.
describe.each([
  kFold(),
  stratifiedKFold(),
  groupKFold({ group: 'customer' }),
  repeated(stratifiedKFold({ folds: 3 }), 3),
  timeSeriesSplit({ time: 'when', gap: 2 }),
  givenFolds(Float64Array.from({ length: 53 }, (_, row) => (row % 10 === 0 ? Number.NaN : row % 4))),
  holdOut(),
  holdOut({ stratify: 'class', testFraction: 0.4 }),
  latestHoldOut({ time: 'when' }),
  timeHoldOut({ time: 'when', test: { from: '2019-04-01' } }),
])('contract: $name', (splitter) => {
  test('training and test rows ascend, are apart, are rows of the table, and never none', () => {
    for (const { train, test: own } of splitter.split(table, options)) {
      for (const rows of [train, own]) {
        expect(rows.length).toBeGreaterThan(0);
        expect(Array.from(rows)).toEqual([...new Set(rows)].sort((a, b) => a - b));
        expect(rows.at(-1)).toBeLessThan(53);
      }
      const both = new Set([...train, ...own]);
      expect(both.size).toBe(train.length + own.length);
    }
  });

  test('the same seed gives the same folds, and has a name', () => {
    expect(splitter.split(table, options)).toEqual(splitter.split(table, options));
    expect(splitter.name.length).toBeGreaterThan(4);
  });
});

test('folds differ by at most one row, and with another seed they are others', () => {
  const folds = kFold().split(table, options);
  const sizes = folds.map((fold) => fold.test.length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  expect(kFold().split(table, { ...options, seed: 8 })).not.toEqual(folds);
});

test('without shuffling folds are runs of rows', () => {
  const [first] = kFold({ folds: 7, shuffle: false }).split(table, options);
  expect(Array.from(first!.test)).toEqual(Array.from({ length: first!.test.length }, (_, row) => row));
});

test('strata are spread so that each class differs by at most one row a fold', () => {
  const folds = stratifiedKFold({ folds: 4 }).split(table, options);
  for (const code of [0, 1, 2]) {
    const counts = folds.map(
      ({ test: own }) => Array.from(own).filter((i) => (i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2) === code).length,
    );
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }
});

test('a group is never on both sides', () => {
  for (const { train, test: own } of groupKFold({ group: 'customer', folds: 4 }).split(table, options)) {
    const groups = new Set(Array.from(train, (row) => Math.floor(row / 4)));
    expect(Array.from(own).some((row) => groups.has(Math.floor(row / 4)))).toBe(false);
  }
});

test('repeats are other splits of the same rows', () => {
  const folds = repeated(kFold({ folds: 3 }), 2).split(table, options);
  expect(folds.length).toBe(6);
  expect(folds.slice(0, 3)).toEqual(kFold({ folds: 3 }).split(table, options));
  expect(folds.slice(3)).not.toEqual(folds.slice(0, 3));
});

test('time series folds are those of scikit-learn', () => {
  for (const { options: k, folds } of golden('evaluate').time_series) {
    const splitter = timeSeriesSplit({
      folds: k.n_splits,
      gap: k.gap,
      testSize: k.test_size,
      maxTrainSize: k.max_train_size,
    });
    const own = splitter.split(table, {}).map((fold) => [Array.from(fold.train), Array.from(fold.test)]);
    expect(own).toEqual(folds);
  }
});

test('with a time column the past trains and the future tests', () => {
  for (const { train, test: own } of timeSeriesSplit({ folds: 4, time: 'when' }).split(table, {})) {
    // Days run backwards: later days are earlier rows.
    expect(Math.max(...own)).toBeLessThan(Math.min(...train));
  }
});

test('given folds are taken as they are', () => {
  const foldOf = Float64Array.from({ length: 53 }, (_, row) => (row % 3) + 1);
  const folds = givenFolds(foldOf).split(table, {});
  expect(folds.map((fold) => fold.test[0])).toEqual([0, 1, 2]);
  expect(() => givenFolds([0, 1]).split(table, {})).toThrow(/a fold for each of 53 rows but received 2/);
});

test('a hold-out has the share asked for, of every class', () => {
  const [fold] = holdOut({ testFraction: 0.2, stratify: 'class' }).split(tableOf(200), { seed: 1 });
  expect(fold!.test.length).toBe(40);
  const rare = Array.from(fold!.test).filter((row) => row % 10 === 9).length;
  expect(rare).toBe(4);
});

test('a hold-out leaves a row of every class to learn from', () => {
  const values = Float64Array.from({ length: 60 }, (_, row) => (row < 40 ? row % 2 : row - 38));
  const labels = Array.from({ length: 22 }, (_, code) => `class ${String.fromCharCode(97 + code)}`);
  const rare = tableFromRegisters([{ name: 'class', type: 'category', labels, values }]);
  const [fold] = holdOut({ testFraction: 0.3, stratify: 'class' }).split(rare, { seed: 1 });
  expect(new Set(Array.from(fold!.train, (row) => values[row])).size).toBe(22);
  expect(fold!.test.length).toBeGreaterThan(10);
});

test('one row cannot be held out and learnt from', () => {
  expect(() => holdOut().split(tableOf(1), {})).toThrow('Expected at least two rows to hold some out but received 1');
});

test('ranges of time take whole days, the last one included', () => {
  const range = { from: '2019-03-02', to: '2019-03-04' };
  const [fold] = timeHoldOut({ time: 'when', train: { to: '2019-03-01' }, test: range }).split(table, {});
  expect(Array.from(fold!.test)).toEqual([49, 50, 51]);
  expect(Array.from(fold!.train)).toEqual([52]);
  expect(() => rowsInRange(table, 'when', { from: '2020-01-01' })).toThrow(/No row has a time/);
});

test('ranges that overlap are refused, because the test rows would leak', () => {
  const test2 = { from: '2019-03-10' };
  const splitter = timeHoldOut({ time: 'when', train: { to: '2019-03-10' }, test: test2 });
  expect(() => splitter.split(table, {})).toThrow(/but 1 rows lie in both/);
  const [fold] = timeHoldOut({ time: 'when', test: test2 }).split(table, {});
  expect(fold!.train.length).toBe(9);
  expect(fold!.test.length).toBe(44);
});

test('the latest rows are held out in time', () => {
  const [fold] = latestHoldOut({ time: 'when', testFraction: 0.1 }).split(table, {});
  expect(Array.from(fold!.test)).toEqual([0, 1, 2, 3, 4]);
});

test('more folds than rows are refused', () => {
  expect(() => kFold({ folds: 60 }).split(table, {})).toThrow(/number of rows \(53\) for folds/);
  expect(() => groupKFold({ group: 'customer', folds: 20 }).split(table, {})).toThrow(/groups in "customer"/);
  expect(() => kFold({ folds: 1 }).split(table, {})).toThrow(/from 2/);
});
