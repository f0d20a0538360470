import { DataType, type Table } from 'apache-arrow';
import { readNumbers, readRegister } from './columns.js';
import type { Id, IdList } from './recommendation.js';
import { column, columnInfo } from './schema.js';

/** The ids of a column, and which one each row has: −1 where it is missing. */
export interface ReadIds {
  readonly list: IdList;
  readonly codes: Int32Array;
}

/**
 * Ids of one side, by value: found by what they are written as, so that a number finds itself as a text and a fraction of
 * zero does not matter.
 */
export class Ids implements IdList {
  readonly type: IdList['type'];
  readonly count: number;
  readonly texts: readonly string[];
  readonly #places: ReadonlyMap<string, number>;

  constructor(type: IdList['type'], texts: readonly string[]) {
    this.type = type;
    this.count = texts.length;
    this.texts = texts;
    this.#places = new Map(texts.map((text, index) => [text, index]));
  }

  id(index: number): Id {
    const text = this.texts[index]!;
    if (this.type === 'text') return text;
    return this.type === 'number' ? Number(text) : BigInt(text);
  }

  indexOf(id: Id): number {
    return this.#places.get(textOf(id)) ?? -1;
  }
}

/** How an id is written: whole numbers without a fraction, whatever their type. */
export function textOf(id: Id): string {
  return String(Object.is(id, -0) ? 0 : id);
}

/** Reads a column of ids: texts by UTF-8 bytes, numbers by value, 64-bit integers without rounding. */
export function readIds(table: Table, name: string): ReadIds {
  const { kind } = columnInfo(table, name);
  if (kind === 'categorical' || kind === 'text' || kind === 'sparse') {
    const { values, labels = [] } = readRegister(table, name);
    return compact(new Ids('text', labels), values);
  }
  const vector = column(table, name);
  if (DataType.isInt(vector.type) && vector.type.bitWidth === 64) {
    const whole = readIntegers(vector);
    if (whole) return whole;
  }
  const values = readNumbers(vector);
  const { distinct, codes } = numberCodes(values);
  return { list: new Ids('number', Array.from(distinct, textOf)), codes };
}

/** The different numbers, ascending, and the place of each value among them; −1 for NaN. */
function numberCodes(values: Float64Array): { distinct: Float64Array; codes: Int32Array } {
  let [low, high, whole] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    whole &&= Number.isInteger(value);
  }
  const codes = new Int32Array(values.length).fill(-1);
  if (low > high) return { distinct: new Float64Array(0), codes };
  if (whole && high - low <= 4 * values.length + 1024) {
    // Whole numbers close together: a place each.
    const places = new Int32Array(high - low + 1);
    for (const value of values) if (!Number.isNaN(value)) places[value - low] = 1;
    const distinct: number[] = [];
    places.forEach((mark, at) => {
      if (mark === 1) places[at] = distinct.push(low + at) - 1;
    });
    for (let row = 0; row < codes.length; row++)
      if (!Number.isNaN(values[row])) codes[row] = places[values[row]! - low]!;
    return { distinct: Float64Array.from(distinct), codes };
  }
  const found = new Map<number, number>();
  for (let row = 0; row < codes.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value)) continue;
    const code = found.get(value) ?? found.size;
    if (code === found.size) found.set(value, code);
    codes[row] = code;
  }
  const distinct = Float64Array.from(found.keys()).sort();
  const places = new Map(Array.from(distinct, (value, place) => [value, place]));
  const placeOfCode = Int32Array.from(found.keys(), (value) => places.get(value)!);
  for (let row = 0; row < codes.length; row++) if (codes[row]! >= 0) codes[row] = placeOfCode[codes[row]!]!;
  return { distinct, codes };
}

/** 64-bit integers of which some are beyond what a number holds; undefined where none is. */
function readIntegers(vector: ReturnType<typeof column>): ReadIds | undefined {
  const values: (bigint | null)[] = [];
  let beyond = false;
  for (let row = 0; row < vector.length; row++) {
    const cell = vector.get(row) as bigint | number | null;
    const value = cell === null ? null : BigInt(cell);
    values.push(value);
    beyond ||= value !== null && (value > 9_007_199_254_740_991n || value < -9_007_199_254_740_991n);
  }
  if (!beyond) return undefined;
  const distinct = [...new Set(values)].filter((value) => value !== null).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const places = new Map(distinct.map((value, index) => [value, index]));
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : places.get(value)!));
  return { list: new Ids('integer', distinct.map(textOf)), codes };
}

/** A register's labels may hold some that no row has: they go. */
function compact(all: Ids, values: Float64Array): ReadIds {
  const used = new Uint8Array(all.count);
  for (const value of values) if (value >= 0) used[value] = 1;
  const places = new Int32Array(all.count).fill(-1);
  const texts: string[] = [];
  for (let i = 0; i < all.count; i++) if (used[i]) places[i] = texts.push(all.texts[i]!) - 1;
  const codes = Int32Array.from(values, (value) => (value >= 0 ? places[value]! : -1));
  return { list: texts.length === all.count ? all : new Ids(all.type, texts), codes };
}

/** The rows' indices in a list that is known: −1 for ids it does not have, and −2 for missing ones. */
export function lookUp(table: Table, name: string, list: IdList): Int32Array {
  const { list: own, codes } = readIds(table, name);
  const places = Int32Array.from({ length: own.count }, (_, code) => list.indexOf(own.id(code)));
  return codes.map((code) => (code < 0 ? -2 : places[code]!));
}
