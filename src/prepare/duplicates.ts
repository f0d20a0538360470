import { readRegister } from '../table/columns.js';
import { columnsOf } from '../table/schema.js';
import { defineTransformer } from '../table/transformer.js';

/** Drops training rows that repeat an earlier one in every column, target included. New rows are never dropped. */
export const duplicates = defineTransformer({
  name: 'duplicates',
  meaning: 'drops training rows that repeat an earlier row in every column',
  declarations: {},
  fit(table) {
    const columns = columnsOf(table).map(({ name }) => readRegister(table, name).values);
    const keptRows = firstOfEach(columns, table.numRows);
    const dropped = table.numRows - keptRows.length;
    return {
      lower: () => undefined,
      keptRows: dropped > 0 ? keptRows : undefined,
      report: dropped > 0 ? [{ what: 'dropped from training: repeats of an earlier row', rows: dropped }] : [],
    };
  },
});

/** Rows that equal no earlier row; missing equals missing. */
export function firstOfEach(columns: readonly Float64Array[], rowCount: number): Uint32Array {
  const hashes = rowHashes(columns, rowCount);
  const rowsOfHash = new Map<number, number[]>();
  const kept = new Uint32Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    const rivals = rowsOfHash.get(hashes[row]!);
    if (!rivals) rowsOfHash.set(hashes[row]!, [row]);
    else if (rivals.some((rival) => equalRows(columns, rival, row))) continue;
    else rivals.push(row);
    kept[count++] = row;
  }
  return kept.slice(0, count);
}

/** FNV-1a over the 32-bit halves of each value, −0 as 0 and every NaN alike, as two lanes in one 52-bit number. */
function rowHashes(columns: readonly Float64Array[], rowCount: number): Float64Array {
  const low = new Uint32Array(rowCount).fill(0x811c9dc5);
  const high = new Uint32Array(rowCount).fill(0x9747b28c);
  const cell = new Float64Array(1);
  const halves = new Uint32Array(cell.buffer);
  for (const values of columns) {
    for (let row = 0; row < rowCount; row++) {
      cell[0] = Number.isNaN(values[row]) ? Number.NaN : values[row]! + 0;
      low[row] = Math.imul(Math.imul(low[row]! ^ halves[0]!, 0x01000193) ^ halves[1]!, 0x01000193);
      high[row] = Math.imul(Math.imul(high[row]! ^ halves[1]!, 0x85ebca6b) ^ halves[0]!, 0xc2b2ae35);
    }
  }
  const out = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) out[row] = (high[row]! & 0xfffff) * 4_294_967_296 + low[row]!;
  return out;
}

function equalRows(columns: readonly Float64Array[], a: number, b: number): boolean {
  return columns.every((values) => values[a] === values[b] || (Number.isNaN(values[a]) && Number.isNaN(values[b])));
}
