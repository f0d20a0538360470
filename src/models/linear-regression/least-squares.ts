import { blockSum } from '../../engine/block-sums.js';
import { DesignMatrix, type Scaling } from '../../engine/descent/design-matrix.js';
import { LinearProblem } from '../../engine/descent/linear-problem.js';
import type { Engine } from '../../engine/engine.js';
import { cholesky, choleskySolve } from '../../engine/linear-algebra/cholesky.js';
import {
  add,
  type DoubleDouble,
  DoubleDoubleVectors,
  divide,
  fromNumber,
  multiply,
  negate,
  ONE,
  powerOfTwo,
  squareRoot,
  timesPowerOfTwo,
  toNumber,
  type Vectors,
  ZERO,
} from '../../engine/linear-algebra/double-double.js';
import { DoubleVectors } from '../../engine/linear-algebra/double-vectors.js';
import { type Dependence, type Factorization, householder } from '../../engine/linear-algebra/householder.js';
import { invertLower } from '../../engine/linear-algebra/invert-lower.js';
import { Breather } from '../../engine/turn.js';
import type { Unit } from '../../table/unit.js';
import { type Design, termVectors, weightExponent } from './terms.js';

/** Rows · terms² up to which everything is computed in double-doubles: about a third of a second. */
const MOST_EXACT_WORK = 2 ** 23;
const MOST_EXACT_ELEMENTS = 2 ** 20;
/** Rows whose terms are formed at a time, as double-doubles. */
const BLOCK_ROWS = 4_096;
/** The least share of a column's variance that the columns before it must leave for products to be good enough. */
const LEAST_PIVOT = 1e-5;

/** The least-squares solution in the units of the terms. */
export interface LeastSquares {
  /** By term. */
  readonly coefficients: readonly DoubleDouble[];
  /**
   * The coefficients are these rows (one a term, as long as the rank) times Qᵀ·y: the length of a row, times the residual
   * standard deviation, is the coefficient's standard error.
   */
  readonly rows: DoubleDoubleVectors;
  readonly rank: number;
  /** By term: false where the data leave it open, because columns depend on one another. */
  readonly estimable: readonly boolean[];
  /** Terms that earlier ones give, and by which. */
  readonly dependent: readonly { readonly term: number; readonly on: readonly number[] }[];
  /** Weighted sums of squares: of the residuals, and of the fit about the mean (about 0 without an intercept). */
  readonly residual: number;
  readonly explained: number;
}

/**
 * Least squares by Householder's QR, in double-doubles where the problem is small. A large one is solved in doubles, and
 * its solution corrected by residuals that are formed in double-doubles (Björck, Numerical Methods for Least Squares
 * Problems, 6.6.5): by Cholesky's factor of the products of the columns, on all threads, where they are far from
 * depending on one another, else by QR. Where columns do depend on one another, the shortest of all solutions.
 */
export async function solveExactly(
  engine: Engine,
  design: Design,
  target: Float64Array,
  unit: Unit,
  signal?: AbortSignal,
): Promise<LeastSquares> {
  const count = design.terms.length;
  const exact =
    design.rowCount * count * count <= MOST_EXACT_WORK && design.rowCount * (count + 1) <= MOST_EXACT_ELEMENTS;
  if (exact) return solve(design, termVectors(design, target, unit, 0, design.rowCount), signal);
  const byProducts = await solveByProducts(engine, design, target, unit, signal);
  if (byProducts) return refine(design, target, unit, byProducts, signal);
  using vectors = new DoubleVectors(engine, count + 1, design.rowCount);
  const breather = new Breather();
  for (let start = 0; start < design.rowCount; start += BLOCK_ROWS) {
    const end = Math.min(design.rowCount, start + BLOCK_ROWS);
    const block = termVectors(design, target, unit, start, end);
    for (let term = 0; term <= count; term++) {
      for (let i = start; i < end; i++) vectors.set(term, i, block.get(term, i - start));
    }
    await breather.breathe(signal);
  }
  return await refine(design, target, unit, await solve(design, vectors, signal), signal);
}

