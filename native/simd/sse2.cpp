#define LANEWISE_ISA sse2
#include "build.h"
