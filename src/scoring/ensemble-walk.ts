import { EnsembleTables } from './ensemble-tables.js';
import type { EnsembleOperation } from './program.js';

/** Trees an input, below which comparing numbers beats looking bits up. */
const FEW_TREES_AN_INPUT = 8;

/**
 * One row through an ensemble, fast: by tables of bits where it has categories, missing values, several outputs or very
 * many trees, else by comparisons: siblings lie side by side, so that a comparison is added instead of branched on;
 * leaves lead to themselves, so that four trees walk in step, and the processor waits for four loads at once.
 * Measured on 100 trees of 31 leaves: 1.5 µs, where the plain walk takes 4.
 */
export class EnsembleWalk {
  readonly #operation: EnsembleOperation;
  readonly #tables: EnsembleTables | undefined;
  /** By node: the input it looks at, and the node right of which (left: one less) the next one lies. */
  readonly #links: Int32Array;
  readonly #thresholds: Float64Array;
  /** What nodes answer where a comparison does not. */
  readonly #answers: Answers;
  /** By node: the row of leafValues, for leaves. */
  readonly #leaves: Int32Array;
  /** By node: the value of a leaf, where comparisons alone lead to one output. */
  readonly #values: Float64Array | undefined;
  readonly #starts: Int32Array;
  /** By group of four trees: steps that the deepest takes. */
  readonly #depths: Int32Array;

  constructor(operation: EnsembleOperation) {
    this.#operation = operation;
    this.#tables = EnsembleTables.of(operation);
    const { roots, feature, left, right, threshold, categoryOffset } = operation;
    const nodes: number[] = [];
    const links: number[] = [];
    const depths = new Int32Array(Math.ceil(roots.length / 4));
    this.#starts = new Int32Array(4 * depths.length);
    for (let tree = 0; tree < roots.length; tree++) {
      const depthOf = [0];
      const start = nodes.push(roots[tree]!) - 1;
      this.#starts[tree] = start;
      for (let at = start; at < nodes.length; at++) {
        const node = nodes[at]!;
        const depth = depthOf[at - start]!;
        if (feature[node]! < 0) {
          links.push(0, at + 1);
          depths[tree >> 2] = Math.max(depths[tree >> 2]!, depth);
        } else {
          links.push(feature[node]!, nodes.push(left[node]!, right[node]!) - 1);
          depthOf.push(depth + 1, depth + 1);
        }
      }
    }
    for (let tree = roots.length; tree < this.#starts.length; tree++) this.#starts[tree] = this.#starts[tree - 1]!;
    const isLeaf = (node: number) => feature[node]! < 0;
    this.#links = Int32Array.from(links);
    const isSet = (node: number) => categoryOffset[node]! >= 0;
    this.#thresholds = Float64Array.from(nodes, (node) =>
      isLeaf(node) ? Number.POSITIVE_INFINITY : isSet(node) ? Number.NaN : threshold[node]!,
    );
    this.#answers = new Answers(operation, nodes);
    this.#leaves = Int32Array.from(nodes, (node) => (isLeaf(node) ? left[node]! : -1));
    const { leafWidth, outputs, leafValues } = operation;
    const numeric = !nodes.some((node) => !isLeaf(node) && isSet(node));
    // Tables first find the places of all inputs: that has to pay.
    const few = roots.length < FEW_TREES_AN_INPUT * operation.inputs.length || !this.#tables;
    if (leafWidth === 1 && outputs.length === 1 && numeric && few) {
      this.#values = Float64Array.from(this.#leaves, (leaf) => (leaf < 0 ? 0 : leafValues[leaf]!));
    }
    this.#depths = depths;
  }

