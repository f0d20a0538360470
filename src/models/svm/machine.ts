import type { ProgramBuilder } from '../../scoring/builder.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { KernelData } from './kernel.js';
import type { DualSolution } from './smo.js';

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
