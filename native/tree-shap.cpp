// Shapley values of ensembles of trees: src/kernels/tree-shap.ts is the law. Eight rows are worked on side by side, each in a
// lane of its own. Nodes lie in preorder, so a tree is one pass: on the way down an edge multiplies the products of its parent,
// at a leaf the way up begins and ends at the first left child.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int shapLanes = 8;
constexpr int shapVectors = shapLanes / vectorLength<double>;
using ShapReal = Vector<double>;
using ShapMask = Vector<int64_t>;

LANEWISE_INLINE ShapReal shapSelect(ShapMask mask, ShapReal yes, ShapReal no) {
  return reinterpret_cast<ShapReal>((reinterpret_cast<ShapMask>(yes) & mask) | (reinterpret_cast<ShapMask>(no) & ~mask));
}

struct ShapTrees {
  const double* inputs;
  const int32_t* trees;
  const int32_t* feature;
  const double* threshold;
  const uint8_t* missingGoesLeft;
  const int32_t* categoryOffset;
  const int32_t* categoryWords;
  const uint32_t* categories;
  const int32_t* edges;
  const double* share;
  const double* ratio;
  const int32_t* leaf;
  const double* leafValues;
  const double* quadrature;
  double* scratch;
  int32_t inputCount, treeCount, nodeCount, leafWidth, mostNodes, stride, firstRow, endRow;

  int32_t depthOf(int32_t node) const { return edges[4 * node]; }
  int32_t above(int32_t node) const { return edges[4 * node + 1]; }
  int32_t inputOf(int32_t node) const { return edges[4 * node + 2]; }
  bool isLeft(int32_t node) const { return edges[4 * node + 3] == 1; }

  LANEWISE_INLINE bool goesLeft(int32_t node, double value) const {
    if (value != value) return missingGoesLeft[node] == 1;
    if (categoryOffset[node] < 0) return value <= threshold[node];
    const bool known = value >= 0 && value < 32.0 * categoryWords[node] && __builtin_trunc(value) == value;
    if (!known) return missingGoesLeft[node] == 1;
    const int32_t category = static_cast<int32_t>(value);
    return ((categories[categoryOffset[node] + (category >> 5)] >> (category & 31)) & 1) == 1;
  }
};

/// One tree's factors, and by depth the state of eight rows on the way through it.
struct ShapTree {
  const ShapTrees& all;
  int32_t first, end, points, output;
  const double* at;
  const double* rest;
  const double* weights;
  /// By edge: factors of rows that take it, of rows that leave here; changes of the same two; activity.
  double* factors;
  double* states;

  ShapTree(const ShapTrees& trees, int32_t tree) : all(trees) {
    const int32_t* entry = trees.trees + 4 * tree;
    first = entry[0];
    end = tree + 1 < trees.treeCount ? entry[4] : trees.nodeCount;
    points = entry[1];
    output = entry[3];
    at = trees.quadrature + entry[2];
    rest = at + points;
    weights = rest + points;
    factors = trees.scratch;
    states = factors + static_cast<size_t>(trees.mostNodes) * static_cast<size_t>(5 * points);
  }

  double* factorsOf(int32_t node) const { return factors + static_cast<size_t>(node - first) * static_cast<size_t>(5 * points); }
  double* state(int32_t depth) const { return states + static_cast<size_t>(depth) * static_cast<size_t>(shapLanes * (3 * points + 4)); }
  double* products(int32_t depth) const { return state(depth); }
  double* sums(int32_t depth) const { return state(depth) + shapLanes * points; }
  double* activity(int32_t depth) const { return state(depth) + 2 * shapLanes * points; }
  int64_t* hot(int32_t depth) const { return reinterpret_cast<int64_t*>(state(depth) + 3 * shapLanes * points); }
  int64_t* goes(int32_t depth) const { return hot(depth) + shapLanes; }
  int64_t& nodeAt(int32_t depth) const { return hot(depth)[2 * shapLanes]; }

