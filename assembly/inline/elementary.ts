// The elementary functions of src/kernels/elementary.ts, operation for operation: the same bits. One number at a time, no
// SIMD, no static data, so that the stand-alone predict module can use them too. elementary-simd.ts has them two at a time.
const ROUNDER: f64 = 6755399441055744.0;
const INVERSE_LN2: f64 = 1.4426950408889634;
const LN2_HIGH: f64 = 0.693147180559663;
const LN2_LOW: f64 = 2.8235290563031577e-13;
const TWO_54: f64 = 18014398509481984.0;
const TINY: f64 = 5.551115123125783e-17;
const MIN_NORMAL: f64 = 2.2250738585072014e-308;
const SQRT_HALF_BITS: i64 = 0x3fe6a09e00000000;
const ONE_BITS: i64 = 0x3ff0000000000000;
const MANTISSA_BITS: i64 = 0x000fffffffffffff;
const TWO_OVER_PI: f64 = 0.6366197723675814;
const PIO2_1: f64 = 1.570796251296997;
const PIO2_2: f64 = 7.549789415861596e-8;
const PIO2_3: f64 = 5.390302529957765e-15;
const PIO2_4: f64 = 3.2820031633724233e-22;
const PIO2_5: f64 = 3.795010649787914e-29;
const PIO2_6: f64 = 1.2293331171481208e-36;
const PIO2_HIGH: f64 = 1.5707963267948966;
const PIO2_LOW: f64 = 6.123233995736766e-17;
const THIRD_HIGH: f64 = 0.3333333333333333;
const THIRD_LOW: f64 = 1.850371707708594e-17;

// 2^k for k in [-1022, 1023]; k's low bits stand in the mantissa of k + ROUNDER.
// @ts-ignore: decorator
@inline
function twoTo(k: f64): f64 {
  return reinterpret<f64>((reinterpret<i64>(k + ROUNDER) << 52) + ONE_BITS);
}

// @ts-ignore: decorator
@inline
function expTail(r: f64): f64 {
  let sum: f64 = 2.0914686968086876e-9;
  sum = sum * r + 2.5105217004720745e-8;
  sum = sum * r + 2.75572736431103e-7;
  sum = sum * r + 2.7557255400206422e-6;
  sum = sum * r + 2.4801587325547743e-5;
  sum = sum * r + 0.00019841269874820627;
  sum = sum * r + 0.0013888888888883748;
  sum = sum * r + 0.008333333333326136;
  sum = sum * r + 0.04166666666666667;
  sum = sum * r + 0.1666666666666667;
  sum = sum * r + 0.5;
  return sum;
}

function expOfSum(high: f64, low: f64): f64 {
  const x: f64 = high > 710 ? 710 : high < -746 ? -746 : high;
  const k = x * INVERSE_LN2 + ROUNDER - ROUNDER;
  const upper = x - k * LN2_HIGH;
  const rest = k * LN2_LOW - low;
  const r = upper - rest;
  const lost = upper - r - rest;
  const mantissa = 1 + (r + (r * r * expTail(r) + lost));
  const half = k * 0.5 + ROUNDER - ROUNDER;
  return mantissa * twoTo(half) * twoTo(k - half);
}

export function exp(x: f64): f64 {
  return expOfSum(x, 0);
}

export function expm1(x: f64): f64 {
  if (abs(x) < TINY) return x;
  const held: f64 = x > 710 ? 710 : x < -40 ? -40 : x;
  const k = held * INVERSE_LN2 + ROUNDER - ROUNDER;
  const upper = held - k * LN2_HIGH;
  const rest = k * LN2_LOW;
  const r = upper - rest;
  const lost = upper - r - rest;
  const scale = twoTo(k - 1);
  const shift = scale - 0.5;
  const main = shift + scale * r;
  const error = scale * r - (main - shift);
  return 2 * (main + (error + scale * (r * r * expTail(r) + lost)));
}

