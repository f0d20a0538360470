import { multiplyMatrices } from '../../../dist/engine/matrix-product.js';

export const title = 'Matrix product, 1,000 × 1,000 by 1,000 × 1,000';
export const data = 'support';
export const peers = { numpy: 'python' };
export const tolerance = { error: 20 };

/** Products of numbers that both engines can make, and how far the one in f32 is from the one in f64. */
export async function measure({ engine, small, fastest }) {
  const size = small ? 100 : 1000;
  const scope = engine.arena.scope();
  const shape = { rows: size, columns: size, depth: size };
  const product = async (dtype) => {
    const [a, b, c] = [1, 3, 0].map((step) =>
      Float64Array.from({ length: size * size }).map((_, index) => ((index * step) % 1009) / 1009 - 0.5),
    );
    const held = [a, b, c].map((values) => scope.copy(dtype, values));
    const [seconds] = await fastest(() => multiplyMatrices(engine, shape, ...held), 10);
    return [seconds, held[2]];
  };
  const [f32, single] = await product('f32');
  const [f64, double] = await product('f64');
  let [error, largest] = [0, 0];
  double.forEach((value, index) => {
    error = Math.max(error, Math.abs(value - single[index]));
    largest = Math.max(largest, Math.abs(value));
  });
  return { seconds: { f32, f64 }, quality: { error: error / largest }, flops: 2 * size ** 3 };
}
