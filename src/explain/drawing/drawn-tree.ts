import { invalid, LanewiseError } from '../../errors.js';
import { runProgram } from '../../scoring/interpreter.js';
import type { EnsembleOperation, Operation, Program } from '../../scoring/program.js';
import { formatNumber } from '../../table/format.js';
import type { Model } from '../../table/interfaces.js';
import { namesOfOutputs, programUpTo, traceModel, unitOf } from '../trace.js';

/** A node as people read it. */
export interface DrawnNode {
  /** What sends a row to the `left`: 'age ≤ 42', 'colour is red or green'. Absent: a leaf, or the end of what is drawn. */
  readonly question?: string;
  /** Where rows go whose value is missing. */
  readonly missing?: 'left' | 'right';
  readonly left?: DrawnNode;
  readonly right?: DrawnNode;
  /** Leaves below that are not drawn; 0 in leaves. */
  readonly hidden: number;
  /** Training rows, weighted; absent where the model was saved or imported without. */
  readonly cover?: number;
  /** Of each output: what a leaf adds; above, the mean of the leaves by their cover. */
  readonly values: readonly number[];
}

/** One tree of a model. */
export interface DrawnTree {
  readonly root: DrawnNode;
  /** Number of the tree, from 0, of so many. */
  readonly tree: number;
  readonly trees: number;
  /** Names of the values: classes, 'prediction', 'prediction_<target>'. */
  readonly outputs: readonly string[];
  /** What a value is: 'probability', 'log-odds', 'prediction'. */
  readonly unit: string;
}

export interface DrawOptions {
  /** Default 0. */
  readonly tree?: number;
  /** Levels of questions at most; default 4. */
  readonly depth?: number;
}

/** Labels of a question that are written out. */
const MOST_LABELS = 4;

/**
 * One tree of a model of trees, ready to be written or drawn.
 * @throws LanewiseError `unsupported` for models without trees, `usage` for a tree that is not there.
 */
export function drawnTree(model: Model, { tree = 0, depth = 4 }: DrawOptions = {}): DrawnTree {
  const operation = ensembleOf(model);
  const { roots, leafWidth } = operation;
  if (!Number.isInteger(tree) || tree < 0 || tree >= roots.length) {
    throw invalid('tree', `the number of a tree, from 0 to ${roots.length - 1}`, tree);
  }
  if (!Number.isInteger(depth) || depth < 1) throw invalid('depth', 'a whole number of levels from 1 on', depth);
  const names = namesOfOutputs(model, operation).map((name) => classText(name, model));
  const outputs = leafWidth > 1 ? names : [names[tree % names.length]!];
  const builder = new TreeReader(model.program, operation);
  return {
    root: builder.read(roots[tree]!, depth),
    tree,
    trees: roots.length,
    outputs,
    unit: unitOf(model, operation),
  };
}

/** A class that says little by itself, such as 1 or true, with its target. */
function classText(name: string, { target, classes }: Model): string {
  const bare = classes?.includes(name) && /^([-+.\d]+|true|false|yes|no|[a-z])$/i.test(name);
  return bare && target !== undefined ? `${target} ${name}` : name;
}

function ensembleOf(model: Model): EnsembleOperation {
  const found = traceModel(model).operations.find((operation) => operation.op === 'ensemble');
  if (found) return found;
  throw new LanewiseError('unsupported', `Expected a model of trees to draw but ${model.estimator} has none`);
}

class TreeReader {
  readonly #operation: EnsembleOperation;
  readonly #questions: Questions;

  constructor(program: Program, operation: EnsembleOperation) {
    this.#operation = operation;
    this.#questions = new Questions(program, operation);
  }

  read(node: number, depth: number): DrawnNode {
    const { feature, left, right, leafValues, leafWidth, cover } = this.#operation;
    const known = cover ? { cover: cover[node]! } : {};
    if (feature[node]! < 0) {
      const first = left[node]! * leafWidth;
      return { ...known, hidden: 0, values: Array.from(leafValues.subarray(first, first + leafWidth)) };
    }
    const [yes, no] = [left[node]!, right[node]!];
    const children =
      depth > 0 ? [this.read(yes, depth - 1), this.read(no, depth - 1)] : [this.#sum(yes), this.#sum(no)];
    const values = meanOf(children[0]!, children[1]!);
    if (depth === 0) return { ...known, hidden: leavesOf(children[0]!) + leavesOf(children[1]!), values };
    const { question, missingLeft } = this.#questions.of(node);
    const missing = missingLeft ? 'left' : 'right';
    return { ...known, question, missing, left: children[0]!, right: children[1]!, hidden: 0, values };
  }

  /** A subtree that is not drawn: deep trees are summed up from their leaves, without recursion. */
  #sum(root: number): DrawnNode {
    const { feature, left, right, leafValues, leafWidth, cover } = this.#operation;
    const sums = new Float64Array(leafWidth);
    let [leaves, weight] = [0, 0];
    const open = [root];
    while (open.length > 0) {
      const node = open.pop()!;
      if (feature[node]! >= 0) {
        open.push(left[node]!, right[node]!);
        continue;
      }
      const own = cover ? cover[node]! : 1;
      for (let k = 0; k < leafWidth; k++) sums[k]! += own * leafValues[left[node]! * leafWidth + k]!;
      weight += own;
      leaves++;
    }
    const values = Array.from(sums, (sum) => (weight > 0 ? sum / weight : 0));
    return { hidden: leaves === 1 ? 0 : leaves, values, ...(cover && { cover: cover[root]! }) };
  }
}

function leavesOf({ hidden }: DrawnNode): number {
  return hidden === 0 ? 1 : hidden;
}

