// What every build of the kernels inlines. No STL containers or algorithms below: an inline function that two builds share could
// be emitted with the wrong one's instructions.
#include "../kernels.gen.h"

#include "../inline/vectors.h"

#include "../inline/elementary.h"
#include "../inline/philox.h"
#include "../inline/product-tiles.h"

#include "../inline/linear.h"
#include "../inline/ranked-list.h"

#include "../inline/forest-tree.h"

#include "../inline/forest-cuts.h"
#include "../inline/forest-runs.h"
#include "../inline/graph.h"
#include "../inline/sort.h"
#include "../inline/split-scan.h"
#include "../inline/team.h"
