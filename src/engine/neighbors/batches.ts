import { invalid, LanewiseError } from '../../errors.js';
import type { Points } from './points.js';
import type { QueryOptions } from './search.js';

/** Numbers of queries and answers that are in the engine's memory at a time. */
export const ANSWERED_AT_ONCE = 4_194_304;
/** Neighbours within a radius that are found before they leave the engine's memory. */
export const FOUND_AT_ONCE = 8_388_608;
const MOST_FOUND = 2_147_483_647;

/** @throws LanewiseError `usage` for queries of another shape */
export function checkQueries(points: Points, queries: Points, { excludeSelf }: QueryOptions): void {
  const { values, count, dimension } = queries;
  if (dimension !== points.dimension) throw invalid('the queries', `${points.dimension} coordinates each`, dimension);
  if (values.length !== count * dimension) throw invalid('the queries', `${count * dimension} values`, values.length);
  if (excludeSelf && count !== points.count) {
    throw invalid('excludeSelf', `the ${points.count} points themselves as queries`, count);
  }
}

export function partOf({ values, count, dimension }: Points, start: number, rows: number): Points {
  const end = Math.min(count, start + rows);
  return { values: values.subarray(start * dimension, end * dimension), count: end - start, dimension };
}

/** Where each query's neighbours begin, and behind the last. */
export function offsetsOf(counts: Int32Array): Int32Array {
  const offsets = new Int32Array(counts.length + 1);
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    total += counts[i]!;
    if (total > MOST_FOUND) {
      throw new LanewiseError(
        'data',
        `Expected at most ${MOST_FOUND} neighbours within the radius but there are more`,
        {
          hint: 'Ask for a smaller radius, or for fewer queries at a time.',
        },
      );
    }
    offsets[i + 1] = total;
  }
  return offsets;
}
