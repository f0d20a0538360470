import { log } from '../kernels/elementary.js';
import type { Scored } from '../table/interfaces.js';
import { defineMeanScorer, defineScorer, requireProbabilities, type Scorer } from './metric.js';

/** Metrics of the probabilities themselves. */

const EPSILON = 2.220446049250313e-16;

function logLossOfRows(scored: Scored): Float64Array {
  const probabilities = requireProbabilities('neg_log_loss', scored);
  return scored.target.map((k, row) => -log(Math.min(Math.max(probabilities[k]![row]!, EPSILON), 1 - EPSILON)));
}

/** Σ over classes of (probability − truth)², halved for two classes so that it is the usual binary score. */
function brierOfRows(scored: Scored): Float64Array {
  const probabilities = requireProbabilities('neg_brier_score', scored);
  const scale = probabilities.length === 2 ? 0.5 : 1;
  return scored.target.map((target, row) => {
    let sum = 0;
    for (let k = 0; k < probabilities.length; k++) {
      const difference = probabilities[k]![row]! - (k === target ? 1 : 0);
      sum += difference * difference;
    }
    return scale * sum;
  });
}

export const CALIBRATION_BINS = 10;

/** What calibration looks at: two classes, the positive one's probability; more, that of the predicted class. */
export function confidences(scored: Scored): { confidence: Float64Array; right: Uint8Array } {
  const probabilities = requireProbabilities('calibration', scored);
  if (probabilities.length === 2) {
    return { confidence: probabilities[1]!, right: Uint8Array.from(scored.target, (k) => (k === 1 ? 1 : 0)) };
  }
  const confidence = scored.prediction.map((k, row) => probabilities[k]![row]!);
  return {
    confidence,
    right: Uint8Array.from(scored.target, (k, row) => (k === scored.prediction[row] ? 1 : 0)),
  };
}

/** The bin, from 0, of a probability in [0, 1]; 1 lies in the last. */
export function calibrationBin(confidence: number): number {
  return Math.min(CALIBRATION_BINS - 1, Math.floor(confidence * CALIBRATION_BINS));
}

/** Guo et al. 2017, "On Calibration of Modern Neural Networks": ten bins of equal width. */
function calibrationError(scored: Scored): (weights?: Float64Array) => number {
  const { confidence, right } = confidences(scored);
  const bins = Uint8Array.from(confidence, calibrationBin);
  return (weights) => {
    const [gap, total] = [new Float64Array(CALIBRATION_BINS), { weight: 0 }];
    for (let row = 0; row < bins.length; row++) {
      const weight = weights ? weights[row]! : 1;
      gap[bins[row]!]! += weight * (right[row]! - confidence[row]!);
      total.weight += weight;
    }
    return -gap.reduce((sum, value) => sum + Math.abs(value), 0) / total.weight;
  };
}

const shared = { task: 'classification', needs: 'probabilities', negated: true } as const;

export const probabilityScorers: readonly Scorer[] = [
  defineMeanScorer({
    ...shared,
    name: 'neg_log_loss',
    label: 'Log loss',
    meaning: 'Mean negative logarithm of the probability given to the true class',
    ofRows: logLossOfRows,
  }),
  defineMeanScorer({
    ...shared,
    name: 'neg_brier_score',
    label: 'Brier score',
    meaning: 'Mean squared distance of the probabilities from the truth',
    ofRows: brierOfRows,
  }),
  defineScorer({
    ...shared,
    name: 'neg_expected_calibration_error',
    label: 'Calibration error',
    meaning: 'Mean distance of the probability from the observed share, in ten bins',
    prepare: calibrationError,
  }),
];
