// All messages of the SMS Spam Collection through tf-idf into logistic regression and naive Bayes, held to the values of
// scikit-learn in tests/fixtures/sms-spam.json: `node .ci/text.mjs sms.tsv`. Then the same file from the command line.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  defaultRecipe,
  LogisticRegression,
  preparations,
  Recipe,
  readRegister,
  tableFromRegisters,
  termWeights,
} from '../dist/index.js';

const expected = JSON.parse(readFileSync(new URL('../tests/fixtures/sms-spam.json', import.meta.url), 'utf8'));
const rows = readFileSync(process.argv[2], 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]);

function tableOf(from) {
  const labels = [...new Set(from.map(([, text]) => text))].sort();
  const codes = new Map(labels.map((text, code) => [text, code]));
  return tableFromRegisters([
    {
      name: 'message',
      type: 'category',
      kind: 'text',
      labels,
      values: Float64Array.from(from, ([, text]) => codes.get(text)),
    },
    {
      name: 'label',
      type: 'category',
      labels: ['ham', 'spam'],
      values: Float64Array.from(from, ([label]) => Number(label === 'spam')),
    },
  ]);
}

const learnt = rows.filter((_, i) => i % 5 !== 0);
const [train, held] = [tableOf(learnt), tableOf(rows.filter((_, i) => i % 5 === 0))];
let failed = false;
function hold(what, value, limit) {
  const holds = value <= limit;
  failed ||= !holds;
  console.log(`${holds ? 'holds' : 'falls short'}: ${what}: ${value.toExponential(2)}, at most ${limit}`);
}
const largest = (errors) => errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0);

const tfIdf = { transformer: preparations.find(({ name }) => name === 'tf-idf').create() };
const linear = await new Recipe([tfIdf], new LogisticRegression({ tol: 1e-10 })).fit(train, { target: 'label' });
const weights = termWeights(linear);
hold('terms, against scikit-learn', Math.abs(weights.length - expected.terms), 0);
hold(
  'logistic regression: coefficients',
  largest(weights.map((entry, j) => entry.weights[0] - expected.coefficients[j])),
  1e-7,
);
const loss = linear.training.history.at(-1).loss;
hold('logistic regression: objective above scikit-learn', Math.max(0, loss - expected.objective), 1e-14);

for (const [model, probabilities] of Object.entries(expected.probabilities)) {
  const fitted = await defaultRecipe(train, { target: 'label', task: 'classification', model }).fit(train, {
    target: 'label',
  });
  const found = readRegister(await fitted.predict(held), 'probability_spam').values;
  const smaller = (p) => Math.max(1e-3, Math.min(p, 1 - p));
  hold(`${model}: probabilities`, largest(probabilities.map((p, row) => (found[row] - p) / smaller(p))), 1e-6);
}

const folder = mkdtempSync(join(tmpdir(), 'lanewise-text-'));
const cell = (text) => `"${text.replaceAll('"', '""')}"`;
writeFileSync(
  join(folder, 'spam.csv'),
  `label,message\n${rows.map(([label, text]) => `${label},${cell(text)}`).join('\n')}\n`,
);
writeFileSync(join(folder, 'new.csv'), 'message\n"FREE prize! Call 0800 to claim"\nsee you at lunch\n""\n');
const lanewise = (...args) => execFileSync(process.execPath, ['dist/cli/index.js', ...args], { encoding: 'utf8' });
lanewise('train', join(folder, 'spam.csv'), '--target', 'label', '--output', join(folder, 'model'));
lanewise(
  'predict',
  join(folder, 'new.csv'),
  '--model',
  join(folder, 'model'),
  '--output',
  join(folder, 'predictions.csv'),
);
const answers = readFileSync(join(folder, 'predictions.csv'), 'utf8').trimEnd().split('\n').slice(1);
hold(
  'train and predict from the command line, wrong answers',
  answers.filter((line, i) => !line.startsWith(['spam', 'ham', 'ham'][i])).length,
  0,
);
rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
