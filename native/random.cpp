// Philox4x32-10 (Salmon et al., SC 2011); src/kernels/random.ts is the law. Integers, and one exact scaling.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Words [start, start + count) of the key: whole runs of blocks, and a run that is cut at either end.
template <typename Store>
LANEWISE_INLINE void philoxWords(uint64_t start, uint64_t count, uint32_t keyLow, uint32_t keyHigh, Store store) {
  uint32_t words[4 * philoxWidth];
  const uint64_t end = start + count;
  for (uint64_t at = start & ~3ull; at < end; at += 4 * philoxWidth) {
    philoxBlocks(at >> 2, keyLow, keyHigh, words);
    const uint64_t from = at < start ? start - at : 0;
    const uint64_t to = end - at < 4 * philoxWidth ? end - at : 4 * philoxWidth;
    store(words, at + from - start, from, to);
  }
}

}  // namespace

void random_words_u32(uint32_t* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count) {
  if (count <= 0) return;
  philoxWords(static_cast<uint64_t>(startIndex), static_cast<uint64_t>(count), static_cast<uint32_t>(keyLow),
              static_cast<uint32_t>(keyHigh), [=](const uint32_t* words, uint64_t at, uint64_t from, uint64_t to) {
                std::memcpy(out + at, words + from, (to - from) * sizeof(uint32_t));
              });
}

void random_uniform_f64(double* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count) {
  if (count <= 0) return;
  // A number takes two words: number i is words 2i and 2i + 1.
  philoxWords(2 * static_cast<uint64_t>(startIndex), 2 * static_cast<uint64_t>(count), static_cast<uint32_t>(keyLow),
              static_cast<uint32_t>(keyHigh), [=](const uint32_t* words, uint64_t at, uint64_t from, uint64_t to) {
                for (uint64_t w = from; w < to; w += 2) {
                  const double high = static_cast<double>(static_cast<int32_t>(words[w] >> 5));
                  const double low = static_cast<double>(static_cast<int32_t>(words[w + 1] >> 6));
                  out[(at + w - from) / 2] = (high * 67108864.0 + low) / 9007199254740992.0;
                }
              });
}

}  // namespace lanewise::LANEWISE_ISA
