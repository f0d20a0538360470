import { cellsOfEdges, type EdgeCells, PLANE_CODES, PLANE_EDGES } from '../../kernels/tree-ranks.js';
import { preorder } from '../../scoring/ensemble.js';
import type { EnsembleOperation } from '../../scoring/program.js';

/** Trees of at most so many leaves are scored by masks … */
const MASK_LEAVES = 64;
/** … and of at most so many (a leaf's number is a byte) where they have sets, or where the tests cost less than the walk. */
const MOST_MASK_LEAVES = 256;
/** Tests of a byte that cost as much as a step of a walk; measured. */
const TESTS_A_STEP = 20;

/** Bytes of the rows, made of one input of the ensemble; see src/kernels/tree-ranks.ts. */
export type Plane =
  | RankPlane
  /** Two planes from `plane` on, of the categories from firstCode on. */
  | { readonly input: number; readonly plane: number; readonly firstCode: number; readonly codeCount: number };

export interface RankPlane {
  readonly input: number;
  readonly edges: Float64Array;
  readonly cells: EdgeCells;
  readonly plane: number;
  /** Rank of NaN there. */
  readonly missing: number;
  /** The plane where NaN has the opposite rank. */
  other?: number;
}

/** An ensemble as `ensemble_score_i8` takes it (src/kernels/tree-scoring.ts). */
export interface RankedEnsemble {
  readonly planes: readonly Plane[];
  /** Bytes a row: code planes count twice. */
  readonly planeCount: number;
  readonly trees: Int32Array;
  readonly tests: Uint32Array;
  readonly nodes: Int32Array;
  readonly targets: Int32Array;
  readonly sets: Uint8Array;
  /** In the order of the trees, in each from left to right. */
  readonly leafValues: Float64Array;
}

const MOST_PLANES = 65_535;
const MOST_SETS_A_NODE = 255;

/** Undefined where an ensemble cannot be written so: thresholds that are NaN, too many planes. */
export function rankEnsemble(operation: EnsembleOperation): RankedEnsemble | undefined {
  const orders = Array.from(operation.roots, (root) => preorder(operation, root));
  const planes = Planes.of(operation, orders);
  if (!planes) return undefined;
  const writer = new Writer(operation, planes);
  for (const order of orders) writer.add(order);
  return planes.count > MOST_PLANES ? undefined : writer.finish();
}

/** Which planes there are: made as nodes ask for them. */
class Planes {
  readonly list: Plane[] = [];
  count = 0;
  /** By input: distinct thresholds, ascending. */
  readonly #thresholds: readonly Float64Array[];
  /** By input: categories of the longest set. */
  readonly #codeCounts: readonly number[];
  /** By input and chunk of thresholds. */
  readonly #rankPlanes: readonly (RankPlane | undefined)[][];
  readonly #codePlanes: Int32Array;

  constructor(thresholds: readonly Float64Array[], codeCounts: readonly number[]) {
    this.#thresholds = thresholds;
    this.#codeCounts = codeCounts;
    this.#rankPlanes = thresholds.map(() => []);
    this.#codePlanes = new Int32Array(codeCounts.length).fill(-1);
  }

  static of(operation: EnsembleOperation, orders: readonly (readonly number[])[]): Planes | undefined {
    const { inputs, feature, threshold, categoryOffset, categoryWords } = operation;
    const counts = new Uint32Array(inputs.length);
    const codeCounts = inputs.map(() => 0);
    const eachSplit = (visit: (node: number, input: number) => void) => {
      for (const order of orders) for (const node of order) if (feature[node]! >= 0) visit(node, feature[node]!);
    };
    let comparable = true;
    eachSplit((node, input) => {
      if (categoryOffset[node]! >= 0) codeCounts[input] = Math.max(codeCounts[input]!, 32 * categoryWords[node]!);
      else if (Number.isNaN(threshold[node]!)) comparable = false;
      else counts[input]!++;
    });
    const codePlanes = codeCounts.reduce((sum, codes) => sum + 2 * setsOf(codes), 0);
    if (!comparable || codePlanes > MOST_PLANES || codeCounts.some((codes) => setsOf(codes) > MOST_SETS_A_NODE)) {
      return undefined;
    }
    const lists = inputs.map((_, input) => new Float64Array(counts[input]!));
    counts.fill(0);
    eachSplit((node, input) => {
      if (categoryOffset[node]! < 0) lists[input]![counts[input]!++] = threshold[node]!;
    });
    return new Planes(lists.map(distinct), codeCounts);
  }

  codeCount(input: number): number {
    return this.#codeCounts[input]!;
  }

