import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { randomKey } from '#lanewise/engine/random.js';
import { philoxBlock } from '#lanewise/kernels/random.js';
import { quantileEdges } from '#lanewise/kernels/tree-binning.js';
import { DistinctValues } from '#lanewise/models/binning/distinct.js';
import { uniformEdges } from '#lanewise/models/binning/edges.js';
import { numericBins } from '#lanewise/models/binning/find-bins.js';
import { findBins } from '#lanewise/models/binning/index.js';
import { chunkRows, smallest } from '#lanewise/models/binning/sample.js';
import { CategorySummary, NumericSummary } from '#lanewise/models/binning/summary.js';
import { noise, numbers } from './tree-data.js';

const engine = await createEngine({ threads: 2 });
const upTo = (count: number) => Uint32Array.from({ length: count }, (_, row) => row);
const ROWS = 3000;
const SAMPLE = 500;
/** A third missing, some rows left out. */
const values = Float64Array.from({ length: ROWS }, (_, row) =>
  noise(row, 1) < 0.3 ? Number.NaN : noise(row, 0) - 0.3,
);
const weights = Float64Array.from({ length: ROWS }, (_, row) => 1 + Math.floor(4 * noise(row, 2)));
const rows = upTo(ROWS).filter((row) => row % 7 !== 3);

/** Summaries of chunks of so many rows. */
function summaries(chunkLength: number, column = values, weighted = true): NumericSummary[] {
  const parts: NumericSummary[] = [];
  for (let start = 0; start < ROWS; start += chunkLength) {
    const end = Math.min(ROWS, start + chunkLength);
    const here = rows.filter((row) => row >= start && row < end).map((row) => row - start);
    const part = new NumericSummary('x', 'quantile', 32, SAMPLE);
    const chunk = chunkRows(engine, 5, start, here, weighted ? weights.subarray(start, end) : undefined, SAMPLE);
    part.add({ type: 'number', values: column.subarray(start, end) }, chunk);
    parts.push(part);
  }
  return parts;
}

describe('the sample', () => {
  test('is the rows of the smallest words among those that have a value', () => {
    const { keyLow, keyHigh } = randomKey(5, 'bins');
    const words = new Uint32Array(4);
    const wordOf = (row: number) => {
      philoxBlock(words, keyLow, keyHigh, row >>> 2);
      return words[row & 3]!;
    };
    const present = [...rows].filter((row) => !Number.isNaN(values[row]!));
    const expected = present.toSorted((a, b) => wordOf(a) - wordOf(b)).slice(0, SAMPLE);
    const sample = summaries(ROWS)[0]!.sample.finish();
    expect([...sample.values]).toEqual(expected.toSorted((a, b) => a - b).map((row) => values[row]!));
    expect([...sample.weights!]).toEqual(expected.toSorted((a, b) => a - b).map((row) => weights[row]!));
  });

  test('is the same from chunks, added or merged', async () => {
    const [whole] = summaries(ROWS);
    const [expected] = await numericBins(engine, [whole!]);
    expect(expected!.edges).toHaveLength(31);
    for (const length of [1, 97, 500, 1024, 2999]) {
      const parts = summaries(length);
      for (const part of parts.slice(1)) parts[0]!.merge(part);
      expect(parts[0]!.sample.finish()).toEqual(whole!.sample.finish());
      const added = new NumericSummary('x', 'quantile', 32, SAMPLE);
      for (let start = 0; start < ROWS; start += length) {
        const here = rows.filter((row) => row >= start && row < start + length).map((row) => row - start);
        const end = Math.min(ROWS, start + length);
        const chunk = chunkRows(engine, 5, start, here, weights.subarray(start, end), SAMPLE, added.sample.limit);
        added.add({ type: 'number', values: values.subarray(start, end) }, chunk);
      }
      expect(await numericBins(engine, [parts[0]!, added])).toEqual([expected, expected]);
    }
  });

  test('is every row where there are few, and where every value is missing', () => {
    const few = summaries(
      ROWS,
      values.map((value) => (value > 0.6 ? value : Number.NaN)),
    );
    const present = [...rows].filter((row) => values[row]! > 0.6);
    expect(few[0]!.sample.finish().values).toEqual(Float64Array.from(present, (row) => values[row]!));
    expect(summaries(ROWS, new Float64Array(ROWS).fill(Number.NaN))[0]!.bins()).toMatchObject({ binCount: 0 });
  });

  test('of one chunk is the same, however it is brought to the kernels', async () => {
    const present = values.map((value) => (Number.isNaN(value) ? 2 : value));
    const codes = present.map((value) => Math.floor(400 * value + 200));
    const labels = Array.from({ length: 300 }, (_, code) => `${code}`);
    const cases = [
      { type: 'number' as const, values: present },
      { type: 'number' as const, values },
      { type: 'number' as const, values: Float32Array.from(values) },
      { type: 'category' as const, values: codes, labels },
    ];
    for (const column of cases) {
      for (const weighted of [undefined, weights]) {
        for (const size of [SAMPLE, ROWS]) {
          const chunk = chunkRows(engine, 5, 0, rows, weighted, size);
          const [only, first] = [1, 2].map(() => new NumericSummary('x', 'quantile', 32, size));
          only!.add(column, chunk, true);
          first!.add(column, chunk);
          const [found, expected] = await numericBins(engine, [only!, first!]);
          expect(expected!.edges.length).toBeGreaterThan(15);
          expect(found).toEqual(expected);
        }
      }
    }
  });

  test('finds the k-th smallest word', () => {
    const words = Uint32Array.from({ length: 1000 }, (_, i) => Math.floor(noise(i, 3) * 2 ** 32) | (i % 3));
    const sorted = words.slice().sort();
    for (const k of [1, 2, 500, 999, 1000]) expect(smallest(words, k)).toBe(sorted[k - 1]);
    expect(smallest(words, 1001)).toBe(2 ** 32 - 1);
  });
});

