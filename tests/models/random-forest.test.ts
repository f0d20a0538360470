import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { crossValidate } from '#lanewise/evaluate/index.js';
import { RandomForestClassifier, RandomForestRegressor } from '#lanewise/models/random-forest/index.js';
import { modelOfTarget } from '#lanewise/models/targets.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { areaUnderCurve, labelled, noise, numbers, outputOf, rootMeanSquare, taxiTrips } from './tree-data.js';

const golden = JSON.parse(readFileSync(new URL('../fixtures/trees.json', import.meta.url), 'utf8'));
const target = 'y';
const ensembleOf = (model: Model) =>
  model.program.operations.find((operation) => operation.op === 'ensemble') as EnsembleOperation;

function plane(rows: number): RegisterColumn[] {
  const [x0, x1] = [0, 1].map((j) => numbers(`x${j}`, rows, (row) => noise(row, j)));
  return [x0!, x1!, numbers('y', rows, (row) => 4 * x0!.values[row]! - x1!.values[row]! + noise(row, 9))];
}

describe('quality', () => {
  // Two of the five folds: held to scikit-learn's exact splits on the same ones (tests/agreement/trees.py), within one deviation over folds.
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
  const without = (table: typeof trips, name: string) =>
    table.select(table.schema.fields.map((field) => field.name).filter((field) => field !== name));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test('the fare of a taxi trip is predicted as well as by scikit-learn', async () => {
    const errors: number[] = [];
    for (const { train, test } of folds) {
      const model = await new RandomForestRegressor({ nEstimators: 30 }).fit(without(train, 'tolls'), {
        target: 'fare',
      });
      const predicted = await outputOf(model, test);
      const fares = readRegister(test, 'fare').values;
      errors.push(rootMeanSquare(predicted.map((value, row) => value - fares[row]!)));
    }
    const { folds: reference, std } = golden['fare, random-forest'];
    expect(mean(errors)).toBeLessThan(mean(reference.slice(0, 2)) + std);
  });

  test('whether tolls are paid is predicted as well as by scikit-learn', async () => {
    const areas: number[] = [];
    for (const { train, test } of folds) {
      const model = await new RandomForestClassifier({ nEstimators: 30 }).fit(without(train, 'fare'), {
        target: 'tolls',
      });
      const scores = await outputOf(model, test, 'probability_paid');
      areas.push(areaUnderCurve(readRegister(test, 'tolls', model.classes).values, scores));
    }
    const { folds: reference, std } = golden['tolls, random-forest'];
    expect(mean(areas)).toBeGreaterThan(mean(reference.slice(0, 2)) - std);
  });
});

/** The leaf values of every tree, by descending on raw values. */
function leavesOf(model: Model, columns: readonly RegisterColumn[], row: number): number[] {
  const { roots, feature, threshold, left, right, missingGoesLeft, inputs, leafValues } = ensembleOf(model);
  const value = (input: number) => {
    const name = model.program.inputs[inputs[input]!]!.name;
    return columns.find((column) => column.name === name)!.values[row]!;
  };
  return Array.from(roots, (root) => {
    let node = root;
    while (feature[node]! >= 0) {
      const x = value(feature[node]!);
      node = (Number.isNaN(x) ? missingGoesLeft[node] === 1 : x <= threshold[node]!) ? left[node]! : right[node]!;
    }
    return leafValues[left[node]!]!;
  });
}

