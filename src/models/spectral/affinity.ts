import type { Scope } from '../../engine/arena.js';
import type { Points } from '../../engine/distance.js';
import type { Engine } from '../../engine/engine.js';
import type { SymmetricOperator } from '../../engine/linear-algebra/largest-eigenvectors.js';
import { multiplyMatrices } from '../../engine/matrix-product.js';
import { neighborSearch, pairwiseDistances } from '../../engine/neighbors/index.js';
import { Breather } from '../../engine/turn.js';
import { LanewiseError } from '../../errors.js';
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
  const needed = 8 * count * count;
  const { memoryLimit } = engine.describe();
  if (needed > memoryLimit - memoryLimit / 8) {
    const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
    throw new LanewiseError(
      'engine',
      `Expected room for the affinities of ${count.toLocaleString('en')} rows for spectral, which take ${gibibytes(needed)}, but the engine's memory ends at ${gibibytes(memoryLimit)}`,
      { hint: "Use affinity 'nearest_neighbors', whose memory grows with the rows alone." },
    );
  }
  const matrix = scope.allocate('f64', count * count);
  const breather = new Breather();
  for (const { start, queries } of queryBlocks(points)) {
    const distances = await pairwiseDistances(engine, queries, points, 'sqeuclidean', { signal });
    const block = matrix.subarray(start * count, start * count + distances.length);
    for (let i = 0; i < block.length; i++) block[i] = -gamma * distances[i]!;
    engine.kernels.exp_f64(block.byteOffset, block.byteOffset, block.length);
    await breather.breathe(signal);
  }
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
  const { count } = points;
  const others: Map<number, number>[] = Array.from({ length: count }, () => new Map());
  using search = await neighborSearch(engine, points, { signal });
  const hold = (row: number, other: number) => others[row]!.set(other, (others[row]!.get(other) ?? 0) + 0.5);
  for (const { start, queries } of queryBlocks(points, k)) {
    const { indices } = await search.nearest(queries, k, { signal });
    indices.forEach((other, at) => {
      const row = start + Math.floor(at / k);
      if (other === row || other < 0) return;
      hold(row, other);
      hold(other, row);
    });
  }
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
