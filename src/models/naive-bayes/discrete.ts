import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import { checkParameters, type ParameterDeclarations, type ParameterValue } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { TextReading } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model } from '../../table/interfaces.js';
import { inputsOf } from '../features.js';
import { lowerMixedLinear, type MixedFeatures, mixedFeatures } from '../texts.js';
import { countedModel } from './counted-model.js';
import { type ClassCounts, countClasses, mergeCounts, type PartOptions, refuseNegative } from './counts.js';
import {
  type BernoulliParameters,
  bernoulliParameters,
  type ComplementParameters,
  complementParameters,
  type MultinomialParameters,
  multinomialParameters,
} from './parameters.js';

/** Stands for the logarithm of 0: nothing outweighs it, 0 times it is 0, and sums with it keep the digits of the others. */
const LOG_OF_ZERO = -1e6;
const LEAST_ALPHA = 1e-10;

/** A linear function of the features, a row of weights a feature. */
interface Weights {
  /** features × classes, row-major. */
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
}

/**
 * Naive Bayes on counts. All that is learnt are sums over rows, so parts of the data can be counted apart, on any machine,
 * merged and finished: `fit` is `finish(count(table))`.
 */
abstract class DiscreteNaiveBayes<P extends MultinomialParameters> implements Estimator {
  abstract readonly name: string;
  readonly task = 'classification';
  readonly declarations: ParameterDeclarations;
  readonly parameters: P & Readonly<Record<string, ParameterValue>>;

  constructor(owner: string, declarations: ParameterDeclarations, parameters: Partial<P>) {
    this.declarations = declarations;
    this.parameters = checkParameters(owner, declarations, parameters) as unknown as typeof this.parameters;
  }

  abstract with(parameters: Readonly<Record<string, ParameterValue>>): Estimator;

  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    return this.finish(await this.count(table, options), options);
  }

  /** What a part of the data adds. Parts have the same columns; `options.classes` names the classes that there are. */
  async count(table: Table, options: PartOptions = {}): Promise<ClassCounts> {
    throwIfCancelled(options.signal);
    const engine = options.engine ?? (await defaultEngine());
    return countClasses(engine, this.name, table, options, (column) => this.counted(column));
  }

  /** The model that so far counted rows give, and their counts to go on from. */
  async partialFit(
    table: Table,
    options: PartOptions & { readonly counts?: ClassCounts } = {},
  ): Promise<{ model: Model; counts: ClassCounts }> {
    const { counts: before, ...others } = options;
    const target = others.target ?? before?.target;
    const part = await this.count(table, { ...others, target, classes: others.classes ?? before?.classes });
    const counts = before ? mergeCounts(before, part) : part;
    return { model: this.finish(counts, options), counts };
  }

  /** The model of what was counted. */
  finish(counts: ClassCounts, options: Pick<FitOptions, 'onProgress'> = {}): Model {
    const { classes, columns, rows, target } = counts;
    const features = mixedFeatures(columns);
    const builder = new ProgramBuilder(inputsOf(columns));
    const { coefficients, intercepts } = this.weights(counts);
    const margins = lowerMixedLinear(builder, features, coefficients, intercepts, this.registers(builder, features));
    const first = builder.reserve(classes.length);
    const probabilities = classes.map((_, k) => first + k);
    builder.emit({ op: 'softmax', inputs: margins, outputs: probabilities });
    options.onProgress?.({ what: 'model', done: 1, total: 1 });
    return countedModel(this, { target, classes, rows }, builder, probabilities);
  }

  /** A column as it is counted. */
  protected counted(column: RegisterColumn): RegisterColumn {
    if (column.type !== 'text') refuseNegative(this.name, column);
    return column;
  }

  /** Where the numbers lie that the weights are for, if not in the inputs. */
  protected registers(_builder: ProgramBuilder, _features: MixedFeatures): number[] | undefined {
    return undefined;
  }

  protected abstract weights(counts: ClassCounts): Weights;

  protected get alpha(): number {
    const { alpha, forceAlpha } = this.parameters;
    return forceAlpha ? alpha : Math.max(alpha, LEAST_ALPHA);
  }

  /** The logarithms of how likely each class is beforehand. */
  protected logPriors({ classes, classWeights }: ClassCounts): Float64Array {
    const { fitPrior, classPrior } = this.parameters;
    if (classPrior) return logsOfPriors(`${this.name}.classPrior`, classPrior, classes);
    const width = classes.length;
    if (!fitPrior) return new Float64Array(width).fill(-log(width));
    const total = classWeights.reduce((sum, weight) => sum + weight, 0);
    return classWeights.map((weight) => logOrLeast(weight) - log(total));
  }
}

/** Naive Bayes for counts, such as those of words, and for what behaves like them, such as tf-idf. */
export class MultinomialNaiveBayes extends DiscreteNaiveBayes<MultinomialParameters> {
  readonly name = 'multinomial-naive-bayes';

  constructor(parameters: Partial<MultinomialParameters> = {}) {
    super('MultinomialNaiveBayes', multinomialParameters, parameters);
  }

  with(parameters: Partial<MultinomialParameters>): MultinomialNaiveBayes {
    return new MultinomialNaiveBayes({ ...this.parameters, ...parameters });
  }

  protected weights(counts: ClassCounts): Weights {
    const smoothed = counts.featureSums.map((sum) => sum + this.alpha);
    const totals = totalsOf(smoothed, counts.classes.length);
    return { coefficients: logShares(smoothed, totals), intercepts: this.logPriors(counts) };
  }
}

