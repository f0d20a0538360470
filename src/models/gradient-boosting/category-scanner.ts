import type { NodeLimits, Units } from '../../engine/tree-workspace.js';
import { BINS, MISSING_BIN } from '../../kernels/tree-building.js';
import { type LeafRules, leafGain } from '../../kernels/tree-splitting.js';
import type { Candidate, SplitRules } from './splitting.js';

/**
 * The best set of categories to go left: categories sorted by gradient ÷ (hessian + smoothing), then the best beginning or
 * end of that order (Fisher, 1958, "On grouping for maximum homogeneity"); of few categories each against the rest. Missing
 * values are a category too. Sums are whole numbers, so that they do not depend on the order of bins. One scanner serves a
 * tree: small nodes come by the hundred thousand, so nothing is allocated but for a better split.
 */
export class CategoryScanner {
  readonly #units: Units;
  readonly #limits: SplitRules;
  readonly #ratio = new Float64Array(BINS);
  readonly #sorted = new Int32Array(BINS);
  readonly #aside = new Int32Array(BINS);
  /** Sums of the node on the feature at hand. */
  #gradient = 0;
  #hessian = 0;
  #count = 0;
  /** What the values of sides are held to; undefined: nothing. */
  #held: LeafRules | undefined;

  constructor(units: Units, limits: SplitRules) {
    this.#units = units;
    this.#limits = limits;
  }

  /** `numbers` holds the feature's planes from `start`. Undefined where nothing gains more than `least`. */
  scan(numbers: Float64Array, start: number, binCount: number, node: NodeLimits, least: number): Candidate | undefined {
    const { l1, l2, maxDeltaStep, categories } = this.#limits;
    const { lower, upper } = node;
    const free =
      l1 === 0 && maxDeltaStep === 0 && lower === Number.NEGATIVE_INFINITY && upper === Number.POSITIVE_INFINITY;
    this.#held = free ? undefined : { l1, l2, maxDeltaStep, lower, upper };
    const present = this.#see(numbers, start, binCount);
    if (present < 2) return undefined;
    return present <= categories.maxToOnehot
      ? this.#oneAgainstRest(numbers, start, present, least)
      : this.#bestPrefix(numbers, start, present, least);
  }

