/**
 * Rows equal to an earlier row in every column. Rows are found by a 53-bit hash and then compared value by value, so
 * the count is exact. NaN (missing) equals NaN.
 */
export function countDuplicates(columns: readonly Float64Array[], rowCount: number): number {
  if (columns.length === 0) return 0;
  const seen = new Map<number, number[]>();
  let duplicates = 0;
  const hashes = hashRows(columns, rowCount);
  for (let row = 0; row < rowCount; row++) {
    const rows = seen.get(hashes[row]!);
    if (!rows) seen.set(hashes[row]!, [row]);
    else if (rows.some((other) => sameRow(columns, row, other))) duplicates++;
    else rows.push(row);
  }
  return duplicates;
}

function hashRows(columns: readonly Float64Array[], rowCount: number): Float64Array {
  const [low, high] = [new Int32Array(rowCount).fill(0x1234567), new Int32Array(rowCount).fill(0x89abcde)];
  const value = new Float64Array(1);
  const words = new Int32Array(value.buffer);
  for (const column of columns) {
    for (let row = 0; row < rowCount; row++) {
      value[0] = Number.isNaN(column[row]) ? Number.NaN : column[row]! + 0; // −0 + 0 is 0
      low[row] = mix(low[row]! ^ words[0]!) ^ words[1]!;
      high[row] = mix(Math.imul(high[row]!, 31) ^ mix(words[1]!) ^ words[0]!);
    }
  }
  return Float64Array.from(low, (part, row) => (part >>> 0) * 2_097_152 + (mix(high[row]!) >>> 11));
}

function mix(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}

function sameRow(columns: readonly Float64Array[], a: number, b: number): boolean {
  return columns.every((column) => column[a] === column[b] || (Number.isNaN(column[a]) && Number.isNaN(column[b])));
}
