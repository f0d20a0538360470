// Ensembles as a hostile file may hold them: whatever validation lets through is scored alike on every route, and ends.
import { afterAll, expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { scoreEnsembleOn } from '#lanewise/engine/trees/ensemble.js';
import { LanewiseError } from '#lanewise/errors.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { Scorer } from '#lanewise/scoring/scorer.js';
import { validateProgram } from '#lanewise/scoring/validate.js';
import { hostileEnsemble, hostileRows, programOf, shapes } from './hostile-ensembles.js';
import { bitsOf, type Dice, dice } from './programs.js';

const backend = process.env['LANEWISE_BACKEND'] === 'native' ? 'native' : 'wasm';
const engine = await createEngine({ backend, threads: 1 });
afterAll(() => engine.close());

const ROWS = 70;
const arrays = [
  'roots',
  'feature',
  'left',
  'right',
  'missingGoesLeft',
  'categoryOffset',
  'categoryWords',
  'categories',
  'threshold',
  'leafValues',
  'base',
] as const;
const odd = [
  -1,
  0,
  1,
  2,
  3,
  31,
  64,
  255,
  256,
  65_535,
  1e6,
  2 ** 31 - 1,
  -(2 ** 31),
  Number.NaN,
  Number.POSITIVE_INFINITY,
];

/** The operation with one to three numbers changed, or an array cut short or grown. */
function spoiled(operation: EnsembleOperation, random: Dice): EnsembleOperation {
  const changed: Record<string, unknown> = { ...operation };
  for (let i = random.integer(3); i >= 0; i--) {
    const name = random.pick(arrays);
    const array = (changed[name] as Float64Array).slice();
    if (array.length > 0) {
      const at = random.integer(array.length);
      array[at] = random.integer(2) === 0 ? random.pick(odd) : random.integer(operation.feature.length + 2);
    }
    changed[name] = random.integer(12) === 0 ? array.slice(0, -1) : array;
  }
  if (random.integer(20) === 0) changed['leafWidth'] = random.pick([0, 2, 3]);
  if (random.integer(20) === 0) changed['average'] = !operation.average;
  return changed as unknown as EnsembleOperation;
}

test('a spoiled ensemble is refused by name, or every route gives the interpreter’s bits', () => {
  const random = dice(42);
  const small = [
    'two leaves',
    'around a byte',
    'small sets',
    'several outputs',
    'a value for each output',
    'an average',
  ];
  const whole = small.map((name, seed) => hostileEnsemble({ ...shapes[name]!, leaves: [9, 3, 70] }, seed));
  let [refused, run] = [0, 0];
  for (let round = 0; round < 1500; round++) {
    const operation = spoiled(random.pick(whole), random);
    const program = programOf(operation);
    try {
      validateProgram(program);
    } catch (error) {
      expect(error).toBeInstanceOf(LanewiseError);
      expect((error as LanewiseError).code).toBe('artefact');
      refused++;
      continue;
    }
    run++;
    const columns = hostileRows(operation, ROWS, round);
    const expected = runProgram(program, columns, ROWS).map(bitsOf);
    const registers = [...columns, ...expected.map(() => new Float64Array(ROWS))];
    scoreEnsembleOn(engine, operation, registers, ROWS);
    expect(registers.slice(columns.length).map(bitsOf), `round ${round}`).toEqual(expected);
    const scorer = new Scorer(program);
    const output = new Float64Array(expected.length);
    for (let row = 0; row < 10; row++) {
      scorer.into(
        Float64Array.from(columns, (column) => column[row]!),
        output,
      );
      expect(bitsOf(output), `round ${round}, row ${row}`).toEqual(expected.map((bits) => bits[row]));
    }
  }
  expect(refused).toBeGreaterThan(300);
  expect(run).toBeGreaterThan(300);
});

test('an ensemble without inputs is scored', () => {
  const leaf = hostileEnsemble({ leaves: [1, 1] }, 1);
  const program = { ...programOf({ ...leaf, inputs: [], outputs: [0] }), inputs: [], registerCount: 1 };
  const operation = { ...leaf, inputs: [], outputs: [0] };
  const expected = runProgram(validateProgram(program), [], 20).map(bitsOf);
  const registers = [new Float64Array(20)];
  scoreEnsembleOn(engine, operation, registers, 20);
  expect(registers.map(bitsOf)).toEqual(expected);
});
