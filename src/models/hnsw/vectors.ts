import { Breather } from '../../engine/turn.js';
import { invalid, LanewiseError } from '../../errors.js';

/** Rows of numbers: one array a row, or all rows one after the other. */
export type Vectors = Float32Array | Float64Array | readonly ArrayLike<number>[];

/** Beyond this squared length f32 has no distances. */
const FARTHEST = 1.329227995784916e36; // 2^120

/** How many rows there are. @throws LanewiseError `data` where they are not of the index's dimension. */
export function countVectors(vectors: Vectors, dimension: number, what: string): number {
  if (vectors instanceof Float32Array || vectors instanceof Float64Array) {
    if (vectors.length % dimension === 0) return vectors.length / dimension;
    throw new LanewiseError(
      'data',
      `Expected a multiple of ${dimension} numbers for ${what} but received ${vectors.length}`,
      { hint: 'Rows stand one after the other, each of the dimension that the index was made with.' },
    );
  }
  if (!Array.isArray(vectors)) throw invalid(what, 'an array of rows, a Float32Array or a Float64Array', vectors);
  vectors.forEach((row: ArrayLike<number>, index) => {
    if (row?.length === dimension) return;
    throw new LanewiseError(
      'data',
      `Expected ${dimension} numbers for row ${index + 1} of ${what} but received ${row?.length ?? row}`,
      { row: index + 1 },
    );
  });
  return vectors.length;
}

/**
 * Writes rows as f32 with zeros up to `stride`, under cosine divided by their length.
 * @param place where row i goes: a row of `out`
 * @throws LanewiseError `data` for NaN, infinite or too large numbers, and for rows of length zero under cosine.
 */
export async function writeVectors(
  vectors: Vectors,
  shape: { readonly count: number; readonly dimension: number; readonly stride: number; readonly unit: boolean },
  what: string,
  out: Float32Array,
  place: (row: number) => number,
): Promise<void> {
  const { count, dimension, stride, unit } = shape;
  const flat = vectors instanceof Float32Array || vectors instanceof Float64Array;
  const breather = new Breather();
  for (let row = 0; row < count; row++) {
    const [from, at] = flat ? [vectors, row * dimension] : [vectors[row]!, 0];
    const to = place(row) * stride;
    const scale = scaleOf(from, at, dimension, unit, row, what);
    if (scale === 1) for (let j = 0; j < dimension; j++) out[to + j] = from[at + j]!;
    else for (let j = 0; j < dimension; j++) out[to + j] = from[at + j]! * scale;
    out.fill(0, to + dimension, to + stride);
    if ((row & 63) === 63) await breather.breathe();
  }
}

function scaleOf(
  from: ArrayLike<number>,
  at: number,
  dimension: number,
  unit: boolean,
  row: number,
  what: string,
): number {
  let length = 0;
  for (let j = at; j < at + dimension; j++) length += from[j]! * from[j]!;
  if (!unit && length <= FARTHEST) return 1;
  if (unit && length > 1e-200 && length < 1e200) return 1 / Math.sqrt(length);
  for (let j = 0; j < dimension; j++) {
    if (Number.isFinite(from[at + j])) continue;
    throw new LanewiseError(
      'data',
      `Expected finite numbers for ${what} but row ${row + 1} has ${from[at + j]} at place ${j + 1}`,
      { row: row + 1, hint: 'Impute or drop such rows first.' },
    );
  }
  if (!unit || length === 0 || length < 1e-200) {
    const [why, hint] = unit
      ? ['has length zero, which has no direction', 'Drop such rows, or choose another metric.']
      : [`is ${Math.sqrt(length)} long`, 'Scale the numbers: distances are 32-bit floats.'];
    const wanted = unit ? 'rows that are not zero, for cosine,' : 'rows shorter than 1.15e18';
    throw new LanewiseError('data', `Expected ${wanted} in ${what} but row ${row + 1} ${why}`, { row: row + 1, hint });
  }
  throw new LanewiseError('data', `Expected rows shorter than 1e100 in ${what} but row ${row + 1} is longer`, {
    row: row + 1,
  });
}
