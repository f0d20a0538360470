// One call grows a tree of a random forest, or goes on with it: src/kernels/tree-forest.ts is the law. Sums are f64, in the
// order of the rows, bin by bin. Bins lie as in tree-building.cpp.
namespace lanewise::LANEWISE_ISA {

namespace {

/// A node of up to this many rows is sorted by bin; a larger one is counted out.
constexpr int32_t sortedRows = 32;
constexpr int32_t missingLeft = 256;
constexpr int32_t gatherAhead = 16;

/// The Poisson distribution of mean 1, cumulated, in 32 bits: a word's draw is the number of entries ≤ it.
constexpr uint32_t poissonLimits[] = {1580030168u, 3160060337u, 3950075421u, 4213413783u,
                                      4279248373u, 4292415291u, 4294609777u, 4294923276u};

struct Key {
  uint32_t low, high;
  Key(int32_t lowWord, int32_t highWord) : low(static_cast<uint32_t>(lowWord)), high(static_cast<uint32_t>(highWord)) {}
};

/// A node's rows of one bin of one feature.
struct Run {
  double weight, sum, count;
  int32_t bin;
  /// Place behind the last of its rows, by bin.
  int32_t end;
};

struct BestSplit {
  double score;
  int32_t feature, split;

  LANEWISE_INLINE void consider(double value, int32_t ofFeature, int32_t at) {
    if (!(value > score)) return;
    score = value;
    feature = ofFeature;
    split = at;
  }
};

struct OpenNode {
  int32_t node, start, end, depth;
};

struct ForestTree {
  const uint8_t* bins;
  const double* targets;
  const double* weights;
  int32_t* state;
  uint32_t* rows;
  double* bagWeights;
  int32_t* stack;
  int32_t* feature;
  int32_t* split;
  int32_t* child;
  double* values;
  double* importances;
  double* nodeTargets;
  double* nodeWeights;
  uint32_t* order;
  /// Class weights: of the node, of its missing values, of the left side.
  double* classes;
  int32_t* features;
  int32_t dataRows, featureCount, classCount;
  bool bootstrap;
  Key bagKey, featureKey;
  int32_t maxFeatures, maxDepth, minSamplesSplit, minSamplesLeaf;

  /// The node that is being split.
  double nodeWeight = 0, nodeSum = 0;
  const uint32_t* nodeRows = nullptr;
  int32_t count = 0;

  int32_t& nodeCount() { return state[1]; }
  int32_t& openCount() { return state[2]; }

  const uint8_t* column(int32_t of) const {
    const size_t group = static_cast<size_t>(of / groupFeatures), slot = static_cast<size_t>(of % groupFeatures);
    return bins + group * static_cast<size_t>(dataRows) * rowBytes + slot;
  }

  LANEWISE_INLINE int32_t binAt(const uint8_t* column, int32_t place) const {
    if (place + gatherAhead < count) __builtin_prefetch(column + static_cast<size_t>(nodeRows[place + gatherAhead]) * rowBytes);
    return column[static_cast<size_t>(nodeRows[place]) * rowBytes];
  }

  bool allowed(double left, double right, double leftWeight, double rightWeight) const {
    return left >= minSamplesLeaf && right >= minSamplesLeaf && leftWeight > 0 && rightWeight > 0;
  }

