// Policy: src/kernels/gradient-descent.ts. Matrices are columns; the work goes in tiles of 256 rows.
namespace lanewise::LANEWISE_ISA {

namespace {

using Real = Vector<double>;
constexpr int step = vectorLength<double>;
constexpr int32_t tileRows = 256;

/// A column-major matrix from some row on.
struct Matrix {
  const double* first;
  size_t stride;
  int32_t columns;

  Matrix(const double* x, int32_t columnCount, int32_t columnStride)
      : first(x), stride(static_cast<size_t>(columnStride)), columns(columnCount) {}
  LANEWISE_INLINE const double* column(int32_t j) const { return first + static_cast<size_t>(j) * stride; }
  LANEWISE_INLINE Matrix from(int32_t row) const {
    Matrix rest = *this;
    rest.first += row;
    return rest;
  }
};

/// out = intercept, + coefficient·column for each column in order: some rows through all columns, then the next rows.
void scoreRows(const Matrix& x, const double* coefficients, double* out, int32_t rowCount) {
  constexpr int vectors = 4;
  const double intercept = coefficients[x.columns];
  int32_t i = 0;
  for (; i + vectors * step <= rowCount; i += vectors * step) {
    Real sums[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) sums[v] = splat(intercept);
    for (int32_t j = 0; j < x.columns; j++) {
      const Real factor = splat(coefficients[j]);
      const double* column = x.column(j) + i;
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) sums[v] = factor * loadVector(column + v * step) + sums[v];
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) storeVector(out + i + v * step, sums[v]);
  }
  const Matrix rest = x.from(i);
  forEachVector<double>(rowCount - i, [=](int32_t at, auto access) LANEWISE_INLINE_LAMBDA {
    Real sum = splat(intercept);
    for (int32_t j = 0; j < rest.columns; j++) sum = coefficients[j] * access.load(rest.column(j) + at) + sum;
    access.store(out + i + at, sum);
  });
}

LANEWISE_INLINE double dot(const double* x, const double* y, int32_t rowCount) {
  return laneSum<double>(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    return access.load(x + i) * access.load(y + i);
  });
}

LANEWISE_INLINE double sumOf(const double* x, int32_t rowCount) {
  return laneSum<double>(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA { return access.load(x + i); });
}

/// Adds a tile's residuals, column by column, to the gradient; four columns share the loads of the residuals where the
/// registers hold all their lanes.
void addGradient(const Matrix& x, const double* residuals, double* gradient, int32_t rowCount) {
  int32_t j = 0;
  if constexpr (vectorBytes == 64) {
    constexpr int columns = 4;
    if (rowCount == tileRows) {
      for (; j + columns <= x.columns; j += columns) {
        Lanes<double> lanes[columns];
        for (int32_t i = 0; i < tileRows; i += LANES) {
#pragma GCC unroll 4
          for (int k = 0; k < Lanes<double>::count; k++) {
            const Real residual = loadVector(residuals + i + k * step);
#pragma GCC unroll 4
            for (int c = 0; c < columns; c++) {
              lanes[c].sums[k] += loadVector(x.column(j + c) + i + k * step) * residual;
            }
          }
        }
        for (int c = 0; c < columns; c++) gradient[j + c] += lanes[c].fold();
      }
    }
  }
  for (; j < x.columns; j++) gradient[j] += dot(x.column(j), residuals, rowCount);
  gradient[x.columns] += sumOf(residuals, rowCount);
}

template <typename Access>
LANEWISE_INLINE Real weightsAt(const double* weights, int32_t i, Access access) {
  return weights == nullptr ? splat(1.0) : access.load(weights + i);
}

void clear(double* values, int32_t count) {
  for (int32_t i = 0; i < count; i++) values[i] = 0;
}

}  // namespace

double dot_f64(const double* x, const double* y, int32_t rowCount) { return dot(x, y, rowCount); }

