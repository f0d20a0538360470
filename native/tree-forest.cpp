// One call grows a decision tree, or goes on with it: src/kernels/forest-growth.ts and forest-splits.ts are the law. Sums
// are f64, in the order of the rows, code by code.
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

template <typename Code>
int32_t GrowingTree<Code>::grow() {
  int64_t spent = 0;
  if (state[0] == 0) {
    const int32_t inBag = drawBag();
    state[0] = 1;
    nodeCount() = 1;
    openCount() = 0;
    if (maxLeafNodes > 0) {
      spent = openIfDivisible({0, 0, inBag, 0});
    } else {
      push({0, 0, inBag, 0});
    }
  }
  return maxLeafNodes > 0 ? growBestFirst(spent) : growDepthFirst();
}

template <typename Code>
int32_t GrowingTree<Code>::growDepthFirst() {
  int64_t left = budget;
  while (openCount() > 0 && left > 0) {
    openCount()--;
    OpenNode at;
    std::memcpy(&at, open + 4 * openCount(), sizeof at);
    left -= search(at);
    if (feature[at.node] < 0) continue;
    const int32_t middle = divide(at), first = child[at.node];
    const OpenNode leftChild{first, at.start, middle, at.depth + 1}, rightChild{first + 1, middle, at.end, at.depth + 1};
    // The larger first, so that the smaller is grown next and few nodes are open.
    const bool smallerLeft = middle - at.start <= at.end - middle;
    push(smallerLeft ? rightChild : leftChild);
    push(smallerLeft ? leftChild : rightChild);
  }
  return openCount() > 0 ? 1 : 0;
}

/// Divides the open node of the largest gain, the first of equals, until there are leaves enough.
template <typename Code>
int32_t GrowingTree<Code>::growBestFirst(int64_t spent) {
  int64_t rest = budget - spent;
  while (openCount() > 0 && (nodeCount() + 1) / 2 < maxLeafNodes) {
    if (rest <= 0) return 1;
    int32_t best = 0;
    for (int32_t i = 1; i < openCount(); i++) {
      if (gain[open[4 * i]] > gain[open[4 * best]]) best = i;
    }
    OpenNode at;
    std::memcpy(&at, open + 4 * best, sizeof at);
    openCount()--;
    std::memmove(open + 4 * best, open + 4 * openCount(), sizeof at);
    const int32_t middle = divide(at), first = child[at.node];
    rest -= openIfDivisible({first, at.start, middle, at.depth + 1});
    rest -= openIfDivisible({first + 1, middle, at.end, at.depth + 1});
  }
  for (int32_t i = 0; i < openCount(); i++) makeLeaf(open[4 * i]);
  openCount() = 0;
  return 0;
}

template <typename Code>
int64_t GrowingTree<Code>::openIfDivisible(const OpenNode& at) {
  const int64_t spent = search(at);
  if (feature[at.node] >= 0) push(at);
  return spent;
}

template <typename Code>
void GrowingTree<Code>::push(const OpenNode& at) {
  std::memcpy(open + 4 * openCount(), &at, sizeof at);
  openCount()++;
}

/// Draws the rows of the tree, ascending; returns how many differ. Where none is drawn, or weighs, all are taken once.
template <typename Code>
int32_t GrowingTree<Code>::drawBag() {
  for (int32_t mode = bootstrap;; mode = 0) {
    drawTimes(mode);
    if (balanced) balanceClasses();
    int32_t inBag = 0;
    for (int32_t row = 0; row < dataRows; row++) {
      const double weight = bagWeights[row] * (weights == nullptr ? 1.0 : weights[row]);
      bagWeights[row] = weight;
      if (weight > 0) rows[inBag++] = static_cast<uint32_t>(row);
    }
    if (inBag > 0 || mode == 0) return inBag;
  }
}

