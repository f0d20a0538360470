import type { InputType, Program, ProgramInput, Texts } from './program.js';
import { parseTimestamp } from './timestamp.js';

/** A row as its owner has it: texts, numbers, booleans, dates, by column name. Absent, null and undefined are missing. */
export type Row = Readonly<Record<string, unknown>>;

/** What a value could not be, and why: the caller makes the error of its own layer from it. */
export class RowError extends Error {
  readonly input: string;

  constructor(input: string, message: string) {
    super(message);
    this.input = input;
  }
}

/** Encodes rows into registers, with the labels looked up once. */
export class RowEncoder {
  /** What the codes of texts stand for, of the rows encoded since the last `forgetTexts` or `encodeRow`. */
  readonly texts: Texts;
  readonly #texts: readonly (string[] | undefined)[];
  readonly #inputs: readonly ProgramInput[];
  readonly #positions: readonly (ReadonlyMap<string, number> | undefined)[];

  constructor(program: Program) {
    this.#inputs = program.inputs;
    this.#positions = labelPositions(program);
    this.#texts = textLists(program);
    this.texts = this.#texts;
  }

  /** Writes a row into values[input]. @throws RowError naming the column. */
  encodeRow(row: Row, values: Float64Array): void {
    this.forgetTexts();
    for (let i = 0; i < this.#inputs.length; i++) values[i] = this.#encode(row, i);
  }

  /** Writes a row into registers[input][at]. @throws RowError naming the column. */
  encode(row: Row, registers: readonly Float64Array[], at: number): void {
    for (let i = 0; i < this.#inputs.length; i++) registers[i]![at] = this.#encode(row, i);
  }

  /** Before other rows: the texts of those before are given free. */
  forgetTexts(): void {
    for (const list of this.#texts) if (list) list.length = 0;
  }

  #encode(row: Row, i: number): number {
    return encodeValue(this.#inputs[i]!, row[this.#inputs[i]!.name], this.#positions[i], this.#texts[i]);
  }
}

/** An empty list for every input that is a text. */
export function textLists(program: Program): (string[] | undefined)[] {
  return program.inputs.map(({ type }) => (type === 'text' ? [] : undefined));
}

/** The code of each label, for every input that is a category. */
export function labelPositions(program: Program): readonly (ReadonlyMap<string, number> | undefined)[] {
  return program.inputs.map((input) => input.labels && new Map(input.labels.map((label, code) => [label, code])));
}

/** A raw value as its register holds it; a text is put behind `texts`. @throws RowError naming the column. */
export function encodeValue(
  input: ProgramInput,
  value: unknown,
  positions: ReadonlyMap<string, number> | undefined,
  texts?: string[],
): number {
  if (value === null || value === undefined) return Number.NaN;
  switch (input.type) {
    case 'text':
      if (typeof value !== 'object') return texts!.push(String(value)) - 1;
      throw new RowError(input.name, `Expected a text for column "${input.name}" but received ${show(value)}`);
    case 'category':
      return positions!.get(String(value)) ?? positions!.size;
    case 'timestamp':
      return encodeTimestamp(input.name, value);
    case 'boolean':
      if (value === true || value === 1 || value === 'true') return 1;
      if (value === false || value === 0 || value === 'false') return 0;
      throw new RowError(input.name, `Expected true or false for column "${input.name}" but received ${show(value)}`);
    default: {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number === 'bigint') return Number(number);
      if (typeof number !== 'number' || (typeof value === 'string' && Number.isNaN(number) && value !== 'NaN')) {
        throw new RowError(input.name, `Expected a number for column "${input.name}" but received ${show(value)}`);
      }
      return number;
    }
  }
}

/** What a register's value stands for: a label or text (of `labels`), a number, true or false, null where there is none. */
export function decodeValue(
  { type, labels }: { readonly type: InputType; readonly labels?: readonly string[] },
  value: number,
): number | string | boolean | null {
  if (Number.isNaN(value)) return null;
  if (type === 'category' || type === 'text') return labels![value] ?? null;
  return type === 'boolean' ? value === 1 : value;
}

/** Dates, milliseconds, or ISO 8601 text; text without a zone is UTC, as everywhere in Lanewise. */
function encodeTimestamp(name: string, value: unknown): number {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  const milliseconds = parseTimestamp(String(value).trim().toUpperCase());
  if (milliseconds === undefined) {
    throw new RowError(name, `Expected a timestamp (ISO 8601) for column "${name}" but received ${show(value)}`);
  }
  return milliseconds;
}

function show(value: unknown): string {
  return (typeof value === 'object' ? JSON.stringify(value) : `"${String(value)}"`).slice(0, 60);
}
