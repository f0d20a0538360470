import type { Table } from 'apache-arrow';
import { Breather } from '../../engine/turn.js';
import { invalid, LanewiseError } from '../../errors.js';
import { readRegister } from '../../table/columns.js';
import { readIds } from '../../table/ids.js';
import type { Context } from '../../table/interfaces.js';
import type { Id, RecommenderModel } from '../../table/recommendation.js';
import { columnsOf } from '../../table/schema.js';
import { quantileOfSorted } from '../../table/statistics.js';
import { defaultResamples, type Interval, resample } from '../bootstrap.js';
import { catalogueScores, type ListScores, listScoreNames, scoreList } from './metrics.js';

export interface RecommenderEvaluationOptions extends Context {
  /** Length of the lists; default 10. */
  readonly k?: number;
  /** Only test rows with a rating from here on are what is to be found; default: all. */
  readonly relevantFrom?: number;
  /** Lists without what was met in training, which then is not looked for either; default true. */
  readonly filterSeen?: boolean;
  /** Of the intervals; default 0.95. */
  readonly level?: number;
  readonly resamples?: number;
}

export interface Figure extends Interval {
  readonly value: number;
}

export interface RecommenderEvaluation {
  readonly estimator: string;
  readonly k: number;
  /** Users whose lists were scored: those with anything to find. */
  readonly users: number;
  /** Test users with nothing to find: no row relevant, or all of it met in training. */
  readonly usersWithout: number;
  /** Of the scored: users that training did not have; their lists are those of popularity. */
  readonly unknownUsers: number;
  /** Different items to find that training did not have: no list can hold them, and they count as missed. */
  readonly unknownItems: number;
  /** Means over the users, with bootstrap intervals over users. */
  readonly metrics: Readonly<Record<keyof ListScores, Figure>>;
  /** The figures of each scored user, by which two recommenders are compared in pairs; JSON has the means alone. */
  readonly perUser: UserScores;
  readonly coverage: number;
  /** In bits. */
  readonly novelty: number;
  /** Where the model predicts ratings and the test rows have them. */
  readonly ratings?: { readonly rows: number; readonly rmse: number; readonly mae: number };
}

export interface UserScores {
  readonly users: readonly Id[];
  readonly scores: Readonly<Record<keyof ListScores, Float64Array>>;
}

/**
 * Scores a recommender on rows that it did not learn from: a list for each test user against what they met there.
 * @throws LanewiseError `data` where no test user has anything to find.
 */
export async function evaluateRecommender(
  model: RecommenderModel,
  test: Table,
  options: RecommenderEvaluationOptions = {},
): Promise<RecommenderEvaluation> {
  const { k = 10, filterSeen = true, level = 0.95, resamples, seed = 0, signal } = options;
  if (!Number.isInteger(k) || k < 1) throw invalid('k', 'an integer >= 1', k);
  const wanted = await readWanted(model, test, options);
  const without = wanted.usersWithout;
  if (wanted.users.length === 0) {
    throw new LanewiseError(
      'data',
      `Expected test rows that are to be found but received none of ${test.numRows} rows`,
      {
        hint: 'Each is a user, an item that the user did not meet in training, and a rating that is high enough.',
      },
    );
  }
  const context = { ...(options.engine && { engine: options.engine }), ...(signal && { signal }) };
  const lists = await model.recommend(wanted.users, { n: k, filterSeen, ...context });
  const scores = wanted.relevant.map((relevant, place) =>
    scoreList(lists.items.subarray(place * lists.n, (place + 1) * lists.n), relevant, k),
  );
  const columns = Object.fromEntries(
    listScoreNames.map((name) => [name, Float64Array.from(scores, (score) => score[name])]),
  ) as UserScores['scores'];
  const figures = await meansOver(columns, {
    level,
    seed,
    ...(resamples !== undefined && { resamples }),
    ...(signal && { signal }),
  });
  const ratings = await scoreRatings(model, test, context);
  const evaluation = {
    estimator: model.estimator,
    k,
    users: wanted.users.length,
    usersWithout: without,
    unknownUsers: lists.known.filter((known) => !known).length,
    unknownItems: wanted.unknownItems,
    metrics: figures,
    ...catalogueScores(lists.items, model.popularity, Math.max(1, model.facts.users)),
    ...(ratings && { ratings }),
  };
  const perUser: UserScores = { users: wanted.users, scores: columns };
  return Object.defineProperty(evaluation, 'perUser', { value: perUser, enumerable: false }) as typeof evaluation & {
    perUser: UserScores;
  };
}

