import { describe, expect, test } from 'vitest';
import { defaultMetrics, metricNamed } from '#lanewise/evaluate/metrics.js';
import type { Scored } from '#lanewise/table/interfaces.js';
import { golden, relativeError } from '../agreement/golden.js';

const expected = golden('lists');

const scoredOf = (list: { grades: number[]; scores: number[]; groups: number[] }): Scored => ({
  target: Float64Array.from(list.grades),
  prediction: Float64Array.from(list.scores),
  groups: Float64Array.from(list.groups),
});

describe.each(['plain', 'ties'])('metrics of ranked lists are those of scikit-learn, %s', (name) => {
  test.each(Object.entries(expected[name].figures as Record<string, number>))('%s', (metric, value) => {
    expect(relativeError(metricNamed(metric).score(scoredOf(expected[name])), value)).toBeLessThan(1e-12);
  });
});

test('Tweedie deviances and pinball losses are those of scikit-learn', () => {
  const { target, prediction, weights, figures } = expected.amounts;
  const scored = {
    target: Float64Array.from(target),
    prediction: Float64Array.from(prediction),
    weights: Float64Array.from(weights),
  };
  for (const [metric, value] of Object.entries(figures as Record<string, number>)) {
    expect(relativeError(metricNamed(metric).score(scored), value), metric).toBeLessThan(1e-12);
  }
});

test('a list of weight n is the list written n times', () => {
  const { grades, scores, groups } = expected.ties as { grades: number[]; scores: number[]; groups: number[] };
  const weights = Float64Array.from(groups, (group) => group % 3);
  const copies = groups.flatMap((group, row) => Array.from({ length: group % 3 }, (_, copy) => ({ row, copy })));
  const written = {
    grades: copies.map(({ row }) => grades[row]!),
    scores: copies.map(({ row }) => scores[row]!),
    groups: copies.map(({ row, copy }) => 100 * copy + groups[row]!),
  };
  for (const metric of defaultMetrics('ranking')) {
    const weighted = metric.score({ ...scoredOf(expected.ties), weights });
    expect(relativeError(weighted, metric.score(scoredOf(written))), metric.name).toBeLessThan(1e-12);
  }
});

test('a list without a relevant row is left out, and without any list nothing is said', () => {
  const none = scoredOf({ grades: [0, 0], scores: [1, 2], groups: [7, 7] });
  const one = scoredOf({ grades: [0, 0, 0, 1], scores: [1, 2, 5, 4], groups: [7, 7, 8, 8] });
  for (const metric of defaultMetrics('ranking')) expect(metric.score(none), metric.name).toBeNaN();
  expect(metricNamed('mean_reciprocal_rank').score(one)).toBe(0.5);
});

test('a constant score gains nothing from the order of the file', () => {
  const best = scoredOf({ grades: [2, 1, 0], scores: [1, 1, 1], groups: [0, 0, 0] });
  const worst = scoredOf({ grades: [0, 1, 2], scores: [1, 1, 1], groups: [0, 0, 0] });
  for (const metric of defaultMetrics('ranking')) expect(metric.score(best)).toBe(metric.score(worst));
});

test('a metric of lists wants groups, and a number behind its name that can be', () => {
  const { target, prediction } = scoredOf(expected.plain);
  expect(() => metricNamed('ndcg@7').score({ target, prediction })).toThrow(/group of every row for ndcg@7/);
  expect(metricNamed('hit_rate@2').name).toBe('hit_rate@2');
  for (const name of ['ndcg@0', 'ndcg@x', 'ndcg@', 'neg_mean_pinball_loss@1', 'neg_mean_tweedie_deviance@3']) {
    expect(() => metricNamed(name), name).toThrow(/Unknown metric/);
  }
});
