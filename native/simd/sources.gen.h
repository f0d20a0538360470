// Derived from the kernel table by `npm run generate`; do not edit.
#include "../distance.cpp"
#include "../elementary.cpp"
#include "../gradient-descent.cpp"
#include "../limits.cpp"
#include "../random.cpp"
#include "../tree-building.cpp"
#include "../tree-forest.cpp"
#include "../tree-scoring.cpp"
