import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { lanewise } from './helpers.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-ranking-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

/** Lists of texts as names, strewn over the file; the grade follows `match`. */
const noise = (row: number) => ((row * 7919) % 1009) / 1009;
const rows = Array.from({ length: 600 }, (_, row) => {
  const match = noise(row);
  return `list ${row % 40},${match.toFixed(3)},${noise(row + 77).toFixed(3)},${Math.floor(2.9 * (0.8 * match + 0.2 * noise(row + 5)))}`;
});
writeFileSync(at('lists.csv'), ['query,match,other,grade', ...rows].join('\n'));

const json = async (...argv: string[]) => {
  const { code, out, err } = await lanewise(...argv, '--json');
  expect([code, err.includes('error:')], err).toEqual([0, false]);
  return JSON.parse(out);
};
const ranking = ['--target', 'grade', '--task', 'ranking', '--group', 'query', '--param', 'maxIter=10'];

test('lists are learnt from, scored and predicted from the command line', async () => {
  const report = await json('train', at('lists.csv'), ...ranking, '--output', at('model'));
  expect(report).toMatchObject({ task: 'ranking', estimator: 'gradient-boosting' });
  expect(report.scores.map(({ metric }: { metric: string }) => metric).slice(0, 2)).toEqual(['ndcg@10', 'ndcg@5']);
  expect(report.scores[0].score).toBeGreaterThan(0.9);
  // Whole lists of 15 rows are held out.
  expect(report.rows.test % 15).toBe(0);
  const evaluated = await json('evaluate', at('lists.csv'), ...ranking);
  expect(evaluated.splitter).toBe('5-fold by group "query"');
  expect(evaluated.metrics['ndcg@10'].mean).toBeGreaterThan(0.9);
  const predicted = await json('predict', at('lists.csv'), '--model', at('model'));
  expect(predicted).toMatchObject({ rows: 600, columns: ['prediction'] });
});

test('the metric is that of the loss', async () => {
  const counts = ['--target', 'grade', '--task', 'regression', '--param', 'loss=poisson', '--param', 'maxIter=5'];
  const { metrics } = await json('evaluate', at('lists.csv'), ...counts);
  expect(Object.keys(metrics)[0]).toBe('neg_mean_poisson_deviance');
});

test('ranking without groups is refused by name', async () => {
  const { code, err } = await lanewise('train', at('lists.csv'), '--target', 'grade', '--task', 'ranking');
  expect(code).not.toBe(0);
  expect(err).toMatch(/column of groups for ranking/);
});
