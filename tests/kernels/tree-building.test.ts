import { expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { randomKey, stream } from '#lanewise/engine/random.js';
import { MemoryRows } from '#lanewise/engine/trees/row-store.js';
import { treeThreads } from '#lanewise/engine/trees/tree-threads.js';
import { type NodeRows, TreeWorkspace } from '#lanewise/engine/trees/tree-workspace.js';
import { ArenaBlock, BinnedRows, evenLayout } from '#lanewise/engine/trees/trees.js';
import { BINS, HISTOGRAM_STRIDE, MISSING_BIN, MISSING_LEFT } from '#lanewise/kernels/tree-building.js';

// The obvious, slow way beside the kernels: histograms by counting, splits by trying, partitions by filtering.

const backends = ['reference', 'wasm'] as const;

interface Sample {
  readonly engine: Engine;
  readonly data: BinnedRows;
  readonly rows: MemoryRows;
  readonly root: NodeRows;
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
  const data = new BinnedRows(engine, rows, features, evenLayout(features));
  await data.encode(
    columns.map((values, f) => ({ name: `x${f}`, values, edges: edges[f]! })),
    0,
  );
  const store = new MemoryRows(engine, data);
  const workspace = new TreeWorkspace(engine, store, new Array(features).fill(edgeCount + 1), {
    histograms: 3,
    leaves: 4,
  });
  const root = await workspace.begin(
    Uint32Array.from({ length: rows }, (_, row) => row),
    new Uint32Array(0),
  );
  const dispose = () => {
    workspace[Symbol.dispose]();
    store[Symbol.dispose]();
    data[Symbol.dispose]();
  };
  return { engine, data, rows: store, root, workspace, columns, edges, [Symbol.dispose]: dispose };
}

/** Whole gradients and hessians at the ends of their ranges, so that quantising them is exact. */
function fill({ rows }: Sample, value: (row: number) => [number, number]): void {
  for (let row = 0; row < rows.rowCount; row++) {
    [rows.gradients.values[row], rows.hessians.values[row]] = value(row);
  }
}

/** The rows of a node, segment by segment. */
async function rowsOf({ workspace }: Sample, node: NodeRows): Promise<number[]> {
  const found: number[] = [];
  await workspace.visitRows([node], (_, rows, { firstRow }) => {
    for (const row of rows) found.push(firstRow + row);
  });
  return found;
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
    const { workspace, data, root } = sample;
    // Every row at the limit: the sums that come closest to overflowing their fields.
    fill(sample, (row) => [row % 3 === 0 ? -1 : 1, 1]);
    const units = await workspace.quantise(randomKey(1, 'test'));
    await workspace.buildHistogram(0, root);
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
    const { workspace, data, root } = sample;
    fill(sample, (row) => [Math.sin(row), 0.25]);
    await workspace.quantise(randomKey(1, 'test'));
    await workspace.buildHistogram(0, root);
    const parent = workspace.histogram(0).slice();
    const goesLeft = Uint8Array.from({ length: BINS }, (_, bin) => (bin < 15 || bin === MISSING_BIN ? 1 : 0));
    const [left, rest] = await workspace.partition(root, 1, goesLeft);
    const isLeft = (row: number) => goesLeft[data.binAt(row, 1)] === 1;
    expect(await rowsOf(sample, left)).toEqual([...Array(5000).keys()].filter(isLeft));
    expect(await rowsOf(sample, rest)).toEqual([...Array(5000).keys()].filter((row) => !isLeft(row)));
    await workspace.buildHistogram(1, left);
    await workspace.buildHistogram(2, rest);
    const right = workspace.histogram(2).slice();
    workspace.subtractHistogram(0, 1, 0);
    expect([...workspace.histogram(0)]).toEqual([...right]);
    expect([...workspace.histogram(1)].map((value, i) => value + right[i]!)).toEqual([...parent]);
  });

  test(`the scan finds the split that trying every one finds, on ${backend}`, async () => {
    await using engine = await createEngine({ backend, threads: 1 });
    for (const rows of [40, 200, 900]) {
      using sample = await sampleOn(engine, rows, 4);
      const { workspace, root, columns, edges } = sample;
      // Powers of two are quantised without error.
      fill(sample, (row) => [((row * 37) % 3) - 1, 1]);
      const units = await workspace.quantise(randomKey(1, 'test'));
      await workspace.buildHistogram(0, root);
      const limits = { l1: 0, l2: 1, maxDeltaStep: 0, minHessian: 1e-3, minSamples: 5 };
      workspace.scan(0, units, limits);
      columns.forEach((values, feature) => {
        const found = bruteForce(values, edges[feature]!, sample.rows, limits);
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
  { gradients, hessians }: MemoryRows,
  limits: { l2: number; minSamples: number },
): { gain: number; bin: number; missingLeft: boolean } {
  const score = (rows: number[]) => {
    const g = rows.reduce((sum, row) => sum + gradients.values[row]!, 0);
    const h = rows.reduce((sum, row) => sum + hessians.values[row]!, 0);
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
  const { workspace, root } = sample;
  // One large gradient sets the scale; the others are a third of a level each.
  fill(sample, (row) => [row === 0 ? 1 : 1 / 3 / 32_767, 1]);
  const sums: number[] = [];
  for (const seed of [1, 1, 2]) {
    const units = await workspace.quantise(randomKey(seed, 'gradients'));
    await workspace.buildHistogram(0, root);
    let sum = 0;
    for (let bin = 0; bin < BINS; bin++) sum += workspace.histogram(0)[bin]!;
    sums.push(sum * units.gradient * 32_767 - 32_767);
  }
  expect(sums[0]).toBe(sums[1]);
  expect(sums[0]).not.toBe(sums[2]);
  // 20,000 draws of mean ⅓: 6,667 ± 67; five deviations.
  for (const sum of sums) expect(Math.abs(sum - 20_000 / 3)).toBeLessThan(340);
});

for (const features of [12, 20]) {
  test(`two threads and segments of rows give the tree of one, ${features} features`, async () => {
    const rows = 90_000;
    const results: unknown[] = [];
    for (const threads of [1, 2, 3]) {
      await using engine = await createEngine({ backend: 'wasm', threads });
      using sample = await sampleOn(engine, rows, features);
      const { workspace, data } = sample;
      fill(sample, (row) => [Math.sin(row), 0.5 + 0.5 * Math.cos(row)]);
      await workspace.quantise(randomKey(1, 'test'));
      // Every third row follows only.
      const [training, following] = [0, 1].map((follows) =>
        Uint32Array.from({ length: rows }, (_, row) => row).filter((row) => (row % 3 === 0 ? 1 : 0) === follows),
      );
      const root = await workspace.begin(training!, following!);
      await workspace.buildHistogram(0, root);
      const goesLeft = Uint8Array.from({ length: BINS }, (_, bin) => (bin < 15 ? 1 : 0));
      const [left, right] = await workspace.partition(root, 1, goesLeft);
      await workspace.buildHistogram(1, right);
      const sums = await workspace.leafSums([left, right]);
      using predictions = new ArenaBlock(engine.arena, 'f64', rows);
      predictions.values.fill(1);
      await workspace.addToLeaves([left, right], [2, 3], ({ firstRow }) => predictions.offset + 8 * firstRow);
      expect([...predictions.values]).toEqual(
        Array.from({ length: rows }, (_, row) => (data.binAt(row, 1) < 15 ? 3 : 4)),
      );
      expect(left.count + right.count).toBe(60_000);
      expect((await rowsOf(sample, right)).length).toBe(right.count);
      results.push([[...workspace.histogram(0)], [...workspace.histogram(1)], [...sums], left.count]);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
}

test.each([1, 2])('bins are the edges below each value, wherever the values lie, on %i threads', async (threads) => {
  await using engine = await createEngine({ backend: 'wasm', threads });
  const [rows, features, before] = [40_000, 26, 3];
  const random = stream(3, 'tree-building', threads);
  const edges = Float64Array.from({ length: 200 }, (_, i) => Math.fround((i - 99) / 40));
  using scope = engine.arena.scope();
  const columns = Array.from({ length: features }, (_, f) => {
    const own = Float64Array.from({ length: rows }, () => (random.integer(9) === 0 ? Number.NaN : random.normal()));
    for (let row = 0; row < rows; row += 7) own[row] = edges[row % 200]!;
    const values = f % 3 === 0 ? own : f % 3 === 1 ? Float32Array.from(own) : scope.copy('f64', own);
    return { name: `x${f}`, values, edges: edges.subarray(0, 200 - 7 * f) };
  });
  using data = new BinnedRows(engine, rows + before, features, evenLayout(features));
  await data.encode(columns, before);
  const wrong: string[] = [];
  columns.forEach((column, f) => {
    for (let row = 0; row < rows; row++) {
      const value = column.values[row]!;
      const above = column.edges.findLastIndex((edge) => edge < value) + 1;
      if (data.binAt(row + before, f) !== (Number.isNaN(value) ? MISSING_BIN : above)) wrong.push(`${f}, ${row}`);
    }
    for (let row = 0; row < before; row++) if (data.binAt(row, f) !== 0) wrong.push(`${f}, ${row}`);
  });
  expect(wrong).toEqual([]);
});

test('trees of few rows are grown on the calling thread', async () => {
  // adult and HIGGS at 100,000 rows.
  expect(treeThreads(2, 39_000, 14)).toBe(1);
  expect(treeThreads(2, 100_000, 28)).toBe(2);
  expect(treeThreads(1, 1_000_000, 28)).toBe(1);
});

test('binned rows take at most 1.3 bytes a value, whatever the number of features', () => {
  for (let features = 1; features < 300; features++) {
    const { groupCount, rowBytes, groupColumns } = evenLayout(features);
    expect(groupCount * rowBytes).toBeLessThanOrEqual(1.3 * features);
    expect(groupColumns).toBeLessThanOrEqual(Math.min(14, rowBytes));
    expect(groupCount).toBe(Math.ceil(features / groupColumns));
  }
});
