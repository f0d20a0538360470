import type { Table } from 'apache-arrow';
import { BLOCK_ROWS, mergePartials } from '../../engine/block-sums.js';
import type { Engine } from '../../engine/engine.js';
import { SparseMatrix } from '../../engine/sparse-matrix.js';
import { Breather } from '../../engine/turn.js';
import { LanewiseError } from '../../errors.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FitOptions } from '../../table/interfaces.js';
import { featureColumns, requireFinite, type Target, targetOf, weightsOf } from '../features.js';
import { type FeatureShape, mixedFeatures, sparseRowsOf } from '../texts.js';
import { readValidation } from '../validation.js';

/** Rows that come in parts: every part must know all classes. */
export interface PartOptions extends FitOptions {
  /** Every class there is, in the order of the model's outputs; default: those of this table. */
  readonly classes?: readonly string[];
}

/**
 * What naive Bayes learns from rows: sums, so those of parts of the data add up to those of the whole
 * (`mergeCounts`). Plain data.
 */
export interface ClassCounts {
  readonly target: string;
  readonly classes: readonly string[];
  readonly rows: number;
  /** The columns that were counted, as the model takes them. */
  readonly columns: readonly FeatureShape[];
  /** By class: the weight of its rows. */
  readonly classWeights: Float64Array;
  /** features × classes, row-major: the weighted sum of a feature over the rows of a class; numbers first, then terms. */
  readonly featureSums: Float64Array;
}

/** Turns a column into what is counted; it may refuse it. */
export type Counted = (column: RegisterColumn) => RegisterColumn;

/** Counts a table. @throws LanewiseError `data` naming the column and the count of what cannot be. */
export async function countClasses(
  engine: Engine,
  model: string,
  table: Table,
  options: PartOptions,
  counted: Counted,
): Promise<ClassCounts> {
  const given = featureColumns(table, options, { sparse: true });
  const { name, classes, values: codes } = partTarget(table, options);
  requireFinite(model, given);
  const weights = weightsOf(table, options);
  const columns = given.map(counted);
  const { dense, texts, count } = mixedFeatures(columns);
  const width = classes.length;
  const featureSums = new Float64Array(count * width);
  const breather = new Breather();
  for (const [j, { values }] of dense.entries()) {
    featureSums.set(classSums(values, codes, weights, width), j * width);
    await breather.breathe(options.signal);
  }
  if (texts.length > 0) {
    const sparse = await sparseRowsOf(texts, table.numRows, options.signal);
    refuseNegativeTerms(model, sparse.values);
    using matrix = new SparseMatrix(engine, sparse);
    const rows = new Float64Array(table.numRows * width);
    codes.forEach((code, row) => {
      rows[row * width + code] = weights ? weights[row]! : 1;
    });
    featureSums.set(await matrix.multiplyTransposed(rows, width, options.signal), dense.length * width);
  }
  return {
    target: name,
    classes,
    rows: table.numRows,
    columns: columns.map(({ values: _, ...shape }) => shape),
    classWeights: classSums(undefined, codes, weights, width),
    featureSums,
  };
}

/** The target with the classes of `options`, where they are given. */
export function partTarget(table: Table, options: PartOptions): Target & { readonly classes: readonly string[] } {
  const { classes } = options;
  if (!classes) {
    const target = targetOf(table, options, 'classification');
    return { ...target, classes: target.classes! };
  }
  const name = options.target;
  if (name === undefined) {
    throw new LanewiseError('usage', 'Expected the name of the target beside its classes but received none');
  }
  return { name, classes, values: readValidation(table, [], { name, classes }, options).target };
}

/** The counts of two parts of the data as those of both. @throws LanewiseError `data` where they count different things. */
export function mergeCounts(a: ClassCounts, b: ClassCounts): ClassCounts {
  const said = ({ target, classes, columns }: ClassCounts) =>
    JSON.stringify([target, classes, columns.map(({ name, type }) => [name, type])]);
  if (said(a) !== said(b) || a.featureSums.length !== b.featureSums.length) {
    throw new LanewiseError('data', 'Expected counts of the same classes and columns to merge but they differ', {
      hint: `One counts ${said(a).slice(0, 200)}, the other ${said(b).slice(0, 200)}`,
    });
  }
  return {
    ...a,
    rows: a.rows + b.rows,
    classWeights: a.classWeights.map((value, k) => value + b.classWeights[k]!),
    featureSums: a.featureSums.map((value, i) => value + b.featureSums[i]!),
  };
}

/** By class: the weighted sum of a column (of 1, where there is none), in blocks of rows that merge in the one tree. */
export function classSums(
  values: Float64Array | undefined,
  codes: Float64Array,
  weights: Float64Array | undefined,
  width: number,
): Float64Array {
  const partials: Float64Array[] = [];
  for (let start = 0; start < codes.length; start += BLOCK_ROWS) {
    const sums = new Float64Array(width);
    const end = Math.min(codes.length, start + BLOCK_ROWS);
    for (let row = start; row < end; row++) {
      const weight = weights ? weights[row]! : 1;
      sums[codes[row]!]! += values ? weight * values[row]! : weight;
    }
    partials.push(sums);
  }
  return mergePartials(partials);
}

/** Counts below 0 have no logarithm. */
export function refuseNegative(model: string, { name, values }: RegisterColumn): void {
  let below = 0;
  for (let row = 0; row < values.length; row++) if (values[row]! < 0) below++;
  if (below === 0) return;
  throw new LanewiseError('data', `Expected counts >= 0 for ${model} but column "${name}" has ${below} below 0`, {
    column: name,
    hint: 'Scale it to [0, 1] (scale: { method: min_max }), or use gaussian-naive-bayes.',
  });
}

function refuseNegativeTerms(model: string, values: Float64Array): void {
  const below = values.reduce((count, value) => count + (value < 0 ? 1 : 0), 0);
  if (below === 0) return;
  throw new LanewiseError('data', `Expected counts >= 0 for ${model} but ${below} of the texts' terms are below 0`, {
    hint: 'Hash terms with alternateSign: false.',
  });
}
