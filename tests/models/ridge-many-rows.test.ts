import { expect, test } from 'vitest';
import { Ridge } from '#lanewise/index.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import { dice } from '../scoring/programs.js';

test('ridge of many rows, read once, is the refined solution, far from 0 too; a missing value is still refused by name', async () => {
  const random = dice(3);
  const rows = 70_000;
  const columns = [0, 1e4, -3].map((offset, j) =>
    Float64Array.from({ length: rows }, () => offset + (j + 1) * random.uniform()),
  );
  const target = columns[0]!.map(
    (value, i) => 3 + value - 2 * columns[1]![i]! + 0.5 * columns[2]![i]! + random.uniform(),
  );
  const ones = new Float64Array(rows).fill(1);
  const tableOf = (first: Float64Array) =>
    tableFromRegisters([
      ...[first, ...columns.slice(1)].map((values, j) => ({ name: `x${j}`, type: 'number' as const, values })),
      { name: 'y', type: 'number', values: target },
      { name: 'one', type: 'number', values: ones },
    ]);
  const table = tableOf(columns[0]!);
  const drop = (weights?: string) =>
    new Ridge({ alpha: 2 }).fit(table.select(weights ? ['x0', 'x1', 'x2', 'y', 'one'] : ['x0', 'x1', 'x2', 'y']), {
      target: 'y',
      weights,
    });
  // Weights of 1 take the other path.
  const [once, refined] = [await drop(), await drop('one')];
  const linear = (model: typeof once) =>
    model.program.operations.find((operation) => operation.op === 'linear') as unknown as {
      coefficients: Float64Array;
      intercepts: Float64Array;
    };
  linear(once).coefficients.forEach((value, j) => {
    expect(value / linear(refined).coefficients[j]!).toBeCloseTo(1, 10);
  });
  expect(linear(once).intercepts[0]! / linear(refined).intercepts[0]!).toBeCloseTo(1, 9);
  expect(once.training.history[0]!.loss! / refined.training.history[0]!.loss!).toBeCloseTo(1, 6);
  const torn = columns[0]!.slice();
  torn[50] = Number.NaN;
  await expect(new Ridge().fit(tableOf(torn), { target: 'y' })).rejects.toThrow(/x0/);
});
