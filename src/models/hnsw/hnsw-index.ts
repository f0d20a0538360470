import { defaultEngine, type Engine } from '../../engine/engine.js';
import type { GraphFile } from '../../engine/graph-index/graph-file.js';
import { GraphStore } from '../../engine/graph-index/graph-store.js';
import { insertNodes } from '../../engine/graph-index/insert.js';
import { chooseEntry, isSet, repairGraph } from '../../engine/graph-index/repair.js';
import { type GraphAnswers, type GraphQuery, scanRows, searchGraph } from '../../engine/graph-index/search.js';
import { Breather } from '../../engine/turn.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import { NEGATED_DOT, SQUARED_L2 } from '../../kernels/graph.js';
import { checkParameters } from '../../parameters.js';
import { type RowId, RowIds, show } from './ids.js';
import { type HnswParameters, hnswParameters } from './parameters.js';
import { countVectors, type Vectors, writeVectors } from './vectors.js';

export interface HnswOptions extends Partial<HnswParameters> {
  /** Numbers of a vector, 1 to 65,536. */
  readonly dimension: number;
  /** Where it is kept and searched; default: the process's engine. */
  readonly engine?: Engine;
}

interface WorkOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface AddOptions extends WorkOptions {
  /** What the rows are called; default: how many rows had been added before, 0, 1, 2 … */
  readonly ids?: readonly RowId[];
}

export interface HnswSearchOptions extends WorkOptions {
  /** Candidates that are kept, at least k; default: the index's. More is better and slower. */
  readonly efSearch?: number;
  /** Which rows may be answers: by id; or a bit a row (`rowOf`), lowest bit first. */
  readonly filter?: ((id: RowId) => boolean) | Uint8Array;
}

/** The answers of a query, nearest first, the row that was added first among equals. */
export interface HnswAnswer {
  readonly ids: readonly RowId[];
  /** euclidean: the distance; sqeuclidean: its square; cosine: 1 − cosine; dot: the negated inner product. Of f32 precision. */
  readonly distances: Float64Array;
}

const MAX_DIMENSION = 65_536;
const MAX_ROWS = 2 ** 30 - 1;
/** Rows that are gone are passed through until there are so many, and so large a share of all; then links are mended. */
const MOST_GONE = 64;
const GONE_SHARE = 0.1;
/** Of few rows that may be answers each is looked at: a graph search would look at about SCAN · ef · rows / allowed. */
const SCAN = 8;

/**
 * An index for approximate nearest neighbours: a hierarchical navigable small world (Malkov and Yashunin, 2016). Rows come
 * and go at any time; the same additions and deletions give the same graph, bit for bit, on every backend and number of
 * threads. Vectors are kept as 32-bit floats.
 */
export class HnswIndex implements Disposable {
  readonly parameters: HnswParameters;
  readonly dimension: number;
  readonly #given: Engine | undefined;
  #store: GraphStore | undefined;
  #ids = new RowIds();
  /** A bit a row that was deleted and still leads the way. */
  #gone: Uint8Array = new Uint8Array(0);
  #goneCount = 0;
  /** Rows that can be filled again, ascending. */
  #free: number[] = [];
  /** Rows that were ever added. */
  #added = 0;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @throws LanewiseError `usage` for a parameter that cannot be. */
  constructor({ dimension, engine, ...given }: HnswOptions) {
    if (!Number.isInteger(dimension) || dimension < 1 || dimension > MAX_DIMENSION) {
      throw invalid('HnswIndex.dimension', `an integer in [1, ${MAX_DIMENSION}]`, dimension);
    }
    this.parameters = checkParameters('HnswIndex', hnswParameters, given);
    this.dimension = dimension;
    this.#given = engine;
  }

  /** Rows that can be found. */
  get size(): number {
    return this.#ids.size;
  }

  /** Bytes of vectors and links in the engine's memory. */
  get bytes(): number {
    return this.#store?.bytes ?? 0;
  }

  has(id: RowId): boolean {
    return this.#ids.rowOf(id) !== undefined;
  }

  /** Where a row lies, which is its bit in a bitmap filter; undefined where there is none of that id. */
  rowOf(id: RowId): number | undefined {
    return this.#ids.rowOf(id);
  }

  /**
   * Adds rows. Rows of vectors stand one after the other in a typed array, or are arrays of `dimension` numbers. Cancelled or
   * refused, the index is as it was.
   * @throws LanewiseError `data` for numbers that are not finite, zero rows under cosine, rows of another length, ids that are
   * there already; `cancelled` by the signal.
   */
  add(vectors: Vectors, options: AddOptions = {}): Promise<void> {
    return this.#inTurn(() => this.#add(vectors, options));
  }

  /**
   * Deletes rows. They are never answers again; their places are filled by later additions.
   * @throws LanewiseError `data` for an id that is not there, and then nothing is deleted.
   */
  delete(ids: readonly RowId[]): Promise<void> {
    return this.#inTurn(() => this.#delete(ids));
  }

