import type { Engine } from '../../engine/engine.js';
import { cholesky, choleskySolve } from '../../engine/linear-algebra/cholesky.js';
import { invertLower } from '../../engine/linear-algebra/invert-lower.js';
import { blockSum, DesignMatrix, LinearProblem } from '../../engine/linear-algebra.js';
import { Breather } from '../../engine/turn.js';
import { innerProduct } from '../../training/objective.js';

interface Settings {
  readonly alphas: readonly number[];
  readonly fitIntercept: boolean;
  readonly weights: Float64Array | undefined;
  readonly criterion: 'leave-one-out' | 'generalized';
  readonly signal?: AbortSignal;
}

/** A row's residual and its leverage, hᵢᵢ of ŷ = H·y: the error without the row is residual / (1 − leverage). */
interface Residuals {
  readonly residuals: Float64Array;
  /** 1 − leverage */
  readonly spare: Float64Array;
}

/**
 * By penalty, the mean squared error (weighted) on rows that a ridge regression is not fitted to. With more columns than
 * rows it works on the rows' inner products. NaN where the penalty is too small for the columns.
 */
export async function heldOutErrors(
  engine: Engine,
  columns: readonly Float64Array[],
  target: Float64Array,
  settings: Settings,
): Promise<number[]> {
  const { weights, fitIntercept, alphas, criterion, signal } = settings;
  const rowCount = target.length;
  const weight = (row: number) => (weights ? weights[row]! : 1);
  const total = weights ? blockSum(rowCount, weight) : rowCount;
  const mean = fitIntercept ? blockSum(rowCount, (row) => weight(row) * target[row]!) / total : 0;
  const centred = target.map((value) => value - mean);
  using design = await DesignMatrix.of(engine, columns, { weights, centred: fitIntercept, signal });
  const shares = fitIntercept ? total : Number.POSITIVE_INFINITY;
  const wide = columns.length > rowCount;
  using problem = new LinearProblem(design, 'squared', centred, { weights });
  const solve = wide
    ? await byRows(engine, design, centred, weights, shares, signal)
    : await byColumns(design, problem, centred, weights, shares, signal);
  const errors: number[] = [];
  for (const alpha of alphas) {
    const found = await solve(alpha);
    errors.push(found ? errorOf(found, weight, total, criterion) : Number.NaN);
  }
  return errors;
}

function errorOf(
  { residuals, spare }: Residuals,
  weight: (row: number) => number,
  total: number,
  criterion: Settings['criterion'],
): number {
  const rows = residuals.length;
  const mean = blockSum(rows, (row) => spare[row]!) / rows;
  const share = (row: number) => (criterion === 'generalized' ? mean : spare[row]!);
  // A row that alone decides its own fit is left out with no error to speak of.
  if (!(mean > 1e-12)) return Number.NaN;
  return blockSum(rows, (row) => (weight(row) > 0 ? weight(row) * (residuals[row]! / share(row)) ** 2 : 0)) / total;
}

/** (xᵀ·W·x + penalty)⁻¹ by Cholesky, the leverage of a row as ‖L⁻¹·x‖². */
async function byColumns(
  design: DesignMatrix,
  problem: LinearProblem,
  target: Float64Array,
  weights: Float64Array | undefined,
  total: number,
  signal?: AbortSignal,
) {
  const { engine, columnCount: size, rowCount, scaling, values } = design;
  const gram = await problem.gram('weights', false, signal);
  const { gradient } = await problem.evaluate(new Float64Array(problem.dimension), signal);
  const right = gradient.subarray(0, size).map((value) => -value);
  return async (alpha: number): Promise<Residuals | undefined> => {
    const matrix = gram.slice();
    for (let j = 0; j < size; j++) matrix[j * size + j]! += alpha / (scaling.scales[j]! * scaling.scales[j]!);
    const factor = await cholesky(engine, matrix, size, { signal });
    if (!factor) return undefined;
    const inverse = await invertLower(factor, signal);
    using scope = engine.arena.scope();
    const row = scope.allocate('f64', size + 1);
    const scores = scope.allocate('f64', rowCount);
    const breather = new Breather();
    const score = (factors: Float64Array, count: number) => {
      row.set(factors);
      row[count] = 0;
      engine.kernels.linear_scores_f64(values.byteOffset, row.byteOffset, scores.byteOffset, rowCount, count, rowCount);
    };
    const leverage = new Float64Array(rowCount).fill(1 / total);
    for (let i = 0; i < size; i++) {
      score(inverse.subarray(i * size, i * size + i + 1), i + 1);
      for (let k = 0; k < rowCount; k++) leverage[k] = leverage[k]! + scores[k]! * scores[k]!;
      await breather.breathe(signal);
    }
    score(choleskySolve(factor, right), size);
    const residuals = target.map((value, k) => value - scores[k]!);
    return { residuals, spare: leverage.map((value, k) => 1 - value * (weights ? weights[k]! : 1)) };
  };
}

