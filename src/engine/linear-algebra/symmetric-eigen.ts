import { LanewiseError, throwIfCancelled } from '../../errors.js';
import type { Engine, Task } from '../engine.js';
import { multiplyMatrices } from '../matrix-product.js';
import { turnEventLoop } from '../turn.js';
import { Reflections } from './reflections.js';
import { unitOf } from './unit.js';

export interface SymmetricEigen {
  /** Descending. */
  readonly values: Float64Array;
  /** size × size, row-major: row e is the unit eigenvector of values[e]. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, row-major: Householder reflections to a tridiagonal matrix, then QL with
 * implicit shifts (Bowdler, Martin, Reinsch, Wilkinson 1968). Errors are some last places of the largest eigenvalue.
 * @throws LanewiseError `data` where an element is not finite.
 */
export async function symmetricEigen(
  engine: Engine,
  matrix: Float64Array,
  size: number,
  signal?: AbortSignal,
): Promise<SymmetricEigen> {
  using scope = engine.arena.scope();
  const unit = unitOf(matrix);
  const a = scope.copy('f64', matrix);
  for (let i = 0; i < a.length; i++) a[i]! /= unit;
  const { diagonal, beside, turns } = await tridiagonalize(engine, a, size, signal);
  // Row j is column j of what turns the matrix into the tridiagonal one.
  const vectors = scope.zeros('f64', size * size);
  vectors[0] = 1;
  const turned = await turns(signal);
  for (let j = 1; j < size; j++) {
    vectors.set(turned.subarray((j - 1) * (size - 1), j * (size - 1)), j * size + 1);
  }
  await diagonalize(engine, diagonal, beside, vectors, signal);
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j]! - diagonal[i]! || i - j);
  const sorted = new Float64Array(size * size);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * size, (from + 1) * size), to * size);
  });
  return { values: Float64Array.from(order, (from) => diagonal[from]! * unit), vectors: sorted };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Element i stands beside diagonal elements i and i + 1; the last is 0. */
  readonly beside: Float64Array;
  /** The columns, one after the other, of the product of the reflections, which leave the first row alone. */
  readonly turns: (signal?: AbortSignal) => Promise<Float64Array>;
}

/** Overwrites a, which lies in the engine's memory. */
async function tridiagonalize(
  engine: Engine,
  a: Float64Array,
  size: number,
  signal?: AbortSignal,
): Promise<Tridiagonal> {
  const rest = Math.max(0, size - 1);
  const diagonal = new Float64Array(size);
  const beside = new Float64Array(size);
  const packed = new Float64Array(rest * rest);
  const factors = new Float64Array(rest);
  using scope = engine.arena.scope();
  // The vector v (with the 0 of an intercept behind it), w, and v again: both orders of the pair in one place.
  const pair = scope.zeros('f64', 3 * (size + 1));
  const out = scope.allocate('f64', size);
  for (let k = 0; k < rest; k++) {
    diagonal[k] = a[k * (size + 1)]!;
    const length = rest - k;
    const row = a.subarray(k * size + k + 1, (k + 1) * size);
    const factor = reflect(row);
    beside[k] = row[0]!;
    factors[k] = factor;
    packed.set(row, k * rest + k);
    if (factor !== 0) {
      const v = pair.subarray(0, length + 1);
      v.set(row);
      v[0] = 1;
      v[length] = 0;
      const part = a.subarray((k + 1) * (size + 1));
      const offsets = [part.byteOffset, v.byteOffset, out.byteOffset] as const;
      engine.kernels.linear_scores_f64(...offsets, length, length, size);
      const half = (factor * factor * engine.kernels.dot_f64(v.byteOffset, out.byteOffset, length)) / 2;
      const w = pair.subarray(length, 2 * length);
      for (let i = 0; i < length; i++) w[i] = factor * out[i]! - half * v[i]!;
      pair.copyWithin(2 * length, 0, length);
      const shape = { rows: length, columns: length, depth: 2, form: 'left', cStride: size } as const;
      await multiplyMatrices(engine, shape, pair, w, part, { update: 'subtract', signal });
    }
    throwIfCancelled(signal);
    if (size > 64 && k % 16 === 15) await turnEventLoop();
  }
  if (size > 0) diagonal[size - 1] = a[size * size - 1]!;
  return {
    diagonal,
    beside,
    turns: async (cancelled) => {
      using room = engine.arena.scope();
      const identity = new Float64Array(rest * rest);
      for (let i = 0; i < rest; i++) identity[i * (rest + 1)] = 1;
      const reflections = new Reflections(engine, room.copy('f64', packed), rest, factors);
      return await reflections.apply(identity, rest, false, cancelled);
    },
  };
}

