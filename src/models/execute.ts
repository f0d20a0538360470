import type { Engine } from '../engine/engine.js';
import { scoreEnsembleOn } from '../engine/ensemble.js';
import { execute } from '../scoring/interpreter.js';

/** `execute` with the heavy operations on the engine's kernels; the bits are the interpreter's. */
export function executeOn(engine: Engine): typeof execute {
  return (operation, registers, rowCount) => {
    if (operation.op === 'ensemble') scoreEnsembleOn(engine, operation, registers, rowCount);
    else execute(operation, registers, rowCount);
  };
}
