import type { Backend, Binding } from './backend.js';
import { loadNativeBackend } from './native/backend.js';
import { createReferenceBackend } from './reference/backend.js';
import { createWasmBackend } from './wasm/backend.js';

/** Binds what was chosen to a memory, on this thread: the driver and every worker come through here. */
export async function bindBackend(binding: Binding, memory: WebAssembly.Memory): Promise<Backend> {
  switch (binding.name) {
    case 'reference':
      return createReferenceBackend(memory);
    case 'wasm':
      return createWasmBackend(binding.build, binding.module, memory, binding.fast);
    case 'native':
      return loadNativeBackend(memory, binding.options);
  }
}
