import type { Registers } from '../../scoring/interpreter.js';
import { NeighborScorer, scoreOfNeighbors } from '../../scoring/neighbor-score.js';
import type { NeighborScoreOperation } from '../../scoring/program.js';
import type { Engine } from '../engine.js';
import { Breather } from '../turn.js';
import { type NeighborSearch, neighborSearch } from './index.js';
import { type Points, pointsOf } from './points.js';

/** Fewer products of rows and points are searched where they lie: laying the points out would cost more. */
const MIN_PAIRS = 4096;
/** Between these sizes cosines are computed of the numbers as they are. */
const [SMALL, LARGE] = [1e-140, 1e140];

const searches = new WeakMap<Engine, WeakMap<NeighborScoreOperation, Promise<NeighborSearch>>>();
/** Gives the memory back when the model it belongs to is gone. */
const forgotten = new FinalizationRegistry<NeighborSearch>((search) => search[Symbol.dispose]());

/**
 * A neighbour-score operation of a scoring program on all threads; the bits are the interpreter's, which takes the rows that
 * a search has no word on: those with NaN, infinite or extreme numbers.
 */
export async function scoreNeighborScoreOn(
  engine: Engine,
  operation: NeighborScoreOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  const { inputs, out, k, points } = operation;
  const scorer = new NeighborScorer(operation);
  const queries = pointsOf(inputs.map((register) => registers[register]!.subarray(0, rowCount)));
  const dimension = inputs.length;
  const scores = registers[out]!;
  const few = (points.length / dimension) * rowCount < MIN_PAIRS;
  const whole = !few && isOrdinary(operation, points);
  const ordinary: number[] = [];
  const breather = new Breather();
  for (let row = 0; row < rowCount; row++) {
    const values = queries.values.subarray(row * dimension, (row + 1) * dimension);
    if (whole && isOrdinary(operation, values)) ordinary.push(row);
    else scores[row] = scorer.of(values);
    if (breather.due) await breather.breathe(signal);
  }
  if (ordinary.length === 0) return;
  const search = await searchOf(engine, operation);
  const { distances, indices } = await search.nearest(some(queries, ordinary), k, { signal });
  for (const [place, row] of ordinary.entries()) {
    const found = distances[place * k + k - 1]! < Number.POSITIVE_INFINITY;
    const values = queries.values.subarray(row * dimension, (row + 1) * dimension);
    scores[row] = found ? scoreOfNeighbors(operation, distances, indices, place * k) : scorer.of(values);
    if (breather.due) await breather.breathe(signal);
  }
}

function searchOf(engine: Engine, operation: NeighborScoreOperation): Promise<NeighborSearch> {
  let ofEngine = searches.get(engine);
  if (!ofEngine) searches.set(engine, (ofEngine = new WeakMap()));
  let search = ofEngine.get(operation);
  if (!search) {
    const { points, inputs, metric } = operation;
    const count = points.length / inputs.length;
    search = neighborSearch(engine, { values: points, count, dimension: inputs.length }, { metric });
    ofEngine.set(operation, search);
    search.then(
      (placed) => forgotten.register(operation, placed),
      () => ofEngine.delete(operation),
    );
  }
  return search;
}

function some(queries: Points, rows: readonly number[]): Points {
  if (rows.length === queries.count) return queries;
  const { dimension } = queries;
  const values = new Float64Array(rows.length * dimension);
  rows.forEach((row, place) => {
    values.set(queries.values.subarray(row * dimension, (row + 1) * dimension), place * dimension);
  });
  return { values, count: rows.length, dimension };
}

/** Finite, and where cosines are computed, points of which squares are numbers. */
function isOrdinary({ metric, inputs }: NeighborScoreOperation, values: Float64Array): boolean {
  const width = metric === 'cosine' ? inputs.length : values.length;
  for (let start = 0; start < values.length; start += width) {
    let largest = 0;
    for (let j = start; j < start + width; j++) {
      const size = Math.abs(values[j]!);
      if (!(size < Number.POSITIVE_INFINITY)) return false;
      if (size > largest) largest = size;
    }
    if (metric === 'cosine' && largest !== 0 && !(largest > SMALL && largest < LARGE)) return false;
  }
  return true;
}
