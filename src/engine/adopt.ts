import {
  type Data,
  DataType,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  makeData,
  Uint8,
  Uint16,
  Uint32,
  Vector,
} from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { type AnyArray, type ArrayOf, type Dtype, dtypes } from '../kernels/contract.js';
import type { Scope } from './arena.js';
import type { Engine } from './engine.js';
import { writeNumbers } from './numbers.js';

/** A chunk of an Arrow column as kernels read it: byte offsets into the engine's memory. */
export interface AdoptedChunk {
  readonly dtype: Dtype;
  readonly valuesOffset: number;
  /** Byte that holds the first row's validity bit; 0 where no row is null. Values under nulls are garbage. */
  readonly validityOffset: number;
  /** Which bit of that byte: 0 … 7, lowest first. */
  readonly validityBit: number;
  readonly length: number;
  /** true: some of it was copied, because it did not lie in the engine's memory or not in a form that kernels read. */
  readonly copied: boolean;
}

/** A column that kernels can read. What lay in the arena is used where it lies and stays its owner's. */
export class AdoptedColumn implements Disposable {
  readonly chunks: readonly AdoptedChunk[];
  readonly length: number;
  readonly #scope: Scope;

  constructor(chunks: readonly AdoptedChunk[], scope: Scope) {
    this.chunks = chunks;
    this.length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#scope = scope;
  }

  /** Gives the copies back. */
  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/**
 * Makes a column readable for kernels, chunk by chunk. Numbers of 8 to 64 bits, dates, times, timestamps and the indices
 * of dictionaries keep their form; booleans become u8; half floats, unsigned 64-bit integers and decimals become f64.
 * @throws LanewiseError `engine` where something would be copied in strict mode, `unsupported` for other types.
 */
export function adoptVector(engine: Engine, vector: Vector, name = 'the column'): AdoptedColumn {
  const scope = engine.arena.scope();
  try {
    return new AdoptedColumn(
      vector.data.map((data) => adoptData(engine, scope, data, name)),
      scope,
    );
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
}

function adoptData(engine: Engine, scope: Scope, data: Data, name: string): AdoptedChunk {
  const { length } = data;
  const values = readableValues(data, name);
  const validity = data.nullCount > 0 ? data.nullBitmap : undefined;
  const before = engine.stats.bytesCopied;
  const placed = placeArray(engine, scope, values.array.subarray(0, length), name, values.converted);
  // A bitmap is never moved by a slice: its first row is bit `data.offset`.
  const start = data.offset >> 3;
  const bitmap = validity && placeArray(engine, scope, validity.subarray(start, (data.offset + length + 7) >> 3), name);
  return {
    dtype: dtypeOf(values.array),
    valuesOffset: placed.byteOffset,
    validityOffset: bitmap?.byteOffset ?? 0,
    validityBit: bitmap ? data.offset & 7 : 0,
    length,
    copied: engine.stats.bytesCopied > before,
  };
}

/** The array itself where it lies in the arena, else a copy there: counted, and refused in strict mode. */
function placeArray<A extends AnyArray>(engine: Engine, scope: Scope, array: A, name: string, converted = false): A {
  if (!converted && engine.arena.holds(array)) return array;
  countCopy(engine, array.byteLength, name);
  const copy = scope.allocate(dtypeOf(array), array.length);
  (copy as Float64Array).set(array as Float64Array);
  return copy as A;
}

/** Counts bytes that are copied into the arena. @throws LanewiseError `engine` in strict mode. */
export function countCopy(engine: Engine, bytes: number, name: string): void {
  if (engine.strict) {
    throw new LanewiseError(
      'engine',
      `Expected ${name} to lie in the engine's memory in a form that kernels read, as \`strict\` asks, but ${bytes} bytes of it would be copied`,
      { hint: 'Read the file with readIpcFile, or build the column on arrays of engine.arena' },
    );
  }
  engine.stats.bytesCopied += bytes;
}

function readableValues(data: Data, name: string): { array: AnyArray; converted: boolean } {
  const { type, values } = data;
  const asItLies =
    DataType.isInt(type) ||
    DataType.isFloat(type) ||
    DataType.isDate(type) ||
    DataType.isTime(type) ||
    DataType.isTimestamp(type) ||
    DataType.isDuration(type) ||
    DataType.isDictionary(type);
  if (asItLies && !isHalfFloat(data) && !(values instanceof BigUint64Array)) {
    return { array: values as AnyArray, converted: false };
  }
  if (!asItLies && !DataType.isBool(type) && !DataType.isDecimal(type)) {
    throw new LanewiseError('unsupported', `Expected numbers for ${name} but it is of type ${type}`, {
      hint: 'Encode texts and nested values first',
    });
  }
  const numbers = new Float64Array(data.length);
  writeNumbers(new Vector([data]), numbers);
  return { array: DataType.isBool(type) ? Uint8Array.from(numbers) : numbers, converted: true };
}

function isHalfFloat({ type, values }: Data): boolean {
  return DataType.isFloat(type) && values instanceof Uint16Array;
}

function dtypeOf(array: AnyArray): Dtype {
  const found = Object.entries(dtypes).find(([, dtype]) => array instanceof dtype.array);
  if (!found) throw new LanewiseError('internal', `No dtype for ${Object.prototype.toString.call(array)}`);
  return found[0] as Dtype;
}

const arrowTypes = {
  u8: Uint8,
  i8: Int8,
  u16: Uint16,
  i16: Int16,
  u32: Uint32,
  i32: Int32,
  f32: Float32,
  f64: Float64,
  i64: Int64,
} as const;

/**
 * An Arrow vector over an array, uncopied: over one of `engine.arena.allocate`, a column that kernels read where it
 * lies. `validity` holds a bit a row, lowest first, 1 = there.
 */
export function vectorOver(array: ArrayOf<Dtype>, validity?: Uint8Array): Vector {
  const nulls = validity ? { nullBitmap: validity, nullCount: -1 } : { nullCount: 0 };
  const type = new arrowTypes[dtypeOf(array)]() as Float64;
  return new Vector([makeData({ type, length: array.length, data: array as Float64Array, ...nulls })]);
}
