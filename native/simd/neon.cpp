#define LANEWISE_ISA neon
#include "build.h"
