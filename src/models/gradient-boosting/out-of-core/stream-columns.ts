import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../../errors.js';
import type { InputType, ProgramInput } from '../../../scoring/program.js';
import { compareUtf8, type RegisterColumn, readRegister } from '../../../table/columns.js';
import { readInput } from '../../../table/inputs.js';
import type { TaskKind } from '../../../table/interfaces.js';

/** A feature over all batches. */
export interface FeatureColumn {
  readonly name: string;
  readonly type: InputType;
  /** Texts so far, where it holds any. */
  readonly labelCount: number;
  read(table: Table, firstRow: number): Float64Array;
  /** The text of a code that `read` gave. */
  textOf(code: number): string | undefined;
  /** As models know it; `codes[c]` is the final code of what was read as c, where that is another. */
  finish(): { column: Omit<RegisterColumn, 'values'>; codes: Float64Array | undefined };
}

/** A column that is known when all its rows are. Codes of categories are those of arrival. */
export class StreamColumn implements FeatureColumn {
  readonly name: string;
  /** Texts in the order in which they arrive, and at the end in that of their UTF-8 bytes. */
  readonly #codes = new Map<string, number>();
  readonly #texts: string[] = [];
  /** Undefined until a value has been seen. */
  #type: InputType | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** A column that never has a value is one of numbers. */
  get type(): InputType {
    return this.#type ?? 'number';
  }

  get labelCount(): number {
    return this.#texts.length;
  }

  textOf(code: number): string | undefined {
    return this.#texts[code];
  }

  read(table: Table, firstRow: number): Float64Array {
    const { type, values, labels } = readRegister(table, this.name);
    if (this.#type !== type && values.some((value) => !Number.isNaN(value))) {
      if (this.#type !== undefined) throw this.#changed(type, firstRow);
      this.#type = type;
    }
    if (type !== 'category' || this.#type !== type) return values;
    const codes = Float64Array.from(labels!, (label) => this.#codeOf(label));
    return values.map((code) => (Number.isNaN(code) ? Number.NaN : codes[code]!));
  }

  #codeOf(label: string): number {
    const known = this.#codes.get(label);
    if (known !== undefined) return known;
    this.#codes.set(label, this.#texts.length);
    return this.#texts.push(label) - 1;
  }

  #changed(type: InputType, firstRow: number): LanewiseError {
    const message = `Expected "${this.name}" to hold values of type ${this.#type} as in the rows before but received ${type} from row ${firstRow + 1} on`;
    const hint = 'Write the data as Parquet or Arrow, whose columns have one type, or leave the column out.';
    return new LanewiseError('data', message, { column: this.name, row: firstRow + 1, hint });
  }

  finish(): { column: Omit<RegisterColumn, 'values'>; codes: Float64Array | undefined } {
    const { name, type } = this;
    if (type !== 'category') return { column: { name, type }, codes: undefined };
    const labels = this.#texts.toSorted(compareUtf8);
    const place = new Map(labels.map((label, code) => [label, code]));
    const codes = Float64Array.from(this.#texts, (label) => place.get(label)!);
    return { column: { name, type, labels }, codes };
  }
}

/** An input of a model that is gone on from: its type and its codes stay. */
export class ModelColumn implements FeatureColumn {
  readonly #input: ProgramInput;

  constructor(input: ProgramInput) {
    this.#input = input;
  }

  get name(): string {
    return this.#input.name;
  }

  get type(): InputType {
    return this.#input.type;
  }

  get labelCount(): number {
    return this.#input.labels?.length ?? 0;
  }

  textOf(code: number): string | undefined {
    return this.#input.labels?.[code];
  }

  read(table: Table): Float64Array {
    return readInput(table, this.#input);
  }

  finish(): { column: Omit<RegisterColumn, 'values'>; codes: undefined } {
    const { name, type, labels } = this.#input;
    return { column: { name, type, ...(labels && { labels }) }, codes: undefined };
  }
}

/** The classes of a target, and the final code of each by the order of arrival. */
export interface StreamClasses {
  readonly labels: readonly string[];
  readonly codes: Float64Array;
}

/** What is to be predicted, over all batches: numbers, or classes by the order of their arrival. */
export class StreamTarget {
  readonly name: string;
  readonly #task: TaskKind;
  readonly #column: StreamColumn;
  /** The numbers that stand for classes. */
  readonly #classes = new Map<number, number>();
  readonly #distinct = new Set<number>();
  #missing = 0;
  #infinite = 0;

  constructor(name: string, task: TaskKind) {
    this.name = name;
    this.#task = task;
    this.#column = new StreamColumn(name);
  }

  read(table: Table, firstRow: number): Float64Array {
    const values = this.#column.read(table, firstRow);
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!;
      if (Number.isNaN(value)) this.#missing++;
      else if (!Number.isFinite(value)) this.#infinite++;
      if (this.#distinct.size < 2) this.#distinct.add(value);
    }
    if (this.#task !== 'classification' || this.#column.type === 'category') return values;
    return values.map((value) => {
      let code = this.#classes.get(value);
      if (code === undefined) this.#classes.set(value, (code = this.#classes.size));
      return code;
    });
  }

  /** Forgets what was counted: a pass was given up before its end. */
  restart(): void {
    this.#missing = 0;
    this.#infinite = 0;
    this.#distinct.clear();
  }

  /** Undefined for numbers. */
  classes(): StreamClasses | undefined {
    if (this.#task !== 'classification') return undefined;
    if (this.#column.type === 'category') {
      const { column, codes } = this.#column.finish();
      return { labels: column.labels!, codes: codes! };
    }
    const arrived = [...this.#classes.keys()];
    const sorted = arrived.toSorted((a, b) => a - b);
    return {
      labels: sorted.map((value) => this.#labelOf(value)),
      codes: Float64Array.from(arrived, (value) => sorted.indexOf(value)),
    };
  }

  /** The labels of the classes so far, in the order of their arrival. */
  arrived(): string[] {
    const { type, labelCount } = this.#column;
    if (type === 'category') return Array.from({ length: labelCount }, (_, code) => this.#column.textOf(code)!);
    return [...this.#classes.keys()].map((value) => this.#labelOf(value));
  }

  #labelOf(value: number): string {
    return this.#column.type === 'boolean' ? String(value === 1) : String(value);
  }

  /** After a whole pass. @throws LanewiseError as `targetOf` does. */
  check(rowCount: number): void {
    const place = { column: this.name };
    if (this.#missing > 0) {
      const message = `Expected target "${this.name}" in every row but ${this.#missing} of ${rowCount} lack it`;
      throw new LanewiseError('data', message, { ...place, hint: 'Drop the rows without a target before fitting.' });
    }
    if (this.#task !== 'classification' && this.#column.type === 'category') {
      const message = `Expected numbers in target "${this.name}" for ${this.#task} but it holds texts`;
      throw new LanewiseError('data', message, { ...place, hint: 'Is this a classification task?' });
    }
    if (this.#infinite > 0) {
      const message = `Expected finite numbers in target "${this.name}" but ${this.#infinite} are infinite`;
      throw new LanewiseError('data', message, { ...place, hint: 'Leave these rows out.' });
    }
    if (rowCount < 2 || this.#distinct.size < 2) {
      const message = `Expected at least two values in target "${this.name}" but ${rowCount < 2 ? 'there is one row' : 'every row has the same'}`;
      throw new LanewiseError('data', message, { ...place, hint: 'A model needs rows of each class.' });
    }
  }
}
