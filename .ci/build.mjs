// Builds the package: `node .ci/build.mjs` (WebAssembly, TypeScript, report), `… generate` (the files derived from the
// kernel table), `… native` (the C++ addon, with cmake-js).
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => `${root}node_modules/.bin/${name}`;

function run(title, command, ...args) {
  const begin = Date.now();
  process.stderr.write(`  ${title} … `);
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  if (result.status !== 0) {
    process.stderr.write(`failed\n${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}\n`);
    process.exit(1);
  }
  process.stderr.write(`${((Date.now() - begin) / 1000).toFixed(1)} s\n`);
}

const wanted = process.argv[2] ?? 'all';
mkdirSync(`${root}dist`, { recursive: true });
/** One source, several builds. Kernels import nothing but the memory and hold no state, so instances can share it. */
function buildWasm(name, ...flags) {
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
  run(`WebAssembly ${name}`, bin('asc'), 'assembly/index.ts', ...output, ...kernelFlags, ...flags);
}

if (wanted === 'all' || wanted === 'wasm') {
  buildWasm('simd-threads', '--enable', 'simd,threads', '--sharedMemory', '--maximumMemory', '65536');
  buildWasm('simd', '--enable', 'simd');
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
if (wanted === 'generate') run('files derived from the kernel table', process.execPath, '.ci/generate.mjs');
