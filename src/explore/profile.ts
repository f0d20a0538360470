import type { Table } from 'apache-arrow';
import { defaultEngine } from '../engine/engine.js';
import { turnEventLoop } from '../engine/turn.js';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import { pearson } from '../table/association.js';
import { type RegisterColumn, readRegister } from '../table/columns.js';
import type { Context, TaskKind } from '../table/interfaces.js';
import { columnInfo, columnsOf, type Kind, type Role } from '../table/schema.js';
import { averageRanks, countMissing } from '../table/statistics.js';
import { type Alert, findAlerts } from './alerts.js';
import {
  type AssociationColumn,
  type AssociationMatrix,
  correlationRatio,
  cramersV,
  cramersVMatrix,
  pearsonMatrix,
  spearmanMatrix,
} from './association.js';
import { type CategoryProfile, profileCategories } from './categories.js';
import { countDuplicates } from './duplicates.js';
import { type NumberProfile, profileNumbers } from './numbers.js';
import { type Scatter, scatterOf } from './scatter.js';
import { groupsOfLabels, groupsOfNumbers, type TargetView } from './target-view.js';
import { profileTimestamps, type TimestampProfile } from './timestamps.js';

export interface ColumnProfile {
  readonly name: string;
  readonly role: Role;
  readonly kind: Kind;
  readonly rows: number;
  readonly missing: number;
  readonly profile: NumberProfile | CategoryProfile | TimestampProfile;
}

/** Which columns miss together: rows by the set of columns that are missing in them. */
export interface MissingPattern {
  readonly columns: readonly string[];
  readonly rows: number;
}

/** A table in figures: aggregates and a bounded number of sampled points, never rows. */
export interface Profile {
  readonly version: 1;
  readonly rows: number;
  readonly target?: string;
  readonly task?: TaskKind;
  /** Classification: the label that the shares in `targetViews` count. */
  readonly positiveClass?: string;
  readonly duplicates: number;
  readonly missingCells: number;
  readonly columns: readonly ColumnProfile[];
  readonly missingPatterns: readonly MissingPattern[];
  readonly correlations: readonly AssociationMatrix[];
  /** By association, strongest first. */
  readonly targetViews: readonly TargetView[];
  readonly scatters: readonly Scatter[];
  readonly alerts: readonly Alert[];
  /** What was left out for size, in words. */
  readonly limits: readonly string[];
}

export interface ProfileOptions extends Context {
  readonly target?: string;
  /** Default: regression for a numeric target, else classification. */
  readonly task?: TaskKind;
}

/** Columns in an association matrix, at most: beyond that the page cannot be read and the work grows by the square. */
const MATRIX_COLUMNS = 40;
const MATRIX_LABELS = 60;
const SCATTERS = 6;

/**
 * Profiles a table: every column, associations, the target against every feature, scatter plots, alerts.
 * Missing is null or NaN. @throws LanewiseError `data` where the target is no column or the table has no columns.
 */
export async function profileTable(table: Table, options: ProfileOptions = {}): Promise<Profile> {
  const { target, signal, onProgress, seed = 0 } = options;
  const engine = options.engine ?? (await defaultEngine());
  const infos = columnsOf(table);
  if (infos.length === 0) throw new LanewiseError('data', 'Expected at least one column to profile but received none');
  if (target !== undefined) columnInfo(table, target);
  const registers: RegisterColumn[] = [];
  const columns: ColumnProfile[] = [];
  for (const info of infos) {
    throwIfCancelled(signal);
    const register = readRegister(table, info.name);
    registers.push(register);
    columns.push({
      ...info,
      rows: table.numRows,
      missing: countMissing(register.values),
      profile: profileColumn(register, info.kind),
    });
    onProgress?.({ what: 'column', done: columns.length, total: infos.length });
    await turnEventLoop();
  }
  const subject = target === undefined ? undefined : makeSubject(target, registers, columns, options.task);
  const limits: string[] = [];
  const correlations = associate(registers, columns, subject, engine, limits);
  throwIfCancelled(signal);
  await turnEventLoop();
  const targetViews = subject ? viewTarget(subject, registers, columns) : [];
  const duplicates = countDuplicates(
    registers.map(({ values }) => values),
    table.numRows,
  );
  await turnEventLoop();
  const findings = {
    rows: table.numRows,
    duplicates,
    columns,
    correlations,
    targetViews,
    target,
    sums: findSums(subject, registers, columns),
  };
  return {
    version: 1,
    rows: table.numRows,
    target,
    task: subject?.task,
    positiveClass: subject?.positiveClass,
    duplicates,
    missingCells: columns.reduce((sum, { missing }) => sum + missing, 0),
    columns,
    missingPatterns: missingPatterns(registers, table.numRows),
    correlations,
    targetViews,
    scatters: chooseScatters(subject, registers, columns, targetViews, correlations, seed),
    alerts: findAlerts(findings),
    limits,
  };
}