// @ts-ignore: decorator
@inline
function logTail(z: f64): f64 {
  let sum: f64 = 0.13086767009948175;
  sum = sum * z + 0.13268759668560612;
  sum = sum * z + 0.15386240205813478;
  sum = sum * z + 0.18181795630884753;
  sum = sum * z + 0.2222222239180047;
  sum = sum * z + 0.2857142857080323;
  sum = sum * z + 0.4000000000000088;
  sum = sum * z + 0.6666666666666666;
  return z * sum;
}

// @ts-ignore: decorator
@inline
function logOfParts(f: f64, k: f64, extra: f64): f64 {
  const s = f / (2 + f);
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + logTail(s * s)) + (k * LN2_LOW + extra)) - f);
}

// The bits of x > 0 (a subnormal one times 2^54), shifted so that the exponent counts from √½.
// @ts-ignore: decorator
@inline
function shiftedBits(x: f64): i64 {
  return reinterpret<i64>(x < MIN_NORMAL ? x * TWO_54 : x) + (ONE_BITS - SQRT_HALF_BITS);
}

// @ts-ignore: decorator
@inline
function exponentOf(x: f64, shifted: i64): f64 {
  return <f64>(<i32>(shifted >> 52)) - (x < MIN_NORMAL ? 1077.0 : 1023.0);
}

// @ts-ignore: decorator
@inline
function mantissaOf(shifted: i64): f64 {
  return reinterpret<f64>((shifted & MANTISSA_BITS) + SQRT_HALF_BITS);
}

export function log(x: f64): f64 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN;
  if (x == Infinity) return x;
  const shifted = shiftedBits(x);
  return logOfParts(mantissaOf(shifted) - 1, exponentOf(x, shifted), 0);
}

export function log1p(x: f64): f64 {
  if (abs(x) < TINY) return x;
  if (!(x > -1)) return x == -1 ? -Infinity : NaN;
  if (x == Infinity) return x;
  const u = 1 + x;
  const shifted = shiftedBits(u);
  const k = exponentOf(u, shifted);
  if (k == 0) return logOfParts(x, 0, 0);
  const lost = x >= 1 ? 1 - (u - x) : x - (u - 1);
  return logOfParts(mantissaOf(shifted) - 1, k, lost / u);
}

// @ts-ignore: decorator
@inline
function sinOfParts(r: f64, rest: f64): f64 {
  const z = r * r;
  const cube = z * r;
  let sum: f64 = -7.586685070091267e-13;
  sum = sum * z + 1.605853141458901e-10;
  sum = sum * z + -2.5052106231157904e-8;
  sum = sum * z + 2.7557319219335453e-6;
  sum = sum * z + -0.0001984126984126506;
  sum = sum * z + 0.008333333333333331;
  return r - (z * (0.5 * rest - cube * sum) - rest - cube * -0.16666666666666666);
}

// @ts-ignore: decorator
@inline
function cosOfParts(r: f64, rest: f64): f64 {
  const z = r * r;
  let sum: f64 = -1.1382614868556325e-11;
  sum = sum * z + 2.0876146024689747e-9;
  sum = sum * z + -2.7557317270560326e-7;
  sum = sum * z + 2.4801587298763433e-5;
  sum = sum * z + -0.0013888888888887395;
  sum = sum * z + 0.041666666666666664;
  const half = 0.5 * z;
  const main = 1 - half;
  return main + (1 - main - half + (z * z * sum - r * rest));
}

// @ts-ignore: decorator
@inline
function quarter(r: f64, rest: f64, quadrant: i32): f64 {
  const result = quadrant & 1 ? cosOfParts(r, rest) : sinOfParts(r, rest);
  return quadrant & 2 ? -result : result;
}

// sin(x + turns·π/2)
export function wave(x: f64, turns: i32): f64 {
  if (abs(x) > 1073741824) return largeWave(x, turns);
  const n = x * TWO_OVER_PI + ROUNDER - ROUNDER;
  const first = x - n * PIO2_1 - n * PIO2_2;
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
  return quarter(r, fourth - r + low, <i32>reinterpret<i64>(n + ROUNDER) + turns);
}

