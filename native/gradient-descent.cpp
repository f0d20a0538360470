// Policy: src/kernels/gradient-descent.ts. Matrices are columns; the work goes in tiles of 256 rows.
namespace lanewise::LANEWISE_ISA {

namespace {

using namespace linear;

LANEWISE_INLINE double dot(const double* x, const double* y, int32_t rowCount) {
  return laneSum<double>(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    return access.load(x + i) * access.load(y + i);
  });
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
