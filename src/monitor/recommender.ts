import type { Table } from 'apache-arrow';
import { type PairedDifference, pairedDifference } from '../evaluate/bootstrap.js';
import { evaluateRecommender, type Figure, listScorer, pairedScores } from '../evaluate/recommendation/index.js';
import { FittedRecommender } from '../models/recommendation/index.js';
import { formatNumber, formatShare } from '../table/format.js';
import { lookUp } from '../table/ids.js';
import type { Context } from '../table/interfaces.js';
import { driftThresholds } from './drift.js';
import { PSI_BINS, stabilityIndex, stabilityNoise } from './population-stability.js';

export interface RecommenderMonitorOptions extends Context {
  /** Length of the lists; default 10. */
  readonly k?: number;
  /** Only rows with a rating from here on are what lists should have found; default: all. */
  readonly relevantFrom?: number;
  /** Default ndcg. */
  readonly metric?: string;
  /** PSI from which drift is moderate and large; default 0.1 and 0.25. */
  readonly psi?: readonly [moderate: number, large: number];
}

/** How many of the rows name somebody, or something, that was not in training; rows that name nobody are not counted. */
export interface UnknownShare {
  readonly rows: number;
  readonly shareOfRows: number;
}

/** How popular what is met, or recommended, was in training: ten groups of items that each had a tenth of its pairs. */
export interface PopularityDrift {
  /** Shares by group, what is most popular first: in training, and now. */
  readonly reference: readonly number[];
  readonly current: readonly number[];
  /** NaN where there is nothing to compare. */
  readonly psi: number;
  readonly drift: 'none' | 'moderate' | 'large';
}

export interface RecommenderMonitorReport {
  readonly verdict: 'stable' | 'watch' | 'retrain';
  readonly retrain: boolean;
  /** One sentence each, the weightiest first. */
  readonly reasons: readonly string[];
  readonly rows: number;
  readonly unknownUsers: UnknownShare;
  readonly unknownItems: UnknownShare;
  /** Items that users meet now, against training. */
  readonly seen: PopularityDrift;
  /** Items that these users are recommended, against the lists of the users of training. */
  readonly recommended: PopularityDrift;
  /** What the lists found of what users then met, beside popularity; absent where there was nothing to find. */
  readonly lists?: {
    readonly metric: string;
    readonly metricLabel: string;
    readonly users: number;
    readonly model: Figure;
    readonly popularity: Figure;
    /** Model less popularity, in pairs by user. */
    readonly difference: PairedDifference;
  };
}

/** Users of training whose lists stand for those of all. */
const MOST_LISTS = 2048;
/** Shares of rows from which unknown users and items are watched, and call for training. */
const UNKNOWN_USERS = [0.2, 0.5] as const;
const UNKNOWN_ITEMS = [0.05, 0.2] as const;

/**
 * Compares rows that came in later with what a recommender learnt from. Its artefact holds who met what, so no reference is
 * kept beside it. What the lists are worth is measured against popularity on the same users: how much there was to find differs
 * from month to month, that a model beats popularity should not.
 */
export async function monitorRecommender(
  model: FittedRecommender,
  table: Table,
  options: RecommenderMonitorOptions = {},
): Promise<RecommenderMonitorReport> {
  const { k = 10, psi = driftThresholds.psi, engine, signal } = options;
  const context = { ...(engine && { engine }), ...(signal && { signal }) };
  const users = lookUp(table, model.columns.user, model.users);
  const items = lookUp(table, model.columns.item, model.items);
  const groups = popularityGroups(model.popularity);
  const seen = driftOf(sharesOf(groups, model.popularity), countsOf(groups, distinctPairs(users, items)), psi);
  const recommended = driftOf(
    countsOf(groups, (await model.recommend(spread(model), { n: k, ...context })).items),
    countsOf(groups, (await model.recommend(knownUsers(model, users), { n: k, ...context })).items),
    psi,
  );
  const lists = await listsAgainstPopularity(model, table, options);
  const found = {
    unknownUsers: unknownOf(users),
    unknownItems: unknownOf(items),
    seen,
    recommended,
    ...(lists && { lists }),
  };
  return { ...decide(found), rows: table.numRows, ...found };
}

/** The same data and ids, but lists of what is popular: what a recommender has to beat. */
export function popularityOf(model: FittedRecommender): FittedRecommender {
  return new FittedRecommender({ ...model.state, estimator: 'popularity', scoring: { kind: 'popularity' } });
}

async function listsAgainstPopularity(model: FittedRecommender, table: Table, options: RecommenderMonitorOptions) {
  const { k = 10, metric = 'ndcg', seed = 0 } = options;
  const scorer = listScorer(metric, k);
  const evaluated = await evaluateRecommender(model, table, { ...options, k }).catch((error) => {
    if (error?.code === 'data') return undefined; // nothing to be found among these rows
    throw error;
  });
  if (!evaluated) return undefined;
  const baseline = await evaluateRecommender(popularityOf(model), table, { ...options, k });
  const [own, popular] = pairedScores(scorer, evaluated, baseline);
  return {
    metric,
    metricLabel: scorer.label,
    users: evaluated.users,
    model: evaluated.metrics[scorer.of],
    popularity: baseline.metrics[scorer.of],
    difference: await pairedDifference(scorer, [own], [popular], {
      seed,
      ...(options.signal && { signal: options.signal }),
    }),
  };
}

