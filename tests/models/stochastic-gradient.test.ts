import { expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { sgdLossAt, sgdLosses } from '#lanewise/kernels/stochastic-gradient.js';
import { SgdClassifier, SgdRegressor } from '#lanewise/models/sgd/sgd.js';
import { type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Checkpoint, CheckpointState, Model } from '#lanewise/table/interfaces.js';
import { golden, relativeError } from '../agreement/golden.js';

// scikit-learn's answers: tests/agreement/stochastic-gradient.py

const answers = golden('stochastic-gradient');

function tableOf(columns: number[][], target: number[], weights?: number[]) {
  const registers: RegisterColumn[] = [...columns, target].map((values, j) => ({
    name: j < columns.length ? `x${j}` : 'y',
    type: 'number',
    values: Float64Array.from(values),
  }));
  if (weights) registers.push({ name: 'w', type: 'number', role: 'ignore', values: Float64Array.from(weights) });
  return tableFromRegisters(registers);
}

function linearOf({ program }: Model) {
  const operation = program.operations.find(({ op }) => op === 'linear');
  if (operation?.op !== 'linear') throw new Error('no linear operation');
  return operation;
}

/** outputs × inputs, the columns that the program leaves out included. */
function coefficientsOf(model: Model): number[] {
  const { inputs, outputs, coefficients } = linearOf(model);
  const columns = model.program.inputs.map((_, j) => inputs.indexOf(j));
  return outputs.flatMap((_, k) => columns.map((place) => (place < 0 ? 0 : coefficients[k * inputs.length + place]!)));
}

function accuracyOf(predicted: Float64Array, truth: readonly number[]): number {
  return truth.filter((value, row) => predicted[row] === value).length / truth.length;
}

const { columns, target, weights } = answers.classes;
const several = tableOf(columns, target);
const two = tableOf(
  columns,
  target.map((value: number) => (value === 1 ? 1 : 0)),
  weights,
);
const fixed = { shuffle: false, tol: null, standardize: false };

test('row by row, the coefficients are those of scikit-learn, of every loss, rate and penalty', async () => {
  const values = tableOf(answers.values.columns, answers.values.target);
  for (const [cases, table, Estimator] of [
    [answers.several, several, SgdClassifier],
    [answers.two, two, SgdClassifier],
    [answers.regression, values, SgdRegressor],
  ] as const) {
    for (const { parameters, weighted, coefficients, intercepts } of cases) {
      const estimator = new Estimator({ ...parameters, ...fixed });
      const model = await estimator.fit(table, { target: 'y', ...(weighted && { weights: 'w' }) });
      const what = JSON.stringify(parameters);
      const found = coefficientsOf(model);
      const unit = Math.max(...coefficients.map(Math.abs));
      coefficients.forEach((value: number, j: number) => {
        expect(Math.abs(found[j]! - value) / unit, what).toBeLessThan(1e-9);
      });
      intercepts.forEach((value: number, k: number) => {
        expect(relativeError(linearOf(model).intercepts[k]!, value), what).toBeLessThan(1e-8);
      });
    }
  }
});

test('the derivative of every loss is that of its value', () => {
  for (const loss of sgdLosses.keys()) {
    const truths = loss <= 3 ? [-1, 1] : [-0.7, 2];
    for (const y of truths) {
      for (const decision of [-3.3, -1.02, -0.4, 0.03, 0.61, 1.4, 4]) {
        const at = (point: number) => sgdLossAt(loss, 0.5, point, y)[0];
        const slope = (at(decision + 1e-6) - at(decision - 1e-6)) / 2e-6;
        expect(sgdLossAt(loss, 0.5, decision, y)[1], `${sgdLosses[loss]} at ${decision}`).toBeCloseTo(slope, 5);
      }
    }
  }
});

test('batches average their gradients: one batch of all rows is a step of gradient descent', async () => {
  const parameters = { ...fixed, penalty: 'none', learningRate: 'constant', eta0: 0.5, maxIter: 1 } as const;
  const model = await new SgdRegressor({ ...parameters, batchSize: 80 }).fit(
    tableOf(answers.values.columns, answers.values.target),
    { target: 'y' },
  );
  const found = coefficientsOf(model);
  answers.values.columns.forEach((column: number[], j: number) => {
    const slope = column.reduce((sum, value, row) => sum - value * answers.values.target[row], 0) / 80;
    expect(found[j]).toBeCloseTo(-0.5 * slope, 12);
  });
});

test('classes are learnt by every loss, and probabilities rise with the decision', async () => {
  for (const loss of ['log_loss', 'hinge', 'modified_huber', 'squared_hinge', 'perceptron'] as const) {
    const model = await new SgdClassifier({ loss, alpha: 1e-3 }).fit(several, { target: 'y' });
    const out = await model.predict(several);
    expect(accuracyOf(readRegister(out, 'prediction', model.classes).values, target), loss).toBeGreaterThan(0.85);
    const shares = model.classes!.map((label) => readRegister(out, `probability_${label}`).values);
    for (let row = 0; row < 90; row++) {
      expect(shares.reduce((sum, column) => sum + column[row]!, 0)).toBeCloseTo(1, 12);
    }
  }
});

test('a sigmoid by cross-validation is less sure than one by the rows that were learnt from', async () => {
  // Enough columns of noise to learn every row by heart, and nothing to be learnt.
  const noise = Array.from({ length: 60 }, (_, j) => {
    const random = stream(j, 'noise');
    return Array.from({ length: 90 }, () => random.normal());
  });
  const coin = stream(9, 'coin');
  const table = tableOf(
    noise,
    target.map(() => coin.integer(2)),
  );
  const sureness = async (probability: boolean) => {
    const model = await new SgdClassifier({ loss: 'hinge', probability }).fit(table, { target: 'y' });
    const shares = readRegister(await model.predict(table), 'probability_1').values;
    return shares.reduce((sum, share) => sum + Math.abs(share - 0.5), 0) / 90;
  };
  expect(await sureness(false)).toBeGreaterThan(0.33);
  expect(await sureness(true)).toBeLessThan(0.3);
});

test('going on after a pause, saved or not, gives the bits of a fit without it', async () => {
  const options = { target: 'y', seed: 5 };
  for (const parameters of [{}, { penalty: 'elasticnet', average: 30, learningRate: 'adaptive', eta0: 0.1 } as const]) {
    const estimator = new SgdClassifier({ ...parameters, tol: 1e-6, maxIter: 12 });
    const whole = await estimator.fit(several, options);
    const paused = await estimator.with({ maxIter: 5 }).fit(several, options);
    const saved: Model = { ...paused, training: JSON.parse(JSON.stringify(paused.training)) };
    const resumed = await estimator.fit(several, { ...options, warmStart: saved });
    expect(resumed.program).toEqual(whole.program);
    expect(resumed.training.history).toEqual(whole.training.history);
  }
  const parts = new SgdClassifier({ tol: null, maxIter: 3 });
  const whole = await parts.fit(several, options);
  let model = await parts.partialFit(several, options);
  for (let epoch = 1; epoch < 3; epoch++) model = await parts.partialFit(several, { ...options, warmStart: model });
  expect(model.program).toEqual(whole.program);
});

test('rows may come class by class, where the classes are named', async () => {
  const rowsOf = (k: number) => [...target.keys()].filter((row) => target[row] === k);
  const estimator = new SgdClassifier({ alpha: 1e-2 });
  const options = { target: 'y', classes: ['0', '1', '2'] };
  const everyThird = (start: number) =>
    takeRows(
      several,
      [...target.keys()].filter((row) => row % 3 === start),
    );
  let model = await estimator.partialFit(takeRows(several, rowsOf(0)), options);
  for (let turn = 0; turn < 12; turn++) {
    model = await estimator.partialFit(everyThird(turn % 3), { target: 'y', warmStart: model });
  }
  const out = readRegister(await model.predict(several), 'prediction', model.classes).values;
  expect(accuracyOf(out, target)).toBeGreaterThan(0.6);
  const strange = tableOf(
    columns,
    target.map((value: number) => value + 7),
  );
  await expect(estimator.partialFit(strange, { target: 'y', warmStart: model })).rejects.toMatchObject({
    code: 'data',
  });
  const balanced = new SgdClassifier({ classWeight: 'balanced' });
  await expect(balanced.partialFit(several, { target: 'y' })).rejects.toMatchObject({ code: 'usage' });
});

test('a fit that is cancelled goes on from its checkpoint to the same bits', async () => {
  let kept: CheckpointState | undefined;
  const checkpoint: Checkpoint = {
    due: true,
    load: async () => kept,
    save: async (_, state) => {
      kept = JSON.parse(JSON.stringify({ values: state.values, arrays: {} }));
      kept = { ...kept!, arrays: { ...state.arrays } };
    },
    clear: async () => {
      kept = undefined;
    },
  };
  const estimator = new SgdClassifier({ earlyStopping: true, maxIter: 30, tol: 1e-5 });
  const whole = await estimator.fit(several, { target: 'y' });
  const controller = new AbortController();
  const cut = estimator.fit(several, {
    target: 'y',
    checkpoint,
    signal: controller.signal,
    onProgress: ({ done }) => done === 4 && controller.abort(),
  });
  await expect(cut).rejects.toMatchObject({ code: 'cancelled' });
  expect(kept).toBeDefined();
  const resumed = await estimator.fit(several, { target: 'y', checkpoint });
  expect(resumed.program).toEqual(whole.program);
  expect(resumed.training.history).toEqual(whole.training.history);
  expect(kept).toBeUndefined();
});

test('early stopping keeps the best epoch, and a validation table is measured', async () => {
  const model = await new SgdClassifier({ learningRate: 'constant', eta0: 1, maxIter: 60 }).fit(several, {
    target: 'y',
    validation: several,
  });
  expect(model.training.history.every(({ validationLoss }) => Number.isFinite(validationLoss))).toBe(true);
  const stopped = await new SgdClassifier({ learningRate: 'constant', eta0: 1, earlyStopping: true }).fit(several, {
    target: 'y',
    validation: several,
  });
  const { history, bestIteration, verdict } = stopped.training;
  const best = history.toSorted((a, b) => a.validationLoss! - b.validationLoss!)[0]!;
  expect(bestIteration).toBe(best.iteration);
  expect(verdict).toMatch(/stopped early/);
});

test('weights count as often as they say, and rows of no weight do not', async () => {
  const even = new SgdClassifier({ ...fixed, maxIter: 3 });
  const rows = [...target.keys()];
  const half = tableOf(
    columns,
    target,
    rows.map((row) => (row % 2 === 0 ? 1 : 0)),
  );
  const weighed = await even.fit(half, { target: 'y', weights: 'w' });
  const taken = await even.fit(
    takeRows(
      several,
      rows.filter((row) => row % 2 === 0),
    ),
    { target: 'y' },
  );
  expect(weighed.program).toEqual(taken.program);
  const balanced = await even.with({ classWeight: { 0: 0, 1: 1, 2: 2 } }).fit(several, { target: 'y' });
  expect(coefficientsOf(balanced)).not.toEqual(coefficientsOf(taken));
});

test('numbers that carry steps away are named, and far scales are not among them', async () => {
  const far = tableOf(
    columns.map((column: number[], j: number) => column.map((value) => value * 10 ** (40 * (j - 1)))),
    target,
  );
  const model = await new SgdClassifier({ alpha: 1e-3 }).fit(far, { target: 'y' });
  const out = readRegister(await model.predict(far), 'prediction', model.classes).values;
  expect(accuracyOf(out, target)).toBeGreaterThan(0.85);
  const wild = new SgdRegressor({ standardize: false, learningRate: 'constant', eta0: 10 });
  await expect(wild.fit(far, { target: 'y' })).rejects.toThrow(/finite|diverged/);
  await expect(new SgdClassifier({ alpha: 0 }).fit(several, { target: 'y' })).rejects.toThrow(/alpha above 0/);
  const other = await new SgdRegressor({ maxIter: 2 }).fit(several, { target: 'y' });
  await expect(new SgdClassifier().fit(several, { target: 'y', warmStart: other })).rejects.toMatchObject({
    code: 'usage',
  });
});

test('a time budget ends the epochs', async () => {
  const model = await new SgdClassifier({ tol: null }).fit(several, { target: 'y', timeBudget: 1e-9 });
  expect(model.training.history).toHaveLength(1);
  expect(model.training.verdict).toMatch(/time budget/);
});
