import { randomKey } from '../engine/random.js';
import type { FitOptions } from '../table/interfaces.js';

/** The seed of a fit: the estimator's `randomState`, and the run's seed where there is one. */
export function seedOf(randomState: number, { seed = 0 }: FitOptions): number {
  return seed === 0 ? randomState : randomKey(seed, 'estimator', randomState).keyLow >>> 0;
}