  /** Scores the inputs (one a feature) into registers[outputs[k]]. */
  score(inputs: Float64Array, registers: Float64Array): void {
    const { outputs, base, average, roots } = this.#operation;
    for (let k = 0; k < outputs.length; k++) registers[outputs[k]!] = base[k]!;
    if (this.#values && !hasMissing(inputs)) this.#walkToOne(inputs, registers, this.#values);
    else if (this.#tables) this.#tables.score(inputs, registers);
    else this.#walkAny(inputs, registers);
    if (!average) return;
    for (let k = 0; k < outputs.length; k++) registers[outputs[k]!] = registers[outputs[k]!]! / roots.length;
  }

  /** Comparisons alone, for one output: the sum stays in a register. */
  #walkToOne(x: Float64Array, registers: Float64Array, values: Float64Array): void {
    const [links, thresholds, starts, depths] = [this.#links, this.#thresholds, this.#starts, this.#depths];
    const leaves = this.#leaves;
    const output = this.#operation.outputs[0]!;
    const treeCount = this.#operation.roots.length;
    let sum = registers[output]!;
    for (let group = 0; group < depths.length; group++) {
      const tree = 4 * group;
      let a = starts[tree]!;
      let b = starts[tree + 1]!;
      let c = starts[tree + 2]!;
      let d = starts[tree + 3]!;
      for (let step = depths[group]!; step > 0; step--) {
        a = links[2 * a + 1]! - +(x[links[2 * a]!]! <= thresholds[a]!);
        b = links[2 * b + 1]! - +(x[links[2 * b]!]! <= thresholds[b]!);
        c = links[2 * c + 1]! - +(x[links[2 * c]!]! <= thresholds[c]!);
        d = links[2 * d + 1]! - +(x[links[2 * d]!]! <= thresholds[d]!);
        // The deepest leaf is rarely where a row ends: now and then, look whether all four have arrived.
        if ((step & 3) === 0 && (leaves[a]! | leaves[b]! | leaves[c]! | leaves[d]!) >= 0) break;
      }
      sum += values[a]!;
      if (tree + 1 < treeCount) sum += values[b]!;
      if (tree + 2 < treeCount) sum += values[c]!;
      if (tree + 3 < treeCount) sum += values[d]!;
    }
    registers[output] = sum;
  }

  /** Where a value may be missing and a node a set of categories: a bit a node, looked up, decides those. */
  #walkAny(x: Float64Array, registers: Float64Array): void {
    const links = this.#links;
    const thresholds = this.#thresholds;
    const starts = this.#starts;
    const depths = this.#depths;
    const leaves = this.#leaves;
    const { bits, offsets, places } = this.#answers;
    this.#answers.place(x);
    for (let group = 0; group < depths.length; group++) {
      const tree = 4 * group;
      let a = starts[tree]!;
      let b = starts[tree + 1]!;
      let c = starts[tree + 2]!;
      let d = starts[tree + 3]!;
      for (let step = depths[group]!; step > 0; step--) {
        const i = links[2 * a]!;
        const j = links[2 * b]!;
        const k = links[2 * c]!;
        const l = links[2 * d]!;
        const p = places[i]!;
        const q = places[j]!;
        const r = places[k]!;
        const s = places[l]!;
        const bitA = (bits[offsets[a]! + (p >>> 5)]! >>> (p & 31)) & 1;
        const bitB = (bits[offsets[b]! + (q >>> 5)]! >>> (q & 31)) & 1;
        const bitC = (bits[offsets[c]! + (r >>> 5)]! >>> (r & 31)) & 1;
        const bitD = (bits[offsets[d]! + (s >>> 5)]! >>> (s & 31)) & 1;
        a = links[2 * a + 1]! - (+(x[i]! <= thresholds[a]!) | bitA);
        b = links[2 * b + 1]! - (+(x[j]! <= thresholds[b]!) | bitB);
        c = links[2 * c + 1]! - (+(x[k]! <= thresholds[c]!) | bitC);
        d = links[2 * d + 1]! - (+(x[l]! <= thresholds[d]!) | bitD);
        if ((step & 1) === 0 && (leaves[a]! | leaves[b]! | leaves[c]! | leaves[d]!) >= 0) break;
      }
      this.#add(tree, a, registers);
      this.#add(tree + 1, b, registers);
      this.#add(tree + 2, c, registers);
      this.#add(tree + 3, d, registers);
    }
  }

  #add(tree: number, at: number, registers: Float64Array): void {
    const { outputs, leafWidth, leafValues, roots } = this.#operation;
    if (tree >= roots.length) return; // the last group is filled up with the last tree
    const leaf = this.#leaves[at]!;
    if (leafWidth === 1) {
      const register = outputs[outputs.length === 1 ? 0 : tree % outputs.length]!;
      registers[register] = registers[register]! + leafValues[leaf]!;
      return;
    }
    for (let k = 0; k < leafWidth; k++) {
      registers[outputs[k]!] = registers[outputs[k]!]! + leafValues[leaf * leafWidth + k]!;
    }
  }
}

