import { type CaseInputs, type CaseRandom, defineKernel, type Flavour, type Kernel } from './contract.js';

/**
 * Elementary functions with the same bits in TypeScript, WebAssembly and C++: `Math.`'s differ between engines.
 * Numerical policy: plain f64 operations in the written order, no fused multiply-add, no tables but one. Ranges are
 * reduced after Cody and Waite ("Software Manual for the Elementary Functions", 1980), for sin and cos beyond 2^30 after
 * Payne and Hanek (1983); the kernels are Chebyshev approximations (tests/agreement/elementary.py makes the
 * coefficients), and what rounding costs is carried along in a second number where it matters. Errors, measured
 * against 60 digits, stay below 1 ulp; NaN, ±Inf, ±0, overflow and subnormal results are as IEEE 754 has them.
 */

/** 1.5·2^52: adding and taking it away rounds to the nearest integer, ties to even. */
const ROUNDER = 6755399441055744;
const INVERSE_LN2 = Math.LOG2E;
/** 41 bits of ln 2, so that its product with an exponent is exact, and the rest. */
const LN2_HIGH = 0.693147180559663;
const LN2_LOW = 2.8235290563031577e-13;
const TWO_54 = 18014398509481984;
const TINY = 5.551115123125783e-17; // 2^-54: below it, x is its own sine, expm1, …
const MIN_NORMAL = 2.2250738585072014e-308;
const SQRT_HALF_WORD = 0x3fe6a09e; // the upper half of √½

/** One number and its two halves: [0] the lower, [1] the upper. */
const value = new Float64Array(1);
const words = new Int32Array(value.buffer);

/** 2^k for k in [−1022, 1023]. */
function twoTo(k: number): number {
  words[0] = 0;
  words[1] = (k + 1023) << 20;
  return value[0]!;
}

/** (e^r − 1 − r)/r² for |r| ≤ ln(2)/2. */
function expTail(r: number): number {
  let sum = 2.0914686968086876e-9;
  sum = sum * r + 2.5105217004720745e-8;
  sum = sum * r + 2.75572736431103e-7;
  sum = sum * r + 2.7557255400206422e-6;
  sum = sum * r + 2.4801587325547743e-5;
  sum = sum * r + 0.00019841269874820627;
  sum = sum * r + 0.0013888888888883748;
  sum = sum * r + 0.008333333333326136;
  sum = sum * r + 0.04166666666666667;
  sum = sum * r + 0.1666666666666667;
  return sum * r + 0.5;
}

/** e^(high + low), where low is beyond the last place of high. */
function expOfSum(high: number, low: number): number {
  const x = Math.max(-746, Math.min(710, high));
  const k = x * INVERSE_LN2 + ROUNDER - ROUNDER;
  const upper = x - k * LN2_HIGH;
  const rest = k * LN2_LOW - low;
  const r = upper - rest;
  const lost = upper - r - rest;
  const mantissa = 1 + (r + (r * r * expTail(r) + lost));
  // In two steps, so that a subnormal result is rounded once and overflow ends in infinity.
  const half = k * 0.5 + ROUNDER - ROUNDER;
  return mantissa * twoTo(half) * twoTo(k - half);
}

/** e^x. */
export function exp(x: number): number {
  return expOfSum(x, 0);
}

/** e^x − 1, without cancellation near 0. */
export function expm1(x: number): number {
  if (Math.abs(x) < TINY) return x;
  const held = Math.max(-40, Math.min(710, x));
  const k = held * INVERSE_LN2 + ROUNDER - ROUNDER;
  const upper = held - k * LN2_HIGH;
  const rest = k * LN2_LOW;
  const r = upper - rest;
  const lost = upper - r - rest;
  // Half of everything, because 2^k itself may overflow where the result does not.
  const scale = twoTo(k - 1);
  const shift = scale - 0.5;
  const main = shift + scale * r;
  const error = scale * r - (main - shift);
  return 2 * (main + (error + scale * (r * r * expTail(r) + lost)));
}

