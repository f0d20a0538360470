import { multiplyAdd } from './multiply-add';

// Tiles of four rows by two registers of columns, and the panels that they read: what products and Gram matrices are made of.

// Columns a panel: two registers.
// @ts-ignore: decorator
@inline
export function width<T>(): i32 { return 32 / <i32>sizeof<T>(); }

// Adds a tile of four rows, times ±1, to o0 … o3. `packed`: the rows lie element by element behind p0.
// @ts-ignore: decorator
@inline
function tile<T>(
  p0: usize, p1: usize, p2: usize, p3: usize, panel: usize, depth: i32, packed: bool, sign: T,
  o0: usize, o1: usize, o2: usize, o3: usize,
): void {
  const zero = v128.splat<T>(0);
  let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
  let low: v128, high: v128, a: v128, b: v128;
  const end = panel + (<usize>depth << 5);
  const unrolled = panel + ((<usize>depth & ~3) << 5);
  while (panel < unrolled) {
    low = v128.load(panel); high = v128.load(panel, 16);
    a = v128.load_splat<T>(p0); b = packed ? v128.load_splat<T>(p0, sizeof<T>()) : v128.load_splat<T>(p1);
    s00 = multiplyAdd<T>(a, low, s00); s01 = multiplyAdd<T>(a, high, s01);
    s10 = multiplyAdd<T>(b, low, s10); s11 = multiplyAdd<T>(b, high, s11);
    a = packed ? v128.load_splat<T>(p0, 2 * sizeof<T>()) : v128.load_splat<T>(p2);
    b = packed ? v128.load_splat<T>(p0, 3 * sizeof<T>()) : v128.load_splat<T>(p3);
    s20 = multiplyAdd<T>(a, low, s20); s21 = multiplyAdd<T>(a, high, s21);
    s30 = multiplyAdd<T>(b, low, s30); s31 = multiplyAdd<T>(b, high, s31);
    low = v128.load(panel, 32); high = v128.load(panel, 48);
    a = packed ? v128.load_splat<T>(p0, 4 * sizeof<T>()) : v128.load_splat<T>(p0, sizeof<T>());
    b = packed ? v128.load_splat<T>(p0, 5 * sizeof<T>()) : v128.load_splat<T>(p1, sizeof<T>());
    s00 = multiplyAdd<T>(a, low, s00); s01 = multiplyAdd<T>(a, high, s01);
    s10 = multiplyAdd<T>(b, low, s10); s11 = multiplyAdd<T>(b, high, s11);
    a = packed ? v128.load_splat<T>(p0, 6 * sizeof<T>()) : v128.load_splat<T>(p2, sizeof<T>());
    b = packed ? v128.load_splat<T>(p0, 7 * sizeof<T>()) : v128.load_splat<T>(p3, sizeof<T>());
    s20 = multiplyAdd<T>(a, low, s20); s21 = multiplyAdd<T>(a, high, s21);
    s30 = multiplyAdd<T>(b, low, s30); s31 = multiplyAdd<T>(b, high, s31);
    low = v128.load(panel, 64); high = v128.load(panel, 80);
    a = packed ? v128.load_splat<T>(p0, 8 * sizeof<T>()) : v128.load_splat<T>(p0, 2 * sizeof<T>());
    b = packed ? v128.load_splat<T>(p0, 9 * sizeof<T>()) : v128.load_splat<T>(p1, 2 * sizeof<T>());
    s00 = multiplyAdd<T>(a, low, s00); s01 = multiplyAdd<T>(a, high, s01);
    s10 = multiplyAdd<T>(b, low, s10); s11 = multiplyAdd<T>(b, high, s11);
    a = packed ? v128.load_splat<T>(p0, 10 * sizeof<T>()) : v128.load_splat<T>(p2, 2 * sizeof<T>());
    b = packed ? v128.load_splat<T>(p0, 11 * sizeof<T>()) : v128.load_splat<T>(p3, 2 * sizeof<T>());
    s20 = multiplyAdd<T>(a, low, s20); s21 = multiplyAdd<T>(a, high, s21);
    s30 = multiplyAdd<T>(b, low, s30); s31 = multiplyAdd<T>(b, high, s31);
    low = v128.load(panel, 96); high = v128.load(panel, 112);
    a = packed ? v128.load_splat<T>(p0, 12 * sizeof<T>()) : v128.load_splat<T>(p0, 3 * sizeof<T>());
    b = packed ? v128.load_splat<T>(p0, 13 * sizeof<T>()) : v128.load_splat<T>(p1, 3 * sizeof<T>());
    s00 = multiplyAdd<T>(a, low, s00); s01 = multiplyAdd<T>(a, high, s01);
    s10 = multiplyAdd<T>(b, low, s10); s11 = multiplyAdd<T>(b, high, s11);
    a = packed ? v128.load_splat<T>(p0, 14 * sizeof<T>()) : v128.load_splat<T>(p2, 3 * sizeof<T>());
    b = packed ? v128.load_splat<T>(p0, 15 * sizeof<T>()) : v128.load_splat<T>(p3, 3 * sizeof<T>());
    s20 = multiplyAdd<T>(a, low, s20); s21 = multiplyAdd<T>(a, high, s21);
    s30 = multiplyAdd<T>(b, low, s30); s31 = multiplyAdd<T>(b, high, s31);
    panel += 128;
    if (packed) p0 += 16 * sizeof<T>();
    else { p0 += 4 * sizeof<T>(); p1 += 4 * sizeof<T>(); p2 += 4 * sizeof<T>(); p3 += 4 * sizeof<T>(); }
  }
  while (panel < end) {
    low = v128.load(panel); high = v128.load(panel, 16);
    a = v128.load_splat<T>(p0); b = packed ? v128.load_splat<T>(p0, sizeof<T>()) : v128.load_splat<T>(p1);
    s00 = multiplyAdd<T>(a, low, s00); s01 = multiplyAdd<T>(a, high, s01);
    s10 = multiplyAdd<T>(b, low, s10); s11 = multiplyAdd<T>(b, high, s11);
    a = packed ? v128.load_splat<T>(p0, 2 * sizeof<T>()) : v128.load_splat<T>(p2);
    b = packed ? v128.load_splat<T>(p0, 3 * sizeof<T>()) : v128.load_splat<T>(p3);
    s20 = multiplyAdd<T>(a, low, s20); s21 = multiplyAdd<T>(a, high, s21);
    s30 = multiplyAdd<T>(b, low, s30); s31 = multiplyAdd<T>(b, high, s31);
    panel += 32;
    if (packed) p0 += 4 * sizeof<T>();
    else { p0 += sizeof<T>(); p1 += sizeof<T>(); p2 += sizeof<T>(); p3 += sizeof<T>(); }
  }
  const factor = v128.splat<T>(sign);
  add<T>(o0, s00, s01, factor);
  add<T>(o1, s10, s11, factor);
  add<T>(o2, s20, s21, factor);
  add<T>(o3, s30, s31, factor);
}

