#!/usr/bin/env bash
# The native addon, in parts; anything missing is a failure. Needs cmake, and GCC or Clang.
#   .ci/native.sh            builds it, runs its tests, then the other tests on the native backend
#   .ci/native.sh sanitize   the same kernels under AddressSanitizer and UndefinedBehaviorSanitizer: on buffers of exactly the
#                            length of the contract, and inside Node, there also training on hostile tables
#   .ci/native.sh arm        the same kernels for 64-bit Arm, emulated (Debian: g++-aarch64-linux-gnu, qemu-user-static)
set -euo pipefail
cd "$(dirname "$0")/.."
vitest() { node node_modules/vitest/vitest.mjs run "$@"; }

if [ -z "${1:-}" ]; then
  node .ci/build.mjs native
  vitest --config vitest.native.config.ts
  # choose.test.ts is about what is chosen where nobody asks.
  LANEWISE_BACKEND=native vitest --exclude tests/backends/choose.test.ts
  exit
fi

if [ "${1:-}" = arm ]; then
  arm=$PWD/build/aarch64
  cmake -S . -B "$arm" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_EXE_LINKER_FLAGS=-static
  cmake --build "$arm" --parallel 2 --target kernel-cases
  node .ci/generate-cases.mjs "$arm/cases"
  qemu-aarch64-static "$arm/kernel-cases" "$arm/cases"
  exit
fi

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
preload="$(library libasan.so):$(library libubsan.so)"
export ASAN_OPTIONS=detect_leaks=0 LANEWISE_ADDON="$sanitized/Release/lanewise.node"
LD_PRELOAD=$preload LANEWISE_SEEDS=1 \
  vitest --config vitest.native.config.ts tests/native/addon tests/native/conformance tests/native/routes
# Training too: hostile tables through every model of trees; shapes matter here, and come round within 160 draws.
LD_PRELOAD=$preload LANEWISE_BACKEND=native LANEWISE_SEEDS=4 vitest tests/models/trees-hostile
