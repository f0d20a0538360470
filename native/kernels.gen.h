// Derived from the kernel table by `npm run generate`; do not edit.
#ifndef LANEWISE_KERNELS_GEN_H
#define LANEWISE_KERNELS_GEN_H

#include <cstdint>

#define LANEWISE_KERNELS_HASH "b21fdc7a26e39d90"

namespace lanewise {

/// Every kernel, as one instruction set's build offers it.
struct Kernels {
  void (*axpy_f64)(const double* x, double* y, double a, int32_t rowCount);
  double (*dot_f64)(const double* x, const double* y, int32_t rowCount);
  void (*random_uniform_f64)(double* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count);
  void (*random_words_u32)(uint32_t* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count);
};

}  // namespace lanewise

#ifdef LANEWISE_ISA
// Hidden, so that a declared kernel without a definition fails the link instead of the first load.
#pragma GCC visibility push(hidden)
namespace lanewise::LANEWISE_ISA {

/// y ← a·x + y.
/// x[rowCount] in; y[rowCount] inout
void axpy_f64(const double* x, double* y, double a, int32_t rowCount);
/// Inner product of two columns.
/// x[rowCount] in; y[rowCount] in
double dot_f64(const double* x, const double* y, int32_t rowCount);
/// Uniform numbers in [0, 1), 53 bits each: values startIndex … startIndex + count − 1 of a key.
/// out[count] out
void random_uniform_f64(double* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count);
/// Random 32-bit words startIndex … startIndex + count − 1 of a key.
/// out[count] out
void random_words_u32(uint32_t* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count);

inline constexpr Kernels all_kernels{
    axpy_f64,
    dot_f64,
    random_uniform_f64,
    random_words_u32,
};

}  // namespace lanewise::LANEWISE_ISA
#pragma GCC visibility pop
#endif

#endif
