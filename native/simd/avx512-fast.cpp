#define LANEWISE_ISA avx512_fast
#include "build-fast.h"
