// The law is src/kernels/factorization.ts.
import { sigmoid } from './inline/elementary';
import { uniformOfWords } from './inline/philox';
import { isSeen, offerScore } from './inline/ranked-list';

// @ts-ignore: decorator
@inline
function foldEight(a: v128, b: v128, c: v128, d: v128): f64 {
  const sum = f64x2.add(f64x2.add(a, c), f64x2.add(b, d));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

// Σ a·b in eight lanes; what is missing of the last eight adds 0 to sums that are never −0.
function laneDot(a: usize, b: usize, length: i32): f64 {
  const zero = f64x2.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  const end = a + (<usize>(length & ~7) << 3);
  for (; a < end; a += 64, b += 64) {
    s0 = f64x2.add(f64x2.mul(v128.load(a), v128.load(b)), s0);
    s1 = f64x2.add(f64x2.mul(v128.load(a, 16), v128.load(b, 16)), s1);
    s2 = f64x2.add(f64x2.mul(v128.load(a, 32), v128.load(b, 32)), s2);
    s3 = f64x2.add(f64x2.mul(v128.load(a, 48), v128.load(b, 48)), s3);
  }
  const rest = length & 7;
  if (rest >= 2) s0 = f64x2.add(f64x2.mul(v128.load(a), v128.load(b)), s0);
  if (rest >= 4) s1 = f64x2.add(f64x2.mul(v128.load(a, 16), v128.load(b, 16)), s1);
  if (rest >= 6) s2 = f64x2.add(f64x2.mul(v128.load(a, 32), v128.load(b, 32)), s2);
  if (rest & 1) {
    const at = <usize>(rest & 6) << 3;
    const last = f64x2.mul(v128.load64_zero(a + at), v128.load64_zero(b + at));
    if (rest == 1) s0 = f64x2.add(last, s0);
    else if (rest == 3) s1 = f64x2.add(last, s1);
    else if (rest == 5) s2 = f64x2.add(last, s2);
    else s3 = f64x2.add(last, s3);
  }
  return foldEight(s0, s1, s2, s3);
}

// to ← factor · from + to, bytes of a multiple of eight
// @ts-ignore: decorator
@inline
function addMultiple(to: usize, from: usize, factor: f64, bytes: usize): void {
  const both = f64x2.splat(factor);
  const end = to + (bytes & ~15);
  for (; to < end; to += 16, from += 16) {
    v128.store(to, f64x2.add(f64x2.mul(both, v128.load(from)), v128.load(to)));
  }
  if (bytes & 8) store<f64>(to, factor * load<f64>(from) + load<f64>(to));
}

// to ← to − factor · from
// @ts-ignore: decorator
@inline
function subtractMultiple(to: usize, from: usize, factor: f64, bytes: usize): void {
  const both = f64x2.splat(factor);
  const end = to + (bytes & ~15);
  for (; to < end; to += 16, from += 16) {
    v128.store(to, f64x2.sub(v128.load(to), f64x2.mul(both, v128.load(from))));
  }
  if (bytes & 8) store<f64>(to, load<f64>(to) - factor * load<f64>(from));
}

// Upper half of `system` (rows of `stride` bytes) += Σ w·y·yᵀ over four rows y at once.
// @ts-ignore: decorator
@inline
function addOuter4(
  system: usize, stride: usize, width: usize,
  y0: usize, y1: usize, y2: usize, y3: usize, w0: f64, w1: f64, w2: f64, w3: f64,
): void {
  for (let i: usize = 0; i < width; i += 8, system += stride) {
    const f0 = w0 * load<f64>(y0 + i), f1 = w1 * load<f64>(y1 + i);
    const f2 = w2 * load<f64>(y2 + i), f3 = w3 * load<f64>(y3 + i);
    const v0 = f64x2.splat(f0), v1 = f64x2.splat(f1), v2 = f64x2.splat(f2), v3 = f64x2.splat(f3);
    let j = i;
    const end = i + ((width - i) & ~15);
    for (; j < end; j += 16) {
      let sum = f64x2.add(f64x2.mul(v0, v128.load(y0 + j)), v128.load(system + j));
      sum = f64x2.add(f64x2.mul(v1, v128.load(y1 + j)), sum);
      sum = f64x2.add(f64x2.mul(v2, v128.load(y2 + j)), sum);
      v128.store(system + j, f64x2.add(f64x2.mul(v3, v128.load(y3 + j)), sum));
    }
    if (j < width) {
      let sum = f0 * load<f64>(y0 + j) + load<f64>(system + j);
      sum = f1 * load<f64>(y1 + j) + sum;
      sum = f2 * load<f64>(y2 + j) + sum;
      store<f64>(system + j, f3 * load<f64>(y3 + j) + sum);
    }
  }
}

// @ts-ignore: decorator
@inline
function addOuter(system: usize, stride: usize, width: usize, y: usize, weight: f64): void {
  for (let i: usize = 0; i < width; i += 8, system += stride) {
    addMultiple(system + i, y + i, weight * load<f64>(y + i), width - i);
  }
}

export function factor_solve_rows_f64(
  offsets: usize, indices: usize, weights: usize, targets: usize, others: usize, gram: usize, out: usize, system: usize,
  rowCount: i32, entryCount: i32, otherCount: i32, rank: i32, ridge: f64, ridgePerEntry: f64,
): void {
  const width = <usize>rank << 3;
  const stride = width + 8;
  const inverses = system + <usize>rank * stride;
  for (let row = 0; row < rowCount; row++, out += width) {
    const first = load<i32>(offsets + (<usize>row << 2)), last = load<i32>(offsets + (<usize>row << 2), 4);
    if (first == last) {
      memory.fill(out, 0, width);
      continue;
    }
    for (let i: usize = 0; i < width; i += 8) {
      const at = system + (i >> 3) * stride;
      if (gram) memory.copy(at + i, gram + (i >> 3) * width + i, width - i);
      else memory.fill(at + i, 0, width - i);
      store<f64>(at + width, 0);
    }
    let e = first;
    for (; e + 4 <= last; e += 4) {
      const index = indices + (<usize>e << 2);
      const y0 = others + <usize>load<i32>(index) * width, y1 = others + <usize>load<i32>(index, 4) * width;
      const y2 = others + <usize>load<i32>(index, 8) * width, y3 = others + <usize>load<i32>(index, 12) * width;
      const weight = weights + (<usize>e << 3), target = targets + (<usize>e << 3);
      addOuter4(
        system, stride, width, y0, y1, y2, y3,
        load<f64>(weight), load<f64>(weight, 8), load<f64>(weight, 16), load<f64>(weight, 24),
      );
      const t0 = load<f64>(target), t1 = load<f64>(target, 8), t2 = load<f64>(target, 16), t3 = load<f64>(target, 24);
      let at = system + width;
      for (let i: usize = 0; i < width; i += 8, at += stride) {
        let sum = t0 * load<f64>(y0 + i) + load<f64>(at);
        sum = t1 * load<f64>(y1 + i) + sum;
        sum = t2 * load<f64>(y2 + i) + sum;
        store<f64>(at, t3 * load<f64>(y3 + i) + sum);
      }
    }
    for (; e < last; e++) {
      const y = others + <usize>load<i32>(indices + (<usize>e << 2)) * width;
      addOuter(system, stride, width, y, load<f64>(weights + (<usize>e << 3)));
      const target = load<f64>(targets + (<usize>e << 3));
      let at = system + width;
      for (let i: usize = 0; i < width; i += 8, at += stride) store<f64>(at, target * load<f64>(y + i) + load<f64>(at));
    }
    const diagonal = ridgePerEntry * <f64>(last - first) + ridge;
    for (let i = 0; i < rank; i++) {
      const at = system + <usize>i * (stride + 8);
      store<f64>(at, load<f64>(at) + diagonal);
    }
    for (let k: usize = 0; k < width; k += 8) {
      const top = system + (k >> 3) * stride;
      const pivot = load<f64>(top + k);
      const inverse: f64 = pivot > 0 ? 1 / Math.sqrt(pivot) : 0;
      store<f64>(inverses + k, inverse);
      for (let j = k; j <= width; j += 8) store<f64>(top + j, load<f64>(top + j) * inverse);
      let at = top + stride;
      for (let i = k + 8; i < width; i += 8, at += stride) {
        subtractMultiple(at + i, top + i, load<f64>(top + i), stride - i);
      }
    }
    for (let i = rank - 1; i >= 0; i--) {
      const at = system + <usize>i * stride;
      const after = <usize>(i + 1) << 3;
      const known = laneDot(at + after, out + after, rank - i - 1);
      store<f64>(out + after - 8, (load<f64>(at + width) - known) * load<f64>(inverses + (<usize>i << 3)));
    }
  }
}

// to ← (diagonal + G) v + Σ (w·(y·v) − t) y; targets = 0: without t
// @ts-ignore: decorator
@inline
function applySystem(
  v: usize, to: usize, indices: usize, weights: usize, targets: usize, others: usize, gram: usize,
  first: i32, last: i32, rank: i32, diagonal: f64,
): void {
  const width = <usize>rank << 3;
  for (let j: usize = 0; j < width; j += 8) store<f64>(to + j, diagonal * load<f64>(v + j));
  if (gram) {
    for (let k: usize = 0; k < width; k += 8) addMultiple(to, gram + (k >> 3) * width, load<f64>(v + k), width);
  }
  for (let e = first; e < last; e++) {
    const y = others + <usize>load<i32>(indices + (<usize>e << 2)) * width;
    let factor = load<f64>(weights + (<usize>e << 3)) * laneDot(y, v, rank);
    if (targets) factor -= load<f64>(targets + (<usize>e << 3));
    addMultiple(to, y, factor, width);
  }
}

export function factor_conjugate_rows_f64(
  offsets: usize, indices: usize, weights: usize, targets: usize, others: usize, gram: usize, rows: usize, vectors: usize,
  rowCount: i32, entryCount: i32, otherCount: i32, rank: i32, ridge: f64, ridgePerEntry: f64, steps: i32,
): void {
  const width = <usize>rank << 3;
  const residual = vectors, direction = vectors + width, product = vectors + 2 * width;
  for (let row = 0; row < rowCount; row++, rows += width) {
    const first = load<i32>(offsets + (<usize>row << 2)), last = load<i32>(offsets + (<usize>row << 2), 4);
    if (first == last) {
      memory.fill(rows, 0, width);
      continue;
    }
    const diagonal = ridgePerEntry * <f64>(last - first) + ridge;
    applySystem(rows, product, indices, weights, targets, others, gram, first, last, rank, diagonal);
    for (let j: usize = 0; j < width; j += 8) {
      const value = 0 - load<f64>(product + j);
      store<f64>(residual + j, value);
      store<f64>(direction + j, value);
    }
    let square = laneDot(residual, residual, rank);
    for (let step = 0; step < steps && square > 1e-20; step++) {
      applySystem(direction, product, indices, weights, 0, others, gram, first, last, rank, diagonal);
      const curvature = laneDot(direction, product, rank);
      if (!(curvature > 0)) break;
      const length = square / curvature;
      addMultiple(rows, direction, length, width);
      subtractMultiple(residual, product, length, width);
      const next = laneDot(residual, residual, rank);
      const share = next / square;
      for (let j: usize = 0; j < width; j += 8) {
        store<f64>(direction + j, share * load<f64>(direction + j) + load<f64>(residual + j));
      }
      square = next;
    }
  }
}

export function factor_losses_f64(
  offsets: usize, indices: usize, weights: usize, targets: usize, others: usize, gram: usize, rows: usize, out: usize,
  product: usize, rowCount: i32, entryCount: i32, otherCount: i32, rank: i32,
): void {
  const width = <usize>rank << 3;
  for (let row = 0; row < rowCount; row++, rows += width) {
    let loss: f64 = 0;
    if (gram) {
      memory.fill(product, 0, width);
      for (let k: usize = 0; k < width; k += 8) addMultiple(product, gram + (k >> 3) * width, load<f64>(rows + k), width);
      loss = laneDot(rows, product, rank);
    }
    const last = load<i32>(offsets + (<usize>row << 2), 4);
    for (let e = load<i32>(offsets + (<usize>row << 2)); e < last; e++) {
      const score = laneDot(others + <usize>load<i32>(indices + (<usize>e << 2)) * width, rows, rank);
      const at = <usize>e << 3;
      loss = (load<f64>(weights + at) * score - 2 * load<f64>(targets + at)) * score + loss;
    }
    store<f64>(out + (<usize>row << 3), loss);
  }
}

export function factor_gram_f64(rows: usize, out: usize, rowCount: i32, rank: i32): void {
  const width = <usize>rank << 3;
  memory.fill(out, 0, <usize>rank * width);
  let row = 0;
  for (; row + 4 <= rowCount; row += 4, rows += 4 * width) {
    addOuter4(out, width, width, rows, rows + width, rows + 2 * width, rows + 3 * width, 1, 1, 1, 1);
  }
  for (; row < rowCount; row++, rows += width) addOuter(out, width, width, rows, 1);
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < i; j++) {
      store<f64>(out + (<usize>(i * rank + j) << 3), load<f64>(out + (<usize>(j * rank + i) << 3)));
    }
  }
}

