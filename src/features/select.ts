import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { log } from '../kernels/elementary.js';
import { defineParameters } from '../parameters.js';
import { contingency, etaSquared, groupsOf, pearson } from '../table/association.js';
import { type RegisterColumn, readRegister } from '../table/columns.js';
import { moments } from '../table/statistics.js';
import { defineTransformer, dropping } from '../table/transformer.js';

/** A numeric target is cut into this many groups: more, and rare levels of a feature could not be told from noise. */
const TARGET_GROUPS = 10;

/** Drops numbers that hardly vary. */
export const selectByVariance = defineTransformer({
  name: 'select-by-variance',
  meaning: 'drops numbers whose variance is at most a threshold',
  declarations: defineParameters({
    threshold: { type: 'number', default: 0, min: 0, meaning: 'the largest variance that is dropped' },
  }),
  fit(table, { columns }, { threshold }) {
    const reasons = new Map<string, string>();
    for (const name of columns) {
      const { type, values } = readRegister(table, name);
      const { deviation } = moments(values);
      if (type === 'number' && deviation ** 2 <= threshold) {
        reasons.set(name, `dropped: variance ${Number((deviation ** 2).toPrecision(3))}`);
      }
    }
    return dropping(reasons, table.numRows);
  },
});

/** Of numbers that say the same, keeps the first. */
export const selectByCorrelation = defineTransformer({
  name: 'select-by-correlation',
  meaning: 'drops numbers that correlate too strongly with an earlier one',
  declarations: defineParameters({
    threshold: {
      type: 'number',
      default: 0.98,
      min: 0,
      max: 1,
      meaning: "the largest |Pearson's r| that both survive",
    },
  }),
  fit(table, { columns }, { threshold }) {
    const numeric = columns.map((name) => readRegister(table, name)).filter(({ type }) => type === 'number');
    const kept: RegisterColumn[] = [];
    const reasons = new Map<string, string>();
    for (const column of numeric) {
      const rival = kept.find(({ values }) => Math.abs(pearson(values, column.values)) > threshold);
      if (rival) reasons.set(column.name, `dropped: correlates with "${rival.name}" by more than ${threshold}`);
      else kept.push(column);
    }
    return dropping(reasons, table.numRows);
  },
});

/** Keeps the features that tell most of the target, one by one. */
export const selectBest = defineTransformer({
  name: 'select-best',
  meaning: 'keeps the features that by themselves tell most of the target',
  declarations: defineParameters({
    score: {
      type: 'choice',
      default: 'mutual_information',
      choices: ['mutual_information', 'f'],
      meaning:
        "mutual information with the target (all kinds), or the F statistic (numbers; categories by the target's variance between them)",
    },
    k: { type: 'integer', default: 20, min: 1, meaning: 'how many are kept' },
  }),
  fit(table, { columns, target }, { score, k }) {
    if (target === undefined) throw new LanewiseError('usage', 'Expected a target for select-best but there is none');
    const scores = scoreFeatures(table, columns, target, score);
    const ranked = columns.toSorted(
      (a, b) => scores.get(b)! - scores.get(a)! || columns.indexOf(a) - columns.indexOf(b),
    );
    const reasons = new Map(
      ranked
        .slice(k)
        .map((name) => [
          name,
          `dropped: ${score} of ${Number(scores.get(name)!.toPrecision(3))} is not among the best ${k}`,
        ]),
    );
    return dropping(reasons, table.numRows);
  },
});

/** How much each column tells of the target by itself. */
export function scoreFeatures(
  table: Table,
  columns: readonly string[],
  target: string,
  score: 'mutual_information' | 'f',
): Map<string, number> {
  const answer = readRegister(table, target);
  const classes = groupsOf(answer, TARGET_GROUPS);
  const rate = (column: RegisterColumn) =>
    score === 'f' ? fStatistic(column, answer) : mutualInformation(column, classes.groups, classes.count);
  return new Map(columns.map((name) => [name, rate(readRegister(table, name))]));
}

/**
 * Mutual information in nats between the groups of a column and those of the target, less the bias of a finite sample
 * (Miller, "Note on the bias of information estimates", 1955), so that many rare levels earn nothing by accident.
 */
function mutualInformation(column: RegisterColumn, classes: Int32Array, classCount: number): number {
  const { groups, count } = groupsOf(column);
  const cells = contingency(groups, count, Float64Array.from(classes), classCount);
  const [rows, columns] = [new Float64Array(count), new Float64Array(classCount)];
  cells.forEach((cell, index) => {
    rows[Math.floor(index / classCount)]! += cell;
    columns[index % classCount]! += cell;
  });
  const n = classes.length;
  let information = 0;
  cells.forEach((cell, index) => {
    const expected = rows[Math.floor(index / classCount)]! * columns[index % classCount]!;
    if (cell > 0) information += (cell / n) * log((cell * n) / expected);
  });
  const used = (counts: Float64Array) => counts.reduce((sum, size) => sum + (size > 0 ? 1 : 0), 0);
  return Math.max(0, information - ((used(rows) - 1) * (used(columns) - 1)) / (2 * n));
}

/** ANOVA F where one side is a category, else the F of simple regression, r²(n − 2)/(1 − r²). */
function fStatistic(column: RegisterColumn, target: RegisterColumn): number {
  const n = column.values.length;
  if (column.type !== 'category' && target.type !== 'category') {
    const r = pearson(column.values, target.values);
    return Number.isNaN(r) ? 0 : (r * r * (n - 2)) / (1 - r * r);
  }
  const [by, values] = target.type === 'category' ? [target, column.values] : [column, target.values];
  const { groups, count } = groupsOf(by);
  const levels = new Set(groups).size;
  const share = etaSquared(groups, count, values);
  return levels > 1 && share >= 0 ? (share / (levels - 1)) * ((n - levels) / (1 - share)) : 0;
}
