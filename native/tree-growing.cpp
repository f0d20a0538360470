// One call grows a boosted tree, or goes on with it: src/kernels/boosted-growth.ts is the law. Several threads may call at
// once, as a team: see team.h. What is summed is whole numbers, so it does not matter who sums what.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Rows of a node below which one thread parts it alone, and row·columns below which it builds its histogram alone.
constexpr double sharedRows = 4'000, sharedWork = 30'000;
/// Row·columns from which a histogram is shared out by rows: below, by groups of columns, whose sums no one has to merge.
constexpr double sharedByRows = 1'000'000;
/// Features that a member scans at a time: as many are worth handing over, and WebAssembly scans them in pairs.
constexpr int32_t scannedTogether = 4;
constexpr int32_t nodeNumbers = 10, stateWords = 8, bundleWords = 4, setWords = 8;
constexpr size_t histogramScratch = 127'872, categoryScratchBytes = 4'096, planesBytes = 6'144;
constexpr size_t memberScratch = histogramScratch + categoryScratchBytes + planesBytes + binsOfFeature;

enum NodeField { nodeChild, nodeDepth, nodeRows, nodeHistogram, nodeGain, nodeFeature, nodeBin, nodeMissingLeft, nodeLeftRows, nodeOpen };
enum StateWord { stateNodes, stateLeaves, stateFree };
enum class Piece : int32_t { part, buildGroups, buildRows, merge, scan };

/// What a piece of work is about: the node that is parted and its left child, the child whose histogram is built, where,
/// and the parent's histogram, which becomes the other child's (−1: there is none).
struct GrowStep {
  int32_t node, left, child, built, rest, scanned;
};

/// The kernel's arguments, by name.
struct GrowArguments {
  const uint8_t* bins;
  const int32_t* packed;
  uint32_t* rows;
  int32_t* ranges;
  double *histograms, *nodes;
  uint32_t* sets;
  int32_t* state;
  const int32_t *liveBins, *binCounts, *categoryCounts;
  const uint8_t* allowed;
  const int32_t* bundles;
  double *partials, *gains;
  int32_t* splits;
  uint32_t* foundSets;
  uint8_t* scratch;
  uint32_t* parted;
  double gradientUnit, hessianUnit, l1, l2, maxDeltaStep, minHessian, minSamples, minGain;
  double smooth, setL2, maxThreshold, minPerGroup, maxToOnehot, maxDepth, budget;
  int32_t maxLeaves;
  bool depthwise, follows, everyRow;
  int32_t dataRows, rowBytes, groupBytes, groupFeatures, columnCount, featureCount, segments, segmentRows, histogramCount;
};

struct GrowingBoostedTree : GrowArguments {
  Team team;
  GrowStep step;

  GrowingBoostedTree(const GrowArguments& arguments, const Team& itsTeam) : GrowArguments(arguments), team(itsTeam), step{} {}

  LANEWISE_INLINE double& of(int32_t node, NodeField field) const { return nodes[nodeNumbers * node + field]; }
  LANEWISE_INLINE double* histogram(int32_t index) const { return histograms + static_cast<size_t>(index) * histogramLength(); }
  LANEWISE_INLINE size_t histogramLength() const { return static_cast<size_t>(columnCount) * histogramStride; }
  LANEWISE_INLINE int32_t* rangesOf(int32_t node, int32_t stretch) const {
    return ranges + static_cast<size_t>(4 * node + 2 * stretch) * static_cast<size_t>(segments);
  }
  LANEWISE_INLINE uint8_t* ownScratch() const { return scratch + memberScratch * static_cast<size_t>(team.member); }
  LANEWISE_INLINE double* ownPlanes() const { return reinterpret_cast<double*>(ownScratch() + histogramScratch + categoryScratchBytes); }
  /// Written by member 0, read by all.
  LANEWISE_INLINE uint8_t* goesLeft() const { return scratch + memberScratch - binsOfFeature; }
  LANEWISE_INLINE int32_t groupCount() const { return (columnCount + groupFeatures - 1) / groupFeatures; }
  LANEWISE_INLINE bool splittable(int32_t node) const { return of(node, nodeDepth) < maxDepth && of(node, nodeRows) >= 2 * minSamples; }
  LANEWISE_INLINE int32_t columnOf(int32_t feature) const { return bundles == nullptr ? feature : bundles[bundleWords * feature]; }

  int32_t grow();
  void help();

