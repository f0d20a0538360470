import type { EnsembleOperation, Operation, Program } from '../../scoring/program.js';
import type { Model } from '../../table/interfaces.js';
import { type FeatureSource, sourceOf, thresholdBefore, writersOf } from './feature-source.js';
import {
  BitBudget,
  type ExchangeFeature,
  type ExchangeForest,
  type ExchangeTree,
  type ForeignNode,
  orderTree,
  setBit,
  unsupported,
} from './forest.js';
import { linkOf } from './link.js';

/**
 * The trees of a model on its raw columns. What a pipeline does to a column before the trees is worked into them where it is
 * a function of that column alone: of a category by its labels, of a number where it rises or falls throughout.
 * @throws LanewiseError `unsupported`, naming what cannot be told in trees.
 */
export function raiseForest(model: Model): ExchangeForest {
  const { program } = model;
  const ensembles = program.operations.filter((operation) => operation.op === 'ensemble');
  if (ensembles.length !== 1) {
    throw unsupported(
      `Expected a model of one ensemble of trees but ${model.estimator} has ${ensembles.length}`,
      'Trees are exchanged; other models are deployed as an artefact or as .wasm.',
    );
  }
  const ensemble = ensembles[0]!;
  const writers = writersOf(program);
  const inputs = new Inputs(program, ensemble, writers);
  const trees = Array.from(ensemble.roots, (root, tree) => readTree(ensemble, root, inputs, `tree ${tree}`));
  const { link, average, classes } = linkOf(model, ensemble, writers);
  return {
    features: inputs.features,
    trees,
    outputs: ensemble.outputs.length,
    leafWidth: ensemble.leafWidth,
    base: ensemble.base,
    average,
    link,
    classes,
  };
}

/** The inputs of the trees as features of the raw table. */
class Inputs {
  readonly features: ExchangeFeature[];
  readonly bits = new BitBudget();
  readonly #program: Program;
  readonly #sources: readonly FeatureSource[];
  readonly #zeros = new Map<number, number>();

  constructor(program: Program, ensemble: EnsembleOperation, writers: ReadonlyMap<number, Operation>) {
    this.#program = program;
    this.features = program.inputs.map(({ name, type, labels }) => ({ name, type, ...(labels && { labels }) }));
    const used = new Set(ensemble.feature);
    this.#sources = ensemble.inputs.map(
      (register, feature): FeatureSource =>
        used.has(feature) ? sourceOf(program, writers, register) : { input: 0, direction: 1, zeroIsMissing: false },
    );
  }

  /** What a node asks of the raw column. */
  split(ensemble: EnsembleOperation, node: number, where: string): Omit<SplitOfColumn, 'left' | 'right'> {
    const source = this.#sources[ensemble.feature[node]!]!;
    const { type, labels, name } = this.#program.inputs[source.input]!;
    const goesLeft = decision(ensemble, node);
    const answer = (value: number) => goesLeft(source.apply ? source.apply(value) : value);
    const missingLeft = answer(Number.NaN);
    if (type === 'category') {
      const labelsLeft = this.bits.take(labels!.length);
      for (let code = 0; code <= labels!.length; code++) if (answer(code)) setBit(labelsLeft, code);
      return { feature: source.input, threshold: 0, labelsLeft, missingLeft, turned: false };
    }
    if (ensemble.categoryOffset[node]! >= 0 || source.direction === 0) {
      throw unsupported(
        `${where} splits column "${name}" by values that are no range of numbers`,
        'Fit the model on the column as it is.',
      );
    }
    const threshold = thresholdBefore(source, ensemble.threshold[node]!);
    const feature = source.zeroIsMissing ? this.#zeroInput(source.input) : source.input;
    // No number goes to that side: all go to the other.
    if (threshold === undefined) return { feature, threshold: Infinity, missingLeft, turned: source.direction === 1 };
    return { feature, threshold, missingLeft, turned: source.direction === -1 };
  }

  #zeroInput(input: number): number {
    const known = this.#zeros.get(input);
    if (known !== undefined) return known;
    const index = this.features.push({ ...this.features[input]!, zeroIsMissing: true }) - 1;
    this.#zeros.set(input, index);
    return index;
  }
}

interface SplitOfColumn {
  readonly feature: number;
  readonly threshold: number;
  readonly labelsLeft?: Uint32Array;
  /** Where missing values go in the ensemble: its left. */
  readonly missingLeft: boolean;
  /** Numbers up to the threshold go to the ensemble's right. */
  readonly turned: boolean;
}

/** As `findLeaf` (scoring/ensemble.ts) decides. */
function decision(ensemble: EnsembleOperation, node: number): (value: number) => boolean {
  const { threshold, missingGoesLeft, categoryOffset, categoryWords, categories } = ensemble;
  const offset = categoryOffset[node]!;
  return (value) => {
    if (Number.isNaN(value)) return missingGoesLeft[node] === 1;
    if (offset < 0) return value <= threshold[node]!;
    if (!(value >= 0 && value < 32 * categoryWords[node]! && Number.isInteger(value)))
      return missingGoesLeft[node] === 1;
    return ((categories[offset + (value >>> 5)]! >>> (value & 31)) & 1) === 1;
  };
}

function readTree(ensemble: EnsembleOperation, root: number, inputs: Inputs, where: string): ExchangeTree {
  const { feature, left, right, leafValues, leafWidth } = ensemble;
  // Nodes of the ensemble in the order in which they are met: the file's numbering begins at 0.
  const nodes = [root];
  const places = new Map([[root, 0]]);
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at]!;
    if (feature[node]! < 0) continue;
    for (const child of [left[node]!, right[node]!]) places.set(child, nodes.push(child) - 1);
  }
  const nodeAt = (index: number): ForeignNode => {
    const node = nodes[index]!;
    const cover = ensemble.cover?.[node] ?? 0;
    if (feature[node]! < 0) {
      const first = left[node]! * leafWidth;
      return { values: Array.from(leafValues.subarray(first, first + leafWidth)), cover };
    }
    const { turned, missingLeft, ...split } = inputs.split(ensemble, node, where);
    const [low, high] = turned ? [right[node]!, left[node]!] : [left[node]!, right[node]!];
    const gain = ensemble.gain?.[node] ?? 0;
    return {
      ...split,
      missingLeft: missingLeft !== turned,
      left: places.get(low)!,
      right: places.get(high)!,
      cover,
      gain,
    };
  };
  return orderTree(nodes.length, nodeAt, leafWidth, where);
}
