// Neighbours by a k-d tree: src/kernels/kd-tree.ts is the law. A leaf's points lie in panels of eight: four registers of two.
// Scratch: 32 distances of nodes that wait, those nodes, eight distances of points.

const MANHATTAN: i32 = 4;
const CHEBYSHEV: i32 = 5;
const WAITING: usize = 32 << 3;
const FOUND: usize = 64 << 3;

// What the box of a node is away from a query: not above the distance of any point in it, to the last bit.
function boxDistance(query: usize, boxes: usize, node: i32, dimension: i32, metric: i32): f64 {
  const bytes = <usize>dimension << 3;
  let low = boxes + <usize>node * 2 * bytes;
  const end = low + bytes;
  let sum: f64 = 0;
  while (low < end) {
    const value = load<f64>(query);
    const below = load<f64>(low) - value, above = value - load<f64>(low + bytes);
    let size = below > above ? below : above;
    size = size > 0 ? size : 0;
    if (metric == MANHATTAN) sum += size;
    else if (metric == CHEBYSHEV) sum = size > sum ? size : sum;
    else sum += size * size;
    low += 8;
    query += 8;
  }
  return sum;
}

// Distances of a panel's points.
// @ts-ignore: decorator
@inline
function panelDistances(query: usize, coordinates: usize, dimension: i32, metric: i32, to: usize): void {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = query + (<usize>dimension << 3);
  if (metric == MANHATTAN) {
    for (; query < end; query += 8, coordinates += 64) {
      const value = v128.load64_splat(query);
      s0 = f64x2.add(s0, f64x2.abs(f64x2.sub(value, v128.load(coordinates))));
      s1 = f64x2.add(s1, f64x2.abs(f64x2.sub(value, v128.load(coordinates, 16))));
      s2 = f64x2.add(s2, f64x2.abs(f64x2.sub(value, v128.load(coordinates, 32))));
      s3 = f64x2.add(s3, f64x2.abs(f64x2.sub(value, v128.load(coordinates, 48))));
    }
  } else if (metric == CHEBYSHEV) {
    for (; query < end; query += 8, coordinates += 64) {
      const value = v128.load64_splat(query);
      s0 = larger(s0, f64x2.abs(f64x2.sub(value, v128.load(coordinates))));
      s1 = larger(s1, f64x2.abs(f64x2.sub(value, v128.load(coordinates, 16))));
      s2 = larger(s2, f64x2.abs(f64x2.sub(value, v128.load(coordinates, 32))));
      s3 = larger(s3, f64x2.abs(f64x2.sub(value, v128.load(coordinates, 48))));
    }
  } else {
    for (; query < end; query += 8, coordinates += 64) {
      const value = v128.load64_splat(query);
      const d0 = f64x2.sub(value, v128.load(coordinates)), d1 = f64x2.sub(value, v128.load(coordinates, 16));
      const d2 = f64x2.sub(value, v128.load(coordinates, 32)), d3 = f64x2.sub(value, v128.load(coordinates, 48));
      s0 = f64x2.add(s0, f64x2.mul(d0, d0)); s1 = f64x2.add(s1, f64x2.mul(d1, d1));
      s2 = f64x2.add(s2, f64x2.mul(d2, d2)); s3 = f64x2.add(s3, f64x2.mul(d3, d3));
    }
  }
  v128.store(to, s0); v128.store(to, s1, 16); v128.store(to, s2, 32); v128.store(to, s3, 48);
}

// @ts-ignore: decorator
@inline
function larger(sum: v128, size: v128): v128 {
  return v128.bitselect(size, sum, f64x2.gt(size, sum));
}

// A bit for each of a panel's points at most `limit` away; not a number: no point.
// @ts-ignore: decorator
@inline
function atMost(found: usize, limit: f64): i32 {
  const most = f64x2.splat(limit);
  return i64x2.bitmask(f64x2.le(v128.load(found), most)) | i64x2.bitmask(f64x2.le(v128.load(found, 16), most)) << 2 |
    i64x2.bitmask(f64x2.le(v128.load(found, 32), most)) << 4 | i64x2.bitmask(f64x2.le(v128.load(found, 48), most)) << 6;
}

// Puts a point among the k nearest so far, the lower index first among equals.
function offerNearest(index: i32, distance: f64, distances: usize, indices: usize, k: i32): void {
  let place = k - 1;
  const last = load<f64>(distances + (<usize>place << 3));
  if (!(distance < last || (distance == last && index < load<i32>(indices + (<usize>place << 2))))) return;
  for (; place > 0; place--) {
    const before = load<f64>(distances + (<usize>(place - 1) << 3));
    const beforeIndex = load<i32>(indices + (<usize>(place - 1) << 2));
    if (before < distance || (before == distance && beforeIndex < index)) break;
    store<f64>(distances + (<usize>place << 3), before);
    store<i32>(indices + (<usize>place << 2), beforeIndex);
  }
  store<f64>(distances + (<usize>place << 3), distance);
  store<i32>(indices + (<usize>place << 2), index);
}

