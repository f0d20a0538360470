// The law is src/kernels/statistics.ts. Eight digits of 8 bits; digits in which all values agree are passed over.

const DIGIT_BYTES: usize = 1024;

// The bit pattern whose unsigned order is that of the numbers: the sign bit turned, and all others of negative ones.
// @ts-ignore: decorator
@inline
function keyOf(bits: u64): u64 {
  return bits ^ (<u64>(<i64>bits >> 63) | 0x8000000000000000);
}

// @ts-ignore: decorator
@inline
function bitsOf(key: u64): u64 {
  return key ^ (<u64>(<i64>~key >> 63) | 0x8000000000000000);
}

// @ts-ignore: decorator
@inline
function countDigit(counters: usize, key: u64, digit: usize): void {
  const at = counters + digit * DIGIT_BYTES + (<usize>((key >> <u64>(8 * digit)) & 255) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

function makeKeys(values: usize, counters: usize, count: usize): void {
  memory.fill(counters, 0, 8 * DIGIT_BYTES);
  for (let i: usize = 0; i < count; i++, values += 8) {
    const key = keyOf(load<u64>(values));
    store<u64>(values, key);
    countDigit(counters, key, 0);
    countDigit(counters, key, 1);
    countDigit(counters, key, 2);
    countDigit(counters, key, 3);
    countDigit(counters, key, 4);
    countDigit(counters, key, 5);
    countDigit(counters, key, 6);
    countDigit(counters, key, 7);
  }
}

// Counts of a digit to first places, in bytes; false where one digit has all.
function startPlaces(counter: usize, count: usize): bool {
  let place: u32 = 0;
  for (let at = counter; at < counter + DIGIT_BYTES; at += 4) {
    const here = load<u32>(at);
    if (<usize>here == count) return false;
    store<u32>(at, place << 3);
    place += here;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function placeOf(counter: usize, key: u64, shift: u64): usize {
  const at = counter + (<usize>((key >> shift) & 255) << 2);
  const place = load<u32>(at);
  store<u32>(at, place + 8);
  return <usize>place;
}

export function values_sort_f64(values: usize, weights: usize, scratch: usize, count: i32): void {
  const length = <usize>count;
  const bytes = length << 3;
  const counters = scratch + 2 * bytes;
  makeKeys(values, counters, length);
  let from = values, to = scratch;
  let fromWeights = weights, toWeights = scratch + bytes;
  for (let digit: usize = 0; digit < 8; digit++) {
    const counter = counters + digit * DIGIT_BYTES;
    const shift = <u64>(8 * digit);
    if (!startPlaces(counter, length)) continue;
    if (weights == 0) {
      for (let at: usize = 0; at < bytes; at += 8) {
        const key = load<u64>(from + at);
        store<u64>(to + placeOf(counter, key, shift), key);
      }
    } else {
      for (let at: usize = 0; at < bytes; at += 8) {
        const key = load<u64>(from + at);
        const place = placeOf(counter, key, shift);
        store<u64>(to + place, key);
        store<u64>(toWeights + place, load<u64>(fromWeights + at));
      }
    }
    const keys = from, moved = fromWeights;
    from = to; to = keys;
    fromWeights = toWeights; toWeights = moved;
  }
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(values + at, bitsOf(load<u64>(from + at)));
  if (weights != 0 && fromWeights != weights) memory.copy(weights, fromWeights, bytes);
}