 private:
  void begin();
  void makeLeaf(int32_t node, double depth, double count);
  int32_t firstOpen() const;
  int32_t takeHistogram();
  void giveHistogram(int32_t index);
  void split(int32_t node);
  void build(int32_t node, int32_t index, int32_t rest);
  void consider(int32_t node, int32_t index, int32_t child);
  void complete(int32_t node, const double* counts, bool missingLeft);
  void tabulate(int32_t node) const;
  void spread(int32_t feature) const;
  const double* planesOf(int32_t index, int32_t feature, const Sums& total) const;
  Sums totalOf(int32_t index) const;

  void offer(Piece piece, int32_t parts, bool worthwhile);
  void work(Piece piece, int32_t part, int32_t parts);
  void partRows(int32_t part, int32_t parts);
  void buildGroups(int32_t part, int32_t parts);
  void buildRows(int32_t part, int32_t parts);
  void mergeColumns(int32_t part, int32_t parts);
  void scanFeatures(int32_t part, int32_t parts);
  void scan(int32_t index, int32_t child, int32_t first, int32_t last) const;
  void scanRun(const double* planes, int32_t child, int32_t first, int32_t count) const;
};

/// Where part `part` of `parts` begins.
LANEWISE_INLINE int32_t shareStart(int32_t count, int32_t part, int32_t parts) {
  return static_cast<int32_t>(static_cast<int64_t>(count) * part / parts);
}

int32_t GrowingBoostedTree::grow() {
  double spent = 0;
  if (state[stateNodes] == 0) {
    begin();
    spent = of(0, nodeRows) * columnCount;
  }
  int32_t best = state[stateLeaves] < maxLeaves ? firstOpen() : -1;
  while (best >= 0 && spent < budget) {
    spent += of(best, nodeRows) * columnCount;
    split(best);
    best = state[stateLeaves] < maxLeaves ? firstOpen() : -1;
  }
  team.end();
  return best < 0 ? 0 : 1;
}

void GrowingBoostedTree::begin() {
  const int32_t* root = rangesOf(0, 0);
  double count = 0;
  for (int32_t i = 0; i < segments; i++) count += root[2 * i + 1] - root[2 * i];
  state[stateNodes] = state[stateLeaves] = 1;
  state[stateFree] = histogramCount;
  for (int32_t i = 0; i < histogramCount; i++) state[stateWords + i] = histogramCount - 1 - i;
  makeLeaf(0, 0, count);
  if (maxLeaves < 2 || !splittable(0)) return;
  const int32_t index = takeHistogram();
  step.scanned = 1;
  step.left = 0;
  build(0, index, -1);
  consider(0, index, 0);
}

void GrowingBoostedTree::makeLeaf(int32_t node, double depth, double count) {
  std::memset(nodes + nodeNumbers * node, 0, nodeNumbers * sizeof(double));
  std::memset(sets + setWords * node, 0, setWords * sizeof(uint32_t));
  of(node, nodeDepth) = depth;
  of(node, nodeRows) = count;
  of(node, nodeHistogram) = -1;
  of(node, nodeGain) = -__builtin_inf();
}

int32_t GrowingBoostedTree::firstOpen() const {
  int32_t best = -1;
  for (int32_t node = 0; node < state[stateNodes]; node++) {
    if (of(node, nodeOpen) == 0) continue;
    if (best < 0) best = node;
    else if (depthwise && of(node, nodeDepth) != of(best, nodeDepth)) best = of(node, nodeDepth) < of(best, nodeDepth) ? node : best;
    else if (of(node, nodeGain) > of(best, nodeGain)) best = node;
  }
  return best;
}

int32_t GrowingBoostedTree::takeHistogram() {
  if (state[stateFree] > 0) return state[stateWords + --state[stateFree]];
  int32_t owner = -1;
  for (int32_t node = 0; node < state[stateNodes]; node++) {
    if (of(node, nodeOpen) == 0 || of(node, nodeHistogram) < 0) continue;
    if (owner < 0 || of(node, nodeGain) < of(owner, nodeGain)) owner = node;
  }
  const int32_t taken = static_cast<int32_t>(of(owner, nodeHistogram));
  of(owner, nodeHistogram) = -1;
  return taken;
}

void GrowingBoostedTree::giveHistogram(int32_t index) {
  if (index >= 0) state[stateWords + state[stateFree]++] = index;
}

