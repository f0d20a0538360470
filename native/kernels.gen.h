// Derived from the kernel table by `npm run generate`; do not edit.
#ifndef LANEWISE_KERNELS_GEN_H
#define LANEWISE_KERNELS_GEN_H

#include <cstdint>

#define LANEWISE_KERNELS_HASH "a832981bd8f7b53b"

namespace lanewise {

/// Every kernel, as one instruction set's build offers it.
struct Kernels {
  void (*cos_f64)(const double* x, double* out, int32_t rowCount);
  void (*exp_f64)(const double* x, double* out, int32_t rowCount);
  void (*expm1_f64)(const double* x, double* out, int32_t rowCount);
  void (*log1p_f64)(const double* x, double* out, int32_t rowCount);
  void (*log_f64)(const double* x, double* out, int32_t rowCount);
  void (*pow_f64)(const double* x, const double* y, double* out, int32_t rowCount);
  void (*sigmoid_f64)(const double* x, double* out, int32_t rowCount);
  void (*sin_f64)(const double* x, double* out, int32_t rowCount);
  void (*tanh_f64)(const double* x, double* out, int32_t rowCount);
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

/// Cosine of a column of angles in radians.
/// x[rowCount] in; out[rowCount] out
void cos_f64(const double* x, double* out, int32_t rowCount);
/// e^x of a column.
/// x[rowCount] in; out[rowCount] out
void exp_f64(const double* x, double* out, int32_t rowCount);
/// e^x − 1 of a column.
/// x[rowCount] in; out[rowCount] out
void expm1_f64(const double* x, double* out, int32_t rowCount);
/// log(1 + x) of a column.
/// x[rowCount] in; out[rowCount] out
void log1p_f64(const double* x, double* out, int32_t rowCount);
/// Natural logarithm of a column.
/// x[rowCount] in; out[rowCount] out
void log_f64(const double* x, double* out, int32_t rowCount);
/// x^y of two columns.
/// x[rowCount] in; y[rowCount] in; out[rowCount] out
void pow_f64(const double* x, const double* y, double* out, int32_t rowCount);
/// 1/(1 + e^−x) of a column.
/// x[rowCount] in; out[rowCount] out
void sigmoid_f64(const double* x, double* out, int32_t rowCount);
/// Sine of a column of angles in radians.
/// x[rowCount] in; out[rowCount] out
void sin_f64(const double* x, double* out, int32_t rowCount);
/// Hyperbolic tangent of a column.
/// x[rowCount] in; out[rowCount] out
void tanh_f64(const double* x, double* out, int32_t rowCount);
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
    cos_f64,
    exp_f64,
    expm1_f64,
    log1p_f64,
    log_f64,
    pow_f64,
    sigmoid_f64,
    sin_f64,
    tanh_f64,
    axpy_f64,
    dot_f64,
    random_uniform_f64,
    random_words_u32,
};

}  // namespace lanewise::LANEWISE_ISA
#pragma GCC visibility pop
#endif

#endif