  void prepare() const {
    for (int32_t node = first + 1; node < end; node++) {
      double* to = factorsOf(node);
      const double ratio = all.ratio[node], before = all.ratio[all.above(node)];
      for (int32_t k = 0; k < points; k++) {
        const double taken = at[k] + rest[k] * ratio, reached = at[k] + rest[k] * before;
        const double activityTaken = (1 - ratio) / taken, activityBefore = (1 - before) / reached;
        to[k] = taken / reached;
        to[points + k] = rest[k] * ratio / reached;
        to[2 * points + k] = activityTaken - activityBefore;
        to[3 * points + k] = -1 / rest[k] - activityBefore;
        to[4 * points + k] = activityTaken;
      }
    }
  }

  /// Which way eight rows go at a node; behind the last row, it is repeated.
  LANEWISE_INLINE void decide(int32_t node, int32_t depth, int32_t row, int32_t count) const {
    const double* column = all.inputs + static_cast<size_t>(all.feature[node]) * static_cast<size_t>(all.stride) + row;
    int64_t* to = goes(depth);
    if (count < shapLanes || all.categoryOffset[node] >= 0) {
      for (int lane = 0; lane < shapLanes; lane++) {
        to[lane] = all.goesLeft(node, column[lane < count ? lane : count - 1]) ? -1 : 0;
      }
      return;
    }
    const ShapReal threshold = splat(all.threshold[node]);
    const ShapMask missing = splat(all.missingGoesLeft[node] == 1 ? int64_t{-1} : int64_t{0});
#pragma GCC unroll 4
    for (int v = 0; v < shapVectors; v++) {
      const ShapReal value = loadVector(column + v * vectorLength<double>);
      const ShapMask left = reinterpret_cast<ShapMask>(value <= threshold) | (reinterpret_cast<ShapMask>(value != value) & missing);
      storeVector(to + v * vectorLength<double>, left);
    }
  }

  template <bool interactions>
  LANEWISE_INLINE void descend(int32_t node, int32_t depth) const {
    const int32_t aboveDepth = all.depthOf(all.above(node));
    const double* factor = factorsOf(node);
    const double* from = products(depth - 1);
    double* to = products(depth);
    const ShapMask flip = splat(all.isLeft(node) ? int64_t{0} : int64_t{-1});
    const ShapReal share = splat(all.share[node]);
    ShapMask taken[shapVectors], warm[shapVectors];
#pragma GCC unroll 4
    for (int v = 0; v < shapVectors; v++) {
      const int lane = v * vectorLength<double>;
      warm[v] = loadVector(hot(aboveDepth) + lane);
      taken[v] = (loadVector(goes(depth - 1) + lane) ^ flip) & warm[v];
      storeVector(hot(depth) + lane, taken[v]);
    }
    const bool isFirst = aboveDepth == 0;
    for (int32_t k = 0; k < points; k++) {
      const ShapReal yes = splat(factor[k]), no = splat(factor[points + k]);
#pragma GCC unroll 4
      for (int v = 0; v < shapVectors; v++) {
        const int32_t place = k * shapLanes + v * vectorLength<double>;
        const ShapReal otherwise = isFirst ? no : shapSelect(warm[v], no, share);
        storeVector(to + place, loadVector(from + place) * shapSelect(taken[v], yes, otherwise));
      }
    }
    if (!interactions) return;
    for (int32_t k = 0; k < points; k++) {
      const ShapReal yes = splat(factor[4 * points + k]), no = splat(-1 / rest[k]);
#pragma GCC unroll 4
      for (int v = 0; v < shapVectors; v++) {
        storeVector(activity(depth) + k * shapLanes + v * vectorLength<double>, shapSelect(taken[v], yes, no));
      }
    }
  }

  /// What the sums below an edge are multiplied by, for one point.
  LANEWISE_INLINE ShapReal changeOf(const double* factor, int32_t k, ShapMask taken, ShapMask warm) const {
    const ShapReal yes = splat(factor[2 * points + k]), no = splat(factor[3 * points + k]);
    return reinterpret_cast<ShapReal>(reinterpret_cast<ShapMask>(shapSelect(taken, yes, no)) & warm);
  }

