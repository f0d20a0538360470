import type { Table } from 'apache-arrow';
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { makeModel } from '#lanewise/models/model.js';
import {
  MultilayerPerceptronClassifier,
  MultilayerPerceptronRegressor,
} from '#lanewise/models/multilayer-perceptron/index.js';
import { ProgramBuilder } from '#lanewise/scoring/builder.js';
import type { DenseOperation } from '#lanewise/scoring/program.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { CheckpointState, FitOptions, Model, Progress } from '#lanewise/table/interfaces.js';
import { golden } from '../agreement/golden.js';

const engine = await createEngine({ backend: 'wasm', threads: 1 });
afterAll(() => engine.close());

const made = golden('multilayer-perceptron');
const noise = (i: number, k: number) => (((i + 1) * 7919 + k * 104_729) % 10_007) / 10_007 - 0.5;
const column = (rows: number, value: (row: number) => number) =>
  Float64Array.from({ length: rows }, (_, i) => value(i));

/** Classes a and b by the product of two columns; a number that is a curve of them. */
function sample(rows: number, scale = 1): Table {
  return tableFromRegisters([
    { name: 'x', type: 'number', values: column(rows, (i) => scale * 4 * noise(i, 1)) },
    { name: 'y', type: 'number', values: column(rows, (i) => scale * 4 * noise(i, 2)) },
    {
      name: 'class',
      type: 'category',
      labels: ['a', 'b'],
      values: column(rows, (i) => (noise(i, 1) * noise(i, 2) > 0 ? 1 : 0)),
    },
    { name: 'amount', type: 'number', values: column(rows, (i) => 50 + 10 * Math.sin(4 * noise(i, 1)) + noise(i, 2)) },
  ]);
}

const classes = (rows: number) => sample(rows).select(['x', 'y', 'class']);
const numbers = (rows: number) => sample(rows).select(['x', 'y', 'amount']);
const layersOf = ({ program }: Model) => program.operations.filter((operation) => operation.op === 'dense');
const bitsOf = ({ program }: Model) => Buffer.from(programImage(program)).toString('base64');
const fitClasses = (parameters = {}, options: FitOptions = {}, rows = 400) =>
  new MultilayerPerceptronClassifier({ hiddenLayerSizes: [16], batchSize: 32, maxIter: 20, ...parameters }).fit(
    classes(rows),
    { target: 'class', engine, ...options },
  );

async function accuracy(model: Model, table: Table): Promise<number> {
  const predicted = (await model.predict(table, { engine })).getChild('prediction')!;
  const truth = table.getChild('class')!;
  let hits = 0;
  for (let row = 0; row < table.numRows; row++) if (predicted.get(row) === truth.get(row)) hits++;
  return hits / table.numRows;
}

interface GoldenCase {
  readonly task: string;
  readonly method: 'sgd' | 'nesterov' | 'adam';
  readonly activation: 'tanh' | 'relu' | 'logistic';
  readonly start: { weights: number[][]; biases: number[][] };
  readonly weights: number[][];
  readonly biases: number[][];
}

/** A model with the golden's first weights: where training begins. */
function startOf({ task, start, activation }: GoldenCase, names: string[]): Model {
  const builder = new ProgramBuilder(names.map((name) => ({ name, type: 'number' })));
  let inputs = names.map((_, j) => j);
  start.weights.forEach((weights, layer) => {
    const units = start.biases[layer]!.length;
    const first = builder.reserve(units);
    const outputs = Array.from({ length: units }, (_, k) => first + k);
    builder.emit({
      op: 'dense',
      inputs,
      outputs,
      weights: Float32Array.from(weights),
      biases: Float32Array.from(start.biases[layer]!),
      activation: layer === start.weights.length - 1 ? 'identity' : activation,
    });
    inputs = outputs;
  });
  return makeModel({
    estimator: 'multilayer-perceptron',
    task: task === 'numbers' ? 'regression' : 'classification',
    parameters: {},
    ...(task !== 'numbers' && { classes: task === 'two classes' ? ['0', '1'] : ['0', '1', '2'] }),
    program: builder.build(inputs.map((register, k) => ({ name: `o${k}`, register, type: 'number' }))),
    interpretability: 'low',
    training: { rows: 0, iterations: 1, bestIteration: 1, lossName: '', history: [], verdict: '' },
  });
}

