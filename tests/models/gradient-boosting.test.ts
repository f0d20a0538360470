import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { randomKey } from '#lanewise/engine/random.js';
import { MemoryRows } from '#lanewise/engine/trees/row-store.js';
import { TreeWorkspace } from '#lanewise/engine/trees/tree-workspace.js';
import { BinnedRows } from '#lanewise/engine/trees/trees.js';
import { columnToBin, findBins } from '#lanewise/models/binning/index.js';
import { TreeRules } from '#lanewise/models/gradient-boosting/constraints.js';
import { Grower, leavesOf } from '#lanewise/models/gradient-boosting/grower.js';
import { growerOptions } from '#lanewise/models/gradient-boosting/growing.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { boostNaively } from './tree-boosting.js';
import { areaUnderCurve, labelled, noise, numbers, outputOf, rootMeanSquare, taxiTrips } from './tree-data.js';

const golden = JSON.parse(readFileSync(new URL('../fixtures/trees.json', import.meta.url), 'utf8'));

/** y is a step in x0, a slope in x1, a little noise. */
function steps(rows: number): RegisterColumn[] {
  const [x0, x1] = [0, 1].map((j) => numbers(`x${j}`, rows, (row) => noise(row, j)));
  const y = numbers('y', rows, (row) => (x0!.values[row]! > 0.5 ? 10 : 0) + x1!.values[row]! + 0.1 * noise(row, 9));
  return [x0!, x1!, y];
}

const target = 'y';
const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const ensembleOf = (model: Model) =>
  model.program.operations.find((operation) => operation.op === 'ensemble') as EnsembleOperation;

describe('quality', () => {
  // Two of the five folds: held to scikit-learn on the same ones (tests/agreement/trees.py), within one standard deviation over folds.
  const trips = taxiTrips();
  const all = [...Array(trips.numRows).keys()];
  const folds = [0, 1].map((k) => ({
    train: takeRows(
      trips,
      all.filter((row) => row % 5 !== k),
    ),
    test: takeRows(
      trips,
      all.filter((row) => row % 5 === k),
    ),
  }));

  test('the fare of a taxi trip is predicted as well as by scikit-learn', async () => {
    const errors: number[] = [];
    for (const { train, test } of folds) {
      const model = await new GradientBoostingRegressor().fit(withoutColumn(train, 'tolls'), { target: 'fare' });
      const predicted = await outputOf(model, test);
      const fares = readRegister(test, 'fare').values;
      errors.push(rootMeanSquare(predicted.map((value, row) => value - fares[row]!)));
    }
    const { folds: reference, std } = golden['fare, gradient-boosting'];
    expect(meanOf(errors)).toBeLessThan(meanOf(reference.slice(0, 2)) + std);
  });

  test('whether tolls are paid is predicted as well as by scikit-learn', async () => {
    const areas: number[] = [];
    for (const { train, test } of folds) {
      const model = await new GradientBoostingClassifier().fit(withoutColumn(train, 'fare'), { target: 'tolls' });
      expect(model.classes).toEqual(['none', 'paid']);
      areas.push(
        areaUnderCurve(
          readRegister(test, 'tolls', model.classes).values,
          await outputOf(model, test, 'probability_paid'),
        ),
      );
    }
    const { folds: reference, std } = golden['tolls, gradient-boosting'];
    expect(meanOf(areas)).toBeGreaterThan(meanOf(reference.slice(0, 2)) - std);
  });
});

function withoutColumn(table: Parameters<typeof takeRows>[0], name: string) {
  return table.select(table.schema.fields.map((field) => field.name).filter((field) => field !== name));
}

