import { LanewiseError } from '../../errors.js';
import { log } from '../../kernels/elementary.js';
import type { Target } from '../features.js';

/** An impurity or loss, as scikit-learn names it. */
export type Criterion = 'gini' | 'entropy' | 'log_loss' | 'squared_error' | 'poisson';

/** Targets as the kernel takes them, and back. */
export interface CodedTargets {
  /** One behind the other: numbers, or class indices, those of the second target behind those of the first. */
  readonly values: Float64Array;
  readonly count: number;
  /** Classes of all targets; 0 where they are numbers. */
  readonly classCount: number;
  /** Numbers a leaf holds. */
  readonly width: number;
  readonly logarithmic: boolean;
  /** A leaf's k-th number is shift[k] + scale[k] · the kernel's. */
  readonly shift: Float64Array;
  readonly scale: Float64Array;
  /** The kernel's gain times this is a decrease of weight · impurity. */
  readonly gainScale: number;
  /** Squared errors of the kernel's numbers times this are the loss of a row: squared error or Brier score, a target. */
  readonly lossScale: number;
}

/**
 * Two classes under Gini are a number, 0 or 1, whose variance is half the impurity. Other numbers are centred and scaled
 * by powers of two, which takes nothing from them and keeps their squares from overflowing; several targets are scaled
 * alike, so that none counts more than its variance.
 * @throws LanewiseError `data` for negative targets, or none above 0, under Poisson deviance.
 */
export function codeTargets(targets: readonly Target[], criterion: Criterion): CodedTargets {
  const frame = frameOf(targets, criterion);
  return { ...frame, values: valuesIn(frame, targets) };
}

/** Other rows of the same targets, on the scale of the first. */
export function codeMore(coded: CodedTargets, targets: readonly Target[]): CodedTargets {
  return { ...coded, values: valuesIn(coded, targets) };
}

function frameOf(targets: readonly Target[], criterion: Criterion): Omit<CodedTargets, 'values'> {
  const count = targets.length;
  const classCounts = targets.map(({ classes }) => classes?.length ?? 0);
  if (classCounts.some((classes) => classes > 2) || criterion === 'entropy' || criterion === 'log_loss') {
    const classCount = classCounts.reduce((sum, classes) => sum + classes, 0);
    const logarithmic = criterion !== 'gini';
    const scales = { gainScale: (logarithmic ? 1 / log(2) : 1) / count, lossScale: 1 / count };
    return { count, classCount, width: classCount, logarithmic, ...unscaled(classCount), ...scales };
  }
  const numbers = { count, classCount: 0, width: count };
  if (classCounts[0]! > 0) {
    return { ...numbers, logarithmic: false, ...unscaled(count), gainScale: 2 / count, lossScale: 2 / count };
  }
  const logarithmic = criterion === 'poisson';
  const { shift, scale } = unscaled(count);
  let largest = 0;
  targets.forEach((target, t) => {
    if (logarithmic) refuseNegative(target);
    else shift[t] = coarseMean(target.values);
    for (const value of target.values) largest = Math.max(largest, Math.abs(value - shift[t]!));
  });
  const power = powerOfTwo(largest);
  scale.fill(power);
  const lossScale = (power * power) / count;
  return { ...numbers, logarithmic, shift, scale, gainScale: logarithmic ? power / count : lossScale, lossScale };
}

function valuesIn(
  { classCount, shift, scale }: Omit<CodedTargets, 'values'>,
  targets: readonly Target[],
): Float64Array {
  const rows = targets[0]!.values.length;
  const values = new Float64Array(rows * targets.length);
  let first = 0;
  targets.forEach((target, t) => {
    for (let row = 0; row < rows; row++) {
      const value = target.values[row]!;
      values[t * rows + row] = classCount > 0 ? first + value : (value - shift[t]!) / scale[t]!;
    }
    first += target.classes?.length ?? 0;
  });
  return values;
}

function unscaled(width: number): Pick<CodedTargets, 'shift' | 'scale'> {
  return { shift: new Float64Array(width), scale: new Float64Array(width).fill(1) };
}

function refuseNegative({ name, values }: Target): void {
  const row = values.findIndex((value) => value < 0);
  if (row >= 0) {
    const message = `Expected targets >= 0 for criterion poisson but "${name}" has ${values[row]}`;
    throw new LanewiseError('data', message, { column: name, row: row + 1, hint: 'Use squared_error.' });
  }
}

/** The largest power of two up to `value`, within what may be squared. */
function powerOfTwo(value: number): number {
  let power = 1;
  if (!(value > 0)) return power;
  while (power * 2 <= value && power < 2 ** 1000) power *= 2;
  while (power > value && power > 2 ** -1000) power /= 2;
  return power;
}

/** About the mean, but a multiple of a power of two: taking it away and adding it again leaves whole numbers whole. */
function coarseMean(values: Float64Array): number {
  let [sum, least, most] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    sum += value;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  let grid = 1;
  while (grid > (most - least) / 64) grid /= 2;
  while (grid < (most - least) / 128) grid *= 2;
  const mean = Math.round(sum / values.length / grid) * grid;
  return Number.isFinite(mean) ? mean : 0;
}

/** Impurity of all rows together, the mean over the targets, as scikit-learn measures it. */
export function impurityOf(coded: CodedTargets, weights: Float64Array | undefined): number {
  const { values, count, classCount, logarithmic, gainScale } = coded;
  const rows = values.length / count;
  let total = 0;
  for (let row = 0; row < rows; row++) total += weights ? weights[row]! : 1;
  let impurity = 0;
  const classWeights = new Float64Array(classCount);
  for (let target = 0; target < count; target++) {
    const column = values.subarray(target * rows, (target + 1) * rows);
    let [sum, terms] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const [value, weight] = [column[row]!, weights ? weights[row]! : 1];
      if (classCount > 0) classWeights[value]! += weight;
      sum += weight * value;
      terms += logarithmic ? (value > 0 ? weight * value * log(value) : 0) : weight * value * value;
    }
    if (classCount > 0) impurity += logarithmic ? 0 : 1;
    // The Poisson deviance of the mean: Σ w·y·log(y/mean), since Σ w·(y − mean) is 0.
    else impurity += logarithmic ? (terms - sum * log(sum / total)) / total : terms / total - (sum / total) ** 2;
  }
  for (const weight of classWeights) {
    const share = weight / total;
    if (share > 0) impurity -= logarithmic ? share * log(share) : share * share;
  }
  return impurity * gainScale;
}
