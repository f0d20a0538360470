import type { Table } from 'apache-arrow';
import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import type { Comparison } from '../evaluate/index.js';
import type { Model, TaskKind } from '../table/interfaces.js';
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
