import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DecisionTreeClassifier, DecisionTreeRegressor } from '#lanewise/models/decision-tree/index.js';
import type { EnsembleOperation } from '#lanewise/scoring/program.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled, noise, numbers, outputOf } from './tree-data.js';

// tests/agreement/decision-trees.py made it: scikit-learn's trees, with what they were grown from.
const golden = JSON.parse(readFileSync(new URL('../fixtures/decision-trees.json', import.meta.url), 'utf8'));
const target = 'y';

interface Case {
  readonly data: string;
  readonly parameters: Record<string, number | string>;
  readonly weighted?: boolean;
  readonly unique: boolean;
  readonly leaves: number[];
  readonly feature: number[];
  readonly threshold: number[];
  readonly left: number[];
  readonly right: number[];
  readonly cover: number[];
  readonly impurity: number[];
  readonly predictions: number[][];
}

const ensembleOf = (model: Model) =>
  model.program.operations.find((operation) => operation.op === 'ensemble') as EnsembleOperation;
const camel = (name: string) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** Columns x00, x01, …, whose order is that of their names, and the target. */
function columnsOf(data: string, rows?: number[]): RegisterColumn[] {
  const { x, y } = golden.data[data] as { x: number[][]; y: number[] };
  const kept = rows ?? [...x.keys()];
  const columns = x[0]!.map((_, k) =>
    numbers(`x${String(k).padStart(2, '0')}`, kept.length, (row) => x[kept[row]!]![k]!),
  );
  return [...columns, numbers(target, kept.length, (row) => y[kept[row]!]!)];
}

function estimatorOf({ data, parameters }: Pick<Case, 'data' | 'parameters'>) {
  const given = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [camel(name), value]));
  return data === 'diabetes' ? new DecisionTreeRegressor(given) : new DecisionTreeClassifier(given);
}

/**
 * Walks both trees from the root. Where they divide alike, everything must agree; where they do not, both splits must gain
 * the same (a tie, which scikit-learn breaks by its seed), and what is below is left out. Returns [compared, ties].
 */
function compare(ours: EnsembleOperation, theirs: Case): [number, number] {
  let [compared, ties] = [0, 0];
  const gainOf = (node: number) => {
    const cost = (at: number) => theirs.cover[at]! * theirs.impurity[at]!;
    return cost(node) - cost(theirs.left[node]!) - cost(theirs.right[node]!);
  };
  const walk = (a: number, b: number): void => {
    compared++;
    expect(ours.cover![a]! / theirs.cover[b]!).toBeCloseTo(1, 9);
    // Under fractional weights scikit-learn splits a node of one class whose impurity is rounding.
    const leaf = theirs.left[b]! < 0 || theirs.impurity[b]! < 1e-12;
    expect(ours.feature[a]! < 0, `node ${b} is a leaf: ${leaf}`).toBe(leaf);
    if (leaf) return;
    const scale = theirs.cover[0]! * theirs.impurity[0]!;
    expect(ours.gain![a]! / scale).toBeCloseTo(gainOf(b) / scale, 9);
    const covers = (which: 'left' | 'right') => ours.cover![ours[which][a]!]! - theirs.cover[theirs[which][b]!]!;
    const alike = ours.feature[a] === theirs.feature[b] && Math.abs(ours.threshold[a]! - theirs.threshold[b]!) < 1e-9;
    if (!alike || Math.abs(covers('left')) > 1e-9 || Math.abs(covers('right')) > 1e-9) {
      ties++;
      return;
    }
    walk(ours.left[a]!, theirs.left[b]!);
    walk(ours.right[a]!, theirs.right[b]!);
  };
  walk(0, 0);
  return [compared, ties];
}

const cases = golden.cases as Case[];

