import { FOREST_STACK, FOREST_STATE } from '../kernels/tree-forest.js';
import type { Engine, Task } from './engine.js';
import { randomKey } from './random.js';
import { ArenaBlock, type BinnedRows } from './trees.js';

/** Row visits of one call: a few milliseconds, so that progress, cancelling and the event loop have their turn. */
const BUDGET = 2_000_000;

export interface ForestOptions {
  /** Classes of the Gini criterion; 0: squared error. */
  readonly classCount: number;
  readonly bootstrap: boolean;
  readonly maxFeatures: number;
  readonly maxDepth: number;
  readonly minSamplesSplit: number;
  readonly minSamplesLeaf: number;
  readonly treeCount: number;
  readonly seed: number;
}

/** A tree as the kernel leaves it: arrays by node, the root first. */
export interface ForestTree {
  readonly feature: Int32Array;
  /** Last bin that goes left, + 256 where missing values go left. */
  readonly split: Int32Array;
  /** Left child; the right one is next to it. */
  readonly child: Int32Array;
  /** Mean target of the node, or the share of each class. */
  readonly values: Float64Array;
}

/** The memory in which one tree grows. */
class ForestSlot implements Disposable {
  readonly blocks: {
    readonly state: ArenaBlock<'i32'>;
    readonly rows: ArenaBlock<'u32'>;
    readonly bagWeights: ArenaBlock<'f64'>;
    readonly stack: ArenaBlock<'i32'>;
    readonly feature: ArenaBlock<'i32'>;
    readonly split: ArenaBlock<'i32'>;
    readonly child: ArenaBlock<'i32'>;
    readonly values: ArenaBlock<'f64'>;
    readonly importances: ArenaBlock<'f64'>;
    readonly nodeTargets: ArenaBlock<'f64'>;
    readonly nodeWeights: ArenaBlock<'f64'>;
    readonly order: ArenaBlock<'u32'>;
    readonly work: ArenaBlock<'f64'>;
    readonly features: ArenaBlock<'i32'>;
  };
  /** The tree that grows here; −1: none. */
  tree = -1;

  constructor({ arena }: Engine, rows: number, features: number, classCount: number, maxNodes: number) {
    this.blocks = {
      state: new ArenaBlock(arena, 'i32', FOREST_STATE),
      rows: new ArenaBlock(arena, 'u32', rows),
      bagWeights: new ArenaBlock(arena, 'f64', rows),
      stack: new ArenaBlock(arena, 'i32', 4 * FOREST_STACK),
      feature: new ArenaBlock(arena, 'i32', maxNodes),
      split: new ArenaBlock(arena, 'i32', maxNodes),
      child: new ArenaBlock(arena, 'i32', maxNodes),
      values: new ArenaBlock(arena, 'f64', maxNodes * Math.max(1, classCount)),
      importances: new ArenaBlock(arena, 'f64', features),
      nodeTargets: new ArenaBlock(arena, 'f64', rows),
      nodeWeights: new ArenaBlock(arena, 'f64', rows),
      order: new ArenaBlock(arena, 'u32', rows),
      work: new ArenaBlock(arena, 'f64', 2048 + 4 * classCount),
      features: new ArenaBlock(arena, 'i32', features + 8),
    };
  }

  [Symbol.dispose](): void {
    for (const block of Object.values(this.blocks)) block[Symbol.dispose]();
  }
}

/**
 * Grows a forest, as many trees at once as there are threads. A tree is a function of (seed, its number) alone, and
 * importances are added tree by tree, so the bits do not depend on the threads. `onTree` is told of every tree, in order,
 * with the gain of each feature and the weight of each row (0: out of the bag).
 */
export async function growForest(
  engine: Engine,
  data: BinnedRows,
  targets: Float64Array,
  weights: Float64Array | undefined,
  options: ForestOptions,
  onTree: (tree: ForestTree, importances: Float64Array, bagWeights: Float64Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { treeCount, classCount, minSamplesLeaf, maxDepth } = options;
  const leaves = Math.max(
    1,
    Math.min(Math.floor(data.rowCount / minSamplesLeaf), maxDepth < 31 ? 2 ** maxDepth : 2 ** 31),
  );
  const maxNodes = 2 * leaves;
  using shared = engine.arena.scope();
  const inputs = {
    targets: shared.copy('f64', targets).byteOffset,
    weights: weights ? shared.copy('f64', weights).byteOffset : 0,
  };
  const slots: ForestSlot[] = [];
  const finished = new Map<number, Parameters<typeof onTree>>();
  let [started, told] = [0, 0];
  try {
    while (told < treeCount) {
      while (slots.length < Math.min(engine.threads, treeCount)) {
        slots.push(new ForestSlot(engine, data.rowCount, data.featureCount, classCount, maxNodes));
      }
      for (const slot of slots) {
        if (slot.tree >= 0 || started === treeCount) continue;
        slot.tree = started++;
        slot.blocks.state.values.fill(0);
        slot.blocks.importances.values.fill(0);
      }
      const busy = slots.filter((slot) => slot.tree >= 0);
      const open = await engine.run(
        busy.map((slot) => growTask(slot, data, inputs, options, maxNodes)),
        signal,
      );
      busy.forEach((slot, index) => {
        if (open[index] === 1) return;
        const { importances, bagWeights } = slot.blocks;
        const grown = harvest(slot, classCount);
        finished.set(slot.tree, [grown, importances.values.slice(), bagWeights.values.slice()]);
        slot.tree = -1;
      });
      for (; finished.has(told); told++) {
        const grown = finished.get(told)!;
        finished.delete(told);
        onTree(...grown);
      }
    }
  } finally {
    for (const slot of slots) slot[Symbol.dispose]();
  }
}

function growTask(
  { blocks, tree }: ForestSlot,
  data: BinnedRows,
  inputs: { targets: number; weights: number },
  options: ForestOptions,
  maxNodes: number,
): Task {
  const bag = randomKey(options.seed, 'bag', tree);
  const features = randomKey(options.seed, 'features', tree);
  const { classCount, bootstrap, maxFeatures, maxDepth, minSamplesSplit, minSamplesLeaf } = options;
  const { state, rows, bagWeights, stack, feature, split, child, values, importances } = blocks;
  const inout = [state, rows, bagWeights, stack, feature, split, child, values, importances];
  const scratch = [blocks.nodeTargets, blocks.nodeWeights, blocks.order, blocks.work, blocks.features];
  return {
    kernel: 'forest_grow_u8',
    values: [
      data.groupOffset(0),
      inputs.targets,
      inputs.weights,
      ...[...inout, ...scratch].map((block) => block.offset),
      ...[data.rowCount, data.groupCount, data.featureCount, classCount, bootstrap ? 1 : 0],
      ...[bag.keyLow, bag.keyHigh, features.keyLow, features.keyHigh],
      ...[maxFeatures, maxDepth, minSamplesSplit, minSamplesLeaf, maxNodes, BUDGET],
    ],
  };
}

function harvest({ blocks }: ForestSlot, classCount: number): ForestTree {
  const nodes = blocks.state.values[1]!;
  return {
    feature: blocks.feature.values.slice(0, nodes),
    split: blocks.split.values.slice(0, nodes),
    child: blocks.child.values.slice(0, nodes),
    values: blocks.values.values.slice(0, nodes * Math.max(1, classCount)),
  };
}