  /**
   * The nearest k rows of each query, approximately; fewer where there are fewer.
   * @throws LanewiseError `data` as `add` for queries; `usage` for k, efSearch or a filter that cannot be.
   */
  search(queries: Vectors, k: number, options: HnswSearchOptions = {}): Promise<HnswAnswer[]> {
    return this.#inTurn(() => this.#search(queries, k, options));
  }

  /**
   * Writes the index to a file, beside it first and then renamed. Links around deleted rows are mended before.
   * @throws LanewiseError `file` where it cannot be written.
   */
  save(path: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#mend();
      const store = await this.#ready();
      const { encodeGraphFile } = await import('../../engine/graph-index/graph-file.js');
      const { writeGraphFile } = await import('../../engine/graph-index/graph-file-node.js');
      const ids = Array.from({ length: store.count }, (_, row) => (this.#ids.has(row) ? this.#ids.at(row) : undefined));
      const { metric, M: m, efConstruction, efSearch, seed } = this.parameters;
      const parameters = { metric, m, efConstruction, efSearch, seed, dimension: this.dimension };
      await writeGraphFile(path, encodeGraphFile({ parameters, added: this.#added, ids, store }));
    });
  }

  /**
   * Reads an index that `save` wrote; nothing in the file is trusted. Where the engine is native and the system allows it, the
   * file is mapped into the engine's memory instead of being read: pages come from the disk when they are first needed, and
   * processes share them. Changes stay in memory.
   * @throws LanewiseError `file` where there is no such file, `artefact` where it is damaged or no index.
   */
  static async load(path: string, options: { engine?: Engine; mmap?: boolean } = {}): Promise<HnswIndex> {
    const engine = options.engine ?? (await defaultEngine());
    const { readGraphFile } = await import('../../engine/graph-index/graph-file-node.js');
    const file = await readGraphFile(engine, path, options.mmap ?? true);
    try {
      return HnswIndex.#of(engine, file);
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
  }

  static #of(engine: Engine, file: GraphFile): HnswIndex {
    const { dimension, m: M, ...parameters } = file.parameters;
    const index = new HnswIndex({ dimension, M, ...parameters, engine } as HnswOptions);
    const store = index.#makeStore(engine);
    store.adopt(file.arrays, file, file);
    file.ids.forEach((id, row) => {
      if (id === undefined) index.#free.push(row);
      else index.#ids.set(row, id);
    });
    index.#added = file.added;
    index.#gone = new Uint8Array(Math.ceil(store.count / 8));
    return index;
  }

  /** Gives the memory back. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#store?.[Symbol.dispose]();
    this.#store = undefined;
  }

  /** One call after the other, in the order in which they were made. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#closed) throw new LanewiseError('usage', 'Expected an open index but it was disposed of');
      return work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #ready(): Promise<GraphStore> {
    this.#store ??= this.#makeStore(this.#given ?? (await defaultEngine()));
    return this.#store;
  }

  #makeStore(engine: Engine): GraphStore {
    const { M: m, metric, seed } = this.parameters;
    const shape = { dimension: this.dimension, m, metric: metric === 'dot' ? NEGATED_DOT : SQUARED_L2, seed };
    this.#store = new GraphStore(engine, shape);
    return this.#store;
  }

  async #add(vectors: Vectors, { ids, signal, onProgress }: AddOptions): Promise<void> {
    throwIfCancelled(signal);
    const count = countVectors(vectors, this.dimension, 'vectors');
    if (ids && ids.length !== count) {
      throw new LanewiseError('data', `Expected ${count} ids, one a row, but received ${ids.length}`);
    }
    const named = ids ?? Array.from({ length: count }, (_, index) => this.#added + index);
    this.#ids.checkNew(named);
    if (count === 0) return;
    const store = await this.#ready();
    await this.#mend();
    const reused = this.#free.slice(0, count);
    const nodes = Int32Array.from({ length: count }, (_, i) => reused[i] ?? store.count + i - reused.length);
    if (nodes.at(-1)! > MAX_ROWS) {
      throw new LanewiseError('data', `Expected at most ${MAX_ROWS} rows in an index but there would be more`);
    }
    const shape = { count, dimension: this.dimension, stride: store.stride, unit: this.parameters.metric === 'cosine' };
    await insertNodes(
      store,
      nodes,
      this.size,
      () => writeVectors(vectors, shape, 'vectors', store.arrays.vectors, (row) => nodes[row]!),
      { efConstruction: this.parameters.efConstruction, signal, onProgress },
    );
    nodes.forEach((node, index) => {
      this.#ids.set(node, named[index]!);
    });
    this.#free.splice(0, reused.length);
    this.#added += count;
    if (this.#gone.length * 8 < store.count) {
      const gone = new Uint8Array(Math.ceil((1.5 * store.count) / 8));
      gone.set(this.#gone);
      this.#gone = gone;
    }
  }

  async #delete(ids: readonly RowId[]): Promise<void> {
    const rows = new Set<number>();
    for (const id of ids) {
      const row = this.#ids.rowOf(id);
      if (row === undefined || rows.has(row)) {
        const why = row === undefined ? 'is not in the index' : 'is given twice';
        throw new LanewiseError('data', `Expected ids of rows to delete but ${show(id)} ${why}`);
      }
      rows.add(row);
    }
    for (const row of rows) {
      this.#ids.remove(row);
      this.#gone[row >> 3]! |= 1 << (row & 7);
      this.#goneCount++;
    }
    if (this.#goneCount > MOST_GONE && this.#goneCount > GONE_SHARE * this.size) await this.#mend();
  }

  /** Links around the rows that are gone, and lets them be filled again. */
  async #mend(): Promise<void> {
    if (this.#goneCount === 0) return;
    const store = await this.#ready();
    await repairGraph(store, this.#gone);
    for (let row = 0; row < store.count; row++) if (isSet(this.#gone, row)) this.#free.push(row);
    this.#free.sort((a, b) => a - b);
    this.#gone.fill(0);
    this.#goneCount = 0;
    if (store.entry >= 0 && !this.#ids.has(store.entry)) chooseEntry(store, (row) => this.#ids.has(row));
  }

  async #search(queries: Vectors, k: number, options: HnswSearchOptions): Promise<HnswAnswer[]> {
    const { filter, signal, onProgress, efSearch: ef = this.parameters.efSearch } = options;
    throwIfCancelled(signal);
    if (!Number.isInteger(k) || k < 1) throw invalid('k', 'an integer >= 1', k);
    if (!Number.isInteger(ef) || ef < 1) throw invalid('efSearch', 'an integer >= 1', ef);
    const count = countVectors(queries, this.dimension, 'queries');
    if (count === 0) return [];
    const store = await this.#ready();
    using scope = store.engine.arena.scope();
    const placed = scope.allocate('f32', count * store.stride);
    const unit = this.parameters.metric === 'cosine';
    const shape = { count, dimension: this.dimension, stride: store.stride, unit };
    await writeVectors(queries, shape, 'queries', placed, (row) => row);
    const most = Math.min(k, this.size);
    if (most === 0) return Array.from({ length: count }, () => ({ ids: [], distances: new Float64Array(0) }));
    const allowed = await this.#allowed(filter);
    const asked = { queries: placed, count, k: most, ef: Math.max(ef, most), signal, onProgress };
    return this.#answers(await this.#find(store, asked, allowed), count, most);
  }

  async #find(store: GraphStore, query: GraphQuery, allowed: AllowedRows | undefined): Promise<GraphAnswers> {
    if (!allowed) return searchGraph(store, query);
    if (allowed.count * allowed.count > SCAN * query.ef * this.size) return searchGraph(store, query, allowed.bits);
    const rows = new Int32Array(allowed.count);
    let found = 0;
    for (let row = 0; row < store.count; row++) if (isSet(allowed.bits, row)) rows[found++] = row;
    return scanRows(store, query, rows);
  }

  /** The rows that may be answers; undefined: all that are linked. */
  async #allowed(filter: HnswSearchOptions['filter']): Promise<AllowedRows | undefined> {
    if (filter === undefined && this.#goneCount === 0) return undefined;
    const rows = this.#store!.count;
    const bytes = Math.ceil(rows / 8);
    if (filter instanceof Uint8Array && filter.length !== bytes) {
      throw invalid('filter', `${bytes} bytes, a bit for each of ${rows} rows`, `${filter.length} bytes`);
    }
    if (filter !== undefined && typeof filter !== 'function' && !(filter instanceof Uint8Array)) {
      throw invalid('filter', 'a function of ids or a Uint8Array with a bit a row', filter);
    }
    const bits = new Uint8Array(bytes);
    const breather = new Breather();
    let count = 0;
    for (let row = 0; row < rows; row++) {
      if ((row & 1023) === 1023) await breather.breathe();
      if (!this.#ids.has(row)) continue;
      const passes = typeof filter === 'function' ? filter(this.#ids.at(row)) : !filter || isSet(filter, row);
      if (!passes) continue;
      bits[row >> 3]! |= 1 << (row & 7);
      count++;
    }
    return { bits, count };
  }

  #answers({ nodes, distances }: GraphAnswers, count: number, k: number): HnswAnswer[] {
    const { metric } = this.parameters;
    return Array.from({ length: count }, (_, query) => {
      const ids: RowId[] = [];
      for (let at = query * k; at < (query + 1) * k && nodes[at]! >= 0; at++) ids.push(this.#ids.at(nodes[at]!));
      const shown = Float64Array.from(distances.subarray(query * k, query * k + ids.length));
      if (metric === 'euclidean') for (let i = 0; i < shown.length; i++) shown[i] = Math.sqrt(shown[i]!);
      // Of vectors of length one: |a − b|² = 2·(1 − cosine), without the cancellation.
      if (metric === 'cosine') for (let i = 0; i < shown.length; i++) shown[i]! /= 2;
      return { ids, distances: shown };
    });
  }
}

interface AllowedRows {
  readonly bits: Uint8Array;
  readonly count: number;
}
