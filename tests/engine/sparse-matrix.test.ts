import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { SparseMatrix, type SparseRows, transposeRows } from '#lanewise/engine/sparse-matrix.js';
import { dice } from '../scoring/programs.js';

/** A matrix in which about one cell in eight is there, with its cells beside it. */
function sample(rowCount: number, columnCount: number): { rows: SparseRows; cells: number[][] } {
  const random = dice(7);
  const cells = Array.from({ length: rowCount }, () =>
    Array.from({ length: columnCount }, () => (random.integer(8) === 0 ? random.uniform() - 0.4 : 0)),
  );
  const entries = cells.flatMap((row) => row.flatMap((value, j) => (value === 0 ? [] : [{ j, value }])));
  const offsets = new Int32Array(rowCount + 1);
  cells.forEach((row, i) => {
    offsets[i + 1] = offsets[i]! + row.filter((value) => value !== 0).length;
  });
  const indices = Int32Array.from(entries, ({ j }) => j);
  return {
    rows: { rowCount, columnCount, offsets, indices, values: Float64Array.from(entries, (e) => e.value) },
    cells,
  };
}

const numbers = (length: number, seed: number) => {
  const random = dice(seed);
  return Float64Array.from({ length }, () => random.uniform() - 0.5);
};

test('products with a sparse matrix and with its transpose are those of its cells', async () => {
  const { rows, cells } = sample(40, 25);
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  using matrix = new SparseMatrix(engine, rows);
  const [w, d] = [numbers(25 * 3, 1), numbers(40 * 3, 2)];
  const forward = await matrix.multiply(w, 3);
  const back = await matrix.multiplyTransposed(d, 3);
  for (let k = 0; k < 3; k++) {
    cells.forEach((row, i) => {
      expect(forward[i * 3 + k]).toBeCloseTo(
        row.reduce((sum, value, j) => sum + value * w[j * 3 + k]!, 0),
        12,
      );
    });
    for (let j = 0; j < 25; j++) {
      expect(back[j * 3 + k]).toBeCloseTo(
        cells.reduce((sum, row, i) => sum + row[j]! * d[i * 3 + k]!, 0),
        12,
      );
    }
  }
  const { sums, squares } = matrix.columnMoments();
  for (let j = 0; j < 25; j++) {
    expect(sums[j]).toBeCloseTo(
      cells.reduce((sum, row) => sum + row[j]!, 0),
      12,
    );
    expect(squares[j]).toBeCloseTo(
      cells.reduce((sum, row) => sum + row[j]! ** 2, 0),
      12,
    );
  }
  expect(matrix.rowNorms()[3]).toBeCloseTo(Math.hypot(...cells[3]!), 12);
});

test('the transpose of the transpose is the matrix', () => {
  const { rows } = sample(30, 50);
  expect(transposeRows(transposeRows(rows))).toEqual(rows);
});

test('every backend and any number of threads give the same bits', async () => {
  const { rows } = sample(3_000, 200);
  const [w, d] = [numbers(200, 1), numbers(3_000, 2)];
  const results: Float64Array[][] = [];
  for (const options of [
    { backend: 'reference', threads: 1 },
    { backend: 'wasm', threads: 1 },
    { backend: 'wasm', threads: 3 },
  ] as const) {
    await using engine = await createEngine(options);
    using matrix = new SparseMatrix(engine, rows);
    results.push([await matrix.multiply(w), await matrix.multiplyTransposed(d)]);
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('indices beyond the columns are refused before a kernel reads there', async () => {
  await using engine = await createEngine({ backend: 'wasm', threads: 1 });
  const rows = { rowCount: 1, columnCount: 2, offsets: Int32Array.of(0, 1), indices: Int32Array.of(2) };
  expect(() => new SparseMatrix(engine, { ...rows, values: Float64Array.of(1) })).toThrow(/sparse matrix of 1 × 2/);
});
