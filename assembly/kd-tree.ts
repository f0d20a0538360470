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
// within the limit, counted, and written where `distances` is not 0. Returns how many were found; stops where that is enough.
function visit(
  query: usize, own: i32, panels: usize, order: usize, boxes: usize, leaves: usize, distances: usize, indices: usize,
  scratch: usize, dimension: i32, depth: i32, metric: i32, limit: f64, k: i32, enough: i32,
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
        if (total >= enough) return enough;
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
      i32.MAX_VALUE,
    );
  }
}

export function kd_tree_count_f64(
  queries: usize, panels: usize, order: usize, boxes: usize, leaves: usize, counts: usize, scratch: usize,
  queryCount: i32, panelCount: i32, dimension: i32, depth: i32, metric: i32, self: i32, limit: f64,
  enough: i32,
): void {
  for (let i = 0; i < queryCount; i++) {
    store<i32>(counts + (<usize>i << 2), visit(
      queries + (<usize>i * <usize>dimension << 3), self < 0 ? -1 : self + i, panels, order, boxes, leaves, 0, 0, scratch,
      dimension, depth, metric, limit, 0, enough,
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
      dimension, depth, metric, limit, 0, i32.MAX_VALUE,
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

// Where a node's points begin in the order, where its right child's do, and where they end.
// @ts-ignore: decorator
@inline
function cut(count: i32, place: i32, level: i32): i32 {
  return <i32>((<i64>count * <i64>place) >> <i64>level);
}

// The box of some points; which coordinate is spread most.
function boxOf(values: usize, dimension: i32, order: usize, start: i32, end: i32, low: usize): i32 {
  const bytes = <usize>dimension << 3;
  for (let j: usize = 0; j < bytes; j += 8) {
    store<f64>(low + j, Infinity);
    store<f64>(low + bytes + j, -Infinity);
  }
  for (let i = start; i < end; i++) {
    const point = values + <usize>load<i32>(order + (<usize>i << 2)) * bytes;
    for (let j: usize = 0; j < bytes; j += 8) {
      const value = load<f64>(point + j);
      if (value < load<f64>(low + j)) store<f64>(low + j, value);
      if (value > load<f64>(low + bytes + j)) store<f64>(low + bytes + j, value);
    }
  }
  let widest = 0;
  let most = load<f64>(low + bytes) - load<f64>(low);
  for (let j = 1; j < dimension; j++) {
    const at = low + (<usize>j << 3);
    const spread = load<f64>(at + bytes) - load<f64>(at);
    if (!(spread > most)) continue;
    most = spread;
    widest = j;
  }
  return widest;
}

// Rearranges points so that those before `middle` are not behind those from it on: Hoare's selection.
function halve(
  values: usize, dimension: i32, column: i32, order: usize, keys: usize, start: i32, middle: i32, end: i32,
): void {
  const bytes = <usize>dimension << 3;
  values += <usize>column << 3;
  for (let i = start; i < end; i++) {
    store<f64>(keys + (<usize>i << 3), load<f64>(values + <usize>load<i32>(order + (<usize>i << 2)) * bytes));
  }
  let low = start, high = end - 1;
  while (low < high) {
    const a = load<f64>(keys + (<usize>low << 3)), b = load<f64>(keys + (<usize>((low + high) >> 1) << 3));
    const pivot = max(min(a, b), min(max(a, b), load<f64>(keys + (<usize>high << 3))));
    let i = low, j = high;
    while (i <= j) {
      while (load<f64>(keys + (<usize>i << 3)) < pivot) i++;
      while (load<f64>(keys + (<usize>j << 3)) > pivot) j--;
      if (i > j) break;
      const keyI = keys + (<usize>i << 3), keyJ = keys + (<usize>j << 3);
      const orderI = order + (<usize>i << 2), orderJ = order + (<usize>j << 2);
      const key = load<f64>(keyI), index = load<i32>(orderI);
      store<f64>(keyI, load<f64>(keyJ));
      store<i32>(orderI, load<i32>(orderJ));
      store<f64>(keyJ, key);
      store<i32>(orderJ, index);
      i++;
      j--;
    }
    if (middle <= j) high = j;
    else if (middle >= i) low = i;
    else return;
  }
}

export function kd_tree_split_f64(
  values: usize, order: usize, boxes: usize, keys: usize, pointCount: i32, dimension: i32, depth: i32, nodeStart: i32,
  nodeEnd: i32,
): void {
  for (let node = nodeStart; node < nodeEnd; node++) {
    const level = 31 - clz(node + 1);
    const place = node + 1 - (1 << level);
    const start = cut(pointCount, place, level), end = cut(pointCount, place + 1, level);
    const widest = boxOf(values, dimension, order, start, end, boxes + (<usize>node * <usize>dimension << 4));
    if (level == depth) continue;
    halve(values, dimension, widest, order, keys, start, cut(pointCount, 2 * place + 1, level + 1), end);
  }
}

export function kd_tree_lay_f64(
  values: usize, sorted: usize, leaves: usize, panels: usize, order: usize, pointCount: i32, dimension: i32, depth: i32,
  panelCount: i32, leafStart: i32, leafEnd: i32,
): void {
  for (let leaf = leafStart; leaf < leafEnd; leaf++) {
    const start = cut(pointCount, leaf, depth), count = cut(pointCount, leaf + 1, depth) - start;
    const own = sorted + (<usize>start << 2);
    sortIndices(own, count);
    const first = load<i32>(leaves + (<usize>leaf << 2)) * 8;
    const places = load<i32>(leaves + (<usize>leaf << 2), 4) * 8 - first;
    for (let i = 0; i < places; i++) {
      const place = first + i;
      const index = i < count ? load<i32>(own + (<usize>i << 2)) : -1;
      store<i32>(order + (<usize>place << 2), index);
      let to = panels + ((<usize>(place >> 3) * <usize>dimension << 3) + <usize>(place & 7) << 3);
      const point = values + (<usize>max(0, index) * <usize>dimension << 3);
      for (let j = 0; j < dimension; j++, to += 64) {
        store<f64>(to, index < 0 ? NaN : load<f64>(point + (<usize>j << 3)));
      }
    }
  }
}

// Shell's sort, with Ciura's gaps.
function sortIndices(indices: usize, count: i32): void {
  for (let gap = 701; gap > 0; gap = nextGap(gap)) {
    for (let i = gap; i < count; i++) {
      const index = load<i32>(indices + (<usize>i << 2));
      let place = i;
      while (place >= gap && load<i32>(indices + (<usize>(place - gap) << 2)) > index) {
        store<i32>(indices + (<usize>place << 2), load<i32>(indices + (<usize>(place - gap) << 2)));
        place -= gap;
      }
      store<i32>(indices + (<usize>place << 2), index);
    }
  }
}

// Groups of nodes: what is not known, and nodes without a dense point.
const UNKNOWN: i32 = -1;
const NONE: i32 = -2;

// The first point of a set; on the way, points come nearer to it.
function firstOf(parents: usize, point: i32): i32 {
  while (true) {
    const at = parents + (<usize>point << 2);
    const parent = load<i32>(at);
    if (parent == point) return point;
    const above = load<i32>(parents + (<usize>parent << 2));
    store<i32>(at, above);
    point = above;
  }
}

// Learns of which set a node is from its children. Returns whether there is nothing in it that is not in the set of `own`.
function ofSet(parents: usize, groups: usize, node: i32, firstLeaf: i32, own: i32): bool {
  const at = groups + (<usize>node << 2);
  let group = load<i32>(at);
  if (group == UNKNOWN && node < firstLeaf) {
    const left = load<i32>(groups + (<usize>(2 * node + 1) << 2)), right = load<i32>(groups + (<usize>(2 * node + 2) << 2));
    if (left == NONE) group = right;
    else if (right == NONE) group = left;
    else if (left >= 0 && right >= 0 && firstOf(parents, left) == firstOf(parents, right)) group = left;
    store<i32>(at, group);
  }
  return group == NONE || (group >= 0 && firstOf(parents, group) == firstOf(parents, own));
}

// Joins a point with the dense ones of a leaf within the limit; learns of which set the leaf is.
function joinLeaf(
  query: usize, own: i32, panels: usize, order: usize, parents: usize, group: usize, found: usize, start: i32, end: i32,
  dimension: i32, metric: i32, limit: f64,
): void {
  for (let panel = start; panel < end; panel++) {
    panelDistances(query, panels + (<usize>panel * <usize>dimension << 6), dimension, metric, found);
    const first = order + (<usize>panel << 5);
    for (let open = atMost(found, limit); open != 0; open &= open - 1) {
      const index = load<i32>(first + (<usize>ctz(open) << 2));
      if (index < 0 || load<i32>(parents + (<usize>index << 2)) < 0) continue;
      const one = firstOf(parents, own), other = firstOf(parents, index);
      store<i32>(parents + (<usize>max(one, other) << 2), min(one, other));
    }
  }
  let set = NONE;
  const last = order + (<usize>end << 5);
  for (let at = order + (<usize>start << 5); at < last; at += 4) {
    const index = load<i32>(at);
    if (index < 0 || load<i32>(parents + (<usize>index << 2)) < 0) continue;
    const one = firstOf(parents, index);
    if (set == NONE) set = one;
    else if (set != one) return;
  }
  store<i32>(group, set);
}

function joinPoint(
  query: usize, own: i32, panels: usize, order: usize, boxes: usize, leaves: usize, parents: usize, groups: usize,
  scratch: usize, dimension: i32, depth: i32, metric: i32, limit: f64,
): void {
  const firstLeaf = (1 << depth) - 1;
  const waiting = scratch + WAITING;
  let count = 1;
  store<i32>(waiting, 0);
  while (count > 0) {
    const node = load<i32>(waiting + (<usize>(--count) << 3));
    if (boxDistance(query, boxes, node, dimension, metric) > limit || ofSet(parents, groups, node, firstLeaf, own)) continue;
    if (node < firstLeaf) {
      store<i32>(waiting + (<usize>count << 3), 2 * node + 2);
      store<i32>(waiting + (<usize>(count + 1) << 3), 2 * node + 1);
      count += 2;
      continue;
    }
    const leaf = leaves + (<usize>(node - firstLeaf) << 2);
    joinLeaf(
      query, own, panels, order, parents, groups + (<usize>node << 2), scratch + FOUND, load<i32>(leaf), load<i32>(leaf, 4),
      dimension, metric, limit,
    );
  }
}

export function kd_tree_join_f64(
  panels: usize, order: usize, boxes: usize, leaves: usize, parents: usize, groups: usize, scratch: usize,
  pointCount: i32, panelCount: i32, dimension: i32, depth: i32, metric: i32, limit: f64, leafStart: i32, leafEnd: i32,
): void {
  for (let node = 0; node < (2 << depth) - 1; node++) store<i32>(groups + (<usize>node << 2), UNKNOWN);
  const query = scratch + (72 << 3);
  const end = load<i32>(leaves + (<usize>leafEnd << 2)) * 8;
  for (let place = load<i32>(leaves + (<usize>leafStart << 2)) * 8; place < end; place++) {
    const own = load<i32>(order + (<usize>place << 2));
    if (own < 0 || load<i32>(parents + (<usize>own << 2)) < 0) continue;
    let from = panels + ((<usize>(place >> 3) * <usize>dimension << 3) + <usize>(place & 7) << 3);
    for (let j = 0; j < dimension; j++, from += 64) store<f64>(query + (<usize>j << 3), load<f64>(from));
    joinPoint(
      query, own, panels, order, boxes, leaves, parents, groups, scratch, dimension, depth, metric, limit,
    );
  }
  for (let i = 0; i < pointCount; i++) {
    const at = parents + (<usize>i << 2);
    if (load<i32>(at) >= 0) store<i32>(at, firstOf(parents, i));
  }
}
