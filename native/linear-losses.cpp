// Losses of linear models, a tile of 256 rows at a time; src/kernels/linear-losses.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace linear {

using elementary::negated;
using elementary::magnitude;
using elementary::select;

inline constexpr int laneVectors = LANES / step;
inline constexpr int32_t productTiles = 32;

LANEWISE_INLINE void fill(double* values, int32_t count, double value) {
  for (int32_t i = 0; i < count; i++) values[i] = value;
}

/// The sum of 32 lanes that lie in memory.
LANEWISE_INLINE double foldLanesAt(const double* lanes) {
  Real sums[laneVectors];
  for (int k = 0; k < laneVectors; k++) sums[k] = loadVector(lanes + k * step);
  return foldLanes<laneVectors, double>(sums);
}

LANEWISE_INLINE void addLanes(const double* x, double* lanes, int32_t rows) {
  int32_t i = 0;
  for (; i + LANES <= rows; i += LANES) {
    for (int lane = 0; lane < LANES; lane += step) storeVector(lanes + lane, loadVector(lanes + lane) + loadVector(x + i + lane));
  }
  for (int lane = 0; i + lane < rows; lane++) lanes[lane] += x[i + lane];
}

/// Adds x[c]·slopes of a tile to the lanes of `columns` columns, which share the loads of the slopes: lanes from `first` on,
/// `vectors` vectors of them at once, as many as the registers hold.
template <int columns, int vectors>
LANEWISE_INLINE void addProducts(const Matrix& x, int32_t j, const double* slopes, double* lanes, int32_t rows, int first) {
  Real sums[columns][vectors];
#pragma GCC unroll 4
  for (int c = 0; c < columns; c++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) sums[c][v] = loadVector(lanes + c * LANES + first + v * step);
  }
  for (int32_t i = first; i + LANES - first <= rows; i += LANES) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
      const Real slope = loadVector(slopes + i + v * step);
#pragma GCC unroll 4
      for (int c = 0; c < columns; c++) sums[c][v] += loadVector(x.column(j + c) + i + v * step) * slope;
    }
  }
#pragma GCC unroll 4
  for (int c = 0; c < columns; c++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) storeVector(lanes + c * LANES + first + v * step, sums[c][v]);
  }
  if (first + vectors * step < LANES) return;
  const int32_t whole = rows - rows % LANES;
  for (int c = 0; c < columns; c++) {
    for (int32_t i = whole; i < rows; i++) lanes[c * LANES + i - whole] += x.column(j + c)[i] * slopes[i];
  }
}

template <int columns>
LANEWISE_INLINE void addProducts(const Matrix& x, int32_t j, const double* slopes, double* lanes, int32_t rows) {
  constexpr int vectors = laneVectors < 4 ? laneVectors : 4;
#pragma GCC unroll 8
  for (int first = 0; first < LANES; first += vectors * step) addProducts<columns, vectors>(x, j, slopes, lanes, rows, first);
}

/// Adds a tile's products to the lanes of every column's sum, then its slopes to those of the intercept's.
inline void addTile(const Matrix& x, const double* slopes, double* lanes, int32_t rows) {
  constexpr int together = vectorBytes == 64 ? 4 : 2;
  int32_t j = 0;
  for (; j + together <= x.columns; j += together) addProducts<together>(x, j, slopes, lanes + j * LANES, rows);
  for (; j < x.columns; j++) addProducts<1>(x, j, slopes, lanes + j * LANES, rows);
  addLanes(slopes, lanes + x.columns * LANES, rows);
}

inline void foldGradient(const double* lanes, double* gradient, int32_t count) {
  for (int32_t j = 0; j < count; j++) gradient[j] = foldLanesAt(lanes + j * LANES);
}

/// What a loss says of a row: its value, first and second derivative by the margin.
struct Terms {
  Real loss, slope, curvature;
};

/// A tile of rows: margins become slopes, losses lie a tile behind them.
struct Tile {
  double* margins;
  const double *target, *weights;
  double* curvature;
  int32_t rows;

  template <typename Access>
  LANEWISE_INLINE void put(int32_t i, Access access, const Terms& terms) const {
    const Real weight = weights == nullptr ? splat(1.0) : access.load(weights + i);
    access.store(margins + tileRows + i, weight * terms.loss);
    if (curvature != nullptr) access.store(curvature + i, weight * terms.curvature);
    access.store(margins + i, weight * terms.slope);
  }

