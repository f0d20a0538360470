// Builds the package: `node .ci/build.mjs` (WebAssembly, TypeScript, report), `… generate` (the files derived from the
// kernel table), `… native` (the C++ addon, with cmake-js).
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;

const nativeNeeds = `The addon needs cmake 3.18 or newer, make or ninja, and GCC 10 or Clang 12 or newer
(Debian and Ubuntu: apt-get install cmake make g++; macOS: xcode-select --install, brew install cmake).
Lanewise runs without it, on WebAssembly.`;

/** Runs a command, and says how long it took, or shows what it wrote when it failed. */
function attempt(title, command, args) {
  const begin = Date.now();
  process.stderr.write(`  ${title} … `);
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  const done = result.status === 0;
  const output = `failed\n${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`;
  process.stderr.write(done ? `${((Date.now() - begin) / 1000).toFixed(1)} s\n` : `${output}\n`);
  return done;
}

function run(title, command, ...args) {
  if (!attempt(title, command, args)) process.exit(1);
}

/** The C++ addon, in build/Release. cmake-js hands in the Node-API headers of node_modules: nothing is downloaded. */
function buildNative() {
  const args = ['node_modules/cmake-js/bin/cmake-js', 'build', '--parallel', String(availableParallelism())];
  if (attempt('native addon', process.execPath, args)) return;
  process.stderr.write(`${nativeNeeds}\n`);
  process.exit(1);
}

const wanted = process.argv[2] ?? 'all';
mkdirSync(`${root}dist`, { recursive: true });
/** One source, several builds. Kernels import nothing but the memory and hold no state, so instances can share it. */
function buildWasm(name, entry, ...flags) {
  const kernelFlags = [
    '--runtime',
    'stub',
    '--use',
    'abort=',
    '--noAssert',
    '--importMemory',
    '-O3',
    '--converge',
    '--initialMemory',
    '1',
  ];
  const output = ['--outFile', `dist/wasm/${name}.wasm`];
  run(`WebAssembly ${name}`, bin('asc'), entry, ...output, ...kernelFlags, ...flags);
}

/** The stand-alone predict module: a memory of its own, no imports, WebAssembly 1.0; src/deploy/wasm.ts writes the model into it. */
function buildPredict() {
  const flags = ['--runtime', 'stub', '--use', 'abort=', '--noAssert', '-O3', '--shrinkLevel', '1', '--converge'];
  const memory = ['--initialMemory', '1', '--disable', 'bulk-memory,nontrapping-f2i,sign-extension,mutable-globals'];
  const output = ['--outFile', 'dist/wasm/predict.wasm'];
  run('WebAssembly predict', bin('asc'), 'assembly/predict.ts', ...output, ...flags, ...memory);
}

if (wanted === 'all' || wanted === 'wasm') {
  buildPredict();
  const shared = ['--sharedMemory', '--maximumMemory', '65536'];
  buildWasm('simd-threads', 'assembly/index.ts', '--enable', 'simd,threads', ...shared);
  buildWasm('simd', 'assembly/index.ts', '--enable', 'simd');
  // The kernels that `numerics: 'fast'` replaces, with fused multiply-add.
  buildWasm('fast', 'assembly/fast.gen.ts', '--enable', 'simd,threads,relaxed-simd', ...shared);
}
if (wanted === 'all' || wanted === 'generate') run('TypeScript', bin('tsc'), '-p', '.');
if (wanted === 'all' || wanted === 'report') {
  // Vega goes into the report's template once, here; the package does not need it at run time.
  const flags = [
    '--bundle',
    '--minify',
    '--format=iife',
    '--target=es2020',
    '--legal-comments=eof',
    '--log-level=warning',
  ];
  run('charts of the report', bin('esbuild'), '.ci/report/charts.mjs', '--outfile=dist/report/charts.js', ...flags);
}
if (wanted === 'native') buildNative();
if (wanted === 'generate') {
  run('files derived from the kernel table', process.execPath, '.ci/generate.mjs');
  run('TypeScript of the derived files', bin('tsc'), '-p', '.');
}
