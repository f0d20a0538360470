#!/usr/bin/env bash
# The native addon: builds it, runs its tests, then the same kernels under AddressSanitizer and UndefinedBehaviorSanitizer,
# once on exactly sized buffers, once inside Node. Needs cmake and GCC or Clang; anything missing is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

node .ci/build.mjs native
npx vitest run --config vitest.native.config.ts

sanitized=$PWD/build/sanitized
cmake_js() { node node_modules/cmake-js/bin/cmake-js "$@" --out "$sanitized" --CDSANITIZE=ON --log-level error --silent; }
cmake_js configure
cmake_js build --parallel 2
cmake_js build --parallel 2 --target kernel-cases
node .ci/generate-cases.mjs "$sanitized/cases"
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
"$sanitized/kernel-cases" "$sanitized/cases"

# Node itself is not built with the sanitizers, so their libraries go first; its own leaks at exit are not ours.
library() { "${CXX:-c++}" -print-file-name="$1"; }
LD_PRELOAD="$(library libasan.so):$(library libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
  LANEWISE_ADDON="$sanitized/Release/lanewise.node" node node_modules/vitest/vitest.mjs run --config vitest.native.config.ts
