// The plain files of the suites' data (see peers/data.py), as tables of Lanewise.
import { readFileSync } from 'node:fs';
import { makeVector, Table } from 'apache-arrow';
import { tableFromRegisters } from '../dist/index.js';

export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Columns as they lie in the file, f32 or f64, and the target. */
export function readData(folder) {
  const meta = JSON.parse(readFileSync(`${folder}/meta.json`, 'utf8'));
  const kind = meta.dtype === 'f32' ? Float32Array : Float64Array;
  const bytes = readFileSync(`${folder}/columns.bin`);
  const column = (index) =>
    new kind(bytes.buffer, bytes.byteOffset + index * meta.rows * kind.BYTES_PER_ELEMENT, meta.rows);
  const target = readFileSync(`${folder}/target.bin`);
  const targets = new Float64Array(target.buffer, target.byteOffset, meta.rows);
  return { meta, columns: meta.columns.map((_, index) => column(index)), targets };
}

/** Rows [from, to) as a table with the column `target`. */
export function tableOf({ meta, columns, targets }, from, to) {
  const target = targets.slice(from, to);
  if (meta.dtype === 'f32') {
    const vectors = meta.columns.map(({ name }, index) => [name, makeVector(columns[index].slice(from, to))]);
    return new Table(Object.fromEntries([...vectors, ['target', makeVector(target)]]));
  }
  const registers = meta.columns.map(({ name, labels }, index) => {
    const values = columns[index].slice(from, to);
    return labels ? { name, type: 'category', labels, values } : { name, type: 'number', values };
  });
  return tableFromRegisters([...registers, { name: 'target', type: 'number', values: target }]);
}

/** Highest resident memory of this process so far, in bytes. */
export const peak = () => process.resourceUsage().maxRSS * 1024;
