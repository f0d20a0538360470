import { invalid, LanewiseError } from '../errors.js';
import type { Backend, BackendName, Binding, Numerics, PassedOver, WasmBuild } from './backend.js';
import { bindBackend } from './bind.js';
import { createSharedMemory, createUnsharedMemory, type KernelMemory, reasonOf } from './memory.js';
import type { NativeOptions } from './native/backend.js';
import { environment } from './platform.js';
import { loadWasm, type WasmSource } from './wasm/load.js';

export interface ChoiceOptions {
  /** Default 'auto': what LANEWISE_BACKEND names, else native, else wasm, else reference. */
  readonly backend?: BackendName | 'auto';
  /** Default 'reproducible'. */
  readonly numerics?: Numerics;
  /** false: never use shared memory, hence one thread. */
  readonly sharedMemory?: boolean;
  /** Bytes of the WebAssembly builds, where they do not lie beside this package. */
  readonly wasm?: WasmSource;
  /** Which addon and instruction set; default: the first that is found, the best that the processor runs. */
  readonly native?: NativeOptions;
}

export interface Choice extends KernelMemory {
  readonly backend: Backend;
  readonly binding: Binding;
  readonly passedOver: readonly PassedOver[];
}

interface Candidate {
  readonly name: BackendName;
  readonly what: string;
  /** Which memory it computes on; 'any': shared where there is one. */
  readonly memory: 'shared' | 'unshared' | 'any';
  readonly find: () => Promise<Binding>;
}

/**
 * The one place that chooses who computes, best first; whatever is passed over is recorded with the reason.
 * @throws LanewiseError `engine` where the backend that was asked for cannot be had; `usage` where there is none such.
 */
export async function chooseBackend(options: ChoiceOptions = {}): Promise<Choice> {
  const { wanted, by } = wantedBackend(options.backend);
  const passedOver: PassedOver[] = [];
  const memories = new Memories(options.sharedMemory ?? true, passedOver);
  requireNumerics(options.numerics);
  for (const candidate of candidates(options, passedOver)) {
    if (wanted !== 'auto' && candidate.name !== wanted) continue;
    try {
      const binding = await candidate.find();
      const kernelMemory = memories.of(candidate.memory);
      const backend = await bindBackend(binding, kernelMemory.memory);
      noteNumerics(backend, options, passedOver);
      return { ...kernelMemory, backend, binding, passedOver };
    } catch (error) {
      passedOver.push({ what: candidate.what, why: reasonOf(error) });
    }
  }
  const reasons = passedOver.map(({ what, why }) => `${what}: ${why}`).join('; ');
  throw new LanewiseError('engine', `Expected the ${wanted} backend, as ${by} asks, but it cannot be had: ${reasons}`, {
    hint: "Ask for 'auto' to take the best backend that there is; `lanewise doctor` shows which and why",
  });
}

/** The option where it names a backend, else the environment. */
function wantedBackend(option = 'auto'): { wanted: BackendName | 'auto'; by: string } {
  const names = ['auto', 'native', 'wasm', 'reference'] as const;
  const byOption = option !== 'auto';
  const given = byOption ? option : (environment('LANEWISE_BACKEND') ?? 'auto');
  const wanted = names.find((name) => name === given);
  if (!wanted) throw invalid(byOption ? 'backend' : 'LANEWISE_BACKEND', `one of ${names.join(', ')}`, given);
  return { wanted, by: byOption ? 'the option `backend`' : 'LANEWISE_BACKEND' };
}

function requireNumerics(numerics: Numerics = 'reproducible'): void {
  if (numerics === 'reproducible' || numerics === 'fast') return;
  throw invalid('numerics', "'reproducible' or 'fast'", numerics);
}

/** Says where `numerics: 'fast'` changes nothing. */
function noteNumerics({ variant }: Backend, { numerics }: ChoiceOptions, passedOver: PassedOver[]): void {
  if (numerics !== 'fast' || variant.endsWith('-fast')) return;
  if (passedOver.some(({ what }) => what === FAST)) return;
  passedOver.push({ what: FAST, why: `${variant} has none that this machine runs: the reproducible ones are used` });
}

const FAST = 'fast kernels';

function candidates({ wasm, native = {}, numerics }: ChoiceOptions, passedOver: PassedOver[]): Candidate[] {
  const fastModule = async (build: WasmBuild) => {
    if (numerics !== 'fast' || build !== 'simd-threads') return undefined;
    try {
      return await loadWasm('fast', wasm);
    } catch (error) {
      passedOver.push({ what: FAST, why: `${reasonOf(error)}: the reproducible ones are used` });
      return undefined;
    }
  };
  const wasmBuild = (build: WasmBuild, memory: Candidate['memory']): Candidate => ({
    name: 'wasm',
    what: `wasm ${build}`,
    memory,
    find: async () => ({ name: 'wasm', build, module: await loadWasm(build, wasm), fast: await fastModule(build) }),
  });
  return [
    {
      name: 'native',
      what: 'native',
      memory: 'shared',
      find: async () => ({ name: 'native', options: { ...native, numerics } }),
    },
    wasmBuild('simd-threads', 'shared'),
    wasmBuild('simd', 'unshared'),
    { name: 'reference', what: 'reference', memory: 'any', find: async () => ({ name: 'reference' }) },
  ];
}

/** The memories, each made when first asked for. */
class Memories {
  readonly #passedOver: PassedOver[];
  #shared: KernelMemory | undefined;
  #refusal: string | undefined;

  constructor(allowed: boolean, passedOver: PassedOver[]) {
    this.#passedOver = passedOver;
    if (!allowed) this.#refuse('the option `sharedMemory` is false');
  }

  of(kind: Candidate['memory']): KernelMemory {
    if (kind === 'unshared') return createUnsharedMemory();
    const shared = this.#tryShared();
    if (shared) return shared;
    if (kind === 'any') return createUnsharedMemory();
    throw new LanewiseError('engine', `it needs shared memory, and ${this.#refusal}`);
  }

  #tryShared(): KernelMemory | undefined {
    if (this.#shared || this.#refusal) return this.#shared;
    try {
      this.#shared = createSharedMemory(this.#passedOver);
    } catch (error) {
      this.#refuse(reasonOf(error));
    }
    return this.#shared;
  }

  #refuse(why: string): void {
    this.#refusal = why;
    this.#passedOver.push({ what: 'shared memory', why: `${why}: one thread, on a memory of fixed size` });
  }
}
