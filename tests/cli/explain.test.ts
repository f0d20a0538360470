import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Registry } from '#lanewise/deploy/registry.js';
import { goodCsv, lanewise, temporaryFolder } from './helpers.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const data = at('good.csv');

beforeAll(async () => {
  writeFileSync(data, goodCsv());
  await lanewise('train', data, '--target', 'y', '--output', at('model'));
});

test('says in a sentence what matters most, and lists every feature', async () => {
  const { code, out } = await lanewise('explain', at('model'), data);
  expect(code).toBe(0);
  expect(out).toMatch(/^To predict y the model goes mostly by a \(/);
  expect(out).toContain('loss of ROC AUC');
  expect(out).toContain('--output page.html');
});

test('explains rows by their number in the file, and writes the page', async () => {
  const page = at('page.html');
  const { code, out } = await lanewise('explain', at('model'), data, '--row', '3', '--row', '300', '--output', page);
  expect(code).toBe(0);
  expect(out).toMatch(/Row 3: log-odds of 1 /);
  expect(out).toMatch(/Row 300: /);
  expect(readFileSync(page, 'utf8')).toContain('Row 300:');
});

test('as JSON, effects and the average add up to the prediction', async () => {
  const { out } = await lanewise('explain', at('model'), data, '--row', '3', '--json');
  const report = JSON.parse(out);
  const [shown] = report.shown;
  expect(shown.row).toBe(3);
  const effects = Object.values(shown.outputs[0].effects as Record<string, number>);
  const sum = effects.reduce((total, effect) => total + effect, report.expected[0]);
  expect(sum).toBeCloseTo(shown.outputs[0].predicted, 9);
});

test('of a linear regression, the coefficients with their errors', async () => {
  const model = at('regression');
  const trained = await lanewise(
    'train',
    data,
    '--target',
    'y',
    '--task',
    'regression',
    '--model',
    'linear-regression',
    '--output',
    model,
  );
  expect(trained.code).toBe(0);
  const { out } = await lanewise('explain', model, data);
  expect(out).toMatch(/Coefficients of y:\n +estimate +std\. error +t +p /);
  expect(out).toMatch(/^ {2}\(intercept\) /m);
  expect(out).toMatch(/R² 0\.\d+, adjusted 0\.\d+; F\(2, \d+\)/);
  const json = JSON.parse((await lanewise('explain', model, data, '--json')).out);
  expect(json.summary.coefficients.map(({ name }: { name: string }) => name)).toEqual(['(intercept)', 'a', 'b']);
});

test('a run’s folder stands for the model that it deployed', async () => {
  const run = at('run');
  mkdirSync(join(run, 'deploy', 'registry'), { recursive: true });
  await new Registry(join(run, 'deploy', 'registry')).register(
    'trips',
    { artefact: at('model') },
    { alias: 'champion' },
  );
  const { code, out } = await lanewise('explain', run, data);
  expect(out).toContain('To predict y');
  expect(code).toBe(0);
});

test('a row that the file does not have, and a model that is not there, are named', async () => {
  const row = await lanewise('explain', at('model'), data, '--row', '301');
  expect(row.code).toBe(2);
  expect(row.err).toMatch(/--row but received 301[\s\S]*rows 1 to 300/);
  const model = await lanewise('explain', at('nothing'), data);
  expect(model.code).toBe(1);
  expect(model.err).toContain('There is no model at');
  expect(existsSync(at('page2.html'))).toBe(false);
});