describe('a single tree without bootstrap', () => {
  const one = { nEstimators: 1, bootstrap: false };

  test('fits distinct rows wholly, beyond the number of bins by as much as bins allow', async () => {
    const columns = plane(250);
    const model = await new RandomForestRegressor(one).fit(tableFromRegisters(columns), { target });
    const predicted = await outputOf(model, tableFromRegisters(columns));
    predicted.forEach((value, row) => {
      expect(value).toBeCloseTo(columns[2]!.values[row]!, 12);
    });
  });

  test('parts the rows where the squared error falls most', async () => {
    const columns = plane(120);
    const model = await new RandomForestRegressor({ ...one, maxDepth: 1 }).fit(tableFromRegisters(columns), { target });
    const { feature, threshold, inputs, leafValues, left, right, roots } = ensembleOf(model);
    const best = bestSplit(columns.slice(0, 2), columns[2]!.values);
    const root = roots[0]!;
    expect(model.program.inputs[inputs[feature[root]!]!]!.name).toBe(columns[best.feature]!.name);
    const values = columns[best.feature]!.values;
    const goesLeft = (row: number) => values[row]! <= threshold[root]!;
    expect([...values.keys()].filter(goesLeft).length).toBe(best.leftCount);
    expect(leafValues[left[left[root]!]!]).toBeCloseTo(best.leftMean, 12);
    expect(leafValues[left[right[root]!]!]).toBeCloseTo(best.rightMean, 12);
  });

  test('minSamplesLeaf, minSamplesSplit and maxDepth hold', async () => {
    const columns = plane(300);
    const table = tableFromRegisters(columns);
    const sizes = async (parameters: object) => {
      const model = await new RandomForestRegressor({ ...one, ...parameters }).fit(table, { target });
      const counts = new Map<number, number>();
      for (let row = 0; row < 300; row++) {
        const [leaf] = leavesOf(model, columns, row);
        counts.set(leaf!, (counts.get(leaf!) ?? 0) + 1);
      }
      return [...counts.values()];
    };
    expect(Math.min(...(await sizes({ minSamplesLeaf: 9 })))).toBeGreaterThanOrEqual(9);
    expect(await sizes({ maxDepth: 3 })).toHaveLength(8);
    expect(await sizes({ minSamplesSplit: 301 })).toHaveLength(1);
  });

  test('three classes are parted by the Gini impurity', async () => {
    const rows = 150;
    const x = numbers('x', rows, (row) => noise(row, 1));
    const y = labelled(
      'y',
      Array.from(x.values, (value) => (value < 0.2 ? 'a' : value < 0.7 ? 'b' : 'c')),
    );
    const model = await new RandomForestClassifier(one).fit(tableFromRegisters([x, y]), { target });
    expect([0.1, 0.5, 0.9].map((value) => model.predictSync({ x: value }))).toEqual(['a', 'b', 'c']);
    expect(ensembleOf(model).leafWidth).toBe(3);
    // Two thresholds suffice where every split is the best one.
    expect(ensembleOf(model).feature.filter((feature) => feature >= 0)).toHaveLength(2);
  });
});

/** The split of least squared error over numeric columns without gaps, by trying every one. */
function bestSplit(columns: readonly RegisterColumn[], targets: Float64Array) {
  const meanOf = (rows: number[]) => rows.reduce((sum, row) => sum + targets[row]!, 0) / rows.length;
  const errorOf = (rows: number[]) => rows.reduce((sum, row) => sum + (targets[row]! - meanOf(rows)) ** 2, 0);
  let best = { error: Number.POSITIVE_INFINITY, feature: -1, leftCount: 0, leftMean: 0, rightMean: 0 };
  columns.forEach(({ values }, feature) => {
    const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
    for (let count = 1; count < order.length; count++) {
      const [left, right] = [order.slice(0, count), order.slice(count)];
      const error = errorOf(left) + errorOf(right);
      if (error < best.error) {
        best = { error, feature, leftCount: count, leftMean: meanOf(left), rightMean: meanOf(right) };
      }
    }
  });
  return best;
}

