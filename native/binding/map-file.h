#pragma once

#include <napi.h>

#include <cstdint>

#include "call.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace lanewise {

#if defined(__unix__) || defined(__APPLE__)

/// Puts pages in place of those at an offset of the attached memory, which whoever calls owns: of a file, private to this
/// process, or fresh ones where `file` is below 0. The base of a WebAssembly memory is aligned to pages.
inline bool replacePages(const Attachment& attachment, std::int64_t offset, std::int64_t bytes, int file) {
  const int flags = MAP_PRIVATE | MAP_FIXED | (file < 0 ? MAP_ANONYMOUS : 0);
  void* const at = attachment.base + offset;
  return mmap(at, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE, flags, file, 0) == at;
}

/// mapFile(offset, bytes, file): whether the file's first bytes lie there now. A file below 0: fresh pages.
inline napi_value mapFile(napi_env env, napi_callback_info info) {
  std::size_t count = 3;
  napi_value values[3];
  void* data = nullptr;
  std::int64_t offset = 0, bytes = 0;
  std::int32_t file = -1;
  if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok || count != 3 ||
      napi_get_value_int64(env, values[0], &offset) != napi_ok || napi_get_value_int64(env, values[1], &bytes) != napi_ok ||
      napi_get_value_int32(env, values[2], &file) != napi_ok || offset <= 0 || bytes <= 0) {
    return refuse(env, "mapFile", 3, count);
  }
  napi_value result = nullptr;
  napi_get_boolean(env, replacePages(*static_cast<const Attachment*>(data), offset, bytes, file), &result);
  return result;
}

#endif

/// Adds mapFile to an object, where the system maps files.
inline bool addMapFile(Napi::Env env, Napi::Object object, Napi::Value memory, Attachment* attachment) {
#if defined(__unix__) || defined(__APPLE__)
  napi_value function = nullptr;
  const napi_property_descriptor held{"memory", nullptr, nullptr, nullptr, nullptr, memory, napi_default, nullptr};
  return napi_create_function(env, "mapFile", NAPI_AUTO_LENGTH, mapFile, attachment, &function) == napi_ok &&
         napi_define_properties(env, function, 1, &held) == napi_ok &&
         napi_set_named_property(env, object, "mapFile", function) == napi_ok;
#else
  (void)env, (void)object, (void)memory, (void)attachment;
  return true;
#endif
}

}  // namespace lanewise
