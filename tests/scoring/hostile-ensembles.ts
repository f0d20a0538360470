// Ensembles at the edge of what a program may hold, and rows that meet every edge: for the tests that hold all ways of
// scoring to the interpreter.
import type { EnsembleOperation, Program } from '#lanewise/scoring/program.js';
import { type Dice, dice } from './programs.js';

const FEATURES = 5;

/** What thresholds and cells are drawn from: equal ones meet often. */
const numbers = [
  0,
  -0,
  5e-324,
  -5e-324,
  2.3e-308,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  1,
  1 + Number.EPSILON,
  1 - Number.EPSILON / 2,
  -1,
  31,
  32,
  33,
  255,
  256,
  257,
  1e-300,
  0.1,
  0.1 + 2 ** -56,
];

export interface HostileShape {
  /** Leaves of each tree. */
  readonly leaves: readonly number[];
  /** Which leaf is split next: any, or always the last made (a chain to the right), or the first (to the left). */
  readonly growth?: 'any' | 'right' | 'left';
  readonly categories?: boolean;
  /** Words of the longest set. */
  readonly words?: number;
  readonly outputs?: number;
  readonly wideLeaves?: boolean;
  readonly average?: boolean;
  readonly missing?: 'left' | 'right' | 'any';
  /** Thresholds drawn at random, besides those above. */
  readonly free?: boolean;
  readonly notANumber?: boolean;
}

/** Every shape, by what it is about. */
export const shapes: Readonly<Record<string, HostileShape>> = {
  'no trees': { leaves: [], outputs: 2 },
  'one leaf': { leaves: [1, 1, 1] },
  'two leaves': { leaves: [2, 1, 2, 2] },
  'around a byte': { leaves: [7, 8, 9, 15, 16, 17] },
  '31 leaves': { leaves: Array(12).fill(31), free: true },
  'as many leaves as a mask holds': { leaves: [63, 64, 64, 63], categories: true },
  'a leaf more': { leaves: [64, 65, 2, 66], free: true },
  'as many leaves as a byte counts': { leaves: [128, 255, 256, 257], free: true },
  'so many with sets': { leaves: [128, 255, 256, 257], categories: true },
  'a thousand leaves': { leaves: [1000, 31, 1000], free: true },
  'chains to the right': { leaves: [64, 300, 40], growth: 'right' },
  'chains to the left': { leaves: [64, 300, 40], growth: 'left', missing: 'left' },
  'more thresholds than a plane holds': { leaves: Array(60).fill(40), free: true, missing: 'any' },
  'missing goes left': { leaves: [20, 30, 100], missing: 'left', free: true },
  'missing goes right': { leaves: [20, 30, 100], missing: 'right', free: true },
  'small sets': { leaves: [31, 31, 20, 90], categories: true, words: 2 },
  'sets of more than 256 categories': { leaves: [31, 40, 200], categories: true, words: 20 },
  'sets of millions of categories': { leaves: [4, 9, 5], categories: true, words: 200_000, missing: 'any' },
  'several outputs': { leaves: [31, 20, 10, 90, 5], outputs: 3, categories: true },
  'a value for each output': { leaves: [31, 70, 12], outputs: 4, wideLeaves: true },
  'an average': { leaves: [31, 70, 12], average: true, outputs: 2, wideLeaves: true },
  'thresholds that are no numbers': { leaves: [10, 31, 80], notANumber: true },
};

