import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../engine/engine.js';
import { explainEnsembleAgainst, explainEnsembleOn } from '../engine/trees/tree-shap.js';
import { LanewiseError } from '../errors.js';
import { runProgramOn } from '../models/execute.js';
import type { EnsembleOperation, InputType, LinearOperation } from '../scoring/program.js';
import type { Context, Model } from '../table/interfaces.js';
import { inputColumns, refuseTexts, rowWeights, weightedMean } from './columns.js';
import { type AdditiveOperation, namesOfOutputs, programUpTo, type Traced, traceModel, unitOf } from './trace.js';

export interface ExplainOptions extends Context {
  /** true: interaction values too. They take features² numbers a row. */
  readonly interactions?: boolean;
  /**
   * Rows to compare with (about 100 are enough): trees are then explained interventionally, which keeps to what the model
   * does and breaks correlations. Absent: trees use their own cover, linear models the mean of the explained rows.
   */
  readonly background?: Table;
  /** A column of the background's weights. */
  readonly backgroundWeights?: string;
}

/** An input of the model, or several that it only uses together. */
export interface ExplainedFeature {
  /** The column's name, or the names of several, joined by ' + '. */
  readonly name: string;
  /** Columns of the table that it stands for. */
  readonly columns: readonly string[];
  readonly type: InputType;
  readonly labels?: readonly string[];
  /** By row, as a register (src/scoring/program.ts); of several columns: the first's. */
  readonly values: Float64Array;
}

/**
 * How much each feature adds to each row's raw prediction: expected + Σ values = predicted, to rounding. Raw is what trees
 * and coefficients add up to, before a logistic or softmax function: `unit` says in what.
 */
export interface Explanation {
  readonly method: 'path-dependent' | 'interventional' | 'linear';
  readonly rows: number;
  /** What is explained: 'prediction', a class, or each class. */
  readonly outputs: readonly string[];
  readonly unit: string;
  readonly features: readonly ExplainedFeature[];
  /** By output. */
  readonly expected: Float64Array;
  /** predicted[output][row] */
  readonly predicted: readonly Float64Array[];
  /** values[output][feature][row] */
  readonly values: readonly (readonly Float64Array[])[];
  /** interactions[output][i][j][row]: symmetric; a row of the matrix sums to the feature's value; main effects on its diagonal. */
  readonly interactions?: readonly (readonly (readonly Float64Array[])[])[];
}

/**
 * Explains a model's predictions of a table's rows, exactly: TreeSHAP for trees (Lundberg et al. 2020), coefficient times
 * deviation for linear models (the Shapley values of a linear function of independent features). Columns that a recipe
 * derived from one column are summed up under its name.
 * @throws LanewiseError `unsupported` for models that are neither, `artefact` for trees without cover and no background,
 * `data` for rows that the model cannot read.
 */
export async function explain(model: Model, table: Table, options: ExplainOptions = {}): Promise<Explanation> {
  const engine = options.engine ?? (await defaultEngine());
  const { program } = model;
  refuseTexts(program.inputs, 'an explanation row by row');
  const traced = traceModel(model);
  const columns = inputColumns(program, table);
  const rows = table.numRows;
  const groups = groupFeatures(model, traced, columns);
  const parts: Part[] = [];
  for (const operation of traced.operations) {
    const inputs = await registersOf(engine, model, operation.inputs, columns, rows, options);
    const { groupOf } = groups;
    const summer = new GroupSums(operation.inputs.map(groupOf), groups.features.length, rows);
    const part = await explainOperation({ engine, model, operation, inputs, rows, options });
    parts.push({
      ...part,
      predicted: await registersOf(engine, model, operation.outputs, columns, rows, options),
      summer,
    });
  }
  return {
    method: parts[0]!.method,
    rows,
    outputs: traced.operations.flatMap((operation) => namesOfOutputs(model, operation)),
    unit: unitOf(model, traced.operations[0]!),
    features: groups.features,
    expected: Float64Array.from(parts.flatMap(({ expected }) => [...expected])),
    predicted: parts.flatMap(({ predicted }) => predicted),
    values: parts.flatMap((part) => part.predicted.map((_, output) => part.summer.values(part.values, output))),
    ...(options.interactions && {
      interactions: parts.flatMap((part) =>
        part.predicted.map((_, output) => part.summer.interactions(part.values, part.interactions, output)),
      ),
    }),
  };
}

