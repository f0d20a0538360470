// The law is src/kernels/tree-splitting.ts. Histograms lie as in tree-building.cpp.
namespace lanewise::LANEWISE_ISA {

namespace {

/// What the value of a side is held to.
struct Held {
  double l1, maxDeltaStep, lower, upper;

  LANEWISE_INLINE double threshold(double gradient) const {
    return gradient > l1 ? gradient - l1 : gradient < -l1 ? gradient + l1 : 0;
  }

  LANEWISE_INLINE double hold(double value) const {
    const double step = maxDeltaStep > 0 ? clamp(value, -maxDeltaStep, maxDeltaStep) : value;
    return clamp(step, lower, upper);
  }

  static LANEWISE_INLINE double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
  }
};

/// A side's gradient with its L1 taken off, its hessian with its L2 added, and the value it is held to.
struct Side {
  double gradient, divisor, value;

  LANEWISE_INLINE Side(double sum, double hessian, double l2, const Held& held)
      : gradient(held.threshold(sum)), divisor(hessian + l2), value(held.hold(-gradient / divisor)) {}

  /// Twice the loss that it saves.
  LANEWISE_INLINE double gain() const {
    if (value == -gradient / divisor) return gradient * gradient / divisor;
    return -(2 * gradient * value + divisor * value * value);
  }
};

/// What both sides save, −∞ where one is too small or their values are in the wrong order.
LANEWISE_INLINE double heldScore(const Sums& side, const Sums& total, const SplitRules& rules, const Held& held,
                                 int32_t direction) {
  const double leftHessian = side.hessian * rules.hessianUnit;
  const double rightHessian = (total.hessian - side.hessian) * rules.hessianUnit;
  const bool allowed = (side.count >= rules.minSamples) & (total.count - side.count >= rules.minSamples) &
                       (leftHessian >= rules.minHessian) & (rightHessian >= rules.minHessian) &
                       (leftHessian + rules.l2 > 0) & (rightHessian + rules.l2 > 0);
  if (!allowed) return -__builtin_inf();
  const Side left(side.gradient * rules.gradientUnit, leftHessian, rules.l2, held);
  const Side right((total.gradient - side.gradient) * rules.gradientUnit, rightHessian, rules.l2, held);
  if (direction > 0 && left.value > right.value) return -__builtin_inf();
  if (direction < 0 && left.value < right.value) return -__builtin_inf();
  return left.gain() + right.gain();
}

void scanHeld(const double* planes, int32_t binCount, int32_t direction, const SplitRules& rules, const Held& held,
              double& gain, int32_t& split) {
  const double *hessians = planes + binsOfFeature, *counts = planes + 2 * binsOfFeature;
  const Sums missing{planes[missingBin], hessians[missingBin], counts[missingBin]};
  Sums total = missing;
  for (int32_t bin = 0; bin < binCount; bin++) {
    total = Sums{total.gradient + planes[bin], total.hessian + hessians[bin], total.count + counts[bin]};
  }
  double best = -__builtin_inf();
  split = -1;
  Sums left{0, 0, 0};
  for (int32_t bin = 0; bin < binCount; bin++) {
    if (counts[bin] == 0) continue;
    left = Sums{left.gradient + planes[bin], left.hessian + hessians[bin], left.count + counts[bin]};
    const double without = heldScore(left, total, rules, held, direction);
    if (without > best) {
      best = without;
      split = bin;
    }
    if (missing.count == 0) continue;
    const Sums joined{left.gradient + missing.gradient, left.hessian + missing.hessian, left.count + missing.count};
    const double with = heldScore(joined, total, rules, held, direction);
    if (with > best) {
      best = with;
      split = bin + binsOfFeature;
    }
  }
  const Side node(total.gradient * rules.gradientUnit, total.hessian * rules.hessianUnit, rules.l2, held);
  gain = split < 0 ? -__builtin_inf() : best - node.gain();
}

/// What a set of categories is held to, beside what holds for every split.
struct CategoryRules {
  const SplitRules& split;
  const Held& held;
  /// Nothing holds the values of sides.
  bool free;
  double smooth, setL2, maxThreshold, minPerGroup, maxToOnehot;

  LANEWISE_INLINE double gain(double gradient, double hessian, double l2) const {
    const double g = gradient * split.gradientUnit, h = hessian * split.hessianUnit;
    return free ? g * g / (h + l2) : Side(g, h, l2, held).gain();
  }

