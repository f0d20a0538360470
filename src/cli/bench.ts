import { formatBench, runBench } from '../engine/bench.js';
import { type CommandFile, type CommonOptions, integer, Option } from './command.js';
import { EXIT } from './failure.js';

interface BenchOptions extends CommonOptions {
  readonly ms?: number;
}

const command: CommandFile = {
  configure: (bench) =>
    bench
      .argument('[kernels...]', 'parts of kernel or family names; default: all')
      .addOption(
        new Option('--ms <n>', 'milliseconds of measuring for each kernel and backend')
          .argParser(integer('--ms', 1, 60_000))
          .default(200),
      ),
  run: async (shell, options: BenchOptions, ...filter) => {
    const { json, threads, backend, ms, numerics } = options;
    let done = 0;
    const report = await runBench({
      filter,
      threads,
      milliseconds: ms,
      signal: shell.signal,
      ...(backend && backend !== 'auto' && { backends: [backend] }),
      numerics,
      onRow: ({ kernel }) => shell.onProgress({ what: `kernels (${kernel})`, done: ++done, total: 0 }),
    });
    shell.print(json ? JSON.stringify(report) : formatBench(report).trimEnd());
    // A wrong result is a failure, however fast it came.
    return report.rows.some(({ wrong }) => wrong.length > 0) ? EXIT.failed : EXIT.done;
  },
};

export default command;
