// The widest vectors of the instruction set being compiled, as GCC and Clang vector types, and the house's sum order.
// Included by one instruction set's build at a time (simd/build.h), so everything here has that build's namespace.
#include <cstddef>
#include <cstdint>
#include <cstring>

#define LANEWISE_INLINE inline __attribute__((always_inline))
#define LANEWISE_INLINE_LAMBDA __attribute__((always_inline))

namespace lanewise::LANEWISE_ISA {

#if defined(__AVX512F__)
inline constexpr int vectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr int vectorBytes = 32;
#else
inline constexpr int vectorBytes = 16;
#endif

template <typename T>
struct VectorOf {
  typedef T type __attribute__((vector_size(vectorBytes)));
};
/// A full vector of T; `+ - *` and comparisons work element by element.
template <typename T>
using Vector = typename VectorOf<T>::type;
template <typename T>
inline constexpr int vectorLength = vectorBytes / static_cast<int>(sizeof(T));

template <typename T>
LANEWISE_INLINE Vector<T> loadVector(const T* from) {
  Vector<T> vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}

template <typename T>
LANEWISE_INLINE void storeVector(T* to, Vector<T> vector) {
  std::memcpy(to, &vector, sizeof vector);
}

template <typename T>
LANEWISE_INLINE Vector<T> splat(T value) {
  return value - Vector<T>{};
}

/// Sums keep 32 virtual lanes whatever the width of the machine: src/kernels/sums.ts is the law.
inline constexpr int LANES = 32;

/// 32 lane sums in registers. A lane that gets no element keeps its value.
template <typename T>
struct Lanes {
  static constexpr int step = vectorLength<T>;
  static constexpr int count = LANES / step;
  Vector<T> sums[count];

  LANEWISE_INLINE Lanes() {
#pragma GCC unroll 32
    for (int k = 0; k < count; k++) sums[k] = Vector<T>{};
  }

  /// Halves: 16 + 16, 8 + 8, 4 + 4, 2 + 2, 1 + 1.
  LANEWISE_INLINE T fold() const {
    T lanes[LANES];
    std::memcpy(lanes, sums, sizeof lanes);
#pragma GCC unroll 8
    for (int width = LANES / 2; width >= 1; width /= 2) {
      for (int lane = 0; lane < width; lane++) lanes[lane] = lanes[lane] + lanes[lane + width];
    }
    return lanes[0];
  }
};

/// The lane sum of term over [0, rowCount): `block(i)` gives the vector of terms i…, `single(i)` one term.
template <typename T, typename Block, typename Single>
LANEWISE_INLINE T laneSum(int32_t rowCount, Block block, Single single) {
  Lanes<T> lanes;
  int32_t i = 0;
  for (; i + LANES <= rowCount; i += LANES) {
#pragma GCC unroll 32
    for (int k = 0; k < Lanes<T>::count; k++) lanes.sums[k] += block(i + k * Lanes<T>::step);
  }
  T tail[LANES];
  std::memcpy(tail, lanes.sums, sizeof tail);
  for (int lane = 0; i < rowCount; i++, lane++) tail[lane] += single(i);
  std::memcpy(lanes.sums, tail, sizeof tail);
  return lanes.fold();
}

}  // namespace lanewise::LANEWISE_ISA
