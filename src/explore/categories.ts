/** A label and how often it occurs. */
export interface LabelCount {
  readonly label: string;
  readonly count: number;
}

/** A column of labels, texts or booleans in figures. */
export interface CategoryProfile {
  readonly kind: 'categorical' | 'text' | 'boolean';
  readonly distinct: number;
  /** The most frequent labels, at most 20, ties in label order. */
  readonly top: readonly LabelCount[];
  /** Labels that occur once. */
  readonly singletons: number;
  /** Of the labels' texts, in characters. */
  readonly length: { readonly minimum: number; readonly mean: number; readonly maximum: number };
}

const MOST_SHOWN = 20;

/** Counts of codes 0 … labels.length − 1; NaN is missing. */
export function countCodes(codes: Float64Array, labelCount: number): Float64Array {
  const counts = new Float64Array(labelCount);
  for (const code of codes) if (code >= 0 && code < labelCount) counts[code]!++;
  return counts;
}

/** Everything about a column of codes into `labels`. */
export function profileCategories(
  codes: Float64Array,
  labels: readonly string[],
  kind: CategoryProfile['kind'],
): CategoryProfile {
  const counts = countCodes(codes, labels.length);
  const present = labels.map((label, code) => ({ label, count: counts[code]! })).filter(({ count }) => count > 0);
  const rows = present.reduce((sum, { count }) => sum + count, 0);
  const lengths = present.map(({ label }) => [...label].length);
  const characters = present.reduce((sum, { count }, i) => sum + count * lengths[i]!, 0);
  return {
    kind,
    distinct: present.length,
    top: present.toSorted((a, b) => b.count - a.count).slice(0, MOST_SHOWN),
    singletons: present.filter(({ count }) => count === 1).length,
    length: {
      minimum: lengths.reduce((least, length) => Math.min(least, length), Infinity),
      mean: characters / rows,
      maximum: lengths.reduce((most, length) => Math.max(most, length), 0),
    },
  };
}