describe("three epochs end where scikit-learn's do", () => {
  // Adam divides by the gradient's size, and so makes much of the rounding of small ones.
  const tolerances = { sgd: 2e-5, nesterov: 2e-5, adam: 5e-4 };
  const cases = made.cases as GoldenCase[];
  test.each(cases.map((one) => [`${one.task}, ${one.method}, ${one.activation}`, one] as const))(
    '%s',
    async (_, one) => {
      const names = ['a', 'b', 'c', 'd'];
      const table = tableFromRegisters([
        ...names.map((name, j) => ({ name, type: 'number' as const, values: Float64Array.from(made.columns[j]) })),
        { name: 'target', type: 'number', values: Float64Array.from(made.targets[one.task]) },
      ]);
      const rates = { sgd: 0.1, nesterov: 0.05, adam: 0.01 };
      const parameters = {
        hiddenLayerSizes: made.hidden,
        activation: one.activation,
        solver: one.method === 'adam' ? ('adam' as const) : ('sgd' as const),
        nesterovsMomentum: one.method === 'nesterov',
        learningRateInit: rates[one.method],
        alpha: 0.05,
        batchSize: 16,
        shuffle: false,
        maxIter: 3,
      };
      const kind = one.task === 'numbers' ? MultilayerPerceptronRegressor : MultilayerPerceptronClassifier;
      const options = { target: 'target', engine, warmStart: startOf(one, names) };
      const model = await new kind(parameters).fit(table, options);
      layersOf(model).forEach((layer, l) => {
        const { weights, biases } = layer as DenseOperation;
        weights.forEach((weight, i) => {
          expect(Math.abs(weight - one.weights[l]![i]!), `layer ${l}, weight ${i}`).toBeLessThan(
            tolerances[one.method],
          );
        });
        biases.forEach((bias, k) => {
          expect(Math.abs(bias - one.biases[l]![k]!), `layer ${l}, bias ${k}`).toBeLessThan(tolerances[one.method]);
        });
      });
    },
  );
});

test.each(['adam', 'adamw', 'sgd', 'adagrad', 'rmsprop', 'lbfgs'] as const)(
  '%s learns what no line parts',
  async (solver) => {
    const rate = { adam: 0.01, adamw: 0.01, sgd: 0.1, adagrad: 0.1, rmsprop: 0.005, lbfgs: 0.01 }[solver];
    const model = await fitClasses({ solver, learningRateInit: rate, maxIter: 60 }, {}, 600);
    expect(await accuracy(model, classes(600))).toBeGreaterThan(0.95);
    const { history } = model.training;
    expect(history.at(-1)!.loss).toBeLessThan(0.4 * history[0]!.loss);
  },
);

test.each(['constant', 'invscaling', 'adaptive', 'step', 'cosine'] as const)(
  'the learning rate %s lets the loss fall',
  async (learningRate) => {
    const { training } = await fitClasses({ learningRate, learningRateInit: 0.02, solver: 'adam', powerT: 0.1 });
    expect(training.history.at(-1)!.loss).toBeLessThan(training.history[0]!.loss);
  },
);

test('numbers, dropout, normalisation and gelu: better than the mean by far', async () => {
  for (const parameters of [{}, { batchNormalization: true, activation: 'gelu' }, { dropout: 0.1 }] as const) {
    const estimator = new MultilayerPerceptronRegressor({
      learningRateInit: 0.01,
      batchSize: 32,
      maxIter: 60,
      ...parameters,
    });
    const model = await estimator.fit(numbers(500), { target: 'amount', engine });
    const truth = numbers(500).getChild('amount')!.toArray();
    const predicted = (await model.predict(numbers(500), { engine })).getChild('prediction')!.toArray() as Float64Array;
    const error = Math.sqrt(predicted.reduce((sum, value, i) => sum + (value - truth[i]) ** 2, 0) / 500);
    expect(error).toBeLessThan(1.5); // the deviation is about 8
  }
});

test('what is lowered is what was judged: the loss on validation rows is that of the predictions', async () => {
  const validation = classes(900).slice(500, 900);
  for (const batchNormalization of [false, true]) {
    const model = await fitClasses({ batchNormalization, alpha: 0 }, { validation });
    const probability = (await model.predict(validation, { engine })).getChild('probability_b')!;
    const truth = validation.getChild('class')!;
    let loss = 0;
    for (let row = 0; row < validation.numRows; row++) {
      const p = probability.get(row) as number;
      loss -= Math.log(truth.get(row) === 'b' ? p : 1 - p) / validation.numRows;
    }
    expect(model.training.history.at(-1)!.validationLoss).toBeCloseTo(loss, 4);
  }
});

