import { expect, test } from 'vitest';
import { ClusteredPoints, SEED_ROWS } from '#lanewise/engine/clustering/clustered-points.js';
import { createEngine, defaultEngine } from '#lanewise/engine/engine.js';
import { type Points, pointsOf, squaredDistance } from '#lanewise/engine/neighbors/points.js';
import { randomKey, stream } from '#lanewise/engine/random.js';
import { runProgramOn } from '#lanewise/models/execute.js';
import { KMeans } from '#lanewise/models/k-means/k-means.js';
import { lloyd } from '#lanewise/models/k-means/lloyd.js';
import { plusPlusStart } from '#lanewise/models/k-means/start.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import { readRegister, selectColumns, tableFromRegisters } from '#lanewise/table/columns.js';
import { golden, goldenTable, largestDifference } from './linear-data.js';

const features = (name: 'iris' | 'wine') => {
  const table = goldenTable(name);
  return selectColumns(
    table,
    table.schema.fields.map((field) => field.name).filter((column) => column !== 'target'),
  );
};
const points = (name: 'iris' | 'wine'): Points =>
  pointsOf(Object.values(golden[name].columns).map((column) => Float64Array.from(column as number[])));

const place = async (rows: Points) => ClusteredPoints.of(await defaultEngine(), rows);

for (const name of ['iris', 'wine'] as const) {
  for (const algorithm of ['lloyd', 'hamerly', 'elkan'] as const)
    test(`from the same first centres, ${algorithm} on ${name} gets the centres, labels and inertia of scikit-learn`, async () => {
      const { start, inertia, centers, labels } = golden.kmeans[name];
      const options = { maxIterations: 300, tolerance: 0, algorithm };
      using placed = await place(points(name));
      const found = await lloyd(placed, placed.pick(start), options);
      expect(found.converged).toBe(true);
      expect(found.inertia).toBeCloseTo(inertia, 9);
      expect(largestDifference(found.centers.values, centers.flat())).toBeLessThan(1e-12);
      expect([...found.labels.subarray(0, labels.length)]).toEqual(labels);
    });
}

test('inertia never rises, and predictions are the nearest centres', async () => {
  const table = features('wine');
  const model = await new KMeans({ nClusters: 3, nInit: 3 }).fit(table, { seed: 4 });
  const losses = model.training.history.map((point) => point.loss);
  expect(losses.every((loss, i) => i === 0 || loss <= losses[i - 1]! * (1 + 1e-12))).toBe(true);
  const out = await model.predict(table);
  const cluster = readRegister(out, 'prediction').values;
  const distances = [0, 1, 2].map((k) => readRegister(out, `distance_${k}`).values);
  cluster.forEach((label, row) => {
    expect(Math.min(...distances.map((column) => column[row]!))).toBe(distances[label]![row]);
  });
  const squares = cluster.reduce((sum, label, row) => sum + distances[label]![row]! ** 2, 0);
  expect(squares).toBeCloseTo(losses.at(-1)!, 1);
});

test('a cluster that lost its points takes the farthest one', async () => {
  const line = pointsOf([Float64Array.of(0, 1, 2, 10, 11, 30)]);
  const start = { values: Float64Array.of(1, 100, 10.5), count: 3, dimension: 1 };
  using placed = await place(line);
  const found = await lloyd(placed, start, { maxIterations: 50, tolerance: 0 });
  expect([...found.centers.values].sort((a, b) => a - b)).toEqual([1, 10.5, 30]);
});

test('more clusters than rows are refused by number', async () => {
  await expect(new KMeans({ nClusters: 100 }).fit(features('iris'))).rejects.toThrow(
    /at least 100 rows .* received 50/,
  );
});

/** Groups of points about some middles; many coordinates are equal, so that distances are. */
function groups(count: number, dimension: number, middles: number, offset: number, whole: boolean): Points {
  const random = stream(7, 'groups', count, dimension);
  const centers = Float64Array.from({ length: middles * dimension }, () => 4 * random.normal());
  const values = new Float64Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const group = random.integer(middles);
    for (let j = 0; j < dimension; j++) {
      const value = centers[group * dimension + j]! + random.normal();
      values[i * dimension + j] = offset + (whole ? Math.round(value) : value);
    }
  }
  return { values, count, dimension };
}

const bruteLabels = (rows: Points, centers: Points) =>
  Int32Array.from({ length: rows.count }, (_, i) => {
    let best = 0;
    for (let k = 1; k < centers.count; k++) {
      if (squaredDistance(rows, i, centers, k) < squaredDistance(rows, i, centers, best)) best = k;
    }
    return best;
  });

