import { type ArrayOf, type Dtype, dtypes } from '../../kernels/contract.js';
import { GROUP_FEATURES, MISSING_BIN, ROW_BYTES } from '../../kernels/tree-building.js';
import { countCopy } from '../adopt.js';
import type { Arena } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { Breather } from '../turn.js';
import { type BundledFeature, type Bundles, bundledBin, featureBin } from './bundles.js';

/** Rows of one task: at most this many, so that the event loop turns often and compiled code tiers up early. */
const BLOCK_ROWS = 65_536;

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
  readonly values: Float64Array;
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

const CELL_BYTES = 4_096;

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
  for (let feature = 0; feature < columns.length; feature++) {
    const [group, slot] = placeOf(layout, feature);
    const rows = place.bins + group * place.groupBytes + firstRow * layout.rowBytes;
    const bundled = layout.bundles?.features[feature];
    if (bundled && bundled.first > 0) {
      encodeBundled(engine, columns[feature]!, bundled, { rows, slot, rowBytes: layout.rowBytes });
      await breather.breathe(signal);
    } else await encodeColumn(engine, columns[feature]!, { rows, slot, rowBytes: layout.rowBytes }, signal);
  }
}

async function encodeColumn(
  engine: Engine,
  column: ColumnToBin,
  { rows, slot, rowBytes }: { rows: number; slot: number; rowBytes: number },
  signal?: AbortSignal,
): Promise<void> {
  const { arena } = engine;
  const { length } = column.values;
  using scope = arena.scope();
  const inPlace = length > 0 && arena.holds(column.values);
  if (!inPlace && length > 0 && !column.derived) countCopy(engine, column.values.byteLength, `column "${column.name}"`);
  const values = inPlace ? column.values : scope.copy('f64', column.values);
  const edges = scope.copy('f64', column.edges);
  const blocks = Math.ceil(length / BLOCK_ROWS);
  const cells = scope.allocate('u8', Math.max(1, blocks) * CELL_BYTES).byteOffset;
  const tasks: Task[] = Array.from({ length: blocks }, (_, block) => {
    const start = block * BLOCK_ROWS;
    const out = rows + start * rowBytes;
    const count = Math.min(BLOCK_ROWS, length - start);
    const offsets = [values.byteOffset + 8 * start, 0, edges.byteOffset, out, cells + block * CELL_BYTES];
    return { kernel: 'bins_encode_f64', values: [...offsets, 0, column.edges.length, slot, rowBytes, count] };
  });
  await engine.run(tasks, signal);
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