describe('missing values, categories, weights', () => {
  test('missing values go to the side where they belong, and where there were none, with the many', async () => {
    const rows = 300;
    for (const belongs of [0, 10]) {
      const gone = (row: number) => noise(row, 7) < 0.3;
      const x = numbers('x', rows, (row) => (gone(row) ? Number.NaN : noise(row, 1)));
      const y = numbers('y', rows, (row) => (gone(row) ? belongs : noise(row, 1) > 0.5 ? 10 : 0));
      const model = await new RandomForestRegressor({ nEstimators: 5 }).fit(tableFromRegisters([x, y]), { target });
      expect(model.predictSync({ x: null })).toBeCloseTo(belongs, 9);
      expect([0.1, 0.9].map((value) => model.predictSync({ x: value }))).toEqual([0, 10]);
    }
    const x = numbers('x', 100, (row) => row);
    const y = numbers('y', 100, (row) => (row < 80 ? 1 : 2));
    const model = await new RandomForestRegressor({ nEstimators: 3 }).fit(tableFromRegisters([x, y]), { target });
    expect(model.predictSync({ x: null })).toBeCloseTo(1, 9);
  });

  test('missing values of several classes go where they belong', async () => {
    const rows = 400;
    const kind = (row: number) => Math.floor(4 * noise(row, 1));
    const x = numbers('x', rows, (row) => (kind(row) === 3 ? Number.NaN : kind(row)));
    const y = labelled(
      'y',
      Array.from({ length: rows }, (_, row) => ['p', 'q', 'r', 'q'][kind(row)]),
    );
    const model = await new RandomForestClassifier({ nEstimators: 9 }).fit(tableFromRegisters([x, y]), { target });
    expect([0, 1, 2, null].map((value) => model.predictSync({ x: value }))).toEqual(['p', 'q', 'r', 'q']);
  });

  test('a label never seen is as good as missing', async () => {
    const x = labelled(
      'x',
      Array.from({ length: 90 }, (_, row) => ['a', 'b', undefined][row % 3]),
    );
    const y = numbers('y', 90, (row) => [1, 2, 7][row % 3]!);
    const model = await new RandomForestRegressor({ nEstimators: 5 }).fit(tableFromRegisters([x, y]), { target });
    expect(['a', 'b', null, 'new'].map((value) => model.predictSync({ x: value }))).toEqual([1, 2, 7, 7]);
  });

  test('a row of weight 2 counts as two rows, and one of weight 0 as none', async () => {
    const columns = plane(120);
    const weight = numbers('w', 120, (row) => row % 3);
    const twice = [...Array(120).keys()].flatMap((row) => new Array(row % 3).fill(row));
    const repeated = columns.map((column) => ({
      ...column,
      values: Float64Array.from(twice, (row) => column.values[row]!),
    }));
    const parameters = { nEstimators: 1, bootstrap: false, maxDepth: 4 };
    const weighted = await new RandomForestRegressor(parameters).fit(tableFromRegisters([...columns, weight]), {
      target,
      weights: 'w',
    });
    const doubled = await new RandomForestRegressor(parameters).fit(tableFromRegisters(repeated), { target });
    const table = tableFromRegisters(columns);
    const [a, b] = [await outputOf(weighted, table), await outputOf(doubled, table)];
    for (const row of twice) expect(a[row]).toBeCloseTo(b[row]!, 9);
  });
});

