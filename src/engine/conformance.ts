import type { Numerics } from '../backends/backend.js';
import { LanewiseError } from '../errors.js';
import {
  type AnyArray,
  type BufferArgument,
  type CaseRandom,
  type Dtype,
  dtypes,
  type Flavour,
  flavours,
  isBuffer,
  type Kernel,
  type Scalars,
} from '../kernels/contract.js';
import type { Engine } from './engine.js';
import { stream } from './random.js';

/** Which inputs a kernel gets: `kernel.inputs(size, …, flavour)`, keyed by the seed. */
export interface CaseKey {
  readonly size: number;
  readonly flavour: Flavour;
  readonly seed: number;
}

/** A call's inputs and what the reference makes of them. */
export interface KernelCase extends CaseKey {
  readonly kernel: Kernel;
  readonly scalars: Scalars;
  /** Contents before the call: garbage for `out` and `scratch`, null where absent. */
  readonly before: ReadonlyMap<string, AnyArray | null>;
  /** Contents after the reference's call, of all but `scratch`. */
  readonly after: ReadonlyMap<string, AnyArray | null>;
  readonly result: number | void;
}

/** Every size around every SIMD width, and around the ends of blocks. */
const conformanceSizes: readonly number[] = [
  ...Array.from({ length: 71 }, (_, size) => size),
  ...[127, 128, 129, 255, 256, 257, 1000],
];

/**
 * The cases of a seed: every size, and three of the seed's own, in every flavour; or, `thinned`, in plain and one other,
 * which goes round with size and seed.
 */
export function* conformanceCases(seed: number, thinned = false): Generator<CaseKey> {
  const random = stream(seed, 'sizes');
  const own = Array.from({ length: 3 }, () => 71 + random.integer(2_000));
  const [plain, ...others] = flavours;
  for (const size of [...conformanceSizes, ...own]) {
    const chosen = thinned ? [plain, others[(size + 3 * seed) % others.length]!] : flavours;
    for (const flavour of chosen) yield { size, flavour, seed };
  }
}

/**
 * Makes the inputs and runs the reference on them.
 * @throws LanewiseError `internal` where the kernel's `inputs` do not fit its arguments.
 */
export function prepareCase(kernel: Kernel, { size, flavour, seed }: CaseKey): KernelCase {
  const random: CaseRandom = stream(seed, kernel.name, size, flavour);
  const { scalars, buffers } = kernel.inputs(size, random, flavour);
  const before = new Map<string, AnyArray | null>();
  for (const argument of kernel.arguments) {
    if (!isBuffer(argument)) {
      if (typeof scalars[argument.name] !== 'number') throw misfit(kernel, `no scalar ${argument.name}`);
      continue;
    }
    const length = argument.length(scalars);
    if (argument.role === 'out' || argument.role === 'scratch') {
      const absent = argument.optional && buffers[argument.name] === null;
      before.set(argument.name, absent ? null : garbage(argument, length, random));
    } else before.set(argument.name, givenContents(kernel, argument, length, buffers[argument.name]));
  }
  const after = copyOf(before);
  const values = kernel.arguments.map((argument) =>
    isBuffer(argument) ? after.get(argument.name)! : scalars[argument.name]!,
  );
  const result = kernel.reference(...values);
  return { kernel, size, flavour, seed, scalars, before, after, result };
}

/** A call of a case, laid out in an engine's arena between guard bytes. */
export interface PlacedCase extends Disposable {
  readonly values: readonly number[];
  /** The first disagreement with the reference after a call, in words; undefined when all is as it must be. */
  disagreement(result: number | void, numerics?: Numerics): string | undefined;
}

const GUARD_BYTES = 64;

/** Lays a case out. Odd seeds shift every buffer by one element, as slices of columns are. */
export function placeCase(prepared: KernelCase, { arena }: Pick<Engine, 'arena'>): PlacedCase {
  const { kernel, scalars, before, seed, size } = prepared;
  const scope = arena.scope();
  const random = stream(seed, 'guards', kernel.name, size);
  const placed = new Map<string, Placed>();
  const values = kernel.arguments.map((argument) => {
    if (!isBuffer(argument)) return scalars[argument.name]!;
    const contents = before.get(argument.name)!;
    if (contents === null) return 0;
    const shift = GUARD_BYTES + (seed % 2) * dtypes[argument.dtype].bytes;
    const block = scope.allocate('u8', shift + contents.byteLength + GUARD_BYTES);
    fillGarbage(block, random);
    const view = viewOf(argument.dtype, block.buffer, block.byteOffset + shift, contents.length);
    // `out` and `scratch` keep garbage that the reference did not see: what is not overwritten shows.
    if (argument.role === 'in' || argument.role === 'inout') (view as Uint8Array).set(contents as Uint8Array);
    const end = shift + contents.byteLength;
    placed.set(argument.name, { argument, block, view, head: block.slice(0, shift), tail: block.slice(end) });
    return view.byteOffset;
  });
  return {
    values,
    disagreement: (result, numerics) => findDisagreement(prepared, placed, result, numerics),
    [Symbol.dispose]: () => scope[Symbol.dispose](),
  };
}

