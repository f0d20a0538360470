// What the kernels of navigable graphs share; src/kernels/graph.ts is the law.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lanewise::LANEWISE_ISA {

/// A sum has sixteen virtual lanes: a cache line of f32.
inline constexpr int graphLanes = 16;
inline constexpr int graphStep = vectorLength<float>;
inline constexpr int graphParts = graphLanes / graphStep;
inline constexpr int32_t negatedDot = 1;

typedef float Quad __attribute__((vector_size(16)));

/// Sixteen lanes, folded down to four.
LANEWISE_INLINE Quad foldToQuad(const Vector<float>* sums) {
#if defined(__AVX512F__)
  const __m512 all = reinterpret_cast<__m512>(sums[0]);
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
  return reinterpret_cast<Quad>(_mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
#elif defined(__AVX2__)
  const __m256 half = reinterpret_cast<__m256>(sums[0] + sums[1]);
  return reinterpret_cast<Quad>(_mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
#else
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
#endif
}

/// Four lanes of each of four sums, folded: sum by sum (0 + 2) + (1 + 3).
LANEWISE_INLINE Quad foldQuads(const Quad* quads) {
#if defined(__x86_64__)
  const __m128 a = reinterpret_cast<__m128>(quads[0]), b = reinterpret_cast<__m128>(quads[1]);
  const __m128 c = reinterpret_cast<__m128>(quads[2]), d = reinterpret_cast<__m128>(quads[3]);
  const __m128 low = _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a));
  const __m128 high = _mm_add_ps(_mm_movelh_ps(c, d), _mm_movehl_ps(d, c));
  return reinterpret_cast<Quad>(
      _mm_add_ps(_mm_shuffle_ps(low, high, 0x88), _mm_shuffle_ps(low, high, 0xdd)));
#else
  Quad result;
  for (int i = 0; i < 4; i++) result[i] = (quads[i][0] + quads[i][2]) + (quads[i][1] + quads[i][3]);
  return result;
#endif
}

template <bool dot, int rows>
LANEWISE_INLINE void graphSums(const float* query, const float* const (&row)[rows], int32_t stride, Quad* folded) {
  Vector<float> sums[rows][graphParts];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int p = 0; p < graphParts; p++) sums[r][p] = Vector<float>{};
  }
  for (int32_t j = 0; j < stride; j += graphLanes) {
#pragma GCC unroll 4
    for (int p = 0; p < graphParts; p++) {
      const Vector<float> asked = loadVector(query + j + p * graphStep);
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++) {
        const Vector<float> offered = loadVector(row[r] + j + p * graphStep);
        if constexpr (dot) {
          sums[r][p] += asked * offered;
        } else {
          const Vector<float> difference = asked - offered;
          sums[r][p] += difference * difference;
        }
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++) folded[r] = foldToQuad(sums[r]);
}

template <bool dot>
LANEWISE_INLINE Quad graphDistancesOf(const float* query, const float* const (&rows)[4], int32_t stride) {
  Quad quads[4];
  if constexpr (graphParts <= 2) {
    graphSums<dot, 4>(query, rows, stride, quads);
  } else {
    const float* const first[2] = {rows[0], rows[1]};
    const float* const second[2] = {rows[2], rows[3]};
    graphSums<dot, 2>(query, first, stride, quads);
    graphSums<dot, 2>(query, second, stride, quads + 2);
  }
  const Quad sums = foldQuads(quads);
  return dot ? Quad{} - sums : sums;
}

/// Distances of a query to four rows.
LANEWISE_INLINE Quad graphDistances(const float* query, const float* const (&rows)[4], int32_t stride, int32_t metric) {
  return metric == negatedDot ? graphDistancesOf<true>(query, rows, stride)
                              : graphDistancesOf<false>(query, rows, stride);
}

/// A node of the pool: its distance, in an order-preserving form, over its number, over two bits.
typedef uint64_t Met;
inline constexpr Met metExpanded = 1, metBarred = 2;

LANEWISE_INLINE Met packMet(float distance, int32_t node) {
  uint32_t bits;
  std::memcpy(&bits, &distance, sizeof bits);
  bits ^= static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u;
  return static_cast<Met>(bits) << 32 | static_cast<Met>(static_cast<uint32_t>(node)) << 2;
}

