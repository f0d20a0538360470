// Philox4x32-10 (Salmon et al., SC 2011), several blocks side by side; src/kernels/random.ts is the law.
namespace lanewise::LANEWISE_ISA {

inline constexpr int philoxRounds = 10;

/// The words of `count` blocks from `block` on: four words a block, in order.
template <int count>
LANEWISE_INLINE void philoxBlocks(uint64_t block, uint32_t keyLow, uint32_t keyHigh, uint32_t* words) {
  uint32_t x0[count], x1[count], x2[count], x3[count];
  for (int j = 0; j < count; j++) {
    x0[j] = static_cast<uint32_t>(block + static_cast<uint64_t>(j));
    x1[j] = static_cast<uint32_t>((block + static_cast<uint64_t>(j)) >> 32);
    x2[j] = x3[j] = 0;
  }
  for (int round = 0; round < philoxRounds; round++) {
    for (int j = 0; j < count; j++) {
      const uint64_t product0 = 0xd2511f53ull * x0[j];
      const uint64_t product1 = 0xcd9e8d57ull * x2[j];
      x0[j] = static_cast<uint32_t>(product1 >> 32) ^ x1[j] ^ keyLow;
      x1[j] = static_cast<uint32_t>(product1);
      x2[j] = static_cast<uint32_t>(product0 >> 32) ^ x3[j] ^ keyHigh;
      x3[j] = static_cast<uint32_t>(product0);
    }
    keyLow += 0x9e3779b9u;
    keyHigh += 0xbb67ae85u;
  }
  for (int j = 0; j < count; j++) {
    words[4 * j] = x0[j];
    words[4 * j + 1] = x1[j];
    words[4 * j + 2] = x2[j];
    words[4 * j + 3] = x3[j];
  }
}

}  // namespace lanewise::LANEWISE_ISA
