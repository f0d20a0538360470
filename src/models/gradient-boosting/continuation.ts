import type { Table } from 'apache-arrow';
import type { Engine } from '../../engine/engine.js';
import { LanewiseError } from '../../errors.js';
import type { EnsembleOperation, Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import { readInput } from '../../table/inputs.js';
import type { HistoryPoint, Model, TaskKind } from '../../table/interfaces.js';
import { runProgramOn } from '../execute.js';
import type { Target } from '../features.js';
import { joined } from '../validation.js';
import type { DroppableTree } from './dart.js';
import type { BoostingLoss } from './loss.js';

/** Boosted trees, as what goes on from them sees them. */
export interface FittedTrees {
  readonly program: Program;
  readonly operation: EnsembleOperation;
  readonly rounds: number;
  readonly history: readonly HistoryPoint[];
}

/** A fitted model of boosted trees, as what goes on from it or refits it sees it. */
export interface FittedModel extends FittedTrees {
  readonly model: Model;
}

/**
 * Takes a model apart.
 * @throws LanewiseError `usage` where it is not a model of gradient boosting for this task and nothing else.
 */
export function fittedTreesOf(model: Model, task: TaskKind, what: string): FittedModel {
  const operation = model.program.operations[0];
  const alone = operation?.op === 'ensemble' && operation.leafWidth === 1 && !operation.average;
  if (model.estimator !== 'gradient-boosting' || !alone) {
    throw new LanewiseError(
      'usage',
      `Expected a model of gradient boosting for ${what} but received ${model.estimator}`,
      {
        hint: 'Of a recipe’s model take `inner`, and give it the features that it was fitted with.',
      },
    );
  }
  if (model.task !== task) {
    throw new LanewiseError('usage', `Expected a model for ${task} for ${what} but received one for ${model.task}`);
  }
  const rounds = operation.roots.length / operation.outputs.length;
  const { program, training } = model;
  return { model, program, operation, rounds, history: training.history.slice(0, rounds) };
}

/**
 * The model's inputs, as registers of another table: labels keep the model's codes, and labels that it does not know are
 * unknown.
 * @throws LanewiseError `data` where a column is missing or holds something else.
 */
export function inputColumns({ program }: FittedTrees, table: Table): RegisterColumn[] {
  return program.inputs.map(({ name, type, labels }) => ({
    name,
    type,
    ...(labels && { labels }),
    values: readInput(table, { name, type, ...(labels && { labels }) }),
  }));
}

/** What is learnt, wherever its rows lie. */
export interface Learnt {
  readonly targets: readonly Omit<Target, 'values'>[];
  readonly loss: BoostingLoss;
}

/**
 * @throws LanewiseError `usage` where the rows are learnt from otherwise than the model was: other classes, another loss.
 */
export function requireSameSubject({ model, operation }: FittedModel, subject: Learnt, what: string): void {
  const { classes } = subject.targets[0]!;
  const same =
    classes?.length === model.classes?.length && (classes ?? []).every((label, k) => label === model.classes![k]);
  if (!same) {
    const [wanted, received] = [model.classes, classes].map(
      (labels) => labels?.slice(0, 10).join(', ') ?? 'no classes',
    );
    throw new LanewiseError('data', `Expected the model's classes (${wanted}) for ${what} but received ${received}`, {
      column: subject.targets[0]!.name,
      hint: 'Every class of the model must be among the rows, and no other.',
    });
  }
  const { lossName } = model.training;
  if (subject.loss.name === lossName && subject.loss.outputs === operation.outputs.length) return;
  throw new LanewiseError(
    'usage',
    `Expected the model's loss (${lossName}) for ${what} but received ${subject.loss.name}`,
    {
      hint: 'Give the estimator the loss that the model was fitted with.',
    },
  );
}

/** The raw predictions of a model's trees: output by output, one f64 a row; the sums are those of training. */
export async function rawPredictions(
  engine: Engine,
  { program: whole, operation }: FittedTrees,
  columns: readonly RegisterColumn[],
  signal?: AbortSignal,
): Promise<Float64Array[]> {
  const outputs = operation.outputs.map((register) => ({ name: `raw_${register}`, register, type: 'number' as const }));
  const program: Program = { ...whole, operations: [operation], outputs };
  const values = columns.map((column) => column.values);
  return await runProgramOn(engine, program, values, values[0]!.length, signal);
}

/** What is predicted of rows, output by output, before boosting goes on; columns are the model's inputs. */
export type Predict = (columns: readonly RegisterColumn[]) => Promise<Float64Array[]>;

/** What fitted trees predict of the rows of a table and, behind them, of a validation table. */
export async function predictionsOfTables(
  fitted: FittedTrees,
  predict: Predict,
  tables: readonly Table[],
): Promise<Float64Array[]> {
  const parts: Float64Array[][] = [];
  for (const table of tables) parts.push(await predict(inputColumns(fitted, table)));
  return fitted.operation.outputs.map((_, output) => joined(...parts.map((part) => part[output]!)));
}

/** What boosting goes on from, but for the raw predictions. */
export function startOf({ operation, rounds, history }: FittedTrees): BoostingStart {
  return { rounds, fewestRounds: rounds, base: operation.base, history };
}

/** What boosting goes on from. */
export interface BoostingStart {
  /** Rounds that there are. */
  readonly rounds: number;
  /** Rounds that are kept whatever the validation loss says. */
  readonly fewestRounds: number;
  /** The validation loss before the first round, where `history` begins there. */
  readonly startLoss?: number | undefined;
  /** Huber's deltas that losses are measured by, where they are not to be found anew. */
  readonly yardstick?: Float64Array | undefined;
  readonly base: Float64Array;
  readonly history: readonly HistoryPoint[];
  /** DART: the trees, round by round, of the last of these rounds, which may be dropped; none: none of them may. */
  readonly droppable?: readonly (readonly DroppableTree[])[];
}

/** The same, of rows that all lie in memory. */
export interface MemoryStart extends BoostingStart {
  /** Raw predictions of every row of the data, output by output. */
  readonly raw: readonly Float64Array[];
}
