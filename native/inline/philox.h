// Philox4x32-10 (Salmon et al., SC 2011), several blocks side by side; src/kernels/random.ts is the law.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lanewise::LANEWISE_ISA {

inline constexpr int philoxRounds = 10;
/// Blocks computed together: two vectors' worth, so that the multiplications of one hide behind the other's.
inline constexpr int philoxWidth = 2 * vectorLength<uint64_t>;

/// Products of the lower halves of 64-bit lanes; what stands in the upper halves is ignored.
LANEWISE_INLINE Vector<uint64_t> multiplyLow32(Vector<uint64_t> a, Vector<uint64_t> b) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector<uint64_t>>(
      _mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vector<uint64_t>>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__x86_64__)
  return reinterpret_cast<Vector<uint64_t>>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

/// One block a lane. Words are kept in the lower halves; the upper ones hold anything.
struct PhiloxState {
  Vector<uint64_t> x0, x1, x2, x3;

  LANEWISE_INLINE void start(uint64_t block) {
    x0 = Vector<uint64_t>{};
    for (int j = 0; j < vectorLength<uint64_t>; j++) x0[j] = block + static_cast<uint64_t>(j);
    x1 = x0 >> 32;
    x2 = x3 = Vector<uint64_t>{};
  }

  LANEWISE_INLINE void round(uint32_t keyLow, uint32_t keyHigh) {
    const Vector<uint64_t> product0 = multiplyLow32(x0, splat<uint64_t>(0xd2511f53u));
    const Vector<uint64_t> product1 = multiplyLow32(x2, splat<uint64_t>(0xcd9e8d57u));
    x0 = (product1 >> 32) ^ x1 ^ splat<uint64_t>(keyLow);
    x1 = product1;
    x2 = (product0 >> 32) ^ x3 ^ splat<uint64_t>(keyHigh);
    x3 = product0;
  }

  /// Four words a block, in order.
  LANEWISE_INLINE void store(uint32_t* words) const {
    const Vector<uint64_t> first = (x0 & 0xffffffffu) | (x1 << 32), second = (x2 & 0xffffffffu) | (x3 << 32);
    for (int j = 0; j < vectorLength<uint64_t>; j++) {
      const uint64_t pair[2] = {first[j], second[j]};
      std::memcpy(words + 4 * j, pair, sizeof pair);
    }
  }
};

/// The 4 · philoxWidth words of the blocks from `block` on.
LANEWISE_INLINE void philoxBlocks(uint64_t block, uint32_t keyLow, uint32_t keyHigh, uint32_t* words) {
  PhiloxState a, b;
  a.start(block);
  b.start(block + vectorLength<uint64_t>);
#pragma GCC unroll 10
  for (int round = 0; round < philoxRounds; round++) {
    a.round(keyLow, keyHigh);
    b.round(keyLow, keyHigh);
    keyLow += 0x9e3779b9u;
    keyHigh += 0xbb67ae85u;
  }
  a.store(words);
  b.store(words + 4 * vectorLength<uint64_t>);
}

/// The four words of one block.
LANEWISE_INLINE void philoxBlock(uint64_t block, uint32_t keyLow, uint32_t keyHigh, uint32_t* words) {
  uint32_t x0 = static_cast<uint32_t>(block), x1 = static_cast<uint32_t>(block >> 32), x2 = 0, x3 = 0;
  for (int round = 0; round < philoxRounds; round++) {
    const uint64_t product0 = 0xd2511f53ull * x0, product1 = 0xcd9e8d57ull * x2;
    x0 = static_cast<uint32_t>(product1 >> 32) ^ x1 ^ keyLow;
    x1 = static_cast<uint32_t>(product1);
    x2 = static_cast<uint32_t>(product0 >> 32) ^ x3 ^ keyHigh;
    x3 = static_cast<uint32_t>(product0);
    keyLow += 0x9e3779b9u;
    keyHigh += 0xbb67ae85u;
  }
  words[0] = x0;
  words[1] = x1;
  words[2] = x2;
  words[3] = x3;
}

}  // namespace lanewise::LANEWISE_ISA
