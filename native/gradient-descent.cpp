// Policy: src/kernels/gradient-descent.ts. Multiplications and additions stay apart (-ffp-contract=off).
namespace lanewise::LANEWISE_ISA {

double dot_f64(const double* x, const double* y, int32_t rowCount) {
  return laneSum<double>(
      rowCount, [=](int32_t i) LANEWISE_INLINE_LAMBDA { return loadVector(x + i) * loadVector(y + i); },
      [=](int32_t i) LANEWISE_INLINE_LAMBDA { return x[i] * y[i]; });
}

void axpy_f64(const double* x, double* y, double a, int32_t rowCount) {
  for (int32_t i = 0; i < rowCount; i++) y[i] = a * x[i] + y[i];
}

}  // namespace lanewise::LANEWISE_ISA
