import {
  COUNTERS, KEYS, TOTALS, SORTED_ROWS, POWER_STEPS, Tree, at4, at8, codeOf, sumsOf,
} from './forest-tree';

// A node's rows by code of one feature, and the order of categories: part of forest_grow_u8 and forest_grow_u16.

// For one target of numbers and bytes: weight, rows and sum of every code at once.
export function countRuns(t: Tree, column: usize): i32 {
  const count = t.count, nodeRows = t.nodeRows, nodeWeights = t.nodeWeights, nodeTargets = t.nodeTargets, sums = t.sums;
  memory.fill(sums, 0, 256 * 24);
  for (let i = 0; i < count; i++) {
    const here = sums + 24 * <usize>load<u8>(column + <usize>load<u32>(at4(nodeRows, i)));
    const weight = load<f64>(at8(nodeWeights, i));
    store<f64>(here, load<f64>(here) + weight);
    store<f64>(here, load<f64>(here, 8) + 1, 8);
    store<f64>(here, load<f64>(here, 16) + weight * load<f64>(at8(nodeTargets, i)), 16);
  }
  let run = t.runs, to = sums, end = 0;
  for (let code = 0, from = sums; code < 256; code++, from += 24) {
    const here = load<f64>(from, 8);
    if (here == 0) continue;
    store<f64>(to, load<f64>(from));
    store<f64>(to, here, 8);
    store<f64>(to, load<f64>(from, 16), 16);
    to += 24;
    store<i32>(run, code);
    store<i32>(run, end, 4);
    end += <i32>here;
    store<i32>(run, end, 8);
    run += 16;
  }
  return <i32>((run - t.runs) >> 4);
}

// The node's places by code to `order`, and its runs; returns how many there are.
export function sortRuns<Code>(t: Tree, column: usize): i32 {
  if (t.count > SORTED_ROWS && sizeof<Code>() == 1) return countPlaces(t, column);
  if (t.count > SORTED_ROWS) sortByDigits(t, column);
  else sortByInsertion<Code>(t, column);
  const count = t.count, order = t.order, nodeRows = t.nodeRows;
  let run = t.runs - 16, last = -1;
  for (let i = 0; i < count; i++) {
    const code = codeOf<Code>(column, load<u32>(nodeRows + (<usize>load<u32>(at4(order, i)) << 2)));
    if (code != last) {
      last = code;
      run += 16;
      store<i32>(run, code);
      store<i32>(run, i, 4);
    }
    store<i32>(run, i + 1, 8);
  }
  return <i32>((run + 16 - t.runs) >> 4);
}

export function sortByInsertion<Code>(t: Tree, column: usize): void {
  const count = t.count, nodeRows = t.nodeRows, order = t.order, keys = t.work + COUNTERS;
  for (let i = 0; i < count; i++) {
    const key = (<u32>codeOf<Code>(column, load<u32>(at4(nodeRows, i))) << 8) | <u32>i;
    let to = at4(keys, i);
    while (to > keys && load<u32>(to - 4) > key) {
      store<u32>(to, load<u32>(to - 4));
      to -= 4;
    }
    store<u32>(to, key);
  }
  for (let i = 0; i < count; i++) store<u32>(at4(order, i), load<u32>(at4(keys, i)) & 255);
}

export function countPlaces(t: Tree, column: usize): i32 {
  const count = t.count, nodeRows = t.nodeRows, order = t.order, places = t.work + COUNTERS;
  memory.fill(places, 0, 1024);
  for (let i = 0; i < count; i++) {
    const place = at4(places, <i32>load<u8>(column + <usize>load<u32>(at4(nodeRows, i))));
    store<i32>(place, load<i32>(place) + 1);
  }
  let run = t.runs, end = 0;
  for (let code = 0; code < 256; code++) {
    const place = at4(places, code), here = load<i32>(place);
    if (here == 0) continue;
    store<i32>(place, end);
    store<i32>(run, code);
    store<i32>(run, end, 4);
    end += here;
    store<i32>(run, end, 8);
    run += 16;
  }
  for (let i = 0; i < count; i++) {
    const place = at4(places, <i32>load<u8>(column + <usize>load<u32>(at4(nodeRows, i)))), to = load<i32>(place);
    store<u32>(at4(order, to), i);
    store<i32>(place, to + 1);
  }
  return <i32>((run - t.runs) >> 4);
}

