import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goodCsv, lanewise, temporaryFolder } from './helpers.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const write = (name: string, content: string | Uint8Array) => writeFileSync(at(name), content);
write('good.csv', goodCsv());
write('header-only.csv', 'a,b,c\n');
write('empty.csv', '');
write('one-value.csv', 'a,y\n1,1\n2,1\n3,1\n');
write('one-row.csv', 'a,y\n1,0\n');
write('all-missing.csv', 'a,y\n,0\n,1\n,0\n,1\n');
write(
  'noise.arrow',
  Uint8Array.from({ length: 400 }, (_, i) => (i * 97 + 13) % 256),
);
write('cut.arrow', 'ARROW1\0\0');
write('folds.csv', 'fold\n0\n1\n');
write('no-fold.csv', `part\n${'0\n'.repeat(300)}`);
write('model.json', '{"manifest": 1}');
mkdirSync(at('empty-folder'));

// What the message must name, the exit code, and the arguments (files by name).
const cases: [RegExp, number, string[]][] = [
  [/nosuch\.csv/, 1, ['train', 'nosuch.csv', '--target', 'y']],
  [/empty\.csv.*empty/, 1, ['train', 'empty.csv', '--target', 'y']],
  [/header-only\.csv/, 1, ['train', 'header-only.csv', '--target', 'c']],
  [/"y".*one/, 1, ['train', 'one-value.csv', '--target', 'y']],
  [/"yy": did you mean "y"/, 1, ['train', 'good.csv', '--target', 'yy']],
  [/rows/, 1, ['train', 'one-row.csv', '--target', 'y']],
  [/\ba\b.*missing/, 1, ['train', 'all-missing.csv', '--target', 'y']],
  [/noise\.arrow/, 1, ['train', 'noise.arrow', '--target', 'y']],
  [/cut\.arrow/, 1, ['train', 'cut.arrow', '--target', 'y']],
  [/no-such-model/, 2, ['train', 'good.csv', '--target', 'y', '--model', 'no-such-model']],
  [/"--taget": did you mean "--target"/, 2, ['train', 'good.csv', '--taget', 'y']],
  [/--target/, 2, ['train', 'good.csv']],
  [/directory/, 1, ['train', 'empty-folder', '--target', 'y']],
  [/DATA/, 2, ['train']],
  [/"prodict": did you mean "predict"/, 2, ['prodict']],
  [/--seed/, 2, ['train', 'good.csv', '--target', 'y', '--seed', 'one']],
  [/--backend.*native/, 2, ['train', 'good.csv', '--target', 'y', '--backend', 'gpu']],
  [/column to ignore "bb": did you mean "b"/, 1, ['evaluate', 'good.csv', '--target', 'y', '--drop', 'bb']],
  [/nosuch/, 1, ['predict', 'good.csv', '--model', 'nosuch']],
  [/model\.json/, 1, ['predict', 'good.csv', '--model', 'model.json']],
  [/manifest\.json/, 1, ['predict', 'good.csv', '--model', 'empty-folder']],
  [/nosuch/, 1, ['serve', '--model', 'nosuch']],
  [/nosuch/, 1, ['serve', '--model', 'nosuch@champion']],
  [/nosuch/, 1, ['monitor', 'good.csv', '--model', 'nosuch']],
  [/nosuch\.csv/, 1, ['evaluate', 'good.csv', '--target', 'y', '--folds', 'nosuch.csv']],
  [/300 data rows.*folds\.csv has 2/, 1, ['evaluate', 'good.csv', '--target', 'y', '--folds', 'folds.csv']],
  [/column "fold" in/, 1, ['evaluate', 'good.csv', '--target', 'y', '--folds', 'no-fold.csv']],
  [/metric/, 2, ['compare', 'good.csv', '--target', 'y', '--metric', 'roc_acu']],
  [/ENOTDIR.*\nhint: The system refused it/, 1, ['train', 'good.csv', '--target', 'y', '--output', '/dev/null/model']],
  [/\[2, 50\]/, 2, ['compare', 'good.csv', '--target', 'y', '--folds-count', '1']],
];
const isFile = /\.(csv|arrow|json)$|^empty-folder$|^nosuch$/;

test.each(cases)('%s is named, with exit code %i: %j', async (names, code, argv) => {
  const before = readdirSync(folder, { recursive: true }).sort();
  const answer = await lanewise(...argv.map((argument) => (isFile.test(argument) ? at(argument) : argument)));
  expect(answer.err).toMatch(names);
  expect(answer.code).toBe(code);
  expect(answer.err).toMatch(/^error: \S[^\n]*\n(hint: \S[^\n]*\n)?$/); // one paragraph each, and no stack
  expect(answer.out).toBe('');
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
});