describe('edges', () => {
  test('a whole weight counts as so many rows', async () => {
    const column = numbers('x', 900, (row) => Math.round(4000 * noise(row, 0) ** 3));
    const times = Float64Array.from({ length: 900 }, (_, row) => 1 + Math.floor(5 * noise(row, 1)));
    const repeated = [...column.values].flatMap((value, row) => Array<number>(times[row]!).fill(value));
    const options = { maxBins: 20, seed: 0, categories: 'native', engine } as const;
    const [weighted] = await findBins([column], upTo(900), { ...options, weights: times });
    const copies = numbers('x', repeated.length, (row) => repeated[row]!);
    const [duplicated] = await findBins([copies], upTo(repeated.length), options);
    const [plain] = await findBins([column], upTo(900), options);
    expect(weighted).toEqual(duplicated);
    expect(weighted).not.toEqual(plain);
  });

  test('a value too heavy for a bin has one to itself, and one edge is 0', () => {
    const sorted = Float64Array.from([-3, -2, -1, 1, 1, 1, 1, 1, 1, 1, 2, 3]);
    expect([...quantileEdges(sorted, 4)]).toEqual([0, 1.5, 2.5]);
    expect([...quantileEdges(sorted, 4, new Float64Array(12).fill(0.5))]).toEqual([0, 1.5, 2.5]);
  });

  test('uniform bins part the range of finite values', async () => {
    expect([...uniformEdges(-1, 3, 4)]).toEqual([0, 1, 2]);
    expect([...uniformEdges(-Number.MAX_VALUE, Number.MAX_VALUE, 2)]).toEqual([0]);
    expect([...uniformEdges(1, 1 + Number.EPSILON, 100)]).toEqual([1]);
    const column = numbers('x', 600, (row) =>
      row === 7 ? Number.POSITIVE_INFINITY : row === 8 ? Number.NEGATIVE_INFINITY : row / 100,
    );
    const options = { maxBins: 8, seed: 0, categories: 'native', binning: 'uniform', engine } as const;
    const [bins] = await findBins([column], upTo(600), options);
    expect(bins!.binCount).toBe(8);
    bins!.edges.forEach((edge, i) => {
      expect(edge).toBeCloseTo((5.99 * (i + 1)) / 8, 12);
    });
  });

  test('lie between the values where there are few of them, however often each occurs', async () => {
    const [seldom, zero] = [1 / 3, -0];
    const column = numbers('x', 5000, (row) => (row === 4999 ? seldom : row % 2 === 0 ? 1 : zero));
    const [bins] = await findBins([column], upTo(5000), { maxBins: 3, seed: 0, categories: 'native', engine });
    expect(bins).toEqual({
      name: 'x',
      categorical: false,
      edges: Float64Array.of(1 / 6, 1 / 3 + (1 - 1 / 3) / 2),
      binCount: 3,
    });
  });
});

test('distinct values are counted up to the limit, and merged', () => {
  const some = Float64Array.from({ length: 400 }, (_, i) =>
    i % 5 === 0 ? Number.NaN : Math.round(300 * noise(i, 4)) / 7,
  );
  const expected = Float64Array.from(new Set(some.filter((value) => !Number.isNaN(value)))).sort();
  const [left, right] = [new DistinctValues(255), new DistinctValues(255)];
  left.add(some, upTo(150));
  right.add(some.subarray(150), upTo(250));
  left.merge(right);
  expect(left.sorted()).toEqual(expected);
  const limited = new DistinctValues(expected.length - 1);
  limited.add(some, upTo(400));
  expect(limited.tooMany).toBe(true);
  const exactly = new DistinctValues(expected.length);
  exactly.add(some, upTo(400));
  expect(exactly.sorted()).toEqual(expected);
});

test('categories are counted by code, by weight, and merged under other codes', () => {
  const [one, other] = [new CategorySummary('c'), new CategorySummary('c')];
  one.add(Float64Array.of(0, 1, 1, Number.NaN, 5), upTo(5), 2);
  other.add(Float64Array.of(0, 0, 1), upTo(3), 2, Float64Array.of(1, 2, 5));
  one.merge(other, [1, 2], 3);
  expect(one.bins(3, [2, 1, 0])).toMatchObject({ binCount: 3, binOfCode: Float64Array.of(0, 1, 2) });
  const many = new CategorySummary('c');
  const codes = Float64Array.from({ length: 600 }, (_, i) => (i < 300 ? i : 7));
  many.add(
    codes,
    upTo(600),
    300,
    Float64Array.from({ length: 600 }, (_, i) => (i === 299 ? 3 : 1)),
  );
  const bins = many.bins(300);
  // 254 of 300 are kept: the two heavy ones, then the first.
  expect(bins.binCount).toBe(254);
  expect([7, 299, 252, 253].map((code) => bins.binOfCode![code])).toEqual([7, 253, 252, Number.NaN]);
});