/**
 * By xᵀ·W·x = L·Lᵀ of the columns, centred and scaled to unit deviation; undefined where a column is all but given by
 * those before it (then squaring the condition would cost digits), and for powers, which mostly are.
 */
async function solveByProducts(
  engine: Engine,
  { columns, units, terms, intercept, weights, rowCount }: Design,
  target: Float64Array,
  unit: Unit,
  signal?: AbortSignal,
): Promise<LeastSquares | undefined> {
  if (terms.some(({ power }) => power > 1)) return undefined;
  const [first, second] = powerOfTwo(weights ? -weightExponent(weights) : 0);
  const shares = weights?.map((weight) => weight * first * second);
  const total = shares ? blockSum(rowCount, (row) => shares[row]!) : rowCount;
  const values = target.map((value) => (value - unit.shift) * unit.inverse[0] * unit.inverse[1]);
  const mean = intercept ? blockSum(rowCount, (row) => (shares ? shares[row]! : 1) * values[row]!) / total : 0;
  using matrix = await DesignMatrix.of(engine, columns, { weights: shares, centred: intercept, signal });
  using problem = new LinearProblem(
    matrix,
    'squared',
    values.map((value) => value - mean),
    { weights: shares },
  );
  const size = columns.length;
  const gram = await problem.gram('weights', false, signal);
  const factor = await cholesky(engine, gram, size, { tolerance: LEAST_PIVOT, signal });
  if (!factor) return undefined;
  const { gradient } = await problem.evaluate(new Float64Array(size + 1), signal);
  const right = gradient.subarray(0, size).map((value) => -value);
  const solved = choleskySolve(factor, right);
  const inverse = await invertLower(factor, signal);
  return {
    ...inTermUnits({ units, terms, intercept }, matrix.scaling, { solved, inverse, mean, total }),
    rank: terms.length,
    estimable: terms.map(() => true),
    dependent: [],
    residual: 0,
    explained: solved.reduce((sum, value, j) => sum + value * right[j]!, 0),
  };
}

/** From columns of unit deviation about their means to the terms: the coefficients, and their rows L⁻ᵀ. */
function inTermUnits(
  { units, terms, intercept }: Pick<Design, 'units' | 'terms' | 'intercept'>,
  { shifts, scales }: Scaling,
  { solved, inverse, mean, total }: { solved: Float64Array; inverse: Float64Array; mean: number; total: number },
): Pick<LeastSquares, 'coefficients' | 'rows'> {
  const size = units.length;
  const head = intercept ? 1 : 0;
  const rows = new DoubleDoubleVectors(terms.length, terms.length);
  const coefficients: DoubleDouble[] = Array.from(terms, () => ZERO);
  let constant = mean;
  units.forEach(({ shift, exponent, inverse: [first, second] }, j) => {
    const scale = timesPowerOfTwo(1, exponent) / scales[j]!;
    const middle = (shifts[j]! - shift) * first * second;
    for (let i = j; i < size; i++) {
      const entry = inverse[i * size + j]! * scale;
      rows.set(head + j, head + i, fromNumber(entry));
      if (intercept) rows.high[head + i]! -= middle * entry;
    }
    coefficients[head + j] = fromNumber(solved[j]! * scale);
    constant -= middle * solved[j]! * scale;
  });
  if (intercept) {
    rows.set(0, 0, fromNumber(1 / Math.sqrt(total)));
    coefficients[0] = fromNumber(constant);
  }
  return { coefficients, rows };
}

