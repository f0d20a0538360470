import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import { exponentOf, powerOfTwo, timesPowerOfTwo } from '../../engine/linear-algebra/double-double.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import { chiSquaredQuantile, chiSquaredTail } from '../../evaluate/distributions.js';
import { checkParameters } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Estimator, FitOptions, Model, TrainingWarning } from '../../table/interfaces.js';
import { median } from '../../table/statistics.js';
import { Deadline } from '../../training/deadline.js';
import { anomalyProgram, contaminationThreshold, refuseWeights } from '../anomalies.js';
import { featureColumns, inputsOf, requireFinite } from '../features.js';
import { makeModel } from '../model.js';
import { seedOf } from '../seed.js';
import { type Found, minimumCovarianceDeterminant } from './fast-mcd.js';
import { type EllipticEnvelopeParameters, ellipticEnvelopeParameters } from './parameters.js';
import { type Scatter, ScatterRows } from './scatter.js';

/** Rows beyond this tail of the chi-squared distribution do not count in the second estimate. */
const TAIL = 0.025;
/** Beyond 2^200 times their column's spread values are as far away as can be, and their squares still numbers. */
const FARTHEST = 2 ** 200;

/**
 * Finds anomalies: rows outside an ellipse around the bulk of the data, whose centre and shape are robust against them. The
 * ellipse is that of the minimum covariance determinant (FAST-MCD, Rousseeuw and Van Driessen 1999), made consistent for
 * normal data (Croux and Haesbroeck 1999) and estimated anew from the rows within its 97.5 % region, as in scikit-learn's
 * EllipticEnvelope. `score` is the squared Mahalanobis distance (scikit-learn's score_samples negated), `prediction` 1
 * above the threshold that leaves the share `contamination` of the training rows outside. Columns that depend on those
 * before them are left out, with the warning `singular-covariance`.
 */
export class EllipticEnvelope implements Estimator {
  readonly name = 'elliptic-envelope';
  readonly task = 'anomaly-detection';
  readonly declarations = ellipticEnvelopeParameters;
  readonly parameters: EllipticEnvelopeParameters;

  constructor(parameters: Partial<EllipticEnvelopeParameters> = {}) {
    this.parameters = checkParameters('EllipticEnvelope', ellipticEnvelopeParameters, parameters);
  }

  with(parameters: Partial<EllipticEnvelopeParameters>): EllipticEnvelope {
    return new EllipticEnvelope({ ...this.parameters, ...parameters });
  }

  /**
   * @throws LanewiseError `data` for fewer than two rows and for features that are no finite numbers, `usage` for a
   * `supportFraction` of fewer rows than features, `unsupported` for row weights.
   */
  async fit(table: Table, options: FitOptions = {}): Promise<Model> {
    throwIfCancelled(options.signal);
    const columns = featureColumns(table, options);
    refuseWeights(this.name, table, options);
    requireFinite(this.name, columns);
    if (table.numRows < 2) {
      throw new LanewiseError('data', `Expected two rows or more for ${this.name} but received ${table.numRows}`);
    }
    const engine = options.engine ?? (await defaultEngine());
    const units = columns.map(({ values }) => unitOf(values));
    const placed = columns.map(({ values }, j) => place(values, units[j]!));
    const used = await independent(engine, placed, options.signal);
    const warnings = warningOf(
      columns.filter((_, j) => !used.includes(j)).map(({ name }) => name),
      'depends on columns before it, or does not vary: it is left out',
    );
    const parts = { table, options, columns, units, used, warnings };
    if (used.length === 0) return this.#model(parts, undefined, new Float64Array(table.numRows));
    const own = used.map((j) => placed[j]!);
    const found = await this.#search(engine, own, options);
    const fit = await this.#reweigh(engine, own, units, used, found, options);
    const lost = [...new Set([...found.scatter.dependent, ...fit.scatter.dependent])].map(
      (j) => columns[used[j]!]!.name,
    );
    warnings.push(...warningOf(lost, 'does not vary, but for what others tell, among the inner rows'));
    return this.#model(parts, { ...fit, found }, fit.distances);
  }

