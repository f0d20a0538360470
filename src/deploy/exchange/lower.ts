import { classificationOutputs } from '../../models/features.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { EnsembleOperation, Program, ProgramInput, ProgramOutput } from '../../scoring/program.js';
import { previousF64 } from './float32.js';
import type { ExchangeFeature, ExchangeForest, Link } from './forest.js';

/** LightGBM's kZeroThreshold: the f32 nearest to 1e-35. */
export const ZERO = Math.fround(1e-35);
/** The least f64 above 0: x ≥ it where x > 0. */
const LEAST = 5e-324;

/** The scoring program of a forest: its outputs are those that `Model` (src/table/interfaces.ts) promises. */
export function lowerForest(forest: ExchangeForest): Program {
  const builder = new ProgramBuilder(inputsOf(forest.features));
  const inputs = forest.features.map((feature) => {
    const { register } = builder.columns.get(feature.name)!;
    return feature.zeroIsMissing ? zeroAsMissing(builder, register) : register;
  });
  const first = builder.reserve(forest.outputs);
  const sums = Array.from({ length: forest.outputs }, (_, k) => first + k);
  const perOutput = forest.leafWidth === 1 ? forest.trees.length / forest.outputs : forest.trees.length;
  // The operation divides by all of its trees: right where each adds to every output.
  const averaged = forest.average && perOutput === forest.trees.length;
  builder.emit({ op: 'ensemble', inputs, outputs: sums, ...ensembleArrays(forest), average: averaged });
  const raw =
    forest.average && !averaged
      ? sums.map((sum) => builder.add({ op: 'affine', in: sum, shift: 0, scale: perOutput }))
      : sums;
  return builder.build(outputsOf(builder, forest, raw));
}

function inputsOf(features: readonly ExchangeFeature[]): ProgramInput[] {
  const inputs = new Map<string, ProgramInput>();
  for (const { name, type, labels } of features) inputs.set(name, { name, type, ...(labels && { labels }) });
  return [...inputs.values()];
}

/** x + 0, or x + NaN where |x| ≤ ZERO: the edges count to 1 there alone. */
function zeroAsMissing(builder: ProgramBuilder, register: number): number {
  const edges = Float64Array.of(previousF64(-ZERO), ZERO);
  const place = builder.add({ op: 'bin', in: register, edges });
  const gaps = builder.add({ op: 'replace', in: place, from: [1], to: Number.NaN });
  const shift = builder.add({ op: 'replace', in: gaps, from: [2], to: 0 });
  return builder.add({ op: 'binary', left: register, right: shift, operator: 'add' });
}

/** The trees as the arrays of an ensemble operation. */
function ensembleArrays(forest: ExchangeForest): Omit<EnsembleOperation, 'op' | 'inputs' | 'outputs' | 'average'> {
  const { trees, leafWidth } = forest;
  const nodeCount = trees.reduce((sum, tree) => sum + tree.feature.length, 0);
  const leafCount = trees.reduce((sum, tree) => sum + tree.feature.filter((feature) => feature < 0).length, 0);
  const arrays = {
    base: forest.base,
    leafWidth,
    roots: new Int32Array(trees.length),
    feature: new Int32Array(nodeCount),
    threshold: new Float64Array(nodeCount),
    left: new Int32Array(nodeCount),
    right: new Int32Array(nodeCount).fill(-1),
    missingGoesLeft: new Uint8Array(nodeCount),
    categoryOffset: new Int32Array(nodeCount).fill(-1),
    categoryWords: new Int32Array(nodeCount),
    leafValues: new Float64Array(leafCount * leafWidth),
    cover: new Float64Array(nodeCount),
    gain: new Float64Array(nodeCount),
  };
  const categories: number[] = [];
  let [first, leaf] = [0, 0];
  trees.forEach((tree, index) => {
    arrays.roots[index] = first;
    arrays.feature.set(tree.feature, first);
    arrays.threshold.set(tree.threshold, first);
    arrays.missingGoesLeft.set(tree.missingLeft, first);
    arrays.cover.set(tree.cover.map(fromZeroOn), first);
    arrays.gain.set(tree.gain.map(fromZeroOn), first);
    tree.feature.forEach((feature, node) => {
      const at = first + node;
      if (feature < 0) {
        arrays.leafValues.set(tree.values.subarray(node * leafWidth, (node + 1) * leafWidth), leaf * leafWidth);
        arrays.left[at] = leaf++;
        return;
      }
      arrays.left[at] = first + tree.left[node]!;
      arrays.right[at] = first + tree.right[node]!;
      const words = tree.labelsLeft[node];
      if (!words) return;
      arrays.categoryOffset[at] = categories.length;
      arrays.categoryWords[at] = words.length;
      for (const word of words) categories.push(word);
    });
    first += tree.feature.length;
  });
  return { ...arrays, categories: Uint32Array.from(categories) };
}

/** A gain may come out a little below 0 where rounding made it so. */
function fromZeroOn(value: number): number {
  return value > 0 && value < Infinity ? value : 0;
}

function outputsOf(builder: ProgramBuilder, forest: ExchangeForest, raw: readonly number[]): ProgramOutput[] {
  const { classes, link } = forest;
  const values = linked(builder, link, raw);
  if (!classes) {
    if (values.length === 1) return [{ name: 'prediction', register: values[0]!, type: 'number' }];
    return values.map((register, k) => ({ name: `prediction_${k}`, register, type: 'number' }));
  }
  if (values.length > 1) return classificationOutputs(builder, values, classes);
  const one = builder.add({ op: 'constant', value: 1 });
  const negative = builder.add({ op: 'binary', left: one, right: values[0]!, operator: 'subtract' });
  return classificationOutputs(builder, [negative, values[0]!], classes);
}

function linked(builder: ProgramBuilder, link: Link, raw: readonly number[]): readonly number[] {
  switch (link.kind) {
    case 'identity':
      return raw;
    case 'softmax': {
      const first = builder.reserve(raw.length);
      const outputs = raw.map((_, k) => first + k);
      builder.emit({ op: 'softmax', inputs: raw, outputs });
      return outputs;
    }
    default:
      return raw.map((register) => linkedOne(builder, link, register));
  }
}

function linkedOne(builder: ProgramBuilder, link: Link, register: number): number {
  switch (link.kind) {
    case 'exp':
      return builder.add({ op: 'unary', in: register, function: 'exp' });
    case 'softplus': {
      const power = builder.add({ op: 'unary', in: register, function: 'exp' });
      return builder.add({ op: 'unary', in: power, function: 'log1p' });
    }
    case 'signed square': {
      const size = builder.add({ op: 'unary', in: register, function: 'abs' });
      return builder.add({ op: 'binary', left: register, right: size, operator: 'multiply' });
    }
    case 'step':
      return builder.add({ op: 'threshold', in: register, value: LEAST });
    case 'sigmoid':
    case 'sigmoids': {
      if (link.slope === 1) return builder.add({ op: 'unary', in: register, function: 'sigmoid' });
      const slope = builder.add({ op: 'constant', value: link.slope });
      const steep = builder.add({ op: 'binary', left: register, right: slope, operator: 'multiply' });
      return builder.add({ op: 'unary', in: steep, function: 'sigmoid' });
    }
    default:
      return register;
  }
}
