import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { LanewiseError } from '#lanewise/errors.js';
import { models } from '#lanewise/models/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { validateProgram } from '#lanewise/scoring/validate.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { dice } from '../scoring/programs.js';
import { hostileParameters, hostileTable } from './hostile-tables.js';

// LANEWISE_SEEDS=n draws n times as many tables (.ci/run); on the native backend these run under the sanitizers (.ci/native.sh).
const draws = 40 * Number(process.env['LANEWISE_SEEDS'] ?? 1);
const SECONDS = 20;

const entries = models.filter(({ name }) => /boosting|forest|tree/.test(name));
const cases = entries.flatMap((entry) =>
  entry.tasks.map((task) => ({ entry, task, name: `${entry.name} for ${task}` })),
);

let engine: Engine;
// An engine keeps the trees that it predicts with, as long as the model lives; the one that fits shows what fitting keeps.
let predicting: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 2 });
  predicting = await createEngine({ threads: 1 });
});
afterAll(async () => {
  await engine.close();
  await predicting.close();
});

/** Every number that a model answers with, and every number in its trees but thresholds, is finite. */
async function expectFinite(model: Model, table: Parameters<Model['predict']>[0]): Promise<void> {
  validateProgram(model.program);
  for (const operation of model.program.operations) {
    if (operation.op !== 'ensemble') continue;
    const { base, leafValues, threshold } = operation as EnsembleOperation;
    expect(base.every(Number.isFinite), 'base').toBe(true);
    expect(leafValues.every(Number.isFinite), 'leaf values').toBe(true);
    expect(threshold.some(Number.isNaN), 'thresholds').toBe(false);
  }
  const predicted = await model.predict(table, { engine: predicting });
  for (const { name, labels } of model.program.outputs) {
    expect(readRegister(predicted, name, labels).values.every(Number.isFinite), name).toBe(true);
  }
}

describe.each(cases)('$name', ({ entry, task }) => {
  // It scores its own rows to find the threshold, and those trees stay until they are collected.
  const predictsInFit = entry.name === 'isolation-forest';

  test(`gives a finite model or a named error for ${draws} hostile tables, and gives its memory back`, async () => {
    let fitted = 0;
    for (let draw = 0; draw < draws; draw++) {
      const random = dice(1 + draw * 7919 + entry.name.length * 31 + task.length);
      const { columns, weighted } = hostileTable(random, task);
      const parameters = hostileParameters(random, entry.declarations(task));
      const table = tableFromRegisters(columns);
      const where = `draw ${draw}: ${table.numRows} rows, ${JSON.stringify(parameters)}`;
      const used = engine.arena.bytesUsed;
      const begin = performance.now();
      try {
        const estimator = entry.create(task, parameters);
        const options = {
          target: task === 'anomaly-detection' ? undefined : 'y',
          weights: weighted ? 'w' : undefined,
          group: task === 'ranking' ? 'list' : undefined,
        };
        const model = await estimator.fit(table, { ...options, engine });
        if (!predictsInFit) expect(engine.arena.bytesUsed, `memory after ${where}`).toBe(used);
        await expectFinite(model, table);
        fitted++;
      } catch (error) {
        if (!(error instanceof LanewiseError) || !['data', 'usage', 'unsupported'].includes(error.code)) {
          throw new Error(`${where}: ${String((error as Error).message)}`, { cause: error });
        }
        expect(engine.arena.bytesUsed, `memory after the error of ${where}`).toBe(used);
      }
      expect(performance.now() - begin, where).toBeLessThan(1000 * SECONDS);
    }
    // If all were refused, nothing was tested.
    expect(fitted).toBeGreaterThan(draws / 5);
  });

  test('gives its memory back when it is cancelled, at whatever moment', async () => {
    const random = dice(5);
    const rows = 1500;
    const column = (name: string) => ({
      name,
      type: 'number' as const,
      values: Float64Array.from({ length: rows }, () => random.uniform()),
    });
    const y =
      task === 'classification'
        ? {
            name: 'y',
            type: 'category' as const,
            labels: ['a', 'b', 'c'],
            values: Float64Array.from({ length: rows }, () => random.integer(3)),
          }
        : task === 'ranking'
          ? { ...column('y'), values: Float64Array.from({ length: rows }, () => random.integer(4)) }
          : column('y');
    const list = { ...column('list'), values: Float64Array.from({ length: rows }, (_, row) => Math.floor(row / 20)) };
    const table = tableFromRegisters([column('a'), column('b'), y, ...(task === 'ranking' ? [list] : [])]);
    const used = engine.arena.bytesUsed;
    let cancelled = 0;
    for (const moment of [0, 1, 2, 4]) {
      const controller = new AbortController();
      let seen = 0;
      if (moment === 0) controller.abort();
      const onProgress = () => {
        if (++seen === moment) controller.abort();
      };
      const fit = entry.create(task).fit(table, {
        target: task === 'anomaly-detection' ? undefined : 'y',
        engine,
        group: task === 'ranking' ? 'list' : undefined,
        signal: controller.signal,
        onProgress,
      });
      const code = await fit.then(
        () => 'fitted',
        (error: LanewiseError) => error.code,
      );
      if (code === 'cancelled') cancelled++;
      else expect(code).toBe('fitted');
      expect(engine.arena.bytesUsed, `cancelled at ${moment}`).toBe(used);
    }
    expect(cancelled).toBeGreaterThan(0);
  });
});