/** QR of the terms, the target reflected behind them. */
async function solve(design: Design, vectors: Vectors, signal?: AbortSignal): Promise<LeastSquares> {
  const { terms, intercept } = design;
  const count = terms.length;
  const noise = design.noise.map((value) => value + 4 * vectors.roundoff * Math.sqrt(count));
  const factorization = await householder(vectors, count, { noise, unit: Math.sqrt(totalWeight(design)), signal });
  await factorization.reflect(count, signal);
  const { independent, dependent } = factorization;
  const rank = independent.length;
  const right = Array.from({ length: rank }, (_, i) => vectors.get(count, i));
  const explained = right.slice(intercept ? 1 : 0).reduce((sum, value) => add(sum, multiply(value, value)), ZERO);
  const solution =
    dependent.length === 0
      ? { rows: await inverseRows(factorization, signal), estimable: terms.map(() => true) }
      : await shortestRows(design, factorization, signal);
  return {
    ...solution,
    coefficients: applyRows(solution.rows, count, right),
    rank,
    dependent: dependent.map((dependence) => {
      const free = intercept && isZeroAtOrigin(design, independent, dependence);
      const on = independent.filter((term, i) => Math.abs(dependence.factors[i]!) > 1e-6 && !(free && term === 0));
      return { term: dependence.column, on };
    }),
    residual: rank < vectors.length ? toNumber(vectors.dot(count, count, rank)) : 0,
    explained: toNumber(explained),
  };
}

/** In shares of the largest weight, as the rows are. */
function totalWeight({ rowCount, weights }: Design): number {
  if (!weights) return rowCount;
  const exponent = weightExponent(weights);
  return blockSum(rowCount, (row) => timesPowerOfTwo(weights[row]!, -exponent));
}

function applyRows(rows: DoubleDoubleVectors, count: number, right: readonly DoubleDouble[]): DoubleDouble[] {
  return Array.from({ length: count }, (_, term) =>
    right.reduce((sum, value, i) => add(sum, multiply(rows.get(term, i), value)), ZERO),
  );
}

/** R⁻¹ by rows, the last first. */
export async function inverseRows(
  { upper }: Pick<Factorization, 'upper'>,
  signal?: AbortSignal,
): Promise<DoubleDoubleVectors> {
  const rank = upper.length;
  const rows = new DoubleDoubleVectors(rank, rank);
  const breather = new Breather();
  for (let i = rank - 1; i >= 0; i--) {
    rows.set(i, i, ONE);
    for (let k = i + 1; k < rank; k++) rows.addMultiple(negate(upper[k]![i]!), k, i, k);
    rows.scale(divide(ONE, upper[i]![i]!), i);
    await breather.breathe(signal);
  }
  return rows;
}

/**
 * The rows of the shortest solution: with R = [R₁ S] of the terms but the intercept, in the units of the data, and
 * Rᵀ = Q·U by Gram and Schmidt, it is Q·U⁻ᵀ·Qᵀy. A term whose row in Q has length 1 is the same in every solution.
 */
