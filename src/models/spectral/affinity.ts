import type { Scope } from '../../engine/arena.js';
import type { Engine } from '../../engine/engine.js';
import type { SymmetricOperator } from '../../engine/linear-algebra/largest-eigenvectors.js';
import { multiplyMatrices } from '../../engine/matrix-product.js';
import { neighborSearch, pairwiseDistances } from '../../engine/neighbors/index.js';
import type { Points } from '../../engine/neighbors/points.js';
import { Breather } from '../../engine/turn.js';
import { LanewiseError } from '../../errors.js';
import type { RegisterColumn } from '../../table/columns.js';
import { queryBlocks } from '../clustering/blocks.js';

/** D^(−½)·W·D^(−½): affinities of different rows, over the roots of their sums. */
export interface NormalizedAffinity extends SymmetricOperator {
  /** By row: the root of the sum of its affinities; 1 where it holds to none. */
  readonly roots: Float64Array;
}

/** e^(−gamma·d²) of all pairs. @throws LanewiseError `engine` where they do not fit into the memory */
export async function rbfAffinity(
  engine: Engine,
  scope: Scope,
  points: Points,
  gamma: number,
  signal?: AbortSignal,
): Promise<NormalizedAffinity> {
  const { count } = points;
  requireRoom(engine, count);
  const matrix = scope.allocate('f64', count * count);
  const breather = new Breather();
  for (const { start, queries } of queryBlocks(points)) {
    const distances = await pairwiseDistances(engine, queries, points, 'sqeuclidean', { signal });
    const block = matrix.subarray(start * count, start * count + distances.length);
    for (let i = 0; i < block.length; i++) block[i] = -gamma * distances[i]!;
    engine.kernels.exp_f64(block.byteOffset, block.byteOffset, block.length);
    await breather.breathe(signal);
  }
  return normalized(engine, matrix, count, signal);
}

/** Affinities of the columns: row by row, the affinities to every row. @throws LanewiseError `data`, `engine` */
export async function givenAffinity(
  engine: Engine,
  scope: Scope,
  columns: readonly RegisterColumn[],
  signal?: AbortSignal,
): Promise<NormalizedAffinity> {
  const count = columns.length;
  requireSquare(columns, 'affinities');
  requireRoom(engine, count);
  const matrix = scope.allocate('f64', count * count);
  columns.forEach(({ values }, k) => {
    for (let i = 0; i < count; i++) matrix[i * count + k] = values[i]!;
  });
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < i; k++) {
      const [there, back] = [matrix[i * count + k]!, matrix[k * count + i]!];
      if (Math.abs(there - back) <= 1e-10 * Math.max(Math.abs(there), Math.abs(back))) continue;
      throw new LanewiseError(
        'data',
        `Expected symmetric affinities for spectral, but that of row ${i + 1} to row ${k + 1} is ${there} and back ${back}`,
        { row: i + 1, column: columns[k]!.name, hint: 'Take the mean of the matrix and its transpose.' },
      );
    }
  }
  return normalized(engine, matrix, count, signal);
}

/** @throws LanewiseError `data` where there are not as many columns as rows, or a number is below 0 */
function requireSquare(columns: readonly RegisterColumn[], what: 'affinities' | 'distances'): void {
  const rows = columns[0]!.values.length;
  if (rows !== columns.length) {
    throw new LanewiseError(
      'data',
      `Expected a column for each of the ${rows} rows for precomputed ${what} but there are ${columns.length}`,
      { hint: `The ${what} of the rows with each other are square, in the order of the rows.` },
    );
  }
  for (const { name, values } of columns) {
    const at = values.findIndex((value) => value < 0);
    if (at < 0) continue;
    const message = `Expected ${what} of 0 or more for spectral but column "${name}" has ${values[at]} in row ${at + 1}`;
    throw new LanewiseError('data', message, { column: name, row: at + 1 });
  }
}

/** @throws LanewiseError `engine` */
function requireRoom(engine: Engine, count: number): void {
  const needed = 8 * count * count;
  const { memoryLimit } = engine.describe();
  if (needed <= memoryLimit - memoryLimit / 8) return;
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  throw new LanewiseError(
    'engine',
    `Expected room for the affinities of ${count.toLocaleString('en')} rows for spectral, which take ${gibibytes(needed)}, but the engine's memory ends at ${gibibytes(memoryLimit)}`,
    { hint: "Use affinity 'nearest_neighbors', whose memory grows with the rows alone." },
  );
}

