/**
 * A number as the unevaluated sum of two doubles, |low| at most half a last place of high: 106 bits, about 31 digits.
 * Made of doubles alone, without fused multiply-add: T. J. Dekker, "A floating-point technique for extending the
 * available precision" (1971); D. E. Knuth, TAOCP 2, 4.2.2; Hida, Li and Bailey, "Library for double-double and
 * quad-double arithmetic" (2007). Sizes must keep away from overflow: below 2^996 for products.
 */
export interface DoubleDouble {
  readonly high: number;
  readonly low: number;
}

export const ZERO: DoubleDouble = { high: 0, low: 0 };
export const ONE: DoubleDouble = { high: 1, low: 0 };

/** Veltkamp's constant, 2^27 + 1: parts a double into halves of 26 bits, whose products are exact. */
const SPLITTER = 134_217_729;

export function fromNumber(value: number): DoubleDouble {
  return { high: value, low: 0 };
}

export function toNumber({ high, low }: DoubleDouble): number {
  return high + low;
}

/** a + b, exactly. */
export function exactSum(a: number, b: number): DoubleDouble {
  const high = a + b;
  const part = high - a;
  return { high, low: a - (high - part) + (b - part) };
}

/** a·b, exactly (but for underflow). */
export function exactProduct(a: number, b: number): DoubleDouble {
  const high = a * b;
  return { high, low: productError(a, b, high) };
}

function productError(a: number, b: number, product: number): number {
  const bigA = SPLITTER * a;
  const a1 = bigA - (bigA - a);
  const a2 = a - a1;
  const bigB = SPLITTER * b;
  const b1 = bigB - (bigB - b);
  const b2 = b - b1;
  return a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2;
}

/** high + low as a normalised pair, where |high| ≥ |low|. */
function normalised(high: number, low: number): DoubleDouble {
  const sum = high + low;
  return { high: sum, low: low - (sum - high) };
}

export function add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const highs = exactSum(a.high, b.high);
  const lows = exactSum(a.low, b.low);
  const first = normalised(highs.high, highs.low + lows.high);
  return normalised(first.high, first.low + lows.low);
}

export function negate({ high, low }: DoubleDouble): DoubleDouble {
  return { high: -high, low: -low };
}

export function subtract(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  return add(a, negate(b));
}

export function multiply(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const { high, low } = exactProduct(a.high, b.high);
  return normalised(high, low + (a.high * b.low + a.low * b.high));
}

export function divide(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const first = a.high / b.high;
  if (!Number.isFinite(first)) return { high: first, low: 0 };
  const rest = subtract(a, multiply(b, fromNumber(first)));
  const second = rest.high / b.high;
  const last = subtract(rest, multiply(b, fromNumber(second)));
  return add(normalised(first, second), fromNumber(last.high / b.high));
}

/** The square root of a number ≥ 0, by one step of Newton's method from the double's. */
export function squareRoot(a: DoubleDouble): DoubleDouble {
  if (a.high <= 0) return ZERO;
  const root = Math.sqrt(a.high);
  const rest = subtract(a, exactProduct(root, root));
  return normalised(root, rest.high / (2 * root));
}

/** 2^exponent as two factors, neither of which leaves the range of doubles, for exponents from −2044 to 2046. */
export function powerOfTwo(exponent: number): readonly [number, number] {
  const half = Math.trunc(exponent / 2);
  return [oneBit(half), oneBit(exponent - half)];
}

/** value·2^exponent. */
export function timesPowerOfTwo(value: number, exponent: number): number {
  const [first, second] = powerOfTwo(exponent);
  return value * first * second;
}

/** By its bits: `**` may round. */
function oneBit(exponent: number): number {
  if (exponent < -1022) return 0;
  if (exponent > 1023) return Number.POSITIVE_INFINITY;
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, (exponent + 1023) << 20);
  return view.getFloat64(0);
}

