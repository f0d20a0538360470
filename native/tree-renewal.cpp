// Gathered rows and quantiles of leaves; src/kernels/tree-renewal.ts is the law.
namespace lanewise::LANEWISE_ISA {

void values_gather_f64(const double* values, const double* minuend, const uint32_t* rows, double* out,
                       int32_t absolute, int32_t, int32_t rowCount) {
  const bool unsignedValues = absolute == 1;
  for (int32_t i = 0; i < rowCount; i++) {
    const double value = minuend == nullptr ? values[rows[i]] : minuend[rows[i]] - values[rows[i]];
    out[i] = unsignedValues ? __builtin_fabs(value) : value;
  }
}

void derivatives_clear_f32(const uint32_t* rows, float* gradients, float* hessians, int32_t, int32_t rowCount) {
  for (int32_t i = 0; i < rowCount; i++) {
    gradients[rows[i]] = 0;
    hessians[rows[i]] = 0;
  }
}

namespace renewal {

/// Doubles as integers of the same order, and back.
LANEWISE_INLINE int64_t ordered(int64_t bits) { return bits ^ ((bits >> 63) & INT64_MAX); }

LANEWISE_INLINE int64_t keyOf(double value) {
  int64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return ordered(bits);
}

LANEWISE_INLINE double valueOf(int64_t key) {
  const int64_t bits = ordered(key);
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Hoare's selection: afterwards keys[wanted] is in its place, with none smaller behind it. Pivots are drawn at random,
/// so that no order of the values makes it slow; which they are does not show.
inline void selectKey(int64_t* keys, int32_t count, int32_t wanted) {
  int32_t low = 0, high = count - 1;
  uint32_t state = 0x9e3779b9;
  while (low < high) {
    state = state * 1664525u + 1013904223u;
    const int64_t pivot = keys[low + static_cast<int32_t>((uint64_t{state} * static_cast<uint64_t>(high - low + 1)) >> 32)];
    int32_t i = low, j = high;
    while (i <= j) {
      while (keys[i] < pivot) i++;
      while (keys[j] > pivot) j--;
      if (i > j) break;
      const int64_t left = keys[i];
      keys[i++] = keys[j];
      keys[j--] = left;
    }
    if (wanted <= j) {
      high = j;
    } else if (wanted >= i) {
      low = i;
    } else {
      return;
    }
  }
}

LANEWISE_INLINE double middle(double value, double next) {
  return (next == value ? value : 0.5 * value + 0.5 * next) + 0.0;
}

inline double weightedQuantile(const double* values, const double* weights, uint32_t* places, double level,
                               int32_t rowCount) {
  for (int32_t row = 0; row < rowCount; row++) places[row] = static_cast<uint32_t>(row);
  sortPlaces(values, places, places + rowCount, rowCount);
  double total = 0;
  int32_t last = -1;
  for (int32_t i = 0; i < rowCount; i++) {
    if (!(weights[places[i]] > 0)) continue;
    total += weights[places[i]];
    last = i;
  }
  if (last < 0) return 0;
  const double limit = level * total;
  double sum = 0;
  for (int32_t i = 0; i <= last; i++) {
    if (!(weights[places[i]] > 0)) continue;
    sum += weights[places[i]];
    if (sum < limit && i != last) continue;
    const double value = values[places[i]];
    if (sum != limit || i == last) return value + 0.0;
    i++;
    while (!(weights[places[i]] > 0)) i++;
    return middle(value, values[places[i]]);
  }
  return 0;
}

}  // namespace renewal

double quantile_select_f64(const double* values, const double* weights, double* scratch, double level,
                           int32_t rowCount) {
  if (rowCount == 0) return 0;
  if (weights != nullptr) {
    return renewal::weightedQuantile(values, weights, reinterpret_cast<uint32_t*>(scratch), level, rowCount);
  }
  int64_t* keys = reinterpret_cast<int64_t*>(scratch);
  for (int32_t row = 0; row < rowCount; row++) keys[row] = renewal::keyOf(values[row]);
  const double limit = level * rowCount;
  const int32_t ceiling = static_cast<int32_t>(__builtin_ceil(limit)) - 1;
  const int32_t wanted = ceiling < 0 ? 0 : ceiling < rowCount - 1 ? ceiling : rowCount - 1;
  renewal::selectKey(keys, rowCount, wanted);
  const double value = renewal::valueOf(keys[wanted]);
  if (wanted + 1 != limit || wanted + 1 == rowCount) return value + 0.0;
  int64_t next = keys[wanted + 1];
  for (int32_t row = wanted + 2; row < rowCount; row++) next = keys[row] < next ? keys[row] : next;
  return renewal::middle(value, renewal::valueOf(next));
}

double clipped_mean_f64(const double* values, const double* weights, double*, double center, double delta,
                        int32_t rowCount) {
  constexpr int32_t tileRows = 256;
  double sum = 0, total = 0;
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    const double* part = values + start;
    const double* own = weights == nullptr ? nullptr : weights + start;
    sum += laneSum<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      const Vector<double> distance = access.load(part + i) - center;
      const Vector<double> held =
          elementary::select(distance > delta, delta, elementary::select(distance < -delta, -delta, distance));
      return own == nullptr ? held : access.load(own + i) * held;
    });
    total += own == nullptr
                 ? rows
                 : laneSum<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA { return access.load(own + i); });
  }
  return total > 0 ? center + sum / total : center;
}

}  // namespace lanewise::LANEWISE_ISA
