#define LANEWISE_ISA avx2
#include "build.h"
