// Columns of elementary functions (inline/elementary.h); src/kernels/elementary.ts is the law.
namespace lanewise::LANEWISE_ISA {

#define LANEWISE_COLUMN_KERNEL(name)                                                             \
  void name##_f64(const double* x, double* out, int32_t rowCount) {                              \
    forEachVector<double>(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {         \
      access.store(out + i, elementary::name(access.load(x + i)));                               \
    });                                                                                          \
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
  forEachVector<double>(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    access.store(out + i, elementary::pow(access.load(x + i), access.load(y + i)));
  });
}

}  // namespace lanewise::LANEWISE_ISA
