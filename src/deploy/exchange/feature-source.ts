import { elementwise } from '../../scoring/interpreter.js';
import type { Operation, Program } from '../../scoring/program.js';
import { writtenRegisters } from '../../scoring/program.js';
import { unsupported } from './forest.js';
import { ZERO } from './lower.js';

/** Where a register's values come from: one input of the program, through functions of one number. */
export interface FeatureSource {
  /** Index of the program's input. */
  readonly input: number;
  /** The value in the register for a value of the input, NaN included; undefined: the value itself. */
  readonly apply?: (value: number) => number;
  /** Of numbers: 1 where a greater input never gives a smaller value, −1 where never a greater; 0 where neither is known. */
  readonly direction: 1 | -1 | 0;
  readonly zeroIsMissing: boolean;
}

/** By register: the operation that writes it. */
export function writersOf(program: Program): ReadonlyMap<number, Operation> {
  const writers = new Map<number, Operation>();
  for (const operation of program.operations)
    for (const register of writtenRegisters(operation)) writers.set(register, operation);
  return writers;
}

/**
 * Follows a register back to an input.
 * @throws LanewiseError `unsupported`, naming the operation that no other library has.
 */
export function sourceOf(program: Program, writers: ReadonlyMap<number, Operation>, register: number): FeatureSource {
  if (register < program.inputs.length) return { input: register, direction: 1, zeroIsMissing: false };
  const operation = writers.get(register)!;
  const zeros = zeroMissingInput(operation, writers);
  if (zeros !== undefined && zeros < program.inputs.length) return { input: zeros, direction: 1, zeroIsMissing: true };
  if (!('in' in operation) || operation.op === 'terms' || operation.op === 'calendar' || operation.op === 'wave')
    throw refused(operation.op);
  const before = sourceOf(program, writers, operation.in);
  if (before.zeroIsMissing) throw refused(operation.op);
  const step = operation.op === 'oneHot' ? oneHotStep(operation, register) : elementwise(operation);
  const direction = (before.direction * directionOf(operation)) as 1 | -1 | 0;
  const { input, apply } = before;
  return { input, direction, zeroIsMissing: false, apply: apply ? (value) => step(apply(value)) : step };
}

function refused(what: string) {
  return unsupported(
    `A column goes through "${what}" before the trees, which trees of other libraries cannot say`,
    'Fit the model on the columns as they are (trees take categories and missing values), or prepare the columns first.',
  );
}

function oneHotStep(operation: Extract<Operation, { op: 'oneHot' }>, register: number): (value: number) => number {
  const wanted = operation.values[register - operation.out];
  return (value) => ((wanted === undefined ? Number.isNaN(value) : value === wanted) ? 1 : 0);
}

function directionOf(operation: Operation): 1 | -1 | 0 {
  switch (operation.op) {
    case 'affine':
      return operation.scale > 0 ? 1 : operation.scale < 0 ? -1 : 0;
    case 'unary':
      return operation.function === 'negate' ? -1 : 0;
    case 'impute':
    case 'indicator': // the same for every number
    case 'clip':
    case 'bin':
    case 'threshold':
      return 1;
    default:
      return 0;
  }
}

/** The input of `lower.ts`'s four operations that take zeros for missing. */
function zeroMissingInput(operation: Operation, writers: ReadonlyMap<number, Operation>): number | undefined {
  if (operation.op !== 'binary' || operation.operator !== 'add') return undefined;
  const shift = writers.get(operation.right);
  const gaps =
    shift?.op === 'replace' && shift.from.join() === '2' && shift.to === 0 ? writers.get(shift.in) : undefined;
  const place =
    gaps?.op === 'replace' && gaps.from.join() === '1' && Number.isNaN(gaps.to) ? writers.get(gaps.in) : undefined;
  if (place?.op !== 'bin' || place.in !== operation.left || place.edges.length !== 2) return undefined;
  return place.edges[1] === ZERO ? place.in : undefined;
}

/**
 * The greatest f64 whose value is ≤ (direction 1) or > (direction −1) `threshold`, by bisection over all f64; undefined where
 * there is none.
 */
export function thresholdBefore({ apply, direction }: FeatureSource, threshold: number): number | undefined {
  if (!apply) return threshold;
  const holds = (value: number) => (direction === 1 ? apply(value) <= threshold : !(apply(value) <= threshold));
  if (holds(Infinity)) return Infinity;
  if (!holds(-Infinity)) return undefined;
  // Keys are f64 in order, as integers.
  let [low, high] = [keyOf(-Infinity), keyOf(Infinity)];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (holds(ofKey(middle))) low = middle;
    else high = middle;
  }
  return ofKey(low);
}

const bits = new DataView(new ArrayBuffer(8));

function keyOf(value: number): bigint {
  bits.setFloat64(0, value);
  const raw = bits.getBigInt64(0);
  return raw >= 0n ? raw : -(raw & 0x7fffffffffffffffn) - 1n;
}

function ofKey(key: bigint): number {
  bits.setBigInt64(0, key >= 0n ? key : -(key + 1n) | -0x8000000000000000n);
  return bits.getFloat64(0);
}
