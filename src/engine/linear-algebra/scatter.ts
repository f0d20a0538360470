import { productScratch } from '../../kernels/matrix-product.js';
import { BLOCK_ROWS, mergePartials } from '../block-sums.js';
import type { Engine, Task } from '../engine.js';
import { turnEventLoop } from '../turn.js';

/** Blocks that are in memory at once: a power of two, so that the tree of partial sums is the one of all blocks. */
const WAVE = 4;

/** What columns say together: their means, and Σ (x − mean)·(x − mean)ᵀ, row-major. */
export interface Scatter {
  readonly means: Float64Array;
  readonly products: Float64Array;
}

/**
 * Means and scatter of columns, in one pass: blocks of rows are copied into the engine's memory less a value near the mean,
 * with a column of ones behind them, and their Gram matrices merge in the one tree; what the value is off the mean is taken
 * away at the end. So nothing cancels, wherever the columns lie, and no more than a few blocks are in memory.
 */
export async function scatterOf(
  engine: Engine,
  columns: readonly Float64Array[],
  signal?: AbortSignal,
): Promise<Scatter> {
  const rowCount = columns[0]!.length;
  const size = columns.length + 1;
  const shifts = Float64Array.from(columns, nearMean);
  const blocks = Math.max(1, Math.ceil(rowCount / BLOCK_ROWS));
  const blockRows = Math.min(BLOCK_ROWS, rowCount);
  using scope = engine.arena.scope();
  const rooms = Array.from({ length: Math.min(WAVE, blocks) }, () => ({
    values: scope.allocate('f64', size * blockRows).fill(1),
    gram: scope.allocate('f64', size * size),
    panels: scope.allocate('f64', productScratch(size, 256)),
  }));
  const sums: Float64Array[] = [];
  for (let first = 0; first < blocks; first += WAVE) {
    const wave = rooms.slice(0, Math.min(WAVE, blocks - first));
    const shifting: Task[] = [];
    const products = wave.map(({ values, gram, panels }, index): Task => {
      const start = (first + index) * BLOCK_ROWS;
      const rows = Math.min(BLOCK_ROWS, rowCount - start);
      columns.forEach((column, j) => {
        // Copied as it lies, which is fastest on one thread, and shifted on all of them.
        values.set(column.subarray(start, start + rows), j * blockRows);
        const at = values.byteOffset + 8 * j * blockRows;
        shifting.push({ kernel: 'column_standardize_f64', values: [at, shifts[j]!, 1, rows] });
      });
      const numbers = [values.byteOffset, 0, gram.byteOffset, panels.byteOffset, rows, size, blockRows];
      return { kernel: 'gram_f64', values: numbers };
    });
    await engine.run(shifting, signal);
    await engine.run(products, signal);
    sums.push(mergePartials(wave.map(({ gram }) => gram)).slice());
    if (blocks > 1) await turnEventLoop();
  }
  return centred(mergePartials(sums), shifts, rowCount);
}

function nearMean(column: Float64Array): number {
  const rows = Math.min(column.length, 1024);
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += column[i]! / rows;
  return sum;
}

/** Takes away what the shifts were off the means. */
function centred(gram: Float64Array, shifts: Float64Array, rowCount: number): Scatter {
  const count = shifts.length;
  const size = count + 1;
  const off = shifts.map((_, j) => gram[count * size + j]! / rowCount);
  const products = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) products[i * count + j] = gram[i * size + j]! - rowCount * off[i]! * off[j]!;
  }
  return { means: shifts.map((shift, j) => shift + off[j]!), products };
}
