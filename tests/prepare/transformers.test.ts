import { describe, expect, test } from 'vitest';
import { featureMakers } from '#lanewise/features/index.js';
import { Pipeline, preparations } from '#lanewise/prepare/index.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import type { Program } from '#lanewise/scoring/program.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { columnsOf } from '#lanewise/table/schema.js';

// The contract suite: every transformer of prepare and features holds to this, on every table below.

const { NaN: missing, POSITIVE_INFINITY: infinity } = Number;
const DAY = 86_400_000;
const rows = 40;
const each = (value: (row: number) => number) => Float64Array.from({ length: rows }, (_, row) => value(row));

const mixed: RegisterColumn[] = [
  { name: 'size', type: 'number', values: each((row) => (row % 9 === 0 ? missing : row * 0.7 - 3)) },
  { name: 'weight', type: 'number', values: each((row) => (row === 7 ? -999 : row === 8 ? -999 : Math.sqrt(row))) },
  { name: 'wild', type: 'number', values: each((row) => (row === 3 ? infinity : row === 4 ? -infinity : row * row)) },
  { name: 'flat', type: 'number', values: each(() => 5) },
  { name: 'void', type: 'number', values: each(() => missing) },
  { name: 'flag', type: 'boolean', values: each((row) => (row % 11 === 0 ? missing : row % 2)) },
  { name: 'when', type: 'timestamp', values: each((row) => (row === 5 ? missing : Math.round(row * 1.7 * DAY))) },
  {
    name: 'label',
    type: 'category',
    values: each((row) => (row % 7 === 0 ? missing : row % 4)),
    labels: ['?', 'Red', 'blue', 'red '],
  },
  {
    name: 'rare',
    type: 'category',
    values: each((row) => row % 20),
    labels: Array.from({ length: 20 }, (_, k) => `l${String(k).padStart(2, '0')}`),
  },
  { name: 'target', type: 'number', values: each((row) => (row % 4) + row * 0.1) },
];
const only = (...names: string[]) => mixed.filter(({ name }) => names.includes(name) || name === 'target');
const cut = (columns: RegisterColumn[], count: number) =>
  columns.map((column) => ({ ...column, values: column.values.slice(0, count) }));

const tables: Record<string, RegisterColumn[]> = {
  'a table of all kinds': mixed,
  'numbers alone': only('size', 'weight'),
  'categories alone': only('label', 'rare'),
  'a timestamp alone': only('when'),
  'no features': only(),
  'one row': cut(mixed, 1),
};

const settings: Record<string, readonly object[]> = {
  impute: [
    {},
    { strategy: 'mean', addIndicator: true },
    { strategy: 'most_frequent' },
    { strategy: 'constant', fillValue: -1 },
  ],
  'knn-impute': [{}, { nNeighbors: 2, weights: 'distance', addIndicator: true }, { nNeighbors: 99 }],
  'one-hot': [{}, { minFrequency: 3 }, { maxCategories: 3 }, { drop: 'first' }],
  scale: [{}, { method: 'min_max' }, { method: 'robust' }],
  outliers: [{}, { action: 'flag' }, { action: 'clip', method: 'z_score', factor: 1 }],
  leakage: [{}, { action: 'drop', threshold: 0.5 }],
  calendar: [
    {},
    { year: true, quarter: true, week: true, day: true, dayOfYear: true, weekend: true, minute: true, keep: true },
  ],
  expression: [{ name: 'fresh', value: '1 + 2' }],
  'select-best': [{ k: 2 }, { k: 2, score: 'f' }],
};

function run(program: Program, columns: readonly RegisterColumn[], rowCount: number): Float64Array[] {
  const inputs = program.inputs.map(({ name }) => columns.find((column) => column.name === name)!.values);
  return runProgram(program, inputs, rowCount);
}

describe.each([...preparations, ...featureMakers])('$name', (entry) => {
  const variants = settings[entry.name] ?? [{}];
  const learn = (columns: RegisterColumn[], parameters: object) =>
    new Pipeline([{ transformer: entry.create({ ...parameters }) }]).fit(tableFromRegisters(columns), {
      target: 'target',
    });

  test.each(Object.keys(tables))('fits %s twice to the same program and leaves the table as it was', async (name) => {
    const columns = tables[name]!;
    const before = columns.map(({ values }) => [...values]);
    for (const parameters of variants) {
      const first = await learn(columns, parameters);
      expect((await learn(columns, parameters)).fitted.program).toEqual(first.fitted.program);
      expect(columns.map(({ values }) => [...values])).toEqual(before);
    }
  });

  test.each(Object.keys(tables))('gives new rows of %s what it gave the training rows, bit for bit', async (name) => {
    const columns = tables[name]!;
    for (const parameters of variants) {
      const { fitted, table, keptRows } = await learn(columns, parameters);
      const rowCount = columns[0]!.values.length;
      const saved = structuredClone(fitted.program);
      const outputs = run(saved, columns, rowCount);
      saved.outputs.forEach(({ name: feature }, index) => {
        const kept = keptRows ?? Uint32Array.from({ length: rowCount }, (_, row) => row);
        const trained = readRegister(table, feature);
        const codes = saved.outputs[index]!.labels;
        const shown = (value: number, labels?: readonly string[]) => (labels ? (labels[value] ?? missing) : value);
        expect(Array.from(trained.values, (value) => shown(value, trained.labels))).toEqual(
          Array.from(kept, (row) => shown(outputs[index]![row]!, codes)),
        );
      });
      for (let row = 0; row < Math.min(rowCount, 5); row++) {
        const single = cut(
          columns.map((column) => ({ ...column, values: column.values.slice(row) })),
          1,
        );
        expect(run(saved, single, 1).map((values) => values[0])).toEqual(outputs.map((values) => values[row]));
      }
    }
  });

  test('keeps the columns it does not speak of, in their order, and names are never repeated', async () => {
    for (const parameters of variants) {
      const { fitted, table } = await learn(mixed, parameters);
      const after = columnsOf(table).map(({ name }) => name);
      expect(new Set(after).size).toBe(after.length);
      const spokenOf = new Set(fitted.report.flatMap(({ column }) => column?.split(', ') ?? []));
      const kept = mixed.map(({ name }) => name).filter((name) => after.includes(name));
      expect(after.filter((name) => kept.includes(name))).toEqual(kept);
      for (const { name } of mixed) expect(after.includes(name) || spokenOf.has(name), name).toBe(true);
    }
  });

  test('takes labels never seen, missing values and infinite ones without an error', async () => {
    for (const parameters of variants) {
      const { fitted } = await learn(mixed, parameters);
      for (const value of [missing, infinity, -infinity, -1e300, 99]) {
        const strange = mixed.map((column) => {
          const code = column.type === 'category' ? (Number.isNaN(value) ? missing : column.labels!.length) : value;
          return { ...column, values: Float64Array.of(code) };
        });
        for (const output of run(fitted.program, strange, 1)) expect(output).toHaveLength(1);
      }
    }
  });

  test('refuses a parameter that it does not have', () => {
    expect(() => entry.create({ nonsense: 1 })).toThrow(/nonsense/);
  });

  test('declares parameters whose defaults pass its own check', () => {
    for (const declaration of Object.values(entry.declarations)) expect(declaration.meaning.length).toBeGreaterThan(3);
    expect(() => entry.create({ ...settings[entry.name]?.[0] })).not.toThrow();
  });
});
