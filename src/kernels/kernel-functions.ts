import { exp, tanh } from './elementary.js';

/** Kernel functions by number: `kind` of the kernels below. */
export const kernelKinds = ['linear', 'poly', 'rbf', 'sigmoid'] as const;
export type KernelKind = (typeof kernelKinds)[number];

const LINEAR = 0;
const POLY = 1;
/** The kind that is made of squared distances. */
export const RBF = 2;

/** base^degree for whole degrees ≥ 0, by squaring. */
export function wholePower(base: number, degree: number): number {
  let [result, square] = [1, base];
  for (let rest = degree; rest > 0; rest >>= 1) {
    if (rest & 1) result *= square;
    square *= square;
  }
  return result;
}

/**
 * What a kernel function makes of `sum`: of the squared distance for rbf, of the inner product for the others.
 * linear: sum; poly: (gamma·sum + coef0)^degree; rbf: e^(−gamma·sum); sigmoid: tanh(gamma·sum + coef0).
 */
export function kernelOf(kind: number, sum: number, gamma: number, coef0: number, degree: number): number {
  if (kind === LINEAR) return sum;
  if (kind === RBF) return exp(-gamma * sum);
  const inner = gamma * sum + coef0;
  return kind === POLY ? wholePower(inner, degree) : tanh(inner);
}
