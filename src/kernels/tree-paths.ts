import { cos } from './elementary.js';

/** The trees whose paths are wanted: EnsembleOperation (src/scoring/program.ts) says what the arrays mean. */
export interface TreesOfPaths {
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingGoesLeft: Uint8Array;
  readonly categoryOffset: Int32Array;
  readonly categoryWords: Int32Array;
  readonly leafValues: Float64Array;
  readonly leafWidth: number;
}

/** Numbers a tree has in `TreePaths.trees`: first node, points, where its points lie in `quadrature`, output. */
export const TREE_STRIDE = 4;
/** Numbers a node has in `TreePaths.edges`. */
export const EDGE_STRIDE = 4;

/**
 * Trees as the kernels of tree-shap.ts read them: nodes in preorder, tree after tree, and by node what the edge that leads
 * to it does to a leaf's weight.
 */
export interface TreePaths {
  readonly trees: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly missingGoesLeft: Uint8Array;
  readonly categoryOffset: Int32Array;
  readonly categoryWords: Int32Array;
  /** By node: depth; node of the nearest edge above that looks at the same input, or the root; that input; 1 a left child. */
  readonly edges: Int32Array;
  /** By node: share of the parent's rows that take the edge. */
  readonly share: Float64Array;
  /** By node: product of the shares of this edge and of all above that look at the same input; 1 at a root. */
  readonly ratio: Float64Array;
  /** By node: the right child (the left one is next), or itself at leaves. */
  readonly right: Int32Array;
  /** By node: row of leafValues, for leaves; else −1. */
  readonly leaf: Int32Array;
  /** By tree: n points t in (0, 1), n numbers 1 − t, n weights, of the Gauss–Legendre rule. Trees of as many points share them. */
  readonly quadrature: Float64Array;
  /** By node, where its list of `pairs` begins; one more at the end. */
  readonly pairStart: Int32Array;
  /** Of an edge: nodes of the last edges above it of every other input on its path. */
  readonly pairs: Int32Array;
  readonly nodeCount: number;
  readonly mostNodes: number;
  readonly mostDepth: number;
  readonly mostPoints: number;
  /** Inputs on a path at most. */
  readonly mostInputs: number;
  /** What each output's trees give on average over the rows of `cover`; no base, no division by the number of trees. */
  readonly expected: Float64Array;
}

export interface PathOptions {
  /** By node: weight of the rows that came through it. Absent: every split parts alike, for kernels that ask for no shares. */
  readonly cover?: Float64Array;
  /** true: `pairs` is filled, for interactions. */
  readonly pairs?: boolean;
}

/** Lays trees out for TreeSHAP. A node that no row of `cover` came through parts alike. */
export function treePaths(trees: TreesOfPaths, outputs: number, options: PathOptions = {}): TreePaths {
  return new PathWriter(trees, outputs, options).write();
}

interface Open {
  readonly node: number;
  readonly depth: number;
  /** Preorder index of the parent; −1 at a root. */
  readonly parent: number;
  readonly isLeft: boolean;
}

class PathWriter {
  readonly #trees: TreesOfPaths;
  readonly #options: PathOptions;
  readonly #outputs: number;
  readonly #order: Int32Array;
  readonly #edges: Int32Array;
  readonly #share: Float64Array;
  readonly #ratio: Float64Array;
  readonly #right: Int32Array;
  readonly #pairStart: Int32Array;
  readonly #pairs: number[] = [];
  readonly #header: number[] = [];
  readonly #rules = new Map<number, number>();
  readonly #quadrature: number[] = [];
  readonly #expected: Float64Array;
  #nodeCount = 0;
  #mostNodes = 0;
  #mostDepth = 0;
  #mostPoints = 1;
  #mostInputs = 0;

