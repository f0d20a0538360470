import { type ArrayOf, type Dtype, dtypes } from '../../kernels/contract.js';
import { EDGE_PLACES, ENCODE_SCRATCH } from '../../kernels/tree-binning.js';
import { GROUP_FEATURES, MISSING_BIN, ROW_BYTES } from '../../kernels/tree-building.js';
import { countCopy } from '../adopt.js';
import type { Arena, Scope } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { Breather } from '../turn.js';
import { type BundledFeature, type Bundles, bundledBin, featureBin } from './bundles.js';
import { treeThreads } from './tree-threads.js';

/** Rows of one task that reads a column where it lies: at most this many, so that the event loop turns often. */
const BLOCK_ROWS = 65_536;
/** Rows of one task whose values are copied for it: those of a group's columns stay in a second-level cache. */
const COPIED_ROWS = 8_192;

/** A block of the arena whose view outlives the growth of an unshared memory, which detaches views. */
export class ArenaBlock<D extends Dtype> implements Disposable {
  readonly offset: number;
  readonly length: number;
  readonly #arena: Arena;
  readonly #dtype: D;
  #view: ArrayOf<D>;

  constructor(arena: Arena, dtype: D, length: number) {
    this.#arena = arena;
    this.#dtype = dtype;
    this.#view = arena.allocate(dtype, length);
    this.offset = this.#view.byteOffset;
    this.length = length;
  }

  get values(): ArrayOf<D> {
    if (this.#view.length !== this.length) {
      const array = dtypes[this.#dtype].array;
      this.#view = new array(this.#arena.memory.buffer, this.offset, this.length) as ArrayOf<D>;
    }
    return this.#view;
  }

  [Symbol.dispose](): void {
    this.#arena.free({ byteOffset: this.offset });
  }
}

/** Some elements of a block. */
export class ArenaPart<D extends Dtype> {
  readonly offset: number;
  readonly #block: ArenaBlock<D>;
  readonly #start: number;
  readonly #length: number;

  constructor(block: ArenaBlock<D>, start: number, length: number) {
    this.offset = block.offset + start * block.values.BYTES_PER_ELEMENT;
    this.#block = block;
    this.#start = start;
    this.#length = length;
  }

  get values(): ArrayOf<D> {
    return this.#block.values.subarray(this.#start, this.#start + this.#length) as ArrayOf<D>;
  }
}

/** A column to bin: NaN is missing, edges ascend (at most 254). */
export interface ColumnToBin {
  readonly name: string;
  readonly values: Float64Array | Float32Array;
  readonly edges: Float64Array;
  /** true: the values were computed for this, so putting them into the memory is no copy of anyone's column. */
  readonly derived?: boolean;
}

/** Bytes a value that rows of 16 bytes may cost: below, they are padded for the sake of aligned loads. */
const MOST_BYTES = 1.3;

/** How columns of bins lie in groups: one a feature, but where features are bundled. */
export interface GroupLayout {
  readonly featureCount: number;
  readonly columnCount: number;
  readonly groupCount: number;
  /** Bytes of a row of a group. */
  readonly rowBytes: number;
  /** Columns of each group; of the last, what is left. */
  readonly groupColumns: number;
  readonly bundles?: Bundles;
}

/** Groups of 14 features but for the last, in rows of 16 bytes. */
export function wideLayout(featureCount: number): GroupLayout {
  const groupCount = Math.ceil(featureCount / GROUP_FEATURES);
  return {
    featureCount,
    columnCount: featureCount,
    groupCount,
    rowBytes: ROW_BYTES,
    groupColumns: GROUP_FEATURES,
  };
}

/** Groups of the same size but for the last, in rows no wider than memory allows: at most 1.3 bytes a value. */
export function evenLayout(featureCount: number, bundles?: Bundles): GroupLayout {
  const columnCount = bundles?.columnCount ?? featureCount;
  const groupCount = Math.ceil(columnCount / GROUP_FEATURES);
  const groupColumns = Math.ceil(columnCount / groupCount);
  const fits = [ROW_BYTES, 12, 8, 4].find((bytes) => {
    return bytes >= groupColumns && groupCount * bytes <= MOST_BYTES * columnCount;
  });
  const rowBytes = fits ?? groupColumns;
  return { featureCount, columnCount, groupCount, rowBytes, groupColumns, ...(bundles && { bundles }) };
}

/** Binned features, row-major in groups; row r of the table is row `firstRow + r` here. */
export class BinnedRows implements Disposable {
  readonly rowCount: number;
  readonly featureCount: number;
  readonly layout: GroupLayout;
  readonly #engine: Engine;
  readonly #bins: ArenaBlock<'u8'>;

