// How many of NIST's certified digits Lanewise reaches: node bench/nist/index.mjs FOLDER [--write docs/statistical-accuracy.gen.md]
// FOLDER holds the files of the Statistical Reference Datasets. Ends with 1 where fewer digits come out than are promised.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromNumber } from '../../dist/engine/linear-algebra/double-double.js';
import { DoubleVectors } from '../../dist/engine/linear-algebra/double-vectors.js';
import { householder, solveUpper } from '../../dist/engine/linear-algebra/householder.js';
import { createEngine, fitCurve, LinearRegression, tableFromRegisters, univariate } from '../../dist/index.js';
import { curves } from './curves.mjs';
import { exactFigures } from './exact.mjs';
import { digits, readStrd } from './strd.mjs';

const [folder, ...rest] = process.argv.slice(2);
const output = rest[0] === '--write' ? rest[1] : undefined;
const sets = readdirSync(folder)
  .filter((file) => file.endsWith('.dat'))
  .map((file) => readStrd(readFileSync(join(folder, file), 'utf8')))
  .filter((set) => set !== undefined);
const engine = await createEngine({ backend: 'wasm', threads: 1 });
const failures = [];

/** The digits of a figure, held to what is promised. */
function hold(name, reached, promised) {
  if (reached < promised) failures.push(`${name}: ${reached.toFixed(1)} digits, ${promised} promised`);
  return reached;
}

const least = (values) => Math.min(...values);

/** Columns of powers as they are, in doubles, and Householder's QR: what a plain library does. */
async function plainQr({ data, parameters, degree, intercept }) {
  const rows = data.length;
  const count = parameters.length;
  const vectors = new DoubleVectors(engine, count + 1, rows);
  for (let i = 0; i < rows; i++) {
    const [y, ...x] = data[i];
    const terms = [...(intercept ? [1] : []), ...(degree > 1 ? powers(x[0], degree) : x), y];
    terms.forEach((value, j) => vectors.set(j, i, fromNumber(value)));
  }
  const noise = new Float64Array(count);
  const factorization = await householder(vectors, count, { noise, unit: 1 });
  await factorization.reflect(count);
  const right = Array.from({ length: count }, (_, i) => vectors.get(count, i));
  const solution = solveUpper(factorization, right);
  vectors[Symbol.dispose]();
  return least(parameters.map(({ estimate }, j) => digits(solution[j].high, estimate)));
}

function powers(x, degree) {
  const out = [x];
  for (let k = 2; k <= degree; k++) out.push(out.at(-1) * x);
  return out;
}

async function linearLine(set) {
  const { name, data, parameters, degree, intercept, rSquared, residualDeviation, fStatistic } = set;
  const columns = data[0].map((_, j) => ({
    name: j === 0 ? 'y' : `x${j}`,
    type: 'number',
    values: Float64Array.from(data, (row) => row[j]),
  }));
  const estimator = new LinearRegression({ degree, fitIntercept: intercept });
  const { summary } = await estimator.fit(tableFromRegisters(columns), { target: 'y', engine });
  const of = (field, certified) =>
    least(parameters.map((parameter, j) => digits(summary.coefficients[j][field], parameter[certified])));
  const promised = name === 'Filip' ? 10 : 12;
  const figures = [
    of('estimate', 'estimate'),
    of('standardError', 'error'),
    digits(summary.rSquared, rSquared),
    digits(summary.residualStandardError, residualDeviation),
    Number.isFinite(fStatistic) ? digits(summary.fStatistic, fStatistic) : undefined,
  ];
  for (const figure of figures) if (figure !== undefined) hold(name, figure, promised);
  return [name, set.difficulty, ...figures.map(shown), shown(await plainQr(set))];
}

/** The digits against the certified values; and where doubles cannot hold the data, against exact sums of the doubles. */
function univariateLine({ name, data, mean, deviation, autocorrelation }) {
  const values = Float64Array.from(data, ([value]) => value);
  const found = univariate(values);
  const exact = exactFigures(values);
  const pairs = [
    ['mean', found.mean, mean, exact.mean],
    ['standard deviation', found.standardDeviation, deviation, exact.deviation],
    ['autocorrelation', found.autocorrelation, autocorrelation, exact.autocorrelation],
  ];
  const cells = pairs.flatMap(([what, value, certified, limit]) => {
    hold(`${name}, ${what} of the doubles`, digits(value, limit), 14);
    const possible = digits(limit, certified);
    return [shown(hold(`${name}, ${what}`, digits(value, certified), Math.min(12, possible - 0.1))), shown(possible)];
  });
  return [name, ...cells];
}

