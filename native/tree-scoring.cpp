// Ensembles of trees: src/kernels/tree-scoring.ts is the law. Tree by tree over blocks of rows, so that a tree's nodes stay in
// the cache; each row still adds the trees in their order.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int32_t scoringBlockRows = 512;
/// Rows that walk side by side, without branches: the latency of one walk hides behind the others.
constexpr int walkers = 8;

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

  /// The leaf of the row at `inputs`, whose inputs are `stride` apart.
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
    return node;
  }

  /// The leaves of `walkers` neighbouring rows, where no node is a set of categories. A row that has arrived stays.
  LANEWISE_INLINE void walkTogether(int32_t root, const double* inputs, size_t stride, int32_t* nodes) const {
    for (int j = 0; j < walkers; j++) nodes[j] = root;
    for (bool moving = feature[root] >= 0; moving;) {
      moving = false;
#pragma GCC unroll 8
      for (int j = 0; j < walkers; j++) {
        const int32_t node = nodes[j];
        const int32_t of = feature[node];
        const bool inner = of >= 0;
        const double value = inputs[static_cast<size_t>(inner ? of : 0) * stride + static_cast<size_t>(j)];
        const bool goesLeft = (value <= threshold[node]) | ((value != value) & (missingGoesLeft[node] == 1));
        const int32_t* children = goesLeft ? left : right;
        const int32_t next = inner ? children[node] : node;
        nodes[j] = next;
        moving |= inner;
      }
    }
  }

  LANEWISE_INLINE void addLeaf(int32_t node, double* sums, size_t stride, int32_t output) const {
    const double* values = leafValues + static_cast<size_t>(left[node]) * static_cast<size_t>(leafWidth);
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
  const bool together = !hasCategories(categoryOffset, nodeCount);
  for (int32_t k = 0; k < outputCount; k++) {
    for (int32_t row = 0; row < rowCount; row++) sums[static_cast<size_t>(k) * stride + static_cast<size_t>(row)] = base[k];
  }
  for (int32_t start = 0; start < rowCount; start += scoringBlockRows) {
    const int32_t end = rowCount - start < scoringBlockRows ? rowCount : start + scoringBlockRows;
    for (int32_t tree = 0; tree < treeCount; tree++) {
      const int32_t output = tree % outputCount;
      int32_t row = start;
      for (; together && row + walkers <= end; row += walkers) {
        int32_t nodes[walkers];
        ensemble.walkTogether(roots[tree], inputs + row, stride, nodes);
        for (int j = 0; j < walkers; j++) ensemble.addLeaf(nodes[j], sums + row + j, stride, output);
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