test('early stopping keeps the best epoch, and says so', async () => {
  const parameters = {
    earlyStopping: true,
    hiddenLayerSizes: [64],
    learningRateInit: 0.05,
    maxIter: 200,
    nIterNoChange: 4,
    alpha: 0,
  };
  const noisy = tableFromRegisters([
    { name: 'x', type: 'number', values: column(150, (i) => noise(i, 1)) },
    { name: 'y', type: 'number', values: column(150, (i) => noise(i, 2)) },
    {
      name: 'class',
      type: 'category',
      labels: ['a', 'b'],
      values: column(150, (i) => (Math.imul(i + 1, 0x9e3779b1) >>> 9) % 2),
    },
  ]);
  const model = await new MultilayerPerceptronClassifier(parameters).fit(noisy, { target: 'class', engine });
  const { history, bestIteration, verdict } = model.training;
  const losses = history.map((point) => point.validationLoss!);
  expect(bestIteration).toBe(losses.indexOf(Math.min(...losses)) + 1);
  expect(bestIteration).toBeLessThan(history.length);
  expect(verdict).toMatch(/^stopped early: epoch \d+ of \d+ was the best and was kept/);
});

test('weights are repetitions, rows of weight 0 are no rows, and classWeight is a weight', async () => {
  const options = { shuffle: false, batchSize: 1000, maxIter: 5, solver: 'sgd', hiddenLayerSizes: [4] } as const;
  const plain = classes(60);
  const twice = takeRows(
    plain,
    Array.from({ length: 60 }, (_, i) => i).concat(Array.from({ length: 20 }, (_, i) => i)),
  );
  const withWeights = (rows: Table, weight: (row: number) => number) =>
    rows.assign(tableFromRegisters([{ name: 'w', type: 'number', values: column(rows.numRows, weight) }]));
  const train = (table: Table, more: object = {}) =>
    new MultilayerPerceptronClassifier({ ...options, alpha: 0, ...more }).fit(table, {
      target: 'class',
      engine,
      ...(table.getChild('w') && { weights: 'w' }),
    });
  const repeated = layersOf(await train(twice))[0] as DenseOperation;
  const heavy = layersOf(await train(withWeights(plain, (row) => (row < 20 ? 2 : 1))))[0] as DenseOperation;
  heavy.weights.forEach((weight, i) => {
    expect(weight).toBeCloseTo(repeated.weights[i]!, 5);
  });
  const none = await train(withWeights(plain, (row) => (row < 40 ? 1 : 0)));
  expect(layersOf(none)).toEqual(layersOf(await train(plain.slice(0, 40))));
  const named = await train(plain, { classWeight: { b: 3 } });
  expect(layersOf(named)).not.toEqual(layersOf(await train(plain)));
});

test('features far off the scale are brought onto it, with a warning by name; near ones are left alone', async () => {
  const far = tableFromRegisters([
    { name: 'x', type: 'number', values: column(300, (i) => 1e300 * noise(i, 1)) },
    { name: 'y', type: 'number', values: column(300, (i) => 1e-200 * noise(i, 2)) },
    { name: 'class', type: 'category', labels: ['a', 'b'], values: column(300, (i) => (noise(i, 1) > 0 ? 1 : 0)) },
  ]);
  const model = await new MultilayerPerceptronClassifier({ learningRateInit: 0.02, batchSize: 32, maxIter: 30 }).fit(
    far,
    {
      target: 'class',
      engine,
    },
  );
  expect(await accuracy(model, far)).toBeGreaterThan(0.95);
  expect(model.training.warnings).toContainEqual(
    expect.objectContaining({ name: 'unscaled-features', message: expect.stringContaining('2 of 2 features') }),
  );
  const near = await fitClasses();
  expect(near.training.warnings?.some(({ name }) => name === 'unscaled-features') ?? false).toBe(false);
  expect(near.program.operations.some(({ op }) => op === 'affine')).toBe(false);
});

test('divergence is named, with what to do', async () => {
  const wild = { solver: 'sgd', learningRateInit: 1e30, hiddenLayerSizes: [8, 8], activation: 'identity' } as const;
  const estimator = new MultilayerPerceptronRegressor({ ...wild, batchSize: 16 });
  await expect(estimator.fit(numbers(200), { target: 'amount', engine })).rejects.toMatchObject({
    code: 'data',
    message: expect.stringMatching(/diverged/),
    hint: expect.stringMatching(/learningRateInit/),
  });
  const clipped = new MultilayerPerceptronRegressor({
    ...wild,
    learningRateInit: 0.05,
    clipNorm: 0.5,
    clipValue: 0.1,
    batchSize: 16,
  });
  await expect(clipped.fit(numbers(200), { target: 'amount', engine })).resolves.toBeDefined();
});

