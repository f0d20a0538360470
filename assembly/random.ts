import { philoxWord, storePhiloxBlock, storePhiloxBlocks4, uniformOfWords } from './inline/philox';

export function random_words_u32(out: usize, keyLow: i32, keyHigh: i32, startIndex: f64, count: i32): void {
  let index = <u64>startIndex;
  const end = index + <u64>count;
  for (; index < end && (index & 3) != 0; index++, out += 4) store<u32>(out, wordAt(index, keyLow, keyHigh));
  for (; index + 15 < end; index += 16, out += 64) storePhiloxBlocks4(out, index >> 2, <u32>keyLow, <u32>keyHigh);
  for (; index + 3 < end; index += 4, out += 16) storePhiloxBlock(out, index >> 2, <u32>keyLow, <u32>keyHigh);
  for (; index < end; index++, out += 4) store<u32>(out, wordAt(index, keyLow, keyHigh));
}

export function random_uniform_f64(out: usize, keyLow: i32, keyHigh: i32, startIndex: f64, count: i32): void {
  let index = <u64>startIndex;
  const end = index + <u64>count;
  if (index < end && (index & 1) != 0) {
    store<f64>(out, uniformAt(index, keyLow, keyHigh));
    out += 8;
    index++;
  }
  // A block's four words are as long as its two numbers, which take their place.
  for (; index + 7 < end; index += 8, out += 64) {
    storePhiloxBlocks4(out, index >> 1, <u32>keyLow, <u32>keyHigh);
    for (let pair: usize = 0; pair < 64; pair += 16) v128.store(out + pair, uniformsOfWords(v128.load(out + pair)));
  }
  for (; index + 1 < end; index += 2, out += 16) {
    storePhiloxBlock(out, index >> 1, <u32>keyLow, <u32>keyHigh);
    const first = uniformOfWords(load<u32>(out, 0), load<u32>(out, 4));
    const second = uniformOfWords(load<u32>(out, 8), load<u32>(out, 12));
    store<f64>(out, first, 0);
    store<f64>(out, second, 8);
  }
  if (index < end) store<f64>(out, uniformAt(index, keyLow, keyHigh));
}

// Two numbers of the four words of a block: words 0 and 2 give the high bits, 1 and 3 the low ones.
// @ts-ignore: decorator
@inline
function uniformsOfWords(words: v128): v128 {
  const high = f64x2.convert_low_i32x4_u(i32x4.shr_u(v128.shuffle<i32>(words, words, 0, 2, 0, 2), 5));
  const low = f64x2.convert_low_i32x4_u(i32x4.shr_u(v128.shuffle<i32>(words, words, 1, 3, 1, 3), 6));
  return f64x2.mul(f64x2.add(f64x2.mul(high, f64x2.splat(67108864.0)), low), f64x2.splat(1.0 / 9007199254740992.0));
}

// @ts-ignore: decorator
@inline
function wordAt(index: u64, keyLow: i32, keyHigh: i32): u32 {
  return philoxWord(index >> 2, <u32>(index & 3), <u32>keyLow, <u32>keyHigh);
}

function uniformAt(index: u64, keyLow: i32, keyHigh: i32): f64 {
  const word = <u32>(index & 1) << 1;
  return uniformOfWords(
    philoxWord(index >> 1, word, <u32>keyLow, <u32>keyHigh),
    philoxWord(index >> 1, word + 1, <u32>keyLow, <u32>keyHigh),
  );
}