  constructor(engine: Engine, rowCount: number, featureCount: number, layout = wideLayout(featureCount)) {
    this.#engine = engine;
    this.rowCount = rowCount;
    this.featureCount = featureCount;
    this.layout = layout;
    this.#bins = new ArenaBlock(engine.arena, 'u8', layout.groupCount * rowCount * layout.rowBytes);
    this.#bins.values.fill(0);
  }

  get groupCount(): number {
    return this.layout.groupCount;
  }

  /** Byte offset of a group's rows. */
  groupOffset(group: number): number {
    return this.#bins.offset + group * this.rowCount * this.layout.rowBytes;
  }

  /** The bin of one value, for tests and small work. */
  binAt(row: number, feature: number): number {
    const { rowBytes, bundles } = this.layout;
    const [group, slot] = placeOf(this.layout, feature);
    const found = this.#bins.values[(group * this.rowCount + row) * rowBytes + slot]!;
    return bundles ? featureBin(bundles.features[feature]!, found) : found;
  }

  /** Bins columns of equal length into rows firstRow … */
  async encode(columns: readonly ColumnToBin[], firstRow: number, signal?: AbortSignal): Promise<void> {
    const groupBytes = this.rowCount * this.layout.rowBytes;
    await encodeColumns(this.#engine, columns, this.layout, { bins: this.#bins.offset, groupBytes }, firstRow, signal);
  }

  [Symbol.dispose](): void {
    this.#bins[Symbol.dispose]();
  }
}

/** A column with a place in a group's rows. */
interface PlacedColumn {
  readonly column: ColumnToBin;
  readonly slot: number;
}

/** Bins columns of equal length into rows firstRow … of the groups that lie at `place`. */
export async function encodeColumns(
  engine: Engine,
  columns: readonly ColumnToBin[],
  layout: GroupLayout,
  place: { readonly bins: number; readonly groupBytes: number },
  firstRow: number,
  signal?: AbortSignal,
): Promise<void> {
  const breather = new Breather();
  const { rowBytes } = layout;
  const isShared = treeThreads(engine.threads, columns[0]?.values.length ?? 0, columns.length) > 1;
  const rowsOf = (group: number) => place.bins + group * place.groupBytes + firstRow * rowBytes;
  const groups: PlacedColumn[][] = Array.from({ length: layout.groupCount }, () => []);
  for (const [feature, column] of columns.entries()) {
    const [group, slot] = placeOf(layout, feature);
    const bundled = layout.bundles?.features[feature];
    if (bundled && bundled.first > 0) {
      encodeBundled(engine, column, bundled, { rows: rowsOf(group), slot, rowBytes });
      await breather.breathe(signal);
    } else groups[group]!.push({ column, slot });
  }
  for (const [group, members] of groups.entries()) {
    const copied = members.filter(
      ({ column: { values } }) => !(values instanceof Float64Array && engine.arena.holds(values)),
    );
    if (copied.length > 0) await encodeCopied(engine, copied, { rows: rowsOf(group), rowBytes, isShared }, signal);
    for (const member of members) {
      if (!copied.includes(member))
        await encodeInPlace(engine, member, { rows: rowsOf(group), rowBytes, isShared }, signal);
    }
  }
}

/** Where the first row to write lies in a group, and whether all threads take part. */
interface GroupPlace {
  readonly rows: number;
  readonly rowBytes: number;
  readonly isShared: boolean;
}

/** Where the kernel finds what it needs of some columns of a group, beside their values. */
function placeEdges(scope: Scope, members: readonly PlacedColumn[]): readonly number[] {
  const edges = scope.allocate('f64', EDGE_PLACES * members.length);
  members.forEach(({ column }, index) => {
    edges.set(column.edges, EDGE_PLACES * index);
  });
  const numbers = (of: (member: PlacedColumn) => number) => scope.copy('i32', members.map(of));
  const counts = numbers(({ column }) => column.edges.length);
  return [edges, counts, numbers(({ slot }) => slot)].map((array) => array.byteOffset);
}

/** A column that kernels can read where it lies. */
async function encodeInPlace(
  engine: Engine,
  member: PlacedColumn,
  { rows, rowBytes, isShared }: GroupPlace,
  signal?: AbortSignal,
): Promise<void> {
  const { values } = member.column;
  using scope = engine.arena.scope();
  const places = placeEdges(scope, [member]);
  const blocks = Math.ceil(values.length / BLOCK_ROWS);
  const scratch = scope.allocate('u8', blocks * ENCODE_SCRATCH).byteOffset;
  const tasks = Array.from({ length: blocks }, (_, block): Task => {
    const start = block * BLOCK_ROWS;
    const count = Math.min(BLOCK_ROWS, values.length - start);
    const own = [rows + start * rowBytes, scratch + block * ENCODE_SCRATCH, 1, count, rowBytes, count];
    return { kernel: 'bins_encode_f64', values: [values.byteOffset + 8 * start, ...places, ...own] };
  });
  await (isShared ? engine.run(tasks, signal) : engine.runAlone(tasks, signal));
}

/** Columns of a group that are copied block by block; with several threads, the next ones while these are encoded. */
async function encodeCopied(
  engine: Engine,
  members: readonly PlacedColumn[],
  { rows, rowBytes, isShared }: GroupPlace,
  signal?: AbortSignal,
): Promise<void> {
  const { length } = members[0]!.column.values;
  for (const { column } of members) {
    if (!column.derived) countCopy(engine, 8 * length, `column "${column.name}"`);
  }
  using scope = engine.arena.scope();
  const places = placeEdges(scope, members);
  const stride = Math.min(COPIED_ROWS, length);
  const atOnce = Math.min(isShared ? 2 * engine.threads : 1, Math.ceil(length / stride));
  const scratchBytes = ENCODE_SCRATCH * members.length;
  const scratch = scope.allocate('u8', atOnce * scratchBytes).byteOffset;
  const blockBytes = 8 * stride * members.length;
  const rooms = Array.from({ length: isShared ? 2 : 1 }, () => {
    return scope.allocate('u8', atOnce * blockBytes).byteOffset;
  });
  const batchRows = atOnce * stride;
  const roomOf = (start: number) => rooms[(start / batchRows) % rooms.length]!;
  const copyBatch = (start: number) => {
    const room = roomOf(start);
    for (let from = start, block = 0; from < Math.min(length, start + batchRows); from += stride, block++) {
      copyRows(engine, members, from, Math.min(length, from + stride), room + block * blockBytes, stride);
    }
  };
  for (let start = 0; start < length; start += batchRows) {
    if (start === 0 || !isShared) copyBatch(start);
    const tasks: Task[] = [];
    for (let from = start; from < Math.min(length, start + batchRows); from += stride) {
      const block = tasks.length;
      const offsets = [
        roomOf(start) + block * blockBytes,
        ...places,
        rows + from * rowBytes,
        scratch + block * scratchBytes,
      ];
      const sizes = [members.length, stride, rowBytes, Math.min(stride, length - from)];
      tasks.push({ kernel: 'bins_encode_f64', values: [...offsets, ...sizes] });
    }
    if (isShared) await engine.run(tasks, signal, () => copyBatch(start + batchRows));
    else await engine.runAlone(tasks, signal);
  }
}

/** Rows [start, end) of columns, one behind the other, `stride` values apart. */
function copyRows(
  { arena }: Engine,
  members: readonly PlacedColumn[],
  start: number,
  end: number,
  offset: number,
  stride: number,
): void {
  // A view of its own: that of an unshared memory ends when the memory grows.
  const room = new Float64Array(arena.memory.buffer, offset, stride * members.length);
  members.forEach(({ column }, index) => {
    room.set(column.values.subarray(start, end), index * stride);
  });
}

/** Writes what a feature says that is not usual into a column that it shares; the other rows are left alone. */
function encodeBundled(
  { arena }: Engine,
  { values, edges }: ColumnToBin,
  feature: BundledFeature,
  { rows, slot, rowBytes }: { rows: number; slot: number; rowBytes: number },
): void {
  const [above, atMost] = usualRange(edges, feature.usual);
  const bins = new Uint8Array(arena.memory.buffer, rows, values.length * rowBytes);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (!(value <= above) && value <= atMost) continue;
    let bin = MISSING_BIN;
    if (!Number.isNaN(value)) for (bin = 0; bin < edges.length && edges[bin]! < value; ) bin++;
    bins[row * rowBytes + slot] = bundledBin(feature, bin);
  }
}

/** The values of a bin: above the first, at most the second. −∞ lies in bin 0. */
export function usualRange(edges: Float64Array, bin: number): [number, number] {
  return [bin > 0 ? edges[bin - 1]! : Number.NaN, bin < edges.length ? edges[bin]! : Number.POSITIVE_INFINITY];
}

/** The group of a feature's column, and its place in the group's rows. */
export function placeOf({ groupColumns, bundles }: GroupLayout, feature: number): [number, number] {
  const column = bundles ? bundles.features[feature]!.column : feature;
  return [Math.floor(column / groupColumns), column % groupColumns];
}
