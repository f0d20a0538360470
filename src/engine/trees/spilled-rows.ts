import { LEAF_BLOCK_ROWS } from '../../kernels/tree-building.js';
import type { Engine } from '../engine.js';
import { type RowPart, type RowStore, type RowWindow, segmentRowsFor, type Uses } from './row-store.js';
import type { SpillFile } from './spill-file-node.js';
import { treeThreads } from './tree-threads.js';
import { ArenaBlock, type GroupLayout } from './trees.js';

/** A window with what the losses are computed from; offsets are bytes of the engine's memory. */
export interface SpilledWindow extends RowWindow {
  /** One f64 a row, target by target, `outputBytes` a target. */
  readonly targets: number;
  /** One f64 a row, where rows have some; else 0. */
  readonly weights: number;
  /** One u8 a row: see `Role`. */
  readonly roles: number;
  /** Raw predictions, output by output: f64, `outputBytes` an output. */
  readonly raw: number;
  /** log Σ e^raw over the outputs, one f64 a row, where it is asked for; else 0. */
  readonly normalizers: number;
  /** The list of each row, one f64 a row, where there are lists; else 0. */
  readonly groups: number;
  /** What dropped trees predict, output by output as `raw`, where trees are dropped; else 0. */
  readonly dropped: number;
  readonly outputBytes: number;
}

/** What a row is there for. `rested`: learnt from, though not by the tree at hand. */
export const Role = { learnt: 0, following: 1, left: 2, rested: 3 } as const;

export interface SpilledSizes {
  readonly rowCount: number;
  readonly layout: GroupLayout;
  readonly outputs: number;
  readonly targets: number;
  readonly weighted: boolean;
  /** true: the derivatives by each output are functions of all of them, through their normalizers. */
  readonly normalizes: boolean;
  /** true: each row is of a list. */
  readonly grouped: boolean;
  /** true: what dropped trees predict is kept of each row. */
  readonly drops: boolean;
  /** Bytes of memory that windows may take. */
  readonly memory: number;
}

/** A part of the rows: where it lies in a window of memory and, times the windows before, in the file. */
interface Section {
  readonly start: number;
  readonly bytesPerRow: number;
}

/** Room for one window. */
interface Slot {
  readonly memory: ArenaBlock<'u8'>;
  window: number;
  readonly loaded: Set<RowPart>;
  readonly changed: Set<RowPart>;
  /** Reading or writing that goes on. It never fails: a failure waits in `failure`. */
  busy: Promise<void> | undefined;
  failure: unknown;
}

const EMPTY = -1;

/**
 * Rows in a file, of which two windows are in memory: the one that is worked on, and the one before it, whose changes are
 * written out while the next one is read ahead.
 */
export class SpilledRows implements RowStore {
  readonly rowCount: number;
  readonly layout: GroupLayout;
  readonly windowCount: number;
  readonly windowRows: number;
  readonly threads: number;
  readonly segmentRows: number;
  /** Bytes of a row in the file. */
  readonly rowBytes: number;
  readonly #file: SpillFile;
  readonly #sections: ReadonlyMap<RowPart, Section>;
  readonly targets: number;
  readonly outputs: number;
  readonly #slots: readonly [Slot, Slot];
  #active = 0;

  constructor(engine: Engine, file: SpillFile, sizes: SpilledSizes) {
    const { rowCount, layout, outputs } = sizes;
    const parts = partsOf(sizes);
    this.rowBytes = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
    const most = Math.max(LEAF_BLOCK_ROWS, Math.floor(sizes.memory / 2 / this.rowBytes));
    const windows = Math.max(1, Math.ceil(rowCount / Math.floor(most / LEAF_BLOCK_ROWS) / LEAF_BLOCK_ROWS));
    this.threads = treeThreads(engine.threads, rowCount, layout.columnCount);
    this.segmentRows = segmentRowsFor(Math.ceil(rowCount / windows), this.threads);
    // Windows of equal size, which the segments fill.
    const segments = Math.max(1, Math.ceil(Math.ceil(rowCount / this.segmentRows) / windows));
    this.windowRows = segments * this.segmentRows;
    this.windowCount = Math.max(1, Math.ceil(rowCount / this.windowRows));
    this.rowCount = rowCount;
    this.layout = layout;
    this.outputs = outputs;
    this.targets = sizes.targets;
    this.#file = file;
    const sections = new Map<RowPart, Section>();
    let start = 0;
    for (const [part, bytesPerRow] of parts) {
      sections.set(part, { start, bytesPerRow });
      start += bytesPerRow * this.windowRows;
    }
    this.#sections = sections;
    const slot = (): Slot => ({
      memory: new ArenaBlock(engine.arena, 'u8', this.windowRows * this.rowBytes),
      window: EMPTY,
      loaded: new Set(),
      changed: new Set(),
      busy: undefined,
      failure: undefined,
    });
    const first = slot();
    try {
      this.#slots = [first, slot()];
    } catch (error) {
      first.memory[Symbol.dispose]();
      throw error;
    }
  }

  /** Bytes of the whole file. */
  get fileBytes(): number {
    return this.windowCount * this.windowRows * this.rowBytes;
  }

