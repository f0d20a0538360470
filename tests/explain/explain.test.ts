import { describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import {
  type Explanation,
  explain,
  explanationReport,
  featureImportances,
  partialDependence,
  renderExplanationPage,
  renderExplanationPicture,
} from '#lanewise/explain/index.js';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { models } from '#lanewise/models/index.js';
import { KNeighborsRegressor } from '#lanewise/models/k-nearest-neighbors/k-nearest-neighbors.js';
import { LinearRegression } from '#lanewise/models/linear-regression/linear-regression.js';
import { LogisticRegression } from '#lanewise/models/logistic-regression/logistic-regression.js';
import { RandomForestClassifier, RandomForestRegressor } from '#lanewise/models/random-forest/index.js';
import { defaultRecipe } from '#lanewise/prepare/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers } from '../models/tree-data.js';

const ROWS = 300;
const target = 'y';

/** y = 4·(a > 0.5) + b + 2 where kind is q; `flat` never changes, `luck` has nothing to do with it. */
function columns(): RegisterColumn[] {
  const [a, b, luck] = ['a', 'b', 'luck'].map((name, j) => numbers(name, ROWS, (row) => noise(row, j)));
  const kind = labelled(
    'kind',
    Array.from({ length: ROWS }, (_, row) => 'pqr'[Math.floor(3 * noise(row, 4))]),
  );
  const y = numbers(
    'y',
    ROWS,
    (row) => (a!.values[row]! > 0.5 ? 4 : 0) + b!.values[row]! + (kind.values[row] === 1 ? 2 : 0),
  );
  return [a!, b!, luck!, numbers('flat', ROWS, () => 3), kind, y];
}

const table = tableFromRegisters(columns());
const classTable = tableFromRegisters(
  columns().map((column) =>
    column.name === 'y'
      ? labelled(
          'y',
          Array.from(column.values, (value) => (value < 2 ? 'low' : value < 4.5 ? 'mid' : 'top')),
        )
      : column,
  ),
);
const boosted = new GradientBoostingRegressor({ maxIter: 30 }).fit(table, { target });

function expectSums({ outputs, expected, predicted, values, rows }: Explanation, digits = 9) {
  outputs.forEach((_, k) => {
    for (let row = 0; row < rows; row++) {
      const sum = values[k]!.reduce((total, column) => total + column[row]!, expected[k]!);
      expect(sum).toBeCloseTo(predicted[k]![row]!, digits);
    }
  });
}

const meanSize = (explanation: Explanation, name: string, output = 0) => {
  const index = explanation.features.findIndex((feature) => feature.name === name);
  return explanation.values[output]![index]!.reduce((sum, value) => sum + Math.abs(value), 0) / explanation.rows;
};

describe('explaining a boosted model', () => {
  test('effects and the expected value add up to the prediction', async () => {
    const model = await boosted;
    const explanation = await explain(model, table);
    expect(explanation).toMatchObject({ method: 'path-dependent', outputs: ['prediction'], unit: 'prediction' });
    expectSums(explanation);
    const predicted = readRegister(await model.predict(table), 'prediction').values;
    expect([...explanation.predicted[0]!]).toEqual([...predicted]);
    const mean = predicted.reduce((sum, value) => sum + value, 0) / ROWS;
    expect(explanation.expected[0]).toBeCloseTo(mean, 9);
  });

  test('what is not used gets exactly 0, what is used gets its due', async () => {
    const explanation = await explain(await boosted, table);
    expect(meanSize(explanation, 'flat')).toBe(0);
    expect(meanSize(explanation, 'a')).toBeGreaterThan(1.5);
    expect(meanSize(explanation, 'kind')).toBeGreaterThan(0.5);
    expect(meanSize(explanation, 'luck')).toBeLessThan(0.1);
  });

  test('interactions are symmetric, and a row of them sums to the value', async () => {
    const explanation = await explain(await boosted, takeRows(table, [0, 7, 41, 299]), { interactions: true });
    explanation.values[0]!.forEach((values, i) => {
      for (let row = 0; row < 4; row++) {
        const matrix = explanation.interactions![0]!;
        const sum = matrix[i]!.reduce((total, column) => total + column[row]!, 0);
        expect(sum).toBeCloseTo(values[row]!, 9);
        matrix.forEach((_, j) => {
          expect(matrix[i]![j]![row]).toBe(matrix[j]![i]![row]);
        });
      }
    });
  });

  test('a row explained alone has the values it has among others, duplicated rows the same', async () => {
    const all = await explain(await boosted, table);
    const few = await explain(await boosted, takeRows(table, [123, 123]));
    const alone = await explain(await boosted, takeRows(table, [123]));
    alone.values[0]!.forEach(([value], feature) => {
      expect(value).toBe(all.values[0]![feature]![123]);
      expect([...few.values[0]![feature]!]).toEqual([value, value]);
    });
  });

  test('against a background, the mean over the background is what is expected', async () => {
    const background = takeRows(
      table,
      Array.from({ length: 50 }, (_, i) => 6 * i),
    );
    const model = await boosted;
    const explanation = await explain(model, takeRows(table, [0, 1, 2]), { background });
    expect(explanation.method).toBe('interventional');
    expectSums(explanation);
    const predicted = readRegister(await model.predict(background), 'prediction').values;
    expect(explanation.expected[0]).toBeCloseTo(predicted.reduce((sum, value) => sum + value, 0) / 50, 9);
  });

  test('every row of missing values, of unknown labels and of huge numbers is explained', async () => {
    const hostile = tableFromRegisters([
      numbers('a', 4, (row) => [Number.NaN, 1e300, -1e300, Number.POSITIVE_INFINITY][row]!),
      numbers('b', 4, () => Number.NaN),
      numbers('luck', 4, () => -0),
      numbers('flat', 4, () => Number.NaN),
      labelled('kind', [undefined, 'never seen', 'p', 'q']),
    ]);
    expectSums(await explain(await boosted, hostile));
  });

  test('two classes are explained in log-odds of the last, three in log-odds of each', async () => {
    const three = await new GradientBoostingClassifier({ maxIter: 5 }).fit(classTable, { target });
    const explanation = await explain(three, classTable);
    expect(explanation).toMatchObject({ outputs: ['low', 'mid', 'top'], unit: 'log-odds' });
    expectSums(explanation);
    const rows = [...readRegister(classTable, 'y').values.keys()].filter(
      (row) => readRegister(classTable, 'y').values[row] !== 1,
    );
    const two = takeRows(classTable, rows);
    const binary = await explain(await new GradientBoostingClassifier({ maxIter: 5 }).fit(two, { target }), two);
    expect(binary).toMatchObject({ outputs: ['top'], unit: 'log-odds' });
    expectSums(binary);
  });
});

test('a forest of classes is explained in probabilities', async () => {
  const model = await new RandomForestClassifier({ nEstimators: 8 }).fit(classTable, { target });
  const explanation = await explain(model, classTable);
  expect(explanation).toMatchObject({ outputs: ['low', 'mid', 'top'], unit: 'probability' });
  expectSums(explanation);
});

test('every model of trees and every linear model is explained, and its effects add up', async () => {
  const explained: string[] = [];
  for (const { name, tasks } of models) {
    for (const task of tasks) {
      if (task !== 'classification' && task !== 'regression') continue;
      const data = task === 'classification' ? classTable : table;
      const model = await defaultRecipe(data, { target, task, model: name }).fit(data, { target });
      const explanation = await explain(model, takeRows(data, [0, 9, 200])).catch((error) => {
        expect(error).toMatchObject({ code: 'unsupported' });
        return undefined;
      });
      if (!explanation) continue;
      expectSums(explanation, 8);
      explained.push(`${name} ${task}`);
    }
  }
  for (const name of ['gradient-boosting', 'random-forest', 'extra-trees', 'decision-tree']) {
    expect(explained).toContain(`${name} regression`);
    expect(explained).toContain(`${name} classification`);
  }
  expect(explained).toContain('linear classification');
});

describe('a linear model', () => {
  const recipe = defaultRecipe(table, { target, task: 'regression', model: 'linear' });

  test('is explained by coefficient times deviation, one-hot columns summed under their column', async () => {
    const model = await recipe.fit(table, { target });
    const explanation = await explain(model, table);
    expect(explanation.method).toBe('linear');
    expectSums(explanation);
    expect(explanation.features.map(({ name }) => name)).toContain('kind');
    const kind = explanation.features.findIndex(({ name }) => name === 'kind');
    const codes = explanation.features[kind]!.values;
    const effectOf = (code: number) => explanation.values[0]![kind]![codes.indexOf(code)]!;
    expect(effectOf(1) - effectOf(0)).toBeCloseTo(2, 0);
    expect(
      new Set(Array.from(codes, (code, row) => `${code} ${explanation.values[0]![kind]![row]!.toFixed(9)}`)).size,
    ).toBe(3);
  });

  test('has no interactions', async () => {
    const explanation = await explain(await recipe.fit(table, { target }), takeRows(table, [0, 1]), {
      interactions: true,
    });
    explanation.interactions![0]!.forEach((row, i) => {
      row.forEach((column, j) => {
        if (i !== j) expect([...column]).toEqual([0, 0]);
        else expect([...column]).toEqual([...explanation.values[0]![i]!]);
      });
    });
  });

  test('partial dependence of a linear model is a straight line of its slope', async () => {
    const numeric = table.select(['a', 'b', 'y']);
    const model = await new LinearRegression().fit(numeric, { target });
    const { axes, mean, curves } = await partialDependence(model, numeric, 'b', { gridSize: 5 });
    const { coefficients } = model.program.operations[0] as { coefficients: Float64Array };
    const grid = axes[0]!.grid;
    for (const line of [mean, ...curves]) {
      expect((line[4]! - line[0]!) / (grid[4]! - grid[0]!)).toBeCloseTo(coefficients[1]!, 9);
    }
    expect(curves).toHaveLength(40);
  });
});

describe('importances', () => {
  test('shuffling what decides costs the score, shuffling noise costs nothing', async () => {
    const { features, score, unit } = await featureImportances(await boosted, { table, repeats: 8 });
    const of = (name: string) => features.find(({ feature }) => feature === name)!;
    expect(unit).toBe('loss of RMSE');
    expect(score).toBeLessThan(0.5);
    expect(of('a').importance).toBeGreaterThan(1);
    expect(of('a').low!).toBeLessThan(of('a').importance);
    expect(of('a').high!).toBeGreaterThan(of('a').importance);
    expect(of('a').repeats).toHaveLength(8);
    expect(Math.abs(of('luck').importance)).toBeLessThan(0.05);
    expect(of('flat')).toMatchObject({ importance: 0, low: 0, high: 0 });
    expect(features[0]!.feature).toBe('a');
  });

  test('the same seed shuffles alike, another one otherwise', async () => {
    const model = await boosted;
    const of = (seed: number) => featureImportances(model, { table, seed, repeats: 2 });
    expect(await of(1)).toEqual(await of(1));
    expect(await of(1)).not.toEqual(await of(2));
  });

  test('a metric by name, weights, and any model: neighbours too', async () => {
    const numeric = tableFromRegisters([
      ...columns().filter(({ name }) => ['a', 'b', 'y'].includes(name)),
      numbers('w', ROWS, (row) => (columns()[0]!.values[row]! > 0.5 ? 0 : 1)),
    ]);
    const model = await new KNeighborsRegressor().fit(numeric.select(['a', 'b', 'y']), { target });
    const plain = await featureImportances(model, { table: numeric, scorer: 'r2' });
    expect(plain).toMatchObject({ kind: 'permutation', unit: expect.stringContaining('R²') });
    const weighted = await featureImportances(model, { table: numeric, scorer: 'r2', weights: 'w' });
    expect(weighted.score).not.toBe(plain.score);
  });

  test('gain, splits and cover come from the trees and sum to a share of 1', async () => {
    for (const kind of ['gain', 'splits', 'cover'] as const) {
      const { features } = await featureImportances(await boosted, { kind });
      expect(features.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
      expect(features.at(-1)).toMatchObject({ feature: 'flat', importance: 0 });
    }
    const { features } = await featureImportances(await boosted, { kind: 'gain' });
    const carried = (await boosted).importances!;
    for (const { feature, share } of features) expect(share).toBeCloseTo(carried[feature]!, 9);
  });

  test('what cannot be measured is said, with a way out', async () => {
    const bare = withoutAnnotations(await boosted);
    await expect(explain(bare, table)).rejects.toMatchObject({
      code: 'artefact',
      message: expect.stringMatching(/cover/),
    });
    await expect(featureImportances(bare, { kind: 'gain' })).rejects.toThrow(/carry their gain/);
    await expect(featureImportances(bare, { kind: 'cover' })).rejects.toThrow(/carry their cover/);
    expect((await featureImportances(bare, { kind: 'splits' })).features[0]!.importance).toBeGreaterThan(0);
    const background = takeRows(table, [0, 1, 2]);
    expectSums(await explain(bare, takeRows(table, [5]), { background }));
    await expect(featureImportances(bare, { kind: 'permutation' })).rejects.toThrow(/Expected a table/);
    await expect(featureImportances(bare, { table, repeats: 0 })).rejects.toThrow(/repeats/);
    await expect(featureImportances(bare, { table, scorer: 'r22' })).rejects.toThrow(/r2/);
    const numeric = table.select(['a', 'b', 'y']);
    const neighbours = await new KNeighborsRegressor().fit(numeric, { target });
    await expect(explain(neighbours, numeric)).rejects.toThrow(/Expected a model of trees or a linear one/);
    await expect(featureImportances(neighbours, { kind: 'gain' })).rejects.toThrow(/trees or a linear one/);
    await expect(explain(bare, takeRows(table, []))).rejects.toThrow(/rows to explain/);
    await expect(partialDependence(bare, table, 'bb')).rejects.toThrow(/did you mean "b"/);
    await expect(partialDependence(bare, table, 'b', { gridSize: 1 })).rejects.toThrow(/gridSize/);
  });
});

function withoutAnnotations(model: Model): Model {
  const operations = model.program.operations.map((operation) => {
    const { cover: _, gain: __, ...rest } = operation as EnsembleOperation;
    return rest as EnsembleOperation;
  });
  return { ...model, program: { ...model.program, operations } };
}

describe('partial dependence', () => {
  test('the mean is the mean over the rows’ curves, and predicts what the model predicts', async () => {
    const model = await boosted;
    const few = takeRows(
      table,
      Array.from({ length: 12 }, (_, i) => 25 * i),
    );
    const { mean, curves, axes } = await partialDependence(model, few, 'kind');
    expect(axes[0]!.labels).toEqual(['p', 'q', 'r']);
    expect(curves).toHaveLength(12);
    mean.forEach((value, point) => {
      expect(curves.reduce((sum, curve) => sum + curve[point]!, 0) / 12).toBeCloseTo(value, 9);
    });
    expect(mean[1]! - mean[0]!).toBeCloseTo(2, 0);
  });

  test('weights change the mean as repeated rows would', async () => {
    const model = await boosted;
    const rows = [3, 3, 3, 90];
    const repeated = await partialDependence(model, takeRows(table, rows), 'a', { gridSize: 4 });
    const weighted = tableFromRegisters([
      ...columns().map((column) => ({ ...column, values: Float64Array.of(column.values[3]!, column.values[90]!) })),
      numbers('w', 2, (row) => [3, 1][row]!),
    ]);
    const once = await partialDependence(model, weighted, 'a', { gridSize: 4, weights: 'w' });
    expect([...once.axes[0]!.grid]).toEqual([...repeated.axes[0]!.grid]);
    once.mean.forEach((value, point) => {
      expect(value).toBeCloseTo(repeated.mean[point]!, 9);
    });
  });

  test('of two features it is a grid, of a constant a point, of classes a probability', async () => {
    const model = await new GradientBoostingClassifier({ maxIter: 5 }).fit(classTable, { target });
    const both = await partialDependence(model, classTable, ['a', 'kind'], { gridSize: 4, output: 'top' });
    expect(both.mean).toHaveLength(12);
    expect(both.output).toBe('probability_top');
    expect(both.mean.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect((await partialDependence(model, classTable, 'flat')).mean).toHaveLength(1);
    await expect(partialDependence(model, classTable, 'a', { output: 'tip' })).rejects.toThrow(/did you mean "top"/);
  });
});

describe('the report', () => {
  test('every backend and number of threads gives the same report', async () => {
    const texts = new Set<string>();
    for (const [backend, threads] of [
      ['reference', 1],
      ['wasm', 3],
    ] as const) {
      await using engine = await createEngine({ backend, threads });
      const report = await explanationReport(await boosted, takeRows(table, [...Array(60).keys()]), {
        engine,
        repeats: 2,
      });
      texts.add(JSON.stringify(report));
    }
    expect(texts.size).toBe(1);
  });

  test('the page tells what matters first, and holds every section', async () => {
    const report = await explanationReport(await boosted, table, { shown: [5] });
    const about = { model: 'm<b>', source: 'rows.csv', version: '1' };
    const page = renderExplanationPage(report, about);
    expect(page).toContain('goes mostly by a (');
    expect(page).toContain('m&lt;b&gt;');
    for (const title of [
      'What matters',
      'Which way',
      'Single rows',
      'What if a value were another',
      'What acts together',
    ]) {
      expect(page).toContain(title);
    }
    expect(page).toContain('Row 6:');
  });

  test('a model that cannot be split up still has shuffling and partial dependence, and says what is missing', async () => {
    const numeric = table.select(['a', 'b', 'y']);
    const model = await new KNeighborsRegressor().fit(numeric, { target });
    const report = await explanationReport(model, numeric, {});
    expect(report.explanation).toBeUndefined();
    expect(report.importances.map(({ kind }) => kind)).toEqual(['permutation']);
    expect(report.dependence).toHaveLength(2);
    expect(report.notes.join()).toContain('trees or a linear one');
    expect(renderExplanationPage(report, { model: 'm', source: 's', version: '1' })).toContain('What matters');
  });

  test('one row, and rows without a target, are reported on', async () => {
    const model = await new LogisticRegression().fit(classTable.select(['a', 'b', 'y']), { target });
    const report = await explanationReport(model, classTable.select(['a', 'b']).slice(0, 1));
    expect(report.explanation!.outputs).toEqual(['low', 'mid', 'top']);
    expect(report.notes.join()).toContain('lack the target');
    renderExplanationPage(report, { model: 'm', source: 's', version: '1' });
  });
});

test('an isolation forest is explained in path lengths, without gain', async () => {
  const entry = models.find(({ name }) => name === 'isolation-forest')!;
  const numeric = table.select(['a', 'b', 'luck']);
  const model = await entry.create(entry.tasks[0]!).fit(numeric);
  const explanation = await explain(model, takeRows(table, [0, 1, 2]));
  expect(explanation).toMatchObject({ outputs: ['path length'], unit: 'path length' });
  expectSums(explanation);
  await expect(featureImportances(model, { kind: 'gain' })).rejects.toMatchObject({ code: 'artefact' });
  await expect(featureImportances(model, { table })).rejects.toThrow(/one target/);
});

test('several targets are explained one by one', async () => {
  const model = await new RandomForestRegressor({ nEstimators: 3 }).fit(table.select(['a', 'b', 'luck', 'y']), {
    targets: ['luck', 'y'],
  });
  const explanation = await explain(model, takeRows(table, [0, 1, 2]));
  expect(explanation.outputs).toEqual(['prediction_luck', 'prediction_y']);
  expectSums(explanation);
});

test('the picture stands by itself and tells the same', async () => {
  const report = await explanationReport(await boosted, takeRows(table, [...Array(50).keys()]), { shown: [4] });
  const picture = renderExplanationPicture(report);
  expect(picture).toMatch(/^<svg xmlns/);
  expect(picture).toContain('Row 5: from');
  expect(picture).not.toMatch(/NaN|undefined|<script/);
});
