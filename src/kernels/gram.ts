import { defineKernel } from './contract.js';
import { columnCount, columnStride, matrixInputs, realValues, rowCount, weights, x } from './gradient-descent.js';
import { productScratch } from './matrix-product.js';
import { DEPTH_BLOCK } from './sums.js';

/** A symmetric product sums as matrix-product.ts does: in ascending order of the rows, in blocks of 256 that start at 0. */
export const gram_f64 = defineKernel({
  name: 'gram_f64',
  family: 'linear-algebra',
  summary: 'xᵀ·W·x, symmetric; sums in ascending order, in blocks of 256 rows.',
  arguments: [
    x,
    weights,
    {
      name: 'gram',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.columnCount! * s.columnCount!,
      meaning: 'columnCount × columnCount',
    },
    {
      name: 'panels',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => productScratch(s.columnCount!, 256),
      meaning: 'columns in the order in which tiles read them',
    },
    rowCount,
    columnCount,
    columnStride,
  ],
  returns: 'void',
  agreement: 'exact',
  fast: { relative: 1e-13 },
  reference: (matrix, rowWeights, gram, _panels, rows, columns, stride) => {
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j <= i; j++) {
        let element = 0;
        for (let start = 0; start < rows; start += DEPTH_BLOCK) {
          const end = Math.min(rows, start + DEPTH_BLOCK);
          let sum = 0;
          for (let row = start; row < end; row++) {
            const value = matrix[i * stride + row]!;
            sum += (rowWeights ? rowWeights[row]! * value : value) * matrix[j * stride + row]!;
          }
          element += sum;
        }
        gram[i * columns + j] = element;
        gram[j * columns + i] = element;
      }
    }
  },
  inputs: (size, random, flavour) => {
    // Now and then many columns: more than a tile has, of any instruction set.
    if (size > 70 || size % 5 !== 0) {
      const { scalars, buffers } = matrixInputs(size, random, flavour);
      return { scalars, buffers: { x: buffers.x, weights: buffers.weights } };
    }
    const scalars = { rowCount: 1 + random.integer(9), columnCount: size, columnStride: 10 };
    const weighted = random.integer(2) === 0 ? null : realValues(scalars.rowCount, random, 'plain');
    return { scalars, buffers: { x: realValues(x.length(scalars), random, flavour), weights: weighted } };
  },
  work: (s) => ({
    elements: s.rowCount! * s.columnCount!,
    flops: s.rowCount! * s.columnCount! * (s.columnCount! + 1),
  }),
});
