import type { Engine } from '../engine.js';
import { multiplyMatrices } from '../matrix-product.js';
import { stream } from '../random.js';
import { qr } from './qr.js';
import { type Svd, svd } from './svd.js';

export interface RandomizedOptions {
  /** Singular values that are wanted: 1 … min(rowCount, columnCount). */
  readonly count: number;
  /** Directions beside those that are wanted. Default 10. */
  readonly oversamples?: number;
  /** Power iterations; default 7 for fewer than a tenth of all singular values, else 4. */
  readonly iterations?: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/**
 * The largest singular values and vectors of a matrix whose columns lie one after the other, from its products with a few
 * random directions; every power iteration is made orthogonal by QR. The same seed gives the same bits.
 * Halko, Martinsson, Tropp, "Finding structure with randomness", 2011, algorithms 4.4 and 5.1.
 * @throws LanewiseError `data` where an element is not finite.
 */
export async function randomizedSvd(
  engine: Engine,
  columns: Float64Array,
  rowCount: number,
  columnCount: number,
  options: RandomizedOptions,
): Promise<Svd> {
  const { count, oversamples = 10, seed, signal } = options;
  const least = Math.min(rowCount, columnCount);
  const iterations = options.iterations ?? (count < 0.1 * least ? 7 : 4);
  const width = Math.min(least, count + oversamples);
  using scope = engine.arena.scope();
  const a = engine.arena.holds(columns) ? columns : scope.copy('f64', columns);
  const random = stream(seed, 'randomized-svd');
  const directions = scope.copy(
    'f64',
    Float64Array.from({ length: width * columnCount }, () => random.normal()),
  );
  const [tall, wide] = [scope.allocate('f64', width * rowCount), scope.allocate('f64', width * columnCount)];
  const forth = { rows: width, columns: rowCount, depth: columnCount };
  const back = { rows: width, columns: columnCount, depth: rowCount, form: 'right' } as const;
  const orthogonal = async (vectors: Float64Array, length: number) => {
    using factor = await qr(engine, vectors, length, width, { signal });
    vectors.set(await factor.q(signal));
  };
  await multiplyMatrices(engine, forth, directions, a, tall, { signal });
  for (let round = 0; round < iterations; round++) {
    await orthogonal(tall, rowCount);
    await multiplyMatrices(engine, back, tall, a, wide, { signal });
    await orthogonal(wide, columnCount);
    await multiplyMatrices(engine, forth, wide, a, tall, { signal });
  }
  await orthogonal(tall, rowCount);
  await multiplyMatrices(engine, back, tall, a, wide, { signal });
  // What is seen from the directions, width × columnCount, by rows: its transpose by columns.
  const small = await svd(engine, wide.slice(), columnCount, width, signal);
  const turned = scope.copy('f64', small.right.subarray(0, count * width));
  const left = scope.allocate('f64', count * rowCount);
  await multiplyMatrices(engine, { rows: count, columns: rowCount, depth: width }, turned, tall, left, { signal });
  return {
    values: small.values.slice(0, count),
    left: left.slice(),
    right: small.left.slice(0, count * columnCount),
  };
}