  /// What parting a node saves; −∞ where a side is too small.
  LANEWISE_INLINE double saved(const Sums& left, const Sums& total, double l2) const {
    const double leftHessian = left.hessian * split.hessianUnit;
    const double rightHessian = (total.hessian - left.hessian) * split.hessianUnit;
    const bool enough = (left.count >= split.minSamples) & (total.count - left.count >= split.minSamples) &
                        (leftHessian >= split.minHessian) & (rightHessian >= split.minHessian) &
                        (leftHessian + l2 > 0) & (rightHessian + l2 > 0);
    if (!enough) return -__builtin_inf();
    return gain(left.gradient, left.hessian, l2) +
           gain(total.gradient - left.gradient, total.hessian - left.hessian, l2);
  }
};

/// Bins of a categorical feature in the order of their ratios.
struct CategoryOrder {
  double* ratios;
  int32_t *bins, *aside;

  LANEWISE_INLINE bool before(int32_t a, int32_t b) const { return ratios[a] < ratios[b]; }

  /// Stable: by insertion in runs of eight, which are merged then. Bins ascend at first.
  void sort(int32_t count) {
    constexpr int32_t run = 8;
    for (int32_t i = 1; i < count; i++) {
      const int32_t bin = bins[i], start = i - i % run;
      int32_t at = i;
      for (; at > start && before(bin, bins[at - 1]); at--) bins[at] = bins[at - 1];
      bins[at] = bin;
    }
    for (int32_t width = run; width < count; width *= 2) {
      for (int32_t start = 0; start + width < count; start += 2 * width) {
        const int32_t middle = start + width;
        merge(start, middle, middle + width < count ? middle + width : count);
      }
    }
  }

  void merge(int32_t start, int32_t middle, int32_t end) {
    if (!before(bins[middle], bins[middle - 1])) return;
    for (int32_t i = start; i < middle; i++) aside[i] = bins[i];
    int32_t left = start, right = middle;
    for (int32_t at = start; left < middle; at++) {
      const bool fromRight = right < end && before(bins[right], aside[left]);
      bins[at] = fromRight ? bins[right++] : aside[left++];
    }
  }
};

LANEWISE_INLINE void putIntoSet(uint32_t* set, int32_t bin) { set[bin >> 5] |= uint32_t{1} << (bin & 31); }

double oneAgainstRest(const double* planes, const CategoryOrder& order, int32_t present, const Sums& total,
                      const CategoryRules& rules, uint32_t* set) {
  double best = -__builtin_inf();
  int32_t category = -1;
  for (int32_t i = 0; i < present; i++) {
    const double saved = rules.saved(sumsOfBin(planes, order.bins[i]), total, rules.split.l2);
    if (saved > best) {
      best = saved;
      category = order.bins[i];
    }
  }
  if (category < 0) return best;
  putIntoSet(set, category);
  return best - rules.gain(total.gradient, total.hessian, rules.split.l2);
}

/// Keeps the bins with rows enough, sorted by their ratios; returns how many they are.
int32_t sortCategories(const double* planes, CategoryOrder& order, int32_t present, const CategoryRules& rules) {
  int32_t count = 0;
  for (int32_t i = 0; i < present; i++) {
    const int32_t bin = order.bins[i];
    const Sums sums = sumsOfBin(planes, bin);
    if (sums.count < rules.smooth) continue;
    const double divisor = sums.hessian * rules.split.hessianUnit + rules.smooth;
    order.ratios[bin] = divisor > 0 ? sums.gradient * rules.split.gradientUnit / divisor : 0;
    order.bins[count++] = bin;
  }
  order.sort(count);
  return count;
}

double bestEnd(const double* planes, CategoryOrder& order, int32_t present, const Sums& total,
               const CategoryRules& rules, uint32_t* set) {
  const int32_t count = sortCategories(planes, order, present, rules);
  const double half = (count + 1) / 2, most = rules.maxThreshold < half ? rules.maxThreshold : half;
  double best = -__builtin_inf();
  int32_t length = 0, bestWay = 0;
  for (int32_t way = 0; way < 2; way++) {
    Sums left{0, 0, 0};
    double inGroup = 0;
    for (int32_t i = 0; i < most; i++) {
      const Sums bin = sumsOfBin(planes, order.bins[way == 1 ? count - 1 - i : i]);
      left = addedSums(left, bin);
      inGroup += bin.count;
      if (total.count - left.count < rules.minPerGroup) break;
      if (inGroup < rules.minPerGroup) continue;
      inGroup = 0;
      const double saved = rules.saved(left, total, rules.split.l2 + rules.setL2);
      if (saved > best) {
        best = saved;
        length = i + 1;
        bestWay = way;
      }
    }
  }
  if (length == 0) return best;
  for (int32_t i = 0; i < length; i++) putIntoSet(set, order.bins[bestWay == 1 ? count - 1 - i : i]);
  return best - rules.gain(total.gradient, total.hessian, rules.split.l2);
}

double bestSet(const double* planes, int32_t binCount, CategoryOrder& order, const CategoryRules& rules,
               uint32_t* set) {
  Sums total{0, 0, 0};
  int32_t present = 0;
  for (int32_t i = 0; i <= binCount && binCount > 0; i++) {
    const int32_t bin = i < binCount ? i : missingBin;
    const Sums sums = sumsOfBin(planes, bin);
    if (sums.count == 0) continue;
    total = addedSums(total, sums);
    order.bins[present++] = bin;
  }
  if (present < 2) return -__builtin_inf();
  return present <= rules.maxToOnehot ? oneAgainstRest(planes, order, present, total, rules, set)
                                      : bestEnd(planes, order, present, total, rules, set);
}

}  // namespace

