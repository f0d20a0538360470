// Figures of doubles by whole numbers of any length, rounded once, at the end.

const SHIFT = 1100n;
const PLACES = 10n ** 40n;

/** A double as a whole number of 2^−1100. */
function whole(value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const mantissa = (bits & 0xfffffffffffffn) | (exponent === 0n ? 0n : 1n << 52n);
  const size = mantissa << ((exponent === 0n ? 1n : exponent) - 1075n + SHIFT);
  return bits >> 63n ? -size : size;
}

/** a/b as a double, by way of forty decimals. */
function ratio(a, b) {
  const quotient = (a * PLACES) / b;
  const text = (quotient < 0n ? -quotient : quotient).toString().padStart(41, '0');
  return Number(`${quotient < 0n ? '-' : ''}${text.slice(0, -40)}.${text.slice(-40)}`);
}

function root(value) {
  if (value < 2n) return value;
  let x = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (x + value / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** Mean, standard deviation (n − 1) and lag-1 autocorrelation. */
export function exactFigures(values) {
  const numbers = Array.from(values, whole);
  const count = BigInt(numbers.length);
  const sum = numbers.reduce((total, value) => total + value, 0n);
  const differences = numbers.map((value) => count * value - sum);
  const squares = differences.reduce((total, value) => total + value * value, 0n);
  const lagged = differences.slice(1).reduce((total, value, i) => total + value * differences[i], 0n);
  // √(squares / (n²·(n − 1))), the numerator lifted so that its root keeps its places
  const deviation = root((squares * PLACES * PLACES) / (count * count * (count - 1n)));
  return {
    mean: ratio(sum, count << SHIFT),
    deviation: ratio(deviation, PLACES << SHIFT),
    autocorrelation: ratio(lagged, squares),
  };
}
