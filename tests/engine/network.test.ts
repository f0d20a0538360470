import { afterAll, describe, expect, test } from 'vitest';
import { type LayerPlan, Network, type NetworkLoss } from '#lanewise/engine/descent/network.js';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { type Activation, activations } from '#lanewise/kernels/activations.js';

const engine = await createEngine({ backend: 'wasm', threads: 1 });
afterAll(() => engine.close());

const noise = (i: number, k: number) => (((i + 1) * 7919 + k * 104_729) % 10_007) / 10_007 - 0.5;

function plansOf(sizes: number[], activation: Activation, normalized: boolean, dropout = 0): LayerPlan[] {
  return sizes.slice(1).map((units, layer) => {
    const last = layer === sizes.length - 2;
    const inputs = sizes[layer]!;
    if (last) return { inputs, units, activation: 'identity', normalized: false, dropout: 0 };
    return { inputs, units, activation, normalized, dropout };
  });
}

/** A batch and a network with weights of no pattern. */
function setUp(over: Engine, plans: LayerPlan[], loss: NetworkLoss, rows: number) {
  const scope = over.arena.scope();
  const network = new Network(over, plans, loss, rows);
  for (let i = 0; i < network.parameters.length; i++) network.parameters[i] = noise(i, 3) + (i % 2 ? 0.3 : -0.3);
  const input = scope.allocate('f32', rows * plans[0]!.inputs);
  for (let i = 0; i < input.length; i++) input[i] = 2 * noise(i, 1);
  const target = scope.allocate('f32', rows);
  const classes = plans.at(-1)!.units;
  for (let i = 0; i < rows; i++) target[i] = loss === 'squared' ? noise(i, 9) : i % Math.max(2, classes);
  const weights = scope.allocate('f32', rows);
  for (let i = 0; i < rows; i++) weights[i] = 1 + (i % 3);
  return { network, batch: { input, target, weights, rows } };
}

const functions: Record<Activation, (x: number) => number> = {
  identity: (x) => x,
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  logistic: (x) => 1 / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** The weighted mean loss in f64, written down once more: what numerical derivatives are taken of. */
function lossOf(
  parameters: Float64Array,
  plans: readonly LayerPlan[],
  loss: NetworkLoss,
  batch: ReturnType<typeof setUp>['batch'],
): number {
  const { rows, weights, target } = batch;
  let values = Array.from({ length: rows }, (_, i) => {
    return Array.from(batch.input.subarray(i * plans[0]!.inputs, (i + 1) * plans[0]!.inputs));
  });
  let weightsAt = 0;
  let restAt = plans.reduce((sum, plan) => sum + plan.inputs * plan.units, 0);
  for (const { inputs, units, activation, normalized } of plans) {
    let sums = values.map((row) =>
      Array.from({ length: units }, (_, k) =>
        row.reduce((sum, x, j) => sum + x * parameters[weightsAt + j * units + k]!, 0),
      ),
    );
    if (normalized) {
      for (let k = 0; k < units; k++) {
        const mean = sums.reduce((sum, row) => sum + row[k]!, 0) / rows;
        const variance = sums.reduce((sum, row) => sum + (row[k]! - mean) ** 2, 0) / rows;
        const factor = parameters[restAt + units + k]! / Math.sqrt(variance + 1e-5);
        for (const row of sums) row[k] = (row[k]! - mean) * factor;
      }
    }
    sums = sums.map((row) => row.map((sum, k) => functions[activation](sum + parameters[restAt + k]!)));
    weightsAt += inputs * units;
    restAt += normalized ? 2 * units : units;
    values = sums;
  }
  let [total, weight] = [0, 0];
  values.forEach((row, i) => {
    const truth = target[i]!;
    const own = { squared: 0.5 * (row[0]! - truth) ** 2, logistic: Math.log1p(Math.exp(row[0]!)) - truth * row[0]! };
    const softmax = () => Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0)) - row[truth]!;
    total += weights[i]! * (loss === 'softmax' ? softmax() : own[loss]);
    weight += weights[i]!;
  });
  return total / weight;
}