  async #search(engine: Engine, columns: readonly Float64Array[], options: FitOptions): Promise<Found> {
    const { randomState, supportFraction } = this.parameters;
    const [rows, size] = [columns[0]!.length, columns.length];
    const support =
      supportFraction === null
        ? Math.min(rows, Math.ceil(0.5 * (rows + size + 1)))
        : Math.floor(supportFraction * rows);
    if (support <= size && support < rows) {
      const expected = `a share of the ${rows} rows that is more of them than the ${size} features`;
      throw invalid('supportFraction', expected, supportFraction);
    }
    const { signal, onProgress, timeBudget } = options;
    const deadline = new Deadline(timeBudget);
    return minimumCovarianceDeterminant(engine, columns, support, {
      seed: seedOf(randomState, options),
      deadline,
      signal,
      onProgress,
    });
  }

  /** The estimate from the rows that lie within the first one's region, made consistent. */
  async #reweigh(
    engine: Engine,
    columns: readonly Float64Array[],
    units: readonly Unit[],
    used: readonly number[],
    { rows: inner, scatter: raw }: Found,
    { signal }: FitOptions,
  ) {
    const [count, size] = [columns[0]!.length, columns.length];
    const origin = this.parameters.assumeCentered
      ? Float64Array.from(used, (j) => timesPowerOfTwo(-units[j]!.shift, -units[j]!.exponent))
      : undefined;
    using all = new ScatterRows(engine, columns);
    const first = origin ? await all.scatter(inner, origin, signal) : raw;
    const factor = consistency(size, inner.length / count);
    const limit = chiSquaredQuantile(1 - TAIL, size) * factor;
    const distances = await all.distances(first, signal);
    const kept = Uint32Array.from(distances.keys()).filter((row) => distances[row]! < limit);
    const second = consistency(size, 1 - TAIL);
    const scatter = await all.scatter(kept, origin, signal);
    const found = await all.distances(scatter, signal);
    return {
      scatter,
      scale: 1 / Math.sqrt(second),
      kept: kept.length,
      distances: found.map((value) => value / second),
    };
  }

  #model(
    { table, options, columns, units, used, warnings }: Parts,
    fit: { scatter: Scatter; scale: number; kept: number; found: Found } | undefined,
    distances: Float64Array,
  ): Model {
    const threshold = contaminationThreshold(distances, this.parameters.contamination);
    const builder = new ProgramBuilder(inputsOf(columns));
    const score = fit ? emit(builder, columns.length, units, used, fit) : builder.add({ op: 'constant', value: 0 });
    const course = fit?.found.course.filter(Number.isFinite) ?? [];
    if (!fit) options.onProgress?.({ what: 'candidate', done: 1, total: 1 });
    return makeModel({
      estimator: this.name,
      task: this.task,
      parameters: this.parameters,
      program: anomalyProgram(builder, score, threshold),
      interpretability: 'medium',
      training: {
        rows: table.numRows,
        iterations: Math.max(1, course.length),
        bestIteration: Math.max(1, course.length),
        lossName: 'log determinant of the inner covariance',
        history: course.map((loss, index) => ({ iteration: index + 1, loss })),
        verdict: verdictOf(table.numRows, fit),
        ...(warnings.length > 0 && { warnings }),
      },
    });
  }
}

interface Parts {
  readonly table: Table;
  readonly options: FitOptions;
  readonly columns: readonly RegisterColumn[];
  readonly units: readonly Unit[];
  readonly used: readonly number[];
  readonly warnings: TrainingWarning[];
}

/** A column's own unit: z = (x − shift)·2^−exponent, about 1 in most rows. */
interface Unit {
  readonly shift: number;
  readonly exponent: number;
}

/** About the median, by the median distance from it; where that is 0, by the largest. */
function unitOf(values: Float64Array): Unit {
  const shift = median(values);
  const distances = values.map((value) => Math.abs(value - shift));
  const spread = median(distances);
  if (spread > 0) return { shift, exponent: exponentOf(spread) };
  let largest = 0;
  for (const distance of distances) if (distance > largest) largest = distance;
  return { shift, exponent: exponentOf(largest) };
}

function place(values: Float64Array, { shift, exponent }: Unit): Float64Array {
  const [first, second] = powerOfTwo(-exponent);
  return values.map((value) => Math.max(-FARTHEST, Math.min(FARTHEST, (value - shift) * first * second)));
}

/** The columns that do not depend on those before them, in all rows. */
async function independent(
  engine: Engine,
  columns: readonly Float64Array[],
  signal?: AbortSignal,
): Promise<readonly number[]> {
  using all = new ScatterRows(engine, columns);
  const rows = Uint32Array.from({ length: all.count }, (_, row) => row);
  const { dependent } = await all.scatter(rows, undefined, signal);
  const lost = new Set(dependent);
  return columns.flatMap((_, j) => (lost.has(j) ? [] : [j]));
}

/** By which the covariance of the inner share of a normal distribution is too small (Croux and Haesbroeck 1999, eq. 4.2). */
function consistency(size: number, share: number): number {
  if (share >= 1) return 1;
  return share / (1 - chiSquaredTail(chiSquaredQuantile(share, size), size + 2));
}

function warningOf(names: readonly string[], what: string): TrainingWarning[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  if (names.length > shown.length) shown.push(`${names.length - shown.length} more`);
  return [{ name: 'singular-covariance', message: `column ${shown.join(', ')} ${what}` }];
}

function verdictOf(rows: number, fit: { kept: number; found: Found } | undefined): string {
  if (!fit) return 'no column varies: every row lies in the centre';
  const { kept, found } = fit;
  const tried = found.starts > 0 ? ` of ${found.starts} random starts` : '';
  return `the tightest ellipse of ${found.rows.length} of ${rows} rows${tried}, estimated anew from the ${kept} rows within its 97.5 % region`;
}

/** The squared Mahalanobis distance, in the units of the data. */
function emit(
  builder: ProgramBuilder,
  columnCount: number,
  units: readonly Unit[],
  used: readonly number[],
  { scatter, scale }: { scatter: Scatter; scale: number },
): number {
  const means = Float64Array.from(units, ({ shift }) => shift);
  const factors = new Float64Array(columnCount * columnCount);
  used.forEach((column, i) => {
    const { shift, exponent } = units[column]!;
    means[column] = timesPowerOfTwo(scatter.location[i]!, exponent) + shift;
    for (let j = 0; j <= i; j++) {
      const element = scatter.root[i * used.length + j]! * scale;
      factors[column * columnCount + used[j]!] = timesPowerOfTwo(element, -units[used[j]!]!.exponent);
    }
  });
  const inputs = Array.from({ length: columnCount }, (_, j) => j);
  const density = builder.reserve();
  builder.emit({
    op: 'gaussian',
    inputs,
    outputs: [density],
    covariance: 'full',
    offsets: new Float64Array(1),
    means,
    factors,
  });
  return builder.add({ op: 'affine', in: density, shift: 0, scale: -0.5 });
}