interface Work {
  readonly engine: Engine;
  readonly model: Model;
  readonly operation: AdditiveOperation;
  /** By input of the operation. */
  readonly inputs: readonly Float64Array[];
  readonly rows: number;
  readonly options: ExplainOptions;
}

/** One operation's values: [(output · inputs + input) · rows + row]. */
interface Values {
  readonly method: Explanation['method'];
  readonly values: Float64Array;
  readonly expected: Float64Array;
  readonly interactions?: Float64Array;
}

interface Part extends Values {
  readonly predicted: readonly Float64Array[];
  readonly summer: GroupSums;
}

/** What some registers of the model's program hold for the rows. */
async function registersOf(
  engine: Engine,
  { program }: Model,
  registers: readonly number[],
  columns: readonly Float64Array[],
  rows: number,
  { signal }: Context,
): Promise<Float64Array[]> {
  return runProgramOn(engine, programUpTo(program, registers), columns, rows, signal);
}

async function explainOperation(work: Work): Promise<Values> {
  const { operation } = work;
  if (operation.op === 'linear') return explainLinear({ ...work, operation });
  return work.options.background
    ? explainAgainst({ ...work, operation }, work.options.background)
    : explainTrees({ ...work, operation });
}

async function explainTrees(work: Work & { readonly operation: EnsembleOperation }): Promise<Values> {
  const { engine, model, operation, inputs, rows, options } = work;
  if (!operation.cover) {
    throw new LanewiseError(
      'artefact',
      `Expected trees that carry their cover but those of ${model.estimator} do not`,
      {
        hint: 'The model was saved before covers were kept, or imported without them: give background rows, or train again.',
      },
    );
  }
  const { signal, onProgress, interactions } = options;
  const onRows = (done: number) => onProgress?.({ what: 'row', done, total: rows });
  const result = await explainEnsembleOn(engine, operation, inputs, rows, { interactions, signal, onRows });
  return { method: 'path-dependent', ...result };
}

async function explainAgainst(
  work: Work & { readonly operation: EnsembleOperation },
  background: Table,
): Promise<Values> {
  const { engine, model, operation, inputs, rows, options } = work;
  if (options.interactions) {
    throw new LanewiseError('unsupported', 'Expected no background where interactions are asked for', {
      hint: 'Interactions come from the trees’ cover: leave the background out.',
    });
  }
  const columns = inputColumns(model.program, background);
  const count = background.numRows;
  const given = rowWeights(background, options.backgroundWeights);
  const total = given ? given.reduce((sum, weight) => sum + weight, 0) : count;
  const weights = Float64Array.from({ length: count }, (_, row) => (given ? given[row]! : 1) / total);
  const others = await registersOf(engine, model, operation.inputs, columns, count, options);
  const { signal, onProgress } = options;
  const onRows = (done: number) => onProgress?.({ what: 'row', done, total: rows });
  const against = { columns: others, weights };
  const values = await explainEnsembleAgainst(engine, operation, inputs, rows, against, { signal, onRows });
  const outputs = await registersOf(engine, model, operation.outputs, columns, count, options);
  const expected = Float64Array.from(outputs, (output) => weightedMean(output, weights));
  return { method: 'interventional', values, expected };
}

