// `npm test`: sets up what is missing, runs the tests, and says what they covered and what to do next.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const begin = Date.now();

function run(...args) {
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

run('.ci/setup.mjs');
run('node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2));
console.log(`Tested the built package in dist/ on Node ${process.versions.node}, in ${Math.round((Date.now() - begin) / 1000)} s: \
the reference and WebAssembly backends, committed fixtures only.
Next: npm start (real data through all ten steps), npm run build:native (the C++ kernels, needs a compiler),
      .ci/run (native, sanitizers, browsers, other runtimes, quality held to scikit-learn's).`);
