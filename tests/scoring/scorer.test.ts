import { expect, test } from 'vitest';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import type { Program } from '#lanewise/scoring/program.js';
import { Scorer } from '#lanewise/scoring/scorer.js';
import { bitsOf, columns, dice, everyOperation, forest } from './programs.js';

/** What the scorer gives for every row, output by output. */
function scored(program: Program, inputs: readonly Float64Array[], rowCount: number): Float64Array[] {
  const scorer = new Scorer(program);
  const input = new Float64Array(inputs.length);
  const output = new Float64Array(program.outputs.length);
  const results = program.outputs.map(() => new Float64Array(rowCount));
  for (let row = 0; row < rowCount; row++) {
    inputs.forEach((column, i) => {
      input[i] = column[row]!;
    });
    scorer.into(input, output);
    output.forEach((value, k) => {
      results[k]![row] = value;
    });
  }
  return results;
}

test('row by row, every operation has the bits of the interpreter', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const program = everyOperation(seed);
    const inputs = columns(dice(seed + 1000), 23);
    const expected = runProgram(program, inputs, 23).map(bitsOf);
    expect(scored(program, inputs, 23).map(bitsOf), `seed ${seed}`).toEqual(expected);
  }
});

test('ensembles of any number of trees, with missing values and without, have the bits of the interpreter', () => {
  for (let trees = 0; trees <= 13; trees++) {
    const random = dice(trees);
    for (const [numeric, outputs] of [
      [true, 2],
      [false, 2],
      [true, 1],
      [false, 1],
    ] as const) {
      const made = forest(random, 5, outputs, trees);
      const registers = [5, 6].slice(0, outputs);
      const categoryOffset = numeric ? made.categoryOffset.map(() => -1) : made.categoryOffset;
      const program: Program = {
        inputs: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, type: 'number' })),
        operations: [{ ...made, categoryOffset, inputs: [0, 1, 2, 3, 4], outputs: registers }],
        outputs: registers.map((register) => ({ name: `r${register}`, register, type: 'number' })),
        registerCount: 7,
      };
      for (const missing of [true, false]) {
        const inputs = columns(random, 40).map((column) =>
          missing ? column : column.map((x) => (Number.isNaN(x) ? 1 : x)),
        );
        expect(scored(program, inputs, 40).map(bitsOf)).toEqual(runProgram(program, inputs, 40).map(bitsOf));
      }
    }
  }
});
