import { invalid, unknownName } from '../errors.js';
import type { Transformer } from './interfaces.js';
import type { Kind } from './schema.js';
import type { TransformerEntry } from './transformer.js';

/** Which columns a step acts on: by name, by kind, or all. Names that a step before took away are passed over. */
export type ColumnSelection = 'all' | { readonly kinds: readonly Kind[] } | { readonly names: readonly string[] };

/** A transformer and the columns it is to act on (default: all features). */
export interface Step {
  readonly transformer: Transformer;
  readonly columns?: ColumnSelection;
}

const kinds: readonly Kind[] = ['numeric', 'categorical', 'boolean', 'timestamp', 'text'];

/**
 * Steps as the workflow file writes them, under the key `section`: a list of names, or of one-key objects with
 * parameters in snake_case and, under `columns`, the columns to act on (names, or one kind: numeric, categorical, …).
 *
 *     prepare:
 *       - duplicates
 *       - impute: { strategy: mean, columns: [age, fare] }
 *
 * @throws LanewiseError `usage` naming the key that cannot be, with the nearest that can.
 */
export function stepsFromConfig(section: string, config: unknown, entries: readonly TransformerEntry[]): Step[] {
  if (config === undefined || config === null) return [];
  const list = Array.isArray(config) ? config : typeof config === 'object' ? splitKeys(config) : [config];
  return list.map((item) => stepOf(section, item, entries));
}

function splitKeys(config: object): Record<string, unknown>[] {
  return Object.entries(config).map(([name, value]) => ({ [name]: value }));
}

function stepOf(section: string, item: unknown, entries: readonly TransformerEntry[]): Step {
  const [name, value, ...more] =
    typeof item === 'string' ? [item, {}] : isObject(item) ? Object.entries(item).flat() : [undefined];
  if (typeof name !== 'string' || more.length > 0) {
    throw invalid(
      section,
      'a step by name, or one name with its parameters',
      isObject(item) ? JSON.stringify(item) : item,
    );
  }
  const entry = entries.find((candidate) => candidate.name === kebab(name));
  if (!entry) {
    throw unknownName(
      `step of ${section}`,
      name,
      entries.map((candidate) => candidate.name),
    );
  }
  const settings = value === null || value === true ? {} : value;
  if (!isObject(settings)) throw invalid(`${section}.${name}`, 'parameters by name', settings);
  const { columns, ...given } = settings;
  const parameters = Object.fromEntries(Object.entries(given).map(([key, setting]) => [camel(key), setting]));
  return { transformer: entry.create(parameters), columns: selectionOf(`${section}.${name}.columns`, columns) };
}

function selectionOf(key: string, value: unknown): ColumnSelection {
  if (value === undefined || value === 'all') return 'all';
  if (typeof value === 'string') {
    if (!kinds.includes(value as Kind)) throw unknownName(`kind of column in ${key}`, value, [...kinds, 'all']);
    return { kinds: [value as Kind] };
  }
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return { names: value };
  throw invalid(key, 'a list of column names, or a kind of column', JSON.stringify(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** min_frequency → minFrequency. */
function camel(name: string): string {
  return name.replaceAll(/[_-]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** dropMissing, drop_missing → drop-missing. */
function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-');
}
