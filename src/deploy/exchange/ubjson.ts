import { damaged } from './forest.js';

/**
 * Universal Binary JSON (draft 12), as far as XGBoost writes it: numbers big-endian, arrays and objects with or without a
 * count, arrays of one type with it. Every claimed length is held against the bytes that are left.
 */

const MOST_DEPTH = 64;

/** Bytes of a value of each fixed-size type, by marker. */
const sizes: Readonly<Record<string, number>> = { i: 1, U: 1, I: 2, l: 4, L: 8, d: 4, D: 8, C: 1 };

export type UbValue = null | boolean | number | string | readonly UbValue[] | Float64Array | UbObject;
export interface UbObject {
  readonly [key: string]: UbValue;
}

/** @throws LanewiseError `file` saying at which byte it is damaged. */
export function readUbjson(bytes: Uint8Array): UbValue {
  const reader = new Reader(bytes);
  const value = reader.value(reader.marker(), 0);
  reader.end();
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #texts = new TextDecoder('utf-8', { fatal: true });
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next marker; no-ops are passed over. */
  marker(): string {
    let marker: string;
    do marker = String.fromCharCode(this.#bytes[this.#take(1)]!);
    while (marker === 'N');
    return marker;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#wrong('the model ends before the file does');
  }

  value(marker: string, depth: number): UbValue {
    if (depth > MOST_DEPTH) throw this.#wrong(`values are nested more than ${MOST_DEPTH} deep`);
    switch (marker) {
      case 'Z':
        return null;
      case 'T':
        return true;
      case 'F':
        return false;
      case 'S':
      case 'H':
        return this.#text();
      case '[':
        return this.#array(depth);
      case '{':
        return this.#object(depth);
      case 'C':
        return String.fromCharCode(this.#bytes[this.#take(1)]!);
      default:
        return this.#number(marker);
    }
  }

  #array(depth: number): UbValue {
    const { type, count } = this.#container();
    if (type !== undefined && sizes[type] && type !== 'C') return this.#numbers(type, count!);
    const values: UbValue[] = [];
    if (count === undefined) {
      for (let marker = this.marker(); marker !== ']'; marker = this.marker())
        values.push(this.value(marker, depth + 1));
      return values;
    }
    for (let i = 0; i < count; i++) values.push(this.value(type ?? this.marker(), depth + 1));
    return values;
  }

  #object(depth: number): UbObject {
    const { type, count } = this.#container();
    const entries: [string, UbValue][] = [];
    const ended = () => count === undefined && String.fromCharCode(this.#bytes[this.#at] ?? 0) === '}';
    while (count === undefined ? !ended() : entries.length < count) {
      entries.push([this.#text(), this.value(type ?? this.marker(), depth + 1)]);
    }
    if (count === undefined) this.#take(1);
    return Object.fromEntries(entries);
  }

  /** The `$type` and `#count` behind an opening bracket. */
  #container(): { type?: string; count?: number } {
    let type: string | undefined;
    if (this.#peek() === '$') {
      this.#take(1);
      type = this.marker();
      if (this.#peek() !== '#') throw this.#wrong('a type without a count');
    }
    if (this.#peek() !== '#') return {};
    this.#take(1);
    const count = this.#length();
    // A value takes a byte at least, but for null, true and false, of which an array of a type is nothing but a count.
    const least = type === undefined ? 1 : (sizes[type] ?? ('ZTFN'.includes(type) ? Infinity : 1));
    if (count > 0 && count * least > this.#bytes.length - this.#at) {
      throw this.#wrong(`${count} values are announced where ${this.#bytes.length - this.#at} bytes are left`);
    }
    return { type, count };
  }

  #numbers(type: string, count: number): Float64Array {
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = this.#number(type);
    return values;
  }

  #number(marker: string): number {
    const size = sizes[marker];
    if (size === undefined) throw this.#wrong(`"${marker}" begins no value`);
    const at = this.#take(size);
    const view = this.#view;
    switch (marker) {
      case 'i':
        return view.getInt8(at);
      case 'U':
        return view.getUint8(at);
      case 'I':
        return view.getInt16(at);
      case 'l':
        return view.getInt32(at);
      case 'L':
        return Number(view.getBigInt64(at));
      case 'd':
        return view.getFloat32(at);
      case 'D':
        return view.getFloat64(at);
      default:
        throw this.#wrong(`"${marker}" is no number`);
    }
  }

  #length(): number {
    const length = this.#number(this.marker());
    if (!Number.isSafeInteger(length) || length < 0) throw this.#wrong(`${length} is no length`);
    return length;
  }

  #text(): string {
    const length = this.#length();
    const at = this.#take(length);
    try {
      return this.#texts.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw this.#wrong('a text that is not UTF-8');
    }
  }

  #peek(): string {
    return String.fromCharCode(this.#bytes[this.#at] ?? 0);
  }

  /** Steps over so many bytes and returns where they begin. */
  #take(count: number): number {
    if (count > this.#bytes.length - this.#at) throw this.#wrong(`it ends where ${count} more bytes are expected`);
    this.#at += count;
    return this.#at - count;
  }

  #wrong(what: string) {
    return damaged(`The UBJSON is damaged at byte ${this.#at}: ${what}`);
  }
}

