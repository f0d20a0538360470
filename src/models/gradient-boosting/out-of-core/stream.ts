import type { Table } from 'apache-arrow';
import { LanewiseError, throwIfCancelled } from '../../../errors.js';
import type { InputType } from '../../../scoring/program.js';
import { compareUtf8, type RegisterColumn, readRegister } from '../../../table/columns.js';
import type { FitOptions, Source, TaskKind } from '../../../table/interfaces.js';
import { namesWithRole } from '../../../table/schema.js';
import { featureColumns } from '../../features.js';

/** Texts in the order in which they arrive, and at the end in that of their UTF-8 bytes. */
class Labels {
  readonly #codes = new Map<string, number>();

  get arrived(): readonly string[] {
    return [...this.#codes.keys()];
  }

  get count(): number {
    return this.#codes.size;
  }

  codeOf(label: string): number {
    const code = this.#codes.get(label);
    if (code !== undefined) return code;
    this.#codes.set(label, this.#codes.size);
    return this.#codes.size - 1;
  }
}

/** A column over all batches. Codes of categories are those of arrival. */
class StreamColumn {
  readonly name: string;
  readonly labels = new Labels();
  /** Undefined until a value has been seen. */
  #type: InputType | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** A column that never has a value is one of numbers. */
  get type(): InputType {
    return this.#type ?? 'number';
  }

  read(table: Table, firstRow: number): Float64Array {
    const { type, values, labels } = readRegister(table, this.name);
    if (this.#type !== type && values.some((value) => !Number.isNaN(value))) {
      if (this.#type !== undefined) throw this.#changed(type, firstRow);
      this.#type = type;
    }
    if (type !== 'category' || this.#type !== type) return values;
    const codes = Float64Array.from(labels!, (label) => this.labels.codeOf(label));
    return values.map((code) => (Number.isNaN(code) ? Number.NaN : codes[code]!));
  }

  #changed(type: InputType, firstRow: number): LanewiseError {
    const message = `Expected "${this.name}" to hold values of type ${this.#type} as in the rows before but received ${type} from row ${firstRow + 1} on`;
    const hint = 'Write the data as Parquet or Arrow, whose columns have one type, or leave the column out.';
    return new LanewiseError('data', message, { column: this.name, row: firstRow + 1, hint });
  }

  /** As models know it; `codes[c]` is the final code of the label that arrived as c. */
  finish(): { column: Omit<RegisterColumn, 'values'>; codes: Float64Array | undefined } {
    const { name, type } = this;
    if (type !== 'category') return { column: { name, type }, codes: undefined };
    const labels = this.labels.arrived.toSorted(compareUtf8);
    const place = new Map(labels.map((label, code) => [label, code]));
    const codes = Float64Array.from(this.labels.arrived, (label) => place.get(label)!);
    return { column: { name, type, labels }, codes };
  }
}

/** The rows of one batch. */
export interface StreamBatch {
  readonly firstRow: number;
  readonly rowCount: number;
  /** Features ascending by name; categories by the codes of arrival. */
  readonly features: readonly Float64Array[];
  /** Regression: values. Classification: classes by the order of arrival. */
  readonly target: Float64Array;
  readonly weights: Float64Array | undefined;
}

/** The columns of a source, batch after batch. */
export class StreamReader {
  readonly source: Source;
  readonly target: string;
  readonly #task: TaskKind;
  readonly #options: FitOptions;
  readonly #weights: string | undefined;
  /** In the order of the source's columns. */
  readonly columns: readonly StreamColumn[];
  /** Ascending by name. */
  readonly features: readonly StreamColumn[];
  readonly #target: StreamColumn;
  /** What stands for a class: the text, or the number. */
  readonly #classes = new Map<string | number, number>();
  #missing = 0;
  #infinite = 0;

