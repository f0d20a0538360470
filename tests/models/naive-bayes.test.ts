import { describe, expect, test } from 'vitest';
import {
  BernoulliNaiveBayes,
  ComplementNaiveBayes,
  GaussianNaiveBayes,
  MultinomialNaiveBayes,
  mergeCounts,
  mergeMoments,
} from '#lanewise/models/naive-bayes/index.js';
import { findModel, preparations, Recipe } from '#lanewise/prepare/index.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { golden } from '../agreement/golden.js';

const expected = golden('text-models');

interface Case {
  readonly model: string;
  readonly parameters: Record<string, number | boolean | number[]>;
  readonly weighted: boolean;
  readonly counts?: boolean;
  readonly probabilities: number[][];
}

function textColumn(name: string, texts: readonly string[]): RegisterColumn {
  const labels = [...new Set(texts)].sort();
  return { name, type: 'category', kind: 'text', labels, values: Float64Array.from(texts, (t) => labels.indexOf(t)) };
}

const numbers = (name: string, values: ArrayLike<number>): RegisterColumn => ({
  name,
  type: 'number',
  values: Float64Array.from(values),
});

const messages = tableFromRegisters([
  textColumn('message', expected.messages),
  {
    name: 'label',
    type: 'category',
    labels: ['ham', 'spam'],
    values: Float64Array.from(expected.labels as string[], (label) => (label === 'spam' ? 1 : 0)),
  },
  numbers('weight', expected.weights),
]);
const held = tableFromRegisters([textColumn('message', expected.held)]);
const tfIdf = preparations.find(({ name }) => name === 'tf-idf')!;

/** The largest relative error of probabilities, of whichever of p and 1 − p is the smaller. */
function worstOf(model: Model, predicted: Awaited<ReturnType<Model['predict']>>, wanted: readonly number[][]): number {
  const columns = model.classes!.map((label) => readRegister(predicted, `probability_${label}`).values);
  const errors = wanted.flatMap((row, i) => row.map((p, k) => Math.abs(columns[k]![i]! - p) / Math.max(p, 1e-12)));
  return Math.max(...errors);
}

describe('on texts', () => {
  test.each(expected.bayes as Case[])(
    '$model with $parameters, weighted: $weighted, has the probabilities of scikit-learn',
    async ({ model, parameters, weighted, probabilities }) => {
      const estimator = findModel(model, 'classification').create('classification', parameters);
      const recipe = new Recipe([{ transformer: tfIdf.create() }], estimator);
      const table = weighted ? messages : messages.select(['message', 'label']);
      const fitted = await recipe.fit(table, { target: 'label', ...(weighted && { weights: 'weight' }) });
      expect(worstOf(fitted, await fitted.predict(held), probabilities)).toBeLessThan(1e-9);
    },
  );
});

describe('on numbers', () => {
  const { rows, classes, weights, held: fresh, cases } = expected.dense;
  const tableOf = (values: number[][], counts: boolean, others: RegisterColumn[]) =>
    tableFromRegisters([
      ...values[0]!.map((_, j) =>
        numbers(
          `x${j}`,
          values.map((row) => (counts ? roundHalfEven(Math.abs(row[j]!) * 3) : row[j]!)),
        ),
      ),
      ...others,
    ]);
  test.each(cases as Case[])(
    '$model with $parameters, weighted: $weighted, has the probabilities of scikit-learn',
    async ({ model, parameters, weighted, counts, probabilities }) => {
      const table = tableOf(rows, counts!, [
        { ...numbers('class', classes), role: 'target' },
        { ...numbers('weight', weights), role: weighted ? 'weight' : 'ignore' },
      ]);
      const fitted = await findModel(model, 'classification').create('classification', parameters).fit(table);
      const predicted = await fitted.predict(tableOf(fresh, counts!, []));
      expect(worstOf(fitted, predicted, probabilities)).toBeLessThan(1e-9);
    },
  );
});

/** As numpy rounds. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Whole counts, whose sums have no rounding. */
const counted = tableFromRegisters([
  numbers('a', [3, 0, 1, 0, 5, 2, 0, 0, 1]),
  numbers('b', [0, 1, 0, 4, 0, 0, 2, 2, 1]),
  numbers('never', new Array(9).fill(0)),
  { name: 'class', type: 'category', labels: ['u', 'v', 'w'], values: Float64Array.of(0, 1, 0, 1, 0, 0, 1, 2, 2) },
]);
const part = (rows: number[]) => takeRows(counted, rows);

test.each([new MultinomialNaiveBayes(), new ComplementNaiveBayes(), new BernoulliNaiveBayes()])(
  '$name counts parts apart, in any order, and merges them to the whole',
  async (model) => {
    const options = { target: 'class', classes: ['u', 'v', 'w'] };
    const whole = await model.fit(counted, { target: 'class' });
    const [first, second] = [
      await model.count(part([4, 5, 6, 7, 8]), options),
      await model.count(part([0, 1, 2, 3]), options),
    ];
    expect(programImage(model.finish(mergeCounts(first, second)).program)).toEqual(programImage(whole.program));
    const begun = await model.partialFit(part([0, 1, 2]), options);
    const { model: grown } = await model.partialFit(part([3, 4, 5, 6, 7, 8]), { counts: begun.counts });
    expect(programImage(grown.program)).toEqual(programImage(whole.program));
    const other = await model.count(counted.select(['a', 'class']), { target: 'class' });
    expect(() => mergeCounts(first, other)).toThrow(/same classes and columns/);
  },
);

