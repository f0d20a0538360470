import { cpus, totalmem } from 'node:os';
import { packageVersion } from '../deploy/version.js';
import { createEngine } from '../engine/engine.js';
import { formatBytes } from '../table/format.js';
import type { CommandFile, CommonOptions } from './command.js';

const command: CommandFile = {
  configure: () => {},
  run: async (shell, options: CommonOptions) => {
    await using engine = await createEngine({ backend: options.backend ?? 'auto', threads: options.threads });
    const report = {
      lanewise: packageVersion,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memory: totalmem(),
      engine: engine.describe(),
      readers: { csv: await duckdbState() },
    };
    if (options.json) return shell.print(JSON.stringify(report));
    const { engine: e } = report;
    shell.print(`Lanewise ${report.lanewise} on Node ${report.node}, ${report.platform}`);
    shell.print(`${report.processor}, ${report.cores} cores, ${formatBytes(report.memory)} of memory`);
    shell.print(`\nbackend   ${e.backend} (${e.variant})`);
    shell.print(`threads   ${e.threads}`);
    shell.print(
      `memory    ${e.sharedMemory ? 'shared between threads' : 'not shared: one thread'}, can grow to ${formatBytes(e.memoryLimit)}`,
    );
    shell.print(`CSV       ${report.readers.csv.state}`);
    for (const { what, why } of e.passedOver) shell.print(`\nnot used  ${what}: ${why}`);
    if (e.passedOver.length === 0) shell.print('\nNothing better was passed over.');
  },
};

export default command;

/** Is DuckDB there, and which? Files are read without it too, only slower. */
async function duckdbState(): Promise<{ duckdb: boolean; state: string }> {
  try {
    const { default: duckdb } = await import('@duckdb/node-api');
    return { duckdb: true, state: `read by DuckDB ${duckdb.version()}` };
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
        ? 'is not installed'
        : `cannot be loaded (${(error as Error).message.split('\n')[0]})`;
    return { duckdb: false, state: `read by papaparse: @duckdb/node-api ${why}` };
  }
}