/// How often each row is drawn, to `bagWeights`: mode 0 once, 1 with, 2 without replacement.
template <typename Code>
void GrowingTree<Code>::drawTimes(int32_t mode) {
  for (int32_t row = 0; row < dataRows; row++) bagWeights[row] = mode == 0 ? 1 : 0;
  if (mode == 0) return;
  for (int32_t row = 0; row < dataRows; row++) rows[row] = static_cast<uint32_t>(row);
  constexpr int32_t step = 4 * philoxWidth;
  uint32_t words[step];
  for (int32_t start = 0; start < sampleCount; start += step) {
    philoxBlocks(static_cast<uint64_t>(start / 4), A::bagKeyLow, A::bagKeyHigh, words);
    for (int32_t draw = start; draw < sampleCount && draw < start + step; draw++) {
      const uint64_t word = words[draw - start];
      if (mode == 1) {
        bagWeights[(word * static_cast<uint64_t>(dataRows)) >> 32] += 1;
        continue;
      }
      const uint64_t at = static_cast<uint64_t>(draw) + ((word * static_cast<uint64_t>(dataRows - draw)) >> 32);
      bagWeights[rows[at]] = 1;
      rows[at] = rows[draw];
    }
  }
}

/// Multiplies by rows / (classes · rows of the class), over the rows drawn, for each target.
template <typename Code>
void GrowingTree<Code>::balanceClasses() {
  // The times drawn, and the class counts (two where the targets are numbers 0 and 1), in scratch memory.
  double *times = nodeWeights, *counts = work;
  const int32_t classes = classCount > 2 ? classCount : 2;
  double drawn = 0;
  for (int32_t row = 0; row < dataRows; row++) {
    times[row] = bagWeights[row];
    drawn += times[row];
  }
  for (int32_t target = 0; target < targetCount; target++) {
    const double* of = targets + targetAt(target);
    for (int32_t k = 0; k < classes; k++) counts[k] = 0;
    for (int32_t row = 0; row < dataRows; row++) counts[static_cast<int32_t>(of[row])] += times[row];
    double present = 0;
    for (int32_t k = 0; k < classes; k++) present += counts[k] > 0 ? 1 : 0;
    for (int32_t row = 0; row < dataRows; row++) {
      const double count = counts[static_cast<int32_t>(of[row])];
      if (count > 0) bagWeights[row] *= drawn / (present * count);
    }
  }
}

/// Gives a node its value, and its split where one is found; returns the row visits.
template <typename Code>
int64_t GrowingTree<Code>::search(const OpenNode& at) {
  count = at.end - at.start;
  nodeRows = A::rows + at.start;
  const bool pure = gather();
  addTotals();
  double weight = 0;
  for (int32_t i = 0; i < count; i++) weight += nodeWeights[i];
  double* value = values + static_cast<size_t>(at.node) * static_cast<size_t>(width);
  for (int32_t k = 0; k < width; k++) value[k] = count > 0 ? totals[k] / weight : 0;
  cover[at.node] = weight;
  samples[at.node] = count;
  makeLeaf(at.node);
  nodeWeight = weight;
  minWeight = minWeightFraction * cover[0];
  if (count < minSamplesSplit || count < 2 * static_cast<int64_t>(minSamplesLeaf) || weight < 2 * minWeight) return count;
  if (at.depth >= maxDepth || pure) return count;
  BestSplit best{-__builtin_inf(), 0, -1, 0, {}};
  const int32_t tried = tryFeatures(at.node, best);
  const double more = best.score - scoreOfNode();
  const double gained = more > 0 ? more : 0;
  if (best.feature >= 0 && gained >= minGain * cover[0]) {
    feature[at.node] = best.feature;
    split[at.node] = best.split;
    threshold[at.node] = best.threshold;
    gain[at.node] = gained;
    if (hasCategories) std::memcpy(categories + categoryWords * at.node, best.categories, sizeof best.categories);
  }
  return static_cast<int64_t>(count) * (1 + tried);
}

template <typename Code>
void GrowingTree<Code>::makeLeaf(int32_t node) {
  feature[node] = -1;
  split[node] = 0;
  threshold[node] = 0;
  child[node] = -1;
  gain[node] = 0;
  if (hasCategories) std::memset(categories + categoryWords * node, 0, categoryWords * sizeof(uint32_t));
}

/// Copies targets and weights of the node's rows; is every target the same in all of them?
template <typename Code>
bool GrowingTree<Code>::gather() {
  bool pure = true;
  for (int32_t target = 0; target < targetCount; target++) {
    const double* from = targets + targetAt(target);
    double* to = nodeTargets + targetAt(target);
    const double first = count > 0 ? from[nodeRows[0]] : 0;
    for (int32_t i = 0; i < count; i++) {
      to[i] = from[nodeRows[i]];
      pure &= to[i] == first;
    }
  }
  for (int32_t i = 0; i < count; i++) nodeWeights[i] = bagWeights[nodeRows[i]];
  return pure;
}

