// Runs in a browser: trains on the WebAssembly engine, with and without threads, and posts one hash a model. .ci/chromium.mjs
// bundles it, runs it in Chromium and in Node, and compares.
import { fitAll } from './same-bits-models.mjs';

const report = async () => {
  const results = { isolated: globalThis.crossOriginIsolated };
  for (const threads of [1, 2]) results[`threads ${threads}`] = await fitAll({ backend: 'wasm', threads });
  return results;
};

report()
  .catch((error) => ({ error: String(error?.stack ?? error) }))
  .then((results) => fetch('/result', { method: 'POST', body: JSON.stringify(results) }));
