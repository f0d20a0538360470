// Eight registers at a time: as many chains as hide the latency of an addition after a multiplication.

export function limit_multiply_add_f64(values: usize, factor: f64, addend: f64, rounds: i32, count: i32): void {
  const end = values + (<usize>count << 3);
  const blockEnd = values + ((<usize>count & ~15) << 3);
  const a = f64x2.splat(factor), b = f64x2.splat(addend);
  for (; values < blockEnd; values += 128) {
    let v0 = v128.load(values, 0), v1 = v128.load(values, 16), v2 = v128.load(values, 32), v3 = v128.load(values, 48);
    let v4 = v128.load(values, 64), v5 = v128.load(values, 80), v6 = v128.load(values, 96), v7 = v128.load(values, 112);
    for (let round = 0; round < rounds; round++) {
      v0 = f64x2.add(f64x2.mul(v0, a), b); v1 = f64x2.add(f64x2.mul(v1, a), b);
      v2 = f64x2.add(f64x2.mul(v2, a), b); v3 = f64x2.add(f64x2.mul(v3, a), b);
      v4 = f64x2.add(f64x2.mul(v4, a), b); v5 = f64x2.add(f64x2.mul(v5, a), b);
      v6 = f64x2.add(f64x2.mul(v6, a), b); v7 = f64x2.add(f64x2.mul(v7, a), b);
    }
    v128.store(values, v0, 0); v128.store(values, v1, 16); v128.store(values, v2, 32); v128.store(values, v3, 48);
    v128.store(values, v4, 64); v128.store(values, v5, 80); v128.store(values, v6, 96); v128.store(values, v7, 112);
  }
  for (; values < end; values += 8) {
    let value = load<f64>(values);
    for (let round = 0; round < rounds; round++) value = value * factor + addend;
    store<f64>(values, value);
  }
}

export function limit_multiply_add_f32(values: usize, factor: f64, addend: f64, rounds: i32, count: i32): void {
  const end = values + (<usize>count << 2);
  const blockEnd = values + ((<usize>count & ~31) << 2);
  const a = f32x4.splat(<f32>factor), b = f32x4.splat(<f32>addend);
  for (; values < blockEnd; values += 128) {
    let v0 = v128.load(values, 0), v1 = v128.load(values, 16), v2 = v128.load(values, 32), v3 = v128.load(values, 48);
    let v4 = v128.load(values, 64), v5 = v128.load(values, 80), v6 = v128.load(values, 96), v7 = v128.load(values, 112);
    for (let round = 0; round < rounds; round++) {
      v0 = f32x4.add(f32x4.mul(v0, a), b); v1 = f32x4.add(f32x4.mul(v1, a), b);
      v2 = f32x4.add(f32x4.mul(v2, a), b); v3 = f32x4.add(f32x4.mul(v3, a), b);
      v4 = f32x4.add(f32x4.mul(v4, a), b); v5 = f32x4.add(f32x4.mul(v5, a), b);
      v6 = f32x4.add(f32x4.mul(v6, a), b); v7 = f32x4.add(f32x4.mul(v7, a), b);
    }
    v128.store(values, v0, 0); v128.store(values, v1, 16); v128.store(values, v2, 32); v128.store(values, v3, 48);
    v128.store(values, v4, 64); v128.store(values, v5, 80); v128.store(values, v6, 96); v128.store(values, v7, 112);
  }
  for (; values < end; values += 4) {
    let value = load<f32>(values);
    for (let round = 0; round < rounds; round++) value = value * <f32>factor + <f32>addend;
    store<f32>(values, value);
  }
}
