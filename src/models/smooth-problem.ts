import type { SmoothProblem } from '../engine/descent/linear-problem.js';
import { SparseProblem } from '../engine/descent/sparse-problem.js';
import type { Engine } from '../engine/engine.js';
import { blockSum, DesignMatrix, type LinearLossName, LinearProblem, type Scaling } from '../engine/linear-algebra.js';
import { SparseMatrix, type SparseRows } from '../engine/sparse-matrix.js';
import { LanewiseError } from '../errors.js';
import type { RegisterColumn } from '../table/columns.js';
import { mixedFeatures, sparseRowsOf } from './texts.js';

export interface SmoothOptions {
  readonly loss: LinearLossName;
  readonly a?: number;
  readonly b?: number;
  readonly classCount?: number;
  readonly weights?: Float64Array;
  /** true: rows keep their second derivatives for Hessians. */
  readonly curvature?: boolean;
  readonly centred: boolean;
  /** As of the training rows. */
  readonly scaling?: Scaling;
  readonly signal?: AbortSignal;
}

/** A loss on rows, with what it lies in. */
export interface OpenProblem extends Disposable {
  readonly smooth: SmoothProblem;
  /** Absent of texts. */
  readonly design?: DesignMatrix;
  /** A feature each: the numbers, then the terms of texts. */
  readonly scaling: Scaling;
  /** By feature: its standard deviation in the units of the scaling, where these do not make it 1. */
  readonly spreads?: Float64Array;
  /** By feature, where it is not 1: the mean of its squares. */
  readonly meanSquares?: Float64Array;
  /** Of texts: do these coefficients give every row its own class? */
  readonly parts?: (point: Float64Array) => Promise<boolean>;
}

/** The loss of a linear model on columns: on a dense matrix, or where there are texts on a sparse one. */
export async function openProblem(
  engine: Engine,
  columns: readonly RegisterColumn[],
  target: Float64Array,
  options: SmoothOptions,
): Promise<OpenProblem> {
  if (columns.some(({ type }) => type === 'text')) return openSparse(engine, columns, target, options);
  const values = columns.map((column) => column.values);
  const design = await DesignMatrix.of(engine, values, options);
  const { loss, a, b, weights, classCount, curvature } = options;
  const smooth = new LinearProblem(design, loss, target, { weights, classCount, curvature, a, b });
  return {
    smooth,
    design,
    scaling: design.scaling,
    [Symbol.dispose]() {
      smooth[Symbol.dispose]();
      design[Symbol.dispose]();
    },
  };
}

async function openSparse(
  engine: Engine,
  columns: readonly RegisterColumn[],
  target: Float64Array,
  { loss, weights, classCount = 2, scaling: given, signal }: SmoothOptions,
): Promise<OpenProblem> {
  if (loss !== 'logistic' && loss !== 'softmax') {
    throw new LanewiseError('internal', `Expected a logistic or multinomial loss on texts but received ${loss}`);
  }
  const { dense, texts, count } = mixedFeatures(columns);
  const scaling = given ?? scalesOf(dense, count, weights);
  const rows = await sparseRowsOf(texts, target.length, signal);
  const design = new SparseMatrix(engine, withNumbers(rows, dense, scaling));
  const smooth = new SparseProblem(design, target, { classCount, weights });
  const { sums, squares } = design.columnMoments();
  return {
    smooth,
    scaling,
    meanSquares: squares.map((square) => square / target.length),
    spreads: squares.map((square, j) =>
      Math.sqrt(Math.max(0, square / target.length - (sums[j]! / target.length) ** 2)),
    ),
    parts: async (point) => {
      await smooth.evaluate(point, signal);
      return smooth.parts();
    },
    [Symbol.dispose]() {
      smooth[Symbol.dispose]();
      design[Symbol.dispose]();
    },
  };
}

/** Numbers by their standard deviation, terms as they are. Nothing is centred: what is 0 stays 0. */
function scalesOf(dense: readonly RegisterColumn[], count: number, weights: Float64Array | undefined): Scaling {
  const scales = new Float64Array(count).fill(1);
  dense.forEach(({ values }, j) => {
    const weightOf = (row: number) => (weights ? weights[row]! : 1);
    const total = blockSum(values.length, weightOf);
    const mean = blockSum(values.length, (row) => weightOf(row) * values[row]!) / total;
    const variance = blockSum(values.length, (row) => weightOf(row) * (values[row]! - mean) ** 2) / total;
    const spread = Math.sqrt(variance);
    if (spread > 1e-13 * Math.abs(mean) && Number.isFinite(spread)) scales[j] = spread;
  });
  return { shifts: new Float64Array(count), scales };
}

/** The terms of texts behind the numbers that are not 0. */
function withNumbers(terms: SparseRows, dense: readonly RegisterColumn[], { scales }: Scaling): SparseRows {
  if (dense.length === 0) return terms;
  const { rowCount, columnCount } = terms;
  const offsets = new Int32Array(rowCount + 1);
  for (let row = 0; row < rowCount; row++) {
    let count = terms.offsets[row + 1]! - terms.offsets[row]!;
    for (const { values } of dense) if (values[row] !== 0) count++;
    offsets[row + 1] = offsets[row]! + count;
  }
  const [indices, values] = [new Int32Array(offsets[rowCount]!), new Float64Array(offsets[rowCount]!)];
  let at = 0;
  for (let row = 0; row < rowCount; row++) {
    dense.forEach((column, j) => {
      if (column.values[row] === 0) return;
      indices[at] = j;
      values[at++] = column.values[row]! / scales[j]!;
    });
    for (let e = terms.offsets[row]!; e < terms.offsets[row + 1]!; e++) {
      indices[at] = dense.length + terms.indices[e]!;
      values[at++] = terms.values[e]!;
    }
  }
  return { rowCount, columnCount: dense.length + columnCount, offsets, indices, values };
}
