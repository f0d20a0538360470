import { readFileSync } from 'node:fs';
import { tableFromRegisters } from '#lanewise/table/columns.js';

/** scikit-learn's answers (tests/agreement/linear-models.py). */
export const golden = JSON.parse(readFileSync(new URL('../fixtures/linear-models.json', import.meta.url), 'utf8'));

/** A golden data set as a table: its columns, then `target`, then `weights` where there are any. */
export function goldenTable(
  name: 'iris' | 'wine' | 'diabetes',
  options: { target?: number[]; weights?: number[] } = {},
) {
  const { columns, target, weights } = golden[name];
  const given: Record<string, number[]> = { ...columns, target: options.target ?? target };
  const weighted = options.weights ?? weights;
  if (weighted) given['weights'] = weighted;
  return tableFromRegisters(
    Object.entries(given).map(([column, values]) => ({
      name: column,
      type: 'number',
      values: Float64Array.from(values),
      ...(column === 'weights' && { role: 'ignore' as const }),
    })),
  );
}

/** The linear operation of a model's program. */
export function linearOf(model: { program: { operations: readonly { op: string }[] } }) {
  return model.program.operations.find((operation) => operation.op === 'linear') as unknown as {
    coefficients: Float64Array;
    intercepts: Float64Array;
  };
}

/** Largest relative difference, where 1 is the least that is divided by. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++)
    largest = Math.max(largest, Math.abs(a[i]! - b[i]!) / Math.max(1, Math.abs(b[i]!)));
  return largest;
}
