// The label of the nearest stored point: src/scoring/nearest-label.ts.
import { columnIn, columnOf, count, length, list, scratch, value, write } from './program';

const EUCLIDEAN: i32 = 0;
const MANHATTAN: i32 = 1;
const COSINE: i32 = 3;

// Fields: inputs, out, metric, k, points, labels, limits, cores.
export function scoreNearestLabel(at: usize, rows: i32): void {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  const out = columnOf(at, 1);
  for (let row = 0; row < rows; row++) write(out, row, labelOf(at, inputs, inputCount, row));
}

function labelOf(at: usize, inputs: usize, inputCount: i32, row: i32): f64 {
  for (let j = 0; j < inputCount; j++) {
    const x = value(columnIn(inputs, j), row);
    if (x != x) return NaN;
  }
  const metric = count(at, 2);
  const points = list(at, 4);
  const pointCount = length(at, 5);
  const cores = list(at, 7);
  const coreCount = length(at, 7);
  const own = ownCore(at, inputs, inputCount, row);
  let best = -1;
  let bestReach = Infinity;
  let bestDistance = Infinity;
  for (let index = 0; index < pointCount; index++) {
    const reduced = reducedDistance(metric, points, index, inputs, inputCount, row);
    let reach = metric == EUCLIDEAN ? sqrt<f64>(reduced) : reduced;
    if (own > reach) reach = own;
    if (coreCount > 0 && value(cores, index) > reach) reach = value(cores, index);
    if (!(reach < bestReach) && !(reach == bestReach && reduced < bestDistance)) continue;
    best = index;
    bestReach = reach;
    bestDistance = reduced;
  }
  if (best < 0) return -1;
  const limitCount = length(at, 6);
  const limit = limitCount == 0 ? Infinity : value(list(at, 6), limitCount == 1 ? 0 : best);
  return bestReach <= limit ? <f64>load<i32>(list(at, 5) + (<usize>best << 2)) : -1;
}

function ownCore(at: usize, inputs: usize, inputCount: i32, row: i32): f64 {
  const k = count(at, 3);
  if (k == 0) return 0;
  const metric = count(at, 2);
  const points = list(at, 4);
  const pointCount = length(at, 5);
  const nearest = scratch();
  for (let place = 0; place < k; place++) write(nearest, place, Infinity);
  for (let index = 0; index < pointCount; index++) {
    const reduced = reducedDistance(metric, points, index, inputs, inputCount, row);
    if (!(reduced < value(nearest, k - 1))) continue;
    let place = k - 1;
    for (; place > 0 && value(nearest, place - 1) > reduced; place--) write(nearest, place, value(nearest, place - 1));
    write(nearest, place, reduced);
  }
  const last = value(nearest, k - 1);
  return metric == EUCLIDEAN ? sqrt<f64>(last) : last;
}

function reducedDistance(metric: i32, points: usize, index: i32, inputs: usize, inputCount: i32, row: i32): f64 {
  let sum: f64 = 0;
  if (metric == COSINE) {
    let own: f64 = 0;
    let other: f64 = 0;
    for (let j = 0; j < inputCount; j++) {
      const x = value(columnIn(inputs, j), row);
      const y = value(points, index * inputCount + j);
      sum += x * y;
      own += x * x;
      other += y * y;
    }
    const lengths = own * other;
    if (!(lengths > 0)) return 1;
    const distance = 1 - sum / sqrt<f64>(lengths);
    return distance < 0 ? 0 : distance > 2 ? 2 : distance;
  }
  for (let j = 0; j < inputCount; j++) {
    const difference = value(columnIn(inputs, j), row) - value(points, index * inputCount + j);
    const size = abs<f64>(difference);
    if (metric == EUCLIDEAN) sum += difference * difference;
    else if (metric == MANHATTAN) sum += size;
    else if (size > sum) sum = size;
  }
  return sum;
}
