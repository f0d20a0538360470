// The law is src/kernels/tree-splitting.ts. Histograms lie as in tree-building.cpp.
namespace lanewise::LANEWISE_ISA {

namespace {

struct SplitRules {
  double gradientUnit, hessianUnit, l2, minHessian, minSamples;
};

struct Sums {
  double gradient, hessian, count;
};

/// What both sides of a split save, −∞ where one is too small. `side` is the left one.
LANEWISE_INLINE double scoreOf(const Sums& side, const Sums& total, const SplitRules& rules) {
  const double leftHessian = side.hessian * rules.hessianUnit;
  const double rightHessian = (total.hessian - side.hessian) * rules.hessianUnit;
  const double leftDivisor = leftHessian + rules.l2, rightDivisor = rightHessian + rules.l2;
  const double leftGradient = side.gradient * rules.gradientUnit;
  const double rightGradient = (total.gradient - side.gradient) * rules.gradientUnit;
  const bool allowed = (side.count >= rules.minSamples) & (total.count - side.count >= rules.minSamples) &
                       (leftHessian >= rules.minHessian) & (rightHessian >= rules.minHessian) & (leftDivisor > 0) &
                       (rightDivisor > 0);
  const double score =
      leftGradient * leftGradient / leftDivisor + rightGradient * rightGradient / rightDivisor;
  return allowed ? score : -__builtin_inf();
}

/// Sums of bins 0 … b, for every b: whole numbers, so any order of additions gives them.
struct Prefixes {
  double gradients[binsOfFeature], hessians[binsOfFeature], counts[binsOfFeature];
};

Sums sumBins(const double* planes, int32_t binCount, Prefixes& prefixes) {
  Sums sums{0, 0, 0};
  for (int32_t bin = 0; bin < binCount; bin++) {
    prefixes.gradients[bin] = sums.gradient += planes[bin];
    prefixes.hessians[bin] = sums.hessian += planes[binsOfFeature + bin];
    prefixes.counts[bin] = sums.count += planes[2 * binsOfFeature + bin];
  }
  return sums;
}

/// The best score after each bin, where `extra` (the missing values) goes left as well. An empty bin is no threshold.
void scoreBins(const double* planes, int32_t binCount, const Prefixes& prefixes, const Sums& extra, const Sums& total,
               const SplitRules& rules, double* scores) {
  const double* counts = planes + 2 * binsOfFeature;
  for (int32_t bin = 0; bin < binCount; bin++) {
    const Sums side{prefixes.gradients[bin] + extra.gradient, prefixes.hessians[bin] + extra.hessian,
                    prefixes.counts[bin] + extra.count};
    const double score = scoreOf(side, total, rules);
    scores[bin] = counts[bin] == 0 ? -__builtin_inf() : score;
  }
}

double largest(const double* scores, int32_t count, double least) {
  Vector<double> best = splat(least);
  int32_t i = 0;
  for (; i + vectorLength<double> <= count; i += vectorLength<double>) {
    const Vector<double> these = loadVector(scores + i);
    best = these > best ? these : best;
  }
  double result = least;
  for (int j = 0; j < vectorLength<double>; j++) result = best[j] > result ? best[j] : result;
  for (; i < count; i++) result = scores[i] > result ? scores[i] : result;
  return result;
}

/// The best threshold where nothing is held: vectors over the bins.
void scanFree(const double* planes, int32_t binCount, const SplitRules& rules, double& gain, int32_t& split) {
  Prefixes prefixes;
  double without[binsOfFeature], with[binsOfFeature];
  const Sums missing{planes[missingBin], planes[binsOfFeature + missingBin], planes[2 * binsOfFeature + missingBin]};
  const bool bothWays = missing.count != 0;
  const Sums known = sumBins(planes, binCount, prefixes);
  const Sums total{known.gradient + missing.gradient, known.hessian + missing.hessian, known.count + missing.count};
  scoreBins(planes, binCount, prefixes, Sums{0, 0, 0}, total, rules, without);
  if (bothWays) scoreBins(planes, binCount, prefixes, missing, total, rules, with);
  double best = largest(without, binCount, -__builtin_inf());
  if (bothWays) best = largest(with, binCount, best);
  split = -1;
  gain = -__builtin_inf();
  if (!(best > -__builtin_inf())) return;
  int32_t bin = 0;
  while (without[bin] != best && !(bothWays && with[bin] == best)) bin++;
  split = without[bin] == best ? bin : bin + binsOfFeature;
  const double nodeGradient = total.gradient * rules.gradientUnit, nodeHessian = total.hessian * rules.hessianUnit;
  gain = best - nodeGradient * nodeGradient / (nodeHessian + rules.l2);
}

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

}  // namespace

void split_scan_f64(const double* histogram, const int32_t* binCounts, const uint8_t* allowed, const int8_t* monotone,
                    double* gains, int32_t* splits, double gradientUnit, double hessianUnit, double l1, double l2,
                    double maxDeltaStep, double minHessian, double minSamples, double lower, double upper,
                    int32_t featureCount) {
  const SplitRules rules{gradientUnit, hessianUnit, l2, minHessian, minSamples};
  const Held held{l1, maxDeltaStep, lower, upper};
  const bool free = l1 == 0 && !(maxDeltaStep > 0) && lower == -__builtin_inf() && upper == __builtin_inf();
  for (int32_t feature = 0; feature < featureCount; feature++) {
    const double* planes = histogram + static_cast<size_t>(feature) * histogramStride;
    const int32_t binCount = allowed != nullptr && allowed[feature] == 0 ? 0 : binCounts[feature];
    const int32_t direction = monotone == nullptr ? 0 : monotone[feature];
    if (free && direction == 0) scanFree(planes, binCount, rules, gains[feature], splits[feature]);
    else scanHeld(planes, binCount, direction, rules, held, gains[feature], splits[feature]);
  }
}

}  // namespace lanewise::LANEWISE_ISA
