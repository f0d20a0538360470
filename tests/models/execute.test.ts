import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { activations } from '#lanewise/kernels/activations.js';
import { executeOn, runProgramOn } from '#lanewise/models/execute.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import type { Operation, Program } from '#lanewise/scoring/program.js';
import { bitsOf, columns, dice, everyOperation, numbers } from '../scoring/programs.js';

test('every operation on kernels has the bits of the interpreter', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 2 });
  for (let seed = 1; seed <= 12; seed++) {
    const program = everyOperation(seed);
    const inputs = columns(dice(seed), 61);
    const expected = runProgram(program, inputs, 61).map(bitsOf);
    expect(runProgram(program, inputs, 61, executeOn(engine)).map(bitsOf), `seed ${seed}`).toEqual(expected);
    expect((await runProgramOn(engine, program, inputs, 61)).map(bitsOf), `seed ${seed}`).toEqual(expected);
  }
});

/** A program of one operation on three inputs, or on as many as it has. */
function program(operation: Operation, outputs: readonly number[], inputCount = 3): Program {
  return {
    inputs: Array.from({ length: inputCount }, (_, j) => ({ name: `x${j}`, type: 'number' })),
    operations: [operation],
    outputs: outputs.map((register) => ({ name: `r${register}`, register, type: 'number' })),
    registerCount: inputCount + outputs.length,
  };
}

test('many neighbours, far out, at equal distances and with odd values, have the bits of the interpreter', async () => {
  for (const backend of ['wasm', 'reference'] as const) {
    await using engine = await createEngine({ backend, threads: 2 });
    for (let seed = 1; seed <= 8; seed++) {
      const random = dice(seed);
      const value = () =>
        seed % 4 === 0
          ? random.integer(4)
          : seed % 4 === 1
            ? 1e8 + random.uniform()
            : seed % 4 === 2
              ? 1e-200 * random.uniform()
              : 3e160 * random.uniform();
      const points = Float64Array.from({ length: 3 * 700 }, value);
      const inputs = [0, 1, 2].map(() =>
        Float64Array.from({ length: 150 }, () => (random.integer(40) === 0 ? numbers(random, 1)[0]! : value())),
      );
      const weights = seed % 2 === 0 ? 'uniform' : 'distance';
      const targets = Float64Array.from({ length: 2 * 700 }, () => random.uniform());
      const operation: Operation = {
        op: 'neighbors',
        inputs: [0, 1, 2],
        outputs: [3, 4],
        k: 7,
        weights,
        points,
        targets,
      };
      const expected = runProgram(program(operation, [3, 4]), inputs, 150).map(bitsOf);
      const found = await runProgramOn(engine, program(operation, [3, 4]), inputs, 150);
      expect(found.map(bitsOf), `${backend}, seed ${seed}`).toEqual(expected);
    }
  }
});

test('labels of nearest points, with cores and without, at equal distances and with odd values, have the bits of the interpreter', async () => {
  const none = new Float64Array(0);
  for (const backend of ['wasm', 'reference'] as const) {
    await using engine = await createEngine({ backend, threads: 2 });
    for (let seed = 1; seed <= 12; seed++) {
      const random = dice(seed);
      const value = () =>
        seed % 3 === 0 ? random.integer(4) : seed % 3 === 1 ? 1e8 + random.uniform() : random.uniform();
      const points = Float64Array.from({ length: 3 * 400 }, value);
      const inputs = [0, 1, 2].map(() =>
        Float64Array.from({ length: 150 }, () => (random.integer(40) === 0 ? numbers(random, 1)[0]! : value())),
      );
      const mutual = seed % 2 === 0;
      const operation: Operation = {
        op: 'nearestLabel',
        inputs: [0, 1, 2],
        out: 3,
        metric: seed === 11 ? 'manhattan' : 'euclidean',
        k: mutual ? 5 : 0,
        points,
        labels: Int32Array.from({ length: 400 }, (_, index) => index),
        limits: seed % 4 === 0 ? none : Float64Array.from({ length: 400 }, () => random.uniform()),
        // Far above most distances, so that the nearest points cannot tell.
        cores: mutual ? Float64Array.from({ length: 400 }, () => (seed === 8 ? 1 : 0.2) * random.uniform()) : none,
      };
      const expected = runProgram(program(operation, [3]), inputs, 150).map(bitsOf);
      const found = await runProgramOn(engine, program(operation, [3]), inputs, 150);
      expect(found.map(bitsOf), `${backend}, seed ${seed}`).toEqual(expected);
    }
  }
});

