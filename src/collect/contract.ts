import type { Table } from 'apache-arrow';
import { parseDocument, stringify } from 'yaml';
import { invalid, LanewiseError, unknownName } from '../errors.js';
import { parseTimestamp } from '../scoring/timestamp.js';
import { type RegisterColumn, readRegister, takeRows } from '../table/columns.js';
import type { Collected, LineOffset, QuarantinedRow } from '../table/interfaces.js';
import { columnsOf, type Kind } from '../table/schema.js';

/** What a column must be like. Absent conditions are not checked. */
export interface ColumnContract {
  readonly kind: Kind;
  /** Default true. */
  readonly nullable?: boolean;
  /** Of numbers, and of timestamps in milliseconds; both ends are allowed. */
  readonly min?: number;
  readonly max?: number;
  /** The labels that may occur. */
  readonly values?: readonly string[];
  /** true: no value occurs twice. */
  readonly unique?: boolean;
}

/** What a table must be like before anything learns from it or is predicted for it. */
export interface Contract {
  readonly version: 1;
  readonly columns: Readonly<Record<string, ColumnContract>>;
}

/** Categories with more labels than this are open: new labels are to be expected. */
const MOST_CLOSED_LABELS = 20;
const KEYS = ['kind', 'nullable', 'min', 'max', 'values', 'unique'];
const KINDS: readonly Kind[] = ['numeric', 'categorical', 'boolean', 'timestamp', 'text'];

/**
 * The contract that a table suggests: kinds and nullability as seen; numbers within the range seen, widened by its own
 * width on both sides (but not below 0 where nothing was), which catches other units and sentinels and not growth;
 * labels where they are few; uniqueness of whole numbers and labels that never repeat.
 */
export function inferContract(table: Table): Contract {
  const columns = columnsOf(table).map(
    ({ name, kind }) => [name, inferColumn(readRegister(table, name), kind)] as const,
  );
  return { version: 1, columns: Object.fromEntries(columns) };
}

function inferColumn({ values, labels }: RegisterColumn, kind: Kind): ColumnContract {
  let [low, high, missing] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  let whole = true;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (Number.isNaN(x)) missing++;
    else if (Number.isFinite(x)) {
      if (x < low) low = x;
      if (x > high) high = x;
      if (!Number.isInteger(x)) whole = false;
    } else whole = false;
  }
  const unique = kind !== 'timestamp' && kind !== 'boolean' && whole && values.length >= 20 && distinct(values);
  const closed = kind === 'categorical' && labels !== undefined && labels.length <= MOST_CLOSED_LABELS;
  const span = high - low;
  return {
    kind,
    nullable: missing > 0,
    ...(kind === 'numeric' && low <= high && { min: low >= 0 ? 0 : low - span, max: high + span }),
    ...(closed && { values: labels }),
    ...(unique && { unique }),
  };
}

function distinct(values: Float64Array): boolean {
  const sorted = values.slice().sort();
  for (let i = 1; i < sorted.length; i++) if (!(sorted[i]! > sorted[i - 1]!)) return false;
  return true;
}

/** The contract as a YAML text that people edit. Timestamps are written as ISO 8601. */
export function contractToYaml(contract: Contract): string {
  const columns = Object.entries(contract.columns).map(([name, column]) => {
    const written = (value: number | undefined) =>
      value === undefined || column.kind !== 'timestamp' ? value : new Date(value).toISOString();
    return [name, { ...column, min: written(column.min), max: written(column.max) }];
  });
  const head =
    '# What the data must be like; rows that are not are put into quarantine. Conditions may be taken away.\n';
  return head + stringify({ version: 1, columns: Object.fromEntries(columns) }, { collectionStyle: 'any' });
}

/** @throws LanewiseError `usage` naming the file and the key that cannot be. */
export function contractFromYaml(text: string, file: string): Contract {
  const document = parseDocument(text, { schema: 'core' });
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line;
    throw new LanewiseError('usage', `Expected YAML in ${file} but: ${error.message.split('\n')[0]}`, { file, line });
  }
  const content: unknown = document.toJS();
  if (!isObject(content)) throw invalid(file, 'a contract with version and columns', content);
  for (const key of Object.keys(content)) {
    if (!['version', 'columns'].includes(key)) throw unknownName(`key in ${file}`, key, ['version', 'columns']);
  }
  if (content['version'] !== 1) throw invalid(`version in ${file}`, '1', content['version']);
  if (!isObject(content['columns'])) throw invalid(`columns in ${file}`, 'columns by name', content['columns']);
  const columns = Object.entries(content['columns']).map(
    ([name, value]) => [name, checkedColumn(`columns.${name} in ${file}`, value)] as const,
  );
  return { version: 1, columns: Object.fromEntries(columns) };
}

function checkedColumn(key: string, value: unknown): ColumnContract {
  if (!isObject(value)) throw invalid(key, 'conditions by name', value);
  for (const name of Object.keys(value)) if (!KEYS.includes(name)) throw unknownName(`condition of ${key}`, name, KEYS);
  const { kind, nullable, min, max, values, unique } = value;
  if (!KINDS.includes(kind as Kind)) throw invalid(`${key}: kind`, `one of ${KINDS.join(', ')}`, kind);
  for (const [name, flag] of Object.entries({ nullable, unique })) {
    if (flag !== undefined && typeof flag !== 'boolean') throw invalid(`${key}: ${name}`, 'true or false', flag);
  }
  if (values !== undefined && !Array.isArray(values)) throw invalid(`${key}: values`, 'a list of labels', values);
  return {
    kind: kind as Kind,
    ...(nullable !== undefined && { nullable: nullable as boolean }),
    ...(min !== undefined && { min: bound(`${key}: min`, min) }),
    ...(max !== undefined && { max: bound(`${key}: max`, max) }),
    ...(values !== undefined && { values: (values as unknown[]).map(String) }),
    ...(unique !== undefined && { unique: unique as boolean }),
  };
}

