import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { dumpModel } from '#lanewise/deploy/exchange/dump.js';
import { type ExportFormat, exportModel } from '#lanewise/deploy/exchange/export.js';
import { importModel } from '#lanewise/deploy/exchange/import.js';
import { makeModel } from '#lanewise/models/model.js';
import { ProgramBuilder } from '#lanewise/scoring/builder.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import type { EnsembleOperation, ProgramInput } from '#lanewise/scoring/program.js';
import { tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { golden as goldenOf } from '../../agreement/golden.js';
import { dice, forest } from '../../scoring/programs.js';
import { fixture, goldenCases, tableOf } from './golden.js';

/** Files that LightGBM and XGBoost loaded and agreed with (tests/agreement/exchange-exported.py). */
const agreed: Readonly<Record<string, string>> = goldenOf('exchange/exported').sha256;
const endings = { lightgbm: 'txt', xgboost: 'json', 'xgboost-ubj': 'ubj' } as const;

describe('a file that is written is the very one that the other library agreed with', () => {
  test.each(goldenCases)('$file', (golden) => {
    const { model } = importModel(fixture(golden.file), { categories: golden.labels });
    const rows = tableOf(golden);
    for (const [format, ending] of Object.entries(endings) as [keyof typeof endings, string][]) {
      const expected = agreed[`${golden.file.replace('.', '-')}.${ending}`];
      const write = () => exportModel(model, format, { rows: format === 'lightgbm' ? undefined : rows, lossy: true });
      if (expected === undefined) expect(write).toThrow(/which XGBoost cannot say|has no objective/);
      else expect(createHash('sha256').update(write().bytes).digest('hex'), format).toBe(expected);
    }
  });
});

const training = { rows: 9, iterations: 1, bestIteration: 1, lossName: 'squared error', history: [], verdict: '' };
const labels = ['L0', 'L1', 'L2', 'L3'];
const inputs: readonly ProgramInput[] = [
  { name: 'x', type: 'number' },
  { name: 'flag', type: 'boolean' },
  { name: 'label', type: 'category', labels },
];

/** A regressor of random trees on what `prepare` makes of the inputs; the trees' input `setsOf` may have sets of categories. */
function modelOn(prepare: (builder: ProgramBuilder) => number[], setsOf = -1): Model {
  const builder = new ProgramBuilder(inputs);
  const features = prepare(builder);
  const out = builder.reserve();
  const trees = forest(dice(5), features.length, 1, 12);
  // Sets of categories only of the column that has labels.
  trees.feature.forEach((feature, node) => {
    if (feature !== setsOf) trees.categoryOffset[node] = -1;
  });
  builder.emit({ ...trees, inputs: features, outputs: [out] });
  const program = builder.build([{ name: 'prediction', register: out, type: 'number' }]);
  return makeModel({
    estimator: 'trees',
    task: 'regression',
    parameters: {},
    program,
    training,
    interpretability: 'low',
  });
}

/** Rows that probe every edge: thresholds of the trees through the preparation, gaps, all labels and one never seen. */
function probes(model: Model): Float64Array[] {
  const random = dice(8);
  const ensemble = model.program.operations.find(({ op }) => op === 'ensemble') as EnsembleOperation;
  const x = [Number.NaN, Infinity, -Infinity, 0, -0, 5e-324, 1e308, -1e308];
  for (const threshold of ensemble.threshold) {
    for (const value of [threshold, 2 * threshold + 3, 3 - 2 * threshold, -threshold])
      x.push(value, value * (1 + 2e-16));
  }
  while (x.length < 2000) x.push((random.uniform() - 0.5) * 40);
  return [
    Float64Array.from(x),
    Float64Array.from(x, () => random.pick([0, 1, Number.NaN])),
    Float64Array.from(x, () => random.pick([0, 1, 2, 3, 4, Number.NaN])),
  ];
}

/** Exports and imports again: the trees then work on the raw columns, and must give the same bits. */
function expectSameAgain(model: Model, format: ExportFormat, without = (_label: number) => false): void {
  const columns = probes(model);
  const again = importModel(exportModel(model, format, { lossy: true }).bytes).model;
  const before = runProgram(model.program, columns, columns[0]!.length)[0]!;
  const after = runProgram(again.program, columns, columns[0]!.length)[0]!;
  const wrong = [...before.keys()].filter((row) => !Object.is(before[row], after[row]) && !without(columns[2]![row]!));
  expect(wrong.map((row) => columns.map((column) => column[row]))).toEqual([]);
}

// Labels never seen go with missing ones in LightGBM: an ensemble that parts them cannot be told.
const neverSeen = (label: number) => label === labels.length;

describe('what a pipeline does before the trees is worked into them', () => {
  test('columns as they are, and a base', () => {
    expectSameAgain(
      modelOn(() => [0, 1, 2], 2),
      'lightgbm',
      neverSeen,
    );
  });

  test('scaled, clipped, imputed, negated and binned numbers, and their gaps', () => {
    expectSameAgain(
      modelOn((builder) => [
        builder.add({ op: 'affine', in: 0, shift: 3, scale: 2 }),
        builder.add({ op: 'affine', in: 0, shift: 3, scale: -2 }),
        builder.add({ op: 'clip', in: 0, low: -4, high: 5 }),
        builder.add({ op: 'impute', in: 0, value: 1 }),
        builder.add({ op: 'indicator', in: 0 }),
        builder.add({ op: 'bin', in: 0, edges: Float64Array.of(-3, 0, 2, 2.5) }),
        builder.add({ op: 'unary', in: builder.add({ op: 'impute', in: 1, value: 0 }), function: 'negate' }),
      ]),
      'lightgbm',
    );
  });

  test('labels by table, one by one, and missing ones', () => {
    const build = (builder: ProgramBuilder) => {
      const first = builder.reserve(5);
      builder.emit({ op: 'oneHot', in: 2, out: first, values: [0, 1, 2, 3], missing: true });
      const table = Float64Array.of(4, -2, 7, 0.5);
      return [builder.add({ op: 'lookup', in: 2, table, missing: -3, unseen: -3 }), first, first + 2, first + 4, 0];
    };
    expectSameAgain(modelOn(build), 'lightgbm', neverSeen);
  });

  test('what is no function of one column that rises or falls is refused by name', () => {
    const refusals: [(builder: ProgramBuilder) => number[], RegExp][] = [
      [(builder) => [builder.add({ op: 'binary', left: 0, right: 1, operator: 'multiply' })], /goes through "binary"/],
      [(builder) => [builder.add({ op: 'wave', in: 0, wave: 'sin', period: 7 })], /goes through "wave"/],
      [(builder) => [builder.add({ op: 'unary', in: 0, function: 'abs' })], /column "x" by values that are no range/],
    ];
    for (const [prepare, message] of refusals) {
      expect(() => exportModel(modelOn(prepare), 'lightgbm')).toThrow(message);
    }
    const builder = new ProgramBuilder(inputs);
    const out = builder.add({ op: 'constant', value: 1 });
    const program = builder.build([{ name: 'prediction', register: out, type: 'number' }]);
    const dummy = makeModel({
      estimator: 'dummy',
      task: 'regression',
      parameters: {},
      program,
      training,
      interpretability: 'high',
    });
    expect(() => exportModel(dummy, 'json')).toThrow(/Expected a model of one ensemble of trees but dummy has 0/);
  });
});

describe("XGBoost's f32", () => {
  /** x ≤ low gives 1, x ≤ high 2, else 3. */
  const steps = (low: number, high: number): Model => {
    const builder = new ProgramBuilder(inputs.slice(0, 1));
    const out = builder.reserve();
    builder.emit({
      op: 'ensemble',
      inputs: [0],
      outputs: [out],
      base: Float64Array.of(0),
      average: false,
      leafWidth: 1,
      roots: Int32Array.of(0),
      feature: Int32Array.of(0, -1, 0, -1, -1),
      threshold: Float64Array.of(low, 0, high, 0, 0),
      left: Int32Array.of(1, 0, 3, 1, 2),
      right: Int32Array.of(2, -1, 4, -1, -1),
      missingGoesLeft: new Uint8Array(5),
      categoryOffset: new Int32Array(5).fill(-1),
      categoryWords: new Int32Array(5),
      categories: new Uint32Array(0),
      leafValues: Float64Array.of(1, 2, 3),
    });
    const program = builder.build([{ name: 'prediction', register: out, type: 'number' }]);
    return makeModel({
      estimator: 'trees',
      task: 'regression',
      parameters: {},
      program,
      training,
      interpretability: 'medium',
    });
  };
  const table = (...x: number[]) => tableFromRegisters([{ name: 'x', type: 'number', values: Float64Array.from(x) }]);

  test('thresholds that fall together are refused, unless no row lies between them or the loss is accepted', () => {
    const model = steps(1, 1 + 1e-12);
    expect(() => exportModel(model, 'xgboost')).toThrow(
      /1 thresholds, of column "x" among others, fall together in f32/,
    );
    expect(exportModel(model, 'xgboost', { rows: table(0.5, 1, 2) }).notes[0]).toMatch(
      /None of the 3 rows changes sides/,
    );
    expect(exportModel(model, 'xgboost', { lossy: true }).notes[0]).toMatch(/accepted as lossy/);
  });

  test('rows that would change sides are counted', () => {
    const model = steps(1, 2);
    const rows = table(1 + 1e-12, 1, 2, 2 + 1e-12, Number.NaN);
    expect(() => exportModel(model, 'xgboost', { rows })).toThrow(/2 values, in column "x" among others, change sides/);
    expect(exportModel(model, 'xgboost', { rows: table(1, 2, 3) }).notes[0]).toMatch(/None of the 3 rows/);
    expect(exportModel(model, 'xgboost').notes[0]).toMatch(/others may change them/);
  });

  test('leaves beyond f32 are refused', () => {
    const model = steps(1, 2);
    const ensemble = model.program.operations[0] as EnsembleOperation;
    ensemble.leafValues[2] = 1e39;
    expect(() => exportModel(model, 'xgboost')).toThrow(/A leaf of 1e\+39 is beyond/);
  });
});

test('a dump names columns, labels, ways of missing values, gain and cover, and adds up to the prediction', () => {
  for (const file of ['lightgbm-regression.txt', 'xgboost-labels.ubj', 'lightgbm-zero-missing.txt']) {
    const { model } = importModel(fixture(file));
    const dump = JSON.parse(new TextDecoder().decode(exportModel(model, 'json').bytes)) as ReturnType<typeof dumpModel>;
    expect(dump).toEqual(JSON.parse(JSON.stringify(dumpModel(model))));
    const golden = goldenCases.find((entry) => entry.file === file)!;
    const rows = golden.columns[dump.features[0]!.name]!.length;
    const ensemble = model.program.operations.findIndex(({ op }) => op === 'ensemble');
    const columns = model.program.inputs.map(({ name, labels: known }) =>
      Float64Array.from({ length: rows }, (_, row) => {
        const cell = golden.columns[name]![row]!;
        if (cell === null) return Number.NaN;
        const code = known?.indexOf(String(cell));
        return known ? (code! < 0 ? known.length : code!) : Number(cell);
      }),
    );
    const { outputs } = model.program.operations[ensemble] as EnsembleOperation;
    const sums = runProgram(
      {
        ...model.program,
        operations: model.program.operations.slice(0, ensemble + 1),
        outputs: outputs.map((register) => ({ name: `${register}`, register, type: 'number' as const })),
      },
      columns,
      rows,
    );
    for (let row = 0; row < rows; row++) {
      const cells = Object.fromEntries(Object.entries(golden.columns).map(([name, column]) => [name, column[row]!]));
      const totals = dump.base.map(Number);
      for (const { output, root } of dump.trees) totals[output!]! += Number(leafOf(root, cells, dump));
      expect(totals).toEqual(sums.map((sum) => sum[row]));
    }
  }
});

type Node = ReturnType<typeof dumpModel>['trees'][number]['root'];

/** Reads a dump as its documentation says. */
function leafOf(
  node: Node,
  cells: Readonly<Record<string, number | string | null>>,
  dump: ReturnType<typeof dumpModel>,
): unknown {
  if ('value' in node) return node.value;
  const raw = cells[node.feature]!;
  const number = Number(raw);
  const missing = raw === null || (node.zeroIsMissing && Math.abs(number) <= Math.fround(1e-35));
  const side = () => {
    if (missing) return node.missing;
    if (node.threshold !== undefined) return number <= Number(node.threshold) ? 'left' : 'right';
    const known = dump.features.find(({ name }) => name === node.feature)!.labels!;
    if (!known.includes(String(raw))) return node.unseen!;
    return node.categories!.includes(String(raw)) ? 'left' : 'right';
  };
  return leafOf(node[side()], cells, dump);
}
