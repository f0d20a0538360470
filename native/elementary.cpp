// Columns of elementary functions (inline/elementary.h); src/kernels/elementary.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Loads `count` ≤ a vector's length elements; the lanes behind them hold 1, where no function leaves its usual path.
LANEWISE_INLINE Vector<double> loadPart(const double* from, int32_t count) {
  Vector<double> vector = splat(1.0);
  std::memcpy(&vector, from, static_cast<size_t>(count) * sizeof(double));
  return vector;
}

template <typename Function>
LANEWISE_INLINE void applyToColumn(const double* x, double* out, int32_t rowCount, Function function) {
  constexpr int32_t step = vectorLength<double>;
  int32_t i = 0;
  for (; i + step <= rowCount; i += step) storeVector(out + i, function(loadVector(x + i)));
  if (i == rowCount) return;
  const Vector<double> last = function(loadPart(x + i, rowCount - i));
  std::memcpy(out + i, &last, static_cast<size_t>(rowCount - i) * sizeof(double));
}

}  // namespace

#define LANEWISE_COLUMN_KERNEL(name)                                                                            \
  void name##_f64(const double* x, double* out, int32_t rowCount) {                                             \
    applyToColumn(x, out, rowCount, [](Vector<double> v) LANEWISE_INLINE_LAMBDA { return elementary::name(v); }); \
  }
LANEWISE_COLUMN_KERNEL(exp)
LANEWISE_COLUMN_KERNEL(expm1)
LANEWISE_COLUMN_KERNEL(log)
LANEWISE_COLUMN_KERNEL(log1p)
LANEWISE_COLUMN_KERNEL(sin)
LANEWISE_COLUMN_KERNEL(cos)
LANEWISE_COLUMN_KERNEL(tanh)
LANEWISE_COLUMN_KERNEL(sigmoid)
#undef LANEWISE_COLUMN_KERNEL

void pow_f64(const double* x, const double* y, double* out, int32_t rowCount) {
  constexpr int32_t step = vectorLength<double>;
  int32_t i = 0;
  for (; i + step <= rowCount; i += step) storeVector(out + i, elementary::pow(loadVector(x + i), loadVector(y + i)));
  if (i == rowCount) return;
  const Vector<double> last = elementary::pow(loadPart(x + i, rowCount - i), loadPart(y + i, rowCount - i));
  std::memcpy(out + i, &last, static_cast<size_t>(rowCount - i) * sizeof(double));
}

}  // namespace lanewise::LANEWISE_ISA
