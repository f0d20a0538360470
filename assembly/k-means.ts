// k-means: src/kernels/k-means.ts is the law. Labels are those of direct f64 differences; the candidate form in f32 rules
// centres out, bounds rule points out. Centres lie in panels of sixteen: four registers a coordinate.

const INFINITE: f64 = Infinity;
const WIDER: f64 = 1 + 1.0 / 4194304;
const NARROWER: f64 = 1 - 1.0 / 4194304;
const UNDERFLOW: f64 = 8.077935669463161e-28; // 2^-90
const FAR: f64 = 1.2676506002282294e30; // 2^100
const WHOLE: f64 = 6755399441055744; // 1.5 · 2^52

// @ts-ignore: decorator
@inline
function wider(value: f64): f32 {
  return <f32>(value * WIDER);
}

// @ts-ignore: decorator
@inline
function narrower(value: f64): f32 {
  return <f32>((value > 0 ? value : 0) * NARROWER);
}

// @ts-ignore: decorator
@inline
function marginOf(dimension: i32): f64 {
  return <f64>(dimension + 8) * 1.1920928955078125e-7;
}

// @ts-ignore: decorator
@inline
function squaredDistance(a: usize, b: usize, dimension: i32): f64 {
  const end = a + (<usize>dimension << 3);
  let sum: f64 = 0;
  while (a < end) {
    const difference = load<f64>(a) - load<f64>(b);
    sum += difference * difference;
    a += 8;
    b += 8;
  }
  return sum;
}

export function candidate_rows_f64(
  points: usize, center: usize, rows: usize, lengths: usize, rowBounds: usize, pointCount: i32, dimension: i32, unit: f64,
): void {
  const margin = marginOf(dimension);
  const scale = f64x2.splat(unit);
  const pairs = dimension & ~1;
  for (let i = 0; i < pointCount; i++) {
    let length: f64 = 0;
    let j = 0;
    for (; j < pairs; j += 2) {
      const at = <usize>j << 3;
      const value = f64x2.mul(f64x2.sub(v128.load(points + at), v128.load(center + at)), scale);
      v128.store64_lane(rows + (at >> 1), f32x4.demote_f64x2_zero(value), 0);
      const square = f64x2.mul(value, value);
      length += f64x2.extract_lane(square, 0);
      length += f64x2.extract_lane(square, 1);
    }
    if (j < dimension) {
      const at = <usize>j << 3;
      const value = (load<f64>(points + at) - load<f64>(center + at)) * unit;
      store<f32>(rows + (at >> 1), <f32>value);
      length += value * value;
    }
    store<f32>(lengths + (<usize>i << 2), <f32>length);
    store<f64>(rowBounds + (<usize>i << 3), length < FAR ? length * (1 - margin) - UNDERFLOW : -INFINITE);
    points += <usize>dimension << 3;
    rows += <usize>dimension << 2;
  }
}

export function point_extents_f64(points: usize, shifts: usize, extents: usize, pointCount: i32, dimension: i32): void {
  const plane = <usize>dimension << 3;
  for (let at: usize = 0; at < plane; at += 8) {
    store<f64>(extents + at, INFINITE);
    store<f64>(extents + plane + at, -INFINITE);
    store<f64>(extents + 2 * plane + at, 0);
    store<f64>(extents + 3 * plane + at, 0);
  }
  const pairs = plane & ~15;
  for (let i = 0; i < pointCount; i++) {
    let at: usize = 0;
    for (; at < pairs; at += 16) {
      const value = v128.load(points + at);
      const difference = f64x2.sub(value, v128.load(shifts + at));
      const to = extents + at;
      v128.store(to, f64x2.pmin(v128.load(to), value));
      v128.store(to + plane, f64x2.pmax(v128.load(to + plane), value));
      v128.store(to + 2 * plane, f64x2.add(v128.load(to + 2 * plane), difference));
      v128.store(to + 3 * plane, f64x2.add(v128.load(to + 3 * plane), f64x2.mul(difference, difference)));
    }
    if (at < plane) {
      const value = load<f64>(points + at);
      const difference = value - load<f64>(shifts + at);
      const to = extents + at;
      if (value < load<f64>(to)) store<f64>(to, value);
      if (value > load<f64>(to + plane)) store<f64>(to + plane, value);
      store<f64>(to + 2 * plane, load<f64>(to + 2 * plane) + difference);
      store<f64>(to + 3 * plane, load<f64>(to + 3 * plane) + difference * difference);
    }
    points += plane;
  }
}