void GrowingBoostedTree::split(int32_t node) {
  const int32_t left = state[stateNodes], right = left + 1;
  const double count = of(node, nodeRows), leftCount = of(node, nodeLeftRows), depth = of(node, nodeDepth) + 1;
  int32_t rest = static_cast<int32_t>(of(node, nodeHistogram));
  of(node, nodeOpen) = 0;
  of(node, nodeChild) = left;
  of(node, nodeHistogram) = -1;
  makeLeaf(left, depth, leftCount);
  makeLeaf(right, depth, count - leftCount);
  state[stateNodes] += 2;
  state[stateLeaves]++;
  tabulate(node);
  spread(static_cast<int32_t>(of(node, nodeFeature)));
  step.node = node;
  step.left = left;
  offer(Piece::part, segments < 4 * team.members ? segments : 4 * team.members, count >= sharedRows);
  const bool more = state[stateLeaves] < maxLeaves;
  const bool first = more && splittable(left), second = more && splittable(right);
  if (!first && !second) return giveHistogram(rest);
  const int32_t smaller = leftCount <= count - leftCount ? left : right, larger = smaller == left ? right : left;
  const int32_t built = takeHistogram();
  const bool smallerWanted = smaller == left ? first : second, largerWanted = smaller == left ? second : first;
  step.scanned = (smallerWanted ? 1 : 0) | (largerWanted && rest >= 0 ? 2 : 0);
  build(smaller, built, rest);
  if (rest < 0) {
    rest = takeHistogram();
    // The first child's findings stay where they are.
    step.scanned = largerWanted ? 4 : 0;
    build(larger, rest, -1);
  }
  const int32_t ofSmaller = 0, ofLarger = 1;
  const bool leftSmaller = smaller == left;
  if (first) consider(left, leftSmaller ? built : rest, leftSmaller ? ofSmaller : ofLarger);
  else giveHistogram(leftSmaller ? built : rest);
  if (second) consider(right, leftSmaller ? rest : built, leftSmaller ? ofLarger : ofSmaller);
  else giveHistogram(leftSmaller ? rest : built);
}

/// Builds a node's histogram, takes it off its parent's (`rest`) where that is there, and scans what is wanted of both.
void GrowingBoostedTree::build(int32_t node, int32_t index, int32_t rest) {
  step.child = node;
  step.built = index;
  step.rest = rest;
  const double amount = of(node, nodeRows) * columnCount;
  const int32_t groups = groupCount(), members = team.members;
  const bool byRows = members > 1 && segments > 1 && (amount >= sharedByRows || groups < members) && amount >= sharedWork;
  if (byRows) offer(Piece::buildRows, segments < 2 * members ? segments : 2 * members, true);
  else offer(Piece::buildGroups, members > 1 && groups >= members ? members : 1, amount >= sharedWork);
  const int32_t pieces = (columnCount + scannedTogether - 1) / scannedTogether, most = 4 * members;
  const bool worthwhile = columnCount >= 2 * scannedTogether;
  step.scanned |= byRows ? 8 : 0;
  offer(Piece::merge, pieces < most ? pieces : most, worthwhile);
  if (bundles != nullptr && (step.scanned & 7) != 0) {
    const int32_t runs = (featureCount + scannedTogether - 1) / scannedTogether;
    offer(Piece::scan, runs < most ? runs : most, worthwhile);
  }
}

void GrowingBoostedTree::consider(int32_t node, int32_t index, int32_t child) {
  const double *byThreshold = gains + 2 * static_cast<size_t>(child) * static_cast<size_t>(featureCount), *bySets = byThreshold + featureCount;
  int32_t best = -1;
  double gain = minGain;
  for (int32_t feature = 0; feature < featureCount; feature++) {
    const double own = categoryCounts != nullptr && bySets[feature] > byThreshold[feature] ? bySets[feature] : byThreshold[feature];
    if (own > gain) {
      best = feature;
      gain = own;
    }
  }
  if (best < 0) return giveHistogram(index);
  const size_t found = static_cast<size_t>(child) * static_cast<size_t>(featureCount) + static_cast<size_t>(best);
  const bool bySet = categoryCounts != nullptr && bySets[best] > byThreshold[best];
  uint32_t* set = sets + setWords * node;
  if (bySet) std::memcpy(set, foundSets + setWords * found, setWords * sizeof *set);
  of(node, nodeHistogram) = index;
  of(node, nodeGain) = gain;
  of(node, nodeFeature) = best;
  of(node, nodeBin) = bySet ? -1 : splits[found] % binsOfFeature;
  of(node, nodeOpen) = 1;
  const Sums total = bundles == nullptr ? Sums{0, 0, 0} : totalOf(index);
  complete(node, planesOf(index, best, total) + 2 * binsOfFeature, bySet ? set[7] >> 31 != 0 : splits[found] >= binsOfFeature);
}

