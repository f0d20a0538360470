// The cuts between the runs of one feature, and the best of them: part of forest_grow_u8 and forest_grow_u16.
namespace lanewise::LANEWISE_ISA {

namespace {

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

}  // namespace

}  // namespace lanewise::LANEWISE_ISA