test('live losses are told, and a time budget ends training gracefully', async () => {
  const seen: Progress[] = [];
  const model = await fitClasses(
    { maxIter: 4 },
    { validation: classes(50), onProgress: (progress) => seen.push(progress) },
  );
  expect(seen.map(({ what, done, total }) => [what, done, total])).toEqual(
    [1, 2, 3, 4].map((done) => ['epoch', done, 4]),
  );
  expect(seen.at(-1)!.metrics).toEqual({
    loss: model.training.history[3]!.loss,
    validationLoss: model.training.history[3]!.validationLoss,
  });
  const hasty = await fitClasses({ maxIter: 100_000, tol: 0, nIterNoChange: 100_000 }, { timeBudget: 0.05 });
  expect(hasty.training.verdict).toMatch(/^time budget of 0.05 s used up/);
  expect(hasty.training.iterations).toBeLessThan(100_000);
});

test('partialFit goes on as one run would, saved as JSON or not; warmStart begins at the weights', async () => {
  const estimator = new MultilayerPerceptronClassifier({
    hiddenLayerSizes: [8],
    batchSize: 50,
    batchNormalization: true,
    dropout: 0.2,
  });
  const whole = await estimator.with({ maxIter: 3 }).fit(classes(200), { target: 'class', engine });
  let model = await estimator.partialFit(classes(200), { target: 'class', engine });
  for (let epoch = 1; epoch < 3; epoch++) {
    const saved = { ...model, training: JSON.parse(JSON.stringify(model.training)) };
    model = await estimator.partialFit(classes(200), { target: 'class', engine, warmStart: saved });
  }
  expect(bitsOf(model)).toBe(bitsOf(whole));
  const plain = estimator.with({ batchNormalization: false, maxIter: 15 });
  const first = await plain.fit(classes(200), { target: 'class', engine });
  const next = await plain.fit(classes(200), { target: 'class', engine, warmStart: first });
  expect(next.training.history[0]!.loss).toBeLessThan(first.training.history[0]!.loss);
  const other = plain.with({ hiddenLayerSizes: [9] }).fit(classes(200), { target: 'class', engine, warmStart: first });
  await expect(other).rejects.toThrow(/parameters to go on from/);
});

test('partialFit learns classes that the first rows lack, and refuses those that were not named', async () => {
  const estimator = new MultilayerPerceptronClassifier({ hiddenLayerSizes: [4] });
  const onlyA = takeRows(
    classes(80),
    [...Array(80).keys()].filter((i) => noise(i, 1) * noise(i, 2) <= 0),
  );
  const model = await estimator.partialFit(onlyA, { target: 'class', classes: ['a', 'b', 'c'], engine });
  expect(model.classes).toEqual(['a', 'b', 'c']);
  const next = await estimator.partialFit(classes(80), { target: 'class', engine, warmStart: model });
  expect(next.program.outputs).toHaveLength(4);
  const lacks = estimator.partialFit(classes(80), { target: 'class', classes: ['a', 'c'], engine });
  await expect(lacks).rejects.toThrow(/known in target "class".*"b"/);
});

test('a fit that is interrupted ends, with its checkpoint, in the bits of one that was not', async () => {
  const parameters = {
    maxIter: 9,
    earlyStopping: true,
    batchNormalization: true,
    dropout: 0.1,
    learningRate: 'adaptive',
  } as const;
  const whole = await fitClasses(parameters);
  let saved: { key: string; state: CheckpointState } | undefined;
  const checkpoint = {
    due: true,
    load: async (key: string) => (saved?.key === key ? structuredClone(saved.state) : undefined),
    save: async (key: string, state: CheckpointState) => void (saved = structuredClone({ key, state })),
    clear: async () => void (saved = undefined),
  };
  const controller = new AbortController();
  const onProgress = ({ done }: Progress) => void (done === 5 && controller.abort());
  await expect(fitClasses(parameters, { checkpoint, onProgress, signal: controller.signal })).rejects.toMatchObject({
    code: 'cancelled',
  });
  const seen: number[] = [];
  const rest = await fitClasses(parameters, { checkpoint, onProgress: ({ done }) => void seen.push(done) });
  expect(seen[0]).toBe(5);
  expect(bitsOf(rest)).toBe(bitsOf(whole));
  expect(rest.training.history).toEqual(whole.training.history);
  expect(saved).toBeUndefined();

  // A time budget keeps the checkpoint, and the same call goes on from it.
  const hurried = await fitClasses(parameters, { checkpoint, timeBudget: 1e-9 });
  expect(hurried.training.iterations).toBe(1);
  expect(bitsOf(await fitClasses(parameters, { checkpoint }))).toBe(bitsOf(whole));
});