  /** Sums the bins that have rows and lists them in `#sorted`; returns how many. */
  #see(numbers: Float64Array, start: number, binCount: number): number {
    const sorted = this.#sorted;
    let [gradient, hessian, count, present] = [0, 0, 0, 0];
    for (let i = 0; i <= binCount; i++) {
      const bin = i < binCount ? i : MISSING_BIN;
      const rows = numbers[start + 2 * BINS + bin]!;
      if (rows === 0) continue;
      gradient += numbers[start + bin]!;
      hessian += numbers[start + BINS + bin]!;
      count += rows;
      sorted[present++] = bin;
    }
    this.#gradient = gradient;
    this.#hessian = hessian;
    this.#count = count;
    return present;
  }

  #oneAgainstRest(numbers: Float64Array, start: number, present: number, least: number): Candidate | undefined {
    const { l2 } = this.#limits;
    let [best, category] = [Number.NEGATIVE_INFINITY, -1];
    for (let i = 0; i < present; i++) {
      const bin = this.#sorted[i]!;
      const [gradient, hessian, count] = [
        numbers[start + bin]!,
        numbers[start + BINS + bin]!,
        numbers[start + 2 * BINS + bin]!,
      ];
      const saved = this.#saved(gradient, hessian, count, l2);
      if (saved > best) [best, category] = [saved, bin];
    }
    const gain = best - this.#gainOf(this.#gradient, this.#hessian, l2);
    return category >= 0 && gain > least ? { gain, bin: -1, categories: [category] } : undefined;
  }

  #bestPrefix(numbers: Float64Array, start: number, present: number, least: number): Candidate | undefined {
    const { maxThreshold, minPerGroup, l2 } = this.#limits.categories;
    const sideL2 = this.#limits.l2 + l2;
    const sorted = this.#sorted;
    const count = this.#sort(numbers, start, present);
    const most = Math.min(maxThreshold, Math.ceil(count / 2));
    let [best, length, reversed] = [Number.NEGATIVE_INFINITY, 0, false];
    for (let way = 0; way < 2; way++) {
      let [gradient, hessian, rows, inGroup] = [0, 0, 0, 0];
      for (let i = 0; i < most; i++) {
        const bin = sorted[way === 1 ? count - 1 - i : i]!;
        gradient += numbers[start + bin]!;
        hessian += numbers[start + BINS + bin]!;
        rows += numbers[start + 2 * BINS + bin]!;
        inGroup += numbers[start + 2 * BINS + bin]!;
        if (this.#count - rows < minPerGroup) break;
        if (inGroup < minPerGroup) continue;
        inGroup = 0;
        const saved = this.#saved(gradient, hessian, rows, sideL2);
        if (saved > best) [best, length, reversed] = [saved, i + 1, way === 1];
      }
    }
    const gain = best - this.#gainOf(this.#gradient, this.#hessian, this.#limits.l2);
    if (length === 0 || !(gain > least)) return undefined;
    const from = reversed ? count - length : 0;
    return { gain, bin: -1, categories: Array.from(sorted.subarray(from, from + length)) };
  }

  /** Sorts the bins with rows enough by gradient ÷ (hessian + smoothing), then by bin; returns how many they are. */
  #sort(numbers: Float64Array, start: number, present: number): number {
    const { smooth } = this.#limits.categories;
    const { gradient: gradientUnit, hessian: hessianUnit } = this.#units;
    const [sorted, ratio] = [this.#sorted, this.#ratio];
    let count = 0;
    for (let i = 0; i < present; i++) {
      const bin = sorted[i]!;
      if (numbers[start + 2 * BINS + bin]! < smooth) continue;
      const divisor = numbers[start + BINS + bin]! * hessianUnit + smooth;
      ratio[bin] = divisor > 0 ? (numbers[start + bin]! * gradientUnit) / divisor : 0;
      sorted[count++] = bin;
    }
    this.#sortRuns(count);
    for (let width = RUN; width < count; width *= 2) this.#mergeRuns(count, width);
    return count;
  }

  /** Sorts by insertion, RUN by RUN: bins ascend at first, and equal ones keep their order. */
  #sortRuns(count: number): void {
    const [sorted, ratio] = [this.#sorted, this.#ratio];
    for (let i = 1; i < count; i++) {
      const bin = sorted[i]!;
      const own = ratio[bin]!;
      const start = i - (i % RUN);
      let at = i;
      for (; at > start && ratio[sorted[at - 1]!]! > own; at--) sorted[at] = sorted[at - 1]!;
      sorted[at] = bin;
    }
  }

  /** Merges neighbouring runs of a width. */
  #mergeRuns(count: number, width: number): void {
    const [sorted, ratio, aside] = [this.#sorted, this.#ratio, this.#aside];
    for (let start = 0; start + width < count; start += 2 * width) {
      const middle = start + width;
      const end = Math.min(count, middle + width);
      if (ratio[sorted[middle - 1]!]! <= ratio[sorted[middle]!]!) continue;
      for (let i = start; i < middle; i++) aside[i] = sorted[i]!;
      let [left, right] = [start, middle];
      for (let at = start; left < middle; at++) {
        const fromRight = right < end && ratio[sorted[right]!]! < ratio[aside[left]!]!;
        sorted[at] = fromRight ? sorted[right++]! : aside[left++]!;
      }
    }
  }

  /** What parting the node into these rows and the rest saves; −∞ where a side is too small. */
  #saved(gradient: number, hessian: number, count: number, l2: number): number {
    const { minSamples, minHessian } = this.#limits;
    const left = hessian * this.#units.hessian;
    const right = (this.#hessian - hessian) * this.#units.hessian;
    if (count < minSamples || this.#count - count < minSamples) return Number.NEGATIVE_INFINITY;
    if (left < minHessian || right < minHessian) return Number.NEGATIVE_INFINITY;
    if (!(left + l2 > 0 && right + l2 > 0)) return Number.NEGATIVE_INFINITY;
    return this.#gainOf(gradient, hessian, l2) + this.#gainOf(this.#gradient - gradient, this.#hessian - hessian, l2);
  }

  /** `leafGain`, of whole numbers. */
  #gainOf(gradient: number, hessian: number, l2: number): number {
    const [g, h] = [gradient * this.#units.gradient, hessian * this.#units.hessian];
    return this.#held ? leafGain(g, h, { ...this.#held, l2 }) : (g * g) / (h + l2);
  }
}

/** So many are sorted by insertion. */
const RUN = 8;
