import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { readRegister } from '../table/columns.js';
import type { TaskKind } from '../table/interfaces.js';
import { columnInfo } from '../table/schema.js';

/** What a target asks for, and why it was taken so. */
export interface TaskChoice {
  readonly task: TaskKind;
  /** In words, for the first line of output. */
  readonly reason: string;
}

const MOST_CLASSES = 10;

/**
 * The task that a target asks for: classification of labels, booleans and at most ten distinct whole numbers, else
 * regression. `asked` decides where it is given.
 * @throws LanewiseError `data` with the nearest name where the target is no column; `unsupported` for timestamps.
 */
export function chooseTask(table: Table, target: string, asked?: TaskKind): TaskChoice {
  const { kind } = columnInfo(table, target);
  if (asked) return { task: asked, reason: 'as asked for' };
  if (kind === 'timestamp') {
    throw new LanewiseError('unsupported', `Expected numbers or labels in target "${target}" but it holds timestamps`, {
      column: target,
      hint: 'Predict a duration or a part of the date instead.',
    });
  }
  if (kind !== 'numeric')
    return { task: 'classification', reason: `${target} holds ${kind === 'boolean' ? 'true and false' : 'labels'}` };
  const distinct = new Set<number>();
  for (const value of readRegister(table, target).values) {
    if (Number.isNaN(value)) continue;
    if (!Number.isInteger(value)) return { task: 'regression', reason: `${target} holds numbers with fractions` };
    distinct.add(value);
    if (distinct.size > MOST_CLASSES)
      return { task: 'regression', reason: `${target} holds more than ${MOST_CLASSES} different whole numbers` };
  }
  return { task: 'classification', reason: `${target} holds ${distinct.size} different whole numbers` };
}
