import { defineKernel } from './contract.js';
import { realValues } from './gradient-descent.js';

/**
 * What the nodes of an ensemble ask of a row, as bytes. An input becomes one or more *planes*, a signed byte a row:
 *
 *   ranks    the number of the model's thresholds below the value, less 128. `value ≤ threshold[i]` is `rank ≤ i`, so a
 *            comparison of bytes decides as that of the numbers does. A plane has at most 255 thresholds; a missing value
 *            has the least rank (it goes left everywhere) or the greatest (right), so an input may have a plane of each.
 *   codes    a category in two planes: the byte of a set of 256 categories in which its bit lies (255: not in this set),
 *            and that bit. A value that is no category stands for the category behind the last.
 *
 * Numerical policy: comparisons are those of f64; nothing is rounded.
 */
export const PLANE_EDGES = 255;
/** Categories of a pair of code planes. */
export const PLANE_CODES = 256;

export const ranks_encode_f64 = defineKernel({
  name: 'ranks_encode_f64',
  family: 'scoring',
  summary: 'Writes the number of edges below every value of a column, less 128.',
  arguments: [
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'the column; NaN is missing' },
    { name: 'edges', role: 'in', dtype: 'f64', length: () => 260, meaning: 'ascending, no NaN; +Inf behind the last' },
    {
      name: 'cells',
      role: 'in',
      dtype: 'u8',
      length: (s) => s.cellCount!,
      meaning: 'edges in the cells before: of min(cellCount − 1, trunc(max(0, (value − low) · scale)))',
    },
    { name: 'ranks', role: 'out', dtype: 'i8', length: (s) => s.rowCount!, meaning: 'a plane' },
    {
      name: 'others',
      role: 'out',
      dtype: 'i8',
      length: (s) => s.rowCount!,
      meaning: 'a plane in which NaN has the opposite rank',
      optional: true,
    },
    { name: 'edgeCount', dtype: 'i32', meaning: 'edges, at most 255' },
    { name: 'cellCount', dtype: 'i32', meaning: 'cells; 0 with probes 0' },
    { name: 'low', dtype: 'f64', meaning: 'where the cells begin' },
    { name: 'scale', dtype: 'f64', meaning: 'cells a unit, above 0' },
    { name: 'probes', dtype: 'i32', meaning: 'edges in the fullest cell, at most 4; 0: the cells are not to be used' },
    { name: 'missing', dtype: 'i32', meaning: 'rank of NaN in ranks: −128 or 127' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    values,
    edges,
    _cells,
    ranks,
    others,
    edgeCount,
    _cellCount,
    _low,
    _scale,
    _probes,
    missing,
    rowCount,
  ) => {
    for (let row = 0; row < rowCount; row++) {
      const value = values[row]!;
      let [below, above] = [0, edgeCount];
      while (below < above) {
        const middle = (below + above) >>> 1;
        if (edges[middle]! < value) below = middle + 1;
        else above = middle;
      }
      ranks[row] = Number.isNaN(value) ? missing : below - 128;
      if (others) others[row] = Number.isNaN(value) ? ~missing : below - 128;
    }
  },
  inputs: (size, random, flavour) => {
    const values = realValues(size, random, flavour);
    const edgeCount = flavour === 'constant' ? 1 : flavour === 'ties' ? 2 : flavour === 'one-bin' ? 0 : PLANE_EDGES;
    const edges = realValues(edgeCount, random, 'plain');
    if (flavour === 'special') edges.set([Number.NEGATIVE_INFINITY, 5e-324, 1e300, Number.POSITIVE_INFINITY]);
    if (flavour === 'skewed') for (let i = 0; i < edgeCount; i += 2) edges[i]! *= 1e-9;
    edges.sort();
    for (let row = 0; row < size; row += 5) if (edgeCount > 0) values[row] = edges[random.integer(edgeCount)]!;
    if (flavour === 'nulls') for (let row = 0; row < size; row += 3) values[row] = Number.NaN;
    const { cells, low, scale, probes } = cellsOfEdges(edges);
    return {
      scalars: {
        ...{ edgeCount, cellCount: cells.length, low, scale, probes },
        missing: random.integer(2) === 0 ? -128 : 127,
        rowCount: size,
      },
      // An `out` buffer is absent where its entry is null.
      buffers: { values, edges: paddedEdges(edges), cells, ...(flavour === 'plain' ? { others: null } : {}) },
    };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 9 * s.rowCount! }),
  benchSize: 8192,
});

