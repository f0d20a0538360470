import { readdirSync } from 'node:fs';
import type { Table } from 'apache-arrow';
import { expect } from 'vitest';
import type { Engine } from '#lanewise/engine/engine.js';
import type {
  GradientBoostingClassifier,
  GradientBoostingRanker,
  GradientBoostingRegressor,
} from '#lanewise/models/gradient-boosting/index.js';
import { type RegisterColumn, tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { FitOptions, Model, Source } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers } from './tree-data.js';

/** A table in chunks of so many rows; the last are as many as are left. Labels are those of each chunk. */
export function chunked(table: Table, length: number): Source {
  // Made once: a fit passes over them several times.
  const made: Table[] = [];
  return {
    description: 'a table in chunks',
    async *batches() {
      for (let start = 0, chunk = 0; start < table.numRows; start += length, chunk++) {
        const count = Math.min(length, table.numRows - start);
        made[chunk] ??= takeRows(
          table,
          Uint32Array.from({ length: count }, (_, i) => start + i),
        );
        yield made[chunk];
      }
    },
  };
}

/** Everything of a model that must not depend on where its rows lay. */
export function bits({ program, training, importances }: Model): string {
  return JSON.stringify({ program, training, importances }, (_, value) => {
    if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, String);
    // In whatever order they were put in.
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  });
}

/** Two features, one with gaps and one of labels, targets of every kind, weights of which some are 0, and lists. */
export function streamColumns(rows: number): RegisterColumn[] {
  const x = numbers('x', rows, (row) => (noise(row, 0) < 0.1 ? Number.NaN : noise(row, 0)));
  const shop = labelled(
    'shop',
    Array.from({ length: rows }, (_, row) => (noise(row, 2) < 0.05 ? undefined : `s${Math.floor(40 * noise(row, 3))}`)),
  );
  const signal = (row: number) => (noise(row, 0) > 0.5 ? 3 : 0) + 2 * noise(row, 3) + noise(row, 6);
  return [
    x,
    shop,
    numbers('w', rows, (row) => (noise(row, 5) < 0.02 ? 0 : 0.5 + noise(row, 5))),
    // Many ties, −0 among them, and a long tail.
    numbers('y', rows, (row) => (noise(row, 7) < 0.2 ? -0 : Math.round(40 * signal(row)) / 8 / (0.02 + noise(row, 8)))),
    // Lists whose rows lie far apart, of 1 to some hundred rows, in an order that is not that of their names.
    labelled(
      'query',
      Array.from({ length: rows }, (_, row) => `q${Math.floor(900 * noise(row, 10) ** 2)}`),
    ),
    numbers('grade', rows, (row) => Math.min(3, Math.floor(signal(row) / 2 + noise(row, 11)))),
    { ...numbers('even', rows, (row) => Number(signal(row) > 2.5)), type: 'boolean' },
    numbers('z', rows, (row) => 5 - 2 * signal(row) + noise(row, 9)),
    labelled(
      'size',
      Array.from({ length: rows }, (_, row) => ['small', 'middle', 'large'][Math.floor(signal(row) / 2.1)]!),
    ),
  ];
}

export function streamTable(columns: readonly RegisterColumn[], ...names: string[]): Table {
  return tableFromRegisters(columns.filter(({ name }) => ['x', 'shop', ...names].includes(name)));
}

/** 400 rows for validation. */
export function someRows(columns: readonly RegisterColumn[], ...names: string[]): Table {
  return takeRows(
    streamTable(columns, ...names),
    Uint32Array.from({ length: 400 }, (_, i) => 7 * i),
  );
}

/** Whatever the chunks, the windows and the threads, nothing tells a model from that of `fit`, and nothing is left. */
export async function expectBitsOfMemory(
  estimator: GradientBoostingRegressor | GradientBoostingClassifier | GradientBoostingRanker,
  table: Table,
  options: FitOptions,
  { engines, directory }: { engines: readonly Engine[]; directory: string },
): Promise<void> {
  const expected = bits(await estimator.fit(table, { ...options, engine: engines[1] }));
  for (const [length, memory, engine] of [
    [7919, '8MB', engines[1]!],
    [table.numRows, '1MB', engines[0]!],
  ] as const) {
    const before = engine.arena.bytesUsed;
    const model = await estimator.fitStream(chunked(table, length), { ...options, engine, memory, directory });
    expect(bits(model)).toBe(expected);
    expect(engine.arena.bytesUsed).toBe(before);
  }
  expect(readdirSync(directory)).toEqual([]);
}
