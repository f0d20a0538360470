import { throwIfCancelled } from '../../errors.js';
import type { Engine } from '../engine.js';
import { turnEventLoop } from '../turn.js';
import { qr } from './qr.js';
import { unitOf } from './unit.js';

/** A = U·diag(values)·Vᵀ, with k = min(rowCount, columnCount) singular values, descending. */
export interface Svd {
  readonly values: Float64Array;
  /** k columns of rowCount elements, one after the other. */
  readonly left: Float64Array;
  /** k rows of columnCount elements: Vᵀ, row-major. */
  readonly right: Float64Array;
}

const MAX_SWEEPS = 60;
/** Operations between two turns of the event loop. */
const SLICE = 2e7;

/**
 * The singular values and vectors of a matrix whose columns lie one after the other: QR with pivoting, then one-sided Jacobi
 * rotations of the rows of R (Drmač, Veselić, "New fast and accurate Jacobi SVD algorithm", 2008), which finds small singular
 * values of graded matrices to their own last places.
 * @throws LanewiseError `data` where an element is not finite.
 */
export async function svd(
  engine: Engine,
  columns: Float64Array,
  rowCount: number,
  columnCount: number,
  signal?: AbortSignal,
): Promise<Svd> {
  if (rowCount < columnCount) {
    const flipped = await svd(engine, transpose(columns, rowCount, columnCount), columnCount, rowCount, signal);
    return { values: flipped.values, left: flipped.right, right: flipped.left };
  }
  const unit = unitOf(columns);
  const scaled = columns.map((value) => value / unit);
  // Pivoting takes one column at a time: of a tall matrix, only R is pivoted.
  if (rowCount > 2 * columnCount) {
    using tall = await qr(engine, scaled, rowCount, columnCount, { signal });
    const r = transpose(tall.r, columnCount, columnCount);
    const inner = await squareSvd(engine, r, columnCount, columnCount, unit, signal);
    const widened = new Float64Array(columnCount * rowCount);
    for (let j = 0; j < columnCount; j++) {
      widened.set(inner.left.subarray(j * columnCount, (j + 1) * columnCount), j * rowCount);
    }
    return { ...inner, left: await tall.multiply(widened, columnCount, signal) };
  }
  return squareSvd(engine, scaled, rowCount, columnCount, unit, signal);
}

async function squareSvd(
  engine: Engine,
  columns: Float64Array,
  rowCount: number,
  columnCount: number,
  unit: number,
  signal?: AbortSignal,
): Promise<Svd> {
  const n = columnCount;
  using factor = await qr(engine, columns, rowCount, n, { pivoting: true, signal });
  using scope = engine.arena.scope();
  const rows = scope.copy('f64', factor.r);
  const turns = scope.zeros('f64', n * n);
  for (let i = 0; i < n; i++) turns[i * (n + 1)] = 1;
  await makeOrthogonal(engine, rows, turns, n, signal);
  const lengths = Float64Array.from({ length: n }, (_, i) => {
    const at = rows.byteOffset + 8 * i * n;
    return Math.sqrt(engine.kernels.dot_f64(at, at, n));
  });
  const order = Array.from(lengths.keys()).sort((i, j) => lengths[j]! - lengths[i]! || i - j);
  const right = new Float64Array(n * n);
  const widened = new Float64Array(n * rowCount);
  order.forEach((from, to) => {
    for (let j = 0; j < n; j++)
      right[to * n + factor.pivots[j]!] = lengths[from]! > 0 ? rows[from * n + j]! / lengths[from]! : 0;
    widened.set(turns.subarray(from * n, (from + 1) * n), to * rowCount);
  });
  completeRows(right, n, order.filter((from) => lengths[from]! > 0).length);
  const values = Float64Array.from(order, (from) => lengths[from]! * unit);
  return { values, left: await factor.multiply(widened, n, signal), right };
}

async function makeOrthogonal(
  engine: Engine,
  rows: Float64Array,
  turns: Float64Array,
  n: number,
  signal?: AbortSignal,
): Promise<void> {
  const step = Math.max(1, Math.floor(SLICE / Math.max(1, 12 * n * n)));
  const tolerance = 2 ** -52 * Math.sqrt(n);
  for (let round = 0; round < MAX_SWEEPS; round++) {
    let rotated = 0;
    for (let from = 0; from < n; from += step) {
      const [a, v] = [rows.byteOffset, turns.byteOffset];
      rotated += engine.kernels.jacobi_rows_f64(a, v, tolerance, n, n, from, Math.min(n, from + step));
      throwIfCancelled(signal);
      if (n > 64) await turnEventLoop();
    }
    if (rotated === 0) return;
  }
}

/** Rows from `known` on, which are 0, become unit vectors orthogonal to all before them. */
function completeRows(rows: Float64Array, n: number, known: number): void {
  for (let row = known, candidate = 0; row < n; candidate++) {
    const out = rows.subarray(row * n, (row + 1) * n).fill(0);
    out[candidate % n] = 1;
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < row; k++) {
        const other = rows.subarray(k * n, (k + 1) * n);
        let share = 0;
        for (let j = 0; j < n; j++) share += out[j]! * other[j]!;
        for (let j = 0; j < n; j++) out[j]! -= share * other[j]!;
      }
    }
    let square = 0;
    for (let j = 0; j < n; j++) square += out[j]! * out[j]!;
    // Some unit vector keeps at least 1/n of its square.
    if (square < 0.5 / n) continue;
    for (let j = 0; j < n; j++) out[j]! /= Math.sqrt(square);
    row++;
  }
}

function transpose(columns: Float64Array, rowCount: number, columnCount: number): Float64Array {
  const out = new Float64Array(columns.length);
  for (let j = 0; j < columnCount; j++) {
    for (let i = 0; i < rowCount; i++) out[i * columnCount + j] = columns[j * rowCount + i]!;
  }
  return out;
}

/** Turns each pair of vectors so that the element of Vᵀ's row that is largest in size, the first of equals, is positive. */
export function flipSigns({ left, right, values }: Svd): void {
  const count = values.length;
  const [m, n] = [left.length / count, right.length / count];
  for (let k = 0; k < count; k++) {
    if (!leadsNegative(right.subarray(k * n, (k + 1) * n))) continue;
    for (let j = 0; j < n; j++) right[k * n + j] = -right[k * n + j]!;
    for (let i = 0; i < m; i++) left[k * m + i] = -left[k * m + i]!;
  }
}

/** Is the element that is largest in size, the first of equals, negative? */
export function leadsNegative(vector: Float64Array): boolean {
  let lead = 0;
  for (const value of vector) if (Math.abs(value) > Math.abs(lead)) lead = value;
  return lead < 0;
}
