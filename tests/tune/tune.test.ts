import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { LanewiseError } from '#lanewise/errors.js';
import { crossValidate } from '#lanewise/evaluate/cross-validate.js';
import { metricNamed } from '#lanewise/evaluate/metrics.js';
import { defineParameters } from '#lanewise/parameters.js';
import { gate } from '#lanewise/tune/gate.js';
import { parameterImportances } from '#lanewise/tune/importance.js';
import { gridSampler, randomSampler } from '#lanewise/tune/sampler.js';
import { overrideSpace, type ParameterSet, spaceOf, valueAt } from '#lanewise/tune/space.js';
import { type TuneOptions, tune } from '#lanewise/tune/tune.js';
import { tunedEstimator } from '#lanewise/tune/tuned-estimator.js';
import { lineEstimator, lineTable, type Seen } from '../evaluate/estimators.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-tune-'));
afterAll(() => rmSync(folder, { recursive: true }));

const declarations = defineParameters({
  rate: { type: 'number', default: 0.1, meaning: '', tune: { low: 0.001, high: 1, log: true } },
  leaves: { type: 'integer', default: 31, meaning: '', min: 2, tune: { low: 2, high: 5 } },
  kind: { type: 'choice', default: 'a', choices: ['a', 'b', 'c'], meaning: '', tune: { choices: ['a', 'b'] } },
  flag: { type: 'boolean', default: false, meaning: '', tune: true },
  fixed: { type: 'number', default: 1, meaning: '', max: 10 },
});

const table = lineTable(60);
const estimatorOf = (parameters: ParameterSet) => lineEstimator(parameters);
const options: TuneOptions = { target: 'y', trials: 8, seed: 3 };

test('the space is what the parameters declare', () => {
  expect(spaceOf(declarations)).toEqual([
    { name: 'rate', kind: 'number', low: 0.001, high: 1, log: true },
    { name: 'leaves', kind: 'integer', low: 2, high: 5, log: false },
    { name: 'kind', kind: 'choice', choices: ['a', 'b'] },
    { name: 'flag', kind: 'choice', choices: [false, true] },
  ]);
});

test('ranges of one’s own are checked against the parameter', () => {
  const space = overrideSpace(declarations, { fixed: { low: 1, high: 4 }, rate: { choices: [0.1, 0.2] } });
  expect(space.find(({ name }) => name === 'fixed')).toMatchObject({ low: 1, high: 4 });
  expect(space.find(({ name }) => name === 'rate')).toMatchObject({ kind: 'choice' });
  expect(() => overrideSpace(declarations, { rat: { low: 0, high: 1 } })).toThrow(/did you mean "rate"/);
  expect(() => overrideSpace(declarations, { fixed: { low: 1, high: 40 } })).toThrow(/within \[-Infinity, 10\]/);
  expect(() => overrideSpace(declarations, { rate: { low: 0, high: 1, log: true } })).toThrow(/low above 0/);
});

test('draws keep to their ranges, log ranges evenly in the logarithm, whole numbers evenly', () => {
  const [rate, leaves] = spaceOf(declarations);
  const counts = new Map<unknown, number>();
  let low = 0;
  for (let i = 0; i < 3000; i++) {
    const u = (i + 0.5) / 3000;
    const value = valueAt(rate!, u) as number;
    expect(value).toBeGreaterThanOrEqual(0.001);
    expect(value).toBeLessThanOrEqual(1);
    if (value < 0.01) low++;
    counts.set(valueAt(leaves!, u), (counts.get(valueAt(leaves!, u)) ?? 0) + 1);
  }
  expect(low / 3000).toBeCloseTo(1 / 3, 2);
  expect([...counts.keys()]).toEqual([2, 3, 4, 5]);
  for (const count of counts.values()) expect(count / 3000).toBeCloseTo(0.25, 2);
});

test('a trial depends on its number and the seed alone', () => {
  const space = spaceOf(declarations);
  expect(randomSampler(space, 1).parametersOf(7)).toEqual(randomSampler(space, 1).parametersOf(7));
  expect(randomSampler(space, 1).parametersOf(7)).not.toEqual(randomSampler(space, 2).parametersOf(7));
  expect(randomSampler(space, 1).parametersOf(7)).not.toEqual(randomSampler(space, 1).parametersOf(8));
});

test('a grid is every combination once', () => {
  const sampler = gridSampler(spaceOf(declarations), 3);
  const seen = new Set<string>();
  let number = 1;
  for (; sampler.parametersOf(number); number++) seen.add(JSON.stringify(sampler.parametersOf(number)));
  expect(seen.size).toBe(number - 1);
  expect(seen.size).toBe(3 * 3 * 2 * 2);
  expect([...seen].some((text) => text.includes('"rate":0.001'))).toBe(true);
  expect([...seen].some((text) => text.includes('"rate":1,'))).toBe(true);
});