// Candidate values of four points, whose rows are r0 … r3, for all centres: at `values`, a line apart.
// @ts-ignore: decorator
@inline
function candidates(
  r0: usize, r1: usize, r2: usize, r3: usize, panels: usize, panelBounds: usize, values: usize, line: usize, dimension: i32,
): void {
  const zero = f32x4.splat(0), two = f32x4.splat(2);
  // Half a panel at a time: eight sums in registers.
  for (let half: usize = 0; half < line; half += 32) {
    let at = panels + (half & ~63) * <usize>dimension + (half & 32);
    let q0 = r0, q1 = r1, q2 = r2, q3 = r3;
    let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
    const end = r0 + (<usize>dimension << 2);
    const unrolled = r0 + (<usize>(dimension & ~1) << 2);
    let low: v128, high: v128, a: v128, b: v128;
    while (q0 < unrolled) {
      low = v128.load(at); high = v128.load(at, 16);
      a = v128.load32_splat(q0); b = v128.load32_splat(q1);
      s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
      s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
      a = v128.load32_splat(q2); b = v128.load32_splat(q3);
      s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
      s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
      low = v128.load(at, 64); high = v128.load(at, 80);
      a = v128.load32_splat(q0, 4); b = v128.load32_splat(q1, 4);
      s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
      s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
      a = v128.load32_splat(q2, 4); b = v128.load32_splat(q3, 4);
      s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
      s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
      at += 128;
      q0 += 8; q1 += 8; q2 += 8; q3 += 8;
    }
    if (q0 < end) {
      low = v128.load(at); high = v128.load(at, 16);
      a = v128.load32_splat(q0); b = v128.load32_splat(q1);
      s00 = f32x4.add(s00, f32x4.mul(a, low)); s01 = f32x4.add(s01, f32x4.mul(a, high));
      s10 = f32x4.add(s10, f32x4.mul(b, low)); s11 = f32x4.add(s11, f32x4.mul(b, high));
      a = v128.load32_splat(q2); b = v128.load32_splat(q3);
      s20 = f32x4.add(s20, f32x4.mul(a, low)); s21 = f32x4.add(s21, f32x4.mul(a, high));
      s30 = f32x4.add(s30, f32x4.mul(b, low)); s31 = f32x4.add(s31, f32x4.mul(b, high));
    }
    low = v128.load(panelBounds + half); high = v128.load(panelBounds + half, 16);
    const to = values + half;
    v128.store(to, f32x4.sub(low, f32x4.mul(two, s00))); v128.store(to, f32x4.sub(high, f32x4.mul(two, s01)), 16);
    v128.store(to + line, f32x4.sub(low, f32x4.mul(two, s10))); v128.store(to + line, f32x4.sub(high, f32x4.mul(two, s11)), 16);
    v128.store(to + 2 * line, f32x4.sub(low, f32x4.mul(two, s20)));
    v128.store(to + 2 * line, f32x4.sub(high, f32x4.mul(two, s21)), 16);
    v128.store(to + 3 * line, f32x4.sub(low, f32x4.mul(two, s30)));
    v128.store(to + 3 * line, f32x4.sub(high, f32x4.mul(two, s31)), 16);
  }
}

