import { HISTOGRAM_STRIDE } from '../../kernels/tree-building.js';

/** Bytes that the histograms of a tree may take; leaves beyond that are histogrammed anew when they are split. */
const HISTOGRAM_BYTES = 256 * 2 ** 20;

/** How many histograms a tree of so many leaves keeps at once: a parent's and its children's at least. */
export function histogramsFor(featureCount: number, leaves: number): number {
  const bytes = featureCount * HISTOGRAM_STRIDE * 8;
  return Math.max(3, Math.min(leaves + 1, Math.floor(HISTOGRAM_BYTES / bytes)));
}

/** Which histograms of a workspace are in use. */
export class HistogramPool {
  readonly #free: number[];

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, index) => count - 1 - index);
  }

  get available(): number {
    return this.#free.length;
  }

  take(): number {
    return this.#free.pop()!;
  }

  give(index: number): void {
    this.#free.push(index);
  }
}
