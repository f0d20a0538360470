import { FOREST_MISSING_LEFT, FOREST_STACK, FOREST_STATE, FOREST_WORK } from '../../kernels/tree-forest.js';
import type { Engine, Task } from '../engine.js';
import { randomKey } from '../random.js';
import type { CodedRows } from './codes.js';
import { ArenaBlock } from './trees.js';

/** Row visits of one call: a few milliseconds, so that progress, cancelling and the event loop have their turn. */
const BUDGET = 2_000_000;
const BOOTSTRAP = { none: 0, 'with-replacement': 1, 'without-replacement': 2 } as const;
/** No limit on depth. */
export const ANY_DEPTH = 2 ** 30;

export interface ForestOptions {
  /** Classes of all targets together; 0: the targets are numbers. */
  readonly classCount: number;
  /** Squared error or Gini impurity; or Poisson deviance or entropy. */
  readonly logarithmic: boolean;
  /** One random threshold a feature. */
  readonly randomSplits: boolean;
  readonly bootstrap: keyof typeof BOOTSTRAP;
  /** Rows drawn for a tree. */
  readonly sampleCount: number;
  /** Classes weigh alike in each tree's rows. */
  readonly balanced: boolean;
  readonly maxFeatures: number;
  readonly maxDepth: number;
  readonly minSamplesSplit: number;
  readonly minSamplesLeaf: number;
  readonly minWeightFraction: number;
  /** What a split gains at least, as a share of the tree's weight, in the kernel's terms. */
  readonly minGain: number;
  /** Leaves at most, the best split first; undefined: no limit, depth first. */
  readonly maxLeafNodes: number | undefined;
  readonly treeCount: number;
  readonly seed: number;
}

/** A tree as the kernel leaves it: arrays by node, the root first, children side by side. */
export interface ForestTree {
  readonly feature: Int32Array;
  /** Numbers up to it go left. */
  readonly threshold: Float64Array;
  readonly missingLeft: Uint8Array;
  /** Eight words a node: a bit for each code that goes left; empty where no feature is categorical. */
  readonly categories: Uint32Array;
  /** Left child; the right one is next to it; −1 in leaves. */
  readonly child: Int32Array;
  /** Mean of each target, or share of each class. */
  readonly values: Float64Array;
  /** Weight of each node. */
  readonly cover: Float64Array;
  /** Rows of each node. */
  readonly samples: Int32Array;
  /** What its split takes from weight · impurity, added over the targets; 0 in leaves. */
  readonly gain: Float64Array;
}

/** What trees learn from: the targets one behind the other, each `data.rowCount` long. */
export interface ForestTargets {
  readonly values: Float64Array;
  readonly count: number;
  readonly weights: Float64Array | undefined;
}

/** The memory in which one tree grows, in the order of the kernel's arguments. */
class ForestSlot implements Disposable {
  readonly blocks;
  /** The tree that grows here; −1: none. */
  tree = -1;

  constructor({ arena }: Engine, data: CodedRows, targetCount: number, options: ForestOptions, maxNodes: number) {
    const [rows, width] = [data.rowCount, Math.max(options.classCount, targetCount)];
    const block = <D extends 'i32' | 'u32' | 'f64'>(dtype: D, length: number) => new ArenaBlock(arena, dtype, length);
    this.blocks = {
      state: block('i32', FOREST_STATE),
      rows: block('u32', rows),
      bagWeights: block('f64', rows),
      open: block('i32', 4 * Math.max(FOREST_STACK, options.maxLeafNodes ?? 0)),
      feature: block('i32', maxNodes),
      split: block('i32', maxNodes),
      threshold: block('f64', maxNodes),
      categories: block('u32', data.hasCategories ? 8 * maxNodes : 0),
      child: block('i32', maxNodes),
      values: block('f64', maxNodes * width),
      cover: block('f64', maxNodes),
      samples: block('i32', maxNodes),
      gain: block('f64', maxNodes),
      nodeTargets: block('f64', targetCount * rows),
      nodeWeights: block('f64', rows),
      order: block('u32', 2 * rows),
      runs: block('i32', 4 * data.maxRuns),
      sums: block('f64', data.maxRuns * (2 + width)),
      work: block('f64', FOREST_WORK + 8 * width),
      features: block('i32', data.featureCount + 8),
    };
  }

  [Symbol.dispose](): void {
    for (const block of Object.values(this.blocks)) block[Symbol.dispose]();
  }
}

