import { exp, log, log1p } from '../kernels/elementary.js';

/**
 * Distribution functions for tests and intervals. All are accurate to about 1e-13 relative to their scale in the body;
 * tails keep relative accuracy because survival functions are computed as such, never as 1 − cdf.
 */

const LANCZOS_G = 607 / 128;
// Lanczos coefficients for g = 607/128, n = 15 (Godfrey, "A note on the computation of the convergent Lanczos series").
const LANCZOS = [
  0.9999999999999971, 57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202,
  3.399464998481189e-5, 4.652362892704858e-5, -9.837447530487956e-5, 0.0001580887032249125, -0.00021026444172410488,
  0.00021743961811521265, -0.0001643181065367639, 8.441822398385275e-5, -2.6190838401581408e-5, 3.6899182659531625e-6,
];
const HALF_LOG_TWO_PI = 0.9189385332046728;
const TINY = 1e-300;
const EPSILON = 2.220446049250313e-16;

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (x - 1 + i);
  const shifted = x - 0.5 + LANCZOS_G;
  return (x - 0.5) * log(shifted) - shifted + HALF_LOG_TWO_PI + log(sum);
}

/** ln of the binomial coefficient "n over k". */
export function logBinomial(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}

/**
 * The regularised incomplete beta function I_x(a, b), by Lentz's evaluation of its continued fraction (DLMF 8.17.22).
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (Number.isNaN(x) || Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = exp(a * log(x) + b * log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
  // The fraction converges fast below the mean; above it the mirrored one is used.
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return fraction;
}

function away(x: number): number {
  return Math.abs(x) < TINY ? TINY : x;
}

/** The regularised upper incomplete gamma function Q(a, x): a series below a + 1, a continued fraction above. */
export function upperGamma(a: number, x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x <= 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  const front = exp(a * log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - front * gammaSeries(a, x) : front * gammaFraction(a, x);
}

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n <= 100_000; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * EPSILON) break;
  }
  return sum;
}

function gammaFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n <= 100_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / away(an * d + b);
    c = away(b + an / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return fraction;
}

/** P(Z ≤ z) of the standard normal distribution. */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  const tail = 0.5 * upperGamma(0.5, 0.5 * z * z);
  return z <= 0 ? tail : 1 - tail;
}

/** z with P(Z ≤ z) = p. Bisection on the distribution function, so that both agree to the last bits. */
export function normalQuantile(p: number): number {
  if (Number.isNaN(p) || p < 0 || p > 1) return Number.NaN;
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 1) return Number.POSITIVE_INFINITY;
  if (p === 0.5) return 0;
  return p > 0.5 ? -bisect((z) => normalCdf(z) - (1 - p)) : bisect((z) => normalCdf(z) - p);
}

/** The root in [−40, 0] of an ascending function. */
function bisect(f: (x: number) => number): number {
  let [low, high] = [-40, 0];
  for (let i = 0; i < 80; i++) {
    const middle = 0.5 * (low + high);
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
}

/** P(|T| ≥ |t|) of Student's t with `df` degrees of freedom: the two-sided p-value. */
export function studentTwoSided(t: number, df: number): number {
  if (Number.isNaN(t)) return Number.NaN;
  if (!Number.isFinite(t)) return 0;
  return incompleteBeta(df / (df + t * t), 0.5 * df, 0.5);
}

/** P(T ≤ t) of Student's t with `df` degrees of freedom. */
export function studentCdf(t: number, df: number): number {
  const tail = 0.5 * studentTwoSided(t, df);
  return t <= 0 ? tail : 1 - tail;
}

/** t ≥ 0 with P(|T| ≤ t) = level. */
export function studentCritical(level: number, df: number): number {
  let high = 1;
  while (studentTwoSided(high, df) > 1 - level) high *= 2;
  let low = 0;
  for (let i = 0; i < 100; i++) {
    const middle = 0.5 * (low + high);
    if (studentTwoSided(middle, df) > 1 - level) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
}

/** P(X ≥ x) of Fisher's F distribution with `df1` and `df2` degrees of freedom. */
export function fisherTail(x: number, df1: number, df2: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x <= 0) return 1;
  return x === Number.POSITIVE_INFINITY ? 0 : incompleteBeta(df2 / (df2 + df1 * x), 0.5 * df2, 0.5 * df1);
}

/** P(X ≥ x) of the chi-squared distribution with `df` degrees of freedom. */
export function chiSquaredTail(x: number, df: number): number {
  return upperGamma(0.5 * df, 0.5 * x);
}

/** x with P(X ≤ x) = p of the chi-squared distribution with `df` degrees of freedom. Bisection on the survival function. */
export function chiSquaredQuantile(p: number, df: number): number {
  if (Number.isNaN(p) || p < 0 || p > 1) return Number.NaN;
  if (p === 0) return 0;
  if (p === 1) return Number.POSITIVE_INFINITY;
  let high = df;
  while (chiSquaredTail(high, df) > 1 - p) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && low < high; i++) {
    const middle = 0.5 * (low + high);
    if (middle === low || middle === high) break;
    if (chiSquaredTail(middle, df) > 1 - p) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
}
