// Neighbours by any metric, and values imputed from them: src/scoring/metric-neighbors.ts. Points lie here as the metric
// sees them (src/scoring/embed.ts); a row is placed before its search.
import { arcOfChord } from '../inline/arc';
import { cos, sin } from '../inline/elementary';
import { columnIn, count, length, list, number, scratch, value, write } from './program';

// Metrics, in the order of metricNames.
const EUCLIDEAN: i32 = 0;
const COSINE: i32 = 2;
const DOT: i32 = 3;
const MANHATTAN: i32 = 4;
const CHEBYSHEV: i32 = 5;
const HAMMING: i32 = 6;
const JACCARD: i32 = 7;
const HAVERSINE: i32 = 8;
const GOWER: i32 = 9;
const NAN_EUCLIDEAN: i32 = 10;

const LARGE: f64 = 1e140;
const SMALL: f64 = 1e-140;
const LARGEST_POWER: f64 = 8.98846567431158e307;

function finish(metric: i32, reduced: f64): f64 {
  if (metric == EUCLIDEAN || metric == NAN_EUCLIDEAN) return sqrt<f64>(reduced);
  return metric == HAVERSINE ? arcOfChord(reduced) : reduced;
}

function squaredLength(at: usize, width: i32): f64 {
  let sum: f64 = 0;
  for (let j = 0; j < width; j++) sum += value(at, j) * value(at, j);
  return sum;
}

function reducedDistance(metric: i32, x: usize, length: f64, y: usize, width: i32, columns: usize): f64 {
  let sum: f64 = 0;
  let total: f64 = 0;
  for (let j = 0; j < width; j++) {
    const a = value(x, j), b = value(y, j);
    const size = abs<f64>(a - b);
    if (metric == COSINE || metric == DOT) sum += a * b;
    else if (metric == MANHATTAN) sum += size;
    else if (metric == CHEBYSHEV) sum = size > sum ? size : sum;
    else if (metric == HAMMING) sum += a != b ? 1 : 0;
    else if (metric == JACCARD) {
      sum += size;
      total += max<f64>(a, b);
    } else if (metric == GOWER) {
      if (a != a || b != b) continue;
      const range = value(columns, j), weight = value(columns, width + j);
      sum += weight * (range > 0 ? min<f64>(1, size / range) : a != b ? 1.0 : 0.0);
      total += weight;
    } else if (metric == NAN_EUCLIDEAN) {
      if (a != a || b != b) continue;
      sum += size * size;
      total += 1;
    } else sum += size * size;
  }
  if (metric == DOT) return 0 - sum;
  if (metric == COSINE) {
    const lengths = length * squaredLength(y, width);
    return lengths > 0 ? max<f64>(0, min<f64>(2, 1 - sum / sqrt<f64>(lengths))) : 1;
  }
  if (metric == HAMMING) return sum / <f64>width;
  if (metric == JACCARD) return total > 0 ? sum / total : 0;
  if (metric == GOWER) return total > 0 ? sum / total : Infinity;
  if (metric == NAN_EUCLIDEAN) return total > 0 ? (sum / total) * <f64>width : Infinity;
  return sum;
}

// The row as the metric sees it; false where it lacks a value that the metric wants.
function placeRow(metric: i32, inputs: usize, inputCount: i32, row: i32, placed: usize): bool {
  let largest: f64 = 0;
  for (let j = 0; j < inputCount; j++) {
    const x = value(columnIn(inputs, j), row);
    if (x != x && metric != GOWER && metric != NAN_EUCLIDEAN) return false;
    write(placed, j, metric == JACCARD ? (x == 0 ? 0.0 : 1.0) : x);
    largest = max<f64>(largest, abs<f64>(x));
  }
  if (metric == HAVERSINE) {
    const latitude = value(placed, 0), longitude = value(placed, 1);
    const across = cos(latitude);
    write(placed, 0, across * cos(longitude));
    write(placed, 1, across * sin(longitude));
    write(placed, 2, sin(latitude));
  }
  if (metric != COSINE || !(largest > 0) || (largest > SMALL && largest < LARGE)) return true;
  let scale: f64 = 1;
  while (largest * scale >= 2 && scale > 0) scale /= 2;
  while (largest * scale < 1 && scale < LARGEST_POWER) scale *= 2;
  for (let j = 0; j < inputCount; j++) write(placed, j, value(placed, j) * scale);
  return true;
}

// Puts a point into the list of the k nearest, of which `found` there are; returns how many there are then.
function offer(distances: usize, indices: usize, k: i32, found: i32, index: i32, distance: f64): i32 {
  if (!(distance < (found == k ? value(distances, k - 1) : Infinity))) return found;
  let place = found < k ? found : k - 1;
  while (place > 0 && value(distances, place - 1) > distance) {
    write(distances, place, value(distances, place - 1));
    store<i32>(indices + (<usize>place << 2), load<i32>(indices + (<usize>(place - 1) << 2)));
    place--;
  }
  write(distances, place, distance);
  store<i32>(indices + (<usize>place << 2), index);
  return found < k ? found + 1 : k;
}