  private constructor(source: Source, first: Table, task: TaskKind, options: FitOptions) {
    const target = options.target ?? namesWithRole(first, 'target')[0];
    if (target === undefined) {
      throw new LanewiseError('usage', `Expected a target column for ${task} but none is named`, {
        hint: 'Name it in fit(source, { target }), or give a column the role target.',
      });
    }
    this.source = source;
    this.target = target;
    this.#task = task;
    this.#options = options;
    this.#weights = options.weights ?? namesWithRole(first, 'weight')[0];
    this.columns = featureColumns(first, { ...options, target }).map(({ name }) => new StreamColumn(name));
    this.features = this.columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#target = new StreamColumn(target);
  }

  /** Looks at the first batch with rows. @throws LanewiseError `data` where there is none. */
  static async open(source: Source, task: TaskKind, options: FitOptions): Promise<StreamReader> {
    for await (const table of source.batches(options)) {
      if (table.numRows > 0) return new StreamReader(source, table, task, options);
    }
    throw new LanewiseError('data', `Expected rows from ${source.description} but there are none`);
  }

  /** All rows, from the start. `targetOnly`: the features are not read. */
  async *batches(targetOnly = false): AsyncGenerator<StreamBatch> {
    let firstRow = 0;
    for await (const table of this.source.batches(this.#options)) {
      throwIfCancelled(this.#options.signal);
      if (table.numRows === 0) continue;
      yield {
        firstRow,
        rowCount: table.numRows,
        features: targetOnly ? [] : this.features.map((feature) => feature.read(table, firstRow)),
        target: this.#readTarget(table, firstRow),
        weights: this.#weights === undefined ? undefined : this.#readWeights(table, this.#weights, firstRow),
      };
      firstRow += table.numRows;
    }
  }

  #readTarget(table: Table, firstRow: number): Float64Array {
    const values = this.#target.read(table, firstRow);
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!;
      if (Number.isNaN(value)) this.#missing++;
      else if (!Number.isFinite(value)) this.#infinite++;
    }
    if (this.#task !== 'classification' || this.#target.type === 'category') return values;
    return values.map((value) => {
      let code = this.#classes.get(value);
      if (code === undefined) this.#classes.set(value, (code = this.#classes.size));
      return code;
    });
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
    this.#missing = 0;
    this.#infinite = 0;
  }

  /** The classes, and the final code of each by the order of arrival; undefined for regression. */
  classes(): { labels: readonly string[]; codes: Float64Array } | undefined {
    if (this.#task !== 'classification') return undefined;
    if (this.#target.type === 'category') {
      const { column, codes } = this.#target.finish();
      return { labels: column.labels!, codes: codes! };
    }
    const arrived = [...this.#classes.keys()] as number[];
    const sorted = arrived.toSorted((a, b) => a - b);
    const isBoolean = this.#target.type === 'boolean';
    return {
      labels: sorted.map((value) => (isBoolean ? String(value === 1) : String(value))),
      codes: Float64Array.from(arrived, (value) => sorted.indexOf(value)),
    };
  }

  /** After a whole pass. @throws LanewiseError as `targetOf` does. */
  checkTarget(rowCount: number, distinct: number): void {
    const place = { column: this.target };
    if (this.#missing > 0) {
      const message = `Expected target "${this.target}" in every row but ${this.#missing} of ${rowCount} lack it`;
      throw new LanewiseError('data', message, { ...place, hint: 'Drop the rows without a target before fitting.' });
    }
    if (this.#task === 'regression' && this.#target.type === 'category') {
      const message = `Expected numbers in target "${this.target}" for regression but it holds texts`;
      throw new LanewiseError('data', message, { ...place, hint: 'Is this a classification task?' });
    }
    if (this.#infinite > 0) {
      const message = `Expected finite numbers in target "${this.target}" but ${this.#infinite} are infinite`;
      throw new LanewiseError('data', message, { ...place, hint: 'Leave these rows out.' });
    }
    if (rowCount < 2 || distinct < 2) {
      const message = `Expected at least two values in target "${this.target}" but ${rowCount < 2 ? 'there is one row' : 'every row has the same'}`;
      throw new LanewiseError('data', message, { ...place, hint: 'A model needs rows of each class.' });
    }
  }
}
