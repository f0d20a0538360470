// Ensembles of trees: src/kernels/tree-scoring.ts is the law. Tree by tree over blocks of rows, so that a tree's nodes stay in
// the cache; each row still adds the trees in their order.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Enough rows for the preparation of a tree to cost nothing, few enough for their inputs to stay in the cache.
constexpr int32_t scoringBlockRows = 2048;

struct Ensemble {
  const int32_t* feature;
  const double* threshold;
  const int32_t* left;
  const int32_t* right;
  const uint8_t* missingGoesLeft;
  const int32_t* categoryOffset;
  const int32_t* categoryWords;
  const uint32_t* categories;
  const double* leafValues;
  int32_t leafWidth;

  /// Does a number go left where the node is a set of categories? What the node does not know goes with the missing.
  bool categoryGoesLeft(int32_t node, double value) const {
    const bool known = value >= 0 && value < 32.0 * categoryWords[node] && __builtin_trunc(value) == value;
    if (!known) return missingGoesLeft[node] == 1;
    const int32_t category = static_cast<int32_t>(value);
    return ((categories[categoryOffset[node] + (category >> 5)] >> (category & 31)) & 1) == 1;
  }

  /// The leaf (a row of leafValues) of the row at `inputs`, whose inputs are `stride` apart.
  int32_t walk(int32_t node, const double* inputs, size_t stride) const {
    while (feature[node] >= 0) {
      const double value = inputs[static_cast<size_t>(feature[node]) * stride];
      bool goesLeft;
      if (value != value) {
        goesLeft = missingGoesLeft[node] == 1;
      } else if (categoryOffset[node] < 0) {
        goesLeft = value <= threshold[node];
      } else {
        goesLeft = categoryGoesLeft(node, value);
      }
      node = goesLeft ? left[node] : right[node];
    }
    return left[node];
  }

  /// The leaves of neighbouring rows, where no node is a set of categories: the latency of one walk hides behind the
  /// others. A row that has arrived stays. Masks instead of branches, which nobody could predict.
  template <int walkers>
  LANEWISE_INLINE void walkTogether(int32_t root, const double* inputs, size_t stride, int32_t* leaves) const {
    int32_t nodes[walkers];
    for (int j = 0; j < walkers; j++) nodes[j] = root;
    for (int32_t arrived = feature[root] >> 31; arrived == 0;) {
      arrived = -1;
#pragma GCC unroll 8
      for (int j = 0; j < walkers; j++) {
        const int32_t node = nodes[j];
        const int32_t of = feature[node];
        const int32_t leaf = of >> 31;  // −1 at a leaf
        const double value = inputs[static_cast<size_t>(of & ~leaf) * stride + static_cast<size_t>(j)];
        const int32_t goesLeft = (value <= threshold[node]) | ((value != value) & missingGoesLeft[node]);
        const int32_t child = right[node] ^ ((right[node] ^ left[node]) & -goesLeft);
        nodes[j] = child ^ ((child ^ node) & leaf);
        arrived &= leaf;
      }
    }
    for (int j = 0; j < walkers; j++) leaves[j] = left[nodes[j]];
  }

  /// Adds a row of leafValues to the sums of a row, which are `stride` apart.
  LANEWISE_INLINE void addLeaf(int32_t leaf, double* sums, size_t stride, int32_t output) const {
    const double* values = leafValues + static_cast<size_t>(leaf) * static_cast<size_t>(leafWidth);
    if (leafWidth == 1) {
      sums[static_cast<size_t>(output) * stride] += values[0];
      return;
    }
    for (int32_t k = 0; k < leafWidth; k++) sums[static_cast<size_t>(k) * stride] += values[k];
  }
};

bool hasCategories(const int32_t* categoryOffset, int32_t nodeCount) {
  int32_t all = -1;
  for (int32_t node = 0; node < nodeCount; node++) all &= categoryOffset[node];
  return all >= 0;
}

using Alive = Vector<uint64_t>;

/// Leaves that remain where `value` fails the test to go left: `keep`; elsewhere all. A missing value fails it or passes.
template <bool missingLeft>
LANEWISE_INLINE Alive keepLeaves(Alive alive, Vector<double> value, double threshold, uint64_t keep) {
#if defined(__AVX512F__)
  constexpr int fails = missingLeft ? _CMP_GT_OQ : _CMP_NLE_UQ;
  const __mmask8 right = _mm512_cmp_pd_mask(reinterpret_cast<__m512d>(value), _mm512_set1_pd(threshold), fails);
  const __m512i bits = reinterpret_cast<__m512i>(alive);
  return reinterpret_cast<Alive>(_mm512_mask_and_epi64(bits, right, bits, _mm512_set1_epi64(static_cast<int64_t>(keep))));
#else
  const auto left = missingLeft ? ~(value > threshold) : value <= threshold;
  return alive & (reinterpret_cast<Alive>(left) | splat(keep));
#endif
}

