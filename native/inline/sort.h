// A stable sort of places by keys, for small lists and whole columns alike.
#include <cstdint>
#include <cstring>

namespace lanewise::LANEWISE_ISA {

/// Sorts places 0 … count − 1 by ascending keys, equal ones in their order; `buffer` holds as many places.
inline void sortPlaces(const double* keys, uint32_t* places, uint32_t* buffer, int32_t count) {
  uint32_t *from = places, *to = buffer;
  for (int64_t width = 1; width < count; width *= 2) {
    for (int64_t start = 0; start < count; start += 2 * width) {
      const int64_t middle = start + width < count ? start + width : count;
      const int64_t end = start + 2 * width < count ? start + 2 * width : count;
      int64_t left = start, right = middle;
      for (int64_t out = start; out < end; out++) {
        const bool takesRight = left >= middle || (right < end && keys[from[right]] < keys[from[left]]);
        to[out] = from[takesRight ? right++ : left++];
      }
    }
    uint32_t* swap = from;
    from = to;
    to = swap;
  }
  if (from != places) std::memcpy(places, from, static_cast<size_t>(count) * sizeof(uint32_t));
}

}  // namespace lanewise::LANEWISE_ISA
