import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { exp, log, log1p } from './elementary.js';
import {
  coefficients,
  columnCount,
  columnStride,
  matrixInputs,
  realValues,
  rowCount,
  scoreRows,
  weights,
  x,
} from './gradient-descent.js';
import { foldLanes, LANES, laneSum } from './sums.js';

/**
 * Losses of linear models: margins → (loss, derivative, curvature) of each row → transposed product, a tile of 256 rows
 * at a time, so that a column is read once from memory. Numerical policy: f64, no fused multiply-add; every sum runs in
 * 32 virtual lanes over all rows of the call, across tiles, and is folded once.
 */

/** The losses, by number: `loss` of `gradient_linear_f64`. z is the margin, y the target, a and b the loss's parameters. */
export const linearLosses = {
  /** ½(z − y)² */
  squared: 0,
  /** log(1 + e^z) − y·z, y 0 or 1 */
  logistic: 1,
  /** max(0, u) with u = 1 − (2y − 1)·z, rounded off by a parabola for 0 < u ≤ a */
  hinge: 2,
  /** max(0, u)² */
  'squared-hinge': 3,
  /** ½(z − y)² up to |z − y| = a, straight beyond */
  huber: 4,
  /** max(a·r, (a − 1)·r) with r = y − z, rounded off by a parabola for |r| < b */
  quantile: 5,
  /** e^z − y·z: half the Poisson deviance, less what no margin changes */
  poisson: 6,
  /** z + y·e^−z: half the gamma deviance */
  gamma: 7,
  /** e^((2 − a)z)/(2 − a) − y·e^((1 − a)z)/(1 − a): half the Tweedie deviance of power a ≠ 1, 2; b ≠ 0: expected curvature */
  tweedie: 8,
  /** Half the Tweedie deviance of power a where the margin itself is the mean, > 0; b ≠ 0: expected curvature */
  'tweedie-identity': 9,
} as const;

export type LinearLoss = keyof typeof linearLosses;

/** Loss, first and second derivative by the margin, of one row: overwritten by `rowLoss`. */
export const rowTerms = { loss: 0, slope: 0, curvature: 0 };

type RowLoss = (z: number, y: number, a: number, b: number) => void;

function setTerms(loss: number, slope: number, curvature: number): void {
  rowTerms.loss = loss;
  rowTerms.slope = slope;
  rowTerms.curvature = curvature;
}

/** Where u > 0; NaN stays NaN. */
function positivePart(u: number): number {
  return u > 0 || Number.isNaN(u) ? u : 0;
}

const rowLosses: Readonly<Record<LinearLoss, RowLoss>> = {
  squared: (z, y) => {
    const error = z - y;
    setTerms(0.5 * error * error, error, 1);
  },
  logistic: (z, y) => {
    const power = exp(-Math.abs(z));
    const share = 1 / (1 + power);
    const other = power * share;
    setTerms(log1p(power) + (Math.max(0, z) - y * z), (z < 0 ? other : share) - y, other * share);
  },
  hinge: (z, y, a) => {
    const side = 2 * y - 1;
    const u = 1 - side * z;
    if (u > a) setTerms(u - 0.5 * a, -side, 0);
    else if (u > 0) setTerms((0.5 * u * u) / a, -(side * (u / a)), 1 / a);
    else setTerms(positivePart(u), 0, 0);
  },
  'squared-hinge': (z, y) => {
    const side = 2 * y - 1;
    const u = 1 - side * z;
    const held = positivePart(u);
    setTerms(held * held, side * (-2 * held), u > 0 ? 2 : 0);
  },
  huber: (z, y, a) => {
    const error = z - y;
    const size = Math.abs(error);
    if (size <= a) setTerms(0.5 * error * error, error, 1);
    else setTerms(a * size - 0.5 * a * a, error < 0 ? -a : a, 0);
  },
  quantile: (z, y, a, b) => {
    const rest = y - z;
    const size = Math.abs(rest);
    const tilt = a - 0.5;
    if (size < b) setTerms(tilt * rest + 0.25 * ((rest * rest) / b + b), -(tilt + (0.5 * rest) / b), 0.5 / b);
    else setTerms(tilt * rest + 0.5 * size, -(tilt + (rest < 0 ? -0.5 : 0.5)), 0);
  },
  poisson: (z, y) => {
    const mean = exp(z);
    setTerms(mean - y * z, mean - y, mean);
  },
  gamma: (z, y) => {
    const ratio = y * exp(-z);
    setTerms(z + ratio, 1 - ratio, ratio);
  },
  tweedie: (z, y, a, b) => {
    const first = exp((2 - a) * z);
    const second = y * exp((1 - a) * z);
    const curvature = b !== 0 ? first : (2 - a) * first - (1 - a) * second;
    setTerms(first / (2 - a) - second / (1 - a), first - second, curvature);
  },
  'tweedie-identity': (z, y, a, b) => {
    const logarithm = log(z);
    const power = exp((1 - a) * logarithm);
    const ratio = y / z;
    const first = a === 2 ? logarithm : (z * power) / (2 - a);
    const second = a === 1 ? y * logarithm : (y * power) / (1 - a);
    const bend = b !== 0 ? 1 : 1 - a + a * ratio;
    setTerms(first - second, power * (1 - ratio), (power / z) * bend);
  },
};

