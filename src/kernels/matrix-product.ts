import { type ArrayOf, type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { realValues } from './gradient-descent.js';
import { DEPTH_BLOCK } from './sums.js';

/**
 * Matrix products. The order of every sum is fixed, and is one that tiles of registers do at full speed: an element of the
 * product adds its terms in ascending order, one accumulator an element, in blocks of 256 that start at 0; the blocks' sums are
 * added to the element in ascending order. It depends neither on the shape of a tile nor on how the product is cut into tasks
 * by rows and columns. No fused multiply-add.
 */

/** Which of the factors is stored transposed: 0 none (a·b), 1 the left one (aᵀ·b), 2 the right one (a·bᵀ). */
export const productForms = { plain: 0, left: 1, right: 2 } as const;

/** Elements from the first of a row-major matrix to behind its last. */
const extent = (rows: number, columns: number, stride: number): number =>
  rows === 0 || columns === 0 ? 0 : (rows - 1) * stride + columns;

/** Elements of scratch that a product needs: a block of the right factor in panels, a few rows of the left one, a tile. */
export const productScratch = (columns: number, depth: number): number =>
  Math.min(DEPTH_BLOCK, depth) * (Math.min(512, 64 * Math.ceil(columns / 64)) + 16) + 512;

const argumentsOf = <D extends 'f32' | 'f64'>(dtype: D) =>
  [
    {
      name: 'a',
      role: 'in',
      dtype,
      length: (s: Scalars) =>
        s.form! === 1 ? extent(s.depth!, s.rows!, s.aStride!) : extent(s.rows!, s.depth!, s.aStride!),
      meaning: 'left factor, row-major: rows × depth, or depth × rows where it is transposed',
    },
    {
      name: 'b',
      role: 'in',
      dtype,
      length: (s: Scalars) =>
        s.form! === 2 ? extent(s.columns!, s.depth!, s.bStride!) : extent(s.depth!, s.columns!, s.bStride!),
      meaning: 'right factor, row-major: depth × columns, or columns × depth where it is transposed',
    },
    {
      name: 'c',
      role: 'inout',
      dtype,
      length: (s: Scalars) => extent(s.rows!, s.columns!, s.cStride!),
      meaning: 'rows × columns, row-major; what lies between its rows is left alone',
    },
    {
      name: 'panels',
      role: 'scratch',
      dtype,
      length: (s: Scalars) => productScratch(s.columns!, s.depth!),
      meaning: 'the factors in the order in which tiles read them',
    },
    { name: 'rows', dtype: 'i32', meaning: 'rows of the product' },
    { name: 'columns', dtype: 'i32', meaning: 'columns of the product' },
    { name: 'depth', dtype: 'i32', meaning: 'terms of each sum' },
    { name: 'aStride', dtype: 'i32', meaning: 'elements between rows of a as it is stored' },
    { name: 'bStride', dtype: 'i32', meaning: 'elements between rows of b as it is stored' },
    { name: 'cStride', dtype: 'i32', meaning: 'elements between rows of c' },
    { name: 'form', dtype: 'i32', meaning: '0: a·b, 1: aᵀ·b, 2: a·bᵀ' },
    { name: 'update', dtype: 'i32', meaning: '0: the product overwrites c, 1: is added to it, −1: is taken from it' },
  ] as const;

/** The law, in the precision that `round` rounds to. */
function multiply<A extends ArrayOf<'f32' | 'f64'>>(
  round: (value: number) => number,
  [a, b, c]: readonly [A, A, A],
  [rows, columns, depth]: readonly [number, number, number],
  [aStride, bStride, cStride]: readonly [number, number, number],
  form: number,
  update: number,
): void {
  const left = (i: number, k: number) => (form === 1 ? a[k * aStride + i]! : a[i * aStride + k]!);
  const right = (k: number, j: number) => (form === 2 ? b[j * bStride + k]! : b[k * bStride + j]!);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let element = update === 0 ? 0 : c[i * cStride + j]!;
      for (let start = 0; start < depth; start += DEPTH_BLOCK) {
        const end = Math.min(depth, start + DEPTH_BLOCK);
        let sum = 0;
        for (let k = start; k < end; k++) sum = round(sum + round(left(i, k) * right(k, j)));
        element = round(update < 0 ? element - sum : element + sum);
      }
      c[i * cStride + j] = element;
    }
  }
}

/** Thin, flat and deep shapes in turn, every form, with gaps between rows. */
function shapeOf(size: number, random: CaseRandom) {
  const shape = [1 + random.integer(19), 1 + random.integer(40), 1 + random.integer(12)];
  shape[random.integer(3)] = size;
  const [rows, columns, depth] = size >= 8192 ? [256, 256, 256] : (shape as [number, number, number]);
  const form = size >= 8192 ? 0 : random.integer(3);
  const gap = size >= 8192 ? 0 : random.integer(3);
  return {
    rows,
    columns,
    depth,
    aStride: gap + (form === 1 ? rows : depth),
    bStride: gap + (form === 2 ? depth : columns),
    cStride: gap + columns,
    form,
    update: random.integer(3) - 1,
  };
}

function inputsOf<A extends ArrayOf<'f32' | 'f64'>>(
  make: (values: Float64Array) => A,
  size: number,
  random: CaseRandom,
  flavour: Flavour,
) {
  const scalars = shapeOf(size, random);
  const [a, b, c] = argumentsOf('f64').flatMap((argument) =>
    'length' in argument && argument.role !== 'scratch'
      ? [make(realValues(argument.length(scalars), random, flavour))]
      : [],
  );
  return { scalars, buffers: { a: a!, b: b!, c: c! } };
}

const workOf = (s: Scalars) => ({
  elements: s.rows! * s.columns! * s.depth!,
  flops: 2 * s.rows! * s.columns! * s.depth!,
});

export const matrix_product_f64 = defineKernel({
  name: 'matrix_product_f64',
  fast: { relative: 1e-13 },
  family: 'linear-algebra',
  summary: 'c ← a·b, aᵀ·b or a·bᵀ, overwritten, added or taken away; sums in ascending order, in blocks of 256 terms.',
  source: 'Goto, van de Geijn, "Anatomy of high-performance matrix multiplication", 2008 (panels and tiles)',
  arguments: argumentsOf('f64'),
  returns: 'void',
  agreement: 'exact',
  reference: (a, b, c, _panels, rows, columns, depth, aStride, bStride, cStride, form, update) =>
    multiply((value) => value, [a, b, c], [rows, columns, depth], [aStride, bStride, cStride], form, update),
  inputs: (size, random, flavour) => inputsOf((values) => values, size, random, flavour),
  work: workOf,
});

export const matrix_product_f32 = defineKernel({
  name: 'matrix_product_f32',
  fast: { relative: 2e-5 },
  family: 'linear-algebra',
  summary: 'As matrix_product_f64, in f32: every product and every sum is rounded.',
  source: 'Goto, van de Geijn, "Anatomy of high-performance matrix multiplication", 2008 (panels and tiles)',
  arguments: argumentsOf('f32'),
  returns: 'void',
  agreement: 'exact',
  reference: (a, b, c, _panels, rows, columns, depth, aStride, bStride, cStride, form, update) =>
    multiply(Math.fround, [a, b, c], [rows, columns, depth], [aStride, bStride, cStride], form, update),
  inputs: (size, random, flavour) => inputsOf((values) => Float32Array.from(values), size, random, flavour),
  work: workOf,
});