test('trees are those of f64 histograms, but for the rounding of gradients', async () => {
  const columns = steps(600);
  const model = await new GradientBoostingRegressor({ maxIter: 20, maxLeafNodes: 8 }).fit(tableFromRegisters(columns), {
    target,
  });
  const bins = await findBins(
    columns.slice(0, 2),
    Uint32Array.from({ length: 600 }, (_, row) => row),
    {
      maxBins: 255,
      seed: 0,
      categories: 'native',
    },
  );
  const naive = boostNaively(columns.slice(0, 2), bins, columns[2]!.values, {
    trees: 20,
    leaves: 8,
    minSamples: 20,
    rate: 0.1,
  });
  const predicted = await outputOf(model, tableFromRegisters(columns));
  const differences = predicted.map((value, row) => value - naive(columns.slice(0, 2), row));
  // Where two splits gain nearly the same, rounding may choose the other one.
  expect(rootMeanSquare(differences)).toBeLessThan(0.02);
});

test('targets and weights over six orders of magnitude lose less than a tenth of a deviation to f64 histograms', async () => {
  const rows = 3000;
  const size = (row: number) => 10 ** (6 * noise(row, 0) ** 2);
  const columns = [
    numbers('x0', rows, (row) => noise(row, 0)),
    numbers('x1', rows, (row) => noise(row, 1)),
    numbers('y', rows, (row) => size(row) * (0.5 + noise(row, 1)) * (0.8 + 0.4 * noise(row, 2))),
    numbers('w', rows, (row) => 10 ** (3 - 6 * noise(row, 3))),
  ];
  const [features, y, w] = [columns.slice(0, 2), columns[2]!.values, columns[3]!.values];
  const all = [...Array(rows).keys()];
  const scores = { ours: [] as number[], exact: [] as number[] };
  for (let fold = 0; fold < 5; fold++) {
    const train = all.filter((row) => row % 5 !== fold);
    const pick = (column: RegisterColumn) => ({
      ...column,
      values: Float64Array.from(train, (row) => column.values[row]!),
    });
    const kept = columns.map(pick);
    const model = await new GradientBoostingRegressor({ maxIter: 30 }).fit(tableFromRegisters(kept), {
      target,
      weights: 'w',
    });
    const places = Uint32Array.from(train, (_, place) => place);
    const bins = await findBins(kept.slice(0, 2), places, { maxBins: 255, seed: 0, categories: 'native' });
    const options = { trees: 30, leaves: 31, minSamples: 20, rate: 0.1, weights: kept[3]!.values };
    const naive = boostNaively(kept.slice(0, 2), bins, kept[2]!.values, options);
    const ours = await outputOf(model, tableFromRegisters(columns));
    const held = all.filter((row) => row % 5 === fold);
    const error = (predict: (row: number) => number) => {
      let [sum, total] = [0, 0];
      for (const row of held) {
        sum += w[row]! * (predict(row) - y[row]!) ** 2;
        total += w[row]!;
      }
      return Math.sqrt(sum / total);
    };
    scores.ours.push(error((row) => ours[row]!));
    scores.exact.push(error((row) => naive(features, row)));
  }
  const deviation = Math.sqrt(meanOf(scores.exact.map((value) => (value - meanOf(scores.exact)) ** 2)));
  expect(meanOf(scores.ours) - meanOf(scores.exact)).toBeLessThan(0.1 * deviation);
});

