// The elementary functions two at a time: the operations of elementary.ts in each lane, with branches turned into choices.
import { wave } from './elementary';

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

// @ts-ignore: decorator
@inline
function splat(x: f64): v128 {
  return f64x2.splat(x);
}

// @ts-ignore: decorator
@inline
function round(x: v128): v128 {
  return f64x2.sub(f64x2.add(x, splat(ROUNDER)), splat(ROUNDER));
}

// @ts-ignore: decorator
@inline
function twoTo(k: v128): v128 {
  return i64x2.add(i64x2.shl(f64x2.add(k, splat(ROUNDER)), 52), i64x2.splat(ONE_BITS));
}

// one where the mask is set, else other
// @ts-ignore: decorator
@inline
function choose(mask: v128, one: v128, other: v128): v128 {
  return v128.bitselect(one, other, mask);
}

// x held to [low, high], NaN kept: `x > high ? high : x < low ? low : x`
// @ts-ignore: decorator
@inline
function hold(x: v128, low: f64, high: f64): v128 {
  return f64x2.pmax(f64x2.pmin(x, splat(high)), splat(low));
}

// @ts-ignore: decorator
@inline
function expTail(r: v128): v128 {
  let sum = f64x2.splat(2.0914686968086876e-9);
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(2.5105217004720745e-8));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(2.75572736431103e-7));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(2.7557255400206422e-6));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(2.4801587325547743e-5));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(0.00019841269874820627));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(0.0013888888888883748));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(0.008333333333326136));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(0.04166666666666667));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(0.1666666666666667));
  sum = f64x2.add(f64x2.mul(sum, r), f64x2.splat(0.5));
  return sum;
}

// @ts-ignore: decorator
@inline
export function exp_f64x2(high: v128): v128 {
  const x = hold(high, -746, 710);
  const k = round(f64x2.mul(x, splat(INVERSE_LN2)));
  const upper = f64x2.sub(x, f64x2.mul(k, splat(LN2_HIGH)));
  const rest = f64x2.mul(k, splat(LN2_LOW));
  const r = f64x2.sub(upper, rest);
  const lost = f64x2.sub(f64x2.sub(upper, r), rest);
  const tail = f64x2.add(f64x2.mul(f64x2.mul(r, r), expTail(r)), lost);
  const mantissa = f64x2.add(splat(1), f64x2.add(r, tail));
  const half = round(f64x2.mul(k, splat(0.5)));
  return f64x2.mul(f64x2.mul(mantissa, twoTo(half)), twoTo(f64x2.sub(k, half)));
}

// @ts-ignore: decorator
@inline
export function expm1_f64x2(x: v128): v128 {
  const held = hold(x, -40, 710);
  const k = round(f64x2.mul(held, splat(INVERSE_LN2)));
  const upper = f64x2.sub(held, f64x2.mul(k, splat(LN2_HIGH)));
  const rest = f64x2.mul(k, splat(LN2_LOW));
  const r = f64x2.sub(upper, rest);
  const lost = f64x2.sub(f64x2.sub(upper, r), rest);
  const scale = twoTo(f64x2.sub(k, splat(1)));
  const shift = f64x2.sub(scale, splat(0.5));
  const scaled = f64x2.mul(scale, r);
  const main = f64x2.add(shift, scaled);
  const error = f64x2.sub(scaled, f64x2.sub(main, shift));
  const tail = f64x2.add(f64x2.mul(f64x2.mul(r, r), expTail(r)), lost);
  const result = f64x2.mul(splat(2), f64x2.add(main, f64x2.add(error, f64x2.mul(scale, tail))));
  return choose(f64x2.lt(f64x2.abs(x), splat(TINY)), x, result);
}

// @ts-ignore: decorator
@inline
function logTail(z: v128): v128 {
  let sum = f64x2.splat(0.13086767009948175);
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.13268759668560612));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.15386240205813478));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.18181795630884753));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.2222222239180047));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.2857142857080323));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.4000000000000088));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.6666666666666666));
  return f64x2.mul(z, sum);
}

// @ts-ignore: decorator
@inline
function logOfParts(f: v128, k: v128, extra: v128): v128 {
  const s = f64x2.div(f, f64x2.add(splat(2), f));
  const half = f64x2.mul(f64x2.mul(splat(0.5), f), f);
  const low = f64x2.add(f64x2.mul(k, splat(LN2_LOW)), extra);
  const inner = f64x2.add(f64x2.mul(s, f64x2.add(half, logTail(f64x2.mul(s, s)))), low);
  return f64x2.sub(f64x2.mul(k, splat(LN2_HIGH)), f64x2.sub(f64x2.sub(half, inner), f));
}

// @ts-ignore: decorator
@inline
function shiftedBits(x: v128, subnormal: v128): v128 {
  const scaled = choose(subnormal, f64x2.mul(x, splat(TWO_54)), x);
  return i64x2.add(scaled, i64x2.splat(ONE_BITS - SQRT_HALF_BITS));
}

