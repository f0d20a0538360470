#define LANEWISE_ISA avx512
#include "build.h"