test('Gaussian moments of parts merge to those of the whole', async () => {
  const model = new GaussianNaiveBayes();
  const options = { target: 'class', classes: ['u', 'v', 'w'] };
  const whole = await model.count(counted, options);
  const merged = mergeMoments(
    await model.count(part([0, 3, 5]), options),
    await model.count(part([1, 2, 4, 6, 7, 8]), options),
  );
  expect(merged.classWeights).toEqual(whole.classWeights);
  merged.means.forEach((mean, i) => expect(mean).toBeCloseTo(whole.means[i]!, 12));
  merged.squares.forEach((square, i) => expect(square).toBeCloseTo(whole.squares[i]!, 12));
  const { moments } = await model.partialFit(part([0, 3, 5]), options);
  const { model: grown } = await model.partialFit(part([1, 2, 4, 6, 7, 8]), { moments });
  expect(grown.predictSync({ a: 5, b: 0, never: 0 })).toBe('u');
});

test('a class that no part has seen is never predicted', async () => {
  const options = { target: 'class', classes: ['u', 'unseen', 'v', 'w'] };
  for (const model of [new MultinomialNaiveBayes(), new BernoulliNaiveBayes()]) {
    const { model: fitted } = await model.partialFit(counted, options);
    const predicted = await fitted.predict(counted);
    expect(Math.max(...readRegister(predicted, 'probability_unseen').values)).toBe(0);
  }
  const { model: gaussian } = await new GaussianNaiveBayes().partialFit(counted, options);
  expect(Math.max(...readRegister(await gaussian.predict(counted), 'probability_unseen').values)).toBe(0);
});

test('counts of nothing but zeros, and no smoothing at all, give probabilities', async () => {
  const zeros = tableFromRegisters([
    numbers('a', [0, 0, 0, 0]),
    numbers('b', [0, 0, 0, 0]),
    { name: 'class', type: 'category', labels: ['u', 'v'], values: Float64Array.of(0, 0, 0, 1) },
  ]);
  for (const alpha of [0, 1]) {
    for (const Model of [MultinomialNaiveBayes, ComplementNaiveBayes, BernoulliNaiveBayes]) {
      for (const table of [zeros, counted]) {
        const fitted = await new Model({ alpha }).fit(table, { target: 'class' });
        const predicted = await fitted.predict(table);
        for (const label of fitted.classes!) {
          const { values } = readRegister(predicted, `probability_${label}`);
          expect([...values].every((p) => p >= 0 && p <= 1)).toBe(true);
        }
      }
    }
  }
  const sure = await new MultinomialNaiveBayes({ alpha: 0 }).fit(counted, { target: 'class' });
  expect(sure.predictSync({ a: 0, b: 1, never: 0 })).toBe('v');
});

test('what cannot be counted is named', async () => {
  const negative = tableFromRegisters([
    numbers('a', [1, -1, -2]),
    { name: 'class', type: 'category', labels: ['u', 'v'], values: Float64Array.of(0, 1, 0) },
  ]);
  const target = 'class';
  await expect(new MultinomialNaiveBayes().fit(negative, { target })).rejects.toThrow(
    /counts >= 0 for multinomial-naive-bayes but column "a" has 2 below 0/,
  );
  await expect(new BernoulliNaiveBayes({ binarize: null }).fit(negative, { target })).rejects.toThrow(/0 and 1.*"a"/);
  await expect(
    new MultinomialNaiveBayes({ classPrior: [0.5, 0.4, 0.1] }).fit(negative.select([]), {}),
  ).rejects.toThrow();
  await expect(new MultinomialNaiveBayes({ classPrior: [1] }).fit(counted, { target })).rejects.toThrow(/3 numbers/);
  await expect(new GaussianNaiveBayes({ priors: [0.5, 0.4, 0.4] }).fit(counted, { target })).rejects.toThrow(
    /add up to 1/,
  );
  const hashed = preparations.find(({ name }) => name === 'hashed-terms')!;
  const recipe = new Recipe([{ transformer: hashed.create() }], new MultinomialNaiveBayes());
  await expect(recipe.fit(messages.select(['message', 'label']), { target: 'label' })).rejects.toMatchObject({
    message: expect.stringMatching(/below 0/),
    hint: expect.stringMatching(/alternateSign: false/),
  });
});

test('Gaussian naive Bayes: columns without spread, huge and tiny ones', async () => {
  const of = (values: number[]) =>
    tableFromRegisters([
      numbers('x', values),
      { name: 'class', type: 'category', labels: ['u', 'v'], values: Float64Array.of(0, 0, 1, 1, 1) },
    ]);
  const target = 'class';
  const flat = await new GaussianNaiveBayes().fit(of([7, 7, 7, 7, 7]), { target });
  expect(readRegister(await flat.predict(of([7, 7, 7, 7, 7])), 'probability_v').values[0]).toBeCloseTo(0.6, 12);
  await expect(new GaussianNaiveBayes({ varSmoothing: 0 }).fit(of([1, 1, 2, 3, 4]), { target })).rejects.toThrow(
    /spread of column "x" in class "u"/,
  );
  const huge = await new GaussianNaiveBayes().fit(of([1e140, 2e140, 8e140, 9e140, 9e140]), { target });
  expect(huge.predictSync({ x: 1e140 })).toBe('u');
  await expect(new GaussianNaiveBayes().fit(of([1e300, 1, 2, 3, 4]), { target })).rejects.toThrow(
    /column "x" is 1e\+300/,
  );
  await expect(new GaussianNaiveBayes().fit(of([1e-300, 0, 0, 0, 2e-300]), { target })).rejects.toThrow(
    /"x" is 2e-300/,
  );
});
