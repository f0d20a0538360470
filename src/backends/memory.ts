import { LanewiseError } from '../errors.js';
import type { PassedOver } from './backend.js';

/** A page of WebAssembly memory, in bytes. */
const PAGE_BYTES = 65_536;

/** 4 GiB, and what browsers on small devices still grant: 1 GiB. */
const SHARED_MAXIMA = [65_536, 16_384] as const;
const INITIAL_PAGES = 64;
/** 512 MiB of address space; pages that are never written cost nothing. */
const UNSHARED_PAGES = 8_192;

/** A memory that kernels compute on. Growing a shared one keeps views alive; an unshared one never grows. */
export interface KernelMemory {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  /** Bytes that it can grow to. */
  readonly memoryLimit: number;
}

/**
 * A shared memory that can grow to 4 GiB, or to 1 GiB where more address space is refused (which `passedOver` records).
 * @throws LanewiseError `engine` where shared memory is refused at all.
 */
export function createSharedMemory(passedOver: PassedOver[]): KernelMemory {
  const isPage = typeof document !== 'undefined' || globalThis.crossOriginIsolated !== undefined;
  if (typeof SharedArrayBuffer === 'undefined' && !isPage)
    throw new LanewiseError('engine', 'this runtime has no SharedArrayBuffer, so there is no shared memory');
  if (typeof SharedArrayBuffer === 'undefined' || globalThis.crossOriginIsolated === false) {
    throw new LanewiseError('engine', 'the page is not cross-origin isolated, so there is no shared memory', {
      hint: 'Serve the page with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    });
  }
  let refusal: unknown;
  for (const maximum of SHARED_MAXIMA) {
    try {
      const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: true });
      return { memory, shared: true, memoryLimit: maximum * PAGE_BYTES };
    } catch (error) {
      refusal = error;
      passedOver.push({ what: `shared memory of up to ${maximum} pages`, why: reasonOf(error) });
    }
  }
  throw new LanewiseError('engine', `shared memory was refused: ${reasonOf(refusal)}`, { cause: refusal });
}

/**
 * A memory of fixed size for one thread. Growing an unshared memory would detach every array on it, Arrow's included,
 * so all of it is reserved at once: 512 MiB, or the largest half of that which is granted.
 */
export function createUnsharedMemory(pages = UNSHARED_PAGES): KernelMemory {
  for (let size = pages; ; size = Math.ceil(size / 2)) {
    try {
      const memory = new WebAssembly.Memory({ initial: size, maximum: size });
      return { memory, shared: false, memoryLimit: size * PAGE_BYTES };
    } catch (cause) {
      if (size > INITIAL_PAGES) continue;
      throw new LanewiseError('engine', `Expected memory for the engine but ${size} pages of 64 KiB were refused`, {
        cause,
      });
    }
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