function profileColumn(register: RegisterColumn, kind: Kind): ColumnProfile['profile'] {
  if (register.type === 'number') return profileNumbers(register.values);
  if (register.type === 'timestamp') return profileTimestamps(register.values);
  if (register.type === 'boolean') return profileCategories(register.values, ['false', 'true'], 'boolean');
  return profileCategories(register.values, register.labels!, kind === 'text' ? 'text' : 'categorical');
}

/** The target as numbers to average (regression: values; classification: 1 for the positive class) and as a column. */
interface Subject {
  readonly name: string;
  readonly task: TaskKind;
  readonly register: RegisterColumn;
  readonly averaged: Float64Array;
  /** Classification: the classes as codes. */
  readonly classes?: AssociationColumn;
  readonly positiveClass?: string;
}

function makeSubject(
  name: string,
  registers: readonly RegisterColumn[],
  columns: readonly ColumnProfile[],
  asked: TaskKind | undefined,
): Subject {
  const index = columns.findIndex((column) => column.name === name);
  const register = registers[index]!;
  const task = asked ?? (register.type === 'number' ? 'regression' : 'classification');
  if (task !== 'classification') return { name, task, register, averaged: register.values };
  const coded = asCodes(register);
  const last = coded.labels.length - 1;
  return {
    name,
    task,
    register,
    averaged: coded.values.map((code) => (Number.isNaN(code) ? code : code === last ? 1 : 0)),
    classes: { name, values: coded.values, labelCount: coded.labels.length },
    positiveClass: coded.labels[last],
  };
}

/** Numbers as codes of their distinct values; labels as they are. */
function asCodes(register: RegisterColumn): { values: Float64Array; labels: readonly string[] } {
  if (register.type === 'boolean') return { values: register.values, labels: ['false', 'true'] };
  if (register.labels) return { values: register.values, labels: register.labels };
  const distinct = [...new Set(register.values.filter((value) => !Number.isNaN(value)))].sort((a, b) => a - b);
  const place = new Map(distinct.map((value, code) => [value, code]));
  return { values: register.values.map((value) => place.get(value) ?? Number.NaN), labels: distinct.map(String) };
}

function asColumn(register: RegisterColumn): AssociationColumn {
  return register.type === 'category' ? { ...register, labelCount: register.labels!.length } : register;
}

const isNumeric = (register: RegisterColumn) => register.type === 'number' || register.type === 'boolean';

function associate(
  registers: readonly RegisterColumn[],
  columns: readonly ColumnProfile[],
  subject: Subject | undefined,
  engine: Parameters<typeof pearsonMatrix>[1],
  limits: string[],
): AssociationMatrix[] {
  const useful = registers.filter((_, i) => columns[i]!.profile.distinct > 1);
  const numeric = limitColumns(useful.filter(isNumeric), subject, limits, 'numeric');
  const labelled = useful.filter((register) => register.type === 'category');
  const narrow = limitColumns(
    labelled.filter((register) => register.labels!.length <= MATRIX_LABELS),
    subject,
    limits,
    'categorical',
  );
  const wide = labelled.filter((register) => register.labels!.length > MATRIX_LABELS);
  if (wide.length > 0) {
    limits.push(
      `Cramér's V leaves out columns of more than ${MATRIX_LABELS} labels: ${wide.map(({ name }) => name).join(', ')}.`,
    );
  }
  const matrices: AssociationMatrix[] = [];
  if (numeric.length > 1) matrices.push(pearsonMatrix(numeric, engine), spearmanMatrix(numeric, engine));
  if (narrow.length > 1) matrices.push(cramersVMatrix(narrow.map(asColumn)));
  return matrices;
}

function limitColumns(
  registers: readonly RegisterColumn[],
  subject: Subject | undefined,
  limits: string[],
  what: string,
): readonly RegisterColumn[] {
  if (registers.length <= MATRIX_COLUMNS) return registers;
  limits.push(
    `Associations are shown for ${MATRIX_COLUMNS} of ${registers.length} ${what} columns, the first in the file.`,
  );
  const first = registers.filter((register) => register.name !== subject?.name).slice(0, MATRIX_COLUMNS - 1);
  return [...first, ...registers.filter((register) => register.name === subject?.name)];
}

function viewTarget(
  subject: Subject,
  registers: readonly RegisterColumn[],
  columns: readonly ColumnProfile[],
): TargetView[] {
  const views = registers.flatMap((register, i): TargetView[] => {
    const { profile } = columns[i]!;
    if (register.name === subject.name || register.type === 'timestamp' || profile.distinct < 2) return [];
    const groups =
      profile.kind === 'numeric'
        ? groupsOfNumbers(register.values, subject.averaged)
        : profile.kind === 'timestamp'
          ? []
          : groupsOfLabels(register.values, asCodes(register).labels, profile.top, subject.averaged);
    return [{ feature: register.name, ...associationWithTarget(subject, register, profile.distinct), groups }];
  });
  return views.toSorted((a, b) => orZero(b.association) - orZero(a.association));
}