void axpy_f64(const double* x, double* y, double a, int32_t rowCount) {
  for (int32_t i = 0; i < rowCount; i++) y[i] = a * x[i] + y[i];
}

void linear_scores_f64(const double* x, const double* coefficients, double* out, int32_t rowCount, int32_t columnCount,
                       int32_t columnStride) {
  scoreRows(Matrix(x, columnCount, columnStride), coefficients, out, rowCount);
}

double gradient_squared_f64(const double* x, const double* target, const double* weights, const double* coefficients,
                            double* gradient, double* margins, int32_t rowCount, int32_t columnCount,
                            int32_t columnStride) {
  const Matrix matrix(x, columnCount, columnStride);
  double* losses = margins + tileRows;
  clear(gradient, columnCount + 1);
  double loss = 0;
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    const Matrix tile = matrix.from(start);
    scoreRows(tile, coefficients, margins, rows);
    forEachVector<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      const Real weight = weightsAt(weights, start + i, access);
      const Real residual = access.load(margins + i) - access.load(target + start + i);
      access.store(losses + i, 0.5 * residual * residual * weight);
      access.store(margins + i, weight * residual);
    });
    loss += sumOf(losses, rows);
    addGradient(tile, margins, gradient, rows);
  }
  return loss;
}

double gradient_logistic_f64(const double* x, const double* target, const double* weights, const double* coefficients,
                             double* gradient, double* curvature, double* margins, int32_t rowCount,
                             int32_t columnCount, int32_t columnStride) {
  const Matrix matrix(x, columnCount, columnStride);
  double* losses = margins + tileRows;
  clear(gradient, columnCount + 1);
  double loss = 0;
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    const Matrix tile = matrix.from(start);
    scoreRows(tile, coefficients, margins, rows);
    forEachVector<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      const Real z = access.load(margins + i), truth = access.load(target + start + i);
      const Real weight = weightsAt(weights, start + i, access);
      const Real power = elementary::exp(elementary::negated(elementary::magnitude(z)));
      const Real share = 1 / (1 + power);
      const Real other = power * share;
      const Real probability = elementary::select(z < 0, other, share);
      const Real linear = elementary::select(z > 0, z, Real{}) - truth * z;
      access.store(losses + i, weight * (elementary::log1p(power) + linear));
      if (curvature != nullptr) access.store(curvature + start + i, weight * (other * share));
      access.store(margins + i, weight * (probability - truth));
    });
    loss += sumOf(losses, rows);
    addGradient(tile, margins, gradient, rows);
  }
  return loss;
}

namespace {

/// One vector of rows: margins of every class become residuals; returns the rows' losses.
template <typename Access>
LANEWISE_INLINE Real softmaxRows(double* tile, int32_t classCount, Real truth, Real weight, Access access) {
  using elementary::select;
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
    access.store(tile + k * tileRows, weight * (access.load(tile + k * tileRows) / sum - hit));
  }
  return weight * (elementary::log(sum) - own);
}

}  // namespace

double gradient_softmax_f64(const double* x, const double* target, const double* weights, const double* coefficients,
                            double* gradient, double* margins, int32_t rowCount, int32_t columnCount,
                            int32_t columnStride, int32_t classCount) {
  const Matrix matrix(x, columnCount, columnStride);
  double* losses = margins + classCount * tileRows;
  clear(gradient, classCount * (columnCount + 1));
  double loss = 0;
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    const Matrix tile = matrix.from(start);
    for (int32_t k = 0; k < classCount; k++) {
      scoreRows(tile, coefficients + k * (columnCount + 1), margins + k * tileRows, rows);
    }
    forEachVector<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      const Real weight = weightsAt(weights, start + i, access);
      const Real truth = access.load(target + start + i);
      access.store(losses + i, softmaxRows(margins + i, classCount, truth, weight, access));
    });
    loss += sumOf(losses, rows);
    for (int32_t k = 0; k < classCount; k++) {
      addGradient(tile, margins + k * tileRows, gradient + k * (columnCount + 1), rows);
    }
  }
  return loss;
}