void split_scan_f64(const double* histogram, const int32_t* binCounts, const uint8_t* allowed, const int8_t* monotone,
                    double* gains, int32_t* splits, double gradientUnit, double hessianUnit, double l1, double l2,
                    double maxDeltaStep, double minHessian, double minSamples, double lower, double upper,
                    int32_t featureCount) {
  const SplitRules rules{gradientUnit, hessianUnit, l2, minHessian, minSamples};
  const Held held{l1, maxDeltaStep, lower, upper};
  const bool unheld = l1 == 0 && !(maxDeltaStep > 0) && lower == -__builtin_inf() && upper == __builtin_inf() &&
                      minHessian > 0;
  for (int32_t feature = 0; feature < featureCount; feature++) {
    const double* planes = histogram + static_cast<size_t>(feature) * histogramStride;
    const int32_t binCount = allowed != nullptr && allowed[feature] == 0 ? 0 : binCounts[feature];
    const int32_t direction = monotone == nullptr ? 0 : monotone[feature];
    if (unheld && direction == 0) scanUnheld(planes, binCount, rules, gains[feature], splits[feature]);
    else scanHeld(planes, binCount, direction, rules, held, gains[feature], splits[feature]);
  }
}

void category_scan_f64(const double* histogram, const int32_t* binCounts, const uint8_t* allowed, double* gains,
                       uint32_t* sets, double* scratch, double gradientUnit, double hessianUnit, double l1, double l2,
                       double maxDeltaStep, double minHessian, double minSamples, double lower, double upper,
                       double smooth, double setL2, double maxThreshold, double minPerGroup, double maxToOnehot,
                       int32_t featureCount) {
  const SplitRules split{gradientUnit, hessianUnit, l2, minHessian, minSamples};
  const Held held{l1, maxDeltaStep, lower, upper};
  const bool free = l1 == 0 && !(maxDeltaStep > 0) && lower == -__builtin_inf() && upper == __builtin_inf();
  const CategoryRules rules{split, held, free, smooth, setL2, maxThreshold, minPerGroup, maxToOnehot};
  int32_t* const bins = reinterpret_cast<int32_t*>(scratch + binsOfFeature);
  CategoryOrder order{scratch, bins, bins + binsOfFeature};
  for (int32_t feature = 0; feature < featureCount; feature++) {
    uint32_t* const set = sets + 8 * static_cast<size_t>(feature);
    std::memset(set, 0, 8 * sizeof *set);
    const int32_t binCount = allowed != nullptr && allowed[feature] == 0 ? 0 : binCounts[feature];
    const double* planes = histogram + static_cast<size_t>(feature) * histogramStride;
    gains[feature] = bestSet(planes, binCount, order, rules, set);
  }
}

}  // namespace lanewise::LANEWISE_ISA
