import { exp, log1p } from '../kernels/elementary.js';

/** What one prediction costs, by the raw score of a model: value, first and second derivative by the score. */
export interface Loss {
  readonly name: string;
  value(score: number, target: number): number;
  gradient(score: number, target: number): number;
  curvature(score: number, target: number): number;
}

/** ½·(score − target)² */
export const squaredLoss: Loss = {
  name: 'squared',
  value: (score, target) => 0.5 * (score - target) * (score - target),
  gradient: (score, target) => score - target,
  curvature: () => 1,
};

/** log(1 + e^score) − target·score, target 0 or 1: minus the log-likelihood of a coin whose log-odds are the score. */
export const logisticLoss: Loss = {
  name: 'log loss',
  value: (score, target) => log1p(exp(-Math.abs(score))) + (Math.max(0, score) - target * score),
  gradient: (score, target) => probability(score) - target,
  curvature: (score) => probability(score) * probability(-score),
};

function probability(score: number): number {
  const power = exp(-Math.abs(score));
  const share = 1 / (1 + power);
  return score < 0 ? power * share : share;
}
