import type { Table } from 'apache-arrow';
import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import type { Comparison, RecommenderComparison } from '../evaluate/index.js';
import type { FittedRecommender } from '../models/recommendation/index.js';
import type { Model, TaskKind } from '../table/interfaces.js';
import type { ParameterSet } from '../tune/index.js';
import type { Split } from './split.js';

/** What the steps of a run hand on in memory. Each field is set by the step named beside it. */
export interface RunState {
  readonly engine: Engine;
  /** collect: every row taken in, with the roles target, ignore. */
  table?: Table;
  /** collect */
  split?: Split;
  /** collect */
  task?: TaskKind;
  /** compare */
  comparison?: Comparison;
  /** train: the recommended model with its default parameters. */
  trained?: Fitted;
  /** tune: what the gate let through. */
  champion?: Fitted;
  /** deploy */
  deployed?: Deployed;
  /** compare, of a recommendation */
  ranked?: RecommenderComparison;
  /** train, of a recommendation */
  recommender?: { readonly name: string; readonly model: FittedRecommender };
  /** tune, of a recommendation: the champion's model and what the gate let through of its parameters. */
  chosen?: { readonly name: string; readonly parameters: ParameterSet };
}

/** A fitted recipe and what it was fitted from. */
export interface Fitted {
  /** The model's name on the list of models. */
  readonly name: string;
  readonly model: Model;
}

export interface Deployed {
  readonly registry: string;
  readonly name: string;
  readonly version: number;
}

/** A field that an earlier step has set. */
export function need<K extends keyof RunState>(state: RunState, key: K): NonNullable<RunState[K]> {
  const value = state[key];
  if (value === undefined)
    throw new LanewiseError('internal', `A step needs "${key}" but no step before it has set it`);
  return value as NonNullable<RunState[K]>;
}