export function hostileEnsemble(shape: HostileShape, seed: number): EnsembleOperation {
  const random = dice(seed);
  const outputs = shape.outputs ?? 1;
  const leafWidth = shape.wideLeaves ? outputs : 1;
  const nodes: Node[] = [];
  const categories: number[] = [];
  let leafCount = 0;
  const roots = shape.leaves.map((leaves) => {
    const first = nodes.push(leaf()) - 1;
    const open = [first];
    for (let count = 1; count < leaves; count++) {
      const growth = shape.growth ?? 'any';
      const [node] = open.splice(growth === 'any' ? random.integer(open.length) : open.length - 1, 1) as [number];
      const [left, right] = [nodes.push(leaf()) - 1, nodes.push(leaf()) - 1];
      nodes[node] = { ...split(random, shape, categories), left, right };
      open.push(...(growth === 'left' ? [right, left] : [left, right]));
    }
    return first;
  });
  // Leaves are numbered in an order of their own.
  const order = Array.from({ length: nodes.length }, (_, node) => node).sort(() => random.uniform() - 0.5);
  for (const node of order) if (nodes[node]!.feature < 0) nodes[node]!.left = leafCount++;
  const value = () => (random.integer(30) === 0 ? random.pick([-0, 1e300, 5e-324]) : random.uniform() - 0.5);
  return {
    op: 'ensemble',
    inputs: Array.from({ length: FEATURES }, (_, input) => input),
    outputs: Array.from({ length: outputs }, (_, k) => FEATURES + k),
    base: Float64Array.from({ length: outputs }, () => random.pick([-0, 0.25, 1e-3])),
    average: shape.average ?? false,
    leafWidth,
    roots: Int32Array.from(roots),
    feature: Int32Array.from(nodes, (node) => node.feature),
    threshold: Float64Array.from(nodes, (node) => node.threshold),
    left: Int32Array.from(nodes, (node) => node.left),
    right: Int32Array.from(nodes, (node) => node.right),
    missingGoesLeft: Uint8Array.from(nodes, (node) => node.missing),
    categoryOffset: Int32Array.from(nodes, (node) => node.offset),
    categoryWords: Int32Array.from(nodes, (node) => node.words),
    categories: Uint32Array.from(categories),
    leafValues: Float64Array.from({ length: leafCount * leafWidth }, value),
  };
}

interface Node {
  feature: number;
  threshold: number;
  left: number;
  right: number;
  missing: number;
  offset: number;
  words: number;
}

function leaf(): Node {
  return { feature: -1, threshold: 0, left: -1, right: -1, missing: 0, offset: -1, words: 0 };
}

function split(random: Dice, shape: HostileShape, categories: number[]): Node {
  const missing = shape.missing === 'left' ? 1 : shape.missing === 'right' ? 0 : random.integer(2);
  const node = { ...leaf(), feature: random.integer(FEATURES), missing };
  if (shape.categories && random.integer(3) > 0) {
    node.offset = categories.length;
    node.words = random.integer(1 + (shape.words ?? 3)); // sometimes none
    for (let word = 0; word < node.words; word++) categories.push(Math.floor(random.uniform() * 4_294_967_296));
    return node;
  }
  node.threshold = shape.free && random.integer(4) > 0 ? (random.uniform() - 0.5) * 8 : random.pick(numbers);
  if (shape.notANumber && random.integer(3) === 0) node.threshold = Number.NaN;
  return node;
}

/** Rows of oddities, of thresholds and their neighbours, of categories known, unknown, negative and broken. */
export function hostileRows(operation: EnsembleOperation, rowCount: number, seed: number): Float64Array[] {
  const random = dice(seed);
  const cell = (): number => {
    switch (random.integer(8)) {
      case 0:
        return Number.NaN;
      case 1:
        return random.pick(numbers);
      case 2:
        return operation.threshold[random.integer(operation.threshold.length)] ?? 1;
      case 3:
        return (operation.threshold[random.integer(operation.threshold.length)] ?? 1) * (1 + Number.EPSILON);
      case 4:
      case 5:
        return random.integer(700) - 20;
      case 6:
        return random.integer(100) + 0.5;
      default:
        return (random.uniform() - 0.5) * 10;
    }
  };
  return operation.inputs.map(() => Float64Array.from({ length: rowCount }, cell));
}

export function programOf(operation: EnsembleOperation): Program {
  return {
    inputs: operation.inputs.map((input) => ({ name: `x${input}`, type: 'number' })),
    operations: [operation],
    outputs: operation.outputs.map((register, k) => ({ name: `y${k}`, register, type: 'number' })),
    registerCount: operation.inputs.length + operation.outputs.length,
  };
}
