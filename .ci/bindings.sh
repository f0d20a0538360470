#!/usr/bin/env bash
# The stand-alone .wasm in other runtimes: Python (wasmtime) and Chromium reproduce the golden rows bit for bit; the runtime
# entry and the server's page work in Chromium. Takes modules as arguments; adds those of .ci/bindings-models.mjs and the
# newest run's.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
passed=0 failed=0

modules=("$@")
newest=$(find runs -name '*.wasm' -not -path '*/node_modules/*' -printf '%T@ %p\n' 2>/dev/null | sort -rn | head -n 1 | cut -d' ' -f2-)
[ -z "$newest" ] || modules+=("$newest")
node .ci/bindings-models.mjs "$work/models"
modules+=("$work"/models/*.wasm)

[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || { apt-get install -y -q chromium || { apt-get update -q && apt-get install -y -q chromium; }; } >/dev/null
[ -d bench/node_modules/playwright-core ] || npm ci --prefix bench --no-audit --no-fund --loglevel=error
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check wasmtime numpy ./bindings/python 2>"$work/pip.log" || { cat "$work/pip.log"; exit 1; }
rm -rf bindings/python/build bindings/python/*.egg-info

# The last line of each says what was checked; a check that does not run is a failure.
run() {
  if "$@" >"$work/out" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); cat "$work/out"; fi
  tail -n 1 "$work/out"
}
run "$work/venv/bin/python" bindings/python/tests/test_model.py "${modules[@]}"
run node bindings/browser/check.mjs "${modules[@]}"
run node .ci/runtime-browser.mjs "$work/models"
run node .ci/serve-page.mjs
echo "$passed passed, $failed failed (${#modules[@]} models)"
[ "$failed" -eq 0 ]
