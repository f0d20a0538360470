import { expect, test } from 'vitest';
import { MultinomialNaiveBayes } from '#lanewise/models/naive-bayes/index.js';
import { mixedFeatures, sparseRowsOf } from '#lanewise/models/texts.js';
import { preparations, Recipe, transformTable } from '#lanewise/prepare/index.js';
import { Pipeline } from '#lanewise/prepare/pipeline.js';
import { murmurHash3 } from '#lanewise/scoring/terms.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { golden, relativeError } from '../agreement/golden.js';

const expected = golden('text-models');

/** Texts as a column, each row its own label; null is missing. */
function textColumn(name: string, texts: readonly (string | null)[]): RegisterColumn {
  const labels = [...new Set(texts.filter((text) => text !== null))].sort();
  const values = Float64Array.from(texts, (text) => (text === null ? Number.NaN : labels.indexOf(text)));
  return { name, type: 'category', kind: 'text', labels, values };
}

const stepNamed = (name: string) => preparations.find((entry) => entry.name === name)!;

async function vectorsBy(step: string, parameters: object, texts: readonly (string | null)[]) {
  const table = tableFromRegisters([textColumn('text', texts)]);
  const { table: features } = await new Pipeline([
    { transformer: stepNamed(step).create(parameters as Record<string, unknown>) },
  ]).fit(table);
  const column = readRegister(features, 'text');
  return { column, rows: await sparseRowsOf(mixedFeatures([column]).texts, texts.length) };
}

test.each(
  expected.vectors as { step: string; parameters: object; terms: string[]; matrix: Record<string, number[]> }[],
)('$step with $parameters reads odd texts as scikit-learn does', async ({ step, parameters, terms, matrix }) => {
  const { column, rows } = await vectorsBy(step, parameters, expected.odd);
  expect(column.reading!.vocabulary).toEqual(terms);
  expect([...rows.offsets]).toEqual(matrix['offsets']);
  expect([...rows.indices]).toEqual(matrix['indices']);
  const worst = Math.max(...rows.values.map((value, e) => relativeError(value, matrix['values']![e]!)));
  expect(worst).toBeLessThan(1e-15 * 4);
});

test('MurmurHash3 is that of the reference implementation', () => {
  const hashes = ['', 'a', 'ab', 'abc', 'abcd', 'hello, world', 'é日😀'].map(murmurHash3);
  expect(hashes.slice(0, 5)).toEqual([0, 1009084850, -1681926305, -1277324294, 1139631978]);
  expect(hashes[5]).toBe(345750399);
});

test('a missing text is an empty one, and texts never seen are read by the terms of training', async () => {
  const table = tableFromRegisters([textColumn('text', ['red fish', null, 'blue fish'])]);
  const { fitted } = await new Pipeline([{ transformer: stepNamed('tf-idf').create() }]).fit(table);
  const fresh = tableFromRegisters([textColumn('text', ['RED car', 'fish fish', null])]);
  const column = readRegister(transformTable(fitted, fresh), 'text');
  const rows = await sparseRowsOf([column], 3);
  expect([...rows.offsets]).toEqual([0, 1, 2, 2]);
  expect([...rows.indices].map((index) => column.reading!.vocabulary[index])).toEqual(['red', 'fish']);
  expect([...rows.values]).toEqual([1, 1]);
  expect(fitted.report).toContainEqual({ what: 'missing texts taken as empty', column: 'text', rows: 1 });
  expect(fitted.program.inputs).toEqual([{ name: 'text', type: 'text', labels: undefined }]);
});

test('the steps between leave texts alone, and numbers beside them are prepared', async () => {
  const texts = ['Good ', 'good', 'bad', '?', 'bad news', 'good news'];
  const table = tableFromRegisters([
    textColumn('text', texts),
    { name: 'x', type: 'number', values: Float64Array.of(1, 2, Number.NaN, 4, 5, 6) },
    { name: 'label', type: 'category', labels: ['no', 'yes'], values: Float64Array.of(1, 1, 0, 0, 0, 1) },
  ]);
  const steps = ['inconsistencies', 'leakage', 'drop-identifiers', 'impute', 'scale', 'one-hot', 'tf-idf'];
  const recipe = new Recipe(
    steps.map((name) => ({ transformer: stepNamed(name).create(name === 'scale' ? { method: 'min_max' } : {}) })),
    new MultinomialNaiveBayes(),
  );
  const model = await recipe.fit(table, { target: 'label' });
  expect(model.program.inputs.map(({ name, type }) => [name, type])).toEqual([
    ['text', 'text'],
    ['x', 'number'],
  ]);
  expect(model.lineage.map(({ feature }) => feature)).toEqual(['text', 'x']);
  expect(model.predictSync({ text: 'good', x: null })).toBe('yes');
});

test('a step by name reads what is no free text, numbers too', async () => {
  const table = tableFromRegisters([
    { name: 'code', type: 'number', values: Float64Array.of(12, 345, 12) },
    { name: 'word', type: 'category', labels: ['one two', 'two'], values: Float64Array.of(0, 1, 1) },
  ]);
  const transformer = stepNamed('term-counts').create();
  const { fitted } = await new Pipeline([{ transformer, columns: { names: ['code', 'word'] } }]).fit(table);
  expect(fitted.program.outputs.map(({ reading }) => reading!.vocabulary)).toEqual([
    ['12', '345'],
    ['one', 'two'],
  ]);
});

test('what cannot be read is named', async () => {
  const numbers = tableFromRegisters([
    { name: 'when', type: 'timestamp', values: Float64Array.of(0, 1e12) },
    textColumn('text', ['a', 'b']),
  ]);
  const fitOn = (name: string, parameters = {}) =>
    new Pipeline([{ transformer: stepNamed('tf-idf').create(parameters), columns: { names: [name] } }]).fit(numbers);
  await expect(fitOn('when')).rejects.toThrow(/texts in column "when" but it holds timestamps/);
  await expect(fitOn('txet')).rejects.toThrow(/"txet".*did you mean "text"/);
  await expect(fitOn('text')).rejects.toThrow(/terms in column "text" but its texts have none/);
  await expect(fitOn('text', { analyzer: 'char', minDf: 2 })).rejects.toThrow(
    /none of its 2 is within minDf and maxDf/,
  );
  await expect(fitOn('text', { ngramMin: 3 })).rejects.toThrow(/ngramMax/);
  await expect(fitOn('text', { ngramMin: 3 })).rejects.toMatchObject({ code: 'usage' });
});
