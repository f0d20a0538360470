// Kernel machines: src/kernels/support-vectors.ts is the law. Points lie in panels of eight.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int svmPanelPoints = 8;
constexpr int svmPanelVectors = svmPanelPoints / step;
/// Panels and rows of a tile: as many sums as the registers hold beside what is multiplied.
constexpr int svmTilePanels = vectorBytes == 64 ? 4 : 1;
constexpr int svmTileRows = vectorBytes == 64 ? 4 : 2;
constexpr int32_t svmBlockSupports = 64;

enum KernelKind : int32_t { linearKernel = 0, polyKernel = 1, rbfKernel = 2, sigmoidKernel = 3 };

struct KernelFunction {
  int32_t kind;
  double gamma, coef0;
  int32_t degree;

  LANEWISE_INLINE Real power(Real square) const {
    Real result = splat(1.0);
    for (int32_t rest = degree; rest > 0; rest >>= 1) {
      if (rest & 1) result *= square;
      square *= square;
    }
    return result;
  }

  /// Sums become kernel values; `count` is a multiple of eight.
  void finish(double* values, int32_t count) const {
    if (kind == rbfKernel) {
      for (int32_t i = 0; i < count; i += step) storeVector(values + i, elementary::exp(-gamma * loadVector(values + i)));
    } else if (kind == polyKernel) {
      for (int32_t i = 0; i < count; i += step) storeVector(values + i, power(gamma * loadVector(values + i) + coef0));
    } else if (kind == sigmoidKernel) {
      for (int32_t i = 0; i < count; i += step) {
        storeVector(values + i, elementary::tanh(gamma * loadVector(values + i) + coef0));
      }
    }
  }
};

/// Sums over the coordinates, of squared differences or of products, of some panels and some rows: stored at
/// out + row·line, panel after panel.
template <int rows, int panels, bool squared>
LANEWISE_INLINE void sumTile(const double* first, const double* const (&queries)[rows], int32_t dimension, double* out,
                             size_t line) {
  Real sums[rows][panels][svmPanelVectors] = {};
  const size_t panelSize = static_cast<size_t>(dimension) * svmPanelPoints;
  for (int32_t j = 0; j < dimension; j++) {
    Real points[panels][svmPanelVectors];
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
#pragma GCC unroll 4
      for (int v = 0; v < svmPanelVectors; v++) {
        points[p][v] = loadVector(first + static_cast<size_t>(p) * panelSize + j * svmPanelPoints + v * step);
      }
    }
#pragma GCC unroll 4
    for (int q = 0; q < rows; q++) {
      const Real coordinate = splat(queries[q][j]);
#pragma GCC unroll 4
      for (int p = 0; p < panels; p++) {
#pragma GCC unroll 4
        for (int v = 0; v < svmPanelVectors; v++) {
          if constexpr (squared) {
            const Real difference = points[p][v] - coordinate;
            sums[q][p][v] = difference * difference + sums[q][p][v];
          } else {
            sums[q][p][v] = points[p][v] * coordinate + sums[q][p][v];
          }
        }
      }
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < rows; q++) {
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
#pragma GCC unroll 4
      for (int v = 0; v < svmPanelVectors; v++) {
        storeVector(out + static_cast<size_t>(q) * line + p * svmPanelPoints + v * step, sums[q][p][v]);
      }
    }
  }
}

/// Sums of `rows` neighbouring rows with panels [0, panelCount).
template <int rows, bool squared>
void sumRows(const double* panels, int32_t panelCount, const double* query, int32_t dimension, double* out, size_t line) {
  const size_t panelSize = static_cast<size_t>(dimension) * svmPanelPoints;
  const double* queries[rows];
  for (int q = 0; q < rows; q++) queries[q] = query + static_cast<size_t>(q) * static_cast<size_t>(dimension);
  int32_t p = 0;
  for (; p + svmTilePanels <= panelCount; p += svmTilePanels) {
    sumTile<rows, svmTilePanels, squared>(panels + static_cast<size_t>(p) * panelSize, queries, dimension,
                                          out + p * svmPanelPoints, line);
  }
  for (; p < panelCount; p++) {
    sumTile<rows, 1, squared>(panels + static_cast<size_t>(p) * panelSize, queries, dimension, out + p * svmPanelPoints, line);
  }
}

