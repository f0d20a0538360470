import { firstPanels, type KdTree, treeDepth } from '../../kernels/kd-tree.js';
import type { Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';

/** Points a leaf, at most: a few panels of eight. */
const LEAF_SIZE = 32;
/** Points whose nodes one task halves, where there are more nodes than one: some milliseconds. */
const TASK_POINTS = 65_536;

/**
 * Grows a k-d tree in the scope's memory, level after level, the nodes of each on all threads. `values`: finite points,
 * row-major. The tree is that of `kdTreeOf`, to the last bit.
 */
export async function placeKdTree(
  engine: Engine,
  scope: Scope,
  values: Float64Array,
  dimension: number,
  signal?: AbortSignal,
): Promise<KdTree> {
  const count = values.length / dimension;
  const depth = treeDepth(count, LEAF_SIZE);
  const leafCount = 2 ** depth;
  const leaves = scope.copy('i32', firstPanels(count, depth));
  const panelCount = leaves[leafCount]!;
  const boxes = scope.allocate('f64', (2 * leafCount - 1) * 2 * dimension);
  const panels = scope.allocate('f64', panelCount * 8 * dimension);
  const order = scope.allocate('i32', panelCount * 8);
  using inner = engine.arena.scope();
  const points = inner.copy('f64', values);
  const sorted = inner.allocate('i32', count);
  for (let i = 0; i < count; i++) sorted[i] = i;
  const keys = inner.allocate('f64', count);
  const parts = Math.max(engine.threads, Math.ceil(count / TASK_POINTS));
  const split = [points.byteOffset, sorted.byteOffset, boxes.byteOffset, keys.byteOffset, count, dimension, depth];
  for (let level = 0; level <= depth; level++) {
    const nodes = 2 ** level;
    const tasks = partsOf(nodes, parts).map(
      ([start, end]): Task => ({ kernel: 'kd_tree_split_f64', values: [...split, nodes - 1 + start, nodes - 1 + end] }),
    );
    await engine.run(tasks, signal);
  }
  const lay = [points, sorted, leaves, panels, order].map(({ byteOffset }) => byteOffset);
  const laying = partsOf(leafCount, parts).map(
    (part): Task => ({ kernel: 'kd_tree_lay_f64', values: [...lay, count, dimension, depth, panelCount, ...part] }),
  );
  await engine.run(laying, signal);
  return { depth, panels, order, boxes, leaves };
}

/** [0, count) in at most so many parts. */
function partsOf(count: number, parts: number): (readonly [start: number, end: number])[] {
  const own = Math.min(count, parts);
  return Array.from({ length: own }, (_, part) => [
    Math.floor((part * count) / own),
    Math.floor(((part + 1) * count) / own),
  ]);
}
