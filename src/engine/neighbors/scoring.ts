import { throwIfCancelled } from '../../errors.js';
import type { Registers } from '../../scoring/interpreter.js';
import {
  NeighborImputer,
  NeighborMean,
  readsMissing,
  scoreImputeNeighbors,
  scoreMetricNeighbors,
} from '../../scoring/metric-neighbors.js';
import type { ImputeNeighborsOperation, MetricNeighborsOperation } from '../../scoring/program.js';
import type { Engine } from '../engine.js';
import { Breather } from '../turn.js';
import { type NeighborSearch, neighborSearch, pairwiseDistances } from './index.js';
import { gowerOfColumns } from './metric-space.js';
import type { Points } from './points.js';

/** Fewer products of rows and points are searched where they lie: laying the points out would cost more. */
const MIN_PAIRS = 16_384;
/** Rows of the interpreter between two looks at the clock: so many products of rows and points. */
const SLICE_PAIRS = 1 << 17;
/** Distances that are computed at a time. */
const BLOCK_DISTANCES = 4_194_304;

const searches = new WeakMap<Engine, WeakMap<MetricNeighborsOperation, Promise<NeighborSearch>>>();
/** Gives the memory back when the model it belongs to is gone. */
const forgotten = new FinalizationRegistry<Promise<NeighborSearch>>((search) => {
  void search.then((found) => found[Symbol.dispose]());
});

/** A metricNeighbors operation on the engine's search, on all threads; the bits are the interpreter's. */
export async function scoreMetricNeighborsOnThreads(
  engine: Engine,
  operation: MetricNeighborsOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  const { inputs, k, radius, outputs, targets } = operation;
  const breather = new Breather();
  const score = (rows: readonly number[] | undefined) =>
    inSlices(registers, rows ?? rowCount, targets.length / outputs.length, breather, signal, (part, count) =>
      scoreMetricNeighbors(operation, part, count),
    );
  if ((targets.length / outputs.length) * rowCount < MIN_PAIRS) return score(undefined);
  const columns = inputs.map((register) => registers[register]!);
  const { usable, others } = sorted(operation, columns, rowCount);
  await score(others);
  const queries = gather(columns, usable);
  const search = await searchOf(engine, operation);
  const mean = new NeighborMean(operation);
  const write = (place: number) => {
    const row = usable[place]!;
    for (let o = 0; o < outputs.length; o++) registers[outputs[o]!]![row] = mean.at(o);
  };
  if (k > 0) {
    const { indices, distances } = await search.nearest(queries, k, { signal });
    for (let i = 0; i < queries.count; i++) {
      mean.start();
      for (let at = i * k; at < i * k + k && indices[at]! >= 0; at++) mean.add(indices[at]!, distances[at]!);
      write(i);
      await breather.breathe(signal);
    }
    return;
  }
  const { offsets, indices, distances } = await search.within(queries, radius, { signal });
  for (let i = 0; i < queries.count; i++) {
    mean.start();
    for (let at = offsets[i]!; at < offsets[i + 1]!; at++) mean.add(indices[at]!, distances[at]!);
    write(i);
    await breather.breathe(signal);
  }
}

function searchOf(engine: Engine, operation: MetricNeighborsOperation): Promise<NeighborSearch> {
  let ofEngine = searches.get(engine);
  if (!ofEngine) searches.set(engine, (ofEngine = new WeakMap()));
  let search = ofEngine.get(operation);
  if (!search) {
    const { metric, algorithm, points, inputs, columns } = operation;
    const dimension = inputs.length;
    const placed = { values: points, count: points.length / dimension, dimension };
    // Not cancelled with this call: another may wait for the same.
    search = neighborSearch(engine, placed, { metric, algorithm, gower: gowerOfColumns(columns) });
    const kept = search;
    ofEngine.set(operation, kept);
    // What failed is not kept: the next call begins anew.
    kept.catch(() => ofEngine.delete(operation));
    forgotten.register(operation, kept);
  }
  return search;
}

