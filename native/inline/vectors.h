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

/// Loads `count` elements; the lanes behind them hold `fill`.
template <typename T>
LANEWISE_INLINE Vector<T> loadPart(const T* from, int32_t count, T fill) {
  Vector<T> vector = splat(fill);
  std::memcpy(&vector, from, static_cast<size_t>(count) * sizeof(T));
  return vector;
}

template <typename T>
LANEWISE_INLINE void storePart(T* to, Vector<T> vector, int32_t count) {
  std::memcpy(to, &vector, static_cast<size_t>(count) * sizeof(T));
}

/// How `forEachVector` hands out elements: a full vector at a time …
template <typename T>
struct Whole {
  LANEWISE_INLINE Vector<T> load(const T* from) const { return loadVector(from); }
  LANEWISE_INLINE void store(T* to, Vector<T> vector) const { storeVector(to, vector); }
};

/// … and the last few. Nothing behind them is read or written.
template <typename T>
struct Part {
  int32_t count;
  LANEWISE_INLINE Vector<T> load(const T* from) const { return loadPart(from, count, T{1}); }
  LANEWISE_INLINE void store(T* to, Vector<T> vector) const { storePart(to, vector, count); }
};

/// Calls body(i, access) for vectors of elements [0, rowCount).
template <typename T, typename Body>
LANEWISE_INLINE void forEachVector(int32_t rowCount, Body body) {
  int32_t i = 0;
  for (; i + vectorLength<T> <= rowCount; i += vectorLength<T>) body(i, Whole<T>{});
  if (i < rowCount) body(i, Part<T>{rowCount - i});
}

/// Sums keep 32 virtual lanes whatever the width of the machine: src/kernels/sums.ts is the law.
inline constexpr int LANES = 32;

/// Folds `count` vectors of lanes into one number, in halves: … 8 + 8, 4 + 4, 2 + 2, 1 + 1.
template <int count, typename T>
LANEWISE_INLINE T foldLanes(const Vector<T>* sums) {
  Vector<T> halves[count];
#pragma GCC unroll 32
  for (int k = 0; k < count; k++) halves[k] = sums[k];
#pragma GCC unroll 8
  for (int width = count / 2; width >= 1; width /= 2) {
#pragma GCC unroll 32
    for (int k = 0; k < width; k++) halves[k] += halves[k + width];
  }
  T lanes[vectorLength<T>];
  storeVector(lanes, halves[0]);
#pragma GCC unroll 8
  for (int width = vectorLength<T> / 2; width >= 1; width /= 2) {
    for (int lane = 0; lane < width; lane++) lanes[lane] = lanes[lane] + lanes[lane + width];
  }
  return lanes[0];
}

/// 32 lane sums in registers.
template <typename T>
struct Lanes {
  static constexpr int step = vectorLength<T>;
  static constexpr int count = LANES / step;
  Vector<T> sums[count];

  LANEWISE_INLINE Lanes() {
#pragma GCC unroll 32
    for (int k = 0; k < count; k++) sums[k] = Vector<T>{};
  }

  LANEWISE_INLINE T fold() const { return foldLanes<count, T>(sums); }
};

/// The lane sum of terms over [0, rowCount): `term(i, access)` gives the vector of terms from element i on, of what
/// `access` loads. A lane that has no element left adds −0, which changes no sum.
template <typename T, typename Term>
LANEWISE_INLINE T laneSum(int32_t rowCount, Term term) {
  Lanes<T> lanes;
  int32_t i = 0;
  for (; i + LANES <= rowCount; i += LANES) {
#pragma GCC unroll 32
    for (int k = 0; k < Lanes<T>::count; k++) lanes.sums[k] += term(i + k * Lanes<T>::step, Whole<T>{});
  }
#pragma GCC unroll 32
  for (int k = 0; k < Lanes<T>::count; k++, i += Lanes<T>::step) {
    if (i + Lanes<T>::step <= rowCount) {
      lanes.sums[k] += term(i, Whole<T>{});
    } else if (i < rowCount) {
      const Vector<T> terms = term(i, Part<T>{rowCount - i});
      T kept[Lanes<T>::step];
      storeVector(kept, splat(T{-0.0}));
      storePart(kept, terms, rowCount - i);
      lanes.sums[k] += loadVector(kept);
    }
  }
  return lanes.fold();
}

}  // namespace lanewise::LANEWISE_ISA
