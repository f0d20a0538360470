import { createHash } from 'node:crypto';
import type { Table } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { createEngine, defaultEngine } from '#lanewise/engine/engine.js';
import { models } from '#lanewise/models/index.js';
import { makeModel } from '#lanewise/models/model.js';
import { type RegisterColumn, readRegister, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Estimator, FitOptions, Model, Progress, TaskKind } from '#lanewise/table/interfaces.js';

// Every model in the list keeps these promises; a new line in src/models/index.ts is held to them without a word here.

/** Smaller work where the default would take seconds; names that a model does not declare are left out. */
const quick = {
  maxIter: 8,
  nEstimators: 4,
  maxDepth: 5,
  nClusters: 3,
  nu: 0.01,
  hiddenLayerSizes: [6],
  radius: 1e13,
  covarianceType: 'diag',
  maxBins: 255,
};
const targets: Record<TaskKind, string | undefined> = {
  classification: 'class',
  regression: 'amount',
  ranking: 'grade',
  clustering: undefined,
  'anomaly-detection': undefined,
  recommendation: undefined,
};

/** A pseudo-random number in [0, 1) that depends on nothing but its arguments. */
function noise(row: number, column: number): number {
  let state = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(column + 1, 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
  return ((state ^ (state >>> 15)) >>> 0) / 4294967296;
}

/** Numbers, a boolean and a timestamp; the class and the amount, which is above 0, depend on the first two. */
function sample(rows: number, featureCount = 4): RegisterColumn[] {
  const column = (value: (row: number) => number) => Float64Array.from({ length: rows }, (_, row) => value(row));
  const features = Array.from({ length: featureCount }, (_, j) => column((row) => 10 * noise(row, j) - 5 * j));
  const [a, b] = [features[0]!, features[1] ?? features[0]!];
  return [
    ...features.map((values, j) => ({ name: `x${j}`, type: 'number' as const, values })),
    { name: 'flag', type: 'boolean', values: column((row) => (noise(row, 50) < 0.5 ? 1 : 0)) },
    { name: 'seen', type: 'timestamp', values: column((row) => 1.5e12 + Math.floor(1e9 * noise(row, 51))) },
    { name: 'amount', type: 'number', values: column((row) => 8 + 3 * a[row]! - b[row]! + noise(row, 52)) },
    {
      name: 'class',
      type: 'category',
      values: column((row) => (a[row]! + noise(row, 53) > 6 ? 2 : b[row]! > -1 ? 1 : 0)),
      labels: ['z', 'é', '𝒜'],
    },
    { name: 'grade', type: 'number', values: column((row) => Math.floor(noise(row, 54) * (a[row]! > 4 ? 4 : 2))) },
    { name: 'list', type: 'number', role: 'group', values: column((row) => Math.floor(row / 8)) },
  ];
}

/** The sample as a table, without the other tasks' targets; lists only where they are ranked. */
function tableFor(task: TaskKind, columns: RegisterColumn[]): Table {
  const others = ['amount', 'class', 'grade', ...(task === 'ranking' ? [] : ['list'])];
  return tableFromRegisters(columns.filter(({ name }) => !others.includes(name) || name === targets[task]));
}

/** The table with a column's values replaced. */
function withColumn(
  task: TaskKind,
  columns: RegisterColumn[],
  name: string,
  change: (value: number, row: number) => number,
): Table {
  const changed = columns.map((column) =>
    column.name === name ? { ...column, values: column.values.map(change) } : column,
  );
  return tableFor(task, changed);
}

/** SHA-256 over everything a program holds, bit for bit. */
function hashOf(value: unknown): string {
  const hash = createHash('sha256');
  const visit = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    else if (typeof part === 'number') hash.update(new Uint8Array(Float64Array.of(part).buffer));
    else if (part !== null && typeof part === 'object') {
      for (const [key, entry] of Object.entries(part)) {
        hash.update(key);
        visit(entry);
      }
    } else hash.update(String(part));
  };
  visit(value);
  return hash.digest('hex');
}

/** Outputs of a table, column by column. */
function outputsOf(model: Model, table: Table): Float64Array[] {
  return model.program.outputs.map(({ name, labels }) => readRegister(table, name, labels).values);
}