describe('the forest', () => {
  test('trees see about 63 % of the rows, and differ', async () => {
    const columns = plane(200);
    const model = await new RandomForestRegressor({ nEstimators: 40 }).fit(tableFromRegisters(columns), { target });
    const exact = [...Array(200).keys()].map(
      (row) =>
        leavesOf(model, columns, row).filter((value) => Math.abs(value - columns[2]!.values[row]!) < 1e-12).length / 40,
    );
    expect(exact.reduce((sum, share) => sum + share, 0) / 200).toBeCloseTo(0.632, 1);
  });

  test('the curve is measured out of the bag, and on validation rows by every tree', async () => {
    const [train, validation] = [plane(400), plane(700)].map((columns) => tableFromRegisters(columns));
    const model = await new RandomForestRegressor({ nEstimators: 60 }).fit(train!, { target, validation });
    const { history, verdict } = model.training;
    expect(history.at(-1)!.iteration).toBe(60);
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
    const predicted = await outputOf(model, validation!);
    const y = readRegister(validation!, 'y').values;
    const loss = rootMeanSquare(predicted.map((value, row) => value - y[row]!)) ** 2;
    expect(history.at(-1)!.validationLoss).toBeCloseTo(loss, 9);
    // In the bag the loss would be a fraction of the noise's variance, 1/12.
    expect(history.at(-1)!.loss).toBeGreaterThan(0.07);
    expect(verdict).toMatch(/60 trees/);
  });

  test('a validation table changes nothing but the curve', async () => {
    const [train, validation] = [plane(150), plane(90)].map((columns) => tableFromRegisters(columns));
    const [plain, watched] = [undefined, validation].map((table) =>
      new RandomForestRegressor({ nEstimators: 4 }).fit(train!, { target, validation: table }),
    );
    expect(ensembleOf(await watched!)).toEqual(ensembleOf(await plain!));
  });

  test('the order of the columns changes nothing', async () => {
    const [x0, x1, y] = plane(150);
    const one = await new RandomForestRegressor({ nEstimators: 5 }).fit(tableFromRegisters([x0!, x1!, y!]), { target });
    const other = await new RandomForestRegressor({ nEstimators: 5 }).fit(tableFromRegisters([y!, x1!, x0!]), {
      target,
    });
    const table = tableFromRegisters([x0!, x1!]);
    expect(await outputOf(other, table)).toEqual(await outputOf(one, table));
  });

  test('importances name the feature that does the work', async () => {
    const useless = numbers('useless', 300, (row) => noise(row, 30));
    const model = await new RandomForestRegressor({ nEstimators: 10 }).fit(
      tableFromRegisters([...plane(300), useless]),
      { target },
    );
    const { x0, x1, useless: none } = model.importances!;
    expect(x0).toBeGreaterThan(x1!);
    expect(x0! + x1! + none!).toBeCloseTo(1, 9);
    expect(none).toBeLessThan(0.15);
  });

  test('a tree that is grown call by call is the tree that is grown at once', async () => {
    // 60,000 rows take more than one call's budget.
    const rows = 60_000;
    const x = numbers('x', rows, (row) => noise(row, 1));
    const y = numbers('y', rows, (row) => Math.round(3 * noise(row, 1) + noise(row, 2)));
    const predictions: Float64Array[] = [];
    for (const threads of [1, 2]) {
      await using engine = await createEngine({ backend: 'wasm', threads });
      const model = await new RandomForestRegressor({ nEstimators: 3, minSamplesLeaf: 50 }).fit(
        tableFromRegisters([x, y]),
        { target, engine },
      );
      predictions.push(ensembleOf(model).leafValues);
    }
    expect(predictions[1]).toEqual(predictions[0]);
    expect(predictions[0]!.length).toBeGreaterThan(500);
  });

  test('training gives its memory back, when it is cancelled too', async () => {
    await using engine = await createEngine({ backend: 'wasm', threads: 1 });
    const table = tableFromRegisters(plane(300));
    const before = engine.arena.bytesUsed;
    await new RandomForestRegressor({ nEstimators: 3 }).fit(table, { target, engine });
    expect(engine.arena.bytesUsed).toBe(before);
    const stop = new AbortController();
    const options = { target, engine, signal: stop.signal, onProgress: () => stop.abort() };
    await expect(new RandomForestRegressor().fit(table, options)).rejects.toMatchObject({ code: 'cancelled' });
    expect(engine.arena.bytesUsed).toBe(before);
  });

  test('the out-of-bag score is near that of cross-validation, and predicts every row', async () => {
    const columns = plane(600);
    const table = tableFromRegisters(columns);
    const forest = new RandomForestRegressor({ nEstimators: 60, oobScore: true, minSamplesLeaf: 3 });
    const model = await forest.fit(table, { target });
    const { score, metric, rows, predictions } = model.outOfBag!;
    const { metrics } = await crossValidate(forest, table, { target, metrics: ['r2'] });
    expect(metric).toBe('r2');
    expect(rows).toBe(600);
    expect(Math.abs(score - metrics['r2']!.mean)).toBeLessThan(0.05);
    const predicted = readRegister(predictions, 'prediction').values;
    const y = columns[2]!.values;
    const errors = predicted.map((value, row) => value - y[row]!);
    // Neither the fit, which is closer, nor what knows nothing.
    expect(rootMeanSquare(errors)).toBeGreaterThan(
      rootMeanSquare((await outputOf(model, table)).map((v, i) => v - y[i]!)),
    );
    expect(model.training.history.at(-1)!.loss).toBeCloseTo(rootMeanSquare(errors) ** 2, 9);
  });

  test('classes and several targets have out-of-bag predictions too', async () => {
    const rows = 200;
    const x = numbers('x', rows, (row) => noise(row, 1));
    const y = labelled(
      'y',
      Array.from(x.values, (value) => (value < 0.3 ? 'a' : value < 0.6 ? 'b' : 'c')),
    );
    const z = labelled(
      'z',
      Array.from(x.values, (value) => (value < 0.5 ? 'no' : 'yes')),
    );
    const forest = new RandomForestClassifier({ nEstimators: 30, oobScore: true });
    const model = await forest.fit(tableFromRegisters([x, y, z]), { targets: ['y', 'z'] });
    expect(model.outOfBag!.score).toBeGreaterThan(0.95);
    const names = ['prediction_y', 'prediction_z', 'probability_y_a', 'probability_y_b', 'probability_y_c'];
    expect(model.outOfBag!.predictions.schema.fields.map(({ name }) => name)).toEqual([
      ...names,
      'probability_z_no',
      'probability_z_yes',
    ]);
    const single = modelOfTarget(model, 'z');
    expect(single).toMatchObject({ target: 'z', classes: ['no', 'yes'] });
    expect([0.1, 0.9].map((value) => single.predictSync({ x: value }))).toEqual(['no', 'yes']);
    expect(() => modelOfTarget(model, 'w')).toThrow(/target.*w/);
  });

  test('balanced classes and balanced subsamples lift the rare class', async () => {
    const rows = 1000;
    const x = numbers('x', rows, (row) => noise(row, 1));
    const y = labelled(
      'y',
      Array.from(x.values, (value, row) => (noise(row, 2) < 0.1 * value ? 'rare' : 'usual')),
    );
    const share = async (classWeight: 'balanced' | 'balanced_subsample' | Record<string, number> | null) => {
      const forest = new RandomForestClassifier({ nEstimators: 20, maxDepth: 2, classWeight });
      const model = await forest.fit(tableFromRegisters([x, y]), { target });
      const rare = await outputOf(model, tableFromRegisters([x]), 'probability_rare');
      return rare.reduce((sum, value) => sum + value, 0) / rows;
    };
    expect(await share(null)).toBeLessThan(0.1);
    expect(await share('balanced')).toBeGreaterThan(0.35);
    expect(await share('balanced_subsample')).toBeGreaterThan(0.35);
    expect(await share({ rare: 20 })).toBeGreaterThan(0.35);
    await expect(share({ rore: 12 })).rejects.toThrow(/class of classWeight "rore": did you mean "rare"/);
    await expect(share({ rare: 0, usual: 0 })).rejects.toThrow(/above 0/);
  });

  test('maxSamples, maxLeafNodes, minWeightFractionLeaf and ccpAlpha hold', async () => {
    const table = tableFromRegisters(plane(400));
    const leaves = async (parameters: object) => {
      const model = await new RandomForestRegressor({ nEstimators: 5, ...parameters }).fit(table, { target });
      const { feature, roots, cover } = ensembleOf(model);
      const ends = [...roots.subarray(1), feature.length];
      const sizes = ends.map((end, tree) => feature.subarray(roots[tree], end).filter((of) => of < 0).length);
      return {
        sizes,
        cover: Array.from(roots, (root) => cover![root]!),
        least: Math.min(...cover!.filter((_, i) => feature[i]! < 0)),
      };
    };
    const all = await leaves({});
    expect(all.cover).toEqual([400, 400, 400, 400, 400]);
    expect((await leaves({ maxSamples: 0.25 })).cover).toEqual([100, 100, 100, 100, 100]);
    expect((await leaves({ maxSamples: 37 })).cover).toEqual([37, 37, 37, 37, 37]);
    expect((await leaves({ maxLeafNodes: 9 })).sizes).toEqual([9, 9, 9, 9, 9]);
    expect((await leaves({ minWeightFractionLeaf: 0.1 })).least).toBeGreaterThanOrEqual(40);
    expect(Math.max(...(await leaves({ ccpAlpha: 0.01 })).sizes)).toBeLessThan(Math.min(...all.sizes) / 4);
    await expect(leaves({ maxSamples: 1000 })).rejects.toThrow(/maxSamples/);
  });

  test('lists of targets that cannot be learnt are named', async () => {
    const table = tableFromRegisters([...plane(40), numbers('z', 40, (row) => row)]);
    const train = (targets: string[]) => new RandomForestRegressor({ nEstimators: 2 }).fit(table, { targets });
    await expect(train([])).rejects.toThrow(/different target columns but received none/);
    await expect(train(['y', 'y'])).rejects.toThrow(/"y" twice/);
    await expect(train(['y', 'zz'])).rejects.toThrow(/"zz".*did you mean "z"/);
    await expect(train(['x0', 'x1', 'y', 'z'])).rejects.toThrow(/feature column/);
    expect((await train(['y'])).target).toBe('y');
  });

  test('parameters are checked by name', () => {
    expect(() => new RandomForestRegressor({ nEstimators: 0 })).toThrow(/RandomForestRegressor.nEstimators/);
    expect(() => new RandomForestClassifier({ maxFeatures: 'half' as never })).toThrow(/maxFeatures/);
    expect(() => new RandomForestClassifier({ maxFeatures: 0 })).toThrow(/maxFeatures/);
  });
});

test('maxFeatures as a share or a number is as many features as the words are', async () => {
  const columns = Array.from({ length: 9 }, (_, j) => numbers(`x${j}`, 200, (row) => noise(row, j)));
  const y = numbers('y', 200, (row) => columns[0]!.values[row]! + noise(row, 30));
  const table = tableFromRegisters([...columns, y]);
  const treesOf = async (maxFeatures: number | 'sqrt' | 'third' | 'all') =>
    ensembleOf(await new RandomForestRegressor({ nEstimators: 2, maxFeatures }).fit(table, { target })).feature;
  expect(await treesOf(3)).toEqual(await treesOf('sqrt'));
  expect(await treesOf(0.34)).toEqual(await treesOf('third'));
  expect(await treesOf(1)).toEqual(await treesOf('all'));
  expect(await treesOf(50)).toEqual(await treesOf('all'));
  expect(await treesOf(2)).not.toEqual(await treesOf(3));
});