/** Makes the reflection that sends a vector to its first element: x becomes that element and the reflection's vector. */
function reflect(x: Float64Array): number {
  let largest = 0;
  for (let i = 1; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  if (largest === 0) return 0;
  largest = Math.max(largest, Math.abs(x[0]!));
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i]! / largest) * (x[i]! / largest);
  const length = largest * Math.sqrt(sum);
  const head = x[0]!;
  const end = head > 0 ? -length : length;
  for (let i = 1; i < x.length; i++) x[i] = x[i]! / (head - end);
  x[0] = end;
  return (end - head) / end;
}

/** QL with implicit shifts: eigenvalues into `diagonal`, eigenvectors into the rows of `vectors`, which turn along. */
async function diagonalize(
  engine: Engine,
  diagonal: Float64Array,
  beside: Float64Array,
  vectors: Float64Array,
  signal?: AbortSignal,
): Promise<void> {
  const size = diagonal.length;
  using scope = engine.arena.scope();
  const rotations = scope.allocate('f64', 2 * size);
  for (let low = 0; low < size; low++) {
    for (let round = 0; ; round++) {
      const high = splitFrom(diagonal, beside, low);
      if (high === low) break;
      if (round === 60) {
        throw new LanewiseError('internal', 'Expected the eigenvalues of a symmetric matrix within 60 rounds each');
      }
      const count = sweep(diagonal, beside, low, high, rotations);
      await engine.run(rotationTasks(engine, vectors, size, rotations, high - 1, count), signal);
    }
    if (size > 64) await turnEventLoop();
  }
}

/** The first place from `low` on beside which nothing is left. */
function splitFrom(diagonal: Float64Array, beside: Float64Array, low: number): number {
  let high = low;
  for (; high < diagonal.length - 1; high++) {
    const around = Math.abs(diagonal[high]!) + Math.abs(diagonal[high + 1]!);
    if (Math.abs(beside[high]!) + around === around) break;
  }
  return high;
}

/** One implicit QL step on elements low … high, from the bottom up: how many rotations it took. */
function sweep(d: Float64Array, e: Float64Array, low: number, high: number, rotations: Float64Array): number {
  let g = (d[low + 1]! - d[low]!) / (2 * e[low]!);
  const root = Math.sqrt(g * g + 1);
  g = d[high]! - d[low]! + e[low]! / (g < 0 ? g - root : g + root);
  let [sine, cosine, p] = [1, 1, 0];
  for (let i = high - 1; i >= low; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const r = lengthOf(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[high] = 0;
      return high - 1 - i;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1]! - p;
    const change = (d[i]! - g) * sine + 2 * cosine * b;
    p = sine * change;
    d[i + 1] = g + p;
    g = cosine * change - b;
    rotations[2 * (high - 1 - i)] = cosine;
    rotations[2 * (high - 1 - i) + 1] = sine;
  }
  d[low]! -= p;
  e[low] = g;
  e[high] = 0;
  return high - low;
}

function lengthOf(x: number, y: number): number {
  const [a, b] = [Math.abs(x), Math.abs(y)];
  const [large, small] = a > b ? [a, b] : [b, a];
  if (large === 0) return 0;
  const ratio = small / large;
  return large * Math.sqrt(1 + ratio * ratio);
}

/** Columns a task of rotations at least. */
const MIN_COLUMNS = 128;

function rotationTasks(
  engine: Engine,
  vectors: Float64Array,
  size: number,
  rotations: Float64Array,
  first: number,
  count: number,
): Task[] {
  const width = Math.max(MIN_COLUMNS, 2 * Math.ceil(size / engine.threads / 2));
  const tasks: Task[] = [];
  for (let start = 0; start < size; start += width) {
    const columns = Math.min(width, size - start);
    const numbers = [size, columns, size, first, -1, count];
    tasks.push({
      kernel: 'rotate_rows_f64',
      values: [vectors.byteOffset + 8 * start, rotations.byteOffset, ...numbers],
    });
  }
  return tasks;
}

/** The shortest of the least-squares solutions of a symmetric positive semidefinite system: directions of no weight stay 0. */
export async function solveSemidefinite(
  engine: Engine,
  matrix: Float64Array,
  size: number,
  b: Float64Array,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const { values, vectors } = await symmetricEigen(engine, matrix, size, signal);
  const x = new Float64Array(size);
  for (let e = 0; e < size; e++) {
    if (!(values[e]! > 1e-12 * values[0]!)) continue;
    const vector = vectors.subarray(e * size, (e + 1) * size);
    let share = 0;
    for (let i = 0; i < size; i++) share += vector[i]! * b[i]!;
    share /= values[e]!;
    for (let i = 0; i < size; i++) x[i]! += share * vector[i]!;
  }
  return x;
}