  int32_t drawBag();
  int32_t takeRows(bool draw);
  int32_t grow(const OpenNode& at);
  double meanValue(int32_t node);
  double classValues(int32_t node);
  int32_t tryFeatures(int32_t node, BestSplit& best);
  int32_t drawFeature(int32_t tried, uint32_t word);
  void sortPlaces(const uint8_t* column);
  int32_t runsOfNumbers(const uint8_t* column, Run* runs);
  int32_t runsOfClasses(const uint8_t* column, Run* runs);
  void scanNumbers(int32_t feature, const Run* runs, int32_t runCount, BestSplit& best) const;
  void scanClasses(int32_t feature, const Run* runs, int32_t runCount, BestSplit& best);
  void divide(const OpenNode& at, const BestSplit& best, double parent);
  void open(const OpenNode& node);
};

/// Draws the rows of the tree, ascending; returns how many differ. Where none is drawn, all are taken once.
int32_t ForestTree::drawBag() {
  const int32_t inBag = takeRows(bootstrap);
  return inBag > 0 || !bootstrap ? inBag : takeRows(false);
}

int32_t ForestTree::takeRows(bool draw) {
  constexpr int32_t step = 4 * philoxWidth;
  uint32_t words[step];
  int32_t inBag = 0;
  for (int32_t start = 0; start < dataRows; start += step) {
    const int32_t count = dataRows - start < step ? dataRows - start : step;
    if (draw) philoxBlocks(static_cast<uint64_t>(start / 4), bagKey.low, bagKey.high, words);
    for (int32_t i = 0; i < count; i++) {
      int32_t times = 1;
      if (draw) {
        times = 0;
        for (const uint32_t limit : poissonLimits) times += words[i] >= limit;
      }
      const int32_t row = start + i;
      const double weight = static_cast<double>(times) * (weights == nullptr ? 1.0 : weights[row]);
      bagWeights[row] = weight;
      if (weight > 0) rows[inBag++] = static_cast<uint32_t>(row);
    }
  }
  return inBag;
}

/// Gives a node its value, and children where a split is found; returns the row visits.
int32_t ForestTree::grow(const OpenNode& at) {
  count = at.end - at.start;
  nodeRows = rows + at.start;
  double least = __builtin_inf(), most = -__builtin_inf();
  for (int32_t i = 0; i < count; i++) {
    const double target = targets[nodeRows[i]];
    nodeTargets[i] = target;
    nodeWeights[i] = bagWeights[nodeRows[i]];
    least = target < least ? target : least;
    most = target > most ? target : most;
  }
  const double parent = classCount > 0 ? classValues(at.node) : meanValue(at.node);
  feature[at.node] = -1;
  split[at.node] = 0;
  child[at.node] = -1;
  if (count < minSamplesSplit || count < 2 * minSamplesLeaf || at.depth >= maxDepth || least == most) return count;
  BestSplit best{-__builtin_inf(), -1, 0};
  const int32_t tried = tryFeatures(at.node, best);
  if (best.feature >= 0) divide(at, best, parent);
  return count * (1 + tried);
}

/// Writes the weighted mean of the node's targets; returns the score of the undivided node.
double ForestTree::meanValue(int32_t node) {
  double weight = 0, sum = 0;
  for (int32_t i = 0; i < count; i++) {
    weight += nodeWeights[i];
    sum += nodeWeights[i] * nodeTargets[i];
  }
  nodeWeight = weight;
  nodeSum = sum;
  values[node] = count > 0 ? sum / weight : 0;
  return count > 0 ? sum * sum / weight : 0;
}

/// Writes the shares of the classes in the node; returns the score of the undivided node.
double ForestTree::classValues(int32_t node) {
  double* total = classes;
  for (int32_t k = 0; k < classCount; k++) total[k] = 0;
  double weight = 0;
  for (int32_t i = 0; i < count; i++) {
    total[static_cast<int32_t>(nodeTargets[i])] += nodeWeights[i];
    weight += nodeWeights[i];
  }
  nodeWeight = weight;
  double squares = 0;
  double* shares = values + static_cast<size_t>(node) * static_cast<size_t>(classCount);
  for (int32_t k = 0; k < classCount; k++) {
    shares[k] = count > 0 ? total[k] / weight : 0;
    squares += total[k] * total[k];
  }
  return count > 0 ? squares / weight : 0;
}

/// Draws features without replacement and keeps the best split; returns how many were tried.
int32_t ForestTree::tryFeatures(int32_t node, BestSplit& best) {
  Run runs[binsOfFeature];
  uint32_t words[4];
  // Every node has words of its own, from the next multiple of four.
  const uint64_t firstBlock = static_cast<uint64_t>(node) * static_cast<uint64_t>((featureCount + 3) / 4);
  for (int32_t i = 0; i < featureCount; i++) features[i] = i;
  bool differs = false;
  for (int32_t tried = 0; tried < featureCount; tried++) {
    if (tried >= maxFeatures && differs) return tried;
    if (tried % 4 == 0) philoxBlock(firstBlock + static_cast<uint64_t>(tried / 4), featureKey.low, featureKey.high, words);
    const int32_t drawn = drawFeature(tried, words[tried % 4]);
    const uint8_t* bytes = column(drawn);
    const int32_t runCount = classCount > 0 ? runsOfClasses(bytes, runs) : runsOfNumbers(bytes, runs);
    if (runCount < 2) continue;
    differs = true;
    if (classCount > 0) {
      scanClasses(drawn, runs, runCount, best);
    } else {
      scanNumbers(drawn, runs, runCount, best);
    }
  }
  return featureCount;
}

int32_t ForestTree::drawFeature(int32_t tried, uint32_t word) {
  const uint64_t left = static_cast<uint64_t>(featureCount - tried);
  const int32_t at = tried + static_cast<int32_t>((word * left) >> 32);
  const int32_t drawn = features[at];
  features[at] = features[tried];
  features[tried] = drawn;
  return drawn;
}

/// The node's places as (bin << 16 | place), ascending, to `order`.
void ForestTree::sortPlaces(const uint8_t* column) {
  for (int32_t i = 0; i < count; i++) {
    const uint32_t key = static_cast<uint32_t>(binAt(column, i)) << 16 | static_cast<uint32_t>(i);
    int32_t at = i;
    for (; at > 0 && order[at - 1] > key; at--) order[at] = order[at - 1];
    order[at] = key;
  }
}

/// Weight, sum and count of every bin that has rows, ascending by bin; returns how many there are.
int32_t ForestTree::runsOfNumbers(const uint8_t* column, Run* runs) {
  int32_t runCount = 0;
  if (count <= sortedRows) {
    sortPlaces(column);
    for (int32_t i = 0; i < count; i++) {
      const int32_t bin = static_cast<int32_t>(order[i] >> 16);
      const uint32_t place = order[i] & 0xffff;
      if (runCount == 0 || runs[runCount - 1].bin != bin) runs[runCount++] = Run{0, 0, 0, bin, 0};
      Run& run = runs[runCount - 1];
      run.weight += nodeWeights[place];
      run.sum += nodeWeights[place] * nodeTargets[place];
      run.count += 1;
    }
    return runCount;
  }
  for (int32_t bin = 0; bin < binsOfFeature; bin++) runs[bin] = Run{0, 0, 0, bin, 0};
  for (int32_t i = 0; i < count; i++) {
    Run& run = runs[binAt(column, i)];
    run.weight += nodeWeights[i];
    run.sum += nodeWeights[i] * nodeTargets[i];
    run.count += 1;
  }
  for (int32_t bin = 0; bin < binsOfFeature; bin++) {
    if (runs[bin].count > 0) runs[runCount++] = runs[bin];
  }
  return runCount;
}

/// The node's places by bin to `order`, and of every bin that has rows its number and end; returns how many there are.
int32_t ForestTree::runsOfClasses(const uint8_t* column, Run* runs) {
  int32_t runCount = 0;
  if (count <= sortedRows) {
    sortPlaces(column);
    for (int32_t i = 0; i < count; i++) {
      const int32_t bin = static_cast<int32_t>(order[i] >> 16);
      if (runCount == 0 || runs[runCount - 1].bin != bin) runs[runCount++] = Run{0, 0, 0, bin, 0};
      runs[runCount - 1].end = i + 1;
      order[i] &= 0xffff;
    }
    return runCount;
  }
  int32_t places[binsOfFeature] = {};
  for (int32_t i = 0; i < count; i++) places[binAt(column, i)]++;
  int32_t end = 0;
  for (int32_t bin = 0; bin < binsOfFeature; bin++) {
    const int32_t here = places[bin];
    if (here == 0) continue;
    places[bin] = end;
    end += here;
    runs[runCount++] = Run{0, 0, 0, bin, end};
  }
  for (int32_t i = 0; i < count; i++) order[places[binAt(column, i)]++] = static_cast<uint32_t>(i);
  return runCount;
}

/// The threshold between two bins of the node: halfway in bins. Behind the last one there are only missing values.
LANEWISE_INLINE int32_t thresholdBin(int32_t bin, int32_t next) {
  return next == missingBin ? missingBin - 1 : (bin + next) >> 1;
}

/// Squared error: the score of a split is Σw·y squared over Σw, left and right together.
void ForestTree::scanNumbers(int32_t of, const Run* runs, int32_t runCount, BestSplit& best) const {
  const Run& last = runs[runCount - 1];
  const bool hasMissing = last.bin == missingBin;
  const auto consider = [&](double weight, double sum, double samples, int32_t at) LANEWISE_INLINE_LAMBDA {
    const double restWeight = nodeWeight - weight, rest = nodeSum - sum;
    if (!allowed(samples, count - samples, weight, restWeight)) return;
    best.consider(sum * sum / weight + rest * rest / restWeight, of, at);
  };
  double weight = 0, sum = 0, samples = 0;
  for (int32_t i = 0; i + 1 < runCount; i++) {
    weight += runs[i].weight;
    sum += runs[i].sum;
    samples += runs[i].count;
    const int32_t next = runs[i + 1].bin;
    const int32_t threshold = thresholdBin(runs[i].bin, next);
    consider(weight, sum, samples, threshold);
    if (!hasMissing || next == missingBin) continue;
    consider(weight + last.weight, sum + last.sum, samples + last.count, threshold + missingLeft);
  }
}

/// Gini: the score of a split is Σ of the squared class weights over their sum, left and right together.
void ForestTree::scanClasses(int32_t of, const Run* runs, int32_t runCount, BestSplit& best) {
  const double* total = classes;
  double* absent = classes + classCount;
  double* left = absent + classCount;
  for (int32_t k = 0; k < 2 * classCount; k++) absent[k] = 0;
  double absentWeight = 0;
  int32_t absentCount = 0;
  if (runs[runCount - 1].bin == missingBin) {
    const int32_t from = runs[runCount - 2].end;
    absentCount = count - from;
    for (int32_t i = from; i < count; i++) {
      const double weight = nodeWeights[order[i]];
      absent[static_cast<int32_t>(nodeTargets[order[i]])] += weight;
      absentWeight += weight;
    }
  }
  // Squares of the class weights on the left, on the right, and on the right without the missing; left · missing.
  double squaresLeft = 0, squaresRight = 0, squaresPresent = 0, cross = 0, squaresAbsent = 0;
  for (int32_t k = 0; k < classCount; k++) {
    const double present = total[k] - absent[k];
    squaresRight += total[k] * total[k];
    squaresPresent += present * present;
    squaresAbsent += absent[k] * absent[k];
  }
  double leftWeight = 0;
  int32_t place = 0;
  for (int32_t i = 0; i + 1 < runCount; i++) {
    for (; place < runs[i].end; place++) {
      const uint32_t at = order[place];
      const int32_t k = static_cast<int32_t>(nodeTargets[at]);
      const double weight = nodeWeights[at], before = left[k];
      squaresLeft += weight * (2 * before + weight);
      squaresRight -= weight * (2 * (total[k] - before) - weight);
      squaresPresent -= weight * (2 * (total[k] - absent[k] - before) - weight);
      cross += weight * absent[k];
      left[k] = before + weight;
      leftWeight += weight;
    }
    const int32_t next = runs[i + 1].bin;
    const int32_t threshold = thresholdBin(runs[i].bin, next);
    double rest = nodeWeight - leftWeight;
    if (allowed(place, count - place, leftWeight, rest)) {
      best.consider(squaresLeft / leftWeight + squaresRight / rest, of, threshold);
    }
    if (absentCount == 0 || next == missingBin) continue;
    const int32_t samples = place + absentCount;
    const double weight = leftWeight + absentWeight;
    rest = nodeWeight - weight;
    if (allowed(samples, count - samples, weight, rest)) {
      const double side = squaresLeft + 2 * cross + squaresAbsent;
      best.consider(side / weight + squaresPresent / rest, of, threshold + missingLeft);
    }
  }
}

/// Parts the rows, stably, and opens both children, the larger first, so that the smaller is grown next.
void ForestTree::divide(const OpenNode& at, const BestSplit& best, double parent) {
  const int32_t threshold = best.split & (missingLeft - 1);
  const bool missingGoesLeft = best.split >= missingLeft;
  const uint8_t* bytes = column(best.feature);
  uint32_t* part = rows + at.start;
  int32_t left = 0, right = 0;
  bool anyMissing = false;
  // Both sides are written and one is kept; `left` never passes the row that is read.
  for (int32_t i = 0; i < count; i++) {
    const uint32_t row = part[i];
    const int32_t bin = binAt(bytes, i);
    const bool missing = bin == missingBin;
    const bool goesLeft = missing ? missingGoesLeft : bin <= threshold;
    anyMissing |= missing;
    part[left] = row;
    order[right] = row;
    left += goesLeft;
    right += !goesLeft;
  }
  if (right > 0) std::memcpy(part + left, order, static_cast<size_t>(right) * sizeof(uint32_t));
  const int32_t middle = at.start + left;
  const int32_t first = nodeCount();
  nodeCount() += 2;
  // No missing value here: those to come go with the many.
  const bool unseen = !anyMissing && left > right;
  feature[at.node] = best.feature;
  split[at.node] = best.split + (unseen ? missingLeft : 0);
  child[at.node] = first;
  const double gain = best.score - parent;
  importances[best.feature] += gain > 0 ? gain : 0;
  const OpenNode leftChild{first, at.start, middle, at.depth + 1}, rightChild{first + 1, middle, at.end, at.depth + 1};
  open(left <= right ? rightChild : leftChild);
  open(left <= right ? leftChild : rightChild);
}

void ForestTree::open(const OpenNode& node) {
  int32_t* entry = stack + 4 * openCount();
  entry[0] = node.node;
  entry[1] = node.start;
  entry[2] = node.end;
  entry[3] = node.depth;
  openCount()++;
}

}  // namespace

int32_t forest_grow_u8(const uint8_t* bins, const double* targets, const double* weights, int32_t* state,
                       uint32_t* rows, double* bagWeights, int32_t* stack, int32_t* feature, int32_t* split,
                       int32_t* child, double* values, double* importances, double* nodeTargets, double* nodeWeights,
                       uint32_t* order, double* work, int32_t* features, int32_t dataRows, int32_t /*groupCount*/,
                       int32_t featureCount, int32_t classCount, int32_t bootstrap, int32_t bagKeyLow,
                       int32_t bagKeyHigh, int32_t featureKeyLow, int32_t featureKeyHigh, int32_t maxFeatures,
                       int32_t maxDepth, int32_t minSamplesSplit, int32_t minSamplesLeaf, int32_t /*maxNodes*/,
                       int32_t budget) {
  ForestTree tree{bins,         targets,
                  weights,      state,
                  rows,         bagWeights,
                  stack,        feature,
                  split,        child,
                  values,       importances,
                  nodeTargets,  nodeWeights,
                  order,        work,
                  features,     dataRows,
                  featureCount, classCount,
                  bootstrap == 1, Key(bagKeyLow, bagKeyHigh),
                  Key(featureKeyLow, featureKeyHigh), maxFeatures,
                  maxDepth,     minSamplesSplit,
                  minSamplesLeaf};
  if (state[0] == 0) {
    const int32_t inBag = tree.drawBag();
    state[0] = 1;
    tree.nodeCount() = 1;
    tree.openCount() = 0;
    tree.open({0, 0, inBag, 0});
  }
  while (tree.openCount() > 0 && budget > 0) {
    tree.openCount()--;
    const int32_t* entry = stack + 4 * tree.openCount();
    budget -= tree.grow({entry[0], entry[1], entry[2], entry[3]});
  }
  return tree.openCount() > 0 ? 1 : 0;
}

}  // namespace lanewise::LANEWISE_ISA
