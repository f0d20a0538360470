import type { Table } from 'apache-arrow';
import type { Engine } from '../../engine/engine.js';
import { defaultEngine } from '../../engine/engine.js';
import { LanewiseError } from '../../errors.js';
import { runProgramOn } from '../../models/execute.js';
import { inputsOf } from '../../models/features.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '../../table/columns.js';
import type { Context, FittedTransformer, Repair } from '../../table/interfaces.js';
import { columnsOf } from '../../table/schema.js';
import { freeName } from '../../table/transformer.js';

/** What a decomposition finds. `components`: count rows of one element a column; the vectors are `singularValues.length`. */
export interface Components {
  readonly rowCount: number;
  /** What is taken from each column first: its mean, or 0. */
  readonly means: Float64Array;
  readonly components: Float64Array;
  /** Variance along each component. */
  readonly explainedVariance: Float64Array;
  /** Its share in the variance of all columns; 0 where nothing varies. */
  readonly explainedVarianceRatio: Float64Array;
  readonly singularValues: Float64Array;
  /** Mean variance along the directions that were left out. */
  readonly noiseVariance: number;
  /** How it was found. */
  readonly solver: string;
}

/** The columns that are decomposed, with every value there. */
export interface Numbers {
  readonly columns: readonly RegisterColumn[];
  /** Missing and infinite values replaced. */
  readonly values: readonly Float64Array[];
  readonly fills: Float64Array;
  readonly replaced: number;
}

/** The numbers and booleans among the named columns, by default among all features. */
export function numericColumns(table: Table, names: readonly string[] | undefined): RegisterColumn[] {
  const wanted = names ?? columnsOf(table).flatMap(({ name, role }) => (role === 'feature' ? [name] : []));
  const found = wanted.map((name) => readRegister(table, name));
  return found.filter(({ type }) => type === 'number' || type === 'boolean');
}

/**
 * Numbers and booleans that have a finite value. A missing or infinite value becomes the mean of the column's others, or 0
 * where the decomposition does not centre.
 */
export function numbersOf(table: Table, names: readonly string[] | undefined, centred: boolean): Numbers {
  const columns = numericColumns(table, names).filter(({ values }) => values.some(Number.isFinite));
  let replaced = 0;
  const fills = new Float64Array(columns.length);
  const values = columns.map(({ values: given }, j) => {
    const bad = given.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0);
    // A mean by steps: sums of huge numbers would overflow.
    let mean = 0;
    let seen = 0;
    for (const value of given) if (Number.isFinite(value)) mean += (value - mean) / ++seen;
    fills[j] = centred ? mean : 0;
    if (bad === 0) return given;
    replaced += bad;
    return given.map((value) => (Number.isFinite(value) ? value : fills[j]!));
  });
  return { columns, values, fills, replaced };
}

/** A fitted decomposition: a step of a pipeline, and by itself something that transforms tables there and back. */
export class FittedDecomposition implements FittedTransformer, Components {
  readonly name: string;
  readonly report: readonly Repair[];
  /** The columns that are decomposed, in the order of `means` and of each component's elements. */
  readonly columns: readonly string[];
  readonly rowCount: number;
  readonly means: Float64Array;
  readonly components: Float64Array;
  readonly explainedVariance: Float64Array;
  readonly explainedVarianceRatio: Float64Array;
  readonly singularValues: Float64Array;
  readonly noiseVariance: number;
  readonly solver: string;
  readonly #inputs: readonly Omit<RegisterColumn, 'values'>[];
  readonly #fills: Float64Array;
  /** What each score is divided by: 1, or the deviation along its component. */
  readonly #units: Float64Array;

