import { Bench } from 'tinybench';
import type { BackendName, Numerics, PassedOver } from '../backends/backend.js';
import { isNode } from '../backends/platform.js';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import type { Kernel, Work } from '../kernels/contract.js';
import { kernelByName, kernels } from '../kernels/table.js';
import { checkCase, type KernelCase, type PlacedCase, placeCase, prepareCase } from './conformance.js';
import { createEngine, type Engine, type Task } from './engine.js';
import { turnEventLoop } from './turn.js';

export interface BenchOptions {
  /** Parts of kernel or family names; a kernel that has any of them is measured. Default: all. */
  readonly filter?: readonly string[];
  /** Default: all that can be had. */
  readonly backends?: readonly BackendName[];
  /** 'fast' times the fast kernels where there are any. */
  readonly numerics?: Numerics;
  /** Measuring time of a row and backend; default 200. Warming up takes a quarter more. */
  readonly milliseconds?: number;
  /** Above 1: calls of separate data are shared out over so many threads. Default 1. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onRow?: (row: BenchRow) => void;
}

export interface MachineDescription {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly runtime: string;
  readonly loadAverage: number | undefined;
}

/** What one thread of the machine can do at most, as measured in this run. */
export interface Limits {
  /** Multiplications and additions (unfused) by backend, GFLOP/s. */
  readonly flops: Readonly<Record<string, { readonly f64: number; readonly f32: number }>>;
  /** Bytes read and written in 256 KiB (caches) and in 64 MiB (memory), GB/s: the best of copy, dot and axpy. */
  readonly cache: number;
  readonly memory: number;
}

export interface BenchResult {
  readonly backend: BackendName;
  readonly variant: string;
  /** Time of an element in the best sample, in nanoseconds: other work on the machine only ever adds to it. */
  readonly nsPerElement: number;
  /** The same in the median sample. Much above the best where the machine is busy. */
  readonly medianNsPerElement: number;
  /** Relative margin of error of the mean, in percent. */
  readonly marginPercent: number;
  /** What bounds the kernel by its own count of work: GFLOP/s or GB/s; absent where the kernel counts elements alone. */
  readonly rate?: { readonly value: number; readonly unit: 'GFLOP/s' | 'GB/s'; readonly shareOfLimit: number };
}

export interface BenchRow {
  readonly kernel: string;
  readonly family: string;
  /** What the kernel's inputs were made for: rows, mostly. */
  readonly size: number;
  readonly elements: number;
  readonly results: readonly BenchResult[];
  /** Backends whose results were wrong: these are not timed. */
  readonly wrong: readonly string[];
}

export interface BenchReport {
  readonly machine: MachineDescription;
  readonly threads: number;
  readonly limits: Limits;
  readonly rows: readonly BenchRow[];
  readonly passedOver: readonly PassedOver[];
}

const DEFAULT_SIZE = 16_384;
/** A sample is at least this long, so that the clock costs nothing. */
const SAMPLE_MILLISECONDS = 0.05;
const CACHE_BYTES = 256 * 1024;
const MEMORY_BYTES = 64 * 1024 * 1024;
const CASE = { flavour: 'plain', seed: 0 } as const;

/**
 * Times kernels, every backend side by side. A kernel is held to its reference on the very inputs first, and timed only
 * where it agrees.
 * @throws LanewiseError `usage` where the filter leaves no kernel, `cancelled` by the signal.
 */
export async function runBench(options: BenchOptions = {}): Promise<BenchReport> {
  const chosen = chooseKernels(options.filter ?? []);
  const threads = options.threads ?? 1;
  const passedOver: PassedOver[] = [];
  const engines = await openEngines(options, threads, passedOver);
  try {
    const limits = await measureLimits(engines);
    const rows: BenchRow[] = [];
    for (const kernel of chosen) {
      throwIfCancelled(options.signal);
      const row = await measureKernel(kernel, engines, limits, options.milliseconds ?? 200);
      rows.push(row);
      options.onRow?.(row);
      await turnEventLoop();
    }
    return { machine: await describeHere(), threads, limits, rows, passedOver };
  } finally {
    for (const engine of engines) await engine.close();
  }
}

function chooseKernels(filter: readonly string[]): readonly Kernel[] {
  if (filter.length === 0) return kernels;
  const chosen = kernels.filter(({ name, family }) =>
    filter.some((part) => name.includes(part) || family.includes(part)),
  );
  if (chosen.length > 0) return chosen;
  const families = [...new Set(kernels.map(({ family }) => family))].join(', ');
  throw new LanewiseError(
    'usage',
    `Expected a part of a kernel's or a family's name but received ${filter.join(', ')}`,
    {
      hint: `Families: ${families}`,
    },
  );
}

async function openEngines(options: BenchOptions, threads: number, passedOver: PassedOver[]): Promise<Engine[]> {
  const engines: Engine[] = [];
  for (const backend of options.backends ?? (['native', 'wasm', 'reference'] as const)) {
    try {
      engines.push(await createEngine({ backend, threads, numerics: options.numerics }));
    } catch (error) {
      if (options.backends) throw error;
      passedOver.push({ what: backend, why: (error as Error).message });
    }
  }
  return engines;
}

async function measureKernel(
  kernel: Kernel,
  engines: readonly Engine[],
  limits: Limits,
  time: number,
): Promise<BenchRow> {
  const size = kernel.benchSize ?? DEFAULT_SIZE;
  const prepared = prepareCase(kernel, { ...CASE, size });
  const work = kernel.work(prepared.scalars);
  const results: BenchResult[] = [];
  const wrong: string[] = [];
  for (const engine of engines) {
    const disagreement = checkCase(prepared, engine);
    if (disagreement) {
      wrong.push(disagreement);
      continue;
    }
    const { backend, variant } = engine.describe();
    const { milliseconds, median, marginPercent } = await timeCase(prepared, engine, time);
    const perElement = 1e6 / Math.max(1, work.elements);
    results.push({
      backend,
      variant,
      nsPerElement: milliseconds * perElement,
      medianNsPerElement: median * perElement,
      marginPercent,
      rate: rateOf(work, milliseconds, limitsOf(backend, kernel, prepared, limits, engine.threads)),
    });
  }
  return { kernel: kernel.name, family: kernel.family, size, elements: work.elements, results, wrong };
}

/** The time of one call, from samples of several calls each. */
async function timeCase(prepared: KernelCase, engine: Engine, time: number) {
  const copies = engine.threads > 1 ? 4 * engine.threads : 1;
  const placed = Array.from({ length: copies }, () => placeCase(prepared, engine));
  try {
    const sample =
      engine.threads > 1 ? sharedSample(prepared, engine, placed) : ownSample(prepared, engine, placed[0]!);
    return await timeSample(sample, time);
  } finally {
    for (const each of placed) each[Symbol.dispose]();
  }
}

interface Sample {
  readonly run: () => void | Promise<void>;
  readonly calls: number;
}

function ownSample({ kernel }: KernelCase, engine: Engine, { values }: PlacedCase): Sample {
  const call = engine.kernels[kernel.name as keyof typeof engine.kernels] as (...values: readonly number[]) => void;
  const begin = performance.now();
  call(...values);
  const calls = Math.ceil(SAMPLE_MILLISECONDS / Math.max(1e-4, performance.now() - begin));
  const run = () => {
    for (let i = 0; i < calls; i++) call(...values);
  };
  return { run, calls };
}

function sharedSample({ kernel }: KernelCase, engine: Engine, placed: readonly PlacedCase[]): Sample {
  const tasks = placed.map(({ values }) => ({ kernel: kernel.name as Task['kernel'], values }));
  return { run: async () => void (await engine.run(tasks)), calls: tasks.length };
}

interface Timing {
  /** Of one call, in the best sample. */
  readonly milliseconds: number;
  readonly median: number;
  readonly marginPercent: number;
}

async function timeSample({ run, calls }: Sample, time: number): Promise<Timing> {
  const bench = new Bench({ time, warmupTime: time / 4, iterations: 5, warmupIterations: 5, throws: true });
  bench.add('call', run);
  await bench.run();
  const result = bench.tasks[0]!.result;
  if (result.state !== 'completed') throw new LanewiseError('internal', `A bench ended as ${result.state}`);
  const { min, p50, rme } = result.latency;
  return { milliseconds: min / calls, median: p50 / calls, marginPercent: rme };
}

interface CaseLimits {
  readonly gflops: number;
  readonly gigabytes: number;
}

function limitsOf(
  backend: BackendName,
  { name }: Kernel,
  { before }: KernelCase,
  limits: Limits,
  threads: number,
): CaseLimits {
  const bytes = [...before.values()].reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
  const flops = limits.flops[backend] ?? limits.flops['wasm'] ?? { f64: Number.NaN, f32: Number.NaN };
  return {
    gflops: threads * (name.endsWith('_f32') ? flops.f32 : flops.f64),
    gigabytes: threads * (bytes > 1 << 20 ? limits.memory : limits.cache),
  };
}

/** By which of the two limits the kernel would run longer: that one bounds it. */
function rateOf(work: Work, milliseconds: number, limits: CaseLimits): BenchResult['rate'] {
  const gflops = (work.flops ?? 0) / milliseconds / 1e6;
  const gigabytes = (work.bytes ?? 0) / milliseconds / 1e6;
  const [byFlops, byBytes] = [gflops / limits.gflops, gigabytes / limits.gigabytes];
  if (work.flops === undefined && work.bytes === undefined) return undefined;
  return work.bytes === undefined || byFlops > byBytes
    ? { value: gflops, unit: 'GFLOP/s', shareOfLimit: byFlops }
    : { value: gigabytes, unit: 'GB/s', shareOfLimit: byBytes };
}

const LIMIT_MILLISECONDS = 60;

/** Of one thread. The reference is held to WebAssembly's limit: its own chain of operations waits for itself. */
async function measureLimits(engines: readonly Engine[]): Promise<Limits> {
  const compiled = engines.filter((engine) => engine.describe().backend !== 'reference');
  const lent = compiled.length < engines.length && !compiled.some((engine) => engine.describe().backend === 'wasm');
  if (lent) compiled.push(await createEngine({ backend: 'wasm', threads: 1 }));
  const flops: Record<string, { f64: number; f32: number }> = {};
  let [cache, memory] = [await measureCopy(CACHE_BYTES), await measureCopy(MEMORY_BYTES)];
  for (const engine of compiled) {
    flops[engine.describe().backend] = {
      f64: await measureFlops(engine, 'f64'),
      f32: await measureFlops(engine, 'f32'),
    };
    cache = Math.max(cache, await measureBytes(engine, CACHE_BYTES));
    memory = Math.max(memory, await measureBytes(engine, MEMORY_BYTES));
  }
  if (lent) await compiled.at(-1)!.close();
  return { flops, cache, memory };
}

/** Multiplications and additions in registers, GFLOP/s. */
async function measureFlops(engine: Engine, dtype: 'f64' | 'f32'): Promise<number> {
  const kernel = kernelByName.get(`limit_multiply_add_${dtype}`)!;
  const prepared = prepareCase(kernel, { ...CASE, size: kernel.benchSize! });
  using placed = placeCase(prepared, engine);
  const { milliseconds } = await timeSample(ownSample(prepared, engine, placed), LIMIT_MILLISECONDS);
  return kernel.work(prepared.scalars).flops! / milliseconds / 1e6;
}

/** The faster of dot_f64 and axpy_f64 over two columns of `bytes` together, GB/s. */
async function measureBytes({ arena, kernels: functions }: Engine, bytes: number): Promise<number> {
  using scope = arena.scope();
  const rows = bytes / 16;
  const [x, y] = [scope.zeros('f64', rows).byteOffset, scope.zeros('f64', rows).byteOffset];
  const rate = async (traffic: number, call: () => void) => {
    const { milliseconds } = await timeSample({ run: call, calls: 1 }, LIMIT_MILLISECONDS);
    return traffic / milliseconds / 1e6;
  };
  return Math.max(
    await rate(bytes, () => functions.dot_f64(x, y, rows)),
    await rate(1.5 * bytes, () => functions.axpy_f64(x, y, 0.5, rows)),
  );
}

/** Bytes read and written a second, in GB, by copying half of `bytes` to the other half. */
async function measureCopy(bytes: number): Promise<number> {
  const array = new Uint8Array(bytes).fill(1);
  const [from, to] = [array.subarray(0, bytes / 2), array.subarray(bytes / 2)];
  const { milliseconds } = await timeSample({ run: () => to.set(from), calls: 1 }, LIMIT_MILLISECONDS);
  return bytes / milliseconds / 1e6;
}

async function describeHere(): Promise<MachineDescription> {
  if (isNode()) return (await import('./machine-node.js')).describeMachine();
  return {
    processor: 'unknown',
    cores: navigator.hardwareConcurrency || 1,
    memoryBytes: Number.NaN,
    platform: 'browser',
    runtime: navigator.userAgent,
    loadAverage: undefined,
  };
}

/** The report as a table, a line a kernel, a column a backend. */
export function formatBench({ machine, threads, limits, rows, passedOver }: BenchReport): string {
  const backends = [
    ...new Set(rows.flatMap((row) => row.results.map(({ backend, variant }) => `${backend} ${variant}`))),
  ];
  const body = rows.map((row) => [
    row.kernel,
    String(row.size),
    ...backends.map((name) =>
      formatResult(row.results.find(({ backend, variant }) => `${backend} ${variant}` === name)),
    ),
  ]);
  const flops = Object.entries(limits.flops).map(
    ([backend, { f64, f32 }]) => `${backend} ${f64.toFixed(1)} f64 and ${f32.toFixed(1)} f32 GFLOP/s`,
  );
  return [
    `${machine.processor}, ${machine.cores} cores, ${machine.platform}, ${machine.runtime}, load ${machine.loadAverage?.toFixed(2) ?? 'unknown'}`,
    `${threads} thread${threads > 1 ? 's' : ''}; ns an element in the best sample, rate, share of the limit measured now:`,
    `  ${flops.join('; ')}; ${limits.cache.toFixed(1)} GB/s in caches, ${limits.memory.toFixed(1)} in memory`,
    '',
    ...align([['kernel', 'size', ...backends], ...body]),
    ...rows.flatMap((row) => row.wrong.map((text) => `not timed, wrong: ${text}`)),
    ...passedOver.map(({ what, why }) => `not measured: ${what}: ${why}`),
    '',
  ].join('\n');
}

function formatResult(result: BenchResult | undefined): string {
  if (!result) return '–';
  const time = `${result.nsPerElement.toPrecision(3)} ns`;
  if (!result.rate) return time;
  const { value, unit, shareOfLimit } = result.rate;
  return `${time}  ${value.toPrecision(3)} ${unit}  ${Math.round(100 * shareOfLimit)} %`;
}

function align(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