  /// `terms(margin, target)` of every row.
  template <typename RowLoss>
  LANEWISE_INLINE void each(RowLoss terms) const {
    forEachVector<double>(rows, [=, *this](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      put(i, access, terms(access.load(margins + i), access.load(target + i)));
    });
  }

  /// Without weights, `products` takes 1 + power lane by lane, and behind it what rounding takes from that.
  void logistic(double* products) const {
    forEachVector<double>(rows, [=, *this](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      const Real z = access.load(margins + i), y = access.load(target + i);
      const Real power = elementary::exp(negated(magnitude(z)));
      const Real factor = 1 + power;
      const Real share = 1 / factor;
      const Real other = power * share;
      const Real slope = select(z < 0, other, share) - y;
      const Real straight = select(z > 0, z, Real{}) - y * z;
      if (weights != nullptr) return put(i, access, {elementary::log1p(power) + straight, slope, other * share});
      put(i, access, {straight, slope, other * share});
      double* lane = products + i % LANES;
      access.store(lane, access.load(lane) * factor);
      access.store(lane + LANES, access.load(lane + LANES) + (power - (factor - 1)) * share);
    });
  }
};

/// The logarithms of the products of every lane, with what they lost.
inline double foldProducts(double* products) {
  for (int lane = 0; lane < LANES; lane += step) {
    storeVector(products + lane, elementary::log(loadVector(products + lane)) + loadVector(products + LANES + lane));
  }
  return foldLanesAt(products);
}

/// u where it is positive or NaN, else 0.
LANEWISE_INLINE Real positivePart(Real u) { return select(u <= 0, Real{}, u); }

inline void hingeTile(const Tile& tile, double a) {
  tile.each([=](Real z, Real y) LANEWISE_INLINE_LAMBDA {
    const Real side = 2 * y - 1, u = 1 - side * z;
    const auto beyond = u > a, within = u > 0;
    const Real loss = select(beyond, u - 0.5 * a, select(within, 0.5 * u * u / a, positivePart(u)));
    const Real slope = select(beyond, negated(side), select(within, negated(side * (u / a)), Real{}));
    return Terms{loss, slope, select(beyond, 0, select(within, 1 / a, Real{}))};
  });
}

inline void squaredHingeTile(const Tile& tile) {
  tile.each([](Real z, Real y) LANEWISE_INLINE_LAMBDA {
    const Real side = 2 * y - 1, u = 1 - side * z;
    const Real held = positivePart(u);
    return Terms{held * held, side * (-2 * held), select(u > 0, 2, Real{})};
  });
}

inline void huberTile(const Tile& tile, double a) {
  tile.each([=](Real z, Real y) LANEWISE_INLINE_LAMBDA {
    const Real error = z - y, size = magnitude(error);
    const auto within = size <= a;
    const Real loss = select(within, 0.5 * error * error, a * size - 0.5 * a * a);
    const Real slope = select(within, error, select(error < 0, -a, splat(a)));
    return Terms{loss, slope, select(within, 1, Real{})};
  });
}

inline void quantileTile(const Tile& tile, double a, double b) {
  const double tilt = a - 0.5;
  tile.each([=](Real z, Real y) LANEWISE_INLINE_LAMBDA {
    const Real rest = y - z, size = magnitude(rest);
    const auto within = size < b;
    const Real loss = tilt * rest + select(within, 0.25 * (rest * rest / b + b), 0.5 * size);
    const Real bent = tilt + select(within, 0.5 * rest / b, select(rest < 0, -0.5, splat(0.5)));
    return Terms{loss, negated(bent), select(within, 0.5 / b, Real{})};
  });
}

inline void tweedieTile(const Tile& tile, double a, double b) {
  const double p = 2 - a, q = 1 - a;
  tile.each([=](Real z, Real y) LANEWISE_INLINE_LAMBDA {
    const Real first = elementary::exp(p * z), second = y * elementary::exp(q * z);
    return Terms{first / p - second / q, first - second, b != 0 ? first : p * first - q * second};
  });
}