test('trial 0 is the defaults, and the best of all is found and said', async () => {
  const result = await tune(estimatorOf, table, options);
  expect(result.history.length).toBe(8);
  expect(result.defaults.parameters).toEqual({ shrink: 0.5, center: true });
  expect(result.best.score).toBe(Math.max(...result.history.map(({ score }) => score!)));
  expect(result.best.parameters['shrink']).toBeGreaterThan(0.7);
  expect(result.importances['shrink']).toBeGreaterThan(0.6);
  expect(result.verdict).toMatch(/^Trial \d of 8 is best: RMSE/);
  expect(result.stopped).toBe('trials');
});

const withoutTime = (result: Awaited<ReturnType<typeof tune>>) =>
  result.history.map(({ seconds: _, ...trial }) => trial);

test('a study that was killed resumes, with the same trials and scores', async () => {
  const whole = await tune(estimatorOf, table, options);
  const journal = join(folder, 'killed.ndjson');
  await tune(estimatorOf, table, { ...options, trials: 4, journal });
  // The kill came in the middle of a line.
  appendFileSync(journal, '{"trial":4,"parameters":{"shr');
  const seen: Seen[] = [];
  const resumed = await tune((parameters) => lineEstimator(parameters, seen), table, { ...options, journal });
  expect(resumed.resumed).toBe(4);
  expect(seen.length).toBe(4 * 5);
  expect(withoutTime(resumed)).toEqual(withoutTime(whole));
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
  expect(lines.length).toBe(1 + 8);
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
});

test('a study that is done answers from the journal', async () => {
  const journal = join(folder, 'done.ndjson');
  const first = await tune(estimatorOf, table, { ...options, trials: 3, journal });
  const seen: Seen[] = [];
  const again = await tune((parameters) => lineEstimator(parameters, seen), table, { ...options, trials: 3, journal });
  expect(seen.length).toBe(0);
  expect(again.history).toEqual(first.history);
});

test('a study is not resumed for another search, seed or table', async () => {
  const journal = join(folder, 'other.ndjson');
  await tune(estimatorOf, table, { ...options, trials: 2, journal });
  const refused = (changes: TuneOptions, rows = table) =>
    expect(tune(estimatorOf, rows, { ...options, trials: 2, journal, ...changes })).rejects;
  await refused({ seed: 4 }).toThrow(/Expected a study with seed 4 but the file has 3/);
  await refused({ metric: 'r2' }).toThrow(/metric "r2"/);
  await refused({}, lineTable(60, { seed: 2 })).toThrow(/with data/);
  await refused({ space: { shrink: { low: 0, high: 1 } } }).toThrow(/with space/);
});

test('two processes do not run one study', async () => {
  const journal = join(folder, 'locked.ndjson');
  const first = tune(estimatorOf, table, { ...options, journal });
  const second = tune(estimatorOf, table, { ...options, journal });
  const outcomes = await Promise.allSettled([first, second]);
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(lost.length).toBe(1);
  expect(String(lost[0]!.reason)).toMatch(/another process is at it/);
  expect(existsSync(`${journal}.lock`)).toBe(false);
});

test('the lock of a process that was killed does not stand in the way', async () => {
  const journal = join(folder, 'orphan.ndjson');
  await tune(estimatorOf, table, { ...options, trials: 2, journal });
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  mkdirSync(`${journal}.lock`);
  writeFileSync(`${journal}.pid`, `${pid} ${hostname()}\n`);
  const resumed = await tune(estimatorOf, table, { ...options, trials: 3, journal });
  expect(resumed.resumed).toBe(2);
  expect(readdirSync(folder).filter((name) => name.startsWith('orphan'))).toEqual(['orphan.ndjson']);
  // The lock of one that lives does.
  mkdirSync(`${journal}.lock`);
  writeFileSync(`${journal}.pid`, `${process.pid} ${hostname()}\n`);
  await expect(tune(estimatorOf, table, { ...options, trials: 4, journal })).rejects.toThrow(/another process/);
});

test('a damaged study is named with its line', async () => {
  const journal = join(folder, 'damaged.ndjson');
  await tune(estimatorOf, table, { ...options, trials: 2, journal });
  const [header, first] = readFileSync(journal, 'utf8').split('\n');
  writeFileSync(journal, `${header}\n${first}\nnot json\n`);
  const refused = tune(estimatorOf, table, { ...options, journal });
  await expect(refused).rejects.toMatchObject({ code: 'file', place: { line: 3 } });
  writeFileSync(journal, `${header}\n${first!.replace('"trial":0', '"trial":5')}\n`);
  await expect(tune(estimatorOf, table, { ...options, journal })).rejects.toThrow(/Expected trial 0/);
  expect(existsSync(`${journal}.lock`)).toBe(false);
});