// Adds what a neighbour says to the sums in the outputs; `state` holds their weight, and behind it 1 where points at
// distance 0 count alone.
function add(at: usize, row: i32, state: usize, index: i32, distance: f64): void {
  const outputs = list(at, 1), outputCount = length(at, 1), targets = list(at, 9);
  let weight: f64 = 1;
  if (count(at, 5) == 1) {
    if (distance == 0 && value(state, 1) == 0) {
      start(at, row, state);
      write(state, 1, 1);
    } else if (distance != 0) {
      if (value(state, 1) == 1) return;
      weight = 1 / distance;
    }
  }
  write(state, 0, value(state, 0) + weight);
  for (let o = 0; o < outputCount; o++) {
    const out = columnIn(outputs, o);
    write(out, row, value(out, row) + weight * value(targets, index * outputCount + o));
  }
}

function start(at: usize, row: i32, state: usize): void {
  write(state, 0, 0);
  write(state, 1, 0);
  const outputs = list(at, 1), outputCount = length(at, 1);
  for (let o = 0; o < outputCount; o++) write(columnIn(outputs, o), row, 0);
}

function end(at: usize, row: i32, total: f64, able: bool): void {
  const outputs = list(at, 1), outputCount = length(at, 1);
  const otherwise = list(at, 10), given = length(at, 10) > 0;
  for (let o = 0; o < outputCount; o++) {
    const out = columnIn(outputs, o);
    const none: f64 = able && given ? value(otherwise, o) : NaN;
    write(out, row, able && total != 0 ? value(out, row) / total : none);
  }
}

// Fields: inputs, outputs, metric, k (at most the number of points), radius, weights, algorithm, points, columns, targets,
// otherwise.
export function scoreMetricNeighbors(at: usize, rows: i32): void {
  const inputs = list(at, 0), inputCount = length(at, 0);
  const metric = count(at, 2), k = count(at, 3), radius = number(at, 4);
  const points = list(at, 7), columns = list(at, 8);
  const pointCount = length(at, 9) / length(at, 1);
  const width = length(at, 7) / pointCount;
  const distances = scratch();
  const indices = distances + (<usize>k << 3);
  const state = distances + <usize>((k * 12 + 7) & ~7);
  const placed = state + 16;
  for (let row = 0; row < rows; row++) {
    const able = placeRow(metric, inputs, inputCount, row, placed);
    const own = metric == COSINE && able ? squaredLength(placed, width) : 0;
    start(at, row, state);
    let found = 0;
    for (let index = 0; able && index < pointCount; index++) {
      const reduced = reducedDistance(metric, placed, own, points + (<usize>(index * width) << 3), width, columns);
      if (k > 0) found = offer(distances, indices, k, found, index, reduced);
      else if (reduced < Infinity) {
        const distance = finish(metric, reduced);
        if (distance <= radius) add(at, row, state, index, distance);
      }
    }
    for (let i = 0; i < found; i++) {
      add(at, row, state, load<i32>(indices + (<usize>i << 2)), finish(metric, value(distances, i)));
    }
    end(at, row, value(state, 0), able);
  }
}

// Fields: inputs, outputs, k (at most the number of points), weights, points, fallback.
export function scoreImputeNeighbors(at: usize, rows: i32): void {
  const inputs = list(at, 0), width = length(at, 0);
  const outputs = list(at, 1);
  const points = list(at, 4);
  const pointCount = length(at, 4) / width;
  const placed = scratch() + <usize>((count(at, 2) * 12 + 7) & ~7);
  const all = placed + (<usize>width << 3);
  for (let row = 0; row < rows; row++) {
    placeRow(NAN_EUCLIDEAN, inputs, width, row, placed);
    let measured = false;
    for (let j = 0; j < width; j++) {
      const x = value(placed, j);
      if (x == x) {
        write(columnIn(outputs, j), row, x);
        continue;
      }
      for (let index = 0; !measured && index < pointCount; index++) {
        const point = points + (<usize>(index * width) << 3);
        write(all, index, sqrt<f64>(reducedDistance(NAN_EUCLIDEAN, placed, 0, point, width, 0)));
      }
      measured = true;
      write(columnIn(outputs, j), row, imputed(at, j, all, pointCount));
    }
  }
}

function imputed(at: usize, j: i32, all: usize, pointCount: i32): f64 {
  const width = length(at, 0), k = count(at, 2), byDistance = count(at, 3) == 1;
  const points = list(at, 4);
  const distances = scratch();
  const indices = distances + (<usize>k << 3);
  let found = 0;
  for (let index = 0; index < pointCount; index++) {
    const told = value(points, index * width + j);
    if (told == told) found = offer(distances, indices, k, found, index, value(all, index));
  }
  if (found == 0) return value(list(at, 5), j);
  const exact = byDistance && value(distances, 0) == 0;
  let sum: f64 = 0;
  let total: f64 = 0;
  for (let i = 0; i < found; i++) {
    const distance = value(distances, i);
    const weight: f64 = !byDistance ? 1 : exact ? (distance == 0 ? 1.0 : 0.0) : 1 / distance;
    sum += weight * value(points, load<i32>(indices + (<usize>i << 2)) * width + j);
    total += weight;
  }
  return sum / total;
}
