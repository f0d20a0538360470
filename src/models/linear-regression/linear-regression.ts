import type { Table } from 'apache-arrow';
import { blockSum } from '../../engine/block-sums.js';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { timesPowerOfTwo, toNumber } from '../../engine/linear-algebra/double-double.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, HistoryPoint, Model, TrainingWarning } from '../../table/interfaces.js';
import { type Unit, unitOf } from '../../table/unit.js';
import { featureColumns, inputsOf, requireFinite, targetOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { type LeastSquares, solveExactly } from './least-squares.js';
import { type LinearRegressionParameters, linearRegressionParameters } from './parameters.js';
import { inRawUnits, type RawSolution, summarise } from './statistics.js';
import { type Design, makeDesign, takeRows } from './terms.js';

/**
 * Ordinary (or weighted) least squares as statistics wants it: by Householder's QR, small problems in double-doubles,
 * with standard errors, tests and intervals in the model's `summary`. Of several solutions (columns that depend on one
 * another) it takes the one with the shortest coefficients, names those columns in a warning, and gives no error for a
 * coefficient that the data leave open. Rows of weight 0 do not count.
 */
export class LinearRegression implements Estimator {
  readonly name = 'linear-regression';
  readonly task = 'regression';
  readonly declarations = linearRegressionParameters;
  readonly parameters: LinearRegressionParameters;

  constructor(parameters: Partial<LinearRegressionParameters> = {}) {
    this.parameters = checkParameters('LinearRegression', linearRegressionParameters, parameters);
  }

  with(parameters: Partial<LinearRegressionParameters>): LinearRegression {
    return new LinearRegression({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const { degree, fitIntercept: intercept, confidence } = this.parameters;
    const columns = featureColumns(table, options);
    const target = targetOf(table, options, 'regression');
    const weights = weightsOf(table, options);
    requireFinite(this.name, columns);
    const engine = options.engine ?? (await defaultEngine());
    const rows = weights && weighingRows(weights);
    const design = makeDesign(columns, { degree, intercept, weights, rows });
    const values = takeRows(target.values, rows);
    const unit = unitOf(values, intercept);
    const solution = await solveExactly(engine, design, values, unit, options.signal);
    const raw = inRawUnits(design, solution, unit);
    const names = namesOf(design, columns);
    const summary = summarise(design, solution, raw, unit, { names, confidence });
    const program = lower(design, columns, solution, raw, unit);
    const loss = lossOf(summary.residualSumOfSquares ?? Number.POSITIVE_INFINITY, design);
    options.onProgress?.({ what: 'iteration', done: 1, total: 1, metrics: { loss } });
    const warnings = warningsOf(design, names, solution);
    const model = makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      target: target.name,
      program,
      training: {
        rows: table.numRows,
        iterations: 1,
        bestIteration: 1,
        lossName: 'half squared error',
        history: [],
        verdict: verdictOf(solution),
        ...(warnings.length > 0 && { warnings }),
      },
      importances: importancesOf(design, columns, solution),
      summary,
      interpretability: 'high',
    });
    const history = [await onlyPoint(model, loss, options, engine)];
    return { ...model, training: { ...model.training, history } };
  }
}

/** Undefined where every row weighs something. */
function weighingRows(weights: Float64Array): Uint32Array | undefined {
  const rows = Uint32Array.from(weights.keys()).filter((row) => weights[row]! > 0);
  return rows.length < weights.length ? rows : undefined;
}

function namesOf({ terms }: Design, columns: readonly RegisterColumn[]): string[] {
  return terms
    .filter(({ column }) => column >= 0)
    .map(({ column, power }) => columns[column]!.name + (power === 1 ? '' : `^${power}`));
}

function lossOf(residual: number, { rowCount, weights }: Design): number {
  return residual / (2 * (weights ? blockSum(rowCount, (row) => weights[row]!) : rowCount));
}

/**
 * A linear function of the features as they are; of a polynomial, of powers of z = (x − shift) / scale, which lie in
 * [−1, 1] on the training rows: multiplied out, high powers would cancel each other.
 * @throws LanewiseError `data` where a coefficient is beyond the range of numbers.
 */
function lower(
  design: Design,
  columns: readonly RegisterColumn[],
  solution: LeastSquares,
  raw: RawSolution,
  unit: Unit,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const register = builder.reserve();
  const plain = design.terms.every(({ power }) => power <= 1);
  const head = design.intercept ? 1 : 0;
  const inputs = plain ? columns.map((_, j) => j) : powersOf(builder, design);
  const values = plain
    ? raw.coefficients
    : Float64Array.from(solution.coefficients, (value) => timesPowerOfTwo(toNumber(value), unit.exponent));
  const intercept = head === 0 ? 0 : plain ? values[0]! : values[0]! + unit.shift;
  if (![...values, intercept].every(Number.isFinite)) {
    throw new LanewiseError('data', 'Expected coefficients within the range of numbers but some are not', {
      hint: 'The target is very much larger than a column; measure both in other units.',
    });
  }
  const coefficients = values.slice(head);
  builder.emit({ op: 'linear', inputs, outputs: [register], coefficients, intercepts: Float64Array.of(intercept) });
  return builder.build([{ name: 'prediction', register, type: 'number' }]);
}

/** Appends z and its powers, each the one before times z, as in training; returns their registers by term. */
function powersOf(builder: ProgramBuilder, { terms, units }: Design): number[] {
  let first = 0;
  let last = 0;
  return terms
    .filter(({ column }) => column >= 0)
    .map(({ column, power }) => {
      const { shift, exponent } = units[column]!;
      if (power === 1) {
        first = last = builder.add({ op: 'affine', in: column, shift, scale: timesPowerOfTwo(1, exponent) });
      } else last = builder.add({ op: 'binary', left: last, right: first, operator: 'multiply' });
      return last;
    });
}

function warningsOf({ intercept }: Design, names: readonly string[], { dependent }: LeastSquares): TrainingWarning[] {
  if (dependent.length === 0) return [];
  const head = intercept ? 1 : 0;
  const nameOf = (term: number) => (term < head ? 'the intercept' : `"${names[term - head]}"`);
  const shown = dependent.slice(0, 5).map(({ term, on }) => {
    const others = on.slice(0, 5).map(nameOf);
    if (on.length > others.length) others.push(`${on.length - others.length} more`);
    return others.length > 0 ? `${nameOf(term)} follows from ${others.join(', ')}` : `${nameOf(term)} is 0 everywhere`;
  });
  if (dependent.length > shown.length) shown.push(`${dependent.length - shown.length} more follow from others`);
  return [{ name: 'collinear', message: shown.join('; ') }];
}

function verdictOf({ dependent }: LeastSquares): string {
  if (dependent.length === 0) return 'solved directly';
  return 'solved directly; columns are collinear, so the shortest of many solutions was taken';
}

/** By feature, the share in how far its part of the prediction spreads over the training rows. */
function importancesOf(design: Design, columns: readonly RegisterColumn[], { coefficients }: LeastSquares) {
  const spreads = columns.map((_, j) => {
    const powers = design.terms.flatMap(({ column }, term) => (column === j ? [toNumber(coefficients[term]!)] : []));
    return spreadOf(design.columns[j]!, design.units[j]!, powers);
  });
  const total = spreads.reduce((sum, spread) => sum + spread, 0);
  return Object.fromEntries(columns.map(({ name }, j) => [name, total > 0 ? spreads[j]! / total : 0]));
}

/** The deviation of a polynomial in z over the rows, without a constant. */
function spreadOf(values: Float64Array, { shift, inverse: [first, second] }: Unit, powers: readonly number[]): number {
  let [mean, squares] = [0, 0];
  for (let row = 0; row < values.length; row++) {
    const z = (values[row]! - shift) * first * second;
    let part = 0;
    for (let k = powers.length - 1; k >= 0; k--) part = (part + powers[k]!) * z;
    // Welford 1962
    const difference = part - mean;
    mean += difference / (row + 1);
    squares += difference * (part - mean);
  }
  return Math.sqrt(squares / values.length);
}

/** The learning curve of a direct solution: one point. */
async function onlyPoint(
  model: Model,
  loss: number,
  { validation, signal }: FitOptions,
  engine: Engine,
): Promise<HistoryPoint> {
  if (!validation) return { iteration: 1, loss };
  const truth = targetOf(validation, { target: model.target! }, 'regression').values;
  const predicted = (await model.predict(validation, { engine, signal })).getChild('prediction')!;
  const squares = blockSum(truth.length, (row) => ((predicted.get(row) as number) - truth[row]!) ** 2);
  return { iteration: 1, loss, validationLoss: (0.5 * squares) / truth.length };
}