  LANEWISE_INLINE void add(double* to, const ShapReal* terms, int32_t count) const {
    if (count == shapLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < shapVectors; v++) {
        double* at = to + v * vectorLength<double>;
        storeVector(at, loadVector(at) + terms[v]);
      }
      return;
    }
    double lanes[shapLanes];
    std::memcpy(lanes, terms, sizeof lanes);
    for (int lane = 0; lane < count; lane++) to[lane] += lanes[lane];
  }

  LANEWISE_INLINE void endEdge(int32_t node, int32_t depth, double* to, int32_t count) const {
    const int32_t aboveDepth = all.depthOf(all.above(node));
    const double* factor = factorsOf(node);
    const double* below = products(depth);
    ShapReal terms[shapVectors];
#pragma GCC unroll 4
    for (int v = 0; v < shapVectors; v++) {
      const int lane = v * vectorLength<double>;
      const ShapMask taken = loadVector(hot(depth) + lane), warm = loadVector(hot(aboveDepth) + lane);
      ShapReal term = loadVector(below + lane) * changeOf(factor, 0, taken, warm);
      for (int32_t k = 1; k < points; k++) term += loadVector(below + k * shapLanes + lane) * changeOf(factor, k, taken, warm);
      terms[v] = term;
    }
    add(to + static_cast<size_t>(all.inputOf(node)) * static_cast<size_t>(all.stride), terms, count);
  }

  /// As endEdge, for every other input on the path above; the edge's own activity is no longer needed and makes room.
  LANEWISE_INLINE void endPairs(int32_t node, int32_t depth, const int32_t* pairs, int32_t pairCount, double* to,
                                int32_t count) const {
    const int32_t aboveDepth = all.depthOf(all.above(node));
    const double* factor = factorsOf(node);
    double* weighted = activity(depth);
    for (int32_t k = 0; k < points; k++) {
#pragma GCC unroll 4
      for (int v = 0; v < shapVectors; v++) {
        const int lane = v * vectorLength<double>;
        const ShapMask taken = loadVector(hot(depth) + lane), warm = loadVector(hot(aboveDepth) + lane);
        const ShapReal below = loadVector(products(depth) + k * shapLanes + lane);
        storeVector(weighted + k * shapLanes + lane, below * changeOf(factor, k, taken, warm));
      }
    }
    const int64_t own = all.inputOf(node);
    for (int32_t i = 0; i < pairCount; i++) {
      const double* other = activity(all.depthOf(pairs[i]));
      ShapReal terms[shapVectors];
#pragma GCC unroll 4
      for (int v = 0; v < shapVectors; v++) {
        const int lane = v * vectorLength<double>;
        ShapReal term = loadVector(weighted + lane) * loadVector(other + lane);
        for (int32_t k = 1; k < points; k++) {
          term += loadVector(weighted + k * shapLanes + lane) * loadVector(other + k * shapLanes + lane);
        }
        terms[v] = splat(0.5) * term;
      }
      const int64_t input = all.inputOf(pairs[i]);
      const int64_t high = own > input ? own : input, low = own > input ? input : own;
      add(to + (high * (high - 1) / 2 + low) * static_cast<int64_t>(all.stride), terms, count);
    }
  }

  /// Explains rows [row, row + count) of one column of the leaf values.
  template <bool interactions>
  void explain(int32_t row, int32_t count, int32_t column, double* to, const int32_t* pairStart, const int32_t* pairs) const {
    for (int32_t k = 0; k < points; k++) {
      for (int lane = 0; lane < shapLanes; lane++) products(0)[k * shapLanes + lane] = weights[k];
    }
    for (int lane = 0; lane < shapLanes; lane++) hot(0)[lane] = -1;
    for (int32_t node = first; node < end; node++) {
      int32_t depth = all.depthOf(node);
      if (depth > 0) descend<interactions>(node, depth);
      nodeAt(depth) = node;
      if (all.feature[node] >= 0) {
        decide(node, depth, row, count);
        continue;
      }
      const double value = all.leafValues[static_cast<size_t>(all.leaf[node]) * static_cast<size_t>(all.leafWidth) + static_cast<size_t>(column)];
      double* below = products(depth);
      for (int32_t i = 0; i < points * shapLanes; i++) below[i] = below[i] * value;
      for (; depth > 0; depth--) {
        const int32_t ended = static_cast<int32_t>(nodeAt(depth));
        if (interactions) {
          endPairs(ended, depth, pairs + pairStart[ended], pairStart[ended + 1] - pairStart[ended], to, count);
        } else {
          endEdge(ended, depth, to, count);
        }
        double* sum = sums(depth);
        const double* ending = products(depth);
        if (all.isLeft(ended)) {
          std::memcpy(sum, ending, static_cast<size_t>(points * shapLanes) * sizeof(double));
          break;
        }
        double* parent = products(depth - 1);
        for (int32_t i = 0; i < points * shapLanes; i++) parent[i] = sum[i] + ending[i];
      }
    }
  }
};

