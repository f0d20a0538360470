import type { Table } from 'apache-arrow';
import { defaultEngine } from '../engine/engine.js';
import { turnEventLoop } from '../engine/turn.js';
import { LanewiseError, throwIfCancelled, unknownName } from '../errors.js';
import { runProgramOn } from '../models/execute.js';
import { compose, ProgramBuilder } from '../scoring/builder.js';
import { runProgram } from '../scoring/interpreter.js';
import {
  type Program,
  type ProgramInput,
  type ProgramOutput,
  readRegisters,
  type Texts,
  writtenRegisters,
} from '../scoring/program.js';
import { type RegisterColumn, readRegister, selectColumns, tableFromRegisters } from '../table/columns.js';
import { readInput, readTexts, textsOfInputs } from '../table/inputs.js';
import type { Context, FittedTransformer, Repair, Transformer } from '../table/interfaces.js';
import { type ColumnInfo, columnsOf, inputTypeOfKind, type Kind } from '../table/schema.js';
import type { ColumnSelection, Step } from '../table/steps.js';

/** Where a feature comes from. */
export interface Lineage {
  readonly feature: string;
  /** Columns of the raw table. */
  readonly columns: readonly string[];
  /** The operations on the way, in order: 'impute', 'affine', … */
  readonly operations: readonly string[];
}

export interface FittedPipeline {
  /** From the raw columns that are needed to the features. */
  readonly program: Program;
  readonly steps: readonly FittedTransformer[];
  readonly report: readonly Repair[];
  readonly lineage: readonly Lineage[];
}

/** What fitting leaves: the pipeline, and the training rows as features (with the carried columns). */
export interface PipelineFit {
  readonly fitted: FittedPipeline;
  readonly table: Table;
  /** The training rows that were kept, as indices into the table that was fitted; undefined: all. */
  readonly keptRows: Uint32Array | undefined;
}

export interface PipelineContext extends Context {
  readonly target?: string;
  /** Columns that go along unchanged beside the features: target, weights. */
  readonly carry?: readonly string[];
}

/** An ordered list of steps. Fitting one gives the program that turns raw columns into features. */
export class Pipeline {
  readonly steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.steps = steps;
  }

  /** Fits each step on the training rows as the steps before left them. */
  async fit(table: Table, context: PipelineContext = {}): Promise<PipelineFit> {
    const carried = new Set([...(context.carry ?? []), ...(context.target === undefined ? [] : [context.target])]);
    const features = columnsOf(table).filter(({ name, role }) => role === 'feature' && !carried.has(name));
    const texts = textColumns(table, this.steps, features);
    const state = new TrainingRows(
      features.map(({ name }) => (texts.has(name) ? readTexts(table, name) : readRegister(table, name))),
      [...carried].map((name) => readRegister(table, name)),
      table.numRows,
    );
    const fitted: FittedTransformer[] = [];
    let program = identity(state.features);
    // A name may belong to a column that a step took away, but not to one that never was.
    const known = new Set(columnsOf(table).map(({ name }) => name));
    for (const { transformer, columns } of this.steps) {
      throwIfCancelled(context.signal);
      const current = state.table();
      const able = state.features.filter((feature) => isFor(transformer, feature));
      const step = await transformer.fit(current, {
        ...context,
        columns: selected(selectionOf({ transformer, columns }), able, transformer.name, known),
      });
      if (step.keptRows) state.keep(step.keptRows);
      const stepProgram = lowered(step, state.features);
      await state.run(stepProgram, context);
      program = compose(program, stepProgram);
      for (const { name } of state.features) known.add(name);
      fitted.push(step);
      await turnEventLoop();
    }
    const used = withoutUnusedInputs(program);
    const report = fitted.flatMap((step) => step.report);
    const pipeline = { program: used, steps: fitted, report, lineage: lineageOf(used) };
    return { fitted: pipeline, table: state.table(), keptRows: state.keptRows };
  }

  /** The pipeline as a step of another: it acts on the columns that it is given and leaves the others as they are. */
  asTransformer(name = 'pipeline'): Transformer {
    return {
      name,
      parameters: {},
      fit: async (table, context): Promise<FittedTransformer> => {
        const { columns, target } = context;
        const own = selectColumns(table, [...columns, ...(target === undefined ? [] : [target])]);
        const { fitted, keptRows } = await this.fit(own, context);
        return {
          name,
          keptRows,
          report: fitted.report,
          lower(builder) {
            const outputs = builder.append(fitted.program);
            const kept = new Set(outputs.map((output) => output.name));
            for (const column of columns) if (!kept.has(column)) builder.drop(column);
            for (const output of outputs) builder.define(output);
          },
        };
      },
    };
  }
}

