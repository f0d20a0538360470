import type { Table } from 'apache-arrow';
import { stream } from '#lanewise/engine/random.js';
import { exp } from '#lanewise/kernels/elementary.js';
import { makeModel } from '#lanewise/models/model.js';
import { checkParameters, defineParameters, type ParameterValue } from '#lanewise/parameters.js';
import { ProgramBuilder } from '#lanewise/scoring/builder.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Estimator, FitOptions, Model } from '#lanewise/table/interfaces.js';

/** Two small estimators of one column `x`, so that the tests of this layer need none of the real ones. */

const declarations = defineParameters({
  shrink: {
    type: 'number',
    default: 0.5,
    min: 0,
    max: 1,
    meaning: 'Share of the slope that is left',
    tune: { low: 0.1, high: 1 },
  },
  center: { type: 'boolean', default: true, meaning: 'Fit an intercept', tune: true },
});

const training = { rows: 0, iterations: 1, bestIteration: 1, lossName: 'squared', history: [], verdict: 'Solved.' };

/** What `fit` was given, for tests that look. */
export interface Seen {
  readonly rows: number;
  readonly options: FitOptions;
}

/** Least squares through one column, its slope shrunk. */
export function lineEstimator(given: Record<string, unknown> = {}, seen: Seen[] = []): Estimator {
  const parameters = checkParameters('Line', declarations, given);
  return {
    name: 'line',
    task: 'regression',
    declarations,
    parameters,
    with: (changes) => lineEstimator({ ...parameters, ...changes }, seen),
    async fit(table, options = {}) {
      seen.push({ rows: table.numRows, options });
      const x = readRegister(table, 'x').values;
      const y = readRegister(table, options.target!).values;
      const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const [mx, my] = parameters.center ? [mean(x), mean(y)] : [0, 0];
      let [xy, xx] = [0, 0];
      for (let i = 0; i < x.length; i++) {
        xy += (x[i]! - mx) * (y[i]! - my);
        xx += (x[i]! - mx) * (x[i]! - mx);
      }
      const slope = (parameters.shrink * xy) / xx;
      const builder = new ProgramBuilder([{ name: 'x', type: 'number' }]);
      const out = builder.reserve();
      builder.emit({
        op: 'linear',
        inputs: [0],
        outputs: [out],
        coefficients: Float64Array.of(slope),
        intercepts: Float64Array.of(my - slope * mx),
      });
      return makeModel({
        estimator: 'line',
        task: 'regression',
        parameters,
        target: options.target,
        program: builder.build([{ name: 'prediction', register: out, type: 'number' }]),
        training,
        interpretability: 'high',
      });
    },
  };
}

/** Classes by the distance of x to their means, as probabilities. Knows only the classes of its training rows. */
export function meansEstimator(sharpness = 1, name = 'means'): Estimator {
  return {
    name,
    task: 'classification',
    declarations: {},
    parameters: { sharpness },
    with: (changes) => meansEstimator(Number(changes['sharpness'] ?? sharpness), name),
    fit: (table, options) => fitMeans(table, options ?? {}, sharpness, name),
  };
}

async function fitMeans(table: Table, options: FitOptions, sharpness: number, name: string): Promise<Model> {
  const x = readRegister(table, 'x').values;
  const target = readRegister(table, options.target!);
  const codes = [...new Set(target.values)].sort((a, b) => a - b);
  const classes = codes.map((code) => target.labels?.[code] ?? String(code));
  const builder = new ProgramBuilder([{ name: 'x', type: 'number' }]);
  const raw = builder.reserve(codes.length);
  const means = codes.map((code) => {
    const own = x.filter((_, row) => target.values[row] === code);
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
  // −s(x − m)²/2 up to a term that all classes share: s·m·x − s·m²/2.
  builder.emit({
    op: 'linear',
    inputs: [0],
    outputs: codes.map((_, k) => raw + k),
    coefficients: Float64Array.from(means, (mean) => sharpness * mean),
    intercepts: Float64Array.from(means, (mean) => -0.5 * sharpness * mean * mean),
  });
  const probabilities = builder.reserve(codes.length);
  const outputs = codes.map((_, k) => probabilities + k);
  builder.emit({ op: 'softmax', inputs: codes.map((_, k) => raw + k), outputs });
  const prediction = builder.reserve();
  builder.emit({ op: 'argmax', inputs: outputs, out: prediction });
  return makeModel({
    estimator: name,
    task: 'classification',
    parameters: { sharpness } as Record<string, ParameterValue>,
    target: options.target,
    classes,
    program: builder.build([
      { name: 'prediction', register: prediction, type: 'category', labels: classes },
      ...classes.map((label, k) => ({
        name: `probability_${label}`,
        register: outputs[k]!,
        type: 'number' as const,
      })),
    ]),
    training,
    interpretability: 'medium',
  });
}

/** y = 2x + noise; y is missing in every `missingEvery`-th row. */
export function lineTable(
  rows: number,
  options: { seed?: number; noise?: number; missingEvery?: number; slope?: number } = {},
) {
  const { seed = 1, noise = 1, missingEvery = 0, slope = 2 } = options;
  const random = stream(seed, 'line');
  const x = Float64Array.from({ length: rows }, () => random.normal());
  const y = x.map((value) => slope * value + noise * random.normal());
  if (missingEvery > 0) for (let i = 0; i < rows; i += missingEvery) y[i] = Number.NaN;
  return tableFromRegisters([
    { name: 'x', type: 'number', values: x },
    { name: 'y', type: 'number', values: y },
    { name: 'half', type: 'category', labels: ['left', 'right'], values: x.map((value) => Number(value > 0)) },
    {
      name: 'when',
      type: 'timestamp',
      values: Float64Array.from({ length: rows }, (_, i) => Date.UTC(2024, 0, 1) + (i * 7 * 86_400_000) / rows),
    },
  ]);
}

/** Classes with their own means of x. */
export function classTable(rows: number, classes: readonly string[], seed = 1, apart = 1.5) {
  const random = stream(seed, 'classes');
  const codes = Float64Array.from({ length: rows }, (_, i) => i % classes.length);
  const x = codes.map((code) => apart * code + exp(0) * random.normal());
  return tableFromRegisters([
    { name: 'x', type: 'number', values: x },
    { name: 'kind', type: 'category', labels: classes, values: codes },
  ]);
}