async function explainLinear(work: Work & { readonly operation: LinearOperation }): Promise<Values> {
  const { engine, model, operation, inputs, rows, options } = work;
  const { background } = options;
  const others = background
    ? await registersOf(
        engine,
        model,
        operation.inputs,
        inputColumns(model.program, background),
        background.numRows,
        options,
      )
    : inputs;
  const weights = background && rowWeights(background, options.backgroundWeights);
  const means = others.map((column) => weightedMean(column, weights));
  const { coefficients, intercepts, outputs } = operation;
  const count = inputs.length;
  const values = new Float64Array(outputs.length * count * rows);
  const expected = intercepts.slice();
  outputs.forEach((_, output) => {
    inputs.forEach((column, input) => {
      const coefficient = coefficients[output * count + input]!;
      expected[output] = expected[output]! + coefficient * means[input]!;
      const start = (output * count + input) * rows;
      for (let row = 0; row < rows; row++) values[start + row] = coefficient * (column[row]! - means[input]!);
    });
  });
  // A linear function has no interactions.
  return { method: 'linear', values, expected };
}

interface Groups {
  readonly features: readonly ExplainedFeature[];
  readonly groupOf: (register: number) => number;
}

/** Registers by the program's inputs that they come from; those of no input are constants, which explain nothing. */
function groupFeatures(model: Model, traced: Traced, columns: readonly Float64Array[]): Groups {
  const { inputs } = model.program;
  const features: ExplainedFeature[] = inputs.map(({ name, type, labels }, index) => ({
    name,
    columns: [name],
    type,
    ...(labels && { labels }),
    values: columns[index]!,
  }));
  const groups = new Map<string, number>(inputs.map((_, index) => [String(index), index]));
  for (const operation of traced.operations) {
    for (const register of operation.inputs) {
      const origins = traced.origins.get(register) ?? [];
      if (origins.length === 0 || groups.has(origins.join())) continue;
      const names = origins.map((index) => inputs[index]!.name);
      groups.set(origins.join(), features.length);
      features.push({ ...features[origins[0]!]!, name: names.join(' + '), columns: names });
    }
  }
  return { features, groupOf: (register) => groups.get((traced.origins.get(register) ?? []).join()) ?? -1 };
}

/** Sums an operation's values by feature. */
class GroupSums {
  readonly #groups: readonly number[];
  readonly #features: number;
  readonly #rows: number;

  constructor(groups: readonly number[], features: number, rows: number) {
    this.#groups = groups;
    this.#features = features;
    this.#rows = rows;
  }

  values(values: Float64Array, output: number): Float64Array[] {
    const sums = this.#empty();
    this.#groups.forEach((group, input) => {
      if (group >= 0) this.#add(sums[group]!, this.#column(values, output * this.#groups.length + input));
    });
    return sums;
  }

  interactions(values: Float64Array, pairs: Float64Array | undefined, output: number): Float64Array[][] {
    const matrix = Array.from({ length: this.#features }, () => this.#empty());
    const count = this.#groups.length;
    for (let i = 0; pairs && i < count; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [this.#groups[i]!, this.#groups[j]!];
        if (a < 0 || b < 0 || a === b) continue;
        const pair = this.#column(pairs, (output * count * (count - 1)) / 2 + (i * (i - 1)) / 2 + j);
        this.#add(matrix[a]![b]!, pair);
        this.#add(matrix[b]![a]!, pair);
      }
    }
    // What is left of a feature's value is its own: the main effect.
    this.values(values, output).forEach((total, feature) => {
      const main = matrix[feature]![feature]!;
      main.set(total);
      matrix[feature]!.forEach((shared, other) => {
        if (other !== feature) for (let row = 0; row < main.length; row++) main[row] = main[row]! - shared[row]!;
      });
    });
    return matrix;
  }

  #empty(): Float64Array[] {
    return Array.from({ length: this.#features }, () => new Float64Array(this.#rows));
  }

  #column(values: Float64Array, index: number): Float64Array {
    return values.subarray(index * this.#rows, (index + 1) * this.#rows);
  }

  #add(sum: Float64Array, column: Float64Array): void {
    for (let row = 0; row < sum.length; row++) sum[row] = sum[row]! + column[row]!;
  }
}
