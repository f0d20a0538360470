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

}  // namespace lanewise::LANEWISE_ISA
