// Lists of the highest scores; the law is src/kernels/factorization.ts.
namespace lanewise::LANEWISE_ISA {

/// Is `item` among the ascending items [start, end)?
LANEWISE_INLINE bool isSeen(const int32_t* items, int32_t start, int32_t end, int32_t item) {
  int32_t low = start, high = end;
  while (low < high) {
    const int32_t middle = (low + high) >> 1;
    if (items[middle] < item) low = middle + 1;
    else high = middle;
  }
  return low < end && items[low] == item;
}

/// Puts (score, item) into a list of n, the highest first, the lower item first among equals.
LANEWISE_INLINE void offerScore(double* scores, int32_t* items, int32_t n, double score, int32_t item) {
  const auto isBefore = [&](int32_t place) {
    return score > scores[place] || (score == scores[place] && item < items[place]);
  };
  int32_t place = n - 1;
  if (!isBefore(place)) return;
  while (place > 0 && isBefore(place - 1)) {
    scores[place] = scores[place - 1];
    items[place] = items[place - 1];
    place--;
  }
  scores[place] = score;
  items[place] = item;
}

}  // namespace lanewise::LANEWISE_ISA
