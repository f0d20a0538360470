import { invalid } from '../errors.js';
import type { Scored } from '../table/interfaces.js';
import { requireProbabilities } from './metric.js';

/**
 * Conformal prediction (Vovk, Gammerman and Shafer 2005; split form): from rows that the model never saw, how far a
 * prediction must be widened to hold the truth in a share `level` of new rows of the same kind, whatever the model.
 */
export interface Conformal {
  readonly level: number;
  /** Rows it was calibrated on. */
  readonly rows: number;
  /**
   * Regression: the interval is prediction ± this. Classification: the set holds every class whose probability is at
   * least 1 − this. Infinity (null in JSON: everything) where the rows are too few for the level.
   */
  readonly radius: number;
}

/** Calibrates on out-of-fold or held-out rows. @throws LanewiseError `usage` for a level outside (0, 1). */
export function conformalRegression(scored: Scored, level = 0.9): Conformal {
  return calibrate(
    scored.target.map((value, row) => Math.abs(value - scored.prediction[row]!)),
    level,
  );
}

/** As for regression, with 1 − the probability of the true class for an error. */
export function conformalClassification(scored: Scored, level = 0.9): Conformal {
  const probabilities = requireProbabilities('conformal sets', scored);
  return calibrate(
    scored.target.map((k, row) => 1 - probabilities[k]![row]!),
    level,
  );
}

/** The ⌈(n + 1)·level⌉-th smallest error: with it the promise holds for finite n, not only in the limit. */
function calibrate(errors: Float64Array, level: number): Conformal {
  if (!(level > 0 && level < 1)) throw invalid('level', 'a number in (0, 1)', level);
  const sorted = errors.slice().sort();
  const place = Math.ceil((sorted.length + 1) * level);
  return { level, rows: sorted.length, radius: sorted[place - 1] ?? Number.POSITIVE_INFINITY };
}

/** The classes that a row's set holds; the likeliest one always. */
export function conformalSet({ radius }: Conformal, probabilities: ArrayLike<number>): number[] {
  let best = 0;
  for (let k = 1; k < probabilities.length; k++) if (probabilities[k]! > probabilities[best]!) best = k;
  return Array.from({ length: probabilities.length }, (_, k) => k).filter(
    (k) => k === best || probabilities[k]! >= 1 - radius,
  );
}
