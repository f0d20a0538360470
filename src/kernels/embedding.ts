import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { exp, log } from './elementary.js';
import { philoxBlock } from './random.js';

/**
 * Points in two or three dimensions that are moved until their neighbourhoods are those of other points: t-SNE and UMAP.
 * Numerical policy: f64; every sum of a point runs in one order (its entries, the tree's nodes from the root), so that
 * nothing depends on how points are shared out. Within an iteration all points move from where they all were before.
 */

/** Points in a leaf of the tree, and points that walk it together. */
export const TREE_GROUP = 8;
/** Iterations of the search for a perplexity, at most, and how near the entropy is to be. */
const SEARCH_STEPS = 100;
const SEARCH_TOLERANCE = 1e-8;
/** Words of a generator's block. */
const WORDS = 4;
/** Pieces of an octave of the layout's table … */
export const TABLE_PIECES = 64;
/** … and entries of one of its two functions, from 2^−octaves to 2^octaves. */
export const tableLength = (octaves: number) => 2 * octaves * TABLE_PIECES + 1;
/** No single move of the layout is longer, a coordinate. */
const CLIP = 4;

const pointCount = { name: 'pointCount', dtype: 'i32', meaning: 'points, at least 1' } as const;
const dimension = { name: 'dimension', dtype: 'i32', meaning: 'coordinates of a point: 2 or 3' } as const;

