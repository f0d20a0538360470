import type { WasmBuild } from '../backend.js';
import { isNode } from '../platform.js';

/** Where the bytes of a build come from, for pages that bundle them or serve them elsewhere. */
export type WasmSource = (build: WasmBuild | 'fast') => BufferSource | Response | Promise<BufferSource | Response>;

/** Compiles a build: from the package's folder in Node, by `fetch` beside this file elsewhere, or from a given source. */
export async function loadWasm(
  build: WasmBuild | 'fast',
  source: WasmSource = packagedSource,
): Promise<WebAssembly.Module> {
  const given = await source(build);
  if (typeof Response === 'undefined' || !(given instanceof Response)) {
    return WebAssembly.compile(given as BufferSource);
  }
  if (!given.ok) throw new Error(`${given.url} answered ${given.status}`);
  return WebAssembly.compile(await given.arrayBuffer());
}

async function packagedSource(build: WasmBuild | 'fast'): Promise<BufferSource | Response> {
  const url = new URL(`../../wasm/${build}.wasm`, import.meta.url);
  if (!isNode()) return fetch(url);
  const { readFile } = await import('./read-node.js');
  return readFile(url);
}