/**
 * Naive Bayes by what does not belong to a class: steadier than multinomial where classes are of unequal sizes.
 * Rennie, Shih, Teevan and Karger, "Tackling the poor assumptions of naive Bayes text classifiers", 2003.
 */
export class ComplementNaiveBayes extends DiscreteNaiveBayes<ComplementParameters> {
  readonly name = 'complement-naive-bayes';

  constructor(parameters: Partial<ComplementParameters> = {}) {
    super('ComplementNaiveBayes', complementParameters, parameters);
  }

  with(parameters: Partial<ComplementParameters>): ComplementNaiveBayes {
    return new ComplementNaiveBayes({ ...this.parameters, ...parameters });
  }

  protected weights({ featureSums, classes }: ClassCounts): Weights {
    const width = classes.length;
    const others = new Float64Array(featureSums.length);
    for (let first = 0; first < others.length; first += width) {
      let all = 0;
      for (let k = 0; k < width; k++) all += featureSums[first + k]!;
      for (let k = 0; k < width; k++) others[first + k] = all + this.alpha - featureSums[first + k]!;
    }
    const logs = logShares(others, totalsOf(others, width));
    const sums = totalsOf(logs, width);
    const coefficients = logs.map((value, i) => (this.parameters.norm ? value / sums[i % width]! : -value));
    return { coefficients, intercepts: new Float64Array(width) };
  }
}

/** Naive Bayes for what is there or not: absence tells as much as presence. */
export class BernoulliNaiveBayes extends DiscreteNaiveBayes<BernoulliParameters> {
  readonly name = 'bernoulli-naive-bayes';

  constructor(parameters: Partial<BernoulliParameters> = {}) {
    super('BernoulliNaiveBayes', bernoulliParameters, parameters);
  }

  with(parameters: Partial<BernoulliParameters>): BernoulliNaiveBayes {
    return new BernoulliNaiveBayes({ ...this.parameters, ...parameters });
  }

  protected override counted(column: RegisterColumn): RegisterColumn {
    const { binarize } = this.parameters;
    if (column.type === 'text') return { ...column, reading: presence(column.name, column.reading!, binarize) };
    if (binarize !== null) return { ...column, values: column.values.map((value) => (value > binarize ? 1 : 0)) };
    if (column.values.every((value) => value === 0 || value === 1)) return column;
    throw new LanewiseError('data', `Expected 0 and 1 for ${this.name} but column "${column.name}" has other numbers`, {
      column: column.name,
      hint: 'Set binarize to the number above which a value counts as 1.',
    });
  }

  protected override registers(builder: ProgramBuilder, { columns, dense }: MixedFeatures): number[] | undefined {
    const { binarize } = this.parameters;
    if (binarize === null) return undefined;
    const edges = Float64Array.of(binarize);
    return dense.map((column) => builder.add({ op: 'bin', in: columns.indexOf(column), edges }));
  }

  protected weights(counts: ClassCounts): Weights {
    const { featureSums, classWeights, classes } = counts;
    const { alpha } = this;
    const width = classes.length;
    const coefficients = new Float64Array(featureSums.length);
    const intercepts = this.logPriors(counts);
    featureSums.forEach((sum, i) => {
      const k = i % width;
      const all = logOrLeast(classWeights[k]! + 2 * alpha);
      const there = logOrLeast(sum + alpha) - all;
      const absent = logOrLeast(classWeights[k]! + alpha - sum) - all;
      coefficients[i] = there - absent;
      intercepts[k]! += absent;
    });
    return { coefficients, intercepts };
  }
}

/** Terms as 1 where they occur. */
function presence(column: string, reading: TextReading, binarize: number | null): TextReading {
  const { binary, alternateSign, sublinear, norm, weights } = reading;
  const isBinary = binary && !sublinear && norm === 'none' && weights.length === 0;
  if (binarize === null ? isBinary : binarize === 0 && !alternateSign) {
    return { ...reading, binary: true, sublinear: false, norm: 'none', weights: new Float64Array(0) };
  }
  const received = binarize === null ? 'values that are not 0 and 1' : `binarize ${binarize}`;
  const what = alternateSign && binarize === 0 ? 'terms of either sign' : received;
  throw new LanewiseError(
    'data',
    `Expected binarize 0 and terms >= 0 for the texts in "${column}" but received ${what}`,
    {
      column,
      hint: 'With binarize: 0 a term is there or not, however it is weighed; hash with alternateSign: false.',
    },
  );
}

/** The logarithms of priors that are given. @throws LanewiseError `usage` where they are not one a class, adding up to 1. */
export function logsOfPriors(name: string, priors: readonly number[], classes: readonly string[]): Float64Array {
  const sum = priors.reduce((total, prior) => total + prior, 0);
  if (priors.length !== classes.length) throw invalid(name, `${classes.length} numbers, one a class,`, priors);
  if (Math.abs(sum - 1) > 1e-8) throw invalid(name, 'numbers that add up to 1', priors);
  return Float64Array.from(priors, logOrLeast);
}

export function logOrLeast(value: number): number {
  return value > 0 ? log(value) : LOG_OF_ZERO;
}

/** By class: the sum over features. */
function totalsOf(values: Float64Array, width: number): Float64Array {
  const totals = new Float64Array(width);
  values.forEach((value, i) => {
    totals[i % width]! += value;
  });
  return totals;
}

/** Logarithms of each feature's share of its class; of classes without any count all features are alike. */
function logShares(values: Float64Array, totals: Float64Array): Float64Array {
  const width = totals.length;
  const alike = -log(values.length / width);
  return values.map((value, i) => {
    const total = totals[i % width]!;
    return total > 0 ? Math.max(LOG_OF_ZERO, logOrLeast(value) - log(total)) : alike;
  });
}
