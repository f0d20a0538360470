// Two small models with inputs of every type, made by hand: what they compute is beside the point.
import { makeModel } from '#lanewise/models/model.js';
import { ProgramBuilder } from '#lanewise/scoring/builder.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { dice, forest } from '../scoring/programs.js';

export const inputs = [
  { name: 'distance', type: 'number' },
  { name: 'tip <b>', type: 'number' },
  { name: 'airport', type: 'boolean' },
  { name: 'pickup', type: 'timestamp' },
  { name: 'borough', type: 'category', labels: ['Bronx', 'Brooklyn', 'Queens', '<script>', 'Île'] },
] as const;

export const ranges = {
  distance: { min: 0, max: 36.7 },
  'tip <b>': { min: -1.5, max: 33.2 },
  pickup: { min: Date.UTC(2019, 1, 28), max: Date.UTC(2019, 2, 31) },
  unread: { min: 1, max: 2 },
};

const training = {
  rows: 100,
  iterations: 10,
  bestIteration: 8,
  lossName: 'squared error',
  history: [{ iteration: 1, loss: 0.5 }],
  verdict: 'converged',
};

/** Raw columns to registers of features: hour and its wave, one-hot borough, imputed numbers. */
function featurise(builder: ProgramBuilder): number[] {
  const hour = builder.add({ op: 'calendar', in: 3, part: 'hour' });
  const oneHot = builder.reserve(6);
  builder.emit({ op: 'oneHot', in: 4, out: oneHot, values: [0, 1, 2, 3, 4], missing: true });
  const distance = builder.add({ op: 'impute', in: 0, value: 2.5 });
  const tip = builder.add({ op: 'impute', in: 1, value: 0 });
  const product = builder.add({ op: 'binary', left: distance, right: hour, operator: 'multiply' });
  const wave = builder.add({ op: 'wave', in: hour, wave: 'sin', period: 24 });
  return [distance, tip, hour, product, wave, 2, 3, 4, ...Array.from({ length: 6 }, (_, k) => oneHot + k)];
}

export function regressor(seed = 7): Model {
  const builder = new ProgramBuilder(inputs);
  const features = featurise(builder);
  const register = builder.reserve();
  const trees = forest(dice(seed), features.length, 1, 12);
  builder.emit({ ...trees, inputs: features, outputs: [register] });
  return makeModel({
    estimator: 'gradient-boosting',
    task: 'regression',
    parameters: { learningRate: 0.1, maxLeafNodes: 31 },
    target: 'fare',
    program: builder.build([{ name: 'prediction', register, type: 'number' }]),
    training,
    importances: { distance: 0.75, pickup: 0.25 },
    interpretability: 'low',
  });
}

export function classifier(classes: readonly string[] = ['card', 'cash']): Model {
  const random = dice(11);
  const builder = new ProgramBuilder(inputs);
  const features = featurise(builder).slice(0, 5);
  const imputed = features.map((register) => builder.add({ op: 'impute', in: register, value: 0 }));
  const span = (count: number) => Array.from({ length: count }, (_, k) => first + k);
  let first = builder.reserve(classes.length);
  const scores = span(classes.length);
  const coefficients = Float64Array.from({ length: 5 * classes.length }, () => random.uniform() - 0.5);
  const intercepts = Float64Array.from(classes, () => random.uniform());
  builder.emit({ op: 'linear', inputs: imputed, outputs: scores, coefficients, intercepts });
  first = builder.reserve(classes.length);
  const probabilities = span(classes.length);
  builder.emit({ op: 'softmax', inputs: scores, outputs: probabilities });
  const register = builder.add({ op: 'argmax', inputs: probabilities });
  return makeModel({
    estimator: 'linear',
    task: 'classification',
    parameters: { C: 1 },
    target: 'payment',
    classes,
    program: builder.build([
      { name: 'prediction', register, type: 'category', labels: classes },
      ...classes.map(
        (label, k) => ({ name: `probability_${label}`, register: probabilities[k]!, type: 'number' }) as const,
      ),
    ]),
    training,
    interpretability: 'high',
  });
}

/** Raw rows with everything that raw rows may hold. */
export const rows = [
  { distance: 1.6, 'tip <b>': 2.15, airport: false, pickup: '2019-03-23 20:21:09', borough: 'Bronx' },
  { distance: 0.79, 'tip <b>': 0, airport: true, pickup: '2019-03-04T16:11:55Z', borough: 'Île' },
  { distance: null, 'tip <b>': 0.1, airport: null, pickup: 1_553_000_000_000, borough: 'never seen' },
  { distance: 36.7, pickup: null, borough: null },
  {},
];
