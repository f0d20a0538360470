/** Below this the engine's own sort is as fast. */
const FEWEST_VALUES = 2048;
const DIGITS = 8;
const RADIX = 256;

/**
 * Sorts numbers ascending in place, −0 before 0, as `Float64Array.prototype.sort` does; no NaN. A radix sort by bytes of
 * the bit pattern, least significant first, that passes over bytes in which all values agree (values that were f32 have
 * three such). Nearly twice as fast on 100,000 values. Returns its argument.
 */
export function sortNumbers(values: Float64Array): Float64Array {
  const { length } = values;
  if (length < FEWEST_VALUES) return values.sort();
  let keys = new Uint32Array(2 * length);
  new Float64Array(keys.buffer).set(values);
  flip(keys, true);
  const counts = countDigits(keys);
  let spare = new Uint32Array(2 * length);
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = counts.subarray(digit * RADIX, (digit + 1) * RADIX);
    if (count.includes(length)) continue;
    scatter(keys, spare, count, digit);
    [keys, spare] = [spare, keys];
  }
  flip(keys, false);
  values.set(new Float64Array(keys.buffer));
  return values;
}

/** Bit patterns whose unsigned order is that of the numbers: the sign bit turned, and all others of negative ones. */
function flip(keys: Uint32Array, forward: boolean): void {
  for (let i = 0; i < keys.length; i += 2) {
    const high = keys[i + 1]!;
    const negative = high >>> 31 === (forward ? 1 : 0);
    if (negative) keys[i] = ~keys[i]!;
    keys[i + 1] = negative ? ~high : high ^ 0x8000_0000;
  }
}

/** How often each byte occurs at each place: counts[digit · 256 + byte]. */
function countDigits(keys: Uint32Array): Uint32Array {
  const counts = new Uint32Array(DIGITS * RADIX);
  for (let i = 0; i < keys.length; i++) {
    const word = keys[i]!;
    const first = (i & 1) * 4 * RADIX;
    counts[first + (word & 255)]!++;
    counts[first + RADIX + ((word >>> 8) & 255)]!++;
    counts[first + 2 * RADIX + ((word >>> 16) & 255)]!++;
    counts[first + 3 * RADIX + (word >>> 24)]!++;
  }
  return counts;
}

/** One stable pass by the byte `digit`, from `keys` into `out`. */
function scatter(keys: Uint32Array, out: Uint32Array, count: Uint32Array, digit: number): void {
  const places = new Uint32Array(RADIX);
  for (let byte = 1; byte < RADIX; byte++) places[byte] = places[byte - 1]! + count[byte - 1]!;
  const [word, shift] = [digit >>> 2, (digit & 3) * 8];
  for (let i = 0; i < keys.length; i += 2) {
    const place = 2 * places[(keys[i + word]! >>> shift) & 255]!++;
    out[place] = keys[i]!;
    out[place + 1] = keys[i + 1]!;
  }
}