  /** The first plane of an input's categories; the others follow. */
  codes(input: number): number {
    const known = this.#codePlanes[input]!;
    if (known >= 0) return known;
    this.#codePlanes[input] = this.count;
    const codeCount = this.#codeCounts[input]!;
    for (let set = 0; set < setsOf(codeCount); set++) {
      this.list.push({ input, plane: this.count, firstCode: set * PLANE_CODES, codeCount });
      this.count += 2;
    }
    return this.#codePlanes[input]!;
  }

  /** The plane in which a threshold lies, and the rank from which on a value is above it. */
  rank(input: number, threshold: number, missingLeft: boolean): { plane: number; rank: number } {
    const thresholds = this.#thresholds[input]!;
    const index = indexOf(thresholds, threshold);
    const chunk = Math.trunc(index / PLANE_EDGES);
    const missing = missingLeft ? -128 : 127;
    const rank = index - chunk * PLANE_EDGES + 1 - 128;
    const known = this.#rankPlanes[input]![chunk];
    if (known) return { plane: known.missing === missing ? known.plane : (known.other ??= this.count++), rank };
    const edges = thresholds.slice(chunk * PLANE_EDGES, (chunk + 1) * PLANE_EDGES);
    const made = { input, edges, cells: cellsOfEdges(edges), plane: this.count++, missing };
    this.#rankPlanes[input]![chunk] = made;
    this.list.push(made);
    return { plane: made.plane, rank };
  }
}

/** Sets of 256 that hold so many categories, and the one that stands for what is no category; 0 where there are none. */
function setsOf(codeCount: number): number {
  return Math.ceil((codeCount + 1) / PLANE_CODES);
}

/** −0 and 0 are one threshold. */
function distinct(values: Float64Array): Float64Array {
  values.sort();
  return values.filter((value, i) => i === 0 || value !== values[i - 1]);
}

