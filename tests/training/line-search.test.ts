import { expect, test } from 'vitest';
import { minimizeOrthantWise, minimizeProximalNewton, shortestSubgradient } from '#lanewise/training/composite.js';
import { searchLine } from '#lanewise/training/line-search.js';
import { minimizeNewtonCg } from '#lanewise/training/newton.js';
import { innerProduct, type Objective, type QuadraticObjective } from '#lanewise/training/objective.js';

/** A function of one variable, as an objective. */
function alongLine(value: (x: number) => number, slope: (x: number) => number): Objective {
  return {
    dimension: 1,
    evaluate: async ([x]) => ({ value: value(x!), gradient: Float64Array.of(slope(x!)) }),
  };
}

for (const [name, value, slope] of [
  ['a parabola far away', (x: number) => (x - 100) ** 2, (x: number) => 2 * (x - 100)],
  ['a narrow one', (x: number) => 1e6 * (x - 1e-4) ** 2, (x: number) => 2e6 * (x - 1e-4)],
  ['a waving slope', (x: number) => -x / (x * x + 2), (x: number) => (x * x - 2) / (x * x + 2) ** 2],
  ['the logarithm’s barrier', (x: number) => -4 * x - Math.log(0.5 - x), (x: number) => -4 + 1 / (0.5 - x)],
] as const) {
  test(`a step down ${name} meets the strong Wolfe conditions`, async () => {
    for (const curvature of [0.9, 0.1]) {
      const objective = alongLine(value, slope);
      const from = { point: Float64Array.of(0), ...(await objective.evaluate(Float64Array.of(0))) };
      const direction = Float64Array.of(-Math.sign(from.gradient[0]!));
      const found = (await searchLine(objective, from, direction, { curvature }))!;
      const [before, after] = [innerProduct(from.gradient, direction), innerProduct(found.gradient, direction)];
      expect(found.value).toBeLessThanOrEqual(from.value + 1e-4 * found.step * before);
      expect(Math.abs(after)).toBeLessThanOrEqual(-curvature * before);
    }
  });
}

test('there is no step where the direction climbs', async () => {
  const objective = alongLine(
    (x) => x * x,
    (x) => 2 * x,
  );
  const from = { point: Float64Array.of(1), value: 1, gradient: Float64Array.of(2) };
  expect(await searchLine(objective, from, Float64Array.of(1))).toBeUndefined();
});

const scales = Float64Array.of(1, 20, 0.5, 4, 1);
const goals = Float64Array.of(3, -0.2, 0.1, 1, -2);

/** ½ Σ scale·(x − goal)² + Σ l1·|x|: each coordinate's minimum is its goal, shortened by l1/scale. */
function bowl(l1: Float64Array): QuadraticObjective & { hessianTimes(v: Float64Array): Promise<Float64Array> } {
  const minimum = goals.map((goal, i) => Math.sign(goal) * Math.max(0, Math.abs(goal) - l1[i]! / scales[i]!));
  return {
    dimension: scales.length,
    l1,
    evaluate: async (point) => ({
      value: point.reduce((sum, x, i) => sum + 0.5 * scales[i]! * (x - goals[i]!) ** 2, 0),
      gradient: point.map((x, i) => scales[i]! * (x - goals[i]!)),
    }),
    hessianTimes: async (vector) => vector.map((value, i) => scales[i]! * value),
    minimizeModel: async () => minimum,
  };
}

for (const [name, minimize] of [
  ['orthant-wise L-BFGS', minimizeOrthantWise],
  ['proximal Newton', minimizeProximalNewton],
] as const) {
  test(`${name} shortens every coordinate, and those that are too short to 0 exactly`, async () => {
    const objective = bowl(Float64Array.of(1, 5, 0.2, 0, 1));
    const { point, converged, largestDerivative } = await minimize(objective, new Float64Array(5), {
      tolerance: 1e-10,
      maxIterations: 200,
    });
    expect(converged).toBe(true);
    expect(largestDerivative).toBeLessThan(1e-10);
    expect([point[1], point[2]].map(Math.abs)).toEqual([0, 0]);
    for (const [i, wanted] of [
      [0, 2],
      [3, 1],
      [4, -1],
    ] as const) {
      expect(point[i]).toBeCloseTo(wanted, 9);
    }
  });
}

test('Newton by conjugate gradients ends at the goals', async () => {
  const objective = bowl(new Float64Array(5));
  const found = await minimizeNewtonCg(objective, new Float64Array(5), { tolerance: 1e-9, maxIterations: 50 });
  expect(found.converged).toBe(true);
  found.point.forEach((value, i) => expect(value).toBeCloseTo(goals[i]!, 8));
});

test('the shortest subgradient is 0 where the penalty outweighs the slope at 0', () => {
  const subgradient = shortestSubgradient(
    Float64Array.of(0, 0, 2, -2),
    Float64Array.of(0.5, -3, 1, 1),
    Float64Array.of(1, 1, 1, 1),
  );
  expect([...subgradient].map(Math.abs)).toEqual([0, 2, 2, 0]);
});
