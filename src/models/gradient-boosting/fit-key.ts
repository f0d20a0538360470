import type { Table } from 'apache-arrow';
import { randomKey } from '../../engine/random.js';
import { programImage } from '../../scoring/serialize.js';
import { type RegisterColumn, readRegister } from '../../table/columns.js';
import type { FitOptions } from '../../table/interfaces.js';
import { checkpointKey, digestOf } from '../../training/checkpoint.js';
import { groupName, groupsOf } from '../features.js';
import { readValidation, type ValidationRows } from '../validation.js';
import type { FittedTrees } from './continuation.js';
import type { BoostingEstimator } from './gradient-boosting.js';
import type { BoostingLoss } from './loss.js';
import type { Subject } from './subject.js';

/** SHA-256 of every column that is learnt from, as hexadecimal digits. */
export interface ColumnDigests {
  readonly features: readonly string[];
  readonly targets: readonly string[];
  readonly weights?: string;
  readonly groups?: string;
}

/** What a fit is of, but for the values of its rows: no other may go on from its checkpoint. */
export interface KeyedFit {
  readonly estimator: BoostingEstimator;
  readonly seed: number;
  readonly features: readonly Omit<RegisterColumn, 'values'>[];
  readonly loss: BoostingLoss;
  /** The rows of the validation table, once for each target; none: there is no such table. */
  readonly validation: readonly ValidationRows[];
  readonly validationGroups: Float64Array | undefined;
  readonly previous: FittedTrees | undefined;
}

/** The key of a checkpoint, the same for rows in memory and beyond it, which give the same bits. */
export function keyOf(fit: KeyedFit, columns: ColumnDigests): Promise<string> {
  const { estimator, seed, features, loss, validation, validationGroups, previous } = fit;
  const { name, task, parameters } = estimator;
  const described = features.map((column) => [column.name, column.type, column.labels]);
  const held = validation.flatMap(({ target, weights }) => (weights ? [target, weights] : [target]));
  for (const { values } of validation[0]?.columns ?? []) held.push(values);
  if (validationGroups) held.push(validationGroups);
  const images = previous ? [programImage(previous.program)] : [];
  const what = { name, task, parameters, seed, loss: loss.name, described, columns, measured: held.length };
  return checkpointKey(what, [...held, ...images]);
}

/** The key of a fit of rows in memory. */
export async function keyOfTable(
  fit: Omit<KeyedFit, 'loss' | 'validation' | 'validationGroups'>,
  subject: Subject,
  table: Table,
  features: readonly RegisterColumn[],
  options: FitOptions,
): Promise<string> {
  const { targets, loss, rowWeights } = subject;
  const ranks = fit.estimator.task === 'ranking';
  const texts = new TextCodes();
  const digest = ({ values, labels }: Digestible) =>
    digestOf(labels ? texts.of(values, (code) => labels[code]) : values);
  // One after the other: each is copied to be digested.
  const each = async (columns: readonly Digestible[]) => {
    const digests: string[] = [];
    for (const column of columns) digests.push(await digest(column));
    return digests;
  };
  const columns: ColumnDigests = {
    features: await each(features.map(categoryOnly)),
    targets: await each(targets.map(({ values, classes }) => ({ values, labels: classes }))),
    ...(rowWeights && { weights: await digest({ values: rowWeights }) }),
    ...(ranks && { groups: await digest(categoryOnly(readRegister(table, groupName(table, options)))) }),
  };
  const { validation } = options;
  const held = validation && validation.numRows > 0 ? validation : undefined;
  return keyOf(
    {
      ...fit,
      loss,
      validation: held ? targets.map((target) => readValidation(held, features, target, options)) : [],
      validationGroups: held && ranks ? groupsOf(held, options) : undefined,
    },
    columns,
  );
}

/** Numbers, or with labels the codes of texts. */
interface Digestible {
  readonly values: Float64Array;
  readonly labels?: readonly string[] | undefined;
}

/** Labels of what is no category stand for nothing. */
function categoryOnly(column: RegisterColumn): RegisterColumn {
  const { labels: _, ...plain } = column;
  return column.type === 'category' ? column : plain;
}

/** Codes that are functions of the texts alone, so that the order in which these arrive does not matter. */
export class TextCodes {
  readonly #codes = new Map<string, number>();

  of(values: Float64Array, textOf: (code: number) => string | undefined): Float64Array {
    const known = new Map<number, number>();
    return values.map((code) => {
      let found = known.get(code);
      if (found === undefined) known.set(code, (found = this.#codeOf(textOf(code))));
      return found;
    });
  }

  #codeOf(text: string | undefined): number {
    if (text === undefined) return Number.NaN;
    let code = this.#codes.get(text);
    if (code === undefined) {
      const { keyLow, keyHigh } = randomKey(0, 'text', text);
      code = (keyHigh & 0xfffff) * 2 ** 32 + (keyLow >>> 0);
      this.#codes.set(text, code);
    }
    return code;
  }
}