function orZero(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

function associationWithTarget(
  subject: Subject,
  register: RegisterColumn,
  distinct: number,
): Pick<TargetView, 'association' | 'method'> {
  const { classes } = subject;
  if (classes) {
    if (isNumeric(register))
      return { method: 'correlation-ratio', association: correlationRatio(classes, register.values) };
    // With a label for nearly every row, V is 1 whatever the target: it says nothing.
    const meaningful = distinct * 5 < register.values.length;
    return { method: 'cramers-v', association: meaningful ? cramersV(asColumn(register), classes) : Number.NaN };
  }
  if (isNumeric(register)) {
    return { method: 'spearman', association: Math.abs(rankCorrelation(register.values, subject.averaged)) };
  }
  const meaningful = distinct * 5 < register.values.length;
  const association = meaningful ? correlationRatio(asColumn(register), subject.averaged) : Number.NaN;
  return { method: 'correlation-ratio', association };
}

function rankCorrelation(a: Float64Array, b: Float64Array): number {
  const rows = [...a.keys()].filter((row) => Number.isFinite(a[row]!) && Number.isFinite(b[row]!));
  const [x, y] = [a, b].map((values) => averageRanks(Float64Array.from(rows, (row) => values[row]!)));
  return pearson(x!, y!);
}

/** Pairs of numeric columns whose sum or difference is the target in nearly every row: parts of it, known with it. */
function findSums(
  subject: Subject | undefined,
  registers: readonly RegisterColumn[],
  columns: readonly ColumnProfile[],
) {
  if (subject?.task !== 'regression') return [];
  const candidates = registers
    .filter(
      (register, i) => register.type === 'number' && register.name !== subject.name && columns[i]!.profile.distinct > 2,
    )
    .slice(0, 30);
  const target = subject.averaged;
  const rows = [...target.keys()].filter((row) => Number.isFinite(target[row]!));
  const share = (a: Float64Array, b: Float64Array, sign: number) => {
    let [equal, looked] = [0, 0];
    for (const row of rows) {
      const error = Math.abs(a[row]! + sign * b[row]! - target[row]!);
      if (error <= 1e-9 * Math.max(1, Math.abs(target[row]!))) equal++;
      // Most pairs are told apart by their first rows.
      if (++looked === 50 && equal < 40) return 0;
    }
    return equal / rows.length;
  };
  const sums: { columns: [string, string]; operator: '+' | '−'; share: number }[] = [];
  for (const a of candidates) {
    for (const b of candidates) {
      if (a === b) continue;
      const plus = a.name < b.name ? share(a.values, b.values, 1) : 0;
      const minus = share(a.values, b.values, -1);
      if (plus >= 0.99) sums.push({ columns: [a.name, b.name], operator: '+', share: plus });
      if (minus >= 0.99) sums.push({ columns: [a.name, b.name], operator: '−', share: minus });
    }
  }
  return sums;
}

function missingPatterns(registers: readonly RegisterColumn[], rowCount: number): MissingPattern[] {
  const affected = registers.filter(({ values }) => values.some((value) => Number.isNaN(value)));
  const counts = new Map<string, number>();
  for (let row = 0; row < rowCount; row++) {
    const key = affected
      .map(({ values }, i) => (Number.isNaN(values[row]) ? i : -1))
      .filter((i) => i >= 0)
      .join(',');
    if (key) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 12)
    .map(([key, rows]) => ({ rows, columns: key.split(',').map((i) => affected[Number(i)]!.name) }));
}

function chooseScatters(
  subject: Subject | undefined,
  registers: readonly RegisterColumn[],
  columns: readonly ColumnProfile[],
  views: readonly TargetView[],
  correlations: readonly AssociationMatrix[],
  seed: number,
): Scatter[] {
  const byName = new Map(registers.map((register, i) => [register.name, { register, column: columns[i]! }]));
  const drawable = (name: string) => {
    const { register, column } = byName.get(name)!;
    return (
      register.type === 'number' && column.profile.distinct > 5 && column.role !== 'ignore' && column.role !== 'id'
    );
  };
  const pairs: [string, string][] = [];
  if (subject && subject.task === 'regression') {
    for (const { feature } of views) if (drawable(feature)) pairs.push([feature, subject.name]);
  } else {
    const pearson = correlations.find(({ method }) => method === 'pearson');
    const ranked = (pearson?.names ?? []).flatMap((a, i) =>
      pearson!.names
        .slice(0, i)
        .map((b, j) => ({ pair: [b, a] as [string, string], r: Math.abs(orZero(pearson!.values[i]![j]!)) })),
    );
    for (const { pair } of ranked.sort((a, b) => b.r - a.r)) if (pair.every(drawable)) pairs.push(pair);
  }
  return pairs
    .slice(0, SCATTERS)
    .map(([x, y]) => scatterOf(byName.get(x)!.register, byName.get(y)!.register, { seed }));
}