/**
 * With G = (x·xᵀ + alpha)⁻¹ on rows times the roots of their weights, 1 − leverage = alpha·Gᵢᵢ and residual = alpha·G·y.
 * The intercept, which is not penalised, and columns so long that rounding of their products would hide the others, are
 * put in by Woodbury's formula.
 */
async function byRows(
  engine: Engine,
  { values, rowCount, columnCount, scaling }: DesignMatrix,
  target: Float64Array,
  weights: Float64Array | undefined,
  total: number,
  signal?: AbortSignal,
) {
  const roots = target.map((_, row) => (weights ? Math.sqrt(weights[row]!) : 1));
  // Columns in the units of the data: the penalty is on their coefficients.
  const lengths = scaling.scales.toSorted();
  const longest = 1e3 * lengths[lengths.length >> 1]!;
  const isLong = Array.from(scaling.scales, (scale) => scale > longest);
  const rows = Array.from(roots, (root, i) =>
    Float64Array.from({ length: columnCount }, (_, j) =>
      isLong[j] ? 0 : root * values[j * rowCount + i]! * scaling.scales[j]!,
    ),
  );
  const unscaled = { shifts: new Float64Array(rowCount), scales: new Float64Array(rowCount).fill(1) };
  using design = await DesignMatrix.of(engine, rows, { centred: false, scaling: unscaled, signal });
  using problem = new LinearProblem(design, 'squared', new Float64Array(columnCount));
  const products = await problem.gram('weights', false, signal);
  const apart = isLong.flatMap((long, j): Apart[] => {
    const column = roots.map((root, i) => root * values[j * rowCount + i]!);
    return long ? [{ column, penalty: 1 / (scaling.scales[j]! * scaling.scales[j]!) }] : [];
  });
  // Centred products are 0 in the direction of the intercept: something of their size makes them regular there.
  const intercept = total < Number.POSITIVE_INFINITY;
  const size = products.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  if (intercept) {
    apart.push({ column: roots, penalty: 0 });
    for (let at = 0; at < products.length; at++) {
      products[at]! += (size / total) * roots[at % rowCount]! * roots[Math.floor(at / rowCount)]!;
    }
  }
  const right = target.map((value, i) => value * roots[i]!);
  return async (alpha: number): Promise<Residuals | undefined> => {
    const matrix = products.slice();
    for (let i = 0; i < rowCount; i++) matrix[i * rowCount + i]! += alpha;
    const factor = await cholesky(engine, matrix, rowCount, { signal });
    if (!factor) return undefined;
    const inverse = await invertLower(factor, signal);
    const times = (x: Float64Array) =>
      x.map((_, k) => innerProduct(inverse.subarray(k * rowCount, (k + 1) * rowCount), x));
    const basis = await basisOf(engine, apart, times);
    if (!basis) return undefined;
    const solved = times(right);
    for (const vector of basis) {
      const share = innerProduct(vector, solved);
      for (let k = 0; k < rowCount; k++) solved[k]! -= share * vector[k]!;
    }
    const residuals = new Float64Array(rowCount);
    const spare = new Float64Array(rowCount);
    for (let i = 0; i < rowCount; i++) {
      const column = Float64Array.from({ length: rowCount }, (_, k) => inverse[k * rowCount + i]!);
      const taken = basis.reduce((sum, vector) => sum + innerProduct(vector, column) ** 2, 0);
      spare[i] = alpha * (innerProduct(column, column) - taken);
      residuals[i] = roots[i]! > 0 ? (alpha * innerProduct(column, solved)) / roots[i]! : 0;
    }
    return { residuals, spare };
  };
}

/** A column that is not among the products, and the penalty on it, as a share of alpha. */
interface Apart {
  readonly column: Float64Array;
  readonly penalty: number;
}

/** Vectors C with (1 − C·Cᵀ) = 1 − B·(P + Bᵀ·B)⁻¹·Bᵀ, where B = L⁻¹·columns and P their penalties. */
async function basisOf(engine: Engine, apart: readonly Apart[], times: (x: Float64Array) => Float64Array) {
  const count = apart.length;
  const columns = apart.map(({ column }) => times(column));
  const matrix = Float64Array.from({ length: count * count }, (_, at) => {
    const [i, j] = [Math.floor(at / count), at % count];
    return innerProduct(columns[i]!, columns[j]!) + (i === j ? apart[i]!.penalty : 0);
  });
  const factor = await cholesky(engine, matrix, count);
  if (!factor) return undefined;
  const inverse = await invertLower(factor);
  return columns.map((column, m) =>
    column.map((_, k) => columns.reduce((sum, other, i) => sum + inverse[m * count + i]! * other[k]!, 0)),
  );
}