function hasMissing(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) return true;
  return false;
}

/**
 * Missing values and categories as bits: a row has a place by input (its category; behind the last, one for what is no
 * category and one for NaN), and a node a bit for each place of its input: 1 where such a value goes left although no
 * comparison says so.
 */
class Answers {
  readonly bits: Uint32Array;
  /** By node of the walk: its first word. */
  readonly offsets: Int32Array;
  /** By input: the place of the row's value. */
  readonly places: Int32Array;
  /** By input: categories of its longest set; −1 where no node is a set, and only NaN matters. */
  readonly #codeCounts: Int32Array;

  constructor(operation: EnsembleOperation, nodes: readonly number[]) {
    const { inputs, feature, missingGoesLeft, categoryOffset, categoryWords, categories } = operation;
    this.places = new Int32Array(inputs.length);
    this.#codeCounts = new Int32Array(inputs.length).fill(-1);
    for (const node of nodes) {
      if (feature[node]! < 0 || categoryOffset[node]! < 0) continue;
      const count = 32 * categoryWords[node]!;
      this.#codeCounts[feature[node]!] = Math.max(this.#codeCounts[feature[node]!]!, count);
    }
    const words: number[] = [];
    const known = new Map<string, number>();
    /** Words of one answer for all places, but for those of categories: `unknown` and `missing` behind them. */
    const answer = (codeCount: number, unknown: number, missing: number, set?: Uint32Array): number => {
      const key = `${codeCount},${unknown},${missing}`;
      const found = set ? undefined : known.get(key);
      if (found !== undefined) return found;
      const offset = words.length;
      const behind = Math.max(0, codeCount);
      for (let word = 0; word < behind / 32; word++) {
        words.push(set && word < set.length ? set[word]! : unknown === 1 ? 0xffffffff : 0);
      }
      words.push(codeCount < 0 ? missing << 1 : unknown | (missing << 1));
      if (!set) known.set(key, offset);
      return offset;
    };
    const offsets = nodes.map((node) => {
      // A leaf leads to itself whatever the first input is.
      if (feature[node]! < 0) return answer(this.#codeCounts[0] ?? -1, 1, 1);
      const codeCount = this.#codeCounts[feature[node]!]!;
      const missing = missingGoesLeft[node] === 1 ? 1 : 0;
      const first = categoryOffset[node]!;
      if (first < 0) return answer(codeCount, 0, missing);
      return answer(codeCount, missing, missing, categories.subarray(first, first + categoryWords[node]!));
    });
    this.offsets = Int32Array.from(offsets);
    this.bits = Uint32Array.from(words);
  }

  /** Finds the places of a row's values. */
  place(x: Float64Array): void {
    const [places, codeCounts] = [this.places, this.#codeCounts];
    for (let input = 0; input < places.length; input++) {
      const value = x[input]!;
      const codeCount = codeCounts[input]!;
      if (codeCount < 0) places[input] = Number.isNaN(value) ? 1 : 0;
      else if (Number.isNaN(value)) places[input] = codeCount + 1;
      else places[input] = value >= 0 && value < codeCount && Math.trunc(value) === value ? value : codeCount;
    }
  }
}