/// A tree of up to 64 leaves as tests without order: each inner node takes the leaves on its left away from the rows that
/// go right, and the first leaf that remains is the row's (QuickScorer: Lucchese et al., SIGIR 2015). There are no
/// branches, and neighbouring rows are tested together.
struct BitTree {
  static constexpr int maxLeaves = 64;
  struct Test {
    int32_t feature;
    double threshold;
    /// The leaves that remain where a row goes right.
    uint64_t keep;
  };
  Test missingRight[maxLeaves], missingLeft[maxLeaves];
  int missingRightCount = 0, missingLeftCount = 0, leafCount = 0;
  int32_t leaves[maxLeaves];

  /// Adds the tree below a node, its leaves from left to right; false where there are too many, or sets of categories.
  bool add(const Ensemble& ensemble, int32_t node, int depth) {
    if (ensemble.feature[node] < 0) {
      if (leafCount == maxLeaves) return false;
      leaves[leafCount++] = ensemble.left[node];
      return true;
    }
    if (ensemble.categoryOffset[node] >= 0 || depth == maxLeaves) return false;
    const int first = leafCount;
    if (!add(ensemble, ensemble.left[node], depth + 1) || leafCount == maxLeaves) return false;
    const uint64_t before = (uint64_t{1} << first) - 1, through = (uint64_t{1} << leafCount) - 1;
    const Test test{ensemble.feature[node], ensemble.threshold[node], ~(through ^ before)};
    if (ensemble.missingGoesLeft[node] == 1) {
      missingLeft[missingLeftCount++] = test;
    } else {
      missingRight[missingRightCount++] = test;
    }
    return add(ensemble, ensemble.right[node], depth + 1);
  }

  template <bool left, int vectors>
  LANEWISE_INLINE void apply(const Test* tests, int count, const double* inputs, size_t stride, Alive* alive) const {
    for (int i = 0; i < count; i++) {
      const Test& test = tests[i];
      const double* column = inputs + static_cast<size_t>(test.feature) * stride;
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) {
        alive[v] = keepLeaves<left>(alive[v], loadVector(column + v * vectorLength<double>), test.threshold, test.keep);
      }
    }
  }

  /// Scores rows [row, end) as far as whole groups of vectors go; returns the first row that is left.
  int32_t score(const Ensemble& ensemble, const double* inputs, double* sums, size_t stride, int32_t output, int32_t row,
                int32_t end) const {
    constexpr int vectors = 4;
    constexpr int32_t group = vectors * vectorLength<double>;
    for (; row + group <= end; row += group) {
      Alive alive[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) alive[v] = splat(~uint64_t{0});
      apply<false, vectors>(missingRight, missingRightCount, inputs + row, stride, alive);
      apply<true, vectors>(missingLeft, missingLeftCount, inputs + row, stride, alive);
      uint64_t words[group];
      std::memcpy(words, alive, sizeof words);
      for (int j = 0; j < group; j++) {
        ensemble.addLeaf(leaves[__builtin_ctzll(words[j])], sums + row + j, stride, output);
      }
    }
    return row;
  }
};

}  // namespace

void ensemble_score_f64(const double* inputs, const double* base, const int32_t* roots, const int32_t* feature,
                        const double* threshold, const int32_t* left, const int32_t* right,
                        const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords,
                        const uint32_t* categories, const double* leafValues, double* sums, int32_t /*inputCount*/,
                        int32_t outputCount, int32_t treeCount, int32_t nodeCount, int32_t /*wordCount*/,
                        int32_t /*leafCount*/, int32_t leafWidth, int32_t average, int32_t rowCount) {
  const Ensemble ensemble{feature,       threshold,  left,       right,    missingGoesLeft, categoryOffset,
                          categoryWords, categories, leafValues, leafWidth};
  const size_t stride = static_cast<size_t>(rowCount);
  const bool numbersOnly = !hasCategories(categoryOffset, nodeCount);
  for (int32_t k = 0; k < outputCount; k++) {
    for (int32_t row = 0; row < rowCount; row++) sums[static_cast<size_t>(k) * stride + static_cast<size_t>(row)] = base[k];
  }
  for (int32_t start = 0; start < rowCount; start += scoringBlockRows) {
    const int32_t end = rowCount - start < scoringBlockRows ? rowCount : start + scoringBlockRows;
    for (int32_t tree = 0; tree < treeCount; tree++) {
      const int32_t output = tree % outputCount;
      BitTree bits;
      int32_t row = start;
      if (bits.add(ensemble, roots[tree], 0)) row = bits.score(ensemble, inputs, sums, stride, output, start, end);
      constexpr int walkers = 8;
      for (; numbersOnly && row + walkers <= end; row += walkers) {
        int32_t leaves[walkers];
        ensemble.walkTogether<walkers>(roots[tree], inputs + row, stride, leaves);
        for (int j = 0; j < walkers; j++) ensemble.addLeaf(leaves[j], sums + row + j, stride, output);
      }
      for (; row < end; row++) {
        ensemble.addLeaf(ensemble.walk(roots[tree], inputs + row, stride), sums + row, stride, output);
      }
    }
  }
  if (average != 1) return;
  const size_t length = static_cast<size_t>(outputCount) * stride;
  for (size_t i = 0; i < length; i++) sums[i] = sums[i] / static_cast<double>(treeCount);
}

}  // namespace lanewise::LANEWISE_ISA
