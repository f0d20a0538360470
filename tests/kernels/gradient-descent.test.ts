import { beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import {
  cholesky,
  choleskySolve,
  DesignMatrix,
  LinearProblem,
  solveSemidefinite,
} from '#lanewise/engine/linear-algebra.js';
import { dice } from '../scoring/programs.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'wasm', threads: 2 });
});

const rows = 700;
const random = dice(11);
const columns = [0, 1, 2].map(() => Float64Array.from({ length: rows }, () => 4 * random.uniform() - 2));
const weights = Float64Array.from({ length: rows }, () => random.uniform());

for (const [loss, classCount] of [
  ['squared', 1],
  ['logistic', 2],
  ['softmax', 3],
] as const) {
  test(`the ${loss} gradient is the slope of its loss, row weights included`, async () => {
    const target = Float64Array.from({ length: rows }, () => random.integer(classCount === 1 ? 9 : classCount));
    using design = await DesignMatrix.of(engine, columns, { centred: true });
    using problem = new LinearProblem(design, loss, target, { weights, classCount });
    const at = Float64Array.from({ length: problem.dimension }, () => random.uniform() - 0.5);
    const { gradient } = await problem.evaluate(at);
    for (let i = 0; i < at.length; i++) {
      const [above, below] = [at.slice(), at.slice()];
      above[i]! += 1e-5;
      below[i]! -= 1e-5;
      const slope = ((await problem.evaluate(above)).loss - (await problem.evaluate(below)).loss) / 2e-5;
      expect(gradient[i]).toBeCloseTo(slope, 3);
    }
  });
}

test('the Gram matrix of the curvature is the slope of the logistic gradient', async () => {
  const target = Float64Array.from({ length: rows }, () => random.integer(2));
  using design = await DesignMatrix.of(engine, columns, { centred: true });
  using problem = new LinearProblem(design, 'logistic', target, { weights, curvature: true });
  const at = Float64Array.of(0.2, -0.4, 0.1, 0.3);
  await problem.evaluate(at);
  const hessian = await problem.gram('curvature', true);
  for (let i = 0; i < 4; i++) {
    const [above, below] = [at.slice(), at.slice()];
    above[i]! += 1e-5;
    below[i]! -= 1e-5;
    const [{ gradient: up }, { gradient: down }] = [await problem.evaluate(above), await problem.evaluate(below)];
    for (let j = 0; j < 4; j++) expect(hessian[4 * i + j]).toBeCloseTo((up[j]! - down[j]!) / 2e-5, 3);
  }
});

test('Cholesky solves, refuses a singular matrix, and the shortest solution is found then', async () => {
  const positive = Float64Array.of(4, 2, 2, 3);
  const factor = await cholesky(engine, positive, 2);
  const solved = choleskySolve(factor!, [2, 5]);
  expect(solved[0]).toBeCloseTo(-0.5, 14);
  expect(solved[1]).toBeCloseTo(2, 14);
  const singular = Float64Array.of(1, 1, 1, 1);
  expect(await cholesky(engine, singular, 2)).toBeUndefined();
  const shortest = await solveSemidefinite(singular, 2, Float64Array.of(2, 2));
  expect(shortest[0]).toBeCloseTo(1, 12);
  expect(shortest[1]).toBeCloseTo(1, 12);
});
