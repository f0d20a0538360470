// Every way through an ensemble of trees gives the interpreter's bits: row by row, on kernels by masks and by walks, on one
// thread and several, in the stand-alone module and in the runtime. The native kernels: tests/native/routes.native.ts.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from 'vitest';
import { exportWasm } from '#lanewise/deploy/wasm.js';
import { instantiateModel } from '#lanewise/deploy/wasm-host.js';
import { createEngine } from '#lanewise/engine/engine.js';
import { scoreEnsembleOn } from '#lanewise/engine/trees/ensemble.js';
import { rankEnsemble } from '#lanewise/engine/trees/ranked-ensemble.js';
import { runProgramOn } from '#lanewise/models/execute.js';
import { makeModel } from '#lanewise/models/model.js';
import { loadWasm } from '#lanewise/runtime.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import { Scorer } from '#lanewise/scoring/scorer.js';
import { validateProgram } from '#lanewise/scoring/validate.js';
import { regressor } from '../deploy/sample.js';
import { hostileEnsemble, hostileRows, programOf, shapes } from './hostile-ensembles.js';
import { bitsOf } from './programs.js';

const engines = [
  await createEngine({ backend: 'reference', threads: 1 }),
  await createEngine({ backend: 'wasm', threads: 1 }),
  await createEngine({ backend: 'wasm', threads: 1, sharedMemory: false }),
];
const threaded = await createEngine({ backend: 'wasm', threads: 2 });
afterAll(() => Promise.all([...engines, threaded].map((engine) => engine.close())));

const ROWS = 203;

describe.each(Object.entries(shapes))('%s', (name, shape) => {
  const operation = hostileEnsemble(shape, name.length);
  const program = validateProgram(programOf(operation));
  const columns = hostileRows(operation, ROWS, 7);
  const expected = runProgram(program, columns, ROWS).map(bitsOf);

  test('row by row', () => {
    const scorer = new Scorer(program);
    const [input, output] = [new Float64Array(columns.length), new Float64Array(expected.length)];
    const found = expected.map(() => new Float64Array(ROWS));
    for (let row = 0; row < ROWS; row++) {
      columns.forEach((column, k) => {
        input[k] = column[row]!;
      });
      scorer.into(input, output);
      output.forEach((value, k) => {
        found[k]![row] = value;
      });
    }
    expect(found.map(bitsOf)).toEqual(expected);
  });

  test('on the kernels, for any number of rows', () => {
    const counts = [0, 1, 7, 8, 9, 15, 16, 17, 48, 49, 63, 64, 65, 127, 129, ROWS];
    for (const engine of engines) {
      for (const rowCount of counts) {
        const registers = [...columns, ...expected.map(() => new Float64Array(ROWS))];
        scoreEnsembleOn(engine, operation, registers, rowCount);
        const found = registers.slice(columns.length).map((column) => bitsOf(column.subarray(0, rowCount)));
        const { backend, variant } = engine.describe();
        expect(found, `${backend} ${variant}, ${rowCount} rows`).toEqual(
          expected.map((bits) => bits.slice(0, rowCount)),
        );
      }
    }
  });

  test('in the stand-alone module and in the runtime', async () => {
    const bytes = await exportWasm(makeModel({ ...regressor(), program }));
    const module = await instantiateModel(bytes);
    expect(module.predict(columns, ROWS).map(bitsOf)).toEqual(expected);
    const named = Object.fromEntries(program.inputs.map((input, k) => [input.name, columns[k]!]));
    const found = (await loadWasm(bytes)).predictColumns(named);
    expect(program.outputs.map((output) => bitsOf(found[output.name]!.values as Float64Array))).toEqual(expected);
  });
});

test('all but thresholds that are no numbers and very long sets run on the kernels, by masks up to 64 leaves, beyond 256 by walks', () => {
  for (const [name, shape] of Object.entries(shapes)) {
    const ranked = rankEnsemble(hostileEnsemble(shape, name.length));
    expect(ranked !== undefined, name).toBe(!shape.notANumber && (shape.words ?? 0) < 1000);
    shape.leaves.forEach((leaves, tree) => {
      const masked = ranked && ranked.trees[4 * tree]! > 0;
      if (ranked && leaves <= 64) expect(masked, `${name}, ${leaves} leaves`).toBe(true);
      if (ranked && leaves > 256) expect(masked, `${name}, ${leaves} leaves`).toBe(false);
    });
  }
});

test('many rows on several threads, columns in the engine’s memory and elsewhere', async () => {
  const operation = hostileEnsemble({ leaves: [31, 64, 90, 20], categories: true, free: true, outputs: 2 }, 3);
  const program = programOf(operation);
  const rowCount = 9_001;
  const columns = hostileRows(operation, rowCount, 11);
  const expected = runProgram(program, columns, rowCount).map(bitsOf);
  using scope = threaded.arena.scope();
  const lying = columns.map((column, k) => (k % 2 === 0 ? scope.copy('f64', column) : column));
  expect((await runProgramOn(threaded, program, lying, rowCount)).map(bitsOf)).toEqual(expected);
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('the memory of a model is given back when the model is gone', async () => {
  const engine = await createEngine({ backend: 'wasm', threads: 1 });
  const before = engine.arena.bytesUsed;
  const use = () => {
    const operation = hostileEnsemble(shapes['a thousand leaves']!, 1);
    const registers = [...hostileRows(operation, 20, 1), new Float64Array(20)];
    scoreEnsembleOn(engine, operation, registers, 20);
    return engine.arena.bytesUsed;
  };
  expect(use()).toBeGreaterThan(before);
  for (let round = 0; round < 50 && engine.arena.bytesUsed > before; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(engine.arena.bytesUsed).toBe(before);
});