export const perplexity_search_f64 = defineKernel({
  name: 'perplexity_search_f64',
  family: 'distance',
  summary: 'Gaussian weights of each row’s neighbours, of the width at which their perplexity is the one wanted.',
  source: 'van der Maaten and Hinton, "Visualizing data using t-SNE", 2008',
  arguments: [
    {
      name: 'squares',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount! * s.k!,
      meaning: 'squared distances to the neighbours, finite and ≥ 0',
    },
    {
      name: 'weights',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.rowCount! * s.k!,
      meaning: 'summing to 1 in each row',
    },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
    { name: 'k', dtype: 'i32', meaning: 'neighbours of a row, at least 1' },
    { name: 'perplexity', dtype: 'f64', meaning: 'effective number of neighbours' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (squares, weights, rowCount, k, perplexity) => {
    const wanted = log(perplexity);
    for (let row = 0; row < rowCount; row++) {
      const at = row * k;
      let least = squares[at]!;
      for (let j = 1; j < k; j++) least = Math.min(least, squares[at + j]!);
      let all = 0;
      for (let j = 0; j < k; j++) all += squares[at + j]! - least;
      // In units of the mean, so that the scale of the data does not matter.
      let precision = all > 0 ? k / all : 1;
      let [low, high] = [0, Number.POSITIVE_INFINITY];
      let total = 0;
      for (let step = 0; step < SEARCH_STEPS; step++) {
        total = 0;
        let moment = 0;
        for (let j = 0; j < k; j++) {
          const further = squares[at + j]! - least;
          const weight = exp(-(further * precision));
          weights[at + j] = weight;
          total += weight;
          moment += weight * further;
        }
        const excess = log(total) + (precision * moment) / total - wanted;
        if (Math.abs(excess) <= SEARCH_TOLERANCE || !(all > 0) || step === SEARCH_STEPS - 1) break;
        if (excess > 0) {
          low = precision;
          precision = high === Number.POSITIVE_INFINITY ? precision * 2 : (low + high) * 0.5;
        } else {
          high = precision;
          precision = (low + high) * 0.5;
        }
      }
      for (let j = 0; j < k; j++) weights[at + j] = weights[at + j]! / total;
    }
  },
  inputs: (size, random, flavour) => {
    const k = { ties: 1, constant: 4, skewed: 17 }[flavour as string] ?? 7;
    const scale = { special: 1e-12, nulls: 1e9 }[flavour as string] ?? 1;
    const squares = Float64Array.from({ length: size * k }, () => {
      if (flavour === 'constant') return 2;
      return flavour === 'ties' ? random.integer(3) : (random.normal() ** 2 + 0.01) * scale;
    });
    return { scalars: { rowCount: size, k, perplexity: Math.max(1, k / 3) }, buffers: { squares } };
  },
  work: (s) => ({ elements: s.rowCount! * s.k!, bytes: 16 * s.rowCount! * s.k! }),
  benchSize: 1024,
});

/** Bits of a cell's number along each axis: codes have 32 or 30. */
const cellBits = (dimension: number) => (dimension === 2 ? 16 : 10);

/** The cell of a coordinate: `reach` is its distance from the lowest, in cells. */
function cellOf(reach: number, bits: number): number {
  const last = 2 ** bits - 1;
  return reach < last ? Math.floor(reach) : last;
}

/** Morton's order: the bits of the cells' numbers taken in turn, the last coordinate's first. */
function mortonCode(cells: readonly number[], bits: number): number {
  let code = 0;
  for (let bit = bits - 1; bit >= 0; bit--) {
    for (let c = cells.length - 1; c >= 0; c--) code = code * 2 + ((cells[c]! >> bit) & 1);
  }
  return code;
}

export const point_tree_f64 = defineKernel({
  name: 'point_tree_f64',
  family: 'distance',
  summary: 'The quadtree or octree of points: their Morton order, and nodes in preorder with centres of mass.',
  source: 'Barnes and Hut, "A hierarchical O(N log N) force-calculation algorithm", 1986',
  arguments: [
    {
      name: 'positions',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.pointCount! * s.dimension!,
      meaning: 'coordinates, point by point',
    },
    {
      name: 'order',
      role: 'out',
      dtype: 'i32',
      length: (s) => s.pointCount!,
      meaning: 'points by their cells in Morton’s order, the lower index first in one cell',
    },
    {
      name: 'sorted',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.pointCount! * s.dimension!,
      meaning: 'coordinates in that order, coordinate by coordinate',
    },
    {
      name: 'ranges',
      role: 'inout',
      dtype: 'i32',
      length: (s) => 6 * s.pointCount!,
      meaning: 'by node: its first place in the order, the one behind its last, the node that follows its descendants',
    },
    {
      name: 'masses',
      role: 'inout',
      dtype: 'f64',
      length: (s) => 2 * (s.dimension! + 1) * s.pointCount!,
      meaning: 'by node: the mean of its points, and the square of its longest side',
    },
    {
      name: 'boxes',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => 4 * s.dimension! * s.pointCount!,
      meaning: 'by node: lowest and highest coordinates',
    },
    { name: 'codes', role: 'scratch', dtype: 'u32', length: (s) => 2 * s.pointCount!, meaning: 'of cells' },
    { name: 'places', role: 'scratch', dtype: 'i32', length: (s) => s.pointCount!, meaning: 'for sorting' },
    pointCount,
    dimension,
  ],
  returns: 'i32',
  agreement: 'exact',
  reference: (positions, order, sorted, ranges, masses, boxes, codes, _places, count, width) => {
    const bits = cellBits(width);
    const [lowest, highest] = [new Array<number>(width), new Array<number>(width)];
    for (let c = 0; c < width; c++) {
      let [low, high] = [positions[c]!, positions[c]!];
      for (let i = 1; i < count; i++) {
        low = Math.min(low, positions[i * width + c]!);
        high = Math.max(high, positions[i * width + c]!);
      }
      [lowest[c], highest[c]] = [low, high];
    }
    const extent = Math.max(...lowest.map((low, c) => highest[c]! - low));
    const scale = extent > 0 ? 2 ** bits / extent : 0;
    const all = Float64Array.from({ length: count }, (_, i) => {
      const cells = lowest.map((low, c) => cellOf((positions[i * width + c]! - low) * scale, bits));
      return mortonCode(cells, bits);
    });
    order.set(Int32Array.from({ length: count }, (_, i) => i).sort((a, b) => all[a]! - all[b]! || a - b));
    for (let place = 0; place < count; place++) {
      codes[place] = all[order[place]!]!;
      for (let c = 0; c < width; c++) sorted[c * count + place] = positions[order[place]! * width + c]!;
    }
    let nodes = 0;
    /** Appends the node of these places, whose codes agree above `shift` bits; leaves sums of coordinates in `masses`. */
    const add = (start: number, end: number, shift: number): number => {
      const node = nodes++;
      const mass = masses.subarray(node * (width + 1), (node + 1) * (width + 1));
      const box = boxes.subarray(2 * node * width, 2 * (node + 1) * width);
      if (end - start <= TREE_GROUP || codes[start] === codes[end - 1]) {
        for (let c = 0; c < width; c++) {
          const first = sorted[c * count + start]!;
          let [sum, low, high] = [first, first, first];
          for (let place = start + 1; place < end; place++) {
            const value = sorted[c * count + place]!;
            sum += value;
            low = Math.min(low, value);
            high = Math.max(high, value);
          }
          mass[c] = sum;
          box[c] = low;
          box[width + c] = high;
        }
      } else {
        // Down to where the node's codes part, so that every inner node has two children or more.
        let level = shift - width;
        while (Math.floor(codes[start]! / 2 ** level) === Math.floor(codes[end - 1]! / 2 ** level)) level -= width;
        for (let from = start; from < end; ) {
          const cell = Math.floor(codes[from]! / 2 ** level);
          let to = from + 1;
          while (to < end && Math.floor(codes[to]! / 2 ** level) === cell) to++;
          const child = add(from, to, level);
          for (let c = 0; c < width; c++) {
            const sum = masses[child * (width + 1) + c]!;
            const [low, high] = [boxes[2 * child * width + c]!, boxes[(2 * child + 1) * width + c]!];
            mass[c] = from === start ? sum : mass[c]! + sum;
            box[c] = from === start ? low : Math.min(box[c]!, low);
            box[width + c] = from === start ? high : Math.max(box[width + c]!, high);
          }
          from = to;
        }
      }
      let side = 0;
      for (let c = 0; c < width; c++) side = Math.max(side, box[width + c]! - box[c]!);
      mass[width] = side * side;
      ranges[3 * node] = start;
      ranges[3 * node + 1] = end;
      ranges[3 * node + 2] = nodes;
      return node;
    };
    add(0, count, bits * width);
    for (let node = 0; node < nodes; node++) {
      const members = ranges[3 * node + 1]! - ranges[3 * node]!;
      for (let c = 0; c < width; c++) masses[node * (width + 1) + c] = masses[node * (width + 1) + c]! / members;
    }
    return nodes;
  },
  inputs: (size, random, flavour) => {
    const dimension = flavour === 'ties' || flavour === 'nulls' ? 3 : 2;
    const pointCount = Math.max(1, size);
    return {
      scalars: { pointCount, dimension },
      buffers: {
        positions: places(pointCount * dimension, random, flavour),
        ranges: new Int32Array(6 * pointCount),
        masses: new Float64Array(2 * (dimension + 1) * pointCount),
      },
    };
  },
  work: (s) => ({ elements: s.pointCount!, bytes: 60 * s.pointCount! }),
});

/** Coordinates: finite, as those of a layout are. */
function places(count: number, random: CaseRandom, flavour: Flavour): Float64Array {
  return Float64Array.from({ length: count }, () => {
    if (flavour === 'constant' || flavour === 'one-bin') return 0.25;
    if (flavour === 'ties') return random.integer(4) - 1;
    if (flavour === 'skewed') return random.integer(16) === 0 ? random.normal() * 1e3 : random.normal() * 1e-4;
    return random.normal() * (flavour === 'special' ? 1e-8 : 3);
  });
}

export const tree_repulsion_f64 = defineKernel({
  name: 'tree_repulsion_f64',
  family: 'distance',
  summary: 'What pushes the points of groups apart in t-SNE, by the tree: Σ q²·(y − y′) and Σ q, where q = 1/(1 + d²).',
  source: 'van der Maaten, "Accelerating t-SNE using tree-based algorithms", 2014; groups as Barnes, 1990',
  arguments: [
    {
      name: 'order',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.pointCount!,
      meaning: 'points as the tree has them',
    },
    {
      name: 'sorted',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.pointCount! * s.dimension!,
      meaning: 'their coordinates in that order, coordinate by coordinate',
    },
    { name: 'ranges', role: 'in', dtype: 'i32', length: (s) => 3 * s.nodeCount!, meaning: 'of the tree' },
    {
      name: 'masses',
      role: 'in',
      dtype: 'f64',
      length: (s) => (s.dimension! + 1) * s.nodeCount!,
      meaning: 'of the tree',
    },
    {
      name: 'forces',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.pointCount! * s.dimension!,
      meaning: 'by point; written for those of the groups',
    },
    {
      name: 'similarities',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.pointCount!,
      meaning: 'Σ q of each point over all others; written for those of the groups',
    },
    { name: 'entries', role: 'scratch', dtype: 'f64', length: () => 4160, meaning: 'a group, and what acts on it' },
    { name: 'groupStart', dtype: 'i32', meaning: 'first group: eight places of the order each' },
    { name: 'groupEnd', dtype: 'i32', meaning: 'the group behind the last' },
    pointCount,
    { name: 'nodeCount', dtype: 'i32', meaning: 'nodes of the tree' },
    dimension,
    {
      name: 'angle',
      dtype: 'f64',
      meaning: 'a node acts as one point where its side is below this share of its distance',
    },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    order,
    sorted,
    ranges,
    masses,
    forces,
    similarities,
    _entries,
    groupStart,
    groupEnd,
    count,
    nodeCount,
    width,
    angle,
  ) => {
    const opening = angle * angle;
    for (let group = groupStart; group < groupEnd; group++) {
      const [first, last] = [TREE_GROUP * group, Math.min(count, TREE_GROUP * (group + 1))];
      const members = last - first;
      const sums = new Float64Array(members);
      const pushes = new Float64Array(members * width);
      /** Adds what `mass` points at a place do to each member. */
      const act = (place: (c: number) => number, mass: number): void => {
        for (let m = 0; m < members; m++) {
          let square = 0;
          for (let c = 0; c < width; c++) {
            const difference = sorted[c * count + first + m]! - place(c);
            square += difference * difference;
          }
          const q = 1 / (square + 1);
          const weight = mass * q;
          sums[m] = sums[m]! + weight;
          for (let c = 0; c < width; c++) {
            const difference = sorted[c * count + first + m]! - place(c);
            pushes[m * width + c] = pushes[m * width + c]! + weight * q * difference;
          }
        }
      };
      const low = Array.from({ length: width }, (_, c) =>
        Math.min(...sorted.subarray(c * count + first, c * count + last)),
      );
      const high = Array.from({ length: width }, (_, c) =>
        Math.max(...sorted.subarray(c * count + first, c * count + last)),
      );
      for (let node = 0; node < nodeCount; ) {
        const [start, end, next] = [ranges[3 * node]!, ranges[3 * node + 1]!, ranges[3 * node + 2]!];
        const center = (c: number) => masses[node * (width + 1) + c]!;
        let distance = 0;
        for (let c = 0; c < width; c++) {
          const outside = Math.max(low[c]! - center(c), center(c) - high[c]!, 0);
          distance += outside * outside;
        }
        const apart = end <= first || start >= last;
        if (apart && masses[node * (width + 1) + width]! < opening * distance) {
          act(center, end - start);
          node = next;
        } else if (next === node + 1) {
          for (let place = start; place < end; place++) act((c) => sorted[c * count + place]!, 1);
          node = next;
        } else node++;
      }
      for (let m = 0; m < members; m++) {
        const point = order[first + m]!;
        similarities[point] = sums[m]! - 1; // less its own
        for (let c = 0; c < width; c++) forces[point * width + c] = pushes[m * width + c]!;
      }
    }
  },
  inputs: (size, random, flavour) => {
    const dimension = flavour === 'ties' || flavour === 'nulls' ? 3 : 2;
    const pointCount = Math.max(1, size);
    const tree = treeOf(places(pointCount * dimension, random, flavour), pointCount, dimension);
    const groups = Math.ceil(pointCount / TREE_GROUP);
    const groupStart = flavour === 'special' ? random.integer(groups) : 0;
    return {
      scalars: { groupStart, groupEnd: groups, pointCount, nodeCount: tree.nodeCount, dimension, angle: 0.5 },
      buffers: {
        order: tree.order,
        sorted: tree.sorted,
        ranges: tree.ranges,
        masses: tree.masses,
        forces: new Float64Array(pointCount * dimension).fill(0.5),
        similarities: new Float64Array(pointCount).fill(0.5),
      },
    };
  },
  work: (s) => ({ elements: TREE_GROUP * (s.groupEnd! - s.groupStart!) }),
  benchSize: 4096,
});

/** A tree for the cases of other kernels, by the reference. */
function treeOf(positions: Float64Array, count: number, width: number) {
  const order = new Int32Array(count);
  const sorted = new Float64Array(count * width);
  const ranges = new Int32Array(6 * count);
  const masses = new Float64Array(2 * (width + 1) * count);
  const boxes = new Float64Array(4 * width * count);
  const codes = new Uint32Array(2 * count);
  const call = point_tree_f64.reference as (...values: unknown[]) => number;
  const nodeCount = call(positions, order, sorted, ranges, masses, boxes, codes, new Int32Array(count), count, width);
  return {
    order,
    sorted,
    nodeCount,
    ranges: ranges.slice(0, 3 * nodeCount),
    masses: masses.slice(0, (width + 1) * nodeCount),
  };
}

const graph = [
  {
    name: 'offsets',
    role: 'in',
    dtype: 'i32',
    length: (s: Readonly<Record<string, number>>) => s.rowCount! + 1,
    meaning: 'first entry of each row',
  },
  {
    name: 'indices',
    role: 'in',
    dtype: 'i32',
    length: (s: Readonly<Record<string, number>>) => s.entryCount!,
    meaning: 'the neighbour of each entry',
  },
] as const;

export const graph_attraction_f64 = defineKernel({
  name: 'graph_attraction_f64',
  family: 'distance',
  summary: 'What pulls the points of rows together in t-SNE: Σ p·(y − y′)/(1 + d²) over a row’s entries.',
  source: 'van der Maaten and Hinton, "Visualizing data using t-SNE", 2008',
  arguments: [
    ...graph,
    { name: 'values', role: 'in', dtype: 'f64', length: (s) => s.entryCount!, meaning: 'p of each entry' },
    {
      name: 'positions',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.pointCount! * s.dimension!,
      meaning: 'coordinates, point by point',
    },
    {
      name: 'forces',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.rowCount! * s.dimension!,
      meaning: 'of the rows',
    },
    { name: 'rowStart', dtype: 'i32', meaning: 'the point that is the first row' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
    { name: 'entryCount', dtype: 'i32', meaning: 'entries of the whole graph' },
    pointCount,
    dimension,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (offsets, indices, values, positions, forces, rowStart, rowCount, _entryCount, _pointCount, width) => {
    for (let row = 0; row < rowCount; row++) {
      const own = (rowStart + row) * width;
      const sum = new Float64Array(width);
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        const other = indices[e]! * width;
        let square = 0;
        for (let c = 0; c < width; c++) {
          const difference = positions[own + c]! - positions[other + c]!;
          square += difference * difference;
        }
        const weight = values[e]! / (square + 1);
        for (let c = 0; c < width; c++) sum[c] = sum[c]! + weight * (positions[own + c]! - positions[other + c]!);
      }
      forces.set(sum, row * width);
    }
  },
  inputs: (size, random, flavour) => {
    const dimension = flavour === 'ties' || flavour === 'nulls' ? 3 : 2;
    const { pointCount, rowStart, offsets, indices } = graphCase(size, random, flavour);
    const values = Float64Array.from(indices, () => random.uniform());
    return {
      scalars: { rowStart, rowCount: size, entryCount: indices.length, pointCount, dimension },
      buffers: { offsets, indices, values, positions: places(pointCount * dimension, random, flavour) },
    };
  },
  work: (s) => ({ elements: s.entryCount!, flops: 9 * s.entryCount!, bytes: 12 * s.entryCount! }),
});

/** Rows of 0 … 15 entries among a few more points than rows. */
function graphCase(size: number, random: CaseRandom, flavour: Flavour) {
  const rowStart = flavour === 'nulls' ? 3 : 0;
  const pointCount = size + rowStart + 5;
  const offsets = new Int32Array(size + 1);
  for (let row = 0; row < size; row++) {
    offsets[row + 1] = offsets[row]! + random.integer(flavour === 'skewed' && row === 0 ? 100 : 16);
  }
  const indices = Int32Array.from({ length: offsets[size]! }, () => random.integer(pointCount));
  return { pointCount, rowStart, offsets, indices };
}

/**
 * A function of the squared distance from the layout's table: between two of its entries on a straight line. Pieces are
 * equal parts of an octave, so that the bits of a number say which is its own.
 */
export function tableValue(table: Float64Array, from: number, octaves: number, square: number): number {
  if (!(square >= 2 ** -octaves)) return table[from]!;
  if (square >= 2 ** octaves) return table[from + tableLength(octaves) - 1]!;
  scratch.setFloat64(0, square);
  const exponent = (scratch.getUint32(0) >>> 20) - 1023;
  const within = (square / 2 ** exponent - 1) * TABLE_PIECES;
  const piece = Math.floor(within);
  const at = from + (exponent + octaves) * TABLE_PIECES + piece;
  return table[at]! + (within - piece) * (table[at + 1]! - table[at]!);
}
const scratch = new DataView(new ArrayBuffer(8));

const clipped = (value: number) => Math.max(-CLIP, Math.min(CLIP, value));

/** A table for the cases: what it holds does not matter, but that neighbours differ. */
const caseTable = Float64Array.from({ length: 2 * tableLength(2) }, (_, i) => (i % 7) - 3);

export const layout_epoch_f64 = defineKernel({
  name: 'layout_epoch_f64',
  family: 'distance',
  summary:
    'An epoch of UMAP’s layout for some rows: each point walks along its entries that are due, drawn to the neighbour and pushed off points at random, the others standing where they were.',
  source: 'McInnes, Healy, Melville, "UMAP: uniform manifold approximation and projection", 2018',
  arguments: [
    ...graph,
    {
      name: 'rates',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.entryCount!,
      meaning: 'how often an entry is due, an epoch: 0 … 1',
    },
    {
      name: 'others',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.pointCount! * s.dimension!,
      meaning: 'coordinates before the epoch, of the points that entries name',
    },
    {
      name: 'table',
      role: 'in',
      dtype: 'f64',
      length: (s) => 2 * (128 * s.octaves! + 1),
      meaning: 'by squared distance: factors of attraction, and then of repulsion, per unit of difference',
    },
    {
      name: 'positions',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.rowCount! * s.dimension!,
      meaning: 'coordinates of the rows, before and after',
    },
    { name: 'words', role: 'scratch', dtype: 'u32', length: () => WORDS, meaning: 'random' },
    { name: 'rowStart', dtype: 'i32', meaning: 'the point that is the first row; −1: rows are none of the points' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
    { name: 'entryCount', dtype: 'i32', meaning: 'entries of the whole graph' },
    pointCount,
    dimension,
    { name: 'octaves', dtype: 'i32', meaning: 'the table reaches from 2^−octaves to 2^octaves; at most 1022' },
    { name: 'epoch', dtype: 'i32', meaning: 'from 1' },
    { name: 'pulls', dtype: 'i32', meaning: 'how often a due entry pulls: 2 where it stands for its mirror image too' },
    { name: 'negatives', dtype: 'i32', meaning: 'points at random for each due entry' },
    { name: 'step', dtype: 'f64', meaning: 'factor of every move' },
    { name: 'keyLow', dtype: 'i32', meaning: 'low 32 bits of the random key' },
    { name: 'keyHigh', dtype: 'i32', meaning: 'high 32 bits of the random key' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    offsets,
    indices,
    rates,
    others,
    table,
    positions,
    words,
    rowStart,
    rowCount,
    _entryCount,
    pointCount,
    width,
    octaves,
    epoch,
    pulls,
    negatives,
    step,
    keyLow,
    keyHigh,
  ) => {
    const blocks = Math.ceil(negatives / WORDS);
    for (let row = 0; row < rowCount; row++) {
      const own = positions.subarray(row * width, (row + 1) * width);
      /** One move by another point, by one of the two functions of the table. */
      const move = (other: number, from: number): void => {
        let square = 0;
        for (let c = 0; c < width; c++) {
          const difference = own[c]! - others[other * width + c]!;
          square += difference * difference;
        }
        const factor = tableValue(table, from, octaves, square);
        for (let c = 0; c < width; c++) {
          own[c] = own[c]! + step * clipped(factor * (own[c]! - others[other * width + c]!));
        }
      };
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        if (Math.floor(epoch * rates[e]!) === Math.floor((epoch - 1) * rates[e]!)) continue;
        for (let pull = 0; pull < pulls; pull++) move(indices[e]!, 0);
        for (let n = 0; n < negatives; n++) {
          // The block of an entry and an epoch: what is drawn does not depend on what was drawn before.
          if (n % WORDS === 0) philoxBlock(words, keyLow, keyHigh, epoch * 4_294_967_296 + e * blocks + n / WORDS);
          const other = words[n % WORDS]! % pointCount;
          if (rowStart < 0 || other !== rowStart + row) move(other, tableLength(octaves));
        }
      }
    }
  },
  inputs: (size, random, flavour) => {
    const dimension = flavour === 'ties' || flavour === 'nulls' ? 3 : 2;
    const { pointCount, rowStart, offsets, indices } = graphCase(size, random, flavour);
    const rates = Float64Array.from(indices, () => (random.integer(3) === 0 ? 1 : random.uniform()));
    const others = places(pointCount * dimension, random, flavour);
    const apart = flavour === 'skewed';
    return {
      scalars: {
        rowStart: apart ? -1 : rowStart,
        rowCount: size,
        entryCount: indices.length,
        pointCount,
        dimension,
        octaves: 2,
        epoch: 1 + random.integer(500),
        pulls: apart ? 1 : 2,
        negatives: flavour === 'ties' ? 0 : 5,
        step: 0.75,
        keyLow: random.integer(4_294_967_296) | 0,
        keyHigh: random.integer(4_294_967_296) | 0,
      },
      buffers: {
        offsets,
        indices,
        rates,
        others,
        table: caseTable,
        positions: others.slice(Math.max(0, rowStart) * dimension, (rowStart + size) * dimension),
      },
    };
  },
  work: (s) => ({ elements: s.entryCount!, bytes: 20 * s.entryCount! }),
});
