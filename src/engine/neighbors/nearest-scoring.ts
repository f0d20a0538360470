import type { Registers } from '../../scoring/interpreter.js';
import { scoreNeighbors } from '../../scoring/neighbors.js';
import type { NeighborsOperation } from '../../scoring/program.js';
import type { Engine } from '../engine.js';
import { treeIsFaster } from './index.js';
import { KdTreeSearch } from './kd-tree-search.js';
import { MetricSpace } from './metric-space.js';
import { NeighborIndex } from './neighbor-index.js';
import { type Neighbors, type Points, pointsOf } from './points.js';

/** Fewer products of rows and points are searched where they lie: laying the points out would cost more. */
const MIN_PAIRS = 4096;

/** What is laid out for an operation, once it is asked for. */
interface Laid extends Disposable {
  readonly index: NeighborIndex;
  tree: Promise<KdTreeSearch> | undefined;
}

const laidOut = new WeakMap<Engine, WeakMap<NeighborsOperation, Laid>>();
/** Gives the memory back when the model it belongs to is gone. */
const forgotten = new FinalizationRegistry<Laid>((laid) => laid[Symbol.dispose]());

/** A neighbours operation of a scoring program on the engine's kernels; the bits are the interpreter's. */
export function scoreNeighborsOn(
  engine: Engine,
  operation: NeighborsOperation,
  registers: Registers,
  rowCount: number,
): void {
  const queries = queriesOf(operation, registers, rowCount);
  if (!queries) return scoreNeighbors(operation, registers, rowCount);
  const found = laidFor(engine, operation).index.nearestSync(queries, operation.k);
  writeNeighbors(operation, registers, queries, found);
}

/** As `scoreNeighborsOn`, on all threads, by a k-d tree where `neighborSearch` would take one. */
export async function scoreNeighborsOnThreads(
  engine: Engine,
  operation: NeighborsOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  const queries = queriesOf(operation, registers, rowCount);
  if (!queries) return scoreNeighbors(operation, registers, rowCount);
  const laid = laidFor(engine, operation);
  const found = treeIsFaster('sqeuclidean', laid.index.points)
    ? await (await treeFor(engine, laid)).nearest(finiteOf(queries), operation.k, { signal })
    : await laid.index.nearest(queries, operation.k, signal);
  writeNeighbors(operation, registers, queries, found);
}

/** undefined: so few that they are searched where they lie. */
function queriesOf(operation: NeighborsOperation, registers: Registers, rowCount: number): Points | undefined {
  const inputs = operation.inputs.map((register) => registers[register]!);
  const pointCount = operation.targets.length / operation.outputs.length;
  if (inputs.length === 0 || pointCount * rowCount < MIN_PAIRS || pointCount < operation.k) return undefined;
  return pointsOf(inputs.map((column) => column.subarray(0, rowCount)));
}

function laidFor(engine: Engine, operation: NeighborsOperation): Laid {
  let ofEngine = laidOut.get(engine);
  if (!ofEngine) laidOut.set(engine, (ofEngine = new WeakMap()));
  let laid = ofEngine.get(operation);
  if (!laid) {
    const { points, inputs, targets, outputs } = operation;
    laid = layOut(engine, { values: points, count: targets.length / outputs.length, dimension: inputs.length });
    ofEngine.set(operation, laid);
    forgotten.register(operation, laid);
  }
  return laid;
}

function layOut(engine: Engine, points: Points): Laid {
  return {
    index: new NeighborIndex(engine, points),
    tree: undefined,
    [Symbol.dispose]() {
      this.index[Symbol.dispose]();
      void this.tree?.then((tree) => tree[Symbol.dispose]());
    },
  };
}

/** Not cancelled with a call: another may wait for the same. What failed is not kept. */
function treeFor(engine: Engine, laid: Laid): Promise<KdTreeSearch> {
  const { points } = laid.index;
  laid.tree ??= KdTreeSearch.place(engine, points, MetricSpace.of('sqeuclidean', undefined, [points])).catch(
    (error: unknown) => {
      laid.tree = undefined;
      throw error;
    },
  );
  return laid.tree;
}

/** Queries that a tree takes: what is no number is 0 there, and never looked at. */
function finiteOf(queries: Points): Points {
  if (queries.values.every(Number.isFinite)) return queries;
  return { ...queries, values: queries.values.map((value) => (Number.isFinite(value) ? value : 0)) };
}

/** Turns neighbours into outputs, as `scoreNeighbors` does; rows that kernels have no word on go to it. */
function writeNeighbors(
  operation: NeighborsOperation,
  registers: Registers,
  queries: Points,
  { distances, indices }: Neighbors,
): void {
  const { k, outputs, targets, weights } = operation;
  const width = outputs.length;
  const sums = new Float64Array(width);
  for (let row = 0; row < queries.count; row++) {
    if (!usable(queries, row) || !(distances[row * k + k - 1]! < Number.POSITIVE_INFINITY)) {
      const single = registers.map((column) => column.subarray(row, row + 1));
      scoreNeighbors(operation, single, 1);
      continue;
    }
    const exact = weights === 'distance' && distances[row * k] === 0;
    sums.fill(0);
    let total = 0;
    for (let place = row * k; place < row * k + k; place++) {
      const distance = distances[place]!;
      const weight = weights === 'uniform' ? 1 : exact ? (distance === 0 ? 1 : 0) : 1 / Math.sqrt(distance);
      total += weight;
      for (let j = 0; j < width; j++) sums[j] = sums[j]! + weight * targets[indices[place]! * width + j]!;
    }
    for (let j = 0; j < width; j++) registers[outputs[j]!]![row] = sums[j]! / total;
  }
}

function usable({ values, dimension }: Points, row: number): boolean {
  for (let j = row * dimension; j < (row + 1) * dimension; j++) if (!Number.isFinite(values[j]!)) return false;
  return true;
}
