import type { Engine, Task } from '../engine.js';
import type { GraphStore } from './graph-store.js';

/** Queries that one call answers. */
const SEARCH_ROWS = 32;
/** Bytes of scratch that a round of calls may have. */
const ROUND_BYTES = 1 << 26;
const ROUND_TASKS = 256;
/** A filtered search keeps at most so many times ef nodes on its way. */
const POOL_FACTOR = 64;

/** Answers by query, k each: nearest first, −1 where there is none. */
export interface GraphAnswers {
  readonly nodes: Int32Array;
  readonly distances: Float32Array;
}

export interface GraphQuery {
  /** Rows of the store's stride in the engine's memory. */
  readonly queries: Float32Array;
  readonly count: number;
  readonly k: number;
  readonly ef: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Searches the graph; `allowed` has a bit a node that may be an answer. */
export async function searchGraph(store: GraphStore, query: GraphQuery, allowed?: Uint8Array): Promise<GraphAnswers> {
  const { arrays, shape, stride, entry, topLevel, upperLength } = store;
  const ef = Math.min(Math.max(query.ef, query.k), Math.max(query.k, store.count));
  const capacity = allowed ? Math.max(ef, Math.min(store.count, POOL_FACTOR * ef)) : ef;
  const scratchBytes = store.count / 8 + 8 * capacity;
  return inRounds(
    store.engine,
    query,
    scratchBytes,
    (scope) => {
      const bits = allowed ? scope.copy('u8', allowed).byteOffset : 0;
      const scratch = () => ({
        visited: scope.allocate('u32', Math.ceil(store.count / 32)).byteOffset,
        pool: scope.allocate('i64', capacity + 1).byteOffset,
        fresh: scope.allocate('i32', 2 * shape.m + 4).byteOffset,
      });
      return scratchOf(scratch, ({ visited, pool, fresh }, queries, distances, nodes, rows) => ({
        kernel: 'graph_search_f32',
        values: [
          arrays.vectors.byteOffset,
          arrays.links.byteOffset,
          arrays.upperOffsets.byteOffset,
          arrays.upper.byteOffset,
          queries,
          bits,
          distances,
          nodes,
          visited,
          pool,
          fresh,
          store.count,
          upperLength,
          stride,
          shape.m,
          shape.metric,
          entry,
          topLevel,
          rows,
          query.k,
          ef,
          capacity,
        ],
      }));
    },
    stride,
  );
}

/** Looks at some rows, one by one: exact. */
export async function scanRows(store: GraphStore, query: GraphQuery, rows: Int32Array): Promise<GraphAnswers> {
  const { arrays, shape, stride } = store;
  return inRounds(
    store.engine,
    query,
    8 * query.k,
    (scope) => {
      const looked = scope.copy('i32', rows).byteOffset;
      const scratch = () => ({ pool: scope.allocate('i64', query.k + 1).byteOffset });
      return scratchOf(scratch, ({ pool }, queries, distances, nodes, count) => ({
        kernel: 'graph_scan_f32',
        values: [
          arrays.vectors.byteOffset,
          looked,
          queries,
          distances,
          nodes,
          pool,
          store.count,
          rows.length,
          stride,
          shape.metric,
          count,
          query.k,
        ],
      }));
    },
    stride,
  );
}

type MakeTask = (place: number, queries: number, distances: number, nodes: number, rows: number) => Task;

/** Scratch by place in the round, made when first wanted. */
function scratchOf<S>(
  make: () => S,
  task: (scratch: S, queries: number, distances: number, nodes: number, rows: number) => Task,
): MakeTask {
  const sets: S[] = [];
  return (place, queries, distances, nodes, rows) => {
    while (sets.length <= place) sets.push(make());
    return task(sets[place]!, queries, distances, nodes, rows);
  };
}

/** Cuts queries into calls, and calls into rounds that share their scratch. */
async function inRounds(
  engine: Engine,
  { queries, count, k, signal, onProgress }: GraphQuery,
  scratchBytes: number,
  prepare: (scope: ReturnType<Engine['arena']['scope']>) => MakeTask,
  stride: number,
): Promise<GraphAnswers> {
  using scope = engine.arena.scope();
  const distances = scope.allocate('f32', count * k);
  const nodes = scope.allocate('i32', count * k);
  const makeTask = prepare(scope);
  const { threads } = engine;
  const rows = Math.max(1, Math.min(SEARCH_ROWS, Math.ceil(count / (4 * threads))));
  const room = Math.min(ROUND_TASKS, Math.max(2 * threads, Math.floor(ROUND_BYTES / (scratchBytes + 1))));
  for (let start = 0; start < count; ) {
    const tasks: Task[] = [];
    for (; start < count && tasks.length < room; start += rows) {
      // Calls that run one after the other can share.
      const place = threads === 1 ? 0 : tasks.length;
      const these = Math.min(rows, count - start);
      const from = queries.byteOffset + 4 * start * stride;
      tasks.push(makeTask(place, from, distances.byteOffset + 4 * start * k, nodes.byteOffset + 4 * start * k, these));
    }
    await engine.run(tasks, signal);
    onProgress?.(Math.min(start, count), count);
  }
  return { nodes: nodes.slice(), distances: distances.slice() };
}
