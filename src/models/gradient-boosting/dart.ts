import type { Engine } from '../../engine/engine.js';
import { stream } from '../../engine/random.js';
import type { Bag } from '../../engine/trees/row-sampling.js';
import type { TreeWorkspace } from '../../engine/trees/tree-workspace.js';
import { ArenaBlock } from '../../engine/trees/trees.js';
import { Breather } from '../../engine/turn.js';
import type { BoostingStart } from './continuation.js';
import { type GrownNode, leavesOf } from './grower.js';
import type { GradientBoostingParameters } from './parameters.js';
import { goesLeftOf, type Split } from './splitting.js';

/** Rows between two turns of the event loop. */
const BLOCK_ROWS = 65_536;

/** A tree as binned rows go down it. */
export interface DroppableTree {
  readonly split?: Pick<Split, 'feature' | 'bin' | 'missingLeft' | 'set'>;
  readonly left?: DroppableTree;
  readonly right?: DroppableTree;
  /** Of a leaf, learning rate included. */
  readonly value: number;
}

/** A round that is left out for a while, and what its trees count. */
export interface DroppedRound {
  /** One an output. */
  readonly trees: readonly DroppableTree[];
  readonly weight: number;
}

/** What dropped rounds predict of every row, wherever the rows lie. */
export interface DroppedSums {
  /** Adds up what these rounds predict, in their order, and takes it out of the raw predictions. */
  takeOut(rounds: readonly DroppedRound[], signal?: AbortSignal): Promise<void>;
  /** Adds the sums, times a factor, to the raw predictions. */
  putBack(factor: number, signal?: AbortSignal): Promise<void>;
}

export type DartParameters = Pick<GradientBoostingParameters, 'dropRate' | 'maxDrop' | 'skipDrop'> & {
  readonly seed: number;
};

/**
 * Dropouts meet multiple additive regression trees (Vinayak and Gilad-Bachrach, AISTATS 2015): each round is fitted with
 * some earlier rounds left out. With k of them left out, the new trees count 1/(k + 1) and those k/(k + 1) of what they
 * did, so that together they add up to no more than before. Parameters as LightGBM's, but every round is dropped with
 * the same chance.
 */
export class Dart {
  readonly #parameters: DartParameters;
  readonly #sums: DroppedSums;
  /** Rounds that are never dropped: those of a model that is gone on from. */
  readonly #before: number;
  readonly #rounds: (readonly DroppableTree[])[];
  /** The last of them, which are grown here. */
  readonly #grown: (readonly GrownNode[])[] = [];
  /** What each round's trees count. */
  readonly #weights: number[];
  #dropped: readonly number[] = [];

  constructor(sums: DroppedSums, parameters: DartParameters & { readonly start?: BoostingStart }) {
    const { start } = parameters;
    this.#sums = sums;
    this.#parameters = parameters;
    this.#rounds = [...(start?.droppable ?? [])];
    this.#before = (start?.rounds ?? 0) - this.#rounds.length;
    this.#weights = weightsAfter(this.#rounds.length, this.#before, parameters);
  }

