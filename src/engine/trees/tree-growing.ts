import { isNode } from '../../backends/platform.js';
import { HISTOGRAM_STRIDE } from '../../kernels/tree-building.js';
import {
  BUNDLE_WORDS,
  GROWING_SCRATCH,
  GROWING_STATE,
  GROWN_NODE,
  NODE_BIN,
  NODE_CHILD,
  NODE_FEATURE,
  NODE_GAIN,
  NODE_LEFT_ROWS,
  NODE_MISSING_LEFT,
  TEAM_WORDS,
} from '../../kernels/tree-growing.js';
import { SET_WORDS } from '../../kernels/tree-splitting.js';
import type { Engine, Task } from '../engine.js';
import { Breather } from '../turn.js';
import type { RowStore, RowWindow } from './row-store.js';
import type { CategoryRules, SplitLimits, Units } from './tree-workspace.js';
import { ArenaBlock, type GroupLayout } from './trees.js';

/** Rows · columns of nodes that are worked on before the event loop turns: some 10 ms. */
const BUDGET = 30_000_000;

/** What holds in every node of a tree. */
export interface TreeLimits extends SplitLimits {
  readonly categories: CategoryRules;
  /** A split is made where it saves more. */
  readonly minGain: number;
  readonly maxLeafNodes: number;
  readonly maxDepth: number;
  readonly growPolicy: 'lossguide' | 'depthwise';
}

/** Byte offsets of what a workspace has for its trees, and how much of it there is. */
export interface TreeRoom {
  readonly ranges: number;
  readonly histograms: number;
  readonly liveBins: number;
  readonly binCounts: number;
  /** 0: no feature is categorical. */
  readonly categoryCounts: number;
  readonly maxNodes: number;
  readonly histogramCount: number;
  readonly segments: number;
}

/** A tree that is being grown: a call for each member of its team, whose words are 0 before every call. */
export interface StartedTree {
  readonly tasks: readonly Task[];
  readonly team: ArenaBlock<'i32'>;
  /** What became of its nodes, once it is grown. */
  readonly grown: TreeGrowing;
}

/**
 * Grows trees side by side, each with a memory of its own. The event loop turns now and then.
 * @throws LanewiseError `cancelled` by the signal
 */
export async function growTrees(engine: Engine, trees: readonly StartedTree[], signal?: AbortSignal): Promise<void> {
  const breather = new Breather();
  for (let waiting = trees; waiting.length > 0; ) {
    for (const { team } of waiting) team.values.fill(0);
    const results = await engine.run(
      waiting.flatMap(({ tasks }) => tasks),
      signal,
    );
    let at = 0;
    waiting = waiting.filter(({ tasks }) => {
      // The first of a team says whether its tree is done.
      const more = results[at] !== 0;
      at += tasks.length;
      return more;
    });
    await breather.breathe(signal);
  }
}

/** How a node was split. */
export interface GrownSplit {
  /** Left child; the right one is next. */
  readonly child: number;
  readonly gain: number;
  readonly feature: number;
  /** Last bin that goes left; −1: a set of categories. */
  readonly bin: number;
  readonly missingLeft: boolean;
  readonly leftRows: number;
}

/** Grows whole trees from rows in memory, one kernel call a thread: tree_grow_u8. */
export class TreeGrowing implements Disposable {
  readonly #members: number;
  readonly #nodes: ArenaBlock<'f64'>;
  readonly #sets: ArenaBlock<'u32'>;
  readonly #state: ArenaBlock<'i32'>;
  readonly #team: ArenaBlock<'i32'>;
  readonly #allowed: ArenaBlock<'u8'>;
  readonly #bundles: ArenaBlock<'i32'> | undefined;
  readonly #owned: Disposable[] = [];
  /** The arguments of a call that no tree changes, in their order: `start` puts the others between them. */
  readonly #before: readonly number[];
  readonly #after: readonly number[];
  readonly #limits: readonly number[];
  readonly #shape: readonly number[];