export function bpr_update_f64(
  users: usize, items: usize, seenOffsets: usize, seenItems: usize, blockItems: usize,
  userFactors: usize, itemFactors: usize, itemBiases: usize, counts: usize,
  keyLow: i32, keyHigh: i32, startIndex: f64, stepCount: i32, entryCount: i32, blockItemCount: i32,
  userCount: i32, itemCount: i32, seenCount: i32, rank: i32, learningRate: f64, regularization: f64,
): void {
  const width = <usize>rank << 3;
  const whole = width & ~63, pairs = width & ~15;
  const rate = f64x2.splat(learningRate), pull = f64x2.splat(regularization);
  const zero = f64x2.splat(0);
  let right = 0, drawn = 0;
  if (entryCount == 0 || blockItemCount == 0) stepCount = 0;
  const block = <u64>startIndex;
  for (let step = 0; step < stepCount; step++) {
    let x0 = <u32>(block + step), x1 = <u32>((block + step) >> 32), x2: u32 = 0, x3: u32 = 0;
    let key0 = <u32>keyLow, key1 = <u32>keyHigh;
    for (let round = 0; round < 10; round++) {
      const product0 = <u64>x0 * 0xd2511f53, product1 = <u64>x2 * 0xcd9e8d57;
      x0 = <u32>(product1 >> 32) ^ x1 ^ key0;
      x1 = <u32>product1;
      x2 = <u32>(product0 >> 32) ^ x3 ^ key1;
      x3 = <u32>product0;
      key0 += 0x9e3779b9;
      key1 += 0xbb67ae85;
    }
    const entry = <usize>(uniformOfWords(x0, x1) * <f64>entryCount) << 2;
    const other = load<i32>(blockItems + (<usize>(uniformOfWords(x2, x3) * <f64>blockItemCount) << 2));
    const user = <usize>load<i32>(users + entry), item = <usize>load<i32>(items + entry);
    const seen = seenOffsets + (user << 2);
    if (isSeen(seenItems, load<i32>(seen), load<i32>(seen, 4), other)) continue;
    const u = userFactors + user * width, a = itemFactors + item * width, b = itemFactors + <usize>other * width;
    let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
    let j: usize = 0;
    for (; j < whole; j += 64) {
      s0 = f64x2.add(f64x2.mul(v128.load(u + j), f64x2.sub(v128.load(a + j), v128.load(b + j))), s0);
      s1 = f64x2.add(f64x2.mul(v128.load(u + j, 16), f64x2.sub(v128.load(a + j, 16), v128.load(b + j, 16))), s1);
      s2 = f64x2.add(f64x2.mul(v128.load(u + j, 32), f64x2.sub(v128.load(a + j, 32), v128.load(b + j, 32))), s2);
      s3 = f64x2.add(f64x2.mul(v128.load(u + j, 48), f64x2.sub(v128.load(a + j, 48), v128.load(b + j, 48))), s3);
    }
    const rest = rank & 7;
    if (rest >= 2) s0 = f64x2.add(f64x2.mul(v128.load(u + j), f64x2.sub(v128.load(a + j), v128.load(b + j))), s0);
    if (rest >= 4) s1 = f64x2.add(f64x2.mul(v128.load(u + j, 16), f64x2.sub(v128.load(a + j, 16), v128.load(b + j, 16))), s1);
    if (rest >= 6) s2 = f64x2.add(f64x2.mul(v128.load(u + j, 32), f64x2.sub(v128.load(a + j, 32), v128.load(b + j, 32))), s2);
    if (rest & 1) {
      const at = j + (<usize>(rest & 6) << 3);
      const last = f64x2.replace_lane(zero, 0, load<f64>(u + at) * (load<f64>(a + at) - load<f64>(b + at)));
      if (rest == 1) s0 = f64x2.add(last, s0);
      else if (rest == 3) s1 = f64x2.add(last, s1);
      else if (rest == 5) s2 = f64x2.add(last, s2);
      else s3 = f64x2.add(last, s3);
    }
    const biasA = itemBiases + (item << 3), biasB = itemBiases + (<usize>other << 3);
    const lead = load<f64>(biasA) - load<f64>(biasB) + foldEight(s0, s1, s2, s3);
    const z = sigmoid(-lead);
    drawn++;
    if (lead > 0) right++;
    const zz = f64x2.splat(z);
    for (j = 0; j < pairs; j += 16) {
      const x = v128.load(u + j), p = v128.load(a + j), q = v128.load(b + j);
      const zx = f64x2.mul(zz, x);
      v128.store(u + j, f64x2.add(x, f64x2.mul(rate, f64x2.sub(f64x2.mul(zz, f64x2.sub(p, q)), f64x2.mul(pull, x)))));
      v128.store(a + j, f64x2.add(p, f64x2.mul(rate, f64x2.sub(zx, f64x2.mul(pull, p)))));
      v128.store(b + j, f64x2.sub(q, f64x2.mul(rate, f64x2.add(zx, f64x2.mul(pull, q)))));
    }
    if (j < width) {
      const x = load<f64>(u + j), p = load<f64>(a + j), q = load<f64>(b + j);
      store<f64>(u + j, x + learningRate * (z * (p - q) - regularization * x));
      store<f64>(a + j, p + learningRate * (z * x - regularization * p));
      store<f64>(b + j, q - learningRate * (z * x + regularization * q));
    }
    const p = load<f64>(biasA), q = load<f64>(biasB);
    store<f64>(biasA, p + learningRate * (z - regularization * p));
    store<f64>(biasB, q - learningRate * (z + regularization * q));
  }
  store<i32>(counts, right);
  store<i32>(counts, drawn, 4);
}

