import type { Table } from 'apache-arrow';
import { type Interval, scoreIntervals } from '../evaluate/bootstrap.js';
import { crossValidate } from '../evaluate/cross-validate.js';
import { metricNamed } from '../evaluate/metrics.js';
import { stratifiedKFold } from '../evaluate/splitter.js';
import { readRegister, selectColumns, tableFromRegisters } from '../table/columns.js';
import type { Context, Estimator, Model } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import type { DriftLevel } from './drift.js';
import { driftColumns } from './profile.js';
import { concatenate } from './retrain.js';

/**
 * Drift of the columns together: can a classifier tell the new rows from the old ones? It sees what no column shows by
 * itself, such as two columns that used to move together. It needs the old rows, not their profile.
 */
export interface DomainDrift extends Interval {
  /** Cross-validated ROC AUC: 0.5 = the rows cannot be told apart. */
  readonly area: number;
  readonly drift: DriftLevel;
  readonly referenceRows: number;
  readonly currentRows: number;
  /** The columns that the classifier tells them apart by, where it says so; the weightiest first. */
  readonly columns: readonly { readonly name: string; readonly share: number }[];
}

export interface DomainOptions extends Context {
  /** Default: those watched one by one, which both tables have. */
  readonly columns?: readonly string[];
  readonly resamples?: number;
}

/** AUC from which a drift is called moderate and large, if the interval lies above 0.5. */
const LEVELS = { moderate: 0.6, large: 0.75 } as const;
const DOMAIN = 'lanewise domain';

/** `classifier` is any estimator of classes; gradient boosting sees interactions. */
export async function domainDrift(
  classifier: Estimator,
  reference: Table,
  current: Table,
  options: DomainOptions = {},
): Promise<DomainDrift> {
  const present = new Set(columnsOf(current).map(({ name }) => name));
  const names = options.columns ?? driftColumns(reference).filter((name) => present.has(name));
  const both = withDomain(reference, current, names);
  let last: Model | undefined;
  const { engine, signal, seed, onProgress } = options;
  const validation = await crossValidate(classifier, both, {
    engine,
    signal,
    seed,
    onProgress,
    target: DOMAIN,
    splitter: stratifiedKFold(),
    metrics: ['roc_auc'],
    onModel: (model) => {
      last = model;
    },
  });
  const groups = validation.outOfFold.map(({ scored }) => scored);
  const [interval] = await scoreIntervals([metricNamed('roc_auc')], groups, options);
  const { score: area, low, high, level } = interval!;
  return {
    area,
    low,
    high,
    level,
    drift: low > 0.5 ? levelOf(area) : 'none',
    referenceRows: reference.numRows,
    currentRows: current.numRows,
    columns: Object.entries(last?.importances ?? {})
      .map(([name, share]) => ({ name, share }))
      .sort((a, b) => b.share - a.share),
  };
}

function levelOf(area: number): DriftLevel {
  if (area >= LEVELS.large) return 'large';
  return area >= LEVELS.moderate ? 'moderate' : 'none';
}

function withDomain(reference: Table, current: Table, names: readonly string[]): Table {
  const joined = concatenate(selectColumns(reference, names), selectColumns(current, names));
  const values = Float64Array.from({ length: joined.numRows }, (_, row) => Number(row >= reference.numRows));
  return tableFromRegisters([
    ...names.map((name) => ({ ...readRegister(joined, name), role: 'feature' as const })),
    { name: DOMAIN, type: 'category', labels: ['current', 'reference'], values: values.map((own) => 1 - own) },
  ]);
}
