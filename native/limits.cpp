// What the machine can do at most: src/kernels/limits.ts. As many chains as hide the latencies and fit the registers.
namespace lanewise::LANEWISE_ISA {

namespace {

template <typename T>
void multiplyAdd(T* values, T factor, T addend, int32_t rounds, int32_t count) {
  constexpr int32_t step = vectorLength<T>;
  constexpr int chains = vectorBytes == 64 ? 24 : 12;
  int32_t i = 0;
  for (; i + chains * step <= count; i += chains * step) {
    Vector<T> held[chains];
#pragma GCC unroll 24
    for (int k = 0; k < chains; k++) held[k] = loadVector(values + i + k * step);
    for (int32_t round = 0; round < rounds; round++) {
#pragma GCC unroll 24
      for (int k = 0; k < chains; k++) held[k] = held[k] * factor + addend;
    }
#pragma GCC unroll 24
    for (int k = 0; k < chains; k++) storeVector(values + i + k * step, held[k]);
  }
  forEachVector<T>(count - i, [=](int32_t at, auto access) LANEWISE_INLINE_LAMBDA {
    Vector<T> held = access.load(values + i + at);
    for (int32_t round = 0; round < rounds; round++) held = held * factor + addend;
    access.store(values + i + at, held);
  });
}

}  // namespace

void limit_multiply_add_f64(double* values, double factor, double addend, int32_t rounds, int32_t count) {
  multiplyAdd(values, factor, addend, rounds, count);
}

void limit_multiply_add_f32(float* values, double factor, double addend, int32_t rounds, int32_t count) {
  multiplyAdd(values, static_cast<float>(factor), static_cast<float>(addend), rounds, count);
}

}  // namespace lanewise::LANEWISE_ISA
