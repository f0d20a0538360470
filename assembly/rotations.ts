import { dot_f64 } from './gradient-descent';

// Plane rotations: src/kernels/rotations.ts is the law.

// Columns whose rows stay in the cache while all rotations pass over them.
const COLUMNS: i32 = 128;

// @ts-ignore: decorator
@inline
function rotate(x: usize, y: usize, count: i32, cosine: f64, sine: f64): void {
  const end = x + (<usize>count << 3);
  const pairEnd = x + ((<usize>count & ~1) << 3);
  const c = f64x2.splat(cosine), s = f64x2.splat(sine);
  for (; x < pairEnd; x += 16, y += 16) {
    const a = v128.load(x), b = v128.load(y);
    v128.store(x, f64x2.sub(f64x2.mul(c, a), f64x2.mul(s, b)));
    v128.store(y, f64x2.add(f64x2.mul(s, a), f64x2.mul(c, b)));
  }
  if (x < end) {
    const a = load<f64>(x), b = load<f64>(y);
    store<f64>(x, cosine * a - sine * b);
    store<f64>(y, sine * a + cosine * b);
  }
}

export function rotate_rows_f64(
  matrix: usize, rotations: usize, rows: i32, columns: i32, stride: i32, first: i32, step: i32, count: i32,
): void {
  const line = <usize>stride << 3;
  for (let j = 0; j < columns; j += COLUMNS) {
    const width = min(COLUMNS, columns - j);
    for (let k = 0; k < count; k++) {
      const x = matrix + <usize>(first + k * step) * line + (<usize>j << 3);
      const at = rotations + (<usize>k << 4);
      rotate(x, x + line, width, load<f64>(at), load<f64>(at, 8));
    }
  }
}

export function jacobi_rows_f64(a: usize, v: usize, tolerance: f64, count: i32, length: i32, from: i32, to: i32): i32 {
  const line = <usize>length << 3, turned = <usize>count << 3;
  let rotated = 0;
  for (let p = from; p < to; p++) {
    const x = a + <usize>p * line;
    for (let q = p + 1; q < count; q++) {
      const y = a + <usize>q * line;
      const product = dot_f64(x, y, length);
      const xx = dot_f64(x, x, length), yy = dot_f64(y, y, length);
      if (!(abs(product) > tolerance * sqrt(xx) * sqrt(yy))) continue;
      const zeta = (yy - xx) / (2 * product);
      const root = sqrt(1 + zeta * zeta);
      const tangent = zeta < 0 ? -1 / (root - zeta) : 1 / (root + zeta);
      const cosine = 1 / sqrt(1 + tangent * tangent);
      const sine = tangent * cosine;
      rotate(x, y, length, cosine, sine);
      rotate(v + <usize>p * turned, v + <usize>q * turned, count, cosine, sine);
      rotated++;
    }
  }
  return rotated;
}