/// The weighted sum of each target, or the weight of each class.
template <typename Code>
void GrowingTree<Code>::addTotals() {
  for (int32_t k = 0; k < width; k++) totals[k] = 0;
  for (int32_t target = 0; target < targetCount; target++) {
    const double* of = nodeTargets + targetAt(target);
    double sum = 0;
    for (int32_t i = 0; i < count; i++) {
      if (classCount > 0) {
        totals[static_cast<int32_t>(of[i])] += nodeWeights[i];
      } else {
        sum += nodeWeights[i] * of[i];
      }
    }
    if (classCount == 0) totals[target] = sum;
  }
}

template <typename Code>
double GrowingTree<Code>::scoreOfNode() const {
  double score = 0;
  for (int32_t k = 0; k < width; k++) score += classCount > 0 ? term(totals[k]) : side(totals[k], nodeWeight);
  return classCount > 0 ? classScore(score, nodeWeight) : score;
}

/// Draws features without replacement and keeps the best split; returns how many were tried.
template <typename Code>
int32_t GrowingTree<Code>::tryFeatures(int32_t node, BestSplit& best) {
  uint32_t words[4], more[4] = {};
  // Every node has blocks of its own.
  const uint64_t firstBlock = static_cast<uint64_t>(node) * static_cast<uint64_t>((featureCount + 3) / 4);
  for (int32_t i = 0; i < featureCount; i++) features[i] = i;
  bool differs = false;
  for (int32_t tried = 0; tried < featureCount; tried++) {
    if (tried >= maxFeatures && differs) return tried;
    if (tried % 4 == 0) {
      const uint64_t block = firstBlock + static_cast<uint64_t>(tried / 4);
      philoxBlock(block, A::featureKeyLow, A::featureKeyHigh, words);
      if (randomSplits) philoxBlock(thresholdBlocks + block, A::featureKeyLow, A::featureKeyHigh, more);
    }
    const uint64_t rest = static_cast<uint64_t>(featureCount - tried);
    const int32_t at = tried + static_cast<int32_t>((words[tried % 4] * rest) >> 32);
    const int32_t drawn = features[at];
    features[at] = features[tried];
    features[tried] = drawn;
    const int32_t runCount = findRuns(drawn);
    if (runCount < 2) continue;
    differs = true;
    Cut only{}, found{};
    if (randomSplits) only = drawCut(drawn, runs[runCount - 1].code == missing ? runCount - 1 : runCount, more[tried % 4]);
    const Cut* one = randomSplits ? &only : nullptr;
    const bool better = classCount > 0     ? scanClasses(runCount, one, best, found)
                        : targetCount == 1 ? scanNumbers<true>(runCount, one, best, found)
                                           : scanNumbers<false>(runCount, one, best, found);
    if (better) keep(drawn, found, best);
  }
  return featureCount;
}

/// Parts the rows, stably, makes the children, and says where codes go that the node has not met; returns the middle.
template <typename Code>
int32_t GrowingTree<Code>::divide(const OpenNode& at) {
  const int32_t of = feature[at.node], last = split[at.node] & (missingLeft - 1), size = at.end - at.start;
  const bool withMissing = split[at.node] >= missingLeft, byCategory = categorical[of] != 0;
  const Code* codeOf = column(of);
  uint32_t* part = rows + at.start;
  uint32_t met[categoryWords] = {};
  uint32_t* bits = byCategory ? categories + categoryWords * at.node : met;
  int32_t toLeft = 0, toRight = 0;
  bool anyMissing = false;
  // Both sides are written and one is kept; `toLeft` never passes the row that is read.
  for (int32_t i = 0; i < size; i++) {
    const uint32_t row = part[i];
    const int32_t code = codeOf[row];
    const bool isMissing = code == missing;
    bool goesLeft = code <= last;
    if (byCategory) {
      if (code < 32 * categoryWords) {
        goesLeft = ((bits[code >> 5] >> (code & 31)) & 1) != 0;
        met[code >> 5] |= 1u << (code & 31);
      }
    }
    goesLeft = isMissing ? withMissing : goesLeft;
    anyMissing |= isMissing;
    part[toLeft] = row;
    order[toRight] = row;
    toLeft += goesLeft;
    toRight += !goesLeft;
  }
  if (toRight > 0) std::memcpy(part + toLeft, order, static_cast<size_t>(toRight) * sizeof(uint32_t));
  child[at.node] = nodeCount();
  nodeCount() += 2;
  // No missing value here: those to come go with the many.
  if (!anyMissing && toLeft > toRight) split[at.node] += missingLeft;
  if (byCategory && split[at.node] >= missingLeft) {
    for (int32_t word = 0; word < categoryWords; word++) bits[word] |= ~met[word];
  }
  return at.start + toLeft;
}