/** Runs a case on an engine's backend: the first disagreement with the reference, in words, or undefined. */
export function checkCase(
  prepared: KernelCase,
  engine: Pick<Engine, 'arena' | 'kernels' | 'describe'>,
): string | undefined {
  const { kernel, size, flavour, seed } = prepared;
  using placed = placeCase(prepared, engine);
  const call = engine.kernels[kernel.name as keyof typeof engine.kernels] as (...values: number[]) => number | void;
  const { backend, variant } = engine.describe();
  const found = placed.disagreement(call(...placed.values), variant.endsWith('-fast') ? 'fast' : 'reproducible');
  if (found === undefined) return undefined;
  return `${kernel.name} on ${backend} ${variant}, size ${size}, ${flavour}, seed ${seed}: ${found}`;
}

interface Placed {
  readonly argument: BufferArgument;
  readonly block: Uint8Array;
  readonly view: AnyArray;
  /** The bytes before and behind the buffer, as they were before the call. */
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

function findDisagreement(
  { kernel, after, before: inputs, result: expected }: KernelCase,
  placed: ReadonlyMap<string, Placed>,
  result: number | void,
  numerics: Numerics = 'reproducible',
): string | undefined {
  if (kernel.returns !== 'void' && !agree(result as number, expected as number, kernel)) {
    return `it returned ${show(result as number)}, expected ${show(expected as number)}`;
  }
  for (const [name, { argument, block, view, head, tail }] of placed) {
    const before = head.findIndex((byte, index) => block[index] !== byte);
    if (before >= 0) return `${name}: wrote ${head.length - before} bytes before its start`;
    const behind = tail.findIndex((byte, index) => block[head.length + view.byteLength + index] !== byte);
    if (behind >= 0) return `${name}: wrote ${behind + 1} bytes past its end`;
    if (argument.role === 'scratch') continue;
    const wanted = (argument.role === 'in' ? inputs : after).get(name)!;
    const slack = numerics === 'fast' && argument.role !== 'in' ? slackOf(kernel, wanted) : undefined;
    for (let i = 0; i < view.length; i++) {
      if (agree(view[i]!, wanted[i]!, kernel)) continue;
      if (slack !== undefined && isNear(Number(view[i]), Number(wanted[i]), slack)) continue;
      const was = argument.role === 'in' ? 'was changed to' : 'is';
      return `${name}[${i}] ${was} ${show(view[i]!)}, expected ${show(wanted[i]!)}`;
    }
  }
  return undefined;
}

/** How far the results of a fast kernel may lie from the reference's; undefined where it has no fast build. */
function slackOf({ fast }: Kernel, wanted: AnyArray): number | undefined {
  if (!fast) return undefined;
  let largest = 0;
  for (const value of wanted) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(Number(value)));
  return fast.relative * largest;
}

/** What overflows in one rounding need not in two: where the reference is not finite, anything goes. */
function isNear(value: number, wanted: number, slack: number): boolean {
  return !Number.isFinite(wanted) || Math.abs(value - wanted) <= slack;
}

function show(value: number | bigint): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The same bits, or within the kernel's bound. Any NaN is any other: its sign and payload are the processor's. */
function agree(value: number | bigint, expected: number | bigint, kernel: Kernel): boolean {
  if (Object.is(value, expected)) return true;
  if (kernel.agreement === 'exact' || typeof value === 'bigint' || typeof expected === 'bigint') return false;
  return Math.abs(value - expected) <= kernel.agreement.relative * Math.max(Math.abs(value), Math.abs(expected));
}

function givenContents(
  kernel: Kernel,
  argument: BufferArgument,
  length: number,
  given: AnyArray | null | undefined,
): AnyArray | null {
  if (given === null && argument.optional) return null;
  if (!given) throw misfit(kernel, `no contents for ${argument.name}`);
  if (!(given instanceof dtypes[argument.dtype].array))
    throw misfit(kernel, `${argument.name} is no ${argument.dtype}`);
  if (given.length !== length) throw misfit(kernel, `${given.length} elements of ${argument.name}, expected ${length}`);
  return given;
}

function misfit(kernel: Kernel, what: string): LanewiseError {
  return new LanewiseError('internal', `The inputs of ${kernel.name} do not fit its arguments: ${what}`);
}

function garbage({ dtype }: BufferArgument, length: number, random: CaseRandom): AnyArray {
  const bytes = new Uint8Array(length * dtypes[dtype].bytes);
  fillGarbage(bytes, random);
  return viewOf(dtype, bytes.buffer, 0, length);
}

function viewOf(dtype: Dtype, buffer: ArrayBufferLike, offset: number, length: number): AnyArray {
  return new (dtypes[dtype].array as typeof Uint8Array)(buffer, offset, length);
}

/** The bytes of a 32-bit xorshift, which are never all zero; after 1,024 they repeat. */
function fillGarbage(bytes: Uint8Array, random: CaseRandom): void {
  let state = 1 + random.integer(0xfffffffe);
  const start = Math.min(bytes.length, 1024);
  for (let i = 0; i < start; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  for (let filled = start; filled < bytes.length; filled *= 2) bytes.copyWithin(filled, 0, filled);
}

function copyOf(contents: ReadonlyMap<string, AnyArray | null>): Map<string, AnyArray | null> {
  return new Map([...contents].map(([name, array]) => [name, array && (array.slice() as AnyArray)]));
}
