// Ensembles of trees: src/kernels/tree-scoring.ts is the law. Tree by tree over blocks of rows, so that ranks, sums and a
// tree's nodes stay in the cache; each row still adds the trees in their order.
#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int32_t scoringBlockRows = 512;
/// Rows of a plane come in groups of so many.
constexpr int32_t planeGroupRows = 64;
constexpr int32_t scoringScratchBytes = 512;

struct TreeHead {
  /// Bytes of the masks; 0: walked; −1: walked, with sets.
  int32_t bytes;
  int32_t start;
  int32_t firstLeaf;
  int32_t steps;
};

struct WalkNode {
  uint16_t plane;
  int8_t rank;
  uint8_t sets;
  int32_t left;
};

struct Ensemble {
  const int8_t* ranks;
  const TreeHead* trees;
  const uint32_t* tests;
  const WalkNode* nodes;
  const int32_t* targets;
  const uint8_t* sets;
  size_t stride;

  /// The child a row goes to; a leaf leads to itself.
  LANEWISE_INLINE int32_t step(int32_t node, const int8_t* row) const {
    const WalkNode& at = nodes[node];
    return at.left + (row[at.plane * stride] >= at.rank);
  }

  /// As `step`, where a node may be a set of categories.
  LANEWISE_INLINE int32_t stepOfAny(int32_t node, const int8_t* row) const {
    const WalkNode& at = nodes[node];
    if (at.sets == 0) return step(node, row);
    const int8_t* plane = row + at.plane * stride;
    const uint8_t* set = sets + 32 * static_cast<size_t>(targets[node]);
    int32_t held = 0;
    for (int i = 0; i < at.sets; i++, plane += 2 * stride, set += 32) {
      if (*plane >= 0) held |= set[*plane] & static_cast<uint8_t>(plane[stride]);
    }
    return at.left + (held != 0);
  }

  /// The leaf of a row.
  int32_t walk(int32_t node, const int8_t* row) const {
    for (;;) {
      const int32_t child = stepOfAny(node, row);
      if (child == node) return targets[node];
      node = child;
    }
  }

  /// The leaves of neighbouring rows where no node is a set: the latency of one walk hides behind the others.
  template <int walkers>
  LANEWISE_INLINE void walkTogether(const TreeHead& tree, const int8_t* row, int32_t* leaves) const {
    int32_t at[walkers];
    for (int j = 0; j < walkers; j++) at[j] = tree.start;
    for (int32_t steps = tree.steps; steps > 0; steps -= 2) {
      int32_t moved = 0;
#pragma GCC unroll 16
      for (int j = 0; j < walkers; j++) at[j] = step(at[j], row + j);
#pragma GCC unroll 16
      for (int j = 0; j < walkers; j++) {
        const int32_t child = step(at[j], row + j);
        moved |= child ^ at[j];
        at[j] = child;
      }
      if (moved == 0) break;
    }
    for (int j = 0; j < walkers; j++) leaves[j] = targets[at[j]];
  }
};

using Signed = Vector<int8_t>;
using Bytes = Vector<uint8_t>;

/// The entries of a table of 32 bytes; 0 for other indices.
LANEWISE_INLINE Bytes lookUp(const uint8_t* table, Bytes index) {
#if defined(__AVX512BW__)
  __m128i halves[2];
  std::memcpy(halves, table, sizeof halves);
  const __m512i at = reinterpret_cast<__m512i>(index);
  const __m512i low = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(halves[0]), at);
  const __m512i high = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(halves[1]), at);
  const __mmask64 first = _mm512_cmplt_epu8_mask(at, _mm512_set1_epi8(16));
  const __mmask64 second = _mm512_cmplt_epu8_mask(at, _mm512_set1_epi8(32)) & ~first;
  return reinterpret_cast<Bytes>(
      _mm512_or_si512(_mm512_maskz_mov_epi8(first, low), _mm512_maskz_mov_epi8(second, high)));
#elif defined(__AVX2__)
  __m128i halves[2];
  std::memcpy(halves, table, sizeof halves);
  // Bytes with the highest bit select 0: 0x70 lifts what is beyond 15 there, and what is 16 … 31 falls to 0 … 15.
  const __m256i at = reinterpret_cast<__m256i>(index);
  const __m256i low = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(halves[0]),
                                          _mm256_adds_epu8(at, _mm256_set1_epi8(0x70)));
  const __m256i high = _mm256_shuffle_epi8(
      _mm256_broadcastsi128_si256(halves[1]),
      _mm256_adds_epu8(_mm256_sub_epi8(at, _mm256_set1_epi8(16)), _mm256_set1_epi8(0x70)));
  return reinterpret_cast<Bytes>(_mm256_or_si256(low, high));