/// The node's rows by code: numbers ascending, categories by the direction in which they differ most, missing values last.
template <typename Code>
int32_t GrowingTree<Code>::findRuns(int32_t of) {
  const Code* codeOf = column(of);
  const bool byCategory = categorical[of] != 0;
  int32_t runCount;
  if (bytes && count > sortedRows && classCount == 0 && targetCount == 1) {
    runCount = countRuns(codeOf);
  } else {
    runCount = sortRuns(codeOf);
    if (runCount >= 2 && classCount == 0) sumRuns(runCount);
  }
  if (runCount >= 2 && byCategory) orderCategories(runCount);
  return runCount;
}

/// For one target of numbers and bytes: weight, rows and sum of every code at once.
template <typename Code>
int32_t GrowingTree<Code>::countRuns(const Code* codeOf) {
  constexpr int32_t codesOfByte = 256;
  double* sum = sums;
  std::memset(sum, 0, 3 * codesOfByte * sizeof(double));
  for (int32_t i = 0; i < count; i++) {
    double* here = sum + 3 * codeOf[nodeRows[i]];
    here[0] += nodeWeights[i];
    here[1] += 1;
    here[2] += nodeWeights[i] * nodeTargets[i];
  }
  int32_t runCount = 0, end = 0;
  for (int32_t code = 0; code < codesOfByte; code++) {
    const double* from = sum + 3 * code;
    if (from[1] == 0) continue;
    double* to = sum + 3 * runCount;
    const int32_t begin = end;
    end += static_cast<int32_t>(from[1]);
    to[0] = from[0];
    to[1] = from[1];
    to[2] = from[2];
    runs[runCount++] = Run{code, begin, end, 0};
  }
  return runCount;
}

/// The node's places by code to `order`, and its runs; returns how many there are.
template <typename Code>
int32_t GrowingTree<Code>::sortRuns(const Code* codeOf) {
  if (count > sortedRows && bytes) return countPlaces(codeOf);
  if (count > sortedRows) {
    sortByDigits(codeOf);
  } else {
    sortByInsertion(codeOf);
  }
  int32_t runCount = 0;
  for (int32_t i = 0; i < count; i++) {
    const int32_t code = codeOf[nodeRows[order[i]]];
    if (runCount == 0 || runs[runCount - 1].code != code) runs[runCount++] = Run{code, i, i, 0};
    runs[runCount - 1].end = i + 1;
  }
  return runCount;
}

