#!/usr/bin/env node
import { main } from './main.js';

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

const controller = new AbortController();
process.on('SIGINT', () => {
  // The first Ctrl-C lets the work end in order; the second does not wait.
  if (controller.signal.aborted) process.exit(130);
  process.stderr.write('\nStopping … (Ctrl-C again to leave at once)\n');
  controller.abort(new Error('Ctrl-C'));
});

process.exitCode = await main(process.argv.slice(2), {
  signal: controller.signal,
  streams: { out: process.stdout, err: process.stderr },
  debug: process.env['LANEWISE_DEBUG'] === '1',
});
