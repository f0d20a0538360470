import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PoissonRegressor } from '#lanewise/models/generalized-linear/index.js';
import { LogisticRegression } from '#lanewise/models/logistic-regression/logistic-regression.js';
import { programImage } from '#lanewise/scoring/serialize.js';
import { tableFromRegisters, takeRows } from '#lanewise/table/columns.js';
import type { Estimator, FitOptions } from '#lanewise/table/interfaces.js';
import { fileCheckpoint } from '#lanewise/training/checkpoint.js';
import { labelled, noise, numbers } from './tree-data.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-penalized-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const rows = 400;
const x = Array.from({ length: 6 }, (_, k) => numbers(`x${k}`, rows, (row) => (k + 1) * (noise(row, k) - 0.5)));
const sum = (row: number) => x.reduce((total, { values }, k) => total + (k % 2 ? -1 : 1) * values[row]!, 0);
const table = tableFromRegisters([
  ...x,
  labelled(
    'two',
    Array.from({ length: rows }, (_, row) => (sum(row) + 3 * noise(row, 30) > 1.5 ? 'yes' : 'no')),
  ),
  labelled(
    'three',
    Array.from({ length: rows }, (_, row) => `k${Math.floor(Math.abs(sum(row) + 2 * noise(row, 31))) % 3}`),
  ),
  numbers('count', rows, (row) => Math.floor(3 * noise(row, 32) + Math.abs(sum(row)))),
]);
const some = (from: number, to: number) =>
  takeRows(
    table,
    Uint32Array.from({ length: to - from }, (_, i) => from + i),
  );
const others = ['two', 'three', 'count'];
const without = (target: string) => ({ target, table: dropOthers(target) });
function dropOthers(target: string) {
  return table.select([...x.map(({ name }) => name), ...others.filter((name) => name === target)]);
}

describe('a fit that was stopped goes on from its checkpoint, to the bits of a fit without a pause', () => {
  const tight = { tol: 1e-12, C: 10 };
  const cases: Record<string, [Estimator, string, FitOptions]> = {
    'Newton’s method': [new LogisticRegression({ ...tight, solver: 'newton-cholesky' }), 'two', {}],
    'conjugate gradients': [new LogisticRegression({ ...tight, solver: 'newton-cg' }), 'two', {}],
    'L-BFGS, three classes': [new LogisticRegression({ ...tight, solver: 'lbfgs' }), 'three', {}],
    'L-BFGS with a validation table': [
      new LogisticRegression({ ...tight, solver: 'lbfgs' }),
      'two',
      { validation: some(0, 100) },
    ],
    'proximal Newton': [new LogisticRegression({ ...tight, penalty: 'l1' }), 'three', {}],
    'orthant-wise L-BFGS': [new LogisticRegression({ ...tight, penalty: 'l1', solver: 'lbfgs' }), 'two', {}],
    'a log link': [new PoissonRegressor({ alpha: 1e-3, tol: 1e-12, solver: 'lbfgs' }), 'count', {}],
  };
  for (const [name, [estimator, target, options]] of Object.entries(cases)) {
    test(name, async () => {
      const { table: data } = without(target);
      const whole = await estimator.fit(data, { ...options, target });
      const at = Math.max(1, Math.floor(whole.training.iterations / 2));
      expect(whole.training.iterations).toBeGreaterThan(at);
      const path = join(folder, `fit-${files++}`);
      const checkpoint = await fileCheckpoint(path, { every: 0 });
      const cut = new Error('cut off');
      const first = estimator.fit(data, {
        ...options,
        target,
        checkpoint,
        onProgress: ({ done }) => {
          if (done === at + 1) throw cut;
        },
      });
      await expect(first).rejects.toBe(cut);
      const begun: number[] = [];
      const model = await estimator.fit(data, {
        ...options,
        target,
        checkpoint,
        onProgress: ({ done }) => begun.push(done),
      });
      expect(begun[0]).toBe(at + 1);
      expect(Buffer.from(programImage(model.program)).equals(programImage(whole.program))).toBe(true);
      expect(model.training).toEqual(whole.training);
      expect(existsSync(path)).toBe(false);
    });
  }
});

test('other data or settings are refused; a time budget keeps the state', async () => {
  const { table: data } = without('two');
  const estimator = new LogisticRegression({ solver: 'lbfgs', tol: 1e-12, C: 100 });
  const path = join(folder, 'budget');
  const options = { target: 'two', checkpoint: await fileCheckpoint(path) };
  const short = await estimator.fit(data, { ...options, timeBudget: 1e-6 });
  expect(short.training.iterations).toBe(1);
  expect(short.training.verdict).toContain('time budget');
  const firstRows = Uint32Array.from({ length: 300 }, (_, row) => row);
  for (const other of [
    () => estimator.with({ C: 1 }).fit(data, options),
    () => estimator.fit(takeRows(data, firstRows), options),
  ]) {
    await expect(other()).rejects.toThrow(/checkpoint of this training/);
  }
  const whole = await estimator.fit(data, { target: 'two' });
  const rest = await estimator.fit(data, options);
  expect(Buffer.from(programImage(rest.program)).equals(programImage(whole.program))).toBe(true);
  expect(existsSync(path)).toBe(false);
});