describe('what training does', () => {
  test('the training loss falls with every round', async () => {
    const model = await new GradientBoostingRegressor({ maxIter: 30 }).fit(tableFromRegisters(steps(500)), { target });
    const { history } = model.training;
    expect(history).toHaveLength(30);
    for (let i = 1; i < history.length; i++) expect(history[i]!.loss).toBeLessThan(history[i - 1]!.loss);
    expect(history.at(-1)!.loss).toBeLessThan(0.05 * history[0]!.loss);
  });

  test('early stopping keeps the best round, and says so', async () => {
    const rows = 400;
    const noisy = (seed: number) =>
      tableFromRegisters([
        numbers('x', rows, (row) => noise(row, seed)),
        numbers('y', rows, (row) => noise(row, seed) + 3 * noise(row, seed + 1)),
      ]);
    const model = await new GradientBoostingRegressor({ minSamplesLeaf: 2, nIterNoChange: 5 }).fit(noisy(1), {
      target,
      validation: noisy(5),
    });
    const { history, bestIteration, iterations, verdict } = model.training;
    const best = Math.min(...history.map((point) => point.validationLoss!));
    expect(history[bestIteration - 1]!.validationLoss).toBe(best);
    expect(iterations).toBe(bestIteration + 5);
    expect(ensembleOf(model).roots).toHaveLength(bestIteration);
    expect(verdict).toMatch(/stopped early.*round/);
    // The kept trees are those whose loss was measured.
    const predicted = await outputOf(model, noisy(5));
    const y = readRegister(noisy(5), 'y').values;
    expect(rootMeanSquare(predicted.map((value, row) => value - y[row]!)) ** 2).toBeCloseTo(best, 10);
  });

  test('earlyStopping true holds a share of the rows out, class by class', async () => {
    const rows = 300;
    const columns = [
      numbers('x', rows, (row) => noise(row, 1)),
      labelled(
        'y',
        Array.from({ length: rows }, (_, row) => (row % 10 === 0 ? 'rare' : noise(row, 2) > noise(row, 1) ? 'a' : 'b')),
      ),
    ];
    const model = await new GradientBoostingClassifier({
      earlyStopping: 'true',
      validationFraction: 0.2,
      maxIter: 15,
    }).fit(tableFromRegisters(columns), { target });
    expect(model.training.rows).toBe(240);
    expect(model.training.history[0]!.validationLoss).toBeGreaterThan(0);
  });

  test('every leaf holds minSamplesLeaf rows, by count and not by weight', async () => {
    const columns = [...steps(300), numbers('w', 300, (row) => (row % 7 === 0 ? 50 : 0.01))];
    const table = tableFromRegisters(columns);
    for (const minSamplesLeaf of [1, 7, 60]) {
      const model = await new GradientBoostingRegressor({ minSamplesLeaf, maxIter: 3 }).fit(table, {
        target,
        weights: 'w',
      });
      const { counts } = leafCounts(model, columns);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(minSamplesLeaf);
    }
  });

  test('maxLeafNodes and maxDepth hold', async () => {
    const columns = steps(500);
    const table = tableFromRegisters(columns);
    const few = await new GradientBoostingRegressor({ maxLeafNodes: 5, maxIter: 1 }).fit(table, { target });
    expect(leafCounts(few, columns).counts).toHaveLength(5);
    const stump = await new GradientBoostingRegressor({ maxDepth: 1, maxIter: 1 }).fit(table, { target });
    expect(leafCounts(stump, columns).counts).toHaveLength(2);
    const root = ensembleOf(stump);
    expect(root.threshold[0]).toBeCloseTo(0.5, 1);
  });

  test('a row of weight 2 counts as two rows', async () => {
    const columns = steps(200);
    const weight = numbers('w', 200, (row) => 1 + (row % 2));
    const twice = [...Array(200).keys()].flatMap((row) => (row % 2 === 1 ? [row, row] : [row]));
    const repeated = columns.map((column) => ({
      ...column,
      values: Float64Array.from(twice, (row) => column.values[row]!),
    }));
    const parameters = { maxIter: 10, minSamplesLeaf: 1, maxLeafNodes: 6 };
    const weighted = await new GradientBoostingRegressor(parameters).fit(tableFromRegisters([...columns, weight]), {
      target,
      weights: 'w',
    });
    const doubled = await new GradientBoostingRegressor(parameters).fit(tableFromRegisters(repeated), { target });
    const [a, b] = [
      await outputOf(weighted, tableFromRegisters(columns)),
      await outputOf(doubled, tableFromRegisters(columns)),
    ];
    expect(rootMeanSquare(a.map((value, row) => value - b[row]!))).toBeLessThan(0.02);
  });

  test('rows of weight 0 are as if they were not there', async () => {
    const columns = steps(200);
    const spoilt = columns.map((column) => ({
      ...column,
      values: Float64Array.from({ length: 260 }, (_, row) => (row < 200 ? column.values[row]! : 1e6 * noise(row, 4))),
    }));
    const weight = numbers('w', 260, (row) => (row < 200 ? 1 : 0));
    const parameters = { maxIter: 5 };
    const plain = await new GradientBoostingRegressor(parameters).fit(tableFromRegisters(columns), { target });
    const ignoring = await new GradientBoostingRegressor(parameters).fit(tableFromRegisters([...spoilt, weight]), {
      target,
      weights: 'w',
    });
    expect(ensembleOf(ignoring).leafValues).toEqual(ensembleOf(plain).leafValues);
    expect(ensembleOf(ignoring).threshold).toEqual(ensembleOf(plain).threshold);
  });

  test('the order of the columns changes nothing, ties included', async () => {
    const [x0, x1, y] = steps(200);
    const copy = { ...x0!, name: 'same' };
    const parameters = { maxIter: 5 };
    const one = await new GradientBoostingRegressor(parameters).fit(tableFromRegisters([x0!, copy, x1!, y!]), {
      target,
    });
    const other = await new GradientBoostingRegressor(parameters).fit(tableFromRegisters([y!, x1!, copy, x0!]), {
      target,
    });
    const table = tableFromRegisters([x0!, copy, x1!]);
    expect(await outputOf(other, table)).toEqual(await outputOf(one, table));
    expect(other.importances).toEqual(one.importances);
  });

  test('importances name the feature that does the work', async () => {
    const useless = numbers('useless', 400, (row) => noise(row, 30));
    const model = await new GradientBoostingRegressor({ maxIter: 20 }).fit(
      tableFromRegisters([...steps(400), useless]),
      { target },
    );
    expect(model.importances!['x0']).toBeGreaterThan(0.8);
    expect(model.importances!['useless']).toBeLessThan(0.05);
  });

  test('a heavy round does not hold up the event loop', async () => {
    await using engine = await createEngine({ backend: 'wasm', threads: 1 });
    const rows = 30_000;
    const columns = Array.from({ length: 6 }, (_, j) => numbers(`x${j}`, rows, (row) => noise(row, j)));
    const table = tableFromRegisters([
      ...columns,
      numbers('y', rows, (row) => columns[0]!.values[row]! * columns[1]!.values[row]!),
    ]);
    let [longest, last, running] = [0, performance.now(), true];
    const watch = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      if (running) setImmediate(watch);
    };
    const fit = new GradientBoostingRegressor({ maxIter: 10, earlyStopping: 'false' }).fit(table, { target, engine });
    await new Promise((resolve) => setTimeout(resolve, 100)); // reading the table and finding bins are measured elsewhere
    last = performance.now();
    watch();
    await fit;
    running = false;
    expect(longest).toBeLessThan(250); // 50 ms on a machine of one's own
  });
});