describe('the trees of scikit-learn', () => {
  test.each(cases.map((one, index) => [`${one.data} ${JSON.stringify(one.parameters)} ${one.weighted ?? ''}`, index]))(
    '%s',
    async (_, index) => {
      const one = cases[index as number]!;
      const rows = golden.data[one.data].y.map((_: number, row: number) => row) as number[];
      const train = rows.filter((row) => row % 3 !== 0);
      const columns = columnsOf(one.data, train);
      const weights = numbers('w', train.length, (row) => train[row]! % 4);
      const table = tableFromRegisters(one.weighted ? [...columns, weights] : columns);
      const model = await estimatorOf(one).fit(table, { target, ...(one.weighted && { weights: 'w' }) });
      const ours = ensembleOf(model);
      // Pruning and minImpurityDecrease work below ties too, where nothing is compared.
      const [compared, ties] = compare(ours, one);
      expect(compared).toBeGreaterThan(0);
      if (one.unique) {
        expect(ties).toBe(0);
        expect(compared).toBe(one.feature.length);
      }
      const leaves = ours.feature.filter((feature) => feature < 0).length;
      expect(leaves).toBeGreaterThanOrEqual(Math.min(...one.leaves) - 1);
      expect(leaves).toBeLessThanOrEqual(Math.max(...one.leaves) + 1);
      if (ties > 0) return;
      const all = tableFromRegisters(columnsOf(one.data));
      const outputs = model.classes?.map((label) => `probability_${label}`) ?? ['prediction'];
      for (const [k, name] of outputs.entries()) {
        const predicted = await outputOf(model, all, name);
        predicted.forEach((value, row) => void expect(value).toBeCloseTo(one.predictions[row]![k]!, 9));
      }
    },
  );

  test('ties leave most of the nodes comparable', async () => {
    let [compared, nodes] = [0, 0];
    for (const one of cases.filter(({ weighted }) => !weighted)) {
      const rows = (golden.data[one.data].y as number[]).map((_, row) => row).filter((row) => row % 3 !== 0);
      const model = await estimatorOf(one).fit(tableFromRegisters(columnsOf(one.data, rows)), { target });
      compared += compare(ensembleOf(model), one)[0];
      nodes += one.feature.length;
    }
    expect(compared / nodes).toBeGreaterThan(0.4);
  });

  test('the pruning path is theirs, ascends, and ccpAlpha cuts where it says', async () => {
    for (const { data, parameters, ccpAlphas, impurities } of golden.paths) {
      const table = tableFromRegisters(columnsOf(data));
      const estimator = estimatorOf({ data, parameters });
      const path = await estimator.costComplexityPruningPath(table, { target });
      expect(path.ccpAlphas).toHaveLength(ccpAlphas.length);
      path.ccpAlphas.forEach((alpha, i) => {
        expect(alpha / (ccpAlphas.at(-1) as number)).toBeCloseTo(ccpAlphas[i] / ccpAlphas.at(-1), 9);
        expect(path.impurities[i]! / impurities.at(-1)).toBeCloseTo(impurities[i] / impurities.at(-1), 9);
        if (i > 0) expect(alpha).toBeGreaterThanOrEqual(path.ccpAlphas[i - 1]!);
      });
      const sizes: number[] = [];
      for (const ccpAlpha of [0, path.ccpAlphas[2]!, path.ccpAlphas.at(-1)! * 1.000001]) {
        const model = await estimator.with({ ccpAlpha }).fit(table, { target });
        sizes.push(ensembleOf(model).feature.length);
      }
      expect(sizes[0]).toBeGreaterThan(sizes[1]!);
      expect(sizes[2]).toBe(1);
    }
  });

  test('two targets at once', async () => {
    const columns = columnsOf('diabetes');
    const second = numbers('z', columns[0]!.values.length, (row) => golden.several.second[row]);
    const model = await new DecisionTreeRegressor({ maxDepth: 4 }).fit(tableFromRegisters([...columns, second]), {
      targets: [target, 'z'],
    });
    const [compared, ties] = compare(ensembleOf(model), golden.several);
    expect(compared).toBeGreaterThan(ties);
    expect(model.targets).toEqual([{ name: target }, { name: 'z' }]);
    expect(model.program.outputs.map(({ name }) => name)).toEqual(['prediction_y', 'prediction_z']);
  });
});

describe('categories', () => {
  const rows = 240;
  const letters = Array.from({ length: rows }, (_, row) => 'abcdefgh'[Math.floor(8 * noise(row, 1))]!);
  const x = labelled('x', letters);
  /** Of all ways to part the eight letters in two, the least squared error. */
  function leastError(values: Float64Array): number {
    const sums = Array.from('abcdefgh', (letter) => {
      const of = [...values.keys()].filter((row) => letters[row] === letter);
      return { n: of.length, sum: of.reduce((sum, row) => sum + values[row]!, 0) };
    });
    const squares = values.reduce((sum, value) => sum + value * value, 0);
    let best = 0;
    for (let set = 1; set < 255; set++) {
      const part = (inside: number) =>
        sums.filter((_, k) => ((set >> k) & 1) === inside).reduce((a, b) => ({ n: a.n + b.n, sum: a.sum + b.sum }));
      const [a, b] = [part(0), part(1)];
      best = Math.max(best, (a.sum * a.sum) / a.n + (b.sum * b.sum) / b.n);
    }
    return squares - best;
  }

  test('one split of numbers is the best of all ways to part the labels', async () => {
    const y = numbers('y', rows, (row) => 5 * noise(letters[row]!.charCodeAt(0), 2) + noise(row, 3));
    const table = tableFromRegisters([x, y]);
    const model = await new DecisionTreeRegressor({ maxDepth: 1 }).fit(table, { target });
    const predicted = await outputOf(model, table);
    const error = predicted.reduce((sum, value, row) => sum + (value - y.values[row]!) ** 2, 0);
    expect(error).toBeCloseTo(leastError(y.values), 6);
  });

  test('three classes that belong to labels are told apart, in any order of the labels', async () => {
    const y = labelled(
      'y',
      letters.map((letter) => ({ a: 'p', b: 'q', c: 'r', d: 'q', e: 'p', f: 'r', g: 'q', h: 'p' })[letter]!),
    );
    const model = await new DecisionTreeClassifier().fit(tableFromRegisters([x, y]), { target });
    expect([...'abcdefgh'].map((letter) => model.predictSync({ x: letter })).join('')).toBe('pqrqprqp');
    // Two splits suffice where each parts a class from the others.
    expect(ensembleOf(model).feature.filter((feature) => feature >= 0)).toHaveLength(2);
  });

  test('a label never seen goes where missing values go, and those go with the many', async () => {
    const y = numbers('y', rows, (row) => (letters[row]! < 'g' ? 1 : 2));
    const model = await new DecisionTreeRegressor().fit(tableFromRegisters([x, y]), { target });
    expect(['a', 'g', 'new', null].map((value) => model.predictSync({ x: value }))).toEqual([1, 2, 1, 1]);
  });

  test('a thousand labels are taken: the rare ones go with the missing', async () => {
    const names = Array.from({ length: 3000 }, (_, row) => `label ${Math.floor(1000 * noise(row, 4) ** 2)}`);
    const wide = labelled('x', names);
    const y = numbers('y', 3000, (row) => names[row]!.length);
    const model = await new DecisionTreeRegressor().fit(tableFromRegisters([wide, y]), { target });
    expect(model.predictSync({ x: 'label 3' })).toBe(7);
  });
});

