// Runs check.html in Chromium: `node bindings/browser/check.mjs A.wasm …`. Needs `npm ci` in bench/ and Chromium
// (CHROMIUM, default /usr/bin/chromium).
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

const { chromium } = createRequire(new URL('../../bench/package.json', import.meta.url))('playwright-core');
const folder = import.meta.dirname;
const models = new Map(process.argv.slice(2).map((path, index) => [`${index}-${basename(path)}`, path]));
const types = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm', json: 'application/json' };

if (models.size === 0) {
  console.error('Expected at least one .wasm on the command line');
  process.exit(1);
}

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname).slice(1);
  const served = ['check.html', 'check-model.js', 'lanewise.js'].includes(path)
    ? join(folder, path)
    : models.get(path.replace(/^models\//, ''));
  const body = path === 'models.json' ? JSON.stringify([...models.keys()]) : served && (await readFile(served));
  response.writeHead(body ? 200 : 404, { 'content-type': types[path.split('.').at(-1)] ?? 'text/plain' });
  response.end(body || '');
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
let failed = 1;
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error}`));
  await page.goto(`http://127.0.0.1:${server.address().port}/check.html`);
  const report = page.locator('#report[data-failed]');
  await report.waitFor({ timeout: 120_000 });
  console.log(await report.textContent());
  failed = Number(await report.getAttribute('data-failed'));
  const passed = Number(await report.getAttribute('data-passed'));
  console.log(`browser (Chromium ${browser.version()}): ${passed} passed, ${failed} failed`);
  if (passed === 0) failed = 1;
} finally {
  await browser.close();
  server.close();
}
process.exit(failed === 0 ? 0 : 1);
