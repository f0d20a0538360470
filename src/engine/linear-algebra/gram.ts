import { productScratch } from '../../kernels/matrix-product.js';
import { BLOCK_ROWS, mergePartials } from '../block-sums.js';
import type { Engine, Task } from '../engine.js';

/** Blocks that are in memory at once: a power of two, so that the tree of partial sums is the one of all blocks. */
const WAVE = 16;

/**
 * xᵀ·W·x of columns that lie one after the other in the engine's memory, row-major and symmetric: blocks of rows on all
 * threads, merged in the one tree. `weights`: one a row, in the engine's memory.
 */
export async function gramMatrix(
  engine: Engine,
  x: Float64Array,
  rowCount: number,
  columnCount: number,
  options: { weights?: Float64Array; signal?: AbortSignal } = {},
): Promise<Float64Array> {
  const { weights, signal } = options;
  const blocks = Math.max(1, Math.ceil(rowCount / BLOCK_ROWS));
  using scope = engine.arena.scope();
  const rooms = Array.from({ length: Math.min(WAVE, blocks) }, () => ({
    gram: scope.allocate('f64', columnCount * columnCount),
    panels: scope.allocate('f64', productScratch(columnCount, 256)),
  }));
  const sums: Float64Array[] = [];
  for (let first = 0; first < blocks; first += WAVE) {
    const wave = rooms.slice(0, Math.min(WAVE, blocks - first));
    const tasks = wave.map(({ gram, panels }, index): Task => {
      const start = (first + index) * BLOCK_ROWS;
      const at = weights ? weights.byteOffset + 8 * start : 0;
      const shape = [Math.min(BLOCK_ROWS, rowCount - start), columnCount, rowCount];
      const values = [x.byteOffset + 8 * start, at, gram.byteOffset, panels.byteOffset, ...shape];
      return { kernel: 'gram_f64', values };
    });
    await engine.run(tasks, signal);
    sums.push(mergePartials(wave.map(({ gram }) => gram)).slice());
  }
  return mergePartials(sums);
}
