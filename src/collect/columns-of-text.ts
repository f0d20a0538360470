import { compareUtf8, type RegisterColumn } from '../table/columns.js';
import { isMissing, parseBoolean, parseNumber, parseTimestamp, trimCell } from './cells.js';

/** A column of text, coded: codes index `texts`, which are distinct; −1 is a cell that is missing already. */
export interface CodedColumn {
  readonly name: string;
  readonly codes: Int32Array;
  readonly texts: readonly string[];
}

/**
 * Decides what a coded column is, from its distinct texts, and gives it that form. Numeric where every cell that is not
 * missing is a number (and for a column without any); timestamp, boolean likewise; else categorical, or text where more
 * than half of the cells are distinct and 20 characters or longer in the mean. Codes such as `00501` (three digits or
 * more, all of one length, at least one with a leading zero) stay categories: as numbers they would lose it.
 */
export function typedColumn({ name, codes, texts }: CodedColumn): RegisterColumn {
  const trimmed = texts.map(trimCell);
  const present = trimmed.filter((text) => !isMissing(text));
  const numbers = present.every((text) => parseNumber(text) !== undefined) && !areCodes(present);
  if (numbers) return { name, type: 'number', values: mapped(codes, trimmed, parseNumber) };
  if (present.every((text) => parseTimestamp(text) !== undefined)) {
    return { name, type: 'timestamp', values: mapped(codes, trimmed, parseTimestamp) };
  }
  if (present.every((text) => parseBoolean(text) !== undefined)) {
    return { name, type: 'boolean', values: mapped(codes, trimmed, (text) => Number(parseBoolean(text))) };
  }
  return categories(name, codes, texts, trimmed);
}

/** Are these codes written in digits, rather than numbers? */
export function areCodes(present: readonly string[]): boolean {
  const length = present[0]?.length ?? 0;
  if (length < 3) return false;
  return (
    present.every((text) => text.length === length && /^\d+$/.test(text)) && present.some((text) => text[0] === '0')
  );
}

function mapped(
  codes: Int32Array,
  trimmed: readonly string[],
  parse: (text: string) => number | undefined,
): Float64Array {
  const table = Float64Array.from(trimmed, (text) => (isMissing(text) ? Number.NaN : parse(text)!));
  const values = new Float64Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = codes[i]! < 0 ? Number.NaN : table[codes[i]!]!;
  return values;
}

function categories(
  name: string,
  codes: Int32Array,
  texts: readonly string[],
  trimmed: readonly string[],
): RegisterColumn {
  const labels = texts.filter((_, index) => !isMissing(trimmed[index]!)).sort(compareUtf8);
  const position = new Map(labels.map((label, index) => [label, index]));
  const table = Float64Array.from(texts, (text) => position.get(text) ?? Number.NaN);
  const values = new Float64Array(codes.length);
  let [present, characters] = [0, 0];
  for (let i = 0; i < codes.length; i++) {
    const value = codes[i]! < 0 ? Number.NaN : table[codes[i]!]!;
    values[i] = value;
    if (Number.isNaN(value)) continue;
    present++;
    characters += labels[value]!.length;
  }
  const isText = labels.length > present / 2 && characters >= 20 * present;
  return { name, type: 'category', values, labels, kind: isText ? 'text' : 'categorical' };
}