function bound(key: string, value: unknown): number {
  const number = typeof value === 'string' ? parseTimestamp(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number))
    throw invalid(key, 'a number or an ISO 8601 timestamp', value);
  return number;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Checks a table at the door. Rows that break a condition go to quarantine, with the first condition as the reason.
 * @throws LanewiseError `data` for a column that is not there or of another kind, and where no row is left.
 */
export function applyContract(collected: Collected, contract: Contract, file: string): Collected {
  const { table } = collected;
  requireColumns(table, contract, file);
  const reasons = new Map<number, string>();
  for (const [name, column] of Object.entries(contract.columns)) {
    const register = readRegister(table, name);
    for (const check of checksOf(name, column, register)) {
      for (let row = 0; row < register.values.length; row++) {
        const reason = reasons.has(row) ? undefined : check(register.values[row]!);
        if (reason !== undefined) reasons.set(row, reason);
      }
    }
  }
  if (reasons.size === 0) return collected;
  if (reasons.size === table.numRows) {
    const [row, reason] = [...reasons][0]!;
    throw new LanewiseError(
      'data',
      `Expected rows that keep the contract but all ${reasons.size} of ${file} break it: ${reason}`,
      {
        file,
        row: row + 1,
      },
    );
  }
  return withoutRows(collected, reasons, file);
}

function requireColumns(table: Table, contract: Contract, file: string): void {
  const found = new Map(columnsOf(table).map(({ name, kind }) => [name, kind]));
  for (const [name, { kind }] of Object.entries(contract.columns)) {
    const actual = found.get(name);
    if (actual === undefined)
      throw unknownName(`column that the contract asks for, not in ${file}:`, name, [...found.keys()], 'data');
    const alike = actual === kind || (isLabel(actual) && isLabel(kind));
    if (!alike) {
      throw new LanewiseError(
        'data',
        `Expected column "${name}" of ${file} to be ${kind}, as the contract says, but it is ${actual}`,
        {
          file,
          column: name,
          hint: 'One cell of another kind is enough: look at the values that are not like the rest',
        },
      );
    }
  }
}

function isLabel(kind: Kind): boolean {
  return kind === 'categorical' || kind === 'text';
}

type Check = (value: number) => string | undefined;

function checksOf(name: string, column: ColumnContract, { labels }: RegisterColumn): Check[] {
  const { nullable, min, max, values, unique, kind } = column;
  const shown = (value: number) => (kind === 'timestamp' ? new Date(value).toISOString() : String(value));
  const checks: Check[] = [];
  if (nullable === false) checks.push((value) => (Number.isNaN(value) ? `${name} is missing` : undefined));
  if (min !== undefined) {
    checks.push((value) => (value < min ? `${name} is ${shown(value)}, below ${shown(min)}` : undefined));
  }
  if (max !== undefined) {
    checks.push((value) => (value > max ? `${name} is ${shown(value)}, above ${shown(max)}` : undefined));
  }
  if (values !== undefined && labels !== undefined) {
    const allowed = new Set(values);
    const wrong = labels.map((label) => !allowed.has(label));
    checks.push((value) =>
      wrong[value] ? `${name} is "${labels[value]}", which the contract does not name` : undefined,
    );
  }
  if (unique) {
    const seen = new Set<number>();
    checks.push((value) => {
      if (Number.isNaN(value)) return undefined;
      if (seen.has(value)) return `${name} repeats ${labels ? `"${labels[value]}"` : value}`;
      seen.add(value);
      return undefined;
    });
  }
  return checks;
}

function withoutRows(collected: Collected, reasons: ReadonlyMap<number, string>, file: string): Collected {
  const { table, sourceRows } = collected;
  const kept = Uint32Array.from({ length: table.numRows }, (_, row) => row).filter((row) => !reasons.has(row));
  const sourceRow = (row: number) => sourceRows?.[row] ?? row;
  const line = (row: number) => lineOf(sourceRow(row), collected.lineOffsets);
  const names = columnsOf(table).map(({ name }) => name);
  const text = (row: number) => names.map((name) => `${name}=${table.getChild(name)!.get(row) ?? ''}`).join(' ');
  const quarantine = [...reasons].map(
    ([row, reason]): QuarantinedRow => ({ file, line: line(row), reason, text: text(row).slice(0, 200) }),
  );
  return {
    ...collected,
    table: takeRows(table, kept),
    quarantine: [...collected.quarantine, ...quarantine].sort((a, b) => a.line - b.line),
    sourceRows: kept.map(sourceRow),
  };
}

/** The line, from 1, on which a row of the source begins. */
function lineOf(row: number, offsets: readonly LineOffset[] = []): number {
  let [low, high] = [0, offsets.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsets[middle]![0] <= row) low = middle + 1;
    else high = middle;
  }
  return row + (offsets[low - 1]?.[1] ?? 2);
}