/// Sums of all rows with some panels.
template <bool squared>
void sumBlock(const double* panels, int32_t panelCount, const double* queries, int32_t queryCount, int32_t dimension,
              double* out, size_t line) {
  const size_t width = static_cast<size_t>(dimension);
  int32_t i = 0;
  for (; i + svmTileRows <= queryCount; i += svmTileRows) {
    const size_t at = static_cast<size_t>(i);
    sumRows<svmTileRows, squared>(panels, panelCount, queries + at * width, dimension, out + at * line, line);
  }
  for (; i < queryCount; i++) {
    const size_t at = static_cast<size_t>(i);
    sumRows<1, squared>(panels, panelCount, queries + at * width, dimension, out + at * line, line);
  }
}

void sumKernel(int32_t kind, const double* panels, int32_t panelCount, const double* queries, int32_t queryCount,
               int32_t dimension, double* out, size_t line) {
  if (kind == rbfKernel) {
    sumBlock<true>(panels, panelCount, queries, queryCount, dimension, out, line);
  } else {
    sumBlock<false>(panels, panelCount, queries, queryCount, dimension, out, line);
  }
}

LANEWISE_INLINE int32_t svmPanels(int32_t points) { return (points + svmPanelPoints - 1) / svmPanelPoints; }

}  // namespace

void kernel_rows_f64(const double* panels, const double* queries, double* out, int32_t pointCount, int32_t queryCount,
                     int32_t dimension, int32_t outStride, int32_t kind, double gamma, double coef0, int32_t degree) {
  const size_t line = static_cast<size_t>(outStride);
  const int32_t panelCount = svmPanels(pointCount);
  const KernelFunction function{kind, gamma, coef0, degree};
  sumKernel(kind, panels, panelCount, queries, queryCount, dimension, out, line);
  for (int32_t q = 0; q < queryCount; q++) {
    function.finish(out + static_cast<size_t>(q) * line, panelCount * svmPanelPoints);
  }
}

namespace {

/// out = coefficient·value + out for the points of some panels, support by support.
template <int panels>
LANEWISE_INLINE void addExpansion(const double* coefficients, const double* values, int32_t count, double* out) {
  Real sums[panels][svmPanelVectors];
#pragma GCC unroll 4
  for (int p = 0; p < panels; p++) {
#pragma GCC unroll 4
    for (int v = 0; v < svmPanelVectors; v++) sums[p][v] = loadVector(out + p * svmPanelPoints + v * step);
  }
  for (int32_t i = 0; i < count; i++) {
    const Real factor = splat(coefficients[i]);
#pragma GCC unroll 4
    for (int p = 0; p < panels; p++) {
#pragma GCC unroll 4
      for (int v = 0; v < svmPanelVectors; v++) {
        sums[p][v] = factor * loadVector(values + (i * panels + p) * svmPanelPoints + v * step) + sums[p][v];
      }
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < panels; p++) {
#pragma GCC unroll 4
    for (int v = 0; v < svmPanelVectors; v++) storeVector(out + p * svmPanelPoints + v * step, sums[p][v]);
  }
}

struct Expansion {
  const double* panels;
  const double* supports;
  const double* coefficients;
  const double* intercepts;
  double* out;
  double* values;
  int32_t supportCount, dimension, outputCount;
  size_t line;
  KernelFunction function;

  /// The expansions of the points of `count` panels from `panel` on.
  template <int count>
  void expand(int32_t panel) const {
    constexpr int points = count * svmPanelPoints;
    const size_t width = static_cast<size_t>(dimension);
    double* place = out + static_cast<size_t>(panel) * svmPanelPoints;
    for (int32_t k = 0; k < outputCount; k++) {
      for (int t = 0; t < points; t++) place[static_cast<size_t>(k) * line + static_cast<size_t>(t)] = intercepts[k];
    }
    const double* first = panels + static_cast<size_t>(panel) * width * svmPanelPoints;
    for (int32_t start = 0; start < supportCount; start += svmBlockSupports) {
      const int32_t block = supportCount - start < svmBlockSupports ? supportCount - start : svmBlockSupports;
      sumKernel(function.kind, first, count, supports + static_cast<size_t>(start) * width, block, dimension, values, points);
      function.finish(values, block * points);
      for (int32_t k = 0; k < outputCount; k++) {
        const size_t row = static_cast<size_t>(k);
        addExpansion<count>(coefficients + row * static_cast<size_t>(supportCount) + start, values, block, place + row * line);
      }
    }
  }
};

}  // namespace

void kernel_expand_f64(const double* panels, const double* supports, const double* coefficients, const double* intercepts,
                       double* out, double* values, int32_t pointCount, int32_t supportCount, int32_t dimension,
                       int32_t outputCount, int32_t kind, double gamma, double coef0, int32_t degree) {
  const int32_t total = svmPanels(pointCount);
  const Expansion expansion{panels,       supports,    coefficients, intercepts, out, values, supportCount,
                            dimension,    outputCount, static_cast<size_t>(total) * svmPanelPoints,
                            {kind, gamma, coef0, degree}};
  int32_t panel = 0;
  for (; panel + 4 <= total; panel += 4) expansion.expand<4>(panel);
  for (; panel < total; panel++) expansion.expand<1>(panel);
}

namespace {

constexpr double svmTau = 1e-12;

/// The greatest of some values and the first place that has it.
struct Greatest {
  using Places = elementary::Bits;
  Real values = splat(-elementary::infinity);
  Places places = splat<int64_t>(-1);