/**
 * Grows trees, as many at once as there are threads. A tree is a function of (seed, its number) alone, so the bits do not
 * depend on the threads. `onTree` is told of every tree, in order, with the weight of each row (0: out of the bag); where it
 * returns false, that tree is the last.
 */
export async function growForest(
  engine: Engine,
  data: CodedRows,
  targets: ForestTargets,
  options: ForestOptions,
  onTree: (tree: ForestTree, bagWeights: Float64Array) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { treeCount } = options;
  const maxNodes = 2 * mostLeaves(data.rowCount, options);
  using shared = engine.arena.scope();
  const inputs = {
    targets: shared.copy('f64', targets.values).byteOffset,
    weights: targets.weights ? shared.copy('f64', targets.weights).byteOffset : 0,
    targetCount: targets.count,
  };
  const slots: ForestSlot[] = [];
  const finished = new Map<number, Parameters<typeof onTree>>();
  let [started, told] = [0, 0];
  try {
    while (told < treeCount) {
      while (slots.length < Math.min(engine.threads, treeCount)) {
        slots.push(new ForestSlot(engine, data, targets.count, options, maxNodes));
      }
      for (const slot of slots) {
        if (slot.tree >= 0 || started === treeCount) continue;
        slot.tree = started++;
        slot.blocks.state.values.fill(0);
      }
      const busy = slots.filter((slot) => slot.tree >= 0);
      const open = await engine.run(
        busy.map((slot) => growTask(slot, data, inputs, options, maxNodes)),
        signal,
      );
      busy.forEach((slot, index) => {
        if (open[index] === 1) return;
        finished.set(slot.tree, [harvest(slot), slot.blocks.bagWeights.values.slice()]);
        slot.tree = -1;
      });
      for (; finished.has(told); told++) {
        const grown = finished.get(told)!;
        finished.delete(told);
        if (!onTree(...grown)) return;
      }
    }
  } finally {
    for (const slot of slots) slot[Symbol.dispose]();
  }
}

function mostLeaves(rows: number, { minSamplesLeaf, maxDepth, maxLeafNodes }: ForestOptions): number {
  const byDepth = maxDepth < 31 ? 2 ** maxDepth : 2 ** 31;
  return Math.max(1, Math.min(Math.floor(rows / minSamplesLeaf), byDepth, maxLeafNodes ?? rows));
}

function growTask(
  { blocks, tree }: ForestSlot,
  data: CodedRows,
  inputs: { targets: number; weights: number; targetCount: number },
  options: ForestOptions,
  maxNodes: number,
): Task {
  const bag = randomKey(options.seed, 'bag', tree);
  const features = randomKey(options.seed, 'features', tree);
  const flags = [options.logarithmic, options.randomSplits, data.hasCategories].map(Number);
  return {
    kernel: data.bytes === 1 ? 'forest_grow_u8' : 'forest_grow_u16',
    values: [
      ...data.offsets,
      inputs.targets,
      inputs.weights,
      ...Object.values(blocks).map((block) => block.offset),
      ...[data.rowCount, data.featureCount, data.codeCount, inputs.targetCount, options.classCount, ...flags],
      ...[BOOTSTRAP[options.bootstrap], options.sampleCount, Number(options.balanced)],
      ...[bag.keyLow, bag.keyHigh, features.keyLow, features.keyHigh],
      ...[options.maxFeatures, options.maxDepth, options.minSamplesSplit, options.minSamplesLeaf],
      ...[options.minWeightFraction, options.minGain, options.maxLeafNodes ?? 0, maxNodes, data.maxRuns, BUDGET],
    ],
  };
}

function harvest({ blocks }: ForestSlot): ForestTree {
  const nodes = blocks.state.values[1]!;
  const width = blocks.values.length / blocks.feature.length;
  return {
    feature: blocks.feature.values.slice(0, nodes),
    threshold: blocks.threshold.values.slice(0, nodes),
    missingLeft: Uint8Array.from(blocks.split.values.subarray(0, nodes), (split) => +(split >= FOREST_MISSING_LEFT)),
    categories: blocks.categories.values.slice(0, 8 * nodes),
    child: blocks.child.values.slice(0, nodes),
    values: blocks.values.values.slice(0, nodes * width),
    cover: blocks.cover.values.slice(0, nodes),
    samples: blocks.samples.values.slice(0, nodes),
    gain: blocks.gain.values.slice(0, nodes),
  };
}
