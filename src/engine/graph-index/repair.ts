import type { Task } from '../engine.js';
import type { GraphStore } from './graph-store.js';

const REPAIR_ROWS = 512;
/** Nodes that a repair looks at on its way through those that are gone, in lists of level 0. */
const REACH = 8;

/** Links around nodes that are gone (a bit each), and takes theirs away; a new entry is found where it is among them. */
export async function repairGraph(store: GraphStore, gone: Uint8Array): Promise<void> {
  const { arrays, shape, stride, engine, count, upperLength } = store;
  using scope = engine.arena.scope();
  const bits = scope.copy('u8', gone.subarray(0, Math.ceil(count / 8)));
  const capacity = REACH * 2 * shape.m;
  const scratch = () => [
    scope.allocate('u32', Math.ceil(count / 32)).byteOffset,
    scope.allocate('i64', capacity + 1).byteOffset,
    scope.allocate('i32', capacity).byteOffset,
  ];
  const sets = Array.from({ length: engine.threads === 1 ? 1 : 8 * engine.threads }, scratch);
  let tasks: Task[] = [];
  for (let start = 0; start < count; start += REPAIR_ROWS) {
    const values = [
      arrays.vectors.byteOffset,
      arrays.levels.byteOffset,
      arrays.upperOffsets.byteOffset,
      bits.byteOffset,
      arrays.links.byteOffset,
      arrays.upper.byteOffset,
      ...sets[tasks.length % sets.length]!,
      count,
      upperLength,
      stride,
      shape.m,
      shape.metric,
      capacity,
      start,
      Math.min(count, start + REPAIR_ROWS),
    ];
    tasks.push({ kernel: 'graph_repair_f32', values });
    if (tasks.length < sets.length && start + REPAIR_ROWS < count) continue;
    await engine.run(tasks);
    tasks = [];
  }
  for (let node = 0; node < count; node++) if (isSet(gone, node)) store.unlink(node);
}

/** The first node of the highest level among those that are present. */
export function chooseEntry(store: GraphStore, isPresent: (node: number) => boolean): void {
  store.entry = -1;
  store.topLevel = 0;
  for (let node = 0; node < store.count; node++) {
    if (!isPresent(node) || (store.entry >= 0 && store.arrays.levels[node]! <= store.topLevel)) continue;
    store.entry = node;
    store.topLevel = store.arrays.levels[node]!;
  }
}

export const isSet = (bits: Uint8Array, node: number): boolean => ((bits[node >> 3]! >> (node & 7)) & 1) === 1;
