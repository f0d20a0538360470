// Derived from the kernel table by `npm run generate`; do not edit.
#ifndef LANEWISE_KERNELS_GEN_H
#define LANEWISE_KERNELS_GEN_H

#include <cstdint>

#define LANEWISE_KERNELS_HASH "848c8b6fb3bb4f7f"

namespace lanewise {

/// Every kernel, as one instruction set's build offers it.
struct Kernels {
  void (*axpy_f64)(const double* x, double* y, double a, int32_t rowCount);
  double (*dot_f64)(const double* x, const double* y, int32_t rowCount);
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

inline constexpr Kernels all_kernels{
    axpy_f64,
    dot_f64,
};

}  // namespace lanewise::LANEWISE_ISA
#pragma GCC visibility pop
#endif

#endif
