// Runs the kernels of every instruction set on cases files (`.ci/generate-cases.mjs`), on buffers of exactly the length that
// the contract gives: under AddressSanitizer an access one byte past any of them stops the run. Also shows that the
// floating-point control register is set and put back.
//
//   kernel-cases FOLDER
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <tuple>
#include <type_traits>

#include "../binding/floating-point.h"
#include "../simd/dispatch.h"
#include "json.h"

namespace lanewise::tests {
namespace {

std::vector<unsigned char> decodeBase64(const std::string& text) {
  static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<unsigned char> bytes;
  unsigned bits = 0;
  int held = 0;
  for (const char letter : text) {
    if (letter == '=') break;
    bits = bits << 6 | static_cast<unsigned>(alphabet.find(letter));
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<unsigned char>(bits >> held & 0xff));
    }
  }
  return bytes;
}

double numberOf(const Json& value) {
  if (value.kind == Json::Kind::number) return value.number;
  if (value.text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value.text == "-0") return -0.0;
  return value.text == "Infinity" ? HUGE_VAL : -HUGE_VAL;
}

template <typename T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  }
  return std::memcmp(&a, &b, sizeof a) == 0;
}

/// A scalar argument of a call.
template <typename T>
struct Argument {
  explicit Argument(const Json& description) : value(static_cast<T>(numberOf(description))) {}
  T get() const { return value; }
  void check(const Json&, std::size_t) const {}
  T value;
};

/// A buffer argument: exactly `length` elements on the heap, or null.
template <typename T>
struct Argument<T*> {
  using Element = std::remove_const_t<T>;

  explicit Argument(const Json& description) {
    if (description.kind == Json::Kind::null) return;
    length = static_cast<std::size_t>(description.at("length").number);
    elements.reset(static_cast<Element*>(std::malloc(length * sizeof(Element))));
    if (length > 0) std::memset(elements.get(), 0xa5, length * sizeof(Element));
    if (!description.has("before")) return;
    const auto bytes = decodeBase64(description.at("before").text);
    if (bytes.size() != length * sizeof(Element)) throw std::runtime_error("a buffer's bytes do not fit its length");
    if (length > 0) std::memcpy(elements.get(), bytes.data(), bytes.size());
  }

  T* get() const { return elements.get(); }

  void check(const Json& description, std::size_t index) const {
    if (description.kind == Json::Kind::null || description.at("role").text == "scratch" || length == 0) return;
    const auto bytes = decodeBase64(description.at(description.has("after") ? "after" : "before").text);
    for (std::size_t i = 0; i < length; i++) {
      Element expected;
      std::memcpy(&expected, bytes.data() + i * sizeof expected, sizeof expected);
      if (same(elements.get()[i], expected)) continue;
      std::ostringstream message;
      message.precision(17);
      message << "argument " << index << " element " << i << " of " << length << " is " << +elements.get()[i]
              << ", expected " << +expected;
      throw std::runtime_error(message.str());
    }
  }

  struct Free {
    void operator()(Element* pointer) const { std::free(pointer); }
  };
  std::size_t length = 0;
  std::unique_ptr<Element, Free> elements;
};

template <typename R, typename... A, std::size_t... I>
void runCase(R (*kernel)(A...), const Json& entry, std::index_sequence<I...>) {
  const std::vector<Json>& described = entry.at("arguments").list;
  if (described.size() != sizeof...(A)) throw std::runtime_error("the case has another number of arguments");
  const std::tuple<Argument<A>...> arguments{Argument<A>(described[I])...};
  const DefaultFloatingPoint standard;
  if constexpr (std::is_void_v<R>) {
    kernel(std::get<I>(arguments).get()...);
  } else {
    const R result = kernel(std::get<I>(arguments).get()...);
    if (!same(result, static_cast<R>(numberOf(entry.at("result"))))) {
      std::ostringstream message;
      message.precision(17);
      message << "the result is " << result << ", expected " << numberOf(entry.at("result"));
      throw std::runtime_error(message.str());
    }
  }
  (std::get<I>(arguments).check(described[I], I), ...);
}

template <typename R, typename... A>
int runCases(R (*kernel)(A...), const char* isa, const Json& file) {
  int failed = 0;
  for (const Json& entry : file.at("cases").list) {
    try {
      runCase(kernel, entry, std::index_sequence_for<A...>{});
    } catch (const std::exception& error) {
      std::printf("FAILED %s on %s, %s: %s\n", file.at("kernel").text.c_str(), isa, entry.at("name").text.c_str(),
                  error.what());
      failed++;
    }
  }
  return failed;
}

/// Runs a kernel's file on every build that runs here; a kernel without a file fails.
template <typename R, typename... A>
int runKernel(const std::filesystem::path& folder, const char* name, R (*Kernels::*member)(A...)) {
  std::ifstream stream(folder / (std::string(name) + ".json"));
  if (!stream) {
    std::printf("FAILED %s: it has no cases in %s\n", name, folder.c_str());
    return 1;
  }
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const Json file = JsonReader(text).read();
  int count, failed = 0;
  const Build* list = builds(&count);
  for (int i = 0; i < count; i++) {
    if (list[i].supported) failed += runCases(list[i].kernels->*member, list[i].isa, file);
  }
  std::printf("%s: %zu cases\n", name, file.at("cases").list.size());
  return failed;
}

/// A thread that flushes subnormals to zero computes with them all the same, and flushes again afterwards.
int runFloatingPoint() {
#if defined(__x86_64__)
  volatile double subnormal = 5e-324;
  _mm_setcsr(0x9fc0);
  const bool flushed = subnormal * 1.0 == 0.0;
  bool kept;
  {
    const DefaultFloatingPoint standard;
    kept = subnormal * 1.0 != 0.0;
  }
  const bool restored = (_mm_getcsr() & ~0x3fu) == 0x9fc0;
  _mm_setcsr(0x1f80);
  if (flushed && kept && restored) return 0;
  std::printf("FAILED the floating-point control register is not set and restored\n");
  return 1;
#else
  return 0;
#endif
}

int run(const char* folder) {
  int failed = runFloatingPoint();
#define LANEWISE_KERNEL(name, optional) failed += runKernel(folder, #name, &Kernels::name);
#include "../binding/kernels.gen.inc"
#undef LANEWISE_KERNEL
  std::printf(failed == 0 ? "every kernel agrees with the reference\n" : "%d cases failed\n", failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lanewise::tests

int main(int argc, char** argv) {
  if (argc != 2) {
    std::printf("usage: kernel-cases FOLDER\n");
    return 2;
  }
  return lanewise::tests::run(argv[1]);
}
