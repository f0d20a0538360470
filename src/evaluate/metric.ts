import { LanewiseError } from '../errors.js';
import { foldLanes, LANES } from '../kernels/sums.js';
import type { Metric, Scored } from '../table/interfaces.js';

/** A score of fixed rows under any weights; undefined weighs all rows alike. */
export type WeightedScore = (weights?: Float64Array) => number;

/**
 * A metric of the house. What does not depend on the weights (sorting, errors of single rows) is done once, in
 * `prepare`, so that a bootstrap, which only re-weights rows, costs one pass a resample. A weight of n counts as the row
 * written n times, and a weight of 0 as the row left out.
 */
export interface Scorer extends Metric {
  /** As people write it, for the figure `natural` gives: 'RMSE', 'ROC AUC'. */
  readonly label: string;
  readonly meaning: string;
  readonly needs: 'prediction' | 'probabilities';
  /** 'binary': defined for two classes only. */
  readonly classes?: 'binary';
  readonly prepare: (scored: Scored) => WeightedScore;
  /** The score as people read it: an error is positive. */
  readonly natural: (score: number) => number;
  /** Present where the metric is a sum over rows: chunks are scored apart and merged. */
  readonly mergeable?: Mergeable;
}

/**
 * Scores chunk by chunk. Chunks whose length is a multiple of BLOCK_ROWS (the last one excepted), merged in the order of
 * the rows, give the same bits as all rows at once.
 */
export interface Mergeable {
  partial(scored: Scored): Float64Array;
  merge(left: Float64Array, right: Float64Array): Float64Array;
  finish(sums: Float64Array): number;
}

/** Rows of one block of a sum; blocks are counted from the first row, so that chunks can be merged. */
export const BLOCK_ROWS = 65_536;

/** The sum of the values of all rows: the house's lane sums (src/kernels/sums.ts) within a block, blocks in order. */
export function blockSum(values: Float64Array): number {
  let total = 0;
  for (let start = 0; start < values.length; start += BLOCK_ROWS) {
    const lanes = new Float64Array(LANES);
    const end = Math.min(values.length, start + BLOCK_ROWS);
    for (let row = start; row < end; row++) lanes[(row - start) & (LANES - 1)]! += values[row]!;
    total += foldLanes(lanes);
  }
  return total;
}

/** Σ weight·value in the same order. Written out, because a bootstrap spends its time here. */
function weightedSum(values: Float64Array, weights: Float64Array): number {
  let total = 0;
  for (let start = 0; start < values.length; start += BLOCK_ROWS) {
    const lanes = new Float64Array(LANES);
    const end = Math.min(values.length, start + BLOCK_ROWS);
    for (let row = start; row < end; row++) {
      const weight = weights[row]!;
      // A row that weighs nothing is not there, even if its value is infinite.
      if (weight !== 0) lanes[(row - start) & (LANES - 1)]! += weight * values[row]!;
    }
    total += foldLanes(lanes);
  }
  return total;
}

/** [Σ weight·value, Σ weight]. */
export function weightedSums(values: Float64Array, weights?: Float64Array): Float64Array {
  if (!weights) return Float64Array.of(blockSum(values), values.length);
  return Float64Array.of(weightedSum(values, weights), blockSum(weights));
}

/** Adds two partials element by element. */
export function addSums(left: Float64Array, right: Float64Array): Float64Array {
  return left.map((value, index) => value + right[index]!);
}

interface ScorerParts extends Omit<Scorer, 'score' | 'natural'> {
  /** true: the name starts with neg_ and people read the figure without its sign. */
  readonly negated?: boolean;
}

/** Makes a metric from its parts. */
export function defineScorer({ negated, ...parts }: ScorerParts): Scorer {
  return {
    ...parts,
    score: (scored) => parts.prepare(scored)(scored.weights),
    natural: negated ? (score) => 0 - score : (score) => score,
  };
}

interface MeanScorerParts extends Omit<ScorerParts, 'prepare' | 'mergeable'> {
  /** The figure of each row. */
  readonly ofRows: (scored: Scored) => Float64Array;
  /** The score from the weighted mean of the rows' figures; default: the mean, negated where `negated`. */
  readonly finish?: (mean: number) => number;
}

/** A metric that is a function of the mean over rows. */
export function defineMeanScorer({ ofRows, finish, ...parts }: MeanScorerParts): Scorer {
  const last = finish ?? (parts.negated ? (mean: number) => -mean : (mean: number) => mean);
  const finishSums = (sums: Float64Array) => last(sums[0]! / sums[1]!);
  return defineScorer({
    ...parts,
    prepare: (scored) => {
      const rows = ofRows(scored);
      return (weights) => finishSums(weightedSums(rows, weights));
    },
    mergeable: {
      partial: (scored) => weightedSums(ofRows(scored), scored.weights),
      merge: addSums,
      finish: finishSums,
    },
  });
}

/** Classes of classified rows: as many as there are probabilities, else as the indices need. */
export function classCount({ target, prediction, probabilities }: Scored): number {
  if (probabilities) return probabilities.length;
  let highest = 1;
  for (const values of [target, prediction]) for (const value of values) if (value > highest) highest = value;
  return highest + 1;
}

/** @throws LanewiseError `usage` where a metric of two classes meets another number of them. */
export function requireTwoClasses(name: string, classes: number): void {
  if (classes === 2) return;
  const instead = name === 'roc_auc' || name === 'average_precision' ? 'roc_auc_ovr' : `${name}_macro`;
  throw new LanewiseError('usage', `Expected two classes for ${name} but received ${classes}`, {
    hint: `With more than two classes there is ${instead}.`,
  });
}

/** @throws LanewiseError `usage` where a metric needs probabilities and there are none. */
export function requireProbabilities(name: string, { probabilities }: Scored): readonly Float64Array[] {
  if (probabilities) return probabilities;
  throw new LanewiseError('usage', `Expected class probabilities for ${name} but the model gives none`);
}
