import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { activations } from '#lanewise/kernels/activations.js';
import { metricNames } from '#lanewise/kernels/metric-distance.js';
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

test('neighbours by any metric and imputed values, with odd values among them, have the bits of the interpreter', async () => {
  for (const backend of ['wasm', 'reference'] as const) {
    await using engine = await createEngine({ backend, threads: 2 });
    for (const [seed, metric] of metricNames.entries()) {
      const random = dice(seed + 1);
      const places = metric === 'haversine';
      const gaps = metric === 'gower' || metric === 'nan-euclidean';
      const value = () => (places ? 3 * random.uniform() - 1.5 : seed % 2 === 0 ? random.integer(4) : random.uniform());
      const lacking = () => (gaps && random.integer(5) === 0 ? Number.NaN : value());
      const width = places ? 2 : 9;
      const from = Array.from({ length: width }, (_, j) => j);
      const inputs = from.map(() =>
        Float64Array.from({ length: 60 }, () => (random.integer(60) === 0 ? numbers(random, 1)[0]! : lacking())),
      );
      for (const k of [0, 4]) {
        const operation: Operation = {
          op: 'metricNeighbors',
          inputs: from,
          outputs: [width, width + 1],
          metric,
          k,
          radius: metric === 'dot' ? -2 : 0.5,
          weights: metric === 'dot' || seed % 3 === 0 ? 'uniform' : 'distance',
          algorithm: 'auto',
          points: Float64Array.from({ length: width * 600 }, lacking),
          columns: metric === 'gower' ? Float64Array.from({ length: 2 * width }, (_, j) => j % 3) : new Float64Array(0),
          targets: Float64Array.from({ length: 1200 }, () => random.integer(9)),
          otherwise: seed % 2 === 0 ? Float64Array.of(3, -3) : new Float64Array(0),
        };
        const expected = runProgram(program(operation, operation.outputs, width), inputs, 60).map(bitsOf);
        const found = await runProgramOn(engine, program(operation, operation.outputs, width), inputs, 60);
        expect(found.map(bitsOf), `${backend}, ${metric}, ${k}`).toEqual(expected);
      }
    }
    for (const weights of ['uniform', 'distance'] as const) {
      const random = dice(99);
      const value = () => (random.integer(4) === 0 ? Number.NaN : random.integer(6));
      const inputs = [0, 1, 2].map(() => Float64Array.from({ length: 90 }, value));
      const operation: Operation = {
        op: 'imputeNeighbors',
        inputs: [0, 1, 2],
        outputs: [3, 4, 5],
        k: 6,
        weights,
        points: Float64Array.from({ length: 1200 }, value),
        fallback: Float64Array.of(1, 2, 3),
      };
      const expected = runProgram(program(operation, operation.outputs), inputs, 90).map(bitsOf);
      const found = await runProgramOn(engine, program(operation, operation.outputs), inputs, 90);
      expect(found.map(bitsOf), `${backend}, imputed, ${weights}`).toEqual(expected);
    }
  }
});

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
