import { describe, expect, test } from 'vitest';
import { GradientBoostingClassifier, GradientBoostingRegressor } from '#lanewise/models/gradient-boosting/index.js';
import { readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { golden } from '../agreement/golden.js';
import { labelled } from './tree-data.js';

/**
 * Gradients are rounded to integers at random, so two splits that gain nearly the same may change places, as they do between
 * scikit-learn and LightGBM. On this data hardly any two do; leaves are sums of the gradients themselves, in f32: 1e-6.
 */
const SAME = 1e-6;
/** Share of rows that may lie in another leaf than with the nearer peer: none in one tree of few leaves. */
const allowed = (leaves: number) => (leaves <= 4 ? 0 : 0.04);

interface Case {
  readonly levels: number;
  readonly task: 'regression' | 'binary' | 'multiclass';
  readonly minSamplesLeaf: number;
  readonly maxLeafNodes: number;
  readonly maxIter: number;
  readonly both?: number[][];
  readonly sklearn?: number[][];
  readonly lightgbm?: number[][];
}

const { tables, cases, every } = golden('boosting-peers') as {
  tables: Record<string, { x: number[][]; y: number[] }>;
  cases: Case[];
  every: number;
};
const number = (name: string, values: number[]) => ({
  name,
  type: 'number' as const,
  values: Float64Array.from(values),
});
const bounds = { binary: [0], multiclass: [-1.5, 1.5] };

describe('trees on easy data are those of scikit-learn and LightGBM', () => {
  test.each(cases)(
    '$task, $levels values, $maxLeafNodes leaves of $minSamplesLeaf, $maxIter rounds',
    async (golden) => {
      const { levels, task, minSamplesLeaf, maxLeafNodes, maxIter } = golden;
      const { x, y } = tables[levels]!;
      const target =
        task === 'regression'
          ? number('y', y)
          : labelled(
              'y',
              y.map((value) => String(bounds[task].filter((bound) => value >= bound).length)),
            );
      const table = tableFromRegisters([...x.map((values, j) => number(`x${j}`, values)), target]);
      const parameters = { minSamplesLeaf, maxLeafNodes, maxIter, maxBins: levels, earlyStopping: 'false' as const };
      const Estimator = task === 'regression' ? GradientBoostingRegressor : GradientBoostingClassifier;
      const model = await new Estimator(parameters).fit(table, { target: 'y' });
      const predicted = await model.predict(table);
      const names = model.classes ? model.classes.slice(1).map((label) => `probability_${label}`) : ['prediction'];
      const ours = names.map((name) => readRegister(predicted, name).values.filter((_, row) => row % every === 0));
      const peers = golden.both ? [golden.both] : [golden.sklearn!, golden.lightgbm!];
      const shares = peers.map((peer) => {
        const values = peer.flatMap((output, k) => output.map((value, i) => Math.abs(value - ours[k]![i]!)));
        return values.filter((difference) => !(difference <= SAME * 10)).length / values.length;
      });
      expect(Math.min(...shares)).toBeLessThanOrEqual(allowed(maxLeafNodes));
    },
  );
});
