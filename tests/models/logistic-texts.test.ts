import { expect, test } from 'vitest';
import { SparseProblem } from '#lanewise/engine/descent/sparse-problem.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { SparseMatrix } from '#lanewise/engine/sparse-matrix.js';
import { LogisticRegression } from '#lanewise/models/logistic-regression/logistic-regression.js';
import { sparseRowsOf, termWeights } from '#lanewise/models/texts.js';
import { defaultRecipe, Pipeline, preparations, Recipe } from '#lanewise/prepare/index.js';
import type { TermsOperation } from '#lanewise/scoring/program.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import { golden } from '../agreement/golden.js';
import { dice } from '../scoring/programs.js';

const expected = golden('text-models');

function textColumn(name: string, texts: readonly string[]): RegisterColumn {
  const labels = [...new Set(texts)].sort();
  return { name, type: 'category', kind: 'text', labels, values: Float64Array.from(texts, (t) => labels.indexOf(t)) };
}

const label: RegisterColumn = {
  name: 'label',
  type: 'category',
  labels: ['ham', 'spam'],
  values: Float64Array.from(expected.labels as string[], (text) => (text === 'spam' ? 1 : 0)),
};
const weights: RegisterColumn = { name: 'weight', type: 'number', values: Float64Array.from(expected.weights) };
const messages = tableFromRegisters([textColumn('message', expected.messages), label]);
const held = tableFromRegisters([textColumn('message', expected.held)]);
const tfIdf = { transformer: preparations.find(({ name }) => name === 'tf-idf')!.create() };

interface Case {
  readonly C: number;
  readonly weighted: boolean;
  readonly coefficients: number[];
  readonly intercept: number;
  readonly probabilities: number[];
}
const cases = (expected.logistic as Case[]).flatMap((one) =>
  (['lbfgs', 'newton-cg'] as const).map((solver) => ({ ...one, solver })),
);

test.each(cases)(
  'with C = $C, weighted: $weighted, $solver finds the coefficients of scikit-learn',
  async ({ C, weighted, solver, coefficients, intercept, probabilities }) => {
    const recipe = new Recipe([tfIdf], new LogisticRegression({ C, solver, tol: 1e-10 }));
    const table = weighted ? tableFromRegisters([textColumn('message', expected.messages), label, weights]) : messages;
    const model = await recipe.fit(table, { target: 'label', ...(weighted && { weights: 'weight' }) });
    // Beyond, rounding of the loss decides whether L-BFGS sees another step.
    expect(model.training.convergence!.value).toBeLessThan(1e-9);
    const found = termWeights(model);
    expect(found.map(({ term }) => term)).toEqual(expected.terms);
    const worst = Math.max(...found.map(({ weights: [weight] }, j) => Math.abs(weight! - coefficients[j]!)));
    expect(worst).toBeLessThan(1e-8 * C);
    const operation = model.program.operations.find(({ op }) => op === 'terms') as TermsOperation;
    expect(Math.abs(operation.intercepts[0]! - intercept)).toBeLessThan(1e-8 * C);
    const predicted = readRegister(await model.predict(held), 'probability_spam').values;
    predicted.forEach((p, row) => expect(Math.abs(p - probabilities[row]!)).toBeLessThan(1e-8));
  },
);

