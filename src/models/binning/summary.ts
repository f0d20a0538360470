import type { Scope } from '../../engine/arena.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FeatureBins } from './bins.js';
import { DistinctValues } from './distinct.js';
import { midpoints, uniformEdges } from './edges.js';
import { BottomSample, type ChunkRows, placeWhole, SAMPLE_ROWS } from './sample.js';

/** How numbers are parted: bins of about equal weight, or of equal width. */
export type Binning = 'quantile' | 'uniform';

/** A column whose bins are to be found. */
export interface ColumnToSummarize extends Pick<RegisterColumn, 'type' | 'labels'> {
  readonly values: Float64Array | Float32Array;
}

/** What one pass over a numeric column tells of its bins; chunks are added, or merged, in the order of their rows. */
export class NumericSummary {
  readonly name: string;
  readonly distinct: DistinctValues;
  readonly sample: BottomSample;
  readonly maxBins: number;
  readonly #binning: Binning;
  /** Where one chunk is all there is: it is sampled when it is needed, uncopied till then. */
  #whole:
    | { readonly values: Float64Array | Float32Array; readonly chunk: ChunkRows; readonly below: number }
    | undefined;
  #least = Number.POSITIVE_INFINITY;
  #largest = Number.NEGATIVE_INFINITY;

  constructor(name: string, binning: Binning, maxBins: number, sampleRows = SAMPLE_ROWS) {
    this.name = name;
    this.#binning = binning;
    this.maxBins = maxBins;
    this.distinct = new DistinctValues(maxBins);
    this.sample = new BottomSample(sampleRows);
  }

  /** Adds a chunk. `only`: none was before it and none follows, so what the edges do not need is left out. */
  add({ values, type, labels }: ColumnToSummarize, chunk: ChunkRows, only = false): void {
    this.distinct.add(values, chunk.all);
    if (only && !this.distinct.tooMany) return;
    // A code beyond the labels is a label never seen.
    const below = (type === 'category' ? labels?.length : undefined) ?? Number.NaN;
    if (this.#binning === 'uniform') this.#widen(values, chunk.all);
    else if (only) this.#whole = { values, chunk, below };
    else this.sample.add(values, chunk, below);
  }

  merge(later: NumericSummary): void {
    this.distinct.merge(later.distinct);
    this.sample.merge(later.sample);
    this.#least = Math.min(this.#least, later.#least);
    this.#largest = Math.max(this.#largest, later.#largest);
  }

  /** Edges are to be found from the sample before `bins` is called. */
  get needsSample(): boolean {
    return this.distinct.tooMany && this.#binning === 'quantile';
  }

  /** The sample where kernels read it, in the order of the rows; NaN is no value. */
  placeSample(scope: Scope): { values: Float64Array; weights: Float64Array | undefined } {
    const whole = this.#whole && placeWhole(scope, this.#whole.values, this.#whole.chunk, this.#whole.below);
    if (whole) return whole;
    if (this.#whole) this.sample.add(this.#whole.values, this.#whole.chunk, this.#whole.below);
    const { values, weights } = this.sample.finish();
    return { values: scope.copy('f64', values), weights: weights && scope.copy('f64', weights) };
  }

  /** `found`: edges from the sample, where it is needed. */
  bins(found?: Float64Array): FeatureBins {
    const distinct = this.distinct.sorted();
    const edges = distinct ? midpoints(distinct) : (found ?? uniformEdges(this.#least, this.#largest, this.maxBins));
    return { name: this.name, categorical: false, edges, binCount: distinct?.length === 0 ? 0 : edges.length + 1 };
  }

  #widen(values: Float64Array | Float32Array, rows: Uint32Array): void {
    let [least, largest] = [this.#least, this.#largest];
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i]!]!;
      // Infinite values lie in the outer bins.
      if (value < least && value !== Number.NEGATIVE_INFINITY) least = value;
      if (value > largest && value !== Number.POSITIVE_INFINITY) largest = value;
    }
    [this.#least, this.#largest] = [least, largest];
  }
}

/** Bin 255 means missing, so codes 0 … 254 are left for values. */
const MAX_CATEGORIES = 255;

/** How often each category occurs, by its code. */
export class CategorySummary {
  readonly name: string;
  #counts = new Float64Array(0);

  constructor(name: string) {
    this.name = name;
  }

  add(values: Float64Array, rows: Uint32Array, labelCount: number, weights?: Float64Array): void {
    if (labelCount > this.#counts.length) {
      const counts = new Float64Array(labelCount);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    const counts = this.#counts;
    for (let i = 0; i < rows.length; i++) {
      const code = values[rows[i]!]!;
      if (code < labelCount) counts[code]! += weights ? weights[rows[i]!]! : 1;
    }
  }

  /** Adds what was counted elsewhere: `codes[c]` is the code here of code c there. */
  merge(other: CategorySummary, codes: ArrayLike<number>, labelCount: number): void {
    this.add(new Float64Array(0), new Uint32Array(0), labelCount);
    other.#counts.forEach((count, code) => {
      this.#counts[codes[code]!]! += count;
    });
  }

  /** Bins of the most frequent categories, in the order of their codes. `codes[c]`: the final code of code c. */
  bins(labelCount: number, codes?: ArrayLike<number>): FeatureBins {
    const counts = new Float64Array(labelCount);
    this.#counts.forEach((count, code) => {
      counts[codes ? codes[code]! : code] = count;
    });
    const seen = [...counts.keys()].filter((code) => counts[code]! > 0);
    // Of too many, one code fewer than fits: the rare ones go with the missing.
    const kept =
      seen.length <= MAX_CATEGORIES
        ? seen
        : seen.sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, MAX_CATEGORIES - 1);
    const binOfCode = new Float64Array(labelCount).fill(Number.NaN);
    kept
      .sort((a, b) => a - b)
      .forEach((code, bin) => {
        binOfCode[code] = bin;
      });
    const edges = Float64Array.from({ length: Math.max(0, kept.length - 1) }, (_, bin) => bin + 0.5);
    return { name: this.name, categorical: true, edges, binCount: kept.length, binOfCode };
  }
}
