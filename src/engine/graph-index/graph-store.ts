import { GRAPH_LANES } from '../../kernels/graph.js';
import { philoxBlock, uniformOfWords } from '../../kernels/random.js';
import type { Scope } from '../arena.js';
import type { Engine } from '../engine.js';
import { type RandomKey, randomKey } from '../random.js';
import { Breather } from '../turn.js';

/** No graph has more levels: with m = 2 a node beyond level 30 comes once in 10^9. */
export const MAX_LEVEL = 30;
/** Coordinates that are copied between two turns of the event loop. */
const COPY_ELEMENTS = 1 << 22;

/** What a graph is made with. */
export interface GraphShape {
  readonly dimension: number;
  /** Links of a node on each level above 0; twice as many on level 0. */
  readonly m: number;
  readonly metric: number;
  readonly seed: number;
}

/** The arrays of a graph, in the engine's memory, with room for `capacity` rows and `upperCapacity` links above level 0. */
export interface GraphArrays {
  readonly vectors: Float32Array;
  readonly links: Int32Array;
  readonly levels: Uint8Array;
  readonly upperOffsets: Int32Array;
  readonly upper: Int32Array;
}

/** Rows of a graph and their links, and where they lie. A row's level is a function of the seed and its number alone. */
export class GraphStore implements Disposable {
  readonly engine: Engine;
  readonly shape: GraphShape;
  /** Coordinates of a row in memory, zeros behind the last. */
  readonly stride: number;
  count = 0;
  upperLength = 0;
  /** The node that every search starts from, −1 where there is none, and its level. */
  entry = -1;
  topLevel = 0;
  #arrays: GraphArrays;
  #memory: Disposable;
  #capacity = 0;
  #upperCapacity = 0;
  readonly #key: RandomKey;

  constructor(engine: Engine, shape: GraphShape) {
    this.engine = engine;
    this.shape = shape;
    this.stride = Math.ceil(shape.dimension / GRAPH_LANES) * GRAPH_LANES;
    this.#key = randomKey(shape.seed, 'levels of a graph');
    const scope = engine.arena.scope();
    this.#arrays = allocateArrays(scope, 0, 0, this.stride, shape.m);
    this.#memory = scope;
  }

  get arrays(): GraphArrays {
    return this.#arrays;
  }

  /** Bytes of the arrays, room for more rows included. */
  get bytes(): number {
    return Object.values(this.#arrays).reduce((sum, { byteLength }: { byteLength: number }) => sum + byteLength, 0);
  }

  /** Takes arrays that lie in the engine's memory already; `memory` is disposed of with them. */
  adopt(arrays: GraphArrays, memory: Disposable, head: { count: number; entry: number; topLevel: number }): void {
    this.#memory[Symbol.dispose]();
    this.#arrays = arrays;
    this.#memory = memory;
    this.#capacity = this.count = head.count;
    this.#upperCapacity = this.upperLength = arrays.upper.length;
    this.entry = head.entry;
    this.topLevel = head.topLevel;
  }

  /** The level of a row: floor(−ln u / ln m), by multiplication alone. */
  levelOf(row: number): number {
    const words = new Uint32Array(4);
    philoxBlock(words, this.#key.keyLow, this.#key.keyHigh, row);
    let uniform = uniformOfWords(words[0]!, words[1]!);
    let level = 0;
    while (level < MAX_LEVEL && uniform * this.shape.m < 1) {
      uniform *= this.shape.m;
      level++;
    }
    return level;
  }

  /** Room for so many rows; nothing else changes. */
  async reserve(rows: number): Promise<void> {
    let upperNeeded = this.upperLength;
    for (let row = this.count; row < rows; row++) upperNeeded += this.levelOf(row) * this.shape.m;
    if (rows <= this.#capacity && upperNeeded <= this.#upperCapacity) return;
    // From the second time on half as much again, so that rows that come one by one are not copied one by one.
    const grown = (needed: number, had: number) => Math.max(needed, had === 0 ? 0 : Math.ceil(1.5 * had));
    const capacity = grown(rows, this.#capacity);
    const upperCapacity = grown(upperNeeded, this.#upperCapacity);
    const { m } = this.shape;
    const scope = this.engine.arena.scope();
    const next = allocateArrays(scope, capacity, upperCapacity, this.stride, m);
    const { count, upperLength, stride } = this;
    await copyInto(next.vectors, this.#arrays.vectors, count * stride);
    await copyInto(next.links, this.#arrays.links, count * 2 * m);
    await copyInto(next.levels, this.#arrays.levels, count);
    await copyInto(next.upperOffsets, this.#arrays.upperOffsets, count);
    await copyInto(next.upper, this.#arrays.upper, upperLength);
    this.#memory[Symbol.dispose]();
    this.#arrays = next;
    this.#memory = scope;
    this.#capacity = capacity;
    this.#upperCapacity = upperCapacity;
  }

  /** Appends rows without links; there must be room. */
  extend(rows: number): void {
    const { m } = this.shape;
    const { links, levels, upperOffsets, upper } = this.#arrays;
    const start = this.upperLength;
    for (let row = this.count; row < rows; row++) {
      const level = this.levelOf(row);
      levels[row] = level;
      upperOffsets[row] = this.upperLength;
      this.upperLength += level * m;
    }
    links.fill(-1, this.count * 2 * m, rows * 2 * m);
    upper.fill(-1, start, this.upperLength);
    this.count = rows;
  }

  /** Forgets the rows behind `rows`. */
  truncate(rows: number): void {
    if (rows < this.count) this.upperLength = this.#arrays.upperOffsets[rows]!;
    this.count = rows;
  }

  /** Where a node's list begins: in `links` on level 0, in `upper` above. */
  placeOf(node: number, level: number): number {
    const { m } = this.shape;
    return level === 0 ? node * 2 * m : this.#arrays.upperOffsets[node]! + (level - 1) * m;
  }

  /** Takes all links of a node away, and its vector: a file tells nothing of rows that were deleted. */
  unlink(node: number): void {
    const { m } = this.shape;
    const { vectors, links, upper, upperOffsets, levels } = this.#arrays;
    vectors.fill(0, node * this.stride, (node + 1) * this.stride);
    links.fill(-1, node * 2 * m, (node + 1) * 2 * m);
    upper.fill(-1, upperOffsets[node]!, upperOffsets[node]! + levels[node]! * m);
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
    this.#memory = { [Symbol.dispose]() {} };
  }
}

function allocateArrays(scope: Scope, capacity: number, upperCapacity: number, stride: number, m: number): GraphArrays {
  return {
    vectors: scope.allocate('f32', capacity * stride),
    links: scope.allocate('i32', capacity * 2 * m),
    levels: scope.allocate('u8', capacity),
    upperOffsets: scope.allocate('i32', capacity),
    upper: scope.allocate('i32', upperCapacity),
  };
}

async function copyInto<T extends Float32Array | Int32Array | Uint8Array>(to: T, from: T, length: number) {
  const breather = new Breather();
  for (let at = 0; at < length; at += COPY_ELEMENTS) {
    to.set(from.subarray(at, Math.min(length, at + COPY_ELEMENTS)), at);
    await breather.breathe();
  }
}
