#!/usr/bin/env bash
# The package as users get it: packed, installed into an empty folder without optional parts, measured, and used.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$root"
fail() { echo "falls short: $*"; exit 1; }

node -e 'const s = require("./package.json").scripts; for (const n of ["preinstall", "install", "postinstall", "prepare"]) if (s[n]) { console.log("install script " + n); process.exit(1); }'
tarball=$(npm pack --silent --pack-destination "$work")
tar -tzf "$work/$tarball" | grep -qE 'tests/|\.vitest|tsbuildinfo|build/Release' && fail "the package carries tests or build leftovers: $(tar -tzf "$work/$tarball" | grep -E 'tests/|\.vitest|tsbuildinfo|build/Release' | head -3)"
mkdir "$work/user" && cd "$work/user" && npm init -y >/dev/null
npm install --silent --no-audit --no-fund --omit=optional "$work/$tarball"
megabytes=$(du -sm node_modules | cut -f1)
echo "note: $megabytes MB installed without optional parts (limit 60), $(du -k "$work/$tarball" | cut -f1) KB packed"
[ "$megabytes" -le 60 ] || fail "$megabytes MB installed without optional parts, expected at most 60"
[ ! -e node_modules/@duckdb ] || fail 'DuckDB was installed in spite of --omit=optional'

printf 'a,b,y\n' >data.csv
awk 'BEGIN { srand(7); for (i = 0; i < 300; i++) { a = rand(); print a "," int(rand() * 4) "," (a + rand() * .5 > .7 ? "yes" : "no") } }' >>data.csv
npx lanewise train data.csv --target y --output model >/dev/null
npx lanewise predict data.csv --model model --output out.csv >/dev/null
[ "$(wc -l <out.csv)" -eq 301 ] || fail "301 lines expected of predict, received $(wc -l <out.csv)"
cat >use.mjs <<'JS'
import { readFileSync } from 'node:fs';
import * as lanewise from 'lanewise';
import * as runtime from 'lanewise/runtime';
if (!lanewise.createEngine) throw new Error('lanewise exports no createEngine');
if (Object.keys(runtime).length === 0) throw new Error('lanewise/runtime exports nothing');
JS
node use.mjs
cat >strict.ts <<'TS'
import { createEngine, type Engine } from 'lanewise';
export const engine: Promise<Engine> = createEngine({ threads: 1 });
TS
"$root/node_modules/.bin/tsc" --noEmit --strict --module nodenext --target es2023 --lib es2023,dom,esnext.disposable --skipLibCheck strict.ts || fail 'the types do not compile for a user'
for licence in examples/nyc-taxi/data examples/bike-sharing/data; do
  [ -f "node_modules/lanewise/$licence/README.md" ] || fail "$licence is packed without its licence note"
done
echo 'the package is as promised'
