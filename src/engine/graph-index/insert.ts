import { throwIfCancelled } from '../../errors.js';
import type { Scope } from '../arena.js';
import type { Task } from '../engine.js';
import type { GraphStore } from './graph-store.js';
import { Journal } from './journal.js';

/** Rows of a batch that one call connects. */
const CONNECT_ROWS = 8;
/** Targets that one call links. */
const LINK_TARGETS = 128;
const FIRST_BATCH = 64;
const BATCH = 512;

export interface InsertOptions {
  readonly efConstruction: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Links rows into the graph. They come in batches, which end where the number of rows is a multiple of 512 (of 64, below 512):
 * the nodes of a batch look for neighbours in the graph as it was before, all at once, and among each other. So the graph is a
 * function of the rows and of where additions ended, not of threads. An insertion that fails or is cancelled is undone.
 * @param nodes rows of the store that nothing links to yet; those from `store.count` on are appended here
 * @param place writes the vectors of nodes [start, end) into the store
 */
export async function insertNodes(
  store: GraphStore,
  nodes: Int32Array,
  present: number,
  place: () => Promise<void>,
  options: InsertOptions,
): Promise<void> {
  const old = store.count;
  const journal = new Journal(store);
  const end = nodes.length === 0 ? old : Math.max(old, nodes.at(-1)! + 1);
  try {
    await store.reserve(end);
    store.extend(end);
    await place();
    using inserter = new Inserter(store, journal, options);
    for (let done = 0; done < nodes.length; ) {
      throwIfCancelled(options.signal);
      const most = batchEnd(present + done) - present - done;
      const batch = nodes.subarray(done, Math.min(nodes.length, done + most));
      await inserter.insert(batch);
      done += batch.length;
      options.onProgress?.(done, nodes.length);
    }
  } catch (error) {
    journal.undo(nodes.filter((node) => node < old));
    throw error;
  }
}

/** Where the batch that begins with `count` rows ends. */
export function batchEnd(count: number): number {
  const step = count < BATCH ? FIRST_BATCH : BATCH;
  return (Math.floor(count / step) + 1) * step;
}

class Inserter implements Disposable {
  readonly #store: GraphStore;
  readonly #journal: Journal;
  readonly #options: InsertOptions;
  readonly #scope: Scope;
  readonly #batch: Int32Array;
  readonly #scratch: readonly { visited: number; pool: number; fresh: number; distances: number }[];
  /** How many new links each node gets; all 0 between batches. */
  readonly #tally: Int32Array;

