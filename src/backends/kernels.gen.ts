// Derived from the kernel table by `npm run generate`; do not edit.

/** The kernels, as every backend offers them. */
export interface KernelFunctions {
  /** y ← a·x + y. */
  axpy_f64(xOffset: number, yOffset: number, a: number, rowCount: number): void;
  /** Inner product of two columns. */
  dot_f64(xOffset: number, yOffset: number, rowCount: number): number;
}
