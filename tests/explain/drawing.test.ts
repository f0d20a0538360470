import { expect, test } from 'vitest';
import { drawnTree, treeSvg, treeText } from '#lanewise/explain/index.js';
import { DecisionTreeClassifier, DecisionTreeRegressor } from '#lanewise/models/decision-tree/index.js';
import { GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { KMeans } from '#lanewise/models/k-means/k-means.js';
import { defaultRecipe } from '#lanewise/prepare/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { labelled, noise, numbers } from '../models/tree-data.js';

const rows = 100;
const colour = labelled(
  'colour',
  Array.from({ length: rows }, (_, row) => ['red', 'green', '<blue>', 'red'][row % 4]),
);
const age = numbers('age', rows, (row) => (row % 10 === 0 ? Number.NaN : Math.floor(80 * noise(row, 1))));
const fare = numbers('fare', rows, (row) => (row % 4 === 1 ? 10 : (age.values[row] ?? 0) > 40 ? 3 : 1));
const table = tableFromRegisters([colour, age, fare]);

test('questions name columns and labels, and say where missing values go', async () => {
  const model = await new DecisionTreeRegressor({ maxDepth: 2 }).fit(table, { target: 'fare' });
  const text = treeText(drawnTree(model));
  const [first, other, young, old, green] = text.split('\n');
  expect(first).toBe('colour is not green?  100 rows, 3.73');
  expect(other).toMatch(/^├─ yes \(or missing\): age ≤ 40\.5\? {2}75 rows/);
  expect(young).toMatch(/^│ {2}├─ yes( \(or missing\))?: \d+ rows, 1$/);
  expect(old).toMatch(/^│ {2}└─ no: \d+ rows, 3$/);
  expect(green).toBe('└─ no: 25 rows, 10');
});

test('below the depth asked for, leaves are counted and their mean is shown', async () => {
  const model = await new DecisionTreeRegressor().fit(table, { target: 'fare' });
  const { root } = drawnTree(model, { depth: 1 });
  expect(root.values[0]).toBeCloseTo(3.73, 9);
  expect(root.left!.hidden).toBe(2);
  expect(root.left!.cover).toBe(75);
  expect(root.left!.values[0]).toBeCloseTo((373 - 250) / 75, 9);
  expect(treeText(drawnTree(model, { depth: 1 }))).toMatch(/2 leaves below/);
});

test('what a recipe did to a column is taken back', async () => {
  const recipe = defaultRecipe(table, { target: 'fare', task: 'regression', model: 'random-forest' });
  const model = await recipe.with({ nEstimators: 3, bootstrap: false }).fit(table, { target: 'fare' });
  // The recipe numbers the labels and fills in missing ages: the question is about the columns all the same.
  expect(treeText(drawnTree(model, { tree: 2 }))).toMatch(/colour is .*(green|red|<blue>)/);
  expect(treeText(drawnTree(model, { tree: 2 }))).toMatch(/age ≤ \d/);
});

test('any tree of boosting is drawn, and models without trees and trees that are not there are named', async () => {
  const model = await new GradientBoostingRegressor({ maxIter: 4, minSamplesLeaf: 2 }).fit(table, {
    target: 'fare',
  });
  expect(drawnTree(model, { tree: 3 })).toMatchObject({ tree: 3, trees: 4 });
  expect(() => drawnTree(model, { tree: 4 })).toThrow(/tree.*from 0 to 3/);
  const means = await new KMeans({ nClusters: 2 }).fit(tableFromRegisters([fare]));
  expect(() => drawnTree(means)).toThrow(/trees/);
});

test('the picture is well-formed, has a row a node, and shows both schemes', async () => {
  const answer = labelled(
    'y',
    Array.from(fare.values, (value) => (value > 5 ? 'much & more' : 'little')),
  );
  const model = await new DecisionTreeClassifier().fit(tableFromRegisters([colour, age, answer]), { target: 'y' });
  const drawn = drawnTree(model);
  const svg = treeSvg(drawn);
  expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 \d+ \d+"/);
  expect(svg.match(/<circle /g)).toHaveLength(treeText(drawn).split('\n').length);
  expect(svg).toContain('much &amp; more');
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(svg.replaceAll(/<[^<>]*>/g, '')).not.toMatch(/[<>]/);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});
