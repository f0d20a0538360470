// Threads that call one kernel together. Member 0 leads: it offers a piece of work in parts, and takes of them itself; the
// others take what is on offer. Nothing waits for a member that is not there. The law of a kernel never depends on who
// did which part.
#if defined(_WIN32)
extern "C" __declspec(dllimport) int __stdcall SwitchToThread(void);
#else
#include <sched.h>
#endif

namespace lanewise::LANEWISE_ISA {

namespace {

/// What the words of a team mean: a ticket says which offer stands (from bit 16), its parts (bits 8 to 15), and how many of
/// them are taken (bits 0 to 7).
enum TeamWord { teamTicket, teamDone, teamWaiting, teamKind, teamStep, teamUsed = 64, teamWords = 128 };

constexpr int32_t teamOver = -1;
/// About 1 ms: who finds nothing to do for so long leaves.
constexpr int32_t idleSpins = 20'000;
/// About 50 µs: then the processor may do something else.
constexpr int32_t busySpins = 1'000;

LANEWISE_INLINE void pauseBriefly() {
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

LANEWISE_INLINE void yieldProcessor() {
#if defined(_WIN32)
  SwitchToThread();
#else
  sched_yield();
#endif
}

struct Team {
  int32_t* words;
  int32_t member, members;

  LANEWISE_INLINE int32_t ticket() const { return __atomic_load_n(words + teamTicket, __ATOMIC_ACQUIRE); }

  /// The next part of the standing offer; −1: all are taken, or there is none.
  int32_t take() const {
    int32_t found = ticket();
    while (found >= 0 && (found & 0xff) < ((found >> 8) & 0xff)) {
      if (__atomic_compare_exchange_n(words + teamTicket, &found, found + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return found & 0xff;
      }
    }
    return -1;
  }

  LANEWISE_INLINE int32_t parts() const { return (ticket() >> 8) & 0xff; }
  LANEWISE_INLINE void finish() const { __atomic_fetch_add(words + teamDone, 1, __ATOMIC_RELEASE); }

  /// Offers `parts` (at most 255) of what stands in the words, does the first and others, and returns when all are done.
  template <typename Work>
  LANEWISE_INLINE void lead(int32_t parts, Work work) const {
    const int32_t last = ticket();
    __atomic_store_n(words + teamDone, 0, __ATOMIC_RELAXED);
    const int32_t offer = static_cast<int32_t>(((static_cast<uint32_t>(last) >> 16) + 1) & 0x7fff) << 16;
    __atomic_store_n(words + teamTicket, offer | parts << 8 | 1, __ATOMIC_RELEASE);
    for (int32_t part = 0; part >= 0; part = take()) {
      work(part);
      finish();
    }
    for (int32_t spins = 0; __atomic_load_n(words + teamDone, __ATOMIC_ACQUIRE) < parts; spins++) {
      if (spins < busySpins) pauseBriefly();
      else yieldProcessor();
    }
  }

  /// Takes parts until the leader has done, or there was nothing to do for long.
  template <typename Work>
  LANEWISE_INLINE void follow(Work work) const {
    for (int32_t spins = 0; spins < idleSpins && ticket() != teamOver; spins++) {
      const int32_t part = take();
      if (part < 0) {
        pauseBriefly();
        continue;
      }
      work(part);
      finish();
      spins = 0;
    }
  }

  /// The leader has done: nobody touches any word from now on but to read this.
  LANEWISE_INLINE void end() const {
    for (int32_t i = 1; i < teamWords; i++) words[i] = 0;
    __atomic_store_n(words + teamTicket, teamOver, __ATOMIC_RELEASE);
  }
};

}  // namespace

}  // namespace lanewise::LANEWISE_ISA