function indexOf(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

class Writer {
  readonly #operation: EnsembleOperation;
  readonly #planes: Planes;
  readonly #trees: number[] = [];
  readonly #tests: number[] = [];
  readonly #nodes: number[] = [];
  readonly #targets: number[] = [];
  readonly #sets: Uint8Array[] = [];
  readonly #leaves: number[] = [];

  constructor(operation: EnsembleOperation, planes: Planes) {
    this.#operation = operation;
    this.#planes = planes;
  }

  /** Adds a tree: its nodes in preorder. */
  add(order: readonly number[]): void {
    const { feature, left } = this.#operation;
    const first = this.#leaves.length;
    for (const node of order) if (feature[node]! < 0) this.#leaves.push(left[node]!);
    const leafCount = this.#leaves.length - first;
    if (leafCount <= MASK_LEAVES || (leafCount <= MOST_MASK_LEAVES && this.#masksPay(order))) {
      this.#addMasks(order, first, leafCount);
    } else this.#addWalk(order, first);
  }

  #masksPay(order: readonly number[]): boolean {
    const { feature } = this.#operation;
    if (order.some((node) => feature[node]! >= 0 && this.#isSet(node))) return true;
    let tests = 0;
    for (const [from, to] of leafSpans(this.#operation, order)) if (to > 0) tests += ((to - 1) >> 3) - (from >> 3) + 1;
    return tests <= TESTS_A_STEP * depthOf(this.#operation, order);
  }

  #addMasks(order: readonly number[], firstLeaf: number, leafCount: number): void {
    const { feature } = this.#operation;
    const bytes = Math.ceil(leafCount / 8);
    this.#trees.push(bytes, this.#tests.length, firstLeaf, 0);
    const compared: number[][] = Array.from({ length: bytes }, () => []);
    const sifted: number[][] = Array.from({ length: bytes }, () => []);
    const spans = leafSpans(this.#operation, order);
    order.forEach((node, place) => {
      if (feature[node]! < 0) return;
      const [from, to] = spans[place]!; // the leaves on its left
      const tests = this.#isSet(node) ? this.#setTests(node) : [[this.#comparison(node)]];
      for (let byte = from >> 3; byte <= (to - 1) >> 3; byte++) {
        const gone = bitsBelow(to - 8 * byte) & ~bitsBelow(from - 8 * byte);
        const keep = ~gone << 24;
        const list = this.#isSet(node) ? sifted : compared;
        for (const [test, ...set] of tests) list[byte]!.push(((test! & 0xffffff) | keep) >>> 0, ...set);
      }
    });
    for (let byte = 0; byte < bytes; byte++) {
      this.#tests.push(compared[byte]!.length | ((sifted[byte]!.length / 2) << 16));
      for (const word of compared[byte]!) this.#tests.push(word);
      for (const word of sifted[byte]!) this.#tests.push(word);
    }
  }

  #addWalk(order: readonly number[], firstLeaf: number): void {
    const { feature, left, right } = this.#operation;
    const first = this.#targets.length;
    const leafNumbers = new Map<number, number>();
    for (const node of order) if (feature[node]! < 0) leafNumbers.set(node, leafNumbers.size);
    // Level by level, siblings side by side: what rows share lies together.
    const [queue, levels] = [[order[0]!], [0]];
    let [sets, steps] = [0, 0];
    for (let at = 0; at < queue.length; at++) {
      const [node, place] = [queue[at]!, first + at];
      steps = levels[at]!;
      if (feature[node]! < 0) {
        this.#nodes.push(0x80 << 16, place - 1);
        this.#targets.push(leafNumbers.get(node)!);
        continue;
      }
      const child = first + queue.length;
      queue.push(left[node]!, right[node]!);
      levels.push(steps + 1, steps + 1);
      if (!this.#isSet(node)) {
        this.#nodes.push(this.#comparison(node), child);
        this.#targets.push(0);
        continue;
      }
      const all = this.#setsRight(node);
      this.#nodes.push(this.#planes.codes(feature[node]!) | (all.length << 24), child);
      this.#targets.push(this.#sets.length);
      for (const set of all) this.#sets.push(set);
      sets += all.length;
    }
    this.#trees.push(sets > 0 ? -1 : 0, first, firstLeaf, steps);
  }

  #isSet(node: number): boolean {
    return this.#operation.categoryOffset[node]! >= 0;
  }

  /** Plane and rank of a node. */
  #comparison(node: number): number {
    const { feature, threshold, missingGoesLeft } = this.#operation;
    const { plane, rank } = this.#planes.rank(feature[node]!, threshold[node]!, missingGoesLeft[node] === 1);
    return plane | ((rank & 0xff) << 16);
  }

  /** Plane and number of each set of a node that holds anything. */
  #setTests(node: number): number[][] {
    const first = this.#planes.codes(this.#operation.feature[node]!);
    return this.#setsRight(node).flatMap((set, index) => {
      if (set.every((byte) => byte === 0)) return [];
      return [[first + 2 * index, this.#sets.push(set) - 1]];
    });
  }

  /** The categories of a node that go right, in sets of 256; what it does not know goes where missing values go. */
  #setsRight(node: number): Uint8Array[] {
    const { feature, categories, categoryOffset, categoryWords, missingGoesLeft } = this.#operation;
    const codeCount = this.#planes.codeCount(feature[node]!);
    const bytes = new Uint8Array(32 * setsOf(codeCount)).fill(missingGoesLeft[node] === 1 ? 0 : 0xff);
    for (let word = 0; word < categoryWords[node]!; word++) {
      const right = ~categories[categoryOffset[node]! + word]!;
      for (let byte = 0; byte < 4; byte++) bytes[4 * word + byte] = right >>> (8 * byte);
    }
    return Array.from({ length: setsOf(codeCount) }, (_, set) => bytes.slice(32 * set, 32 * set + 32));
  }

  finish(): RankedEnsemble {
    const { leafValues, leafWidth } = this.#operation;
    const ordered = new Float64Array(this.#leaves.length * leafWidth);
    this.#leaves.forEach((leaf, place) => {
      for (let k = 0; k < leafWidth; k++) ordered[place * leafWidth + k] = leafValues[leaf * leafWidth + k]!;
    });
    const sets = new Uint8Array(32 * this.#sets.length);
    this.#sets.forEach((set, index) => {
      sets.set(set, 32 * index);
    });
    return {
      planes: this.#planes.list,
      planeCount: Math.max(1, this.#planes.count),
      trees: Int32Array.from(this.#trees),
      tests: Uint32Array.from(this.#tests),
      nodes: Int32Array.from(this.#nodes),
      targets: Int32Array.from(this.#targets),
      sets,
      leafValues: ordered,
    };
  }
}

/** By place in preorder: the first leaf on a node's left, and the first on its right. */
function leafSpans({ feature }: EnsembleOperation, order: readonly number[]): (readonly [number, number])[] {
  const spans: [number, number][] = order.map(() => [0, 0]);
  const open: number[] = [];
  let leaves = 0;
  order.forEach((node, place) => {
    spans[place]![0] = leaves;
    if (feature[node]! >= 0) {
      open.push(place);
      return;
    }
    leaves++;
    // A subtree has ended: it was the right one of those that are closed already, and the left one of the next.
    while (open.length > 0 && spans[open.at(-1)!]![1] > 0) open.pop();
    if (open.length > 0) spans[open.at(-1)!]![1] = leaves;
  });
  return spans;
}

/** Steps to the deepest leaf of a tree in preorder. */
function depthOf({ feature }: EnsembleOperation, order: readonly number[]): number {
  let deepest = 0;
  const depths = [0];
  for (const node of order) {
    const depth = depths.pop()!;
    if (feature[node]! >= 0) depths.push(depth + 1, depth + 1);
    else deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** The lowest `count` of eight bits. */
function bitsBelow(count: number): number {
  return count <= 0 ? 0 : count >= 8 ? 0xff : (1 << count) - 1;
}