namespace {

/// The Gram matrix sums in eight lanes: as many accumulators fit the registers as there are products in a block.
constexpr int gramLanes = 8;
constexpr int gramVectors = gramLanes / step;
constexpr int gramBlock = vectorBytes == 64 ? 4 : vectorBytes == 32 ? 2 : 1;

/// Adds the products of `I` weighted columns (tiles of 256) with `J` columns of x to the Gram matrix, at (i, j).
template <int I, int J>
LANEWISE_INLINE void addProducts(const double* weighted, const Matrix& x, int32_t i, int32_t j, int32_t rows,
                                 double* gram) {
  Real sums[I][J][gramVectors] = {};
  int32_t row = 0;
  for (; row + gramLanes <= rows; row += gramLanes) {
#pragma GCC unroll 4
    for (int v = 0; v < gramVectors; v++) {
#pragma GCC unroll 4
      for (int a = 0; a < I; a++) {
        const Real left = loadVector(weighted + a * tileRows + row + v * step);
#pragma GCC unroll 4
        for (int b = 0; b < J; b++) sums[a][b][v] += left * loadVector(x.column(j + b) + row + v * step);
      }
    }
  }
  for (int a = 0; a < I; a++) {
    for (int b = 0; b < J; b++) {
      double lanes[gramLanes];
      std::memcpy(lanes, sums[a][b], sizeof lanes);
      for (int32_t at = row; at < rows; at++) lanes[at - row] += weighted[a * tileRows + at] * x.column(j + b)[at];
      for (int width = gramLanes / 2; width >= 1; width /= 2) {
        for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[lane + width];
      }
      gram[static_cast<size_t>(i + a) * static_cast<size_t>(x.columns) + static_cast<size_t>(j + b)] += lanes[0];
    }
  }
}

/// Rows i … i + I − 1 of the lower triangle, and what lies right of the diagonal within the block.
template <int I>
void addRowsOfGram(const double* weighted, const Matrix& x, int32_t i, int32_t rows, double* gram) {
  int32_t j = 0;
  for (; j + gramBlock <= i + I; j += gramBlock) addProducts<I, gramBlock>(weighted, x, i, j, rows, gram);
  for (; j < i + I; j++) addProducts<I, 1>(weighted, x, i, j, rows, gram);
}

}  // namespace

void gram_f64(const double* x, const double* weights, double* gram, double* /*weighted*/, int32_t rowCount,
              int32_t columnCount, int32_t columnStride) {
  const Matrix matrix(x, columnCount, columnStride);
  const size_t width = static_cast<size_t>(columnCount);
  for (size_t k = 0; k < width * width; k++) gram[k] = 0;
  double block[gramBlock * tileRows];
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    const Matrix tile = matrix.from(start);
    for (int32_t i = 0; i < columnCount; i += gramBlock) {
      const int32_t count = columnCount - i < gramBlock ? columnCount - i : gramBlock;
      for (int32_t a = 0; a < count; a++) {
        const double* column = tile.column(i + a);
        for (int32_t row = 0; row < rows; row++) {
          block[a * tileRows + row] = weights == nullptr ? column[row] : weights[start + row] * column[row];
        }
      }
      if (count == gramBlock) {
        addRowsOfGram<gramBlock>(block, tile, i, rows, gram);
      } else {
        for (int32_t a = 0; a < count; a++) addRowsOfGram<1>(block + a * tileRows, tile, i + a, rows, gram);
      }
    }
  }
  // The lower triangle is the law's; the other half is its mirror.
  for (size_t i = 0; i < width; i++) {
    for (size_t j = 0; j < i; j++) gram[j * width + i] = gram[i * width + j];
  }
}

}  // namespace lanewise::LANEWISE_ISA