/** What `writeUbjson` takes: typed arrays become arrays of their type, other numbers f64 or int64. */
export type Writable =
  | null
  | boolean
  | number
  | string
  | readonly Writable[]
  | Float32Array
  | Int32Array
  | BigInt64Array
  | Int8Array
  | Uint8Array
  | { readonly [key: string]: Writable };

/** The bytes of a value; whole numbers are int64 (L), others f64 (D). */
export function writeUbjson(value: Writable): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  write(value, parts);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const encoder = new TextEncoder();

function write(value: Writable, parts: Uint8Array[]): void {
  if (value === null || typeof value === 'boolean')
    parts.push(encoder.encode(value === null ? 'Z' : value ? 'T' : 'F'));
  else if (typeof value === 'string') parts.push(encoder.encode('S'), ...text(value));
  else if (typeof value === 'number') parts.push(number(value));
  else if (ArrayBuffer.isView(value)) parts.push(...typedArray(value as TypedArray));
  else if (Array.isArray(value)) {
    parts.push(encoder.encode('[#'), number(value.length));
    for (const entry of value as readonly Writable[]) write(entry, parts);
  } else {
    parts.push(encoder.encode('{'));
    for (const [key, entry] of Object.entries(value)) {
      parts.push(...text(key));
      write(entry, parts);
    }
    parts.push(encoder.encode('}'));
  }
}

function text(value: string): Uint8Array[] {
  const bytes = encoder.encode(value);
  return [number(bytes.length), bytes];
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  const whole = Number.isSafeInteger(value) && !Object.is(value, -0);
  bytes[0] = (whole ? 'L' : 'D').charCodeAt(0);
  if (whole) view.setBigInt64(1, BigInt(value));
  else view.setFloat64(1, value);
  return bytes;
}

type TypedArray = Extract<Writable, ArrayBufferView>;

function typedArray(values: TypedArray): Uint8Array[] {
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  let marker = 'U';
  if (values instanceof Uint8Array) bytes.set(values);
  else if (values instanceof Int8Array) {
    marker = 'i';
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.length));
  } else if (values instanceof BigInt64Array) {
    marker = 'L';
    values.forEach((value, i) => view.setBigInt64(8 * i, value));
  } else if (values instanceof Int32Array) {
    marker = 'l';
    values.forEach((value, i) => view.setInt32(4 * i, value));
  } else {
    marker = 'd';
    values.forEach((value, i) => view.setFloat32(4 * i, value));
  }
  return [encoder.encode(`[$${marker}#`), number(values.length), bytes];
}
