import { blockSum } from '../../engine/block-sums.js';
import {
  add,
  type DoubleDouble,
  DoubleDoubleVectors,
  exponentOf,
  fromNumber,
  multiply,
  ONE,
  timesPowerOfTwo,
  toNumber,
  ZERO,
} from '../../engine/linear-algebra/double-double.js';
import { fisherTail, studentCritical, studentTwoSided } from '../../evaluate/distributions.js';
import { log } from '../../kernels/elementary.js';
import type { CoefficientSummary, RegressionSummary } from '../../table/interfaces.js';
import type { Unit } from '../../table/unit.js';
import { conditionNumber } from './condition.js';
import type { LeastSquares } from './least-squares.js';
import { type Design, weightExponent } from './terms.js';

const TWO_PI = 6.283185307179586;

/** Coefficients by term in the units of the data, and for each the row that its standard error is the length of. */
export interface RawSolution {
  readonly coefficients: Float64Array;
  /** By term, less the scale of the residuals. */
  readonly rows: DoubleDoubleVectors;
}

/** From the units of the terms to those of the data: powers of z = (x − s)/2^e are multiplied out. */
export function inRawUnits(design: Design, { coefficients, rows, rank }: LeastSquares, unit: Unit): RawSolution {
  const { terms, units, intercept } = design;
  const count = terms.length;
  // The terms' rows, each with its coefficient behind it; then the same of the powers.
  const both = new DoubleDoubleVectors(2 * count, rank + 1);
  terms.forEach((_, term) => {
    for (let i = 0; i < rank; i++) both.set(term, i, rows.get(term, i));
    both.set(term, rank, coefficients[term]!);
  });
  terms.forEach(({ column, power }, term) => {
    if (column < 0) return both.addMultiple(ONE, term, count + term, 0);
    const { shift, exponent } = units[column]!;
    const origin = fromNumber(timesPowerOfTwo(-shift, -exponent));
    let factor: DoubleDouble = ONE;
    for (let i = power; i >= (intercept ? 0 : 1); i--) {
      const [first, second] = [timesPowerOfTwo(1, -exponent * i), binomial(power, i)];
      const into = i === 0 ? 0 : term - power + i;
      both.addMultiple(multiply(factor, fromNumber(first * second)), term, count + into, 0);
      factor = multiply(factor, origin);
    }
  });
  const to = new DoubleDoubleVectors(count, rank + 1);
  to.high.set(both.high.subarray(to.high.length));
  to.low.set(both.low.subarray(to.low.length));
  const raw = Float64Array.from(terms, (_, term) => {
    const value = to.get(term, rank);
    const scaled = { high: timesPowerOfTwo(value.high, unit.exponent), low: timesPowerOfTwo(value.low, unit.exponent) };
    return toNumber(terms[term]!.column < 0 ? add(scaled, fromNumber(unit.shift)) : scaled);
  });
  return { coefficients: raw, rows: to };
}

/** Exact below 2^53, that is up to degree 56. */
function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return value;
}

/** The statistics of a solution. `names` are the terms' but the intercept's. */
export function summarise(
  design: Design,
  solution: LeastSquares,
  raw: RawSolution,
  unit: Unit,
  { names, confidence }: { names: readonly string[]; confidence: number },
): RegressionSummary {
  const { rowCount, intercept, weights } = design;
  const { rank, residual, explained, estimable } = solution;
  const head = intercept ? 1 : 0;
  const [model, rest] = [rank - head, rowCount - rank];
  const inner = rest > 0 ? residual / rest : Number.NaN;
  const weightUnit = weights ? weightExponent(weights) : 0;
  const inData = (sum: number) => timesPowerOfTwo(timesPowerOfTwo(sum, 2 * unit.exponent), weightUnit);
  const total = residual + explained;
  const rSquared = total > 0 ? explained / total : Number.NaN;
  const f = explained / model / inner;
  const likelihood = logLikelihood(rowCount, inData(residual), weights);
  const critical = rest > 0 ? studentCritical(confidence, rest) : Number.NaN;
  const errors = Float64Array.from(estimable, (known, term) =>
    known ? Math.sqrt(inner) * timesPowerOfTwo(rowLength(raw.rows, term, rank), unit.exponent) : Number.NaN,
  );
  const coefficients = Array.from(raw.coefficients, (estimate, term) =>
    coefficientOf(
      intercept && term === 0 ? '(intercept)' : names[term - head]!,
      estimate,
      errors[term]!,
      rest,
      critical,
    ),
  );
  return {
    coefficients,
    confidence,
    observations: rowCount,
    modelDegreesOfFreedom: model,
    residualDegreesOfFreedom: rest,
    residualSumOfSquares: known(inData(residual)),
    residualStandardError: known(Math.sqrt(inData(inner))),
    rSquared: known(rSquared),
    adjustedRSquared: known(1 - ((1 - rSquared) * (rowCount - head)) / rest),
    fStatistic: known(model > 0 ? f : Number.NaN),
    fPValue: known(model > 0 && rest > 0 ? fisherTail(f, model, rest) : Number.NaN),
    logLikelihood: known(likelihood),
    aic: known(-2 * likelihood + 2 * rank),
    bic: known(-2 * likelihood + log(rowCount) * rank),
    conditionNumber: known(rank < estimable.length ? Number.POSITIVE_INFINITY : conditionNumber(raw.rows, rank)),
  };
}

/** Its largest entry counted as about 1, so that no square leaves the range of numbers. */
export function rowLength(rows: DoubleDoubleVectors, term: number, rank: number): number {
  const entries = Array.from({ length: rank }, (_, i) => rows.get(term, i));
  const exponent = exponentOf(entries.reduce((most, { high }) => Math.max(most, Math.abs(high)), 0));
  const sum = entries.reduce<DoubleDouble>((total, { high, low }) => {
    const value = { high: timesPowerOfTwo(high, -exponent), low: timesPowerOfTwo(low, -exponent) };
    return add(total, multiply(value, value));
  }, ZERO);
  return timesPowerOfTwo(Math.sqrt(toNumber(sum)), exponent);
}

export function coefficientOf(
  name: string,
  estimate: number,
  error: number,
  df: number,
  critical: number,
): CoefficientSummary {
  const t = estimate / error;
  return {
    name,
    estimate: known(estimate),
    standardError: known(error),
    t: known(t),
    p: known(df > 0 ? studentTwoSided(t, df) : Number.NaN),
    low: known(estimate - critical * error),
    high: known(estimate + critical * error),
  };
}

/** Of normal errors whose variance, estimated too, is inverse to the weights. */
export function logLikelihood(rows: number, residual: number, weights: Float64Array | undefined): number {
  const logs = weights ? blockSum(rows, (row) => log(weights[row]!)) : 0;
  return 0.5 * (logs - rows * (log((TWO_PI * residual) / rows) + 1));
}

/** JSON has no NaN and no infinity. */
export function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