/** Affinities of all pairs, row-major, in the engine's memory, are overwritten. */
async function normalized(
  engine: Engine,
  matrix: Float64Array,
  count: number,
  signal?: AbortSignal,
): Promise<NormalizedAffinity> {
  const breather = new Breather();
  const roots = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    matrix[i * count + i] = 0;
    roots[i] = rootOf(sumOf(matrix.subarray(i * count, (i + 1) * count)));
    await breather.breathe(signal);
  }
  for (let i = 0; i < count; i++) {
    for (let k = 0, at = i * count; k < count; k++, at++) matrix[at] = matrix[at]! / (roots[i]! * roots[k]!);
    await breather.breathe(signal);
  }
  return {
    size: count,
    roots,
    multiply: (vectors, out, width, stop) =>
      multiplyMatrices(engine, { rows: width, columns: count, depth: count }, vectors, matrix, out, { signal: stop }),
  };
}

/** ½ where one row is among the k nearest of the other, 1 where both are of each other; a row is the first of its own. */
export async function neighborAffinity(
  engine: Engine,
  points: Points,
  k: number,
  signal?: AbortSignal,
): Promise<NormalizedAffinity> {
  const nearest = new Int32Array(points.count * k);
  using search = await neighborSearch(engine, points, { signal });
  for (const { start, queries } of queryBlocks(points, k)) {
    nearest.set((await search.nearest(queries, k, { signal })).indices, start * k);
  }
  return neighborGraph(nearest, points.count, k);
}

/** As `neighborAffinity`, by the distances of the columns: row by row, to every row. @throws LanewiseError `data` */
export function givenNeighborAffinity(columns: readonly RegisterColumn[], k: number): NormalizedAffinity {
  requireSquare(columns, 'distances');
  const count = columns.length;
  const nearest = new Int32Array(count * k);
  const order = Array.from({ length: count }, (_, row) => row);
  for (let row = 0; row < count; row++) {
    // The row itself is the first, whatever the matrix says.
    const distanceTo = (other: number) => (other === row ? -1 : columns[other]!.values[row]!);
    const sorted = order.toSorted((a, b) => distanceTo(a) - distanceTo(b) || a - b);
    nearest.set(sorted.slice(0, k), row * k);
  }
  return neighborGraph(nearest, count, k);
}

/** @param nearest of each row k others, or itself */
function neighborGraph(nearest: Int32Array, count: number, k: number): NormalizedAffinity {
  const others: Map<number, number>[] = Array.from({ length: count }, () => new Map());
  const hold = (row: number, other: number) => others[row]!.set(other, (others[row]!.get(other) ?? 0) + 0.5);
  nearest.forEach((other, at) => {
    const row = Math.floor(at / k);
    if (other === row || other < 0) return;
    hold(row, other);
    hold(other, row);
  });
  const offsets = new Int32Array(count + 1);
  others.forEach((held, row) => {
    offsets[row + 1] = offsets[row]! + held.size;
  });
  const columns = new Int32Array(offsets[count]!);
  const values = new Float64Array(offsets[count]!);
  const roots = new Float64Array(count);
  others.forEach((held, row) => {
    const sorted = [...held].sort(([a], [b]) => a - b);
    sorted.forEach(([other, value], at) => {
      columns[offsets[row]! + at] = other;
      values[offsets[row]! + at] = value;
    });
    roots[row] = rootOf(sorted.reduce((sum, [, value]) => sum + value, 0));
  });
  for (let row = 0; row < count; row++) {
    for (let at = offsets[row]!; at < offsets[row + 1]!; at++)
      values[at] = values[at]! / (roots[row]! * roots[columns[at]!]!);
  }
  return {
    size: count,
    roots,
    async multiply(vectors, out, width, stop) {
      const breather = new Breather();
      for (let v = 0; v < width; v++) {
        const x = vectors.subarray(v * count, (v + 1) * count);
        for (let row = 0; row < count; row++) {
          let sum = 0;
          for (let at = offsets[row]!; at < offsets[row + 1]!; at++) sum += values[at]! * x[columns[at]!]!;
          out[v * count + row] = sum;
        }
        await breather.breathe(stop);
      }
    },
  };
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

function rootOf(sum: number): number {
  return sum > 0 ? Math.sqrt(sum) : 1;
}
