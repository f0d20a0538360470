import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { type RandomStream, stream } from '../../engine/random.js';
import { Breather } from '../../engine/turn.js';
import { invalid, throwIfCancelled } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import { type RegisterColumn, readRegister } from '../../table/columns.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { cutShort, Deadline } from '../../training/deadline.js';
import { anomalyProgram, contaminationThreshold } from '../anomalies.js';
import { featureColumns, inputsOf, weightsOf } from '../features.js';
import { makeModel } from '../model.js';
import { seedOf } from '../seed.js';
import { averagePathLength, growIsolationTree, type IsolationTree } from './isolation-tree.js';
import { type IsolationForestParameters, isolationForestParameters } from './parameters.js';

const AUTO_SAMPLES = 256;
const AUTO_THRESHOLD = 0.5;

/**
 * Finds anomalies: rows that few random splits part from the others (Liu, Ting and Zhou 2008). `score` is
 * 2^(−mean depth / average path length), in (0, 1], scikit-learn's score_samples negated; `prediction` is 1 where it is
 * above the threshold of `contamination`. Missing values go to a random side; categories are numbers in the order of their
 * labels, and one never seen is missing; rows of weight 0 are not drawn. Parameters as scikit-learn's IsolationForest.
 */
export class IsolationForest implements Estimator {
  readonly name = 'isolation-forest';
  readonly task = 'anomaly-detection';
  readonly declarations = isolationForestParameters;
  readonly parameters: IsolationForestParameters;

  constructor(parameters: Partial<IsolationForestParameters> = {}) {
    this.parameters = checkParameters('IsolationForest', isolationForestParameters, parameters);
  }

