// What the nearest stored points say of a row: src/scoring/neighbor-score.ts. Fields: inputs, out, k, metric (0 euclidean,
// 1 manhattan, 2 chebyshev, 3 cosine), score (0 largest, 1 mean, 2 median, 3 outlierFactor), points, reaches, densities.
import { columnIn, columnOf, count, length, list, scratch, value, write } from './program';

const EUCLIDEAN: i32 = 0;
const MANHATTAN: i32 = 1;
const COSINE: i32 = 3;
const LARGEST: i32 = 0;
const MEAN: i32 = 1;
const MEDIAN: i32 = 2;
const LEAST_REACH: f64 = 1e-10;

export function scoreNeighborScore(at: usize, rows: i32): void {
  const out = columnOf(at, 1);
  const k = count(at, 2);
  const distances = scratch();
  const indices = distances + (<usize>k << 3);
  for (let row = 0; row < rows; row++) {
    const found = findNearest(at, row, distances, indices);
    write(out, row, found ? scoreOf(at, distances, indices) : NaN);
  }
}

function scoreOf(at: usize, distances: usize, indices: usize): f64 {
  const k = count(at, 2);
  const score = count(at, 4);
  if (score == LARGEST) return value(distances, k - 1);
  if (score == MEDIAN) return 0.5 * (value(distances, (k - 1) >> 1) + value(distances, k >> 1));
  let sum: f64 = 0;
  for (let i = 0; i < k; i++) {
    const distance = value(distances, i);
    sum += score == MEAN ? distance : max<f64>(distance, value(list(at, 6), indexAt(indices, i)));
  }
  if (score == MEAN) return sum / k;
  const density = 1 / (sum / k + LEAST_REACH);
  let ratios: f64 = 0;
  for (let i = 0; i < k; i++) ratios += value(list(at, 7), indexAt(indices, i)) / density;
  return ratios / k;
}

// The k nearest, sorted, the lower index first among equals; false where a distance is NaN.
function findNearest(at: usize, row: i32, distances: usize, indices: usize): bool {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  const k = count(at, 2);
  const metric = count(at, 3);
  const points = list(at, 5);
  const pointCount = length(at, 5) / inputCount;
  let own: f64 = 0;
  if (metric == COSINE) {
    for (let j = 0; j < inputCount; j++) own += value(columnIn(inputs, j), row) * value(columnIn(inputs, j), row);
  }
  let found = 0;
  for (let index = 0; index < pointCount; index++) {
    const distance = reducedDistance(metric, points, index, inputs, inputCount, row, own);
    if (distance != distance) return false;
    if (found == k && distance >= value(distances, k - 1)) continue;
    let place = found < k ? found++ : k - 1;
    while (place > 0 && value(distances, place - 1) > distance) {
      write(distances, place, value(distances, place - 1));
      store<i32>(indices + (<usize>place << 2), indexAt(indices, place - 1));
      place--;
    }
    write(distances, place, distance);
    store<i32>(indices + (<usize>place << 2), index);
  }
  if (metric == EUCLIDEAN) for (let i = 0; i < k; i++) write(distances, i, sqrt<f64>(value(distances, i)));
  return true;
}

function reducedDistance(
  metric: i32, points: usize, index: i32, inputs: usize, inputCount: i32, row: i32, own: f64,
): f64 {
  let sum: f64 = 0;
  let other: f64 = 0;
  for (let j = 0; j < inputCount; j++) {
    const x = value(columnIn(inputs, j), row);
    const y = value(points, index * inputCount + j);
    const size = abs<f64>(x - y);
    if (metric == EUCLIDEAN) sum += size * size;
    else if (metric == MANHATTAN) sum += size;
    else if (metric == COSINE) {
      sum += x * y;
      other += y * y;
    } else sum = max<f64>(sum, size);
  }
  if (metric != COSINE) return sum;
  const lengths = own * other;
  return lengths > 0 ? max<f64>(0, min<f64>(2, 1 - sum / sqrt<f64>(lengths))) : 1;
}

// @ts-ignore: decorator
@inline
function indexAt(indices: usize, place: i32): i32 {
  return load<i32>(indices + (<usize>place << 2));
}
