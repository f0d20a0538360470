import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import {
  ItemPanels,
  type Observations,
  solveRows,
  type TopLists,
  type TopOptions,
} from '../../engine/recommendation/factors.js';
import { sparseTop } from '../../engine/recommendation/sparse-neighbors.js';
import { type SparseRows, transposeRows } from '../../engine/sparse-matrix.js';
import { Breather } from '../../engine/turn.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import { tableFromRegisters } from '../../table/columns.js';
import { lookUp } from '../../table/ids.js';
import type { Context } from '../../table/interfaces.js';
import type {
  FoldedItem,
  FoldedUser,
  Id,
  ItemEvent,
  Recommendations,
  Recommended,
  RecommenderModel,
  RecommendOptions,
  UserEvent,
} from '../../table/recommendation.js';
import { type Baseline, confidenceOf, itemBias, residuals, userBias } from './baseline.js';
import { foldUserIntoRanking } from './ranking-fold-in.js';
import type { FactorScoring, NeighborScoring, RecommenderState } from './state.js';

/** Users of a block: what is in the engine's memory at once. */
const BLOCK_USERS = 4096;

/** What belongs to one user: their row in whatever form the model scores by. */
interface UserRow {
  /** Ascending; what is left out of lists. */
  readonly seen: Int32Array;
  /** As the model reads them: ratings less what is usual, or what weights count. */
  readonly values: Float64Array;
  readonly bias: number;
  readonly factors?: Float64Array;
}

/** A fitted recommender, of whatever kind: its state is plain data, and this is all that is done with it. */
export class FittedRecommender implements RecommenderModel {
  readonly task = 'recommendation';
  readonly state: RecommenderState;
  readonly popularity: Float64Array;
  readonly #panels = new WeakMap<Engine, ItemPanels>();
  #values: SparseRows | undefined;
  #right: SparseRows | undefined;
  #byPopularity: Int32Array | undefined;

  constructor(state: RecommenderState) {
    this.state = state;
    this.popularity = new Float64Array(state.items.count);
    for (const item of state.rows.indices) this.popularity[item]!++;
  }

  get estimator() {
    return this.state.estimator;
  }
  get parameters() {
    return this.state.parameters;
  }
  get columns() {
    return this.state.columns;
  }
  get feedback() {
    return this.state.feedback;
  }
  get scale() {
    return this.state.scale;
  }
  get users() {
    return this.state.users;
  }
  get items() {
    return this.state.items;
  }
  get facts() {
    return this.state.facts;
  }
  get training() {
    return this.state.training;
  }

  async predict(table: Table, { signal }: Context = {}): Promise<Table> {
    const users = lookUp(table, this.columns.user, this.users);
    const items = lookUp(table, this.columns.item, this.items);
    const values = new Float64Array(table.numRows);
    const breather = new Breather();
    for (let row = 0; row < values.length; row++) {
      values[row] = users[row] === -2 || items[row] === -2 ? Number.NaN : this.predictPair(users[row]!, items[row]!);
      if ((row & 255) === 255) await breather.breathe(signal);
    }
    return tableFromRegisters([{ name: 'prediction', type: 'number', values }], table.numRows);
  }

  hasMet(id: Id, item: number): boolean {
    const user = this.users.indexOf(id);
    const { offsets, indices } = this.state.rows;
    return user >= 0 && placeOf(indices, offsets[user]!, offsets[user + 1]!, item) >= 0;
  }

  /** By index; −1 is unknown. */
  predictPair(user: number, item: number): number {
    if (this.feedback === 'implicit' && (user < 0 || item < 0)) return 0;
    return this.#clipped(this.#score(user < 0 ? undefined : this.#rowOf(user), user, item));
  }

