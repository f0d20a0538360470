// A worker thread of the pool, of worker_threads or of the web: binds the kernels and works until the engine closes.
import { bindBackend } from '../backends/bind.js';
import { isNode } from '../backends/platform.js';
import type { WorkerStart } from './pool.js';
import { Queue } from './queue.js';

async function live({ memory, binding, queueOffset, worker }: WorkerStart): Promise<void> {
  const { kernels } = await bindBackend(binding, memory);
  new Queue(memory, queueOffset, kernels).work(worker);
}

if (isNode()) {
  const { startOfWorker } = await import('./start-node.js');
  await live(startOfWorker());
} else {
  self.onmessage = (event: MessageEvent<WorkerStart>) => {
    live(event.data).catch((error) => self.postMessage({ failed: String(error) }));
  };
}
