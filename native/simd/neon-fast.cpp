#define LANEWISE_ISA neon_fast
#include "build-fast.h"