// Visits the leaves in which a query may find something. k > 0: its nearest, and `limit` is the k-th of them; k = 0: all
// within the limit, counted, and written where `distances` is not 0. Returns how many were found.
function visit(
  query: usize, own: i32, panels: usize, order: usize, boxes: usize, leaves: usize, distances: usize, indices: usize,
  scratch: usize, dimension: i32, depth: i32, metric: i32, limit: f64, k: i32,
): i32 {
  const firstLeaf = (1 << depth) - 1;
  const panelBytes = <usize>dimension << 6;
  const farthest = distances + (<usize>(k - 1) << 3);
  const waiting = scratch + WAITING, found = scratch + FOUND;
  let total = 0, count = 0, node = 0;
  let distance = boxDistance(query, boxes, 0, dimension, metric);
  while (true) {
    while (node < firstLeaf && !(distance > limit)) {
      const left = 2 * node + 1;
      const toLeft = boxDistance(query, boxes, left, dimension, metric);
      const toRight = boxDistance(query, boxes, left + 1, dimension, metric);
      const rightFirst = toRight < toLeft;
      const place = <usize>count << 3;
      store<i32>(waiting + place, rightFirst ? left : left + 1);
      store<f64>(scratch + place, rightFirst ? toLeft : toRight);
      count++;
      node = rightFirst ? left + 1 : left;
      distance = rightFirst ? toRight : toLeft;
    }
    if (!(distance > limit)) {
      const leaf = leaves + (<usize>(node - firstLeaf) << 2);
      const end = load<i32>(leaf, 4);
      for (let panel = load<i32>(leaf); panel < end; panel++) {
        panelDistances(query, panels + <usize>panel * panelBytes, dimension, metric, found);
        const first = order + (<usize>panel << 5);
        for (let open = atMost(found, limit); open != 0; open &= open - 1) {
          const place = <usize>ctz(open);
          const index = load<i32>(first + (place << 2));
          if (index < 0 || index == own) continue;
          const away = load<f64>(found + (place << 3));
          if (k > 0) {
            offerNearest(index, away, distances, indices, k);
            limit = load<f64>(farthest);
            continue;
          }
          if (distances != 0) {
            store<f64>(distances + (<usize>total << 3), away);
            store<i32>(indices + (<usize>total << 2), index);
          }
          total++;
        }
      }
    }
    do {
      if (count == 0) return total;
      count--;
      distance = load<f64>(scratch + (<usize>count << 3));
    } while (distance > limit);
    node = load<i32>(waiting + (<usize>count << 3));
  }
}

export function kd_tree_nearest_f64(
  queries: usize, panels: usize, order: usize, boxes: usize, leaves: usize, distances: usize, indices: usize, scratch: usize,
  queryCount: i32, panelCount: i32, dimension: i32, depth: i32, metric: i32, self: i32, k: i32,
): void {
  for (let i = 0; i < queryCount * k; i++) {
    store<f64>(distances + (<usize>i << 3), Infinity);
    store<i32>(indices + (<usize>i << 2), -1);
  }
  for (let i = 0; i < queryCount; i++) {
    visit(
      queries + (<usize>i * <usize>dimension << 3), self < 0 ? -1 : self + i, panels, order, boxes, leaves,
      distances + (<usize>i * <usize>k << 3), indices + (<usize>i * <usize>k << 2), scratch, dimension, depth, metric, Infinity, k,
    );
  }
}

export function kd_tree_count_f64(
  queries: usize, panels: usize, order: usize, boxes: usize, leaves: usize, counts: usize, scratch: usize,
  queryCount: i32, panelCount: i32, dimension: i32, depth: i32, metric: i32, self: i32, limit: f64,
): void {
  for (let i = 0; i < queryCount; i++) {
    store<i32>(counts + (<usize>i << 2), visit(
      queries + (<usize>i * <usize>dimension << 3), self < 0 ? -1 : self + i, panels, order, boxes, leaves, 0, 0, scratch,
      dimension, depth, metric, limit, 0,
    ));
  }
}

export function kd_tree_within_f64(
  queries: usize, panels: usize, order: usize, boxes: usize, leaves: usize, offsets: usize, indices: usize, distances: usize,
  scratch: usize,
  queryCount: i32, panelCount: i32, dimension: i32, depth: i32, metric: i32, self: i32, limit: f64, found: i32,
): void {
  for (let i = 0; i < queryCount; i++) {
    const offset = <usize>load<i32>(offsets + (<usize>i << 2));
    const places = indices + (offset << 2), aways = distances + (offset << 3);
    const count = visit(
      queries + (<usize>i * <usize>dimension << 3), self < 0 ? -1 : self + i, panels, order, boxes, leaves, aways, places, scratch,
      dimension, depth, metric, limit, 0,
    );
    sortByIndex(places, aways, count);
  }
}

// Shell's sort, with Ciura's gaps.
function sortByIndex(indices: usize, distances: usize, count: i32): void {
  for (let gap = 701; gap > 0; gap = nextGap(gap)) {
    for (let i = gap; i < count; i++) {
      const index = load<i32>(indices + (<usize>i << 2));
      const distance = load<f64>(distances + (<usize>i << 3));
      let place = i;
      while (place >= gap && load<i32>(indices + (<usize>(place - gap) << 2)) > index) {
        store<i32>(indices + (<usize>place << 2), load<i32>(indices + (<usize>(place - gap) << 2)));
        store<f64>(distances + (<usize>place << 3), load<f64>(distances + (<usize>(place - gap) << 3)));
        place -= gap;
      }
      store<i32>(indices + (<usize>place << 2), index);
      store<f64>(distances + (<usize>place << 3), distance);
    }
  }
}

function nextGap(gap: i32): i32 {
  if (gap > 57) return gap > 301 ? 301 : gap > 132 ? 132 : 57;
  if (gap > 10) return gap > 23 ? 23 : 10;
  return gap > 4 ? 4 : gap > 1 ? 1 : 0;
}
