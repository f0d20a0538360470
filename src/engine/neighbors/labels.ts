import type { Registers } from '../../scoring/interpreter.js';
import { labelWithin, scoreNearestLabel } from '../../scoring/nearest-label.js';
import type { NearestLabelOperation } from '../../scoring/program.js';
import type { Engine } from '../engine.js';
import { Breather } from '../turn.js';
import { NeighborIndex } from './neighbor-index.js';
import { type Neighbors, type Points, pointsOf } from './points.js';

/** Fewer products of rows and points are searched where they lie. */
const MIN_PAIRS = 4096;
/** Rows of the interpreter between two looks at the clock: so many products of rows and points. */
const SLICE_PAIRS = 1 << 18;
/** Points that are asked for, in nearest points that make up a row's core: among them the best is nearly always. */
const CANDIDATES = 2;

const indexes = new WeakMap<Engine, WeakMap<NearestLabelOperation, NeighborIndex>>();
/** Gives the memory back when the model it belongs to is gone. */
const forgotten = new FinalizationRegistry<NeighborIndex>((index) => index[Symbol.dispose]());

/** A nearestLabel operation on the engine's kernels, at once; the bits are the interpreter's. */
export function scoreNearestLabelOn(
  engine: Engine,
  operation: NearestLabelOperation,
  registers: Registers,
  rowCount: number,
): void {
  const asked = ask(engine, operation, registers, rowCount);
  if (!asked) return scoreNearestLabel(operation, registers, rowCount);
  asked.write(asked.index.nearestSync(asked.queries, asked.count));
}

/** As `scoreNearestLabelOn`, on all threads; between slices of rows the event loop turns. */
export async function scoreNearestLabelOnThreads(
  engine: Engine,
  operation: NearestLabelOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  const asked = ask(engine, operation, registers, rowCount);
  if (asked) return asked.write(await asked.index.nearest(asked.queries, asked.count, signal));
  const breather = new Breather();
  const step = Math.max(1, Math.floor(SLICE_PAIRS / operation.labels.length));
  for (let start = 0; start < rowCount; start += step) {
    const rows = Math.min(step, rowCount - start);
    scoreNearestLabel(operation, partOf(registers, start, rows), rows);
    await breather.breathe(signal);
  }
}

/** Kernels know squared L2 distances. */
function ask(engine: Engine, operation: NearestLabelOperation, registers: Registers, rowCount: number) {
  const { inputs, labels, metric, k, cores } = operation;
  if (metric !== 'euclidean' || inputs.length === 0 || labels.length * rowCount < MIN_PAIRS) return undefined;
  const count = k === 0 && cores.length === 0 ? 1 : Math.min(labels.length, CANDIDATES * Math.max(k, 4));
  const queries = pointsOf(inputs.map((register) => registers[register]!.subarray(0, rowCount)));
  const index = indexOf(engine, operation);
  return {
    index,
    queries,
    count,
    write: (found: Neighbors) => writeLabels(operation, registers, queries, found, count),
  };
}

function indexOf(engine: Engine, operation: NearestLabelOperation): NeighborIndex {
  let ofEngine = indexes.get(engine);
  if (!ofEngine) indexes.set(engine, (ofEngine = new WeakMap()));
  let index = ofEngine.get(operation);
  if (!index) {
    const { points, labels, inputs } = operation;
    index = new NeighborIndex(engine, { values: points, count: labels.length, dimension: inputs.length });
    ofEngine.set(operation, index);
    forgotten.register(operation, index);
  }
  return index;
}

/** Labels from the nearest points; where those cannot tell, the interpreter looks at all of them. */
function writeLabels(
  operation: NearestLabelOperation,
  registers: Registers,
  queries: Points,
  { distances, indices }: Neighbors,
  count: number,
): void {
  const { k, cores, labels } = operation;
  const out = registers[operation.out]!;
  for (let row = 0; row < queries.count; row++) {
    const first = row * count;
    const last = Math.sqrt(distances[first + count - 1]!);
    if (!(last < Number.POSITIVE_INFINITY) || !hasFinite(queries, row)) {
      scoreNearestLabel(operation, partOf(registers, row, 1), 1);
      continue;
    }
    const own = k === 0 ? 0 : Math.sqrt(distances[first + k - 1]!);
    let [best, bestReach] = [-1, Number.POSITIVE_INFINITY];
    for (let place = first; place < first + count; place++) {
      const core = cores.length === 0 ? 0 : cores[indices[place]!]!;
      const reach = Math.max(Math.sqrt(distances[place]!), own, core);
      if (reach < bestReach) [best, bestReach] = [indices[place]!, reach];
    }
    // Points that were not asked for are no nearer than the last, and stand behind it among equals.
    if (count < labels.length && !(bestReach <= last)) scoreNearestLabel(operation, partOf(registers, row, 1), 1);
    else out[row] = labelWithin(operation, best, bestReach);
  }
}

function hasFinite({ values, dimension }: Points, row: number): boolean {
  for (let j = row * dimension; j < (row + 1) * dimension; j++) if (!Number.isFinite(values[j]!)) return false;
  return true;
}

function partOf(registers: Registers, start: number, rows: number): Registers {
  return registers.map((column) => column.subarray(start, start + rows));
}
