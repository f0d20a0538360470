import { LanewiseError } from '../errors.js';
import { placeCoordinates, placedDimension } from '../kernels/metric-coordinates.js';
import { arrayTypes, type FieldKind, fieldsOf, isArrayKind, type ProgramArray } from './layout.js';
import type { InputType, Operation, Program } from './program.js';
import { readRegisters, writtenRegisters } from './program.js';

/** Where the program lies in the stand-alone module's memory (PROGRAM of assembly/predict/program.ts). */
export const PROGRAM_OFFSET = 64;
/** Rows that a register holds there (BLOCK_ROWS). */
const BLOCK_ROWS = 64;

/** How the operations are numbered in assembly/predict.ts. One that is not listed cannot be embedded. */
const opcodes: Readonly<Partial<Record<Operation['op'], number>>> = {
  constant: 1,
  impute: 2,
  indicator: 3,
  affine: 4,
  clip: 5,
  replace: 6,
  oneHot: 7,
  lookup: 8,
  bin: 9,
  calendar: 10,
  wave: 11,
  unary: 12,
  binary: 13,
  linear: 14,
  ensemble: 15,
  neighbors: 16,
  centroids: 17,
  softmax: 18,
  normalize: 19,
  argmax: 20,
  threshold: 21,
  gaussian: 22,
  kernelExpansion: 23,
  pairwiseCoupling: 24,
  dense: 25,
  nearestLabel: 26,
  neighborScore: 27,
  metricNeighbors: 28,
  imputeNeighbors: 29,
};

const inputTypeCodes: Readonly<Record<Exclude<InputType, 'text'>, number>> = {
  number: 0,
  boolean: 1,
  timestamp: 2,
  category: 3,
};

const MAGIC = 0x3150574c; // "LWP1"
const HEADER_BYTES = 64;

/**
 * A program in the binary form that the stand-alone module interprets, little-endian, offsets from its start:
 *
 *    0 magic · 4 address of the first free byte behind it · 8 inputs · 12 outputs · 16 registers · 20 operations
 *   24 offset of the inputs (type i32, labels i32) · 28 of the outputs (register i32) · 32 of the operations
 *   36 bytes of scratch · 64 …
 *
 * An operation is opcode i32, bytes i32, then 8 bytes a field in the order of layout.ts: registers, counts, flags and
 * choices as i32, numbers as f64, lists as offset i32 and length i32.
 * @throws LanewiseError `unsupported` naming the operation that cannot be embedded.
 */
export function embedProgram(program: Program): Uint8Array<ArrayBuffer> {
  const numbering = numberRegisters(program);
  const writer = new Writer();
  writer.skip(HEADER_BYTES);
  const inputs = writer.size;
  for (const { name, type, labels } of program.inputs) {
    if (type === 'text') throw textsRefused(name);
    writer.i32(inputTypeCodes[type]);
    writer.i32(labels?.length ?? 0);
  }
  const outputs = writer.size;
  for (const output of program.outputs) writer.i32(numbering.get(output.register)!);
  writer.align(8);
  const operations = writer.size;
  for (const operation of program.operations) writeOperation(writer, operation, numbering);
  writer.finishLists();
  writer.align(64);
  const scratch = numbering.size * BLOCK_ROWS * 8 + Math.max(0, ...program.operations.map(scratchOf));
  const header = [MAGIC, PROGRAM_OFFSET + writer.size, program.inputs.length, program.outputs.length, numbering.size];
  writer.patch([...header, program.operations.length, inputs, outputs, operations, scratch]);
  return writer.bytes();
}

function textsRefused(column: string): LanewiseError {
  const message = `Column "${column}" holds texts, and the stand-alone .wasm does not read texts`;
  return new LanewiseError('unsupported', message, {
    column,
    hint: 'Deploy the model as an artefact: lanewise/runtime and the server read texts.',
  });
}

/** Registers without gaps: inputs first, then in the order of writing, so that a one-hot's stay neighbours. */
function numberRegisters(program: Program): ReadonlyMap<number, number> {
  const numbering = new Map(program.inputs.map((_, register) => [register, register]));
  for (const operation of program.operations) {
    for (const register of [...readRegisters(operation), ...writtenRegisters(operation)]) {
      if (!numbering.has(register)) numbering.set(register, numbering.size);
    }
  }
  return numbering;
}

/** The k nearest points: distance f64 and index i32 each (of labels the distance alone); a coupling's quadratic form, and its products; an f32 a row of a layer. */
function scratchOf(operation: Operation): number {
  if (operation.op === 'neighbors') return neighborCount(operation) * 12;
  if (operation.op === 'neighborScore') return operation.k * 12;
  if (operation.op === 'metricNeighbors') {
    return roundUp(neighborCount(operation) * 12) + 16 + 8 * Math.max(3, operation.inputs.length);
  }
  if (operation.op === 'imputeNeighbors') {
    const { inputs, points } = operation;
    return roundUp(donorCount(operation) * 12) + 8 * inputs.length + 8 * (points.length / inputs.length);
  }
  if (operation.op === 'dense') return BLOCK_ROWS * 4;
  if (operation.op === 'nearestLabel') return 8 * operation.k;
  if (operation.op !== 'pairwiseCoupling') return 0;
  return 8 * operation.outputs.length * (operation.outputs.length + 1);
}

