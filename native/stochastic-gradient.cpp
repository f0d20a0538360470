// Policy: src/kernels/stochastic-gradient.ts. Matrices are rows, padded to a multiple of eight.
namespace lanewise::LANEWISE_ISA {

namespace stochastic {

using Real = Vector<double>;
constexpr int step = vectorLength<double>;
constexpr int lanes = 8;
constexpr double largestDerivative = 1e12;

/// Eight lanes, folded in halves.
LANEWISE_INLINE double rowProduct(const double* row, const double* factors, int32_t width) {
  constexpr int count = lanes / step;
  Real sums[count];
#pragma GCC unroll 4
  for (int k = 0; k < count; k++) sums[k] = Real{};
  for (int32_t j = 0; j < width; j += lanes) {
#pragma GCC unroll 4
    for (int k = 0; k < count; k++) {
      sums[k] += loadVector(factors + j + k * step) * loadVector(row + j + k * step);
    }
  }
  return foldLanes<count, double>(sums);
}

LANEWISE_INLINE double magnitude(double x) { return __builtin_fabs(x); }

struct Loss {
  double value;
  double slope;
};

LANEWISE_INLINE Loss logistic(double margin, double y) {
  const double power = elementary::exp(splat(-magnitude(margin)))[0];
  const double share = 1 / (1 + power);
  const double value = elementary::log1p(splat(power))[0] + (margin < 0 ? -margin : 0);
  return {value, -y * (margin < 0 ? share : power * share)};
}

LANEWISE_INLINE Loss lossAt(int32_t loss, double parameter, double decision, double y) {
  const double margin = y * decision, error = decision - y, size = magnitude(error);
  switch (loss) {
    case 0:
      return margin <= parameter ? Loss{parameter - margin, -y} : Loss{0, 0};
    case 1:
      return logistic(margin, y);
    case 2:
      if (margin >= 1) return {0, 0};
      if (margin >= -1) return {(1 - margin) * (1 - margin), 2 * (1 - margin) * -y};
      return {-4 * margin, -4 * y};
    case 3: {
      const double missing = 1 - margin;
      return missing > 0 ? Loss{missing * missing, -2 * y * missing} : Loss{0, 0};
    }
    case 4:
      return {0.5 * error * error, error};
    case 5:
      if (size <= parameter) return {0.5 * error * error, error};
      return {parameter * (size - 0.5 * parameter), error > 0 ? parameter : -parameter};
    case 6:
      return size > parameter ? Loss{size - parameter, error > 0 ? 1.0 : -1.0} : Loss{0, 0};
    default: {
      const double over = size - parameter;
      return over > 0 ? Loss{over * over, error > 0 ? 2 * over : -2 * over} : Loss{0, 0};
    }
  }
}

/// What L1 is due, less what it has taken of each coefficient, never beyond 0.
LANEWISE_INLINE void takeL1(double* state, double* taken, double due, int32_t width) {
  for (int32_t j = 0; j < width; j++) {
    const double before = state[j];
    double after = before;
    if (before > 0) {
      const double left = before - (due + taken[j]);
      after = left > 0 ? left : 0;
    } else if (before < 0) {
      const double left = before + (due - taken[j]);
      after = left < 0 ? left : 0;
    }
    state[j] = after;
    taken[j] = taken[j] + (after - before);
  }
}

}  // namespace stochastic

void sgd_steps_f64(const double* x, const double* target, const double* weights, const int32_t* order,
                   const double* rates, double* state, double* updates, int32_t width, int32_t /*rowCount*/,
                   int32_t orderCount, int32_t batchSize, int32_t loss, double parameter, int32_t positive, double l1,
                   double l2, int32_t averageFrom, int32_t intercept) {
  using namespace stochastic;
  const size_t line = static_cast<size_t>(width);
  double* average = state + line;
  double* taken = average + line;
  double* scalars = taken + line;
  double offset = scalars[0], steps = scalars[3], losses = scalars[4];
  for (int32_t start = 0; start < orderCount; start += batchSize) {
    const int32_t count = orderCount - start < batchSize ? orderCount - start : batchSize;
    const double rate = *rates++;
    for (int32_t i = 0; i < count; i++) {
      if (start + i + 4 < orderCount) {
        const double* ahead = x + static_cast<size_t>(order[start + i + 4]) * line;
        for (int32_t j = 0; j < width; j += lanes) __builtin_prefetch(ahead + j);
      }
      const size_t row = static_cast<size_t>(order[start + i]);
      const double decision = rowProduct(x + row * line, state, width) + offset;
      const double y = positive < 0 ? target[row] : target[row] == static_cast<double>(positive) ? 1 : -1;
      const double weight = weights == nullptr ? 1 : weights[row];
      Loss at = lossAt(loss, parameter, decision, y);
      if (at.slope > largestDerivative) {
        at.slope = largestDerivative;
      } else if (at.slope < -largestDerivative) {
        at.slope = -largestDerivative;
      }
      losses += weight * at.value;
      updates[i] = (-rate * at.slope * weight) / static_cast<double>(count);
    }
    const double kept = 1 - rate * l2;
    double shrink = kept > 0 ? kept : 0;
    for (int32_t i = 0; i < count; i++) {
      const double update = updates[i];
      if (update == 0) continue;
      const double* row = x + static_cast<size_t>(order[start + i]) * line;
      for (int32_t j = 0; j < width; j++) state[j] = state[j] * shrink + update * row[j];
      shrink = 1;
      if (intercept == 1) offset += update;
    }
    if (shrink != 1) {
      for (int32_t j = 0; j < width; j++) state[j] *= shrink;
    }
    steps += 1;
    if (l1 > 0) {
      scalars[2] += rate * l1;
      takeL1(state, taken, scalars[2], width);
    }
    if (averageFrom > 0 && steps >= averageFrom) {
      const double share = 1 / (steps - averageFrom + 1);
      for (int32_t j = 0; j < width; j++) average[j] = average[j] + (state[j] - average[j]) * share;
      scalars[1] = scalars[1] + (offset - scalars[1]) * share;
    }
  }
  scalars[0] = offset;
  scalars[3] = steps;
  scalars[4] = losses;
}

int32_t dual_coordinate_steps_f64(const double* x, const double* target, const double* upper, const double* diagonal,
                                  const double* squares, int32_t* order, double* duals, double* coefficients,
                                  double* largest, int32_t width, int32_t /*rowCount*/, int32_t orderCount,
                                  double epsilon, int32_t oneSided, double threshold) {
  constexpr double infinity = __builtin_inf();
  const size_t line = static_cast<size_t>(width);
  int32_t kept = 0;
  double most = 0;
  for (int32_t k = 0; k < orderCount; k++) {
    if (k + 4 < orderCount) {
      const double* ahead = x + static_cast<size_t>(order[k + 4]) * line;
      for (int32_t j = 0; j < width; j += stochastic::lanes) __builtin_prefetch(ahead + j);
    }
    const size_t row = static_cast<size_t>(order[k]);
    const double* own = x + row * line;
    const double y = target[row], bound = upper[row], dual = duals[row], extra = diagonal[row];
    const double least = oneSided == 1 && y >= 0 ? 0 : -bound;
    const double highest = oneSided == 1 && y < 0 ? 0 : bound;
    const double slope = stochastic::rowProduct(own, coefficients, width) - y + extra * dual;
    double low = dual > 0 ? slope + epsilon : slope - epsilon;
    double high = dual < 0 ? slope - epsilon : slope + epsilon;
    if (dual <= least) low = -infinity;
    if (dual >= highest) high = infinity;
    const double violation = low > -high ? low : -high;
    if (violation < -threshold) continue;
    order[kept++] = static_cast<int32_t>(row);
    if (!(violation > 0)) continue;
    if (violation > most) most = violation;
    const double curvature = squares[row] + extra;
    double next = low > 0 ? least : highest;
    if (curvature > 0) {
      const double free = dual - slope / curvature;
      const double dead = epsilon / curvature;
      next = free > dead ? free - dead : free < -dead ? free + dead : 0;
      if (next < least) next = least;
      if (next > highest) next = highest;
    }
    const double change = next - dual;
    if (change == 0) continue;
    duals[row] = next;
    for (int32_t j = 0; j < width; j++) coefficients[j] = coefficients[j] + change * own[j];
  }
  largest[0] = most;
  return kept;
}

}  // namespace lanewise::LANEWISE_ISA