/** (log((1 + s)/(1 − s)) − 2s)/s as a function of s². */
function logTail(z: number): number {
  let sum = 0.13086767009948175;
  sum = sum * z + 0.13268759668560612;
  sum = sum * z + 0.15386240205813478;
  sum = sum * z + 0.18181795630884753;
  sum = sum * z + 0.2222222239180047;
  sum = sum * z + 0.2857142857080323;
  sum = sum * z + 0.4000000000000088;
  return z * (sum * z + 0.6666666666666666);
}

/** log(1 + f) + k·ln 2 + extra, where √½ ≤ 1 + f < √2. */
function logOfParts(f: number, k: number, extra: number): number {
  const s = f / (2 + f);
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + logTail(s * s)) + (k * LN2_LOW + extra)) - f);
}

/** Splits x > 0 into 2^k·m, √½ ≤ m < √2: returns k and leaves m in `value`. */
function splitExponent(x: number): number {
  const subnormal = x < MIN_NORMAL;
  value[0] = subnormal ? x * TWO_54 : x;
  const shifted = words[1]! + (0x3ff00000 - SQRT_HALF_WORD);
  words[1] = (shifted & 0xfffff) + SQRT_HALF_WORD;
  return (shifted >>> 20) - (subnormal ? 1077 : 1023);
}

/** The natural logarithm. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const k = splitExponent(x);
  return logOfParts(value[0]! - 1, k, 0);
}

/** log(1 + x), without cancellation near 0. */
export function log1p(x: number): number {
  if (Math.abs(x) < TINY) return x;
  if (!(x > -1)) return x === -1 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const u = 1 + x;
  const k = splitExponent(u);
  if (k === 0) return logOfParts(x, 0, 0);
  const lost = x >= 1 ? 1 - (u - x) : x - (u - 1); // what rounding took from 1 + x
  return logOfParts(value[0]! - 1, k, lost / u);
}

const TWO_OVER_PI = 0.6366197723675814;
/** π/2 in five pieces of 23 bits, so that their products with 30-bit multiples are exact, and the rest. */
const PIO2_1 = 1.570796251296997;
const PIO2_2 = 7.549789415861596e-8;
const PIO2_3 = 5.390302529957765e-15;
const PIO2_4 = 3.2820031633724233e-22;
const PIO2_5 = 3.795010649787914e-29;
const PIO2_6 = 1.2293331171481208e-36;
const PIO2_HIGH = 1.5707963267948966;
const PIO2_LOW = 6.123233995736766e-17;
const PAYNE_HANEK = 1073741824; // 2^30

/** What is left of an angle in [−π/4, π/4]: [0] the number, [1] what it lacks. */
const angle = new Float64Array(2);

/** Takes quarter turns away: leaves the rest in `angle` and returns their number, modulo 4. */
function reduceAngle(x: number): number {
  if (Math.abs(x) > PAYNE_HANEK) return reduceLargeAngle(x);
  const n = x * TWO_OVER_PI + ROUNDER - ROUNDER;
  const first = x - n * PIO2_1 - n * PIO2_2; // exact
  let part = -(n * PIO2_3);
  const second = first + part;
  let at = second - first;
  let low = first - (second - at) + (part - at);
  part = -(n * PIO2_4);
  const third = second + part;
  at = third - second;
  low += second - (third - at) + (part - at);
  part = -(n * PIO2_5);
  const fourth = third + part;
  at = fourth - third;
  low += third - (fourth - at) + (part - at);
  low -= n * PIO2_6;
  const r = fourth + low;
  angle[0] = r;
  angle[1] = fourth - r + low;
  return n & 3;
}

/** 2/π in 1,344 bits: enough for the largest double and 190 bits behind its last. */
const TWO_OVER_PI_BITS =
  0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6babf0cfbc209af4361da9e391615ee61b08n;

