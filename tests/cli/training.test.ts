import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { goodCsv, lanewise } from './helpers.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-training-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
writeFileSync(at('good.csv'), goodCsv());
const train = (...argv: string[]) =>
  lanewise('train', at('good.csv'), '--target', 'y', '--output', at('model'), ...argv);
const eventsOf = (name: string): Record<string, unknown>[] =>
  readFileSync(at(name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('--events appends the loss of every iteration, and how it ended', async () => {
  const argv = ['--param', 'maxIter=5', '--events', at('events/loss.jsonl')];
  expect((await train(...argv)).code).toBe(0);
  const events = eventsOf('events/loss.jsonl');
  expect(events[0]).toMatchObject({ event: 'start' });
  const trees = events.filter(({ what }) => what === 'tree');
  expect(trees.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5]);
  const losses = trees.map(({ metrics }) => (metrics as { loss: number }).loss);
  expect(losses).toEqual(losses.toSorted((a, b) => b - a));
  expect(events.at(-1)).toMatchObject({ event: 'end', iterations: 5 });
  expect(events.every(({ time }) => !Number.isNaN(Date.parse(time as string)))).toBe(true);
  await train(...argv);
  expect(eventsOf('events/loss.jsonl')).toHaveLength(2 * events.length);
});

test('--time-budget stops training gracefully: the model is there and says so', async () => {
  const { code, out } = await train(
    '--param',
    'maxIter=50000',
    '--param',
    'learningRate=0.0001',
    '--time-budget',
    '0.3',
  );
  expect(code).toBe(0);
  expect(out).toMatch(/time budget used up after \d+ of 50000 rounds/);
  expect(existsSync(at('model'))).toBe(true);
});

test('--checkpoint keeps what a time budget cut off, and the next call goes on from it', async () => {
  const argv = ['--param', 'maxIter=50000', '--param', 'learningRate=0.0001', '--checkpoint', at('state'), '--json'];
  const first = JSON.parse((await train(...argv, '--time-budget', '0.2')).out);
  expect(existsSync(at('state'))).toBe(true);
  const second = JSON.parse((await train(...argv, '--time-budget', '0.2')).out);
  expect(second.training.iterations).toBeGreaterThan(first.training.iterations);
  const other = await train(...argv, '--time-budget', '0.2', '--seed', '1');
  expect([other.code, other.err]).toEqual([1, expect.stringContaining('checkpoint of this training')]);
});

test('a model that keeps no checkpoint says so, and writes none', async () => {
  const { code, err } = await train('--model', 'linear-svm', '--checkpoint', at('nothing'));
  expect([code, err]).toEqual([0, expect.stringContaining('keeps no checkpoint')]);
  expect(existsSync(at('nothing'))).toBe(false);
  const kept = await train('--model', 'linear', '--checkpoint', at('nothing'));
  expect(kept.err).not.toContain('keeps no checkpoint');
});

test.each([
  ['--time-budget', '0', 2, /seconds greater than 0/],
  ['--time-budget', 'soon', 2, /seconds greater than 0/],
  ['--events', '/dev/null/below', 1, /Expected to write the events/],
])('%s %s is refused', async (option, value, expected, message) => {
  const { code, err } = await train(option, value);
  expect(code).toBe(expected);
  expect(err).toMatch(message);
});