/// How many rows go left, and where missing values go: where none is seen, with the many.
void GrowingBoostedTree::complete(int32_t node, const double* counts, bool missingLeft) {
  const int32_t last = static_cast<int32_t>(of(node, nodeBin));
  uint32_t* set = sets + setWords * node;
  double left = 0;
  if (last >= 0) {
    for (int32_t bin = 0; bin <= last && bin < missingBin; bin++) left += counts[bin];
    if (missingLeft) left += counts[missingBin];
  } else {
    for (int32_t bin = 0; bin < binsOfFeature; bin++) {
      if (((set[bin >> 5] >> (bin & 31)) & 1) != 0) left += counts[bin];
    }
  }
  of(node, nodeLeftRows) = left;
  if (counts[missingBin] == 0) missingLeft = left > of(node, nodeRows) - left;
  of(node, nodeMissingLeft) = missingLeft ? 1 : 0;
  if (last < 0) set[7] = (set[7] & 0x7fffffffu) | (missingLeft ? 0x80000000u : 0);
}

/// By bin of the node's feature: 1 goes left.
void GrowingBoostedTree::tabulate(int32_t node) const {
  uint8_t* table = goesLeft();
  const int32_t last = static_cast<int32_t>(of(node, nodeBin));
  const uint32_t* set = sets + setWords * node;
  if (last < 0) {
    for (int32_t bin = 0; bin < binsOfFeature; bin++) table[bin] = static_cast<uint8_t>((set[bin >> 5] >> (bin & 31)) & 1);
    return;
  }
  std::memset(table, 1, static_cast<size_t>(last + 1));
  std::memset(table + last + 1, 0, static_cast<size_t>(binsOfFeature - last - 1));
  table[missingBin] = of(node, nodeMissingLeft) != 0 ? 1 : 0;
}

/// The same by bin of the feature's column: every bin of another feature says that this one has its usual bin.
void GrowingBoostedTree::spread(int32_t feature) const {
  if (bundles == nullptr) return;
  const int32_t *words = bundles + bundleWords * feature, first = words[1], binCount = words[2], usual = words[3];
  if (first == 0) return;
  uint8_t own[binsOfFeature], *table = goesLeft();
  std::memcpy(own, table, sizeof own);
  std::memset(table, own[usual], sizeof own);
  for (int32_t i = 0; i < binCount - 1; i++) table[first + i] = own[i < usual ? i : i + 1];
  table[first + binCount - 1] = own[missingBin];
}

/// The sums of a node: those of the column of the fewest bins.
Sums GrowingBoostedTree::totalOf(int32_t index) const {
  int32_t shortest = 0;
  for (int32_t column = 1; column < columnCount; column++) shortest = liveBins[column] < liveBins[shortest] ? column : shortest;
  const double* planes = histogram(index) + static_cast<size_t>(shortest) * histogramStride;
  Sums total = sumsOfBin(planes, missingBin);
  for (int32_t bin = 0; bin < liveBins[shortest]; bin++) total = addedSums(total, sumsOfBin(planes, bin));
  return total;
}

/// The three planes of a feature. What a shared column does not say of it is what is left of the node's sums.
const double* GrowingBoostedTree::planesOf(int32_t index, int32_t feature, const Sums& total) const {
  const double* columns = histogram(index);
  if (bundles == nullptr) return columns + static_cast<size_t>(feature) * histogramStride;
  const int32_t *words = bundles + bundleWords * feature, first = words[1], binCount = words[2], usual = words[3];
  const double* planes = columns + static_cast<size_t>(words[0]) * histogramStride;
  if (first == 0) return planes;
  double* out = ownPlanes();
  std::memset(out, 0, planesBytes);
  Sums left = total;
  for (int32_t i = 0; i < binCount; i++) {
    const int32_t bin = i == binCount - 1 ? missingBin : i < usual ? i : i + 1;
    const Sums sums = sumsOfBin(planes, first + i);
    out[bin] = sums.gradient;
    out[binsOfFeature + bin] = sums.hessian;
    out[2 * binsOfFeature + bin] = sums.count;
    left = Sums{left.gradient - sums.gradient, left.hessian - sums.hessian, left.count - sums.count};
  }
  out[usual] = left.gradient;
  out[binsOfFeature + usual] = left.hessian;
  out[2 * binsOfFeature + usual] = left.count;
  return out;
}