  async recommend(users: readonly Id[] | 'all', options: RecommendOptions = {}): Promise<Recommendations> {
    const n = this.#checkedCount(options.n ?? 10);
    const { filterSeen = true, signal, onProgress } = options;
    const engine = options.engine ?? (await defaultEngine());
    const indices =
      users === 'all'
        ? Int32Array.from({ length: this.users.count }, (_, index) => index)
        : Int32Array.from(users, (id) => this.users.indexOf(id));
    const allowed = this.#allowed(options);
    const out = {
      items: new Int32Array(indices.length * n).fill(-1),
      scores: new Float64Array(indices.length * n).fill(Number.NEGATIVE_INFINITY),
    };
    for (let start = 0; start < indices.length; start += BLOCK_USERS) {
      throwIfCancelled(signal);
      const block = indices.subarray(start, start + BLOCK_USERS);
      const lists = await this.#topOf(engine, block, { n, filterSeen, allowed, signal });
      out.items.set(lists.items, start * n);
      out.scores.set(lists.scores, start * n);
      onProgress?.({ what: 'user', done: start + block.length, total: indices.length });
    }
    const ids = users === 'all' ? Array.from(indices, (index) => this.users.id(index)) : [...users];
    const known = Array.from(indices, (index) => index >= 0);
    return { n, users: ids, known, ...out, list: (place) => this.#named(out, place * n, n) };
  }

  async similarItems(item: Id, n = 10): Promise<readonly Recommended[]> {
    this.#checkedCount(n);
    const index = this.items.indexOf(item);
    if (index >= 0) return this.#similarTo(index, n);
    throw new LanewiseError(
      'data',
      `Expected an item that the model knows but received ${JSON.stringify(String(item))}`,
      {
        hint: `It was trained with ${this.items.count} items.`,
      },
    );
  }

  async foldInUser(events: readonly UserEvent[], context: Context = {}): Promise<FoldedUser> {
    const found = this.#eventsOf(
      events.map(({ item, ...rest }) => ({ id: item, ...rest })),
      (id) => this.items.indexOf(id),
    );
    const row = await this.#foldedRow(found.indices, found.values, context);
    return {
      unknownItems: found.unknown,
      predict: (items) =>
        Float64Array.from(items, (id) => {
          const item = this.items.indexOf(id);
          return this.feedback === 'implicit' && item < 0 ? 0 : this.#clipped(this.#score(row, -1, item));
        }),
      recommend: async (options = {}) => {
        const n = this.#checkedCount(options.n ?? 10);
        const engine = options.engine ?? context.engine ?? (await defaultEngine());
        const { filterSeen = true, signal } = options;
        const lists = await this.#topOfRows(engine, [row], { n, filterSeen, allowed: this.#allowed(options), signal });
        return this.#named(lists, 0, n);
      },
    };
  }

