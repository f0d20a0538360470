import { LanewiseError } from '../errors.js';
import { cos, exp, expm1, log, log1p, sigmoid, sin, tanh } from '../kernels/elementary.js';
import { calendarPart } from './calendar.js';
import { scoreDense } from './dense.js';
import { scoreEnsemble } from './ensemble.js';
import { scoreGaussian } from './gaussian.js';
import { scoreKernelExpansion } from './kernel-expansion.js';
import { scoreImputeNeighbors, scoreMetricNeighbors } from './metric-neighbors.js';
import { scoreNearestLabel } from './nearest-label.js';
import { scoreNeighborScore } from './neighbor-score.js';
import { scoreCentroids, scoreNeighbors } from './neighbors.js';
import { scorePairwiseCoupling } from './pairwise-coupling.js';
import type {
  BinaryOperator,
  LinearOperation,
  Operation,
  Program,
  TermsOperation,
  Texts,
  UnaryFunction,
} from './program.js';
import { writtenRegisters } from './program.js';
import { scoreText } from './terms.js';

/** Registers as columns: registers[r][row]. */
export type Registers = readonly Float64Array[];

const TWO_PI = 6.283185307179586;

const unary: Record<UnaryFunction, (x: number) => number> = {
  log,
  log1p,
  exp,
  expm1,
  sqrt: Math.sqrt,
  abs: Math.abs,
  sigmoid,
  tanh,
  negate: (x) => -x,
};

const binary: Record<BinaryOperator, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  minimum: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.min(a, b)),
  maximum: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b)),
};

/** Runs one operation over rows [0, rowCount). This is the definition; every faster path is tested against it. */
export function execute(operation: Operation, registers: Registers, rowCount: number, texts?: Texts): void {
  switch (operation.op) {
    case 'constant':
      registers[operation.out]!.fill(operation.value, 0, rowCount);
      return;
    case 'linear':
      return scoreLinear(operation, registers, rowCount);
    case 'ensemble':
      return scoreEnsemble(operation, registers, rowCount);
    case 'neighbors':
      return scoreNeighbors(operation, registers, rowCount);
    case 'neighborScore':
      return scoreNeighborScore(operation, registers, rowCount);
    case 'metricNeighbors':
      return scoreMetricNeighbors(operation, registers, rowCount);
    case 'imputeNeighbors':
      return scoreImputeNeighbors(operation, registers, rowCount);
    case 'centroids':
      return scoreCentroids(operation, registers, rowCount);
    case 'nearestLabel':
      return scoreNearestLabel(operation, registers, rowCount);
    case 'kernelExpansion':
      return scoreKernelExpansion(operation, registers, rowCount);
    case 'pairwiseCoupling':
      return scorePairwiseCoupling(operation, registers, rowCount);
    case 'gaussian':
      return scoreGaussian(operation, registers, rowCount);
    case 'terms':
      return scoreTerms(operation, registers, rowCount, texts);
    case 'dense':
      return scoreDense(operation, registers, rowCount);
    case 'softmax':
    case 'normalize':
    case 'argmax':
      return scoreAcross(operation, registers, rowCount);
    case 'binary': {
      const [left, right, out] = [registers[operation.left]!, registers[operation.right]!, registers[operation.out]!];
      const apply = binary[operation.operator];
      for (let row = 0; row < rowCount; row++) out[row] = apply(left[row]!, right[row]!);
      return;
    }
    case 'oneHot': {
      const values = registers[operation.in]!;
      operation.values.forEach((value, k) => {
        const out = registers[operation.out + k]!;
        for (let row = 0; row < rowCount; row++) out[row] = values[row] === value ? 1 : 0;
      });
      if (!operation.missing) return;
      const out = registers[operation.out + operation.values.length]!;
      for (let row = 0; row < rowCount; row++) out[row] = Number.isNaN(values[row]) ? 1 : 0;
      return;
    }
    default: {
      const [values, out] = [registers[operation.in]!, registers[operation.out]!];
      const apply = elementwise(operation);
      for (let row = 0; row < rowCount; row++) out[row] = apply(values[row]!);
    }
  }
}

/** The function of a binary operation. */
export function applyBinary(operator: BinaryOperator): (a: number, b: number) => number {
  return binary[operator];
}

type Elementwise = Extract<Operation, { in: number; out: number }>;

/** The function of an operation that turns one number into one. */
export function elementwise(operation: Exclude<Elementwise, { op: 'oneHot' }>): (x: number) => number {
  switch (operation.op) {
    case 'impute':
      return (x) => (Number.isNaN(x) ? operation.value : x);
    case 'indicator':
      return (x) => (Number.isNaN(x) ? 1 : 0);
    case 'affine':
      return (x) => (x - operation.shift) / operation.scale;
    case 'clip':
      return (x) => (x < operation.low ? operation.low : Math.min(x, operation.high));
    case 'replace':
      return (x) => (operation.from.includes(x) ? operation.to : x);
    case 'lookup': {
      const { table, missing, unseen } = operation;
      return (x) =>
        Number.isNaN(x) ? missing : x >= 0 && x < table.length && Number.isInteger(x) ? table[x]! : unseen;
    }
    case 'bin':
      return (x) => (Number.isNaN(x) ? x : countBelow(operation.edges, x));
    case 'calendar':
      return (x) => calendarPart(x, operation.part);
    case 'wave': {
      const wave = operation.wave === 'sin' ? sin : cos;
      return (x) => wave((TWO_PI * x) / operation.period);
    }
    case 'unary':
      return unary[operation.function];
    case 'threshold':
      return (x) => (Number.isNaN(x) ? x : x >= operation.value ? 1 : 0);
  }
}

