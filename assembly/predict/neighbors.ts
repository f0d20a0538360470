// Distances to stored points and centres: src/scoring/neighbors.ts.
import { columnIn, columnOf, count, length, list, scratch, value, write } from './program';

// Fields: inputs, outputs, k (at most the number of points), weights (0 uniform, 1 distance), points, targets.
export function scoreNeighbors(at: usize, rows: i32): void {
  const outputs = list(at, 1);
  const outputCount = length(at, 1);
  const k = count(at, 2);
  const byDistance = count(at, 3) == 1;
  const targets = list(at, 5);
  const distances = scratch();
  const indices = distances + (<usize>k << 3);
  for (let row = 0; row < rows; row++) {
    const found = findNearest(at, row, distances, indices);
    let exact = false;
    for (let i = 0; i < found; i++) if (value(distances, i) == 0) exact = byDistance;
    for (let o = 0; o < outputCount; o++) write(columnIn(outputs, o), row, 0);
    let total: f64 = 0;
    for (let i = 0; i < found; i++) {
      const distance = value(distances, i);
      const point = load<i32>(indices + (<usize>i << 2));
      const weight: f64 = !byDistance ? 1 : exact ? (distance == 0 ? 1.0 : 0.0) : 1 / sqrt<f64>(distance);
      total += weight;
      for (let o = 0; o < outputCount; o++) {
        const out = columnIn(outputs, o);
        write(out, row, value(out, row) + weight * value(targets, point * outputCount + o));
      }
    }
    for (let o = 0; o < outputCount; o++) {
      const out = columnIn(outputs, o);
      write(out, row, value(out, row) / total);
    }
  }
}

// The k nearest, sorted, the lower index first among equals; none where a distance is NaN.
function findNearest(at: usize, row: i32, distances: usize, indices: usize): i32 {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  const k = count(at, 2);
  const points = list(at, 4);
  const pointCount = length(at, 5) / length(at, 1);
  let found = 0;
  for (let index = 0; index < pointCount; index++) {
    const distance = squaredDistance(points, index, inputs, inputCount, row);
    if (distance != distance) return 0;
    if (found == k && distance >= value(distances, k - 1)) continue;
    let place = found < k ? found++ : k - 1;
    while (place > 0 && value(distances, place - 1) > distance) {
      write(distances, place, value(distances, place - 1));
      store<i32>(indices + (<usize>place << 2), load<i32>(indices + (<usize>(place - 1) << 2)));
      place--;
    }
    write(distances, place, distance);
    store<i32>(indices + (<usize>place << 2), index);
  }
  return found;
}

// Fields: inputs, out, distances, centers.
export function scoreCentroids(at: usize, rows: i32): void {
  const inputs = list(at, 0);
  const inputCount = length(at, 0);
  const distances = list(at, 2);
  const centerCount = length(at, 2);
  const out = columnOf(at, 1);
  for (let row = 0; row < rows; row++) {
    let best = NaN;
    let bestDistance = Infinity;
    for (let k = 0; k < centerCount; k++) {
      const distance = squaredDistance(list(at, 3), k, inputs, inputCount, row);
      write(columnIn(distances, k), row, sqrt<f64>(distance));
      if (distance < bestDistance) {
        best = k;
        bestDistance = distance;
      }
    }
    write(out, row, best);
  }
}

function squaredDistance(points: usize, index: i32, inputs: usize, inputCount: i32, row: i32): f64 {
  let sum: f64 = 0;
  for (let j = 0; j < inputCount; j++) {
    const difference = value(columnIn(inputs, j), row) - value(points, index * inputCount + j);
    sum += difference * difference;
  }
  return sum;
}
