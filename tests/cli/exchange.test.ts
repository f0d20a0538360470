import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { lanewise, temporaryFolder } from './helpers.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const fixture = (name: string) => resolve(import.meta.dirname, '../fixtures/exchange', name);

test('a model of XGBoost is imported, and predicts a file', async () => {
  const imported = await lanewise(
    'import',
    fixture('xgboost-labels.ubj'),
    '--output',
    at('model'),
    '--target',
    'paid',
    '--classes',
    'no,yes',
    '--json',
  );
  expect([imported.code, imported.err]).toEqual([0, '']);
  expect(JSON.parse(imported.out)).toMatchObject({
    format: 'XGBoost UBJSON',
    objective: 'binary:logistic',
    classes: ['no', 'yes'],
    trees: 3,
  });
  writeFileSync(at('new.csv'), 'a,b,zeros,label\n0.5,-1,0,L3\n,2,,never\n-2,0.1,1,é\n');
  const predicted = await lanewise('predict', at('new.csv'), '--model', at('model'));
  expect(predicted.code).toBe(0);
  const [head, ...rows] = predicted.out.trim().split('\n');
  expect(head).toBe('prediction,probability_no,probability_yes');
  expect(rows).toHaveLength(3);
});

test('a file that is no model is named, and nothing is written', async () => {
  writeFileSync(at('cut.txt'), readFileSync(fixture('lightgbm-huber.txt'), 'utf8').slice(0, 900));
  const cut = await lanewise('import', at('cut.txt'), '--output', at('none'));
  expect([cut.code, cut.out]).toEqual([1, '']);
  expect(cut.err).toMatch(/cut\.txt: Expected .* in tree|ends before/);
  const missing = await lanewise('import', at('nowhere.json'), '--output', at('none'));
  expect(missing.err).toMatch(/nowhere\.json but it is missing/);
  expect(existsSync(at('none'))).toBe(false);
});
