import type { Table } from 'apache-arrow';
import { LanewiseError } from '../../errors.js';
import { gainOf } from '../../evaluate/lists.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FitOptions } from '../../table/interfaces.js';
import { classFactors, weighClasses } from '../class-weights.js';
import { groupsOf, type Target, targetOf, targetsOf, weightsOf } from '../features.js';
import { weighingRows } from '../rows.js';
import { readValidation } from '../validation.js';
import { baseOf, checkTarget, classificationLoss, regressionLoss } from './choose-loss.js';
import type { CustomLoss } from './custom-loss.js';
import type { BoostingLoss, ListLoss } from './loss.js';
import type {
  BoostingClassifierParameters,
  BoostingRankerParameters,
  BoostingRegressorParameters,
} from './loss-parameters.js';

/** Rows as a loss sees them. */
export interface SubjectRows {
  /** values[target][row] */
  readonly values: readonly Float64Array[];
  readonly weights: Float64Array | undefined;
  /** Ranking: the list of each row. */
  readonly groups: Float64Array | undefined;
}

/** What is learnt: targets, what their loss is, and the rows of a table as that loss sees them. */
export interface Subject extends SubjectRows {
  readonly targets: readonly Target[];
  readonly loss: BoostingLoss;
  /** Raw predictions to start from; undefined: those of least loss. */
  readonly base: Float64Array | undefined;
  /** As given, without the factors of classes: what bins are found by. */
  readonly rowWeights: Float64Array | undefined;
  /** The rows of a validation table, checked as those of training are. */
  validation(table: Table, features: readonly RegisterColumn[]): SubjectRows & { columns: readonly RegisterColumn[] };
}

export function regressionSubject(
  table: Table,
  options: FitOptions,
  parameters: BoostingRegressorParameters,
  custom: CustomLoss | undefined,
): Subject {
  const targets = targetsOf(table, options, 'regression');
  const loss = regressionLoss(parameters, custom, targets);
  const weights = weightsOf(table, options);
  return {
    targets,
    loss,
    base: baseOf(parameters.baseScore, loss),
    values: targets.map(({ values }) => values),
    weights,
    rowWeights: weights,
    groups: undefined,
    validation(rows, features) {
      const read = targets.map((target) => readValidation(rows, features, target, options));
      for (const [t, { target }] of read.entries()) {
        checkTarget(parameters, targets[t]!.name, target, { of: ' of the validation table' });
      }
      const first = read[0]!;
      return {
        columns: first.columns,
        weights: first.weights,
        values: read.map(({ target }) => target),
        groups: undefined,
      };
    },
  };
}

export function classificationSubject(
  table: Table,
  options: FitOptions,
  parameters: BoostingClassifierParameters,
  custom: CustomLoss | undefined,
): Subject {
  const target = targetOf(table, options, 'classification');
  const classes = target.classes!;
  const loss = classificationLoss(parameters.loss, custom, classes);
  const own = weightsOf(table, options);
  const rows = weighingRows(target.values.length, own);
  const factors = classFactors(parameters.classWeight, { targets: target.values, classes, rows });
  const weights = weighClasses(target.values, factors, own);
  if (weights?.every((weight) => weight === 0)) {
    throw noClassWeight();
  }
  return {
    targets: [target],
    loss,
    base: baseOf(parameters.baseScore, loss),
    values: [target.values],
    weights,
    rowWeights: own,
    groups: undefined,
    validation(added, features) {
      const read = readValidation(added, features, target, options);
      const weighed = weighClasses(read.target, factors, read.weights);
      return { columns: read.columns, weights: weighed, values: [read.target], groups: undefined };
    },
  };
}

export function noClassWeight(): LanewiseError {
  return new LanewiseError('usage', 'Expected a classWeight above 0 for some class that there is but all are 0');
}

/** Grades above this would have gains beyond what 32 bits of any other library hold; nobody grades so finely. */
const HIGHEST_GRADE = 31;

/** Lists are learnt from by the gains of their rows' grades. */
export function rankingSubject(table: Table, options: FitOptions, parameters: BoostingRankerParameters): Subject {
  const target = targetOf(table, options, 'ranking');
  checkGrades(target.name, target.values);
  const weights = weightsOf(table, options);
  const loss = rankingLoss(parameters);
  return {
    targets: [target],
    loss,
    base: undefined,
    values: [target.values.map(gainOf)],
    weights,
    rowWeights: weights,
    groups: groupsOf(table, options),
    validation(rows, features) {
      const read = readValidation(rows, features, target, options);
      checkGrades(target.name, read.target, { of: ' of the validation table' });
      const groups = groupsOf(rows, options);
      return { columns: read.columns, weights: read.weights, values: [read.target.map(gainOf)], groups };
    },
  };
}

export function rankingLoss({ lambdarankTruncationLevel, lambdarankNorm, evalAt }: BoostingRankerParameters): ListLoss {
  return {
    kind: 'lists',
    name: `1 − NDCG@${evalAt}`,
    outputs: 1,
    link: 'identity',
    base: () => new Float64Array(1),
    truncation: lambdarankTruncationLevel,
    normalise: lambdarankNorm,
    evalAt,
  };
}

export function checkGrades(
  column: string,
  values: Float64Array,
  { of = '', firstRow = 0 }: { of?: string; firstRow?: number } = {},
): void {
  const row = values.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value <= HIGHEST_GRADE));
  if (row < 0) return;
  const message = `Expected whole grades from 0 to ${HIGHEST_GRADE} to rank by but "${column}"${of} holds ${values[row]}`;
  throw new LanewiseError('data', message, {
    column,
    row: firstRow + row + 1,
    hint: 'A grade of g is worth a gain of 2^g − 1; put finer figures into a few steps, 0 for what is not wanted.',
  });
}
