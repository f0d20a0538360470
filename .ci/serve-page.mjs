// The server's page in Chromium: token asked for, form made from the model's schema, a prediction shown, text from the model
// taken as text. `node .ci/serve-page.mjs [FOLDER]` leaves pictures in FOLDER. Needs what .ci/bindings.sh installs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveArtefact } from '../dist/deploy/artefact.js';
import { startServer } from '../dist/deploy/server.js';

const { chromium } = createRequire(new URL('../bench/package.json', import.meta.url))('playwright-core');
const { classifier, ranges } = await import('../.cache/bindings/models.mjs'); // .ci/bindings-models.mjs wrote it
const work = mkdtempSync(join(tmpdir(), 'lanewise-page-'));
const pictures = process.argv[2];
const row = { distance: 3.2, 'tip <b>': 1, airport: true, pickup: '2019-03-23T20:21:09Z', borough: '<script>' };

const artefact = await saveArtefact(join(work, 'artefact'), {
  model: classifier(['card', 'cash', '<b>x</b>']),
  ranges,
});
const server = await startServer({ artefact, name: 'payment', token: 'secret' });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 800 } });
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => request.url().startsWith(server.url) || problems.push(`asks ${request.url()}`));
  await page.goto(server.url);
  for (const token of ['wrong', 'secret']) {
    await page.locator('#token').fill(token);
    await page.locator('#token-form button').click();
    if (token === 'wrong') await page.locator('.error').waitFor();
  }
  await page.locator('#form:not([hidden])').waitFor();
  await page.getByLabel('distance').fill(String(row.distance));
  await page.getByLabel('tip <b>').fill(String(row['tip <b>']));
  await page.getByLabel('airport').selectOption({ label: 'true' });
  await page.getByLabel('pickup').fill(row.pickup.slice(0, 19));
  await page.getByLabel('borough').selectOption({ label: row.borough });
  await page.locator('#form button').click();
  await page.locator('#answer strong').waitFor();
  assert.equal(await page.locator('#answer strong').textContent(), artefact.model.predictSync(row));
  assert.equal(await page.locator('#answer tr').count(), 3);
  assert.equal(await page.locator('#answer b, main script').count(), 0, 'text from the model became markup');
  for (const [width, colorScheme] of [
    [1400, 'light'],
    [400, 'dark'],
  ]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} px too wide at ${width} px`);
    if (pictures) await page.screenshot({ path: join(pictures, `page-${width}-${colorScheme}.png`) });
  }
  assert.deepEqual(problems, []);
  console.log("the server's page: 1 passed, 0 failed");
} finally {
  await browser.close();
  await server.close();
  rmSync(work, { recursive: true, force: true });
}