// @ts-ignore: decorator
@inline
function add<T>(to: usize, low: v128, high: v128, factor: v128): void {
  v128.store(to, v128.add<T>(v128.load(to), v128.mul<T>(factor, low)));
  v128.store(to, v128.add<T>(v128.load(to, 16), v128.mul<T>(factor, high)), 16);
}

// Lays columns of the right factor into a panel: `count` of them, the others 0.
export function packRight<T>(b: usize, panel: usize, count: i32, depth: i32, stride: usize, transposed: bool): void {
  const size = sizeof<T>();
  const end = panel + (<usize>depth << 5);
  if (count == width<T>()) {
    if (transposed) return transposeFull<T>(b, panel, end, stride);
    for (; panel < end; panel += 32, b += stride) {
      v128.store(panel, v128.load(b));
      v128.store(panel, v128.load(b, 16), 16);
    }
    return;
  }
  memory.fill(panel, 0, end - panel);
  const across = transposed ? stride : size;
  const along = transposed ? size : stride;
  for (; panel < end; panel += 32, b += along) {
    let from = b;
    for (let j = 0; j < count; j++, from += across) store<T>(panel + <usize>j * size, load<T>(from));
  }
}

// A whole panel of a right factor whose columns are stored as rows.
// @ts-ignore: decorator
@inline
function transposeFull<T>(b: usize, panel: usize, end: usize, stride: usize): void {
  const size = sizeof<T>();
  if (size == 4) {
    for (let half: usize = 0; half < 2; half++) {
      let r0 = b + 4 * half * stride, r1 = r0 + stride, r2 = r1 + stride, r3 = r2 + stride;
      let to = panel + 16 * half;
      for (; to + 96 < end; to += 128) {
        const a = v128.load(r0), c = v128.load(r1), d = v128.load(r2), e = v128.load(r3);
        const ac = v128.shuffle<i32>(a, c, 0, 4, 1, 5), de = v128.shuffle<i32>(d, e, 0, 4, 1, 5);
        const ca = v128.shuffle<i32>(a, c, 2, 6, 3, 7), ed = v128.shuffle<i32>(d, e, 2, 6, 3, 7);
        v128.store(to, v128.shuffle<i64>(ac, de, 0, 2));
        v128.store(to, v128.shuffle<i64>(ac, de, 1, 3), 32);
        v128.store(to, v128.shuffle<i64>(ca, ed, 0, 2), 64);
        v128.store(to, v128.shuffle<i64>(ca, ed, 1, 3), 96);
        r0 += 16; r1 += 16; r2 += 16; r3 += 16;
      }
      for (; to < end; to += 32) {
        store<f32>(to, load<f32>(r0)); store<f32>(to, load<f32>(r1), 4);
        store<f32>(to, load<f32>(r2), 8); store<f32>(to, load<f32>(r3), 12);
        r0 += 4; r1 += 4; r2 += 4; r3 += 4;
      }
    }
    return;
  }
  let r0 = b, r1 = r0 + stride, r2 = r1 + stride, r3 = r2 + stride;
  for (; panel + 32 < end; panel += 64) {
    const a = v128.load(r0), c = v128.load(r1), d = v128.load(r2), e = v128.load(r3);
    v128.store(panel, v128.shuffle<i64>(a, c, 0, 2)); v128.store(panel, v128.shuffle<i64>(d, e, 0, 2), 16);
    v128.store(panel, v128.shuffle<i64>(a, c, 1, 3), 32); v128.store(panel, v128.shuffle<i64>(d, e, 1, 3), 48);
    r0 += 16; r1 += 16; r2 += 16; r3 += 16;
  }
  if (panel < end) {
    store<f64>(panel, load<f64>(r0)); store<f64>(panel, load<f64>(r1), 8);
    store<f64>(panel, load<f64>(r2), 16); store<f64>(panel, load<f64>(r3), 24);
  }
}

