import { log } from '../../kernels/elementary.js';

/**
 * How good one list is against what the user then met. Binary relevance; k is the length that was asked for, so a list that
 * is shorter is not let off. Definitions: Manning, Raghavan, Schütze, Introduction to Information Retrieval, 8.4 (precision,
 * recall, average precision); Järvelin and Kekäläinen 2002 (NDCG, with 1/log2(1 + rank)); Voorhees 1999 (reciprocal rank).
 */
export interface ListScores {
  /** hits / k */
  readonly precision: number;
  /** hits / relevant items */
  readonly recall: number;
  /** hits / min(k, relevant items): 1 can be reached whatever k is. */
  readonly normalizedRecall: number;
  /** 1 where there is any hit. */
  readonly hitRate: number;
  /** Σ over hits of 1/log2(1 + rank), over what the best list would have. */
  readonly ndcg: number;
  /** Mean over min(k, relevant items) of the precision at each hit: its mean over users is MAP. */
  readonly averagePrecision: number;
  /** 1 / rank of the first hit, 0 where there is none: its mean over users is MRR. */
  readonly reciprocalRank: number;
}

export const listScoreNames = [
  'ndcg',
  'averagePrecision',
  'reciprocalRank',
  'recall',
  'normalizedRecall',
  'precision',
  'hitRate',
] as const satisfies readonly (keyof ListScores)[];

/**
 * @param list items, the best first; −1 ends it early
 * @param relevant not empty
 */
export function scoreList(list: ArrayLike<number>, relevant: ReadonlySet<number>, k: number): ListScores {
  let [hits, gain, precisions, first] = [0, 0, 0, 0];
  for (let place = 0; place < k && place < list.length; place++) {
    if (list[place]! < 0 || !relevant.has(list[place]!)) continue;
    hits++;
    gain += discount(place);
    precisions += hits / (place + 1);
    if (first === 0) first = 1 / (place + 1);
  }
  const most = Math.min(k, relevant.size);
  let best = 0;
  for (let place = 0; place < most; place++) best += discount(place);
  return {
    precision: hits / k,
    recall: hits / relevant.size,
    normalizedRecall: hits / most,
    hitRate: hits > 0 ? 1 : 0,
    ndcg: gain / best,
    averagePrecision: precisions / most,
    reciprocalRank: first,
  };
}

const LN2 = log(2);

function discount(place: number): number {
  return LN2 / log(place + 2);
}

/**
 * Share of the catalogue that is recommended to anybody at all, and the mean self-information of what is recommended,
 * −log2 of the share of users who met it (Zhou et al. 2010): higher where less is taken from what everybody knows.
 */
export function catalogueScores(
  lists: Int32Array,
  popularity: Float64Array,
  userCount: number,
): { coverage: number; novelty: number } {
  const met = new Uint8Array(popularity.length);
  let [information, places] = [0, 0];
  for (const item of lists) {
    if (item < 0) continue;
    met[item] = 1;
    places++;
    // What nobody met cannot be recommended but by bias; it counts as met by one.
    information -= log(Math.max(1, popularity[item]!) / userCount) / LN2;
  }
  const covered = met.reduce((sum, mark) => sum + mark, 0);
  return {
    coverage: popularity.length === 0 ? 0 : covered / popularity.length,
    novelty: places === 0 ? Number.NaN : information / places,
  };
}
