import { expect, test } from 'vitest';
import { minimizeLbfgs } from '#lanewise/training/lbfgs.js';
import { minimizeNewton } from '#lanewise/training/newton.js';
import type { CurvedObjective, Objective } from '#lanewise/training/objective.js';
import { Adam, Sgd } from '#lanewise/training/optimizer.js';
import { constant, cosine, halving, inverseTime } from '#lanewise/training/schedule.js';

/** (1 − x)² + 100·(y − x²)²: a curved valley with its floor at (1, 1). */
const valley: Objective = {
  dimension: 2,
  async evaluate([x, y]: Float64Array) {
    const bend = y! - x! * x!;
    return {
      value: (1 - x!) ** 2 + 100 * bend * bend,
      gradient: Float64Array.of(-2 * (1 - x!) - 400 * x! * bend, 200 * bend),
    };
  },
};

/** Σ scale·(x − goal)²/2: Newton needs one step, whatever the scales. */
function bowl(scales: number[], goals: number[]): CurvedObjective {
  return {
    dimension: scales.length,
    async evaluate(point) {
      const distances = goals.map((goal, i) => point[i]! - goal);
      return {
        value: distances.reduce((sum, distance, i) => sum + 0.5 * scales[i]! * distance * distance, 0),
        gradient: Float64Array.from(distances, (distance, i) => scales[i]! * distance),
      };
    },
    solveHessian: async (right) => right.map((value, i) => value / scales[i]!),
  };
}

const start = Float64Array.of(-1.2, 1);

test('L-BFGS follows a curved valley to its floor', async () => {
  const values: number[] = [];
  const onIteration = (_: number, value: number) => void values.push(value);
  const found = await minimizeLbfgs(valley, start, { tolerance: 1e-10, maxIterations: 200, onIteration });
  expect(found.converged).toBe(true);
  expect(found.point[0]).toBeCloseTo(1, 9);
  expect(found.point[1]).toBeCloseTo(1, 9);
  expect(found.iterations).toBeLessThan(60);
  expect(values.every((value, i) => i === 0 || value <= values[i - 1]!)).toBe(true);
});

test('L-BFGS stops at its limit and says that it has not converged', async () => {
  const found = await minimizeLbfgs(valley, start, { tolerance: 1e-10, maxIterations: 3 });
  expect(found).toMatchObject({ iterations: 3, converged: false });
});

test('Newton solves a bowl in one step, however long it is in one direction', async () => {
  const found = await minimizeNewton(bowl([1e-6, 1, 1e6], [3, -2, 5]), new Float64Array(3), {
    tolerance: 1e-9,
    maxIterations: 20,
  });
  expect(found).toMatchObject({ iterations: 1, converged: true });
  expect([...found.point].map((value) => Math.round(value * 1e9) / 1e9)).toEqual([3, -2, 5]);
});

for (const [name, optimizer, steps] of [
  ['gradient descent', new Sgd(constant(0.1)), 400],
  ['momentum', new Sgd(constant(0.05), { momentum: 0.9 }), 400],
  ["Nesterov's momentum", new Sgd(constant(0.05), { momentum: 0.9, nesterov: true }), 400],
  ['Adam', new Adam(cosine(0.2, 1500)), 1500],
] as const) {
  test(`${name} reaches the bottom of a bowl`, async () => {
    const objective = bowl([1, 4], [3, -2]);
    const point = new Float64Array(2);
    for (let step = 0; step < steps; step++) optimizer.step(point, (await objective.evaluate(point)).gradient);
    expect(point[0]).toBeCloseTo(3, 4);
    expect(point[1]).toBeCloseTo(-2, 4);
  });
}

test('the first step of Adam is as long as the learning rate', () => {
  const point = Float64Array.of(1, 1);
  new Adam(constant(0.01)).step(point, Float64Array.of(1e-3, -50));
  expect(point[0]).toBeCloseTo(0.99, 6);
  expect(point[1]).toBeCloseTo(1.01, 6);
});

test('schedules fall as they say', () => {
  expect([0, 1, 10].map(inverseTime(1, 0.1))).toEqual([1, 1 / 1.1, 0.5]);
  expect([0, 9, 10, 25].map(halving(8, 10))).toEqual([8, 8, 4, 2]);
  const wave = cosine(2, 10);
  expect([0, 5, 10, 99].map((step) => Math.round(wave(step) * 1e9) / 1e9)).toEqual([2, 1, 0, 0]);
});