LANEWISE_INLINE float distanceOf(Met met) {
  uint32_t bits = static_cast<uint32_t>(met >> 32);
  bits ^= (bits >> 31) != 0 ? 0x80000000u : 0xffffffffu;
  float distance;
  std::memcpy(&distance, &bits, sizeof distance);
  return distance;
}

LANEWISE_INLINE bool hasBit(const uint8_t* bits, int32_t node) { return (bits[node >> 3] >> (node & 7)) & 1; }

LANEWISE_INLINE bool testAndSet(uint32_t* bits, int32_t node) {
  uint32_t& word = bits[node >> 5];
  const uint32_t bit = 1u << (node & 31);
  const bool was = (word & bit) != 0;
  word |= bit;
  return was;
}

/// The nodes that a search keeps, nearest first: as many as it takes for `size` wanted ones, at most `capacity`.
struct SearchPool {
  Met* entries;
  int32_t size, capacity;
  int32_t length = 0, wanted = 0;
  /// The first entry that may not be expanded.
  int32_t cursor = 0;

  LANEWISE_INLINE SearchPool(int64_t* memory, int32_t most, int32_t room)
      : entries(reinterpret_cast<Met*>(memory)), size(most), capacity(room) {}

  LANEWISE_INLINE void offer(Met met) {
    const bool full = wanted == size || length == capacity;
    if (full && (length == 0 || met >= entries[length - 1])) return;
    int32_t low = 0;
    for (int32_t left = length; left > 0;) {
      const int32_t half = left >> 1;
      const bool after = entries[low + half] < met;
      low = after ? low + half + 1 : low;
      left = after ? left - half - 1 : half;
    }
    std::memmove(entries + low + 1, entries + low, static_cast<size_t>(length - low) * sizeof(Met));
    entries[low] = met;
    length++;
    if (low < cursor) cursor = low;
    if ((met & metBarred) == 0) wanted++;
    if (length > capacity) drop();
    while (wanted > size || (wanted == size && (entries[length - 1] & metBarred) != 0)) drop();
  }

  LANEWISE_INLINE void drop() {
    if ((entries[--length] & metBarred) == 0) wanted--;
  }

  /// The nearest entry that is not expanded yet, or −1.
  LANEWISE_INLINE int32_t next() {
    while (cursor < length && (entries[cursor] & metExpanded) != 0) cursor++;
    return cursor < length ? cursor : -1;
  }
};

/// Node numbers are kept turned round where the higher one comes first among equals.
inline constexpr int32_t oldestFirst = 0, newestFirst = 0x3fffffff;

struct Graph {
  const float* vectors;
  const int32_t* links;
  const int32_t* upperOffsets;
  const int32_t* upper;
  int32_t stride, m, metric, order;

  LANEWISE_INLINE Met metOf(float distance, int32_t node) const { return packMet(distance, node ^ order); }

  LANEWISE_INLINE int32_t nodeOf(Met met) const { return static_cast<int32_t>(static_cast<uint32_t>(met) >> 2) ^ order; }

  LANEWISE_INLINE const float* row(int32_t node) const {
    return vectors + static_cast<size_t>(node) * static_cast<size_t>(stride);
  }

  LANEWISE_INLINE const int32_t* list(int32_t node, int32_t level) const {
    return level == 0 ? links + static_cast<size_t>(node) * static_cast<size_t>(2 * m)
                      : upper + upperOffsets[node] + (level - 1) * m;
  }

  LANEWISE_INLINE int32_t slots(int32_t level) const { return level == 0 ? 2 * m : m; }

  LANEWISE_INLINE void prefetchRow(int32_t node) const {
    const char* at = reinterpret_cast<const char*>(row(node));
    const int32_t lines = stride / graphLanes < 8 ? stride / graphLanes : 8;
    for (int32_t line = 0; line < lines; line++) __builtin_prefetch(at + 64 * line);
  }

  /// Calls take(place, distance) for nodes[0 … count), four at a time; behind the last lies room for three more.
  template <typename Take>
  LANEWISE_INLINE void forDistances(const float* query, int32_t* nodes, int32_t count, Take take) const {
    if (count == 0) return;
    for (int32_t i = count; (i & 3) != 0; i++) nodes[i] = nodes[count - 1];
    for (int32_t i = 0; i < count; i += 4) {
      const float* const rows[4] = {row(nodes[i]), row(nodes[i + 1]), row(nodes[i + 2]), row(nodes[i + 3])};
      const Quad distances = graphDistances(query, rows, stride, metric);
      const int32_t end = count - i < 4 ? count - i : 4;
      for (int32_t j = 0; j < end; j++) take(i + j, distances[j]);
    }
  }

