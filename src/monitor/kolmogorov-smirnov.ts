import { logBinomial } from '../evaluate/distributions.js';
import { exp, log, log1p } from '../kernels/elementary.js';
import { countAtMost, sortedPresent } from '../table/statistics.js';
import { type QuantileSummary, shareAtMost, summarizeQuantiles, totalOf } from './quantile-summary.js';

/** The two-sample Kolmogorov–Smirnov test. */

export interface KolmogorovSmirnov {
  /** The largest distance of the two distribution functions: 0 … 1. */
  readonly statistic: number;
  /** By how much the statistic may be off, because the reference is a summary. */
  readonly error: number;
  readonly p: number;
}

/** Of two columns, exactly. Values that are not numbers are left out; NaN where a side has none. */
export function kolmogorovSmirnov(reference: Float64Array, current: Float64Array): KolmogorovSmirnov {
  return compareToSummary(summarizeQuantiles(reference, Number.POSITIVE_INFINITY), current);
}

/** Of a stored reference and a column. */
export function compareToSummary(reference: QuantileSummary, current: Float64Array): KolmogorovSmirnov {
  const sorted = sortedPresent(current);
  const total = totalOf(reference);
  if (total === 0 || sorted.length === 0) return { statistic: Number.NaN, error: 0, p: Number.NaN };
  let statistic = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i + 1 < sorted.length && sorted[i + 1] === sorted[i]) continue;
    statistic = Math.max(statistic, Math.abs(shareAtMost(reference, sorted[i]!) - (i + 1) / sorted.length));
  }
  for (const [place, value] of reference.values.entries()) {
    const own = reference.cumulative[place]! / total;
    statistic = Math.max(statistic, Math.abs(own - countAtMost(sorted, value) / sorted.length));
  }
  const effective = Math.round((total * sorted.length) / (total + sorted.length));
  return { statistic, error: reference.error / total, p: kolmogorovTail(Math.max(1, effective), statistic) };
}

const PI_SQUARED = Math.PI * Math.PI;
const SQRT_TWO_PI = 2.5066282746310007;

/**
 * P(D ≥ d) of the two-sided statistic with n values: twice Smirnov's exact one-sided tail where d is large, else the
 * expansion of Pelz and Good (1976), as Simard and L'Ecuyer (2011) recommend. For two samples n is the effective size
 * n₁n₂/(n₁ + n₂), which is what SciPy's asymptotic method does.
 */
export function kolmogorovTail(n: number, d: number): number {
  if (Number.isNaN(d)) return Number.NaN;
  if (d >= 1) return 0;
  if (n * d <= 0.5) return 1;
  if (n * d * d >= 2.2 || d >= 0.5) return Math.min(1, 2 * smirnovTail(n, d));
  return Math.min(1, Math.max(0, 1 - pelzGood(n, d)));
}

/** P(D⁺ ≥ d) = Σ_j C(n, j) d (d + j/n)^(j−1) (1 − d − j/n)^(n−j) (Birnbaum and Tingey 1951). */
function smirnovTail(n: number, d: number): number {
  let sum = 0;
  for (let j = 0; j <= Math.floor(n * (1 - d)); j++) {
    const rest = 1 - d - j / n;
    if (rest <= 0 && j < n) continue;
    const power = j === n ? 0 : (n - j) * log1p(-(d + j / n));
    sum += exp(logBinomial(n, j) + (j - 1) * log(d + j / n) + power);
  }
  return Math.min(1, d * sum);
}

/** P(D < d) to the order n^(−3/2). z = √n·d. */
function pelzGood(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  let [k0, k1, k2, k3] = [0, 0, 0, 0];
  // Sums over half-odd m of polynomials in (πm)² times exp(−(πm)²/2z²) …
  for (let k = 0; k < 40; k++) {
    const m2 = (k + 0.5) * (k + 0.5) * PI_SQUARED;
    const weight = exp(-m2 / (2 * z2));
    if (weight === 0) break;
    const [m4, m6] = [m2 * m2, m2 * m2 * m2];
    k0 += weight;
    k1 += weight * (m2 - z2);
    k2 += weight * (6 * z6 + 2 * z4 + m2 * (2 * z4 - 5 * z2) + m4 * (1 - 2 * z2));
    k3 +=
      weight * (m6 * (5 - 30 * z2) + m4 * (-60 * z2 + 212 * z4) + m2 * (135 * z4 - 96 * z6) - (30 * z6 + 90 * z4 * z4));
  }
  // … and over whole m ≥ 1.
  let [extra2, extra3] = [0, 0];
  for (let k = 1; k < 40; k++) {
    const m2 = k * k * PI_SQUARED;
    const weight = exp(-m2 / (2 * z2));
    if (weight === 0) break;
    extra2 += weight * m2;
    extra3 += weight * (3 * m2 * z2 - m2 * m2);
  }
  const first = (SQRT_TWO_PI / z) * k0;
  const second = (SQRT_TWO_PI / (6 * z4)) * k1;
  const third = (SQRT_TWO_PI / (72 * z4 * z2 * z)) * k2 - (SQRT_TWO_PI / (36 * z2 * z)) * extra2;
  const fourth = (SQRT_TWO_PI / (6480 * z6 * z4)) * k3 + (SQRT_TWO_PI / (216 * z6)) * extra3;
  const root = Math.sqrt(n);
  return first + second / root + third / n + fourth / (n * root);
}