/** Payne and Hanek: only those bits of 2/π are multiplied that give quarter turns modulo 4 and 190 bits of fraction. */
function reduceLargeAngle(x: number): number {
  if (!(Math.abs(x) < Number.POSITIVE_INFINITY)) {
    angle.fill(Number.NaN);
    return 0;
  }
  value[0] = Math.abs(x);
  const exponent = (words[1]! >>> 20) - 1075;
  const mantissa = (BigInt((words[1]! & 0xfffff) | 0x100000) << 32n) | BigInt(words[0]! >>> 0);
  const window = BigInt.asUintN(192, TWO_OVER_PI_BITS >> BigInt(1344 - 190 - exponent));
  const turns = BigInt.asUintN(192, mantissa * window);
  const quadrant = Number((turns + (1n << 189n)) >> 190n) & 3;
  const signed = BigInt.asIntN(192, turns << 2n); // the fraction, from −½ to ½ of 2^192
  const negative = signed < 0n;
  const fraction = negative ? -signed : signed;
  const length = fraction.toString(2).length;
  // The first 53 bits and the next, as they stand: truncation is the same everywhere.
  const upper = Number(fraction >> BigInt(length - 53)) * twoTo(length - 53 - 192);
  const lower = Number(BigInt.asUintN(53, fraction >> BigInt(length - 106))) * twoTo(length - 106 - 192);
  const product = upper * PIO2_HIGH;
  const low = productError(upper, PIO2_HIGH, product) + (upper * PIO2_LOW + lower * PIO2_HIGH);
  const r = product + low;
  const rest = product - r + low;
  const flip = negative !== x < 0 ? -1 : 1;
  angle[0] = flip * r;
  angle[1] = flip * rest;
  return x < 0 ? -quadrant & 3 : quadrant;
}

/** sin(r + rest) for |r| ≤ π/4. */
function sinOfParts(r: number, rest: number): number {
  const z = r * r;
  const cube = z * r;
  let sum = -7.586685070091267e-13;
  sum = sum * z + 1.605853141458901e-10;
  sum = sum * z + -2.5052106231157904e-8;
  sum = sum * z + 2.7557319219335453e-6;
  sum = sum * z + -0.0001984126984126506;
  sum = sum * z + 0.008333333333333331;
  return r - (z * (0.5 * rest - cube * sum) - rest - cube * -0.16666666666666666);
}

/** cos(r + rest) for |r| ≤ π/4. */
function cosOfParts(r: number, rest: number): number {
  const z = r * r;
  let sum = -1.1382614868556325e-11;
  sum = sum * z + 2.0876146024689747e-9;
  sum = sum * z + -2.7557317270560326e-7;
  sum = sum * z + 2.4801587298763433e-5;
  sum = sum * z + -0.0013888888888887395;
  sum = sum * z + 0.041666666666666664;
  const half = 0.5 * z;
  const main = 1 - half;
  return main + (1 - main - half + (z * z * sum - r * rest));
}

/** The sine of an angle in radians, of any size. */
export function sin(x: number): number {
  if (Math.abs(x) < TINY) return x;
  const quadrant = reduceAngle(x);
  const result = quadrant & 1 ? cosOfParts(angle[0]!, angle[1]!) : sinOfParts(angle[0]!, angle[1]!);
  return quadrant & 2 ? -result : result;
}

/** The cosine of an angle in radians, of any size. */
export function cos(x: number): number {
  const quadrant = reduceAngle(x);
  const result = quadrant & 1 ? sinOfParts(angle[0]!, angle[1]!) : cosOfParts(angle[0]!, angle[1]!);
  return (quadrant + 1) & 2 ? -result : result;
}

/** The hyperbolic tangent: from e^(2|x|) − 1 beyond 1, from e^(−2|x|) − 1 below, both with what rounding took. */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size < TINY) return x;
  const large = size >= 1;
  const u = large ? (size > 40 ? 80 : 2 * size) : -2 * size;
  const k = u * INVERSE_LN2 + ROUNDER - ROUNDER;
  const upper = u - k * LN2_HIGH;
  const rest = k * LN2_LOW;
  const r = upper - rest;
  const lost = upper - r - rest;
  const scale = twoTo(k);
  const shift = scale - 1;
  const first = shift + scale * r;
  const second = scale * r - (first - shift) + scale * (r * r * expTail(r) + lost);
  const main = first + second;
  const error = first - main + second;
  const divisor = main + 2;
  const at = divisor - main;
  const divisorError = main - (divisor - at) + (2 - at) + error;
  const quotient = (large ? 2 : -main) / divisor;
  const corrected = quotient + ((large ? 0 : -error) - quotient * divisorError) / divisor;
  const result = large ? 1 - corrected : corrected;
  return x < 0 ? -result : result;
}