test.each([
  ['plain', groups(3000, 5, 9, 0, false), 12],
  ['whole numbers, with ties', groups(2000, 2, 6, 0, true), 40],
  ['far from the origin', groups(1500, 3, 5, 1e9, false), 17],
  ['one dimension', groups(700, 1, 4, -3, false), 33],
])('bounds change no label, no centre and no inertia: %s', async (_, rows, k) => {
  const found = [];
  for (const [backend, threads] of [
    ['reference', 1],
    ['wasm', 1],
    ['wasm', 2],
  ] as const) {
    await using engine = await createEngine({ backend, threads });
    for (const algorithm of ['lloyd', 'hamerly', 'elkan'] as const) {
      if (backend === 'reference' && algorithm === 'lloyd') continue;
      using placed = await ClusteredPoints.of(engine, rows);
      const steps: number[] = [];
      const start = placed.pick(Array.from({ length: k }, (_, i) => i));
      const out = await lloyd(placed, start, {
        maxIterations: 25,
        tolerance: 0,
        algorithm,
        onIteration: (_iteration, inertia) => steps.push(inertia),
      });
      expect(out.labels).toEqual(bruteLabels(rows, out.centers));
      found.push({ centers: out.centers.values.slice(), labels: out.labels, inertia: out.inertia, steps });
    }
  }
  for (const other of found) expect(other).toEqual(found[0]);
});

test('bounds leave most of the distances out where groups lie apart', async () => {
  const rows = groups(4000, 8, 10, 0, false);
  using placed = await place(rows);
  const shares: number[] = [];
  const start = placed.pick(Array.from({ length: 10 }, (_, i) => i * 7));
  await lloyd(placed, start, {
    maxIterations: 20,
    tolerance: 0,
    onIteration: (_i, _inertia, looked) => shares.push(looked),
  });
  expect(shares[0]).toBe(1);
  expect(shares.at(-1)).toBeLessThan(0.3);
});

test('weights count as so many rows', async () => {
  const rows = groups(300, 2, 3, 0, false);
  const weights = Float64Array.from({ length: 300 }, (_, i) => i % 4);
  const repeated = [...weights.keys()].flatMap((i) => Array.from({ length: weights[i]! }, () => i));
  const engine = await defaultEngine();
  using weighted = await ClusteredPoints.of(engine, rows, { weights });
  using many = await ClusteredPoints.of(engine, weighted.pick(repeated));
  const start = weighted.pick([1, 2, 3]);
  const options = { maxIterations: 50, tolerance: 0 };
  const [one, other] = [await lloyd(weighted, start, options), await lloyd(many, start, options)];
  expect(largestDifference(one.centers.values, other.centers.values)).toBeLessThan(1e-12);
  expect(one.inertia).toBeCloseTo(other.inertia, 8);
});

const numbers = (columns: Record<string, number[]>) =>
  tableFromRegisters(
    Object.entries(columns).map(([name, values]) => ({
      name,
      type: 'number' as const,
      values: Float64Array.from(values),
    })),
  );

test('first centres that are given are those of scikit-learn’s init', async () => {
  const { start, centers, inertia } = golden.kmeans.iris;
  const rows = points('iris');
  const initialCenters = start.flatMap((row: number) => [
    ...rows.values.subarray(row * rows.dimension, (row + 1) * rows.dimension),
  ]);
  const model = await new KMeans({ nClusters: start.length, initialCenters, tol: 0 }).fit(features('iris'));
  expect(model.training.history.at(-1)!.loss).toBeCloseTo(inertia, 9);
  expect(model.labels).toHaveLength(features('iris').numRows);
  const found = await model.predict(features('iris'));
  expect([...readRegister(found, 'prediction').values]).toEqual([...model.labels!]);
  expect(centers).toHaveLength(start.length);
  await expect(new KMeans({ nClusters: 2, initialCenters: [1] }).fit(features('iris'))).rejects.toThrow(
    /Expected 8 numbers/,
  );
});