  LANEWISE_INLINE void offer(elementary::Bits better, Real value, Places at) {
    values = better ? value : values;
    places = better ? at : places;
  }

  LANEWISE_INLINE int32_t first(double& value) const {
    int64_t place = -1;
    value = -elementary::infinity;
    for (int lane = 0; lane < step; lane++) {
      if (values[lane] > value || (values[lane] == value && places[lane] >= 0 && (place < 0 || places[lane] < place))) {
        value = values[lane];
        place = places[lane];
      }
    }
    return static_cast<int32_t>(place);
  }
};

LANEWISE_INLINE elementary::Bits countingPlaces() {
  elementary::Bits places{};
  for (int lane = 0; lane < step; lane++) places[lane] = lane;
  return places;
}

struct DualProblem {
  const double* diagonal;
  const double* lower;
  const double* upper;
  double* beta;
  double* scores;
  double* raise;
  double* fall;
  int32_t count;
  double epsilon;

  LANEWISE_INLINE void setShifts(int32_t t) const {
    const double value = beta[t];
    raise[t] = value < upper[t] ? (value >= 0 ? epsilon : -epsilon) : elementary::infinity;
    fall[t] = value > lower[t] ? (value > 0 ? epsilon : -epsilon) : -elementary::infinity;
  }

  /// Moves the scores along a step, where there is one; finds the first that gains most from rising, and both extremes.
  template <bool moving>
  int32_t moveScores(const double* row, const double* other, double distance, double& highest, double& lowest) const {
    Greatest greatest;
    Real least = splat(elementary::infinity);
    elementary::Bits places = countingPlaces();
    int32_t t = 0;
    for (; t + step <= count; t += step, places += step) {
      Real score = loadVector(scores + t);
      if constexpr (moving) {
        score = score - distance * (loadVector(row + t) - loadVector(other + t));
        storeVector(scores + t, score);
      }
      const Real up = score - loadVector(raise + t), down = score - loadVector(fall + t);
      greatest.offer(up > greatest.values, up, places);
      least = down < least ? down : least;
    }
    int32_t first = greatest.first(highest);
    lowest = least[0];
    for (int lane = 1; lane < step; lane++) lowest = least[lane] < lowest ? least[lane] : lowest;
    for (; t < count; t++) {
      if constexpr (moving) scores[t] = scores[t] - distance * (row[t] - other[t]);
      const double up = scores[t] - raise[t], down = scores[t] - fall[t];
      if (up > highest) {
        highest = up;
        first = t;
      }
      if (down < lowest) lowest = down;
    }
    return first;
  }