const names = Object.keys(linearLosses) as LinearLoss[];

/** The loss of a row and its derivatives by the margin, in `rowTerms`. */
export function rowLoss(loss: LinearLoss, z: number, y: number, a: number, b: number): void {
  rowLosses[loss](z, y, a, b);
}

/** Rows of which `logProduct` multiplies before it takes logarithms: 2^256 at most a lane. */
const PRODUCT_ROWS = 8192;

/**
 * Σ log(1 + powers[i]) for powers in [0, 1]: in each lane the product of 1 + power, and its logarithm at the end; what
 * rounding takes from 1 + power is added on its own, so that small powers count in full.
 */
function logProduct(powers: Float64Array): number {
  let sum = 0;
  for (let start = 0; start < powers.length; start += PRODUCT_ROWS) {
    const products = new Float64Array(LANES).fill(1);
    const lost = new Float64Array(LANES);
    const end = Math.min(powers.length, start + PRODUCT_ROWS);
    for (let i = start; i < end; i++) {
      const power = powers[i]!;
      const factor = 1 + power;
      products[i % LANES]! *= factor;
      lost[i % LANES]! += (power - (factor - 1)) * (1 / factor);
    }
    for (let lane = 0; lane < LANES; lane++) products[lane] = log(products[lane]!) + lost[lane]!;
    sum += foldLanes(products);
  }
  return sum;
}

/** gradient[j] = Σ x[j][row]·slopes[row], then Σ slopes. */
function transposedProduct(
  matrix: Float64Array,
  slopes: Float64Array,
  gradient: Float64Array,
  columns: number,
  stride: number,
): void {
  const rows = slopes.length;
  for (let j = 0; j < columns; j++) gradient[j] = laneSum(0, rows, (row) => matrix[j * stride + row]! * slopes[row]!);
  gradient[columns] = laneSum(0, rows, (row) => slopes[row]!);
}

const target = {
  name: 'target',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rowCount!,
  meaning: 'what is to be predicted: a value, 0 or 1, or a class index',
} as const;
const gradient = {
  name: 'gradient',
  role: 'out',
  dtype: 'f64',
  length: (s: Scalars) => s.columnCount! + 1,
  meaning: 'derivatives of the loss by the coefficients, in their order',
} as const;
const scratch = {
  name: 'scratch',
  role: 'scratch',
  dtype: 'f64',
  length: (s: Scalars) => 640 + 32 * s.columnCount!,
  meaning: 'a tile of margins, then of slopes; a tile of losses; 32 lanes of every sum, of products, of what they lost',
} as const;