// The smallest of a line of values.
// @ts-ignore: decorator
@inline
function smallestOf(row: usize, line: usize): v128 {
  let a = v128.load(row), b = v128.load(row, 16), c = v128.load(row, 32), d = v128.load(row, 48);
  for (let at = row + 64; at < row + line; at += 64) {
    a = f32x4.pmin(a, v128.load(at)); b = f32x4.pmin(b, v128.load(at, 16));
    c = f32x4.pmin(c, v128.load(at, 32)); d = f32x4.pmin(d, v128.load(at, 48));
  }
  a = f32x4.pmin(f32x4.pmin(a, b), f32x4.pmin(c, d));
  a = f32x4.pmin(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.pmin(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2));
}

// The first place of the smallest value; 0 where it is nowhere.
// @ts-ignore: decorator
@inline
function placeOf(row: usize, line: usize, smallest: v128): i32 {
  for (let at: usize = 0; at < line; at += 16) {
    const mask = i32x4.bitmask(f32x4.eq(v128.load(row + at), smallest));
    if (mask != 0) return <i32>(at >> 2) + ctz(mask);
  }
  return 0;
}

// Decides one point from its candidate values, and stores its label and its bounds.
function settle(
  point: usize, centers: usize, row: usize, rowBound: f64, label: usize, upper: usize, lower: usize,
  line: usize, centerCount: i32, dimension: i32, unit: f64, slack: f64,
): void {
  const smallest = smallestOf(row, line);
  let found = placeOf(row, line, smallest);
  const most = <f64>f32x4.extract_lane(smallest, 0) + rowBound + (4 * marginOf(dimension) * (rowBound + UNDERFLOW) + slack);
  let above = wider(Math.sqrt(max(<f64>0, most)));
  store<f32>(row + (<usize>found << 2), <f32>INFINITE);
  let other = <f64>f32x4.extract_lane(smallestOf(row, line), 0) + rowBound;
  if (!(other > most)) {
    v128.store32_lane(row + (<usize>found << 2), smallest, 0);
    const pointBytes = <usize>dimension << 3;
    let best = squaredDistance(point, centers + <usize>found * pointBytes, dimension);
    const first = found;
    let limit = <f32>(best * unit * unit - rowBound);
    for (let at: usize = 0; at < line; at += 16) {
      let open = i32x4.bitmask(f32x4.gt(v128.load(row + at), f32x4.splat(limit))) ^ 15;
      while (open != 0) {
        const index = <i32>(at >> 2) + ctz(open);
        open &= open - 1;
        if (index >= centerCount || index == first) continue;
        const distance = squaredDistance(point, centers + <usize>index * pointBytes, dimension);
        if (distance < best || (distance == best && index < found)) {
          best = distance;
          found = index;
          limit = <f32>(best * unit * unit - rowBound);
        }
      }
    }
    if (!(best < INFINITE)) { found = -1; best = INFINITE; }
    above = wider(Math.sqrt(best) * unit);
    if (found >= 0) store<f32>(row + (<usize>found << 2), <f32>INFINITE);
    other = <f64>f32x4.extract_lane(smallestOf(row, line), 0) + rowBound;
  }
  store<i32>(label, found);
  store<f32>(upper, above);
  store<f32>(lower, narrower(Math.sqrt(max(<f64>0, other))));
}