// @ts-ignore: decorator
@inline
function addEdge<T>(edge: usize, c: usize, stride: usize, rows: i32, columns: i32, negative: bool): void {
  const size = sizeof<T>();
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = c + <usize>i * stride + <usize>j * size;
      const sum = load<T>(edge + (<usize>i << 5) + <usize>j * size);
      store<T>(at, <T>(negative ? load<T>(at) - sum : load<T>(at) + sum));
    }
  }
}

// Four rows by all panels of a block.
// @ts-ignore: decorator
@inline
export function rowsByPanels<T>(
  p0: usize, p1: usize, p2: usize, p3: usize, packed: bool, panels: usize, edge: usize, c: usize, cLine: usize,
  rows: i32, columns: i32, depth: i32, negative: bool,
): void {
  const panelBytes = <usize>depth << 5;
  let o0: usize, o1: usize, o2: usize, o3: usize;
  for (let j = 0; j < columns; j += width<T>()) {
    const count = min(width<T>(), columns - j);
    const out = c + <usize>j * sizeof<T>();
    if (rows == 4 && count == width<T>()) {
      o0 = out; o1 = out + cLine; o2 = o1 + cLine; o3 = o2 + cLine;
    } else {
      memory.fill(edge, 0, 128);
      o0 = edge; o1 = edge + 32; o2 = edge + 64; o3 = edge + 96;
    }
    const sign = <T>(negative && o0 != edge ? -1 : 1);
    tile<T>(p0, p1, p2, p3, panels, depth, packed, sign, o0, o1, o2, o3);
    if (o0 == edge) addEdge<T>(edge, out, cLine, rows, count, negative);
    panels += panelBytes;
  }
}