for (const entry of models) {
  for (const task of entry.tasks) {
    describe(`${entry.name}, ${task}`, () => {
      const target = targets[task];
      // Some models take counts, which are never below 0.
      const sampleFor = (rows: number, featureCount?: number) =>
        sample(rows, featureCount).map((column) =>
          entry.nonNegative && column.name.startsWith('x')
            ? { ...column, values: column.values.map(Math.abs) }
            : column,
        );
      const declared = entry.declarations(task);
      const parameters = Object.fromEntries(Object.entries(quick).filter(([name]) => name in declared));
      const estimator: Estimator = entry.create(task, parameters);
      const table = tableFor(task, sampleFor(120));
      const train = (data = table, options: FitOptions = {}) => estimator.fit(data, { target, seed: 3, ...options });

      test('says who it is, and `with` changes parameters and nothing else', () => {
        expect(estimator).toMatchObject({ name: entry.name, task, declarations: declared });
        expect(estimator.with({}).parameters).toEqual(estimator.parameters);
        expect(() => estimator.with({ noSuchParameter: 1 })).toThrow(/Unknown parameter .*noSuchParameter/);
      });

      test('the same seed gives the same bits', async () => {
        const [first, second] = [await train(), await train()];
        expect(hashOf(second.program)).toBe(hashOf(first.program));
        expect(second.training.history).toEqual(first.training.history);
      });

      test('every backend and any number of threads give the same bits, over several blocks of rows', async () => {
        const rows = entry.quadratic ? 700 : 17_000;
        const large = tableFor(task, sampleFor(rows));
        const some = takeRows(large, [0, 1, 255, 256, rows - 617, rows - 616, rows - 1]);
        const hashes = new Map<string, string>();
        for (const options of [
          { backend: 'reference', threads: 1 },
          { backend: 'wasm', threads: 1 },
          { backend: 'wasm', threads: 2 },
        ] as const) {
          await using engine = await createEngine(options);
          const model = await train(large, { engine });
          const predicted = outputsOf(model, await model.predict(some, { engine }));
          hashes.set(`${options.backend} ${options.threads}`, hashOf([model.program, predicted]));
        }
        expect(new Set(hashes.values()).size, JSON.stringify([...hashes])).toBe(1);
      });

      test('its program survives structured cloning', async () => {
        const model = await train();
        const clone = makeModel({ ...model, program: structuredClone(model.program) });
        expect(outputsOf(clone, await clone.predict(table))).toEqual(outputsOf(model, await model.predict(table)));
      });

      test('a batch, single rows and predictSync agree bit for bit', async () => {
        const model = await train();
        const batch = outputsOf(model, await model.predict(table));
        const { inputs, outputs } = model.program;
        const registers = inputs.map((input) => readRegister(table, input.name, input.labels));
        for (let row = 0; row < table.numRows; row += 7) {
          const single = outputsOf(model, await model.predict(takeRows(table, [row])));
          expect(single.map((column) => column[0])).toEqual(batch.map((column) => column[row]));
          const given = registers.map(({ name, type, values }) => [
            name,
            type === 'boolean' ? values[row] === 1 : values[row],
          ]);
          const value = batch[0]![row]!;
          const expected = outputs[0]!.labels ? outputs[0]!.labels[value] : value;
          expect(model.predictSync(Object.fromEntries(given))).toBe(expected);
        }
      });

      test('outputs are named as the interface says', async () => {
        const model = await train();
        const names = model.program.outputs.map((output) => output.name);
        expect(names[0]).toBe('prediction');
        if (task === 'classification') {
          expect(model.classes).toEqual(['z', 'é', '𝒜']);
          expect(names.slice(1)).toEqual(model.classes!.map((label) => `probability_${label}`));
          const out = outputsOf(model, await model.predict(table)).slice(1);
          for (let row = 0; row < table.numRows; row++) {
            const probabilities = out.map((column) => column[row]!);
            expect(probabilities.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
            expect(Math.min(...probabilities)).toBeGreaterThanOrEqual(0);
          }
        }
      });

      test('tells how training went, and what the features are worth', async () => {
        const { training, importances, interpretability, parameters: kept } = await train();
        expect(training.rows).toBe(120);
        expect(training.verdict).not.toBe('');
        expect(training.bestIteration).toBeLessThanOrEqual(training.iterations);
        expect(training.history.every((point) => Number.isFinite(point.loss))).toBe(true);
        expect(['high', 'medium', 'low']).toContain(interpretability);
        expect(kept).toEqual(estimator.parameters);
        if (importances) {
          const shares = Object.values(importances);
          expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        }
      });

      test('reports progress, and a cancelled signal ends it by name', async () => {
        const seen: Progress[] = [];
        await train(table, { onProgress: (progress) => seen.push(progress) });
        expect(seen.length).toBeGreaterThan(0);
        expect(seen.every(({ done, total }) => done >= 1 && done <= total)).toBe(true);
        await expect(train(table, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
        if (seen.length < 3) return;
        const controller = new AbortController();
        const stopped = train(table, { signal: controller.signal, onProgress: () => controller.abort() });
        await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
      });

      test('no rows, one row and no features are named', async () => {
        await expect(train(takeRows(table, []))).rejects.toMatchObject({
          code: 'data',
          message: expect.stringMatching(/row/),
        });
        if (target !== undefined) {
          await expect(train(takeRows(table, [0]))).rejects.toMatchObject({
            code: 'data',
            message: expect.stringMatching(/row/),
          });
        }
        const bare = tableFromRegisters(sampleFor(20).filter(({ name }) => ['x0', 'list', target].includes(name)));
        const ignored = tableFromRegisters([
          { ...sampleFor(20)[0]!, role: 'ignore' },
          ...sampleFor(20).filter(({ name }) => name === target || name === 'list'),
        ]);
        await expect(train(ignored)).rejects.toMatchObject({ code: 'data', message: expect.stringMatching(/feature/) });
        await expect(train(bare)).resolves.toBeDefined();
      });

      test('a target that is not there, has gaps or has one value is named', async () => {
        if (target === undefined) return;
        const misspelt = target.slice(0, -1);
        await expect(train(table, { target: misspelt })).rejects.toThrow(
          new RegExp(`"${misspelt}".*did you mean "${target}"`),
        );
        const gaps = withColumn(task, sampleFor(60), target, (value, row) => (row % 30 === 0 ? Number.NaN : value));
        await expect(train(gaps)).rejects.toThrow(new RegExp(`"${target}".* 2 of 60`));
        const flat = withColumn(task, sampleFor(60), target, () => 1);
        await expect(train(flat)).rejects.toThrow(new RegExp(`two values in target "${target}"`));
      });

      test('missing and infinite features are taken, or refused by column', async () => {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const dirty = withColumn(task, sampleFor(60), 'x1', (value, row) => (row === 4 ? bad : value));
          const outcome = await train(dirty).then(
            () => 'taken',
            (error) => `${error.code} ${error.message}`,
          );
          expect(outcome).toMatch(/^taken$|^data .*"x1"/);
        }
        const model = await train();
        expect(() => model.predictSync({})).not.toThrow();
        expect(() => model.predictSync({ x0: Number.POSITIVE_INFINITY })).not.toThrow();
        expect(() => model.predictSync({ x0: 'text' })).toThrow(/number for column "x0".*"text"/);
      });

      test('categories are taken, with labels never seen at prediction, or refused by column', async () => {
        const colour = Float64Array.from({ length: 60 }, (_, row) => row % 3);
        const columns = sampleFor(60).filter(({ name }) => ['x0', 'list', target].includes(name));
        const coloured = tableFromRegisters([
          ...columns,
          { name: 'colour', type: 'category', values: colour, labels: ['blue', 'green', 'red'] },
        ]);
        const outcome = await train(coloured).catch((error) => error);
        if (outcome instanceof Error) expect(outcome.message).toMatch(/"colour".*categories|categories.*"colour"/);
        else expect(() => outcome.predictSync({ x0: 1, colour: 'violet' })).not.toThrow();
      });

      test('a constant column and 2,000 columns do no harm', async () => {
        const constant = await train(withColumn(task, sampleFor(60), 'x1', () => 7));
        expect(constant.predictSync({ x0: 1, x1: 7, x2: 0, x3: 0, flag: true, seen: 1.5e12 })).not.toBeNull();
        const wide = tableFor(task, sampleFor(24, 2000));
        await using engine = await createEngine({ backend: 'wasm', threads: 1 });
        const model = await train(wide, { engine });
        const [prediction] = outputsOf(model, await model.predict(wide, { engine }));
        expect(prediction!.every(Number.isFinite)).toBe(true);
      });

      test('predicting wants the columns of training, by name', async () => {
        const model = await train();
        const less = tableFromRegisters(sampleFor(5).filter(({ name }) => name !== 'x2'));
        await expect(model.predict(less, { engine: await defaultEngine() })).rejects.toThrow(/"x2"/);
      });
    });
  }
}