// By the low byte of the codes, then by the high one, both stably.
export function sortByDigits(t: Tree, column: usize): void {
  const count = t.count, nodeRows = t.nodeRows, order = t.order, byLow = at4(t.order, t.dataRows);
  const low = t.work + COUNTERS, high = low + 1024;
  memory.fill(low, 0, 2048);
  for (let i = 0; i < count; i++) {
    const code = codeOf<u16>(column, load<u32>(at4(nodeRows, i)));
    const a = at4(low, code & 255), b = at4(high, code >> 8);
    store<i32>(a, load<i32>(a) + 1);
    store<i32>(b, load<i32>(b) + 1);
  }
  let lowEnd = 0, highEnd = 0;
  for (let digit = 0; digit < 256; digit++) {
    const a = at4(low, digit), b = at4(high, digit), lowHere = load<i32>(a), highHere = load<i32>(b);
    store<i32>(a, lowEnd);
    store<i32>(b, highEnd);
    lowEnd += lowHere;
    highEnd += highHere;
  }
  for (let i = 0; i < count; i++) {
    const a = at4(low, codeOf<u16>(column, load<u32>(at4(nodeRows, i))) & 255), to = load<i32>(a);
    store<u32>(at4(byLow, to), i);
    store<i32>(a, to + 1);
  }
  for (let i = 0; i < count; i++) {
    const place = load<u32>(at4(byLow, i));
    const b = at4(high, codeOf<u16>(column, load<u32>(nodeRows + (<usize>place << 2))) >> 8), to = load<i32>(b);
    store<u32>(at4(order, to), place);
    store<i32>(b, to + 1);
  }
}

// Weight, rows and the sum of each target of every run.
export function sumRuns(t: Tree, runCount: i32): void {
  const order = t.order, nodeWeights = t.nodeWeights;
  for (let r = 0; r < runCount; r++) {
    const run = t.runs + (<usize>r << 4), begin = load<i32>(run, 4), end = load<i32>(run, 8), to = sumsOf(t, r);
    let weight: f64 = 0;
    for (let i = begin; i < end; i++) weight += load<f64>(nodeWeights + (<usize>load<u32>(at4(order, i)) << 3));
    store<f64>(to, weight);
    store<f64>(to, <f64>(end - begin), 8);
    for (let k = 0; k < t.targetCount; k++) {
      const from = at8(t.nodeTargets, k * t.dataRows);
      let sum: f64 = 0;
      for (let i = begin; i < end; i++) {
        const place = <usize>load<u32>(at4(order, i)) << 3;
        sum += load<f64>(nodeWeights + place) * load<f64>(from + place);
      }
      store<f64>(at8(to, 2 + k), sum);
    }
  }
}

