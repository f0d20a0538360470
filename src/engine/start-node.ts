import { workerData } from 'node:worker_threads';
import type { WorkerStart } from './pool.js';

/** What this thread was told when it was started. */
export function startOfWorker(): WorkerStart {
  return workerData as WorkerStart;
}
