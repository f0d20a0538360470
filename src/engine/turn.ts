import { throwIfCancelled } from '../errors.js';

/** Lets timers, input and messages have their turn. `setTimeout` would wait a millisecond or four. */
export function turnEventLoop(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Work that may last this long before the event loop turns. */
export const SLICE_MILLISECONDS = 20;

/** Lets the event loop turn when this thread has worked for a slice of time; to be asked between pieces of work. */
export class Breather {
  #since = performance.now();

  /** Is a slice of time used up? */
  get due(): boolean {
    return performance.now() - this.#since >= SLICE_MILLISECONDS;
  }

  /** @throws LanewiseError `cancelled` where the signal was raised meanwhile. */
  async breathe(signal?: AbortSignal): Promise<void> {
    if (!this.due) return;
    await turnEventLoop();
    throwIfCancelled(signal);
    this.#since = performance.now();
  }
}