#elif defined(__SSSE3__)
  __m128i halves[2];
  std::memcpy(halves, table, sizeof halves);
  const __m128i at = reinterpret_cast<__m128i>(index);
  const __m128i low = _mm_shuffle_epi8(halves[0], _mm_adds_epu8(at, _mm_set1_epi8(0x70)));
  const __m128i high =
      _mm_shuffle_epi8(halves[1], _mm_adds_epu8(_mm_sub_epi8(at, _mm_set1_epi8(16)), _mm_set1_epi8(0x70)));
  return reinterpret_cast<Bytes>(_mm_or_si128(low, high));
#elif defined(__aarch64__)
  uint8x16x2_t halves;
  std::memcpy(&halves, table, sizeof halves);
  return reinterpret_cast<Bytes>(vqtbl2q_u8(halves, reinterpret_cast<uint8x16_t>(index)));
#else
  Bytes found{};
  for (int j = 0; j < vectorLength<uint8_t>; j++) found[j] = index[j] < 32 ? table[index[j]] : 0;
  return found;
#endif
}

/// The places of the lowest bits of bytes, in which one bit is set at least.
LANEWISE_INLINE Bytes lowestBits(Bytes bytes) {
  const Bytes bit = bytes & -bytes;
  const Bytes ones = reinterpret_cast<Bytes>((bit & 0xaa) != 0) & 1;
  const Bytes twos = reinterpret_cast<Bytes>((bit & 0xcc) != 0) & 2;
  const Bytes fours = reinterpret_cast<Bytes>((bit & 0xf0) != 0) & 4;
  return ones | twos | fours;
}

/// Writes the leaves of `vectors` vectors of rows, a byte each, of a tree with masks.
template <int vectors>
LANEWISE_INLINE void leavesByMasks(const Ensemble& ensemble, const TreeHead& tree, const int8_t* row, uint8_t* leaves) {
  constexpr int length = vectorLength<int8_t>;
  const uint32_t* test = ensemble.tests + tree.start;
  // By row: the first byte that is not 0, the leaves of the bytes before it, and whether none was found yet.
  Bytes first[vectors], passed[vectors], open[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) {
    first[v] = Bytes{};
    passed[v] = Bytes{};
    open[v] = ~Bytes{};
  }
  for (int32_t byte = 0; byte < tree.bytes; byte++) {
    const uint32_t counts = *test++;
    Bytes remaining[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) remaining[v] = ~Bytes{};
    for (const uint32_t* end = test + (counts & 0xffff); test < end; test++) {
      const int8_t* plane = row + (*test & 0xffff) * ensemble.stride;
      const Signed rank = splat(static_cast<int8_t>(*test >> 16));
      const Bytes keep = splat(static_cast<uint8_t>(*test >> 24));
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) {
        remaining[v] &= reinterpret_cast<Bytes>(loadVector(plane + v * length) < rank) | keep;
      }
    }
    for (const uint32_t* end = test + 2 * (counts >> 16); test < end; test += 2) {
      const int8_t* plane = row + (*test & 0xffff) * ensemble.stride;
      const Bytes keep = splat(static_cast<uint8_t>(*test >> 24));
      const uint8_t* set = ensemble.sets + 32 * static_cast<size_t>(test[1]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) {
        const Bytes index = reinterpret_cast<Bytes>(loadVector(plane + v * length));
        const Bytes bit = reinterpret_cast<Bytes>(loadVector(plane + ensemble.stride + v * length));
        remaining[v] &= reinterpret_cast<Bytes>((lookUp(set, index) & bit) == 0) | keep;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      first[v] |= remaining[v] & open[v];
      open[v] &= reinterpret_cast<Bytes>(remaining[v] == 0);
      passed[v] += open[v] & 8;
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) storeVector(leaves + v * length, lowestBits(first[v]) + passed[v]);
}

/// Calls `each(row, leaves, count)` for groups of rows in [row, end), of a tree with masks.
template <typename Each>
LANEWISE_INLINE void eachGroupByMasks(const Ensemble& ensemble, const TreeHead& tree, int32_t row, int32_t end,
                                      uint8_t* leaves, Each each) {
  constexpr int32_t many = 4 * vectorLength<int8_t>;
  constexpr int32_t few = vectorLength<int8_t>;
  static_assert(many <= scoringScratchBytes && few <= planeGroupRows);
  while (row < end) {
    const int32_t rest = end - row;
    // Planes go on to a whole group of rows: what lies behind `end` may be read, and is passed over.
    if (rest > many - few && (many <= planeGroupRows || rest >= many)) {
      leavesByMasks<4>(ensemble, tree, ensemble.ranks + row, leaves);
      each(row, leaves, rest < many ? rest : many);
      row += many;
    } else {
      leavesByMasks<1>(ensemble, tree, ensemble.ranks + row, leaves);
      each(row, leaves, rest < few ? rest : few);
      row += few;
    }
  }
}

/// Leaf values on their way to the sums.
struct Adder {
  const double* values;
  double* sums;
  size_t stride;
  int32_t width;

  LANEWISE_INLINE void add(int32_t row, int32_t leaf) const {
    const double* from = values + static_cast<size_t>(leaf) * static_cast<size_t>(width);
    if (width == 1) {
      sums[row] += *from;
      return;
    }
    for (int32_t k = 0; k < width; k++) sums[static_cast<size_t>(k) * stride + static_cast<size_t>(row)] += from[k];
  }
};

void addTree(const Ensemble& ensemble, const TreeHead& tree, const Adder& adder, int32_t row, int32_t end,
             uint8_t* scratch) {
  if (tree.bytes > 0) {
    eachGroupByMasks(ensemble, tree, row, end, scratch, [&](int32_t from, const uint8_t* leaves, int32_t count) {
      if (adder.width == 1) {
        double* sums = adder.sums + from;
        const double* values = adder.values;
        for (int32_t j = 0; j < count; j++) sums[j] += values[leaves[j]];
      } else {
        for (int32_t j = 0; j < count; j++) adder.add(from + j, leaves[j]);
      }
    });
    return;
  }
  constexpr int walkers = 16;
  for (; tree.bytes == 0 && row + walkers <= end; row += walkers) {
    int32_t leaves[walkers];
    ensemble.walkTogether<walkers>(tree, ensemble.ranks + row, leaves);
    for (int j = 0; j < walkers; j++) adder.add(row + j, leaves[j]);
  }
  for (; row < end; row++) adder.add(row, ensemble.walk(tree.start, ensemble.ranks + row));
}

Ensemble ensembleOf(const int8_t* ranks, const int32_t* trees, const uint32_t* tests, const int32_t* nodes,
                    const int32_t* targets, const uint8_t* sets, int32_t stride) {
  static_assert(sizeof(TreeHead) == 16 && sizeof(WalkNode) == 8);
  return {ranks,   reinterpret_cast<const TreeHead*>(trees), tests, reinterpret_cast<const WalkNode*>(nodes),
          targets, sets,                                     static_cast<size_t>(stride)};
}

}  // namespace

