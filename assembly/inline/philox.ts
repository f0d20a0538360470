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
