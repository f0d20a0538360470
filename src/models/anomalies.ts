import type { Table } from 'apache-arrow';
import { sortNumbers } from '../engine/sort.js';
import { LanewiseError } from '../errors.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import type { Program } from '../scoring/program.js';
import type { FitOptions } from '../table/interfaces.js';
import { namesWithRole } from '../table/schema.js';

/** The program of an anomaly detector: its score, and 1 where that lies above the threshold. */
export function anomalyProgram(builder: ProgramBuilder, score: number, threshold: number): Program {
  const prediction = builder.add({ op: 'threshold', in: score, value: above(threshold) });
  return builder.build([
    { name: 'prediction', register: prediction, type: 'number' },
    { name: 'score', register: score, type: 'number' },
  ]);
}

/**
 * The threshold above which lies the share `contamination` of the scores: numpy's linear percentile. Scores may be infinite.
 * @throws LanewiseError `data` where there are no scores.
 */
export function contaminationThreshold(scores: Float64Array, contamination: number): number {
  if (scores.length === 0) {
    throw new LanewiseError('data', 'Expected scores to choose a threshold from but there are none');
  }
  const sorted = sortNumbers(scores.slice());
  const place = (1 - contamination) * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low === high ? low : low + (place - Math.floor(place)) * (high - low);
}

/** The smallest number above: anomalies lie above the threshold, and an operation says where they begin. */
export function above(threshold: number): number {
  if (threshold === Number.POSITIVE_INFINITY) return threshold;
  if (threshold === 0) return Number.MIN_VALUE;
  const number = Float64Array.of(threshold);
  const bits = new BigInt64Array(number.buffer);
  bits[0]! += threshold < 0 ? -1n : 1n;
  return number[0]!;
}

/** For models whose rows all weigh the same. */
export function refuseWeights(model: string, table: Table, options: FitOptions): void {
  const weights = options.weights ?? namesWithRole(table, 'weight')[0];
  if (weights === undefined) return;
  throw new LanewiseError('unsupported', `Expected no row weights for ${model} but received "${weights}"`, {
    column: weights,
    hint: 'Give the column the role ignore, or choose isolation-forest or one-class-svm.',
  });
}
