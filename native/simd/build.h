// One instruction set's build: every kernel, compiled with that set's flags into a namespace of its own. No STL containers or
// algorithms below: an inline function that two builds share could be emitted with the wrong one's instructions.
#include "../kernels.gen.h"

#include "../inline/vectors.h"

#include "../inline/elementary.h"
#include "../inline/philox.h"

#include "../inline/linear.h"

#include "../inline/forest-tree.h"

#include "../inline/forest-cuts.h"
#include "../inline/forest-runs.h"
#include "../inline/sort.h"
#include "../inline/split-scan.h"

#include "sources.gen.h"

namespace lanewise::LANEWISE_ISA {
extern const Kernels kernels;
const Kernels kernels = all_kernels;
}  // namespace lanewise::LANEWISE_ISA
