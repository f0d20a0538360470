import type { WorkerHandle, WorkerStart } from './pool.js';

/** A Web Worker. It is told by message what a thread of Node is told as workerData. */
export function spawnWeb(start: WorkerStart, onGone: (why: string) => void): WorkerHandle {
  // Bundlers recognise this form and bundle the worker's script.
  const worker = new Worker(new URL('./pool-worker.js', import.meta.url), {
    type: 'module',
    name: `lanewise ${start.worker + 1}`,
  });
  worker.onerror = (event) => onGone(event.message || 'its script could not be loaded');
  worker.onmessage = (event: MessageEvent<{ failed: string }>) => onGone(event.data.failed);
  worker.postMessage(start);
  return { ref: () => {}, unref: () => {}, terminate: async () => worker.terminate() };
}
