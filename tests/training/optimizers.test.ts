import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { minimizeLbfgs } from '#lanewise/training/lbfgs.js';
import { minimizeNewton } from '#lanewise/training/newton.js';
import type { CurvedObjective, Objective } from '#lanewise/training/objective.js';
import { clipFactor, Optimizer, type OptimizerMethod, type StepOptions } from '#lanewise/training/optimizer.js';
import { constant, cosine, inverseScaling, inverseTime, Plateau, stepwise } from '#lanewise/training/schedule.js';

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

const engine = await createEngine({ backend: 'wasm', threads: 1 });
afterAll(() => engine.close());

interface Golden {
  readonly start: number[];
  readonly gradients: number[][];
  readonly traces: Readonly<Record<string, number[][]>>;
}
const golden = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8')) as Golden;

const normOf = (gradient: number[]) => Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
const methods: Record<string, [OptimizerMethod, (gradient: number[]) => Partial<StepOptions>]> = {
  'gradient descent': [{ method: 'sgd', momentum: 0 }, () => ({})],
  momentum: [{ method: 'sgd', momentum: 0.9 }, () => ({})],
  nesterov: [{ method: 'sgd', momentum: 0.9, nesterov: true }, () => ({})],
  adam: [{ method: 'adam' }, () => ({})],
  'adam, penalised': [{ method: 'adam' }, () => ({ decay: 0.1 })],
  'adam, clipped by value': [{ method: 'adam' }, () => ({ gradientLimit: 0.3 })],
  'adam, clipped by norm': [{ method: 'adam' }, (gradient) => ({ gradientScale: clipFactor(normOf(gradient), 0.5) })],
  adamw: [{ method: 'adam', weightDecay: 0.1 }, () => ({})],
  adagrad: [{ method: 'adagrad' }, () => ({})],
  rmsprop: [{ method: 'rmsprop' }, () => ({})],
};

test.each(Object.keys(golden.traces))('%s moves as its paper says, in f64 and in f32', async (name) => {
  const [method, options] = methods[name]!;
  for (const [dtype, digits] of [
    ['f64', 13],
    ['f32', 4.5],
  ] as const) {
    using scope = engine.arena.scope();
    using optimizer = new Optimizer(engine, method, { dtype, length: golden.start.length });
    const parameters = scope.copy(dtype, golden.start);
    for (const [t, gradient] of golden.gradients.entries()) {
      await optimizer.step(parameters, scope.copy(dtype, gradient), { rate: 0.01, ...options(gradient) });
      golden.traces[name]![t]!.forEach((value, i) => {
        expect(Math.abs(parameters[i]! - value)).toBeLessThan(10 ** -digits);
      });
    }
  }
});

test('an optimiser that is saved and restored goes on with the same bits, across tasks and threads', async () => {
  const threaded = await createEngine({ backend: 'wasm', threads: 2 });
  const length = 70_001;
  const values = Float64Array.from({ length }, (_, i) => ((i * 7919) % 1000) / 500 - 1);
  const finish = async (over: Engine, pause: boolean) => {
    using scope = over.arena.scope();
    const [parameters, gradient] = [scope.copy('f32', values), scope.copy('f32', values.toReversed())];
    let optimizer = new Optimizer(
      over,
      { method: 'adam', weightDecay: 0.01 },
      { dtype: 'f32', length, decayed: 50_000 },
    );
    for (let step = 0; step < 4; step++) {
      if (pause && step === 2) {
        const saved = optimizer.save();
        optimizer[Symbol.dispose]();
        optimizer = new Optimizer(
          over,
          { method: 'adam', weightDecay: 0.01 },
          { dtype: 'f32', length, decayed: 50_000 },
        );
        optimizer.restore(saved);
      }
      await optimizer.step(parameters, gradient, { rate: 0.01, decay: 0.02 });
    }
    optimizer[Symbol.dispose]();
    return Buffer.from(parameters.slice().buffer).toString('base64');
  };
  const whole = await finish(engine, false);
  expect(await finish(engine, true)).toBe(whole);
  expect(await finish(threaded, true)).toBe(whole);
  await threaded.close();
});

test('neither the penalty nor weight decay touches what stands behind the decayed parameters', async () => {
  using scope = engine.arena.scope();
  const [parameters, gradient] = [scope.copy('f64', [2, 2]), scope.zeros('f64', 2)];
  using optimizer = new Optimizer(engine, { method: 'sgd', momentum: 0 }, { dtype: 'f64', length: 2, decayed: 1 });
  await optimizer.step(parameters, gradient, { rate: 0.1, decay: 0.5 });
  expect([...parameters]).toEqual([1.9, 2]);
});

for (const [name, method, rate, steps] of [
  ['gradient descent', { method: 'sgd', momentum: 0 }, constant(0.1), 400],
  ['momentum', { method: 'sgd', momentum: 0.9 }, constant(0.05), 400],
  ["Nesterov's momentum", { method: 'sgd', momentum: 0.9, nesterov: true }, constant(0.05), 400],
  ['Adam', { method: 'adam' }, cosine(0.2, 1500), 1500],
  ['AdaGrad', { method: 'adagrad' }, constant(0.5), 1500],
  ['RMSProp', { method: 'rmsprop' }, cosine(0.1, 1500), 1500],
] as const) {
  test(`${name} reaches the bottom of a bowl`, async () => {
    const objective = bowl([1, 4], [3, -2]);
    using scope = engine.arena.scope();
    const [point, gradient] = [scope.zeros('f64', 2), scope.zeros('f64', 2)];
    using optimizer = new Optimizer(engine, method, { dtype: 'f64', length: 2 });
    for (let step = 0; step < steps; step++) {
      gradient.set((await objective.evaluate(point)).gradient);
      await optimizer.step(point, gradient, { rate: rate(step) });
    }
    expect(point[0]).toBeCloseTo(3, 4);
    expect(point[1]).toBeCloseTo(-2, 4);
  });
}

test('schedules fall as they say', () => {
  expect([0, 1, 10].map(inverseTime(1, 0.1))).toEqual([1, 1 / 1.1, 0.5]);
  expect([0, 3, 99].map(inverseScaling(1, 0.5))).toEqual([1, 0.5, 0.1]);
  expect([0, 9, 10, 25].map(stepwise(8, 10))).toEqual([8, 8, 4, 2]);
  const wave = cosine(2, 10);
  expect([0, 5, 10, 99].map((step) => Math.round(wave(step) * 1e9) / 1e9)).toEqual([2, 1, 0, 0]);
});

test('the rate falls on a plateau, not on a slope, and a restored one goes on', () => {
  const plateau = new Plateau(1, { factor: 0.2, patience: 2, tolerance: 0.01, lowest: 0.05 });
  expect([5, 4, 4, 4].map((loss) => plateau.next(loss))).toEqual([false, false, false, true]);
  const again = new Plateau(1, { factor: 0.2, patience: 2, tolerance: 0.01, lowest: 0.05 });
  again.restore(plateau.save());
  expect([3.999, 3.998].map((loss) => again.next(loss))).toEqual([false, true]);
  expect(again.rate).toBeCloseTo(0.04, 12);
  expect(again.spent).toBe(true);
});