test('gradients and curvature are those of finite differences, with weights, of two and of three classes', async () => {
  const random = dice(11);
  await using engine = await createEngine({ backend: 'wasm', threads: 2 });
  const [rows, columns] = [30, 7];
  const cells = Array.from({ length: rows * columns }, () => (random.integer(3) === 0 ? random.uniform() - 0.3 : 0));
  const offsets = new Int32Array(rows + 1);
  const entries = cells.flatMap((value, i) =>
    value === 0 ? [] : [{ row: Math.floor(i / columns), j: i % columns, value }],
  );
  for (const { row } of entries) offsets[row + 1]!++;
  for (let row = 0; row < rows; row++) offsets[row + 1]! += offsets[row]!;
  using matrix = new SparseMatrix(engine, {
    rowCount: rows,
    columnCount: columns,
    offsets,
    indices: Int32Array.from(entries, ({ j }) => j),
    values: Float64Array.from(entries, ({ value }) => value),
  });
  for (const classCount of [2, 3]) {
    const target = Float64Array.from({ length: rows }, () => random.integer(classCount));
    const rowWeights = Float64Array.from({ length: rows }, () => random.uniform() * 2);
    using problem = new SparseProblem(matrix, target, { classCount, weights: rowWeights });
    const point = Float64Array.from({ length: problem.dimension }, () => random.uniform() - 0.5);
    const step = Float64Array.from({ length: problem.dimension }, () => random.uniform() - 0.5);
    const { gradient } = await problem.evaluate(point);
    const product = await problem.hessianTimes(step);
    const at = async (h: number) => problem.evaluate(point.map((value, i) => value + h * step[i]!));
    const [ahead, behind] = [await at(1e-5), await at(-1e-5)];
    const slope = gradient.reduce((sum, value, i) => sum + value * step[i]!, 0);
    expect((ahead.loss - behind.loss) / 2e-5).toBeCloseTo(slope, 6);
    product.forEach((value, i) => expect((ahead.gradient[i]! - behind.gradient[i]!) / 2e-5).toBeCloseTo(value, 6));
  }
});

test('texts beside numbers, several classes, L1: every thread count gives the same bits', async () => {
  const length = Float64Array.from(expected.messages as string[], (text) => text.length);
  const kind = Float64Array.from(label.values, (code, row) => (code === 1 ? 2 : row % 2));
  const table = tableFromRegisters([
    textColumn('message', expected.messages),
    { name: 'length', type: 'number', values: length },
    { name: 'kind', type: 'category', labels: ['a', 'b', 'spam'], values: kind },
  ]);
  const trials: Readonly<Record<string, string | number>>[] = [{ C: 1 }, { penalty: 'l1', C: 20 }];
  for (const parameters of trials) {
    const images = new Set<string>();
    for (const options of [
      { backend: 'reference', threads: 1 },
      { backend: 'wasm', threads: 1 },
      { backend: 'wasm', threads: 2 },
    ] as const) {
      await using engine = await createEngine(options);
      const recipe = defaultRecipe(table, {
        target: 'kind',
        task: 'classification',
        model: 'linear',
        parameters: { ...parameters, maxIter: 40 },
      });
      const model = await recipe.fit(table, { target: 'kind', engine });
      images.add(Buffer.from(programImage(model.program)).toString('base64'));
      const shares = Object.values(model.importances!);
      expect(Object.keys(model.importances!)).toEqual(['message', 'length']);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      if ('penalty' in parameters) {
        const zeros = termWeights(model).filter((entry) => entry.weights.every((weight) => weight === 0));
        expect(zeros.length).toBeGreaterThan(300);
      }
    }
    expect(images.size).toBe(1);
  }
});

test('no penalty on texts: separable, by name; a validation table is measured; solvers that cannot are named', async () => {
  const free = await new Recipe([tfIdf], new LogisticRegression({ penalty: 'none', maxIter: 200 })).fit(messages, {
    target: 'label',
  });
  expect(free.training.warnings?.map(({ name }) => name)).toContain('separable');
  const rows = [...Array(140).keys()];
  const [train, rest] = [0, 1].map((part) =>
    takeRows(
      messages,
      rows.filter((row) => (row % 3 === 0 ? 1 : 0) === part),
    ),
  );
  const watched = await new Recipe([tfIdf], new LogisticRegression()).fit(train!, {
    target: 'label',
    validation: rest!,
  });
  expect(watched.training.history.at(-1)!.validationLoss).toBeGreaterThan(0);
  const refused = new Recipe([tfIdf], new LogisticRegression({ solver: 'newton-cholesky' }));
  await expect(refused.fit(messages, { target: 'label' })).rejects.toThrow(/auto or lbfgs or newton-cg for texts/);
});

test('the matrix that is learnt from holds the vectors that the program reads', async () => {
  const { table } = await new Pipeline([tfIdf]).fit(messages, { carry: ['label'], target: 'label' });
  const column = readRegister(table, 'message');
  const sparse = await sparseRowsOf([column], table.numRows);
  expect(sparse.columnCount).toBe(expected.terms.length);
  for (let row = 0; row < 20; row++) {
    const entries = sparse.values.subarray(sparse.offsets[row]!, sparse.offsets[row + 1]!);
    expect(entries.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 12);
  }
});
