// Logistic regression on the whole of adult (two classes, one-hot columns) and of mnist10k (ten classes, 784 pixels): the
// objective is never above scikit-learn's in tests/fixtures/logistic-full.json. `node .ci/logistic.mjs DATA`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { LogisticRegression, tableFromRegisters } from '../dist/index.js';

const expected = JSON.parse(readFileSync(new URL('../tests/fixtures/logistic-full.json', import.meta.url), 'utf8'));
const numbers = ['age', 'fnlwgt', 'education_num', 'capital_gain', 'capital_loss', 'hours_per_week'];

function columnsOf(path) {
  const [head, ...lines] = gunzipSync(readFileSync(path))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(','));
  return Object.fromEntries(head.map((name, j) => [name, lines.map((line) => line[j].trim())]));
}

function adult(folder) {
  const { income, ...given } = columnsOf(join(folder, 'adult', 'adult_train.csv.gz'));
  const columns = Object.entries(given).flatMap(([name, values]) => {
    if (!numbers.includes(name)) {
      return [...new Set(values)].sort().map((level) => Float64Array.from(values, (value) => Number(value === level)));
    }
    const x = Float64Array.from(values, Number);
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length);
    return [x.map((value) => (value - mean) / deviation)];
  });
  return { columns, target: Float64Array.from(income, (text) => Number(text.startsWith('>'))) };
}

function mnist10k(folder) {
  const given = columnsOf(join(folder, 'mnist10k', 'mnist10k.csv.gz'));
  const columns = Array.from({ length: 784 }, (_, j) =>
    Float64Array.from(given[`p${j}`], (text) => Number(text) / 255),
  );
  return { columns, target: Float64Array.from(given['label'], Number) };
}

/** Mean log loss and penalty, of the model as it predicts. */
function objectiveOf({ columns, target }, model, C) {
  const { coefficients, intercepts } = model.program.operations.find(({ op }) => op === 'linear');
  const rows = target.length;
  const scores = Array.from(intercepts, (intercept, k) => {
    const margins = new Float64Array(rows).fill(intercept);
    columns.forEach((column, j) => {
      const factor = coefficients[k * columns.length + j];
      for (let row = 0; row < rows; row++) margins[row] += factor * column[row];
    });
    return margins;
  });
  if (scores.length === 1) scores.unshift(new Float64Array(rows));
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const top = Math.max(...scores.map((margins) => margins[row]));
    loss +=
      top + Math.log(scores.reduce((sum, margins) => sum + Math.exp(margins[row] - top), 0)) - scores[target[row]][row];
  }
  return loss / rows + coefficients.reduce((sum, value) => sum + value * value, 0) / (2 * C * rows);
}

let worse = 0;
for (const [name, rowsOf] of Object.entries({ adult, mnist10k })) {
  const rows = rowsOf(process.argv[2]);
  const table = tableFromRegisters([
    ...rows.columns.map((values, j) => ({ name: `x${j}`, type: 'number', values })),
    { name: 'y', type: 'number', values: rows.target },
  ]);
  const { C, objective } = expected[name];
  const started = performance.now();
  const model = await new LogisticRegression({ C, tol: 1e-8 }).fit(table, { target: 'y' });
  const seconds = (performance.now() - started) / 1000;
  const own = objectiveOf(rows, model, C);
  const holds = own <= objective * (1 + 1e-12) && model.training.convergence.reached;
  if (!holds) worse++;
  const facts = `${own} against ${objective}, ${model.training.verdict.split(';')[0]}, ${seconds.toFixed(1)} s`;
  console.log(`${holds ? 'holds' : 'falls short'}: ${name}: ${facts}`);
}
process.exitCode = worse > 0 ? 1 : 0;