/** Rows through a fitted pipeline: its features, and the carried columns. */
export function transformTable(fitted: FittedPipeline, table: Table, carry: readonly string[] = []): Table {
  const { program } = fitted;
  const columns = program.inputs.map((input) => readInput(table, input));
  const texts = textsOfInputs(table, program);
  const values = runProgram(program, columns, table.numRows, undefined, texts);
  const features = program.outputs.map((output, index) => outputColumn(output, values[index]!, texts));
  return tableFromRegisters([...features, ...carry.map((name) => readRegister(table, name))], table.numRows);
}

/** The training rows on their way through the steps, as registers. */
class TrainingRows {
  features: readonly RegisterColumn[];
  keptRows: Uint32Array | undefined;
  #carried: readonly RegisterColumn[];
  #rowCount: number;

  constructor(features: readonly RegisterColumn[], carried: readonly RegisterColumn[], rowCount: number) {
    this.features = features;
    this.#carried = carried;
    this.#rowCount = rowCount;
  }

  table(): Table {
    return tableFromRegisters([...this.features, ...this.#carried], this.#rowCount);
  }

  keep(rows: Uint32Array): void {
    const take = (column: RegisterColumn) => ({ ...column, values: gather(column.values, rows) });
    this.features = this.features.map(take);
    this.#carried = this.#carried.map(take);
    const before = this.keptRows;
    this.keptRows = before ? rows.map((row) => before[row]!) : rows;
    this.#rowCount = rows.length;
  }

  async run(program: Program, context: Context): Promise<void> {
    const kinds = new Map(this.features.map(({ name, kind }) => [name, kind]));
    const texts = this.features.map(({ type, labels }) => (type === 'text' ? labels : undefined));
    const columns = this.features.map((feature) => feature.values);
    const values = await training(program, columns, this.#rowCount, texts, context);
    this.features = program.outputs.map((output, index) => {
      const kind = kinds.get(output.name);
      const keepsKind = kind !== undefined && inputTypeOfKind(kind) === output.type;
      const column = outputColumn(output, values[index]!, texts);
      return { ...column, kind: keepsKind ? kind : undefined, role: 'feature' };
    });
  }
}

/** Operations that look at all training rows for every row: they want all threads, and the event loop its turns. */
const heavy: ReadonlySet<string> = new Set(['imputeNeighbors']);

async function training(
  program: Program,
  columns: readonly Float64Array[],
  rowCount: number,
  texts: Texts,
  { engine, signal }: Context,
): Promise<Float64Array[]> {
  if (!program.operations.some(({ op }) => heavy.has(op))) {
    return runProgram(program, columns, rowCount, undefined, texts);
  }
  return runProgramOn(engine ?? (await defaultEngine()), program, columns, rowCount, signal, texts);
}

/** An output's column; a text's is that of the input which it still is. */
function outputColumn({ name, type, labels, register, reading }: ProgramOutput, values: Float64Array, texts: Texts) {
  return { name, type, labels: type === 'text' ? texts[register] : labels, values, ...(reading && { reading }) };
}

/** The columns that some step will read as texts. @throws LanewiseError `data` for a name that there is not. */
function textColumns(table: Table, steps: readonly Step[], features: readonly ColumnInfo[]): Set<string> {
  const found = new Set<string>();
  for (const { transformer, columns = 'all' } of steps) {
    if (!transformer.readsTexts) continue;
    if (typeof columns === 'object' && 'names' in columns) {
      checkNames(table, columns.names, `column for ${transformer.name}`);
      for (const name of columns.names) found.add(name);
    } else {
      const kinds: readonly Kind[] = columns === 'all' ? ['text', 'sparse'] : columns.kinds;
      for (const { name, kind } of features) if (kinds.includes(kind)) found.add(name);
    }
  }
  return found;
}

/** Steps that read texts get those that nobody has read yet; all others get what is no text. */
function isFor({ readsTexts }: Transformer, { type, reading }: RegisterColumn): boolean {
  return readsTexts ? type === 'text' && !reading : type !== 'text';
}

function gather(values: Float64Array, rows: Uint32Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
  return out;
}

/** Texts have no labels in a program: every table brings its own. */
function inputsOf(features: readonly RegisterColumn[]): ProgramInput[] {
  return features.map(({ name, type, labels }) => ({ name, type, labels: type === 'text' ? undefined : labels }));
}

function identity(features: readonly RegisterColumn[]): Program {
  return new ProgramBuilder(inputsOf(features)).build();
}

/** The program of one step, on the features as they are before it. */
function lowered(step: FittedTransformer, features: readonly RegisterColumn[]): Program {
  const builder = new ProgramBuilder(inputsOf(features));
  for (const { name, reading } of features) if (reading) builder.define({ ...builder.columns.get(name)!, reading });
  step.lower(builder);
  return builder.build();
}

/** Which columns are texts to be read was decided before the first step; kinds have done their part. */
function selectionOf({ transformer, columns = 'all' }: Step): ColumnSelection {
  const byKind = typeof columns === 'object' && 'kinds' in columns;
  return transformer.readsTexts && byKind ? 'all' : columns;
}

function selected(
  selection: ColumnSelection,
  features: readonly RegisterColumn[],
  step: string,
  known: ReadonlySet<string>,
): string[] {
  if (selection === 'all') return features.map(({ name }) => name);
  if ('names' in selection) {
    const wanted = new Set(selection.names);
    for (const name of wanted) if (!known.has(name)) throw unknownName(`column for ${step}`, name, [...known], 'data');
    return features.filter(({ name }) => wanted.has(name)).map(({ name }) => name);
  }
  return features.filter((feature) => selection.kinds.includes(kindOf(feature))).map(({ name }) => name);
}

function kindOf({ type, kind }: RegisterColumn): Kind {
  if (kind) return kind;
  return type === 'number' ? 'numeric' : type === 'category' ? 'categorical' : type === 'text' ? 'sparse' : type;
}

/** The same program without the inputs that nothing reads: what was dropped is not asked for later. */
function withoutUnusedInputs(program: Program): Program {
  const read = new Set(program.outputs.map((output) => output.register));
  for (const operation of program.operations) for (const register of readRegisters(operation)) read.add(register);
  const used = program.inputs.filter((_, register) => read.has(register));
  if (used.length === program.inputs.length) return program;
  const builder = new ProgramBuilder(used);
  // An unused input may stand for any register: nothing reads it.
  for (const input of program.inputs) if (!builder.columns.has(input.name)) builder.define({ ...input, register: 0 });
  return builder.build(builder.append(program));
}

/** Follows each output back to the inputs it is made of. */
function lineageOf(program: Program): Lineage[] {
  const origins = new Map<number, { columns: Set<string>; operations: string[] }>();
  program.inputs.forEach((input, register) => {
    origins.set(register, { columns: new Set([input.name]), operations: [] });
  });
  for (const operation of program.operations) {
    const sources = readRegisters(operation).map((register) => origins.get(register)!);
    const columns = new Set(sources.flatMap((source) => [...source.columns]));
    const before = [...new Set(sources.flatMap((source) => source.operations))];
    const name = operation.op === 'calendar' ? operation.part : operation.op === 'wave' ? operation.wave : operation.op;
    for (const register of writtenRegisters(operation))
      origins.set(register, { columns, operations: [...before, name] });
  }
  return program.outputs.map(({ name, register }) => {
    const { columns, operations } = origins.get(register)!;
    return { feature: name, columns: [...columns], operations };
  });
}

/** Checks a selection by name against the table that is to be fitted. @throws LanewiseError with the nearest name. */
export function checkNames(table: Table, names: readonly string[], what: string): void {
  const all = columnsOf(table).map(({ name }) => name);
  for (const name of names) if (!all.includes(name)) throw unknownName(what, name, all);
}

/** @throws LanewiseError `data` naming what became of the columns. */
export function requireFeatures(fitted: FittedPipeline): void {
  if (fitted.program.outputs.length > 0) return;
  const dropped = fitted.report.filter(({ column }) => column !== undefined);
  const reasons = dropped.map(({ column, what }) => `${column} (${what})`).join(', ');
  throw new LanewiseError(
    'data',
    `Expected at least one usable feature but none is left: ${reasons || 'there was none'}`,
    {
      hint: 'A feature needs values that are present, that differ, and that recur. Of timestamps a workflow makes features (lanewise run); texts are learnt by linear classification and naive Bayes.',
    },
  );
}
