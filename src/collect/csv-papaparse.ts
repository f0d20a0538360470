import Papa from 'papaparse';
import { turnEventLoop } from '../engine/turn.js';
import type { RegisterColumn } from '../table/columns.js';
import { type Missing, parseNumber, trimCell } from './cells.js';
import { codesOf, typedColumn } from './columns-of-text.js';
import type { CsvText } from './csv.js';
import { decodeText } from './csv-scan.js';

/** Reads the records of a canonical CSV text (see csv-scan.ts) with papaparse, in parts of some MiB. */
export async function readWithPapaparse(text: CsvText): Promise<RegisterColumn[]> {
  const { bytes, scan, delimiter, names, missing } = text;
  const newline = scan.newlines === 2 ? '\r\n' : '\n';
  const ends = [...scan.cuts.slice(1), bytes.length];
  const parts: string[][][] = [];
  for (const [index, start] of scan.cuts.entries()) {
    const part = decodeText(bytes.subarray(start, ends[index]!));
    const body = part.endsWith(newline) ? part.slice(0, -newline.length) : part;
    parts.push(Papa.parse<string[]>(body, { delimiter, newline, quoteChar: '"' }).data);
    await turnEventLoop();
  }
  return names.map((name, column) => {
    const cells = parts.map((rows) => rows.map((row) => row[column]!));
    return columnOfCells(name, cells, scan.rowCount, missing);
  });
}

/** Numbers where all cells are, else whatever their distinct texts say. */
function columnOfCells(
  name: string,
  parts: readonly (readonly string[])[],
  rowCount: number,
  missing: Missing,
): RegisterColumn {
  const values = numbersOf(parts, rowCount, missing);
  return values ? { name, type: 'number', values } : typedColumn({ name, ...codesOf(parts, rowCount) }, missing);
}

/** Undefined as soon as a cell is no number, or could be one digit of a code with leading zeros (see typedColumn). */
function numbersOf(
  parts: readonly (readonly string[])[],
  rowCount: number,
  missing: Missing,
): Float64Array | undefined {
  const values = new Float64Array(rowCount);
  let row = 0;
  for (const cells of parts) {
    for (const cell of cells) {
      const trimmed = trimCell(cell);
      if (missing.has(trimmed)) values[row++] = Number.NaN;
      else {
        const value = parseNumber(trimmed);
        if (value === undefined || /^0\d\d/.test(trimmed)) return undefined;
        values[row++] = value;
      }
    }
  }
  return values;
}
