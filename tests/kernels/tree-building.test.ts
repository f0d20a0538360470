import { expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { randomKey, stream } from '#lanewise/engine/random.js';
import { BinnedRows, TreeWorkspace } from '#lanewise/engine/trees.js';
import { BINS, HISTOGRAM_STRIDE, MISSING_BIN, MISSING_LEFT } from '#lanewise/kernels/tree-building.js';

// The obvious, slow way beside the kernels: histograms by counting, splits by trying, partitions by filtering.

const backends = ['reference', 'wasm'] as const;

interface Sample {
  readonly engine: Engine;
  readonly data: BinnedRows;
  readonly workspace: TreeWorkspace;
  readonly columns: Float64Array[];
  readonly edges: Float64Array[];
  [Symbol.dispose](): void;
}

/** Random columns, one value in ten missing, with edges at the whole numbers −20 … 20. */
async function sampleOn(engine: Engine, rows: number, features: number, edgeCount = 41): Promise<Sample> {
  const random = stream(7, 'tree-building', rows);
  const columns = Array.from({ length: features }, () =>
    Float64Array.from({ length: rows }, () => (random.integer(10) === 0 ? Number.NaN : 8 * random.normal())),
  );
  const edges = columns.map(() => Float64Array.from({ length: edgeCount }, (_, i) => i - Math.floor(edgeCount / 2)));
  const data = new BinnedRows(engine, rows, features);
  await data.encode(
    columns.map((values, f) => ({ name: `x${f}`, values, edges: edges[f]! })),
    0,
  );
  const workspace = new TreeWorkspace(engine, data, new Array(features).fill(edgeCount + 1), {
    histograms: 3,
    leaves: 4,
  });
  workspace.order.values.set(Uint32Array.from({ length: rows }, (_, row) => row));
  const dispose = () => {
    workspace[Symbol.dispose]();
    data[Symbol.dispose]();
  };
  return { engine, data, workspace, columns, edges, [Symbol.dispose]: dispose };
}

/** Whole gradients and hessians at the ends of their ranges, so that quantising them is exact. */
function fill(workspace: TreeWorkspace, value: (row: number) => [number, number]): void {
  for (let row = 0; row < workspace.data.rowCount; row++) {
    [workspace.gradients.values[row], workspace.hessians.values[row]] = value(row);
  }
}

for (const backend of backends) {
  test(`a bin is the number of edges below the value, on ${backend}`, async () => {
    await using engine = await createEngine({ backend, threads: 1 });
    using data = new BinnedRows(engine, 7, 1);
    const values = Float64Array.of(-1, 0, -0, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e-300);
    await data.encode([{ name: 'x', values, edges: Float64Array.of(-1, 0, 0.5) }], 0);
    const bins = [...values.keys()].map((row) => data.binAt(row, 0));
    expect(bins).toEqual([0, 1, 1, 2, MISSING_BIN, 3, 2]);
  });

  test(`histograms are exact sums beyond the rows that a packed sum holds, on ${backend}`, async () => {
    await using engine = await createEngine({ backend, threads: 1 });
    const rows = 12_293;
    using sample = await sampleOn(engine, rows, 15);
    const { workspace, data } = sample;
    // Every row at the limit: the sums that come closest to overflowing their fields.
    fill(workspace, (row) => [row % 3 === 0 ? -1 : 1, 1]);
    const units = await workspace.quantise(randomKey(1, 'test'));
    await workspace.buildHistogram(0, 0, rows, true);
    const naive = new Float64Array(15 * HISTOGRAM_STRIDE);
    for (let feature = 0; feature < 15; feature++) {
      for (let row = 0; row < rows; row++) {
        const at = feature * HISTOGRAM_STRIDE + data.binAt(row, feature);
        naive[at]! += row % 3 === 0 ? -1 : 1;
        naive[at + BINS]! += 1;
        naive[at + 2 * BINS]! += 1;
      }
    }
    const built = workspace.histogram(0);
    for (let i = 0; i < naive.length; i++) {
      const plane = Math.floor((i % HISTOGRAM_STRIDE) / BINS);
      const unit = plane === 0 ? units.gradient : plane === 1 ? units.hessian : 1;
      expect(built[i]! * unit).toBeCloseTo(naive[i]!, 8);
    }
  });

  test(`a gathered child and the subtracted sibling add up to the parent, on ${backend}`, async () => {
    await using engine = await createEngine({ backend, threads: 1 });
    using sample = await sampleOn(engine, 5000, 3);
    const { workspace, data } = sample;
    fill(workspace, (row) => [Math.sin(row), 0.25]);
    await workspace.quantise(randomKey(1, 'test'));
    await workspace.buildHistogram(0, 0, 5000, true);
    const parent = workspace.histogram(0).slice();
    const goesLeft = Uint8Array.from({ length: BINS }, (_, bin) => (bin < 15 || bin === MISSING_BIN ? 1 : 0));
    const middle = workspace.partition(1, goesLeft, 0, 5000);
    const order = [...workspace.order.values];
    const isLeft = (row: number) => goesLeft[data.binAt(row, 1)] === 1;
    expect(order.slice(0, middle)).toEqual([...Array(5000).keys()].filter(isLeft));
    expect(order.slice(middle)).toEqual([...Array(5000).keys()].filter((row) => !isLeft(row)));
    await workspace.buildHistogram(1, 0, middle, false);
    await workspace.buildHistogram(2, middle, 5000, false);
    const right = workspace.histogram(2).slice();
    workspace.subtractHistogram(0, 1, 0);
    expect([...workspace.histogram(0)]).toEqual([...right]);
    expect([...workspace.histogram(1)].map((value, i) => value + right[i]!)).toEqual([...parent]);
  });

  test(`the scan finds the split that trying every one finds, on ${backend}`, async () => {
    await using engine = await createEngine({ backend, threads: 1 });
    for (const rows of [40, 200, 900]) {
      using sample = await sampleOn(engine, rows, 4);
      const { workspace, columns, edges } = sample;
      // Powers of two are quantised without error.
      fill(workspace, (row) => [((row * 37) % 3) - 1, 1]);
      const units = await workspace.quantise(randomKey(1, 'test'));
      await workspace.buildHistogram(0, 0, rows, true);
      const limits = { l2: 1, minHessian: 1e-3, minSamples: 5 };
      workspace.scan(0, units, limits);
      columns.forEach((values, feature) => {
        const found = bruteForce(values, edges[feature]!, workspace, limits);
        expect(workspace.gains.values[feature]).toBeCloseTo(found.gain, 9);
        const split = workspace.splits.values[feature]!;
        expect([split % MISSING_LEFT, split >= MISSING_LEFT]).toEqual([found.bin, found.missingLeft]);
      });
    }
  });
}

function bruteForce(
  values: Float64Array,
  edges: Float64Array,
  workspace: TreeWorkspace,
  limits: { l2: number; minSamples: number },
): { gain: number; bin: number; missingLeft: boolean } {
  const score = (rows: number[]) => {
    const g = rows.reduce((sum, row) => sum + workspace.gradients.values[row]!, 0);
    const h = rows.reduce((sum, row) => sum + workspace.hessians.values[row]!, 0);
    return (g * g) / (h + limits.l2);
  };
  const all = [...values.keys()];
  let best = { gain: Number.NEGATIVE_INFINITY, bin: -1, missingLeft: false };
  for (let bin = 0; bin <= edges.length; bin++) {
    for (const missingLeft of [false, true]) {
      const goesLeft = (row: number) =>
        Number.isNaN(values[row]!) ? missingLeft : bin === edges.length || values[row]! <= edges[bin]!;
      const [left, right] = [all.filter(goesLeft), all.filter((row) => !goesLeft(row))];
      if (left.length < limits.minSamples || right.length < limits.minSamples) continue;
      const gain = score(left) + score(right) - score(all);
      if (gain > best.gain + 1e-9) best = { gain, bin, missingLeft };
    }
  }
  return best;
}

test('rounding gradients is unbiased and keyed by the row', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  using sample = await sampleOn(engine, 20_000, 1);
  const { workspace } = sample;
  // One large gradient sets the scale; the others are a third of a level each.
  fill(workspace, (row) => [row === 0 ? 1 : 1 / 3 / 32_767, 1]);
  const sums: number[] = [];
  for (const seed of [1, 1, 2]) {
    const units = await workspace.quantise(randomKey(seed, 'gradients'));
    await workspace.buildHistogram(0, 0, 20_000, true);
    let sum = 0;
    for (let bin = 0; bin < BINS; bin++) sum += workspace.histogram(0)[bin]!;
    sums.push(sum * units.gradient * 32_767 - 32_767);
  }
  expect(sums[0]).toBe(sums[1]);
  expect(sums[0]).not.toBe(sums[2]);
  // 20,000 draws of mean ⅓: 6,667 ± 67; five deviations.
  for (const sum of sums) expect(Math.abs(sum - 20_000 / 3)).toBeLessThan(340);
});

test('two threads and stripes of rows give the histograms of one', async () => {
  const histograms: Float64Array[] = [];
  for (const threads of [1, 2]) {
    await using engine = await createEngine({ backend: 'wasm', threads });
    using sample = await sampleOn(engine, 60_000, 8);
    fill(sample.workspace, (row) => [Math.sin(row), 0.5 + 0.5 * Math.cos(row)]);
    await sample.workspace.quantise(randomKey(1, 'test'));
    await sample.workspace.buildHistogram(0, 0, 60_000, true);
    histograms.push(sample.workspace.histogram(0).slice());
  }
  expect([...histograms[1]!]).toEqual([...histograms[0]!]);
});
