// What the kernels of linear models share: a column-major matrix and its scores.
namespace lanewise::LANEWISE_ISA::linear {

using Real = Vector<double>;
inline constexpr int step = vectorLength<double>;
inline constexpr int32_t tileRows = 256;

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
inline void scoreRows(const Matrix& x, const double* coefficients, double* out, int32_t rowCount) {
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

}  // namespace lanewise::LANEWISE_ISA::linear
