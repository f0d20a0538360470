import type { Table } from 'apache-arrow';
import type { Engine } from '../engine/engine.js';
import { scoreLinearOn } from '../engine/linear-algebra.js';
import { Breather } from '../engine/turn.js';
import { stratifiedKFold } from '../evaluate/splitter.js';
import { ProgramBuilder } from '../scoring/builder.js';
import type { LinearOperation, Program, ProgramOutput } from '../scoring/program.js';
import type { RegisterColumn } from '../table/columns.js';
import { fitPlatt, type PlattScaling } from '../training/platt.js';
import { inputsOf } from './features.js';

/** Linear decision functions, in the units of the data: one of two classes, else one a class. */
export interface LinearDecisions {
  /** outputs × columns */
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
}

/**
 * How decisions become probabilities: `logistic`, the logistic function of each; `clipped`, (1 + decision)/2 within [0, 1];
 * or a sigmoid of its own for each. Of several classes, shares of their sum.
 */
export type Probabilities = 'logistic' | 'clipped' | readonly PlattScaling[];

const BLOCK_ROWS = 16_384;

/** The decisions of rows: by output. */
export async function decisionsOf(
  engine: Engine,
  columns: readonly Float64Array[],
  { coefficients, intercepts }: LinearDecisions,
  signal?: AbortSignal,
): Promise<Float64Array[]> {
  const rowCount = columns[0]!.length;
  const out = Array.from(intercepts, () => new Float64Array(rowCount));
  const inputs = columns.map((_, j) => j);
  const outputs = out.map((_, k) => columns.length + k);
  const operation: LinearOperation = { op: 'linear', inputs, outputs, coefficients, intercepts };
  const breather = new Breather();
  for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
    const end = Math.min(rowCount, start + BLOCK_ROWS);
    const registers = [...columns, ...out].map((column) => column.subarray(start, end));
    scoreLinearOn(engine, operation, registers, end - start);
    await breather.breathe(signal);
  }
  return out;
}

/** A linear function of the columns that have a coefficient; the program takes every column of training. */
export function emitLinear(
  builder: ProgramBuilder,
  columnCount: number,
  { coefficients, intercepts }: LinearDecisions,
): number[] {
  const inputs: number[] = [];
  for (let j = 0; j < columnCount; j++) {
    if (intercepts.some((_, k) => coefficients[k * columnCount + j] !== 0)) inputs.push(j);
  }
  const first = builder.reserve(intercepts.length);
  const outputs = Array.from(intercepts, (_, k) => first + k);
  const kept = outputs.flatMap((_, k) => inputs.map((j) => coefficients[k * columnCount + j]!));
  builder.emit({ op: 'linear', inputs, outputs, coefficients: Float64Array.from(kept), intercepts });
  return outputs;
}

/** The program of a regression by a linear function. */
export function regressionProgram(columns: readonly RegisterColumn[], decisions: LinearDecisions): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const [register] = emitLinear(builder, columns.length, decisions);
  return builder.build([{ name: 'prediction', register: register!, type: 'number' }]);
}

/** The program of a classification by decision functions: the largest decision is the prediction. */
export function classificationProgram(
  columns: readonly RegisterColumn[],
  classes: readonly string[],
  decisions: LinearDecisions,
  probabilities: Probabilities,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const registers = emitLinear(builder, columns.length, decisions);
  const shares = probabilityRegisters(builder, registers, probabilities);
  const prediction = builder.reserve();
  const compared =
    registers.length > 1
      ? registers
      : [builder.add({ op: 'unary', in: registers[0]!, function: 'negate' }), registers[0]!];
  builder.emit({ op: 'argmax', inputs: compared, out: prediction });
  const outputs: ProgramOutput[] = classes.map((label, k) => ({
    name: `probability_${label}`,
    register: shares[k]!,
    type: 'number',
  }));
  return builder.build([{ name: 'prediction', register: prediction, type: 'category', labels: classes }, ...outputs]);
}

function probabilityRegisters(
  builder: ProgramBuilder,
  decisions: readonly number[],
  probabilities: Probabilities,
): number[] {
  const shares = decisions.map((register, k) => {
    if (probabilities === 'clipped') {
      const clipped = builder.add({ op: 'clip', in: register, low: -1, high: 1 });
      return builder.add({ op: 'affine', in: clipped, shift: -1, scale: 2 });
    }
    const logit = probabilities === 'logistic' ? register : emitPlatt(builder, register, probabilities[k]!);
    return builder.add({ op: 'unary', in: logit, function: 'sigmoid' });
  });
  if (shares.length > 1) {
    const first = builder.reserve(shares.length);
    const outputs = shares.map((_, k) => first + k);
    builder.emit({ op: 'normalize', inputs: shares, outputs });
    return outputs;
  }
  const one = builder.add({ op: 'constant', value: 1 });
  return [builder.add({ op: 'binary', left: one, right: shares[0]!, operator: 'subtract' }), shares[0]!];
}

/** −slope·decision − offset. */
function emitPlatt(builder: ProgramBuilder, decision: number, { slope, offset }: PlattScaling): number {
  const factor = builder.add({ op: 'constant', value: -slope });
  const product = builder.add({ op: 'binary', left: decision, right: factor, operator: 'multiply' });
  const term = builder.add({ op: 'constant', value: offset });
  return builder.add({ op: 'binary', left: product, right: term, operator: 'subtract' });
}

/** A sigmoid for each decision, by Platt's scaling. `outputs`: the class that each decision is for. */
export function calibrate(
  decisions: readonly Float64Array[],
  outputs: readonly number[],
  classes: Float64Array,
  weights: Float64Array | undefined,
): PlattScaling[] {
  return decisions.map((values, k) => {
    const positive = classes.map((code) => (code === outputs[k] ? 1 : 0));
    return fitPlatt(values, positive, weights);
  });
}

const CALIBRATION_FOLDS = 5;

/** What decisions are cross-validated on. */
export interface Calibrated {
  readonly table: Table;
  readonly target: string;
  readonly columns: readonly RegisterColumn[];
  readonly weights: Float64Array | undefined;
  readonly engine: Engine;
  readonly seed: number;
}

/**
 * Writes over the decisions of each row those of functions that did not learn from it.
 * @param learn learns from the given rows
 */
export async function crossValidateDecisions(
  decisions: readonly Float64Array[],
  { table, target, columns, weights, engine, seed }: Calibrated,
  learn: (rows: Uint32Array) => Promise<LinearDecisions>,
  signal?: AbortSignal,
): Promise<void> {
  const values = columns.map((column) => column.values);
  const splitter = stratifiedKFold({ folds: Math.min(CALIBRATION_FOLDS, table.numRows) });
  for (const { train, test } of splitter.split(table, { target, seed })) {
    const rows = weights ? train.filter((row) => weights[row]! > 0) : train;
    const found = await decisionsOf(engine, values, await learn(rows), signal);
    found.forEach((column, k) => {
      for (const row of test) decisions[k]![row] = column[row]!;
    });
  }
}
