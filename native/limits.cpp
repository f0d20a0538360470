// As many multiplications and additions as the machine does: src/kernels/limits.ts. Twelve registers at a time.
namespace lanewise::LANEWISE_ISA {

namespace {

template <typename T>
LANEWISE_INLINE void multiplyAdd(T* values, T factor, T addend, int32_t rounds, int32_t count) {
  constexpr int registers = 12;
  constexpr int32_t block = registers * vectorLength<T>;
  const Vector<T> a = splat(factor), b = splat(addend);
  int32_t i = 0;
  for (; i + block <= count; i += block) {
    Vector<T> v[registers];
#pragma GCC unroll 12
    for (int k = 0; k < registers; k++) v[k] = loadVector(values + i + k * vectorLength<T>);
    for (int32_t round = 0; round < rounds; round++) {
#pragma GCC unroll 12
      for (int k = 0; k < registers; k++) v[k] = v[k] * a + b;
    }
#pragma GCC unroll 12
    for (int k = 0; k < registers; k++) storeVector(values + i + k * vectorLength<T>, v[k]);
  }
  for (; i < count; i++) {
    T value = values[i];
    for (int32_t round = 0; round < rounds; round++) value = value * factor + addend;
    values[i] = value;
  }
}

}  // namespace

void limit_multiply_add_f64(double* values, double factor, double addend, int32_t rounds, int32_t count) {
  multiplyAdd(values, factor, addend, rounds, count);
}

void limit_multiply_add_f32(float* values, double factor, double addend, int32_t rounds, int32_t count) {
  multiplyAdd(values, static_cast<float>(factor), static_cast<float>(addend), rounds, count);
}

}  // namespace lanewise::LANEWISE_ISA