async function shortestRows(design: Design, { independent, upper, dependent }: Factorization, signal?: AbortSignal) {
  const { terms, units } = design;
  const head = design.intercept ? 1 : 0;
  const [rank, size] = [independent.length - head, terms.length - head];
  const exponents = terms.map(({ column }) => (column < 0 ? 0 : units[column]!.exponent));
  const largest = exponents.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const several = terms.some(({ power }) => power > 1);
  const scales = exponents.map((exponent) => (several ? 1 : timesPowerOfTwo(1, Math.max(-64, exponent - largest))));
  const breather = new Breather();
  const basis = new DoubleDoubleVectors(rank, size);
  for (let t = 0; t < size; t++) {
    const column = upper[t + head]!;
    for (let i = 0; i < rank && i + head < column.length; i++) {
      basis.set(i, t, multiply(column[i + head]!, fromNumber(scales[t + head]!)));
    }
  }
  const steps = new DoubleDoubleVectors(rank, rank);
  for (let i = 0; i < rank; i++) {
    steps.set(i, i, ONE);
    for (let k = 0; k < i; k++) {
      const share = basis.dot(k, i, 0);
      basis.addMultiple(negate(share), k, i, 0);
      steps.addMultiple(negate(share), k, i, 0);
    }
    const inverse = divide(ONE, squareRoot(basis.dot(i, i, 0)));
    basis.scale(inverse, i);
    steps.scale(inverse, i);
    await breather.breathe(signal);
  }
  const rows = new DoubleDoubleVectors(terms.length + rank, independent.length);
  for (let i = 0; i < rank; i++) {
    for (let k = 0; k <= i; k++) rows.set(terms.length + i, k + head, steps.get(i, k));
  }
  const estimable = terms.map(() => true);
  for (let t = head; t < terms.length; t++) {
    let length = 0;
    for (let i = 0; i < rank; i++) {
      const entry = basis.get(i, t - head);
      length += entry.high * entry.high;
      rows.addMultiple(multiply(entry, fromNumber(scales[t]!)), terms.length + i, t, 0);
    }
    estimable[t] = length > 1 - 1e-9;
    await breather.breathe(signal);
  }
  if (head === 1) {
    rows.set(0, 0, ONE);
    for (let t = 1; t < terms.length; t++) if (upper[t]!.length > 0) rows.addMultiple(negate(upper[t]![0]!), t, 0, 0);
    rows.scale(divide(ONE, upper[0]![0]!), 0);
    estimable[0] = dependent.every((dependence) => isZeroAtOrigin(design, independent, dependence));
  }
  return { rows, estimable };
}

/** Does a dependence of columns hold without the help of the intercept? Then it leaves the intercept alone. */
function isZeroAtOrigin({ terms, units }: Design, independent: readonly number[], dependence: Dependence): boolean {
  const atOrigin = (term: number) => {
    const { column, power } = terms[term]!;
    if (column < 0) return 1;
    const { shift, inverse } = units[column]!;
    return Array.from({ length: power }).reduce<number>((value) => value * -shift * inverse[0] * inverse[1], 1);
  };
  const parts = dependence.factors.map((factor, i) => -factor * atOrigin(independent[i]!));
  parts.push(atOrigin(dependence.column));
  const size = parts.reduce((sum, part) => sum + Math.abs(part), 0);
  return Math.abs(parts.reduce((sum, part) => sum + part, 0)) <= 1e-9 * size;
}

/**
 * Corrects a solution in doubles: what the residuals, formed in double-doubles, still say of the terms is solved for. One
 * round multiplies the error by that of the factorisation, which leaves none that doubles could show.
 */
async function refine(
  design: Design,
  target: Float64Array,
  unit: Unit,
  solution: LeastSquares,
  signal?: AbortSignal,
): Promise<LeastSquares> {
  const count = design.terms.length;
  const breather = new Breather();
  const whole = new DoubleDoubleVectors(count + 2, BLOCK_ROWS);
  let residual = ZERO;
  const gradient: DoubleDouble[] = Array.from({ length: count }, () => ZERO);
  for (let start = 0; start < design.rowCount; start += BLOCK_ROWS) {
    const end = Math.min(design.rowCount, start + BLOCK_ROWS);
    const block = termVectors(design, target, unit, start, end, end - start === BLOCK_ROWS ? whole : undefined);
    solution.coefficients.forEach((value, term) => block.addMultiple(negate(value), term, count, 0));
    residual = add(residual, block.dot(count, count, 0));
    for (let term = 0; term < count; term++) gradient[term] = add(gradient[term]!, block.dot(term, count, 0));
    await breather.breathe(signal);
  }
  const shares = Array.from({ length: solution.rank }, (_, i) =>
    gradient.reduce((sum, value, term) => add(sum, multiply(solution.rows.get(term, i), value)), ZERO),
  );
  const correction = applyRows(solution.rows, count, shares);
  const coefficients = solution.coefficients.map((value, term) => add(value, correction[term]!));
  // The squares fall by what the correction explains.
  const fall = gradient.reduce((sum, value, term) => add(sum, multiply(value, correction[term]!)), ZERO);
  return { ...solution, coefficients, residual: toNumber(add(residual, negate(fall))) };
}
