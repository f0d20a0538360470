import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { turnEventLoop } from '../../engine/turn.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { type RegisterColumn, readRegister } from '../../table/columns.js';
import type { Context } from '../../table/interfaces.js';
import { columnsOf } from '../../table/schema.js';
import { sentenceOf } from './sentence.js';
import { silhouettesOf, standardised } from './silhouettes.js';
import { type Trait, traitsOf } from './traits.js';

/** What sets the rows of one cluster apart from all others. */
export interface ClusterDescription {
  /** −1: noise, the rows of no cluster. */
  readonly label: number;
  /** `cluster 2`, `noise`, or the label's own text. */
  readonly name: string;
  readonly rows: number;
  readonly share: number;
  /** Mean over its rows, −1 … 1: near 1 they lie far from other clusters, below 0 nearer to another one. */
  readonly silhouette?: number;
  /** The strongest effect first; effects below 0.2 included. */
  readonly traits: readonly Trait[];
  /** In plain language. */
  readonly sentence: string;
  /** Rows of the table, from 0, nearest to the medoid first: where they are asked for. */
  readonly representatives?: readonly number[];
}

/** Clusters in words and figures: aggregates, never rows unless they are asked for. */
export interface ClusterProfile {
  readonly version: 1;
  readonly rows: number;
  /** By label; noise last. */
  readonly clusters: readonly ClusterDescription[];
  /** Mean over all clustered rows; absent where there are fewer than two clusters. */
  readonly silhouette?: number;
  /** Columns that were compared. */
  readonly columns: readonly string[];
  /** What was left out, in words. */
  readonly limits: readonly string[];
}

export interface ClusterProfileOptions extends Context {
  /** Columns to compare; default: all features and targets. */
  readonly columns?: readonly string[];
  /** Texts of the labels 0, 1, …, where labels stand for something. */
  readonly names?: readonly string[];
  /** How many rows to name for each cluster, nearest to its medoid; default 0. They may be about persons. */
  readonly representatives?: number;
}

/** Rows among which a cluster's medoid is sought. */
const MEDOID_ROWS = 300;

/**
 * Says of each cluster what distinguishes it from all other rows: numbers by standardised differences of means, labels by
 * how over- or under-represented they are, the strongest first, and a sentence.
 * @param labels the cluster of each row, from 0; −1 noise: `Model.labels`, or a column of predictions
 * @throws LanewiseError `data` where labels are not whole numbers from −1 on, one a row, or no row is clustered
 */
export async function profileClusters(
  table: Table,
  labels: ArrayLike<number>,
  options: ClusterProfileOptions = {},
): Promise<ClusterProfile> {
  const { signal, onProgress, seed = 0, names, representatives = 0 } = options;
  requireLabels(labels, table.numRows);
  const engine = options.engine ?? (await defaultEngine());
  const columns = comparedColumns(table, options.columns);
  const limits = columns
    .filter(({ type }) => type === 'text')
    .map(({ name }) => `${name} holds texts, which are not compared`);
  const silhouettes = await silhouettesOf(engine, columns, labels, seed, signal);
  const distinct = [...new Set(Array.from(labels))].sort((a, b) => (a < 0 ? 1 : b < 0 ? -1 : a - b));
  const clusters: ClusterDescription[] = [];
  for (const label of distinct) {
    const members = Uint8Array.from({ length: table.numRows }, (_, row) => (labels[row] === label ? 1 : 0));
    const traits: Trait[] = [];
    for (const column of columns) {
      throwIfCancelled(signal);
      traits.push(...traitsOf(column, members));
      await turnEventLoop();
    }
    const rows = members.reduce((sum, member) => sum + member, 0);
    const share = rows / table.numRows;
    const name = label < 0 ? 'noise' : (names?.[label] ?? `cluster ${label}`);
    const sorted = traits.sort((a, b) => Math.abs(b.effect ?? 0) - Math.abs(a.effect ?? 0));
    const silhouette = silhouettes.get(label);
    clusters.push({
      label,
      name,
      rows,
      share,
      ...(silhouette !== undefined && { silhouette }),
      traits: sorted,
      sentence: sentenceOf(name, share, sorted),
      ...(representatives > 0 && label >= 0 && { representatives: nearMedoid(columns, members, representatives) }),
    });
    onProgress?.({ what: 'cluster', done: clusters.length, total: distinct.length });
  }
  const silhouette = overall(clusters);
  const compared = columns.filter(({ type }) => type !== 'text').map(({ name }) => name);
  const found = { version: 1 as const, rows: table.numRows, clusters, columns: compared, limits };
  return silhouette === undefined ? found : { ...found, silhouette };
}

function requireLabels(labels: ArrayLike<number>, rows: number): void {
  if (labels.length !== rows) {
    throw new LanewiseError(
      'data',
      `Expected the cluster of each of the ${rows} rows but received ${labels.length} labels`,
    );
  }
  if (rows === 0) throw new LanewiseError('data', 'Expected at least one row of a cluster but the table has none');
  for (let row = 0; row < rows; row++) {
    if (Number.isInteger(labels[row]) && labels[row]! >= -1) continue;
    throw new LanewiseError(
      'data',
      `Expected whole numbers from -1 on as clusters but row ${row + 1} has ${labels[row]}`,
      {
        row: row + 1,
        hint: '-1 stands for noise, rows of no cluster.',
      },
    );
  }
}

function comparedColumns(table: Table, wanted: readonly string[] | undefined): RegisterColumn[] {
  const names =
    wanted ??
    columnsOf(table)
      .filter(({ role }) => role === 'feature' || role === 'target')
      .map(({ name }) => name);
  if (names.length === 0) throw new LanewiseError('data', 'Expected at least one column to compare clusters by');
  return names.map((name) => readRegister(table, name));
}

/** By the clusters' rows; of a sample, nearly. */
function overall(clusters: readonly ClusterDescription[]): number | undefined {
  const known = clusters.filter(({ silhouette }) => silhouette !== undefined);
  if (known.length === 0) return undefined;
  const rows = known.reduce((sum, cluster) => sum + cluster.rows, 0);
  return known.reduce((sum, { rows: own, silhouette }) => sum + (own / rows) * silhouette!, 0);
}

/** The medoid and the rows nearest to it, in the numeric columns in units of their deviations. */
function nearMedoid(columns: readonly RegisterColumn[], members: Uint8Array, wanted: number): number[] {
  const rows = [...members.keys()].filter((row) => members[row] === 1);
  const numbers = columns
    .filter(({ type }) => type === 'number' || type === 'boolean')
    .map(({ values }) => standardised(values));
  const distance = (a: number, b: number) => numbers.reduce((sum, values) => sum + (values[a]! - values[b]!) ** 2, 0);
  const step = Math.max(1, Math.floor(rows.length / MEDOID_ROWS));
  const candidates = rows.filter((_, i) => i % step === 0);
  let [medoid, least] = [rows[0]!, Number.POSITIVE_INFINITY];
  for (const candidate of candidates) {
    const total = candidates.reduce((sum, other) => sum + Math.sqrt(distance(candidate, other)), 0);
    if (total < least) [medoid, least] = [candidate, total];
  }
  const away = new Map(rows.map((row) => [row, distance(row, medoid)]));
  return rows.sort((a, b) => away.get(a)! - away.get(b)! || a - b).slice(0, wanted);
}