/** Rows in each leaf of the first tree, and the leaf of each row, by the program. */
function leafCounts(model: Model, columns: readonly RegisterColumn[]) {
  const { roots, feature, threshold, left, right, missingGoesLeft, inputs } = ensembleOf(model);
  const features = inputs.map((register) => columns.find(({ name }) => name === model.program.inputs[register]!.name)!);
  const counts = new Map<number, number>();
  for (let row = 0; row < columns[0]!.values.length; row++) {
    let node = roots[0]!;
    while (feature[node]! >= 0) {
      const value = features[feature[node]!]!.values[row]!;
      const goesLeft = Number.isNaN(value) ? missingGoesLeft[node] === 1 : value <= threshold[node]!;
      node = goesLeft ? left[node]! : right[node]!;
    }
    counts.set(left[node]!, (counts.get(left[node]!) ?? 0) + 1);
  }
  return { counts: [...counts.values()] };
}

test('a tree grown with room for three histograms is the tree grown with room for all', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  const rows = 2000;
  const columns = steps(rows).slice(0, 2);
  const everyRow = Uint32Array.from({ length: rows }, (_, row) => row);
  const bins = await findBins(columns, everyRow, { maxBins: 255, seed: 0, categories: 'native' });
  const trees: [number, number][][] = [];
  for (const histograms of [3, 32]) {
    using data = new BinnedRows(engine, rows, 2);
    await data.encode(
      columns.map((column, index) => columnToBin(column, bins[index]!)),
      0,
    );
    const sizes = { histograms, leaves: 31 };
    using store = new MemoryRows(engine, data);
    using workspace = new TreeWorkspace(engine, store, [255, 255], sizes);
    for (const row of everyRow) {
      store.gradients.values[row] = noise(row, 20) - columns[0]!.values[row]! * columns[1]!.values[row]!;
    }
    store.hessians.values.fill(1);
    const units = await workspace.quantise(randomKey(1, 'test'));
    const rules = new TreeRules({ featureCount: 2 });
    const all = await workspace.begin(everyRow, new Uint32Array(0));
    const root = { rows: all, depth: 0, rules: rules.root(), value: 0 };
    const { parameters } = new GradientBoostingRegressor({ minSamplesLeaf: 5, maxDepth: 100 });
    await new Grower(workspace, bins, growerOptions(parameters, 31), units, rules).grow(root);
    trees.push(leavesOf(root).map(({ rows: { count }, depth }) => [count, depth]));
  }
  expect(trees[0]).toHaveLength(31);
  expect(trees[0]).toEqual(trees[1]);
});