  constructor(engine: Engine, rows: RowStore, window: RowWindow, room: TreeRoom, limits: TreeLimits) {
    const { arena } = engine;
    const { layout, threads, segmentRows } = rows;
    const { featureCount, columnCount } = layout;
    const own = <D extends 'f64' | 'u32' | 'i32' | 'u8'>(dtype: D, length: number): ArenaBlock<D> => {
      try {
        const block = new ArenaBlock(arena, dtype, length);
        this.#owned.push(block);
        return block;
      } catch (error) {
        // There is no room for it: what is already there is given back.
        this[Symbol.dispose]();
        throw error;
      }
    };
    this.#members = threads;
    this.#nodes = own('f64', GROWN_NODE * room.maxNodes);
    this.#sets = own('u32', SET_WORDS * room.maxNodes);
    this.#state = own('i32', GROWING_STATE + room.histogramCount);
    this.#team = own('i32', TEAM_WORDS);
    this.#allowed = own('u8', featureCount);
    this.#bundles = layout.bundles && own('i32', BUNDLE_WORDS * featureCount);
    this.#bundles?.values.set(bundleWords(layout));
    const partials = own('f64', (threads - 1) * columnCount * HISTOGRAM_STRIDE).offset;
    const found = [
      own('f64', 4 * featureCount),
      own('i32', 2 * featureCount),
      own('u32', 2 * SET_WORDS * featureCount),
    ];
    const scratch = own('u8', threads * GROWING_SCRATCH).offset;
    const parted = own('u32', threads * (segmentRows + 16)).offset;
    this.#before = [
      ...[window.bins, window.packed, window.order, room.ranges, room.histograms],
      ...[this.#nodes, this.#sets, this.#state, this.#team].map(({ offset }) => offset),
      ...[room.liveBins, room.binCounts, room.categoryCounts],
    ];
    this.#after = [partials, ...found.map(({ offset }) => offset), scratch, parted];
    const { l1, l2, maxDeltaStep, minHessian, minSamples, minGain, categories } = limits;
    const { smooth, l2: setL2, maxThreshold, minPerGroup, maxToOnehot } = categories;
    this.#limits = [
      ...[l1, l2, maxDeltaStep, minHessian, minSamples, minGain, smooth, setL2, maxThreshold, minPerGroup, maxToOnehot],
      ...[limits.maxDepth, BUDGET, limits.maxLeafNodes, limits.growPolicy === 'depthwise' ? 1 : 0],
    ];
    this.#shape = [
      ...[window.rowCount, layout.rowBytes, window.groupBytes, layout.groupColumns, columnCount, featureCount],
      ...[room.segments, segmentRows, room.maxNodes, room.histogramCount],
    ];
  }

  /** A tree to be grown from the rows that stand in the ranges of node 0. `allowed`: by feature, 0: it is left out. */
  start(
    units: Units,
    { allowed, follows, everyRow }: { allowed?: Uint8Array; follows: boolean; everyRow: boolean },
  ): StartedTree {
    if (allowed) this.#allowed.values.set(allowed);
    this.#state.values.fill(0);
    const masks = [allowed ? this.#allowed.offset : 0, this.#bundles?.offset ?? 0];
    const tasks = Array.from({ length: this.#members }, (_, member): Task => {
      const values = [
        ...[...this.#before, ...masks, ...this.#after, units.gradient, units.hessian, ...this.#limits],
        ...[follows ? 1 : 0, everyRow ? 1 : 0, ...this.#shape, member, this.#members, isNode() ? 1 : 0],
      ];
      return { kernel: 'tree_grow_u8', values };
    });
    return { tasks, team: this.#team, grown: this };
  }

  /** How a node was split; undefined: it is a leaf. */
  splitOf(node: number): GrownSplit | undefined {
    const numbers = this.#nodes.values;
    const at = GROWN_NODE * node;
    const child = numbers[at + NODE_CHILD]!;
    if (child === 0) return undefined;
    return {
      child,
      gain: numbers[at + NODE_GAIN]!,
      feature: numbers[at + NODE_FEATURE]!,
      bin: numbers[at + NODE_BIN]!,
      missingLeft: numbers[at + NODE_MISSING_LEFT] === 1,
      leftRows: numbers[at + NODE_LEFT_ROWS]!,
    };
  }

  /** Where a node's set of categories stands, a bit each. */
  get sets(): Uint32Array {
    return this.#sets.values;
  }

  [Symbol.dispose](): void {
    for (const block of this.#owned.splice(0)) block[Symbol.dispose]();
  }
}

function bundleWords({ bundles }: GroupLayout): number[] {
  return bundles!.features.flatMap(({ column, first, binCount, usual }) => [column, first, binCount, usual]);
}
