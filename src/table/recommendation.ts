import type { Table } from 'apache-arrow';
import type { ParameterDeclarations, ParameterValue } from '../parameters.js';
import type { Context, Training } from './interfaces.js';

/** A user or an item as the data name it. Ids are matched by value: 17850, 17850.0 and '17850' are the same one. */
export type Id = string | number | bigint;

/** Which columns say who met what; each overrides the schema's role (user, item, target, weight, time). */
export interface InteractionColumns {
  readonly user?: string;
  readonly item?: string;
  /** How much the user liked the item, on any scale. Absent: that they met is all that is known. */
  readonly rating?: string;
  /** How much an event counts: quantities, durations, times. Default 1 each. */
  readonly weight?: string;
  /** When; of several ratings of a pair the latest holds. Default: the order of the rows. */
  readonly time?: string;
}

export interface RecommenderFitOptions extends Context, InteractionColumns {
  /** Seconds, greater than 0; at their end the iteration at hand is finished. */
  readonly timeBudget?: number;
}

/** Checked parameters of a recommender. */
export interface Recommender {
  /** 'als', 'bpr', … : the name on the command line. */
  readonly name: string;
  readonly task: 'recommendation';
  readonly declarations: ParameterDeclarations;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  with(parameters: Readonly<Record<string, ParameterValue>>): Recommender;
  /** @throws LanewiseError `data` where no pair is left to learn from, or a rating or weight is infinite. */
  fit(table: Table, options?: RecommenderFitOptions): Promise<RecommenderModel>;
}

/** Rows that were not learnt from, by reason. */
export interface LeftOut {
  readonly reason: string;
  readonly rows: number;
}

/** What was learnt from. */
export interface InteractionFacts {
  readonly rows: number;
  readonly users: number;
  readonly items: number;
  /** Different pairs of user and item. */
  readonly pairs: number;
  readonly leftOut: readonly LeftOut[];
}

export interface RecommendOptions extends Context {
  /** Items a user; default 10. */
  readonly n?: number;
  /** Leave out what the user has met in training; default true. */
  readonly filterSeen?: boolean;
  /** Only these items may be recommended; ids that are not known are passed over. */
  readonly items?: readonly Id[];
  /** Never these. */
  readonly exclude?: readonly Id[];
}

/** Lists of items, the best first; the lower id first among equal scores. */
export interface Recommendations {
  readonly n: number;
  readonly users: readonly Id[];
  /** false: the user was not in training; the list is that of popularity. */
  readonly known: readonly boolean[];
  /** users × n indices into the model's items; −1 where there are fewer. */
  readonly items: Int32Array;
  /** users × n; −Infinity where there is no item. What they mean depends on the model; of one user, higher is better. */
  readonly scores: Float64Array;
  /** The list of the user at this place. */
  list(place: number): readonly Recommended[];
}

export interface Recommended {
  readonly item: Id;
  readonly score: number;
}

/** One thing that a user did with an item: what is folded in. */
export interface UserEvent {
  readonly item: Id;
  readonly rating?: number;
  readonly weight?: number;
}

export interface ItemEvent {
  readonly user: Id;
  readonly rating?: number;
  readonly weight?: number;
}

/** A user who was not in training, made of what they did. */
export interface FoldedUser {
  /** Events whose item the model does not know, and that therefore say nothing. */
  readonly unknownItems: number;
  predict(items: readonly Id[]): Float64Array;
  recommend(options?: RecommendOptions): Promise<readonly Recommended[]>;
}

/** An item that was not in training, made of who met it. */
export interface FoldedItem {
  readonly unknownUsers: number;
  predict(users: readonly Id[]): Float64Array;
  similarItems(n: number): readonly Recommended[];
}

/** The ids of one side: an index for each, ascending by value (numbers) or by UTF-8 bytes (texts). */
export interface IdList {
  readonly type: 'text' | 'number' | 'integer';
  readonly count: number;
  id(index: number): Id;
  /** −1 where it is not known. */
  indexOf(id: Id): number;
}

export interface RecommenderModel {
  readonly estimator: string;
  readonly task: 'recommendation';
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** What the columns of training were called; `predict` and evaluation look for the same names. */
  readonly columns: InteractionColumns & { readonly user: string; readonly item: string };
  /** explicit: ratings are predicted. implicit: scores only order items. */
  readonly feedback: 'explicit' | 'implicit';
  /** Least and greatest rating of training: predictions are clipped to them. */
  readonly scale?: readonly [low: number, high: number];
  readonly users: IdList;
  readonly items: IdList;
  /** How many users of training met each item. */
  readonly popularity: Float64Array;
  readonly facts: InteractionFacts;
  readonly training: Training;
  /** Did the user meet the item (by index) in training? */
  hasMet(user: Id, item: number): boolean;
  /**
   * A rating, or a score, for each row of a table with columns of users and items: one column, `prediction`. An unknown user
   * or item: a rating from what is known (the other's bias, or the mean); a score of 0. A missing id: missing.
   */
  predict(table: Table, context?: Context): Promise<Table>;
  /** Lists for some users, or for all in the order of their ids; in blocks, on all threads. */
  recommend(users: readonly Id[] | 'all', options?: RecommendOptions): Promise<Recommendations>;
  /** @throws LanewiseError `data` for an item that is not known. */
  similarItems(item: Id, n?: number, context?: Context): Promise<readonly Recommended[]>;
  /** @throws LanewiseError `unsupported` where the model cannot. */
  foldInUser(events: readonly UserEvent[], context?: Context): Promise<FoldedUser>;
  /** @throws LanewiseError `unsupported` where the model cannot. */
  foldInItem(events: readonly ItemEvent[], context?: Context): Promise<FoldedItem>;
}
