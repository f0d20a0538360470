import { type Data, DataType, TimeUnit, Vector } from 'apache-arrow';
import { MS_PER_DAY } from '../scoring/calendar.js';

/**
 * Numbers, booleans (0 or 1) and timestamps (milliseconds) as f64; null becomes NaN. A Float64 column of one chunk
 * without nulls is returned as it lies, uncopied.
 */
export function readNumbers(vector: Vector): Float64Array {
  const uncopied = plainNumbers(vector);
  if (uncopied) return uncopied;
  const out = new Float64Array(vector.length);
  writeNumbers(vector, out);
  return out;
}

/** The values of a Float64 column of one chunk without nulls, as they lie; undefined for every other column. */
export function plainNumbers(vector: Vector): Float64Array | undefined {
  const only = vector.data.length === 1 ? vector.data[0]! : undefined;
  if (!only || only.nullCount > 0 || !(only.values instanceof Float64Array) || !DataType.isFloat(only.type)) {
    return undefined;
  }
  return only.values.length === only.length ? only.values : only.values.subarray(0, only.length);
}

/** As `readNumbers`, into an array of `vector.length`. */
export function writeNumbers(vector: Vector, out: Float64Array): void {
  let row = 0;
  for (const data of vector.data) {
    fillNumbers(data, out.subarray(row, row + data.length));
    row += data.length;
  }
}

const perMillisecond = {
  [TimeUnit.SECOND]: 1e-3,
  [TimeUnit.MILLISECOND]: 1,
  [TimeUnit.MICROSECOND]: 1e3,
  [TimeUnit.NANOSECOND]: 1e6,
};

function fillNumbers(data: Data, out: Float64Array): void {
  const { type, values, length } = data;
  if (DataType.isBool(type)) {
    for (let i = 0; i < length; i++) out[i] = bit(values as Uint8Array, data.offset + i);
  } else if (DataType.isTimestamp(type)) {
    const unit = perMillisecond[type.unit as TimeUnit];
    fillFrom64(values as BigInt64Array, true, out);
    for (let i = 0; i < length && unit !== 1; i++) out[i] = Math.floor(out[i]! / unit);
  } else if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    fillFrom64(values, values instanceof BigInt64Array, out);
  } else if (DataType.isDate(type)) {
    for (let i = 0; i < length; i++) out[i] = (values as Int32Array)[i]! * MS_PER_DAY;
  } else if ((DataType.isFloat(type) && !(values instanceof Uint16Array)) || DataType.isInt(type)) {
    out.set((values as Float64Array).subarray(0, length));
  } else {
    const vector = new Vector([data]);
    for (let i = 0; i < length; i++) out[i] = numberOf(vector.get(i));
  }
  if (data.nullCount === 0) return;
  for (let i = 0; i < length; i++) if (bit(data.nullBitmap, data.offset + i) === 0) out[i] = Number.NaN;
}

/** Texts in a column said to be numeric, halves, decimals: whatever Arrow gives for a cell. */
function numberOf(value: unknown): number {
  if (value === null || value === undefined || (typeof value === 'string' && value.trim() === '')) return Number.NaN;
  return Number(value);
}

/** 64-bit integers as f64, rounded once, without a BigInt a cell. Little-endian, as Arrow in memory is. */
function fillFrom64(values: BigInt64Array | BigUint64Array, signed: boolean, out: Float64Array): void {
  const low = new Uint32Array(values.buffer, values.byteOffset, 2 * out.length);
  const high = signed ? new Int32Array(values.buffer, values.byteOffset, 2 * out.length) : low;
  for (let i = 0; i < out.length; i++) out[i] = high[2 * i + 1]! * 4_294_967_296 + low[2 * i]!;
}

function bit(bitmap: Uint8Array, index: number): number {
  return (bitmap[index >> 3]! >> (index & 7)) & 1;
}
