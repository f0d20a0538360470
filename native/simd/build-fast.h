// The kernels of an instruction set for `numerics: 'fast'`: the same sources, compiled so that products and sums are fused. Only
// the kernels that say so in their entry take the place of the build's own.
#include "inlines.h"

#include "fast.gen.h"

namespace lanewise::LANEWISE_ISA {
Kernels fastened(const Kernels& build);
Kernels fastened(const Kernels& build) {
  Kernels kernels = build;
  LANEWISE_FASTEN(kernels)
  return kernels;
}
}  // namespace lanewise::LANEWISE_ISA