export const gradient_linear_f64 = defineKernel({
  name: 'gradient_linear_f64',
  family: 'gradient-descent',
  summary: 'Σ w·loss(margin, target) of a linear model, its gradient, and w·(second derivative by the margin) a row.',
  arguments: [
    x,
    target,
    weights,
    coefficients,
    gradient,
    {
      name: 'curvature',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'second derivatives by the margin, a row each',
      optional: true,
    },
    scratch,
    { name: 'loss', dtype: 'i32', meaning: 'which loss: linearLosses' },
    { name: 'a', dtype: 'f64', meaning: 'first parameter of the loss' },
    { name: 'b', dtype: 'f64', meaning: 'second parameter of the loss' },
    rowCount,
    columnCount,
    columnStride,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (matrix, truth, rowWeights, factors, sums, curvature, _tile, loss, a, b, rows, columns, stride) => {
    const slopes = new Float64Array(rows);
    const losses = new Float64Array(rows);
    scoreRows(matrix, factors, slopes, rows, columns, stride);
    // Without weights the logarithms of the logistic loss are those of a few products.
    const inProducts = loss === linearLosses.logistic && !rowWeights;
    const powers = inProducts ? slopes.map((z) => exp(-Math.abs(z))) : new Float64Array(0);
    for (let row = 0; row < rows; row++) {
      const [z, y] = [slopes[row]!, truth[row]!];
      const weight = rowWeights ? rowWeights[row]! : 1;
      rowLoss(names[loss]!, z, y, a, b);
      losses[row] = inProducts ? Math.max(0, z) - y * z : weight * rowTerms.loss;
      slopes[row] = weight * rowTerms.slope;
      if (curvature) curvature[row] = weight * rowTerms.curvature;
    }
    transposedProduct(matrix, slopes, sums, columns, stride);
    return laneSum(0, rows, (row) => losses[row]!) + logProduct(powers);
  },
  inputs: (size, random, flavour) => lossInputs(size, random, flavour, random.integer(names.length)),
  work: (s) => ({ elements: s.rowCount! * s.columnCount!, flops: s.rowCount! * (4 * s.columnCount! + 40) }),
});

function lossInputs(size: number, random: CaseRandom, flavour: Flavour, drawn: number) {
  // The bench's rows: the loss most used.
  const loss = size >= 8192 ? linearLosses.logistic : drawn;
  const { scalars, buffers } = matrixInputs(size, random, flavour);
  const classes = loss === linearLosses.logistic || names[loss]!.endsWith('hinge');
  const values = realValues(size, random, flavour);
  const truth = values.map((value) =>
    classes ? random.integer(2) : loss >= linearLosses.poisson ? Math.abs(value) : value,
  );
  const a = [
    0,
    0,
    0.5 * random.integer(2),
    0,
    1.35,
    0.3,
    0,
    0,
    [0, 1.5, 2.5][random.integer(3)]!,
    [1, 1.5, 2][random.integer(3)]!,
  ];
  const b =
    loss === linearLosses.quantile ? 0.5 * random.integer(2) : loss >= linearLosses.tweedie ? random.integer(2) : 0;
  const curvature = random.integer(4) === 0 ? null : new Float64Array(size);
  return { scalars: { ...scalars, loss, a: a[loss]!, b }, buffers: { ...buffers, target: truth, curvature } };
}

export const hessian_linear_f64 = defineKernel({
  name: 'hessian_linear_f64',
  family: 'gradient-descent',
  summary: 'The Hessian of a linear model times a vector, without the Hessian: xᵀ·(curvature ∘ x·direction).',
  source: 'Pearlmutter, Fast exact multiplication by the Hessian, 1994',
  arguments: [
    x,
    {
      name: 'curvature',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.rowCount!,
      meaning: 'second derivatives by the margin, weights included',
    },
    { ...coefficients, name: 'direction', meaning: 'the vector: one number a column, then the intercept’s' },
    { ...gradient, name: 'product', meaning: 'the Hessian times the vector' },
    scratch,
    rowCount,
    columnCount,
    columnStride,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (matrix, curvature, direction, product, _tile, rows, columns, stride) => {
    const slopes = new Float64Array(rows);
    scoreRows(matrix, direction, slopes, rows, columns, stride);
    for (let row = 0; row < rows; row++) slopes[row] = curvature[row]! * slopes[row]!;
    transposedProduct(matrix, slopes, product, columns, stride);
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = matrixInputs(size, random, flavour);
    const curvature = realValues(size, random, flavour);
    return { scalars, buffers: { x: buffers.x, curvature, direction: buffers.coefficients } };
  },
  work: (s) => ({ elements: s.rowCount! * s.columnCount!, flops: s.rowCount! * 4 * s.columnCount! }),
});

const classCount = { name: 'classCount', dtype: 'i32', meaning: 'classes' } as const;
const classCoefficients = {
  name: 'coefficients',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.classCount! * (s.columnCount! + 1),
  meaning: 'class by class: one a column, then the intercept',
} as const;
const classGradient = {
  name: 'gradient',
  role: 'out',
  dtype: 'f64',
  length: (s: Scalars) => s.classCount! * (s.columnCount! + 1),
  meaning: 'derivatives, in the order of the coefficients',
} as const;
const classScratch = {
  name: 'scratch',
  role: 'scratch',
  dtype: 'f64',
  length: (s: Scalars) => (s.classCount! + 1) * 256 + 32 * (s.classCount! * (s.columnCount! + 1) + 1),
  meaning: 'a tile of margins a class, then of slopes; a tile of losses; 32 lanes of every sum',
} as const;

export const gradient_softmax_f64 = defineKernel({
  name: 'gradient_softmax_f64',
  family: 'gradient-descent',
  summary: 'Multinomial loss −Σ w·log p(class of the row) of a linear model with softmax, its gradient, and p.',
  arguments: [
    x,
    target,
    weights,
    classCoefficients,
    classGradient,
    {
      name: 'probabilities',
      role: 'out',
      dtype: 'f64',
      length: (s) => s.classCount! * s.rowCount!,
      meaning: 'class by class: one a row',
      optional: true,
    },
    classScratch,
    rowCount,
    columnCount,
    columnStride,
    classCount,
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (matrix, truth, rowWeights, factors, sums, probabilities, _tile, rows, columns, stride, classes) => {
    const step = columns + 1;
    const slopes = Array.from({ length: classes }, () => new Float64Array(rows));
    const losses = new Float64Array(rows);
    slopes.forEach((margins, k) => scoreRows(matrix, factors.subarray(k * step), margins, rows, columns, stride));
    for (let row = 0; row < rows; row++) {
      const weight = rowWeights ? rowWeights[row]! : 1;
      let highest = slopes[0]![row]!;
      for (let k = 1; k < classes; k++) highest = Math.max(highest, slopes[k]![row]!);
      let own = 0;
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        const margin = slopes[k]![row]! - highest;
        own = truth[row] === k ? margin : own;
        slopes[k]![row] = exp(margin);
        sum += slopes[k]![row]!;
      }
      for (let k = 0; k < classes; k++) {
        const probability = slopes[k]![row]! / sum;
        if (probabilities) probabilities[k * rows + row] = probability;
        slopes[k]![row] = weight * (probability - (truth[row] === k ? 1 : 0));
      }
      losses[row] = weight * (log(sum) - own);
    }
    slopes.forEach((own, k) => transposedProduct(matrix, own, sums.subarray(k * step), columns, stride));
    return laneSum(0, rows, (row) => losses[row]!);
  },
  inputs: (size, random, flavour) => {
    const classes = 2 + random.integer(3);
    const { scalars, buffers } = matrixInputs(size, random, flavour, classes);
    const truth = Float64Array.from({ length: size }, () => random.integer(classes));
    const probabilities = random.integer(3) === 0 ? null : new Float64Array(classes * size);
    return { scalars: { ...scalars, classCount: classes }, buffers: { ...buffers, target: truth, probabilities } };
  },
  work: (s) => ({
    elements: s.rowCount! * s.columnCount! * s.classCount!,
    flops: s.rowCount! * s.classCount! * (4 * s.columnCount! + 40),
  }),
});

export const hessian_softmax_f64 = defineKernel({
  name: 'hessian_softmax_f64',
  family: 'gradient-descent',
  summary: 'The Hessian of the multinomial loss times a vector, without the Hessian.',
  source: 'Pearlmutter, Fast exact multiplication by the Hessian, 1994',
  arguments: [
    x,
    weights,
    {
      name: 'probabilities',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.classCount! * s.rowCount!,
      meaning: 'class by class: one a row',
    },
    { ...classCoefficients, name: 'direction', meaning: 'the vector, in the order of the coefficients' },
    { ...classGradient, name: 'product', meaning: 'the Hessian times the vector' },
    classScratch,
    rowCount,
    columnCount,
    columnStride,
    classCount,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (matrix, rowWeights, probabilities, direction, product, _tile, rows, columns, stride, classes) => {
    const step = columns + 1;
    const slopes = Array.from({ length: classes }, () => new Float64Array(rows));
    slopes.forEach((margins, k) => scoreRows(matrix, direction.subarray(k * step), margins, rows, columns, stride));
    for (let row = 0; row < rows; row++) {
      const weight = rowWeights ? rowWeights[row]! : 1;
      let mean = 0;
      for (let k = 0; k < classes; k++) mean += probabilities[k * rows + row]! * slopes[k]![row]!;
      for (let k = 0; k < classes; k++) {
        slopes[k]![row] = weight * (probabilities[k * rows + row]! * (slopes[k]![row]! - mean));
      }
    }
    slopes.forEach((own, k) => transposedProduct(matrix, own, product.subarray(k * step), columns, stride));
  },
  inputs: (size, random, flavour) => {
    const classes = 2 + random.integer(3);
    const { scalars, buffers } = matrixInputs(size, random, flavour, classes);
    const probabilities = realValues(classes * size, random, 'plain').map((value) => Math.abs(value) / 4);
    const { x: matrix, weights: rowWeights, coefficients: direction } = buffers;
    return {
      scalars: { ...scalars, classCount: classes },
      buffers: { x: matrix, weights: rowWeights, probabilities, direction },
    };
  },
  work: (s) => ({
    elements: s.rowCount! * s.columnCount! * s.classCount!,
    flops: s.rowCount! * s.classCount! * (4 * s.columnCount! + 5),
  }),
});
