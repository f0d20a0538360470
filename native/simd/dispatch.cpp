#include "dispatch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lanewise {

#if defined(__x86_64__)

namespace sse2 {
extern const Kernels kernels;
}
namespace sse42 {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}
namespace avx2_fast {
Kernels fastened(const Kernels& build);
}
namespace avx512_fast {
Kernels fastened(const Kernels& build);
}

namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf) {
  Registers r;
  if (!__get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx)) return Registers{};
  return r;
}

constexpr bool has(unsigned value, unsigned bits) { return (value & bits) == bits; }

/// Which register states the operating system saves when it switches threads: XCR0.
unsigned savedStates(const Registers& features) {
  if (!has(features.ecx, bit_OSXSAVE)) return 0;
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

constexpr unsigned ymmStates = 0x06;  // SSE, AVX
constexpr unsigned zmmStates = 0xe6;  // and the AVX-512 mask and upper registers

struct Detected {
  bool sse42, avx2, avx512, fma;
};

Detected detect() {
  const Registers basic = cpuid(1), extended = cpuid(7), amd = cpuid(0x80000001);
  const unsigned saved = savedStates(basic);
  Detected found;
  found.sse42 = has(basic.ecx, bit_SSE4_2 | bit_POPCNT);
  found.avx2 = found.sse42 && has(saved, ymmStates) && has(basic.ecx, bit_AVX) &&
               has(extended.ebx, bit_AVX2 | bit_BMI | bit_BMI2) && has(amd.ecx, bit_LZCNT);
  found.avx512 = found.avx2 && has(saved, zmmStates) &&
                 has(extended.ebx, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL);
  found.fma = has(basic.ecx, bit_FMA);
  return found;
}

}  // namespace

const Build* builds(int* count) {
  static const Detected found = detect();
  static const Kernels avx2Fast = avx2_fast::fastened(avx2::kernels);
  static const Kernels avx512Fast = avx512_fast::fastened(avx512::kernels);
  static const Build list[] = {
      {"sse2", &sse2::kernels, true, nullptr},
      {"sse42", &sse42::kernels, found.sse42, nullptr},
      {"avx2", &avx2::kernels, found.avx2, found.fma ? &avx2Fast : nullptr},
      {"avx512", &avx512::kernels, found.avx512, found.fma ? &avx512Fast : nullptr},
  };
  *count = sizeof list / sizeof list[0];
  return list;
}

#elif defined(__aarch64__)

namespace neon {
extern const Kernels kernels;
}
namespace neon_fast {
Kernels fastened(const Kernels& build);
}

// NEON with f64 is part of every 64-bit Arm processor: nothing to detect.
const Build* builds(int* count) {
  static const Kernels neonFast = neon_fast::fastened(neon::kernels);
  static const Build list[] = {{"neon", &neon::kernels, true, &neonFast}};
  *count = 1;
  return list;
}

#else
#error "The addon is written for 64-bit x86 and 64-bit Arm; other processors run the WebAssembly kernels."
#endif

}  // namespace lanewise
