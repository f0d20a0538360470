import { cos, exp, expm1, log, log1p, pow, sigmoid, sin, tanh } from './inline/elementary';
import {
  cos_f64x2, exp_f64x2, expm1_f64x2, log1p_f64x2, log_f64x2, sigmoid_f64x2, sin_f64x2, tanh_f64x2,
} from './inline/elementary-simd';

// Columns of elementary functions: two registers a turn, so that one's latency hides the other's; the last odd element by
// the scalar twin, which has the same bits.

export function exp_f64(x: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const quadEnd = x + ((<usize>rowCount & ~3) << 3);
  while (x < quadEnd) {
    v128.store(out, exp_f64x2(v128.load(x)));
    v128.store(out, exp_f64x2(v128.load(x, 16)), 16);
    x += 32;
    out += 32;
  }
  while (x < end) {
    store<f64>(out, exp(load<f64>(x)));
    x += 8;
    out += 8;
  }
}

export function expm1_f64(x: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const quadEnd = x + ((<usize>rowCount & ~3) << 3);
  while (x < quadEnd) {
    v128.store(out, expm1_f64x2(v128.load(x)));
    v128.store(out, expm1_f64x2(v128.load(x, 16)), 16);
    x += 32;
    out += 32;
  }
  while (x < end) {
    store<f64>(out, expm1(load<f64>(x)));
    x += 8;
    out += 8;
  }
}

export function log_f64(x: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const quadEnd = x + ((<usize>rowCount & ~3) << 3);
  while (x < quadEnd) {
    v128.store(out, log_f64x2(v128.load(x)));
    v128.store(out, log_f64x2(v128.load(x, 16)), 16);
    x += 32;
    out += 32;
  }
  while (x < end) {
    store<f64>(out, log(load<f64>(x)));
    x += 8;
    out += 8;
  }
}

export function log1p_f64(x: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const quadEnd = x + ((<usize>rowCount & ~3) << 3);
  while (x < quadEnd) {
    v128.store(out, log1p_f64x2(v128.load(x)));
    v128.store(out, log1p_f64x2(v128.load(x, 16)), 16);
    x += 32;
    out += 32;
  }
  while (x < end) {
    store<f64>(out, log1p(load<f64>(x)));
    x += 8;
    out += 8;
  }
}

export function sin_f64(x: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const quadEnd = x + ((<usize>rowCount & ~3) << 3);
  while (x < quadEnd) {
    v128.store(out, sin_f64x2(v128.load(x)));
    v128.store(out, sin_f64x2(v128.load(x, 16)), 16);
    x += 32;
    out += 32;
  }
  while (x < end) {
    store<f64>(out, sin(load<f64>(x)));
    x += 8;
    out += 8;
  }
}

export function cos_f64(x: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const quadEnd = x + ((<usize>rowCount & ~3) << 3);
  while (x < quadEnd) {
    v128.store(out, cos_f64x2(v128.load(x)));
    v128.store(out, cos_f64x2(v128.load(x, 16)), 16);
    x += 32;
    out += 32;
  }
  while (x < end) {
    store<f64>(out, cos(load<f64>(x)));
    x += 8;
    out += 8;
  }
}

export function tanh_f64(x: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const quadEnd = x + ((<usize>rowCount & ~3) << 3);
  while (x < quadEnd) {
    v128.store(out, tanh_f64x2(v128.load(x)));
    v128.store(out, tanh_f64x2(v128.load(x, 16)), 16);
    x += 32;
    out += 32;
  }
  while (x < end) {
    store<f64>(out, tanh(load<f64>(x)));
    x += 8;
    out += 8;
  }
}

export function sigmoid_f64(x: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  const quadEnd = x + ((<usize>rowCount & ~3) << 3);
  while (x < quadEnd) {
    v128.store(out, sigmoid_f64x2(v128.load(x)));
    v128.store(out, sigmoid_f64x2(v128.load(x, 16)), 16);
    x += 32;
    out += 32;
  }
  while (x < end) {
    store<f64>(out, sigmoid(load<f64>(x)));
    x += 8;
    out += 8;
  }
}

export function pow_f64(x: usize, y: usize, out: usize, rowCount: i32): void {
  const end = x + (<usize>rowCount << 3);
  while (x < end) {
    store<f64>(out, pow(load<f64>(x), load<f64>(y)));
    x += 8;
    y += 8;
    out += 8;
  }
}
