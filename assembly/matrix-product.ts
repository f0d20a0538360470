import { packRight, rowsByPanels, width } from './inline/product-tiles';

// Matrix products: src/kernels/matrix-product.ts is the law. A tile is four rows by two registers of columns; the right
// factor lies in panels of that width, the left one is read by rows, or, where it is transposed, in panels of four.

const DEPTH: i32 = 256;
// Columns whose panels stay in the second-level cache while every row meets them.
const COLUMNS: i32 = 512;

// Lays four rows of a transposed left factor element by element; those behind the last repeat it.
// @ts-ignore: decorator
@inline
function packLeft<T>(a: usize, to: usize, count: i32, depth: i32, stride: usize): void {
  const size = sizeof<T>();
  const second = min(1, count - 1) * <i32>size, third = min(2, count - 1) * <i32>size, fourth = min(3, count - 1) * <i32>size;
  for (let k = 0; k < depth; k++) {
    store<T>(to, load<T>(a)); store<T>(to + size, load<T>(a + second));
    store<T>(to + 2 * size, load<T>(a + third)); store<T>(to + 3 * size, load<T>(a + fourth));
    a += stride;
    to += 4 * size;
  }
}

// @ts-ignore: decorator
@inline
function multiply<T>(
  a: usize, b: usize, c: usize, panels: usize, rows: i32, columns: i32, depth: i32,
  aStride: i32, bStride: i32, cStride: i32, form: i32, update: i32,
): void {
  const size = sizeof<T>();
  const aLine = <usize>aStride * size, bLine = <usize>bStride * size, cLine = <usize>cStride * size;
  const negative = update < 0;
  if (update == 0) {
    for (let i = 0; i < rows; i++) memory.fill(c + <usize>i * cLine, 0, <usize>columns * size);
  }
  const edge = panels;
  const left = panels + 128;
  for (let k = 0; k < depth; k += DEPTH) {
    const terms = min(DEPTH, depth - k);
    const block = left + <usize>terms * 4 * size;
    for (let j = 0; j < columns; j += COLUMNS) {
      const count = min(COLUMNS, columns - j);
      for (let at = 0; at < count; at += width<T>()) {
        const from = form == 2
          ? b + <usize>(j + at) * bLine + <usize>k * size
          : b + <usize>k * bLine + <usize>(j + at) * size;
        packRight<T>(from, block + <usize>at * <usize>terms * size, min(width<T>(), count - at), terms, bLine, form == 2);
      }
      for (let i = 0; i < rows; i += 4) {
        const here = min(4, rows - i);
        const out = c + <usize>i * cLine + <usize>j * size;
        if (form == 1) {
          packLeft<T>(a + <usize>k * aLine + <usize>i * size, left, here, terms, aLine);
          rowsByPanels<T>(left, 0, 0, 0, true, block, edge, out, cLine, here, count, terms, negative);
        } else {
          const p0 = a + <usize>i * aLine + <usize>k * size;
          const p1 = p0 + <usize>min(1, here - 1) * aLine, p2 = p0 + <usize>min(2, here - 1) * aLine;
          const p3 = p0 + <usize>min(3, here - 1) * aLine;
          rowsByPanels<T>(p0, p1, p2, p3, false, block, edge, out, cLine, here, count, terms, negative);
        }
      }
    }
  }
}

export function matrix_product_f64(
  a: usize, b: usize, c: usize, panels: usize, rows: i32, columns: i32, depth: i32,
  aStride: i32, bStride: i32, cStride: i32, form: i32, update: i32,
): void {
  multiply<f64>(a, b, c, panels, rows, columns, depth, aStride, bStride, cStride, form, update);
}

export function matrix_product_f32(
  a: usize, b: usize, c: usize, panels: usize, rows: i32, columns: i32, depth: i32,
  aStride: i32, bStride: i32, cStride: i32, form: i32, update: i32,
): void {
  multiply<f32>(a, b, c, panels, rows, columns, depth, aStride, bStride, cStride, form, update);
}
