#!/usr/bin/env bash
# Takes one data set through every command of the command line: .ci/commands.sh DATA TARGET [DROP]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
data=$(realpath "$1") target=$2 drop=${3:-}
work=$(mktemp -d); trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
server=
cd "$work"
lanewise() { node "$root/dist/cli/index.js" "$@"; }
fail() { echo "falls short: $*"; exit 1; }
options=(--target "$target" ${drop:+--drop "$drop"})

json() { node -e 'const v = JSON.parse(require("fs").readFileSync(0, "utf8")); if (!(eval(process.argv[1]))) { console.log("unexpected: " + JSON.stringify(v).slice(0, 400)); process.exit(1); }' "$1"; }

lanewise doctor --json | json 'v.engine.backend'
lanewise profile "$data" --output profile.html --json | json 'v.rows > 0'
[ -s profile.html ] || fail 'profile wrote no page'
lanewise compare "$data" "${options[@]}" --folds-count 3 --models dummy,linear,gradient-boosting --json | json 'v.ranking.length === 3 && v.ranking[0].name !== "dummy"'
for model in dummy linear gradient-boosting random-forest k-nearest-neighbors; do
  lanewise evaluate "$data" "${options[@]}" --model "$model" --json | json 'Object.values(v.metrics).every((m) => Number.isFinite(m.mean) && Number.isFinite(m.std))'
done
lanewise train "$data" "${options[@]}" --model gradient-boosting --output model --json | json 'v.model'
lanewise predict "$data" --model model --output predictions.csv --json | json 'v.rows > 0'
lanewise monitor "$data" --model model --json | json 'v.verdict === "stable"'
lanewise bench dot --json | json 'v.rows.length > 0'
# Not through the function: its subshell would take the signal that is meant for the server.
node "$root/dist/cli/index.js" serve --model model --port 0 --json >serve.log 2>&1 &
server=$!
for _ in $(seq 100); do grep -q '"url"' serve.log && break; sleep 0.2; done
url=$(grep -oE 'http://[0-9.:]+' serve.log | head -n 1)
[ -n "$url" ] || { cat serve.log; fail 'serve named no address'; }
node -e 'fetch(process.argv[1] + "/v2/health/ready").then((r) => process.exit(r.ok ? 0 : 1))' "$url"
kill -TERM $server
wait $server || fail 'serve did not drain with exit code 0'
printf 'source: { csv: %s }\ntarget: %s\nignore: [%s]\n' "$data" "$target" "$drop" >workflow.yaml
lanewise run workflow.yaml --json | json 'v.steps.length === 10 && v.steps.every((s) => s.status === "ok")'
echo 'every command answered'