  with(parameters: Partial<IsolationForestParameters>): IsolationForest {
    return new IsolationForest({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError `data` where there are no rows or no features; `usage` for more samples or features than there are. */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const deadline = new Deadline(options.timeBudget);
    const columns = featureColumns(table, options);
    const features = columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const rows = drawnRows(table, options);
    const { contamination, maxSamples } = this.parameters;
    const samples = countOf('maxSamples', maxSamples ?? Math.min(AUTO_SAMPLES, rows.length), rows.length);
    const trees = await this.#grow(features, rows, samples, options, deadline);
    const modelOf = (threshold: number) =>
      makeModel({
        estimator: this.name,
        task: this.task,
        parameters: this.parameters,
        program: lower(columns, features, trees, samples, threshold),
        interpretability: 'low',
        training: {
          rows: table.numRows,
          iterations: trees.length,
          bestIteration: trees.length,
          lossName: 'none',
          history: [],
          verdict: `${trees.length} trees of ${samples} rows; a row is an anomaly from a score of ${Number(threshold.toPrecision(4))} on${cutShort(trees.length, this.parameters.nEstimators, deadline)}`,
        },
      });
    if (contamination === null) return modelOf(AUTO_THRESHOLD);
    const engine = options.engine ?? (await defaultEngine());
    const scored = await modelOf(0).predict(table, { engine, signal: options.signal });
    const scores = readRegister(scored, 'score').values;
    return modelOf(
      contaminationThreshold(
        Float64Array.from(rows, (row) => scores[row]!),
        contamination,
      ),
    );
  }

  async #grow(
    features: readonly RegisterColumn[],
    rows: Uint32Array,
    samples: number,
    { signal, onProgress, ...options }: FitOptions,
    deadline: Deadline,
  ): Promise<IsolationTree[]> {
    const { nEstimators, bootstrap, randomState, maxFeatures } = this.parameters;
    const seed = seedOf(randomState, options);
    const values = features.map(numbersOf);
    const tried = countOf('maxFeatures', maxFeatures, features.length);
    const maxDepth = 32 - Math.clz32(Math.max(samples, 2) - 1); // log2, rounded up
    const breather = new Breather();
    const trees: IsolationTree[] = [];
    for (let tree = 0; tree < nEstimators && !(tree > 0 && deadline.passed); tree++) {
      const random = stream(seed, 'isolation', tree);
      const all = Uint32Array.from(features, (_, feature) => feature);
      const some = drawn(all, tried, false, random);
      trees.push(growIsolationTree(values, drawn(rows, samples, bootstrap, random), some, maxDepth, random));
      onProgress?.({ what: 'tree', done: trees.length, total: nEstimators });
      await breather.breathe(signal);
      throwIfCancelled(signal);
    }
    return trees;
  }
}

/** Rows that may be drawn: those that weigh something. */
function drawnRows(table: Table, options: FitOptions): Uint32Array {
  const weights = weightsOf(table, options);
  return Uint32Array.from({ length: table.numRows }, (_, row) => row).filter((row) => !weights || weights[row]! > 0);
}

/** A column as numbers: categories by their codes, labels never seen as missing. */
function numbersOf({ values, labels }: RegisterColumn): Float64Array {
  return labels ? values.map((code) => (code < labels.length ? code : Number.NaN)) : values;
}

/** `size` of the numbers, with or without replacement. */
function drawn(from: Uint32Array, size: number, replacement: boolean, random: RandomStream): Uint32Array {
  if (replacement) return Uint32Array.from({ length: size }, () => from[random.integer(from.length)]!);
  if (size === from.length) return from.slice();
  // Floyd's: a set of `size` of them, without a permutation of all.
  const chosen = new Set<number>();
  for (let last = from.length - size; last < from.length; last++) {
    const pick = random.integer(last + 1);
    chosen.add(chosen.has(pick) ? last : pick);
  }
  return Uint32Array.from(chosen, (place) => from[place]!);
}

/** A share up to 1, above it a number, of so many. */
function countOf(name: string, value: number, all: number): number {
  if (value <= 1) return Math.max(1, Math.round(value * all));
  if (!Number.isInteger(value) || value > all) {
    throw invalid(name, `a share in (0, 1] or a whole number up to ${all}`, value);
  }
  return value;
}

/** The mean of depth + average path length over the trees, and the score of it. */
function lower(
  columns: readonly RegisterColumn[],
  features: readonly RegisterColumn[],
  trees: readonly IsolationTree[],
  samples: number,
  threshold: number,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const inputs = features.map(({ name, labels }) => {
    const { register } = builder.columns.get(name)!;
    if (!labels) return register;
    const table = Float64Array.from(labels, (_, code) => code);
    return builder.add({ op: 'lookup', in: register, table, missing: Number.NaN, unseen: Number.NaN });
  });
  const path = builder.reserve();
  builder.emit({ op: 'ensemble', inputs, outputs: [path], ...ensembleOf(trees) });
  // A forest that cannot part anything finds every row equally odd.
  const length = averagePathLength(samples);
  const exponent = builder.add({ op: 'affine', in: path, shift: length > 0 ? 0 : -1, scale: -(length || 1) / log(2) });
  const score = builder.add({ op: 'unary', in: exponent, function: 'exp' });
  return anomalyProgram(builder, score, threshold);
}

function ensembleOf(trees: readonly IsolationTree[]) {
  const all = <T>(of: (tree: IsolationTree) => readonly T[]) => trees.flatMap((tree) => of(tree));
  const feature = Int32Array.from(all((tree) => tree.feature));
  const nodes = feature.length;
  const roots = new Int32Array(trees.length);
  const [left, right] = [new Int32Array(nodes), new Int32Array(nodes).fill(-1)];
  const leafValues: number[] = [];
  let first = 0;
  trees.forEach((tree, index) => {
    roots[index] = first;
    tree.child.forEach((child, node) => {
      left[first + node] = child < 0 ? leafValues.length : first + child;
      if (child >= 0) right[first + node] = first + child + 1;
      else leafValues.push(tree.depth[node]! + averagePathLength(tree.samples[node]!));
    });
    first += tree.child.length;
  });
  return {
    base: new Float64Array(1),
    average: true,
    leafWidth: 1,
    roots,
    feature,
    threshold: Float64Array.from(all((tree) => tree.threshold)),
    left,
    right,
    missingGoesLeft: Uint8Array.from(all((tree) => tree.missingLeft.map(Number))),
    categoryOffset: new Int32Array(nodes).fill(-1),
    categoryWords: new Int32Array(nodes),
    categories: new Uint32Array(0),
    leafValues: Float64Array.from(leafValues),
    cover: Float64Array.from(all((tree) => tree.samples)),
  };
}
