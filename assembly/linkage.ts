// Hierarchies of points: src/kernels/linkage.ts is the law. Two points a register, four registers at a time.

const EUCLIDEAN: i32 = 0;
const MANHATTAN: i32 = 1;
const CHEBYSHEV: i32 = 2;
const COSINE: i32 = 3;
const WARD: i32 = 0;
const COMPLETE: i32 = 1;
// Points that are met at a time.
const GROUP: i32 = 8;

// Adds a coordinate's term. `metric` is a constant wherever this is inlined, and so in what follows.
// @ts-ignore: decorator
@inline
function added(metric: i32, sum: v128, x: v128, y: v128): v128 {
  if (metric == COSINE) return f64x2.add(sum, f64x2.mul(x, y));
  const difference = f64x2.sub(x, y);
  if (metric == EUCLIDEAN) return f64x2.add(sum, f64x2.mul(difference, difference));
  const size = f64x2.abs(difference);
  return metric == MANHATTAN ? f64x2.add(sum, size) : f64x2.pmax(sum, size);
}

// @ts-ignore: decorator
@inline
function finished(metric: i32, sum: v128): v128 {
  if (metric == EUCLIDEAN) return f64x2.sqrt(sum);
  if (metric != COSINE) return sum;
  return f64x2.pmax(f64x2.splat(0), f64x2.sub(f64x2.splat(1), sum));
}

// The distance of points a and b, both given by the address of their first coordinate.
// @ts-ignore: decorator
@inline
function oneDistance(metric: i32, a: usize, b: usize, dimension: i32, line: usize): f64 {
  let sum: f64 = 0;
  for (let j = 0; j < dimension; j++, a += line, b += line) {
    const x = load<f64>(a), y = load<f64>(b);
    if (metric == COSINE) {
      sum += x * y;
      continue;
    }
    const difference = x - y;
    if (metric == EUCLIDEAN) sum += difference * difference;
    else if (metric == MANHATTAN) sum += abs(difference);
    else sum = abs(difference) > sum ? abs(difference) : sum;
  }
  if (metric == EUCLIDEAN) return sqrt(sum);
  if (metric != COSINE) return sum;
  return 1 - sum > 0 ? 1 - sum : 0;
}

// @ts-ignore: decorator
@inline
function condenseRow(metric: i32, coordinates: usize, out: usize, count: i32, dimension: i32, row: i32): void {
  const line = <usize>count << 3;
  const own = coordinates + (<usize>row << 3);
  let k = row + 1;
  for (; k + GROUP <= count; k += GROUP, out += 64) {
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let a = own, b = coordinates + (<usize>k << 3);
    for (let j = 0; j < dimension; j++, a += line, b += line) {
      const x = v128.load64_splat(a);
      s0 = added(metric, s0, x, v128.load(b));
      s1 = added(metric, s1, x, v128.load(b, 16));
      s2 = added(metric, s2, x, v128.load(b, 32));
      s3 = added(metric, s3, x, v128.load(b, 48));
    }
    v128.store(out, finished(metric, s0));
    v128.store(out, finished(metric, s1), 16);
    v128.store(out, finished(metric, s2), 32);
    v128.store(out, finished(metric, s3), 48);
  }
  for (; k < count; k++, out += 8) {
    store<f64>(out, oneDistance(metric, own, coordinates + (<usize>k << 3), dimension, line));
  }
}

export function condense_distances_f64(
  coordinates: usize, distances: usize, pointCount: i32, dimension: i32, metric: i32, rowStart: i32, rowEnd: i32,
): void {
  for (let row = rowStart; row < rowEnd; row++) {
    if (metric == EUCLIDEAN) condenseRow(EUCLIDEAN, coordinates, distances, pointCount, dimension, row);
    else if (metric == MANHATTAN) condenseRow(MANHATTAN, coordinates, distances, pointCount, dimension, row);
    else if (metric == CHEBYSHEV) condenseRow(CHEBYSHEV, coordinates, distances, pointCount, dimension, row);
    else condenseRow(COSINE, coordinates, distances, pointCount, dimension, row);
    distances += <usize>(pointCount - 1 - row) << 3;
  }
}