template <bool interactions>
void explainTrees(const ShapTrees& all, double* to, size_t width, const int32_t* pairStart, const int32_t* pairs) {
  const size_t stride = static_cast<size_t>(all.stride);
  for (int32_t tree = 0; tree < all.treeCount; tree++) {
    const ShapTree one(all, tree);
    one.prepare();
    for (int32_t column = 0; column < all.leafWidth; column++) {
      double* output = to + static_cast<size_t>(one.output + column) * width * stride;
      for (int32_t row = all.firstRow; row < all.endRow; row += shapLanes) {
        const int32_t count = all.endRow - row < shapLanes ? all.endRow - row : shapLanes;
        one.explain<interactions>(row, count, column, output + row, pairStart, pairs);
      }
    }
  }
}

}  // namespace

void shap_values_f64(const double* inputs, const int32_t* trees, const int32_t* feature, const double* threshold,
                     const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords,
                     const uint32_t* categories, const int32_t* edges, const double* share, const double* ratio,
                     const int32_t* leaf, const double* leafValues, const double* quadrature, double* contributions,
                     double* scratch, int32_t inputCount, int32_t treeCount, int32_t nodeCount, int32_t /*wordCount*/,
                     int32_t /*leafCount*/, int32_t leafWidth, int32_t /*outputCount*/, int32_t /*quadratureCount*/,
                     int32_t mostNodes, int32_t /*mostDepth*/, int32_t /*mostPoints*/, int32_t stride, int32_t firstRow,
                     int32_t endRow) {
  const ShapTrees all{inputs,     trees,    feature, threshold,  missingGoesLeft, categoryOffset, categoryWords, categories,
                      edges,      share,    ratio,   leaf,       leafValues,      quadrature,     scratch,       inputCount,
                      treeCount,  nodeCount, leafWidth, mostNodes, stride,        firstRow,       endRow};
  explainTrees<false>(all, contributions, static_cast<size_t>(inputCount), nullptr, nullptr);
}

void shap_interactions_f64(const double* inputs, const int32_t* trees, const int32_t* feature, const double* threshold,
                           const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords,
                           const uint32_t* categories, const int32_t* edges, const double* share, const double* ratio,
                           const int32_t* leaf, const double* leafValues, const double* quadrature,
                           const int32_t* pairStart, const int32_t* pairs, double* interactions, double* scratch,
                           int32_t inputCount, int32_t treeCount, int32_t nodeCount, int32_t /*wordCount*/,
                           int32_t /*leafCount*/, int32_t leafWidth, int32_t /*outputCount*/, int32_t /*quadratureCount*/,
                           int32_t mostNodes, int32_t /*mostDepth*/, int32_t /*mostPoints*/, int32_t stride, int32_t firstRow,
                           int32_t endRow, int32_t /*pairCount*/) {
  const ShapTrees all{inputs,     trees,    feature, threshold,  missingGoesLeft, categoryOffset, categoryWords, categories,
                      edges,      share,    ratio,   leaf,       leafValues,      quadrature,     scratch,       inputCount,
                      treeCount,  nodeCount, leafWidth, mostNodes, stride,        firstRow,       endRow};
  const size_t width = static_cast<size_t>(inputCount) * static_cast<size_t>(inputCount - 1) / 2;
  explainTrees<true>(all, interactions, width, pairStart, pairs);
}

}  // namespace lanewise::LANEWISE_ISA
