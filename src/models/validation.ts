import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { type RegisterColumn, readRegister } from '../table/columns.js';
import type { FitOptions } from '../table/interfaces.js';
import { requireUsableTarget } from '../table/target.js';
import { type Target, weightsOf } from './features.js';

/** Rows that are measured on and never learnt from. */
export interface ValidationRows {
  readonly columns: RegisterColumn[];
  readonly target: Float64Array;
  readonly weights: Float64Array | undefined;
}

/** Reads a validation table as the training table was: the same features, labels and classes. */
export function readValidation(
  table: Table,
  features: readonly Omit<RegisterColumn, 'values'>[],
  target: Omit<Target, 'values'>,
  options: FitOptions,
): ValidationRows {
  const columns = features.map(({ name, labels }) => readRegister(table, name, labels));
  const { type, values, labels } = readRegister(table, target.name);
  const { classes } = target;
  if (!classes) requireUsableTarget(target.name, values);
  if (values.some(Number.isNaN)) {
    throw new LanewiseError('data', `Expected target "${target.name}" in every row of the validation table`, {
      column: target.name,
    });
  }
  if (!classes) return { columns, target: values, weights: weightsOf(table, options) };
  const textOf = (value: number) =>
    type === 'category' ? labels![value]! : type === 'boolean' ? String(value === 1) : String(value);
  const codes = new Map(classes.map((label, code) => [label, code]));
  const encoded = values.map((value) => codes.get(textOf(value)) ?? Number.NaN);
  const unknown = encoded.findIndex(Number.isNaN);
  if (unknown >= 0) {
    const message = `Expected classes of training in the validation table but received "${textOf(values[unknown]!)}"`;
    const hint = `A class of one row cannot be learnt from and held out at once. Where nearly every value of "${target.name}" is its own, it is no label.`;
    throw new LanewiseError('data', message, { column: target.name, row: unknown + 1, hint });
  }
  return { columns, target: encoded, weights: weightsOf(table, options) };
}

/** One array behind the other. */
export function joined(...parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
