import type { Engine } from '../../../engine/engine.js';
import type { Uses } from '../../../engine/trees/row-store.js';
import { Role, type SpilledRows, type SpilledWindow } from '../../../engine/trees/spilled-rows.js';
import { type GroupLayout, placeOf } from '../../../engine/trees/trees.js';
import { Breather } from '../../../engine/turn.js';
import type { DroppableTree, DroppedRound, DroppedSums } from '../dart.js';
import { goesLeftOf } from '../splitting.js';
import { viewsOf } from './spilled-data.js';

/** Rows between two turns of the event loop. */
const BLOCK_ROWS = 65_536;
const BINS = 256;
const TAKE_OUT: Uses = { read: ['bins', 'roles', 'raw'], write: ['dropped', 'raw'] };
const PUT_BACK: Uses = { read: ['dropped', 'raw'], write: ['raw'] };

/** What dropped rounds predict of rows in a file: all of them in one pass, row by row down their trees. */
export class SpilledDroppedSums implements DroppedSums {
  readonly #engine: Engine;
  readonly #rows: SpilledRows;
  readonly #breather = new Breather();

  constructor(engine: Engine, rows: SpilledRows) {
    this.#engine = engine;
    this.#rows = rows;
  }

  async takeOut(rounds: readonly DroppedRound[], signal?: AbortSignal): Promise<void> {
    const { layout, outputs } = this.#rows;
    const walks = Array.from({ length: outputs }, (_, output) =>
      rounds.map(({ trees, weight }) => new TreeWalk(trees[output]!, weight, layout)),
    );
    for (let index = 0; index < this.#rows.windowCount; index++) {
      const window = await this.#rows.open(index, TAKE_OUT);
      const { roles, raw } = viewsOf(this.#engine, window);
      const { buffer } = this.#engine.arena.memory;
      const bins = new Uint8Array(buffer, window.bins, layout.groupCount * window.groupBytes);
      for (const [output, trees] of walks.entries()) {
        const [sums, predictions] = [this.#droppedOf(window, output), raw(output)];
        for (let start = 0; start < window.rowCount; start += BLOCK_ROWS) {
          const end = Math.min(window.rowCount, start + BLOCK_ROWS);
          sums.fill(0, start, end);
          for (const tree of trees) tree.add(bins, window.groupBytes, roles, sums, start, end);
          for (let row = start; row < end; row++) predictions[row] = predictions[row]! - sums[row]!;
          await this.#breather.breathe(signal);
        }
      }
    }
  }

  async putBack(factor: number, signal?: AbortSignal): Promise<void> {
    for (let index = 0; index < this.#rows.windowCount; index++) {
      const window = await this.#rows.open(index, PUT_BACK);
      const { raw } = viewsOf(this.#engine, window);
      for (let output = 0; output < this.#rows.outputs; output++) {
        const [sums, predictions] = [this.#droppedOf(window, output), raw(output)];
        for (let row = 0; row < sums.length; row++) predictions[row] = predictions[row]! + factor * sums[row]!;
      }
      await this.#breather.breathe(signal);
    }
  }

  #droppedOf({ dropped, outputBytes, rowCount }: SpilledWindow, output: number): Float64Array {
    return new Float64Array(this.#engine.arena.memory.buffer, dropped + output * outputBytes, rowCount);
  }
}

/** A grown tree as binned rows walk it: nodes in preorder, so that the left child is the next. */
class TreeWalk {
  /** By node: −1 for a leaf, else the right child. */
  readonly #right: number[] = [];
  /** By leaf what it adds; by split the group of its feature, and the place there. */
  readonly #value: number[] = [];
  readonly #group: number[] = [];
  readonly #place: number[] = [];
  readonly #goesLeft: Uint8Array[] = [];
  readonly #rowBytes: number;

  constructor(root: DroppableTree, weight: number, layout: GroupLayout) {
    this.#rowBytes = layout.rowBytes;
    const visit: { node: DroppableTree; parent: number }[] = [{ node: root, parent: -1 }];
    while (visit.length > 0) {
      const { node, parent } = visit.pop()!;
      const index = this.#value.push(node.split ? 0 : node.value * weight) - 1;
      if (parent >= 0) this.#right[parent] = index;
      this.#right.push(-1);
      const [group, place] = node.split ? placeOf(layout, node.split.feature) : [0, 0];
      this.#group.push(group);
      this.#place.push(place);
      const goesLeft = new Uint8Array(node.split ? BINS : 0);
      if (node.split) {
        goesLeft.set(goesLeftOf(node.split));
        visit.push({ node: node.right!, parent: index }, { node: node.left!, parent: -1 });
      }
      this.#goesLeft.push(goesLeft);
    }
  }

  /** Adds the tree's predictions of rows [start, end) of a window, but of those that are as if they were not there. */
  add(bins: Uint8Array, groupBytes: number, roles: Uint8Array, sums: Float64Array, start: number, end: number): void {
    const [rights, groups, places, goesLeft] = [this.#right, this.#group, this.#place, this.#goesLeft];
    for (let row = start; row < end; row++) {
      if (roles[row] === Role.left) continue;
      let node = 0;
      while (rights[node]! >= 0) {
        const bin = bins[groups[node]! * groupBytes + row * this.#rowBytes + places[node]!]!;
        node = goesLeft[node]![bin] === 1 ? node + 1 : rights[node]!;
      }
      sums[row] = sums[row]! + this.#value[node]!;
    }
  }
}
