// Builds the package: `node .ci/build.mjs` (WebAssembly, TypeScript, report), `… generate` (the files derived from the
// kernel table), `… native` (the C++ addon, with cmake-js).
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, shell: process.platform === 'win32' });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    child.on('error', (error) => (output += error));
    child.on('close', (status) => {
      const seconds = `${((Date.now() - begin) / 1000).toFixed(1)} s`;
      process.stderr.write(`  ${title} … ${status === 0 ? seconds : `failed\n${output}`}\n`);
      done(status === 0);
    });
  });
}

async function run(title, command, ...args) {
  if (!(await attempt(title, command, args))) process.exit(1);
}

/** The C++ addon, in build/Release. cmake-js hands in the Node-API headers of node_modules: nothing is downloaded. */
async function buildNative() {
  const args = ['node_modules/cmake-js/bin/cmake-js', 'build', '--parallel', String(availableParallelism())];
  if (await attempt('native addon', process.execPath, args)) return;
  process.stderr.write(`${nativeNeeds}\n`);
  process.exit(1);
}

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
    '--sharedMemory',
    '--maximumMemory',
    '65536',
  ];
  const output = ['--outFile', `dist/wasm/${name}.wasm`];
  return run(`WebAssembly ${name}`, bin('asc'), entry, ...output, ...kernelFlags, '--enable', ...flags);
}

/** The kernels on a shared memory; and on an unshared one: the same code to the byte, but for the memory that it imports. */
async function buildKernels() {
  await buildWasm('simd-threads', 'assembly/index.ts', 'simd,threads');
  const shared = readFileSync(`${root}dist/wasm/simd-threads.wasm`);
  // The import section: 18 bytes, one import, env.memory, shared, from 1 page to 65,536; then: 15 bytes, unshared, from 1 page.
  const named = Buffer.from('\x03env\x06memory');
  const section = (bytes, limits) => Buffer.concat([Buffer.from([2, bytes, 1]), named, Buffer.from([2, ...limits])]);
  const before = section(18, [3, 1, 0x80, 0x80, 4]);
  const at = shared.indexOf(before);
  if (at < 0) throw new Error('Expected simd-threads.wasm to import env.memory alone, shared, of 1 to 65,536 pages');
  const [head, tail] = [shared.subarray(0, at), shared.subarray(at + before.length)];
  const unshared = Buffer.concat([head, section(15, [0, 1]), tail]);
  if (!WebAssembly.validate(unshared)) throw new Error('Expected valid WebAssembly for unshared memory');
  writeFileSync(`${root}dist/wasm/simd.wasm`, unshared);
}

/** The stand-alone predict module: a memory of its own, no imports, WebAssembly 1.0; src/deploy/wasm.ts writes the model into it. */
function buildPredict() {
  const flags = ['--runtime', 'stub', '--use', 'abort=', '--noAssert', '-O3', '--shrinkLevel', '1', '--converge'];
  const memory = ['--initialMemory', '1', '--disable', 'bulk-memory,nontrapping-f2i,sign-extension,mutable-globals'];
  const output = ['--outFile', 'dist/wasm/predict.wasm'];
  return run('WebAssembly predict', bin('asc'), 'assembly/predict.ts', ...output, ...flags, ...memory);
}

/** Vega goes into the report's template once, here; the package does not need it at run time. */
function buildReport() {
  const flags = [
    '--bundle',
    '--minify',
    '--format=iife',
    '--target=es2020',
    '--legal-comments=eof',
    '--log-level=warning',
  ];
  const [entry, output] = ['.ci/report/charts.mjs', '--outfile=dist/report/charts.js'];
  return run('charts of the report', bin('esbuild'), entry, ...flags, output);
}

const typescript = () => run('TypeScript', bin('tsc'), '-p', '.');
// The kernels that `numerics: 'fast'` replaces, with fused multiply-add.
const buildFast = () => buildWasm('fast', 'assembly/fast.gen.ts', 'simd,threads,relaxed-simd');

/** Each begins when one before it is done; the longest first. */
async function beside(...works) {
  const lane = async () => {
    for (let work = works.shift(); work; work = works.shift()) await work();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

const wanted = process.argv[2] ?? 'all';
mkdirSync(`${root}dist`, { recursive: true });
if (wanted === 'all') await beside(buildKernels, typescript, buildPredict, buildFast, buildReport);
else if (wanted === 'wasm') await beside(buildKernels, buildPredict, buildFast);
else if (wanted === 'report') await buildReport();
else if (wanted === 'native') await buildNative();
else if (wanted === 'generate') {
  await typescript();
  await run('files derived from the kernel table', process.execPath, '.ci/generate.mjs');
  await run('TypeScript of the derived files', bin('tsc'), '-p', '.');
} else {
  process.stderr.write(`Expected all, wasm, report, native or generate for what to build but received ${wanted}\n`);
  process.exit(2);
}
