import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { realValues } from './gradient-descent.js';
import { PLANE_CODES } from './tree-ranks.js';

/**
 * Ensembles of trees over planes of ranks and codes (tree-ranks.ts). src/engine/trees/ranked-ensemble.ts writes an
 * EnsembleOperation in this form, once a model.
 *
 * `trees` has four words a tree: bytes of its masks, or 0 where it is walked, −1 where the walk may meet sets; its first word of `tests`, or its first
 * node; its first row of leafValues, the leaves from left to right; the steps of its longest walk.
 *
 * Masks, for trees of few leaves. A row has a bit a leaf. Every node at which it goes right takes the leaves on its left
 * away, in any order, and the first leaf that remains is the row's (QuickScorer; by bytes, for many rows at once:
 * RapidScorer). `tests` holds, for each byte of the mask: a word with the number of comparisons (low half) and of sets
 * (high half) that concern it; a word a comparison (plane, bits 0–15; the rank from which on a row goes right, signed, bits
 * 16–23; the leaves that then remain, bits 24–31); two words a set (plane and remaining leaves likewise; the set). The
 * last leaf of a tree is taken away by nobody.
 *
 * Walks, for trees of many. Siblings lie side by side. `nodes` has two words a node: plane and rank as above, from bit 24
 * on the number of its sets (0: a comparison); and the left child. A leaf leads to itself: its rank is −128 and its left
 * child the node before it. `targets` has the leaf's number in the tree, or of sets the first.
 *
 * Sets are 32 bytes of 256 categories that go right; several of them follow each other over pairs of planes.
 *
 * Numerical policy: leaf values are added in the order of the trees, row by row.
 */
const arguments_ = [
  {
    name: 'ranks',
    role: 'in',
    dtype: 'i8',
    length: (s) => s.planeCount! * s.rankStride!,
    meaning: 'planes, one after the other',
  },
  { name: 'trees', role: 'in', dtype: 'i32', length: (s) => 4 * s.treeCount!, meaning: 'bytes, start, leaf, steps' },
  { name: 'tests', role: 'in', dtype: 'u32', length: (s) => s.testWords!, meaning: 'of trees with masks' },
  { name: 'nodes', role: 'in', dtype: 'i32', length: (s) => 2 * s.nodeCount!, meaning: 'of trees that are walked' },
  { name: 'targets', role: 'in', dtype: 'i32', length: (s) => s.nodeCount!, meaning: 'leaf or first set of a node' },
  { name: 'sets', role: 'in', dtype: 'u8', length: (s) => 32 * s.setCount!, meaning: 'categories that go right' },
] as const satisfies Parameters<typeof defineKernel>[0]['arguments'];

