// The same bits in a browser: fits every model in headless Chromium, with shared memory and threads and without, and in
// Node on the reference backend, and compares the hashes. Needs Chromium (Debian package chromium) and `npm run build`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fitAll } from '../tests/browser/same-bits-models.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'lanewise-chromium-'));
const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };

/** The page and the pool's worker, side by side as a web application's bundler would put them. */
async function bundle() {
  await build({
    entryPoints: {
      page: join(root, 'tests/browser/same-bits.mjs'),
      'pool-worker': join(root, 'dist/engine/pool-worker.js'),
    },
    outdir: join(work, 'app/js'),
    bundle: true,
    splitting: true, // what only Node imports stays in chunks that a browser never loads
    format: 'esm',
    platform: 'browser',
    external: ['node:*'],
    logLevel: 'error',
  });
}

function fileOf(url) {
  if (url === '/')
    return { body: '<!doctype html><script type="module" src="/app/js/page.js"></script>', type: 'text/html' };
  const path = url.startsWith('/wasm/') ? join(root, 'dist', url) : join(work, url);
  return { body: readFileSync(path), type: types[extname(path)] ?? 'application/octet-stream' };
}

/** Opens the page in Chromium and returns what it posts back. */
async function runPage(isolated) {
  let resolve;
  const result = new Promise((done) => (resolve = done));
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      let body = '';
      request.on('data', (chunk) => (body += chunk)).on('end', () => resolve(JSON.parse(body)));
      response.end();
      return;
    }
    const headers = isolated
      ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
      : {};
    try {
      const { body, type } = fileOf(new URL(request.url, 'http://localhost').pathname);
      response.writeHead(200, { 'content-type': type, ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-sync',
    '--enable-logging=stderr',
  ];
  const profile = mkdtempSync(join(work, 'profile-'));
  const chromium = spawn(
    'chromium',
    [...flags, `--user-data-dir=${profile}`, `http://localhost:${server.address().port}/`],
    { stdio: process.env.CHROMIUM_LOG ? 'inherit' : 'ignore' },
  );
  const late = setTimeout(() => resolve({ error: 'no answer within 180 s' }), 180_000);
  chromium.on('error', (error) => resolve({ error: String(error) }));
  try {
    return await result;
  } finally {
    clearTimeout(late);
    chromium.kill();
    if (chromium.exitCode === null && chromium.pid !== undefined) await once(chromium, 'exit');
    server.close();
    server.closeAllConnections();
  }
}

await bundle();
const law = await fitAll({ backend: 'reference', threads: 1 });
let compared = 0;
let wrong = 0;
for (const isolated of [true, false]) {
  const { error, isolated: wasIsolated, ...runs } = await runPage(isolated);
  if (error || wasIsolated !== isolated)
    throw new Error(error ?? `crossOriginIsolated is ${wasIsolated}, expected ${isolated}`);
  for (const [run, hashes] of Object.entries(runs)) {
    for (const [model, hash] of Object.entries(law)) {
      compared++;
      if (hashes[model] === hash) continue;
      wrong++;
      console.log(
        `falls short: ${model}, ${isolated ? 'shared' : 'unshared'} memory, ${run}: ${hashes[model]}, expected ${hash}`,
      );
    }
  }
}
rmSync(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }); // Chromium's children outlive it a little
console.log(
  `note: ${compared} hashes of ${Object.keys(law).length} models compared between Chromium and the reference`,
);
process.exit(wrong === 0 && compared > 0 ? 0 : 1);