// Where the pair (i, k), i < k, lies.
// @ts-ignore: decorator
@inline
function pairAt(matrix: usize, count: i32, i: i32, k: i32): usize {
  const row = <usize>i;
  return matrix + ((row * <usize>count - ((row * (row + 1)) >> 1) + <usize>(k - i - 1)) << 3);
}

// @ts-ignore: decorator
@inline
function distanceIn(matrix: usize, count: i32, i: i32, k: i32): f64 {
  return load<f64>(i < k ? pairAt(matrix, count, i, k) : pairAt(matrix, count, k, i));
}

export function nearest_condensed_f64(matrix: usize, sizes: usize, pointCount: i32, row: i32, previous: i32): i32 {
  let best = previous;
  let least = previous < 0 ? Infinity : distanceIn(matrix, pointCount, row, previous);
  // Down the column, whose entries come nearer by one with each row …
  let at = matrix + (<usize>(row - 1) << 3);
  let step = <usize>(pointCount - 2) << 3;
  for (let k = 0; k < row; k++, at += step, step -= 8) {
    if (load<i32>(sizes + (<usize>k << 2)) == 0) continue;
    const distance = load<f64>(at);
    if (!(distance < least)) continue;
    least = distance;
    best = k;
  }
  // … and along the row.
  if (row + 1 >= pointCount) return best;
  at = pairAt(matrix, pointCount, row, row + 1);
  for (let k = row + 1; k < pointCount; k++, at += 8) {
    const distance = load<f64>(at);
    if (!(distance < least) || load<i32>(sizes + (<usize>k << 2)) == 0) continue;
    least = distance;
    best = k;
  }
  return best;
}

export function merge_condensed_f64(
  matrix: usize, sizes: usize, pointCount: i32, first: i32, second: i32, linkage: i32,
): void {
  const between = load<f64>(pairAt(matrix, pointCount, first, second));
  const a = <f64>load<i32>(sizes + (<usize>first << 2)), b = <f64>load<i32>(sizes + (<usize>second << 2));
  for (let k = 0; k < pointCount; k++) {
    const size = <f64>load<i32>(sizes + (<usize>k << 2));
    if (k == first || k == second || size == 0) continue;
    const at = k < second ? pairAt(matrix, pointCount, k, second) : pairAt(matrix, pointCount, second, k);
    const da = distanceIn(matrix, pointCount, first, k), db = load<f64>(at);
    if (linkage == COMPLETE) store<f64>(at, da > db ? da : db);
    else if (linkage != WARD) store<f64>(at, (a * da + b * db) / (a + b));
    else {
      const share = 1 / (a + b + size);
      const square = (size + a) * share * da * da + (size + b) * share * db * db - size * share * between * between;
      store<f64>(at, square > 0 ? sqrt(square) : 0);
    }
  }
}

// Ward's squares of two clusters at a time: the weights 2ab/(a + b), times the squared distances of their centres.
// @ts-ignore: decorator
@inline
function wardSquares(sum: v128, twice: v128, own: v128, sizes: usize): v128 {
  const size = v128.load(sizes);
  return f64x2.mul(f64x2.div(f64x2.mul(twice, size), f64x2.add(own, size)), sum);
}

function wardSquare(centers: usize, sizes: usize, line: usize, dimension: i32, a: i32, b: i32): f64 {
  const sum = oneDistanceSquared(centers + (<usize>a << 3), centers + (<usize>b << 3), dimension, line);
  const own = load<f64>(sizes + (<usize>a << 3)), other = load<f64>(sizes + (<usize>b << 3));
  return 2 * own * other / (own + other) * sum;
}

// @ts-ignore: decorator
@inline
function oneDistanceSquared(a: usize, b: usize, dimension: i32, line: usize): f64 {
  let sum: f64 = 0;
  for (let j = 0; j < dimension; j++, a += line, b += line) {
    const difference = load<f64>(a) - load<f64>(b);
    sum += difference * difference;
  }
  return sum;
}

