import { parseTimestamp } from '../scoring/timestamp.js';
import { compareUtf8, type RegisterColumn } from '../table/columns.js';
import { type Missing, parseBoolean, parseNumber, trimCell } from './cells.js';

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
export function typedColumn({ name, codes, texts }: CodedColumn, missing: Missing): RegisterColumn {
  const trimmed = texts.map(trimCell);
  const present = trimmed.filter((text) => !missing.has(text));
  const numbers = present.every((text) => parseNumber(text) !== undefined) && !areCodes(present);
  if (numbers) return { name, type: 'number', values: mapped(codes, trimmed, missing, parseNumber) };
  if (present.every((text) => parseTimestamp(text) !== undefined)) {
    return { name, type: 'timestamp', values: mapped(codes, trimmed, missing, parseTimestamp) };
  }
  if (present.every((text) => parseBoolean(text) !== undefined)) {
    return { name, type: 'boolean', values: mapped(codes, trimmed, missing, (text) => Number(parseBoolean(text))) };
  }
  return labelledColumn({ name, codes, texts }, (index) => missing.has(trimmed[index]!));
}

/** Are these codes written in digits, rather than numbers? */
function areCodes(present: readonly string[]): boolean {
  const length = present[0]?.length ?? 0;
  if (length < 3) return false;
  return (
    present.every((text) => text.length === length && /^\d+$/.test(text)) && present.some((text) => text[0] === '0')
  );
}

function mapped(
  codes: Int32Array,
  trimmed: readonly string[],
  missing: Missing,
  parse: (text: string) => number | undefined,
): Float64Array {
  const table = Float64Array.from(trimmed, (text) => (missing.has(text) ? Number.NaN : parse(text)!));
  const values = new Float64Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = codes[i]! < 0 ? Number.NaN : table[codes[i]!]!;
  return values;
}

/** A category column from its codes; texts for which `leftOut` holds are missing. */
export function labelledColumn(
  { name, codes, texts }: CodedColumn,
  leftOut: (index: number) => boolean = () => false,
): RegisterColumn {
  const labels = texts.filter((_, index) => !leftOut(index)).sort(compareUtf8);
  const position = new Map(labels.map((label, index) => [label, index]));
  const table = Float64Array.from(texts, (text) => position.get(text) ?? Number.NaN);
  const values = new Float64Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = codes[i]! < 0 ? Number.NaN : table[codes[i]!]!;
  return { name, type: 'category', values, labels, kind: isFreeText(values, labels) ? 'text' : 'categorical' };
}

/** More than half of the cells distinct, and 20 characters or longer in the mean. */
export function isFreeText(codes: Float64Array, labels: readonly string[]): boolean {
  let [present, characters] = [0, 0];
  for (let i = 0; i < codes.length; i++) {
    if (Number.isNaN(codes[i])) continue;
    present++;
    characters += labels[codes[i]!]!.length;
  }
  return labels.length > present / 2 && characters >= 20 * present;
}

/** Codes of distinct texts in order of arrival; null is −1. */
export function codesOf(
  parts: readonly (readonly (string | null)[])[],
  rowCount: number,
): { codes: Int32Array; texts: string[] } {
  const codes = new Int32Array(rowCount);
  const texts: string[] = [];
  const codeOf = new Map<string, number>();
  let row = 0;
  for (const cells of parts) {
    for (const cell of cells) {
      let code = cell === null ? -1 : codeOf.get(cell);
      if (code === undefined) codeOf.set(cell!, (code = texts.push(cell!) - 1));
      codes[row++] = code;
    }
  }
  return { codes, texts };
}
