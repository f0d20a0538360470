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

/** Rows that equal no earlier row; missing equals missing. An open-addressing table of row numbers plus one. */
function firstOfEach(columns: readonly Float64Array[], rowCount: number): Uint32Array {
  const hashes = rowHashes(columns, rowCount);
  const size = 2 ** (32 - Math.clz32(2 * rowCount + 1)); // at most half full
  const slots = new Uint32Array(size);
  const kept = new Uint32Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    let slot = hashes[row]! & (size - 1);
    let rival = slots[slot]!;
    while (rival > 0 && !(hashes[rival - 1] === hashes[row] && equalRows(columns, rival - 1, row))) {
      slot = (slot + 1) & (size - 1);
      rival = slots[slot]!;
    }
    if (rival > 0) continue;
    slots[slot] = row + 1;
    kept[count++] = row;
  }
  return kept.slice(0, count);
}

/** Murmur-style mixing of the 32-bit halves of each value, −0 as 0 and every NaN alike. */
function rowHashes(columns: readonly Float64Array[], rowCount: number): Uint32Array {
  const hashes = new Uint32Array(rowCount).fill(0x9747b28c);
  const cell = new Float64Array(1);
  const halves = new Uint32Array(cell.buffer);
  for (const values of columns) {
    for (let row = 0; row < rowCount; row++) {
      cell[0] = Number.isNaN(values[row]) ? Number.NaN : values[row]! + 0;
      let hash = Math.imul(hashes[row]! ^ halves[0]!, 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 15) ^ halves[1]!, 0xc2b2ae35);
      hashes[row] = hash ^ (hash >>> 13);
    }
  }
  return hashes;
}

function equalRows(columns: readonly Float64Array[], a: number, b: number): boolean {
  for (let column = 0; column < columns.length; column++) {
    const [x, y] = [columns[column]![a]!, columns[column]![b]!];
    if (x !== y && !(Number.isNaN(x) && Number.isNaN(y))) return false;
  }
  return true;
}