  open(window: number, uses: Uses): SpilledWindow | Promise<SpilledWindow> {
    const slot = this.#slots[this.#active]!;
    const there = slot.window === window && !slot.busy && uses.read.every((part) => this.#has(slot, part));
    if (!there) return this.#bring(window, uses);
    return this.#use(slot, uses);
  }

  async #bring(window: number, uses: Uses): Promise<SpilledWindow> {
    let slot = this.#slots[this.#active]!;
    if (slot.window !== window) {
      const before = slot;
      this.#begin(before, () => this.#writeChanges(before));
      this.#active = 1 - this.#active;
      slot = this.#slots[this.#active]!;
      await this.#settle(slot);
      if (slot.window !== window) {
        // Only where rows are not visited in order: what the slot holds was never written out.
        await this.#writeChanges(slot);
        this.#forget(slot, window);
      }
    }
    await this.#settle(slot);
    await this.#load(slot, uses.read);
    const next = window + 1;
    const other = this.#slots[1 - this.#active]!;
    if (next < this.windowCount && uses.read.length > 0) {
      this.#begin(other, async () => {
        if (other.window !== next) this.#forget(other, next);
        await this.#load(other, uses.read);
      });
    }
    return this.#use(slot, uses);
  }

  #use(slot: Slot, uses: Uses): SpilledWindow {
    for (const part of uses.write) {
      if (!this.#sections.has(part)) continue;
      slot.loaded.add(part);
      slot.changed.add(part);
    }
    return this.#describe(slot);
  }

  #has(slot: Slot, part: RowPart): boolean {
    return slot.loaded.has(part) || !this.#sections.has(part);
  }

  #forget(slot: Slot, window: number): void {
    slot.window = window;
    slot.loaded.clear();
    slot.changed.clear();
  }

  /** Goes on with work on a slot, behind what goes on there already, without waiting for it. */
  #begin(slot: Slot, work: () => Promise<void>): void {
    const before = slot.busy;
    slot.busy = (async () => {
      await before;
      if (slot.failure === undefined) await work();
    })().catch((error) => {
      slot.failure = error;
    });
  }

  /** Waits for a slot's reading and writing. @throws what went wrong there. */
  async #settle(slot: Slot): Promise<void> {
    await slot.busy;
    slot.busy = undefined;
    if (slot.failure !== undefined) throw slot.failure;
  }

  async #load(slot: Slot, parts: readonly RowPart[]): Promise<void> {
    for (const part of parts) {
      if (this.#has(slot, part)) continue;
      const [bytes, position] = this.#place(slot, part);
      await this.#file.read(bytes, position);
      slot.loaded.add(part);
    }
  }

  async #writeChanges(slot: Slot): Promise<void> {
    for (const part of slot.changed) {
      const [bytes, position] = this.#place(slot, part);
      await this.#file.write(bytes, position);
    }
    slot.changed.clear();
  }

  #place(slot: Slot, part: RowPart): [Uint8Array, number] {
    const { start, bytesPerRow } = this.#sections.get(part)!;
    const position = slot.window * this.windowRows * this.rowBytes + start;
    return [slot.memory.values.subarray(start, start + bytesPerRow * this.windowRows), position];
  }

  #describe(slot: Slot): SpilledWindow {
    const firstRow = slot.window * this.windowRows;
    const at = (part: RowPart) => slot.memory.offset + (this.#sections.get(part)?.start ?? 0);
    return {
      firstRow,
      rowCount: Math.min(this.windowRows, this.rowCount - firstRow),
      bins: at('bins'),
      groupBytes: this.windowRows * this.layout.rowBytes,
      gradients: at('gradients'),
      hessians: at('hessians'),
      packed: at('packed'),
      order: at('order'),
      targets: at('targets'),
      weights: this.#sections.has('weights') ? at('weights') : 0,
      roles: at('roles'),
      raw: at('raw'),
      normalizers: this.#sections.has('normalizers') ? at('normalizers') : 0,
      groups: this.#sections.has('groups') ? at('groups') : 0,
      dropped: this.#sections.has('dropped') ? at('dropped') : 0,
      outputBytes: 8 * this.windowRows,
    };
  }

  /**
   * Copies what lies from byte `start` of a part of a window on, wherever it lies now: what sorted numbers are merged by, of
   * all windows at once.
   */
  async readPart(window: number, part: RowPart, start: number, into: Uint8Array): Promise<void> {
    const section = this.#sections.get(part)!.start + start;
    for (const slot of this.#slots) {
      await this.#settle(slot);
      if (slot.window === window && slot.loaded.has(part)) {
        into.set(slot.memory.values.subarray(section, section + into.length));
        return;
      }
    }
    await this.#file.read(into, window * this.windowRows * this.rowBytes + section);
  }

  get weighted(): boolean {
    return this.#sections.has('weights');
  }

  /** Waits until nothing is read or written any more, which would go into memory that has another owner. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const slot of this.#slots) await slot.busy;
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const slot of this.#slots) slot.memory[Symbol.dispose]();
  }
}

/** The parts and their bytes a row. */
function partsOf({
  layout,
  outputs,
  targets,
  weighted,
  normalizes,
  drops,
  grouped,
}: SpilledSizes): [RowPart, number][] {
  const parts: [RowPart, number][] = [
    ['bins', layout.groupCount * layout.rowBytes],
    ['targets', 8 * targets],
    ['raw', 8 * outputs],
    ['packed', 8],
    // Neighbours: between trees they are room for 8 bytes a row, as `packed` is.
    ['gradients', 4],
    ['hessians', 4],
    ['order', 4],
    ['roles', 1],
  ];
  if (weighted) parts.push(['weights', 8]);
  if (grouped) parts.push(['groups', 8]);
  if (drops) parts.push(['dropped', 8 * outputs]);
  if (normalizes) parts.push(['normalizers', 8]);
  return parts;
}
