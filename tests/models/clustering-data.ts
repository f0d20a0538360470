import { readFileSync } from 'node:fs';
import type { Table } from 'apache-arrow';
import { tableFromRegisters } from '#lanewise/table/columns.js';

/** scikit-learn's answers (tests/agreement/clustering.py). */
const golden = JSON.parse(readFileSync(new URL('../fixtures/clustering.json', import.meta.url), 'utf8'));

export const setNames = ['iris', 'wine', 'penguins', 'digits'] as const;
export type SetName = (typeof setNames)[number];

/** The cases of an algorithm on a set, as the script wrote them. */
// biome-ignore lint/suspicious/noExplicitAny: golden values of many forms
export function casesOf(name: SetName, algorithm: string): any {
  return golden.sets[name][algorithm];
}

export function rowsOf(name: SetName): number[][] {
  const { rows, dimension } = golden.sets[name];
  const values: number[] = typeof rows === 'string' ? Array.from(rows, (digit) => Number.parseInt(digit, 36)) : rows;
  return Array.from({ length: values.length / dimension }, (_, i) => values.slice(i * dimension, (i + 1) * dimension));
}

export function tableOfRows(rows: readonly (readonly number[])[]): Table {
  return tableFromRegisters(
    (rows[0] ?? []).map((_, j) => ({
      name: `x${j}`,
      type: 'number' as const,
      values: Float64Array.from(rows, (row) => row[j]!),
    })),
  );
}

const tables = new Map<SetName, Table>();

export function tableOf(name: SetName): Table {
  if (!tables.has(name)) tables.set(name, tableOfRows(rowsOf(name)));
  return tables.get(name)!;
}

/** Clusters numbered in the order of their first rows, so that equal clusterings are equal lists; noise stays −1. */
export function renamed(labels: ArrayLike<number>): number[] {
  const numbers = new Map<number, number>();
  return Array.from(labels, (label) => {
    if (label < 0) return -1;
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label)!;
  });
}
