import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine, defaultEngine } from '#lanewise/engine/engine.js';
import { runProgramOn } from '#lanewise/models/execute.js';
import { OneClassSVM, SVC, SVR } from '#lanewise/models/svm/index.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Checkpoint, CheckpointState, Estimator, FitOptions, Model } from '#lanewise/table/interfaces.js';
import { decodeCheckpoint, encodeCheckpoint } from '#lanewise/training/checkpoint.js';

/** scikit-learn's answers (tests/agreement/svm.py). */
const golden = JSON.parse(readFileSync(new URL('../fixtures/svm.json', import.meta.url), 'utf8'));

type Numbers = ArrayLike<number>;

function tableOf(columns: readonly Numbers[], target?: Numbers, weights?: Numbers) {
  const column = (name: string, values: Numbers) => ({
    name,
    type: 'number' as const,
    values: Float64Array.from(values),
  });
  return tableFromRegisters([
    ...columns.map((values, j) => column(`x${j}`, values)),
    ...(target ? [column('target', target)] : []),
    ...(weights ? [{ ...column('weights', weights), role: 'weight' as const }] : []),
  ]);
}

/** The values of the functions that a model sums kernels in, before anything is made of them. */
async function decisionsOf(model: Model, columns: readonly Numbers[]): Promise<Float64Array[]> {
  const { op, ...machines } = model.program.operations[0]! as { op: string; outputs: readonly number[] };
  expect(['kernelExpansion', 'linear']).toContain(op);
  const outputs = machines.outputs.map((register) => ({ name: `d${register}`, register, type: 'number' as const }));
  const registers = columns.map((values) => Float64Array.from(values));
  return runProgramOn(await defaultEngine(), { ...model.program, outputs }, registers, columns[0]!.length);
}

const numbersIn = (values: readonly number[]) => values as readonly number[];
const last = (model: Model) => model.training.history.at(-1)!.loss;

