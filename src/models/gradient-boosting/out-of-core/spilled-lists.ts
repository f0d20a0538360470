import type { Engine } from '../../../engine/engine.js';
import { type RowPart, resultsOnRows, type Uses } from '../../../engine/trees/row-store.js';
import type { SpillFile } from '../../../engine/trees/spill-file-node.js';
import { Role, type SpilledRows, type SpilledWindow } from '../../../engine/trees/spilled-rows.js';
import { ArenaBlock } from '../../../engine/trees/trees.js';
import { throwIfCancelled } from '../../../errors.js';
import { SORT_COUNTERS } from '../../../kernels/statistics.js';
import { idealsOf, type ListColumns, meanNdcg, RankedLists, TASK_ROWS } from '../lists.js';
import type { ListLoss } from '../loss.js';
import type { Scales } from '../scales.js';
import { SortedRuns } from './sorted-runs.js';
import { viewsOf } from './spilled-data.js';

/** Rows of a piece, but for the rest of its last lists. */
const PIECE_ROWS = 16_384;
/** The top bit of a place in `places`: a list begins here. */
const BEGINS = 0x8000_0000;
const SORT: Uses = { read: ['roles', 'groups'], write: ['packed', 'gradients', 'hessians'] };
const SCATTER: Uses = { read: [], write: ['gradients', 'hessians'] };

/** Lists that are in memory at once; their rows may lie in any window. */
interface Piece {
  /** Rows of the pieces before. */
  readonly first: number;
  readonly rows: number;
  /** Lists of the pieces before, and its own. */
  readonly firstList: number;
  readonly lists: number;
  /** Measured on, and not learnt from. */
  readonly following: boolean;
  /** By window, where its rows begin among the piece's ascending rows; behind the last, their number. */
  readonly starts: Uint32Array;
}

/** Where in the file lies what is known of the pieces' rows: bytes a row before it. */
const Region = { rows: 0, places: 4, raw: 8, gains: 16, gradients: 24, hessians: 28, weights: 32 } as const;

/**
 * Ranked lists of rows in a file. Rows are sorted by their lists once (windows one by one, then merged), and the lists cut
 * into pieces that fit into memory. What is computed from lists goes through a second file, in which the rows of a piece
 * lie together, ascending: each window leaves its predictions there and fetches its derivatives from there.
 */