inline void identityTile(const Tile& tile, double a, double b) {
  const double p = 2 - a, q = 1 - a;
  tile.each([=](Real z, Real y) LANEWISE_INLINE_LAMBDA {
    const Real logarithm = elementary::log(z);
    const Real power = elementary::exp(q * logarithm), ratio = y / z;
    const Real first = a == 2 ? logarithm : z * power / p;
    const Real second = a == 1 ? y * logarithm : y * power / q;
    const Real bend = b != 0 ? splat(1.0) : q + a * ratio;
    return Terms{first - second, power * (1 - ratio), power / z * bend};
  });
}

inline void applyLoss(const Tile& tile, int32_t loss, double a, double b, double* products) {
  switch (loss) {
    case 0:
      return tile.each([](Real z, Real y) LANEWISE_INLINE_LAMBDA {
        const Real error = z - y;
        return Terms{0.5 * error * error, error, splat(1.0)};
      });
    case 1: return tile.logistic(products);
    case 2: return hingeTile(tile, a);
    case 3: return squaredHingeTile(tile);
    case 4: return huberTile(tile, a);
    case 5: return quantileTile(tile, a, b);
    case 6:
      return tile.each([](Real z, Real y) LANEWISE_INLINE_LAMBDA {
        const Real mean = elementary::exp(z);
        return Terms{mean - y * z, mean - y, mean};
      });
    case 7:
      return tile.each([](Real z, Real y) LANEWISE_INLINE_LAMBDA {
        const Real ratio = y * elementary::exp(negated(z));
        return Terms{z + ratio, 1 - ratio, ratio};
      });
    case 8: return tweedieTile(tile, a, b);
    default: return identityTile(tile, a, b);
  }
}

}  // namespace linear

double gradient_linear_f64(const double* x, const double* target, const double* weights, const double* coefficients,
                           double* gradient, double* curvature, double* scratch, int32_t loss, double a, double b,
                           int32_t rowCount, int32_t columnCount, int32_t columnStride) {
  using namespace linear;
  const Matrix matrix(x, columnCount, columnStride);
  double *lanes = scratch + 2 * tileRows, *lossLanes = lanes + (columnCount + 1) * LANES, *products = lossLanes + LANES;
  const bool inProducts = loss == 1 && weights == nullptr;
  fill(lanes, (columnCount + 2) * LANES, 0);
  double logarithms = 0;
  for (int32_t start = 0, tile = 0; start < rowCount; start += tileRows, tile++) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    if (inProducts && tile % productTiles == 0) {
      fill(products, LANES, 1);
      fill(products + LANES, LANES, 0);
    }
    const Matrix part = matrix.from(start);
    scoreRows(part, coefficients, scratch, rows);
    applyLoss({scratch, target + start, weights == nullptr ? nullptr : weights + start,
               curvature == nullptr ? nullptr : curvature + start, rows},
              loss, a, b, products);
    addLanes(scratch + tileRows, lossLanes, rows);
    addTile(part, scratch, lanes, rows);
    if (inProducts && (tile % productTiles == productTiles - 1 || start + tileRows >= rowCount)) {
      logarithms += foldProducts(products);
    }
  }
  foldGradient(lanes, gradient, columnCount + 1);
  return foldLanesAt(lossLanes) + logarithms;
}

void hessian_linear_f64(const double* x, const double* curvature, const double* direction, double* product,
                        double* scratch, int32_t rowCount, int32_t columnCount, int32_t columnStride) {
  using namespace linear;
  const Matrix matrix(x, columnCount, columnStride);
  double* lanes = scratch + 2 * tileRows;
  fill(lanes, (columnCount + 1) * LANES, 0);
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    const Matrix part = matrix.from(start);
    scoreRows(part, direction, scratch, rows);
    forEachVector<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      access.store(scratch + i, access.load(curvature + start + i) * access.load(scratch + i));
    });
    addTile(part, scratch, lanes, rows);
  }
  foldGradient(lanes, product, columnCount + 1);
}