describe('what a tree promises', () => {
  const table = () => tableFromRegisters([...columnsOf('diabetes')]);

  test('weights are duplicates, and the order of the rows changes nothing', async () => {
    const columns = columnsOf('diabetes');
    const times = (row: number) => row % 3;
    const repeated = [...columns[0]!.values.keys()].flatMap((row) => new Array<number>(times(row)).fill(row));
    const backwards = repeated.toReversed();
    const take = (rows: number[]) => tableFromRegisters(columnsOf('diabetes', rows));
    const weighted = tableFromRegisters([...columns, numbers('w', columns[0]!.values.length, times)]);
    const train = (data: ReturnType<typeof table>, weights?: string) =>
      new DecisionTreeRegressor({ maxDepth: 5 }).fit(data, { target, weights });
    const [a, b, c] = [await train(weighted, 'w'), await train(take(repeated)), await train(take(backwards))];
    const predictions = await Promise.all([a, b, c].map((model) => outputOf(model, table())));
    for (const other of [1, 2])
      predictions[0]!.forEach((value, row) => void expect(predictions[other]![row]).toBeCloseTo(value, 9));
  });

  test('many bins and few', async () => {
    const y = numbers('y', 4000, (row) => Math.floor(3000 * noise(row, 1)) % 2);
    const x = numbers('x', 4000, (row) => noise(row, 1));
    const leaves = async (maxBins: number | null) => {
      const model = await new DecisionTreeRegressor({ maxBins }).fit(tableFromRegisters([x, y]), { target });
      return ensembleOf(model).feature.filter((feature) => feature < 0).length;
    };
    expect(await leaves(16)).toBeLessThanOrEqual(16);
    // Every distinct value has a code: the tree learns them all.
    expect(await leaves(null)).toBeGreaterThan(1500);
  });

  test('huge targets and tiny ones are parted alike', async () => {
    const x = numbers('x', 64, (row) => row);
    for (const scale of [1e-200, 1, 1e99]) {
      const y = numbers('y', 64, (row) => (row < 20 ? scale : row < 50 ? -scale : 0.5 * scale));
      const model = await new DecisionTreeRegressor().fit(tableFromRegisters([x, y]), { target });
      const predicted = [5, 30, 60].map((value) => (model.predictSync({ x: value }) as number) / scale);
      [1, -1, 0.5].forEach((value, i) => void expect(predicted[i]).toBeCloseTo(value, 12));
      expect(ensembleOf(model).gain!.every(Number.isFinite)).toBe(true);
    }
  });

  test('infinite features are parted, and Poisson deviance refuses negative targets', async () => {
    const x = numbers('x', 30, (row) => [Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY][row % 3]!);
    const y = numbers('y', 30, (row) => row % 3);
    const model = await new DecisionTreeRegressor().fit(tableFromRegisters([x, y]), { target });
    expect([Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY].map((v) => model.predictSync({ x: v }))).toEqual([
      0, 1, 2,
    ]);
    const negative = numbers('y', 30, (row) => row - 3);
    await expect(
      new DecisionTreeRegressor({ criterion: 'poisson' }).fit(tableFromRegisters([x, negative]), { target }),
    ).rejects.toThrow(/>= 0 for criterion poisson but "y" has -3/);
  });
});