export class SpilledLists implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #rows: SpilledRows;
  readonly #file: SpillFile;
  readonly #loss: ListLoss;
  readonly #pieceRows: number;
  readonly #pieces: Piece[] = [];
  #count = 0;
  #listCount = 0;
  /** Predictions have changed since they were left in the file. */
  #outdated = true;

  private constructor(engine: Engine, rows: SpilledRows, file: SpillFile, loss: ListLoss) {
    this.#engine = engine;
    this.#rows = rows;
    this.#file = file;
    this.#loss = loss;
    this.#pieceRows = Math.max(PIECE_ROWS, 2 * TASK_ROWS * engine.threads);
  }

  /** Takes the file over. */
  static async of(
    engine: Engine,
    rows: SpilledRows,
    file: SpillFile,
    loss: ListLoss,
    signal?: AbortSignal,
  ): Promise<SpilledLists> {
    const lists = new SpilledLists(engine, rows, file, loss);
    try {
      await file.reserve(lists.#bytesOfRows * rows.rowCount);
      for (const following of [false, true]) await lists.#cut(following, await lists.#sort(following, signal));
      await lists.#leave('targets', Region.gains, signal);
      if (rows.weighted) await lists.#leave('weights', Region.weights, signal);
      await lists.#leaveIdeals(signal);
      return lists;
    } catch (error) {
      await lists[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** To be called when predictions change. */
  outdate(): void {
    this.#outdated = true;
  }

  /** LambdaRank's derivatives of every row, which go into the windows; 0 for rows that are not learnt from. */
  async derive(scales: Scales, signal?: AbortSignal): Promise<void> {
    await this.#eachPiece(false, 'truncation', signal, async (piece, lists, columns) => {
      using gradients = new ArenaBlock(this.#engine.arena, 'f32', piece.rows);
      using hessians = new ArenaBlock(this.#engine.arena, 'f32', piece.rows);
      const to = { gradients: gradients.offset, hessians: hessians.offset, ...scales };
      gradients.values.fill(0);
      hessians.values.fill(0);
      await lists.derive(columns, to, this.#loss, signal);
      await this.#file.write(bytesOf(gradients.values.slice()), this.#at(Region.gradients, 4, piece.first));
      await this.#file.write(bytesOf(hessians.values.slice()), this.#at(Region.hessians, 4, piece.first));
    });
    await this.#eachWindow(SCATTER, signal, async (window, index) => {
      const views = () => viewsOf(this.#engine, window);
      views().gradients.fill(0);
      views().hessians.fill(0);
      for (const piece of this.#pieces) {
        if (piece.following) continue;
        const [from, rows] = await this.#rowsOf(piece, index);
        if (rows.length === 0) continue;
        const derivatives = new Float32Array(rows.length);
        for (const part of ['gradients', 'hessians'] as const) {
          await this.#file.read(bytesOf(derivatives), this.#at(Region[part], 4, piece.first + from));
          const to = views()[part];
          for (let i = 0; i < rows.length; i++) to[rows[i]! - window.firstRow] = derivatives[i]!;
        }
      }
    });
  }

  /** The weighted mean NDCG of the lists learnt from, or of those that follow. */
  async ndcg(following: boolean, signal?: AbortSignal): Promise<number> {
    const sums: number[] = [];
    let total = 0;
    await this.#eachPiece(following, 'evalAt', signal, async (_, lists, columns) => {
      sums.push(...(await lists.ndcgSums(columns, this.#loss.evalAt, signal)));
      total = lists.addWeights(total);
    });
    return meanNdcg(sums, total);
  }

  /** Sorts each window's rows by their lists where its quantised gradients lie: how many there are, window by window. */
  async #sort(following: boolean, signal?: AbortSignal): Promise<number[]> {
    const counts: number[] = [];
    await this.#eachWindow(SORT, signal, async (window) => {
      const { roles, groups } = viewsOf(this.#engine, window);
      const { buffer } = this.#engine.arena.memory;
      const lists = new Float64Array(buffer, window.packed, window.rowCount);
      const rows = new Float64Array(buffer, window.gradients, window.rowCount);
      let count = 0;
      for (let row = 0; row < roles.length; row++) {
        if (roles[row] === Role.left || (roles[row] === Role.following) !== following) continue;
        lists[count] = groups![row]!;
        rows[count++] = window.firstRow + row;
      }
      counts.push(count);
      if (count < 2) return;
      using scratch = new ArenaBlock(this.#engine.arena, 'f64', 2 * count + SORT_COUNTERS);
      const values = [window.packed, window.gradients, scratch.offset, count];
      await resultsOnRows(this.#engine, this.#rows, [{ kernel: 'values_sort_f64', values }], signal);
    });
    return counts;
  }

  /** Cuts the lists into pieces, which end where a part of `RankedLists` would. */
  async #cut(following: boolean, counts: readonly number[]): Promise<void> {
    let rows: number[] = [];
    let begins = new Set<number>();
    let inPart = 0;
    let list = Number.NaN;
    const runs = new SortedRuns(
      this.#engine,
      this.#rows,
      counts.map((count) => [0, count]),
      true,
    );
    await runs.eachBlock(async (block) => {
      const sorted = await block.sorted();
      const [groups, members] = [sorted.values.slice(), sorted.weights!.slice()];
      for (let i = 0; i < groups.length; i++) {
        if (groups[i] !== list) {
          list = groups[i]!;
          if (inPart >= TASK_ROWS) {
            inPart = 0;
            if (rows.length >= this.#pieceRows) {
              await this.#addPiece(following, rows, begins);
              rows = [];
              begins = new Set();
            }
          }
          begins.add(rows.length);
        }
        rows.push(members[i]!);
        inPart++;
      }
      return true;
    });
    if (rows.length > 0) await this.#addPiece(following, rows, begins);
  }

  /** `rows`: list by list; `begins`: places at which a list begins. */
  async #addPiece(following: boolean, rows: readonly number[], begins: ReadonlySet<number>): Promise<void> {
    const first = this.#count;
    this.#count += rows.length;
    const { windowRows, windowCount } = this.#rows;
    const byRow = Float64Array.from(rows, (row, place) => row * rows.length + place).sort();
    const ascending = new Uint32Array(rows.length);
    const places = new Uint32Array(rows.length);
    const starts = new Uint32Array(windowCount + 1);
    byRow.forEach((key, index) => {
      const place = key % rows.length;
      ascending[index] = (key - place) / rows.length;
      places[place] = begins.has(place) ? index + BEGINS : index;
      starts[Math.floor(ascending[index]! / windowRows) + 1]!++;
    });
    for (let window = 0; window < windowCount; window++) starts[window + 1]! += starts[window]!;
    this.#pieces.push({ first, rows: rows.length, firstList: this.#listCount, lists: begins.size, following, starts });
    this.#listCount += begins.size;
    await this.#file.write(bytesOf(ascending), this.#at(Region.rows, 4, first));
    await this.#file.write(bytesOf(places), this.#at(Region.places, 4, first));
  }

  /** Every window leaves a number of each of its rows in the file. */
  async #leave(part: 'raw' | 'targets' | 'weights', region: number, signal?: AbortSignal): Promise<void> {
    const read: readonly RowPart[] = [part];
    await this.#eachWindow({ read, write: [] }, signal, async (window, index) => {
      for (const piece of this.#pieces) {
        const [from, rows] = await this.#rowsOf(piece, index);
        if (rows.length === 0) continue;
        const column = new Float64Array(this.#engine.arena.memory.buffer, window[part], window.rowCount);
        const values = Float64Array.from(rows, (row) => column[row - window.firstRow]!);
        await this.#file.write(bytesOf(values), this.#at(region, 8, piece.first + from));
      }
    });
  }

  /** The greatest DCGs stay what they are, round after round. */
  async #leaveIdeals(signal?: AbortSignal): Promise<void> {
    for (const piece of this.#pieces) {
      const lists = await this.#listsOf(piece);
      const gains = await this.#column(piece, Region.gains);
      for (const places of piece.following ? (['evalAt'] as const) : (['truncation', 'evalAt'] as const)) {
        const ideals = idealsOf(lists, gains, this.#loss[places]);
        await this.#file.write(bytesOf(ideals), this.#idealsAt(piece, places));
      }
      throwIfCancelled(signal);
    }
  }

  async #column({ first, rows }: Piece, region: number): Promise<Float64Array> {
    const values = new Float64Array(rows);
    await this.#file.read(bytesOf(values), this.#at(region, 8, first));
    return values;
  }

  /** The rows of a piece that lie in a window, ascending, and how many of the piece's come before. */
  async #rowsOf({ first, starts }: Piece, window: number): Promise<[from: number, rows: Uint32Array]> {
    const from = starts[window]!;
    const rows = new Uint32Array(starts[window + 1]! - from);
    if (rows.length > 0) await this.#file.read(bytesOf(rows), this.#at(Region.rows, 4, first + from));
    return [from, rows];
  }

  /** Brings one piece after the other into memory. `places`: which count for the greatest DCG. */
  async #eachPiece(
    following: boolean,
    places: 'truncation' | 'evalAt',
    signal: AbortSignal | undefined,
    work: (piece: Piece, lists: RankedLists, columns: ListColumns) => Promise<void>,
  ): Promise<void> {
    if (this.#outdated) await this.#leave('raw', Region.raw, signal);
    this.#outdated = false;
    const { arena } = this.#engine;
    for (const piece of this.#pieces) {
      if (piece.following !== following) continue;
      using raw = new ArenaBlock(arena, 'f64', piece.rows);
      using gains = new ArenaBlock(arena, 'f64', piece.rows);
      using weights = new ArenaBlock(arena, 'f64', this.#rows.weighted ? piece.rows : 0);
      raw.values.set(await this.#column(piece, Region.raw));
      gains.values.set(await this.#column(piece, Region.gains));
      const ownWeights = this.#rows.weighted ? await this.#column(piece, Region.weights) : undefined;
      if (ownWeights) weights.values.set(ownWeights);
      const ideals = new Float64Array(piece.lists);
      await this.#file.read(bytesOf(ideals), this.#idealsAt(piece, places));
      using lists = new RankedLists(this.#engine, await this.#listsOf(piece), ownWeights, ideals);
      const at = { raw: raw.offset, gains: gains.offset, weights: ownWeights ? weights.offset : 0 };
      const columns = { ...at, rowCount: piece.rows };
      await work(piece, lists, columns);
      throwIfCancelled(signal);
    }
  }

  /** The rows of each list, counted among the piece's ascending rows. */
  async #listsOf({ first, rows }: Piece): Promise<Uint32Array[]> {
    const places = new Uint32Array(rows);
    await this.#file.read(bytesOf(places), this.#at(Region.places, 4, first));
    const begins: number[] = [];
    places.forEach((place, at) => {
      if (place >= BEGINS) begins.push(at);
    });
    return begins.map((begin, list) => places.slice(begin, begins[list + 1]).map((place) => place & ~BEGINS));
  }

  async #eachWindow(
    uses: Uses,
    signal: AbortSignal | undefined,
    work: (window: SpilledWindow, index: number) => Promise<void>,
  ): Promise<void> {
    for (let index = 0; index < this.#rows.windowCount; index++) {
      await work(await this.#rows.open(index, uses), index);
      throwIfCancelled(signal);
    }
  }

  /** Behind all rows: list by list one f64, and once more for the other count of places. */
  #idealsAt({ firstList }: Piece, places: 'truncation' | 'evalAt'): number {
    const lists = firstList + (places === 'evalAt' ? this.#listCount : 0);
    return this.#bytesOfRows * this.#rows.rowCount + 8 * lists;
  }

  get #bytesOfRows(): number {
    return this.#rows.weighted ? 40 : 32;
  }

  /** Where in the file the number of a row lies. */
  #at(region: number, bytes: number, row: number): number {
    return region * this.#rows.rowCount + bytes * row;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file[Symbol.asyncDispose]();
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