/** The group of each item: the most popular first, each group with a tenth of the pairs, or a little more. */
function popularityGroups(popularity: Float64Array): Uint8Array {
  const order = Array.from(popularity.keys()).sort((a, b) => popularity[b]! - popularity[a]! || a - b);
  const total = popularity.reduce((sum, count) => sum + count, 0);
  const groups = new Uint8Array(popularity.length);
  let before = 0;
  for (const item of order) {
    groups[item] = Math.min(PSI_BINS - 1, Math.floor((PSI_BINS * before) / total));
    before += popularity[item]!;
  }
  return groups;
}

function sharesOf(groups: Uint8Array, weights: Float64Array): number[] {
  const counts = new Array<number>(PSI_BINS).fill(0);
  weights.forEach((weight, item) => {
    counts[groups[item]!]! += weight;
  });
  return counts;
}

function countsOf(groups: Uint8Array, items: Int32Array): number[] {
  const counts = new Array<number>(PSI_BINS).fill(0);
  for (const item of items) if (item >= 0) counts[groups[item]!]!++;
  return counts;
}

/** The item of each different pair of which both sides are known. */
function distinctPairs(users: Int32Array, items: Int32Array): Int32Array {
  const pairs = new Map<number, Set<number>>();
  users.forEach((user, row) => {
    if (user < 0 || items[row]! < 0) return;
    (pairs.get(user) ?? pairs.set(user, new Set()).get(user)!).add(items[row]!);
  });
  return Int32Array.from([...pairs.values()].flatMap((own) => [...own]));
}

/** Users of training, spread evenly over their ids. */
function spread(model: FittedRecommender) {
  const count = Math.min(MOST_LISTS, model.users.count);
  return Array.from({ length: count }, (_, place) => model.users.id(Math.floor((place * model.users.count) / count)));
}

function knownUsers(model: FittedRecommender, users: Int32Array) {
  return [...new Set(users)]
    .filter((user) => user >= 0)
    .sort((a, b) => a - b)
    .map((user) => model.users.id(user));
}

/** −1: not known; −2: missing, which is not counted. */
function unknownOf(places: Int32Array): UnknownShare {
  let [rows, given] = [0, 0];
  for (const place of places) {
    if (place !== -2) given++;
    if (place === -1) rows++;
  }
  return { rows, shareOfRows: given === 0 ? 0 : rows / given };
}

function driftOf(
  reference: number[],
  current: number[],
  [moderate, large]: readonly [number, number],
): PopularityDrift {
  const [before, now] = [reference, current].map((counts) => counts.reduce((sum, count) => sum + count, 0)) as [
    number,
    number,
  ];
  const psi = stabilityIndex(reference, current);
  const beyond = psi - stabilityNoise(PSI_BINS, before, now);
  const drift = beyond >= large ? 'large' : beyond >= moderate ? 'moderate' : 'none';
  return {
    reference: reference.map((count) => count / before),
    current: current.map((count) => count / now),
    psi,
    drift,
  };
}

type Found = Pick<RecommenderMonitorReport, 'unknownUsers' | 'unknownItems' | 'seen' | 'recommended' | 'lists'>;

function decide({ unknownUsers, unknownItems, seen, recommended, lists }: Found) {
  const reasons: string[] = [];
  let level = 0;
  const say = (weight: number, sentence: string) => {
    level = Math.max(level, weight);
    reasons.push(sentence);
  };
  if (lists) {
    const { metricLabel, model, popularity, difference } = lists;
    const figures = `${metricLabel} ${formatNumber(model.value)} where popularity has ${formatNumber(popularity.value)}`;
    if (difference.high < 0) say(2, `The lists are worse than those of popularity: ${figures}.`);
    else if (difference.low <= 0) say(1, `The lists cannot be told from those of popularity: ${figures}.`);
    else say(0, `The lists hold: ${figures}.`);
  }
  const unknown = (what: string, { shareOfRows }: UnknownShare, [watch, train]: readonly [number, number]) => {
    const weight = shareOfRows >= train ? 2 : shareOfRows >= watch ? 1 : 0;
    if (weight > 0) say(weight, `${formatShare(shareOfRows)} of the rows are of ${what} that training did not have.`);
  };
  unknown('users', unknownUsers, UNKNOWN_USERS);
  unknown('items', unknownItems, UNKNOWN_ITEMS);
  const moved = (what: string, { drift, psi, current, reference }: PopularityDrift) => {
    if (drift === 'none') return;
    const more = current[0]! > reference[0]! ? 'more' : 'less';
    say(1, `What users ${what} has changed (PSI ${formatNumber(psi)}): ${more} of what is most popular.`);
  };
  moved('meet', seen);
  moved('are recommended', recommended);
  if (reasons.length === 0) reasons.push('Users, items and what they meet are those of training.');
  const verdict = (['stable', 'watch', 'retrain'] as const)[level]!;
  return { verdict, retrain: verdict === 'retrain', reasons };
}