void ensemble_score_i8(const int8_t* ranks, const int32_t* trees, const uint32_t* tests, const int32_t* nodes,
                       const int32_t* targets, const uint8_t* sets, const double* base, const double* leafValues,
                       double* sums, uint8_t* scratch, int32_t /*planeCount*/, int32_t rankStride, int32_t treeCount,
                       int32_t /*testWords*/, int32_t /*nodeCount*/, int32_t /*setCount*/, int32_t rowCount,
                       int32_t outputCount, int32_t /*leafCount*/, int32_t leafWidth, int32_t average) {
  const Ensemble ensemble = ensembleOf(ranks, trees, tests, nodes, targets, sets, rankStride);
  const size_t stride = static_cast<size_t>(rowCount);
  for (int32_t k = 0; k < outputCount; k++) {
    for (int32_t row = 0; row < rowCount; row++) sums[static_cast<size_t>(k) * stride + static_cast<size_t>(row)] = base[k];
  }
  for (int32_t start = 0; start < rowCount; start += scoringBlockRows) {
    const int32_t end = rowCount - start < scoringBlockRows ? rowCount : start + scoringBlockRows;
    for (int32_t index = 0; index < treeCount; index++) {
      const TreeHead& tree = ensemble.trees[index];
      const double* values = leafValues + static_cast<size_t>(tree.firstLeaf) * static_cast<size_t>(leafWidth);
      double* into = leafWidth == 1 ? sums + static_cast<size_t>(index % outputCount) * stride : sums;
      addTree(ensemble, tree, Adder{values, into, stride, leafWidth}, start, end, scratch);
    }
  }
  if (average != 1) return;
  const size_t length = static_cast<size_t>(outputCount) * stride;
  for (size_t i = 0; i < length; i++) sums[i] = sums[i] / static_cast<double>(treeCount);
}

void ensemble_leaves_i8(const int8_t* ranks, const int32_t* trees, const uint32_t* tests, const int32_t* nodes,
                        const int32_t* targets, const uint8_t* sets, int32_t* leaves, uint8_t* scratch,
                        int32_t /*planeCount*/, int32_t rankStride, int32_t treeCount, int32_t /*testWords*/,
                        int32_t /*nodeCount*/, int32_t /*setCount*/, int32_t rowCount) {
  const Ensemble ensemble = ensembleOf(ranks, trees, tests, nodes, targets, sets, rankStride);
  for (int32_t index = 0; index < treeCount; index++, leaves += rowCount) {
    const TreeHead& tree = ensemble.trees[index];
    if (tree.bytes > 0) {
      eachGroupByMasks(ensemble, tree, 0, rowCount, scratch, [&](int32_t from, const uint8_t* found, int32_t count) {
        for (int32_t j = 0; j < count; j++) leaves[from + j] = found[j];
      });
      continue;
    }
    for (int32_t row = 0; row < rowCount; row++) leaves[row] = ensemble.walk(tree.start, ranks + row);
  }
}

}  // namespace lanewise::LANEWISE_ISA
