import { packRight, rowsByPanels, width } from './inline/product-tiles';

const DEPTH: i32 = 256;
const COLUMNS: i32 = 512;
const TILE_ROWS: i32 = 4;

// Panels of a block of columns; then rows of four, from the diagonal on, by the panels that begin left of it.
export function gram_f64(
  x: usize, weights: usize, gram: usize, panels: usize, rowCount: i32, columnCount: i32, columnStride: i32,
): void {
  const stride = <usize>columnStride << 3;
  const line = <usize>columnCount << 3;
  const edge = panels;
  const weighted = panels + 128;
  memory.fill(gram, 0, <usize>columnCount * line);
  for (let start = 0; start < rowCount; start += DEPTH) {
    const rows = min(DEPTH, rowCount - start);
    const bytes = <usize>rows << 3;
    const block = weighted + <usize>TILE_ROWS * bytes;
    for (let j = 0; j < columnCount; j += COLUMNS) {
      const end = min(columnCount, j + COLUMNS);
      for (let at = j; at < end; at += width<f64>()) {
        const panel = block + <usize>(at - j) * bytes;
        packRight<f64>(x + <usize>at * stride, panel, min(width<f64>(), end - at), rows, stride, true);
      }
      for (let i = j; i < columnCount; i += TILE_ROWS) {
        const count = min(TILE_ROWS, columnCount - i);
        let own = x + <usize>i * stride;
        let step = stride;
        if (weights) {
          for (let k = 0; k < count; k++) weigh(own + <usize>k * stride, weights, weighted + <usize>k * bytes, bytes);
          own = weighted;
          step = bytes;
        }
        const second = own + <usize>min(1, count - 1) * step, third = own + <usize>min(2, count - 1) * step;
        const fourth = own + <usize>min(3, count - 1) * step;
        rowsByPanels<f64>(
          own, second, third, fourth, false, block, edge,
          gram + <usize>i * line + (<usize>j << 3), line, count, min(end, i + count) - j, rows, false,
        );
      }
    }
    x += bytes;
    if (weights) weights += bytes;
  }
  for (let i = 0; i < columnCount; i++) {
    for (let j = 0; j < i; j++) {
      store<f64>(gram + <usize>j * line + (<usize>i << 3), load<f64>(gram + <usize>i * line + (<usize>j << 3)));
    }
  }
}

// @ts-ignore: decorator
@inline
function weigh(column: usize, weights: usize, out: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 8 < bytes; at += 16) v128.store(out + at, f64x2.mul(v128.load(weights + at), v128.load(column + at)));
  if (at < bytes) store<f64>(out + at, load<f64>(weights + at) * load<f64>(column + at));
}