/** From one of the two starts. */
async function nonlinearLine({ name, difficulty, data, parameters, residualSumOfSquares }, which) {
  const width = data[0].length;
  const columns = data[0].map((_, j) => ({
    name: j === 0 ? 'y' : width === 2 ? 'x' : `x${j}`,
    type: 'number',
    values: Float64Array.from(data, (row) => (j === 0 && name === 'Nelson' ? Math.log(row[0]) : row[j])),
  }));
  const start = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.starts[which]]));
  const fit = await fitCurve(tableFromRegisters(columns), { target: 'y', model: curves[name], start });
  const { convergence, iterations } = fit.training;
  if (!convergence.reached) failures.push(`${name} from start ${which + 1}: not converged`);
  // The residuals of Lanczos1 are of the size of the response's rounding, 1e-13: of them doubles know two digits.
  const least8 = name === 'Lanczos1' ? 2 : 8.5;
  const figures = [
    hold(name, least(parameters.map((p) => digits(fit.parameters[p.name], p.estimate))), 8.5),
    hold(name, least(parameters.map((p, j) => digits(fit.summary.coefficients[j].standardError, p.error))), least8),
    hold(name, digits(fit.summary.residualSumOfSquares, residualSumOfSquares), least8),
  ];
  return [
    `${name}, start ${which + 1}`,
    difficulty,
    ...figures.map(shown),
    iterations,
    convergence.value.toExponential(0),
  ];
}

function shown(value) {
  return value === undefined ? '–' : value.toFixed(1);
}

function markdown(head, lines) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...lines.map(line)].join('\n');
}

const linear = [];
for (const set of sets) if (set.kind === 'linear') linear.push(await linearLine(set));
const series = sets.filter(({ kind }) => kind === 'univariate').map(univariateLine);
const nonlinear = [];
for (const set of sets) {
  if (set.kind === 'nonlinear') for (const start of [0, 1]) nonlinear.push(await nonlinearLine(set, start));
}
const text = `<!-- Made by bench/nist/index.mjs; do not edit. -->

# Statistical accuracy

Digits that agree with the certified values of NIST's Statistical Reference Datasets (the log relative error, at most 15; of
several values the worst). \`node bench/nist/index.mjs FOLDER\` makes these tables from the files; \`.ci/run NIST\` holds them.

## Linear regression

\`new LinearRegression({ degree })\`: terms are formed and solved in double-doubles (\`src/models/linear-regression/\`). Beside it
what Householder's QR gives in doubles on the same powers as they are.

${markdown(['set', 'difficulty', 'coefficients', 'standard errors', 'R²', 'residual deviation', 'F', 'plain QR: coefficients'], linear)}

## Nonlinear least squares

\`fitCurve(table, { model, start })\`, derivatives by differences, from both of NIST's starts; parameters are certified to 11 digits. The
certificate is the share by which one more step of Gauss and Newton would move the parameters. The squares of Lanczos1 sum to
1.4 · 10⁻²⁵, from residuals of the size of the response's own rounding: doubles know two digits of them.

${markdown(['set', 'difficulty', 'parameters', 'standard errors', 'sum of squares', 'iterations', 'certificate'], nonlinear)}

## Series of numbers

\`univariate(values)\`. Some of these numbers are no doubles: 10000000.1 is stored with an error of 4 · 10⁻¹⁰. The column *possible*
is what exact arithmetic on the stored doubles agrees to.

${markdown(['set', 'mean', 'possible', 'standard deviation', 'possible', 'autocorrelation', 'possible'], series)}
`;
console.log(text);
if (output) writeFileSync(output, text);
for (const failure of failures) console.log(`falls short: ${failure}`);
console.log(
  `holds: ${linear.length} linear and ${series.length} univariate sets, ${nonlinear.length} nonlinear fits, ${failures.length} figures short`,
);
await engine[Symbol.asyncDispose]();
process.exitCode = failures.length > 0 || linear.length < 11 || series.length < 8 || nonlinear.length < 38 ? 1 : 0;