// 64 bits of 2/π from bit 64·index − 64 behind the point; code, because kernels have no static data.
function bitsOfTwoOverPi(index: i32): u64 {
  switch (index) {
    case 1: return 0xa2f9836e4e441529;
    case 2: return 0xfc2757d1f534ddc0;
    case 3: return 0xdb6295993c439041;
    case 4: return 0xfe5163abdebbc561;
    case 5: return 0xb7246e3a424dd2e0;
    case 6: return 0x06492eea09d1921c;
    case 7: return 0xfe1deb1cb129a73e;
    case 8: return 0xe88235f52ebb4484;
    case 9: return 0xe99c7026b45f7e41;
    case 10: return 0x3991d639835339f4;
    case 11: return 0x9c845f8bbdf9283b;
    case 12: return 0x1ff897ffde05980f;
    case 13: return 0xef2f118b5a0a6d1f;
    case 14: return 0x6d367ecf27cb09b7;
    case 15: return 0x4f463f669e5fea2d;
    case 16: return 0x7527bac7ebe5f17b;
    case 17: return 0x3d0739f78a5292ea;
    case 18: return 0x6bfb5fb11f8d5d08;
    case 19: return 0x56033046fc7b6bab;
    case 20: return 0xf0cfbc209af4361d;
    case 21: return 0xa9e391615ee61b08;
    default: return 0;
  }
}

// @ts-ignore: decorator
@inline
function upperProduct(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff, aHigh = a >> 32, bLow = b & 0xffffffff, bHigh = b >> 32;
  const cross = aHigh * bLow + (aLow * bLow >> 32);
  return aHigh * bHigh + (cross >> 32) + ((cross & 0xffffffff) + aLow * bHigh >> 32);
}

// @ts-ignore: decorator
@inline
function windowOfTwoOverPi(limb: i32, shift: u64): u64 {
  const upper = bitsOfTwoOverPi(limb);
  return shift == 0 ? upper : upper << shift | bitsOfTwoOverPi(limb + 1) >> (64 - shift);
}

// Payne and Hanek, on 192 bits in three words, the highest first.
function largeWave(x: f64, turns: i32): f64 {
  if (!(abs(x) < Infinity)) return NaN;
  const bits = reinterpret<u64>(abs(x));
  const mantissa = bits & 0x000fffffffffffff | 0x0010000000000000;
  const start = <i32>(bits >> 52) - 1075 + 62;
  const limb = start >> 6;
  const shift = <u64>(start & 63);
  const w1 = windowOfTwoOverPi(limb + 1, shift);
  const w2 = windowOfTwoOverPi(limb + 2, shift);
  let p2 = mantissa * w2;
  let p1 = mantissa * w1;
  const carry = upperProduct(mantissa, w2);
  p1 += carry;
  let p0 = mantissa * windowOfTwoOverPi(limb, shift) + upperProduct(mantissa, w1) + <u64>(p1 < carry);
  const quadrant = <i32>((p0 + (1 << 61)) >> 62);
  p0 = p0 << 2 | p1 >> 62;
  p1 = p1 << 2 | p2 >> 62;
  p2 <<= 2;
  const negative = <i64>p0 < 0;
  if (negative) {
    p0 = ~p0; p1 = ~p1; p2 = ~p2 + 1;
    if (p2 == 0) { p1++; if (p1 == 0) p0++; }
  }
  let length = 192;
  if (p0 == 0) { p0 = p1; p1 = p2; length = 128; }
  const zeros = clz(p0);
  length -= <i32>zeros;
  if (zeros != 0) { p0 = p0 << zeros | p1 >> (64 - zeros); p1 = p1 << zeros | (length + <i32>zeros == 192 ? p2 >> (64 - zeros) : 0); }
  const upper = <f64>(p0 >> 11) * twoTo(<f64>(length - 53 - 192));
  const lower = <f64>((p0 & 0x7ff) << 42 | p1 >> 22) * twoTo(<f64>(length - 106 - 192));
  const product = upper * PIO2_HIGH;
  const low = productError(upper, PIO2_HIGH, product) + (upper * PIO2_LOW + lower * PIO2_HIGH);
  const r = product + low;
  const rest = product - r + low;
  const flip: f64 = negative != x < 0 ? -1 : 1;
  return quarter(flip * r, flip * rest, (x < 0 ? -quadrant : quadrant) + turns);
}