  constructor(store: GraphStore, journal: Journal, options: InsertOptions) {
    this.#store = store;
    this.#journal = journal;
    this.#options = options;
    this.#scope = store.engine.arena.scope();
    this.#batch = this.#scope.allocate('i32', BATCH);
    this.#tally = new Int32Array(store.count);
    // Calls that run one after the other can share.
    const sets = store.engine.threads === 1 ? 1 : BATCH / CONNECT_ROWS;
    this.#scratch = Array.from({ length: sets }, () => ({
      visited: this.#scope.allocate('u32', Math.ceil(store.count / 32)).byteOffset,
      pool: this.#scope.allocate('i64', options.efConstruction + 1).byteOffset,
      fresh: this.#scope.allocate('i32', 2 * store.shape.m + 4).byteOffset,
      distances: this.#scope.allocate('f32', BATCH + 4).byteOffset,
    }));
  }

  async insert(nodes: Int32Array): Promise<void> {
    this.#batch.set(nodes);
    await this.#connect(nodes.length);
    await this.#linkGround(nodes);
    await this.#linkUpper(nodes);
    const { levels } = this.#store.arrays;
    for (const node of nodes) {
      if (this.#store.entry >= 0 && levels[node]! <= this.#store.topLevel) continue;
      this.#store.entry = node;
      this.#store.topLevel = levels[node]!;
    }
  }

  async #connect(count: number): Promise<void> {
    const { arrays, shape, engine, stride, entry, topLevel, upperLength } = this.#store;
    const tasks: Task[] = [];
    for (let start = 0; start < count; start += CONNECT_ROWS) {
      const scratch = this.#scratch[tasks.length % this.#scratch.length]!;
      const values = [
        arrays.vectors.byteOffset,
        arrays.levels.byteOffset,
        arrays.upperOffsets.byteOffset,
        this.#batch.byteOffset,
        arrays.links.byteOffset,
        arrays.upper.byteOffset,
        scratch.visited,
        scratch.pool,
        scratch.fresh,
        scratch.distances,
        this.#store.count,
        upperLength,
        count,
        stride,
        shape.m,
        shape.metric,
        entry,
        topLevel,
        this.#options.efConstruction,
        start,
        Math.min(count, start + CONNECT_ROWS),
      ];
      tasks.push({ kernel: 'graph_connect_f32', values });
    }
    await engine.run(tasks, this.#options.signal);
  }

  /** Level 0: every node that was chosen takes in those that chose it, in the order of the batch. */
  async #linkGround(nodes: Int32Array): Promise<void> {
    const { arrays, shape } = this.#store;
    const { m } = shape;
    const tally = this.#tally;
    const touched: number[] = [];
    const eachChoice = (visit: (target: number, source: number) => void) => {
      for (const node of nodes) {
        const at = node * 2 * m;
        for (let slot = at; slot < at + m && arrays.links[slot]! >= 0; slot++) visit(arrays.links[slot]!, node);
      }
    };
    let pairs = 0;
    eachChoice((target) => {
      if (tally[target] === 0) touched.push(target);
      tally[target]!++;
      pairs++;
    });
    using scope = this.#store.engine.arena.scope();
    const targets = scope.copy('i32', touched);
    const places = scope.allocate('i32', touched.length);
    const starts = scope.allocate('i32', touched.length + 1);
    const sources = scope.allocate('i32', pairs);
    let at = 0;
    touched.forEach((target, index) => {
      places[index] = target * 2 * m;
      starts[index] = at;
      at += tally[target]!;
      tally[target] = starts[index]!;
      this.#journal.note(target);
    });
    starts[touched.length] = at;
    eachChoice((target, source) => {
      sources[tally[target]!++] = source;
    });
    for (const target of touched) tally[target] = 0;
    await this.#link(scope, arrays.links, this.#store.count * 2 * m, { targets, places, starts, sources }, 2 * m);
  }

  /** The levels above, where nodes are few. */
  async #linkUpper(nodes: Int32Array): Promise<void> {
    const { arrays, shape, upperLength } = this.#store;
    const byPlace = new Map<number, { target: number; sources: number[] }>();
    for (const node of nodes) {
      for (let level = 1; level <= arrays.levels[node]!; level++) {
        const at = this.#store.placeOf(node, level);
        for (let slot = at; slot < at + shape.m && arrays.upper[slot]! >= 0; slot++) {
          const target = arrays.upper[slot]!;
          const place = this.#store.placeOf(target, level);
          const known = byPlace.get(place);
          if (known) known.sources.push(node);
          else byPlace.set(place, { target, sources: [node] });
        }
      }
    }
    if (byPlace.size === 0) return;
    using scope = this.#store.engine.arena.scope();
    const lists = [...byPlace.values()];
    const starts = scope.zeros('i32', lists.length + 1);
    lists.forEach(({ sources }, index) => {
      starts[index + 1] = starts[index]! + sources.length;
    });
    for (const [place, { target }] of byPlace) this.#journal.noteUpper(target, place);
    const pairs = {
      targets: scope.copy(
        'i32',
        lists.map(({ target }) => target),
      ),
      places: scope.copy('i32', [...byPlace.keys()]),
      starts,
      sources: scope.copy(
        'i32',
        lists.flatMap(({ sources }) => sources),
      ),
    };
    await this.#link(scope, arrays.upper, upperLength, pairs, shape.m);
  }

  async #link(
    scope: Scope,
    lists: Int32Array,
    listsLength: number,
    pairs: Record<'targets' | 'places' | 'starts' | 'sources', Int32Array>,
    slots: number,
  ): Promise<void> {
    const { arrays, shape, engine, stride, count } = this.#store;
    const { targets, places, starts, sources } = pairs;
    const tasks: Task[] = [];
    for (let start = 0; start < targets.length; start += LINK_TARGETS) {
      const end = Math.min(targets.length, start + LINK_TARGETS);
      // The call's own part of the sources, so that its pool need not have room for all.
      const [first, last] = [starts[start]!, starts[end]!];
      const own = scope.allocate('i32', end - start + 1);
      for (let index = start; index <= end; index++) own[index - start] = starts[index]! - first;
      const values = [
        arrays.vectors.byteOffset,
        lists.byteOffset,
        targets.byteOffset + 4 * start,
        places.byteOffset + 4 * start,
        own.byteOffset,
        sources.byteOffset + 4 * first,
        scope.allocate('i64', slots + last - first + 1).byteOffset,
        count,
        listsLength,
        end - start,
        last - first,
        stride,
        shape.metric,
        slots,
        0,
        end - start,
      ];
      tasks.push({ kernel: 'graph_link_f32', values });
    }
    await engine.run(tasks, this.#options.signal);
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}