describe('missing values and categories', () => {
  test('missing values go to the side where they belong', async () => {
    const rows = 300;
    const gone = (row: number) => noise(row, 7) < 0.3;
    for (const belongs of [0, 10]) {
      const x = numbers('x', rows, (row) => (gone(row) ? Number.NaN : noise(row, 1)));
      const y = numbers('y', rows, (row) => (gone(row) ? belongs : noise(row, 1) > 0.5 ? 10 : 0));
      const model = await new GradientBoostingRegressor({ maxIter: 60 }).fit(tableFromRegisters([x, y]), { target });
      expect(model.predictSync({ x: null })).toBeCloseTo(belongs, 1);
      expect(model.predictSync({})).toBeCloseTo(belongs, 1);
      expect(model.predictSync({ x: 0.9 })).toBeCloseTo(10, 1);
      expect(model.predictSync({ x: 0.1 })).toBeCloseTo(0, 1);
    }
  });

  test('that a value is missing can be all there is to know', async () => {
    const x = numbers('x', 100, (row) => (row % 2 === 0 ? Number.NaN : 5));
    const y = numbers('y', 100, (row) => (row % 2 === 0 ? 1 : 3));
    const model = await new GradientBoostingRegressor({ maxIter: 80 }).fit(tableFromRegisters([x, y]), { target });
    expect(model.predictSync({ x: null })).toBeCloseTo(1, 2);
    expect(model.predictSync({ x: Number.POSITIVE_INFINITY })).toBeCloseTo(3, 2);
  });

  test('a feature without any value, and infinite values, do no harm', async () => {
    const columns = steps(200);
    const empty = numbers('empty', 200, () => Number.NaN);
    const infinite = numbers(
      'infinite',
      200,
      (row) => [Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY][row % 3]!,
    );
    const y = numbers('y', 200, (row) => (row % 3) * 10);
    const model = await new GradientBoostingRegressor({ maxIter: 80 }).fit(
      tableFromRegisters([columns[0]!, empty, infinite, y]),
      { target },
    );
    const at = (value: number) => model.predictSync({ x0: 0.5, infinite: value }) as number;
    expect(at(Number.NEGATIVE_INFINITY)).toBeCloseTo(0, 1);
    expect(at(0)).toBeCloseTo(10, 1);
    expect(at(Number.POSITIVE_INFINITY)).toBeCloseTo(20, 1);
  });

  test('categories are parted as sets, whatever the order of their labels', async () => {
    const rows = 2000;
    const labels = Array.from({ length: 12 }, (_, k) => `c${k}`);
    const high = new Set([1, 4, 6, 11]);
    const code = (row: number) => Math.floor(12 * noise(row, 3));
    const colour = labelled(
      'colour',
      Array.from({ length: rows }, (_, row) => labels[code(row)]),
    );
    const y = numbers('y', rows, (row) => (high.has(code(row)) ? 5 : -5) + noise(row, 4));
    const model = await new GradientBoostingRegressor({ maxIter: 50, maxLeafNodes: 2 }).fit(
      tableFromRegisters([colour, y]),
      { target },
    );
    for (const [k, label] of labels.entries()) {
      expect(model.predictSync({ colour: label }) as number).toBeCloseTo(high.has(k) ? 5.5 : -4.5, 0);
    }
    // One split parts them: the trees have two leaves.
    expect(ensembleOf(model).categoryWords[0]).toBe(1);
  });

  test('a label never seen goes where missing values go', async () => {
    const rows = 400;
    const texts = Array.from({ length: rows }, (_, row) => (row % 4 === 3 ? undefined : ['a', 'b', 'c'][row % 4]));
    const y = numbers('y', rows, (row) => [1, 2, 3, 9][row % 4]!);
    const model = await new GradientBoostingRegressor({ maxIter: 80 }).fit(
      tableFromRegisters([labelled('x', texts), y]),
      { target },
    );
    expect(model.predictSync({ x: null })).toBeCloseTo(9, 1);
    expect(model.predictSync({ x: 'never seen' })).toBe(model.predictSync({ x: null }));
    const batch = tableFromRegisters([labelled('x', [...Array(20).fill('never seen'), 'a'])]);
    expect((await outputOf(model, batch))[3]).toBe(model.predictSync({ x: null }));
  });

  test('of more categories than bins, the rare ones go with the missing', async () => {
    const rows = 3000;
    const code = (row: number) => Math.floor(400 * noise(row, 3) ** 2);
    const x = labelled(
      'x',
      Array.from({ length: rows }, (_, row) => `k${code(row)}`),
    );
    const y = numbers('y', rows, (row) => (code(row) < 30 ? 8 : 0) + noise(row, 5));
    const model = await new GradientBoostingRegressor({ maxIter: 30 }).fit(tableFromRegisters([x, y]), { target });
    expect(model.predictSync({ x: 'k3' }) as number).toBeGreaterThan(6);
    expect(model.predictSync({ x: 'k200' }) as number).toBeLessThan(2);
    expect(ensembleOf(model).categoryWords[0]).toBe(Math.ceil(x.labels!.length / 32));
  });
});

