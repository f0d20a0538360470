import { LanewiseError } from '../errors.js';
import { annotationsOf, arrayTypes, type FieldKind, fieldsOf, isArrayKind, type ProgramArray } from './layout.js';
import type { Operation, Program } from './program.js';
import { brokenProgram, validateProgram } from './validate.js';

/**
 * The saved form of a program: JSON, in which every typed array is a reference into one block of buffers. Buffers are
 * little-endian, each starts at a multiple of 64 bytes (Arrow's recommendation), so they can be used where they lie.
 * JSON has no NaN, infinities or −0: a number that is one of them is written as its name.
 */
export interface EncodedProgram {
  readonly program: unknown;
  readonly buffers: Uint8Array<ArrayBuffer>;
}

/** Where a typed array lies: `offset` in bytes, `length` in elements. */
interface BufferReference {
  readonly dtype: string;
  readonly offset: number;
  readonly length: number;
}

const ALIGNMENT = 64;

/** Splits a program into JSON and buffers. The same program always gives the same bytes. */
export function encodeProgram(program: Program): EncodedProgram {
  const arrays: { array: ProgramArray; offset: number }[] = [];
  let size = 0;
  const place = (array: ProgramArray, dtype: string): BufferReference => {
    const offset = size;
    arrays.push({ array, offset });
    size = roundUp(offset + array.byteLength);
    return { dtype, offset, length: array.length };
  };
  const operations = program.operations.map((operation) => encodeOperation(operation, place));
  const buffers = new Uint8Array(size);
  for (const { array, offset } of arrays) copyInto(buffers, offset, array);
  const { inputs, outputs, registerCount } = program;
  return { program: { inputs: inputs.map(plain), operations, outputs: outputs.map(plain), registerCount }, buffers };
}

/**
 * Rebuilds a program and checks it wholly (validate.ts), so that what comes back can be run whatever went in. Typed
 * arrays are views on `buffers` where its start is 64-byte aligned, else on one copy of it.
 * @throws LanewiseError `artefact`, saying which part is wrong.
 */
export function decodeProgram(encoded: unknown, buffers: ArrayBuffer | Uint8Array): Program {
  const bytes = aligned(buffers);
  const given = record(encoded, 'the program');
  const operations = list(given['operations'], 'operations of the program').map((operation, index) =>
    decodeOperation(operation, index, bytes),
  );
  return validateProgram({ ...given, operations });
}

/** One block of bytes that is the same for the same program, and for no other: what is hashed and compared. */
export function programImage(program: Program): Uint8Array<ArrayBuffer> {
  const { program: json, buffers } = encodeProgram(program);
  const head = new TextEncoder().encode(JSON.stringify(json));
  const image = new Uint8Array(roundUp(head.length) + buffers.length);
  image.set(head);
  image.set(buffers, roundUp(head.length));
  return image;
}

/** A number as JSON can hold it. */
export function encodeNumber(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
}

/** The inverse of `encodeNumber`; undefined where it is no number. */
export function decodeNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const named: Record<string, number> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity, '-0': -0 };
  return typeof value === 'string' && Object.hasOwn(named, value) ? named[value] : undefined;
}

function encodeOperation(
  operation: Operation,
  place: (array: ProgramArray, dtype: string) => BufferReference,
): Record<string, unknown> {
  const fields = fieldsOf(operation.op);
  if (!fields) throw new LanewiseError('internal', `Operation "${operation.op}" has no layout`);
  const values = operation as unknown as Record<string, unknown>;
  const encoded: Record<string, unknown> = { op: operation.op };
  for (const [name, kind] of fields) encoded[name] = encodeField(values[name], kind, place);
  for (const [name, kind] of annotationsOf(operation.op)) {
    if (values[name] !== undefined) encoded[name] = place(values[name] as ProgramArray, kind);
  }
  return encoded;
}

function encodeField(
  value: unknown,
  kind: FieldKind,
  place: (array: ProgramArray, dtype: string) => BufferReference,
): unknown {
  if (isArrayKind(kind)) return place(value as ProgramArray, kind);
  if (kind === 'number') return encodeNumber(value as number);
  if (kind === 'numbers') return (value as number[]).map(encodeNumber);
  return value;
}

function decodeOperation(encoded: unknown, index: number, bytes: Uint8Array<ArrayBuffer>): Record<string, unknown> {
  const where = `operation ${index}`;
  const given = record(encoded, where);
  const fields = fieldsOf(String(given['op']));
  if (!fields) throw brokenProgram(`${where} is of unknown kind "${String(given['op']).slice(0, 40)}"`);
  const decoded: Record<string, unknown> = { op: given['op'] };
  for (const [name, kind] of fields) {
    decoded[name] = decodeField(given[name], kind, `${name} of ${where} (${given['op']})`, bytes);
  }
  for (const [name, kind] of annotationsOf(String(given['op']))) {
    if (given[name] === undefined) continue;
    decoded[name] = decodeField(given[name], kind, `${name} of ${where} (${given['op']})`, bytes);
  }
  return decoded;
}

function decodeField(value: unknown, kind: FieldKind, where: string, bytes: Uint8Array<ArrayBuffer>): unknown {
  if (kind === 'number') return decodeNumber(value) ?? value;
  if (kind === 'numbers') return list(value, where).map((entry) => decodeNumber(entry) ?? entry);
  if (!isArrayKind(kind)) return value;
  const { dtype, offset, length } = record(value, where) as Partial<BufferReference>;
  if (dtype !== kind) throw brokenProgram(`${where} is of type ${String(dtype)}, expected ${kind}`);
  const fits =
    isCount(offset) &&
    isCount(length) &&
    offset % ALIGNMENT === 0 &&
    offset + length * arrayTypes[kind].BYTES_PER_ELEMENT <= bytes.byteLength;
  if (!fits) {
    const found = `offset ${String(offset)}, length ${String(length)}`;
    throw brokenProgram(`${where} lies outside the buffers of ${bytes.byteLength} bytes (${found})`);
  }
  return new arrayTypes[kind](bytes.buffer, bytes.byteOffset + offset, length);
}

function copyInto(buffers: Uint8Array<ArrayBuffer>, offset: number, array: ProgramArray): void {
  if (array instanceof Float64Array) {
    const view = new DataView(buffers.buffer, offset);
    // Element by element, because only then is every NaN the one canonical NaN.
    for (let i = 0; i < array.length; i++) {
      if (Number.isNaN(array[i])) view.setBigUint64(i * 8, 0x7ff8000000000000n, true);
      else view.setFloat64(i * 8, array[i]!, true);
    }
  } else buffers.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
}

function aligned(buffers: ArrayBuffer | Uint8Array): Uint8Array<ArrayBuffer> {
  if (buffers instanceof ArrayBuffer) return new Uint8Array(buffers);
  const whole = buffers.buffer instanceof ArrayBuffer && buffers.byteOffset % ALIGNMENT === 0;
  return whole ? (buffers as Uint8Array<ArrayBuffer>) : new Uint8Array(buffers);
}

function plain<T extends { labels?: readonly string[] }>(entry: T): T {
  const { labels, ...rest } = entry;
  return (labels ? { ...rest, labels: [...labels] } : rest) as T;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw brokenProgram(`${where} is not an object`);
  return value as Record<string, unknown>;
}

function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw brokenProgram(`${where} is not a list`);
  return value;
}
