import { beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import {
  cholesky,
  choleskySolve,
  DesignMatrix,
  type LinearLossName,
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

const losses: readonly [LinearLossName, { a?: number; b?: number; classCount?: number }][] = [
  ['squared', {}],
  ['logistic', { classCount: 2 }],
  ['softmax', { classCount: 3 }],
  ['hinge', { a: 0.8, classCount: 2 }],
  ['squared-hinge', { classCount: 2 }],
  ['huber', { a: 1.35 }],
  ['quantile', { a: 0.3, b: 1.5 }],
  ['poisson', {}],
  ['gamma', {}],
  ['tweedie', { a: 1.5 }],
  ['tweedie', { a: 0 }],
  ['tweedie', { a: 3 }],
  ['tweedie-identity', { a: 1 }],
  ['tweedie-identity', { a: 1.5 }],
  ['tweedie-identity', { a: 2 }],
];

for (const [loss, { classCount = 0, a, b }] of losses) {
  test(`the gradient of the ${loss} loss (${a}) is its slope, its Hessian the slope of the gradient`, async () => {
    const target = Float64Array.from({ length: rows }, () => random.integer(classCount || 9) + (classCount ? 0 : 0.1));
    using design = await DesignMatrix.of(engine, columns, { centred: true });
    using problem = new LinearProblem(design, loss, target, { weights, classCount, a, b, curvature: true });
    const at = Float64Array.from({ length: problem.dimension }, () => 0.4 * random.uniform() - 0.2);
    if (loss === 'tweedie-identity') at[3] = 4; // where the margin is the mean, it is positive
    const { gradient } = await problem.evaluate(at);
    const hessian = await problem.hessian();
    const direction = at.map(() => random.uniform());
    const product = await problem.hessianTimes(direction);
    const step = 1e-5;
    const along = async (by: Float64Array, way: number) =>
      problem.evaluate(at.map((value, i) => value + way * step * by[i]!));
    const [up, down] = [await along(direction, 1), await along(direction, -1)];
    let fromHessian = 0;
    for (let i = 0; i < at.length; i++) {
      const unit = at.map((_, j) => (i === j ? 1 : 0));
      const slope = ((await along(unit, 1)).loss - (await along(unit, -1)).loss) / (2 * step);
      expect(gradient[i]).toBeCloseTo(slope, 3);
      const bend = (up.gradient[i]! - down.gradient[i]!) / (2 * step);
      // Where the loss changes its law between two evaluations, the slope is that of neither.
      expect(Math.abs(product[i]! - bend)).toBeLessThan(1e-3 + 2e-3 * rows);
      fromHessian = direction.reduce((sum, value, j) => sum + value * hessian[i * at.length + j]!, 0);
      expect(product[i]).toBeCloseTo(fromHessian, 8);
      if (!['hinge', 'squared-hinge', 'huber', 'quantile'].includes(loss)) expect(product[i]).toBeCloseTo(bend, 3);
    }
  });
}

test('expected curvature is that of a target at its mean', async () => {
  using design = await DesignMatrix.of(engine, columns, { centred: true });
  for (const [loss, a] of [
    ['tweedie', 3],
    ['tweedie-identity', 2],
  ] as const) {
    const target = new Float64Array(rows).fill(loss === 'tweedie' ? Math.E : 1);
    const at = Float64Array.of(0, 0, 0, 1);
    using expected = new LinearProblem(design, loss, target, { a, b: 1, curvature: true });
    using observed = new LinearProblem(design, loss, target, { a, curvature: true });
    await expected.evaluate(at);
    await observed.evaluate(at);
    const [one, other] = [await expected.hessian(), await observed.hessian()];
    one.forEach((value, i) => expect(value).toBeCloseTo(other[i]!, 9));
  }
});

test('a sum of many logistic losses is exact to the last places, however small they are', async () => {
  const count = 20_000;
  const margins = Float64Array.from({ length: count }, (_, i) => (i % 7) * 6 + 0.25);
  using design = await DesignMatrix.of(engine, [margins], {
    centred: false,
    scaling: { shifts: Float64Array.of(0), scales: Float64Array.of(1) },
  });
  for (const sign of [1, 30]) {
    using problem = new LinearProblem(design, 'logistic', new Float64Array(count).fill(1), {});
    using weighed = new LinearProblem(design, 'logistic', new Float64Array(count).fill(1), {
      weights: new Float64Array(count).fill(1),
    });
    const at = Float64Array.of(sign, sign === 30 ? 40 : 0);
    const [one, other] = [(await problem.evaluate(at)).loss, (await weighed.evaluate(at)).loss];
    expect(Math.abs(one / other - 1)).toBeLessThan(1e-14);
  }
});

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
  const shortest = await solveSemidefinite(engine, singular, 2, Float64Array.of(2, 2));
  expect(shortest[0]).toBeCloseTo(1, 12);
  expect(shortest[1]).toBeCloseTo(1, 12);
});