template <typename Code>
void GrowingTree<Code>::sortByInsertion(const Code* codeOf) {
  uint32_t keys[sortedRows];
  for (int32_t i = 0; i < count; i++) {
    const uint32_t key = static_cast<uint32_t>(codeOf[nodeRows[i]]) << 8 | static_cast<uint32_t>(i);
    int32_t at = i;
    for (; at > 0 && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
    keys[at] = key;
  }
  for (int32_t i = 0; i < count; i++) order[i] = keys[i] & 255;
}

template <typename Code>
int32_t GrowingTree<Code>::countPlaces(const Code* codeOf) {
  int32_t places[256] = {};
  for (int32_t i = 0; i < count; i++) places[codeOf[nodeRows[i]] & 255]++;
  int32_t runCount = 0, end = 0;
  for (int32_t code = 0; code < 256; code++) {
    const int32_t here = places[code];
    if (here == 0) continue;
    places[code] = end;
    runs[runCount++] = Run{code, end, end + here, 0};
    end += here;
  }
  for (int32_t i = 0; i < count; i++) order[places[codeOf[nodeRows[i]] & 255]++] = static_cast<uint32_t>(i);
  return runCount;
}

/// By the low byte of the codes, then by the high one, both stably.
template <typename Code>
void GrowingTree<Code>::sortByDigits(const Code* codeOf) {
  int32_t low[256] = {}, high[256] = {};
  for (int32_t i = 0; i < count; i++) {
    const int32_t code = codeOf[nodeRows[i]];
    low[code & 255]++;
    high[code >> 8]++;
  }
  int32_t lowEnd = 0, highEnd = 0;
  for (int32_t digit = 0; digit < 256; digit++) {
    const int32_t lowHere = low[digit], highHere = high[digit];
    low[digit] = lowEnd;
    high[digit] = highEnd;
    lowEnd += lowHere;
    highEnd += highHere;
  }
  uint32_t* byLow = order + dataRows;
  for (int32_t i = 0; i < count; i++) byLow[low[codeOf[nodeRows[i]] & 255]++] = static_cast<uint32_t>(i);
  for (int32_t i = 0; i < count; i++) order[high[codeOf[nodeRows[byLow[i]]] >> 8]++] = byLow[i];
}

/// Weight, rows and the sum of each target of every run.
template <typename Code>
void GrowingTree<Code>::sumRuns(int32_t runCount) {
  for (int32_t r = 0; r < runCount; r++) {
    const Run& run = runs[r];
    double* to = sumsOf(r);
    double weight = 0;
    for (int32_t i = run.begin; i < run.end; i++) weight += nodeWeights[order[i]];
    to[0] = weight;
    to[1] = run.end - run.begin;
    for (int32_t k = 0; k < targetCount; k++) {
      const double* of = nodeTargets + targetAt(k);
      double sum = 0;
      for (int32_t i = run.begin; i < run.end; i++) sum += nodeWeights[order[i]] * of[order[i]];
      to[2 + k] = sum;
    }
  }
}

/// Categories by their mean, or, of several targets or classes, by the mean along the first principal direction.
template <typename Code>
void GrowingTree<Code>::orderCategories(int32_t runCount) {
  const int32_t known = runs[runCount - 1].code == missing ? runCount - 1 : runCount;
  double keys[256];
  if (classCount > 0) sumClasses(known);
  if (width == 1) {
    for (int32_t r = 0; r < known; r++) keys[r] = meanOf(r, 0);
  } else {
    principalKeys(known, keys);
  }
  // By insertion: what keys that are not numbers do is then the same everywhere.
  for (int32_t i = 1; i < known; i++) {
    for (int32_t at = i; at > 0 && keys[at - 1] > keys[at]; at--) {
      swapped(keys[at - 1], keys[at]);
      swapped(runs[at - 1], runs[at]);
      for (int32_t k = 0; k < stride; k++) swapped(sumsOf(at - 1)[k], sumsOf(at)[k]);
    }
  }
}

/// Weight and classes' weights of the runs of categories.
template <typename Code>
void GrowingTree<Code>::sumClasses(int32_t known) {
  for (int32_t r = 0; r < known; r++) {
    double* to = sumsOf(r);
    for (int32_t k = 0; k < stride; k++) to[k] = 0;
    for (int32_t i = runs[r].begin; i < runs[r].end; i++) to[0] += nodeWeights[order[i]];
    for (int32_t target = 0; target < targetCount; target++) {
      const double* of = nodeTargets + targetAt(target);
      for (int32_t i = runs[r].begin; i < runs[r].end; i++) to[2 + static_cast<int32_t>(of[order[i]])] += nodeWeights[order[i]];
    }
  }
}

/// How far each category lies along the first principal direction of the categories' means, found by the power method.
template <typename Code>
void GrowingTree<Code>::principalKeys(int32_t known, double* keys) {
  for (int32_t k = 0; k < width; k++) center[k] = 0;
  double total = 0;
  for (int32_t r = 0; r < known; r++) {
    const double weight = sumsOf(r)[0];
    total += weight;
    for (int32_t k = 0; k < width; k++) center[k] += weight * meanOf(r, k);
  }
  for (int32_t k = 0; k < width; k++) center[k] /= total;
  const auto along = [&](int32_t r) {
    double sum = 0;
    for (int32_t k = 0; k < width; k++) sum += (meanOf(r, k) - center[k]) * direction[k];
    return sum;
  };
  double farthest = -__builtin_inf();
  int32_t start = 0;
  for (int32_t r = 0; r < known; r++) {
    double far = 0;
    for (int32_t k = 0; k < width; k++) {
      const double away = meanOf(r, k) - center[k];
      far += away * away;
    }
    far *= sumsOf(r)[0];
    if (!(far > farthest)) continue;
    farthest = far;
    start = r;
  }
  for (int32_t k = 0; k < width; k++) direction[k] = meanOf(start, k) - center[k];
  for (int32_t step = 0; step < powerSteps; step++) {
    for (int32_t k = 0; k < width; k++) next[k] = 0;
    for (int32_t r = 0; r < known; r++) {
      const double far = sumsOf(r)[0] * along(r);
      for (int32_t k = 0; k < width; k++) next[k] += far * (meanOf(r, k) - center[k]);
    }
    double largest = 0;
    for (int32_t k = 0; k < width; k++) {
      const double size = __builtin_fabs(next[k]);
      largest = size > largest ? size : largest;
    }
    if (!(largest > 0)) break;
    for (int32_t k = 0; k < width; k++) direction[k] = next[k] / largest;
  }
  for (int32_t r = 0; r < known; r++) keys[r] = along(r);
}

/// Tries every cut between runs, or the one given; returns whether it found one better than all so far.
template <typename Code>
template <bool single>
bool GrowingTree<Code>::scanNumbers(int32_t runCount, const Cut* only, BestSplit& best, Cut& found) {
  const double* last = sumsOf(runCount - 1);
  const bool hasMissing = runs[runCount - 1].code == missing;
  const int32_t missingRows = runs[runCount - 1].end - runs[runCount - 1].begin;
  bool better = false;
  const auto consider = [&](const Cut& cut, int32_t rows, double weight, double score) LANEWISE_INLINE_LAMBDA {
    if (!(score > best.score) || !allowed(rows, weight)) return;
    best.score = score;
    found = cut;
    better = true;
  };
  for (int32_t k = 0; k < width; k++) left[k] = 0;
  double weight = 0, sum = 0;
  const double total = totals[0];
  int32_t rows = 0;
  for (int32_t index = 0; index + 1 < runCount; index++) {
    const double* run = sums + static_cast<size_t>(index) * static_cast<size_t>(single ? 3 : stride);
    weight += run[0];
    rows += runs[index].end - runs[index].begin;
    if constexpr (single) {
      sum += run[2];
    } else {
      for (int32_t k = 0; k < width; k++) left[k] += run[2 + k];
    }
    if (only != nullptr && only->index != index) continue;
    const double threshold = only != nullptr ? only->threshold : 0;
    const bool drawn = only != nullptr && only->drawn;
    const double score = single ? side(sum, weight) + side(total - sum, nodeWeight - weight) : numberScore(nullptr, weight);
    consider({index, false, drawn, threshold}, rows, weight, score);
    if (!hasMissing || index + 2 == runCount) continue;
    const double both = weight + last[0];
    const double other = single ? side(sum + last[2], both) + side(total - (sum + last[2]), nodeWeight - both)
                                : numberScore(last + 2, both);
    consider({index, true, drawn, threshold}, rows + missingRows, both, other);
  }
  return better;
}

/// The score of a left side of the sums in `left` and, where given, `add`.
template <typename Code>
double GrowingTree<Code>::numberScore(const double* add, double weight) const {
  double score = 0;
  for (int32_t k = 0; k < width; k++) {
    const double sum = add == nullptr ? left[k] : left[k] + add[k];
    score += side(sum, weight) + side(totals[k] - sum, nodeWeight - weight);
  }
  return score;
}

/// The same for classes: what the classes' weights add up to is kept up by differences, row by row.
template <typename Code>
bool GrowingTree<Code>::scanClasses(int32_t runCount, const Cut* only, BestSplit& best, Cut& found) {
  const Run& last = runs[runCount - 1];
  const bool hasMissing = last.code == missing;
  bool better = false;
  for (int32_t k = 0; k < 2 * width; k++) absent[k] = 0;
  double absentWeight = 0;
  for (int32_t i = last.begin; hasMissing && i < last.end; i++) {
    absentWeight += nodeWeights[order[i]];
    for (int32_t target = 0; target < targetCount; target++) {
      absent[static_cast<int32_t>(nodeTargets[targetAt(target) + order[i]])] += nodeWeights[order[i]];
    }
  }
  double onLeft = 0, onRight = 0, joined = 0, present = 0, weight = 0;
  for (int32_t k = 0; k < width; k++) {
    onRight += term(totals[k]);
    joined += term(absent[k]);
    present += term(totals[k] - absent[k]);
  }
  const auto consider = [&](const Cut& cut, int32_t rows, double leftWeight, double leftSum, double rightSum) {
    if (!allowed(rows, leftWeight)) return;
    const double score = classScore(leftSum, leftWeight) + classScore(rightSum, nodeWeight - leftWeight);
    if (!(score > best.score)) return;
    best.score = score;
    found = cut;
    better = true;
  };
  int32_t rows = 0;
  for (int32_t index = 0; index + 1 < runCount; index++) {
    for (int32_t i = runs[index].begin; i < runs[index].end; i++) {
      const uint32_t at = order[i];
      const double w = nodeWeights[at];
      weight += w;
      for (int32_t target = 0; target < targetCount; target++) {
        const int32_t k = static_cast<int32_t>(nodeTargets[targetAt(target) + at]);
        const double before = left[k], right = totals[k] - before;
        onLeft += rise(before, w);
        onRight -= rise(right - w, w);
        if (hasMissing) {
          joined += rise(before + absent[k], w);
          present -= rise(right - absent[k] - w, w);
        }
        left[k] = before + w;
      }
    }
    rows += runs[index].end - runs[index].begin;
    if (only != nullptr && only->index != index) continue;
    const double threshold = only != nullptr ? only->threshold : 0;
    const bool drawn = only != nullptr && only->drawn;
    consider({index, false, drawn, threshold}, rows, weight, onLeft, onRight);
    if (!hasMissing || index + 2 == runCount) continue;
    consider({index, true, drawn, threshold}, rows + last.end - last.begin, weight + absentWeight, joined, present);
  }
  return better;
}

/// A random cut: of numbers, by a threshold between the least and the largest; of categories, any place in their order.
template <typename Code>
Cut GrowingTree<Code>::drawCut(int32_t of, int32_t present, uint32_t word) const {
  const double uniform = (static_cast<double>(word) + 0.5) / 4294967296.0;
  const Cut anywhere{present > 1 ? static_cast<int32_t>(uniform * (present - 1)) : 0, false, false, 0};
  if (categorical[of] != 0 || present < 2) return anywhere;
  const double *low = lows + offsets[of], *high = highs + offsets[of];
  const double least = low[runs[0].code], range = high[runs[present - 1].code] - least;
  if (!(range < __builtin_inf())) return anywhere;
  const double threshold = least + uniform * range;
  int32_t index = 0;
  while (index + 2 < present) {
    const double from = low[runs[index + 1].code], to = high[runs[index + 1].code];
    if (!(from + (to - from) / 2 <= threshold)) break;
    index++;
  }
  return {index, false, true, threshold};
}

/// Writes a cut as the best split so far.
template <typename Code>
void GrowingTree<Code>::keep(int32_t of, const Cut& cut, BestSplit& best) const {
  const int32_t side = cut.withMissing ? missingLeft : 0, next = runs[cut.index + 1].code;
  best.feature = of;
  best.threshold = 0;
  std::memset(best.categories, 0, sizeof best.categories);
  best.split = side;
  if (categorical[of] != 0) {
    for (int32_t r = 0; r <= cut.index; r++) best.categories[runs[r].code >> 5] |= 1u << (runs[r].code & 31);
    return;
  }
  // Behind the last number there are only missing values: every number goes left.
  if (next == missing) {
    best.split += missing - 1;
    best.threshold = __builtin_inf();
    return;
  }
  best.split += runs[cut.index].code;
  const double below = highs[offsets[of] + runs[cut.index].code], above = lows[offsets[of] + next];
  const double middle = cut.drawn && cut.threshold >= below && cut.threshold < above ? cut.threshold
                                                                                      : below + (above - below) / 2;
  best.threshold = middle >= below && middle < above ? middle : below;
}

/// Codes are the number of edges below a value.
template <typename Code>
void encodeCodes(const double* values, const double* edges, Code* codes, int32_t edgeCount, int32_t rowCount) {
  for (int32_t row = 0; row < rowCount; row++) {
    const double value = values[row];
    int32_t from = 0;
    for (int32_t size = edgeCount; size > 0;) {
      const int32_t half = size >> 1;
      const bool above = edges[from + half] < value;
      from = above ? from + half + 1 : from;
      size = above ? size - half - 1 : half;
    }
    codes[row] = value == value ? static_cast<Code>(from) : static_cast<Code>(-1);
  }
}

}  // namespace

