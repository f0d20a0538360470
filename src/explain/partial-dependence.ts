import type { Table } from 'apache-arrow';
import { defaultEngine } from '../engine/engine.js';
import { stream } from '../engine/random.js';
import { invalid, throwIfCancelled, unknownName } from '../errors.js';
import { runProgramOn } from '../models/execute.js';
import type { InputType, ProgramInput } from '../scoring/program.js';
import { takeRows } from '../table/columns.js';
import { textsOfInputs } from '../table/inputs.js';
import type { Context, Model } from '../table/interfaces.js';
import { quantileOfSorted, sortedPresent } from '../table/statistics.js';
import { inputColumns, refuseTexts, rowWeights, weightedMean } from './columns.js';

export interface PartialDependenceOptions extends Context {
  /** Points on the axis of a number; default 20. Categories have one each, the most frequent 20 at most. */
  readonly gridSize?: number;
  /** Rows that are averaged, drawn by the seed where there are more; default 1,000. */
  readonly rows?: number;
  /** A column of weights of rows. */
  readonly weights?: string;
  /** The class whose probability is followed; default: the positive class of two, the first of more. */
  readonly output?: string;
  /** Curves of single rows that are kept, of one feature: default 40. */
  readonly curves?: number;
}

export interface GridAxis {
  readonly feature: string;
  readonly type: InputType;
  /** Numbers, moments, or codes of `labels`; ascending. */
  readonly grid: Float64Array;
  readonly labels?: readonly string[];
}

/** What a model predicts on average when one or two features are set to each value of a grid (Friedman 2001). */
export interface PartialDependence {
  /** 'prediction', or 'probability_<class>'. */
  readonly output: string;
  readonly axes: readonly GridAxis[];
  /** By point; of two features, the second's points run faster. */
  readonly mean: Float64Array;
  /** Of one feature: curves of single rows (individual conditional expectations; Goldstein et al. 2015), each by point. */
  readonly curves: readonly Float64Array[];
  readonly rows: number;
}

/**
 * Partial dependence on one or two features, of any model: every row is predicted with the features set to each point of
 * the grid. Quantiles of the rows' values make the grid, so no point lies where no data are; correlated features may still
 * be combined as they never were.
 * @throws LanewiseError `usage` naming a feature or class that the model does not have.
 */
export async function partialDependence(
  model: Model,
  table: Table,
  features: string | readonly [string] | readonly [string, string],
  options: PartialDependenceOptions = {},
): Promise<PartialDependence> {
  const { gridSize = 20, rows = 1_000, curves = 40, seed = 0, signal, onProgress } = options;
  requireCount('gridSize', gridSize, 2);
  requireCount('rows', rows, 1);
  requireCount('curves', curves, 0);
  const names = typeof features === 'string' ? [features] : features;
  const indices = names.map((name) => inputIndex(model, name));
  const { inputs } = model.program;
  refuseTexts(
    indices.map((index) => inputs[index]!),
    'partial dependence',
  );
  const output = outputIndex(model, options.output);
  const engine = options.engine ?? (await defaultEngine());
  const sample = table.numRows > rows ? takeRows(table, sampled(table.numRows, rows, seed)) : table;
  const columns = inputColumns(model.program, sample);
  const texts = textsOfInputs(sample, model.program);
  const weights = rowWeights(sample, options.weights);
  const count = sample.numRows;
  const axes = indices.map((index) => axisOf(model.program.inputs[index]!, columns[index]!, gridSize));
  const points = gridPoints(axes);
  const program = { ...model.program, outputs: [model.program.outputs[output]!] };
  const mean = new Float64Array(points.length);
  const kept = names.length === 1 ? Math.min(curves, count) : 0;
  const lines = Array.from({ length: kept }, () => new Float64Array(points.length));
  for (let point = 0; point < points.length; point++) {
    throwIfCancelled(signal);
    const changed = columns.slice();
    indices.forEach((index, k) => (changed[index] = new Float64Array(count).fill(points[point]![k]!)));
    const [predicted] = await runProgramOn(engine, program, changed, count, signal, texts);
    mean[point] = weightedMean(predicted!, weights);
    lines.forEach((line, k) => (line[point] = predicted![Math.floor((k * count) / kept)]!));
    onProgress?.({ what: 'point', done: point + 1, total: points.length });
  }
  return { output: model.program.outputs[output]!.name, axes, mean, curves: lines, rows: count };
}

function requireCount(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) throw invalid(name, `an integer >= ${least}`, value);
}

function inputIndex({ program }: Model, name: string): number {
  const names = program.inputs.map((input) => input.name);
  const index = names.indexOf(name);
  if (index < 0) throw unknownName('feature', name, names);
  return index;
}

/** Where the followed output stands among the program's. */
function outputIndex({ program, classes }: Model, wanted: string | undefined): number {
  const names = program.outputs.map((output) => output.name);
  const label = wanted ?? classes?.[classes.length === 2 ? 1 : 0];
  if (label === undefined) return Math.max(0, names.indexOf('prediction'));
  const index = [`probability_${label}`, label].map((name) => names.indexOf(name)).find((at) => at >= 0);
  if (index === undefined) throw unknownName('output', label, [...(classes ?? []), ...names]);
  return index;
}

/** At most `most` of the rows, drawn by the seed, ascending. */
export function sampled(rowCount: number, most: number, seed: number): Uint32Array {
  if (rowCount <= most) return Uint32Array.from({ length: rowCount }, (_, row) => row);
  // Floyd's draw of so many different rows.
  const random = stream(seed, 'rows to explain');
  const drawn = new Set<number>();
  for (let limit = rowCount - most; limit < rowCount; limit++) {
    const row = random.integer(limit + 1);
    drawn.add(drawn.has(row) ? limit : row);
  }
  return Uint32Array.from(drawn).sort();
}

/** Points where the column's rows are: its distinct values where they are few, else quantiles; categories by code. */
export function axisOf({ name, type, labels }: ProgramInput, column: Float64Array, gridSize: number): GridAxis {
  const sorted = sortedPresent(column);
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const axis = { feature: name, type, ...(labels && { labels }) };
  if (type === 'category') {
    const counts = new Map<number, number>();
    for (const code of sorted) if (code < labels!.length) counts.set(code, (counts.get(code) ?? 0) + 1);
    const frequent = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, Math.max(20, gridSize));
    return { ...axis, grid: Float64Array.from(frequent, ([code]) => code).sort() };
  }
  if (distinct.length <= gridSize) return { ...axis, grid: distinct };
  const quantiles = Array.from({ length: gridSize }, (_, i) => quantileOfSorted(sorted, i / (gridSize - 1)));
  return { ...axis, grid: Float64Array.from(new Set(quantiles)) };
}

function gridPoints(axes: readonly GridAxis[]): number[][] {
  return axes.reduce<number[][]>(
    (points, { grid }) => points.flatMap((point) => Array.from(grid, (value) => [...point, value])),
    [[]],
  );
}