test.each(['euclidean', 'manhattan', 'chebyshev', 'cosine'] as const)(
  'neighbour scores by %s of many rows have the bits of the interpreter, with odd values too',
  async (metric) => {
    for (const backend of ['wasm', 'reference'] as const) {
      await using engine = await createEngine({ backend, threads: 2 });
      for (const [seed, score] of (['outlierFactor', 'largest', 'mean', 'median'] as const).entries()) {
        const random = dice(seed);
        const sizes = [1, 1e-160, 1e160, 1];
        const value = () => (seed === 3 ? random.integer(4) : sizes[seed]! * (random.uniform() - 0.3));
        const count = 400;
        const each = (size: number) => Float64Array.from({ length: size }, () => random.uniform());
        const wanted = score === 'outlierFactor' ? count : 0;
        const operation: Operation = {
          op: 'neighborScore',
          inputs: [0, 1, 2],
          out: 3,
          k: 6,
          metric,
          score,
          points: Float64Array.from({ length: 3 * count }, value),
          reaches: each(wanted),
          densities: each(wanted),
        };
        const inputs = [0, 1, 2].map(() =>
          Float64Array.from({ length: 150 }, () => (random.integer(40) === 0 ? numbers(random, 1)[0]! : value())),
        );
        const expected = runProgram(program(operation, [3]), inputs, 150).map(bitsOf);
        const found = await runProgramOn(engine, program(operation, [3]), inputs, 150);
        expect(found.map(bitsOf), `${backend}, ${score}`).toEqual(expected);
      }
    }
  },
);

test('a large linear operation has the bits of the interpreter', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  const random = dice(5);
  const inputs = [0, 1, 2].map(() => numbers(random, 3001));
  const [coefficients, intercepts] = [numbers(random, 9), numbers(random, 3)];
  const operation: Operation = { op: 'linear', inputs: [0, 2, 1], outputs: [3, 4, 5], coefficients, intercepts };
  const expected = runProgram(program(operation, [3, 4, 5]), inputs, 3001).map(bitsOf);
  expect((await runProgramOn(engine, program(operation, [3, 4, 5]), inputs, 3001)).map(bitsOf)).toEqual(expected);
});

test('kernel expansions of many rows have the bits of the interpreter', async () => {
  for (const backend of ['wasm', 'reference'] as const) {
    await using engine = await createEngine({ backend, threads: 2 });
    for (const kernel of ['linear', 'poly', 'rbf', 'sigmoid'] as const) {
      const random = dice(kernel.length);
      const operation: Operation = {
        op: 'kernelExpansion',
        inputs: [0, 1, 2],
        outputs: [3, 4],
        kernel,
        gamma: 0.3,
        coef0: 0.5,
        degree: 3,
        supports: numbers(random, 3 * 21),
        coefficients: numbers(random, 2 * 21),
        intercepts: numbers(random, 2),
      };
      const inputs = [0, 1, 2].map(() => numbers(random, 777));
      const expected = runProgram(program(operation, [3, 4]), inputs, 777);
      const found = await runProgramOn(engine, program(operation, [3, 4]), inputs, 777);
      expect(found.map(bitsOf), `${backend}, ${kernel}`).toEqual(expected.map(bitsOf));
    }
  }
});

test('layers of a network over many rows have the bits of the interpreter', async () => {
  for (const backend of ['wasm', 'reference'] as const) {
    await using engine = await createEngine({ backend, threads: 2 });
    for (const [seed, activation] of activations.entries()) {
      const random = dice(seed);
      const count = 300;
      const operation: Operation = {
        op: 'dense',
        inputs: Array.from({ length: count }, (_, j) => j),
        outputs: [count, count + 1, count + 2],
        weights: Float32Array.from({ length: 3 * count }, () => random.uniform() - 0.5),
        biases: Float32Array.of(0.1, -0.2, 0),
        activation,
      };
      const inputs = Array.from({ length: count }, (_, j) =>
        j === 7 ? numbers(random, 601) : Float64Array.from({ length: 601 }, () => random.uniform()),
      );
      const dense = program(operation, [count, count + 1, count + 2], count);
      const expected = runProgram(dense, inputs, 601);
      const found = await runProgramOn(engine, dense, inputs, 601);
      expect(found.map(bitsOf), `${backend}, ${activation}`).toEqual(expected.map(bitsOf));
    }
  }
});

test('full log densities of many rows have the bits of the interpreter', async () => {
  for (const backend of ['wasm', 'reference'] as const) {
    await using engine = await createEngine({ backend, threads: 2 });
    for (let seed = 1; seed <= 3; seed++) {
      const random = dice(seed);
      const operation: Operation = {
        op: 'gaussian',
        inputs: [0, 1, 2],
        outputs: [3, 4],
        covariance: 'full',
        offsets: numbers(random, 2),
        means: numbers(random, 6),
        factors: numbers(random, 18),
      };
      const inputs = [0, 1, 2].map(() => numbers(random, 777));
      const expected = runProgram(program(operation, [3, 4]), inputs, 777);
      const found = await runProgramOn(engine, program(operation, [3, 4]), inputs, 777);
      expect(found.map(bitsOf), `${backend}, seed ${seed}`).toEqual(expected.map(bitsOf));
    }
  }
});