test('k-means++ draws in proportion to squared distances, the same rows on every backend and thread count', async () => {
  // Two blocks of its sums and a part of a third; a far group that has a thousandth of the rows and nearly all of the potential.
  const rows = pointsOf([Float64Array.from({ length: 9000 }, (_, i) => (i % 1000 === 7 ? 1e4 + i : i % 10))]);
  const weights = Float64Array.from({ length: 9000 }, (_, i) => (i % 2000 === 7 ? 0 : 1 + (i % 3)));
  const drawn: number[][] = [];
  for (const [backend, threads] of [
    ['reference', 1],
    ['wasm', 1],
    ['wasm', 2],
  ] as const) {
    await using engine = await createEngine({ backend, threads });
    using points = await ClusteredPoints.of(engine, rows, { weights });
    const found: number[] = [];
    for (let run = 0; run < 8; run++) found.push(...(await plusPlusStart(points, 5, randomKey(3, 'k-means', run))));
    drawn.push(found);
    using seeding = points.seeding(2);
    await seeding.offer([7]);
    await seeding.take(0);
    const [potentials, others] = await seeding.offer([0, 4007]);
    expect(potentials).toHaveLength(Math.ceil(9000 / SEED_ROWS));
    const unit = points.frame.unit ** 2;
    const expected = (center: number, block: number) => {
      let sum = 0;
      for (let i = block * SEED_ROWS; i < Math.min(9000, (block + 1) * SEED_ROWS); i++) {
        const square = (from: number) => (rows.values[i]! - rows.values[from]!) ** 2;
        sum += weights[i]! * Math.min(square(7), square(center)) * unit;
      }
      return sum;
    };
    // Rough distances are f32; they cancel where the frame is wide.
    const whole = expected(7, 0);
    for (const [block, potential] of potentials!.entries()) {
      expect(Math.abs(potential - expected(0, block))).toBeLessThan(1e-5 * whole);
      expect(Math.abs(others![block]! - expected(4007, block))).toBeLessThan(1e-5 * whole);
    }
    await seeding.take(0);
    expect(seeding.nearest[7]).toBe(0);
    expect(seeding.nearest[8]).toBeLessThan(1e-6);
  }
  expect(drawn[1]).toEqual(drawn[0]);
  expect(drawn[2]).toEqual(drawn[0]);
  // The far group is found at once, and rows of weight 0 are never drawn.
  expect([0, 1, 2, 3, 4, 5, 6, 7].every((run) => drawn[0]![5 * run + 1]! % 1000 === 7)).toBe(true);
  expect(drawn[0]!.filter((row) => weights[row] === 0)).toEqual([]);
});

test('hostile points have the right answer or an error that names them', async () => {
  const same = await new KMeans({ nClusters: 3 }).fit(numbers({ x: [5, 5, 5, 5], y: [1, 1, 1, 1] }));
  expect([...same.labels!]).toEqual([0, 0, 0, 0]);
  expect(same.training.warnings?.map(({ name }) => name)).toContain('fewer-clusters');
  const one = await new KMeans({ nClusters: 1 }).fit(numbers({ x: [3] }));
  expect([...one.labels!]).toEqual([0]);
  const twice = await new KMeans({ nClusters: 2, nInit: 3 }).fit(numbers({ x: [1, 1, 1, 9, 9], y: [0, 0, 0, 0, 0] }));
  expect(new Set(twice.labels!.subarray(0, 3)).size + new Set(twice.labels!.subarray(3)).size).toBe(2);
  expect(twice.training.history.at(-1)!.loss).toBe(0);
  await expect(new KMeans({ nClusters: 1 }).fit(numbers({ x: [1, Number.NaN] }))).rejects.toThrow(/"x" lacks 1/);
  await expect(new KMeans({ nClusters: 1 }).fit(numbers({ x: [1, Infinity] }))).rejects.toThrow(/1 infinite/);
  await expect(new KMeans({ nClusters: 2 }).fit(numbers({ x: [1, 1e200] }))).rejects.toThrow(
    /between 1e-140 and 1e150/,
  );
  const far = await new KMeans({ nClusters: 2, nInit: 3 }).fit(numbers({ x: [1e15, 1e15 + 1, 1e15 + 8, 1e15 + 9] }));
  expect(far.training.history.at(-1)!.loss).toBe(1);
});

test('kernels score clusters as the interpreter does', async () => {
  const rows = groups(3000, 6, 5, 0, false);
  const columns = Array.from({ length: 6 }, (_, j) =>
    Float64Array.from({ length: 3000 }, (_, i) => rows.values[i * 6 + j]!),
  );
  columns[2]![17] = Number.NaN;
  columns[3]![18] = Number.POSITIVE_INFINITY;
  const table = numbers(Object.fromEntries(columns.map((values, j) => [`x${j}`, [...values]])));
  const clean = numbers(Object.fromEntries(columns.map((values, j) => [`x${j}`, [...values.subarray(100)]])));
  const model = await new KMeans({ nClusters: 5 }).fit(clean);
  const law = runProgram(model.program, columns, 3000);
  for (const threads of [1, 2]) {
    await using engine = await createEngine({ backend: 'wasm', threads });
    expect(await runProgramOn(engine, model.program, columns, 3000)).toEqual(law);
  }
  expect(law[0]![17]).toBeNaN();
  expect(table.numRows).toBe(3000);
});
