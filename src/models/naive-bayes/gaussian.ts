import type { Table } from 'apache-arrow';
import { BLOCK_ROWS } from '../../engine/block-sums.js';
import { Breather } from '../../engine/turn.js';
import { LanewiseError, throwIfCancelled } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { featureColumns, inputsOf, requireFinite, weightsOf } from '../features.js';
import type { FeatureShape } from '../texts.js';
import { countedModel } from './counted-model.js';
import { type PartOptions, partTarget } from './counts.js';
import { logOrLeast, logsOfPriors } from './discrete.js';
import { type GaussianParameters, gaussianParameters } from './parameters.js';

/** Beyond these sizes squares leave the range of f64. */
const [MOST, LEAST] = [1e150, 1e-150];

/** What Gaussian naive Bayes learns from rows; those of parts merge into those of the whole (`mergeMoments`). */
export interface ClassMoments {
  readonly target: string;
  readonly classes: readonly string[];
  readonly rows: number;
  readonly columns: readonly FeatureShape[];
  /** By class: the weight of its rows. */
  readonly classWeights: Float64Array;
  /** features × classes, row-major: the mean of a feature in a class, and the weighted sum of squares about it. */
  readonly means: Float64Array;
  readonly squares: Float64Array;
}

/** Naive Bayes for numbers: in each class each column is normally distributed, whatever the others are. */
export class GaussianNaiveBayes implements Estimator {
  readonly name = 'gaussian-naive-bayes';
  readonly task = 'classification';
  readonly declarations = gaussianParameters;
  readonly parameters: GaussianParameters;

  constructor(parameters: Partial<GaussianParameters> = {}) {
    this.parameters = checkParameters('GaussianNaiveBayes', gaussianParameters, parameters);
  }

  with(parameters: Partial<GaussianParameters>): GaussianNaiveBayes {
    return new GaussianNaiveBayes({ ...this.parameters, ...parameters });
  }

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return this.finish(await this.count(table, options), options);
  }

  /** What a part of the data adds. Parts have the same columns; `options.classes` names the classes that there are. */
  async count(table: Table, options: PartOptions = {}): Promise<ClassMoments> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    const { name, classes, values: codes } = partTarget(table, options);
    requireFinite(this.name, columns);
    for (const column of columns) requireSquares(this.name, column);
    const weights = weightsOf(table, options);
    const breather = new Breather();
    const parts: ClassMoments[] = [];
    for (let start = 0; start < codes.length; start += BLOCK_ROWS) {
      const rows = { start, end: Math.min(codes.length, start + BLOCK_ROWS) };
      parts.push({
        target: name,
        classes,
        columns: columns.map(shapeOf),
        ...blockMoments(columns, codes, weights, classes.length, rows),
      });
      await breather.breathe(options.signal);
    }
    return mergeAll(parts);
  }

  /** The model that so far counted rows give, and their moments to go on from. */
  async partialFit(
    table: Table,
    options: PartOptions & { readonly moments?: ClassMoments } = {},
  ): Promise<{ model: Model; moments: ClassMoments }> {
    const { moments: before, ...others } = options;
    const target = others.target ?? before?.target;
    const part = await this.count(table, { ...others, target, classes: others.classes ?? before?.classes });
    const moments = before ? mergeMoments(before, part) : part;
    return { model: this.finish(moments, options), moments };
  }

  /** The model of what was counted. @throws LanewiseError `data` for a column without any spread where nothing is added. */
  finish(moments: ClassMoments, options: Pick<FitOptions, 'onProgress'> = {}): Model {
    const { classes, columns, rows, target } = moments;
    const builder = new ProgramBuilder(inputsOf(columns));
    const first = builder.reserve(2 * classes.length);
    const densities = classes.map((_, k) => first + k);
    const probabilities = classes.map((_, k) => first + classes.length + k);
    const inputs = columns.map((_, j) => j);
    builder.emit({ op: 'gaussian', inputs, outputs: densities, covariance: 'diagonal', ...this.#densities(moments) });
    builder.emit({ op: 'softmax', inputs: densities, outputs: probabilities });
    options.onProgress?.({ what: 'model', done: 1, total: 1 });
    return countedModel(this, { target, classes, rows }, builder, probabilities);
  }

  #densities(moments: ClassMoments) {
    const { classes, columns, classWeights, means, squares } = moments;
    const width = classes.length;
    const added = this.parameters.varSmoothing * largestVariance(moments);
    const offsets = this.#logPriors(moments);
    const [centres, factors] = [new Float64Array(means.length), new Float64Array(means.length)];
    for (let k = 0; k < width; k++) {
      for (let j = 0; j < columns.length; j++) {
        // A class without rows has no say: its prior is next to nothing.
        const own = classWeights[k]! > 0 ? squares[j * width + k]! / classWeights[k]! : 1;
        const variance = usable(own + added, columns[j]!.name, classes[k]!);
        centres[k * columns.length + j] = means[j * width + k]!;
        factors[k * columns.length + j] = 1 / Math.sqrt(variance);
        offsets[k]! -= 0.5 * log(2 * Math.PI * variance);
      }
    }
    return { offsets, means: centres, factors };
  }

  #logPriors({ classes, classWeights }: ClassMoments): Float64Array {
    const { priors } = this.parameters;
    if (priors) return logsOfPriors(`${this.name}.priors`, priors, classes);
    const total = classWeights.reduce((sum, weight) => sum + weight, 0);
    return classWeights.map((weight) => logOrLeast(weight / total));
  }
}