const sizes = [
  { name: 'planeCount', dtype: 'i32', meaning: 'planes, at least 1' },
  { name: 'rankStride', dtype: 'i32', meaning: 'rows of a plane: a multiple of 64, at least rowCount' },
  { name: 'treeCount', dtype: 'i32', meaning: 'trees' },
  { name: 'testWords', dtype: 'i32', meaning: 'words of tests' },
  { name: 'nodeCount', dtype: 'i32', meaning: 'nodes that are walked' },
  { name: 'setCount', dtype: 'i32', meaning: 'sets' },
  { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
] as const;

const sources =
  'Lucchese et al., QuickScorer, SIGIR 2015; Ye et al., RapidScorer: Fast Tree Ensemble Evaluation, KDD 2018';

export const ensemble_score_i8 = defineKernel({
  name: 'ensemble_score_i8',
  family: 'scoring',
  summary: 'Adds up the leaves that rows reach in the trees of an ensemble.',
  source: sources,
  arguments: [
    ...arguments_,
    { name: 'base', role: 'in', dtype: 'f64', length: (s) => s.outputCount!, meaning: 'first summand of each output' },
    {
      name: 'leafValues',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.leafCount! * s.leafWidth!,
      meaning: 'leafWidth a leaf',
    },
    {
      name: 'sums',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.outputCount! * s.rowCount!,
      meaning: 'column by column',
    },
    { name: 'scratch', role: 'scratch', dtype: 'u8', length: () => 512, meaning: 'leaves of a group of rows' },
    ...sizes,
    { name: 'outputCount', dtype: 'i32', meaning: 'outputs' },
    { name: 'leafCount', dtype: 'i32', meaning: 'leaves of all trees' },
    { name: 'leafWidth', dtype: 'i32', meaning: '1: tree t adds to output t mod outputCount; else outputCount' },
    { name: 'average', dtype: 'i32', meaning: '1: sums are divided by the number of trees' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    ranks,
    trees,
    tests,
    nodes,
    targets,
    sets,
    base,
    leafValues,
    sums,
    _scratch,
    _planeCount,
    rankStride,
    treeCount,
    _testWords,
    _nodeCount,
    _setCount,
    rowCount,
    outputCount,
    _leafCount,
    leafWidth,
    average,
  ) => {
    const ensemble = { ranks, trees, tests, nodes, targets, sets, rankStride };
    for (let row = 0; row < rowCount; row++) {
      for (let k = 0; k < outputCount; k++) sums[k * rowCount + row] = base[k]!;
      for (let tree = 0; tree < treeCount; tree++) {
        const leaf = (trees[4 * tree + 2]! + leafOf(ensemble, tree, row)) * leafWidth;
        for (let k = 0; k < leafWidth; k++) {
          const at = (leafWidth === 1 ? tree % outputCount : k) * rowCount + row;
          sums[at] = sums[at]! + leafValues[leaf + k]!;
        }
      }
      if (average === 1) for (let k = 0; k < outputCount; k++) sums[k * rowCount + row]! /= treeCount;
    }
  },
  inputs: (size, random, flavour) => ensembleCase(size, random, flavour),
  work: (s) => ({ elements: s.rowCount! * s.treeCount! }),
  benchSize: 4096,
});

export const ensemble_leaves_i8 = defineKernel({
  name: 'ensemble_leaves_i8',
  family: 'scoring',
  summary: 'Finds the leaves that rows reach in the trees of an ensemble.',
  source: sources,
  arguments: [
    ...arguments_,
    {
      name: 'leaves',
      role: 'out',
      dtype: 'i32',
      length: (s) => s.treeCount! * s.rowCount!,
      meaning: 'tree by tree: the number of the leaf, from 0 at the left',
    },
    { name: 'scratch', role: 'scratch', dtype: 'u8', length: () => 512, meaning: 'leaves of a group of rows' },
    ...sizes,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (...[ranks, trees, tests, nodes, targets, sets, leaves, , , rankStride, treeCount, , , , rowCount]) => {
    const ensemble = { ranks, trees, tests, nodes, targets, sets, rankStride };
    for (let tree = 0; tree < treeCount; tree++) {
      for (let row = 0; row < rowCount; row++) leaves[tree * rowCount + row] = leafOf(ensemble, tree, row);
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = ensembleCase(size, random, flavour);
    const { outputCount: _o, leafCount: _l, leafWidth: _w, average: _a, ...own } = scalars;
    const { base: _b, leafValues: _v, ...arrays } = buffers;
    return { scalars: own, buffers: arrays };
  },
  work: (s) => ({ elements: s.rowCount! * s.treeCount! }),
  benchSize: 4096,
});

interface Trees {
  readonly ranks: Int8Array;
  readonly trees: Int32Array;
  readonly tests: Uint32Array;
  readonly nodes: Int32Array;
  readonly targets: Int32Array;
  readonly sets: Uint8Array;
  readonly rankStride: number;
}

function leafOf(ensemble: Trees, tree: number, row: number): number {
  const [bytes, start] = [ensemble.trees[4 * tree]!, ensemble.trees[4 * tree + 1]!];
  return bytes > 0 ? leafByMasks(ensemble, bytes, start, row) : leafByWalk(ensemble, start, row);
}

function leafByMasks({ ranks, tests, sets, rankStride }: Trees, bytes: number, start: number, row: number): number {
  let at = start;
  for (let byte = 0; byte < bytes; byte++) {
    const counts = tests[at++]!;
    let remaining = 0xff;
    for (let i = counts & 0xffff; i > 0; i--) {
      const test = tests[at++]!;
      const goesRight = ranks[(test & 0xffff) * rankStride + row]! >= signed(test >>> 16);
      if (goesRight) remaining &= test >>> 24;
    }
    for (let i = counts >>> 16; i > 0; i--) {
      const [test, set] = [tests[at++]!, tests[at++]!];
      if (holds(sets, set, ranks, (test & 0xffff) * rankStride + row, rankStride)) remaining &= test >>> 24;
    }
    if (remaining !== 0) return 8 * byte + 31 - Math.clz32(remaining & -remaining);
  }
  return 0; // never: the last leaf remains
}

function leafByWalk({ ranks, nodes, targets, sets, rankStride }: Trees, start: number, row: number): number {
  for (let node = start; ; ) {
    const [test, left] = [nodes[2 * node]!, nodes[2 * node + 1]!];
    const plane = (test & 0xffff) * rankStride + row;
    const setCount = test >>> 24;
    let goesRight = false;
    if (setCount === 0) goesRight = ranks[plane]! >= signed(test >>> 16);
    for (let i = 0; i < setCount; i++) {
      goesRight ||= holds(sets, targets[node]! + i, ranks, plane + 2 * i * rankStride, rankStride);
    }
    const child = left + (goesRight ? 1 : 0);
    if (child === node) return targets[node]!;
    node = child;
  }
}

/** Does the set hold the category whose byte lies at `at` and whose bit in the plane behind? */
function holds(sets: Uint8Array, set: number, ranks: Int8Array, at: number, rankStride: number): boolean {
  const byte = ranks[at]!;
  return byte >= 0 && (sets[32 * set + byte]! & ranks[at + rankStride]!) !== 0;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function ensembleCase(rowCount: number, random: CaseRandom, flavour: Flavour) {
  const rankStride = Math.max(64, Math.ceil(rowCount / 64) * 64);
  const [rankPlanes, codePlanes] = [1 + random.integer(5), flavour === 'nulls' || flavour === 'special' ? 2 : 0];
  const planeCount = rankPlanes + 2 * codePlanes;
  const ranks = Int8Array.from({ length: planeCount * rankStride }, () =>
    flavour === 'ties' ? random.integer(3) - 1 : flavour === 'constant' ? 3 : random.integer(256) - 128,
  );
  for (let at = rankPlanes * rankStride; at < ranks.length; at++) {
    const isByte = (Math.floor(at / rankStride) - rankPlanes) % 2 === 0;
    ranks[at] = isByte ? random.integer(40) - 8 : 1 << random.integer(8);
    if (isByte && ranks[at]! > 31) ranks[at] = -1;
    if (isByte && ranks[at]! < 0) ranks[at] = -1;
  }
  const writer = new CaseWriter(rankPlanes, codePlanes, random, flavour);
  const treeCount = flavour === 'constant' ? 1 : 12;
  for (let tree = 0; tree < treeCount; tree++) {
    if (flavour === 'one-bin' || (flavour !== 'plain' && tree % 3 === 2)) writer.addWalk(2 + random.integer(8));
    else writer.addMasks(flavour === 'skewed' ? 256 : 1 + random.integer(tree === 0 ? 256 : 64));
  }
  const outputCount = flavour === 'skewed' ? 3 : 1;
  const leafWidth = flavour === 'skewed' && random.integer(2) === 0 ? outputCount : 1;
  const { trees, tests, nodes, targets, sets, leafCount } = writer;
  return {
    scalars: {
      ...{ planeCount, rankStride, treeCount, testWords: tests.length, nodeCount: targets.length },
      ...{ setCount: sets.length / 32, rowCount, outputCount, leafCount, leafWidth, average: random.integer(2) },
    },
    buffers: {
      ranks,
      trees: Int32Array.from(trees),
      tests: Uint32Array.from(tests),
      nodes: Int32Array.from(nodes),
      targets: Int32Array.from(targets),
      sets: Uint8Array.from(sets),
      base: realValues(outputCount, random, 'plain'),
      leafValues: realValues(leafCount * leafWidth, random, 'plain'),
    },
  };
}

/** Random trees in the kernels' form. Masks need not be those of a tree: only the last leaf has to remain. */
class CaseWriter {
  readonly trees: number[] = [];
  readonly tests: number[] = [];
  readonly nodes: number[] = [];
  readonly targets: number[] = [];
  readonly sets: number[] = [];
  leafCount = 0;

  constructor(
    readonly rankPlanes: number,
    readonly codePlanes: number,
    readonly random: CaseRandom,
    readonly flavour: Flavour,
  ) {}

  addMasks(leaves: number): void {
    const { random, tests } = this;
    const bytes = Math.ceil(leaves / 8);
    this.trees.push(bytes, tests.length, this.leafCount, 0);
    for (let byte = 0; byte < bytes; byte++) {
      const always = byte === bytes - 1 ? 1 << ((leaves - 1) & 7) : 0;
      const [compared, sets] = [random.integer(10), this.codePlanes === 0 ? 0 : random.integer(3)];
      tests.push(compared | (sets << 16));
      for (let i = 0; i < compared + sets; i++) {
        const keep = ((random.integer(256) & random.integer(256)) | always) << 24;
        if (i < compared) tests.push((random.integer(this.rankPlanes) | (random.integer(256) << 16) | keep) >>> 0);
        else tests.push((this.#codePlane() | keep) >>> 0, this.#set());
      }
    }
    this.leafCount += leaves;
  }

  addWalk(depth: number): void {
    const first = this.targets.length;
    const tree = this.trees.push(this.codePlanes > 0 ? -1 : 0, first, this.leafCount, depth) - 4;
    let leaves = 0;
    let open = [this.#node()];
    for (let level = 0; open.length > 0; level++) {
      const next: number[] = [];
      for (const node of open) {
        if (level === depth || (level > 0 && this.random.integer(5) === 0))
          this.#fill(node, 128 << 16, node - 1, leaves++);
        else if (this.codePlanes > 0 && this.random.integer(3) === 0) {
          const set = this.#set();
          this.#fill(node, this.#codePlane() | (1 << 24), this.#node(), set);
          next.push(this.nodes[2 * node + 1]!, this.#node());
        } else {
          const rank = this.flavour === 'ties' ? this.random.integer(3) - 1 : this.random.integer(255) - 127;
          this.#fill(node, this.random.integer(this.rankPlanes) | ((rank & 255) << 16), this.#node(), 0);
          next.push(this.nodes[2 * node + 1]!, this.#node());
        }
      }
      open = next;
    }
    this.trees[tree + 3] = depth;
    this.leafCount += leaves;
  }

  #node(): number {
    this.nodes.push(0, 0);
    return this.targets.push(0) - 1;
  }

  #fill(node: number, test: number, left: number, target: number): void {
    this.nodes[2 * node] = test;
    this.nodes[2 * node + 1] = left;
    this.targets[node] = target;
  }

  #codePlane(): number {
    return this.rankPlanes + 2 * this.random.integer(this.codePlanes);
  }

  #set(): number {
    for (let i = 0; i < PLANE_CODES / 8; i++) this.sets.push(this.random.integer(256));
    return this.sets.length / 32 - 1;
  }
}
