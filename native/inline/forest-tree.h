// What the steps of forest_grow_u8 and forest_grow_u16 share. The law: src/kernels/forest-growth.ts, forest-splits.ts.
namespace lanewise::LANEWISE_ISA {

namespace {

/// A node of up to this many rows is sorted by insertion; a larger one is counted out, or sorted by digits.
constexpr int32_t sortedRows = 32;
constexpr int32_t missingLeft = 65536;
constexpr int32_t categoryWords = 8;
constexpr int32_t powerSteps = 8;
constexpr uint64_t thresholdBlocks = 1ull << 40;

/// A node's rows of one code: places [begin, end) by code.
struct Run {
  int32_t code, begin, end, unused;
};

struct OpenNode {
  int32_t node, start, end, depth;
};

/// Behind run `index` ends the left side, which has the missing values too or has not.
struct Cut {
  int32_t index;
  bool withMissing, drawn;
  double threshold;
};

struct BestSplit {
  double score, threshold;
  int32_t feature, split;
  uint32_t categories[categoryWords];
};

template <typename T>
LANEWISE_INLINE void swapped(T& a, T& b) {
  const T kept = a;
  a = b;
  b = kept;
}

LANEWISE_INLINE double logOf(double x) { return elementary::log(splat(x))[0]; }
LANEWISE_INLINE double entropyTerm(double x) { return x > 0 ? x * logOf(x) : 0; }

/// The kernel's arguments, by name.
template <typename Code>
struct ForestArguments {
  const Code* codes;
  const int32_t* offsets;
  const double *lows, *highs;
  const uint8_t* categorical;
  const double *targets, *weights;
  int32_t* state;
  uint32_t* rows;
  double* bagWeights;
  int32_t *open, *feature, *split;
  double* threshold;
  uint32_t* categories;
  int32_t* child;
  double *values, *cover;
  int32_t* samples;
  double *gain, *nodeTargets, *nodeWeights;
  uint32_t* order;
  int32_t* runs;
  double *sums, *work;
  int32_t* features;
  int32_t dataRows, featureCount, targetCount, classCount;
  bool logarithmic, randomSplits, hasCategories;
  int32_t bootstrap, sampleCount;
  bool balanced;
  uint32_t bagKeyLow, bagKeyHigh, featureKeyLow, featureKeyHigh;
  int32_t maxFeatures, maxDepth, minSamplesSplit, minSamplesLeaf;
  double minWeightFraction, minGain;
  int32_t maxLeafNodes, budget;
};

template <typename Code>
struct GrowingTree : ForestArguments<Code> {
  using A = ForestArguments<Code>;
  using A::bagWeights, A::balanced, A::bootstrap, A::budget, A::categorical, A::categories, A::child, A::classCount,
      A::codes, A::cover, A::dataRows, A::feature, A::featureCount, A::features, A::gain, A::hasCategories, A::highs,
      A::logarithmic, A::lows, A::maxDepth, A::maxFeatures, A::maxLeafNodes, A::minGain, A::minSamplesLeaf,
      A::minSamplesSplit, A::minWeightFraction, A::nodeTargets, A::nodeWeights, A::offsets, A::open, A::order,
      A::randomSplits, A::rows, A::sampleCount, A::samples, A::split, A::state, A::sums, A::targetCount, A::targets,
      A::threshold, A::values, A::weights, A::work;

  static constexpr int32_t missing = static_cast<Code>(-1);
  static constexpr bool bytes = sizeof(Code) == 1;

  /// Numbers a node's rows are summed up in, and between two runs of `sums`: weight, rows, then those.
  const int32_t width, stride;
  Run* const runs;
  /// Of the node: sums; of its missing values, of the left side, and three for the order of categories.
  double *const totals, *const absent, *const left, *const center, *const direction, *const next;
  double nodeWeight = 0, minWeight = 0;
  const uint32_t* nodeRows = nullptr;
  int32_t count = 0;

  explicit GrowingTree(const A& given)
      : A(given),
        width(given.classCount > given.targetCount ? given.classCount : given.targetCount),
        stride(2 + width),
        runs(reinterpret_cast<Run*>(given.runs)),
        totals(given.work),
        absent(totals + width),
        left(absent + width),
        center(left + width),
        direction(center + width),
        next(direction + width) {}

  int32_t& nodeCount() { return state[1]; }
  int32_t& openCount() { return state[2]; }
  size_t targetAt(int32_t target) const { return static_cast<size_t>(target) * static_cast<size_t>(dataRows); }
  const Code* column(int32_t of) const { return codes + static_cast<size_t>(of) * static_cast<size_t>(dataRows); }
  double* sumsOf(int32_t run) const { return sums + static_cast<size_t>(run) * static_cast<size_t>(stride); }

  int32_t grow();
  int32_t growDepthFirst();
  int32_t growBestFirst(int64_t spent);
  int64_t openIfDivisible(const OpenNode& at);
  void push(const OpenNode& at);

  int32_t drawBag();
  void drawTimes(int32_t mode);
  void balanceClasses();

  int64_t search(const OpenNode& at);
  void makeLeaf(int32_t node);
  bool gather();
  void addTotals();
  double scoreOfNode() const;
  int32_t tryFeatures(int32_t node, BestSplit& best);
  int32_t divide(const OpenNode& at);

  int32_t findRuns(int32_t feature);
  int32_t countRuns(const Code* column);
  int32_t sortRuns(const Code* column);
  void sortByInsertion(const Code* column);
  int32_t countPlaces(const Code* column);
  void sortByDigits(const Code* column);
  void sumRuns(int32_t runCount);
  void sumClasses(int32_t runCount);
  void orderCategories(int32_t runCount);
  void principalKeys(int32_t runCount, double* keys);
  double meanOf(int32_t run, int32_t k) const { return sumsOf(run)[2 + k] / sumsOf(run)[0]; }

  bool allowed(int32_t leftCount, double leftWeight) const {
    const double rightWeight = nodeWeight - leftWeight;
    return leftCount >= minSamplesLeaf && count - leftCount >= minSamplesLeaf && leftWeight > 0 && rightWeight > 0 &&
           leftWeight >= minWeight && rightWeight >= minWeight;
  }
  LANEWISE_INLINE double side(double sum, double weight) const {
    if (!logarithmic) return sum * sum / weight;
    return sum > 0 ? sum * logOf(sum / weight) : -__builtin_inf();
  }
  double classScore(double sum, double weight) const {
    return logarithmic ? sum - static_cast<double>(targetCount) * entropyTerm(weight) : sum / weight;
  }
  double term(double x) const { return logarithmic ? entropyTerm(x) : x * x; }
  LANEWISE_INLINE double rise(double x, double w) const {
    return logarithmic ? entropyTerm(x + w) - entropyTerm(x) : w * (2 * x + w);
  }

  template <bool single>
  bool scanNumbers(int32_t runCount, const Cut* only, BestSplit& best, Cut& found);
  double numberScore(const double* add, double weight) const;
  bool scanClasses(int32_t runCount, const Cut* only, BestSplit& best, Cut& found);
  Cut drawCut(int32_t feature, int32_t present, uint32_t word) const;
  void keep(int32_t feature, const Cut& cut, BestSplit& best) const;
};

}  // namespace

}  // namespace lanewise::LANEWISE_ISA
