#!/usr/bin/env bash
# The second example: features hardly drift, target and error do, so it retrains, and the error falls.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$work"
node "$root/dist/cli/index.js" run "$root/examples/bike-sharing/workflow.yaml" --json >run.json
node - <<'JS'
const { readFileSync } = require('node:fs');
const record = JSON.parse(readFileSync('run.json', 'utf8'));
const monitor = record.steps.find((step) => step.name === 'monitor');
const { verdict, retrain } = monitor.summary;
if (verdict !== 'retrain') throw new Error(`verdict ${verdict}, expected retrain`);
if (!(retrain.errorAfter < retrain.errorBefore)) throw new Error(`error ${retrain.errorBefore} before, ${retrain.errorAfter} after`);
console.log(`note: error on held-out live rows ${retrain.errorBefore.toFixed(1)} before, ${retrain.errorAfter.toFixed(1)} after retraining`);
JS