export function assign_hamerly_f64(
  points: usize, centers: usize, rows: usize, rowBounds: usize, panels: usize, panelBounds: usize, moves: usize, halves: usize,
  labels: usize, uppers: usize, lowers: usize, values: usize,
  pointCount: i32, centerCount: i32, dimension: i32, unit: f64, slack: f64,
): i32 {
  const line = <usize>((centerCount + 15) >> 4) << 6;
  const rowBytes = <usize>dimension << 2, pointBytes = <usize>dimension << 3;
  let first = 0;
  let most: f32 = 0, second: f32 = 0;
  for (let c = 0; c < centerCount; c++) {
    const move = load<f32>(moves + (<usize>c << 2));
    if (move > most) { second = most; most = move; first = c; }
    else if (move > second) second = move;
  }
  let looked = 0, waiting = 0, i0 = 0, i1 = 0, i2 = 0, i3 = 0;
  for (let i = 0; i <= pointCount; i++) {
    if (i < pointCount) {
      const place = <usize>i << 2;
      const old = load<i32>(labels + place);
      if (old >= 0) {
        const above = wider(<f64>load<f32>(uppers + place) + <f64>load<f32>(moves + (<usize>old << 2)));
        const below = narrower(<f64>load<f32>(lowers + place) - <f64>(old == first ? second : most));
        const half = load<f32>(halves + (<usize>old << 2));
        if (above < (below > half ? below : half)) {
          store<f32>(uppers + place, above);
          store<f32>(lowers + place, below);
          continue;
        }
      }
      looked++;
      if (waiting == 0) { i0 = i1 = i2 = i3 = i; }
      else if (waiting == 1) i1 = i;
      else if (waiting == 2) i2 = i;
      else i3 = i;
      if (++waiting < 4) continue;
    } else if (waiting == 0) break;
    // Points missing from the last four are the first of them again, and are not settled.
    candidates(
      rows + <usize>i0 * rowBytes, rows + <usize>i1 * rowBytes, rows + <usize>i2 * rowBytes, rows + <usize>i3 * rowBytes,
      panels, panelBounds, values, line, dimension,
    );
    for (let q = 0; q < waiting; q++) {
      const index = <usize>(q == 0 ? i0 : q == 1 ? i1 : q == 2 ? i2 : i3);
      settle(
        points + index * pointBytes, centers, values + <usize>q * line, load<f64>(rowBounds + (index << 3)),
        labels + (index << 2), uppers + (index << 2), lowers + (index << 2), line, centerCount, dimension, unit, slack,
      );
    }
    waiting = 0;
  }
  return looked;
}

// Is there a centre in this panel, other than the point's own, that its bound does not rule out?
// @ts-ignore: decorator
@inline
function isOpen(own: usize, panel: i32, above: f32, label: i32, centerCount: i32): bool {
  const limit = f32x4.splat(above);
  const at = own + (<usize>panel << 2);
  let shut = i32x4.bitmask(f32x4.lt(limit, v128.load(at))) | i32x4.bitmask(f32x4.lt(limit, v128.load(at, 16))) << 4;
  shut |= i32x4.bitmask(f32x4.lt(limit, v128.load(at, 32))) << 8;
  shut |= i32x4.bitmask(f32x4.lt(limit, v128.load(at, 48))) << 12;
  let open = ~shut & 0xffff;
  if (label >= panel && label < panel + 16) open &= ~(1 << (label - panel));
  if (centerCount - panel < 16) open &= (1 << (centerCount - panel)) - 1;
  return open != 0;
}