// The exponent's eleven bits become the low bits of 2^52's mantissa, which is taken away again.
// @ts-ignore: decorator
@inline
function exponentOf(shifted: v128, subnormal: v128): v128 {
  const biased = v128.or(i64x2.shr_u(shifted, 52), i64x2.splat(0x4330000000000000));
  const k = f64x2.sub(biased, splat(4503599627370496.0));
  return f64x2.sub(k, choose(subnormal, splat(1077), splat(1023)));
}

// @ts-ignore: decorator
@inline
function mantissaOf(shifted: v128): v128 {
  return i64x2.add(v128.and(shifted, i64x2.splat(MANTISSA_BITS)), i64x2.splat(SQRT_HALF_BITS));
}

// @ts-ignore: decorator
@inline
export function log_f64x2(x: v128): v128 {
  const subnormal = f64x2.lt(x, splat(MIN_NORMAL));
  const shifted = shiftedBits(x, subnormal);
  const result = logOfParts(f64x2.sub(mantissaOf(shifted), splat(1)), exponentOf(shifted, subnormal), splat(0));
  return logCases(x, splat(0), result);
}

// −Infinity at the pole, NaN below it and for NaN, Infinity at Infinity.
// @ts-ignore: decorator
@inline
function logCases(x: v128, pole: v128, result: v128): v128 {
  result = choose(f64x2.eq(x, splat(Infinity)), x, result);
  const outside = choose(f64x2.eq(x, pole), splat(-Infinity), splat(NaN));
  return choose(f64x2.gt(x, pole), result, outside);
}

// @ts-ignore: decorator
@inline
export function log1p_f64x2(x: v128): v128 {
  const one = splat(1);
  const u = f64x2.add(one, x);
  const subnormal = f64x2.lt(u, splat(MIN_NORMAL));
  const shifted = shiftedBits(u, subnormal);
  const k = exponentOf(shifted, subnormal);
  const whole = f64x2.eq(k, splat(0));
  const above = f64x2.sub(one, f64x2.sub(u, x));
  const below = f64x2.sub(x, f64x2.sub(u, one));
  const lost = f64x2.div(choose(f64x2.ge(x, one), above, below), u);
  const f = choose(whole, x, f64x2.sub(mantissaOf(shifted), one));
  const result = logOfParts(f, k, choose(whole, splat(0), lost));
  return choose(f64x2.lt(f64x2.abs(x), splat(TINY)), x, logCases(x, splat(-1), result));
}

// @ts-ignore: decorator
@inline
function sinOfParts(r: v128, rest: v128): v128 {
  const z = f64x2.mul(r, r);
  const cube = f64x2.mul(z, r);
  let sum = f64x2.splat(-7.586685070091267e-13);
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(1.605853141458901e-10));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(-2.5052106231157904e-8));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(2.7557319219335453e-6));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(-0.0001984126984126506));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.008333333333333331));
  const inner = f64x2.mul(z, f64x2.sub(f64x2.mul(splat(0.5), rest), f64x2.mul(cube, sum)));
  return f64x2.sub(r, f64x2.sub(f64x2.sub(inner, rest), f64x2.mul(cube, splat(-0.16666666666666666))));
}

// @ts-ignore: decorator
@inline
function cosOfParts(r: v128, rest: v128): v128 {
  const z = f64x2.mul(r, r);
  let sum = f64x2.splat(-1.1382614868556325e-11);
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(2.0876146024689747e-9));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(-2.7557317270560326e-7));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(2.4801587298763433e-5));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(-0.0013888888888887395));
  sum = f64x2.add(f64x2.mul(sum, z), f64x2.splat(0.041666666666666664));
  const half = f64x2.mul(splat(0.5), z);
  const main = f64x2.sub(splat(1), half);
  const low = f64x2.sub(f64x2.mul(f64x2.mul(z, z), sum), f64x2.mul(r, rest));
  return f64x2.add(main, f64x2.add(f64x2.sub(f64x2.sub(splat(1), main), half), low));
}

// What second = first + part lost.
// @ts-ignore: decorator
@inline
function sumError(first: v128, part: v128, second: v128): v128 {
  const at = f64x2.sub(second, first);
  return f64x2.add(f64x2.sub(first, f64x2.sub(second, at)), f64x2.sub(part, at));
}