// Weight and classes' weights of the runs of categories.
export function sumClasses(t: Tree, known: i32): void {
  const order = t.order, nodeWeights = t.nodeWeights;
  for (let r = 0; r < known; r++) {
    const run = t.runs + (<usize>r << 4), begin = load<i32>(run, 4), end = load<i32>(run, 8), to = sumsOf(t, r);
    memory.fill(to, 0, t.stride);
    let weight: f64 = 0;
    for (let i = begin; i < end; i++) weight += load<f64>(nodeWeights + (<usize>load<u32>(at4(order, i)) << 3));
    store<f64>(to, weight);
    for (let target = 0; target < t.targetCount; target++) {
      const from = at8(t.nodeTargets, target * t.dataRows);
      for (let i = begin; i < end; i++) {
        const place = <usize>load<u32>(at4(order, i)) << 3;
        const sum = at8(to, 2 + <i32>load<f64>(from + place));
        store<f64>(sum, load<f64>(sum) + load<f64>(nodeWeights + place));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
export function meanOf(t: Tree, run: i32, k: i32): f64 {
  const sums = sumsOf(t, run);
  return load<f64>(at8(sums, 2 + k)) / load<f64>(sums);
}

// @ts-ignore: decorator
@inline
export function swap8(a: usize, b: usize): void {
  const kept = load<u64>(a);
  store<u64>(a, load<u64>(b));
  store<u64>(b, kept);
}

// Categories by their mean, or, of several targets or classes, by the mean along the first principal direction.
export function orderCategories(t: Tree, runCount: i32): void {
  const known = load<i32>(t.runs + (<usize>(runCount - 1) << 4)) == t.missing ? runCount - 1 : runCount;
  const keys = t.work + KEYS;
  if (t.classCount > 0) sumClasses(t, known);
  if (t.width == 1) {
    for (let r = 0; r < known; r++) store<f64>(at8(keys, r), meanOf(t, r, 0));
  } else principalKeys(t, known, keys);
  // By insertion: what keys that are not numbers do is then the same everywhere.
  for (let i = 1; i < known; i++) {
    for (let r = i; r > 0 && load<f64>(at8(keys, r - 1)) > load<f64>(at8(keys, r)); r--) {
      swap8(at8(keys, r - 1), at8(keys, r));
      const run = t.runs + (<usize>r << 4);
      swap8(run - 16, run);
      swap8(run - 8, run + 8);
      const sums = sumsOf(t, r);
      for (let byte: usize = 0; byte < t.stride; byte += 8) swap8(sums - t.stride + byte, sums + byte);
    }
  }
}

export function along(t: Tree, run: i32, center: usize, direction: usize): f64 {
  let sum: f64 = 0;
  for (let k = 0; k < t.width; k++) {
    sum += (meanOf(t, run, k) - load<f64>(at8(center, k))) * load<f64>(at8(direction, k));
  }
  return sum;
}

// How far each category lies along the first principal direction of the categories' means, found by the power method.
export function principalKeys(t: Tree, known: i32, keys: usize): void {
  const width = t.width;
  const center = at8(t.work + TOTALS, 3 * width), direction = at8(center, width), next = at8(direction, width);
  memory.fill(center, 0, <usize>width << 3);
  let total: f64 = 0;
  for (let r = 0; r < known; r++) {
    const weight = load<f64>(sumsOf(t, r));
    total += weight;
    for (let k = 0; k < width; k++) store<f64>(at8(center, k), load<f64>(at8(center, k)) + weight * meanOf(t, r, k));
  }
  for (let k = 0; k < width; k++) store<f64>(at8(center, k), load<f64>(at8(center, k)) / total);
  let farthest: f64 = -Infinity, start = 0;
  for (let r = 0; r < known; r++) {
    let far: f64 = 0;
    for (let k = 0; k < width; k++) {
      const away = meanOf(t, r, k) - load<f64>(at8(center, k));
      far += away * away;
    }
    far *= load<f64>(sumsOf(t, r));
    if (far > farthest) {
      farthest = far;
      start = r;
    }
  }
  for (let k = 0; k < width; k++) store<f64>(at8(direction, k), meanOf(t, start, k) - load<f64>(at8(center, k)));
  for (let step = 0; step < POWER_STEPS; step++) {
    memory.fill(next, 0, <usize>width << 3);
    for (let r = 0; r < known; r++) {
      const far = load<f64>(sumsOf(t, r)) * along(t, r, center, direction);
      for (let k = 0; k < width; k++) {
        store<f64>(at8(next, k), load<f64>(at8(next, k)) + far * (meanOf(t, r, k) - load<f64>(at8(center, k))));
      }
    }
    let largest: f64 = 0;
    for (let k = 0; k < width; k++) {
      const size = abs<f64>(load<f64>(at8(next, k)));
      if (size > largest) largest = size;
    }
    if (!(largest > 0)) break;
    for (let k = 0; k < width; k++) store<f64>(at8(direction, k), load<f64>(at8(next, k)) / largest);
  }
  for (let r = 0; r < known; r++) store<f64>(at8(keys, r), along(t, r, center, direction));
}

// The node's rows by code: numbers ascending, categories by the direction in which they differ most, missing values last.
export function findRuns<Code>(t: Tree, feature: i32): i32 {
  const column = t.codes + <usize>feature * <usize>t.dataRows * sizeof<Code>();
  let runCount = 0;
  if (sizeof<Code>() == 1 && t.count > SORTED_ROWS && t.classCount == 0 && t.targetCount == 1) {
    runCount = countRuns(t, column);
  } else {
    runCount = sortRuns<Code>(t, column);
    if (runCount >= 2 && t.classCount == 0) sumRuns(t, runCount);
  }
  if (runCount >= 2 && load<u8>(t.categorical + <usize>feature) != 0) orderCategories(t, runCount);
  return runCount;
}