export function assign_elkan_f64(
  points: usize, centers: usize, rows: usize, rowBounds: usize, panels: usize, panelBounds: usize, moves: usize, halves: usize,
  labels: usize, uppers: usize, lowers: usize, values: usize,
  pointCount: i32, centerCount: i32, dimension: i32, unit: f64,
): i32 {
  const lineCount = (centerCount + 15) & ~15;
  const line = <usize>lineCount << 2;
  const rowBytes = <usize>dimension << 2, pointBytes = <usize>dimension << 3;
  const zero = f32x4.splat(0), two = f32x4.splat(2), less = f32x4.splat(<f32>NARROWER);
  let looked = 0;
  for (let i = 0; i < pointCount; i++) {
    const own = lowers + <usize>i * line;
    const place = <usize>i << 2;
    const old = load<i32>(labels + place);
    let above: f32 = <f32>INFINITE;
    if (old >= 0) {
      above = wider(<f64>load<f32>(uppers + place) + <f64>load<f32>(moves + (<usize>old << 2)));
      for (let at: usize = 0; at < line; at += 16) {
        const left = f32x4.sub(v128.load(own + at), v128.load(moves + at));
        v128.store(own + at, f32x4.mul(f32x4.pmax(zero, left), less));
      }
    } else memory.fill(own, 0, line);
    const point = points + <usize>i * pointBytes;
    let found = old;
    let distance = INFINITE;
    let tight = false;
    if (!(old >= 0 && above < load<f32>(halves + (<usize>old << 2)))) {
      const row = rows + <usize>i * rowBytes;
      const rowBound = load<f64>(rowBounds + (<usize>i << 3));
      const near = <f32>rowBound;
      const least = f32x4.splat(<f64>near > rowBound ? near - abs(near) * <f32>2.384185791015625e-7 : near);
      let any = false;
      for (let panel = 0; panel < lineCount; panel += 16) {
        if (!isOpen(own, panel, above, old, centerCount)) continue;
        if (!tight) {
          tight = true;
          if (old >= 0) {
            // Before anything is looked at, the bound from above is made exact.
            distance = squaredDistance(point, centers + <usize>old * pointBytes, dimension);
            if (!(distance < INFINITE)) { found = -1; distance = INFINITE; }
            above = min(above, wider(Math.sqrt(distance) * unit));
            if (!isOpen(own, panel, above, old, centerCount)) continue;
          } else found = -1;
        }
        any = true;
        looked++;
        let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
        let at = panels + <usize>panel * rowBytes;
        for (let q = row; q < row + rowBytes; q += 4) {
          const a = v128.load32_splat(q);
          s0 = f32x4.add(s0, f32x4.mul(a, v128.load(at))); s1 = f32x4.add(s1, f32x4.mul(a, v128.load(at, 16)));
          s2 = f32x4.add(s2, f32x4.mul(a, v128.load(at, 32))); s3 = f32x4.add(s3, f32x4.mul(a, v128.load(at, 48)));
          at += 64;
        }
        const bounds = panelBounds + (<usize>panel << 2), to = own + (<usize>panel << 2);
        const v0 = f32x4.sub(v128.load(bounds), f32x4.mul(two, s0)), v1 = f32x4.sub(v128.load(bounds, 16), f32x4.mul(two, s1));
        const v2 = f32x4.sub(v128.load(bounds, 32), f32x4.mul(two, s2));
        const v3 = f32x4.sub(v128.load(bounds, 48), f32x4.mul(two, s3));
        v128.store(values, v0); v128.store(values, v1, 16); v128.store(values, v2, 32); v128.store(values, v3, 48);
        v128.store(to, f32x4.mul(f32x4.sqrt(f32x4.pmax(zero, f32x4.add(v0, least))), less));
        v128.store(to, f32x4.mul(f32x4.sqrt(f32x4.pmax(zero, f32x4.add(v1, least))), less), 16);
        v128.store(to, f32x4.mul(f32x4.sqrt(f32x4.pmax(zero, f32x4.add(v2, least))), less), 32);
        v128.store(to, f32x4.mul(f32x4.sqrt(f32x4.pmax(zero, f32x4.add(v3, least))), less), 48);
        for (let quarter = 0; quarter < 16; quarter += 4) {
          const limit = <f32>(distance * unit * unit - rowBound);
          let open = i32x4.bitmask(f32x4.gt(v128.load(values + (<usize>quarter << 2)), f32x4.splat(limit))) ^ 15;
          while (open != 0) {
            const index = panel + quarter + ctz(open);
            open &= open - 1;
            if (index >= centerCount || index == old) continue;
            const other = squaredDistance(point, centers + <usize>index * pointBytes, dimension);
            if (other < distance || (other == distance && index < found)) {
              distance = other;
              found = index;
            }
          }
        }
      }
      if (any) above = wider(Math.sqrt(distance) * unit);
    }
    store<i32>(labels + place, found);
    store<f32>(uppers + place, above);
  }
  return looked;
}

export function label_distances_f64(
  points: usize, centers: usize, labels: usize, distances: usize, pointCount: i32, centerCount: i32, dimension: i32,
): void {
  const pointBytes = <usize>dimension << 3;
  for (let i = 0; i < pointCount; i++) {
    const label = load<i32>(labels + (<usize>i << 2));
    store<f64>(
      distances + (<usize>i << 3),
      label < 0 ? INFINITE : squaredDistance(points, centers + <usize>label * pointBytes, dimension),
    );
    points += pointBytes;
  }
}