export function sin(x: f64): f64 {
  return abs(x) < TINY ? x : wave(x, 0);
}

export function cos(x: f64): f64 {
  return wave(x, 1);
}

export function tanh(x: f64): f64 {
  const size = abs(x);
  if (size < TINY) return x;
  const large = size >= 1;
  const u: f64 = large ? (size > 40 ? 80 : 2 * size) : -2 * size;
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

export function sigmoid(x: f64): f64 {
  const size = abs(x);
  const u: f64 = size > 746 ? -746 : -size;
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
  const firstScale = twoTo(half), secondScale = twoTo(k - half);
  const power = mantissa * firstScale * secondScale;
  const powerError = missing * firstScale * secondScale;
  const divisor = 1 + power;
  const divisorError = power - (divisor - 1) + powerError;
  const quotient = (x < 0 ? power : 1) / divisor;
  return quotient + ((x < 0 ? powerError : 0) - quotient * divisorError) / divisor;
}

// @ts-ignore: decorator
@inline
function productError(a: f64, b: f64, product: f64): f64 {
  let wide = 134217729 * a;
  const aHigh = wide - (wide - a);
  const aLow = a - aHigh;
  wide = 134217729 * b;
  const bHigh = wide - (wide - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

// @ts-ignore: decorator
@inline
function atanhTail(z: f64): f64 {
  let sum: f64 = 0.05861589311938259;
  sum = sum * z + 0.05853118169745603;
  sum = sum * z + 0.06667402346923655;
  sum = sum * z + 0.07692297481259215;
  sum = sum * z + 0.09090909167696401;
  sum = sum * z + 0.11111111110827943;
  sum = sum * z + 0.14285714285714682;
  sum = sum * z + 0.2;
  return sum;
}

function powPositive(x: f64, y: f64): f64 {
  const shifted = shiftedBits(x);
  const k = exponentOf(x, shifted);
  const f = mantissaOf(shifted) - 1;
  const divisor = 2 + f;
  const divisorLow = f - (divisor - 2);
  const s = f / divisor;
  const back = s * divisor;
  const sLow = (f - back - productError(s, divisor, back) - s * divisorLow) / divisor;
  const z = s * s;
  const zLow = productError(s, s, z) + 2 * s * sLow;
  const cube = s * z;
  const cubeLow = productError(s, z, cube) + (s * zLow + sLow * z);
  const third = cube * THIRD_HIGH;
  const thirdLow = productError(cube, THIRD_HIGH, third) + (cube * THIRD_LOW + cubeLow * THIRD_HIGH);
  const sum = s + third;
  const sumLow = s - sum + third + (sLow + thirdLow + cube * z * atanhTail(z));
  const whole = k * LN2_HIGH;
  const high = whole + 2 * sum;
  const low = whole - high + 2 * sum + (k * LN2_LOW + 2 * sumLow);
  const logHigh = k == 0 ? 2 * sum : high;
  const logLow = k == 0 ? 2 * sumLow : low;
  const exponent = y * logHigh;
  const exponentLow = productError(y, logHigh, exponent) + y * logLow;
  if (exponent > 710) return Infinity;
  if (exponent < -746) return 0;
  return expOfSum(exponent, exponentLow);
}

export function pow(x: f64, y: f64): f64 {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return NaN;
  const whole = trunc(y) == y;
  const odd = whole && abs(y) < 9007199254740992 && trunc(y * 0.5) * 2 != y;
  const size = abs(x);
  const negative = odd && reinterpret<i64>(x) < 0;
  if (size == 0 || size == Infinity) {
    const result: f64 = (size == 0) == y > 0 ? 0 : Infinity;
    return negative ? -result : result;
  }
  if (x < 0 && !whole) return NaN;
  if (size == 1) return negative ? -1 : 1;
  const held = min(max(y, -3.6893488147419103e19), 3.6893488147419103e19);
  const result = powPositive(size, held);
  return negative ? -result : result;
}
