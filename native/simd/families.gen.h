// Derived from the kernel table by `npm run generate`; do not edit.
#include "../gradient-descent.cpp"
#include "../random.cpp"