int32_t forest_grow_u8(const uint8_t* codes, const int32_t* offsets, const double* lows, const double* highs,
                       const uint8_t* categorical, const double* targets, const double* weights, int32_t* state,
                       uint32_t* rows, double* bagWeights, int32_t* open, int32_t* feature, int32_t* split,
                       double* threshold, uint32_t* categories, int32_t* child, double* values, double* cover,
                       int32_t* samples, double* gain, double* nodeTargets, double* nodeWeights, uint32_t* order,
                       int32_t* runs, double* sums, double* work, int32_t* features, int32_t dataRows,
                       int32_t featureCount, int32_t /*codeCount*/, int32_t targetCount, int32_t classCount,
                       int32_t logarithmic, int32_t randomSplits, int32_t hasCategories, int32_t bootstrap,
                       int32_t sampleCount, int32_t balanced, int32_t bagKeyLow, int32_t bagKeyHigh,
                       int32_t featureKeyLow, int32_t featureKeyHigh, int32_t maxFeatures, int32_t maxDepth,
                       int32_t minSamplesSplit, int32_t minSamplesLeaf, double minWeightFraction, double minGain,
                       int32_t maxLeafNodes, int32_t /*maxNodes*/, int32_t /*maxRuns*/, int32_t budget) {
  return GrowingTree<uint8_t>({codes, offsets, lows, highs, categorical, targets, weights, state, rows, bagWeights, open, feature, split,
                               threshold, categories, child, values, cover, samples, gain, nodeTargets,
                               nodeWeights, order, runs, sums, work, features, dataRows, featureCount,
                               targetCount, classCount, logarithmic == 1, randomSplits == 1, hasCategories ==
                               1, bootstrap, sampleCount, balanced == 1, static_cast<uint32_t>(bagKeyLow),
                               static_cast<uint32_t>(bagKeyHigh), static_cast<uint32_t>(featureKeyLow),
                               static_cast<uint32_t>(featureKeyHigh), maxFeatures, maxDepth, minSamplesSplit,
                               minSamplesLeaf, minWeightFraction, minGain, maxLeafNodes, budget}).grow();
}
int32_t forest_grow_u16(const uint16_t* codes, const int32_t* offsets, const double* lows, const double* highs,
                       const uint8_t* categorical, const double* targets, const double* weights, int32_t* state,
                       uint32_t* rows, double* bagWeights, int32_t* open, int32_t* feature, int32_t* split,
                       double* threshold, uint32_t* categories, int32_t* child, double* values, double* cover,
                       int32_t* samples, double* gain, double* nodeTargets, double* nodeWeights, uint32_t* order,
                       int32_t* runs, double* sums, double* work, int32_t* features, int32_t dataRows,
                       int32_t featureCount, int32_t /*codeCount*/, int32_t targetCount, int32_t classCount,
                       int32_t logarithmic, int32_t randomSplits, int32_t hasCategories, int32_t bootstrap,
                       int32_t sampleCount, int32_t balanced, int32_t bagKeyLow, int32_t bagKeyHigh,
                       int32_t featureKeyLow, int32_t featureKeyHigh, int32_t maxFeatures, int32_t maxDepth,
                       int32_t minSamplesSplit, int32_t minSamplesLeaf, double minWeightFraction, double minGain,
                       int32_t maxLeafNodes, int32_t /*maxNodes*/, int32_t /*maxRuns*/, int32_t budget) {
  return GrowingTree<uint16_t>({codes, offsets, lows, highs, categorical, targets, weights, state, rows, bagWeights, open, feature, split,
                               threshold, categories, child, values, cover, samples, gain, nodeTargets,
                               nodeWeights, order, runs, sums, work, features, dataRows, featureCount,
                               targetCount, classCount, logarithmic == 1, randomSplits == 1, hasCategories ==
                               1, bootstrap, sampleCount, balanced == 1, static_cast<uint32_t>(bagKeyLow),
                               static_cast<uint32_t>(bagKeyHigh), static_cast<uint32_t>(featureKeyLow),
                               static_cast<uint32_t>(featureKeyHigh), maxFeatures, maxDepth, minSamplesSplit,
                               minSamplesLeaf, minWeightFraction, minGain, maxLeafNodes, budget}).grow();
}

void codes_encode_u8(const double* values, const double* edges, uint8_t* codes, int32_t edgeCount, int32_t rowCount) {
  encodeCodes(values, edges, codes, edgeCount, rowCount);
}

void codes_encode_u16(const double* values, const double* edges, uint16_t* codes, int32_t edgeCount, int32_t rowCount) {
  encodeCodes(values, edges, codes, edgeCount, rowCount);
}

}  // namespace lanewise::LANEWISE_ISA