// Adds a point to the sums at `high`, the low halves behind them, or with `away` takes it off.
// @ts-ignore: decorator
@inline
function move(point: usize, weight: f64, scales: usize, high: usize, dimension: i32, lowScale: f64, away: bool): void {
  const low = high + (<usize>(dimension + 1) << 3);
  const magic = f64x2.splat(WHOLE), factor = f64x2.splat(weight), units = f64x2.splat(lowScale);
  const pairs = <usize>(dimension & ~1) << 3, end = <usize>dimension << 3;
  let at: usize = 0;
  for (; at < pairs; at += 16) {
    const scaled = f64x2.mul(f64x2.mul(factor, v128.load(point + at)), v128.load(scales + at));
    const whole = f64x2.add(scaled, magic);
    const rest = f64x2.add(f64x2.mul(f64x2.sub(scaled, f64x2.sub(whole, magic)), units), magic);
    const a = i64x2.sub(whole, magic), b = i64x2.sub(rest, magic);
    if (away) {
      v128.store(high + at, i64x2.sub(v128.load(high + at), a));
      v128.store(low + at, i64x2.sub(v128.load(low + at), b));
    } else {
      v128.store(high + at, i64x2.add(v128.load(high + at), a));
      v128.store(low + at, i64x2.add(v128.load(low + at), b));
    }
  }
  for (; at <= end; at += 8) {
    const scaled = (at < end ? weight * load<f64>(point + at) : weight) * load<f64>(scales + at);
    const whole = scaled + WHOLE - WHOLE;
    const rest = (scaled - whole) * lowScale + WHOLE - WHOLE;
    store<i64>(high + at, away ? load<i64>(high + at) - <i64>whole : load<i64>(high + at) + <i64>whole);
    store<i64>(low + at, away ? load<i64>(low + at) - <i64>rest : load<i64>(low + at) + <i64>rest);
  }
}

export function cluster_changes_i64(
  points: usize, weights: usize, labels: usize, counted: usize, scales: usize, sums: usize,
  pointCount: i32, dimension: i32, centerCount: i32, lowScale: f64,
): i32 {
  const cluster = <usize>(dimension + 1) << 4;
  let changed = 0;
  for (let i = 0; i < pointCount; i++) {
    const label = load<i32>(labels + (<usize>i << 2));
    const before = load<i32>(counted + (<usize>i << 2));
    if (label == before) continue;
    const point = points + (<usize>i * <usize>dimension << 3);
    const weight: f64 = weights ? load<f64>(weights + (<usize>i << 3)) : 1;
    if (before >= 0) move(point, weight, scales, sums + <usize>before * cluster, dimension, lowScale, true);
    if (label >= 0) move(point, weight, scales, sums + <usize>label * cluster, dimension, lowScale, false);
    store<i32>(counted + (<usize>i << 2), label);
    changed++;
  }
  return changed;
}

export function sums_merge_i64(total: usize, parts: usize, partCount: i32, length: i32): void {
  for (let part = 0; part < partCount; part++) {
    for (let at: usize = 0; at < <usize>length << 3; at += 8) {
      store<i64>(total + at, load<i64>(total + at) + load<i64>(parts));
      store<i64>(parts, 0);
      parts += 8;
    }
  }
}

// @ts-ignore: decorator
@inline
function upper(four: v128): v128 {
  return i32x4.shuffle(four, four, 2, 3, 2, 3);
}

