// The law is src/kernels/tree-ranks.ts.

// Edges below a value by bisection of 255 places; behind the last edge lies +Inf, below which nothing lies.
// @ts-ignore: decorator
@inline
function rankBySearch(edges: usize, value: f64): i32 {
  let at = edges;
  at += load<f64>(at, 127 << 3) < value ? 128 << 3 : 0;
  at += load<f64>(at, 63 << 3) < value ? 64 << 3 : 0;
  at += load<f64>(at, 31 << 3) < value ? 32 << 3 : 0;
  at += load<f64>(at, 15 << 3) < value ? 16 << 3 : 0;
  at += load<f64>(at, 7 << 3) < value ? 8 << 3 : 0;
  at += load<f64>(at, 3 << 3) < value ? 4 << 3 : 0;
  at += load<f64>(at, 1 << 3) < value ? 2 << 3 : 0;
  at += load<f64>(at) < value ? 1 << 3 : 0;
  return <i32>((at - edges) >> 3);
}

// Edges below a value by its cell: those of the cells before, and those of its own that are below.
// @ts-ignore: decorator
@inline
function rankByCell(edges: usize, cells: usize, cell: i32, value: f64, probes: i32): i32 {
  const before = <i32>load<u8>(cells + cell);
  const at = edges + (<usize>before << 3);
  let rank = before + i32(load<f64>(at) < value);
  for (let i: usize = 8, end = <usize>probes << 3; i < end; i += 8) rank += i32(load<f64>(at + i) < value);
  return rank;
}

// Writes the rank of a value, and of NaN what stands for it in each plane.
// @ts-ignore: decorator
@inline
function storeRank(value: f64, rank: i32, ranks: usize, others: usize, missing: i32): void {
  store<u8>(ranks, <u8>(value == value ? rank - 128 : missing));
  if (others != 0) store<u8>(others, <u8>(value == value ? rank - 128 : ~missing));
}

export function ranks_encode_f64(
  values: usize, edges: usize, cells: usize, ranks: usize, others: usize, edgeCount: i32, cellCount: i32, low: f64,
  scale: f64, probes: i32, missing: i32, rowCount: i32,
): void {
  const end = values + (<usize>rowCount << 3);
  const next: usize = others == 0 ? 0 : 1;
  if (probes > 0) {
    const lows = f64x2.splat(low), scales = f64x2.splat(scale), last = f64x2.splat(<f64>(cellCount - 1));
    for (; values + 8 < end; values += 16, ranks += 2, others += 2 * next) {
      const pair = v128.load(values);
      // A missing value lands in cell 0.
      const place = f64x2.pmin(last, f64x2.pmax(f64x2.splat(0), f64x2.mul(f64x2.sub(pair, lows), scales)));
      const cell = i32x4.trunc_sat_f64x2_s_zero(place);
      const v0 = f64x2.extract_lane(pair, 0), v1 = f64x2.extract_lane(pair, 1);
      storeRank(v0, rankByCell(edges, cells, i32x4.extract_lane(cell, 0), v0, probes), ranks, others, missing);
      storeRank(v1, rankByCell(edges, cells, i32x4.extract_lane(cell, 1), v1, probes), ranks + 1, others + next, missing);
    }
  }
  for (; values < end; values += 8, ranks++, others += next) {
    const value = load<f64>(values);
    storeRank(value, rankBySearch(edges, value), ranks, others, missing);
  }
}

export function codes_encode_f64(
  values: usize, bytes: usize, bits: usize, firstCode: i32, codeCount: i32, rowCount: i32,
): void {
  const count = <f64>codeCount;
  for (let row: usize = 0; row < <usize>rowCount; row++) {
    const value = load<f64>(values + (row << 3));
    const known = value >= 0 && value < count && Math.trunc(value) == value;
    const code = known ? <i32>value : codeCount;
    const place = <u32>(code - firstCode);
    store<u8>(bytes + row, <u8>(place < 256 ? place >> 3 : 255));
    const bit = 1 << (code & 7);
    store<u8>(bits + row, <u8>bit);
  }
}
