// Shapley values against background rows: src/kernels/tree-background.ts is the law. Two rows walk down a tree together, and
// apart from where they part on.
namespace lanewise::LANEWISE_ISA {

namespace {

struct ComparedTrees {
  const double* inputs;
  const double* background;
  const int32_t* feature;
  const double* threshold;
  const uint8_t* missingGoesLeft;
  const int32_t* categoryOffset;
  const int32_t* categoryWords;
  const uint32_t* categories;
  const int32_t* right;
  const int32_t* leaf;
  const double* leafValues;
  const double* coalitions;
  /// By input, where two rows have parted: 1 the explained row is followed, 2 the other.
  double* sides;
  size_t stride, backgroundCount, leafWidth, width;

  /// The two rows at hand: their first inputs, the weight of the other, and where the explained one's values lie.
  const double* row;
  const double* other;
  double weight;
  double* to;
  size_t column;

  struct Sums {
    double forRow, forOther;
  };

  LANEWISE_INLINE bool goesLeft(int32_t node, double value) const {
    if (value != value) return missingGoesLeft[node] == 1;
    if (categoryOffset[node] < 0) return value <= threshold[node];
    const bool known = value >= 0 && value < 32.0 * categoryWords[node] && __builtin_trunc(value) == value;
    if (!known) return missingGoesLeft[node] == 1;
    const int32_t category = static_cast<int32_t>(value);
    return ((categories[categoryOffset[node] + (category >> 5)] >> (category & 31)) & 1) == 1;
  }

  LANEWISE_INLINE int32_t childOf(int32_t node, double value) const { return goesLeft(node, value) ? node + 1 : right[node]; }

  Sums visit(int32_t node, size_t fromRow, size_t fromOther) const {
    while (feature[node] >= 0) {
      const size_t input = static_cast<size_t>(feature[node]);
      const int32_t ofRow = childOf(node, row[input * stride]), ofOther = childOf(node, other[input * backgroundCount]);
      const double side = sides[input];
      if (side == 1 || (side == 0 && ofRow == ofOther)) {
        node = ofRow;
      } else if (side == 2) {
        node = ofOther;
      } else {
        sides[input] = 1;
        const Sums gain = visit(ofRow, fromRow + 1, fromOther);
        sides[input] = 2;
        const Sums loss = visit(ofOther, fromRow, fromOther + 1);
        sides[input] = 0;
        to[input * stride] += weight * (gain.forRow - loss.forOther);
        return {gain.forRow + loss.forRow, gain.forOther + loss.forOther};
      }
    }
    const double value = leafValues[static_cast<size_t>(leaf[node]) * leafWidth + column];
    return {fromRow > 0 ? value * coalitions[(fromRow - 1) * width + fromOther] : 0,
            fromOther > 0 ? value * coalitions[fromRow * width + fromOther - 1] : 0};
  }
};

}  // namespace

void shap_background_f64(const double* inputs, const double* background, const double* weights, const int32_t* trees,
                         const int32_t* feature, const double* threshold, const uint8_t* missingGoesLeft,
                         const int32_t* categoryOffset, const int32_t* categoryWords, const uint32_t* categories,
                         const int32_t* right, const int32_t* leaf, const double* leafValues, const double* coalitions,
                         double* contributions, double* sides, int32_t inputCount, int32_t backgroundCount,
                         int32_t treeCount, int32_t /*nodeCount*/, int32_t /*wordCount*/, int32_t /*leafCount*/,
                         int32_t leafWidth, int32_t /*outputCount*/, int32_t mostInputs, int32_t stride, int32_t firstRow,
                         int32_t endRow) {
  for (int32_t input = 0; input < inputCount; input++) sides[input] = 0;
  ComparedTrees compared{inputs,     background, feature, threshold, missingGoesLeft, categoryOffset, categoryWords,
                         categories, right,      leaf,    leafValues, coalitions,     sides,          static_cast<size_t>(stride),
                         static_cast<size_t>(backgroundCount), static_cast<size_t>(leafWidth), static_cast<size_t>(mostInputs) + 1,
                         inputs,     background, 0,       contributions, 0};
  for (int32_t tree = 0; tree < treeCount; tree++) {
    for (int32_t column = 0; column < leafWidth; column++) {
      const size_t output = static_cast<size_t>(trees[4 * tree + 3] + column);
      compared.column = static_cast<size_t>(column);
      for (int32_t row = firstRow; row < endRow; row++) {
        compared.row = inputs + row;
        compared.to = contributions + output * static_cast<size_t>(inputCount) * compared.stride + static_cast<size_t>(row);
        for (int32_t other = 0; other < backgroundCount; other++) {
          compared.other = background + other;
          compared.weight = weights[other];
          compared.visit(trees[4 * tree], 0, 0);
        }
      }
    }
  }
}

}  // namespace lanewise::LANEWISE_ISA
