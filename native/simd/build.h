// One instruction set's build: every kernel, compiled with that set's flags into a namespace of its own.
#include "inlines.h"

#include "sources.gen.h"

namespace lanewise::LANEWISE_ISA {
extern const Kernels kernels;
const Kernels kernels = all_kernels;
}  // namespace lanewise::LANEWISE_ISA