test('the program routes raw values exactly as bins were routed in training', async () => {
  const rows = 800;
  const columns = [
    numbers('few', rows, (row) => Math.floor(5 * noise(row, 1)) / 3),
    numbers('many', rows, (row) => (noise(row, 6) < 0.1 ? Number.NaN : 1e-9 * noise(row, 2))),
    labelled(
      'set',
      Array.from({ length: rows }, (_, row) =>
        noise(row, 8) < 0.1 ? undefined : `s${Math.floor(20 * noise(row, 3))}`,
      ),
    ),
  ];
  const value = (row: number) =>
    columns[0]!.values[row]! + (columns[1]!.values[row]! > 5e-10 ? 1 : 0) + (columns[2]!.values[row]! > 9 ? 2 : 0);
  const y = numbers('y', rows, value);
  const table = tableFromRegisters([...columns, y]);
  const model = await new GradientBoostingRegressor({ maxIter: 12, minSamplesLeaf: 5 }).fit(table, { target });
  // Training measured its loss on predictions made by bins; the program's must be the same to the last digits.
  const predicted = await outputOf(model, table);
  const loss = rootMeanSquare(predicted.map((p, row) => p - y.values[row]!)) ** 2;
  expect(loss / model.training.history.at(-1)!.loss).toBeCloseTo(1, 12);
});