/** Edges strictly below x, by bisection. */
function countBelow(edges: Float64Array, x: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function scoreTerms(operation: TermsOperation, registers: Registers, rowCount: number, texts: Texts | undefined): void {
  const codes = registers[operation.in]!;
  const outputs = operation.outputs.map((register) => registers[register]!);
  const list = textsOfInput(operation, texts);
  const sums = new Float64Array(outputs.length);
  for (let row = 0; row < rowCount; row++) {
    scoreText(operation, list[codes[row]!], sums);
    for (let k = 0; k < outputs.length; k++) outputs[k]![row] = sums[k]!;
  }
}

/** @throws LanewiseError `internal` where the texts were not handed on. */
export function textsOfInput({ in: input }: TermsOperation, texts: Texts | undefined): readonly string[] {
  const list = texts?.[input];
  if (!list) throw new LanewiseError('internal', `Expected the texts of input ${input} beside the registers`);
  return list;
}

function scoreLinear(operation: LinearOperation, registers: Registers, rowCount: number): void {
  const { inputs, outputs, coefficients, intercepts } = operation;
  outputs.forEach((register, k) => {
    const out = registers[register]!;
    out.fill(intercepts[k]!, 0, rowCount);
    inputs.forEach((input, j) => {
      const values = registers[input]!;
      const coefficient = coefficients[k * inputs.length + j]!;
      for (let row = 0; row < rowCount; row++) out[row] = coefficient * values[row]! + out[row]!;
    });
  });
}

/**
 * softmax, normalize and argmax: across the inputs of a row, in their order.
 * @param exponential replaces the numbers of a column by their exponentials; a twin on kernels may take its place
 */
export function scoreAcross(
  operation: Extract<Operation, { op: 'softmax' | 'normalize' | 'argmax' }>,
  registers: Registers,
  rowCount: number,
  exponential: (values: Float64Array, rowCount: number) => void = exponentials,
): void {
  const inputs = operation.inputs.map((register) => registers[register]!);
  if (operation.op === 'argmax') return findGreatest(inputs, registers[operation.out]!, rowCount);
  const outputs = operation.outputs.map((register) => registers[register]!);
  const shifts = operation.op === 'softmax' ? greatestOf(inputs, rowCount) : undefined;
  const sums = new Float64Array(rowCount);
  inputs.forEach((values, k) => {
    const parts = outputs[k]!;
    if (shifts) {
      for (let row = 0; row < rowCount; row++) parts[row] = values[row]! - shifts[row]!;
      exponential(parts, rowCount);
    } else parts.set(values.subarray(0, rowCount));
    for (let row = 0; row < rowCount; row++) sums[row] = sums[row]! + parts[row]!;
  });
  for (const parts of outputs) {
    for (let row = 0; row < rowCount; row++) {
      parts[row] = sums[row] === 0 ? 1 / outputs.length : parts[row]! / sums[row]!;
    }
  }
}

function exponentials(values: Float64Array, rowCount: number): void {
  for (let row = 0; row < rowCount; row++) values[row] = exp(values[row]!);
}

/** By row, the greatest; the first where no other is greater, so that NaN stays where it is first. */
function greatestOf(inputs: readonly Float64Array[], rowCount: number): Float64Array {
  const greatest = inputs[0]!.slice(0, rowCount);
  for (const values of inputs) {
    for (let row = 0; row < rowCount; row++) if (values[row]! > greatest[row]!) greatest[row] = values[row]!;
  }
  return greatest;
}

/** out = the place of the greatest, the first of equals; NaN where any is NaN. */
function findGreatest(inputs: readonly Float64Array[], out: Float64Array, rowCount: number): void {
  const greatest = greatestOf(inputs, rowCount);
  out.fill(Number.NaN, 0, rowCount);
  inputs.toReversed().forEach((values, behind) => {
    const k = inputs.length - 1 - behind;
    for (let row = 0; row < rowCount; row++) if (values[row] === greatest[row]) out[row] = k;
  });
  for (const values of inputs) {
    for (let row = 0; row < rowCount; row++) if (Number.isNaN(values[row]!)) out[row] = Number.NaN;
  }
}

/**
 * Runs a program over columns of rowCount rows, in the order of its inputs, and returns its outputs' columns.
 * `executeOperation` may be a faster twin of `execute`; `texts` is what the codes of inputs of type text stand for.
 */
export function runProgram(
  program: Program,
  columns: readonly Float64Array[],
  rowCount: number,
  executeOperation: typeof execute = execute,
  texts?: Texts,
): Float64Array[] {
  const registers: Float64Array[] = Array.from({ length: program.registerCount }, (_, register) =>
    register < program.inputs.length ? columns[register]! : EMPTY,
  );
  for (const operation of program.operations) {
    for (const register of writtenRegisters(operation)) registers[register] = new Float64Array(rowCount);
    executeOperation(operation, registers, rowCount, texts);
  }
  return program.outputs.map((output) => registers[output.register]!);
}

const EMPTY = new Float64Array(0);
