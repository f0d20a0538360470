import type { Engine } from '../../engine/engine.js';
import type { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FitOptions, HistoryPoint, Training } from '../../table/interfaces.js';
import { Deadline } from '../../training/deadline.js';
import { certified, convergenceOf } from '../../training/verdict.js';
import type { KernelData } from './kernel.js';
import type { SolverParameters } from './parameters.js';
import type { DualSolution, Round, SolveOptions } from './smo.js';

/** A function of kernel values: intercept + Σ coefficients[i]·K(x, row rows[i]). */
export interface Machine {
  readonly rows: Uint32Array;
  readonly coefficients: Float64Array;
  readonly intercept: number;
}

/** The function that a dual solution stands for. @param rows the problem's rows, by number in the training table */
export function machineOf({ beta, intercept }: DualSolution, rows: Uint32Array): Machine {
  const support = Array.from(rows.keys()).filter((i) => beta[i] !== 0);
  return {
    rows: Uint32Array.from(support, (i) => rows[i]!),
    coefficients: Float64Array.from(support, (i) => beta[i]!),
    intercept,
  };
}

/** Appends the functions to a program: one register each. Machines share their support vectors. */
export function emitMachines(
  builder: ProgramBuilder,
  columns: readonly RegisterColumn[],
  { kernel, points }: KernelData,
  machines: readonly Machine[],
): number[] {
  const rows = [...new Set(machines.flatMap((machine) => [...machine.rows]))].sort((a, b) => a - b);
  const place = new Map(rows.map((row, i) => [row, i]));
  const coefficients = new Float64Array(machines.length * rows.length);
  machines.forEach((machine, k) => {
    machine.rows.forEach((row, i) => {
      coefficients[k * rows.length + place.get(row)!] = machine.coefficients[i]!;
    });
  });
  const intercepts = Float64Array.from(machines, ({ intercept }) => intercept);
  const first = builder.reserve(machines.length);
  const outputs = machines.map((_, k) => first + k);
  if (!kernel) {
    // A precomputed kernel's columns are the kernel values themselves.
    builder.emit({ op: 'linear', inputs: rows, outputs, coefficients, intercepts });
    return outputs;
  }
  const inputs = columns.map((_, j) => j);
  const { kind, ...rest } = kernel;
  const supports = supportsOf(points.values, points.dimension, rows);
  if (kind === 'linear') {
    const slopes = slopesOf(supports, coefficients, machines.length, inputs.length);
    builder.emit({ op: 'linear', inputs, outputs, coefficients: slopes, intercepts });
  } else {
    builder.emit({ op: 'kernelExpansion', inputs, outputs, kernel: kind, ...rest, supports, coefficients, intercepts });
  }
  return outputs;
}

function supportsOf(values: Float64Array, dimension: number, rows: readonly number[]): Float64Array {
  const supports = new Float64Array(rows.length * dimension);
  rows.forEach((row, i) => {
    supports.set(values.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return supports;
}

/** A linear machine needs no support vectors: their sum is a slope a feature. */
function slopesOf(
  supports: Float64Array,
  coefficients: Float64Array,
  machines: number,
  dimension: number,
): Float64Array {
  const slopes = new Float64Array(machines * dimension);
  const count = coefficients.length / machines;
  for (let k = 0; k < machines; k++) {
    for (let i = 0; i < count; i++) {
      const coefficient = coefficients[k * count + i]!;
      for (let j = 0; j < dimension; j++) slopes[k * dimension + j]! += coefficient * supports[i * dimension + j]!;
    }
  }
  return slopes;
}

/** What is told of a fit of one or several dual problems: progress, the record. */
export class Course {
  readonly #fit: FitOptions;
  readonly #problems: number;
  readonly #history: HistoryPoint[] = [];
  readonly #deadline: Deadline;
  readonly #engine: Engine;
  readonly #solver: SolverParameters;
  #problem = 0;
  #iterations = 0;
  #objective = 0;
  #violation = 0;
  #stopped = false;

  /** @param problems how many will be solved */
  constructor(engine: Engine, solver: SolverParameters, fit: FitOptions, problems: number) {
    this.#engine = engine;
    this.#solver = solver;
    this.#fit = fit;
    this.#problems = problems;
    this.#deadline = new Deadline(fit.timeBudget);
  }

  /** How the next problem is to be solved. @param counted whether it is a part of the model, not of its calibration */
  next(counted = true): SolveOptions {
    this.#problem++;
    const { shrinking, tol, cacheSize, maxIter } = this.#solver;
    return {
      ...{ shrinking, tol, cacheSize, maxIter },
      engine: this.#engine,
      deadline: this.#deadline,
      signal: this.#fit.signal,
      onRound: (round) => this.#tell(round, counted),
    };
  }

  /** Takes a part of the model in. */
  add({ iterations, objective, violation }: DualSolution): void {
    this.#iterations += iterations;
    this.#objective += objective;
    this.#violation = Math.max(this.#violation, violation);
    this.#stopped ||= violation > this.#solver.tol && this.#deadline.passed;
  }

  /** The model's record. */
  record(rows: number, supportCount: number, remark?: string): Training {
    const convergence = convergenceOf('largest KKT violation', this.#violation, this.#solver.tol);
    const iterations = this.#iterations;
    const ended = convergence.reached ? 'converged' : 'not converged';
    const budget = this.#stopped ? `time budget of ${this.#deadline.seconds} s used up: ` : '';
    const parts = [
      `${budget}${ended} after ${iterations} iteration${iterations === 1 ? '' : 's'}`,
      `${supportCount} of ${rows} rows are support vectors`,
      ...(remark ? [remark] : []),
    ];
    return {
      rows,
      iterations,
      bestIteration: iterations,
      lossName: 'dual objective',
      history: this.#history,
      verdict: parts.join('; '),
      ...certified(convergence),
    };
  }

  #tell(round: Round, counted: boolean): void {
    const { iterations, objective, violation } = round;
    const loss = this.#objective + objective;
    if (counted) this.#history.push({ iteration: this.#iterations + iterations, loss });
    const metrics = { loss, violation, iterations: this.#iterations + iterations };
    this.#fit.onProgress?.({ what: 'problem', done: this.#problem, total: this.#problems, metrics });
  }
}
