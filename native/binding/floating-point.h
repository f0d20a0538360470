#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace lanewise {

/// Default rounding, no traps, subnormals kept, for as long as it lives; then whatever the thread had before. Another
/// library may have set flush-to-zero on this thread, and the same call must give the same bits.
class DefaultFloatingPoint {
 public:
#if defined(__x86_64__)
  DefaultFloatingPoint() : saved_(_mm_getcsr()) {
    if ((saved_ & ~exceptionFlags) != standard) _mm_setcsr(standard);
  }
  ~DefaultFloatingPoint() {
    if ((saved_ & ~exceptionFlags) != standard) _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned exceptionFlags = 0x3f;
  static constexpr unsigned standard = 0x1f80;
  const unsigned saved_;
#elif defined(__aarch64__)
  DefaultFloatingPoint() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved_));
    if (saved_ != 0) __asm__ volatile("msr fpcr, %0" : : "r"(std::uint64_t{0}));
  }
  ~DefaultFloatingPoint() {
    if (saved_ != 0) __asm__ volatile("msr fpcr, %0" : : "r"(saved_));
  }

 private:
  std::uint64_t saved_;
#endif
 public:
  DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
  DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;
};

}  // namespace lanewise