  constructor(trees: TreesOfPaths, outputs: number, options: PathOptions) {
    const nodes = trees.feature.length;
    this.#trees = trees;
    this.#outputs = outputs;
    this.#options = options;
    this.#order = new Int32Array(nodes);
    this.#edges = new Int32Array(EDGE_STRIDE * nodes);
    this.#share = new Float64Array(nodes);
    this.#ratio = new Float64Array(nodes);
    this.#right = new Int32Array(nodes);
    this.#pairStart = new Int32Array(nodes + 1);
    this.#expected = new Float64Array(outputs);
  }

  write(): TreePaths {
    const { roots, feature, threshold, missingGoesLeft, categoryOffset, categoryWords, left } = this.#trees;
    roots.forEach((root, tree) => {
      this.#writeTree(root, tree);
    });
    const nodeCount = this.#nodeCount;
    const order = this.#order.subarray(0, nodeCount);
    return {
      trees: Int32Array.from(this.#header),
      feature: order.map((node) => feature[node]!),
      threshold: Float64Array.from(order, (node) => threshold[node]!),
      missingGoesLeft: Uint8Array.from(order, (node) => missingGoesLeft[node]!),
      categoryOffset: order.map((node) => (feature[node]! < 0 ? -1 : categoryOffset[node]!)),
      categoryWords: order.map((node) => categoryWords[node]!),
      edges: this.#edges.subarray(0, EDGE_STRIDE * nodeCount),
      share: this.#share.subarray(0, nodeCount),
      ratio: this.#ratio.subarray(0, nodeCount),
      right: this.#right.subarray(0, nodeCount),
      leaf: order.map((node) => (feature[node]! < 0 ? left[node]! : -1)),
      quadrature: Float64Array.from(this.#quadrature),
      pairStart: this.#pairStart.subarray(0, nodeCount + 1),
      pairs: Int32Array.from(this.#pairs),
      nodeCount,
      mostNodes: this.#mostNodes,
      mostDepth: this.#mostDepth,
      mostPoints: this.#mostPoints,
      mostInputs: this.#mostInputs,
      expected: this.#expected,
    };
  }

  #writeTree(root: number, tree: number): void {
    const { feature, left, right, leafWidth } = this.#trees;
    const first = this.#nodeCount;
    const stack: Open[] = [{ node: root, depth: 0, parent: -1, isLeft: false }];
    /** By depth: the nodes of the path to the one that is written, their weights in the tree, the inputs looked at. */
    const path: number[] = [];
    const weights: number[] = [];
    const inputs: number[] = [];
    let most = 0;
    while (stack.length > 0) {
      const open = stack.pop()!;
      const { node, depth } = open;
      const index = this.#nodeCount++;
      this.#order[index] = node;
      this.#right[index] = index;
      if (open.parent >= 0 && !open.isLeft) this.#right[open.parent] = index;
      path.length = depth;
      const isNew = this.#writeEdge(open, index, first, path);
      path.push(index);
      weights[depth] = depth === 0 ? 1 : weights[depth - 1]! * this.#share[index]!;
      inputs[depth] = depth === 0 ? 0 : inputs[depth - 1]! + (isNew ? 1 : 0);
      this.#mostDepth = Math.max(this.#mostDepth, depth);
      most = Math.max(most, inputs[depth]!);
      if (feature[node]! < 0) this.#expect(tree, left[node]!, weights[depth]!, leafWidth);
      else {
        stack.push({ node: right[node]!, depth: depth + 1, parent: index, isLeft: false });
        stack.push({ node: left[node]!, depth: depth + 1, parent: index, isLeft: true });
      }
    }
    // A product over n inputs, one left out, is a polynomial of degree n − 1: n/2 points integrate it exactly.
    const points = Math.max(1, Math.ceil(most / 2));
    this.#header.push(first, points, this.#ruleOf(points), leafWidth === 1 ? tree % this.#outputs : 0);
    this.#mostNodes = Math.max(this.#mostNodes, this.#nodeCount - first);
    this.#mostPoints = Math.max(this.#mostPoints, points);
    this.#mostInputs = Math.max(this.#mostInputs, most);
  }

  /** Writes what leads to a node; true where no edge above looks at the same input. `path` ends with its parent. */
  #writeEdge({ node, depth, parent, isLeft }: Open, index: number, first: number, path: readonly number[]): boolean {
    const edges = this.#edges;
    if (parent < 0) {
      edges.set([0, first, -1, 0], EDGE_STRIDE * index);
      this.#share[index] = 1;
      this.#ratio[index] = 1;
      this.#pairStart[index + 1] = this.#pairs.length;
      return false;
    }
    const input = this.#trees.feature[this.#order[parent]!]!;
    let at = path.length - 1;
    while (at > 0 && edges[EDGE_STRIDE * path[at]! + 2] !== input) at--;
    const above = at > 0 ? path[at]! : first;
    edges.set([depth, above, input, isLeft ? 1 : 0], EDGE_STRIDE * index);
    this.#share[index] = this.#shareOf(node, this.#order[parent]!);
    this.#ratio[index] = this.#share[index]! * this.#ratio[above]!;
    if (this.#options.pairs) this.#writePairs(input, path);
    this.#pairStart[index + 1] = this.#pairs.length;
    return above === first;
  }

  #writePairs(input: number, path: readonly number[]): void {
    const seen = new Set([input]);
    for (let at = path.length - 1; at > 0; at--) {
      const other = this.#edges[EDGE_STRIDE * path[at]! + 2]!;
      if (!seen.has(other)) this.#pairs.push(path[at]!);
      seen.add(other);
    }
  }

  #shareOf(node: number, parent: number): number {
    const { cover } = this.#options;
    return cover && cover[parent]! > 0 ? cover[node]! / cover[parent]! : 0.5;
  }

