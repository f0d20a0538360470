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

}  // namespace lanewise::LANEWISE_ISA