/** 1/(1 + e^−x), from e^−|x| with what rounding took. */
export function sigmoid(x: number): number {
  const size = Math.abs(x);
  const u = size > 746 ? -746 : -size;
  const k = u * INVERSE_LN2 + ROUNDER - ROUNDER;
  const upper = u - k * LN2_HIGH;
  const rest = k * LN2_LOW;
  const r = upper - rest;
  const lost = upper - r - rest;
  const tail = r * r * expTail(r) + lost;
  const sum = r + tail;
  const mantissa = 1 + sum;
  const missing = sum - (mantissa - 1) + (r - sum + tail);
  const half = k * 0.5 + ROUNDER - ROUNDER;
  const firstScale = twoTo(half);
  const secondScale = twoTo(k - half);
  const power = mantissa * firstScale * secondScale;
  const powerError = missing * firstScale * secondScale;
  const divisor = 1 + power;
  const divisorError = power - (divisor - 1) + powerError;
  const quotient = (x < 0 ? power : 1) / divisor;
  return quotient + ((x < 0 ? powerError : 0) - quotient * divisorError) / divisor;
}

/** a·b − product, exactly, without fused multiply-add (Dekker, "A floating-point technique …", 1971). */
function productError(a: number, b: number, product: number): number {
  let wide = 134217729 * a;
  const aHigh = wide - (wide - a);
  const aLow = a - aHigh;
  wide = 134217729 * b;
  const bHigh = wide - (wide - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** (atanh(s)/s − 1 − z/3)/z² as a function of z = s². */
function atanhTail(z: number): number {
  let sum = 0.05861589311938259;
  sum = sum * z + 0.05853118169745603;
  sum = sum * z + 0.06667402346923655;
  sum = sum * z + 0.07692297481259215;
  sum = sum * z + 0.09090909167696401;
  sum = sum * z + 0.11111111110827943;
  sum = sum * z + 0.14285714285714682;
  return sum * z + 0.2;
}

const THIRD_HIGH = 0.3333333333333333;
const THIRD_LOW = 1.850371707708594e-17;

/** x^y for x > 0, x ≠ 1 and finite: e^(y·log x), with log x in two numbers (about 115 bits). */
function powPositive(x: number, y: number): number {
  const k = splitExponent(x);
  const f = value[0]! - 1;
  // s = f/(2 + f) in two numbers
  const divisor = 2 + f;
  const divisorLow = f - (divisor - 2);
  const s = f / divisor;
  const back = s * divisor;
  const sLow = (f - back - productError(s, divisor, back) - s * divisorLow) / divisor;
  // z = s², cube = s³, third = s³/3 in two numbers each
  const z = s * s;
  const zLow = productError(s, s, z) + 2 * s * sLow;
  const cube = s * z;
  const cubeLow = productError(s, z, cube) + (s * zLow + sLow * z);
  const third = cube * THIRD_HIGH;
  const thirdLow = productError(cube, THIRD_HIGH, third) + (cube * THIRD_LOW + cubeLow * THIRD_HIGH);
  // log m = 2·(s + s³/3 + s⁵·tail)
  const sum = s + third;
  const sumLow = s - sum + third + (sLow + thirdLow + cube * z * atanhTail(z));
  // + k·ln 2
  const whole = k * LN2_HIGH;
  const high = whole + 2 * sum;
  const low = whole - high + 2 * sum + (k * LN2_LOW + 2 * sumLow);
  const logHigh = k === 0 ? 2 * sum : high;
  const logLow = k === 0 ? 2 * sumLow : low;
  const exponent = y * logHigh;
  const exponentLow = productError(y, logHigh, exponent) + y * logLow;
  if (exponent > 710) return Number.POSITIVE_INFINITY;
  if (exponent < -746) return 0;
  return expOfSum(exponent, exponentLow);
}

/** x^y, with the special cases of IEEE 754's pow: 1^y = x^0 = 1 even for NaN, and (−1)^±Inf = 1. */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  const whole = Math.trunc(y) === y;
  const odd = whole && Math.abs(y) < 9007199254740992 && Math.trunc(y * 0.5) * 2 !== y;
  const size = Math.abs(x);
  const negative = odd && (x < 0 || (x === 0 && 1 / x < 0));
  if (size === 0 || size === Number.POSITIVE_INFINITY) {
    const result = (size === 0) === y > 0 ? 0 : Number.POSITIVE_INFINITY;
    return negative ? -result : result;
  }
  if (x < 0 && !whole) return Number.NaN;
  if (size === 1) return negative ? -1 : 1;
  // Beyond ±2^65 the result is 0 or infinite whatever x is, and the exact product stays in range.
  const held = Math.max(-3.6893488147419103e19, Math.min(3.6893488147419103e19, y));
  const result = powPositive(size, held);
  return negative ? -result : result;
}

const special = [
  Number.NaN,
  0,
  -0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  1e-310,
  -1,
  1,
  709.782712893384,
  709.7827128933841,
  -745.1332191019411,
  -745.1332191019412,
  -708.5,
  1e300,
  -1e300,
  1073741824.5,
  1073741823.5,
  -1099511627776.25,
];

/** Arguments from every range that the functions treat differently. */
function elementaryArguments(size: number, random: CaseRandom, flavour: Flavour): Float64Array {
  return Float64Array.from({ length: size }, () => {
    if (flavour === 'special' && random.integer(4) === 0) return special[random.integer(special.length)]!;
    if (flavour === 'ties') return random.integer(5) - 2;
    if (flavour === 'constant') return 0.75;
    if (flavour === 'skewed') return random.normal() * twoTo(random.integer(160) - 80);
    return random.normal() * 4;
  });
}

function columnKernel(name: string, summary: string, apply: (x: number) => number, flops: number): Kernel {
  return defineKernel({
    name,
    family: 'elementary',
    summary,
    source: 'Cody and Waite, Software Manual for the Elementary Functions, 1980',
    arguments: [
      { name: 'x', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'arguments' },
      { name: 'out', role: 'out', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'values' },
      { name: 'rowCount', dtype: 'i32', meaning: 'rows of both' },
    ],
    returns: 'void',
    agreement: 'exact',
    reference: (x, out, rowCount) => {
      for (let i = 0; i < rowCount; i++) out[i] = apply(x[i]!);
    },
    inputs: (size, random, flavour): CaseInputs => ({
      scalars: { rowCount: size },
      buffers: { x: elementaryArguments(size, random, flavour) },
    }),
    work: (s) => ({ elements: s.rowCount!, flops: flops * s.rowCount!, bytes: 16 * s.rowCount! }),
  });
}

export const exp_f64 = columnKernel('exp_f64', 'e^x of a column.', exp, 34);
export const expm1_f64 = columnKernel('expm1_f64', 'e^x − 1 of a column.', expm1, 36);
export const log_f64 = columnKernel('log_f64', 'Natural logarithm of a column.', log, 30);
export const log1p_f64 = columnKernel('log1p_f64', 'log(1 + x) of a column.', log1p, 36);
export const sin_f64 = columnKernel('sin_f64', 'Sine of a column of angles in radians.', sin, 70);
export const cos_f64 = columnKernel('cos_f64', 'Cosine of a column of angles in radians.', cos, 70);
export const tanh_f64 = columnKernel('tanh_f64', 'Hyperbolic tangent of a column.', tanh, 50);
export const sigmoid_f64 = columnKernel('sigmoid_f64', '1/(1 + e^−x) of a column.', sigmoid, 50);

export const pow_f64 = defineKernel({
  name: 'pow_f64',
  family: 'elementary',
  summary: 'x^y of two columns.',
  arguments: [
    { name: 'x', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'bases' },
    { name: 'y', role: 'in', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'exponents' },
    { name: 'out', role: 'out', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'powers' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows of all' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (x, y, out, rowCount) => {
    for (let i = 0; i < rowCount; i++) out[i] = pow(x[i]!, y[i]!);
  },
  inputs: (size, random, flavour) => ({
    scalars: { rowCount: size },
    buffers: {
      x: elementaryArguments(size, random, flavour).map((x) => (random.integer(3) === 0 ? x : Math.abs(x))),
      y: elementaryArguments(size, random, flavour).map((y) => (random.integer(2) === 0 ? y : Math.round(y))),
    },
  }),
  work: (s) => ({ elements: s.rowCount!, flops: 120 * s.rowCount!, bytes: 24 * s.rowCount! }),
});
