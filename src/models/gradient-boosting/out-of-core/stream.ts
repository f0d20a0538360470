import type { Table } from 'apache-arrow';
import { LanewiseError, throwIfCancelled } from '../../../errors.js';
import { readRegister } from '../../../table/columns.js';
import type { FitOptions, Source, TaskKind } from '../../../table/interfaces.js';
import { namesWithRole } from '../../../table/schema.js';
import { featureColumns, groupName, requireGroups, targetNames } from '../../features.js';
import type { FittedTrees } from '../continuation.js';
import { type FeatureColumn, ModelColumn, StreamColumn, StreamTarget } from './stream-columns.js';

/** The rows of one batch. */
export interface StreamBatch {
  readonly firstRow: number;
  readonly rowCount: number;
  /** Features ascending by name; categories by the codes of arrival. */
  readonly features: readonly Float64Array[];
  /** Regression: values, target by target. Classification: classes by the order of arrival. */
  readonly targets: readonly Float64Array[];
  readonly weights: Float64Array | undefined;
  /** Ranking: the list of each row; categories by the codes of arrival. */
  readonly groups: Float64Array | undefined;
}

/** The columns of a source, batch after batch. */
export class StreamReader {
  readonly source: Source;
  readonly #options: FitOptions;
  readonly #weights: string | undefined;
  /** In the order of the source's columns. */
  readonly columns: readonly FeatureColumn[];
  /** Ascending by name. */
  readonly features: readonly FeatureColumn[];
  readonly targets: readonly StreamTarget[];
  /** Ranking: which rows are a list. */
  readonly groups: StreamColumn | undefined;

  private constructor(source: Source, first: Table, task: TaskKind, options: FitOptions, previous?: FittedTrees) {
    this.source = source;
    const names = targetNames(first, options, task, task === 'regression');
    this.targets = names.map((name) => new StreamTarget(name, task));
    this.groups = task === 'ranking' ? new StreamColumn(groupName(first, options)) : undefined;
    this.#options = options;
    this.#weights = options.weights ?? namesWithRole(first, 'weight')[0];
    this.columns = previous
      ? previous.program.inputs.map((input) => new ModelColumn(input))
      : featureColumns(first, { ...options, targets: names }).map(({ name }) => new StreamColumn(name));
    this.features = this.columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Looks at the first batch with rows. `previous`: trees that are gone on from, whose columns are read.
   * @throws LanewiseError `data` where there is none.
   */
  static async open(
    source: Source,
    task: TaskKind,
    options: FitOptions,
    previous?: FittedTrees,
  ): Promise<StreamReader> {
    for await (const table of source.batches(options)) {
      if (table.numRows > 0) return new StreamReader(source, table, task, options, previous);
    }
    throw new LanewiseError('data', `Expected rows from ${source.description} but there are none`);
  }

  /** All rows, from the start. `targetsOnly`: the features are not read. */
  async *batches(targetsOnly = false): AsyncGenerator<StreamBatch> {
    let firstRow = 0;
    for await (const table of this.source.batches(this.#options)) {
      throwIfCancelled(this.#options.signal);
      if (table.numRows === 0) continue;
      yield {
        firstRow,
        rowCount: table.numRows,
        features: targetsOnly ? [] : this.features.map((feature) => feature.read(table, firstRow)),
        targets: this.targets.map((target) => target.read(table, firstRow)),
        weights: this.#weights === undefined ? undefined : this.#readWeights(table, this.#weights, firstRow),
        groups: this.groups && readGroups(this.groups, table, firstRow),
      };
      firstRow += table.numRows;
    }
  }

  #readWeights(table: Table, name: string, firstRow: number): Float64Array {
    const { values } = readRegister(table, name);
    const wrong = values.findIndex((weight) => !(weight >= 0) || weight === Number.POSITIVE_INFINITY);
    if (wrong < 0) return values;
    const message = `Expected finite weights >= 0 in column "${name}" but received ${values[wrong]}`;
    throw new LanewiseError('data', message, { column: name, row: firstRow + wrong + 1 });
  }

  /** Forgets what was counted: a pass was given up before its end. */
  restart(): void {
    for (const target of this.targets) target.restart();
  }

  /** After a whole pass. @throws LanewiseError as `targetOf` does. */
  checkTargets(rowCount: number): void {
    for (const target of this.targets) target.check(rowCount);
  }
}

function readGroups(column: StreamColumn, table: Table, firstRow: number): Float64Array {
  const groups = column.read(table, firstRow);
  requireGroups(column.name, groups, firstRow);
  return groups;
}