test('patience and budget stop the search', async () => {
  const space = { shrink: { low: 0.1, high: 0.2 } };
  const patient = await tune(estimatorOf, table, { ...options, trials: 20, patience: 3, space });
  expect(patient.stopped).toBe('patience');
  expect(patient.history.length).toBeLessThan(20);
  const budget = await tune(estimatorOf, table, { ...options, budgetSeconds: 0 });
  expect(budget).toMatchObject({ stopped: 'budget', best: { trial: 0 } });
  expect(budget.verdict).toMatch(/^None of 1 trials beat the default/);
});

test('parameters that cannot be fitted are a failed trial, not the end', async () => {
  const fragile = (parameters: ParameterSet) => {
    const estimator = lineEstimator(parameters);
    if (!(Number(parameters['shrink']) < 0.5)) return estimator;
    return {
      ...estimator,
      fit: async () => {
        throw new LanewiseError('data', 'too weak');
      },
    };
  };
  const result = await tune(fragile, table, { ...options, trials: 12 });
  const failed = result.history.filter(({ error }) => error !== undefined);
  expect(failed.length).toBeGreaterThan(0);
  expect(failed[0]!.error).toBe('too weak');
  expect(result.best.score).toBeDefined();
});

test('cross-validating an estimator that tunes itself is nested: the test rows are never seen', async () => {
  const seen: Seen[] = [];
  const nested = tunedEstimator((parameters) => lineEstimator(parameters, seen), { trials: 3 });
  const result = await crossValidate(nested, table, { target: 'y', seed: 1 });
  // Each outer fold: three trials of five inner fits on 48 of 60 rows' training parts, then one on all 48.
  expect(seen.length).toBe(5 * (3 * 5 + 1));
  expect(Math.max(...seen.map(({ rows }) => rows))).toBe(48);
  expect(result.metrics['neg_root_mean_squared_error']!.mean).toBeGreaterThan(-1.6);
});

test('a cancelled search keeps what it has, and goes on from there', async () => {
  const journal = join(folder, 'cancelled.ndjson');
  const controller = new AbortController();
  const run = tune(estimatorOf, table, {
    ...options,
    journal,
    signal: controller.signal,
    onProgress: ({ what, done }) => {
      if (what === 'trial' && done === 3) controller.abort();
    },
  });
  await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  const resumed = await tune(estimatorOf, table, { ...options, journal });
  expect(resumed.resumed).toBe(3);
});

test('importance goes to the parameter that moves the score', () => {
  const space = spaceOf(declarations);
  const sampler = randomSampler(space, 2);
  const trials = Array.from({ length: 40 }, (_, i) => {
    const parameters = sampler.parametersOf(i + 1)!;
    return { parameters, score: parameters['kind'] === 'a' ? 1 + i / 1000 : i / 1000 };
  });
  const importances = parameterImportances(space, trials);
  expect(importances['kind']).toBeGreaterThan(0.8);
  expect(Object.values(importances).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
});

const rmse = metricNamed('neg_root_mean_squared_error');

function contestant(name: string, noise: number, seed: number) {
  const truth = stream(1, 'truth');
  const random = stream(seed, 'noise');
  const target = Float64Array.from({ length: 300 }, () => truth.normal());
  return { name, scored: { target, prediction: target.map((value) => value + noise * random.normal()) } };
}

test('a challenger that is better beyond chance takes over', async () => {
  const result = await gate(contestant('default', 1, 1), contestant('tuned', 0.5, 2), { metric: rmse });
  expect(result).toMatchObject({ passed: true, champion: 'tuned', rows: 300 });
  expect(result.comparison.low).toBeGreaterThan(0);
  expect(result.reasons[0]).toMatch(/^tuned is better beyond chance: RMSE/);
});

test('a challenger that cannot be told apart does not, unless not being worse is enough', async () => {
  const [champion, challenger] = [contestant('default', 1, 1), contestant('tuned', 0.94, 2)];
  const strict = await gate(champion, challenger, { metric: rmse });
  expect(strict).toMatchObject({ passed: false, champion: 'default' });
  expect(strict.comparison.difference).toBeGreaterThan(0);
  expect(strict.reasons.join(' ')).toMatch(/default stays, as a change must be earned/);
  expect(await gate(champion, challenger, { metric: rmse, rule: 'not-worse' })).toMatchObject({ passed: true });
});

test('a challenger that is worse, or misses the required score, does not pass', async () => {
  const worse = await gate(contestant('default', 0.5, 1), contestant('tuned', 1, 2), {
    metric: rmse,
    rule: 'not-worse',
  });
  expect(worse.passed).toBe(false);
  const low = await gate(contestant('default', 1, 1), contestant('tuned', 0.5, 2), {
    metric: rmse,
    minimumScore: -0.1,
  });
  expect(low).toMatchObject({ passed: false, champion: 'default' });
  expect(low.reasons.at(-1)).toMatch(/misses the required RMSE of 0.1/);
});