test('training gives its memory back, when it is cancelled too', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  const table = tableFromRegisters(steps(300));
  const before = engine.arena.bytesUsed;
  await new GradientBoostingRegressor({ maxIter: 3 }).fit(table, { target, engine });
  expect(engine.arena.bytesUsed).toBe(before);
  const stop = new AbortController();
  const fit = new GradientBoostingRegressor().fit(table, {
    target,
    engine,
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(fit).rejects.toMatchObject({ code: 'cancelled' });
  expect(engine.arena.bytesUsed).toBe(before);
});

test('gaps, categories, weights and three classes give the same bits on every backend', async () => {
  const rows = 1500;
  const table = tableFromRegisters([
    numbers('x', rows, (row) => (noise(row, 6) < 0.2 ? Number.NaN : noise(row, 1))),
    labelled(
      'set',
      Array.from({ length: rows }, (_, row) => (row % 9 === 0 ? undefined : `s${Math.floor(40 * noise(row, 2))}`)),
    ),
    numbers('w', rows, (row) => noise(row, 3)),
    labelled(
      'y',
      Array.from({ length: rows }, (_, row) => `k${Math.floor(3 * noise(row, 1 + (row % 2)))}`),
    ),
  ]);
  const programs: string[] = [];
  for (const [backend, threads] of [
    ['reference', 1],
    ['wasm', 1],
    ['wasm', 3],
  ] as const) {
    await using engine = await createEngine({ backend, threads });
    const estimator = new GradientBoostingClassifier({ maxIter: 4, earlyStopping: 'true' });
    const model = await estimator.fit(table, { target, weights: 'w', engine });
    const { threshold, leafValues, categories, feature } = ensembleOf(model);
    programs.push(
      JSON.stringify([[...threshold], [...leafValues], [...categories], [...feature], model.training.history]),
    );
  }
  expect(programs[1]).toBe(programs[0]);
  expect(programs[2]).toBe(programs[0]);
});

describe('small and odd tables', () => {
  test('too few rows to split give the mean, and say so', async () => {
    const table = tableFromRegisters([numbers('x', 4, (row) => row), numbers('y', 4, (row) => row)]);
    const model = await new GradientBoostingRegressor().fit(table, { target });
    expect(model.predictSync({ x: 3 })).toBe(1.5);
    expect(model.training.verdict).toMatch(/nothing to learn/);
  });

  test('constant features give the mean', async () => {
    const table = tableFromRegisters([numbers('x', 100, () => 7), numbers('y', 100, (row) => row % 2)]);
    const model = await new GradientBoostingRegressor().fit(table, { target });
    expect(model.predictSync({ x: 7 })).toBe(0.5);
    expect(model.importances).toEqual({ x: 0 });
  });

  test('classes that can be told apart are, three of them', async () => {
    const rows = 300;
    const x = numbers('x', rows, (row) => noise(row, 1));
    const y = labelled(
      'y',
      Array.from(x.values, (value) => (value < 0.3 ? 'low' : value < 0.6 ? 'mid' : 'top')),
    );
    const model = await new GradientBoostingClassifier({ maxIter: 40 }).fit(tableFromRegisters([x, y]), { target });
    expect([0.1, 0.45, 0.9].map((value) => model.predictSync({ x: value }))).toEqual(['low', 'mid', 'top']);
    expect(ensembleOf(model).roots).toHaveLength(120);
    const middle = await outputOf(model, tableFromRegisters([numbers('x', 20, () => 0.45)]), 'probability_mid');
    expect(middle[0]).toBeGreaterThan(0.95);
  });

  test('parameters are checked by name', () => {
    expect(() => new GradientBoostingRegressor({ learningRate: 0 })).toThrow(/GradientBoostingRegressor.learningRate/);
    expect(() => new GradientBoostingClassifier({ maxLeaves: 3 } as never)).toThrow(/maxLeafNodes/);
  });

  test('a class of the validation table that training lacks is named', async () => {
    const make = (texts: string[]) =>
      tableFromRegisters([numbers('x', texts.length, (row) => row), labelled('y', texts)]);
    const fit = new GradientBoostingClassifier().fit(make(['a', 'b', 'a', 'b']), {
      target,
      validation: make(['a', 'c']),
    });
    await expect(fit).rejects.toMatchObject({ code: 'data', message: expect.stringContaining('"c"') });
  });
});