export function seed_potentials_f32(
  distances: usize, nearest: usize, weights: usize, potentials: usize, pointCount: i32, drawnCount: i32, stride: i32,
): void {
  const line = <usize>stride << 2, zero = f32x4.splat(0);
  for (let first = 0; first < drawnCount; first += 4) {
    let low = f64x2.splat(0), high = low;
    let own = distances + (<usize>first << 2);
    for (let i: usize = 0; i < <usize>pointCount; i++) {
      const square = f32x4.pmax(zero, v128.load(own));
      const least = f32x4.pmin(v128.load32_splat(nearest + (i << 2)), square);
      const weight = weights ? v128.load64_splat(weights + (i << 3)) : f64x2.splat(1);
      low = f64x2.add(low, f64x2.mul(weight, f64x2.promote_low_f32x4(least)));
      high = f64x2.add(high, f64x2.mul(weight, f64x2.promote_low_f32x4(upper(least))));
      own += line;
    }
    const out = potentials + (<usize>first << 3);
    store<f64>(out, f64x2.extract_lane(low, 0));
    if (first + 1 < drawnCount) store<f64>(out + 8, f64x2.extract_lane(low, 1));
    if (first + 2 < drawnCount) store<f64>(out + 16, f64x2.extract_lane(high, 0));
    if (first + 3 < drawnCount) store<f64>(out + 24, f64x2.extract_lane(high, 1));
  }
}

export function seed_lower_f32(
  distances: usize, nearest: usize, pointCount: i32, stride: i32, chosen: i32,
): void {
  let at = distances + (<usize>chosen << 2);
  for (let i: usize = 0; i < <usize>pointCount; i++) {
    const distance = load<f32>(at), known = load<f32>(nearest + (i << 2));
    const square: f32 = distance > 0 ? distance : 0;
    if (square < known) store<f32>(nearest + (i << 2), square);
    at += <usize>stride << 2;
  }
}

export function center_distances_f64(
  columns: usize, centers: usize, distances: usize, nearest: usize, least: usize,
  rowCount: i32, centerCount: i32, dimension: i32,
): void {
  const stride = <usize>rowCount << 3;
  for (let at: usize = 0; at < stride; at += 8) {
    store<f64>(nearest + at, NaN);
    store<f64>(least + at, INFINITE);
  }
  const quads = <usize>(rowCount & ~3) << 3;
  for (let k = 0; k < centerCount; k++) {
    const center = centers + (<usize>k * <usize>dimension << 3);
    const place = f64x2.splat(<f64>k);
    let at: usize = 0;
    for (; at < quads; at += 32) {
      let a = f64x2.splat(0), b = f64x2.splat(0);
      let column = columns + at;
      for (let j: usize = 0; j < <usize>dimension << 3; j += 8) {
        const middle = v128.load64_splat(center + j);
        const first = f64x2.sub(v128.load(column), middle), second = f64x2.sub(v128.load(column, 16), middle);
        a = f64x2.add(a, f64x2.mul(first, first));
        b = f64x2.add(b, f64x2.mul(second, second));
        column += stride;
      }
      v128.store(distances + at, f64x2.sqrt(a));
      v128.store(distances + at, f64x2.sqrt(b), 16);
      const oldA = v128.load(least + at), oldB = v128.load(least + at, 16);
      const lessA = f64x2.lt(a, oldA), lessB = f64x2.lt(b, oldB);
      v128.store(least + at, v128.bitselect(a, oldA, lessA));
      v128.store(least + at, v128.bitselect(b, oldB, lessB), 16);
      v128.store(nearest + at, v128.bitselect(place, v128.load(nearest + at), lessA));
      v128.store(nearest + at, v128.bitselect(place, v128.load(nearest + at, 16), lessB), 16);
    }
    for (; at < stride; at += 8) {
      let sum: f64 = 0;
      let column = columns + at;
      for (let j: usize = 0; j < <usize>dimension << 3; j += 8) {
        const difference = load<f64>(column) - load<f64>(center + j);
        sum += difference * difference;
        column += stride;
      }
      store<f64>(distances + at, Math.sqrt(sum));
      if (sum < load<f64>(least + at)) {
        store<f64>(least + at, sum);
        store<f64>(nearest + at, <f64>k);
      }
    }
    distances += stride;
  }
}
