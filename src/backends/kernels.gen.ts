// Derived from the kernel table by `npm run generate`; do not edit.

/** The kernels, as every backend offers them. */
export interface KernelFunctions {
  /** Cosine of a column of angles in radians. */
  cos_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** e^x of a column. */
  exp_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** e^x − 1 of a column. */
  expm1_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** log(1 + x) of a column. */
  log1p_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** Natural logarithm of a column. */
  log_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** x^y of two columns. */
  pow_f64(xOffset: number, yOffset: number, outOffset: number, rowCount: number): void;
  /** 1/(1 + e^−x) of a column. */
  sigmoid_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** Sine of a column of angles in radians. */
  sin_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** Hyperbolic tangent of a column. */
  tanh_f64(xOffset: number, outOffset: number, rowCount: number): void;
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
export const kernelsHash = 'a832981bd8f7b53b';