function meanOf(a: DrawnNode, b: DrawnNode): number[] {
  const [first, second] = [a.cover ?? 1, b.cover ?? 1];
  const total = first + second;
  return a.values.map((value, k) => (total > 0 ? (value * first + b.values[k]! * second) / total : value));
}

/** Turns splits on registers into questions about the columns that people know. */
class Questions {
  readonly #program: Program;
  readonly #operation: EnsembleOperation;
  /** By register: the operation that writes it from one other register. */
  readonly #writers = new Map<number, Operation & { in: number; out: number }>();

  constructor(program: Program, operation: EnsembleOperation) {
    this.#program = program;
    this.#operation = operation;
    for (const each of program.operations) {
      if (!('in' in each) || each.op === 'terms') continue;
      if (each.op !== 'oneHot') this.#writers.set(each.out, each);
      else each.values.forEach((_, k) => void this.#writers.set(each.out + k, { ...each, out: each.out + k }));
    }
  }

  of(node: number): { question: string; missingLeft: boolean } {
    const { inputs, feature, threshold } = this.#operation;
    const register = inputs[feature[node]!]!;
    const source = this.#sourceOf(register);
    const input = source === undefined ? undefined : this.#program.inputs[source];
    if (!input)
      return { question: `${this.#nameOf(register)} ≤ ${short(threshold[node]!)}`, missingLeft: this.#misses(node) };
    const tried = input.labels ? [...input.labels.keys(), Number.NaN] : [Number.NaN];
    const sides = this.#sides(node, register, source!, tried);
    const missingLeft = sides.at(-1)!;
    if (input.labels) return { question: labelQuestion(input.name, input.labels, sides), missingLeft };
    if (input.type === 'boolean') {
      const [no, yes] = this.#sides(node, register, source!, [0, 1]);
      if (no !== yes) return { question: `${input.name} is ${yes ? 'true' : 'false'}`, missingLeft };
    }
    if (threshold[node] === Number.POSITIVE_INFINITY) return { question: `${input.name} is known`, missingLeft };
    const at = this.#unscaled(register, threshold[node]!);
    const shown =
      input.type === 'timestamp' ? new Date(at.value).toISOString().slice(0, 16).replace('T', ' ') : short(at.value);
    return { question: `${at.name} ≤ ${shown}`, missingLeft };
  }

  #misses(node: number): boolean {
    return this.#operation.missingGoesLeft[node] === 1;
  }

  /** The one input on which a register depends by operations of one register each. */
  #sourceOf(register: number): number | undefined {
    let at = register;
    while (at >= this.#program.inputs.length) {
      const writer = this.#writers.get(at);
      if (!writer) return undefined;
      at = writer.in;
    }
    return at;
  }

  /** Which of some values of an input go left at a node. */
  #sides(node: number, register: number, input: number, values: readonly number[]): boolean[] {
    const rows = values.length;
    const columns = this.#program.inputs.map((_, index) =>
      index === input ? Float64Array.from(values) : new Float64Array(rows),
    );
    const [column] = runProgram(programUpTo(this.#program, [register]), columns, rows);
    return Array.from(column!, (value) => this.#goesLeft(node, value));
  }

  #goesLeft(node: number, value: number): boolean {
    const { threshold, categoryOffset, categoryWords, categories } = this.#operation;
    if (Number.isNaN(value)) return this.#misses(node);
    const offset = categoryOffset[node]!;
    if (offset < 0) return value <= threshold[node]!;
    if (!(value >= 0 && value < 32 * categoryWords[node]!)) return this.#misses(node);
    return ((categories[offset + (value >>> 5)]! >>> (value & 31)) & 1) === 1;
  }

  /** A threshold in the units of the column, as far as scaling can be taken back. */
  #unscaled(register: number, threshold: number): { name: string; value: number } {
    let [at, value] = [register, threshold];
    while (at >= this.#program.inputs.length) {
      const writer = this.#writers.get(at)!;
      if (writer.op === 'affine' && writer.scale > 0) value = value * writer.scale + writer.shift;
      else if (writer.op !== 'impute') return { name: this.#nameOf(at), value };
      at = writer.in;
    }
    return { name: this.#nameOf(at), value };
  }

  /** A register's name: the column's, within what was done to it. */
  #nameOf(register: number): string {
    if (register < this.#program.inputs.length) return this.#program.inputs[register]!.name;
    const writer = this.#writers.get(register);
    if (!writer) return `feature ${this.#operation.inputs.indexOf(register)}`;
    const inner = this.#nameOf(writer.in);
    if (writer.op === 'impute' || writer.op === 'clip' || writer.op === 'lookup') return inner;
    if (writer.op === 'unary') return `${writer.function}(${inner})`;
    if (writer.op === 'calendar') return `${writer.part} of ${inner}`;
    return `${writer.op}(${inner})`;
  }
}

/** 'colour is red or green', or, where that is shorter, 'colour is not blue'. */
function labelQuestion(name: string, labels: readonly string[], sides: readonly boolean[]): string {
  const left = labels.filter((_, k) => sides[k]);
  const right = labels.filter((_, k) => !sides[k]);
  if (left.length === 0 || right.length === 0) return `${name} is ${left.length > 0 ? 'known' : 'missing'}`;
  const some = (chosen: readonly string[]) =>
    chosen.length <= MOST_LABELS
      ? chosen.join(', ').replace(/, ([^,]*)$/, ' or $1')
      : `${chosen.slice(0, MOST_LABELS - 1).join(', ')} or ${chosen.length - MOST_LABELS + 1} more`;
  return right.length < left.length ? `${name} is not ${some(right)}` : `${name} is ${some(left)}`;
}

function short(value: number): string {
  return formatNumber(value, 5);
}