  /** Takes some rounds' trees out of the raw predictions; returns what the trees of the new round will count. */
  async drop(iteration: number, signal?: AbortSignal): Promise<number> {
    this.#dropped = droppedRounds(this.#rounds.length, iteration, this.#parameters);
    if (this.#dropped.length === 0) return 1;
    const rounds = this.#dropped.map((round) => ({ trees: this.#rounds[round]!, weight: this.#weights[round]! }));
    await this.#sums.takeOut(rounds, signal);
    return 1 / (this.#dropped.length + 1);
  }

  /** Puts the dropped rounds back, at their new weight, beside the round that was grown without them. */
  async finish(trees: readonly GrownNode[], signal?: AbortSignal): Promise<void> {
    const count = this.#dropped.length;
    if (count > 0) await this.#sums.putBack(count / (count + 1), signal);
    addRound(this.#weights, this.#dropped);
    this.#rounds.push(trees);
    this.#grown.push(trees);
  }

  /**
   * Multiplies the leaves grown here by what their rounds counted after the best one, as what came later changed that;
   * returns what the rounds before, which may be dropped, counted then.
   */
  applyWeights(bestIteration: number): readonly number[] {
    const weights = weightsAfter(Math.max(0, bestIteration - this.#before), this.#before, this.#parameters);
    const earlier = this.#rounds.length - this.#grown.length;
    weights.slice(earlier).forEach((weight, round) => {
      for (const tree of this.#grown[round]!) for (const leaf of leavesOf(tree)) leaf.value *= weight;
    });
    return weights.slice(0, earlier);
  }
}

/**
 * What the trees of each round count after so many, which follows from the seed alone. `before`: rounds before the first of
 * them, which are never dropped.
 */
function weightsAfter(rounds: number, before: number, parameters: DartParameters): number[] {
  const weights: number[] = [];
  while (weights.length < rounds) {
    addRound(weights, droppedRounds(weights.length, before + weights.length + 1, parameters));
  }
  return weights;
}

/** A round that was grown while some were left out: what it counts, and these from now on. */
function addRound(weights: number[], dropped: readonly number[]): void {
  const count = dropped.length;
  for (const round of dropped) weights[round] = weights[round]! * (count / (count + 1));
  weights.push(1 / (count + 1));
}

/**
 * Raw predictions after some rounds, to the bits of the run that grew them: what was taken out and put back is rounded on
 * the way. `values`: what each round's tree predicts of the rows at hand; `raw`: what is predicted before the first round.
 */
export function replayRounds(
  raw: Float64Array,
  values: readonly Float64Array[],
  before: number,
  parameters: DartParameters,
): void {
  const weights: number[] = [];
  const sums = new Float64Array(raw.length);
  for (const own of values) {
    const dropped = droppedRounds(weights.length, before + weights.length + 1, parameters);
    sums.fill(0);
    for (const round of dropped) addTimes(sums, values[round]!, weights[round]!);
    if (dropped.length > 0) addTimes(raw, sums, -1);
    addTimes(raw, own, 1 / (dropped.length + 1));
    if (dropped.length > 0) addTimes(raw, sums, dropped.length / (dropped.length + 1));
    addRound(weights, dropped);
  }
}

function addTimes(to: Float64Array, values: Float64Array, factor: number): void {
  for (let row = 0; row < to.length; row++) to[row] = to[row]! + factor * values[row]!;
}

/** What boosting has: where rows, raw predictions and nodes of trees lie. */
export interface DartRows {
  readonly engine: Engine;
  readonly workspace: TreeWorkspace;
  /** Every row that raw predictions are kept of. */
  readonly rows: Bag;
  readonly rowCount: number;
  readonly outputs: number;
  /** Byte offset of an output's raw predictions, one f64 a row. */
  rawOf(output: number): number;
}

/** What dropped rounds predict of rows that all lie in memory. */
export class MemoryDroppedSums implements DroppedSums, Disposable {
  readonly #state: DartRows;
  /** Output by output. */
  readonly #sums: readonly ArenaBlock<'f64'>[];
  readonly #breather = new Breather();

  constructor(state: DartRows) {
    this.#state = state;
    const { engine, outputs, rowCount } = state;
    this.#sums = Array.from({ length: outputs }, () => new ArenaBlock(engine.arena, 'f64', rowCount));
  }

  async takeOut(rounds: readonly DroppedRound[], signal?: AbortSignal): Promise<void> {
    for (const [output, sums] of this.#sums.entries()) {
      sums.values.fill(0);
      for (const { trees, weight } of rounds) await this.#addTree(trees[output]!, weight, sums, signal);
    }
    await this.putBack(-1, signal);
  }

  async #addTree(tree: DroppableTree, weight: number, to: ArenaBlock<'f64'>, signal?: AbortSignal): Promise<void> {
    const { workspace, rows } = this.#state;
    const root = await workspace.begin(rows.training, rows.following);
    const visit = [{ node: tree, at: root }];
    const leaves: { at: typeof root; value: number }[] = [];
    while (visit.length > 0) {
      const { node, at } = visit.pop()!;
      if (!node.split) {
        leaves.push({ at, value: node.value * weight });
        continue;
      }
      const [left, right] = await workspace.partition(at, node.split.feature, goesLeftOf(node.split), signal);
      visit.push({ node: node.left!, at: left }, { node: node.right!, at: right });
    }
    await workspace.addToLeaves(
      leaves.map(({ at }) => at),
      leaves.map(({ value }) => value),
      ({ firstRow }) => to.offset + 8 * firstRow,
      signal,
    );
  }

  async putBack(factor: number, signal?: AbortSignal): Promise<void> {
    const { engine, rowCount, outputs } = this.#state;
    for (let output = 0; output < outputs; output++) {
      for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
        const end = Math.min(rowCount, start + BLOCK_ROWS);
        const raw = viewOf(engine, this.#state.rawOf(output), rowCount);
        const sums = this.#sums[output]!.values;
        for (let row = start; row < end; row++) raw[row] = raw[row]! + factor * sums[row]!;
        await this.#breather.breathe(signal);
      }
    }
  }

  [Symbol.dispose](): void {
    for (const block of this.#sums) block[Symbol.dispose]();
  }
}

/** Numbers in the engine's memory; the view does not outlive the growth of an unshared memory. */
export function viewOf(engine: Engine, offset: number, length: number): Float64Array {
  return new Float64Array(engine.arena.memory.buffer, offset, length);
}

/** The rounds (from 0) that are left out of a round, ascending. */
export function droppedRounds(rounds: number, iteration: number, parameters: DartParameters): readonly number[] {
  const { dropRate, maxDrop, skipDrop, seed } = parameters;
  const random = stream(seed, 'dart', iteration);
  if (random.uniform() < skipDrop) return [];
  const rate = Math.min(dropRate, maxDrop / rounds);
  const dropped: number[] = [];
  for (let round = 0; round < rounds && dropped.length < maxDrop; round++) {
    if (random.uniform() < rate) dropped.push(round);
  }
  return dropped;
}
