// Times the kernels of the built package: `npm run bench -- [names or families …] [--backend b] [--threads n] [--ms n]
// [--json]`. `lanewise bench` does the same; rows are timed only after they agree with their reference.
import { parseArgs } from 'node:util';
import { formatBench, runBench } from '../dist/engine/bench.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    backend: { type: 'string', multiple: true },
    threads: { type: 'string' },
    ms: { type: 'string' },
  },
});

try {
  const report = await runBench({
    filter: positionals,
    backends: values.backend,
    threads: values.threads === undefined ? undefined : Number(values.threads),
    milliseconds: values.ms === undefined ? undefined : Number(values.ms),
    onRow: ({ kernel }) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${kernel}`),
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(values.json ? `${JSON.stringify(report, undefined, 2)}\n` : formatBench(report));
  if (report.rows.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;
} catch (error) {
  console.error(error.hint ? `${error.message}\n${error.hint}` : error.message);
  process.exitCode = error.code === 'usage' ? 2 : 1;
}