/** By test user, the items to be found: indices of the model, or below −1 for items that it does not have. */
async function readWanted(
  model: RecommenderModel,
  test: Table,
  { relevantFrom, filterSeen = true, signal }: RecommenderEvaluationOptions,
) {
  const users = readIds(test, model.columns.user);
  const items = readIds(test, model.columns.item);
  const places = Int32Array.from({ length: items.list.count }, (_, code) => model.items.indexOf(items.list.id(code)));
  const ratings = relevantFrom === undefined ? undefined : readRegister(test, requireRating(model)).values;
  const found = new Map<number, Set<number>>();
  const unknown = new Set<number>();
  const breather = new Breather();
  for (let row = 0; row < test.numRows; row++) {
    const [user, item] = [users.codes[row]!, items.codes[row]!];
    if (user < 0 || item < 0) continue;
    const own = found.get(user) ?? found.set(user, new Set()).get(user)!;
    if (ratings && !(ratings[row]! >= relevantFrom!)) continue;
    const index = places[item]!;
    if (index < 0) {
      unknown.add(item);
      own.add(-2 - item);
    } else if (!(filterSeen && model.hasMet(users.list.id(user), index))) own.add(index);
    if ((row & 1023) === 1023) await breather.breathe(signal);
  }
  const scored = [...found].filter(([, own]) => own.size > 0);
  return {
    users: scored.map(([user]) => users.list.id(user)),
    relevant: scored.map(([, own]) => own),
    usersWithout: found.size - scored.length,
    unknownItems: unknown.size,
  };
}

function requireRating(model: RecommenderModel): string {
  if (model.columns.rating !== undefined) return model.columns.rating;
  throw new LanewiseError('usage', 'Expected a model that was told of a column of ratings for relevantFrom', {
    hint: 'Name the column with rating when it is trained, or leave relevantFrom out.',
  });
}

async function scoreRatings(model: RecommenderModel, test: Table, context: Context) {
  const { rating } = model.columns;
  if (model.feedback !== 'explicit' || rating === undefined) return undefined;
  if (!columnsOf(test).some(({ name }) => name === rating)) return undefined;
  const truth = readRegister(test, rating).values;
  const predicted = readRegister(await model.predict(test, context), 'prediction').values;
  let [rows, squares, sizes] = [0, 0, 0];
  for (let row = 0; row < truth.length; row++) {
    const error = predicted[row]! - truth[row]!;
    if (!Number.isFinite(error)) continue;
    rows++;
    squares += error * error;
    sizes += Math.abs(error);
  }
  return rows === 0 ? undefined : { rows, rmse: Math.sqrt(squares / rows), mae: sizes / rows };
}

async function meansOver(
  scores: UserScores['scores'],
  options: { level: number; seed: number; resamples?: number; signal?: AbortSignal },
): Promise<RecommenderEvaluation['metrics']> {
  const columns = listScoreNames.map((name) => scores[name]);
  const userCount = columns[0]!.length;
  const statistics = columns.map((column) => (counts: readonly Float64Array[]) => {
    let sum = 0;
    for (let i = 0; i < column.length; i++) sum += counts[0]![i]! * column[i]!;
    return sum / column.length;
  });
  const { level, seed, signal, resamples = Math.min(400, defaultResamples(userCount)) } = options;
  const samples = await resample(statistics, [userCount], { resamples, seed, ...(signal && { signal }) });
  const figures = listScoreNames.map((name, index) => {
    const sorted = samples[index]!.sort();
    const value = columns[index]!.reduce((sum, score) => sum + score, 0) / userCount;
    const [low, high] = [quantileOfSorted(sorted, (1 - level) / 2), quantileOfSorted(sorted, (1 + level) / 2)];
    return [name, { value, low, high, level }] as const;
  });
  return Object.fromEntries(figures) as RecommenderEvaluation['metrics'];
}
