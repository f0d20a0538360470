// Philox4x32-10 (Salmon et al., SC 2011): the law is src/kernels/random.ts. Two multiplications a round, each
// 32 × 32 → 64 bits.

// The four words of block `block` of the key, to out[0 … 3].
// @ts-ignore: decorator
@inline
export function storePhiloxBlock(out: usize, block: u64, key0: u32, key1: u32): void {
  let x0 = <u32>block, x1 = <u32>(block >> 32), x2: u32 = 0, x3: u32 = 0;
  for (let round = 0; round < 10; round++) {
    const product0 = <u64>x0 * 0xd2511f53;
    const product1 = <u64>x2 * 0xcd9e8d57;
    x0 = <u32>(product1 >> 32) ^ x1 ^ key0;
    x1 = <u32>product1;
    x2 = <u32>(product0 >> 32) ^ x3 ^ key1;
    x3 = <u32>product0;
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  store<u32>(out, x0, 0);
  store<u32>(out, x1, 4);
  store<u32>(out, x2, 8);
  store<u32>(out, x3, 12);
}

// The sixteen words of blocks `block` … `block` + 3 of the key, to out[0 … 15]: a block a lane.
// @ts-ignore: decorator
@inline
export function storePhiloxBlocks4(out: usize, block: u64, key0: u32, key1: u32): void {
  const low01 = i64x2.add(i64x2.splat(block), i64x2(0, 1)), low23 = i64x2.add(i64x2.splat(block), i64x2(2, 3));
  let x0 = v128.shuffle<i32>(low01, low23, 0, 2, 4, 6), x1 = v128.shuffle<i32>(low01, low23, 1, 3, 5, 7);
  let x2 = i32x4.splat(0), x3 = i32x4.splat(0);
  let k0 = i32x4.splat(key0), k1 = i32x4.splat(key1);
  const multiplier0 = i32x4.splat(0xd2511f53), multiplier1 = i32x4.splat(0xcd9e8d57);
  for (let round = 0; round < 10; round++) {
    const a = i64x2.extmul_low_i32x4_u(x0, multiplier0), b = i64x2.extmul_high_i32x4_u(x0, multiplier0);
    const c = i64x2.extmul_low_i32x4_u(x2, multiplier1), d = i64x2.extmul_high_i32x4_u(x2, multiplier1);
    x0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), x1), k0);
    x1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
    x2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), x3), k1);
    x3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    k0 = i32x4.add(k0, i32x4.splat(0x9e3779b9));
    k1 = i32x4.add(k1, i32x4.splat(0xbb67ae85));
  }
  // From word-major to block-major: a 4 × 4 transposition.
  const low = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), high = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const low2 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5), high2 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(low, low2, 0, 2), 0);
  v128.store(out, v128.shuffle<i64>(low, low2, 1, 3), 16);
  v128.store(out, v128.shuffle<i64>(high, high2, 0, 2), 32);
  v128.store(out, v128.shuffle<i64>(high, high2, 1, 3), 48);
}

// Word `word` (0 … 3) of a block, for kernels that draw one value a row.
// @ts-ignore: decorator
@inline
export function philoxWord(block: u64, word: u32, key0: u32, key1: u32): u32 {
  let x0 = <u32>block, x1 = <u32>(block >> 32), x2: u32 = 0, x3: u32 = 0;
  for (let round = 0; round < 10; round++) {
    const product0 = <u64>x0 * 0xd2511f53;
    const product1 = <u64>x2 * 0xcd9e8d57;
    x0 = <u32>(product1 >> 32) ^ x1 ^ key0;
    x1 = <u32>product1;
    x2 = <u32>(product0 >> 32) ^ x3 ^ key1;
    x3 = <u32>product0;
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  return word == 0 ? x0 : word == 1 ? x1 : word == 2 ? x2 : x3;
}

// 53 bits of two words, in [0, 1).
// @ts-ignore: decorator
@inline
export function uniformOfWords(a: u32, b: u32): f64 {
  return <f64>((<u64>(a >> 5) << 26) | <u64>(b >> 6)) * (1.0 / 9007199254740992.0);
}
