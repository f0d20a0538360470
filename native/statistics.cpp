// The law is src/kernels/statistics.ts. Eight digits of 8 bits; digits in which all values agree are passed over.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int sortDigits = 8;
constexpr int digitBits = 8;
constexpr size_t digitValues = size_t{1} << digitBits;

/// Numbers as keys, and counts, in memory whose declared type is f64.
typedef uint64_t SortKey __attribute__((may_alias));
typedef uint32_t DigitCount __attribute__((may_alias));

constexpr uint64_t signBit = uint64_t{1} << 63;

/// The bit pattern whose unsigned order is that of the numbers: the sign bit turned, and all others of negative ones.
LANEWISE_INLINE uint64_t keyOf(uint64_t bits) { return bits ^ ((bits & signBit) != 0 ? ~uint64_t{0} : signBit); }
LANEWISE_INLINE uint64_t bitsOf(uint64_t key) { return key ^ ((key & signBit) != 0 ? signBit : ~uint64_t{0}); }

LANEWISE_INLINE size_t digitOf(uint64_t key, int digit) {
  return static_cast<size_t>(key >> (digitBits * digit)) & (digitValues - 1);
}

/// Counts of a digit to first places; false where one digit has all.
bool startPlaces(DigitCount* counts, size_t count) {
  uint32_t place = 0;
  for (size_t i = 0; i < digitValues; i++) {
    const uint32_t here = counts[i];
    if (here == count) return false;
    counts[i] = place;
    place += here;
  }
  return true;
}

}  // namespace

void values_sort_f64(double* values, double* weights, double* scratch, int32_t count) {
  const size_t length = static_cast<size_t>(count);
  SortKey* keys = reinterpret_cast<SortKey*>(values);
  DigitCount* counts = reinterpret_cast<DigitCount*>(scratch + 2 * length);
  std::memset(counts, 0, sortDigits * digitValues * sizeof(DigitCount));
  for (size_t i = 0; i < length; i++) {
    const uint64_t key = keyOf(keys[i]);
    keys[i] = key;
    for (int digit = 0; digit < sortDigits; digit++) {
      counts[static_cast<size_t>(digit) * digitValues + digitOf(key, digit)]++;
    }
  }
  SortKey* from = keys;
  SortKey* to = reinterpret_cast<SortKey*>(scratch);
  double* fromWeights = weights;
  double* toWeights = scratch + length;
  for (int digit = 0; digit < sortDigits; digit++) {
    DigitCount* places = counts + static_cast<size_t>(digit) * digitValues;
    if (!startPlaces(places, length)) continue;
    for (size_t i = 0; i < length; i++) {
      const uint64_t key = from[i];
      const uint32_t place = places[digitOf(key, digit)]++;
      to[place] = key;
      if (weights != nullptr) toWeights[place] = fromWeights[i];
    }
    SortKey* other = from;
    from = to;
    to = other;
    double* moved = fromWeights;
    fromWeights = toWeights;
    toWeights = moved;
  }
  for (size_t i = 0; i < length; i++) keys[i] = bitsOf(from[i]);
  if (weights != nullptr && fromWeights != weights) std::memcpy(weights, fromWeights, length * sizeof(double));
}

}  // namespace lanewise::LANEWISE_ISA
