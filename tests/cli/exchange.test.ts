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

test('a model is exported for LightGBM, XGBoost and reading, and as .wasm', async () => {
  expect((await lanewise('import', fixture('xgboost-regression.json'), '--output', at('other'))).code).toBe(0);
  for (const [format, start] of [
    ['lightgbm', 'tree\nversion=v4'],
    ['xgboost', '{"version":'],
    ['xgboost-ubj', '{L'],
    ['json', '{\n "format": "lanewise-trees"'],
    ['wasm', '\0asm'],
  ]) {
    const answer = await lanewise(
      'export',
      at('other'),
      '--format',
      format!,
      '--output',
      at(`out.${format}`),
      '--json',
    );
    expect([format, answer.code]).toEqual([format, 0]);
    expect(JSON.parse(answer.out)).toMatchObject({ format, output: at(`out.${format}`) });
    expect(readFileSync(at(`out.${format}`), 'latin1').startsWith(start!)).toBe(true);
  }
});

test('rows to check stop an export in which they would change sides', async () => {
  expect((await lanewise('import', fixture('lightgbm-huber.txt'), '--output', at('huber'))).code).toBe(0);
  const text = readFileSync(fixture('lightgbm-huber.txt'), 'utf8');
  const splits = [...text.matchAll(/^split_feature=(.*)\n.*\nthreshold=(.*)$/gm)].flatMap(([, features, thresholds]) =>
    thresholds!.split(' ').map((threshold, i) => ({ threshold, feature: features!.split(' ')[i] })),
  );
  // The threshold itself goes left, and rounded to f32 it lies above.
  const { threshold, feature } = splits.find(
    (split) => Math.fround(Number(split.threshold)) > Number(split.threshold),
  )!;
  const exported = async (value: string, output: string) => {
    writeFileSync(at('rows.csv'), feature === '0' ? `a,b\n${value},0\n` : `a,b\n0,${value}\n`);
    return lanewise('export', at('huber'), '--format', 'xgboost', '--output', at(output), '--check', at('rows.csv'));
  };
  expect((await exported(threshold, 'no.json')).err).toMatch(/1 values, in column "[ab]" among others, change sides/);
  expect((await exported('0.125', 'yes.json')).code).toBe(0);
  expect([existsSync(at('no.json')), existsSync(at('yes.json'))]).toEqual([false, true]);
});
