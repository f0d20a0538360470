import { Worker } from 'node:worker_threads';
import type { WorkerHandle, WorkerStart } from './pool.js';

/** A thread of worker_threads. Its standard streams and flags are the process's; it inherits no loader. */
export function spawnNode(start: WorkerStart, onGone: (why: string) => void): WorkerHandle {
  const worker = new Worker(new URL('./pool-worker.js', import.meta.url), {
    workerData: start,
    execArgv: [],
    name: `lanewise ${start.worker + 1}`,
  });
  let why = 'it ended by itself';
  worker.on('error', (error) => {
    why = error instanceof Error ? error.message : String(error);
  });
  worker.on('exit', () => onGone(why));
  // A worker that is still starting must not hold the process either.
  worker.unref();
  return {
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    terminate: async () => void (await worker.terminate()),
  };
}