  #expect(tree: number, leaf: number, weight: number, leafWidth: number): void {
    const { leafValues } = this.#trees;
    const expected = this.#expected;
    for (let k = 0; k < leafWidth; k++) {
      const output = leafWidth === 1 ? tree % this.#outputs : k;
      expected[output] = expected[output]! + weight * leafValues[leaf * leafWidth + k]!;
    }
  }

  #ruleOf(points: number): number {
    const known = this.#rules.get(points);
    if (known !== undefined) return known;
    const start = this.#quadrature.length;
    for (const value of gaussLegendre(points)) this.#quadrature.push(value);
    this.#rules.set(points, start);
    return start;
  }
}

/**
 * The rule of n points t for integrals over [0, 1], exact for polynomials of degree 2n − 1: all t (descending), then all
 * 1 − t, then all weights. Newton's method on the Legendre polynomial, from Chebyshev's points.
 */
export function gaussLegendre(n: number): Float64Array {
  const rule = new Float64Array(3 * n);
  for (let i = 0; i < (n + 1) / 2; i++) {
    let x = 2 * i + 1 === n ? 0 : cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = legendre(n, x).slope;
    for (let step = 0; step < 20 && x !== 0; step++) {
      const { value } = legendre(n, x);
      const next = x - value / slope;
      const done = Math.abs(next - x) <= 1e-16;
      x = next;
      slope = legendre(n, x).slope;
      if (done) break;
    }
    // For x ≥ 0 both (1 + x)/2 and its distance from 1 are exact to the last place.
    const [high, weight] = [(1 + x) / 2, 1 / ((1 - x * x) * slope * slope)];
    const low = 1 - high;
    const mirrored = n - 1 - i;
    rule[i] = high;
    rule[n + i] = low;
    rule[mirrored] = low;
    rule[n + mirrored] = high;
    rule[2 * n + i] = weight;
    rule[2 * n + mirrored] = weight;
  }
  return rule;
}

function legendre(n: number, x: number): { value: number; slope: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return { value, slope: (n * (x * value - before)) / (x * x - 1) };
}