function shapeOf({ values: _, ...shape }: RegisterColumn): FeatureShape {
  return shape;
}

function usable(variance: number, column: string, label: string): number {
  if (variance > 0) return variance;
  throw new LanewiseError(
    'data',
    `Expected some spread of column "${column}" in class "${label}" but all its values are equal`,
    { column, hint: 'Set varSmoothing above 0, or drop columns of a single value.' },
  );
}

/** Squares must neither overflow nor vanish. */
function requireSquares(model: string, { name, values }: RegisterColumn): void {
  let largest = 0;
  for (let row = 0; row < values.length; row++) largest = Math.max(largest, Math.abs(values[row]!));
  if (largest === 0 || (largest >= LEAST && largest <= MOST)) return;
  throw new LanewiseError(
    'data',
    `Expected numbers between ${LEAST} and ${MOST} for ${model} but the largest of column "${name}" is ${largest}`,
    { column: name, hint: 'Divide the column by a common factor: only proportions count.' },
  );
}

type Sums = Pick<ClassMoments, 'rows' | 'classWeights' | 'means' | 'squares'>;

/** Two passes over a block of rows: the means first, so that squares about them do not cancel. */
function blockMoments(
  columns: readonly RegisterColumn[],
  codes: Float64Array,
  weights: Float64Array | undefined,
  width: number,
  { start, end }: { readonly start: number; readonly end: number },
): Sums {
  const weightOf = (row: number) => (weights ? weights[row]! : 1);
  const classWeights = new Float64Array(width);
  for (let row = start; row < end; row++) classWeights[codes[row]!]! += weightOf(row);
  const [means, squares] = [new Float64Array(columns.length * width), new Float64Array(columns.length * width)];
  columns.forEach(({ values }, j) => {
    const first = j * width;
    for (let row = start; row < end; row++) means[first + codes[row]!]! += weightOf(row) * values[row]!;
    for (let k = 0; k < width; k++) if (classWeights[k]! > 0) means[first + k]! /= classWeights[k]!;
    for (let row = start; row < end; row++) {
      const apart = values[row]! - means[first + codes[row]!]!;
      squares[first + codes[row]!]! += weightOf(row) * apart * apart;
    }
  });
  return { rows: end - start, classWeights, means, squares };
}

/** Neighbours first: the one tree. */
function mergeAll(parts: readonly ClassMoments[]): ClassMoments {
  let level = parts;
  while (level.length > 1) {
    const next: ClassMoments[] = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(i + 1 < level.length ? mergeMoments(level[i]!, level[i + 1]!) : level[i]!);
    }
    level = next;
  }
  return level[0]!;
}

/**
 * The moments of two parts of the data as those of both: Chan, Golub and LeVeque, "Updating formulae and a pairwise
 * algorithm for computing sample variances", 1979.
 * @throws LanewiseError `data` where they are of different classes or columns.
 */
export function mergeMoments(a: ClassMoments, b: ClassMoments): ClassMoments {
  const said = ({ target, classes, columns }: ClassMoments) =>
    JSON.stringify([target, classes, columns.map(({ name }) => name)]);
  if (said(a) !== said(b)) {
    throw new LanewiseError('data', 'Expected moments of the same classes and columns to merge but they differ', {
      hint: `One is of ${said(a).slice(0, 200)}, the other of ${said(b).slice(0, 200)}`,
    });
  }
  const width = a.classes.length;
  const classWeights = a.classWeights.map((weight, k) => weight + b.classWeights[k]!);
  const [means, squares] = [a.means.slice(), a.squares.slice()];
  means.forEach((mean, i) => {
    const k = i % width;
    const share = classWeights[k]! > 0 ? b.classWeights[k]! / classWeights[k]! : 0;
    const apart = b.means[i]! - mean;
    means[i] = mean + apart * share;
    squares[i] = squares[i]! + b.squares[i]! + apart * apart * share * a.classWeights[k]!;
  });
  return { ...a, rows: a.rows + b.rows, classWeights, means, squares };
}

/** The largest variance of a column over all rows; 1 where no column varies at all, so that none tells anything. */
function largestVariance({ columns, classes, classWeights, means, squares }: ClassMoments): number {
  const width = classes.length;
  const total = classWeights.reduce((sum, weight) => sum + weight, 0);
  let largest = 0;
  for (let j = 0; j < columns.length; j++) {
    let mean = 0;
    for (let k = 0; k < width; k++) mean += (classWeights[k]! / total) * means[j * width + k]!;
    let sum = 0;
    for (let k = 0; k < width; k++) {
      const apart = means[j * width + k]! - mean;
      sum += squares[j * width + k]! + classWeights[k]! * apart * apart;
    }
    largest = Math.max(largest, sum / total);
  }
  return largest > 0 ? largest : 1;
}