  async foldInItem(events: readonly ItemEvent[], context: Context = {}): Promise<FoldedItem> {
    const { scoring, baseline } = this.state;
    if (scoring.kind !== 'factors' || this.estimator === 'bpr') {
      throw new LanewiseError(
        'unsupported',
        `A model of ${this.estimator} cannot take in an item without being trained anew`,
        {
          hint: 'als and implicit-als can.',
        },
      );
    }
    const found = this.#eventsOf(
      events.map(({ user, ...rest }) => ({ id: user, ...rest })),
      (id) => this.users.indexOf(id),
    );
    const shrinkage = Number(this.parameters['biasShrinkage'] ?? 0);
    const bias = this.feedback === 'explicit' ? itemBias(baseline, found.indices, found.values, shrinkage) : 0;
    const values = found.values.map((value, e) =>
      this.feedback === 'explicit'
        ? value - baseline.mean - baseline.userBiases[found.indices[e]!]! - bias
        : this.#counted(value),
    );
    const factors = await this.#solved(found.indices, values, scoring.userFactors, this.users.count, context);
    return {
      unknownUsers: found.unknown,
      predict: (users) =>
        Float64Array.from(users, (id) => {
          const user = this.users.indexOf(id);
          if (user < 0) return this.feedback === 'implicit' ? 0 : this.#clipped(baseline.mean + bias);
          const own = scoring.userFactors.subarray(user * scoring.rank, (user + 1) * scoring.rank);
          return this.#clipped(baseline.mean + baseline.userBiases[user]! + product(own, factors, 0, bias));
        }),
      similarItems: (n) => this.#mostAlike(scoring, factors, -1, this.#checkedCount(n)),
    };
  }

  #checkedCount(n: number): number {
    if (!Number.isInteger(n) || n < 1) throw invalid('n', 'an integer >= 1', n);
    return Math.min(n, this.items.count);
  }

  #clipped(value: number): number {
    const { scale } = this.state;
    return scale ? Math.min(scale[1], Math.max(scale[0], value)) : value;
  }

  #rowOf(user: number): UserRow {
    const { rows, baseline, scoring } = this.state;
    const [start, end] = [rows.offsets[user]!, rows.offsets[user + 1]!];
    return {
      seen: rows.indices.subarray(start, end),
      values: this.#readValues().values.subarray(start, end),
      bias: baseline.userBiases[user]!,
      ...(scoring.kind === 'factors' && {
        factors: scoring.userFactors.subarray(user * scoring.rank, (user + 1) * scoring.rank),
      }),
    };
  }

  /** Ratings less what is usual, or what the weights count. */
  #readValues(): SparseRows {
    if (this.#values) return this.#values;
    const { rows, baseline } = this.state;
    this.#values =
      this.feedback === 'explicit'
        ? residuals(rows, baseline)
        : { ...rows, values: rows.values.map((weight) => this.#counted(weight)) };
    return this.#values;
  }

  #counted(weight: number): number {
    return confidenceOf(weight, (this.parameters['confidence'] as 'log' | undefined) ?? 'binary');
  }

  /** @param row undefined: a user of whom nothing is known */
  #score(row: UserRow | undefined, user: number, item: number): number {
    const { scoring, baseline } = this.state;
    const usual = baseline.mean + (row?.bias ?? 0);
    if (item < 0) return usual;
    const bias = baseline.itemBiases[item]!;
    if (scoring.kind === 'popularity') return this.feedback === 'explicit' ? usual + bias : this.popularity[item]!;
    if (!row) return usual + bias;
    if (scoring.kind === 'factors') {
      return row.factors ? usual + product(row.factors, scoring.itemFactors, item * scoring.rank, bias) : usual + bias;
    }
    const { sum, total } =
      scoring.side === 'items' ? this.#fromItems(scoring, row, item) : this.#fromUsers(scoring, user, item);
    if (this.feedback === 'implicit') return sum;
    return usual + bias + (total > 0 ? sum / total : 0);
  }

  /** Of what the user has, that which is alike the item. */
  #fromItems({ k, neighbors, likenesses }: NeighborScoring, { seen, values }: UserRow, item: number) {
    let [sum, total] = [0, 0];
    for (let place = item * k; place < (item + 1) * k && neighbors[place]! >= 0; place++) {
      const found = placeOf(seen, 0, seen.length, neighbors[place]!);
      if (found < 0) continue;
      sum += values[found]! * likenesses[place]!;
      total += likenesses[place]!;
    }
    return { sum, total };
  }

  /** Of the users alike this one, those who have the item. */
  #fromUsers({ k, neighbors, likenesses }: NeighborScoring, user: number, item: number) {
    let [sum, total] = [0, 0];
    const { offsets, indices, values } = this.#readValues();
    for (let place = user * k; place < (user + 1) * k && user >= 0 && neighbors[place]! >= 0; place++) {
      const other = neighbors[place]!;
      const found = placeOf(indices, offsets[other]!, offsets[other + 1]!, item);
      if (found < 0) continue;
      sum += values[found]! * likenesses[place]!;
      total += likenesses[place]!;
    }
    return { sum, total };
  }

  /** 1 for items that may be recommended; undefined: all may. */
  #allowed({ items, exclude }: RecommendOptions): Uint8Array | undefined {
    if (!items && !exclude) return undefined;
    const allowed = new Uint8Array(this.items.count).fill(items ? 0 : 1);
    for (const [ids, mark] of [
      [items ?? [], 1],
      [exclude ?? [], 0],
    ] as const) {
      for (const id of ids) {
        const index = this.items.indexOf(id);
        if (index >= 0) allowed[index] = mark;
      }
    }
    return allowed;
  }

  /** Lists of users by index; −1 gets what is popular. */
  async #topOf(engine: Engine, users: Int32Array, options: ListOptions): Promise<TopLists> {
    const known = users.filter((user) => user >= 0);
    const rows = Array.from(known, (user) => this.#rowOf(user));
    const lists = await this.#topOfRows(engine, rows, options, known);
    if (known.length === users.length) return lists;
    const { n } = options;
    const popular = this.#popular([], options);
    const out = {
      items: new Int32Array(users.length * n).fill(-1),
      scores: new Float64Array(users.length * n).fill(Number.NEGATIVE_INFINITY),
    };
    let next = 0;
    users.forEach((user, place) => {
      const from = user >= 0 ? lists : popular;
      const at = user >= 0 ? n * next++ : 0;
      out.items.set(from.items.subarray(at, at + n), place * n);
      out.scores.set(from.scores.subarray(at, at + n), place * n);
    });
    return out;
  }

  /** @param users their indices, where they are users of training */
  async #topOfRows(
    engine: Engine,
    rows: readonly UserRow[],
    options: ListOptions,
    users?: Int32Array,
  ): Promise<TopLists> {
    const { scoring, baseline } = this.state;
    const { n, filterSeen, allowed, signal } = options;
    if (rows.length === 0) return { items: new Int32Array(0), scores: new Float64Array(0) };
    if (scoring.kind === 'popularity') return this.#popularLists(rows, options);
    const seen = rows.map((row) => (filterSeen ? row.seen : row.seen.subarray(0, 0)));
    const top: TopOptions = { n, ...joined(seen), ...(allowed && { allowed }), ...(signal && { signal }) };
    if (scoring.kind === 'factors') {
      const lists = await this.#panelsOn(engine, scoring).top(
        Float64Array.from({ length: rows.length * scoring.rank }, (_, at) => {
          return rows[Math.floor(at / scoring.rank)]!.factors![at % scoring.rank]!;
        }),
        top,
      );
      rows.forEach((row, place) => {
        const usual = baseline.mean + row.bias;
        for (let at = place * n; at < (place + 1) * n; at++) lists.scores[at]! += usual;
      });
      return lists;
    }
    if (scoring.side === 'items')
      return sparseTop(engine, sparseOf(rows, this.items.count), this.#rightOf(scoring), top);
    return sparseTop(engine, neighborRows(scoring, users!, this.users.count), this.#readValues(), top);
  }

  #panelsOn(engine: Engine, { itemFactors, rank }: FactorScoring): ItemPanels {
    let panels = this.#panels.get(engine);
    if (!panels) {
      panels = new ItemPanels(engine, itemFactors, this.state.baseline.itemBiases, rank);
      this.#panels.set(engine, panels);
      forgotten.register(this, panels);
    }
    return panels;
  }

  /** Likenesses by the item that somebody has: the transpose of the lists. */
  #rightOf(scoring: NeighborScoring): SparseRows {
    const all = Int32Array.from({ length: this.items.count }, (_, item) => item);
    this.#right ??= transposeRows(neighborRows(scoring, all, this.items.count));
    return this.#right;
  }

  #popular(seen: ArrayLike<number>, { n, allowed, filterSeen }: ListOptions): TopLists {
    this.#byPopularity ??= Int32Array.from(this.popularity, (_, item) => item).sort(
      (a, b) => this.popularity[b]! - this.popularity[a]! || a - b,
    );
    const out = { items: new Int32Array(n).fill(-1), scores: new Float64Array(n).fill(Number.NEGATIVE_INFINITY) };
    const known = filterSeen ? Int32Array.from(seen) : new Int32Array(0);
    let place = 0;
    for (const item of this.#byPopularity) {
      if (place === n) break;
      if ((allowed && !allowed[item]) || placeOf(known, 0, known.length, item) >= 0) continue;
      out.items[place] = item;
      out.scores[place++] = this.popularity[item]!;
    }
    return out;
  }

  #popularLists(rows: readonly UserRow[], options: ListOptions): TopLists {
    const { n } = options;
    const out = { items: new Int32Array(rows.length * n), scores: new Float64Array(rows.length * n) };
    rows.forEach(({ seen }, place) => {
      const list = this.#popular(seen, options);
      out.items.set(list.items, place * n);
      out.scores.set(list.scores, place * n);
    });
    return out;
  }

  #named({ items, scores }: TopLists, at: number, n: number): readonly Recommended[] {
    const list: Recommended[] = [];
    for (let place = at; place < at + n && items[place]! >= 0; place++) {
      list.push({ item: this.items.id(items[place]!), score: scores[place]! });
    }
    return list;
  }

  #similarTo(item: number, n: number): readonly Recommended[] {
    const { scoring } = this.state;
    if (scoring.kind === 'factors') {
      const own = scoring.itemFactors.subarray(item * scoring.rank, (item + 1) * scoring.rank);
      return this.#mostAlike(scoring, own, item, n);
    }
    if (scoring.kind === 'neighbors' && scoring.side === 'items') {
      const { k, neighbors, likenesses } = scoring;
      const at = item * k;
      return this.#named(
        { items: neighbors.subarray(at, at + k), scores: likenesses.subarray(at, at + k) },
        0,
        Math.min(n, k),
      );
    }
    return this.#metTogether(item, n);
  }

  /** By cosine of the factors. */
  #mostAlike({ itemFactors, rank }: FactorScoring, own: Float64Array, self: number, n: number): readonly Recommended[] {
    const scores = Float64Array.from({ length: this.items.count }, (_, item) => {
      const at = item * rank;
      const lengths = Math.sqrt(
        product(own, own, 0, 0) * product(itemFactors.subarray(at, at + rank), itemFactors, at, 0),
      );
      return lengths > 0 ? product(own, itemFactors, at, 0) / lengths : Number.NaN;
    });
    return this.#highest(scores, self, n);
  }

  /** By cosine of who met them. */
  #metTogether(item: number, n: number): readonly Recommended[] {
    const { rowCount, offsets, indices } = this.state.rows;
    const together = new Float64Array(this.items.count);
    for (let user = 0; user < rowCount; user++) {
      if (placeOf(indices, offsets[user]!, offsets[user + 1]!, item) < 0) continue;
      for (let e = offsets[user]!; e < offsets[user + 1]!; e++) together[indices[e]!]!++;
    }
    const scores = together.map((count, other) =>
      count > 0 ? count / Math.sqrt(this.popularity[item]! * this.popularity[other]!) : Number.NaN,
    );
    return this.#highest(scores, item, n);
  }

  #highest(scores: Float64Array, self: number, n: number): readonly Recommended[] {
    const order = Array.from(scores.keys()).filter((item) => item !== self && !Number.isNaN(scores[item]));
    order.sort((a, b) => scores[b]! - scores[a]! || a - b);
    return order.slice(0, n).map((item) => ({ item: this.items.id(item), score: scores[item]! }));
  }

  /** Events as entries: ascending, one each; of several ratings the last holds, weights are added. */
  #eventsOf(events: readonly ({ id: Id } & Omit<UserEvent, 'item'>)[], indexOf: (id: Id) => number) {
    const explicit = this.feedback === 'explicit';
    const values = new Map<number, number>();
    let unknown = 0;
    events.forEach(({ id, rating, weight = 1 }, place) => {
      const value = explicit ? rating : weight;
      if (value === undefined || !Number.isFinite(value)) {
        throw invalid(`events[${place}].${explicit ? 'rating' : 'weight'}`, 'a finite number', value);
      }
      const index = indexOf(id);
      if (index < 0) unknown++;
      else values.set(index, explicit ? value : (values.get(index) ?? 0) + value);
    });
    const kept = [...values].filter(([, value]) => explicit || value > 0).sort(([a], [b]) => a - b);
    return {
      unknown,
      indices: Int32Array.from(kept, ([index]) => index),
      values: Float64Array.from(kept, ([, value]) => value),
    };
  }

  async #foldedRow(seen: Int32Array, given: Float64Array, context: Context): Promise<UserRow> {
    const { scoring, baseline } = this.state;
    const shrinkage = Number(this.parameters['biasShrinkage'] ?? 0);
    const explicit = this.feedback === 'explicit';
    const bias = explicit ? userBias(baseline, seen, given, 0, seen.length, shrinkage) : 0;
    const values = given.map((value, e) =>
      explicit ? value - baseline.mean - bias - baseline.itemBiases[seen[e]!]! : this.#counted(value),
    );
    if (scoring.kind === 'neighbors' && scoring.side === 'users') {
      throw new LanewiseError(
        'unsupported',
        `A model of ${this.estimator} cannot take in a user without being trained anew`,
        {
          hint: 'als, implicit-als, bpr, item-knn and popularity can.',
        },
      );
    }
    if (scoring.kind !== 'factors') return { seen, values, bias };
    if (this.estimator === 'bpr') {
      const factors = foldUserIntoRanking(scoring, baseline.itemBiases, seen, this.parameters, context.seed ?? 0);
      return { seen, values, bias, factors };
    }
    const factors = await this.#solved(seen, values, scoring.itemFactors, this.items.count, context);
    return { seen, values, bias, factors };
  }

  /** A row from its entries, the other side being what it is: as in training, but solved to the end. */
  async #solved(
    indices: Int32Array,
    values: Float64Array,
    others: Float64Array,
    otherCount: number,
    { engine, signal }: Context,
  ): Promise<Float64Array> {
    const { rank } = this.state.scoring as FactorScoring;
    const row: SparseRows = {
      rowCount: 1,
      columnCount: otherCount,
      offsets: Int32Array.of(0, indices.length),
      indices,
      values,
    };
    const observations =
      this.feedback === 'explicit' ? ratingsOf(row) : confidencesOf(row, Number(this.parameters['alpha']));
    const options = solveOptions(this.parameters, this.feedback);
    return solveRows(engine ?? (await defaultEngine()), observations, others, rank, {
      ...options,
      ...(signal && { signal }),
    });
  }
}

