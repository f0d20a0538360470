import { LanewiseError } from '../errors.js';
import { type ArrayOf, type Dtype, dtypes } from '../kernels/contract.js';

const PAGE = 65_536;
/** Offset 0 means "absent" to the kernels, and strays near null hit nothing of value. */
const RESERVED = PAGE;
const ALIGNMENT = 64;
/** Bytes behind every block that a wide load may touch. */
const SLACK = 64;

/** A block of the arena, by byte offset. */
interface Block {
  offset: number;
  bytes: number;
}

/**
 * The engine's memory: one WebAssembly.Memory and its allocator. Blocks are 64-byte aligned, with slack behind them for
 * wide loads. Typed arrays handed out are views: their `byteOffset` is what kernels take.
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  readonly #free: Block[] = [];
  /** What each block takes, slack included, and what was asked for. */
  readonly #used = new Map<number, { readonly bytes: number; readonly asked: number }>();
  /** Their offsets in ascending order, as long as nothing is allocated or given back. */
  #sorted: Float64Array | undefined;
  #end = RESERVED;
  #bytesUsed = 0;
  #bytesPeak = 0;

  constructor(memory: WebAssembly.Memory, shared: boolean) {
    this.memory = memory;
    this.shared = shared;
  }

  get bytesUsed(): number {
    return this.#bytesUsed;
  }

  /** The most bytes that were ever in use at once. */
  get bytesPeak(): number {
    return this.#bytesPeak;
  }

  /** Allocates `length` elements; contents are whatever was there. */
  allocate<D extends Dtype>(dtype: D, length: number): ArrayOf<D> {
    const asked = length * dtypes[dtype].bytes;
    const bytes = roundUp(Math.max(1, asked) + SLACK);
    const offset = this.#take(bytes);
    this.#used.set(offset, { bytes, asked });
    this.#sorted = undefined;
    this.#bytesUsed += bytes;
    this.#bytesPeak = Math.max(this.#bytesPeak, this.#bytesUsed);
    return new dtypes[dtype].array(this.memory.buffer, offset, length) as ArrayOf<D>;
  }

  /** Gives a block back. The array must be one that `allocate` returned. */
  free(array: { readonly byteOffset: number }): void {
    const block = this.#used.get(array.byteOffset);
    if (block === undefined) throw new LanewiseError('internal', `Nothing is allocated at offset ${array.byteOffset}`);
    const { bytes } = block;
    this.#used.delete(array.byteOffset);
    this.#sorted = undefined;
    this.#bytesUsed -= bytes;
    this.#release({ offset: array.byteOffset, bytes });
  }

  /** How many bytes are allocated from `offset` to the end of its block; −1 where it lies in none. */
  bytesFrom(offset: number): number {
    this.#sorted ??= Float64Array.from(this.#used.keys()).sort();
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return -1;
    const start = this.#sorted[low - 1]!;
    const left = start + this.#used.get(start)!.asked - offset;
    return left >= 0 ? left : -1;
  }

  /** Does this array lie in the arena? */
  holds(array: { readonly buffer: ArrayBufferLike }): boolean {
    return array.buffer === this.memory.buffer || (this.shared && sameMemory(array.buffer, this.memory.buffer));
  }

  /** Memory that is given back when the scope is disposed: `using scope = arena.scope()`. */
  scope(): Scope {
    return new Scope(this);
  }

  #take(bytes: number): number {
    const index = this.#free.findIndex((block) => block.bytes >= bytes);
    if (index >= 0) {
      const block = this.#free[index]!;
      if (block.bytes === bytes) this.#free.splice(index, 1);
      else this.#free[index] = { offset: block.offset + bytes, bytes: block.bytes - bytes };
      return block.offset;
    }
    const offset = this.#end;
    this.#growTo(offset + bytes);
    this.#end = offset + bytes;
    return offset;
  }

  #growTo(end: number): void {
    const missing = end - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    // Grow by an eighth at least, so that many small allocations do not each grow the memory.
    const pages = Math.ceil(Math.max(missing, this.memory.buffer.byteLength / 8) / PAGE);
    try {
      this.memory.grow(pages);
    } catch {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch (cause) {
        throw new LanewiseError(
          'engine',
          `Expected room for ${missing} more bytes in the engine's memory of ${this.memory.buffer.byteLength}`,
          {
            cause,
            hint: 'Work in chunks, or free tables that are no longer needed.',
          },
        );
      }
    }
  }

  #release(block: Block): void {
    let index = this.#free.findIndex((other) => other.offset > block.offset);
    if (index < 0) index = this.#free.length;
    this.#free.splice(index, 0, block);
    this.#join(index);
    this.#join(index - 1);
    const last = this.#free.at(-1);
    if (last && last.offset + last.bytes === this.#end) {
      this.#end = last.offset;
      this.#free.pop();
    }
  }

  #join(index: number): void {
    const [block, next] = [this.#free[index], this.#free[index + 1]];
    if (!block || !next || block.offset + block.bytes !== next.offset) return;
    block.bytes += next.bytes;
    this.#free.splice(index + 1, 1);
  }
}

/** Allocations that live together. */
export class Scope implements Disposable {
  readonly #arena: Arena;
  readonly #arrays: { readonly byteOffset: number }[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Where there is no room, the scope gives back all it has: whoever was being made of it will never be there to do so. */
  allocate<D extends Dtype>(dtype: D, length: number): ArrayOf<D> {
    try {
      const array = this.#arena.allocate(dtype, length);
      this.#arrays.push(array);
      return array;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Allocates and zeroes. */
  zeros<D extends Dtype>(dtype: D, length: number): ArrayOf<D> {
    const array = this.allocate(dtype, length);
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).fill(0);
    return array;
  }

  /** Allocates and copies in. */
  copy<D extends Dtype>(dtype: D, values: ArrayLike<number>): ArrayOf<D> {
    const array = this.allocate(dtype, values.length);
    (array as Float64Array).set(values);
    return array;
  }

  [Symbol.dispose](): void {
    for (const array of this.#arrays.splice(0)) this.#arena.free(array);
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** A grown shared memory hands out a new buffer object over the same block: write through one, read through the other. */
function sameMemory(a: ArrayBufferLike, b: ArrayBufferLike): boolean {
  if (!(a instanceof SharedArrayBuffer) || a.byteLength > b.byteLength || a.byteLength < RESERVED) return false;
  const probe = (buffer: ArrayBufferLike) => new Int32Array(buffer, RESERVED - 4, 1);
  const before = Atomics.load(probe(b), 0);
  Atomics.store(probe(b), 0, before ^ 0x5bd1e995);
  const same = Atomics.load(probe(a), 0) === (before ^ 0x5bd1e995);
  Atomics.store(probe(b), 0, before);
  return same;
}