  constructor(name: string, numbers: Numbers, found: Components, whiten: boolean, asked?: number) {
    this.name = name;
    this.columns = numbers.columns.map((column) => column.name);
    this.rowCount = found.rowCount;
    this.means = found.means;
    this.components = found.components;
    this.explainedVariance = found.explainedVariance;
    this.explainedVarianceRatio = found.explainedVarianceRatio;
    this.singularValues = found.singularValues;
    this.noiseVariance = found.noiseVariance;
    this.solver = found.solver;
    this.#inputs = numbers.columns.map(({ name: column, type }) => ({ name: column, type }));
    this.#fills = numbers.fills;
    const least = Number.EPSILON * Math.sqrt(this.explainedVariance[0] ?? 0);
    this.#units = this.explainedVariance.map((variance) => {
      const deviation = Math.sqrt(variance);
      return whiten && deviation > 0 ? Math.max(deviation, least) : 1;
    });
    this.report = this.#describe(numbers.replaced, asked);
  }

  /** Components that were kept. */
  get nComponents(): number {
    return this.singularValues.length;
  }

  lower(builder: ProgramBuilder): void {
    const count = this.nComponents;
    if (count === 0) return;
    const inputs = this.columns.map((column, j) => {
      const { register } = builder.columns.get(column)!;
      const filled = builder.add({ op: 'impute', in: register, value: this.#fills[j]! });
      const shift = this.means[j]!;
      return shift === 0 ? filled : builder.add({ op: 'affine', in: filled, shift, scale: 1 });
    });
    const width = inputs.length;
    const first = builder.reserve(count);
    const outputs = Array.from({ length: count }, (_, k) => first + k);
    const coefficients = this.components.map((value, at) => value / this.#units[Math.floor(at / width)]!);
    builder.emit({ op: 'linear', inputs, outputs, coefficients, intercepts: new Float64Array(count) });
    for (const column of this.columns) builder.drop(column);
    for (const register of outputs) {
      const name = freeName(builder, `${this.name.replaceAll('-', '_')}_${register - first + 1}`);
      builder.define({ name, register, type: 'number' });
    }
  }

  /** The scores of a table's rows, a column a component. */
  async transform(table: Table, context: Context = {}): Promise<Table> {
    const columns = this.#inputs.map(({ name }) => readRegister(table, name));
    const builder = new ProgramBuilder(inputsOf(this.#inputs));
    this.lower(builder);
    const outputs = [...builder.columns.values()].map(({ name, register, type }) => ({ name, register, type }));
    const engine: Engine = context.engine ?? (await defaultEngine());
    const values = columns.map((column) => column.values);
    const scores = await runProgramOn(engine, builder.build(outputs), values, table.numRows, context.signal);
    return tableFromRegisters(outputs.map(({ name }, k) => ({ name, type: 'number', values: scores[k]! })));
  }

  /**
   * The columns that scores stand for, to what the components that were kept can say; `scores` as `transform` gives them.
   * @throws LanewiseError `data` where it has not one column a component
   */
  inverseTransform(scores: Table): Table {
    const columns = columnsOf(scores).map(({ name }) => readRegister(scores, name).values);
    if (columns.length !== this.nComponents) {
      throw new LanewiseError(
        'data',
        `Expected ${this.nComponents} columns of scores for ${this.name} but received ${columns.length}`,
      );
    }
    const width = this.columns.length;
    return tableFromRegisters(
      this.columns.map((name, j) => {
        const values = new Float64Array(scores.numRows).fill(this.means[j]!);
        columns.forEach((column, k) => {
          const factor = this.components[k * width + j]! * this.#units[k]!;
          for (let row = 0; row < values.length; row++) values[row]! += factor * column[row]!;
        });
        return { name, type: 'number', values };
      }),
      scores.numRows,
    );
  }

  #describe(replaced: number, asked: number | undefined): Repair[] {
    if (this.columns.length === 0 || this.nComponents === 0) return [];
    const share = this.explainedVarianceRatio.reduce((sum, value) => sum + value, 0);
    const more = asked !== undefined && asked > this.nComponents ? `; ${asked} were asked for, more there are not` : '';
    const filled = replaced > 0 ? `; ${replaced} missing or infinite values were filled in` : '';
    const kept = `${this.nComponents} components with ${Number((100 * share).toPrecision(4))} % of the variance`;
    const detail = `${kept} (${this.solver})${more}${filled}`;
    return [{ what: `replaced by ${this.name}`, column: this.columns.join(', '), rows: this.rowCount, detail }];
  }
}

/** Nothing to decompose: the step leaves the table as it is. */
export function noComponents(rowCount: number): Components {
  const none = new Float64Array(0);
  return {
    rowCount,
    means: none,
    components: none,
    explainedVariance: none,
    explainedVarianceRatio: none,
    singularValues: none,
    noiseVariance: 0,
    solver: 'none',
  };
}

export const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** A power of two by which columns must be divided so that their squares stay in the range of numbers: 1, mostly. */
export function unitOfColumns(columns: readonly Float64Array[]): number {
  let largest = 0;
  for (const column of columns) {
    for (let i = 0; i < column.length; i++) largest = Math.max(largest, Math.abs(column[i]!));
  }
  if (largest === 0 || (largest > 1e-100 && largest < 1e100)) return 1;
  let unit = 1;
  while (unit < largest / 2) unit *= 2;
  while (unit > largest) unit /= 2;
  return unit;
}