export function nearest_ward_f64(
  centers: usize, sizes: usize, pointCount: i32, dimension: i32, row: i32, previous: i32,
): i32 {
  const line = <usize>pointCount << 3;
  const start = centers + (<usize>row << 3);
  const own = f64x2.splat(load<f64>(sizes + (<usize>row << 3)));
  const twice = f64x2.add(own, own);
  const two = f64x2.splat(2), self = f64x2.splat(<f64>row);
  let leasts = f64x2.splat(Infinity), bests = f64x2.splat(-1), places = f64x2(0, 1);
  let k = 0;
  for (; k + GROUP <= pointCount; k += GROUP) {
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let a = start, b = centers + (<usize>k << 3);
    for (let j = 0; j < dimension; j++, a += line, b += line) {
      const x = v128.load64_splat(a);
      s0 = added(EUCLIDEAN, s0, x, v128.load(b));
      s1 = added(EUCLIDEAN, s1, x, v128.load(b, 16));
      s2 = added(EUCLIDEAN, s2, x, v128.load(b, 32));
      s3 = added(EUCLIDEAN, s3, x, v128.load(b, 48));
    }
    const size = sizes + (<usize>k << 3);
    s0 = wardSquares(s0, twice, own, size);
    let less = v128.andnot(f64x2.lt(s0, leasts), f64x2.eq(places, self));
    leasts = v128.bitselect(s0, leasts, less);
    bests = v128.bitselect(places, bests, less);
    places = f64x2.add(places, two);
    s1 = wardSquares(s1, twice, own, size + 16);
    less = v128.andnot(f64x2.lt(s1, leasts), f64x2.eq(places, self));
    leasts = v128.bitselect(s1, leasts, less);
    bests = v128.bitselect(places, bests, less);
    places = f64x2.add(places, two);
    s2 = wardSquares(s2, twice, own, size + 32);
    less = v128.andnot(f64x2.lt(s2, leasts), f64x2.eq(places, self));
    leasts = v128.bitselect(s2, leasts, less);
    bests = v128.bitselect(places, bests, less);
    places = f64x2.add(places, two);
    s3 = wardSquares(s3, twice, own, size + 48);
    less = v128.andnot(f64x2.lt(s3, leasts), f64x2.eq(places, self));
    leasts = v128.bitselect(s3, leasts, less);
    bests = v128.bitselect(places, bests, less);
    places = f64x2.add(places, two);
  }
  let least = f64x2.extract_lane(leasts, 0), best = <i32>f64x2.extract_lane(bests, 0);
  const other = f64x2.extract_lane(leasts, 1), otherBest = <i32>f64x2.extract_lane(bests, 1);
  if (other < least || (other == least && otherBest < best)) {
    least = other;
    best = otherBest;
  }
  for (; k < pointCount; k++) {
    if (k == row) continue;
    const square = wardSquare(centers, sizes, line, dimension, row, k);
    if (!(square < least)) continue;
    least = square;
    best = k;
  }
  return previous >= 0 && !(least < wardSquare(centers, sizes, line, dimension, row, previous)) ? previous : best;
}

// Points that are better reached over the new one, two at a time; the distance at which each is reached then.
// @ts-ignore: decorator
@inline
function reach(distance: v128, limit: v128, core: v128, cores: usize, reached: usize, sources: usize, name: i32): v128 {
  let mutual = f64x2.pmax(distance, core);
  if (cores != 0) mutual = f64x2.pmax(mutual, v128.load(cores));
  const before = v128.load(reached);
  const nearer = v128.and(f64x2.le(distance, limit), f64x2.lt(mutual, before));
  if (!v128.any_true(nearer)) return before;
  const now = v128.bitselect(mutual, before, nearer);
  v128.store(reached, now);
  if (i64x2.extract_lane(nearer, 0) != 0) store<i32>(sources, name);
  if (i64x2.extract_lane(nearer, 1) != 0) store<i32>(sources, name, 4);
  return now;
}