namespace linear {

/// One vector of rows: margins of every class become slopes; returns the rows' losses.
template <typename Access>
LANEWISE_INLINE Real softmaxRows(double* tile, int32_t classCount, Real truth, Real weight, double* probabilities,
                                 int32_t rowCount, Access access) {
  Real highest = access.load(tile);
  for (int32_t k = 1; k < classCount; k++) {
    const Real margin = access.load(tile + k * tileRows);
    highest = select(margin > highest, margin, highest);
  }
  Real own{}, sum{};
  for (int32_t k = 0; k < classCount; k++) {
    const Real margin = access.load(tile + k * tileRows) - highest;
    own = select(truth == static_cast<double>(k), margin, own);
    const Real power = elementary::exp(margin);
    access.store(tile + k * tileRows, power);
    sum += power;
  }
  for (int32_t k = 0; k < classCount; k++) {
    const Real hit = select(truth == static_cast<double>(k), 1, Real{});
    const Real probability = access.load(tile + k * tileRows) / sum;
    if (probabilities != nullptr) access.store(probabilities + static_cast<size_t>(k) * static_cast<size_t>(rowCount), probability);
    access.store(tile + k * tileRows, weight * (probability - hit));
  }
  return weight * (elementary::log(sum) - own);
}

/// The margins of every class for a tile.
LANEWISE_INLINE void classScores(const Matrix& x, const double* coefficients, double* scratch, int32_t rows, int32_t classCount) {
  for (int32_t k = 0; k < classCount; k++) scoreRows(x, coefficients + k * (x.columns + 1), scratch + k * tileRows, rows);
}

LANEWISE_INLINE void addClassTiles(const Matrix& x, const double* scratch, double* lanes, int32_t rows, int32_t classCount) {
  for (int32_t k = 0; k < classCount; k++) addTile(x, scratch + k * tileRows, lanes + k * (x.columns + 1) * LANES, rows);
}

}  // namespace linear

double gradient_softmax_f64(const double* x, const double* target, const double* weights, const double* coefficients,
                            double* gradient, double* probabilities, double* scratch, int32_t rowCount,
                            int32_t columnCount, int32_t columnStride, int32_t classCount) {
  using namespace linear;
  const Matrix matrix(x, columnCount, columnStride);
  const int32_t sums = classCount * (columnCount + 1);
  double *losses = scratch + classCount * tileRows, *lanes = losses + tileRows, *lossLanes = lanes + sums * LANES;
  fill(lanes, (sums + 1) * LANES, 0);
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    const Matrix part = matrix.from(start);
    classScores(part, coefficients, scratch, rows, classCount);
    forEachVector<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      const Real weight = weights == nullptr ? splat(1.0) : access.load(weights + start + i);
      const Real truth = access.load(target + start + i);
      double* shares = probabilities == nullptr ? nullptr : probabilities + start + i;
      access.store(losses + i, softmaxRows(scratch + i, classCount, truth, weight, shares, rowCount, access));
    });
    addLanes(losses, lossLanes, rows);
    addClassTiles(part, scratch, lanes, rows, classCount);
  }
  foldGradient(lanes, gradient, sums);
  return foldLanesAt(lossLanes);
}

void hessian_softmax_f64(const double* x, const double* weights, const double* probabilities, const double* direction,
                         double* product, double* scratch, int32_t rowCount, int32_t columnCount, int32_t columnStride,
                         int32_t classCount) {
  using namespace linear;
  const Matrix matrix(x, columnCount, columnStride);
  const int32_t sums = classCount * (columnCount + 1);
  const size_t line = static_cast<size_t>(rowCount);
  double* lanes = scratch + (classCount + 1) * tileRows;
  fill(lanes, sums * LANES, 0);
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    const Matrix part = matrix.from(start);
    classScores(part, direction, scratch, rows, classCount);
    forEachVector<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      const Real weight = weights == nullptr ? splat(1.0) : access.load(weights + start + i);
      const double* shares = probabilities + start + i;
      Real mean{};
      for (int32_t k = 0; k < classCount; k++) {
        mean += access.load(shares + static_cast<size_t>(k) * line) * access.load(scratch + k * tileRows + i);
      }
      for (int32_t k = 0; k < classCount; k++) {
        double* slope = scratch + k * tileRows + i;
        const Real share = access.load(shares + static_cast<size_t>(k) * line);
        access.store(slope, weight * (share * (access.load(slope) - mean)));
      }
    });
    addClassTiles(part, scratch, lanes, rows, classCount);
  }
  foldGradient(lanes, product, sums);
}

}  // namespace lanewise::LANEWISE_ISA