/** The least e with |value| ≤ 2^e; 0 for 0 and for what is not finite. */
export function exponentOf(value: number): number {
  let size = Math.abs(value);
  if (size === 0 || !(size < Number.POSITIVE_INFINITY)) return 0;
  let exponent = 0;
  // Subnormal numbers are lifted first.
  if (size < 2 ** -1000) {
    size *= 2 ** 200;
    exponent = -200;
  }
  while (size > 2 ** 32) {
    size *= 2 ** -32;
    exponent += 32;
  }
  while (size <= 2 ** -32) {
    size *= 2 ** 32;
    exponent -= 32;
  }
  while (size > 1) {
    size /= 2;
    exponent++;
  }
  while (size <= 0.5) {
    size *= 2;
    exponent--;
  }
  return exponent;
}

/** Vectors of one length, with what orthogonalising them takes. Elements before `from` are left alone. */
export interface Vectors {
  readonly length: number;
  /** The size of a rounding error, relative to the numbers that are added. */
  readonly roundoff: number;
  get(vector: number, place: number): DoubleDouble;
  set(vector: number, place: number, value: DoubleDouble): void;
  dot(a: number, b: number, from: number): DoubleDouble;
  /** vector b += factor · vector a */
  addMultiple(factor: DoubleDouble, a: number, b: number, from: number): void;
}

/** Vectors of double-doubles; sums run from the first element to the last. */
export class DoubleDoubleVectors implements Vectors {
  readonly length: number;
  readonly roundoff = 2 ** -102;
  /** count × length each. */
  readonly high: Float64Array;
  readonly low: Float64Array;

  constructor(count: number, length: number) {
    this.length = length;
    this.high = new Float64Array(count * length);
    this.low = new Float64Array(count * length);
  }

  get(vector: number, place: number): DoubleDouble {
    const at = vector * this.length + place;
    return { high: this.high[at]!, low: this.low[at]! };
  }

  set(vector: number, place: number, value: DoubleDouble): void {
    const at = vector * this.length + place;
    this.high[at] = value.high;
    this.low[at] = value.low;
  }

  // The two loops below are `multiply` and `add`, written out: millions of small objects would cost ten times as much.

  dot(a: number, b: number, from: number): DoubleDouble {
    const { high, low, length } = this;
    const [atA, atB] = [a * length, b * length];
    let sumHigh = 0;
    let sumLow = 0;
    for (let i = from; i < length; i++) {
      const x = high[atA + i]!;
      const y = high[atB + i]!;
      const product = x * y;
      const error = productError(x, y, product) + (x * low[atB + i]! + low[atA + i]! * y);
      const sum = sumHigh + product;
      const part = sum - sumHigh;
      const rest = sumHigh - (sum - part) + (product - part) + (sumLow + error);
      sumHigh = sum + rest;
      sumLow = rest - (sumHigh - sum);
    }
    return { high: sumHigh, low: sumLow };
  }

  addMultiple(factor: DoubleDouble, a: number, b: number, from: number): void {
    const { high, low, length } = this;
    const [atA, atB] = [a * length, b * length];
    const { high: f, low: g } = factor;
    for (let i = from; i < length; i++) {
      const x = high[atA + i]!;
      const y = high[atB + i]!;
      const product = f * x;
      const error = productError(f, x, product) + (f * low[atA + i]! + g * x);
      const sum = y + product;
      const part = sum - y;
      const rest = y - (sum - part) + (product - part) + (low[atB + i]! + error);
      const rounded = sum + rest;
      high[atB + i] = rounded;
      low[atB + i] = rest - (rounded - sum);
    }
  }

  /** vector out = vector a · vector b, element by element */
  multiply(a: number, b: number, out: number): void {
    const { high, low, length } = this;
    const [atA, atB, to] = [a * length, b * length, out * length];
    for (let i = 0; i < length; i++) {
      const x = high[atA + i]!;
      const y = high[atB + i]!;
      const product = x * y;
      const error = productError(x, y, product) + (x * low[atB + i]! + low[atA + i]! * y);
      const rounded = product + error;
      high[to + i] = rounded;
      low[to + i] = error - (rounded - product);
    }
  }

  /** vector a ·= factor */
  scale(factor: DoubleDouble, a: number): void {
    for (let i = 0; i < this.length; i++) this.set(a, i, multiply(this.get(a, i), factor));
  }
}
