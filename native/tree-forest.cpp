// One call grows a decision tree, or goes on with it: src/kernels/forest-growth.ts and forest-splits.ts are the law. Sums
// are f64, in the order of the rows, code by code.
namespace lanewise::LANEWISE_ISA {

namespace {

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