void GrowingBoostedTree::offer(Piece piece, int32_t parts, bool worthwhile) {
  if (team.members == 1 || parts == 1 || !worthwhile) {
    // One part is the whole.
    return work(piece, 0, 1);
  }
  team.words[teamKind] = static_cast<int32_t>(piece);
  std::memcpy(team.words + teamStep, &step, sizeof step);
  team.lead(parts, [&](int32_t part) LANEWISE_INLINE_LAMBDA { work(piece, part, parts); });
}

void GrowingBoostedTree::help() {
  team.follow([&](int32_t part) LANEWISE_INLINE_LAMBDA {
    std::memcpy(&step, team.words + teamStep, sizeof step);
    work(static_cast<Piece>(team.words[teamKind]), part, team.parts());
  });
}

void GrowingBoostedTree::work(Piece piece, int32_t part, int32_t parts) {
  switch (piece) {
    case Piece::part: return partRows(part, parts);
    case Piece::buildGroups: return buildGroups(part, parts);
    case Piece::buildRows: return buildRows(part, parts);
    case Piece::merge: return mergeColumns(part, parts);
    case Piece::scan: return scanFeatures(part, parts);
  }
}

void GrowingBoostedTree::partRows(int32_t part, int32_t parts) {
  const int32_t from = shareStart(segments, part, parts), to = shareStart(segments, part + 1, parts);
  const int32_t column = columnOf(static_cast<int32_t>(of(step.node, nodeFeature))), group = column / groupFeatures;
  const uint8_t* itsBins = bins + static_cast<size_t>(group) * static_cast<uint32_t>(groupBytes);
  uint32_t* aside = parted + static_cast<size_t>(team.member) * static_cast<size_t>(segmentRows + 16);
  for (int32_t stretch = 0; stretch <= (follows ? 1 : 0); stretch++) {
    rows_partition_u8(itsBins, goesLeft(), rows, rangesOf(step.node, stretch) + 2 * from, rangesOf(step.left, stretch) + 2 * from,
                      rangesOf(step.left + 1, stretch) + 2 * from, aside, dataRows, rowBytes, column % groupFeatures,
                      segmentRows, to - from);
  }
}

void GrowingBoostedTree::buildGroups(int32_t part, int32_t parts) {
  const int32_t from = shareStart(groupCount(), part, parts), to = shareStart(groupCount(), part + 1, parts);
  const int32_t first = from * groupFeatures, last = to * groupFeatures < columnCount ? to * groupFeatures : columnCount;
  const uint32_t* order = everyRow && step.child == 0 ? nullptr : rows;
  histogram_build_u8(bins + static_cast<size_t>(from) * static_cast<uint32_t>(groupBytes), packed, order, rangesOf(step.child, 0),
                     histogram(step.built) + static_cast<size_t>(first) * histogramStride, liveBins + first, ownScratch(),
                     dataRows, rowBytes, groupBytes, groupFeatures, last - first, segments, 1);
}

void GrowingBoostedTree::buildRows(int32_t part, int32_t parts) {
  const int32_t from = shareStart(segments, part, parts), to = shareStart(segments, part + 1, parts);
  int32_t& used = team.words[teamUsed + team.member];
  const int32_t fresh = used == step.child + 1 ? 0 : 1;
  used = step.child + 1;
  double* sums = team.member == 0 ? histogram(step.built) : partials + static_cast<size_t>(team.member - 1) * histogramLength();
  const uint32_t* order = everyRow && step.child == 0 ? nullptr : rows;
  histogram_build_u8(bins, packed, order, rangesOf(step.child, 0) + 2 * from, sums, liveBins, ownScratch(), dataRows, rowBytes,
                     groupBytes, groupFeatures, columnCount, to - from, fresh);
}

/// Of some columns: adds what the others summed, takes the child off its parent, and scans both.
void GrowingBoostedTree::mergeColumns(int32_t part, int32_t parts) {
  const int32_t first = shareStart(columnCount, part, parts), last = shareStart(columnCount, part + 1, parts);
  const size_t start = static_cast<size_t>(first) * histogramStride;
  double* built = histogram(step.built) + start;
  for (int32_t member = 1; member < team.members && (step.scanned & 8) != 0; member++) {
    if (team.words[teamUsed + member] != step.child + 1) continue;
    histogram_add_f64(built, partials + static_cast<size_t>(member - 1) * histogramLength() + start, liveBins + first, last - first);
  }
  if (step.rest >= 0) {
    double* rest = histogram(step.rest) + start;
    histogram_subtract_f64(rest, built, rest, liveBins + first, last - first);
  }
  if (bundles == nullptr) scanFeatures(part, parts);
}

