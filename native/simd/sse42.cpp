#define LANEWISE_ISA sse42
#include "build.h"