function largestDifference(a: Numbers, b: Numbers): number {
  let largest = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

const makers: Record<string, (parameters: object) => Estimator> = {
  classification: (parameters) => new SVC(parameters),
  regression: (parameters) => new SVR(parameters),
  'anomaly-detection': (parameters) => new OneClassSVM(parameters),
};

interface GoldenCase {
  readonly task: string;
  readonly set: string;
  readonly parameters: object;
  readonly classWeight?: object;
  readonly weighted: boolean;
  readonly objectives: Readonly<Record<string, number>>;
  readonly decisions: readonly (readonly number[])[];
  readonly predictions: readonly number[];
  readonly supports: readonly number[];
}
const cases = (golden.cases as GoldenCase[]).map((one) => {
  const shown = { ...one.parameters, ...(one.classWeight ? { classWeight: one.classWeight } : {}) };
  return { name: `${one.task} of ${one.set}${one.weighted ? ', weighted' : ''}, ${JSON.stringify(shown)}`, one };
});

describe('scikit-learn’s LIBSVM', () => {
  test.each(cases)('$name: objective, support vectors, decisions', async ({ one }) => {
    const { columns, target, weights } = golden.sets[one.set];
    const table = tableOf(columns, one.task === 'anomaly-detection' ? undefined : target, one.weighted && weights);
    const parameters = { ...one.parameters, ...(one.classWeight && { classWeight: one.classWeight }) };
    const learn = (tol: number) => makers[one.task]!({ ...parameters, tol }).fit(table, { target: 'target' });
    for (const [tol, objective] of Object.entries(one.objectives)) {
      const model = await learn(Number(tol));
      expect(model.training.convergence).toMatchObject({ certificate: 'largest KKT violation', reached: true });
      // Equal tolerances leave both within tol of the optimum, to second order: neither is to be above the other by more.
      expect(last(model)).toBeLessThanOrEqual(objective + Number(tol) * 1e-2 * Math.max(1, Math.abs(objective)));
    }
    const model = await learn(1e-10);
    const sign = one.task === 'anomaly-detection' || one.decisions.length === 1 ? 1 : -1;
    const found = await decisionsOf(model, columns);
    const scale = Math.max(1, ...one.decisions.flat().map(Math.abs));
    found.forEach((decisions, k) => {
      const expected = Float64Array.from(numbersIn(one.decisions[k]), (value) => sign * value);
      // LIBSVM keeps rows of the kernel matrix in f32, of which 6e-8 is the rounding.
      expect(largestDifference(decisions, expected) / scale).toBeLessThan(5e-6);
    });
    if (one.predictions) {
      const predicted = readRegister(await model.predict(tableOf(columns)), 'prediction', model.classes).values;
      expect([...predicted]).toEqual(one.predictions);
    }
    // Of other kernels than rbf the dual need not have one solution only.
    if ('kernel' in parameters) return;
    const supports = Number(/(\d+) of \d+ rows/.exec(model.training.verdict)![1]);
    expect(supports).toBe(one.supports.length);
  });

  test('ties are broken as scikit-learn breaks them', async () => {
    const { columns, target } = golden.sets.iris;
    const model = await new SVC({ tol: 1e-10, C: 0.02, gamma: 0.1, breakTies: true }).fit(tableOf(columns, target), {
      target: 'target',
    });
    const predicted = await model.predict(tableOf(columns));
    expect([...readRegister(predicted, 'prediction', model.classes).values]).toEqual(golden.breakTies);
  });
});

const { columns: cancer, target: malignant } = golden.sets.cancer as { columns: number[][]; target: number[] };
const fitCancer = (parameters: object, options: FitOptions = {}) =>
  new SVC(parameters).fit(tableOf(cancer, malignant), { target: 'target', ...options });
const imageOf = (model: Model) => programImage(model.program);

/** A few hundred noisy points around two crescents. */
function crescents(count: number) {
  const noise = (i: number, j: number) => ((Math.imul(i * 7 + j * 13 + 5, 0x9e3779b1) >>> 8) % 1000) / 1000 - 0.5;
  const angle = (i: number) => (3 * (i % 100)) / 100;
  const side = Array.from({ length: count }, (_, i) => (i < count / 2 ? 0 : 1));
  const sine = (x: number) => x - x ** 3 / 6 + x ** 5 / 120 - x ** 7 / 5040;
  const x = side.map((s, i) => (s === 0 ? 1 - angle(i) / 1.5 : angle(i) / 1.5) + 1.3 * noise(i, 0));
  const y = side.map((s, i) => (s === 0 ? sine(angle(i)) : 0.5 - sine(angle(i))) + 1.3 * noise(i, 1));
  return { columns: [x, y], side };
}

describe('the solver', () => {
  test('rows that do not fit into the cache change no bit', async () => {
    const whole = await fitCancer({ C: 10 });
    expect(imageOf(await fitCancer({ C: 10, cacheSize: 1e-3 }))).toEqual(imageOf(whole));
    expect(imageOf(await fitCancer({ C: 10, cacheSize: 0.02 }))).toEqual(imageOf(whole));
  });

  test('setting variables aside changes the optimum by no more than the tolerance', async () => {
    const { columns, side } = crescents(1200);
    const learn = (shrinking: boolean) =>
      new SVC({ C: 50, shrinking, tol: 1e-5 }).fit(tableOf(columns, side), { target: 'target' });
    const [aside, plain] = [await learn(true), await learn(false)];
    expect(aside.training.convergence!.reached).toBe(true);
    expect(last(aside)).toBeCloseTo(last(plain), 3);
    const [a, b] = [await decisionsOf(aside, columns), await decisionsOf(plain, columns)];
    expect(largestDifference(a[0]!, b[0]!)).toBeLessThan(1e-3);
  });

  test('backends and threads give the same bits where rows are shared and variables set aside', async () => {
    const { columns, side } = crescents(1200);
    const images: Uint8Array[] = [];
    for (const options of [
      { backend: 'wasm', threads: 1 },
      { backend: 'wasm', threads: 3 },
    ] as const) {
      await using engine = await createEngine(options);
      const model = await new SVC({ C: 50 }).fit(tableOf(columns, side), { target: 'target', engine });
      images.push(imageOf(model));
    }
    expect(images[1]).toEqual(images[0]);
  });

  /** Keeps every state in memory, as a file would. */
  class Kept implements Checkpoint {
    readonly due = true;
    saves = 0;
    #kept: { key: string; bytes: Uint8Array } | undefined;
    async load(key: string) {
      return this.#kept && decodeCheckpoint(this.#kept.bytes, key);
    }
    async save(key: string, state: CheckpointState) {
      this.saves++;
      this.#kept = { key, bytes: await encodeCheckpoint(key, state) };
    }
    async clear() {
      this.#kept = undefined;
    }
  }

  test.each([false, true])('a fit that is cut off goes on to the same bits; with folds: %s', async (probability) => {
    const { columns, side } = crescents(600);
    const table = tableOf(columns, side);
    const machine = new SVC({ C: 1000, gamma: 5, probability });
    const whole = await machine.fit(table, { target: 'target' });
    expect(whole.training.history.length).toBeGreaterThan(3);
    const checkpoint = new Kept();
    for (let cut = 2; cut <= (probability ? 26 : 4); cut += probability ? 12 : 1) {
      const controller = new AbortController();
      let seen = 0;
      const onProgress = () => ++seen === cut && controller.abort();
      const options = { target: 'target', checkpoint, signal: controller.signal, onProgress };
      await expect(machine.fit(table, options)).rejects.toMatchObject({ code: 'cancelled' });
    }
    expect(checkpoint.saves).toBeGreaterThan(2);
    const resumed = await machine.fit(table, { target: 'target', checkpoint });
    expect(imageOf(resumed)).toEqual(imageOf(whole));
    expect(resumed.training).toEqual(whole.training);
    expect(await checkpoint.load('any')).toBeUndefined();
  });

  test('too few iterations are told, by name', async () => {
    const { training } = await fitCancer({ maxIter: 3 });
    expect(training).toMatchObject({ iterations: 3, convergence: { reached: false } });
    expect(training.warnings![0]).toMatchObject({ name: 'not-converged', message: /largest KKT violation/ });
  });

  test('a time budget ends the fit, and the verdict says so', async () => {
    const { columns, side } = crescents(2400);
    const machine = new SVC({ C: 1e6, gamma: 50, tol: 1e-9 });
    const { training } = await machine.fit(tableOf(columns, side), { target: 'target', timeBudget: 1e-3 });
    expect(training.verdict).toMatch(/time budget of 0.001 s used up/);
    expect(training.convergence!.reached).toBe(false);
  });
});

describe('probabilities', () => {
  test('cross-validated ones are less sure than those of the training rows, and keep the classes’ share', async () => {
    const { columns, side } = crescents(400);
    const table = tableOf(columns, side);
    const meanOf = async (probability: boolean) => {
      const model = await new SVC({ probability, gamma: 50, C: 100 }).fit(table, { target: 'target' });
      const { values } = readRegister(await model.predict(table), 'probability_1');
      return {
        share: values.reduce((sum, value) => sum + value, 0) / values.length,
        sureness: values.reduce((sum, value) => sum + Math.abs(value - 0.5), 0) / values.length,
      };
    };
    const [calibrated, own] = [await meanOf(true), await meanOf(false)];
    expect(calibrated.sureness).toBeLessThan(own.sureness - 0.05);
    expect(calibrated.share).toBeCloseTo(0.5, 1);
    expect(own.share).toBeCloseTo(0.5, 1);
  });

  test('the folds depend on the seed alone', async () => {
    const image = async (seed: number) => imageOf(await fitCancer({ probability: true }, { seed }));
    expect(await image(1)).toEqual(await image(1));
    expect(await image(2)).not.toEqual(await image(1));
  });

  test('a class of two rows has them too', async () => {
    const columns = [[0, 0.1, 0.2, 5, 5.1, 9, 9.2, 9.1]];
    const table = tableOf(columns, [0, 0, 0, 1, 1, 2, 2, 2]);
    const model = await new SVC({ probability: true }).fit(table, { target: 'target' });
    const all = await Promise.all(
      [0, 1, 2].map(async (k) => readRegister(await model.predict(table), `probability_${k}`).values),
    );
    for (let row = 0; row < 8; row++) expect(all[0]![row]! + all[1]![row]! + all[2]![row]!).toBeCloseTo(1, 12);
  });
});

describe('a precomputed kernel', () => {
  const products = (a: number, b: number) => cancer.reduce((sum, column) => sum + column[a]! * column[b]!, 0);
  const rows = malignant.map((_, row) => row);
  const kernel = rows.map((a) => rows.map((b) => products(a, b)));

  test('gives the machine of the kernel that it was computed with', async () => {
    const table = tableOf(kernel, malignant);
    const model = await new SVC({ kernel: 'precomputed', tol: 1e-8 }).fit(table, { target: 'target' });
    const linear = await fitCancer({ kernel: 'linear', tol: 1e-8 });
    const [found] = await decisionsOf(model, kernel);
    const [expected] = await decisionsOf(linear, cancer);
    expect(largestDifference(found!, expected!)).toBeLessThan(1e-5);
    expect(last(model)).toBeCloseTo(last(linear), 9);
  });

  test('must be square and symmetric', async () => {
    const machine = new SVC({ kernel: 'precomputed' });
    await expect(machine.fit(tableOf(kernel.slice(1), malignant), { target: 'target' })).rejects.toMatchObject({
      code: 'data',
      message: expect.stringMatching(/column for each of the 190 training rows .* there are 189/),
    });
    const skewed = kernel.map((column, j) => column.map((value, i) => (i === 3 && j === 7 ? value + 1 : value)));
    await expect(machine.fit(tableOf(skewed, malignant), { target: 'target' })).rejects.toThrow(/symmetric .*"x7"/);
  });
});

describe('difficult data', () => {
  const separable = tableOf([[-3, -2, -1, 1, 2, 3]], [0, 0, 0, 1, 1, 1]);

  test('separable classes: the widest margin, whatever they may cost', async () => {
    for (const C of [1, 1e3, 1e9]) {
      const model = await new SVC({ kernel: 'linear', C, tol: 1e-9 }).fit(separable, { target: 'target' });
      const [decisions] = await decisionsOf(model, [[-1, 0, 1]]);
      expect([...decisions!].map((value) => Number(value.toFixed(6)))).toEqual([-1, 0, 1]);
    }
  });

  test('rows that stand there twice are as good as rows of twice the weight', async () => {
    const doubled = tableOf([...cancer.map((column) => [...column, ...column])], [...malignant, ...malignant]);
    const weighted = tableOf(
      cancer,
      malignant,
      malignant.map(() => 2),
    );
    const options = { target: 'target' };
    const [a, b] = [
      await new SVC({ tol: 1e-8 }).fit(doubled, options),
      await new SVC({ tol: 1e-8, gamma: 1 / 12 }).fit(weighted, options),
    ];
    const same = await new SVC({ tol: 1e-8, gamma: 1 / 12 }).fit(doubled, options);
    expect(a.training.convergence!.reached).toBe(true);
    expect(last(same)).toBeCloseTo(last(b), 6);
    const [first, second] = [await decisionsOf(same, cancer), await decisionsOf(b, cancer)];
    expect(largestDifference(first[0]!, second[0]!)).toBeLessThan(1e-5);
  });

  test('the same row in both classes, and nothing but constants', async () => {
    const contradictory = tableOf([[1, 1, 1, 1]], [0, 1, 0, 1]);
    const model = await new SVC().fit(contradictory, { target: 'target' });
    expect(model.training.convergence!.reached).toBe(true);
    expect(model.predictSync({ x0: 1 })).not.toBeNull();
    const flat = await new SVR().fit(tableOf([[1, 1, 1, 1]], [0, 1, 2, 3]), { target: 'target' });
    expect(flat.predictSync({ x0: 1 })).toBeCloseTo(1.5, 6);
  });

  test('a target within epsilon is learnt without support vectors', async () => {
    const model = await new SVR({ epsilon: 10 }).fit(tableOf([[1, 2, 3, 4]], [0, 1, 2, 3]), { target: 'target' });
    expect(model.training).toMatchObject({ iterations: 0, verdict: expect.stringMatching(/0 of 4 rows/) });
    expect(model.predictSync({ x0: 2 })).toBeCloseTo(1.5, 9);
  });

  test.each([1e-300, 1e-100, 1e100, 1e150])('features of size %f give what those of size 1 give', async (unit) => {
    const scaled = cancer.map((column) => column.map((value) => value * unit));
    const found = await new SVC({ tol: 1e-9 })
      .fit(tableOf(scaled, malignant), { target: 'target' })
      .catch((error) => error);
    if (found instanceof Error) {
      expect(found).toMatchObject({ code: 'data', hint: expect.stringMatching(/Scale the features/) });
      return;
    }
    const [plain] = await decisionsOf(await fitCancer({ tol: 1e-9 }), cancer);
    expect(largestDifference((await decisionsOf(found, scaled))[0]!, plain!)).toBeLessThan(1e-5);
  });

  test('values that leave the range of f64 are named', async () => {
    const scaled = cancer.map((column) => column.map((value) => value * 1e160));
    const machine = new SVC({ kernel: 'linear' });
    await expect(machine.fit(tableOf(scaled, malignant), { target: 'target' })).rejects.toMatchObject({
      code: 'data',
      message: expect.stringMatching(/kernel values below/),
    });
  });

  test('rows of weight 0 are not learnt from, and a class of them is never predicted', async () => {
    const weights = malignant.map((_, row) => (row % 3 === 0 ? 0 : 1));
    const kept = malignant.map((_, row) => row).filter((row) => weights[row] === 1);
    const parameters = { gamma: 0.1, tol: 1e-8 };
    const without = await new SVC(parameters).fit(tableOf(cancer, malignant, weights), { target: 'target' });
    const less = await new SVC(parameters).fit(
      tableOf(
        cancer.map((column) => kept.map((row) => column[row]!)),
        kept.map((row) => malignant[row]!),
      ),
      { target: 'target' },
    );
    expect(last(without)).toBe(last(less));
    const { columns, target } = golden.sets.iris as { columns: number[][]; target: number[] };
    const two = await new SVC().fit(
      tableOf(
        columns,
        target,
        target.map((k) => (k === 1 ? 0 : 1)),
      ),
      {
        target: 'target',
      },
    );
    const table = await two.predict(tableOf(columns));
    expect([...new Set(readRegister(table, 'prediction', two.classes).values)].sort()).toEqual([0, 2]);
    expect(readRegister(table, 'probability_1').values.every((share) => share === 0)).toBe(true);
  });

  test('one class that weighs anything is named', async () => {
    const table = tableOf(
      cancer,
      malignant,
      malignant.map((k) => k),
    );
    await expect(new SVC().fit(table, { target: 'target' })).rejects.toThrow(/two classes of "target" that weigh/);
  });

  test('one row, and every row, can be what is normal', async () => {
    const one = await new OneClassSVM().fit(tableOf([[1]]));
    expect(one.predictSync({ x0: 1 })).not.toBeNull();
    const all = await new OneClassSVM({ nu: 1 }).fit(tableOf(cancer));
    expect(all.training.convergence!.reached).toBe(true);
    const anomalies = readRegister(await all.predict(tableOf(cancer)), 'prediction').values;
    expect(anomalies.every((value) => value === 0 || value === 1)).toBe(true);
  });

  test('parameters that cannot be are refused', () => {
    expect(() => new SVC({ C: 0 })).toThrow(/number > 0 for SVC.C/);
    expect(() => new OneClassSVM({ nu: 1.5 })).toThrow(/OneClassSVM.nu/);
    expect(() => new SVR({ gamma: -1 })).toThrow(/SVR.gamma/);
  });
});
