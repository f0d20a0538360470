import { sigmoid, tanh } from './elementary.js';

/** Activation functions in the order of their codes: as scikit-learn names them, and gelu. */
export const activations = ['identity', 'relu', 'tanh', 'logistic', 'gelu'] as const;
export type Activation = (typeof activations)[number];

const ROOT_TWO_OVER_PI = 0.7978845608028654;
const GELU_CUBE = 0.044715;

/** √(2/π)·(x + 0.044715·x³), whose hyperbolic tangent gelu weighs x by. */
const geluArgument = (x: number): number => ROOT_TWO_OVER_PI * (x + GELU_CUBE * (x * x * x));

/**
 * The function of a code at an f32 x, rounded to f32: computed in f64 and rounded once, so off by little more than half
 * an ulp. gelu is its tanh form, 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks and Gimpel, "Gaussian error linear
 * units", 2016). NaN goes through all.
 */
export function activate(code: number, x: number): number {
  switch (code) {
    case 1:
      // biome-ignore lint/complexity/useMathMinMax: −0 stays, as in the kernels
      return x < 0 ? 0 : x;
    case 2:
      return Math.fround(tanh(x));
    case 3:
      return Math.fround(sigmoid(x));
    case 4:
      return Math.fround(0.5 * x * (1 + tanh(geluArgument(x))));
    default:
      return x;
  }
}

/** The derivative of a code's function at an f32 x whose value was y. */
export function activationSlope(code: number, x: number, y: number): number {
  switch (code) {
    case 1:
      return y > 0 ? 1 : 0;
    case 2:
      return Math.fround(1 - Math.fround(y * y));
    case 3:
      return Math.fround(y * Math.fround(1 - y));
    case 4: {
      const t = tanh(geluArgument(x));
      const inner = ROOT_TWO_OVER_PI * (1 + 3 * GELU_CUBE * (x * x));
      return Math.fround(0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner);
    }
    default:
      return 1;
  }
}
