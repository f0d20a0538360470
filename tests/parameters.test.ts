import { expect, test } from 'vitest';
import { checkParameters, defineParameters } from '#lanewise/parameters.js';

const declarations = defineParameters({
  maxDepth: { type: 'integer', default: 6, min: 1, max: 64, meaning: 'levels of a tree' },
});

test('a name that is declared nowhere is refused with the nearest one, names of every object included', () => {
  expect(() => checkParameters('Tree', declarations, { maxDept: 3 })).toThrow(/maxDept.*did you mean "maxDepth"/);
  for (const name of ['constructor', 'toString', '__proto__']) {
    const given = JSON.parse(`{"${name}": 3}`);
    expect(() => checkParameters('Tree', declarations, given), name).toThrow(new RegExp(name));
  }
});

test('what is not given has its default, and what is given its range', () => {
  expect(checkParameters('Tree', declarations, {})).toEqual({ maxDepth: 6 });
  expect(checkParameters('Tree', declarations, { maxDepth: 64 })).toEqual({ maxDepth: 64 });
  for (const maxDepth of [0, 65, 2.5, '6', Number.NaN]) {
    expect(() => checkParameters('Tree', declarations, { maxDepth }), String(maxDepth)).toThrow(/Tree\.maxDepth/);
  }
});

const ofFeatures = defineParameters({
  monotonicCst: { type: 'feature-numbers', default: null, values: [-1, 0, 1], meaning: 'directions' },
  interactionCst: { type: 'feature-groups', default: null, choices: ['pairwise'], meaning: 'groups' },
});

test('numbers by feature are a map, a list or null, and nothing else', () => {
  for (const monotonicCst of [null, [1, 0, -1], { a: 1, b: -1 }]) {
    expect(checkParameters('Tree', ofFeatures, { monotonicCst }).monotonicCst).toEqual(monotonicCst);
  }
  for (const monotonicCst of [[2], { a: '1' }, { a: null }, 'a', 1, true]) {
    expect(() => checkParameters('Tree', ofFeatures, { monotonicCst })).toThrow(
      /-1, 0, 1, or null for Tree.monotonicCst/,
    );
  }
});

test('groups of features are lists of names, a choice or null, and nothing else', () => {
  for (const interactionCst of [null, 'pairwise', [['a', 'b'], ['b']]]) {
    expect(checkParameters('Tree', ofFeatures, { interactionCst }).interactionCst).toEqual(interactionCst);
  }
  for (const interactionCst of ['all', [], [[]], ['a'], [[1]], { a: ['b'] }, 1]) {
    expect(() => checkParameters('Tree', ofFeatures, { interactionCst })).toThrow(
      /lists of feature names, or pairwise/,
    );
  }
});

const lists = defineParameters({
  l1Ratio: { type: 'numbers', default: [0.5], min: 0, max: 1, above: true, meaning: 'shares' },
  sizes: { type: 'integers', default: null, min: 1, nullable: true, empty: true, meaning: 'sizes' },
});

test('lists of numbers hold numbers in their range, and are empty or null only where that is declared', () => {
  expect(checkParameters('Net', lists, {})).toEqual({ l1Ratio: [0.5], sizes: null });
  expect(checkParameters('Net', lists, { l1Ratio: [0.1, 1], sizes: [] })).toEqual({ l1Ratio: [0.1, 1], sizes: [] });
  for (const l1Ratio of [[], [0], [1.1], ['1'], 0.5, null, [Number.NaN]]) {
    expect(() => checkParameters('Net', lists, { l1Ratio }), String(l1Ratio)).toThrow(
      /numbers in \(0, 1\] for Net\.l1R/,
    );
  }
  expect(() => checkParameters('Net', lists, { sizes: [2, 1.5] })).toThrow(/integers >= 1 or null for Net\.sizes/);
});

const labelled = defineParameters({
  outlierLabel: { type: 'choice', default: 'missing', choices: ['missing'], orText: true, meaning: 'a class' },
});

test('another text may stand in place of a choice where that is declared, and nothing else', () => {
  expect(checkParameters('Radius', labelled, { outlierLabel: 'virginica' })).toEqual({ outlierLabel: 'virginica' });
  expect(() => checkParameters('Radius', labelled, { outlierLabel: 3 })).toThrow(/one of missing, or another text for/);
});