interface ListOptions {
  readonly n: number;
  readonly filterSeen: boolean;
  readonly allowed: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Gives the memory back when the model it belongs to is gone. */
const forgotten = new FinalizationRegistry<ItemPanels>((panels) => panels[Symbol.dispose]());

/** Entries aim at their value, each with weight 1. */
export function ratingsOf(rows: SparseRows): Observations {
  return { ...rows, weights: new Float64Array(rows.values.length).fill(1), targets: rows.values };
}

/** Entries aim at 1 with confidence 1 + alpha · value; what is above the 1 that every pair has is their weight. */
export function confidencesOf(rows: SparseRows, alpha: number): Observations {
  const weights = rows.values.map((value) => alpha * value);
  return { ...rows, weights, targets: weights.map((weight) => 1 + weight) };
}

/** How rows are solved, from the parameters of als and implicit-als. */
export function solveOptions(parameters: RecommenderState['parameters'], feedback: 'explicit' | 'implicit') {
  const regularization = Number(parameters['regularization']);
  const weighted = parameters['weightedRegularization'] === true;
  return {
    ridge: weighted ? 0 : regularization,
    ridgePerEntry: weighted ? regularization : 0,
    implicit: feedback === 'implicit',
  };
}

/** bias + x·y, in the order of the factors: the sum of the kernel that makes the lists. */
function product(x: Float64Array, y: Float64Array, at: number, bias: number): number {
  let sum = bias;
  for (let j = 0; j < x.length; j++) sum = x[j]! * y[at + j]! + sum;
  return sum;
}

/** The place of `wanted` among ascending values [start, end), −1 where it is not. */
function placeOf(values: Int32Array, start: number, end: number, wanted: number): number {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low < end && values[low] === wanted ? low : -1;
}

function joined(lists: readonly Int32Array[]): { seenOffsets: Int32Array; seenItems: Int32Array } {
  const seenOffsets = new Int32Array(lists.length + 1);
  lists.forEach((list, place) => {
    seenOffsets[place + 1] = seenOffsets[place]! + list.length;
  });
  const seenItems = new Int32Array(seenOffsets[lists.length]!);
  lists.forEach((list, place) => {
    seenItems.set(list, seenOffsets[place]!);
  });
  return { seenOffsets, seenItems };
}

function sparseOf(rows: readonly UserRow[], columnCount: number): SparseRows {
  const { seenOffsets: offsets, seenItems: indices } = joined(rows.map(({ seen }) => seen));
  const values = new Float64Array(indices.length);
  rows.forEach((row, place) => {
    values.set(row.values, offsets[place]!);
  });
  return { rowCount: rows.length, columnCount, offsets, indices, values };
}

/** The lists of some rows as sparse rows, the neighbours ascending. */
function neighborRows(
  { k, neighbors, likenesses }: NeighborScoring,
  chosen: Int32Array,
  columnCount: number,
): SparseRows {
  const lists = Array.from(chosen, (row) => {
    const list: [number, number][] = [];
    for (let at = row * k; at < (row + 1) * k && neighbors[at]! >= 0; at++)
      list.push([neighbors[at]!, likenesses[at]!]);
    return list.sort(([a], [b]) => a - b);
  });
  const { seenOffsets: offsets, seenItems: indices } = joined(
    lists.map((list) => Int32Array.from(list, ([other]) => other)),
  );
  const values = Float64Array.from(lists.flatMap((list) => list.map(([, likeness]) => likeness)));
  return { rowCount: lists.length, columnCount, offsets, indices, values };
}

/** Nothing is usual: what models of implicit feedback have in place of biases. */
export function noBaseline(userCount: number, itemCount: number): Baseline {
  return { mean: 0, userBiases: new Float64Array(userCount), itemBiases: new Float64Array(itemCount) };
}