void GrowingBoostedTree::scanFeatures(int32_t part, int32_t parts) {
  const int32_t first = shareStart(featureCount, part, parts), last = shareStart(featureCount, part + 1, parts);
  if ((step.scanned & 1) != 0) scan(step.built, 0, first, last);
  if ((step.scanned & 2) != 0) scan(step.rest, 1, first, last);
  if ((step.scanned & 4) != 0) scan(step.built, 1, first, last);
}

void GrowingBoostedTree::scan(int32_t index, int32_t child, int32_t first, int32_t last) const {
  if (bundles == nullptr) return scanRun(histogram(index) + static_cast<size_t>(first) * histogramStride, child, first, last - first);
  const Sums total = totalOf(index);
  for (int32_t feature = first; feature < last; feature++) scanRun(planesOf(index, feature, total), child, feature, 1);
}

void GrowingBoostedTree::scanRun(const double* planes, int32_t child, int32_t first, int32_t count) const {
  const size_t features = static_cast<size_t>(featureCount), run = static_cast<size_t>(first), found = static_cast<size_t>(child) * features + run;
  double* own = gains + 2 * static_cast<size_t>(child) * features + run;
  const uint8_t* mask = allowed == nullptr ? nullptr : allowed + first;
  constexpr double infinity = __builtin_inf();
  split_scan_f64(planes, binCounts + first, mask, nullptr, own, splits + found, gradientUnit, hessianUnit, l1, l2, maxDeltaStep,
                 minHessian, minSamples, -infinity, infinity, count);
  if (categoryCounts == nullptr) return;
  double* work = reinterpret_cast<double*>(ownScratch() + histogramScratch);
  category_scan_f64(planes, categoryCounts + first, mask, own + features, foundSets + setWords * found, work, gradientUnit,
                    hessianUnit, l1, l2, maxDeltaStep, minHessian, minSamples, -infinity, infinity, smooth, setL2, maxThreshold,
                    minPerGroup, maxToOnehot, count);
}

}  // namespace

int32_t tree_grow_u8(const uint8_t* bins, const int32_t* packed, uint32_t* rows, int32_t* ranges, double* histograms,
                     double* nodes, uint32_t* sets, int32_t* state, int32_t* team, const int32_t* liveBins,
                     const int32_t* binCounts, const int32_t* categoryCounts, const uint8_t* allowed, const int32_t* bundles,
                     double* partials, double* gains, int32_t* splits, uint32_t* foundSets, uint8_t* scratch, uint32_t* parted,
                     double gradientUnit, double hessianUnit, double l1, double l2, double maxDeltaStep, double minHessian,
                     double minSamples, double minGain, double smooth, double setL2, double maxThreshold, double minPerGroup,
                     double maxToOnehot, double maxDepth, double budget, int32_t maxLeaves, int32_t depthwise, int32_t follows,
                     int32_t everyRow, int32_t dataRows, int32_t rowBytes, int32_t groupBytes, int32_t groupFeatures,
                     int32_t columnCount, int32_t featureCount, int32_t segments, int32_t segmentRows, int32_t /*maxNodes*/,
                     int32_t histogramCount, int32_t member, int32_t members, int32_t /*waits*/) {
  const GrowArguments arguments{bins, packed, rows, ranges, histograms, nodes, sets, state, liveBins, binCounts, categoryCounts,
                                allowed, bundles, partials, gains, splits, foundSets, scratch, parted, gradientUnit,
                                hessianUnit, l1, l2, maxDeltaStep, minHessian, minSamples, minGain, smooth, setL2,
                                maxThreshold, minPerGroup, maxToOnehot, maxDepth, budget, maxLeaves, depthwise == 1,
                                follows == 1, everyRow == 1, dataRows, rowBytes, groupBytes, groupFeatures, columnCount,
                                featureCount, segments, segmentRows, histogramCount};
  GrowingBoostedTree tree(arguments, Team{team, member, members});
  if (member == 0) return tree.grow();
  tree.help();
  return 0;
}

}  // namespace lanewise::LANEWISE_ISA
