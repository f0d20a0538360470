import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';
import type { MachineDescription } from './bench.js';

/** The machine and the runtime that figures were taken on. */
export function describeMachine(): MachineDescription {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()}`,
    runtime: `Node ${process.versions.node}, V8 ${process.versions.v8}`,
    loadAverage: loadavg()[0],
  };
}
