import { LanewiseError } from '../../errors.js';
import type { Backend, MapFile, Numerics } from '../backend.js';
import { type KernelFunctions, kernelsHash } from '../kernels.gen.js';

/** What native/binding/addon.cpp exports. */
export interface NativeAddon {
  /** Of the kernel table the addon was built from. */
  readonly hash: string;
  /** The builds that run on this processor, baseline first. */
  readonly isas: readonly string[];
  /** Those of them that have kernels for `numerics: 'fast'` which run on this processor. */
  readonly fastIsas: readonly string[];
  /** Binds the kernels of a build to a memory, which the array must cover from its start. */
  attach(
    memory: Uint8Array,
    isa: string,
    fast: boolean,
  ): { readonly kernels: KernelFunctions; readonly mapFile?: MapFile };
}

export interface NativeOptions {
  /** Path of the addon; default: LANEWISE_ADDON, else this checkout's build, else the platform's package. */
  readonly addon?: string;
  /** Instruction set: 'sse2', 'sse42', 'avx2', 'avx512', 'neon'; default: LANEWISE_ISA, else the best that runs here. */
  readonly isa?: string;
  readonly numerics?: Numerics;
}

/** The npm package that carries the addon for a platform; an optional dependency of Lanewise. */
export function platformPackage(platform: string, arch: string): string {
  return `@lanewise/${platform}-${arch}`;
}

/**
 * The C++ kernels on a shared memory, on the calling thread. Throws a LanewiseError ('engine') that says which addons
 * were looked at and why each cannot be used: missing, broken, built from another kernel table.
 */
export async function loadNativeBackend(memory: WebAssembly.Memory, options: NativeOptions = {}): Promise<Backend> {
  if (typeof process === 'undefined' || typeof process.versions?.node !== 'string') {
    throw new LanewiseError('engine', 'Expected Node.js for the native addon, but this is another runtime');
  }
  const { loadAddon } = await import('./backend-node.js');
  const { addon, isa } = loadAddon(options);
  return createNativeBackend(addon, memory, isa, options.numerics);
}

/** Binds a loaded addon to a memory. The memory must be shared: an unshared one may move when it grows. */
export function createNativeBackend(
  addon: NativeAddon,
  memory: WebAssembly.Memory,
  isa: string = addon.isas.at(-1)!,
  numerics?: Numerics,
): Backend {
  if (typeof SharedArrayBuffer === 'undefined' || !(memory.buffer instanceof SharedArrayBuffer)) {
    throw new LanewiseError('engine', 'Expected a shared memory for the native addon, but this one is not shared');
  }
  if (!addon.isas.includes(isa)) {
    throw new LanewiseError('engine', `The native addon has no build "${isa}" that runs on this processor`, {
      hint: `There are: ${addon.isas.join(', ')}`,
    });
  }
  const fast = numerics === 'fast' && addon.fastIsas.includes(isa);
  const { kernels, mapFile } = addon.attach(new Uint8Array(memory.buffer), isa, fast);
  return { name: 'native', variant: fast ? `${isa}-fast` : isa, kernels, mapFile };
}

/** Why a loaded module cannot be used as the addon, or undefined when it can. */
export function refusal(candidate: Partial<NativeAddon> | undefined): string | undefined {
  if (typeof candidate?.attach !== 'function' || typeof candidate.hash !== 'string' || !candidate.fastIsas)
    return 'it is no Lanewise addon';
  if (candidate.hash === kernelsHash) return undefined;
  return `it was built from another kernel table (${candidate.hash}, expected ${kernelsHash})`;
}
