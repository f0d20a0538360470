import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { LanewiseError } from '#lanewise/errors.js';
import { models } from '#lanewise/models/index.js';
import { validateProgram } from '#lanewise/scoring/validate.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { dice } from '../scoring/programs.js';
import { hostileParameters, hostileTable } from './hostile-tables.js';

// Models that are solved directly, on columns as no one would collect them. LANEWISE_SEEDS=n draws n times as many tables.
const draws = 60 * Number(process.env['LANEWISE_SEEDS'] ?? 1);
const names = ['linear-regression', 'ridge-cv', 'linear-discriminant-analysis', 'quadratic-discriminant-analysis'];
const cases = models
  .filter(({ name }) => names.includes(name))
  .flatMap((entry) => entry.tasks.map((task) => ({ entry, task, name: entry.name })));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

test.each(cases)('$name: a model whose answers are numbers, or a named error', async ({ entry, task }) => {
  let fitted = 0;
  for (let draw = 0; draw < draws; draw++) {
    const random = dice(1 + draw * 7919 + entry.name.length);
    const { columns, weighted } = hostileTable(random, task);
    // These want complete numbers: what is missing or infinite becomes 0, categories stay out.
    const complete = columns
      .filter(({ name, type }) => type !== 'category' || name === 'y')
      .map((column) => {
        const keep = column.name === 'y' || column.name === 'w';
        return keep ? column : { ...column, values: column.values.map((x) => (Number.isFinite(x) ? x : 0)) };
      });
    const table = tableFromRegisters(complete);
    const parameters = hostileParameters(random, entry.declarations(task));
    const where = `draw ${draw}: ${table.numRows} rows, ${JSON.stringify(parameters)}`;
    const used = engine.arena.bytesUsed;
    try {
      const estimator = entry.create(task, parameters);
      const model = await estimator.fit(table, { target: 'y', weights: weighted ? 'w' : undefined, engine });
      validateProgram(model.program);
      const predicted = await model.predict(table, { engine });
      for (const { name, labels } of model.program.outputs) {
        expect(readRegister(predicted, name, labels).values.some(Number.isNaN), `${where}, ${name}`).toBe(false);
      }
      fitted++;
    } catch (error) {
      if (!(error instanceof LanewiseError)) throw new Error(where, { cause: error });
      expect(['data', 'usage'], `${where}: ${error.message}`).toContain(error.code);
    }
    expect(engine.arena.bytesUsed, where).toBe(used);
  }
  expect(fitted).toBeGreaterThan(draws / 10);
});
