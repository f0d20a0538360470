// The addon's table of contents: `hash`, `isas`, `attach`. The kernels' functions come from kernels.gen.inc; nothing here
// knows any of them.
#include <napi.h>

#include <string>

#include "../kernels.gen.h"
#include "../simd/dispatch.h"
#include "call.h"
#include "map-file.h"

namespace lanewise {
namespace {

#define LANEWISE_KERNEL(name, optional)                                   \
  napi_value call_##name(napi_env env, napi_callback_info info) {         \
    return invoke<optional>(env, info, #name, &Kernels::name);            \
  }
#include "kernels.gen.inc"
#undef LANEWISE_KERNEL

struct Entry {
  const char* name;
  napi_callback call;
};

const Entry entries[] = {
#define LANEWISE_KERNEL(name, optional) {#name, call_##name},
#include "kernels.gen.inc"
#undef LANEWISE_KERNEL
};

/// The kernels of the build of that name; null when there is none of that name or it does not run.
const Kernels* findKernels(const std::string& isa, bool fast) {
  int count;
  const Build* list = builds(&count);
  for (int i = 0; i < count; i++) {
    if (list[i].supported && isa == list[i].isa) return fast ? list[i].fast : list[i].kernels;
  }
  return nullptr;
}

Napi::Value refused(Napi::Env env, const std::string& message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

/// A function for each kernel. Each holds the memory's array, so that the memory outlives every function on it.
bool addKernels(Napi::Env env, Napi::Object functions, Napi::Value memory, Attachment* attachment) {
  for (const Entry& entry : entries) {
    napi_value function = nullptr;
    const napi_property_descriptor held{"memory", nullptr, nullptr, nullptr, nullptr, memory, napi_default, nullptr};
    if (napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.call, attachment, &function) != napi_ok ||
        napi_define_properties(env, function, 1, &held) != napi_ok ||
        napi_set_named_property(env, functions, entry.name, function) != napi_ok) {
      return false;
    }
  }
  return true;
}

void freeAttachment(napi_env, void* data, void*) { delete static_cast<Attachment*>(data); }

/// attach(memory: Uint8Array, isa: string, fast: boolean) → { kernels, mapFile? }. The array must start the memory: its address is what
/// offsets count from. A shared WebAssembly memory keeps its address when it grows, so it is attached once.
Napi::Value attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  napi_typedarray_type type;
  void* base = nullptr;
  if (info.Length() < 1 || !info[0].IsTypedArray() ||
      napi_get_typedarray_info(env, info[0], &type, nullptr, &base, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    return refused(env, "Expected a Uint8Array over the engine's memory for attach");
  }
  const bool named = info.Length() > 1 && info[1].IsString();
  const std::string isa = named ? info[1].As<Napi::String>().Utf8Value() : std::string();
  const bool fast = info.Length() > 2 && info[2].ToBoolean();
  const Kernels* kernels = findKernels(isa, fast);
  if (kernels == nullptr) return refused(env, "This processor does not run a build named \"" + isa + "\"");

  auto* attachment = new Attachment{static_cast<std::uint8_t*>(base), kernels};
  if (napi_add_finalizer(env, info[0], attachment, freeAttachment, nullptr, nullptr) != napi_ok) {
    delete attachment;
    return refused(env, "The engine's memory could not be held");
  }
  Napi::Object functions = Napi::Object::New(env);
  if (!addKernels(env, functions, info[0], attachment)) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result.Set("kernels", functions);
  if (!addMapFile(env, result, info[0], attachment)) return env.Undefined();
  return result;
}

/// The builds that run on this processor, baseline first; or those of them that have fast kernels.
Napi::Array supportedIsas(Napi::Env env, bool fast) {
  int count;
  const Build* list = builds(&count);
  Napi::Array names = Napi::Array::New(env);
  for (int i = 0; i < count; i++) {
    if (list[i].supported && (!fast || list[i].fast != nullptr)) names.Set(names.Length(), Napi::String::New(env, list[i].isa));
  }
  return names;
}

Napi::Object start(Napi::Env env, Napi::Object exports) {
  exports.Set("hash", Napi::String::New(env, LANEWISE_KERNELS_HASH));
  exports.Set("isas", supportedIsas(env, false));
  exports.Set("fastIsas", supportedIsas(env, true));
  exports.Set("attach", Napi::Function::New(env, attach, "attach"));
  return exports;
}

}  // namespace
}  // namespace lanewise

static Napi::Object Start(Napi::Env env, Napi::Object exports) { return lanewise::start(env, exports); }
NODE_API_MODULE(lanewise, Start)
