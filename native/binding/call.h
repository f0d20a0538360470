#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../kernels.gen.h"
#include "floating-point.h"

namespace lanewise {

/// What a kernel's JavaScript function is bound to. It lives as long as the memory's Uint8Array does.
struct Attachment {
  std::uint8_t* base;
  const Kernels* kernels;
};

/// Reads a buffer argument: a byte offset into the attached memory, or a typed array that lies elsewhere and is read in
/// place. Offset 0 of an optional buffer is "absent".
template <typename T>
bool readArgument(napi_env env, napi_value value, const Attachment& attachment, bool optional, T*& pointer) {
  std::int64_t offset;
  const napi_status status = napi_get_value_int64(env, value, &offset);
  if (status == napi_ok) {
    void* address = attachment.base + offset;
    pointer = offset == 0 && optional ? nullptr : static_cast<T*>(address);
    return offset >= 0;
  }
  bool isTypedArray = false;
  if (napi_is_typedarray(env, value, &isTypedArray) != napi_ok || !isTypedArray) return false;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, nullptr, nullptr, &data, nullptr, nullptr) != napi_ok) return false;
  pointer = static_cast<T*>(data);
  return true;
}

inline bool readArgument(napi_env env, napi_value value, const Attachment&, bool, std::int32_t& number) {
  return napi_get_value_int32(env, value, &number) == napi_ok;
}

inline bool readArgument(napi_env env, napi_value value, const Attachment&, bool, double& number) {
  return napi_get_value_double(env, value, &number) == napi_ok;
}

inline napi_value toJavaScript(napi_env env, double number) {
  napi_value value = nullptr;
  return napi_create_double(env, number, &value) == napi_ok ? value : nullptr;
}

inline napi_value toJavaScript(napi_env env, std::int32_t number) {
  napi_value value = nullptr;
  return napi_create_int32(env, number, &value) == napi_ok ? value : nullptr;
}

inline napi_value refuse(napi_env env, const char* name, std::size_t expected, std::size_t received) {
  char message[160];
  if (received == expected) {
    std::snprintf(message, sizeof message,
                  "Expected numbers (or typed arrays for buffers) for the arguments of %s but received something else",
                  name);
  } else {
    std::snprintf(message, sizeof message, "Expected %zu arguments for %s but received %zu", expected, name, received);
  }
  napi_throw_type_error(env, "ERR_LANEWISE_KERNEL", message);
  return nullptr;
}


template <std::uint64_t Optional, typename R, typename... A, std::size_t... I>
napi_value invoke(napi_env env, napi_callback_info info, const char* name, R (*Kernels::*member)(A...),
                  std::index_sequence<I...>) {
  constexpr std::size_t expected = sizeof...(A);
  std::size_t received = expected;
  napi_value values[expected];
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &received, values, nullptr, &data) != napi_ok) return nullptr;
  if (received != expected) return refuse(env, name, expected, received);
  const Attachment& attachment = *static_cast<const Attachment*>(data);
  std::tuple<A...> numbers;
  if (!(readArgument(env, values[I], attachment, (Optional >> I) & 1, std::get<I>(numbers)) && ...)) {
    return refuse(env, name, expected, received);
  }
  const auto kernel = attachment.kernels->*member;
  if constexpr (std::is_void_v<R>) {
    const DefaultFloatingPoint standard;
    kernel(std::get<I>(numbers)...);
    return nullptr;
  } else {
    R result;
    {
      const DefaultFloatingPoint standard;
      result = kernel(std::get<I>(numbers)...);
    }
    return toJavaScript(env, result);
  }
}

template <std::uint64_t Optional, typename R, typename... A>
napi_value invoke(napi_env env, napi_callback_info info, const char* name, R (*Kernels::*member)(A...)) {
  return invoke<Optional>(env, info, name, member, std::index_sequence_for<A...>{});
}

}  // namespace lanewise
