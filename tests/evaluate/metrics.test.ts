import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stream } from '#lanewise/engine/random.js';
import { calinskiHarabasz, daviesBouldin, silhouette } from '#lanewise/evaluate/clustering.js';
import { BLOCK_ROWS, type Scorer } from '#lanewise/evaluate/metric.js';
import { defaultMetrics, metricNamed, metrics, primaryMetric } from '#lanewise/evaluate/metrics.js';
import type { Scored } from '#lanewise/table/interfaces.js';
import { golden, relativeError } from '../agreement/golden.js';

const expected = golden('evaluate');

interface Case {
  target: number[];
  prediction: number[];
  probabilities?: number[][];
  weights: number[];
  scores: Record<'plain' | 'weighted', Record<string, number>>;
}

function scoredOf(entry: Case, weighted = false): Scored {
  return {
    target: Float64Array.from(entry.target),
    prediction: Float64Array.from(entry.prediction),
    ...(entry.probabilities && { probabilities: entry.probabilities.map((row) => Float64Array.from(row)) }),
    ...(weighted && { weights: Float64Array.from(entry.weights) }),
  };
}

describe.each(['classification', 'regression'])('%s metrics are those of scikit-learn', (task) => {
  test.each(Object.entries(expected[task] as Record<string, Case>))('%s', (_, entry) => {
    for (const form of ['plain', 'weighted'] as const) {
      for (const [name, value] of Object.entries(entry.scores[form])) {
        const score = metricNamed(name).score(scoredOf(entry, form === 'weighted'));
        expect(relativeError(score, value), `${form} ${name}: ${score} against ${value}`).toBeLessThan(1e-12);
      }
    }
  });
});

test('clustering metrics are those of scikit-learn', () => {
  const entry = expected.clustering;
  const columns = (entry.columns as number[][]).map((column) => Float64Array.from(column));
  expect(silhouette(columns, entry.labels)).toBeCloseTo(entry.silhouette, 12);
  expect(daviesBouldin(columns, entry.labels)).toBeCloseTo(entry.davies_bouldin, 12);
  expect(calinskiHarabasz(columns, entry.labels)).toBeCloseTo(entry.calinski_harabasz, 9);
  const scored = { target: Float64Array.from(entry.truth), prediction: Float64Array.from(entry.labels) };
  for (const name of ['adjusted_rand_score', 'normalized_mutual_info_score']) {
    expect(metricNamed(name).score(scored)).toBeCloseTo(entry[name], 12);
  }
});

/** Rows that every metric of the task is defined for. */
function randomScored(task: Scorer['task'], rows: number, seed: number, classes = 2): Scored {
  const random = stream(seed, 'test');
  if (task === 'ranking') {
    const column = (of: (row: number) => number) => Float64Array.from({ length: rows }, (_, row) => of(row));
    return {
      target: column((row) => row % 3),
      prediction: column(() => random.integer(9)),
      groups: column((row) => row % 4),
    };
  }
  if (task !== 'classification') {
    const target = Float64Array.from({ length: rows }, () =>
      task === 'clustering' ? random.integer(3) : 0.5 + 4 * random.uniform(),
    );
    return {
      target,
      prediction: target.map((y) => (task === 'clustering' ? random.integer(4) : y * (0.5 + random.uniform()))),
    };
  }
  const probabilities = Array.from({ length: classes }, () => new Float64Array(rows));
  for (let row = 0; row < rows; row++) {
    const raw = Array.from({ length: classes }, () => 0.1 + Math.round(8 * random.uniform()));
    const sum = raw.reduce((a, b) => a + b, 0);
    raw.forEach((value, k) => {
      probabilities[k]![row] = value / sum;
    });
  }
  const best = (row: number) => {
    const values = probabilities.map((column) => column[row]!);
    return values.indexOf(Math.max(...values));
  };
  return {
    target: Float64Array.from({ length: rows }, (_, row) => (row < classes ? row : random.integer(classes))),
    prediction: Float64Array.from({ length: rows }, (_, row) => best(row)),
    probabilities,
  };
}

const byRows = (scored: Scored, rows: number[]): Scored => ({
  target: Float64Array.from(rows, (row) => scored.target[row]!),
  prediction: Float64Array.from(rows, (row) => scored.prediction[row]!),
  ...(scored.probabilities && {
    probabilities: scored.probabilities.map((column) => Float64Array.from(rows, (row) => column[row]!)),
  }),
  ...(scored.groups && { groups: Float64Array.from(rows, (row) => scored.groups![row]!) }),
});

const ofRows = metrics.filter(({ task }) => task !== 'ranking');
const classesFor = (metric: Scorer, seed: number) => (metric.classes === 'binary' ? 2 : 2 + (seed % 3));

