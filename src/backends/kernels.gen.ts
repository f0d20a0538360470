// Derived from the kernel table by `npm run generate`; do not edit.

/** The kernels, as every backend offers them. */
export interface KernelFunctions {
  /** y ← a·x + y. */
  axpy_f64(xOffset: number, yOffset: number, a: number, rowCount: number): void;
  /** Inner product of two columns. */
  dot_f64(xOffset: number, yOffset: number, rowCount: number): number;
  /** Uniform numbers in [0, 1), 53 bits each: values startIndex … startIndex + count − 1 of a key. */
  random_uniform_f64(outOffset: number, keyLow: number, keyHigh: number, startIndex: number, count: number): void;
  /** Random 32-bit words startIndex … startIndex + count − 1 of a key. */
  random_words_u32(outOffset: number, keyLow: number, keyHigh: number, startIndex: number, count: number): void;
}

/** Of names and signatures: an addon built from another table is refused. */
export const kernelsHash = 'b21fdc7a26e39d90';