export function factor_top_f64(
  rows: usize, panels: usize, biases: usize, seenOffsets: usize, seenItems: usize, allowed: usize, scores: usize, items: usize,
  userCount: i32, itemCount: i32, seenCount: i32, rank: i32, n: i32,
): void {
  for (let i = 0; i < userCount * n; i++) {
    store<f64>(scores + (<usize>i << 3), -Infinity);
    store<i32>(items + (<usize>i << 2), -1);
  }
  const width = <usize>rank << 3;
  const lastPlace = <usize>(n - 1) << 3;
  for (let user = 0; user < userCount; user += 2) {
    // The last user of an odd number is looked at twice side by side, and offered to once.
    const both = user + 1 < userCount;
    const x0 = rows + <usize>user * width, x1 = both ? x0 + width : x0;
    const list0 = scores + (<usize>(user * n) << 3), list1 = both ? list0 + (<usize>n << 3) : list0;
    const names0 = items + (<usize>(user * n) << 2), names1 = both ? names0 + (<usize>n << 2) : names0;
    const seen = seenOffsets + (<usize>user << 2);
    const start0 = load<i32>(seen), start1 = load<i32>(seen, 4);
    const end1 = both ? load<i32>(seen, 8) : start1;
    let panel = panels;
    for (let first = 0; first < itemCount; first += 8) {
      const bias = biases + (<usize>first << 3);
      let a0 = v128.load(bias), a1 = v128.load(bias, 16), a2 = v128.load(bias, 32), a3 = v128.load(bias, 48);
      let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
      for (let j: usize = 0; j < width; j += 8, panel += 64) {
        const u = v128.load64_splat(x0 + j), v = v128.load64_splat(x1 + j);
        const p0 = v128.load(panel), p1 = v128.load(panel, 16), p2 = v128.load(panel, 32), p3 = v128.load(panel, 48);
        a0 = f64x2.add(f64x2.mul(u, p0), a0);
        a1 = f64x2.add(f64x2.mul(u, p1), a1);
        a2 = f64x2.add(f64x2.mul(u, p2), a2);
        a3 = f64x2.add(f64x2.mul(u, p3), a3);
        b0 = f64x2.add(f64x2.mul(v, p0), b0);
        b1 = f64x2.add(f64x2.mul(v, p1), b1);
        b2 = f64x2.add(f64x2.mul(v, p2), b2);
        b3 = f64x2.add(f64x2.mul(v, p3), b3);
      }
      const valid = itemCount - first >= 8 ? 255 : (1 << (itemCount - first)) - 1;
      let open = above(a0, a1, a2, a3, v128.load64_splat(list0 + lastPlace)) & valid;
      while (open != 0) {
        const bit = ctz(open);
        open &= open - 1;
        offerUnseen(list0, names0, n, lane(a0, a1, a2, a3, bit), first + bit, allowed, seenItems, start0, start1);
      }
      if (!both) continue;
      open = above(b0, b1, b2, b3, v128.load64_splat(list1 + lastPlace)) & valid;
      while (open != 0) {
        const bit = ctz(open);
        open &= open - 1;
        offerUnseen(list1, names1, n, lane(b0, b1, b2, b3, bit), first + bit, allowed, seenItems, start1, end1);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function above(a: v128, b: v128, c: v128, d: v128, limit: v128): i32 {
  return i64x2.bitmask(f64x2.gt(a, limit)) | (i64x2.bitmask(f64x2.gt(b, limit)) << 2)
    | (i64x2.bitmask(f64x2.gt(c, limit)) << 4) | (i64x2.bitmask(f64x2.gt(d, limit)) << 6);
}

// @ts-ignore: decorator
@inline
function lane(a: v128, b: v128, c: v128, d: v128, place: i32): f64 {
  const pair = place < 2 ? a : place < 4 ? b : place < 6 ? c : d;
  return place & 1 ? f64x2.extract_lane(pair, 1) : f64x2.extract_lane(pair, 0);
}

function offerUnseen(
  scores: usize, items: usize, n: i32, score: f64, item: i32, allowed: usize, seenItems: usize, start: i32, end: i32,
): void {
  if (allowed && load<u8>(allowed + item) == 0) return;
  if (isSeen(seenItems, start, end, item)) return;
  offerScore(scores, items, n, score, item);
}