  int32_t partner(const double* row, double own, double highest) const {
    Greatest greatest;
    elementary::Bits places = countingPlaces();
    int32_t t = 0;
    for (; t + step <= count; t += step, places += step) {
      const Real violation = highest - (loadVector(scores + t) - loadVector(fall + t));
      const elementary::Bits open = violation > 0;
      const Real curvature = own + loadVector(diagonal + t) - 2 * loadVector(row + t);
      const Real gain = violation * violation / elementary::select(curvature > 0, curvature, splat(svmTau));
      greatest.offer(open & (gain > greatest.values), gain, places);
    }
    double best;
    int32_t second = greatest.first(best);
    for (; t < count; t++) {
      const double violation = highest - (scores[t] - fall[t]);
      if (!(violation > 0)) continue;
      const double curvature = own + diagonal[t] - 2 * row[t];
      const double gain = violation * violation / (curvature > 0 ? curvature : svmTau);
      if (gain > best) {
        best = gain;
        second = t;
      }
    }
    return second;
  }
};

enum SmoEnd : int32_t { smoConverged = 0, smoIterations = 1, smoRowMissing = 2, smoStalled = 3 };

}  // namespace

int32_t smo_steps_f64(const double* rows, const int32_t* slots, int32_t* stamps, const double* diagonal,
                      const double* lower, const double* upper, double* beta, double* scores, double* raise,
                      double* fall, double* state, int32_t count, int32_t stride, int32_t /*slotCount*/,
                      int32_t maxIterations, double epsilon, double tolerance) {
  const DualProblem problem{diagonal, lower, upper, beta, scores, raise, fall, count, epsilon};
  const size_t line = static_cast<size_t>(stride);
  for (int32_t t = 0; t < count; t++) problem.setShifts(t);
  int32_t first = problem.moveScores<false>(nullptr, nullptr, 0, state[1], state[2]);
  for (;;) {
    const double highest = state[1];
    if (!(highest - state[2] > tolerance)) return smoConverged;
    if (state[0] >= maxIterations) return smoIterations;
    state[3] = first;
    if (slots[first] < 0) return smoRowMissing;
    stamps[slots[first]] = static_cast<int32_t>(state[0]);
    const double* row = rows + static_cast<size_t>(slots[first]) * line;
    const int32_t second = problem.partner(row, diagonal[first], highest);
    if (second < 0) return smoStalled;
    state[3] = second;
    if (slots[second] < 0) return smoRowMissing;
    stamps[slots[second]] = static_cast<int32_t>(state[0]);
    const double* other = rows + static_cast<size_t>(slots[second]) * line;

    const double violation = highest - (scores[second] - fall[second]);
    const double found = diagonal[first] + diagonal[second] - 2 * row[second];
    const double curvature = found > 0 ? found : svmTau;
    const double ceiling = beta[first] < 0 ? 0 : upper[first];
    const double floor = beta[second] > 0 ? 0 : lower[second];
    const double room = ceiling - beta[first], otherRoom = beta[second] - floor;
    double distance = violation / curvature;
    if (room < distance) distance = room;
    if (otherRoom < distance) distance = otherRoom;
    const double risen = distance == room ? ceiling : beta[first] + distance;
    const double fallen = distance == otherRoom ? floor : beta[second] - distance;
    if (!(distance > 0) || (risen == beta[first] && fallen == beta[second])) return smoStalled;
    beta[first] = risen;
    beta[second] = fallen;
    problem.setShifts(first);
    problem.setShifts(second);
    state[4] = state[4] - (distance * violation - 0.5 * distance * distance * curvature);
    state[0] = state[0] + 1;
    first = problem.moveScores<true>(row, other, distance, state[1], state[2]);
  }
}

}  // namespace lanewise::LANEWISE_ISA