  LANEWISE_INLINE float distance(const float* query, int32_t node) const {
    const float* const rows[4] = {row(node), row(node), row(node), row(node)};
    return graphDistances(query, rows, stride, metric)[0];
  }

  Met descend(const float* query, Met start, int32_t level, int32_t* fresh) const {
    Met best = start;
    for (;;) {
      const int32_t* from = list(nodeOf(best), level);
      int32_t count = 0;
      for (; count < m && from[count] >= 0; count++) {
        fresh[count] = from[count];
        prefetchRow(from[count]);
      }
      Met next = best;
      forDistances(query, fresh, count, [&](int32_t i, float distance) LANEWISE_INLINE_LAMBDA {
        const Met met = metOf(distance, fresh[i]);
        if (met < next) next = met;
      });
      if (next == best) return best;
      best = next;
    }
  }

  /// `visited` has a bit a node, all of them cleared.
  void searchLayer(const float* query, Met start, int32_t level, SearchPool& pool, const uint8_t* allowed,
                   uint32_t* visited, int32_t* fresh) const {
    const int32_t most = slots(level);
    testAndSet(visited, nodeOf(start));
    pool.offer(start | (allowed != nullptr && !hasBit(allowed, nodeOf(start)) ? metBarred : 0));
    for (int32_t place = pool.next(); place >= 0; place = pool.next()) {
      const int32_t* from = list(nodeOf(pool.entries[place]), level);
      pool.entries[place] |= metExpanded;
      int32_t count = 0;
      for (int32_t i = 0; i < most && from[i] >= 0; i++) {
        if (testAndSet(visited, from[i])) continue;
        fresh[count++] = from[i];
        prefetchRow(from[i]);
      }
      // The nearest of those that wait is expanded next, unless a nearer one is met now.
      if (place + 1 < pool.length) {
        const char* ahead = reinterpret_cast<const char*>(list(nodeOf(pool.entries[place + 1]), level));
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + 64);
      }
      if (allowed == nullptr) {
        forDistances(query, fresh, count, [&](int32_t i, float distance) LANEWISE_INLINE_LAMBDA {
          pool.offer(metOf(distance, fresh[i]));
        });
      } else {
        forDistances(query, fresh, count, [&](int32_t i, float distance) LANEWISE_INLINE_LAMBDA {
          pool.offer(metOf(distance, fresh[i]) | (hasBit(allowed, fresh[i]) ? 0 : metBarred));
        });
      }
    }
  }

  /// Is one of the chosen nearer to the row than `distance`?
  LANEWISE_INLINE bool isCrowded(const float* candidate, const int32_t* chosen, int32_t count, float distance) const {
    for (int32_t i = 0; i < count; i += 4) {
      const int32_t last = count - 1;
      const float* const rows[4] = {row(chosen[i]), row(chosen[i + 1 < last ? i + 1 : last]),
                                    row(chosen[i + 2 < last ? i + 2 : last]), row(chosen[i + 3 < last ? i + 3 : last])};
      const Quad distances = graphDistances(candidate, rows, stride, metric);
      for (int32_t j = 0; j < 4; j++) {
        if (distances[j] < distance) return true;
      }
    }
    return false;
  }

  /// Algorithm 4, into a list of `most` slots.
  void chooseNeighbors(const Met* candidates, int32_t count, int32_t* chosen, int32_t most) const {
    int32_t taken = 0, equals = 0;
    for (int32_t i = 0; i < count && taken < most; i++) {
      const int32_t node = nodeOf(candidates[i]);
      const float distance = distanceOf(candidates[i]);
      const bool equal = metric != negatedDot && distance == 0.0f;
      if (equal && equals == most >> 1) continue;
      if (i + 1 < count) prefetchRow(nodeOf(candidates[i + 1]));
      if (isCrowded(row(node), chosen, taken, distance)) continue;
      chosen[taken++] = node;
      if (equal) equals++;
    }
    for (; taken < most; taken++) chosen[taken] = -1;
  }
};

LANEWISE_INLINE void clearBits(uint32_t* bits, int32_t count) {
  std::memset(bits, 0, static_cast<size_t>((count + 31) / 32) * sizeof(uint32_t));
}

}  // namespace lanewise::LANEWISE_ISA