/** Rows that the search takes, and those whose values it refuses: they are the interpreter's. */
function sorted({ metric }: MetricNeighborsOperation, columns: readonly Float64Array[], rowCount: number) {
  const usable: number[] = [];
  const others: number[] = [];
  const gaps = readsMissing(metric);
  for (let row = 0; row < rowCount; row++) {
    const able = columns.every((column, j) => {
      const value = column[row]!;
      if (metric === 'haversine' && j === 0 && Math.abs(value) > 1.5) return false;
      return Number.isFinite(value) || (gaps && Number.isNaN(value));
    });
    (able ? usable : others).push(row);
  }
  return { usable, others };
}

function gather(columns: readonly Float64Array[], rows: readonly number[]): Points {
  const dimension = columns.length;
  const values = new Float64Array(rows.length * dimension);
  rows.forEach((row, i) => {
    for (let j = 0; j < dimension; j++) values[i * dimension + j] = columns[j]![row]!;
  });
  return { values, count: rows.length, dimension };
}

/** Calls `score` with a few rows at a time: all of a count, or those that are listed, one by one. */
async function inSlices(
  registers: Registers,
  rows: number | readonly number[],
  pointCount: number,
  breather: Breather,
  signal: AbortSignal | undefined,
  score: (registers: Registers, rowCount: number) => void,
): Promise<void> {
  const step = typeof rows === 'number' ? Math.max(1, Math.floor(SLICE_PAIRS / Math.max(1, pointCount))) : 1;
  const total = typeof rows === 'number' ? rows : rows.length;
  for (let at = 0; at < total; at += step) {
    throwIfCancelled(signal);
    const start = typeof rows === 'number' ? at : rows[at]!;
    const count = Math.min(step, total - at);
    score(
      registers.map((column) => column.subarray(start, start + count)),
      count,
    );
    await breather.breathe(signal);
  }
}

/** undefined: with infinite values among the points, of which kernels have no word. */
const imputers = new WeakMap<ImputeNeighborsOperation, NeighborImputer | undefined>();

function imputerOf(operation: ImputeNeighborsOperation): NeighborImputer | undefined {
  if (!imputers.has(operation)) {
    const able = operation.points.every((value) => Number.isFinite(value) || Number.isNaN(value));
    imputers.set(operation, able ? new NeighborImputer(operation) : undefined);
  }
  return imputers.get(operation);
}

/** An imputeNeighbors operation, its distances on all threads; the bits are the interpreter's. */
export async function scoreImputeNeighborsOnThreads(
  engine: Engine,
  operation: ImputeNeighborsOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  const { inputs, outputs, points } = operation;
  const columns = inputs.map((register) => registers[register]!);
  const pointCount = points.length / inputs.length;
  const breather = new Breather();
  const lacking: number[] = [];
  let whole = true;
  for (let row = 0; row < rowCount; row++) {
    if (!columns.some((column) => Number.isNaN(column[row]!))) continue;
    lacking.push(row);
    whole &&= columns.every((column) => Number.isFinite(column[row]!) || Number.isNaN(column[row]!));
  }
  const imputer = whole && lacking.length * pointCount >= MIN_PAIRS ? imputerOf(operation) : undefined;
  if (!imputer) {
    return inSlices(registers, rowCount, pointCount, breather, signal, (part, count) =>
      scoreImputeNeighbors(operation, part, count),
    );
  }
  for (let j = 0; j < columns.length; j++) registers[outputs[j]!]!.set(columns[j]!.subarray(0, rowCount));
  const offered = { values: points, count: pointCount, dimension: inputs.length };
  const block = Math.max(1, Math.floor(BLOCK_DISTANCES / pointCount));
  for (let start = 0; start < lacking.length; start += block) {
    const rows = lacking.slice(start, start + block);
    const asked = gather(columns, rows);
    const all = await pairwiseDistances(engine, asked, offered, 'nan-euclidean', { signal });
    for (let i = 0; i < rows.length; i++) {
      const x = asked.values.subarray(i * inputs.length, (i + 1) * inputs.length);
      const line = all.subarray(i * pointCount, (i + 1) * pointCount);
      for (let j = 0; j < x.length; j++) registers[outputs[j]!]![rows[i]!] = imputer.value(x, j, line);
      await breather.breathe(signal);
    }
  }
}
