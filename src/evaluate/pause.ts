import { turnEventLoop } from '../engine/turn.js';

/** Milliseconds of work between two turns of the event loop. */
const SLICE = 30;

/** Gives the event loop a turn when it has waited long enough; call it between pieces of work. */
export function createPause(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < SLICE) return;
    await turnEventLoop();
    last = performance.now();
  };
}