test('the order of rows does not matter', () => {
  fc.assert(
    fc.property(fc.constantFrom(...metrics), fc.integer({ min: 0, max: 1000 }), (metric, seed) => {
      const scored = randomScored(metric.task, 40, seed, classesFor(metric, seed));
      const order = Array.from({ length: 40 }, (_, row) => (row * 7 + 3) % 40);
      expect(relativeError(metric.score(byRows(scored, order)), metric.score(scored))).toBeLessThan(1e-12);
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('a weight of n is the row written n times, and a weight of 0 is the row left out', () => {
  fc.assert(
    // Lists are written n times as a whole: tests/evaluate/lists.test.ts.
    fc.property(fc.constantFrom(...ofRows), fc.integer({ min: 0, max: 1000 }), (metric, seed) => {
      const classes = classesFor(metric, seed);
      const scored = randomScored(metric.task, 30, seed, classes);
      const counts = Array.from({ length: 30 }, (_, row) => (row < classes ? 1 : (row * 5 + seed) % 4));
      const written = counts.flatMap((count, row) => new Array<number>(count).fill(row));
      const weighted = metric.score({ ...scored, weights: Float64Array.from(counts) });
      expect(relativeError(weighted, metric.score(byRows(scored, written))), metric.name).toBeLessThan(1e-12);
    }),
    { numRuns: 300, seed: 2 },
  );
});

test('scaling all weights changes no score', () => {
  for (const metric of metrics) {
    const scored = randomScored(metric.task, 50, 3, 2);
    const weights = Float64Array.from({ length: 50 }, (_, row) => 1 + (row % 5));
    const scaled = weights.map((weight) => 8 * weight);
    const [a, b] = [metric.score({ ...scored, weights }), metric.score({ ...scored, weights: scaled })];
    // Mutual information and pairs count rows, so ARI alone depends on the scale.
    if (metric.name !== 'adjusted_rand_score') expect(relativeError(a, b), metric.name).toBeLessThan(1e-12);
  }
});

test('chunks scored apart and merged give the bits of all rows at once', () => {
  const rows = BLOCK_ROWS + 1000;
  const scoredFor = {
    classification: randomScored('classification', rows, 5),
    regression: randomScored('regression', rows, 5),
  };
  for (const metric of metrics.filter((entry) => entry.mergeable)) {
    const scored = scoredFor[metric.task as 'classification' | 'regression'];
    const part = (from: number, to: number): Scored => ({
      target: scored.target.subarray(from, to),
      prediction: scored.prediction.subarray(from, to),
      ...(scored.probabilities && { probabilities: scored.probabilities.map((column) => column.subarray(from, to)) }),
    });
    const { partial, merge, finish } = metric.mergeable!;
    const merged = finish(merge(partial(part(0, BLOCK_ROWS)), partial(part(BLOCK_ROWS, rows))));
    const whole = metric.score(scored);
    if (['r2', 'explained_variance'].includes(metric.name)) expect(merged, metric.name).toBeCloseTo(whole, 12);
    else expect(merged, metric.name).toBe(whole);
  }
});

test('perfect predictions get the best score of every metric', () => {
  const target = Float64Array.of(0, 1, 1, 0, 1, 2, 2, 0);
  for (const metric of metrics) {
    const truth = metric.classes === 'binary' ? target.map((k) => Math.min(k, 1)) : target;
    const values = metric.task === 'regression' ? truth.map((k) => k + 1) : truth;
    const classes = metric.classes === 'binary' ? 2 : 3;
    const probabilities = Array.from({ length: classes }, (_, k) => truth.map((own) => Number(own === k)));
    const score = metric.score({
      target: values,
      prediction: values,
      ...(metric.task === 'classification' && { probabilities }),
      ...(metric.task === 'ranking' && { groups: new Float64Array(values.length) }),
    });
    // With ties of equal grades, the first relevant row cannot be surely first.
    if (metric.name.startsWith('mean_reciprocal') || metric.name === 'hit_rate@1') continue;
    expect(score, metric.name).toBeCloseTo(metric.name.startsWith('neg_') ? 0 : 1, 12);
  }
});

test('a metric that is misspelt or for another task is refused with what there is', () => {
  expect(() => metricNamed('roc_auk')).toThrow(/did you mean "roc_auc"/);
  expect(() => metricNamed('r2', 'classification')).toThrow(/r2 is for regression/);
});

test('a metric of two classes refuses three, and names the one to use', () => {
  const scored = randomScored('classification', 20, 1, 3);
  expect(() => metricNamed('roc_auc').score(scored)).toThrow(/Expected two classes for roc_auc but received 3/);
  expect(() => metricNamed('f1').score(scored)).toThrow(/two classes for f1/);
});

test('a metric of probabilities refuses predictions alone', () => {
  const { target, prediction } = randomScored('classification', 20, 1);
  expect(() => metricNamed('neg_log_loss').score({ target, prediction })).toThrow(/gives none/);
});

test('the area under the curve is undefined, not wrong, where a class has no rows', () => {
  const scored: Scored = {
    target: Float64Array.of(0, 0),
    prediction: Float64Array.of(0, 0),
    probabilities: [Float64Array.of(0.6, 0.7), Float64Array.of(0.4, 0.3)],
  };
  expect(metricNamed('roc_auc').score(scored)).toBeNaN();
});

test('every task ranks by the first of its default metrics', () => {
  expect(primaryMetric('regression').name).toBe('neg_root_mean_squared_error');
  expect(primaryMetric('classification', 2).name).toBe('roc_auc');
  expect(primaryMetric('classification', 3).name).toBe('accuracy');
  for (const classes of [2, 3]) {
    for (const metric of defaultMetrics('classification', classes)) {
      expect(Number.isFinite(metric.score(randomScored('classification', 30, 9, classes))), metric.name).toBe(true);
    }
  }
});

test('an error is shown without its sign, and no error as plain 0', () => {
  const rmse = metricNamed('neg_root_mean_squared_error');
  expect(rmse.natural(-2.5)).toBe(2.5);
  expect(Object.is(rmse.natural(-0), 0)).toBe(true);
  expect(metricNamed('roc_auc').natural(0.7)).toBe(0.7);
});