const roundUp = (bytes: number) => Math.ceil(bytes / 8) * 8;

/** A field of an operation as it is embedded: no more neighbours than points, and points as the metric sees them. */
function embedded(operation: Operation, name: string): unknown {
  if (name === 'k' && (operation.op === 'neighbors' || operation.op === 'metricNeighbors'))
    return neighborCount(operation);
  if (name === 'k' && operation.op === 'imputeNeighbors') return donorCount(operation);
  if (name === 'points' && operation.op === 'metricNeighbors') {
    const { metric, points, inputs } = operation;
    const placed = new Float64Array((points.length / inputs.length) * placedDimension(metric, inputs.length));
    placeCoordinates(metric, points, inputs.length, placed);
    return placed;
  }
  return (operation as unknown as Record<string, unknown>)[name];
}

function donorCount({ k, points, inputs }: Extract<Operation, { op: 'imputeNeighbors' }>): number {
  return Math.min(k, points.length / inputs.length);
}

function neighborCount({ k, targets, outputs }: Extract<Operation, { op: 'neighbors' | 'metricNeighbors' }>): number {
  return Math.min(k, targets.length / outputs.length);
}

function writeOperation(writer: Writer, operation: Operation, numbering: ReadonlyMap<number, number>): void {
  const opcode = opcodes[operation.op];
  const fields = fieldsOf(operation.op);
  if (opcode === undefined || !fields) {
    throw new LanewiseError('unsupported', `Operation "${operation.op}" cannot be embedded in a stand-alone .wasm`, {
      hint: 'Deploy the model as an artefact, or leave out the step that needs the operation.',
    });
  }
  writer.i32(opcode);
  writer.i32(8 + 8 * fields.length);
  for (const [name, kind] of fields) writeField(writer, embedded(operation, name), kind, numbering);
}

function writeField(writer: Writer, value: unknown, kind: FieldKind, numbering: ReadonlyMap<number, number>): void {
  const registers = (list: readonly number[]) => Int32Array.from(list, (register) => numbering.get(register)!);
  if (isArrayKind(kind)) return writer.list(value as ProgramArray);
  if (typeof kind !== 'string') return writer.slot(kind.indexOf(value as string));
  switch (kind) {
    case 'number':
      return writer.f64(value as number);
    case 'numbers':
      return writer.list(Float64Array.from(value as number[]));
    case 'reads':
    case 'writes':
      return writer.list(registers(value as number[]));
    case 'read':
    case 'write':
      return writer.slot(numbering.get(value as number)!);
    default:
      return writer.slot(Number(value));
  }
}

/** Bytes in order; lists are gathered and laid behind everything else. */
class Writer {
  #view = new DataView(new ArrayBuffer(1 << 16));
  #lists: { readonly at: number; readonly array: ProgramArray }[] = [];
  size = 0;

  i32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.size - 4, value, true);
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.size - 8, value, true);
  }

  /** An i32 in a field of eight bytes. */
  slot(value: number): void {
    this.i32(value);
    this.i32(0);
  }

  /** A list in a field of eight bytes; its elements come later. */
  list(array: ProgramArray): void {
    this.#lists.push({ at: this.size, array });
    this.i32(0);
    this.i32(array.length);
  }

  finishLists(): void {
    for (const { at, array } of this.#lists) {
      this.align(8);
      this.#view.setInt32(at, this.size, true);
      this.#elements(array);
    }
  }

  skip(bytes: number): void {
    this.#reserve(bytes);
  }

  align(bytes: number): void {
    this.#reserve((bytes - (this.size % bytes)) % bytes);
  }

  patch(header: readonly number[]): void {
    header.forEach((value, index) => {
      this.#view.setUint32(index * 4, value, true);
    });
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#view.buffer, 0, this.size).slice();
  }

  #elements(array: ProgramArray): void {
    const begin = this.size;
    const width = array.BYTES_PER_ELEMENT;
    this.#reserve(array.length * width);
    const view = this.#view;
    array.forEach((value: number, index: number) => {
      const at = begin + index * width;
      if (array instanceof Float64Array) view.setFloat64(at, value, true);
      else if (array instanceof Float32Array) view.setFloat32(at, value, true);
      else if (width === arrayTypes.u8.BYTES_PER_ELEMENT) view.setUint8(at, value);
      else view.setUint32(at, value, true);
    });
  }

  #reserve(bytes: number): void {
    this.size += bytes;
    if (this.size <= this.#view.byteLength) return;
    const grown = new Uint8Array(Math.max(this.size, 2 * this.#view.byteLength));
    grown.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(grown.buffer);
  }
}