/** Edges as the kernel takes them: every search may look behind the last. */
export function paddedEdges(edges: Float64Array): Float64Array {
  const padded = new Float64Array(260).fill(Number.POSITIVE_INFINITY);
  padded.set(edges);
  return padded;
}

/** Cells of equal width over ascending edges, where no cell is too full; see `ranks_encode_f64`. */
export interface EdgeCells {
  readonly cells: Uint8Array;
  readonly low: number;
  readonly scale: number;
  readonly probes: number;
}

const MOST_PROBES = 4;

/** Why it is exact: the cell of a value never falls as the value grows, so edges in earlier cells are all below it. */
export function cellsOfEdges(edges: Float64Array): EdgeCells {
  for (const cellCount of [1024, 4096]) {
    const found = equalCells(edges, cellCount);
    if (found) return found;
  }
  return { cells: new Uint8Array(0), low: 0, scale: 1, probes: 0 };
}

function equalCells(edges: Float64Array, cellCount: number): EdgeCells | undefined {
  const finite = edges.filter((edge) => Math.abs(edge) < Number.POSITIVE_INFINITY);
  const [low, high] = [finite[0] ?? 0, finite.at(-1) ?? 0];
  const scale = high > low ? (cellCount - 1) / (high - low) : 1;
  if (!(scale > 0 && scale < 1e300)) return undefined;
  const counts = new Uint32Array(cellCount);
  for (const edge of edges) counts[Math.trunc(Math.min(cellCount - 1, Math.max(0, (edge - low) * scale)))]!++;
  const probes = counts.reduce((most, count) => Math.max(most, count), 1);
  if (probes > MOST_PROBES) return undefined;
  const cells = new Uint8Array(cellCount);
  let before = 0;
  counts.forEach((count, cell) => {
    cells[cell] = before;
    before += count;
  });
  return { cells, low, scale, probes };
}

export const codes_encode_f64 = defineKernel({
  name: 'codes_encode_f64',
  family: 'scoring',
  summary: 'Writes where the bit of every category of a column lies in a set of 256 categories.',
  arguments: [
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'the column' },
    { name: 'bytes', role: 'out', dtype: 'i8', length: (s) => s.rowCount!, meaning: 'a plane: 0 … 31, or −1' },
    { name: 'bits', role: 'out', dtype: 'i8', length: (s) => s.rowCount!, meaning: 'a plane: 1, 2, 4 … 128' },
    { name: 'firstCode', dtype: 'i32', meaning: 'first category of the set' },
    { name: 'codeCount', dtype: 'i32', meaning: 'categories; what is none of them stands for this one' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (values, bytes, bits, firstCode, codeCount, rowCount) => {
    for (let row = 0; row < rowCount; row++) {
      const value = values[row]!;
      const code = value >= 0 && value < codeCount && Number.isInteger(value) ? value : codeCount;
      const place = code - firstCode;
      bytes[row] = place >= 0 && place < PLANE_CODES ? place >> 3 : -1;
      bits[row] = 1 << (code & 7);
    }
  },
  inputs: (size, random, flavour) => {
    const values = realValues(size, random, flavour);
    const codeCount = 32 * (1 + random.integer(20));
    if (flavour !== 'special') for (let row = 0; row < size; row++) values[row] = random.integer(codeCount + 40) - 20;
    if (flavour === 'nulls') for (let row = 0; row < size; row += 3) values[row] = Number.NaN;
    const firstCode = PLANE_CODES * random.integer(1 + (codeCount >> 8));
    return { scalars: { firstCode, codeCount, rowCount: size }, buffers: { values } };
  },
  work: (s) => ({ elements: s.rowCount!, bytes: 10 * s.rowCount! }),
  benchSize: 8192,
});
