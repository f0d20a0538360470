// The native kernels, on every instruction set of this processor, beside the interpreter: tests/scoring/routes.test.ts.
import { afterAll, expect, test } from 'vitest';
import { loadAddon } from '#lanewise/backends/native/backend-node.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { scoreEnsembleOn } from '#lanewise/engine/trees/ensemble.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import { hostileEnsemble, hostileRows, programOf, shapes } from '../scoring/hostile-ensembles.js';
import { bitsOf } from '../scoring/programs.js';

const { isas } = loadAddon({}).addon;
const engines = await Promise.all(isas.map((isa) => createEngine({ backend: 'native', threads: 1, native: { isa } })));
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

test.each(Object.entries(shapes))(`%s: the interpreter’s bits on ${isas.join(', ')}`, (name, shape) => {
  const rows = 600;
  const operation = hostileEnsemble(shape, name.length);
  const columns = hostileRows(operation, rows, 7);
  const expected = runProgram(programOf(operation), columns, rows).map(bitsOf);
  for (const engine of engines) {
    for (const rowCount of [8, 16, 31, 33, 63, 64, 65, 127, 129, 255, 257, 511, 513, rows]) {
      const registers = [...columns, ...expected.map(() => new Float64Array(rows))];
      scoreEnsembleOn(engine, operation, registers, rowCount);
      const found = registers.slice(columns.length).map((column) => bitsOf(column.subarray(0, rowCount)));
      const which = `${engine.describe().variant}, ${rowCount} rows`;
      expect(found, which).toEqual(expected.map((bits) => bits.slice(0, rowCount)));
    }
  }
});
