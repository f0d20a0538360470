#pragma once

#include "../kernels.gen.h"

namespace lanewise {

/// One instruction set's build of the kernels.
struct Build {
  const char* isa;
  const Kernels* kernels;
  /// Do this processor and its operating system run it?
  bool supported;
  /// The same with the kernels of its build for `numerics: 'fast'`; null where there is none that runs here.
  const Kernels* fast;
};

/// The builds of this architecture, baseline first, best last. `count` receives how many.
const Build* builds(int* count);

}  // namespace lanewise
