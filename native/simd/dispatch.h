#pragma once

#include "../kernels.gen.h"

namespace lanewise {

/// One instruction set's build of the kernels.
struct Build {
  const char* isa;
  const Kernels* kernels;
  /// Do this processor and its operating system run it?
  bool supported;
};

/// The builds of this architecture, baseline first, best last. `count` receives how many.
const Build* builds(int* count);

}  // namespace lanewise
