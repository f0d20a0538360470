// Policy: src/kernels/coordinate-descent.ts. Matrices are columns.
namespace lanewise::LANEWISE_ISA {

namespace coordinates {

LANEWISE_INLINE double softThreshold(double value, double threshold, int32_t positive) {
  if (value > threshold) return value - threshold;
  return positive == 0 && value < -threshold ? value + threshold : 0;
}

LANEWISE_INLINE double dot(const double* x, const double* y, int32_t rowCount) {
  return laneSum<double>(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    return access.load(x + i) * access.load(y + i);
  });
}

LANEWISE_INLINE void addScaled(const double* x, double* y, double a, int32_t count) {
  for (int32_t i = 0; i < count; i++) y[i] = a * x[i] + y[i];
}

}  // namespace coordinates

double coordinate_residual_f64(const double* x, double* residual, double* coefficients, const double* l1,
                               const double* l2, const double* squares, const int32_t* indices, int32_t rowCount,
                               int32_t /*columnCount*/, int32_t columnStride, int32_t indexCount, int32_t positive) {
  double largest = 0;
  for (int32_t k = 0; k < indexCount; k++) {
    const size_t j = static_cast<size_t>(indices[k]);
    const double length = squares[j], old = coefficients[j];
    if (length == 0) continue;
    const double* column = x + j * static_cast<size_t>(columnStride);
    const double inner = coordinates::dot(column, residual, rowCount) + length * old;
    const double next = coordinates::softThreshold(inner, l1[j], positive) / (length + l2[j]);
    if (next == old) continue;
    const double change = old - next;
    coordinates::addScaled(column, residual, change, rowCount);
    coefficients[j] = next;
    const double moved = length * change * change;
    if (moved > largest) largest = moved;
  }
  return largest;
}

void coordinate_correlations_f64(const double* x, const double* residual, double* correlations, const int32_t* indices,
                                 int32_t rowCount, int32_t /*columnCount*/, int32_t columnStride, int32_t indexCount) {
  for (int32_t k = 0; k < indexCount; k++) {
    const size_t j = static_cast<size_t>(indices[k]);
    correlations[j] = coordinates::dot(x + j * static_cast<size_t>(columnStride), residual, rowCount);
  }
}

int32_t coordinate_gram_f64(const double* gram, double* correlations, double* coefficients, const double* l1,
                            const double* l2, const int32_t* indices, int32_t columnCount, int32_t indexCount,
                            int32_t positive, double limit, int32_t passCount) {
  int32_t done = 0;
  while (done < passCount) {
    done++;
    double largest = 0;
    for (int32_t k = 0; k < indexCount; k++) {
      const size_t j = static_cast<size_t>(indices[k]);
      const double* row = gram + j * static_cast<size_t>(columnCount);
      const double length = row[j], old = coefficients[j];
      if (length == 0) continue;
      const double inner = correlations[j] + length * old;
      const double next = coordinates::softThreshold(inner, l1[j], positive) / (length + l2[j]);
      if (next == old) continue;
      const double change = old - next;
      coordinates::addScaled(row, correlations, change, columnCount);
      coefficients[j] = next;
      const double moved = length * change * change;
      if (moved > largest) largest = moved;
    }
    if (!(largest > limit)) break;
  }
  return done;
}

}  // namespace lanewise::LANEWISE_ISA