// @ts-ignore: decorator
@inline
function grow(
  metric: i32, coordinates: usize, cores: usize, reached: usize, sources: usize, count: i32, dimension: i32,
  current: i32, name: i32, core: f64, limit: f64, rowStart: i32, rowEnd: i32,
): i32 {
  const line = <usize>count << 3;
  const own = coordinates + (<usize>current << 3);
  const limits = f64x2.splat(limit), ownCore = f64x2.splat(core), two = f64x2.splat(2);
  let leasts = f64x2.splat(Infinity), bests = f64x2.splat(-1);
  let places = f64x2(<f64>rowStart, <f64>(rowStart + 1));
  let k = rowStart;
  for (; k + GROUP <= rowEnd; k += GROUP) {
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let a = own, b = coordinates + (<usize>k << 3);
    for (let j = 0; j < dimension; j++, a += line, b += line) {
      const x = v128.load64_splat(a);
      s0 = added(metric, s0, x, v128.load(b));
      s1 = added(metric, s1, x, v128.load(b, 16));
      s2 = added(metric, s2, x, v128.load(b, 32));
      s3 = added(metric, s3, x, v128.load(b, 48));
    }
    const r = reached + (<usize>k << 3), s = sources + (<usize>k << 2);
    const c = cores != 0 ? cores + (<usize>k << 3) : 0;
    const c1 = c != 0 ? c + 16 : 0, c2 = c != 0 ? c + 32 : 0, c3 = c != 0 ? c + 48 : 0;
    const r0 = reach(finished(metric, s0), limits, ownCore, c, r, s, name);
    let less = f64x2.lt(r0, leasts);
    leasts = v128.bitselect(r0, leasts, less);
    bests = v128.bitselect(places, bests, less);
    places = f64x2.add(places, two);
    const r1 = reach(finished(metric, s1), limits, ownCore, c1, r + 16, s + 8, name);
    less = f64x2.lt(r1, leasts);
    leasts = v128.bitselect(r1, leasts, less);
    bests = v128.bitselect(places, bests, less);
    places = f64x2.add(places, two);
    const r2 = reach(finished(metric, s2), limits, ownCore, c2, r + 32, s + 16, name);
    less = f64x2.lt(r2, leasts);
    leasts = v128.bitselect(r2, leasts, less);
    bests = v128.bitselect(places, bests, less);
    places = f64x2.add(places, two);
    const r3 = reach(finished(metric, s3), limits, ownCore, c3, r + 48, s + 24, name);
    less = f64x2.lt(r3, leasts);
    leasts = v128.bitselect(r3, leasts, less);
    bests = v128.bitselect(places, bests, less);
    places = f64x2.add(places, two);
  }
  let least = f64x2.extract_lane(leasts, 0), best = <i32>f64x2.extract_lane(bests, 0);
  const other = f64x2.extract_lane(leasts, 1), otherBest = <i32>f64x2.extract_lane(bests, 1);
  if (other < least || (other == least && otherBest < best)) {
    least = other;
    best = otherBest;
  }
  for (; k < rowEnd; k++) {
    const at = reached + (<usize>k << 3);
    let r = load<f64>(at);
    if (r != r) continue;
    const distance = oneDistance(metric, own, coordinates + (<usize>k << 3), dimension, line);
    let mutual = distance < core ? core : distance;
    if (cores != 0) mutual = max(mutual, load<f64>(cores + (<usize>k << 3)));
    if (distance <= limit && mutual < r) {
      r = mutual;
      store<f64>(at, r);
      store<i32>(sources + (<usize>k << 2), name);
    }
    if (r < least) {
      least = r;
      best = k;
    }
  }
  return best;
}

export function grow_tree_f64(
  coordinates: usize, cores: usize, reached: usize, sources: usize, pointCount: i32, dimension: i32, metric: i32,
  current: i32, name: i32, core: f64, limit: f64, rowStart: i32, rowEnd: i32,
): i32 {
  if (metric == EUCLIDEAN) {
    return grow(
      EUCLIDEAN, coordinates, cores, reached, sources, pointCount, dimension, current, name, core, limit, rowStart, rowEnd,
    );
  }
  if (metric == MANHATTAN) {
    return grow(
      MANHATTAN, coordinates, cores, reached, sources, pointCount, dimension, current, name, core, limit, rowStart, rowEnd,
    );
  }
  if (metric == CHEBYSHEV) {
    return grow(
      CHEBYSHEV, coordinates, cores, reached, sources, pointCount, dimension, current, name, core, limit, rowStart, rowEnd,
    );
  }
  return grow(
    COSINE, coordinates, cores, reached, sources, pointCount, dimension, current, name, core, limit, rowStart, rowEnd,
  );
}
