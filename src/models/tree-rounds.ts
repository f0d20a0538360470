import { Field, Int32, makeData, RecordBatch, Schema, Struct, Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../engine/engine.js';
import { findLeavesOn } from '../engine/trees/ensemble.js';
import { invalid, LanewiseError, throwIfCancelled } from '../errors.js';
import { readPredictions, readTruth, targetName } from '../evaluate/target.js';
import type { EnsembleOperation, Program, ProgramOutput } from '../scoring/program.js';
import { tableFromRegisters } from '../table/columns.js';
import { readInput } from '../table/inputs.js';
import type { Context, Metric, Model } from '../table/interfaces.js';
import { executeAll } from './execute.js';
import { makeModel } from './model.js';

/**
 * What a model of trees offers beyond `predict`: raw scores, leaves, and its predictions after each round. A round is one
 * tree for each output (boosting with several classes), else one tree.
 */
export interface TreeModel {
  readonly operation: EnsembleOperation;
  /** Where it stands among the program's operations. */
  readonly place: number;
  readonly rounds: number;
  readonly treesARound: number;
}

/**
 * The trees of a model.
 * @throws LanewiseError `usage` for a model that has none.
 */
export function treesOf({ program, estimator }: Pick<Model, 'program' | 'estimator'>): TreeModel {
  const place = program.operations.findIndex(({ op }) => op === 'ensemble');
  const operation = program.operations[place];
  if (operation?.op !== 'ensemble') {
    throw new LanewiseError('usage', `Expected a model of trees but received ${estimator}`, {
      hint: 'Gradient boosting, forests and decision trees have leaves and rounds.',
    });
  }
  const treesARound = operation.leafWidth === 1 ? operation.outputs.length : 1;
  return { operation, place, treesARound, rounds: Math.floor(operation.roots.length / treesARound) };
}

/**
 * The sums of the leaves, before they are made probabilities or predictions (scikit-learn's `decision_function`,
 * LightGBM's `raw_score`, XGBoost's `output_margin`): a column `raw`, or `raw_<class>`, or `raw_<place>` for each output.
 * @throws LanewiseError `usage` for a model without trees, `data` for a table that it cannot read.
 */
export async function decisionFunction(model: Model, table: Table, context: Context = {}): Promise<Table> {
  const { operation, place } = treesOf(model);
  const { classes, program } = model;
  const nameOf = (k: number) =>
    operation.outputs.length === 1 ? 'raw' : `raw_${classes?.length === operation.outputs.length ? classes[k] : k}`;
  const outputs: ProgramOutput[] = operation.outputs.map((register, k) => ({
    name: nameOf(k),
    register,
    type: 'number',
  }));
  const raw: Program = { ...program, operations: program.operations.slice(0, place + 1), outputs };
  return makeModel({ ...model, program: raw }).predict(table, context);
}

/**
 * The leaf that every row reaches in every tree (scikit-learn's `apply`, LightGBM's `pred_leaf`): a column `tree_<t>` of
 * Int32 for each tree. Leaves are numbered by tree, from 0 at the left.
 * @throws LanewiseError `usage` for a model without trees, `data` for a table that it cannot read.
 */
export async function applyLeaves(model: Model, table: Table, context: Context = {}): Promise<Table> {
  const { operation, place } = treesOf(model);
  const engine = context.engine ?? (await defaultEngine());
  const registers = await registersBefore(engine, model.program, place, table, context);
  const leaves = await findLeavesOn(engine, operation, registers, table.numRows, context.signal);
  const children = leaves.map((data) => makeData({ type: new Int32(), length: table.numRows, nullCount: 0, data }));
  const schema = new Schema(children.map((_, tree) => new Field(`tree_${tree}`, new Int32(), false)));
  const type = new Struct(schema.fields);
  const data = makeData({ type, length: table.numRows, nullCount: 0, children });
  return new Table([new RecordBatch(schema, data)]);
}

/**
 * The model with some of its rounds (LightGBM's `num_iteration`, XGBoost's `iteration_range`): predictions start from the
 * same base. A forest averages the trees that are left.
 * @param end rounds up to, not with, this one; `begin` default 0
 * @throws LanewiseError `usage` where there are no such rounds, or no trees.
 */
export function withRounds(model: Model, end: number, begin = 0): Model {
  const { operation, place, rounds, treesARound } = treesOf(model);
  if (!(Number.isInteger(begin) && begin >= 0 && begin < rounds)) {
    throw invalid('begin', `an integer in [0, ${rounds - 1}]`, begin);
  }
  if (!(Number.isInteger(end) && end > begin && end <= rounds)) {
    throw invalid('end', `an integer in [${begin + 1}, ${rounds}]`, end);
  }
  const roots = operation.roots.slice(begin * treesARound, end * treesARound);
  const { operations } = model.program;
  const program = { ...model.program, operations: operations.with(place, { ...operation, roots }) };
  const training = { ...model.training, iterations: end - begin, bestIteration: end - begin };
  return makeModel({ ...model, program, training });
}

/**
 * The predictions after one round, after two, … after all (scikit-learn's `staged_predict` and `staged_predict_proba`):
 * tables as `predict` gives them; the last has its bits. Each tree is walked once.
 * @throws LanewiseError `usage` for a model without trees, `data` for a table that it cannot read, `cancelled`.
 */
export async function* stagedPredict(model: Model, table: Table, context: Context = {}): AsyncGenerator<Table> {
  const { operation, place, rounds, treesARound } = treesOf(model);
  const { program } = model;
  const rowCount = table.numRows;
  const engine = context.engine ?? (await defaultEngine());
  using scope = engine.arena.scope();
  const before = await registersBefore(engine, program, place, table, context);
  // Copied into the engine's memory once, not in every round.
  for (const register of new Set(operation.inputs)) {
    if (!engine.arena.holds(before[register]!)) before[register] = scope.copy('f64', before[register]!);
  }
  const sums = Array.from(operation.base, (base) => new Float64Array(rowCount).fill(base));
  // −0 plus a number is that number, to the bit: a round's trees alone.
  const base = new Float64Array(operation.base.length).fill(-0);
  const tail = program.operations.slice(place + 1);
  for (let round = 0; round < rounds; round++) {
    throwIfCancelled(context.signal);
    const roots = operation.roots.slice(round * treesARound, (round + 1) * treesARound);
    const registers = [...before];
    await executeAll(engine, [{ ...operation, roots, base, average: false }], registers, rowCount, context.signal);
    operation.outputs.forEach((register, k) => {
      const [sum, added] = [sums[k]!, registers[register]!];
      for (let row = 0; row < rowCount; row++) sum[row] = sum[row]! + added[row]!;
      registers[register] = operation.average ? sum.map((value) => value / ((round + 1) * treesARound)) : sum.slice();
    });
    await executeAll(engine, tail, registers, rowCount, context.signal);
    yield tableFromRegisters(
      program.outputs.map(({ register, ...output }) => ({ ...output, values: registers[register]! })),
    );
  }
}

/**
 * A metric after each round, for a validation curve: which number of rounds is enough.
 * @param options `target` overrides the schema's role
 * @returns a score a round, greater is better
 */
export async function stagedScores(
  model: Model,
  table: Table,
  metric: Metric,
  options: Context & { readonly target?: string } = {},
): Promise<Float64Array> {
  const truth = readTruth(table, targetName(table, options.target ?? model.target), model.task, model.classes);
  const { rounds } = treesOf(model);
  const scores = new Float64Array(rounds);
  let round = 0;
  for await (const predictions of stagedPredict(model, table, options)) {
    scores[round++] = metric.score({ target: truth.values, ...readPredictions(predictions, model.classes) });
    options.onProgress?.({ what: 'round', done: round, total: rounds });
  }
  return scores;
}

/** The registers that are there when the trees' turn comes. */
async function registersBefore(
  engine: Engine,
  program: Program,
  place: number,
  table: Table,
  context: Context,
): Promise<Float64Array[]> {
  const registers: Float64Array[] = program.inputs.map((input) => readInput(table, input));
  await executeAll(engine, program.operations.slice(0, place), registers, table.numRows, context.signal);
  return registers;
}