// sin(x + turns·π/2)
// @ts-ignore: decorator
@inline
export function wave_f64x2(x: v128, turns: i64): v128 {
  if (v128.any_true(f64x2.gt(f64x2.abs(x), splat(1073741824)))) {
    const first = wave(f64x2.extract_lane(x, 0), <i32>turns);
    return f64x2.replace_lane(splat(first), 1, wave(f64x2.extract_lane(x, 1), <i32>turns));
  }
  const n = round(f64x2.mul(x, splat(TWO_OVER_PI)));
  const first = f64x2.sub(f64x2.sub(x, f64x2.mul(n, splat(PIO2_1))), f64x2.mul(n, splat(PIO2_2)));
  let part = f64x2.neg(f64x2.mul(n, splat(PIO2_3)));
  const second = f64x2.add(first, part);
  let low = sumError(first, part, second);
  part = f64x2.neg(f64x2.mul(n, splat(PIO2_4)));
  const third = f64x2.add(second, part);
  low = f64x2.add(low, sumError(second, part, third));
  part = f64x2.neg(f64x2.mul(n, splat(PIO2_5)));
  const fourth = f64x2.add(third, part);
  low = f64x2.add(low, sumError(third, part, fourth));
  low = f64x2.sub(low, f64x2.mul(n, splat(PIO2_6)));
  const r = f64x2.add(fourth, low);
  const rest = f64x2.add(f64x2.sub(fourth, r), low);
  const quadrant = i64x2.add(f64x2.add(n, splat(ROUNDER)), i64x2.splat(turns));
  const odd = i64x2.ne(v128.and(quadrant, i64x2.splat(1)), i64x2.splat(0));
  const result = choose(odd, cosOfParts(r, rest), sinOfParts(r, rest));
  return v128.xor(result, i64x2.shl(v128.and(quadrant, i64x2.splat(2)), 62));
}

// @ts-ignore: decorator
@inline
export function sin_f64x2(x: v128): v128 {
  return choose(f64x2.lt(f64x2.abs(x), splat(TINY)), x, wave_f64x2(x, 0));
}

// @ts-ignore: decorator
@inline
export function cos_f64x2(x: v128): v128 {
  return wave_f64x2(x, 1);
}

// @ts-ignore: decorator
@inline
export function tanh_f64x2(x: v128): v128 {
  const size = f64x2.abs(x);
  const large = f64x2.ge(size, splat(1));
  const twice = f64x2.mul(splat(2), f64x2.pmin(size, splat(40)));
  const u = choose(large, twice, f64x2.neg(twice));
  const k = round(f64x2.mul(u, splat(INVERSE_LN2)));
  const upper = f64x2.sub(u, f64x2.mul(k, splat(LN2_HIGH)));
  const away = f64x2.mul(k, splat(LN2_LOW));
  const r = f64x2.sub(upper, away);
  const lost = f64x2.sub(f64x2.sub(upper, r), away);
  const scale = twoTo(k);
  const shift = f64x2.sub(scale, splat(1));
  const scaled = f64x2.mul(scale, r);
  const first = f64x2.add(shift, scaled);
  const tail = f64x2.add(f64x2.mul(f64x2.mul(r, r), expTail(r)), lost);
  const second = f64x2.add(f64x2.sub(scaled, f64x2.sub(first, shift)), f64x2.mul(scale, tail));
  const main = f64x2.add(first, second);
  const error = f64x2.add(f64x2.sub(first, main), second);
  const divisor = f64x2.add(main, splat(2));
  const divisorError = f64x2.add(sumError(main, splat(2), divisor), error);
  const quotient = f64x2.div(choose(large, splat(2), f64x2.neg(main)), divisor);
  const dividendError = choose(large, splat(0), f64x2.neg(error));
  const missing = f64x2.sub(dividendError, f64x2.mul(quotient, divisorError));
  const corrected = f64x2.add(quotient, f64x2.div(missing, divisor));
  const result = choose(large, f64x2.sub(splat(1), corrected), corrected);
  const signed = choose(f64x2.lt(x, splat(0)), f64x2.neg(result), result);
  return choose(f64x2.lt(size, splat(TINY)), x, signed);
}

// @ts-ignore: decorator
@inline
export function sigmoid_f64x2(x: v128): v128 {
  const size = f64x2.abs(x);
  const u = f64x2.neg(f64x2.pmin(size, splat(746)));
  const k = round(f64x2.mul(u, splat(INVERSE_LN2)));
  const upper = f64x2.sub(u, f64x2.mul(k, splat(LN2_HIGH)));
  const away = f64x2.mul(k, splat(LN2_LOW));
  const r = f64x2.sub(upper, away);
  const lost = f64x2.sub(f64x2.sub(upper, r), away);
  const tail = f64x2.add(f64x2.mul(f64x2.mul(r, r), expTail(r)), lost);
  const sum = f64x2.add(r, tail);
  const one = splat(1);
  const mantissa = f64x2.add(one, sum);
  const sumRest = f64x2.add(f64x2.sub(r, sum), tail);
  const missing = f64x2.add(f64x2.sub(sum, f64x2.sub(mantissa, one)), sumRest);
  const half = round(f64x2.mul(k, splat(0.5)));
  const firstScale = twoTo(half);
  const secondScale = twoTo(f64x2.sub(k, half));
  const power = f64x2.mul(f64x2.mul(mantissa, firstScale), secondScale);
  const powerError = f64x2.mul(f64x2.mul(missing, firstScale), secondScale);
  const divisor = f64x2.add(one, power);
  const divisorError = f64x2.add(f64x2.sub(power, f64x2.sub(divisor, one)), powerError);
  const below = f64x2.lt(x, splat(0));
  const quotient = f64x2.div(choose(below, power, one), divisor);
  const dividendError = choose(below, powerError, splat(0));
  return f64x2.add(quotient, f64x2.div(f64x2.sub(dividendError, f64x2.mul(quotient, divisorError)), divisor));
}
