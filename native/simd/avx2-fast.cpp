#define LANEWISE_ISA avx2_fast
#include "build-fast.h"