describe('the gradient is the derivative of the loss', () => {
  const cases = (['softmax', 'logistic', 'squared'] as const).flatMap((loss) =>
    activations.flatMap((activation) => [false, true].map((normalized) => [loss, activation, normalized] as const)),
  );
  test.each(cases)('%s, %s, batch normalisation %s', async (loss, activation, normalized) => {
    const plans = plansOf([3, 5, 4, loss === 'softmax' ? 3 : 1], activation, normalized);
    const { network, batch } = setUp(engine, plans, loss, 23);
    const total = batch.weights.reduce((sum, weight) => sum + weight, 0);
    const value = await network.learn(batch, 1 / total);
    const point = Float64Array.from(network.parameters);
    expect(value / total).toBeCloseTo(lossOf(point, plans, loss, batch), 5);
    const largest = network.gradient.reduce((most, derivative) => Math.max(most, Math.abs(derivative)), 0);
    for (let i = 0; i < point.length; i++) {
      const step = 1e-6;
      const [above, below] = [point.slice(), point.slice()];
      above[i]! += step;
      below[i]! -= step;
      const slope = (lossOf(above, plans, loss, batch) - lossOf(below, plans, loss, batch)) / (2 * step);
      expect(Math.abs(network.gradient[i]! - slope), `parameter ${i}`).toBeLessThan(2e-5 * Math.max(1, largest));
    }
    network[Symbol.dispose]();
  });
});

test('gradients of parts add up to the gradient of the whole', async () => {
  const { network, batch } = setUp(engine, plansOf([3, 4, 2], 'tanh', false), 'softmax', 20);
  await network.learn(batch, 0.1);
  const whole = network.gradient.slice();
  const part = (start: number, end: number) => ({
    input: batch.input.subarray(3 * start, 3 * end),
    target: batch.target.subarray(start, end),
    weights: batch.weights.subarray(start, end),
    rows: end - start,
  });
  await network.learn(part(0, 13), 0.1);
  await network.learn(part(13, 20), 0.1, { add: true });
  whole.forEach((derivative, i) => {
    expect(network.gradient[i]).toBeCloseTo(derivative, 5);
  });
  network[Symbol.dispose]();
});

test('dropout keeps the mean, drops alike for the same step, and its gradient knows who was dropped', async () => {
  const plans = plansOf([3, 200, 1], 'tanh', false, 0.4);
  const { network, batch } = setUp(engine, plans, 'squared', 16);
  const gradientAt = async (step: number) => {
    await network.learn(batch, 1, { seed: 5, step });
    return network.gradient.slice();
  };
  const first = await gradientAt(1);
  expect(await gradientAt(1)).toEqual(first);
  expect(await gradientAt(2)).not.toEqual(first);
  // Derivatives by the last weights are those of the kept outputs: about 0.4 of 16 · 200 outputs are not.
  const single = { ...batch, rows: 1 };
  await network.learn(single, 1, { seed: 5, step: 1 });
  const last = network.gradient.subarray(600, 800);
  const dropped = last.filter((derivative) => derivative === 0).length;
  expect(dropped).toBeGreaterThan(50);
  expect(dropped).toBeLessThan(110);
  const incoming = network.gradient.subarray(0, 200);
  last.forEach((derivative, unit) => {
    if (derivative === 0) expect(Math.abs(incoming[unit]!)).toBe(0);
  });
  network[Symbol.dispose]();
});

test('judging uses running figures: after many batches they are those of the rows', async () => {
  const plans = plansOf([3, 4, 1], 'tanh', true);
  const { network, batch } = setUp(engine, plans, 'squared', 40);
  let learnt = 0;
  for (let round = 0; round < 150; round++) learnt = await network.learn(batch, 1);
  const judged = await network.judge(batch);
  expect(Math.abs(judged - learnt) / learnt).toBeLessThan(0.02); // running variances are unbiased: 40/39
  network[Symbol.dispose]();
});

test('backends and threads give the same bits', async () => {
  const bits: string[] = [];
  for (const options of [
    { backend: 'reference', threads: 1 },
    { backend: 'wasm', threads: 1 },
    { backend: 'wasm', threads: 2 },
  ] as const) {
    await using over = await createEngine(options);
    const { network, batch } = setUp(over, plansOf([40, 300, 7], 'gelu', true, 0.2), 'softmax', 60);
    const loss = await network.learn(batch, 0.01, { seed: 1, step: 4 });
    bits.push(`${loss} ${Buffer.from(network.gradient.slice().buffer).toString('base64')}`);
    network[Symbol.dispose]();
  }
  expect(new Set(bits).size).toBe(1);
});
